"""Published ports: in which order dockerd takes them, and which of the host's ports each one gets."""

from collections.abc import Iterator, Sequence
from itertools import chain

import msgspec

from netlab_magic.docker.state import ANY_ADDRESS, Container, Daemon, Network, Published
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


def published(topology: Topology, daemon: Daemon, network: Network, container: Container) -> tuple[tuple[Published, ...], dict[str, int]]:
    """The ports of a container at a network, in dockerd's order, and the ports that were chosen last then.

    Raises StatementError for a host port that is taken. On routed and internal networks nothing is bound on the host.
    """
    chooser = _Chooser(topology, daemon, container.name)
    ordered = _downwards(container) if daemon.release.orders_ports_downwards else _upwards(asked_ports(container))
    ports: list[Published] = []
    for one in ordered:
        address = str(one.host_address or (ANY_ADDRESS if network.mode == "routed" or network.internal else network.binding))
        binds = network.mode != "routed" and (not network.internal or daemon.release.chooses_ports_inside)
        chosen = chooser.choose(one, address, ports) if binds else 0
        ports.append(Published(one.container_port, 0 if network.internal else chosen, one.protocol, address))
    return tuple(ports), chooser.last


def _upwards(asked: Sequence[d.Publish]) -> list[d.Publish]:
    """From 27.0 on (cmpPortBinding, moby#47871): exact host ports before ranges and free choices, then by container port and protocol."""

    def place(one: d.Publish) -> tuple[bool, int, int, int, int]:
        is_range = one.host_port == 0 or one.host_port_end > one.host_port
        return is_range, one.container_port, _PROTOCOLS.index(one.protocol), one.host_port, one.host_port_end

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

    def choose(self, one: d.Publish, address: str, before: Sequence[Published]) -> int:
        """The host's port for what is asked. Raises StatementError when it is taken, or when the whole range is."""
        self._check_address(address, one)
        taken = dict(self._taken(before, one.protocol, address))
        if one.host_port and one.host_port_end <= one.host_port:
            if one.host_port in taken:
                refuse(f"port {one.host_port}/{one.protocol} of the host is already taken by {taken[one.host_port]}", one.word)
            return one.host_port
        begin, end = (one.host_port, one.host_port_end) if one.host_port else _EPHEMERAL
        key = f"{address}/{one.protocol}/{begin}-{end}"
        last: int = self.last.get(key, end)
        chosen = next((port for port in chain(range(last + 1, end + 1), range(begin, last + 1)) if port not in taken), None)
        if chosen is None:
            refuse(f"all ports from {begin} to {end} of the host are taken", one.word)
        self.last[key] = chosen
        return chosen

    def _check_address(self, address: str, one: d.Publish) -> None:
        own = {str(parsed.ip) for interface in self._topology.host.interfaces for parsed in interface.parsed()}
        if address not in own and address != ANY_ADDRESS and not address.startswith("127."):
            refuse(f"{address} is not an address of the host, so nothing can be published on it", one.word)

    def _taken(self, before: Sequence[Published], protocol: str, address: str) -> Iterator[tuple[int, str]]:
        """The host ports that are in use at an address, and by whom."""

        def meets(other: str) -> bool:
            return ANY_ADDRESS in (address, other) or address == other

        others = [held for held in self._daemon.containers if held.name != self._name]
        docker: list[tuple[str, Published]] = [(held.name, port) for held in others for port in held.ports]
        docker += [("the same container", port) for port in before]
        for owner, port in docker:
            if port.is_bound and port.protocol == protocol and meets(port.host_address):
                yield port.host_port, f"{owner} ({port})"
        for server in self._topology.servers:
            if server.namespace == HOST and server.kind != "proxy" and server.protocol == protocol and meets(server.address or ANY_ADDRESS):
                yield server.port, f"the server on {server}"


def same_ports(container: Container, wanted: Sequence[d.Publish]) -> bool:
    """Whether a container was made to publish what is wanted."""

    def plain(ports: Sequence[d.Publish]) -> list[tuple[object, ...]]:
        return sorted(msgspec.structs.astuple(msgspec.structs.replace(one, word="", host_address=one.host_address or "")) for one in ports)

    return plain(container.wanted) == plain(wanted)
