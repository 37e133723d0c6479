"""rtnetlink: the messages that make and change devices, addresses, routes and neighbours, and a socket that reads them back.

Several messages in one send, known instead of looked-up indices, and no process for each step: that is why a lab of a hundred
namespaces takes 0.2 s instead of 2 s. The structs, constants and attributes are those of linux/rtnetlink.h,
linux/if_link.h, linux/if_addr.h, linux/neighbour.h, linux/fib_rules.h and linux/net_namespace.h.
"""

import errno
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from netlab_magic.engines.host.netlink.codec import (
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    Attributes,
    Message,
    attribute,
    attributes,
    nested,
    number,
    string,
    u32,
)
from netlab_magic.engines.host.netlink.netlink_socket import NetlinkSocket
from netlab_magic.model.topology import ROUTE_KINDS, Route, RoutingRule

__all__ = [
    "RTM_DELADDR",
    "RTM_DELLINK",
    "RTM_DELROUTE",
    "RTM_NEWADDR",
    "RTM_NEWLINK",
    "RTM_NEWROUTE",
    "Ifaddrmsg",
    "Ifinfomsg",
    "Ndmsg",
    "RouteSocket",
    "Rtmsg",
    "address",
    "hairpin",
    "link",
    "neighbour",
    "route",
]

_NETLINK_ROUTE = 0

RTM_NEWLINK, RTM_DELLINK, _RTM_GETLINK, _RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, _RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, _RTM_GETROUTE = 24, 25, 26
_RTM_NEWNEIGH, _RTM_DELNEIGH, _RTM_GETNEIGH = 28, 29, 30
_RTM_GETRULE, _RTM_GETNSID = 34, 90

_IFF_UP, _ARPHRD_LOOPBACK = 1, 772
_IFLA_IFNAME, _IFLA_MASTER, _IFLA_PROTINFO, _IFLA_LINKINFO, _IFLA_NET_NS_FD, _IFLA_EXT_MASK = 3, 10, 12, 18, 28, 29
_IFLA_INFO_KIND, _IFLA_INFO_DATA, _VETH_INFO_PEER, _IFLA_BRPORT_MODE = 1, 2, 1, 4
_RTEXT_FILTER_SKIP_STATS = 8

_IFA_ADDRESS, _IFA_LOCAL, _IFA_F_NODAD = 1, 2, 0x02

_RTA_DST, _RTA_SRC, _RTA_IIF, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC = 1, 2, 3, 4, 5, 7
_RT_TABLE_MAIN, _RT_TABLE_LOCAL, _RT_TABLE_DEFAULT = 254, 255, 253
_RT_TABLE_COMPAT, _RTA_TABLE = 252, 15
_RT_SCOPE_UNIVERSE, _RT_SCOPE_LINK, _RT_SCOPE_NOWHERE = 0, 253, 255
_RTPROT_BOOT, _RTN_LOCAL = 3, 2

_NDA_DST, _NDA_LLADDR = 1, 2
_NUD_INCOMPLETE, _NUD_FAILED, _NUD_NOARP, _NUD_PERMANENT = 0x01, 0x20, 0x40, 0x80
_NUD_VALID = 0x02 | 0x04 | 0x08 | 0x10 | _NUD_NOARP | _NUD_PERMANENT
"""Reachable, stale, delay and probe, and those that are never asked for (include/net/neighbour.h)."""

_FRA_PRIORITY, _FR_ACT_TO_TBL = 6, 1
_FRA_DST, _FRA_SRC, _FRA_IIFNAME, _FRA_GOTO, _FRA_FWMARK, _FRA_SUPPRESS_PREFIXLEN, _FRA_TABLE, _FRA_FWMASK = 1, 2, 3, 4, 10, 14, 15, 16
_FRA_SUPPRESS_IFGROUP, _FRA_PAD, _FRA_PROTOCOL = 13, 18, 21
_KNOWN_SELECTORS = frozenset((
    _FRA_DST, _FRA_SRC, _FRA_IIFNAME, _FRA_GOTO, _FRA_PRIORITY, _FRA_FWMARK, _FRA_SUPPRESS_PREFIXLEN, _FRA_TABLE, _FRA_FWMASK,
    _FRA_SUPPRESS_IFGROUP, _FRA_PAD, _FRA_PROTOCOL,
))  # fmt: skip
_ALL_BITS = 0xFFFFFFFF
_ACTIONS = {1: "table", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}
_FIB_RULE_INVERT, _NOT_SET = 2, -1
_NETNSA_NSID, _NETNSA_FD = 1, 3

