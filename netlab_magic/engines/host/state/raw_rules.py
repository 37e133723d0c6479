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

_IPT_SO_GET_INFO, _IPT_SO_GET_ENTRIES = 64, 65
_GETINFO = struct.Struct("=32s11I2I")
"""struct ipt_getinfo: the table's name, its hooks, and last the number of its entries and their size in bytes."""
_GET_ENTRIES = struct.Struct("=32sI4x")
"""struct ipt_get_entries up to its entries. All from linux/netfilter_ipv4/ip_tables.h."""


def legacy_tables(six: bool = False) -> list[str]:
    """The legacy tables of one family that this namespace has. Asking the legacy programs for one that it has not would make it."""
    names = Path(f"/proc/self/net/ip{'6' if six else ''}_tables_names")
    return names.read_text().split() if names.exists() else []


def raw_rules(variant: str) -> list[bytes]:
    """All that iptables-save of this variant would print, as the kernel has it. Raises OSError where the kernel does not tell."""
    if variant == "legacy":
        return [entry for name in legacy_tables() for entry in (name.encode(), _entries(name))]
    return [message for kind in (NFT_MSG_GETTABLE, NFT_MSG_GETCHAIN, NFT_MSG_GETRULE) for message in raw_dump(kind)]


def _entries(table: str) -> bytes:
    """The entries of a legacy table, as its programs read them."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as asking:
        info = _asked(asking, _IPT_SO_GET_INFO, _GETINFO.pack(table.encode(), *[0] * 13))
        size = _GETINFO.unpack(info)[-1]
        return _asked(asking, _IPT_SO_GET_ENTRIES, _GET_ENTRIES.pack(table.encode(), size) + bytes(size))


def _asked(asking: socket.socket, option: int, question: bytes) -> bytes:
    """getsockopt(2) with a buffer that asks and is answered in; Python's own gives the kernel nothing."""
    buffer, length = ctypes.create_string_buffer(question, len(question)), ctypes.c_uint32(len(question))
    if libc.getsockopt(asking.fileno(), socket.SOL_IP, option, buffer, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return buffer.raw
