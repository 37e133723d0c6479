"""Whom a hook asks, in the order of the priorities: tables of iptables, and base chains of nft's own tables, whoever registered them."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from netlab_magic.draw.chains.subject import Subject
from netlab_magic.draw.chains.view import ChainsView, ChainView, Explain, chains_view, subject_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import HOOK_TABLES, NAT_PRIORITIES, PRIORITIES
from netlab_magic.model.packet_path import RulePath
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Asked", "Station", "asked_at", "order_is_open"]

_TRACKING_PRIORITY = -200
"""The priority of connection tracking (NF_IP_PRI_CONNTRACK)."""


class Station(msgspec.Struct, frozen=True):
    """One base chain at one hook; `view` holds its chains. `ranks` are its priority, and among those that translate its own one."""

    name: str
    chain: ChainView
    view: ChainsView
    ranks: tuple[int, int] = (0, 0)
    is_native: bool = False

    @property
    def shown(self) -> bool:
        """Whether the chain has more to it than an accepting policy."""
        return bool(self.chain.rules) or not (self.chain.policy and self.chain.policy.good)

    @property
    def stepped(self) -> bool:
        """Whether the drawn path passes here."""
        return any(chain.stepped for chain in self.view.chains)

    @property
    def is_before_tracking(self) -> bool:
        """Whether it is asked before connection tracking."""
        return self.ranks[0] <= _TRACKING_PRIORITY


class Asked(msgspec.Struct, frozen=True):
    """All that a picture of hooks is of: the rules of iptables of one family, nft's own tables, a path, and what explains a rule."""

    ruleset: Ruleset
    native: NftRuleset = NftRuleset()
    path: RulePath | None = None
    explain: Explain | None = None

    @property
    def families(self) -> tuple[str, str]:
        """The families of nft whose tables see the packets."""
        return ("inet", "ip6" if self.ruleset.family == "ipv6" else "ip")

    def station(self, subject: Subject, name: str, chain: str, ranks: tuple[int, int], *, is_native: bool) -> Station:
        """The base chain `chain` of a table, with what it leads to."""
        view = chains_view(subject, chain, path=self.path, explain=self.explain)
        return Station(name, view.chains[0], view, ranks, is_native)


def asked_at(asked: Asked, hook: str) -> tuple[Station, ...]:
    """The base chains of a hook in order; of two with one priority, iptables' come first, though no listing tells."""
    return tuple(sorted([*_tables(asked, hook), *_base_chains(asked, hook)], key=lambda station: station.ranks))


def _tables(asked: Asked, hook: str) -> Iterator[Station]:
    for table in HOOK_TABLES.get(hook, ()):
        if asked.ruleset.chain(hook, table):  # a dump may omit chains that every kernel has
            priority = NAT_PRIORITIES[hook] if table == "nat" else PRIORITIES[table]
            yield asked.station(subject_of(asked.ruleset, table), table, hook, (priority, priority), is_native=False)


def _base_chains(asked: Asked, hook: str) -> Iterator[Station]:
    families = ("inet", "netdev") if hook in ("INGRESS", "EGRESS") else asked.families
    for table in asked.native.tables:
        for chain in table.chains if table.family in families and "dormant" not in table.flags else ():
            if chain.hook and chain.hook.hook.upper() == hook:
                own = chain.hook.priority
                ranks = (NAT_PRIORITIES.get(hook, own) if chain.hook.kind == "nat" else own), own
                subject = subject_of(asked.native, table.title)
                yield asked.station(subject, f"{table.title}: {chain.name}", chain.name, ranks, is_native=True)


def order_is_open(stations: tuple[Station, ...]) -> bool:
    """Whether base chains that do something have one priority, so that the rules do not tell which of them is asked first."""
    active = [station for station in stations if station.shown]
    return any(one.ranks == other.ranks and (one.is_native or other.is_native) for one, other in pairwise(active))
