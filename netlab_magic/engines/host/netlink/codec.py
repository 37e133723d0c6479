"""Netlink messages and attributes as bytes: struct nlmsghdr and struct nlattr of linux/netlink.h, each aligned to 4 bytes.

Everything keeps the name that it has in the kernel's headers. Numbers are in the machine's byte order (`u32`) or in the network's
(`be32`): rtnetlink uses the one, nfnetlink the other, and the kernel's comments write them as __u32 and __be32.
"""

import struct
from collections.abc import Iterator, Mapping
from typing import NamedTuple

__all__ = [
    "NLMSG_DONE",
    "NLMSG_ERROR",
    "NLM_F_ACK",
    "NLM_F_APPEND",
    "NLM_F_CREATE",
    "NLM_F_DUMP",
    "NLM_F_DUMP_INTR",
    "NLM_F_EXCL",
    "Attributes",
    "Message",
    "Received",
    "attribute",
    "attributes",
    "be32",
    "nested",
    "number",
    "received",
    "string",
    "text",
    "u32",
]

# linux/netlink.h
NLM_F_REQUEST, NLM_F_ACK, NLM_F_DUMP_INTR = 0x1, 0x4, 0x10
NLM_F_EXCL, NLM_F_DUMP, NLM_F_CREATE, NLM_F_APPEND = 0x200, 0x300, 0x400, 0x800
NLMSG_ERROR, NLMSG_DONE = 2, 3
_NLA_F_NESTED, _NLA_TYPE_MASK = 0x8000, 0x3FFF

_NLMSGHDR = struct.Struct("=IHHII")
"""nlmsg_len, nlmsg_type, nlmsg_flags, nlmsg_seq, nlmsg_pid."""

_NLATTR = struct.Struct("=HH")
"""nla_len, nla_type."""

Attributes = Mapping[int, bytes]
"""The attributes of a message by their types."""


class Message(NamedTuple):
    """A message to the kernel: its type (RTM_NEWLINK …), its flags, and the family's own header with the attributes behind it."""

    kind: int
    flags: int
    payload: bytes

    def packed(self, sequence: int) -> bytes:
        """The bytes to send; the kernel's answers carry the same sequence number."""
        return _NLMSGHDR.pack(_NLMSGHDR.size + len(self.payload), self.kind, self.flags | NLM_F_REQUEST, sequence, 0) + self.payload


class Received(NamedTuple):
    """A message from the kernel; `sequence` is that of the question, and 0 for what nobody has asked for."""

    kind: int
    flags: int
    sequence: int
    payload: bytes


def received(data: bytes) -> Iterator[Received]:
    """The messages in what one recv(2) gave."""
    at = 0
    while at + _NLMSGHDR.size <= len(data):
        length, kind, flags, sequence, _ = _NLMSGHDR.unpack_from(data, at)
        yield Received(kind, flags, sequence, data[at + _NLMSGHDR.size : at + length])
        at += (length + 3) & ~3


def attribute(kind: int, data: bytes) -> bytes:
    """An attribute."""
    return _NLATTR.pack(_NLATTR.size + len(data), kind) + data + bytes(-len(data) % 4)


def nested(kind: int, *held: bytes) -> bytes:
    """An attribute that holds attributes, and says so."""
    return attribute(kind | _NLA_F_NESTED, b"".join(held))


def attributes(data: bytes, at: int = 0) -> Attributes:
    """The attributes from byte `at` on."""
    found: dict[int, bytes] = {}
    head, end, read = _NLATTR.size, len(data) - _NLATTR.size, _NLATTR.unpack_from  # a lab of a hundred namespaces has 14,000 of them
    while at <= end:
        length, kind = read(data, at)
        if length < head:
            break
        found[kind & _NLA_TYPE_MASK] = data[at + head : at + length]
        at += (length + 3) & ~3
    return found


def u32(value: int) -> bytes:
    """A number of 32 bits in the machine's byte order."""
    return struct.pack("=I", value & 0xFFFFFFFF)


def be32(value: int) -> bytes:
    """A number of 32 bits in network order."""
    return struct.pack("!I", value & 0xFFFFFFFF)


def string(value: str) -> bytes:
    """A text and the byte 0 that ends it (NLA_NUL_STRING)."""
    return value.encode() + b"\0"


def number(data: bytes) -> int:
    """The number, with its sign, that 32 bits in the machine's byte order are; 0 where there are none."""
    return int(struct.unpack("=i", data)[0]) if data else 0


def text(data: bytes) -> str:
    """The text of an attribute, which may end in a byte 0."""
    return data.rstrip(b"\0").decode(errors="replace")
