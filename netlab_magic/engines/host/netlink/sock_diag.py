"""The sockets that listen in a namespace. TCP's are asked for over netlink: /proc/net/tcp walks through all connections of the machine."""

import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import ip_address

from netlab_magic.engines.host.netlink.codec import NLM_F_DUMP, Message
from netlab_magic.engines.host.netlink.kernel_modules import has_module
from netlab_magic.engines.host.netlink.netlink_socket import NetlinkSocket
from netlab_magic.model.topology import Server

__all__ = ["listeners"]

_NETLINK_SOCK_DIAG = 4
"""From linux/netlink.h."""

_SOCK_DIAG_BY_FAMILY = 20
"""From linux/sock_diag.h."""

_INET_DIAG_REQ_V2, _INET_DIAG_MSG = struct.Struct("=BBxxI48x"), struct.Struct("!4xH2x16s")
"""Family, protocol and states of the request, and of an answer the source's port and address; from linux/inet_diag.h."""

_TCP_LISTEN, _TCP_CLOSE = 10, 7
"""From net/tcp_states.h. A datagram socket that is not connected is closed, in TCP's words."""

Socket = tuple[str, int]


def listeners(namespace: str) -> Iterator[Server]:
    """Those of the namespace that this process is in, as servers of the kind "other"; one that listens on all addresses has none."""
    tcp = dict.fromkeys(_asked() if has_module("tcp_diag") else (*_read("tcp", _TCP_LISTEN), *_read("tcp6", _TCP_LISTEN)))
    udp = dict.fromkeys((*_read("udp", _TCP_CLOSE), *_read("udp6", _TCP_CLOSE)))
    for protocol, found in (("tcp", tcp), ("udp", udp)):
        yield from (Server(namespace, port, protocol, "other", address) for address, port in found)


def _asked() -> Iterator[Socket]:
    """TCP's listening sockets. Raises OSError."""
    with NetlinkSocket(_NETLINK_SOCK_DIAG) as asking:
        for family, width in ((socket.AF_INET, 4), (socket.AF_INET6, 16)):
            request = _INET_DIAG_REQ_V2.pack(family, socket.IPPROTO_TCP, 1 << _TCP_LISTEN)
            for answer in asking.ask(Message(_SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, request)):
                port, address = _INET_DIAG_MSG.unpack_from(answer)
                yield _address(address[:width]), port


def _read(name: str, state: int) -> Iterator[Socket]:
    """The sockets in a state, from /proc/net."""
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
