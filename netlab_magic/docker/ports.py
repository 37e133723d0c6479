"""Published ports: in which order dockerd takes them, and which of the host's ports each one gets."""

from collections.abc import Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import chain, groupby

import msgspec

from netlab_magic.docker.state import ANY_ADDRESS, ANY_ADDRESSES, Container, Daemon, Network, Published, version_of
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import HOST, Topology

__all__ = ["asked_ports", "published", "same_ports"]

_EPHEMERAL = (32768, 60999)
"""Where Docker chooses host ports by itself: the kernel's default net.ipv4.ip_local_port_range."""

_PROTOCOLS = ("tcp", "udp", "sctp")


def asked_ports(container: Container) -> list[d.Publish]:
    """What a container publishes: what `-p` names, and with `-P` whatever else is exposed, at a port that Docker chooses."""
    named = {_key(one) for one in container.wanted}
    return [*container.wanted, *(_free_choice(text) for text in container.open_ports if container.publish_all and text not in named)]


def _key(one: d.Publish) -> str:
    """A port as docker's JSON names it, by which its maps are sorted."""
    return f"{one.container_port}/{one.protocol}"


def _free_choice(text: str) -> d.Publish:
    port, _, protocol = text.partition("/")
    return d.Publish(text, int(port), 0, protocol)


def published(topology: Topology, daemon: Daemon, container: Container) -> tuple[tuple[Published, ...], dict[str, int]]:
    """The ports of a running container, in dockerd's order, and the ports that were chosen last then.

    Raises StatementError for a host port that is taken. On routed and internal networks nothing is bound on the host.
    """
    networks = {version: daemon.network_of(at) for version in (4, 6) if (at := daemon.published_at(container, version)) is not None}
    chooser = _Chooser(topology, daemon, container.name)
    ordered = _downwards(container) if daemon.release.orders_ports_downwards else _upwards(asked_ports(container))
    ports: list[Published] = []
    shared = daemon.release.shares_ports_between_addresses
    for together in ([list(same) for _, same in groupby(ordered, _port)] if shared else [[one] for one in ordered]):
        bindings = [binding for one in together for binding in _bindings(daemon, networks, one)]
        binds = [binding for binding in bindings if binding.binds]
        chosen = iter(chooser.choose(binds, ports))
        for binding in bindings:
            port = next(chosen) if binding.binds else 0
            hidden = networks[binding.version].internal
            one = binding.asked
            ports.append(Published(one.container_port, 0 if hidden else port, one.protocol, binding.host_address, binding.version))
    return tuple(ports), chooser.last


class _Binding(msgspec.Struct, frozen=True):
    """A place on the host for a port: `version` is the IP version of the container's address, `binds` whether the host's port is taken."""

    asked: d.Publish
    host_address: str
    version: int
    binds: bool


def _port(one: d.Publish) -> tuple[object, ...]:
    """Ports that differ in the host's address only, and stand next to each other, get the same one of the host (needSamePort)."""
    return one.container_port, one.protocol, one.host_port, one.host_port_end


def _bindings(daemon: Daemon, networks: Mapping[int, Network], one: d.Publish) -> Iterator[_Binding]:
    """Where a port is published: at the address that is named, or on all of both IP versions.

    To a container that has no IPv6 address, the proxy leads from IPv6 too.
    """
    asked = str(one.host_address) if one.host_address else ""
    for version in (4, 6):
        network = networks.get(version) or (networks.get(4) if daemon.userland_proxy else None)
        if network is None or (asked and version_of(asked) != version):
            continue
        subnet = network.subnet(version) or network.ipv4
        assert subnet is not None
        routed = subnet.mode == "routed"
        address = asked or _default_address(network, version)
        if not address:
            continue
        if routed or network.internal:
            if subnet.version == version:
                yield _Binding(one, asked or ANY_ADDRESSES[version], version, not routed and daemon.release.chooses_ports_inside)
        else:
            yield _Binding(one, address, subnet.version, True)


def _default_address(network: Network, version: int) -> str:
    """The host's address for ports that name none, "" where they are not published for an IP version."""
    if network.binding == ANY_ADDRESS:
        return ANY_ADDRESSES[version]
    return network.binding if version_of(network.binding) == version else ""


def _upwards(asked: Sequence[d.Publish]) -> list[d.Publish]:
    """From 27.0 on (cmpPortBinding, moby#47871): exact host ports before ranges and free choices, then by container port and protocol."""

    def place(one: d.Publish) -> tuple[int, ...]:
        is_range = one.host_port == 0 or one.host_port_end > one.host_port
        address = (version_of(one.host_address), int(ip_address(str(one.host_address)))) if one.host_address else (0, 0)
        return is_range, one.container_port, _PROTOCOLS.index(one.protocol), one.host_port, one.host_port_end, *address

    return sorted(asked, key=place)


