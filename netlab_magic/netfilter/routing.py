"""A host's routing as a value: devices, addresses, routes, bridges and what is behind their ports."""

from collections.abc import Iterable, Iterator
from ipaddress import ip_interface, ip_network

import msgspec

from netlab_magic.iptables.numbers import number_of
from netlab_magic.model.topology import Namespace, Route, RoutingRule, Topology
from netlab_magic.netfilter.policy import Asked, Decided, Policy
from netlab_magic.netfilter.source_selection import source6

__all__ = ["Device", "Host", "NextHop", "Routing", "host_of"]


class Device(msgspec.Struct, frozen=True):
    """A device of the host. `bridge` is the bridge that it is a port of; `behind` are the addresses of the machine at its other end.

    `takes_loopback` is set if packets from and to 127.0.0.0/8 may pass it (route_localnet), `reverse_path` is its rp_filter: with 1
    (strict), answers must leave through the same device, with 2 (loose), there must be a route for answers, 0 is off. `kind` is as in
    Interface.
    """

    name: str
    addresses: tuple[str, ...] = ()
    up: bool = True
    bridge: str = ""
    behind: tuple[str, ...] = ()
    hairpin: bool = False
    takes_loopback: bool = False
    reverse_path: int = 0
    kind: str = ""


class Host(msgspec.Struct, frozen=True):
    """A host: its devices and routes, whether it forwards (ip_forward) and shows bridged frames to iptables (bridge-nf-call), the
    variant of its iptables, `legacy` or `nft`, and its `ip rule` and the tables beside main, where there are more than the kernel's own.
    """

    devices: tuple[Device, ...] = ()
    routes: tuple[Route, ...] = ()
    forwarding: bool = True
    forwarding6: bool = True
    bridge_nf: bool = True
    bridge_nf6: bool = True
    variant: str = "legacy"
    rules: tuple[RoutingRule, ...] = ()
    tables: dict[int, tuple[Route, ...]] = {}


def host_of(topology: Topology, namespace: str = "host", variant: str = "legacy") -> Host:
    """The routing of one namespace of a topology; sysctls that were not set have the kernel's default.

    Raises KeyError if the topology has no such namespace.
    """
    place = topology.namespaces[namespace]
    get = place.sysctls.get
    devices = []
    for interface in place.interfaces:
        far = topology.interface(interface.peer) if interface.peer else None
        behind = tuple(cidr.partition("/")[0] for cidr in far.addresses) if far else ()
        devices.append(
            Device(
                interface.name,
                interface.addresses,
                up=interface.up,
                bridge=interface.master or "",
                behind=behind,
                hairpin=interface.hairpin,
                takes_loopback="1" in _settings(place, interface.name, "route_localnet"),
                reverse_path=max(int(value) for value in _settings(place, interface.name, "rp_filter")),
                kind=interface.kind,
            )
        )
    return Host(
        tuple(devices),
        place.routes,
        forwarding=get("net.ipv4.ip_forward", "0") != "0",
        forwarding6=get("net.ipv6.conf.all.forwarding", "0") != "0",
        bridge_nf=get("net.bridge.bridge-nf-call-iptables", "1") != "0",
        bridge_nf6=get("net.bridge.bridge-nf-call-ip6tables", "1") != "0",
        variant=variant,
        rules=place.rules,
        tables=place.tables,
    )


def _settings(place: Namespace, device: str, key: str) -> list[str]:
    """A setting of all devices, and of one: the kernel takes the larger value (IN_DEV_MAXCONF, IN_DEV_ORCONF in linux/inetdevice.h)."""
    names = "all", device.replace(".", "/")
    return [place.sysctls.get(f"net.ipv4.conf.{name}.{key}", "0") for name in names]


class NextHop(msgspec.Struct, frozen=True):
    """The next hop of a packet: the outgoing device and the next hop's address; `local` if it stays here.

    `source` is the address that the route wants the host's own packets to come from. `others` are those that the kernel may choose as well.
    """

    device: str
    next: int
    local: bool = False
    source: int | None = None
    others: tuple["NextHop", ...] = ()