_AF_BRIDGE = 7

_OWN_RULES = {
    socket.AF_INET: {(0, _RT_TABLE_LOCAL), (32766, _RT_TABLE_MAIN), (32767, _RT_TABLE_DEFAULT)},
    socket.AF_INET6: {(0, _RT_TABLE_LOCAL), (32766, _RT_TABLE_MAIN)},
}
"""Priority and table of the rules that the kernel makes (fib_default_rules_init in net/ipv4/fib_rules.c, fib6_rules_net_init)."""

_IFINFOMSG, _IFADDRMSG, _RTMSG = struct.Struct("=BxHiII"), struct.Struct("=BBBBI"), struct.Struct("=BBBBBBBBI")
_NDMSG, _FIB_RULE_HDR, _RTGENMSG = struct.Struct("=BxxxiHBB"), struct.Struct("=BBBBBxxBI"), struct.Struct("=Bxxx")


class Ifinfomsg(NamedTuple):
    """struct ifinfomsg, the header of a message about a device: `ifi_type` is ARPHRD_ETHER and so on, `ifi_flags` IFF_UP and so on."""

    ifi_family: int = 0
    ifi_type: int = 0
    ifi_index: int = 0
    ifi_flags: int = 0
    ifi_change: int = 0


class Ifaddrmsg(NamedTuple):
    """struct ifaddrmsg, the header of a message about an address."""

    ifa_family: int = 0
    ifa_prefixlen: int = 0
    ifa_flags: int = 0
    ifa_scope: int = 0
    ifa_index: int = 0


class Rtmsg(NamedTuple):
    """struct rtmsg, the header of a message about a route: `rtm_protocol` is RTPROT_KERNEL and so on, `rtm_type` RTN_UNICAST and so on."""

    rtm_family: int = 0
    rtm_dst_len: int = 0
    rtm_src_len: int = 0
    rtm_tos: int = 0
    rtm_table: int = 0
    rtm_protocol: int = 0
    rtm_scope: int = 0
    rtm_type: int = 0
    rtm_flags: int = 0


class Ndmsg(NamedTuple):
    """struct ndmsg, the header of a message about a neighbour: `ndm_state` is NUD_REACHABLE and so on."""

    ndm_family: int = 0
    ndm_ifindex: int = 0
    ndm_state: int = 0
    ndm_flags: int = 0
    ndm_type: int = 0


def link(kind: int, flags: int = 0, *, index: int = 0, up: bool | None = None, name: str = "", master: int | None = None,
         device: str = "", peer: str = "", peer_namespace: int = 0) -> Message:
    """A message about a device.

    `device` is the kind of a new one, `peer` and `peer_namespace` (a descriptor) the far end of a veth pair. Where `up` is None it stays
    as it is, and so it does in `master` None; 0 is no master.
    """
    header = Ifinfomsg(ifi_index=index) if up is None else Ifinfomsg(0, 0, index, _IFF_UP if up else 0, _IFF_UP)
    held = _IFINFOMSG.pack(*header)
    if name:
        held += attribute(_IFLA_IFNAME, string(name))
    if master is not None:
        held += attribute(_IFLA_MASTER, u32(master))
    if device:
        far = _IFINFOMSG.pack(*Ifinfomsg()) + attribute(_IFLA_IFNAME, string(peer)) + attribute(_IFLA_NET_NS_FD, u32(peer_namespace))
        data = attribute(_IFLA_INFO_DATA, attribute(_VETH_INFO_PEER, far)) if peer else b""
        held += attribute(_IFLA_LINKINFO, attribute(_IFLA_INFO_KIND, string(device)) + data)
    return Message(kind, flags, held)


def hairpin(index: int, on: bool) -> Message:
    """A message that sets whether a bridge's port sends frames back where they came from."""
    port = nested(_IFLA_PROTINFO, attribute(_IFLA_BRPORT_MODE, bytes([on])))
    return Message(_RTM_SETLINK, 0, _IFINFOMSG.pack(*Ifinfomsg(_AF_BRIDGE, ifi_index=index)) + port)


