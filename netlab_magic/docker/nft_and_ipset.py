"""What of dockerd's firewall is not in iptables: the nftables backend's table, and the ipset of 28.0.0; as shell commands."""

from collections.abc import Iterator

from netlab_magic.docker.iptables_rules import FAMILIES
from netlab_magic.docker.nft_writer import nft_script
from netlab_magic.docker.state import Daemon

__all__ = ["after_rules", "before_rules", "ipsets"]


def before_rules(before: Daemon | None, after: Daemon | None) -> tuple[str, ...]:
    """Commands to run before the rules of `after` are put in place."""
    return tuple(_before(before, after))


def _before(before: Daemon | None, after: Daemon | None) -> Iterator[str]:
    if _sets(before) != _sets(after):
        yield from ipsets(after)
    if _tables(before) != _tables(after):
        yield f"nft -f - <<'END'\n{nft_script(after, _versions(before))}END"


def ipsets(daemon: Daemon | None) -> tuple[str, ...]:
    """Commands that make the ipsets which rules of this dockerd need."""
    return (f"ipset -exist restore <<'END'\n{_sets(daemon)}END",) if _sets(daemon) else ()


def after_rules(before: Daemon | None, after: Daemon | None) -> tuple[str, ...]:
    """Commands to run once no rule of `before` is left that `after` does not have."""
    if not _sets(before) or _sets(after):
        return ()
    return tuple(f"ipset destroy {FAMILIES[version].ipset}" for version in _versions(before))


def _versions(daemon: Daemon | None) -> tuple[int, ...]:
    return daemon.versions if daemon is not None else ()


def _sets(daemon: Daemon | None) -> str:
    """The ipsets with the subnets of all networks that are not internal, as `ipset restore` takes them; "" where there is none."""
    if daemon is None or not daemon.release.uses_ipset:
        return ""
    return "".join(line for version in daemon.versions for line in _set(daemon, version))


def _set(daemon: Daemon, version: int) -> Iterator[str]:
    name = FAMILIES[version].ipset
    yield f"create {name} hash:net{' family inet6' if version == 6 else ''}\nflush {name}\n"
    subnets = (network.subnet(version) for network in daemon.networks if not network.internal)
    yield from (f"add {name} {subnet.cidr}\n" for subnet in subnets if subnet is not None)


def _tables(daemon: Daemon | None) -> str:
    return nft_script(daemon) if daemon is not None and daemon.backend == "nftables" else ""
