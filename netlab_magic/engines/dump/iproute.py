"""Reads what `ip addr`, `ip link`, `ip route` and `ip neigh` print, as JSON (`-j`) or for people: interfaces, routes and neighbours.

The JSON keys are those of iproute2 (ip/ipaddress.c, print_linkinfo and print_addrinfo; ip/iproute.c, print_route; ip/ipneigh.c).
The text for people is first converted to the same shape, so that both are read by the same code.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_address
from itertools import pairwise
from typing import Any

import msgspec

from netlab_magic.model.topology import HOST, ROUTE_KINDS, End, Interface, Route, network_of

__all__ = [
    "Item",
    "Neighbour",
    "Printed",
    "PrintedDevice",
    "PrintedNeighbour",
    "PrintedRoute",
    "devices_of_routes",
    "is_device_line",
    "is_route_line",
    "item_from_text",
    "merged",
    "neighbours",
    "printed",
    "routes",
]

Item = Mapping[str, Any]
"""One element of the list that `ip -j` prints."""

_DEVICE = re.compile(r"(?P<index>\d{1,10}): (?P<name>[^\s:@]+)(?:@(?P<link>[^\s:]+))?: <(?P<flags>[^>]*)>(?P<rest>.*)")
_ADDRESS = re.compile(r"inet6? (?P<local>[0-9a-fA-F.:]+)(?: peer [0-9a-fA-F.:]+)?(?:/(?P<prefix>\d{1,3}))?(?: .*?scope (?P<scope>\S+))?")
_TYPES = ("unicast", "blackhole", "unreachable", "prohibit", "throw", "local", "broadcast", "multicast", "anycast")
_ROUTE = re.compile(
    rf"(?:(?P<type>{'|'.join(_TYPES)}) )?(?P<dst>default|\d+\.\d+\.\d+\.\d+(?:/\d+)?|[0-9a-fA-F]*:[0-9a-fA-F:.]*(?:/\d+)?)(?P<rest>\s.*|$)"
)
_ROUTE_WORDS = ("via", "dev", "proto", "scope", "nhid", "metric", "src", "table")
_LINK_KINDS = ("bridge", "veth", "vlan", "vxlan", "bond", "dummy", "tun", "vrf", "macvlan", "ipvlan", "wireguard", "ipip", "gre", "sit")
_NUMBERS = ("mtu", "metric")
_LONGEST_NUMBER = 10
_SILENT = frozenset(("FAILED", "INCOMPLETE", "NOARP", "NONE"))


class Neighbour(msgspec.Struct, frozen=True):
    """A neighbour's address, known on one of the host's devices."""

    address: str
    device: str


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
    flags: tuple[str, ...] = ()
    mtu: int = 1500
    master: str | None = None
    link: str | None = None
    link_netnsid: int | None = None
    link_type: str | None = None
    address: str | None = None
    linkinfo: _LinkInfo | None = None
    addr_info: tuple[_Address, ...] = ()

    def and_also(self, other: "PrintedDevice") -> "PrintedDevice":
        """One device, merged from two accounts."""
        addresses = tuple(dict.fromkeys((*self.addr_info, *other.addr_info)))
        linkinfo = self.linkinfo or other.linkinfo
        return msgspec.structs.replace(other, addr_info=addresses, linkinfo=linkinfo, master=self.master or other.master)

    @property
    def is_loopback(self) -> bool:
        """Whether it is lo."""
        return self.link_type == "loopback" or "LOOPBACK" in self.flags


class _Gateway(msgspec.Struct, frozen=True):
    host: str = ""


class _NextHop(msgspec.Struct, frozen=True):
    dev: str | None = None
    gateway: str | None = None
    via: _Gateway | None = None

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
    nexthops: tuple[_NextHop, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is one of those that `Topology` has: to somewhere, and of the main table."""
        return self.type in ROUTE_KINDS and self.table in ("main", 254)

    def destination(self) -> str:
        """The network as `Route` writes it."""
        if self.dst in ("default", "0.0.0.0/0"):
            return "default"
        return self.dst if "/" in self.dst else f"{self.dst}/{128 if ':' in self.dst else 32}"


class PrintedNeighbour(msgspec.Struct, frozen=True):
    """A neighbour as `ip -j neigh` prints it."""

    dst: str
    dev: str = ""
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
        up="UP" in device.flags,
        master=device.master,
        peer=End(HOST, far.ifname) if far and is_pair else None,
        carrier="NO-CARRIER" not in device.flags,
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
        hop, *more = route.nexthops or (route,)
        device = hop.dev if route.type == "unicast" else None
        others = tuple((other.next, other.dev) for other in more)
        made = Route(route.destination(), hop.next, device, route.prefsrc, route.type, others)
        if route.counts and _is_network(made.destination) and (made.via or (made.destination, made.device) not in implied):
            kept.append((route.metric, made))
    return tuple(dict.fromkeys(route for _, route in sorted(kept, key=lambda entry: entry[0])))


