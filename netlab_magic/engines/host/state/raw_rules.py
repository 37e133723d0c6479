"""The rules of the current namespace as the kernel itself holds them: bytes that are equal when a dump would be equal, counters included.

Asking for them takes a few system calls, where iptables-save takes a process.
"""

import ctypes
import os
import socket
import struct
from pathlib import Path

from netlab_magic.engines.host.netlink.nfnetlink import NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETTABLE, raw_dump
from netlab_magic.engines.host.process.isolation import libc

__all__ = ["legacy_tables", "raw_rules"]

_GET_INFO, _GET_ENTRIES = 64, 65
"""IPT_SO_GET_INFO and IPT_SO_GET_ENTRIES, which have the same numbers for ip6tables."""

_INFO = struct.Struct("=32s11I2I")
"""struct ipt_getinfo: the table's name, its hooks, and last the number of its entries and their size in bytes."""
_ENTRIES = struct.Struct("=32sI4x")
"""struct ipt_get_entries up to its entries. All from linux/netfilter_ipv4/ip_tables.h and linux/netfilter_ipv6/ip6_tables.h."""


def legacy_tables(six: bool = False) -> list[str]:
    """The legacy tables of one family that this namespace has. Asking the legacy programs for one that it has not would make it."""
    names = Path(f"/proc/self/net/ip{'6' if six else ''}_tables_names")
    return names.read_text().split() if names.exists() else []


def raw_rules(variant: str, six: bool = False) -> list[bytes]:
    """All that iptables-save of this variant would print, or ip6tables-save, as the kernel has it.

    Raises OSError where the kernel does not tell.
    """
    if variant == "legacy":
        return [entry for name in legacy_tables(six) for entry in (name.encode(), _entries(name, six))]
    return raw_dump(NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, family=socket.AF_INET6 if six else socket.AF_INET)


def _entries(table: str, six: bool) -> bytes:
    """The entries of a legacy table, as its programs read them."""
    family, level = (socket.AF_INET6, socket.IPPROTO_IPV6) if six else (socket.AF_INET, socket.SOL_IP)
    with socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
        info = _asked(asking, level, _GET_INFO, _INFO.pack(table.encode(), *[0] * 13))
        size = _INFO.unpack(info)[-1]
        return _asked(asking, level, _GET_ENTRIES, _ENTRIES.pack(table.encode(), size) + bytes(size))


def _asked(asking: socket.socket, level: int, option: int, question: bytes) -> bytes:
    """getsockopt(2) with a buffer that asks and is answered in; Python's own gives the kernel nothing."""
    buffer, length = ctypes.create_string_buffer(question, len(question)), ctypes.c_uint32(len(question))
    if libc.getsockopt(asking.fileno(), level, option, buffer, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw
