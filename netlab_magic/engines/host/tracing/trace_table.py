"""The nftables table that reports a probe's packets, as netlink messages: which packets it matches, and what it does to them.

At every hook it has one chain before all other tables and one after them. They log each packet of the probe; the chains that a
packet meets first in a namespace also set its trace bit.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from netlab_magic.engines.host.netlink.codec import NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, Message, attribute, be32, nested, string
from netlab_magic.engines.host.netlink.nfnetlink import NFT_MSG_NEWRULE, NFT_MSG_NEWTABLE, base_chain, netfilter_message
from netlab_magic.engines.host.state.nftables import TRACING_TABLE
from netlab_magic.model.hooks import HOOKS

__all__ = ["ENTERS", "LEAVES", "OUR_GROUP", "PRIORITIES_OF", "Wanted", "chain_name", "expression", "new_table", "table", "traced"]

ENTERS, LEAVES = "netlab enters", "netlab leaves"
"""The prefixes of the log messages of our chains."""


OUR_GROUP = 20_037
"""The group of nfnetlink_log that our chains log to."""

PRIORITIES_OF = {ENTERS: -500, LEAVES: 500}
"""Before defragmentation (-400) and raw (-300), and after security (50) and source NAT (100)."""

# linux/netfilter/nf_tables.h: attributes of tables and rules
_NFTA_TABLE_NAME, _NFTA_TABLE_FLAGS, _NFT_TABLE_F_OWNER = 1, 2, 2
_NFTA_RULE_TABLE, _NFTA_RULE_CHAIN, _NFTA_RULE_EXPRESSIONS, _NFTA_LIST_ELEM = 1, 2, 4, 1

# of the expressions of a rule, each of which has a name and its attributes
_NFTA_EXPR_NAME, _NFTA_EXPR_DATA = 1, 2
_NFTA_META_DREG, _NFTA_META_KEY, _NFTA_META_SREG, _NFT_META_NFTRACE, _NFT_META_L4PROTO = 1, 2, 3, 12, 16
_NFTA_CMP_SREG, _NFTA_CMP_OP, _NFTA_CMP_DATA, _NFT_CMP_EQ = 1, 2, 3, 0
_NFTA_PAYLOAD_DREG, _NFTA_PAYLOAD_BASE, _NFTA_PAYLOAD_OFFSET, _NFTA_PAYLOAD_LEN = 1, 2, 3, 4
_NFT_PAYLOAD_NETWORK_HEADER, _NFT_PAYLOAD_TRANSPORT_HEADER = 1, 2
_NFTA_IMMEDIATE_DREG, _NFTA_IMMEDIATE_DATA, _NFTA_DATA_VALUE, _NFTA_DATA_VERDICT, _NFTA_VERDICT_CODE = 1, 2, 1, 2, 1
_NFTA_LOG_GROUP, _NFTA_LOG_PREFIX = 1, 2
_NFT_REG_VERDICT, _NFT_REG_1, _NF_ACCEPT = 0, 1, 1

_PROTOCOLS = {"icmp": socket.IPPROTO_ICMP, "tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}

Held = tuple[int, int, bytes]
"""A condition: the header (network or transport), the offset in it, and the bytes that are there."""


class Wanted(msgspec.Struct, frozen=True):
    """Which packets to report: those with the probe's port or echo identifier, and the answers and errors to them.

    `others` are destinations, with their ports: whatever goes there, or comes from there, is reported too. That is for packets whose
    port a rule changed.
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
        """For each kind of packet, its transport protocol and conditions; quoted headers have no options, because ours have none."""
        icmp = socket.IPPROTO_ICMPV6 if self.six else socket.IPPROTO_ICMP
        protocol = icmp if self.protocol == "icmp" else _PROTOCOLS[self.protocol]
        echo, reply = (128, 129) if self.six else (8, 0)
        quoted = (_NFT_PAYLOAD_TRANSPORT_HEADER, 14 if self.six else 17, bytes([protocol]))
        inner = 48 if self.six else 28
        ours = struct.pack("!H", self.identifier)
        if protocol == icmp:
            for kind in (echo, reply):
                yield icmp, [(_NFT_PAYLOAD_TRANSPORT_HEADER, 0, bytes([kind])), (_NFT_PAYLOAD_TRANSPORT_HEADER, 4, ours)]
            yield icmp, [quoted, (_NFT_PAYLOAD_TRANSPORT_HEADER, inner + 4, ours)]
        else:
            for at in (0, 2):
                yield protocol, [(_NFT_PAYLOAD_TRANSPORT_HEADER, at, ours)]
                yield icmp, [quoted, (_NFT_PAYLOAD_TRANSPORT_HEADER, inner + at, ours)]
        for address, port in self.others:
            yield from self._to_and_from(socket.inet_pton(self.family, address), struct.pack("!H", port) if port else b"", protocol, icmp)

    def _to_and_from(self, address: bytes, port: bytes, protocol: int, icmp: int) -> Iterator[tuple[int, Sequence[Held]]]:
        source, destination, quoted = (8, 24, 32) if self.six else (12, 16, 24)
        yield protocol, [(_NFT_PAYLOAD_NETWORK_HEADER, destination, address), *([(_NFT_PAYLOAD_TRANSPORT_HEADER, 2, port)] if port else [])]
        yield protocol, [(_NFT_PAYLOAD_NETWORK_HEADER, source, address), *([(_NFT_PAYLOAD_TRANSPORT_HEADER, 0, port)] if port else [])]
        if protocol != icmp:
            yield icmp, [(_NFT_PAYLOAD_TRANSPORT_HEADER, quoted, address)]


