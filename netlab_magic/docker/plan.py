"""What each `docker …` statement comes to: dockerd's state afterwards, the topology, and the changes to the rules."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from netlab_magic.docker import iptables_rules
from netlab_magic.docker import topology as docker_topology
from netlab_magic.docker.ipam import address_for, gateway_for, published, same_ports, subnet_for
from netlab_magic.docker.releases import release
from netlab_magic.docker.ruleset_edits import Edit, Firewall
from netlab_magic.docker.state import DEFAULT_NETWORK, Container, Daemon, Network
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired, refuse
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.text import suggest

__all__ = ["Planned", "containers_text", "networks_text", "plan"]

DOCKER0 = Network(DEFAULT_NETWORK, "docker0", "172.17.0.0/16", "172.17.0.1")
"""The default bridge network, as it is when no other network has its subnet."""

_PREDEFINED = (DEFAULT_NETWORK, "host", "none")


class Planned(msgspec.Struct, frozen=True):
    """A planned statement: dockerd and the topology after it, the ruleset after it with the edits that lead there, and what to say.

    `listing` is a text to show, of statements that change nothing.
    """

    daemon: Daemon | None
    topology: Topology
    ruleset: Ruleset
    edits: tuple[Edit, ...] = ()
    sentence: str = "already so"
    listing: str = ""


class _Host:
    """dockerd at work on a host: every event changes its state, the topology and the firewall together."""

    def __init__(self, daemon: Daemon, topology: Topology, ruleset: Ruleset) -> None:
        self.daemon = daemon
        self.topology = topology
        self.firewall = Firewall(ruleset)
        self._before = topology, ruleset, str(self.firewall)

    def _program(self, event: Callable[..., None], *what: Network | Container) -> None:
        if self.daemon.backend == "iptables":
            event(self.firewall, self.daemon, *what)

    def start(self, network: Network) -> None:
        """The first start, with the network of docker0."""
        self._program(iptables_rules.start)
        self._program(iptables_rules.drop_forward)
        self.add_network(network)

    def stop(self) -> None:
        for container in self.daemon.containers:
            self.remove_container(container)
        for network in self.daemon.networks:
            self.remove_network(network)
        self._program(iptables_rules.stop)

    def restart(self) -> None:
        """All over again; what is there stays, so that only what someone has taken away comes back."""
        self._program(iptables_rules.start)
        for network in self.daemon.networks:
            self.add_network(network)
        for container in self.daemon.containers:
            self.add_container(container)

    def add_network(self, network: Network) -> None:
        self.topology = docker_topology.with_network(self.topology, self.daemon, network)
        if network not in self.daemon.networks:
            self.daemon = msgspec.structs.replace(self.daemon, networks=(*self.daemon.networks, network))
        self._program(iptables_rules.add_network, network)

    def remove_network(self, network: Network) -> None:
        self._program(iptables_rules.remove_network, network)
        self.topology = docker_topology.without_network(self.topology, network)
        kept = tuple(held for held in self.daemon.networks if held != network)
        self.daemon = msgspec.structs.replace(self.daemon, networks=kept)

    def add_container(self, container: Container) -> None:
        if container not in self.daemon.containers:
            self.daemon = msgspec.structs.replace(self.daemon, containers=(*self.daemon.containers, container))
        self.topology = docker_topology.with_container(self.topology, self.daemon, container)
        self._program(iptables_rules.add_container, container)

    def remove_container(self, container: Container) -> None:
        self._program(iptables_rules.remove_container, container)
        self.topology = docker_topology.without_container(self.topology, self.daemon, container)
        kept = tuple(held for held in self.daemon.containers if held != container)
        self.daemon = msgspec.structs.replace(self.daemon, containers=kept)

    def planned(self, sentence: str, daemon: Daemon | None) -> Planned:
        """What has become of it all; nothing to do when that is what there was, although rules may have been taken out and put back."""
        topology, ruleset, before = self._before
        after = str(self.firewall)
        if (self.topology, after) == (topology, before):
            return Planned(daemon, topology, ruleset)
        return Planned(daemon, self.topology, save_format.parse(after, strict=False), tuple(self.firewall.edits), sentence)


def plan(daemon: Daemon | None, statement: s.Docker, topology: Topology, ruleset: Ruleset) -> Planned:
    """What a statement comes to in a lab as it is. Raises StatementError, at the word that is wrong, when it cannot be."""
    if isinstance(statement, s.DockerInstall):
        return _install(daemon, statement, topology, ruleset)
    if daemon is None:
        refuse("Docker is not installed in this lab; begin with: docker install", "", statement.place)
    host = _Host(daemon, topology, ruleset)
    match statement:
        case s.DockerUninstall():
            host.stop()
            return host.planned(f"Docker Engine {daemon.release} is gone, with its networks, containers and rules", None)
        case s.DockerNetwork():
            return _create(host, statement)
        case s.DockerRemoveNetwork():
            return _remove_networks(host, statement)
        case s.DockerRun():
            return _run(host, statement)
        case s.DockerRemove():
            return _remove_containers(host, statement)
        case s.DockerList():
            listing = containers_text(daemon) if statement.what == "containers" else networks_text(daemon)
            return Planned(daemon, topology, ruleset, listing=listing)
    raise TypeError(f"not a docker statement: {statement!r}")


def _install(daemon: Daemon | None, statement: s.DockerInstall, topology: Topology, ruleset: Ruleset) -> Planned:
    wanted = release(statement.version)
    if statement.backend not in wanted.backends:
        refuse(f"Docker Engine {wanted} has no nftables backend; 29.0.0 brought it", statement.backend, statement.place)
    if daemon is not None:
        if (wanted, statement.userland_proxy, statement.backend) != (daemon.release, daemon.userland_proxy, daemon.backend):
            refuse(f"Docker Engine {daemon.release} is installed; take it away first: docker uninstall", "", statement.place)
        host = _Host(daemon, topology, ruleset)
        host.restart()
        return host.planned(_installed(daemon), daemon)
    drops = statement.drop_forward and statement.backend == "iptables"
    asked = Daemon(wanted, statement.userland_proxy, str(statement.backend), drops, ruleset.forward_policy)
    host = _Host(asked, _forwarding(topology, statement), ruleset)
    host.start(_default_network(topology))
    return host.planned(_installed(host.daemon), host.daemon)


def _forwarding(topology: Topology, statement: s.DockerInstall) -> Topology:
    """IP forwarding on; with the nftables backend dockerd does not do that itself, and does not start without it."""
    if statement.backend == "nftables" and topology.host.sysctls.get("net.ipv4.ip_forward") == "0":
        refuse("with nftables dockerd does not switch IP forwarding on; do it first: sysctl net.ipv4.ip_forward=1", "", statement.place)
    return desired(topology, s.Sysctl("net.ipv4.ip_forward", "1", HOST))


def _default_network(topology: Topology) -> Network:
    """The network of docker0: on the first default pool that is free, unless there is a docker0 with an address already."""
    found = topology.host.interface("docker0")
    for parsed in found.parsed() if found and found.kind == "bridge" else ():
        if parsed.version == 4:
            return msgspec.structs.replace(DOCKER0, subnet=str(parsed.network), gateway=str(parsed.ip))
    subnet = subnet_for(topology, (), s.DockerNetwork(DEFAULT_NETWORK))
    return msgspec.structs.replace(DOCKER0, subnet=str(subnet), gateway=str(subnet[1]))


def _installed(daemon: Daemon) -> str:
    docker0 = daemon.networks[0]
    what = f"Docker Engine {daemon.release} with docker0 {docker0.gateway_cidr}"
    if daemon.backend == "nftables":
        return f"{what}; its rules are the nftables table ip docker-bridges ($ nft list ruleset)"
    if not daemon.drops_forward:
        return what
    return f"{what}; the policy of FORWARD is DROP, as where dockerd itself has switched IP forwarding on"


def _create(host: _Host, statement: s.DockerNetwork) -> Planned:
    daemon, name = host.daemon, str(statement.name)
    if name in _PREDEFINED:
        refuse(f"{name} is a network that Docker itself has; give another name", statement.name, statement.place)
    mode = _gateway_mode(daemon, statement)
    held = daemon.network(name)
    if held is not None:
        if held != _as_asked(held, statement, mode):
            other = f"there is a network {name} already, with other settings; take it away first: docker network rm {name}"
            refuse(other, statement.name, statement.place)
        host.add_network(held)
        return host.planned(_created(held), daemon)
    subnet = subnet_for(host.topology, daemon.networks, statement)
    blank = Network(name, str(statement.bridge or name), str(subnet), gateway_for(subnet, statement.gateway))
    network = _as_asked(blank, statement, mode)
    if host.topology.host.interface(network.bridge):
        refuse(f"the host already has a device {network.bridge}", statement.bridge or statement.name, statement.place)
    host.add_network(network)
    return host.planned(_created(network), host.daemon)


def _created(network: Network) -> str:
    kind = "internal network" if network.internal else "network"
    return f"{kind} {network.name}: the bridge {network.bridge} with {network.gateway_cidr}"


def _as_asked(network: Network, statement: s.DockerNetwork, mode: str) -> Network:
    """A network with the settings of a statement; what the statement leaves open stays as it is."""
    return Network(
        network.name,
        str(statement.bridge or network.bridge),
        str(statement.cidr or network.subnet),
        str(statement.gateway or network.gateway),
        statement.internal,
        statement.icc,
        mode,
        statement.masquerade,
        str(statement.source) if statement.source else None,
    )


def _gateway_mode(daemon: Daemon, statement: s.DockerNetwork) -> str:
    mode, known = statement.mode, daemon.release.gateway_modes
    if mode is None:
        return "nat"
    if not known:
        refuse(f"Docker Engine {daemon.release} has no gateway modes; 27.0 brought them", mode, statement.place)
    if mode not in known:
        refuse(f"Docker Engine {daemon.release} has no gateway mode {mode}{suggest(mode, known)}", mode, statement.place)
    return str(mode)


def _remove_networks(host: _Host, statement: s.DockerRemoveNetwork) -> Planned:
    for name in statement.names:
        network = _known_network(host.daemon, name)
        if network.name == DEFAULT_NETWORK:
            refuse("the network bridge is Docker's own and stays until: docker uninstall", name, statement.place)
        members = host.daemon.members(network.name)
        if members:
            used = ", ".join(held.name for held in members)
            refuse(f"the network {name} is in use by {used}; take {'it' if len(members) == 1 else 'them'} away first", name)
        host.remove_network(network)
    return host.planned(_gone("network", statement.names), host.daemon)


def _known_network(daemon: Daemon, name: str) -> Network:
    network = daemon.network(str(name))
    if network is None:
        names = [held.name for held in daemon.networks]
        return refuse(f"there is no Docker network {name}{suggest(name, names)}", name)
    return network


def _run(host: _Host, statement: s.DockerRun) -> Planned:
    daemon, name = host.daemon, str(statement.name)
    network = _known_network(daemon, statement.network or DEFAULT_NETWORK)
    held = daemon.container(name)
    if held is not None:
        same_place = held.network == network.name and statement.address in (None, held.address)
        if not (same_place and same_ports(held, statement.publish)):
            other = f"there is a container {name} already, with other settings; take it away first: docker rm {name}"
            refuse(other, statement.name, statement.place)
        host.add_container(held)
        return host.planned(_running(network, held), daemon)
    if name in host.topology.namespaces:
        refuse(f"there is already a namespace {name}", statement.name, statement.place)
    address = address_for(daemon, network, statement.address)
    container = Container(name, network.name, address, published(host.topology, daemon, network, statement.publish))
    host.add_container(container)
    return host.planned(_running(network, container), host.daemon)


def _running(network: Network, container: Container) -> str:
    said = [f"{container.name} has {container.address} on {network.bridge}"]
    if container.ports:
        said.append(", ".join(map(str, container.ports)))
        inside = dict.fromkeys("http" if port.protocol == "tcp" else "echo" for port in container.ports)
        said.append(f"small servers answer in it ({' and '.join(inside)})")
    if container.ports and network.internal:
        said.append("an internal network publishes nothing on the host")
    elif container.ports and network.mode == "routed":
        said.append("a routed network opens the port but binds nothing on the host")
    return "; ".join(said)


def _remove_containers(host: _Host, statement: s.DockerRemove) -> Planned:
    for name in statement.names:
        container = host.daemon.container(str(name))
        if container is None:
            names = [held.name for held in host.daemon.containers]
            refuse(f"there is no container {name}{suggest(name, names)}", name, statement.place)
        host.remove_container(container)
    return host.planned(_gone("container", statement.names), host.daemon)


def _gone(kind: str, names: Iterable[str]) -> str:
    listed = list(names)
    return f"{kind}{'s' if len(listed) > 1 else ''} {', '.join(listed)} {'are' if len(listed) > 1 else 'is'} gone"


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
