"""Changes to a lab as data: what leads from one topology to another, and the commands each change stands for.

`between(before, after)` is the one place that decides what has to be done; building, restoring a snapshot, undoing and
writing the lab as a script are all uses of it.
"""

from collections.abc import Iterator
from ipaddress import ip_interface

import msgspec

from netlab_magic.topology import HOST, End, Interface, Namespace, Route, Server, Topology

__all__ = [
    "AddAddress",
    "AddLink",
    "AddNamespace",
    "AddRoute",
    "AddVeth",
    "Change",
    "DeleteAddress",
    "DeleteLink",
    "DeleteNamespace",
    "DeleteRoute",
    "SetLink",
    "SetSysctl",
    "StartServer",
    "StopServer",
    "between",
]


def _ip(namespace: str, words: str) -> str:
    return f"ip {words}" if namespace == HOST else f"ip -n {namespace} {words}"


class _Change(msgspec.Struct, frozen=True, tag=True):
    """Base of all changes."""

    def commands(self) -> tuple[str, ...]:
        """The commands of iproute2 and friends that do the same."""
        raise NotImplementedError


class AddNamespace(_Change, frozen=True):
    """A new network namespace with loopback up."""

    namespace: str

    def commands(self) -> tuple[str, ...]:
        return (f"ip netns add {self.namespace}", _ip(self.namespace, "link set lo up"))


class DeleteNamespace(_Change, frozen=True):
    """A namespace goes, with the processes in it."""

    namespace: str

    def commands(self) -> tuple[str, ...]:
        return (f"ip netns delete {self.namespace}",)


class AddLink(_Change, frozen=True):
    """A new device without a peer (a bridge or a dummy), up."""

    namespace: str
    name: str
    kind: str

    def commands(self) -> tuple[str, ...]:
        return (_ip(self.namespace, f"link add {self.name} type {self.kind}"), _ip(self.namespace, f"link set {self.name} up"))


class AddVeth(_Change, frozen=True):
    """A veth pair, both ends up."""

    left: End
    right: End

    def commands(self) -> tuple[str, ...]:
        left, right = self.left, self.right
        where = "" if left.namespace == right.namespace else f" netns {right.namespace}"
        if right.namespace == HOST != left.namespace:
            left, right, where = right, left, f" netns {left.namespace}"
        return (
            _ip(left.namespace, f"link add {left.interface} type veth peer name {right.interface}{where}"),
            _ip(left.namespace, f"link set {left.interface} up"),
            _ip(right.namespace, f"link set {right.interface} up"),
        )


class DeleteLink(_Change, frozen=True):
    """A device goes; of a veth pair, both ends."""

    namespace: str
    name: str

    def commands(self) -> tuple[str, ...]:
        return (_ip(self.namespace, f"link delete {self.name}"),)


class SetLink(_Change, frozen=True):
    """A device becomes a port of `master` (or of none) and is set up or down."""

    namespace: str
    name: str
    master: str | None
    up: bool = True

    def commands(self) -> tuple[str, ...]:
        master = f" master {self.master}" if self.master else " nomaster" if self.name != "lo" else ""
        return (_ip(self.namespace, f"link set {self.name}{master} {'up' if self.up else 'down'}"),)


class AddAddress(_Change, frozen=True):
    """An address for a device."""

    namespace: str
    name: str
    cidr: str

    def commands(self) -> tuple[str, ...]:
        nodad = " nodad" if ip_interface(self.cidr).version == 6 else ""
        return (_ip(self.namespace, f"addr add {self.cidr} dev {self.name}{nodad}"),)


class DeleteAddress(_Change, frozen=True):
    """An address goes."""

    namespace: str
    name: str
    cidr: str

    def commands(self) -> tuple[str, ...]:
        return (_ip(self.namespace, f"addr delete {self.cidr} dev {self.name}"),)


class AddRoute(_Change, frozen=True):
    """A route in the main table."""

    namespace: str
    route: Route

    def commands(self) -> tuple[str, ...]:
        return (_route(self.namespace, "add", self.route),)


class DeleteRoute(_Change, frozen=True):
    """A route goes."""

    namespace: str
    route: Route

    def commands(self) -> tuple[str, ...]:
        return (_route(self.namespace, "delete", self.route),)


def _route(namespace: str, verb: str, route: Route) -> str:
    via = f" via {route.via}" if route.via else ""
    device = f" dev {route.device}" if route.device and not route.via else ""
    words = f"route {verb} {route.destination}{via}{device}"
    six = ":" in (route.via or route.destination)
    return _ip(namespace, f"-6 {words}" if six else words)


class SetSysctl(_Change, frozen=True):
    """A network sysctl of a namespace."""

    namespace: str
    key: str
    value: str

    def commands(self) -> tuple[str, ...]:
        prefix = "" if self.namespace == HOST else f"ip netns exec {self.namespace} "
        return (f"{prefix}sysctl -w {self.key}={self.value}",)


class StartServer(_Change, frozen=True):
    """A small server in a namespace."""

    server: Server

    def commands(self) -> tuple[str, ...]:
        server = self.server
        prefix = "" if server.namespace == HOST else f"ip netns exec {server.namespace} "
        if server.kind == "http":
            return (f"{prefix}python3 -m http.server {server.port} &",)
        listen = "UDP4-RECVFROM" if server.protocol == "udp" else "TCP4-LISTEN"
        return (f"{prefix}socat {listen}:{server.port},fork,reuseaddr EXEC:cat &",)