def _is_network(word: str) -> bool:
    try:
        return word == "default" or bool(network_of(word))
    except ValueError:
        return False


def devices_of_routes(found: Iterable[PrintedRoute]) -> tuple[Interface, ...]:
    """The devices known only from routes: the route of a directly connected network also has the host's own address there."""
    held: dict[str, list[str]] = {}
    for route in found:
        for hop in (route, *route.nexthops):
            if hop.dev and route.counts:
                addresses = held.setdefault(hop.dev, [])
                cidr = f"{route.prefsrc}/{route.dst.partition('/')[2]}"
                if route.prefsrc and not hop.next and "/" in route.dst and _is_network(cidr):
                    addresses.append(cidr)
    return tuple(Interface(name, "", tuple(dict.fromkeys(addresses))) for name, addresses in held.items())


def neighbours(found: Iterable[PrintedNeighbour]) -> Iterator[Neighbour]:
    """The neighbours that have answered."""
    for held in found:
        if not _SILENT & set(held.state) and _Address(held.dst).cidr():
            yield Neighbour(held.dst, held.dev)


# --- the text for people ------------------------------------------------------------------------------------------------------


def is_device_line(line: str) -> bool:
    """Whether a line begins a device in the text of `ip addr` or `ip link`."""
    return bool(_DEVICE.match(line))


def is_route_line(line: str, following: str = "") -> bool:
    """Whether a line begins a route in the text of `ip route`; a multipath route has its next hops in the lines `following`."""
    found = _ROUTE.match(line)
    if not found:
        return False
    first = (found["rest"].split() or following.split() or [""])[0]
    return bool(found["type"]) or first in (_ROUTE_WORDS if found["rest"].strip() else ("nexthop",))


def item_from_text(lines: Sequence[str]) -> Printed | None:
    """A device with the indented lines behind it, or a route with its `nexthop` lines."""
    device = _DEVICE.match(lines[0])
    return printed(_device_item(device, lines[1:]) if device else _route_item(lines))


def _device_item(head: re.Match[str], lines: Sequence[str]) -> Item:
    item: dict[str, Any] = {"ifindex": int(head["index"]), "ifname": head["name"], "flags": head["flags"].split(","), "addr_info": []}
    item.update(_pairs(head["rest"].split(), ("mtu", "master")))
    if head["link"] and not re.fullmatch(r"if\d+", head["link"]):
        item["link"] = head["link"]
    for line in map(str.strip, lines):
        first = line.partition(" ")[0]
        address = _ADDRESS.match(line)
        if address:
            prefix = {"prefixlen": int(address["prefix"])} if address["prefix"] else {}
            item["addr_info"].append({"local": address["local"], "scope": address["scope"], **prefix})
        elif first.startswith("link/"):
            words = line.split()
            item["link_type"] = first.removeprefix("link/")
            item["address"] = words[1] if len(words) > 1 else ""
            item.update({"link_netnsid": 0} if "link-netnsid" in words or "link-netns" in words else {})
        elif first in _LINK_KINDS:
            item.setdefault("linkinfo", {})["info_kind"] = first
        elif first == "bridge_slave":
            item.setdefault("linkinfo", {})["info_slave_data"] = {"hairpin": " hairpin on" in line}
    return item


def _pairs(words: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """What follows each of the wanted words; invalid numbers are left out."""
    found: dict[str, Any] = {}
    for word, value in pairwise(words):
        if word in wanted and word not in _NUMBERS:
            found[word] = value
        elif word in wanted and value.isdecimal() and len(value) <= _LONGEST_NUMBER:
            found[word] = int(value)
    return found


def _route_item(lines: Sequence[str]) -> Item:
    found = _ROUTE.match(lines[0])
    assert found is not None
    item: dict[str, Any] = {"dst": found["dst"], **({"type": found["type"]} if found["type"] else {})}
    item.update(_hop(found["rest"].split()))
    hops = [_hop(line.split()) for line in lines[1:]]
    return {**item, "nexthops": hops} if hops else item


def _hop(words: Sequence[str]) -> dict[str, Any]:
    pairs = _pairs(words, ("via", "dev", "metric", "table", "src"))
    if "src" in pairs:
        pairs["prefsrc"] = pairs.pop("src")
    gateway = pairs.pop("via", None)
    if gateway == "inet6":  # `via inet6 ADDRESS`: a gateway of the other family
        behind = words[words.index("inet6") + 1 :]
        gateway = behind[0] if behind else None
    return {**pairs, "gateway": gateway} if gateway else pairs
