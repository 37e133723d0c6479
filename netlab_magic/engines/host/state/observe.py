"""Reads back what the kernel has: namespaces, devices, addresses, routes and sysctls, as a `Topology`."""

import errno
import os
import re
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Self

import msgspec

from netlab_magic.engines.host.netlink.codec import Attributes, attributes, number, text
from netlab_magic.engines.host.netlink.rtnetlink import Ifinfomsg, RouteSocket
from netlab_magic.engines.host.process.isolation import NEWNET, setns
from netlab_magic.model.topology import HOST, ROUTE_KINDS, End, Interface, Namespace, Route, RoutingRule, Server, Topology

__all__ = ["AT_ONCE", "Namespaces", "observe", "read_sysctl", "write_sysctl"]

AT_ONCE = ("net.ipv6.conf.default.accept_dad", "0")
"""The sysctl with which new devices use their IPv6 addresses at once. Else they first look for somebody who has them (RFC 4862, 5.4), and
until their link-local address is theirs, a second or two, they cannot ask for a neighbour on behalf of others (ndisc_solicit).
"""

NAMED = "/run/netns"
"""Where `ip netns` keeps named namespaces (ip-netns(8))."""

# linux/if_link.h, linux/if_addr.h, linux/rtnetlink.h
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER = 1, 3, 4, 5, 10
_IFLA_LINKINFO, _IFLA_CARRIER, _IFLA_NETNSID = 18, 33, 37
_IFLA_INFO_KIND, _IFLA_INFO_SLAVE_DATA, _IFLA_BRPORT_MODE, _IFLA_BRPORT_ISOLATED = 1, 5, 4, 33
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC, _RTA_MULTIPATH = 1, 4, 5, 7, 9
_RTNEXTHOP = struct.Struct("=HxxI")
_ROUTE_KINDS = {number: kind for kind, number in ROUTE_KINDS.items()}
_IFF_UP, _ARPHRD_LOOPBACK = 1, 772
_MAIN_TABLE, _LOCAL_TABLE = 254, 255
_KERNEL_TABLES = (_MAIN_TABLE, _LOCAL_TABLE)
_RT_SCOPE_LINK, _RTPROT_KERNEL, _RTPROT_RA = 253, 2, 9


class Namespaces:
    """Open descriptors of the host's own and all other namespaces, for the length of one request; a context manager.

    `others` are their names and the paths of their files, those of `ip netns` if none are given. The descriptors are not kept longer: an
    open one would keep a namespace alive that a raw `ip netns delete` should end.
    """

    def __init__(self, others: Iterable[tuple[str, str]] | None = None) -> None:
        self._others = _named() if others is None else others
        self._stack = ExitStack()
        self.home = self._open("/proc/self/ns/net")
        self.descriptors = {HOST: self.home}
        self._sockets: dict[str, RouteSocket] = {}

    def __enter__(self) -> Self:
        for name, path in sorted(self._others, key=lambda other: _as_people_count(other[0])):
            self._add(name, path)
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes all descriptors."""
        self._stack.close()

    def _open(self, path: str) -> int:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._stack.callback(os.close, descriptor)
        return descriptor

    def _add(self, name: str, path: str) -> None:
        """Opens a namespace. What is none, such as a file left over by a failed `ip netns` or a broken link, is passed over."""
        try:
            descriptor = self._open(path)
            setns(descriptor, NEWNET)
        except OSError:
            return
        setns(self.home, NEWNET)
        self.descriptors[name] = descriptor

    def take(self, name: str, descriptor: int, netlink: RouteSocket) -> None:
        """Takes over an open descriptor of a namespace, and a netlink socket in it."""
        self._stack.callback(os.close, descriptor)
        self._stack.callback(netlink.close)
        self.descriptors[name], self._sockets[name] = descriptor, netlink

    def forget(self, name: str) -> None:
        """Closes the socket of a namespace that is about to go."""
        self.descriptors.pop(name, None)
        if name in self._sockets:
            self._sockets.pop(name).close()

    def netlink(self, name: str) -> RouteSocket:
        """A netlink socket in a namespace. Raises FileNotFoundError for one that does not exist."""
        if name not in self._sockets:
            if name not in self.descriptors:
                raise FileNotFoundError(2, f"there is no namespace {name}")
            with self.inside(name):
                self._sockets[name] = RouteSocket()
            self._stack.callback(self._sockets[name].close)
        return self._sockets[name]

    def inside(self, name: str) -> "Inside":
        """A context in which this process is in the namespace."""
        return Inside(self.descriptors[name], self.home)


def _named() -> Iterator[tuple[str, str]]:
    """The namespaces that `ip netns` has named."""
    for name in os.listdir(NAMED) if os.path.isdir(NAMED) else ():
        if name != HOST:
            yield name, f"{NAMED}/{name}"


def _as_people_count(name: str) -> list[tuple[int, str]]:
    """For sorting: n2 before n10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