def _downwards(container: Container) -> list[d.Publish]:
    """Up to 26: larger ports first (nat.SortPortMap of docker/go-connections).

    That comparison holds both ways for some pairs, so what comes of it depends on where each port was before: an insertion sort puts
    the later one first. Before it, ports come from a Go map, whose order is chance; the likeliest one is taken: as written into JSON,
    the image's last.
    """

    def goes_before(one: d.Publish, other: d.Publish) -> bool:
        if one.host_port > other.host_port or one.container_port > other.container_port:
            return True
        return one.container_port == other.container_port and one.protocol == "tcp"

    asked = asked_ports(container)
    named = {_key(one) for one in asked}
    unpublished = [_free_choice(text) for text in container.open_ports if text not in named]
    of_image = set(container.open_ports) - set(container.exposed) - {_key(one) for one in container.wanted}
    ordered: list[d.Publish] = []
    for one in sorted([*asked, *unpublished], key=lambda one: (_key(one) in of_image, _key(one))):
        at = len(ordered)
        while at and goes_before(one, ordered[at - 1]):
            at -= 1
        ordered.insert(at, one)
    ports = dict.fromkeys(_key(one) for one in ordered if one not in unpublished)
    return [one for port in ports for one in ordered if _key(one) == port]


class _Chooser:
    """Chooses host ports; `last` is what was chosen last in each range, behind which the next search begins (portallocator.go)."""

    def __init__(self, topology: Topology, daemon: Daemon, name: str) -> None:
        self.last = dict(daemon.last_ports)
        self._topology = topology
        self._daemon = daemon
        self._name = name

    def choose(self, bindings: Sequence[_Binding], before: Sequence[Published]) -> Iterator[int]:
        """The host's ports for bindings of the same container's port. Raises StatementError when they are taken, or a whole range is."""
        if self._daemon.release.shares_ports_between_addresses:
            yield from [self._chosen(bindings, before)] * len(bindings) if bindings else ()
        else:
            yield from (self._chosen([binding], before) for binding in bindings)

    def _chosen(self, bindings: Sequence[_Binding], before: Sequence[Published]) -> int:
        """One port that is free at all addresses of the bindings."""
        one = bindings[0].asked
        taken: dict[int, str] = {}
        for binding in bindings:
            self._check_address(binding.host_address, binding.asked)
            taken = {**dict(self._taken(before, one.protocol, binding.host_address)), **taken}
        if one.host_port and one.host_port_end <= one.host_port:
            if one.host_port in taken:
                refuse(f"port {one.host_port}/{one.protocol} of the host is already taken by {taken[one.host_port]}", one.word)
            return one.host_port
        begin, end = (one.host_port, one.host_port_end) if one.host_port else _EPHEMERAL
        key = f"{bindings[0].host_address}/{one.protocol}/{begin}-{end}"
        last: int = self.last.get(key, end)
        chosen = next((port for port in chain(range(last + 1, end + 1), range(begin, last + 1)) if port not in taken), None)
        if chosen is None:
            refuse(f"all ports from {begin} to {end} of the host are taken", one.word)
        self.last[key] = chosen
        return chosen

    def _check_address(self, address: str, one: d.Publish) -> None:
        own = {str(parsed.ip) for interface in self._topology.host.interfaces for parsed in interface.parsed()}
        if address not in (*own, *ANY_ADDRESSES.values(), "::1") and not address.startswith("127."):
            refuse(f"{address} is not an address of the host, so nothing can be published on it", one.word)

    def _taken(self, before: Sequence[Published], protocol: str, address: str) -> Iterator[tuple[int, str]]:
        """The host ports that are in use at an address, and by whom."""
        version = version_of(address)
        everywhere = ANY_ADDRESSES[version]

        def meets(other: str) -> bool:
            return version_of(other) == version and (everywhere in (address, other) or address == other)

        others = [held for held in self._daemon.containers if held.name != self._name]
        docker: list[tuple[str, Published]] = [(held.name, port) for held in others for port in held.ports]
        docker += [("the same container", port) for port in before]
        for owner, port in docker:
            if port.is_bound and port.protocol == protocol and meets(port.host_address):
                yield port.host_port, f"{owner} ({port})"
        for server in self._topology.servers:
            if server.namespace == HOST and server.kind != "proxy" and server.protocol == protocol and meets(server.address or everywhere):
                yield server.port, f"the server on {server}"


def same_ports(container: Container, wanted: Sequence[d.Publish]) -> bool:
    """Whether a container was made to publish what is wanted."""

    def plain(ports: Sequence[d.Publish]) -> list[tuple[object, ...]]:
        return sorted(msgspec.structs.astuple(msgspec.structs.replace(one, word="", host_address=one.host_address or "")) for one in ports)

    return plain(container.wanted) == plain(wanted)
