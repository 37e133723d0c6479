"""Changes to a lab as data: the steps from one topology to another, and the commands that each stands for.

`between(before, after)` is the one place that decides what has to be done; building, restoring a snapshot, undoing and
writing the lab as a script are all uses of it.
"""

from collections.abc import Container, Iterator, Sequence

import msgspec

from netlab_magic.model.topology import HOST, End, Interface, Namespace, Route, Server, Topology, interface_address

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
    "SetHairpin",
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
    """Delete a namespace and the processes in it."""

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
    """A veth pair. Both ends come up; the right one later, where a `SetLink` makes it a port of a bridge."""

    left: End
    right: End
    right_up: bool = True

    def commands(self) -> tuple[str, ...]:
        near, far = (self.right, self.left) if self.right.namespace == HOST else (self.left, self.right)
        where = "" if near.namespace == far.namespace else f" netns {far.namespace}"
        raised = (self.left, self.right) if self.right_up else (self.left,)
        return (
            _ip(near.namespace, f"link add {near.interface} type veth peer name {far.interface}{where}"),
            *(_ip(end.namespace, f"link set {end.interface} up") for end in raised),
        )


class DeleteLink(_Change, frozen=True):
    """Delete a device; for a veth pair, both ends."""

    namespace: str
    name: str

    def commands(self) -> tuple[str, ...]:
        return (_ip(self.namespace, f"link delete {self.name}"),)


class SetLink(_Change, frozen=True):
    """Set a device up or down and, if it `moves`, make it a port of `master` (or of no bridge)."""

    namespace: str
    name: str
    master: str | None
    up: bool = True
    moves: bool = True

    def commands(self) -> tuple[str, ...]:
        master = "" if not self.moves else f" master {self.master}" if self.master else " nomaster"
        return (_ip(self.namespace, f"link set {self.name}{master} {'up' if self.up else 'down'}"),)


class SetHairpin(_Change, frozen=True):
    """Turn hairpin mode of a bridge port on or off."""

    namespace: str
    name: str
    on: bool

    def commands(self) -> tuple[str, ...]:
        return (_ip(self.namespace, f"link set {self.name} type bridge_slave hairpin {'on' if self.on else 'off'}"),)


class AddAddress(_Change, frozen=True):
    """An address for a device."""

    namespace: str
    name: str
    cidr: str

    def commands(self) -> tuple[str, ...]:
        nodad = " nodad" if interface_address(self.cidr).version == 6 else ""
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
    if route.others:
        return _ip(namespace, f"{'-6 ' * (route.family == 'ipv6')}route {verb} {route}")
    via = f" via {route.via}" if route.via else ""
    device = f" dev {route.device}" if route.device and not route.via else ""
    source = f" src {route.source}" if route.source else ""
    kind = "" if route.kind == "unicast" else f"{route.kind} "
    words = f"route {verb} {kind}{route.destination}{via}{device}{source}"
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
    """A small server in a namespace; it answers in both families, which its command says where the namespace has IPv6 addresses (`six`)."""

    server: Server
    six: bool = False

    def commands(self) -> tuple[str, ...]:
        server = self.server
        prefix = "" if server.namespace == HOST else f"ip netns exec {server.namespace} "
        six = self.six and not server.address
        if server.kind == "http":
            return (f"{prefix}python3 -m http.server {'--bind :: ' if six else ''}{server.port} &",)
        version = 6 if six or ":" in server.address else 4
        listen = f"UDP{version}-RECVFROM" if server.protocol == "udp" else f"TCP{version}-LISTEN"
        at = f",bind=[{server.address}],ipv6only=1" if ":" in server.address else f",bind={server.address}" if server.address else ""
        at = ",ipv6only=0" if six else at
        behind = f"{server.protocol.upper()}{6 if '[' in server.target else 4}:{server.target}" if server.kind == "proxy" else "EXEC:cat"
        return (f"{prefix}socat {listen}:{server.port},fork,reuseaddr{at} {behind} &",)


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
    | SetHairpin
    | AddAddress
    | DeleteAddress
    | AddRoute
    | DeleteRoute
    | SetSysctl
    | StartServer
    | StopServer
)


class _Difference(msgspec.Struct):
    """A namespace that changes, and its devices that change, each before and after."""

    name: str
    before: Namespace | None
    after: Namespace | None
    devices: list[tuple[Interface | None, Interface | None]]


def between(before: Topology, after: Topology) -> tuple[Change, ...]:
    """The changes that lead from `before` to `after`, in an order that the kernel accepts.

    Removals come first, then namespaces, links, addresses and routes; the host ends of links join their bridges last.
    """
    differences = list(_differences(before, after))
    gone = {difference.name for difference in differences if difference.after is None}
    return (
        *(StopServer(server) for server in before.servers if server not in after.servers and server.namespace not in gone),
        *_removed(differences, gone),
        *(AddNamespace(difference.name) for difference in differences if difference.before is None),
        *_links(differences),
        *_settings(differences),
        *(StartServer(server, _has_ipv6(after, server.namespace)) for server in after.servers if server not in before.servers),
    )