class Inside:
    """This process is in another network namespace for the length of a `with` block."""

    def __init__(self, descriptor: int, home: int) -> None:
        self._descriptor = descriptor
        self._home = home

    def __enter__(self) -> None:
        setns(self._descriptor, NEWNET)

    def __exit__(self, *exception: object) -> None:
        setns(self._home, NEWNET)


class _Device(msgspec.Struct):
    """A device as dumped, before its peer's name is known."""

    interface: Interface
    peer_index: int
    peer_namespace: int


def observe(namespaces: Namespaces, sysctls: Mapping[str, Sequence[str]], servers: Sequence[Server]) -> Topology:
    """Everything there is now. `sysctls` names the keys to read in each namespace."""
    devices = {name: _devices(namespaces.netlink(name)) for name in namespaces.descriptors}
    peers = _peers(namespaces, devices)
    found: dict[str, Namespace] = {}
    for name, held in devices.items():
        interfaces = tuple(
            msgspec.structs.replace(device.interface, peer=peers.get(End(name, device.interface.name))) for device in held.values()
        )
        names = {index: device.interface.name for index, device in held.items()}
        routes = tuple(_routes(namespaces.netlink(name), names))
        values: dict[str, str] = {}
        if name in sysctls:
            with namespaces.inside(name):
                values = {key: value for key in sysctls[name] if (value := read_sysctl(key)) is not None}
        netlink = namespaces.netlink(name)
        found[name] = Namespace(name, interfaces, routes, values, has_rules=netlink.has_rules(), fixed=netlink.fixed_neighbours())
        if found[name].has_rules:
            found[name] = _with_rules(found[name], netlink, names)
    return Topology(found, tuple(servers))


def _devices(netlink: RouteSocket) -> dict[int, _Device]:
    addresses: dict[int, list[str]] = {}
    for header, held in netlink.addresses():
        raw = held.get(_IFA_LOCAL) or held.get(_IFA_ADDRESS, b"")
        address = str(ip_address(raw))
        if address != "::1" and not (":" in address and header.ifa_scope == _RT_SCOPE_LINK):
            addresses.setdefault(header.ifa_index, []).append(f"{address}/{header.ifa_prefixlen}")
    links = list(netlink.links())
    names = {header.ifi_index: text(held[_IFLA_IFNAME]) for header, held in links}
    return {header.ifi_index: _device(header, held, names, addresses.get(header.ifi_index, [])) for header, held in links}


def _device(header: Ifinfomsg, held: Attributes, names: Mapping[int, str], addresses: list[str]) -> _Device:
    info = attributes(held.get(_IFLA_LINKINFO, b""))
    port = attributes(info.get(_IFLA_INFO_SLAVE_DATA, b""))
    interface = Interface(
        names[header.ifi_index],
        "loopback" if header.ifi_type == _ARPHRD_LOOPBACK else text(info.get(_IFLA_INFO_KIND, b"")),
        tuple(addresses),
        bool(header.ifi_flags & _IFF_UP),
        names.get(number(held.get(_IFLA_MASTER, b""))),
        carrier=bool(held.get(_IFLA_CARRIER, b"\1")[0]),
        hairpin=port.get(_IFLA_BRPORT_MODE, b"\0")[0] == 1,
        isolated=port.get(_IFLA_BRPORT_ISOLATED, b"\0")[0] == 1,
        mac=held.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=number(held.get(_IFLA_MTU, b"")),
        index=header.ifi_index,
    )
    return _Device(interface, number(held.get(_IFLA_LINK, b"")), number(held[_IFLA_NETNSID]) if _IFLA_NETNSID in held else -1)