def address(kind: int, index: int, cidr: str) -> Message:
    """A message about an address of the device with `index`. A new IPv6 address is not tried first (duplicate address detection)."""
    text, _, prefix = cidr.partition("/")
    family = _family(text)
    packed = socket.inet_pton(family, text)
    header = Ifaddrmsg(family, int(prefix), _IFA_F_NODAD if family == socket.AF_INET6 else 0, 0, index)
    flags = NLM_F_CREATE | NLM_F_EXCL if kind == RTM_NEWADDR else 0
    return Message(kind, flags, _IFADDRMSG.pack(*header) + attribute(_IFA_ADDRESS, packed) + attribute(_IFA_LOCAL, packed))


def route(kind: int, route: Route, index: int | None) -> Message:
    """A message about a route of the main table; `index` is that of its device."""
    text, _, prefix = ("", "", "0") if route.destination == "default" else route.destination.partition("/")
    family = _family(route.via or text)
    made, unicast = kind == RTM_NEWROUTE, route.kind == "unicast"
    header = Rtmsg(
        family,
        int(prefix),
        rtm_table=_RT_TABLE_MAIN,
        rtm_protocol=_RTPROT_BOOT if made else 0,
        rtm_scope=_RT_SCOPE_NOWHERE if not made else _RT_SCOPE_UNIVERSE if route.via or not unicast else _RT_SCOPE_LINK,
        rtm_type=ROUTE_KINDS[route.kind] if made or not unicast else 0,
    )
    held = _RTMSG.pack(*header)
    for kept, value in ((_RTA_DST, text), (_RTA_GATEWAY, route.via)):
        if value:
            held += attribute(kept, socket.inet_pton(family, value))
    if index is not None:
        held += attribute(_RTA_OIF, u32(index))
    if route.source:
        held += attribute(_RTA_PREFSRC, socket.inet_pton(family, route.source))
    return Message(kind, NLM_F_CREATE | NLM_F_EXCL if made else 0, held)


def neighbour(add: bool, index: int, address: str, mac: str) -> Message:
    """A message that adds or deletes a permanent entry of the neighbour table."""
    held = attribute(_NDA_DST, socket.inet_pton(_family(address), address))
    if not add:
        return Message(_RTM_DELNEIGH, 0, _NDMSG.pack(*Ndmsg(_family(address), index)) + held)
    held += attribute(_NDA_LLADDR, bytes.fromhex(mac.replace(":", "")))
    return Message(_RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, _NDMSG.pack(*Ndmsg(_family(address), index, _NUD_PERMANENT)) + held)


def _family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _rule(answer: bytes) -> RoutingRule | None:
    """A rule of `ip rule` (struct fib_rule_hdr and its attributes); None for one with other selectors."""
    family, to_bits, from_bits, tos, table, action, flags = _FIB_RULE_HDR.unpack_from(answer)
    held = attributes(answer, _FIB_RULE_HDR.size)
    one_group = number(held.get(_FRA_SUPPRESS_IFGROUP, u32(_NOT_SET))) != _NOT_SET
    if set(held) - _KNOWN_SELECTORS or action not in _ACTIONS or flags & ~_FIB_RULE_INVERT or one_group:
        return None
    return RoutingRule(
        number(held.get(_FRA_PRIORITY, b"")),
        family == socket.AF_INET6,
        f"{socket.inet_ntop(family, held[_FRA_SRC])}/{from_bits}" if _FRA_SRC in held else "",
        f"{socket.inet_ntop(family, held[_FRA_DST])}/{to_bits}" if _FRA_DST in held else "",
        held.get(_FRA_IIFNAME, b"").rstrip(b"\0").decode(),
        number(held.get(_FRA_FWMARK, b"")) & _ALL_BITS,
        number(held.get(_FRA_FWMASK, b"")) & _ALL_BITS,
        tos,
        bool(flags & _FIB_RULE_INVERT),
        _ACTIONS[action],
        number(held[_FRA_TABLE]) if _FRA_TABLE in held else table,
        number(held.get(_FRA_GOTO, b"")),
        number(held.get(_FRA_SUPPRESS_PREFIXLEN, u32(_NOT_SET))),
    )


