"""Reads back what the kernel has: namespaces, devices, addresses, routes and sysctls, as a `Topology`."""

import os
import re
import socket
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from ipaddress import ip_address
from typing import Self

import msgspec

from netlab_magic.engines.host.netlink.rtnetlink import BRIDGE_PORT_MODE, Netlink, attributes
from netlab_magic.engines.host.process.isolation import NEWNET, setns
from netlab_magic.model.topology import HOST, ROUTE_KINDS, End, Interface, Namespace, Route, Server, Topology

__all__ = ["Namespaces", "observe", "read_sysctl", "settling", "sysctl_path"]

NAMED = "/run/netns"
"""Where `ip netns` keeps named namespaces (ip-netns(8))."""

_LINK, _ADDRESS, _ROUTE = struct.Struct("=16xBxHiII"), struct.Struct("=16xBBBBI"), struct.Struct("=16xBBBBBBBBI")
_IFLA_ADDRESS, _IFLA_IFNAME, _IFLA_MTU, _IFLA_LINK, _IFLA_MASTER, _IFLA_OPERSTATE = 1, 3, 4, 5, 10, 16
_IFLA_LINKINFO, _IFLA_CARRIER, _IFLA_NETNSID = 18, 33, 37
_INFO_KIND, _INFO_SLAVE_DATA, _BRIDGE_PORT_ISOLATED = 1, 5, 33
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_RTA_DST, _RTA_OIF, _RTA_GATEWAY, _RTA_PREFSRC = 1, 4, 5, 7
_ROUTE_KINDS = {number: kind for kind, number in ROUTE_KINDS.items()}
_UP, _LOOPBACK_TYPE, _OPERATING = 1, 772, 6
_LINK_SCOPE, _BY_KERNEL, _BY_ADVERTISEMENT = 253, 2, 9


class Namespaces:
    """Open descriptors of the host's own and all named namespaces, for the length of one request; a context manager.

    They are not kept longer: an open descriptor would keep alive what a raw `ip netns delete` means to end.
    """

    def __init__(self) -> None:
        self._stack = ExitStack()
        self.home = self._open("/proc/self/ns/net")
        self.descriptors = {HOST: self.home}
        self._sockets: dict[str, Netlink] = {}

    def __enter__(self) -> Self:
        for name in sorted(os.listdir(NAMED), key=_as_people_count) if os.path.isdir(NAMED) else ():
            if name != HOST:
                self.add(name)
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

    def add(self, name: str) -> None:
        """Opens a named namespace. What is none, such as a file left over by a failed `ip netns` or a broken link, is passed over."""
        try:
            descriptor = self._open(f"{NAMED}/{name}")
            setns(descriptor, NEWNET)
        except OSError:
            return
        setns(self.home, NEWNET)
        self.descriptors[name] = descriptor

    def add_current(self, name: str) -> None:
        """Takes the namespace in which this process is now under `name`, with its netlink socket."""
        self.descriptors[name] = self._open("/proc/self/ns/net")
        self._sockets[name] = Netlink()
        self._stack.callback(self._sockets[name].close)

    def forget(self, name: str) -> None:
        """Closes the socket of a namespace that is about to go."""
        self.descriptors.pop(name, None)
        if name in self._sockets:
            self._sockets.pop(name).close()

    def netlink(self, name: str) -> Netlink:
        """A netlink socket in a namespace. Raises FileNotFoundError for one that does not exist."""
        if name not in self._sockets:
            if name not in self.descriptors:
                raise FileNotFoundError(2, f"there is no namespace {name}")
            self._sockets[name] = Netlink(self.descriptors[name], self.home)
            self._stack.callback(self._sockets[name].close)
        return self._sockets[name]

    def inside(self, name: str) -> "Inside":
        """A context in which this process is in the namespace."""
        return Inside(self.descriptors[name], self.home)


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
        with namespaces.inside(name):
            values = {key: value for key in sysctls.get(name, ()) if (value := read_sysctl(key)) is not None}
        netlink = namespaces.netlink(name)
        found[name] = Namespace(name, interfaces, routes, values, has_rules=netlink.has_rules(), fixed=netlink.fixed_neighbours())
    return Topology(found, tuple(servers))


