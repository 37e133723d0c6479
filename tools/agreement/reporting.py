"""What the kernel itself reports of the packets in the host: every rule that matched, in order, while a reporter is open.

An nftables table that belongs to a netlink socket sets the trace bit of every packet, whoever has rules (nft_meta_set_eval,
NFT_META_NFTRACE), but those of multicast listeners and neighbour discovery. Then legacy logs each rule that matches (trace_packet in
ip_tables.c), and nft tells it with an event (nft_trace_notify in nf_tables_trace.c); one socket hears both in their order.
"""

import os
import socket
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

from agreement.world import DEVICES
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Place", "Reporter"]

Place = tuple[str, str, int]
"""Table, chain and number of a rule; 0 for the end of the chain. A table of nft's own is called as nft names it: `inet fw`."""

_NETFILTER = 12  # linux/netlink.h
_NFT, _LOG = 10 << 8, 4 << 8  # linux/netfilter/nfnetlink.h: NFNL_SUBSYS_NFTABLES and _ULOG
_ADD_MEMBERSHIP, _NO_ENOBUFS, _TRACE_GROUP = 1, 5, 9  # linux/netlink.h; NFNLGRP_NFTRACE
_NETLINK_LEVEL = 270
_RECEIVE_BUFFER = 4 << 20
_POLICY = 1  # NFT_TRACETYPE_POLICY
_BASE = frozenset(("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"))
_OWN_TABLE = "agreement-trace"
_IPTABLES = frozenset(BUILT_IN)
_FAMILIES = {1: "inet", 2: "ip", 5: "netdev", 7: "bridge", 10: "ip6"}
_NETDEV, _INGRESS = 5, 0  # NFPROTO_NETDEV, NF_NETDEV_INGRESS
_PROTOCOLS = {2: 0x0800, 10: 0x86DD}  # linux/if_ether.h
_FIRST_UNTRACED, _LAST_UNTRACED = 130, 143  # ICMPv6: multicast listeners, and neighbour discovery between them (RFC 2710, 4861, 3810)
_REDIRECT = 137  # the model sends none, and IPv6 has no setting that forbids them


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


def _compared(operator: int, value: int) -> bytes:
    return _expression("cmp", _number(1, 1), _number(2, operator), _nested(3, _attribute(1, bytes((value,)))))


def _traced() -> tuple[bytes, ...]:
    """The expressions of three rules: one drops redirects, one lets pass what keeps links going, one sets everything else's trace bit."""
    protocol = _expression("meta", _number(2, 16), _number(1, 1))  # NFT_META_L4PROTO
    kind = _expression("payload", _number(1, 1), _number(2, 2), _number(3, 0), _number(4, 1))  # the first byte of the transport header
    drop, accept = (_expression("immediate", _number(1, 0), _nested(2, _nested(2, _number(1, verdict)))) for verdict in (0, 1))
    one = _expression("immediate", _number(1, 1), _nested(2, _attribute(1, b"\1")))
    trace = _expression("meta", _number(2, 12), _number(3, 1))  # NFT_META_NFTRACE from a register
    icmp = protocol + _compared(0, socket.IPPROTO_ICMPV6) + kind
    passed = icmp + _compared(5, _FIRST_UNTRACED) + _compared(3, _LAST_UNTRACED) + accept
    return icmp + _compared(0, _REDIRECT) + drop, passed, one + trace


def _tracing(family: int) -> socket.socket:
    """The socket whose table sets the trace bit of whatever comes in or is sent; the table ends with it (NFT_TABLE_F_OWNER)."""
    places = [(name, _number(1, hook)) for name, hook in (("prerouting", 0), ("output", 3))]
    return _owned(family, [(name, place, _traced()) for name, place in places])


def _tracing_frames(family: int, devices: Sequence[str]) -> socket.socket:
    """The same for the frames that come in through devices, which chains of bridges and devices see before."""
    kind = _expression("meta", _number(2, 1), _number(1, 1))  # NFT_META_PROTOCOL
    wanted = _expression(
        "cmp", _number(1, 1), _number(2, 0), _nested(3, _attribute(1, struct.pack("!H", _PROTOCOLS[family])))
    )
    rules = tuple(kind + wanted + rule for rule in _traced())
    return _owned(_NETDEV, [(device, _number(1, _INGRESS) + _text(3, device), rules) for device in devices])


