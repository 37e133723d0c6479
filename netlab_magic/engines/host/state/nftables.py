"""Which nftables tables a namespace has, the rules in their chains, and the policies of iptables-nft: over netlink, without a process."""

import socket
from collections.abc import Collection, Iterator, Sequence

from netlab_magic.engines.host.netlink.codec import NLM_F_CREATE, Message, attribute, be32, nested, string, text
from netlab_magic.engines.host.netlink.nfnetlink import (
    NFT_MSG_GETRULE,
    NFT_MSG_GETTABLE,
    NFT_MSG_NEWTABLE,
    NetfilterSocket,
    base_chain,
    dump,
    netfilter_message,
)
from netlab_magic.iptables.restore_format import ChainPolicy
from netlab_magic.model.hooks import HOOKS, PRIORITIES

__all__ = ["FAMILIES", "TRACING_TABLE", "has_tables", "iptables_tables", "native_tables", "rule_numbers", "set_policies"]

# linux/netfilter/nf_tables.h
_NFTA_TABLE_NAME = 1
_NFTA_CHAIN_POLICY, _NFTA_CHAIN_COUNTERS, _NFTA_COUNTER_BYTES, _NFTA_COUNTER_PACKETS = 5, 8, 1, 2
_VERDICTS = {"DROP": 0, "ACCEPT": 1}
_NFTA_RULE_TABLE, _NFTA_RULE_CHAIN, _NFTA_RULE_HANDLE = 1, 2, 3

TRACING_TABLE = "netlab-trace"
"""Our own table, which lives while a packet is traced (see `listening`): nobody else's, so nobody is told of it."""

FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_KEPT_BY_IPTABLES = {(family, table) for family in ("ip", "ip6") for table in ("filter", "nat", "mangle", "raw", "security")}


def native_tables(beyond: Collection[str] = ()) -> tuple[str, ...]:
    """The tables of this namespace that iptables does not read, as `ip docker-bridges`. Raises OSError where netlink is refused.

    A table that nft made under one of the names that iptables-nft uses counts as iptables', which reads its rules, unless it is `beyond`.
    """
    titles = [(f"{family} {name}", (family, name) in _KEPT_BY_IPTABLES) for family, name in _tables() if name != TRACING_TABLE]
    return tuple(title for title, kept in titles if not kept or title in beyond)


def has_tables() -> bool:
    """Whether this namespace has any table."""
    return next(_tables(), None) is not None


def iptables_tables(six: bool = False) -> tuple[str, ...]:
    """The tables that iptables-nft, or ip6tables-nft, keeps its rules in and that this namespace has."""
    wanted = "ip6" if six else "ip"
    return tuple(name for family, name in _tables() if family == wanted and (family, name) in _KEPT_BY_IPTABLES)


def _tables() -> Iterator[tuple[str, str]]:
    for family, held in dump(NFT_MSG_GETTABLE):
        yield FAMILIES.get(family, f"family {family}"), text(held[_NFTA_TABLE_NAME])


def rule_numbers() -> dict[tuple[int, str, str, int], int]:
    """For each rule of this namespace, by family, table, chain and handle, its number in its chain, counted from 1."""
    found: dict[tuple[int, str, str, int], int] = {}
    counted: dict[tuple[int, str, str], int] = {}
    for family, held in dump(NFT_MSG_GETRULE):
        place = family, text(held[_NFTA_RULE_TABLE]), text(held[_NFTA_RULE_CHAIN])
        counted[place] = counted.get(place, 0) + 1
        found[*place, int.from_bytes(held[_NFTA_RULE_HANDLE], "big")] = counted[place]
    return found


def set_policies(netfilter: NetfilterSocket, policies: Sequence[ChainPolicy], six: bool = False) -> None:
    """Sets policies of the table filter in the socket's namespace as iptables-nft-restore does (nft_chain_set() in iptables/nft.c), or with
    `six` ip6tables-nft-restore.

    They count from 0; the table and its chains come to be where they are missing. Raises OSError where the kernel refuses.
    """
    family = socket.AF_INET6 if six else socket.AF_INET
    table = netfilter_message(NFT_MSG_NEWTABLE, NLM_F_CREATE, family, attribute(_NFTA_TABLE_NAME, string("filter")))
    netfilter.change([table, *(_with_policy(policy, family) for policy in policies)])


def _with_policy(policy: ChainPolicy, family: int) -> Message:
    none = bytes(8)
    counters = nested(_NFTA_CHAIN_COUNTERS, attribute(_NFTA_COUNTER_BYTES, none), attribute(_NFTA_COUNTER_PACKETS, none))
    verdict = attribute(_NFTA_CHAIN_POLICY, be32(_VERDICTS[policy.verdict]))
    hook, priority = HOOKS.index(policy.chain), PRIORITIES["filter"]
    return base_chain(NLM_F_CREATE, family, "filter", policy.chain, hook, priority, verdict, counters)
