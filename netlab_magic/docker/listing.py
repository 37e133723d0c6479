"""`docker ps`, `docker port` and `docker network ls`, as texts."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.docker.known import container_called
from netlab_magic.docker.state import Container, Daemon, Published, at_port, version_of
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.text import aligned

__all__ = ["containers_text", "networks_text", "ports_text"]


def containers_text(daemon: Daemon, statement: d.DockerList) -> str:
    """The containers that run, or all of them, with their networks, addresses and ports; their status, where one does not run."""
    shown = [held for held in daemon.containers if statement.all or held.is_running]
    if statement.quiet:
        return "\n".join(held.name for held in shown) or "(none)"
    rows = [("NAME", "STATUS", "NETWORK", "ADDRESS", "PORTS"), *(_container_row(daemon, held) for held in shown)]
    if all(held.status == "running" for held in shown):
        rows = [(row[0], *row[2:]) for row in rows]
    return "\n".join(aligned(rows, gap="   "))


def _container_row(daemon: Daemon, container: Container) -> tuple[str, ...]:
    attached = list(daemon.attached(container))
    networks = [held.network.name for held in attached] or [held.network for held in container.endpoints] or [container.mode]
    addresses = [address for held in attached for address in held.endpoint.addresses]
    return container.name, container.status, ",".join(networks), ",".join(addresses), ", ".join(_port_words(container))


def _port_words(container: Container) -> Iterator[str]:
    """Published ports as docker ps lists them: ports in a row as one range; then those that are only exposed."""
    shown = dict.fromkeys(port if port.is_bound else msgspec.structs.replace(port, host_address="", version=4) for port in container.ports)

    def place(port: Published) -> tuple[str, int, str, int, int]:
        return port.protocol, version_of(port.host_address), port.host_address, port.container_port, port.host_port

    ports = sorted(shown, key=place)
    run: list[Published] = []
    for port in ports:
        if run and not _follows(run[-1], port):
            yield _range(run)
            run = []
        run.append(port)
    if run:
        yield _range(run)
    named = {f"{port.container_port}/{port.protocol}" for port in container.ports}
    yield from (text for text in container.open_ports if container.is_running and text not in named)


def _follows(last: Published, port: Published) -> bool:
    same = (last.protocol, last.host_address, last.is_bound) == (port.protocol, port.host_address, port.is_bound)
    step = 1 if port.is_bound else 0
    return same and (port.container_port, port.host_port) == (last.container_port + 1, last.host_port + step)


def _range(run: Sequence[Published]) -> str:
    first, last = run[0], run[-1]

    def span(begin: int, end: int) -> str:
        return str(begin) if begin == end else f"{begin}-{end}"

    arrow = f"{at_port(first.host_address, span(first.host_port, last.host_port))}->" if first.is_bound else ""
    return f"{arrow}{span(first.container_port, last.container_port)}/{first.protocol}"


def ports_text(daemon: Daemon, statement: d.DockerPort) -> str:
    """`docker port NAME [PORT]`: where each port is published. Raises StatementError for a port that is not."""
    container = container_called(daemon, statement.name)
    bound = sorted(
        (port for port in container.ports if port.is_bound), key=lambda port: (port.container_port, port.protocol, port.host_port)
    )
    if not statement.port:
        lines = (f"{port.container_port}/{port.protocol} -> {at_port(port.host_address, port.host_port)}" for port in bound)
        return "\n".join(lines) or f"{container.name} publishes nothing"
    asked = (statement.port, statement.protocol)
    lines = (at_port(port.host_address, port.host_port) for port in bound if (port.container_port, port.protocol) == asked)
    return "\n".join(lines) or refuse(f"{container.name} does not publish {asked[0]}/{asked[1]}", "", statement.place)


def networks_text(daemon: Daemon, statement: d.DockerList) -> str:
    """The networks with their bridges and subnets, and what is special about them."""
    if statement.quiet:
        return "\n".join(network.name for network in daemon.networks)
    rows = []
    for network in daemon.networks:
        special = list(dict.fromkeys(subnet.mode for subnet in network.subnets if subnet.mode != "nat"))
        special += ["internal"] if network.internal else []
        special += [] if network.icc else ["icc=false"]
        rows.append((network.name, network.bridge, ",".join(subnet.cidr for subnet in network.subnets), " ".join(special)))
    return "\n".join(aligned([("NAME", "BRIDGE", "SUBNET", "OPTIONS"), *rows], gap="   "))
