"""The nftables table that traces packets of real traffic, as netlink messages: those that a filter keeps, and no more than a rate of them.

Its first chains set the trace bit (skb->nf_trace); from then on every chain of nftables reports the packet, ours at each hook included,
and legacy tables report every rule that it matches. Nothing is logged, so that a packet that is not traced costs one look at the filter.
"""

import errno
import struct
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from itertools import product
from typing import NamedTuple

from netlab_magic.engines.host.netlink.codec import NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, Message, attribute, be32, nested, string
from netlab_magic.engines.host.netlink.nfnetlink import NFT_MSG_NEWRULE, base_chain, netfilter_message
from netlab_magic.engines.host.state.nftables import TRACING_TABLE
from netlab_magic.engines.host.tracing.trace_table import ENTERS, PRIORITIES_OF, chain_name, expression, new_table, traced
from netlab_magic.model.capture.filter import Both, Either, Endpoint, Filter, Kind, Not
from netlab_magic.model.hooks import HOOKS

__all__ = ["TooManyWays", "watch_table"]

_MOST_CLAUSES = 64
_FIRST_HOOKS = ("PREROUTING", "OUTPUT")

# linux/netfilter/nf_tables.h
_META_L4PROTO, _REGISTER = 16, 1
_EQUAL, _UNEQUAL, _LESS, _MORE = 0, 1, 2, 4
_NETWORK, _TRANSPORT = 1, 2
_META_DREG, _META_KEY = 1, 2
_CMP_SREG, _CMP_OP, _CMP_DATA, _DATA_VALUE = 1, 2, 3, 1
_PAYLOAD_DREG, _PAYLOAD_BASE, _PAYLOAD_OFFSET, _PAYLOAD_LEN = 1, 2, 3, 4
_BITWISE_SREG, _BITWISE_DREG, _BITWISE_LEN, _BITWISE_MASK, _BITWISE_XOR = 1, 2, 3, 4, 5
_LIMIT_RATE, _LIMIT_UNIT, _LIMIT_BURST = 1, 2, 3

_TCP, _UDP = 6, 17
_NUMBERS = {"icmp": 1, "tcp": _TCP, "udp": _UDP, "icmp6": 58}


class TooManyWays(OSError):
    """A filter that would take too many rules."""

    def __init__(self) -> None:
        super().__init__(errno.E2BIG, "this filter has too many alternatives for a watch; ask for fewer at once")


class _Test(NamedTuple):
    """One comparison: what is loaded, under which mask, and how it compares to `value`. `base` 0 is the transport protocol."""

    base: int
    offset: int
    value: bytes
    operator: int = _EQUAL
    mask: bytes = b""


Clause = tuple[_Test, ...]
"""Tests that must all hold."""


def watch_table(wanted: Filter, family: int, six: bool, rate: int) -> tuple[Message, ...]:
    """The table, owned by the socket that sends it, for packets of one family; `rate` is how many are traced in a second, at most.

    Raises TooManyWays.
    """
    clauses = list(_clauses(wanted, six, negated=False))
    if len(clauses) > _MOST_CLAUSES:
        raise TooManyWays
    return tuple(_messages(clauses, family, rate))


def _messages(clauses: Sequence[Clause], family: int, rate: int) -> Iterator[Message]:
    yield new_table(family)
    for hook, called in enumerate(HOOKS):
        for prefix, priority in PRIORITIES_OF.items():
            chain = chain_name(prefix, called)
            yield base_chain(NLM_F_CREATE | NLM_F_EXCL, family, TRACING_TABLE, chain, hook, priority)
            for clause in clauses if prefix == ENTERS and called in _FIRST_HOOKS else ():
                parts = [*(part for test in clause for part in _expressions(test)), _limited(rate), *traced()]
                yield netfilter_message(
                    NFT_MSG_NEWRULE,
                    NLM_F_CREATE | NLM_F_APPEND,
                    family,
                    attribute(1, string(TRACING_TABLE)),
                    attribute(2, string(chain)),
                    nested(4, *parts),
                )


