"""The floor: how fast can this kernel put N namespaces on one bridge? `python floor.py N` prints the seconds.

Nothing but system calls: messages packed by hand; all messages of a namespace in one send; interface indices chosen instead of
looked up; the host ends attached last, in bulk. It makes its namespaces inside the one it is started in, which is meant to be a
fresh one (see isolated.py).
"""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence

from scripts import ONE_BRIDGE_GATEWAY, address

__all__: list[str] = []

_NEWNET = 0x40000000
_REQUEST, _ACK, _NEW = 0x1, 0x4, 0x600
_NEWLINK, _NEWADDR, _NEWROUTE = 16, 20, 24
_IFNAME, _MASTER, _LINKINFO, _NET_NS_FD = 3, 10, 18, 28
_KIND, _DATA, _VETH_PEER = 1, 2, 1
_HEADER = struct.Struct("=IHHII")
_FIRST_HOST_END = 1000
_BULK = 25

_libc = ctypes.CDLL(None, use_errno=True)


def _attribute(kind: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return struct.pack("=HH", 4 + len(content), kind) + content + bytes(-len(content) % 4)


def _name(kind: int, name: str) -> bytes:
    return _attribute(kind, name.encode() + b"\0")


def _message(kind: int, flags: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return _HEADER.pack(_HEADER.size + len(body), kind, flags | _REQUEST | _ACK, 1, 0) + body


def _device(index: int, up: bool = False) -> bytes:
    return struct.pack("=BxHiII", 0, 0, index, up, up)


def _address(index: int, address: bytes) -> bytes:
    head = struct.pack("=BBBBi", socket.AF_INET, 16, 0, 0, index)
    return _message(_NEWADDR, _NEW, head, _attribute(2, address), _attribute(1, address))


def _inside(number: int, host: int, gateway: bytes) -> bytes:
    """All messages of one namespace: loopback, the veth pair whose far end is born in the host, address, default route."""
    peer = [_device(_FIRST_HOST_END + number), _name(_IFNAME, f"veth{number}"), _attribute(_NET_NS_FD, struct.pack("=I", host))]
    pair = _attribute(_LINKINFO, _name(_KIND, "veth"), _attribute(_DATA, _attribute(_VETH_PEER, *peer)))
    route = struct.pack("=BBBBBBBBI", socket.AF_INET, 0, 0, 0, 254, 3, 0, 1, 0)
    return b"".join(
        [
            _message(_NEWLINK, 0, _device(1, up=True)),
            _message(_NEWLINK, _NEW, _device(2, up=True), _name(_IFNAME, "eth0"), pair),
            _address(2, socket.inet_aton(address(number))),
            _message(_NEWROUTE, _NEW, route, _attribute(5, gateway), _attribute(4, struct.pack("=I", 2))),
        ]
    )


def _send(sock: socket.socket, messages: bytes, count: int) -> None:
    sock.send(messages)
    while count > 0:
        data = sock.recv(1 << 16)
        for at in _starts(data):
            error = struct.unpack_from("=i", data, at + _HEADER.size)[0]
            if error:
                raise OSError(-error, os.strerror(-error))
            count -= 1


def _starts(data: bytes) -> Iterator[int]:
    at = 0
    while at < len(data):
        yield at
        at += (struct.unpack_from("=I", data, at)[0] + 3) & ~3


def _attach(sock: socket.socket, ends: Sequence[int], bridge: int) -> None:
    master = _attribute(_MASTER, struct.pack("=I", bridge))
    for at in range(0, len(ends), _BULK):
        some = ends[at : at + _BULK]
        _send(sock, b"".join(_message(_NEWLINK, 0, _device(end, up=True), master) for end in some), len(some))


def _checked(result: int) -> None:
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _rtnetlink() -> socket.socket:
    return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)


def _main(count: int) -> None:
    gateway = socket.inet_aton(ONE_BRIDGE_GATEWAY)
    started = time.perf_counter()
    host = os.open("/proc/self/ns/net", os.O_RDONLY)
    with _rtnetlink() as outside:
        bridge = _attribute(_LINKINFO, _name(_KIND, "bridge"))
        _send(outside, _message(_NEWLINK, _NEW, _device(0, up=True), _name(_IFNAME, "docker1"), bridge), 1)
        index = socket.if_nametoindex("docker1")
        _send(outside, _address(index, gateway), 1)
        kept: list[int] = []
        for number in range(count):
            _checked(_libc.unshare(_NEWNET))
            kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))
            with _rtnetlink() as sock:
                _send(sock, _inside(number, host, gateway), 4)
        _checked(_libc.setns(host, _NEWNET))
        _attach(outside, [_FIRST_HOST_END + number for number in range(count)], index)
    seconds = time.perf_counter() - started
    _check_last(count)
    print(seconds)


def _check_last(count: int) -> None:
    """The namespaces end with this process, so that nobody else can see whether they work."""
    if subprocess.run(["ping", "-q", "-c", "1", "-W", "2", address(count - 1)], stdout=subprocess.DEVNULL, check=False).returncode:
        sys.exit(f"{address(count - 1)} does not answer")


if __name__ == "__main__":
    _main(int(sys.argv[1]))