def _peers(namespaces: Namespaces, devices: Mapping[str, Mapping[int, _Device]]) -> dict[End, End]:
    """Who is linked to whom: a veth names its peer by index and by the number its namespace has for the peer's namespace.

    Asking for all those numbers takes a question for every two namespaces; it is needed only where indices alone leave a choice.
    """
    candidates: dict[tuple[int, int], list[str]] = {}
    for name, held in devices.items():
        for index, device in held.items():
            if device.interface.kind == "veth":
                candidates.setdefault((index, device.peer_index), []).append(name)
    peers: dict[End, End] = {}
    for name, held in devices.items():
        numbers: dict[str, int] = {}
        for index, device in held.items():
            if device.interface.kind != "veth":
                continue
            for other in candidates.get((device.peer_index, index), ()):
                if other not in numbers:
                    same = other == name
                    numbers[other] = -1 if same else namespaces.netlink(name).namespace_id(namespaces.descriptors[other])
                if numbers[other] == device.peer_namespace:
                    peers[End(name, device.interface.name)] = End(other, devices[other][device.peer_index].interface.name)
                    break
    return peers


def _with_rules(namespace: Namespace, netlink: RouteSocket, names: Mapping[int, str]) -> Namespace:
    """The namespace with what `ip rule` lists and the tables that this leads to; as it is if the model does not know some selector."""
    rules = tuple(netlink.rules())
    known = tuple(rule for rule in rules if rule is not None)
    numbers = {rule.table for rule in known if rule.kind == "table" and rule.table not in _KERNEL_TABLES}
    tables = {number: tuple(_routes(netlink, names, number)) for number in sorted(numbers)}
    if len(known) < len(rules) or not _asks_local_first(known):
        return namespace
    return msgspec.structs.replace(namespace, rules=known, tables=tables)


def _asks_local_first(rules: Sequence[RoutingRule]) -> bool:
    """Whether the first rule of each family leads to the table local, as the kernel's own does, and no other one."""
    firsts = [min((rule for rule in rules if rule.six == six), key=lambda rule: rule.priority, default=None) for six in (False, True)]
    return all(
        rule is None or rule == RoutingRule(rule.priority, rule.six, table=_LOCAL_TABLE) for rule in firsts
    ) and not any(rule.table == _LOCAL_TABLE and rule.kind == "table" for rule in rules if rule not in firsts)


def _routes(netlink: RouteSocket, names: Mapping[int, str], table: int = _MAIN_TABLE) -> Iterator[Route]:
    for family, width in ((socket.AF_INET, 4), (socket.AF_INET6, 16)):
        for header, held in netlink.routes(family, table):
            kind = _ROUTE_KINDS.get(header.rtm_type)
            if kind is None or (table == _MAIN_TABLE and header.rtm_protocol in (_RTPROT_KERNEL, _RTPROT_RA)):
                continue
            destination = ip_address(held.get(_RTA_DST, bytes(width)))
            hops = list(_next_hops(held, names))
            via, device = hops[0]
            is_default = not header.rtm_dst_len and (family == socket.AF_INET or via)  # `default dev eth0` alone would be IPv4's
            network = "default" if is_default else f"{destination}/{header.rtm_dst_len}"
            source = str(ip_address(held[_RTA_PREFSRC])) if _RTA_PREFSRC in held else None
            yield Route(network, via, device if kind == "unicast" else None, source, kind, tuple(hops[1:]))


def _next_hops(held: Attributes, names: Mapping[int, str]) -> Iterator[tuple[str | None, str | None]]:
    """The gateway and the device of each next hop of a route (struct rtnexthop)."""
    packed = held.get(_RTA_MULTIPATH, b"")
    if not packed:
        yield _gateway(held), names.get(number(held.get(_RTA_OIF, b"")))
    while len(packed) >= _RTNEXTHOP.size:
        length, index = _RTNEXTHOP.unpack_from(packed)
        yield _gateway(attributes(packed[:length], _RTNEXTHOP.size)), names.get(index)
        packed = packed[(length + 3) & ~3 :]


def _gateway(held: Attributes) -> str | None:
    return str(ip_address(held[_RTA_GATEWAY])) if _RTA_GATEWAY in held else None


def _sysctl_path(key: str) -> str:
    """The file of a sysctl. A dot in a device's name is written as a slash (sysctl(8))."""
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


def read_sysctl(key: str) -> str | None:
    """The value of a sysctl in the current namespace, or None where the kernel has no such key."""
    try:
        with open(_sysctl_path(key)) as file:
            return file.read().strip().replace("\t", " ")
    except OSError:
        return None


def write_sysctl(key: str, value: str) -> None:
    """Sets a sysctl of the current namespace. Raises OSError, with a sentence where the kernel has no such key."""
    try:
        with open(_sysctl_path(key), "w") as file:
            file.write(value)
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, f"this kernel has no sysctl {key}") from None