class StopServer(_Change, frozen=True):
    """A server ends."""

    server: Server

    def commands(self) -> tuple[str, ...]:
        prefix = "" if self.server.namespace == HOST else f"ip netns exec {self.server.namespace} "
        return (f"{prefix}fuser -k {self.server.port}/{self.server.protocol}",)


Change = (
    AddNamespace
    | DeleteNamespace
    | AddLink
    | AddVeth
    | DeleteLink
    | SetLink
    | AddAddress
    | DeleteAddress
    | AddRoute
    | DeleteRoute
    | SetSysctl
    | StartServer
    | StopServer
)


def between(before: Topology, after: Topology) -> tuple[Change, ...]:
    """The changes that lead from `before` to `after`, in an order in which the kernel takes them.

    What goes, goes first; then namespaces, links, addresses, routes; the host ends of links join their bridges last.
    """
    names = [name for name in after.namespaces if after.namespaces[name] is not before.namespaces.get(name)]
    gone = [name for name in before.namespaces if name not in after.namespaces]
    return (
        *(StopServer(server) for server in before.servers if server not in after.servers and server.namespace not in gone),
        *_removed(before, after, gone, names),
        *(AddNamespace(name) for name in names if name not in before.namespaces),
        *_links(before, after, names),
        *_settings(before, after, names),
        *(StartServer(server) for server in after.servers if server not in before.servers),
    )


def _removed(before: Topology, after: Topology, gone: list[str], names: list[str]) -> Iterator[Change]:
    deleted: set[End] = set()
    for name in [*gone, *(name for name in names if name in before.namespaces)]:
        for interface in before.namespaces[name].interfaces:
            end = End(name, interface.name)
            if interface.kind == "loopback" or end in deleted or _same_device(interface, after.interface(end)):
                continue
            deleted.update(other for other in (end, interface.peer) if other)
            far_stays = interface.peer and interface.peer.namespace not in gone
            if name not in gone:
                yield DeleteLink(name, interface.name)
            elif interface.peer and far_stays:
                yield DeleteLink(interface.peer.namespace, interface.peer.interface)
        if name in gone:
            yield DeleteNamespace(name)


def _same_device(old: Interface, new: Interface | None) -> bool:
    return new is not None and new.kind == old.kind and (old.kind != "veth" or new.peer == old.peer)


def _kept(topology: Topology, other: Topology, end: End) -> Interface | None:
    """The interface at `end` if it is the same device in `other`."""
    interface = topology.interface(end)
    return interface if interface and _same_device(interface, other.interface(end)) else None


def _links(before: Topology, after: Topology, names: list[str]) -> Iterator[Change]:
    made: set[End] = set()
    for name in sorted(names, key=lambda name: name == HOST):
        for interface in after.namespaces[name].interfaces:
            end = End(name, interface.name)
            if interface.kind == "loopback" or end in made or _kept(before, after, end):
                continue
            if interface.kind != "veth":
                yield AddLink(name, interface.name, interface.kind)
            elif interface.peer:
                made.add(interface.peer)
                yield AddVeth(end, interface.peer)


def _settings(before: Topology, after: Topology, names: list[str]) -> Iterator[Change]:
    late: list[Change] = []
    routes: list[Change] = []
    for name in names:
        old, new = before.namespaces.get(name) or Namespace(name), after.namespaces[name]
        for key, value in new.sysctls.items():
            if old.sysctls.get(key) != value:
                yield SetSysctl(name, key, value)
        stale = [route for route in old.routes if route not in new.routes]
        for interface in new.interfaces:
            held = _held(before, after, End(name, interface.name), interface)
            removed = [address for address in held.addresses if address not in interface.addresses]
            yield from (DeleteAddress(name, interface.name, address) for address in removed)
            added = [address for address in interface.addresses if address not in held.addresses]
            yield from (AddAddress(name, interface.name, address) for address in added)
            if (held.master, held.up) != (interface.master, interface.up):
                late.append(SetLink(name, interface.name, interface.master, interface.up))
        routes += [DeleteRoute(name, route) for route in stale if _survives(route, old, new)]
        routes += [AddRoute(name, route) for route in new.routes if route not in old.routes or not _survives(route, old, new)]
    yield from routes
    yield from late


def _held(before: Topology, after: Topology, end: End, interface: Interface) -> Interface:
    """What is already there of an interface: the device itself, or what the kernel gives a new one."""
    if interface.kind == "loopback":
        old = before.interface(end)
        return old or Interface("lo", "loopback", ("127.0.0.1/8",))
    return _kept(before, after, end) or Interface(interface.name, interface.kind)


def _survives(route: Route, old: Namespace, new: Namespace) -> bool:
    """Whether a route outlives the changes to its device: the kernel drops routes with the device or with its last network."""
    device = route.device and old.interface(route.device)
    if not device:
        return True
    after = new.interface(device.name)
    return after is not None and _same_device(device, after) and set(device.addresses) <= set(after.addresses)