def _devices(netlink: Netlink) -> dict[int, _Device]:
    addresses: dict[int, list[str]] = {}
    for message in netlink.addresses():
        _, prefix, _, scope, index = _ADDRESS.unpack_from(message)
        held = attributes(message, _ADDRESS.size)
        raw = held.get(_IFA_LOCAL) or held.get(_IFA_ADDRESS, b"")
        address = str(ip_address(raw))
        if address != "::1" and not (":" in address and scope == _LINK_SCOPE):
            addresses.setdefault(index, []).append(f"{address}/{prefix}")
    dumped: list[tuple[int, int, int, dict[int, bytes]]] = []
    for message in netlink.links():
        _, kind, index, flags, _ = _LINK.unpack_from(message)
        dumped.append((index, kind, flags, attributes(message, _LINK.size)))
    names = {index: _text(held[_IFLA_IFNAME]) for index, _, _, held in dumped}
    return {index: _device(index, kind, flags, held, names, addresses.get(index, [])) for index, kind, flags, held in dumped}


def _device(
    index: int, kind: int, flags: int, held: Mapping[int, bytes], names: Mapping[int, str], addresses: list[str]
) -> _Device:
    info = attributes(held.get(_IFLA_LINKINFO, b""))
    port = attributes(info.get(_INFO_SLAVE_DATA, b""))
    interface = Interface(
        names[index],
        "loopback" if kind == _LOOPBACK_TYPE else _text(info.get(_INFO_KIND, b"")),
        tuple(addresses),
        bool(flags & _UP),
        names.get(_number(held, _IFLA_MASTER)),
        carrier=bool(held.get(_IFLA_CARRIER, b"\1")[0]),
        hairpin=port.get(BRIDGE_PORT_MODE, b"\0")[0] == 1,
        isolated=port.get(_BRIDGE_PORT_ISOLATED, b"\0")[0] == 1,
        mac=held.get(_IFLA_ADDRESS, b"").hex(":"),
        mtu=_number(held, _IFLA_MTU),
        index=index,
    )
    return _Device(interface, _number(held, _IFLA_LINK), _number(held, _IFLA_NETNSID, -1))


def _text(raw: bytes) -> str:
    return raw.rstrip(b"\0").decode(errors="replace")


def _number(held: Mapping[int, bytes], kind: int, default: int = 0) -> int:
    return int.from_bytes(held[kind], "little" if struct.pack("=H", 1)[0] else "big", signed=True) if kind in held else default


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


def _routes(netlink: Netlink, names: Mapping[int, str]) -> Iterator[Route]:
    for family, width in ((socket.AF_INET, 4), (socket.AF_INET6, 16)):
        for message in netlink.routes(family):
            _, prefix, _, _, _, protocol, _, kind, _ = _ROUTE.unpack_from(message)
            if kind not in _ROUTE_KINDS or protocol in (_BY_KERNEL, _BY_ADVERTISEMENT):
                continue
            held = attributes(message, _ROUTE.size)
            destination = ip_address(held.get(_RTA_DST, bytes(width)))
            via = str(ip_address(held[_RTA_GATEWAY])) if _RTA_GATEWAY in held else None
            text = f"{destination}/{prefix}" if prefix else "default"
            source = str(ip_address(held[_RTA_PREFSRC])) if _RTA_PREFSRC in held else None
            device = names.get(_number(held, _RTA_OIF)) if kind == ROUTE_KINDS["unicast"] else None
            yield Route(text, via, device, source, _ROUTE_KINDS[kind])


def settling(netlink: Netlink) -> bool:
    """Whether a veth that is up and plugged in does not send yet: the kernel gives it its queue later (net/core/link_watch.c)."""
    for message in netlink.links():
        _, _, _, flags, _ = _LINK.unpack_from(message)
        held = attributes(message, _LINK.size)
        state, plugged = held.get(_IFLA_OPERSTATE, b"\6")[0], held.get(_IFLA_CARRIER, b"\0")[0]
        if flags & _UP and plugged and state != _OPERATING and _IFLA_LINK in held:
            return True
    return False


def sysctl_path(key: str) -> str:
    """The file of a sysctl. A dot in a device's name is written as a slash (sysctl(8))."""
    return "/proc/sys/" + key.translate(str.maketrans("./", "/."))


def read_sysctl(key: str) -> str | None:
    """The value of a sysctl in the current namespace, or None where the kernel has no such key."""
    try:
        with open(sysctl_path(key)) as file:
            return file.read().strip().replace("\t", " ")
    except OSError:
        return None