def _owned(family: int, chains: Sequence[tuple[str, bytes, tuple[bytes, ...]]]) -> socket.socket:
    """A socket with a table of its own, which has these chains: the name, the hook, and the rules of each."""
    owner, table = _opened(), _text(1, _OWN_TABLE)
    batch = struct.pack("=BBH", 0, 0, socket.htons(10))
    out = struct.pack("=IHHII", 20, 0x10, 1, 0, 0) + batch
    out += _message(_NFT, 0x400, family, table + _number(2, 2))
    for name, hook, rules in chains:
        place = _nested(4, hook, _attribute(2, struct.pack("!i", -500)))
        out += _message(_NFT | 3, 0x400, family, table + _text(3, name) + place + _text(7, "filter"))
        for rule in rules:
            last = name == chains[-1][0] and rule == rules[-1]
            out += _message(_NFT | 6, 0xC00 | (4 if last else 0), family, table + _text(2, name) + _nested(4, rule))
    out += struct.pack("=IHHII", 20, 0x11, 1, 0, 0) + batch
    _asked(owner, out)
    return owner


class Reporter:
    """Hears of the packets of one family; `places` gives what came since the last time, oldest first.

    Rules of nft have handles there, which are asked for whenever the rules are others.
    """

    def __init__(self, *, six: bool) -> None:
        family = socket.AF_INET6 if six else socket.AF_INET
        self.owner, self.frames = _tracing(family), _tracing_frames(family, DEVICES)
        self.socket = _opened()
        self.socket.setsockopt(_NETLINK_LEVEL, _ADD_MEMBERSHIP, _TRACE_GROUP)
        Path(f"/proc/sys/net/netfilter/nf_log/{family}").write_text("nfnetlink_log")
        for data in (_attribute(1, b"\1"), _attribute(2, struct.pack("!IBx", 0xFFFF, 2)), _number(5, 1)):  # bind group 0, copy, one by one
            _asked(self.socket, _message(_LOG | 1, 4, family, data))
        self.dumper = _opened()
        self.numbers: dict[tuple[str, str, int], int] = {}
        self.lengths: dict[tuple[str, str], int] = {}
        self.bases: set[tuple[str, str]] = set()

    def learn(self, ruleset: Ruleset, native: NftRuleset) -> None:
        """What the places of the rules that are loaded now are."""
        self.lengths = {(table.name, chain.name): len(chain.rules) for table in ruleset.tables for chain in table.chains}
        self.bases = {(table.title, chain.name) for table in native.tables for chain in table.chains if chain.hook}
        self.numbers, counted = {}, dict[tuple[str, str], int]()
        self.dumper.send(_message(_NFT | 7, 0x300, 0, b""))
        done = False
        while not done:
            for kind, body in _messages(self.dumper.recv(1 << 18)):
                if kind == 3:
                    done = True
                    continue
                told = _attributes(body[4:])
                chain = _chain(body[0], told)
                counted[chain] = counted.get(chain, 0) + 1
                self.numbers[*chain, struct.unpack("!Q", told[3])[0]] = counted[chain]

    def places(self) -> list[Place]:
        """The rules that matched, and the ends of chains that were come to, since the last time."""
        found = []
        for kind, body in self._received():
            told = _attributes(body[4:])
            place = self._event(body[0], told) if kind == _NFT | 17 else self._log(told.get(10, b"").decode().split())
            if place:
                found.append(place)
        return found

    def _received(self) -> Iterator[tuple[int, bytes]]:
        while True:
            try:
                data = self.socket.recv(1 << 16, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            yield from _messages(data)

    def _log(self, words: list[str]) -> Place | None:
        """The place in `TRACE: table:chain:rule:number`."""
        if words[:1] != ["TRACE:"]:
            return None
        table, chain, _, number = words[1].rsplit(":", 3)
        return table, chain, int(number) if int(number) <= self.lengths.get((table, chain), 0) else 0

    def _event(self, family: int, told: dict[int, bytes]) -> Place | None:
        table, chain = _chain(family, told)
        if _OWN_TABLE in table:
            return None
        if 3 in told:
            return table, chain, self.numbers.get((table, chain, struct.unpack("!Q", told[3])[0]), -1)
        is_base = chain in _BASE if table in _IPTABLES else (table, chain) in self.bases
        is_told = struct.unpack("!I", told[4])[0] == _POLICY or not is_base  # the end of a base chain is told twice, then as its policy
        return (table, chain, 0) if is_told else None


def _chain(family: int, told: dict[int, bytes]) -> tuple[str, str]:
    """The names of a table and a chain; the tables of iptables-nft have iptables' names."""
    table, chain = told[1][:-1].decode(), told[2][:-1].decode()
    return table if table in _IPTABLES else f"{_FAMILIES[family]} {table}", chain
