"""Which nftables tables a namespace has, and the rules in their chains: asked over netlink, without a process."""

from collections.abc import Iterator

from netlab_magic.engines.host.netlink.codec import text
from netlab_magic.engines.host.netlink.nfnetlink import NFT_MSG_GETRULE, NFT_MSG_GETTABLE, dump

__all__ = ["FAMILIES", "TRACING_TABLE", "has_tables", "iptables_tables", "native_tables", "rule_numbers"]

# linux/netfilter/nf_tables.h
_NFTA_TABLE_NAME = 1
_NFTA_RULE_TABLE, _NFTA_RULE_CHAIN, _NFTA_RULE_HANDLE = 1, 2, 3

TRACING_TABLE = "netlab-trace"
"""Our own table, which lives while a packet is traced (see `listening`): nobody else's, so nobody is told of it."""

FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_KEPT_BY_IPTABLES = {
    *((family, table) for family in ("ip", "ip6") for table in ("filter", "nat", "mangle", "raw", "security")),
    ("arp", "filter"),
    *(("bridge", table) for table in ("filter", "nat", "broute")),
}  # fmt: skip


def native_tables() -> tuple[str, ...]:
    """The tables of this namespace that were made with nft, as `ip docker-bridges`. Raises OSError where netlink is refused.

    A table that nft made under one of the names that iptables-nft uses counts as iptables': both see its rules.
    """
    return tuple(f"{family} {name}" for family, name in _tables() if (family, name) not in _KEPT_BY_IPTABLES and name != TRACING_TABLE)


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