@lru_cache(1)
def table(wanted: Wanted) -> tuple[Message, ...]:
    """The table with all its chains, owned by the socket that sends it. Cached, because every namespace gets the same one."""
    return tuple(_messages(wanted))


def new_table(family: int) -> Message:
    """The table itself, which ends with the socket that sends this."""
    owned = attribute(_NFTA_TABLE_NAME, string(TRACING_TABLE)), attribute(_NFTA_TABLE_FLAGS, be32(_NFT_TABLE_F_OWNER))
    return netfilter_message(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, family, *owned)


def chain_name(prefix: str, hook: str) -> str:
    """The name of our chain at a hook; `prefix` is ENTERS or LEAVES."""
    return f"{prefix} {hook}".replace(" ", "-")


def _messages(wanted: Wanted) -> Iterator[Message]:
    new = NLM_F_CREATE | NLM_F_EXCL
    yield new_table(wanted.family)
    for hook, called in enumerate(HOOKS):
        for prefix, priority in PRIORITIES_OF.items():
            chain = chain_name(prefix, called)
            yield base_chain(new, wanted.family, TRACING_TABLE, chain, hook, priority)
            done = [*(traced() if prefix == ENTERS and called in ("PREROUTING", "OUTPUT") else ()), _logged(prefix), _accepted()]
            for protocol, conditions in wanted.conditions():
                parts = [*_is_protocol(protocol), *(part for held in conditions for part in _holds(*held)), *done]
                yield netfilter_message(
                    NFT_MSG_NEWRULE,
                    NLM_F_CREATE | NLM_F_APPEND,
                    wanted.family,
                    attribute(_NFTA_RULE_TABLE, string(TRACING_TABLE)),
                    attribute(_NFTA_RULE_CHAIN, string(chain)),
                    nested(_NFTA_RULE_EXPRESSIONS, *parts),
                )


def expression(name: str, *held: bytes) -> bytes:
    """An expression of a rule, with its attributes."""
    return nested(_NFTA_LIST_ELEM, attribute(_NFTA_EXPR_NAME, string(name)), nested(_NFTA_EXPR_DATA, *held))


def _compare(data: bytes) -> bytes:
    """The condition that the register holds these bytes."""
    value = nested(_NFTA_CMP_DATA, attribute(_NFTA_DATA_VALUE, data))
    return expression("cmp", attribute(_NFTA_CMP_SREG, be32(_NFT_REG_1)), attribute(_NFTA_CMP_OP, be32(_NFT_CMP_EQ)), value)


def _is_protocol(protocol: int) -> tuple[bytes, ...]:
    loaded = expression("meta", attribute(_NFTA_META_KEY, be32(_NFT_META_L4PROTO)), attribute(_NFTA_META_DREG, be32(_NFT_REG_1)))
    return loaded, _compare(bytes([protocol]))


def _holds(header: int, offset: int, data: bytes) -> tuple[bytes, ...]:
    loaded = expression(
        "payload",
        attribute(_NFTA_PAYLOAD_DREG, be32(_NFT_REG_1)),
        attribute(_NFTA_PAYLOAD_BASE, be32(header)),
        attribute(_NFTA_PAYLOAD_OFFSET, be32(offset)),
        attribute(_NFTA_PAYLOAD_LEN, be32(len(data))),
    )
    return loaded, _compare(data)


def _immediate(register: int, value: bytes) -> bytes:
    return expression("immediate", attribute(_NFTA_IMMEDIATE_DREG, be32(register)), nested(_NFTA_IMMEDIATE_DATA, value))


def traced() -> tuple[bytes, ...]:
    """The expressions that set a packet's trace bit."""
    one = _immediate(_NFT_REG_1, attribute(_NFTA_DATA_VALUE, b"\1"))
    return one, expression("meta", attribute(_NFTA_META_KEY, be32(_NFT_META_NFTRACE)), attribute(_NFTA_META_SREG, be32(_NFT_REG_1)))


def _logged(prefix: str) -> bytes:
    return expression("log", attribute(_NFTA_LOG_GROUP, struct.pack("!H", OUR_GROUP)), attribute(_NFTA_LOG_PREFIX, string(prefix)))


def _accepted() -> bytes:
    return _immediate(_NFT_REG_VERDICT, nested(_NFTA_DATA_VERDICT, attribute(_NFTA_VERDICT_CODE, be32(_NF_ACCEPT))))
