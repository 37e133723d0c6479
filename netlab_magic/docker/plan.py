"""What each `docker …` statement comes to: dockerd's state afterwards, the topology, and the changes to the rules."""

from collections.abc import Callable

import msgspec

from netlab_magic.docker.events import DockerHost, Planned
from netlab_magic.docker.inspect import inspected
from netlab_magic.docker.ipam import chosen_pool, chosen_pool6, subnet_of, wanted_subnet
from netlab_magic.docker.listing import containers_text, networks_text, ports_text
from netlab_magic.docker.plan_containers import life_changed, note, pruned_containers, ran, removed, renamed
from netlab_magic.docker.plan_networks import connected, created, disconnected, networks_removed, pruned_networks
from netlab_magic.docker.releases import Release, release
from netlab_magic.docker.state import DEFAULT_NETWORK, Daemon, Network, Subnet
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import docker_statements as d
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired, refuse
from netlab_magic.model.topology import HOST, Topology

__all__ = ["plan"]

BRIDGE0 = "docker0"
"""The bridge of the default network."""


def plan(daemon: Daemon | None, statement: d.Docker, topology: Topology, ruleset: Ruleset, ruleset6: Ruleset) -> Planned:
    """What a statement comes to in a lab as it is, whose rules are those of iptables and ip6tables.

    Raises StatementError, at the word that is wrong, when it cannot be.
    """
    if isinstance(statement, d.DockerInstall):
        return _install(daemon, statement, topology, ruleset, ruleset6)
    if daemon is None:
        refuse("Docker is not installed in this lab; begin with: docker install", "", statement.place)
    listing = _listing(daemon, statement, topology)
    if listing is not None:
        return Planned(daemon, topology, ruleset, ruleset6, listing=listing)
    host = DockerHost(daemon, topology, ruleset, ruleset6)
    match statement:
        case d.DockerUninstall():
            host.stop()
            return host.planned(f"Docker Engine {daemon.release} is gone, with its networks, containers and rules", gone=True)
        case d.DockerPrune():
            said = [pruned_containers(host)] if "containers" in statement.what else []
            said += [pruned_networks(host)] if "networks" in statement.what else []
            return host.planned("; ".join(said))
    return host.planned(_CHANGES[type(statement)](host, statement))


_CHANGES: dict[type[d.Docker], Callable[..., str]] = {
    d.DockerNetwork: created,
    d.DockerRemoveNetwork: networks_removed,
    d.DockerConnect: connected,
    d.DockerDisconnect: disconnected,
    d.DockerRun: ran,
    d.DockerLifecycle: life_changed,
    d.DockerRemove: removed,
    d.DockerRename: renamed,
}
"""What each statement does to a host, and what is said of it then."""


def _listing(daemon: Daemon, statement: d.Docker, topology: Topology) -> str | None:
    """The text of a statement that only looks, None for one that changes something."""
    match statement:
        case d.DockerList(what="containers"):
            return containers_text(daemon, statement)
        case d.DockerList():
            return networks_text(daemon, statement)
        case d.DockerInspect():
            return inspected(daemon, statement, topology)
        case d.DockerPort():
            return ports_text(daemon, statement)
        case d.DockerNote():
            return note(daemon, statement)
    return None


def _install(daemon: Daemon | None, statement: d.DockerInstall, topology: Topology, ruleset: Ruleset, ruleset6: Ruleset) -> Planned:
    wanted = release(statement.version)
    if statement.backend not in wanted.backends:
        refuse(f"Docker Engine {wanted} has no nftables backend; 29.0.0 brought it", statement.backend, statement.place)
    asked = Daemon(
        wanted,
        statement.userland_proxy,
        str(statement.backend),
        statement.drop_forward and statement.backend == "iptables",
        ruleset.forward_policy,
        ip6tables=_writes_ip6tables(wanted, statement),
        policy6_before=ruleset6.forward_policy,
    )
    if daemon is not None:
        same = all(getattr(asked, key) == getattr(daemon, key) for key in ("release", "userland_proxy", "backend", "ip6tables"))
        if not same or statement.ipv6 != (daemon.networks[0].ipv6 is not None):
            refuse(f"Docker Engine {daemon.release} is installed; take it away first: docker uninstall", "", statement.place)
        host = DockerHost(daemon, topology, ruleset, ruleset6)
        host.restart()
        return host.planned(_installed(daemon))
    docker0, next_pool = _default_network(topology, asked, statement)
    asked = msgspec.structs.replace(asked, next_pool=next_pool)
    host = DockerHost(asked, _forwarding(topology, statement), ruleset, ruleset6)
    host.start(docker0)
    return host.planned(_installed(host.daemon))


def _writes_ip6tables(wanted: Release, statement: d.DockerInstall) -> bool:
    """Whether dockerd writes rules for IPv6: by itself from 27.0 on, before that as an experiment."""
    if statement.ip6tables is None:
        return wanted.writes_ip6tables
    if statement.ip6tables and not wanted.writes_ip6tables and not statement.experimental:
        refuse(f"in Docker Engine {wanted} ip6tables is an experiment; add --experimental true", "", statement.place)
    return statement.ip6tables


def _forwarding(topology: Topology, statement: d.DockerInstall) -> Topology:
    """IP forwarding on; with the nftables backend dockerd does not do that itself, and does not start without it."""
    if statement.backend == "nftables" and topology.host.sysctls.get("net.ipv4.ip_forward") == "0":
        refuse("with nftables dockerd does not switch IP forwarding on; do it first: sysctl net.ipv4.ip_forward=1", "", statement.place)
    return desired(topology, s.Sysctl("net.ipv4.ip_forward", "1", HOST))


def _default_network(topology: Topology, daemon: Daemon, statement: d.DockerInstall) -> tuple[Network, int]:
    """The network of docker0: on the first default pool that is free, unless there is a docker0 with an address already."""
    ipv6 = _default_subnet6(topology, daemon, statement)
    found = topology.host.interface(BRIDGE0)
    for parsed in found.parsed() if found and found.kind == "bridge" else ():
        if parsed.version == 4:
            return Network(DEFAULT_NETWORK, BRIDGE0, Subnet(str(parsed.network), str(parsed.ip)), ipv6), 0
    pool, next_pool = chosen_pool(topology, daemon, "")
    return Network(DEFAULT_NETWORK, BRIDGE0, subnet_of(pool, None, None), ipv6), next_pool


def _default_subnet6(topology: Topology, daemon: Daemon, statement: d.DockerInstall) -> Subnet | None:
    if not statement.ipv6:
        return None
    if statement.fixed_cidr_v6 is not None:
        return subnet_of(wanted_subnet(topology, daemon, statement.fixed_cidr_v6), None, None)
    if daemon.release.wants_fixed_cidr_v6:
        refuse(f"Docker Engine {daemon.release} wants a subnet for docker0: --fixed-cidr-v6 CIDR", "", statement.place)
    return subnet_of(chosen_pool6(topology, daemon, ""), None, None)


def _installed(daemon: Daemon) -> str:
    docker0 = daemon.networks[0]
    what = f"Docker Engine {daemon.release} with docker0 {' and '.join(docker0.gateway_cidrs)}"
    if daemon.backend == "nftables":
        tables = "table ip docker-bridges" if not daemon.ip6tables else "tables ip docker-bridges and ip6 docker-bridges"
        return f"{what}; its rules are the nftables {tables} ($ nft list ruleset)"
    if not daemon.drops_forward:
        return what
    return f"{what}; the policy of FORWARD is DROP, as where dockerd itself has switched IP forwarding on"
