"""What a picture of chains is of: a table of iptables or of nft, told in the words that the picture uses."""

from collections.abc import Iterable

import msgspec

from netlab_magic.draw.base.rule_label import End, RuleWords, verdict, words_of
from netlab_magic.iptables.analysis.reachability import graph_of
from netlab_magic.iptables.ruleset import Table
from netlab_magic.model.chain_graph import ChainGraph

__all__ = ["IptablesSubject", "StoreRow", "StoreView", "Subject"]


class StoreRow(msgspec.Struct, frozen=True):
    """An element of a set or map in words, and the chain that it leads to, if any."""

    words: str
    to: str = ""


class StoreView(msgspec.Struct, frozen=True):
    """A set or map as a card: what it is, the first of its elements, how many more there are, and where those lead."""

    name: str
    about: str
    rows: tuple[StoreRow, ...] = ()
    more: int = 0
    more_to: tuple[str, ...] = ()

    @property
    def leads_to(self) -> frozenset[str]:
        """The chains that its elements lead to."""
        return frozenset((*(row.to for row in self.rows), *self.more_to)) - {""}


class Subject:
    """A table. `title` is its name as paths have it; rules are asked for by their chain and number, counted from 1."""

    title: str
    graph: ChainGraph

    def policy(self, chain: str) -> End | None:
        """The policy of a chain that has one."""
        raise NotImplementedError

    def role(self, chain: str) -> str:
        """What kind of chain it is, in a few words."""
        raise NotImplementedError

    def words(self, chain: str, number: int) -> RuleWords:
        """A rule in a few words."""
        raise NotImplementedError

    def typed(self, chain: str, number: int) -> str:
        """A rule as people write it."""
        raise NotImplementedError

    def ends(self, chain: str, first: int, last: int) -> list[str]:
        """In a word each, how the rules from `first` to `last` end: a verdict, a chain, or "" where they only count."""
        raise NotImplementedError

    def used(self, chain: str, number: int) -> tuple[str, ...]:
        """The names of the sets and maps that a rule looks into."""
        return ()

    def stores(self, names: Iterable[str]) -> Iterable[StoreView]:
        """The cards of those sets and maps."""
        return ()


class IptablesSubject(Subject):
    """A table of iptables."""

    def __init__(self, table: Table) -> None:
        self.title = table.name
        self.graph = graph_of(table)
        self._chains = {chain.name: chain for chain in table.chains}

    def policy(self, chain: str) -> End | None:
        """See Subject."""
        policy = self._chains[chain].policy
        return verdict(policy) if policy else None

    def role(self, chain: str) -> str:
        """See Subject."""
        return f"built-in chain of table {self.title}" if self._chains[chain].policy else "user chain"

    def words(self, chain: str, number: int) -> RuleWords:
        """See Subject."""
        return words_of(self._chains[chain].rules[number - 1], self._chains)

    def typed(self, chain: str, number: int) -> str:
        """See Subject."""
        return f"-A {chain} {self._chains[chain].rules[number - 1].spec}".rstrip()

    def ends(self, chain: str, first: int, last: int) -> list[str]:
        """See Subject."""
        return [rule.jump for rule in self._chains[chain].rules[first - 1 : last]]