class _Reach(msgspec.Struct, frozen=True):
    """A route in numbers: addresses whose bits under `mask` are `network` go through `device`, to `via` when it is not None.

    The host's own packets get the address `source` there, when it is not None.
    """

    length: int
    network: int
    mask: int
    device: str
    via: int | None
    source: int | None = None
    kind: str = "unicast"
    others: tuple[tuple[str, int | None], ...] = ()


class _Address(msgspec.Struct, frozen=True):
    """An address of a device: `broadcast` is -1 where there is none."""

    device: str
    number: int
    mask: int
    broadcast: int


_MAIN = 254
"""The number of the table main (RT_TABLE_MAIN)."""

_LOOPBACK = (127 << 24, 0xFF << 24)
_POINT_TO_POINT = 127
"""The prefix length of IPv6 from which on a network has no address for all of its routers (addrconf_join_anycast; RFC 6164)."""


_KNOWN_TYPES = (
    frozenset(("LOCAL", "UNICAST", "BROADCAST", "MULTICAST")),
    frozenset(("LOCAL", "UNICAST", "MULTICAST", "ANYCAST", "UNREACHABLE", "UNSPEC")),
)
"""The kinds of addresses that are told here, for IPv4 and IPv6."""


class Routing:
    """The routes of one family of a host, indexed."""

    def __init__(self, host: Host, six: bool) -> None:
        self.six = six
        self.forwards = host.forwarding6 if six else host.forwarding
        self.shows_bridged = host.bridge_nf6 if six else host.bridge_nf
        self.devices = {device.name: device for device in host.devices}
        self.own = tuple(self._addresses(host))
        self.local = {address.number for address in self.own}
        wide = (found for found in self.own if six and self.forwards and found.mask.bit_count() < _POINT_TO_POINT)
        self.anycast = {found.number & found.mask for found in wide}
        self.broadcasts = {address.broadcast for address in self.own} - {-1} | ({0xFFFFFFFF} if not six else set())
        self.reaches = self._sorted([*self._connected(), *self._reaches(host.routes, host)])
        policy = Policy(host.rules, six)
        self.policy = None if policy.is_default else policy
        self._tables = {number: self._sorted(self._reaches(routes, host)) for number, routes in host.tables.items()}
        self.ports = {
            (device.bridge, number_of(address)): device.name
            for device in host.devices
            if device.bridge and device.up
            for address in device.behind
            if (":" in address) == six
        }
        self.hairpins = {device.name for device in host.devices if device.hairpin}
        self._known: dict[int, NextHop | None] = {}

    def _addresses(self, host: Host) -> Iterator[_Address]:
        for device in host.devices:
            for cidr in device.addresses:
                found = ip_interface(cidr)
                if (found.version == 6) == self.six:
                    network = found.network
                    last = -1 if self.six or network.prefixlen > 30 else int(network.broadcast_address)
                    yield _Address(device.name, int(found.ip), int(network.netmask), last)

    def _connected(self) -> Iterator[_Reach]:
        for address in self.own:
            if self.devices[address.device].up:
                yield _Reach(address.mask.bit_count(), address.number & address.mask, address.mask, address.device, None)

    def _sorted(self, reaches: Iterable[_Reach]) -> list[_Reach]:
        return sorted(reaches, key=lambda reach: -reach.length)

    def _reaches(self, routes: Iterable[Route], host: Host) -> Iterator[_Reach]:
        up = {device.name for device in host.devices if device.up}
        for route in routes:
            everything = "::/0" if ":" in (route.via or route.source or "") else "0.0.0.0/0"
            network = ip_network(everything if route.destination == "default" else route.destination, strict=False)
            if (network.version == 6) != self.six:
                continue
            hops = [self._through(via, device) for via, device in ((route.via, route.device), *route.others)]
            alive = [hop for hop in hops if hop[0] in up or route.kind != "unicast"]
            if alive:
                (device, via), *others = alive
                source = number_of(route.source) if route.source else None
                found = network.prefixlen, int(network.network_address), int(network.netmask)
                yield _Reach(*found, device, via, source, route.kind, tuple(others))

    def _through(self, gateway: str | None, device: str | None) -> tuple[str, int | None]:
        """The device and the gateway of a next hop."""
        via = number_of(gateway) if gateway else None
        return device or (self._on_link(via) if via is not None else ""), via

    def _on_link(self, via: int) -> str:
        return next((own.device for own in self.own if via & own.mask == own.number & own.mask), "")

    def is_local(self, address: int) -> bool:
        """Whether the address is one of the host's own."""
        return address in self.local or self.is_loopback(address)

    def is_loopback(self, address: int) -> bool:
        """Whether the address is in 127.0.0.0/8, or ::1."""
        return address == 1 if self.six else address & _LOOPBACK[1] == _LOOPBACK[0]

    def takes_loopback(self, device: str) -> bool:
        """Whether packets from and to 127.0.0.0/8 may pass a device."""
        return device == "lo" or (device in self.devices and self.devices[device].takes_loopback)

    def address_type(self, address: int) -> str:
        """The kind of an address in the words of `-m addrtype` (inet_addr_type in net/ipv4/fib_frontend.c)."""
        if self.is_local(address):
            return "LOCAL"
        if address in self.broadcasts:
            return "BROADCAST"
        if address in self.anycast:
            return "ANYCAST"
        if self.is_multicast(address):
            return "MULTICAST"
        return "UNICAST" if address or self.six else "BROADCAST"

    def address_type_at(self, device: str, address: int) -> str:
        """The kind of an address as it looks from one device, in the words of nft's `fib daddr . iif type`: that of another device is
        UNICAST (inet_dev_addr_type, nft_fib6_eval_type).
        """
        kind = self.address_type(address)
        if kind == "LOCAL" and self.is_loopback(address) and not any(own.number == address for own in self.own):
            return kind if device == "lo" else "UNICAST"
        if kind == "LOCAL":
            return kind if any((own.device, own.number) == (device, address) for own in self.own) else "UNICAST"
        if kind == "BROADCAST" and address in {own.broadcast for own in self.own}:
            return kind if any((own.device, own.broadcast) == (device, address) for own in self.own) else "UNICAST"
        return kind

    def is_multicast(self, address: int) -> bool:
        """Whether it is the address of a group."""
        return address >> (120 if self.six else 28) == (0xFF if self.six else 0xE)

    def has_types(self, address: int, kinds: frozenset[str]) -> bool | None:
        """Whether an address is of one of these kinds in the words of `-m addrtype`; None where that cannot be told.

        Of an IPv6 address, MULTICAST, UNICAST and UNSPEC must all hold if they are asked for, and one of the others, which take a route
        (match_type6 and match_lookup_rt6 in xt_addrtype.c).
        """
        if not kinds <= _KNOWN_TYPES[self.six]:
            return None
        if not self.six:
            return self.address_type(address) in kinds
        if "MULTICAST" in kinds and not self.is_multicast(address):
            return False
        if ("UNICAST" in kinds and (self.is_multicast(address) or not address)) or ("UNSPEC" in kinds and address):
            return False
        asked = kinds & {"LOCAL", "ANYCAST", "UNREACHABLE"}
        if not asked:
            return True
        held = self.address_type(address)
        if "UNREACHABLE" in asked and self.policy is not None:
            return None
        return held in asked or ("UNREACHABLE" in asked and held == "UNICAST" and self.route(address) is None)

    def expects(self, asked: Asked, device: str) -> bool:
        """Whether a packet may come in through a device, as its rp_filter has it (__fib_validate_source).

        `asked` is what the way back is looked up for: to the packet's source, from its destination, as if it came in where it goes out.
        """
        mode = self.devices[device].reverse_path if device in self.devices else 0
        if not mode:
            return True
        back = self.hop_for(asked)
        return back is not None and (mode != 1 or device in {hop.device for hop in (back, *back.others)})

    def route(self, address: int) -> NextHop | None:
        """The route to an address by longest prefix; None without a route."""
        if address not in self._known:
            self._known[address] = self._route(address)
        return self._known[address]

    def _route(self, address: int) -> NextHop | None:
        if self.is_local(address) or address in self.anycast:
            return NextHop("lo", address, local=True)
        return self._hop(address, self._reach(address))

    def _hop(self, address: int, found: _Reach | None) -> NextHop | None:
        if found is None or found.kind != "unicast":
            return None
        others = tuple(NextHop(device, address if via is None else via, source=found.source) for device, via in found.others)
        return NextHop(found.device, address if found.via is None else found.via, False, found.source, others)

    def hop_for(self, asked: Asked) -> NextHop | None:
        """The next hop of a packet, by `ip rule` where that says more than the kernel's own rules."""
        if self.policy is None or self.is_local(asked.destination) or asked.destination in self.anycast:
            return self.route(asked.destination)
        return self._hop(asked.destination, self._decided(asked))

    def _decided(self, asked: Asked) -> _Reach | None:
        def find(decided: Decided) -> _Reach | None:
            if decided.kind:
                return _Reach(-1, 0, 0, "", None, kind=decided.kind)
            table = self.reaches if decided.table == _MAIN else self._tables.get(decided.table, ())
            found = next((reach for reach in table if asked.destination & reach.mask == reach.network), None)
            return None if found is None or found.kind == "throw" or found.length <= decided.suppressed else found

        found = self.policy.decide(asked, find) if self.policy else None
        return found if isinstance(found, _Reach) else None

    def _reach(self, address: int) -> _Reach | None:
        if self.policy is not None:
            return self._decided(Asked(address))
        return next((reach for reach in self.reaches if address & reach.mask == reach.network), None)

    def route_through(self, device: str, address: int) -> NextHop | None:
        """Where packets for an address go when only the routes of one device count; None without any."""
        found = next((reach for reach in self.reaches if reach.device == device and address & reach.mask == reach.network), None)
        return NextHop(found.device, address if found.via is None else found.via) if found and found.kind == "unicast" else None

    def barrier(self, address: int, asked: Asked | None = None) -> str:
        """The kind of a route to an address that discards or rejects packets: blackhole, unreachable, prohibit; "" for others.

        A rule that says unreachable is answered as if there were no route (fib4_rule_action).
        """
        found = None if self.is_local(address) else self._decided(asked) if asked and self.policy else self._reach(address)
        if found is None or found.kind in ("unicast", "throw") or (found.length < 0 and found.kind == "unreachable"):
            return ""
        return found.kind

    def port_to(self, bridge: str, address: int) -> str:
        """The port of a bridge behind which an address is, "" if it is behind none."""
        return self.ports.get((bridge, address), "")

    def source_for(self, device: str, towards: int) -> int | None:
        """The address that packets leave a device with, and that masquerading takes: one in the next hop's network, else the first
        (inet_select_addr); `towards` is the next hop, for IPv6 the destination (see `source6`).

        127.0.0.1 is none for others; a device without an address borrows one of another device.
        """
        if self.six:
            return source6(self.own, device, towards)
        others = [address for address in self.own if not self.is_loopback(address.number)]
        own = [address for address in others if address.device == device]
        near = next((address for address in own if address.number & address.mask == towards & address.mask), None)
        chosen = near or next(iter(own or others), None)
        return None if chosen is None else chosen.number

    def source_towards(self, address: int) -> int | None:
        """The address that the host's own packets to `address` come from; None without a route, or without any address."""
        hop = self.route(address)
        if hop is None:
            return None
        if hop.local:
            return self.primary_of(address)
        return self.source_for(hop.device, address if self.six else hop.next) if hop.source is None else hop.source

    def has_several(self, device: str) -> bool:
        """Whether a device has more than one address of the family."""
        return sum(own.device == device for own in self.own) > 1

    def primary_of(self, address: int) -> int:
        """The address that the host talks from to an address of its own: the first in that network (fib_add_ifaddr in fib_frontend.c)."""
        own = next((own for own in self.own if own.number == address), None)
        if own is None:
            return 1 if self.six else _LOOPBACK[0] | 1
        if self.six:
            return address
        same = (other for other in self.own if (other.device, other.mask) == (own.device, own.mask))
        return next(other.number for other in same if other.number & own.mask == address & own.mask)
