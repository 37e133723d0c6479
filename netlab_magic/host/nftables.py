"""Which nftables tables a namespace has, besides those that iptables-nft keeps its rules in: asked over netlink, without a process."""

import errno
import os
import socket
import struct
from collections.abc import Iterator

from netlab_magic.host.netlink import attributes

__all__ = ["native_tables"]

# linux/netfilter/nfnetlink.h, nf_tables.h and linux/netlink.h
_NETLINK_NETFILTER = 12
_NEWTABLE, _GETTABLE = 10 << 8, 10 << 8 | 1
_TABLE_NAME = 1
_REQUEST_DUMP = 0x1 | 0x300
_ERROR, _DONE = 2, 3
_NO_NFTABLES = {errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT}
"""What nfnetlink answers where the kernel has no nf_tables, and so nobody has such a table."""

_FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_KEPT_BY_IPTABLES = {
    *((family, table) for family in ("ip", "ip6") for table in ("filter", "nat", "mangle", "raw", "security")),
    ("arp", "filter"),
    *(("bridge", table) for table in ("filter", "nat", "broute")),
}  # fmt: skip


def native_tables() -> tuple[str, ...]:
    """The tables of this namespace that were made with nft, as `ip docker-bridges`. Raises OSError where netlink is refused.

    A table that nft made under one of the names that iptables-nft uses counts as iptables': both see its rules.
    """
    try:
        found = list(_tables())
    except OSError as error:
        if error.errno in _NO_NFTABLES:
            return ()
        raise
    return tuple(f"{family} {name}" for family, name in found if (family, name) not in _KEPT_BY_IPTABLES)


def _tables() -> Iterator[tuple[str, str]]:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER) as netlink:
        netlink.bind((0, 0))
        netlink.send(struct.pack("=IHHIIBBH", 20, _GETTABLE, _REQUEST_DUMP, 1, 0, 0, 0, 0))
        while True:
            for kind, payload in _messages(netlink.recv(1 << 16)):
                if kind == _DONE:
                    return
                if kind == _ERROR:
                    number = -struct.unpack_from("=i", payload)[0]
                    raise OSError(number, os.strerror(number))
                if kind == _NEWTABLE:
                    name = attributes(payload, 4)[_TABLE_NAME].rstrip(b"\0").decode(errors="replace")
                    yield _FAMILIES.get(payload[0], f"family {payload[0]}"), name


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        yield kind, data[at + 16 : at + length]
        at += (length + 3) & ~3
