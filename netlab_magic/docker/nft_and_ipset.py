"""What of dockerd's firewall is not in iptables: the nftables backend's table, and the ipset of 28.0.0; as shell commands."""

from collections.abc import Iterator

from netlab_magic.docker.iptables_rules import IPSET
from netlab_magic.docker.nft_writer import nft_script
from netlab_magic.docker.state import Daemon

__all__ = ["after_rules", "before_rules"]


def before_rules(before: Daemon | None, after: Daemon | None) -> tuple[str, ...]:
    """Commands to run before the rules of `after` are put in place."""
    return tuple(_before(before, after))


def _before(before: Daemon | None, after: Daemon | None) -> Iterator[str]:
    if _sets(after) and _sets(before) != _sets(after):
        yield f"ipset -exist restore <<'END'\n{_sets(after)}END"
    if _table(before) != _table(after):
        yield f"nft -f - <<'END'\n{nft_script(after)}END"


def after_rules(before: Daemon | None, after: Daemon | None) -> tuple[str, ...]:
    """Commands to run once no rule of `before` is left that `after` does not have."""
    return (f"ipset destroy {IPSET}",) if _sets(before) and not _sets(after) else ()


def _sets(daemon: Daemon | None) -> str:
    """The ipset with the subnets of all networks that are not internal, as `ipset restore` takes it; "" where there is none."""
    if daemon is None or not daemon.release.uses_ipset:
        return ""
    subnets = (network.subnet for network in daemon.networks if not network.internal)
    return "".join([f"create {IPSET} hash:net\nflush {IPSET}\n", *(f"add {IPSET} {subnet}\n" for subnet in subnets)])


def _table(daemon: Daemon | None) -> str:
    return nft_script(daemon) if daemon is not None and daemon.backend == "nftables" else ""
