"""`docker ps` and `docker network ls`, as texts."""

from collections.abc import Sequence

from netlab_magic.docker.state import Daemon

__all__ = ["containers_text", "networks_text"]


def containers_text(daemon: Daemon) -> str:
    """The containers with their addresses and ports."""
    rows = [(held.name, held.network, held.address, ", ".join(map(str, held.ports))) for held in daemon.containers]
    return _columns([("NAME", "NETWORK", "ADDRESS", "PORTS"), *rows])


def networks_text(daemon: Daemon) -> str:
    """The networks with their bridges and subnets, and what is special about them."""
    rows = []
    for network in daemon.networks:
        special = [network.mode] if network.mode != "nat" else []
        special += ["internal"] if network.internal else []
        special += [] if network.icc else ["icc=false"]
        rows.append((network.name, network.bridge, network.subnet, " ".join(special)))
    return _columns([("NAME", "BRIDGE", "SUBNET", "OPTIONS"), *rows])


def _columns(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