class RouteSocket(NetlinkSocket):
    """An rtnetlink socket in the namespace in which it is made."""

    def __init__(self) -> None:
        super().__init__(_NETLINK_ROUTE)

    def links(self) -> Iterator[tuple[Ifinfomsg, Attributes]]:
        """All devices, without statistics."""
        wanted = _IFINFOMSG.pack(*Ifinfomsg()) + attribute(_IFLA_EXT_MASK, u32(_RTEXT_FILTER_SKIP_STATS))
        for answer in self.ask(Message(_RTM_GETLINK, NLM_F_DUMP, wanted)):
            yield Ifinfomsg._make(_IFINFOMSG.unpack_from(answer)), attributes(answer, _IFINFOMSG.size)

    def loopback_is_up(self) -> bool:
        """Whether lo is up: the namespace's own packets to itself go through it."""
        return any(header.ifi_type == _ARPHRD_LOOPBACK and header.ifi_flags & _IFF_UP for header, _ in self.links())

    def addresses(self) -> Iterator[tuple[Ifaddrmsg, Attributes]]:
        """All addresses."""
        for answer in self.ask(Message(_RTM_GETADDR, NLM_F_DUMP, _IFADDRMSG.pack(*Ifaddrmsg()))):
            yield Ifaddrmsg._make(_IFADDRMSG.unpack_from(answer)), attributes(answer, _IFADDRMSG.size)

    def routes(self, family: int, table: int = _RT_TABLE_MAIN) -> Iterator[tuple[Rtmsg, Attributes]]:
        """The routes of one address family in one table, main if none is named."""
        wanted = _RTMSG.pack(*Rtmsg(family, rtm_table=min(table, _RT_TABLE_COMPAT))) + attribute(_RTA_TABLE, u32(table))
        try:
            answers = self.ask(Message(_RTM_GETROUTE, NLM_F_DUMP, wanted))
        except OSError as error:
            if error.errno != errno.ENOENT:  # a namespace that never had a route has no such table (inet_dump_fib)
                raise
            return
        for answer in answers:
            yield Rtmsg._make(_RTMSG.unpack_from(answer)), attributes(answer, _RTMSG.size)

    def _neighbours(self, in_state: int, but: int = 0) -> Iterator[tuple[Ndmsg, Attributes]]:
        """The entries of the neighbour table that are in one of the states, and in none of the others."""
        for answer in self.ask(Message(_RTM_GETNEIGH, NLM_F_DUMP, _NDMSG.pack(*Ndmsg()))):
            header = Ndmsg._make(_NDMSG.unpack_from(answer))
            if header.ndm_state & in_state and not header.ndm_state & but:
                held = attributes(answer, _NDMSG.size)
                if _NDA_DST in held:
                    yield header, held

    def rules(self) -> Iterator[RoutingRule | None]:
        """What `ip rule` lists, of both families; None for a rule with a selector that the model does not know."""
        for answer in self.ask(Message(_RTM_GETRULE, NLM_F_DUMP, _FIB_RULE_HDR.pack(*bytes(7)))):
            if answer[0] in (socket.AF_INET, socket.AF_INET6):
                yield _rule(answer)

    def has_rules(self) -> bool:
        """Whether `ip rule` holds anything else than the kernel's own rules, of which each asks one table about every packet."""
        found: dict[int, set[tuple[int, int]]] = {}
        for answer in self.ask(Message(_RTM_GETRULE, NLM_F_DUMP, _FIB_RULE_HDR.pack(*bytes(7)))):
            family, *asked, table, action, flags = _FIB_RULE_HDR.unpack_from(answer)
            priority = number(attributes(answer, _FIB_RULE_HDR.size).get(_FRA_PRIORITY, b""))
            plain = (*asked, action, flags) == (0, 0, 0, _FR_ACT_TO_TBL, 0)
            found.setdefault(family, set()).add((priority, table) if plain else (-1, -1))
        return any(found.get(family, own) != own for family, own in _OWN_RULES.items())

    def index(self, name: str) -> int:
        """The index of a device. Raises OSError (ENODEV)."""
        wanted = attribute(_IFLA_IFNAME, string(name)) + attribute(_IFLA_EXT_MASK, u32(_RTEXT_FILTER_SKIP_STATS))
        answer = self.ask(Message(_RTM_GETLINK, 0, _IFINFOMSG.pack(*Ifinfomsg()) + wanted))[0]
        return Ifinfomsg._make(_IFINFOMSG.unpack_from(answer)).ifi_index

    def known_neighbours(self) -> dict[str, bool]:
        """Whether the hardware address of each neighbour in the table is known."""
        found = self._neighbours(_NUD_VALID | _NUD_INCOMPLETE | _NUD_FAILED)
        return {socket.inet_ntop(header.ndm_family, held[_NDA_DST]): bool(header.ndm_state & _NUD_VALID) for header, held in found}

    def silent_neighbours(self) -> set[str]:
        """The addresses that were asked for, so far without an answer."""
        return {socket.inet_ntop(header.ndm_family, held[_NDA_DST]) for header, held in self._neighbours(_NUD_INCOMPLETE | _NUD_FAILED)}

    def fixed_neighbours(self) -> dict[str, str]:
        """The hardware addresses of permanent (static) neighbour entries, by IP address."""
        fixed = self._neighbours(_NUD_PERMANENT)
        return {socket.inet_ntop(header.ndm_family, held[_NDA_DST]): held.get(_NDA_LLADDR, b"").hex(":") for header, held in fixed}

    def forget_neighbours(self) -> None:
        """Empties the neighbour table, permanent entries excepted."""
        self._forget(self._neighbours(0xFFFF, but=_NUD_PERMANENT | _NUD_NOARP))

    def forget_silent_neighbours(self) -> None:
        """Deletes failed and incomplete neighbour entries: the kernel would retry them only once a second (neigh_timer_handler)."""
        self._forget(self._neighbours(_NUD_INCOMPLETE | _NUD_FAILED))

    def _forget(self, entries: Iterable[tuple[Ndmsg, Attributes]]) -> None:
        headers = ((Ndmsg(header.ndm_family, header.ndm_ifindex), held[_NDA_DST]) for header, held in entries)
        deletions = [Message(_RTM_DELNEIGH, 0, _NDMSG.pack(*header) + attribute(_NDA_DST, address)) for header, address in headers]
        if deletions:
            self.send(deletions)

    def route_to(self, destination: str, source: str = "", device: str = "") -> tuple[Rtmsg, Attributes]:
        """The route that the kernel takes to an address, for a packet of its own or for one from `source` that came in through `device`.

        Raises the OSError with which it refuses to route.
        """
        family = _family(destination)
        bits = 128 if family == socket.AF_INET6 else 32
        held = _RTMSG.pack(*Rtmsg(family, bits, bits if source else 0)) + attribute(_RTA_DST, socket.inet_pton(family, destination))
        if source:
            held += attribute(_RTA_SRC, socket.inet_pton(family, source))
        if device:
            held += attribute(_RTA_IIF, u32(self.index(device)))
        answer = self.ask(Message(_RTM_GETROUTE, 0, held))[0]
        return Rtmsg._make(_RTMSG.unpack_from(answer)), attributes(answer, _RTMSG.size)

    def neighbourly_source(self, destination: str) -> str:
        """The address that this namespace's packets to a machine on a network of its own come from; "" where a gateway passes them on.

        Raises OSError without a route.
        """
        header, held = self.route_to(destination)
        if _RTA_GATEWAY in held or _RTA_PREFSRC not in held:
            return ""
        return socket.inet_ntop(header.rtm_family, held[_RTA_PREFSRC])

    def next_hop(self, destination: str) -> str:
        """The gateway towards an address, or the address itself on a network of our own. Raises OSError without a route."""
        header, held = self.route_to(destination)
        return socket.inet_ntop(header.rtm_family, held[_RTA_GATEWAY]) if _RTA_GATEWAY in held else destination

    def is_local(self, address: str) -> bool:
        """Whether an address is this namespace's own and up: the kernel routes it to itself."""
        try:
            return self.route_to(address)[0].rtm_type == _RTN_LOCAL
        except OSError:
            return False

    def namespace_id(self, descriptor: int) -> int:
        """The number (nsid) that this namespace has for another one; -1 if none."""
        answer = self.ask(Message(_RTM_GETNSID, 0, _RTGENMSG.pack(0) + attribute(_NETNSA_FD, u32(descriptor))))[0]
        return number(attributes(answer, _RTGENMSG.size)[_NETNSA_NSID])
