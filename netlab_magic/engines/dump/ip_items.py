"""The elements of the lists that `ip -j addr`, `link`, `route` and `neigh` print, and what they make of a host.

The keys are those of iproute2 (ip/ipaddress.c, print_linkinfo and print_addrinfo; ip/iproute.c, print_route; ip/ipneigh.c). Every other
form of the same facts is first brought to this shape.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from typing import Any

import msgspec

from netlab_magic.engines.dump.host_dump import ListedRoute, Neighbour
from netlab_magic.model.topology import HOST, ROUTE_KINDS, End, Interface, Route, network_of

__all__ = [
    "Item",
    "Printed",
    "PrintedDevice",
    "PrintedNeighbour",
    "PrintedRoute",
    "devices_of_routes",
    "listed",
    "merged",
    "neighbours",
    "printed",
    "routes",
]

Item = Mapping[str, Any]
"""One element of the list that `ip -j` prints."""

_SILENT = frozenset(("FAILED", "INCOMPLETE", "NOARP", "NONE"))


class _Address(msgspec.Struct, frozen=True):
    local: str = ""
    prefixlen: int | None = None
    scope: str | None = None

    def cidr(self) -> str | None:
        """The address with its prefix length; None if link-local or missing."""
        try:
            address = ip_address(self.local)
        except ValueError:
            return None
        if self.local == "::1" or (address.version == 6 and self.scope == "link"):
            return None
        length = address.max_prefixlen if self.prefixlen is None else self.prefixlen
        return f"{address}/{length}" if 0 <= length <= address.max_prefixlen else None


class _PortInfo(msgspec.Struct, frozen=True):
    hairpin: bool = False


class _LinkInfo(msgspec.Struct, frozen=True):
    info_kind: str = ""
    info_slave_data: _PortInfo | None = None


class PrintedDevice(msgspec.Struct, frozen=True):
    """A device as `ip -j` prints it: `ip addr` knows its addresses, `ip -d link` its kind."""

    ifname: str
    ifindex: int = 0
    flags: tuple[str, ...] | None = None
    mtu: int = 1500
    master: str | None = None
    link: str | None = None
    link_netnsid: int | None = None
    link_type: str | None = None
    address: str | None = None
    linkinfo: _LinkInfo | None = None
    addr_info: tuple[_Address, ...] = ()

    def and_also(self, other: "PrintedDevice") -> "PrintedDevice":
        """One device, merged from two accounts: the later one counts for what both say."""
        said = {name: value for name in self.__struct_fields__ if (value := getattr(other, name)) != getattr(_UNSAID, name)}
        addresses = tuple(dict.fromkeys((*self.addr_info, *other.addr_info)))
        if self.linkinfo and other.linkinfo:
            slave = other.linkinfo.info_slave_data or self.linkinfo.info_slave_data
            said["linkinfo"] = _LinkInfo(other.linkinfo.info_kind or self.linkinfo.info_kind, slave)
        return msgspec.structs.replace(self, **{**said, "addr_info": addresses})

    @property
    def is_loopback(self) -> bool:
        """Whether it is lo."""
        return self.link_type == "loopback" or "LOOPBACK" in (self.flags or ())


_UNSAID = PrintedDevice("")


class _Gateway(msgspec.Struct, frozen=True):
    host: str = ""


class _NextHop(msgspec.Struct, frozen=True):
    dev: str | None = None
    gateway: str | None = None
    via: _Gateway | None = None
    flags: tuple[str, ...] = ()

    @property
    def next(self) -> str | None:
        """The gateway's address; one of the other family is in `via`."""
        return self.gateway or (self.via.host if self.via else None) or None


