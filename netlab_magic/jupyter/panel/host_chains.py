"""The chains of the lab's host, those of both iptables and those of nft, in the same terms. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

import msgspec

from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.iptables import ruleset as iptables
from netlab_magic.iptables.analysis.generated_chains import is_generated
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.jupyter.panel.chain_place import NFT, ChainPlace
from netlab_magic.model.topology import HOST
from netlab_magic.nftables import ruleset as nft
from netlab_magic.nftables.jumps import verdicts
from netlab_magic.nftables.reload import is_owned
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.nftables.statements import Counter, ObjectReference, Xt
from netlab_magic.session.state import Seen

__all__ = ["HostChain", "ListedRule", "chain_at", "chains_of", "programs", "tables_of"]


class ListedRule(msgspec.Struct, frozen=True):
    """A rule as its program prints it, without what it has counted. If not `writable`, the program cannot read that text back.

    `leads_to` are the chains that a packet can enter from it.
    """

    spec: str
    writable: bool = True
    leads_to: tuple[str, ...] = ()


class HostChain(ABC):
    """A chain. `policy` is as its program writes it, "" for a chain without one; `passed` are the packets that the policy has counted."""

    def __init__(self, place: ChainPlace, policy: str | None, size: int) -> None:
        self.place = place
        self.policy = policy or ""
        self.size = size
        self.passed: int | None = None

    @property
    @abstractmethod
    def filters(self) -> bool:
        """Whether it is a base chain that is meant for filtering."""

    @property
    @abstractmethod
    def sees_forwarded(self) -> bool:
        """Whether it is a base chain that filters forwarded packets."""

    @property
    def may_stop_forwarded(self) -> bool:
        """Whether it says something about forwarded packets, by a rule or by its policy."""
        return self.sees_forwarded and (self.size > 0 or self.policy.upper() != "ACCEPT")

    @property
    def is_locked(self) -> bool:
        """Whether the kernel lets nobody but the program that made its table change it."""
        return False

    @property
    @abstractmethod
    def is_of_program(self) -> bool:
        """Whether a well-known program made it for rules of its own."""

    @abstractmethod
    def rules(self) -> list[ListedRule]:
        """Its rules."""

    @abstractmethod
    def packets(self) -> list[int | None]:
        """What each rule has counted; None for one that does not count."""


class _IptablesChain(HostChain):
    def __init__(self, place: ChainPlace, held: iptables.Chain, table: iptables.Table) -> None:
        super().__init__(place, held.policy, len(held.rules))
        self._held = held
        self._table = table
        self.passed = held.counters.packets if held.counters and held.policy else None

    @property
    def filters(self) -> bool:
        return self.place.table == "filter" and bool(self.policy)

    @property
    def sees_forwarded(self) -> bool:
        return self.filters and self.place.name == "FORWARD"

    @property
    def is_of_program(self) -> bool:
        return is_generated(self.place.name)

    def rules(self) -> list[ListedRule]:
        chains = {chain.name for chain in self._table.chains}
        return [ListedRule(rule.spec, leads_to=(rule.jump,) if rule.jump in chains else ()) for rule in self._held.rules]

    def packets(self) -> list[int | None]:
        return [rule.counters.packets if rule.counters else None for rule in self._held.rules]


class _NftChain(HostChain):
    def __init__(self, place: ChainPlace, held: nft.Chain, table: nft.Table) -> None:
        super().__init__(place, held.hook.policy if held.hook else None, len(held.rules))
        self._held = held
        self._table = table

    @property
    def filters(self) -> bool:
        return self._held.hook is not None and self._held.hook.kind == "filter"

    @property
    def sees_forwarded(self) -> bool:
        return self.filters and self._held.hook is not None and self._held.hook.hook == "forward"

    @property
    def is_locked(self) -> bool:
        return is_owned(self._table)

    @property
    def is_of_program(self) -> bool:
        return bool(owner_of(self._table))

    def rules(self) -> list[ListedRule]:
        return [self._listed(stateless_rule(rule)) for rule in self._held.rules]

    def _listed(self, rule: nft.Rule) -> ListedRule:
        entered = tuple(dict.fromkeys(verdict.chain for verdict in verdicts(rule, self._table) if verdict.chain))
        writable = not any(isinstance(each, Xt) for each in rule.statements)
        return ListedRule(rule.text(self._table.family), writable, entered)

    def packets(self) -> list[int | None]:
        named = {held.name: held.value for held in self._table.objects}
        return [_counted(rule, named) for rule in self._held.rules]


def _counted(rule: nft.Rule, named: Mapping[str, nft.ObjectValue]) -> int | None:
    for statement in rule.statements:
        counter: object = statement
        if isinstance(statement, ObjectReference) and statement.kind == "counter":
            counter = named.get(str(statement.name))
        if isinstance(counter, Counter):
            return counter.packets or 0
    return None


def programs(seen: Seen) -> list[str]:
    """The programs that keep chains in this lab: both iptables, and nft if it has tables of its own."""
    return [*PROGRAM_OF.values(), *([NFT] if HOST in seen.native else [])]


def tables_of(seen: Seen, program: str) -> list[str]:
    """The tables of a program, in its order; iptables has the table filter whether or not the kernel has it yet."""
    if program == NFT:
        return [table.title for table in seen.native[HOST].tables] if HOST in seen.native else []
    found = [table.name for table in seen.rules_of(ChainPlace(program, "", "").family).tables]
    return found if "filter" in found else ["filter", *found]


def chains_of(seen: Seen, program: str, table: str) -> list[HostChain]:
    """The chains of a table, in its order; none if there is no such table."""
    if table not in tables_of(seen, program):
        return []
    if program == NFT:
        found = seen.native[HOST].table(*table.split(" ", 1))
        return [_NftChain(ChainPlace(NFT, table, chain.name), chain, found) for chain in found.chains] if found else []
    held = seen.rules_of(ChainPlace(program, table, "").family).table(table)
    return [_IptablesChain(ChainPlace(program, table, chain.name), chain, held) for chain in held.chains]


def chain_at(seen: Seen, place: ChainPlace) -> HostChain | None:
    """The chain at that place, or None."""
    return next((chain for chain in chains_of(seen, place.program, place.table) if chain.place == place), None)
