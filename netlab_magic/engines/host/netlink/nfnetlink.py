"""nfnetlink, the kernel's netlink family for netfilter: messages built by hand, and one plain socket in the current namespace."""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

__all__ = ["ACK", "CREATE", "DUMP", "EXCLUSIVE", "NFTABLES", "Message", "NetfilterSocket", "attribute", "dump", "nested", "number", "text"]

# linux/netlink.h and linux/netfilter/nfnetlink.h
REQUEST, ACK, DUMP, CREATE, EXCLUSIVE, APPEND = 0x1, 0x4, 0x300, 0x400, 0x200, 0x800
NFTABLES = 10
"""The subsystem of nf_tables: the high byte of its message types."""

_NETLINK_NETFILTER = 12
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_HEADER, _FAMILY = struct.Struct("=IHHII"), struct.Struct("!BBH")
_ERROR, _DONE = 2, 3
_SOL_NETLINK, _ADD_MEMBERSHIP = 270, 1
_NESTED = 0x8000
_AT_ONCE = 1 << 16


def attribute(kind: int, data: bytes) -> bytes:
    """A netlink attribute."""
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def nested(kind: int, *parts: bytes) -> bytes:
    """An attribute that holds others."""
    return attribute(kind | _NESTED, b"".join(parts))


def number(value: int) -> bytes:
    """A number of 32 bits as nfnetlink wants it, in network order."""
    return struct.pack("!I", value & 0xFFFFFFFF)


def text(value: str) -> bytes:
    """A text with its end."""
    return value.encode() + b"\0"


class Message(NamedTuple):
    """A message without its numbers: its type (subsystem and kind), flags, family, resource (a group or subsystem) and attributes."""

    kind: int
    flags: int
    family: int
    body: bytes = b""
    resource: int = 0

    def packed(self, sequence: int) -> bytes:
        """The bytes to send."""
        body = _FAMILY.pack(self.family, 0, self.resource) + self.body
        return _HEADER.pack(_HEADER.size + len(body), self.kind, self.flags | REQUEST, sequence, 0) + body


class NetfilterSocket:
    """A socket in the namespace in which it is made; a context manager."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
        self._socket.bind((0, 0))
        self._sequence = 0
        self._others: list[tuple[int, bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket; a table that it owns goes with it."""
        self._socket.close()

    def enlarge(self, size: int) -> None:
        """Asks for room for so many bytes of reports; the kernel gives what net.core.rmem_max allows."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def join(self, group: int) -> None:
        """Takes part in a multicast group."""
        self._socket.setsockopt(_SOL_NETLINK, _ADD_MEMBERSHIP, group)

    def change(self, messages: Sequence[Message]) -> None:
        """Makes all changes, or none. Raises the kernel's OSError."""
        first, last = Message(_BATCH_BEGIN, 0, 0, resource=NFTABLES), messages[-1]
        acknowledged = last._replace(flags=last.flags | ACK)
        batch = [first, *messages[:-1], acknowledged, first._replace(kind=_BATCH_END)]
        start = self._sequence + 1
        self._sequence += len(batch)
        self._socket.send(b"".join(message.packed(start + at) for at, message in enumerate(batch)))
        self._acknowledged(self._sequence - 1)

    def configure(self, message: Message) -> None:
        """One change that needs no batch. Raises the kernel's OSError."""
        self._sequence += 1
        self._socket.send(message._replace(flags=message.flags | ACK).packed(self._sequence))
        self._acknowledged(self._sequence)

    def _acknowledged(self, sequence: int) -> None:
        """Reads up to the answer to message number `sequence`, or to the first refusal; keeps reports that come between."""
        while True:
            for kind, answered, payload in _messages(self._socket.recv(_AT_ONCE)):
                if kind != _ERROR:
                    self._others.append((kind, payload))
                    continue
                refusal = -struct.unpack_from("=i", payload)[0]
                if refusal:
                    raise OSError(refusal, os.strerror(refusal))
                if answered == sequence:
                    return

    def dump(self, message: Message) -> Iterator[tuple[int, bytes]]:
        """Every part of what the kernel has of something: message type, and the payload with its attributes from byte 4 on."""
        self._socket.send(message._replace(flags=message.flags | DUMP).packed(0))
        while True:
            for kind, _, payload in _messages(self._socket.recv(_AT_ONCE)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    refusal = -struct.unpack_from("=i", payload)[0]
                    raise OSError(refusal, os.strerror(refusal))
                yield kind, payload

    def reports(self) -> Iterator[tuple[int, bytes]]:
        """What has come in unasked: message type and payload. Raises OSError (ENOBUFS) where the kernel had to leave something out."""
        while self._others:
            yield self._others.pop(0)
        while True:
            try:
                data = self._socket.recv(_AT_ONCE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            for kind, _, payload in _messages(data):
                yield kind, payload


def dump(message: Message) -> list[tuple[int, bytes]]:
    """As NetfilterSocket.dump, with a socket for this one question; nothing where the kernel does not know the subsystem."""
    with NetfilterSocket() as netfilter:
        try:
            return list(netfilter.dump(message))
        except OSError as error:
            if error.errno in _NO_SUBSYSTEM:
                return []
            raise


_NO_SUBSYSTEM = {errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT}
"""What nfnetlink answers where the kernel has no nf_tables, and so nobody has such a table."""


def _messages(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, _, sequence, _ = _HEADER.unpack_from(data, at)
        yield kind, sequence, data[at + _HEADER.size : at + length]
        at += (length + 3) & ~3