def _has_ipv6(topology: Topology, namespace: str) -> bool:
    return any(":" in cidr and cidr != "::1/128" for device in topology.namespaces[namespace].interfaces for cidr in device.addresses)


def _differences(before: Topology, after: Topology) -> Iterator[_Difference]:
    """Compares by identity first: a topology derived from another shares its unchanged namespaces, so this is fast for large labs."""
    for name in dict.fromkeys((*before.namespaces, *after.namespaces)):
        old, new = before.namespaces.get(name), after.namespaces.get(name)
        if old is new:
            continue
        was, will_be = (old.interfaces if old else ()), (new.interfaces if new else ())
        shared = set(map(id, was)).intersection(map(id, will_be))
        held = {interface.name: interface for interface in was if id(interface) not in shared}
        wanted = {interface.name: interface for interface in will_be if id(interface) not in shared}
        yield _Difference(name, old, new, [(held.get(key), wanted.get(key)) for key in dict.fromkeys((*held, *wanted))])


def _removed(differences: Sequence[_Difference], gone: Container[str]) -> Iterator[Change]:
    deleted: set[End] = set()
    for difference in sorted(differences, key=lambda difference: difference.after is not None):
        for old, new in difference.devices:
            if old is None or old.kind == "loopback" or _same_device(old, new) or End(difference.name, old.name) in deleted:
                continue
            deleted.update(end for end in (End(difference.name, old.name), old.peer) if end)
            if difference.after is not None:
                yield DeleteLink(difference.name, old.name)
            elif old.peer and old.peer.namespace not in gone:
                yield DeleteLink(old.peer.namespace, old.peer.interface)
        if difference.after is None:
            yield DeleteNamespace(difference.name)


def _same_device(old: Interface | None, new: Interface | None) -> bool:
    if old is None or new is None:
        return False
    return new.kind == old.kind and (old.kind != "veth" or new.peer == old.peer)


def _links(differences: Sequence[_Difference]) -> Iterator[Change]:
    made: set[End] = set()
    ports = {End(difference.name, new.name) for difference in differences for _, new in difference.devices if new and new.master}
    for difference in sorted(differences, key=lambda difference: difference.name == HOST):
        for old, new in difference.devices:
            if new is None or new.kind == "loopback" or _same_device(old, new) or End(difference.name, new.name) in made:
                continue
            if new.kind != "veth":
                yield AddLink(difference.name, new.name, new.kind)
            elif new.peer:
                made.add(new.peer)
                yield AddVeth(End(difference.name, new.name), new.peer, new.peer not in ports)


def _settings(differences: Sequence[_Difference]) -> Iterator[Change]:
    late: list[Change] = []
    routes: list[Change] = []
    for difference in differences:
        name, after = difference.name, difference.after
        if after is None:
            continue
        before = difference.before or Namespace(name)
        yield from (SetSysctl(name, key, value) for key, value in after.sysctls.items() if before.sysctls.get(key) != value)
        lost: set[tuple[str, str]] = set()
        for old, new in difference.devices:
            held = _held(old, new)
            lost |= {(held.name, family) for family in _families_without_routes(old, new)}
            if new is not None:
                yield from (DeleteAddress(name, new.name, address) for address in held.addresses if address not in new.addresses)
                yield from (AddAddress(name, new.name, address) for address in new.addresses if address not in held.addresses)
                if (held.master, held.up) != (new.master, new.up):
                    late.append(SetLink(name, new.name, new.master, new.up, moves=held.master != new.master))
                if (held.master, held.hairpin) != (new.master, new.hairpin) and (held.hairpin or new.hairpin):
                    late.append(SetHairpin(name, new.name, new.hairpin))
        kept = [route for route in before.routes if (route.device, route.family) not in lost]
        routes += [DeleteRoute(name, route) for route in kept if route not in after.routes]
        routes += [AddRoute(name, route) for route in after.routes if route not in kept]
    yield from routes
    yield from late


def _families_without_routes(old: Interface | None, new: Interface | None) -> tuple[str, ...]:
    """The families whose routes through a device the kernel drops in a change: all with the device itself, those of IPv4 with its last
    address (fib_inetaddr_event() in net/ipv4/fib_frontend.c), and those of IPv6 not even then.
    """
    if new is None or not (old is None or _same_device(old, new)):
        return "ipv4", "ipv6"
    had = {address for address in old.addresses if ":" not in address} if old else set()
    return ("ipv4",) if had and not had & {*new.addresses} else ()


def _held(old: Interface | None, new: Interface | None) -> Interface:
    """The device as it is before the change: itself, or a new one as the kernel creates it."""
    if new is None or (old is not None and (new.kind == "loopback" or _same_device(old, new))):
        return old or Interface("")
    return Interface(new.name, new.kind, ("127.0.0.1/8",) if new.kind == "loopback" else ())
