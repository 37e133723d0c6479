"""What the kernel itself reports of the packets in the host: every rule that matched, in order, while a reporter is open.

An nftables table that belongs to a netlink socket sets the trace bit of every packet, whichever variant of iptables is in use
(nft_meta_set_eval, NFT_META_NFTRACE). Then legacy logs each rule that matches (trace_packet in ip_tables.c), and nft tells it with an event
(nft_trace_notify in nf_tables_trace.c).
"""

import os
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["LegacyReporter", "NftReporter", "Place"]

Place = tuple[str, str, int]
"""Table, chain and number of a rule; 0 for the end of the chain."""

_NETFILTER = 12  # linux/netlink.h
_NFT, _LOG = 10 << 8, 4 << 8  # linux/netfilter/nfnetlink.h: NFNL_SUBSYS_NFTABLES and _ULOG
_ADD_MEMBERSHIP, _NO_ENOBUFS, _TRACE_GROUP = 1, 5, 9  # linux/netlink.h; NFNLGRP_NFTRACE
_NETLINK_LEVEL = 270
_RECEIVE_BUFFER = 4 << 20
_POLICY = 1  # NFT_TRACETYPE_POLICY
_BASE = frozenset(("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"))


def _attribute(kind: int, data: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(data), kind) + data + b"\0" * (-len(data) % 4)


def _nested(kind: int, *inner: bytes) -> bytes:
    return _attribute(kind | 0x8000, b"".join(inner))


def _text(kind: int, text: str) -> bytes:
    return _attribute(kind, text.encode() + b"\0")


def _number(kind: int, number: int) -> bytes:
    return _attribute(kind, struct.pack("!I", number))


def _message(kind: int, flags: int, family: int, body: bytes, resource: int = 0) -> bytes:
    head = struct.pack("=BBH", family, 0, socket.htons(resource))
    return struct.pack("=IHHII", 16 + len(head) + len(body), kind, flags | 1, 1, 0) + head + body


def _attributes(data: bytes) -> dict[int, bytes]:
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 16 <= len(data):
        length, kind = struct.unpack_from("=IH", data, at)
        yield kind, data[at + 16 : at + length]
        at += (length + 3) & ~3


def _opened() -> socket.socket:
    made = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER)
    made.bind((0, 0))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    return made


def _asked(sender: socket.socket, data: bytes) -> None:
    """Sends a request and reads its acknowledgement. Raises OSError when it is refused."""
    sender.send(data)
    for kind, body in _messages(sender.recv(65536)):
        error = struct.unpack_from("=i", body)[0] if kind == 2 else 0
        if error:
            raise OSError(-error, os.strerror(-error))


def _expression(name: str, *data: bytes) -> bytes:
    return _nested(1, _text(1, name), _nested(2, *data))


def _tracing(family: int) -> socket.socket:
    """The socket whose table sets the trace bit of whatever comes in or is sent; the table ends with it (NFT_TABLE_F_OWNER)."""
    owner, table = _opened(), "agreement-trace"
    batch = struct.pack("=BBH", 0, 0, socket.htons(10))
    out = struct.pack("=IHHII", 20, 0x10, 1, 0, 0) + batch
    out += _message(_NFT, 0x400, family, _text(1, table) + _number(2, 2))
    for name, hook in (("prerouting", 0), ("output", 3)):
        place = _nested(4, _number(1, hook), _attribute(2, struct.pack("!i", -500)))
        out += _message(_NFT | 3, 0x400, family, _text(1, table) + _text(3, name) + place + _text(7, "filter"))
        one = _expression("immediate", _number(1, 1), _nested(2, _attribute(1, b"\1")))
        trace = _expression("meta", _number(2, 12), _number(3, 1))  # NFT_META_NFTRACE from a register
        out += _message(_NFT | 6, 0xC00 | (4 if name == "output" else 0), family, _text(1, table) + _text(2, name) + _nested(4, one, trace))
    out += struct.pack("=IHHII", 20, 0x11, 1, 0, 0) + batch
    _asked(owner, out)
    return owner


class _Reporter:
    """Reads one socket; `places` gives what came since the last time, oldest first."""

    def __init__(self, family: int) -> None:
        self.family = family
        self.owner = _tracing(family)
        self.socket = _opened()

    def received(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                data = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            yield from _messages(data)


class LegacyReporter(_Reporter):
    """Reads `TRACE: table:chain:rule:number` out of the log; `length` says how many rules a chain has."""

    def __init__(self, family: int = socket.AF_INET) -> None:
        super().__init__(family)
        Path(f"/proc/sys/net/netfilter/nf_log/{family}").write_text("nfnetlink_log")
        for data in (_attribute(1, b"\1"), _attribute(2, struct.pack("!IBx", 0xFFFF, 2)), _number(5, 1)):  # bind group 0, copy, one by one
            _asked(self.socket, _message(_LOG | 1, 4, family, data))

    def learn(self, lengths: Callable[[str, str], int]) -> None:
        self.length = lengths

    def places(self) -> list[Place]:
        found = []
        for _, body in self.received():
            words = _attributes(body[4:]).get(10, b"").decode().split()
            if words[:1] == ["TRACE:"]:
                table, chain, _, number = words[1].rsplit(":", 3)
                found.append((table, chain, int(number) if int(number) <= self.length(table, chain) else 0))
        return found


class NftReporter(_Reporter):
    """Reads trace events; rules have handles there, which are asked for whenever the ruleset is another one."""

    def __init__(self, family: int = socket.AF_INET) -> None:
        super().__init__(family)
        self.socket.setsockopt(_NETLINK_LEVEL, _ADD_MEMBERSHIP, _TRACE_GROUP)
        self.dumper = _opened()
        self.numbers: dict[tuple[str, str, int], int] = {}

    def learn(self, _: Callable[[str, str], int]) -> None:
        self.numbers, counted = {}, {}
        self.dumper.send(_message(_NFT | 7, 0x300, self.family, b""))
        done = False
        while not done:
            for kind, body in _messages(self.dumper.recv(1 << 18)):
                if kind == 3:
                    done = True
                    continue
                told = _attributes(body[4:])
                chain = (told[1][:-1].decode(), told[2][:-1].decode())
                counted[chain] = counted.get(chain, 0) + 1
                self.numbers[*chain, struct.unpack("!Q", told[3])[0]] = counted[chain]

    def places(self) -> list[Place]:
        found = []
        for kind, body in self.received():
            if kind != _NFT | 17:
                continue
            told = _attributes(body[4:])
            table, chain = told[1][:-1].decode(), told[2][:-1].decode()
            if table == "agreement-trace":
                continue
            sort = struct.unpack("!I", told[4])[0]
            if 3 in told:
                found.append((table, chain, self.numbers.get((table, chain, struct.unpack("!Q", told[3])[0]), -1)))
            elif sort == _POLICY or chain not in _BASE:  # the end of a base chain is told twice, the second time as its policy
                found.append((table, chain, 0))
        return found
