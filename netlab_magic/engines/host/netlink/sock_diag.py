"""The sockets that listen in a namespace. TCP's are asked for over netlink: /proc/net/tcp walks through all connections of the machine."""

import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import ip_address

from netlab_magic.model.topology import Server

__all__ = ["listeners"]

# linux/sock_diag.h, linux/inet_diag.h, net/tcp_states.h
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_HEADER, _REQUEST = struct.Struct("=IHHII"), struct.Struct("=BBBBI48x")
_FLAGS = 0x301
_ERROR, _DONE = 2, 3
_LISTEN, _CLOSE = 10, 7
_SOURCE_PORT, _SOURCE = 4, 8

Socket = tuple[str, int]


def listeners(namespace: str) -> Iterator[Server]:
    """Those of the namespace that this process is in, as servers of the kind "other"; one that listens on all addresses has none."""
    try:
        tcp = dict.fromkeys((*_asked(socket.AF_INET), *_asked(socket.AF_INET6)))
    except OSError:  # a kernel without the module tcp_diag
        tcp = dict.fromkeys((*_read("tcp", _LISTEN), *_read("tcp6", _LISTEN)))
    udp = dict.fromkeys((*_read("udp", _CLOSE), *_read("udp6", _CLOSE)))
    for protocol, found in (("tcp", tcp), ("udp", udp)):
        yield from (Server(namespace, port, protocol, "other", address) for address, port in found)


def _asked(family: int) -> Iterator[Socket]:
    """TCP's listening sockets of a family. Raises OSError."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG) as asking:
        body = _REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, 1 << _LISTEN)
        asking.send(_HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _FLAGS, 1, 0) + body)
        while True:
            data = asking.recv(1 << 16)
            while data:
                length, kind, *_ = _HEADER.unpack_from(data)
                message, data = data[_HEADER.size : length], data[(length + 3) & ~3 :]
                if kind in (_ERROR, _DONE):
                    refusal = -struct.unpack_from("=i", message)[0] if len(message) >= 4 else 0
                    if refusal > 0:
                        raise OSError(refusal, "the kernel tells of no sockets")
                    return
                width = 4 if family == socket.AF_INET else 16
                port = struct.unpack_from("!H", message, _SOURCE_PORT)[0]
                yield _address(message[_SOURCE : _SOURCE + width]), port


def _read(name: str, state: int) -> Iterator[Socket]:
    """The sockets in a state, from /proc/net; a datagram socket that is not connected is closed, in TCP's words."""
    with open(f"/proc/self/net/{name}") as file:
        next(file)
        for line in file:
            row = line.split()
            if int(row[3], 16) == state:
                address, _, port = row[1].partition(":")
                # 32-bit words in the byte order of the machine
                words = (int(address[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(address), 8))
                yield _address(b"".join(words)), int(port, 16)


def _address(raw: bytes) -> str:
    return str(ip_address(raw)) if any(raw) else ""
