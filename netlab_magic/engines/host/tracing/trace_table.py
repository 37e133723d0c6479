"""The nftables table that tells of a probe's packets, as netlink messages: which packets it looks for, and what it does with them.

At every hook it has one chain before all tables and one behind them. Each packet of the probe that comes by is logged; the chains that
a packet meets first in a namespace also set its trace bit.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from netlab_magic.engines.host.netlink import nfnetlink
from netlab_magic.engines.host.netlink.nfnetlink import Message, attribute, nested, number, text
from netlab_magic.engines.host.state.nftables import TRACING_TABLE
from netlab_magic.model.hooks import HOOKS

__all__ = ["ENTERS", "LEAVES", "OUR_GROUP", "Wanted", "table"]

ENTERS, LEAVES = "netlab enters", "netlab leaves"
"""The prefixes of the log messages of our chains."""


OUR_GROUP = 20_037
"""The group of nfnetlink_log that our chains log to."""

_PRIORITIES = {ENTERS: -500, LEAVES: 500}
"""Before defragmentation (-400) and raw (-300), and behind security (50) and source NAT (100)."""

_NEWTABLE, _NEWCHAIN, _NEWRULE = ((nfnetlink.NFTABLES << 8) + kind for kind in (0, 3, 6))
_OWNED = 2
_ELEMENT = 1
_META_PROTOCOL, _META_TRACE = 16, 12
_NETWORK, _TRANSPORT, _EQUAL, _REGISTER = 1, 2, 0, 1
_PROTOCOLS = {"icmp": socket.IPPROTO_ICMP, "tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

Held = tuple[int, int, bytes]
"""A condition: the header (network or transport), the offset in it, and the bytes that are there."""


class Wanted(msgspec.Struct, frozen=True):
    """Which packets to tell of: those with the probe's port, or echo identifier, and the answers and errors to them.

    `others` are destinations, with their ports: whatever goes there, or comes from there, is told of too. That is for a packet whose port
    a rule has changed on its way.
    """

    protocol: str
    six: bool
    identifier: int
    others: tuple[tuple[str, int], ...] = ()

    @property
    def family(self) -> int:
        """The address family."""
        return socket.AF_INET6 if self.six else socket.AF_INET

    def conditions(self) -> Iterator[tuple[int, Sequence[Held]]]:
        """For each kind of packet, its transport protocol and what must hold; a quoted header has no options, as ours have none."""
        icmp = socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP
        protocol = icmp if self.protocol == "icmp" else _PROTOCOLS[self.protocol]
        echo, reply = (128, 129) if self.six else (8, 0)
        quoted = (_TRANSPORT, 14 if self.six else 17, bytes([protocol]))
        inner = 48 if self.six else 28
        ours = struct.pack("!H", self.identifier)
        if protocol == icmp:
            for kind in (echo, reply):
                yield icmp, [(_TRANSPORT, 0, bytes([kind])), (_TRANSPORT, 4, ours)]
            yield icmp, [quoted, (_TRANSPORT, inner + 4, ours)]
        else:
            for at in (0, 2):
                yield protocol, [(_TRANSPORT, at, ours)]
                yield icmp, [quoted, (_TRANSPORT, inner + at, ours)]
        for address, port in self.others:
            yield from self._to_and_from(socket.inet_pton(self.family, address), struct.pack("!H", port) if port else b"", protocol, icmp)

    def _to_and_from(self, address: bytes, port: bytes, protocol: int, icmp: int) -> Iterator[tuple[int, Sequence[Held]]]:
        source, destination, quoted = (8, 24, 32) if self.six else (12, 16, 24)
        yield protocol, [(_NETWORK, destination, address), *([(_TRANSPORT, 2, port)] if port else [])]
        yield protocol, [(_NETWORK, source, address), *([(_TRANSPORT, 0, port)] if port else [])]
        if protocol != icmp:
            yield icmp, [(_TRANSPORT, quoted, address)]


@lru_cache(1)
def table(wanted: Wanted) -> tuple[Message, ...]:
    """The table with all its chains; it belongs to the socket that sends this. Kept, because every namespace gets the same one."""
    return tuple(_messages(wanted))


def _messages(wanted: Wanted) -> Iterator[Message]:
    new = nfnetlink.CREATE | nfnetlink.EXCLUSIVE
    named = attribute(1, text(TRACING_TABLE))
    yield Message(_NEWTABLE, new, wanted.family, named + attribute(2, number(_OWNED)))
    for hook, called in enumerate(HOOKS):
        for prefix, priority in _PRIORITIES.items():
            chain = text(f"{prefix} {called}".replace(" ", "-"))
            place = nested(4, attribute(1, number(hook)), attribute(2, number(priority)))
            yield Message(_NEWCHAIN, new, wanted.family, named + attribute(3, chain) + place + attribute(7, text("filter")))
            done = [*(_traced() if prefix == ENTERS and called in ("PREROUTING", "OUTPUT") else ()), _logged(prefix), _accepted()]
            for protocol, conditions in wanted.conditions():
                parts = [*_is_protocol(protocol), *(part for held in conditions for part in _holds(*held)), *done]
                rule = named + attribute(2, chain) + nested(4, *parts)
                yield Message(_NEWRULE, nfnetlink.CREATE | nfnetlink.APPEND, wanted.family, rule)


# The expressions of a rule (linux/netfilter/nf_tables.h): each has a name (1) and its attributes (2).


def _expression(name: str, *data: bytes) -> bytes:
    return nested(_ELEMENT, attribute(1, text(name)), nested(2, *data))


def _compare(data: bytes) -> bytes:
    return _expression("cmp", attribute(1, number(_REGISTER)), attribute(2, number(_EQUAL)), nested(3, attribute(1, data)))


def _is_protocol(protocol: int) -> tuple[bytes, ...]:
    return _expression("meta", attribute(2, number(_META_PROTOCOL)), attribute(1, number(_REGISTER))), _compare(bytes([protocol]))


def _holds(header: int, offset: int, data: bytes) -> tuple[bytes, ...]:
    place = (number(_REGISTER), number(header), number(offset), number(len(data)))
    return _expression("payload", *(attribute(kind, value) for kind, value in enumerate(place, 1))), _compare(data)


def _traced() -> tuple[bytes, ...]:
    one = _expression("immediate", attribute(1, number(_REGISTER)), nested(2, attribute(1, b"\1")))
    return one, _expression("meta", attribute(2, number(_META_TRACE)), attribute(3, number(_REGISTER)))


def _logged(prefix: str) -> bytes:
    return _expression("log", attribute(1, struct.pack("!H", OUR_GROUP)), attribute(2, text(prefix)))


def _accepted() -> bytes:
    return _expression("immediate", attribute(1, number(0)), nested(2, nested(2, attribute(1, number(1)))))