def _clauses(wanted: Filter, six: bool, negated: bool) -> Iterator[Clause]:
    """The filter as alternatives of tests that must all hold (disjunctive normal form)."""
    match wanted:
        case Not(inner):
            yield from _clauses(inner, six, not negated)
        case Both(left, right) | Either(left, right):
            sides = [list(_clauses(side, six, negated)) for side in (left, right)]
            if isinstance(wanted, Both) == negated:
                yield from (*sides[0], *sides[1])
            elif len(sides[0]) * len(sides[1]) > _MOST_CLAUSES:
                raise TooManyWays
            else:
                yield from ((*one, *other) for one, other in product(*sides))
        case Kind(protocol):
            if protocol in _NUMBERS:
                yield (_protocol(_NUMBERS[protocol], negated),)
            elif (protocol == ("ip6" if six else "ip")) != negated:
                yield ()
        case Endpoint():
            yield from _at_ends(wanted, six, negated)
        case _:
            yield from () if negated else ((),)


def _at_ends(wanted: Endpoint, six: bool, negated: bool) -> Iterator[Clause]:
    ends = {"src": (0,), "dst": (1,)}.get(wanted.direction, (0, 1))
    if wanted.network:
        network = ip_network(wanted.network)
        if (network.version == 6) != six:
            yield from ((),) if negated else ()
            return
        places = (8, 24) if six else (12, 16)
        operator = _UNEQUAL if negated else _EQUAL
        tests = [_Test(_NETWORK, places[end], network.network_address.packed, operator, network.netmask.packed) for end in ends]
        yield from (tuple(tests),) if negated else ((test,) for test in tests)
        return
    low, high = (struct.pack("!H", port) for port in (wanted.low, wanted.high))
    if negated:
        yield _protocol(_TCP, negated=True), _protocol(_UDP, negated=True)
    for protocol in (_TCP, _UDP):
        if negated:
            outside = [[_Test(_TRANSPORT, 2 * end, low, _LESS), _Test(_TRANSPORT, 2 * end, high, _MORE)] for end in ends]
            yield from ((_protocol(protocol), *tests) for tests in product(*outside))
        else:
            yield from ((_protocol(protocol), *_within(2 * end, low, high)) for end in ends)


def _within(offset: int, low: bytes, high: bytes) -> tuple[_Test, ...]:
    if low == high:
        return (_Test(_TRANSPORT, offset, low),)
    return _Test(_TRANSPORT, offset, low, _MORE + 1), _Test(_TRANSPORT, offset, high, _LESS + 1)  # at least, at most


def _protocol(number: int, negated: bool = False) -> _Test:
    return _Test(0, 0, bytes([number]), _UNEQUAL if negated else _EQUAL)


def _expressions(test: _Test) -> Iterator[bytes]:
    register = be32(_REGISTER)
    if test.base:
        place = (be32(value) for value in (test.base, test.offset, len(test.value)))
        base, offset, length = map(attribute, (_PAYLOAD_BASE, _PAYLOAD_OFFSET, _PAYLOAD_LEN), place)
        yield expression("payload", attribute(_PAYLOAD_DREG, register), base, offset, length)
    else:
        yield expression("meta", attribute(_META_KEY, be32(_META_L4PROTO)), attribute(_META_DREG, register))
    if test.mask and set(test.mask) != {255}:
        yield expression(
            "bitwise",
            attribute(_BITWISE_SREG, register),
            attribute(_BITWISE_DREG, register),
            attribute(_BITWISE_LEN, be32(len(test.mask))),
            nested(_BITWISE_MASK, attribute(_DATA_VALUE, test.mask)),
            nested(_BITWISE_XOR, attribute(_DATA_VALUE, bytes(len(test.mask)))),
        )
    value = nested(_CMP_DATA, attribute(_DATA_VALUE, test.value))
    yield expression("cmp", attribute(_CMP_SREG, register), attribute(_CMP_OP, be32(test.operator)), value)


def _limited(rate: int) -> bytes:
    each_second = attribute(_LIMIT_RATE, struct.pack("!Q", rate)), attribute(_LIMIT_UNIT, struct.pack("!Q", 1))
    return expression("limit", *each_second, attribute(_LIMIT_BURST, be32(rate)))
