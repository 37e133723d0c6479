"""The position of a rule of nft: its table, chain and number, the rules that lead there, and what earlier rules take."""

from functools import cached_property
from typing import NamedTuple

from netlab_magic.explain.verdicts import Standing
from netlab_magic.i18n import Language
from netlab_magic.model.chain_graph import Caller, ChainGraph
from netlab_magic.nftables.analysis.reachability import graph_of
from netlab_magic.nftables.analysis.shadowing import shadowed
from netlab_magic.nftables.ruleset import Chain, Rule, Ruleset, Table

__all__ = ["Site", "Surroundings"]


class Surroundings:
    """What the explanations of all rules of a chain share; each part is computed once, on demand."""

    def __init__(self, ruleset: Ruleset, table: Table, chain: Chain) -> None:
        self.ruleset = ruleset
        self.table = table
        self.chain = chain

    @cached_property
    def graph(self) -> ChainGraph:
        """What leads where in the table."""
        return graph_of(self.table)

    @property
    def callers(self) -> list[Caller]:
        """The rules that jump or go to the chain, or that look up who does in a map."""
        return self.graph.callers[self.chain.name]

    @property
    def is_reached(self) -> bool:
        """Whether rules lead to the chain from a base chain, from chain to chain."""
        return self.graph.is_led_to(self.chain.name)

    @cached_property
    def shadows(self) -> dict[int, int]:
        """The rules of the chain that can never match, each with the earlier rule that takes all its packets."""
        return shadowed(self.table, self.chain)

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The types of the base chains from which packets get here."""
        hooks = {chain.name: chain.hook for chain in self.table.chains if chain.hook}
        found = {name for name in hooks if self.chain.name in self.graph.reachable([name])}
        return frozenset(hook.kind for name, hook in hooks.items() if name in found)


class Site(NamedTuple):
    """The position of a rule; `number` counts from 1."""

    around: Surroundings
    number: int

    @property
    def table(self) -> Table:
        """The table that the rule is in."""
        return self.around.table

    @property
    def chain(self) -> Chain:
        """The chain that the rule is in."""
        return self.around.chain

    @property
    def rule(self) -> Rule:
        """The rule at this position."""
        return self.chain.rules[self.number - 1]

    def standing(self, say: Language) -> Standing:
        """The place as sentences about other chains need it."""
        policy = self.chain.hook.policy if self.chain.hook else ""
        return Standing(self.chain.name, policy, self.around.callers, self.onward(say))

    def onward(self, say: Language) -> str:
        """What comes next for a packet that this rule did not decide about."""
        if self.number < len(self.chain.rules):
            return say("the next rule")
        if self.chain.hook:
            return say("the policy of {chain}, which is {policy}", chain=self.chain.name, policy=self.chain.hook.policy)
        return say("the end of {}, where it returns to the calling chain", self.chain.name)