class PrintedRoute(_NextHop, frozen=True):
    """A route as `ip -j route` prints it."""

    dst: str = "default"
    type: str = "unicast"
    table: str | int = "main"
    metric: int = 0
    prefsrc: str | None = None
    scope: str | int = ""
    nexthops: tuple[_NextHop, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is one of those that `Topology` has: to somewhere, and of the main table."""
        return self.type in ROUTE_KINDS and self.table in ("main", 254, "254")

    def destination(self) -> str:
        """The network as `Route` writes it."""
        if self.dst in ("default", "0.0.0.0/0"):
            return "default"
        return self.dst if "/" in self.dst else f"{self.dst}/{128 if ':' in self.dst else 32}"

    def made(self) -> Route:
        """The route as the model has it."""
        hop, *more = self.nexthops or (self,)
        device = hop.dev if self.type in ("unicast", "local", "broadcast", "anycast", "multicast") else None
        others = tuple((other.next, other.dev) for other in more)
        return Route(self.destination(), hop.next, device, self.prefsrc, self.type, others)


class PrintedNeighbour(msgspec.Struct, frozen=True):
    """A neighbour as `ip -j neigh` prints it."""

    dst: str
    dev: str = ""
    lladdr: str = ""
    state: tuple[str, ...] = ()


Printed = PrintedDevice | PrintedRoute | PrintedNeighbour


def printed(item: Item) -> Printed | None:
    """An element of a JSON list; None for one that `ip` does not print. Raises msgspec.ValidationError for one that it prints otherwise."""
    if "ifname" in item:
        return msgspec.convert(item, PrintedDevice)
    if "dst" in item and ("lladdr" in item or isinstance(item.get("state"), list)):
        return msgspec.convert(item, PrintedNeighbour)
    return msgspec.convert(item, PrintedRoute) if "dst" in item else None


def merged(found: Iterable[PrintedDevice]) -> tuple[Interface, ...]:
    """The devices, each from everything that was read about it."""
    by_name: dict[str, PrintedDevice] = {}
    for device in found:
        held = by_name.get(device.ifname)
        by_name[device.ifname] = held.and_also(device) if held else device
    return tuple(_interface(device, by_name) for device in by_name.values())


def _interface(device: PrintedDevice, all_of_them: Mapping[str, PrintedDevice]) -> Interface:
    info = device.linkinfo or _LinkInfo()
    far = all_of_them.get(device.link or "")
    is_pair = far is not None and far.link == device.ifname
    kind = info.info_kind
    if not kind and device.is_loopback:
        kind = "loopback"
    elif not kind and (is_pair or device.link_netnsid is not None):
        kind = "veth"
    return Interface(
        device.ifname,
        kind,
        tuple(cidr for held in device.addr_info if (cidr := held.cidr())),
        up=device.flags is None or "UP" in device.flags,
        master=device.master,
        peer=End(HOST, far.ifname) if far and is_pair else None,
        carrier="NO-CARRIER" not in (device.flags or ()),
        hairpin=bool(info.info_slave_data and info.info_slave_data.hairpin),
        mac=device.address or "",
        mtu=device.mtu,
        index=device.ifindex,
    )


def routes(found: Iterable[PrintedRoute], interfaces: Sequence[Interface]) -> tuple[Route, ...]:
    """The routes that do not follow from the interfaces' addresses; the one with the smaller metric first."""
    implied = {(network_of(cidr), held.name) for held in interfaces for cidr in held.addresses}
    kept: list[tuple[int, Route]] = []
    for route in found:
        made = route.made()
        if route.counts and _is_network(made.destination) and (made.via or (made.destination, made.device) not in implied):
            kept.append((route.metric, made))
    return tuple(dict.fromkeys(route for _, route in sorted(kept, key=lambda entry: entry[0])))


def listed(found: Iterable[PrintedRoute]) -> Iterator[ListedRoute]:
    """All routes of all tables, in the order in which they were listed."""
    for route in found:
        flags = {flag for hop in (route, *route.nexthops) for flag in hop.flags}
        yield ListedRoute(
            route.made(),
            str(route.table).removesuffix("254") or "main",
            route.type,
            route.metric,
            str(route.scope),
            "linkdown" in flags,
            "dead" in flags,
            "onlink" in flags,
        )


def _is_network(word: str) -> bool:
    try:
        return word == "default" or bool(network_of(word))
    except ValueError:
        return False


def devices_of_routes(found: Iterable[PrintedRoute]) -> tuple[Interface, ...]:
    """The devices known only from routes: the route of a directly connected network also has the host's own address there."""
    held: dict[str, list[str]] = {}
    silent: set[str] = set()
    for route in found:
        for hop in (route, *route.nexthops):
            if hop.dev and route.type in ROUTE_KINDS:
                addresses = held.setdefault(hop.dev, [])
                silent |= {hop.dev} if "linkdown" in (*hop.flags, *route.flags) else set()
                cidr = f"{route.prefsrc}/{route.dst.partition('/')[2]}"
                if route.counts and route.prefsrc and not hop.next and "/" in route.dst and _is_network(cidr):
                    addresses.append(cidr)
    return tuple(Interface(name, "", tuple(dict.fromkeys(addresses)), carrier=name not in silent) for name, addresses in held.items())


def neighbours(found: Iterable[PrintedNeighbour]) -> Iterator[Neighbour]:
    """The neighbours that have answered."""
    for held in found:
        if not _SILENT & set(held.state) and _Address(held.dst).cidr():
            yield Neighbour(held.dst, held.dev, held.lladdr, " ".join(held.state))
