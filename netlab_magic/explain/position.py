"""The position of a rule: its table, chain and number, the rules that jump there, and what earlier rules take."""

from functools import cached_property
from typing import NamedTuple

from netlab_magic.explain.verdicts import Standing
from netlab_magic.i18n import Language
from netlab_magic.iptables.analysis.reachability import conditions, graph_of
from netlab_magic.iptables.analysis.shadowing import shadowed
from netlab_magic.iptables.ruleset import Chain, Match, Option, Rule, Table
from netlab_magic.model.chain_graph import Caller, ChainGraph

__all__ = ["Site", "Surroundings"]


class Surroundings:
    """What the explanations of all rules of a chain share; each part is computed once, on demand."""

    def __init__(self, table: Table, chain: Chain, family: str) -> None:
        self.table = table
        self.chain = chain
        self.family = family

    @cached_property
    def graph(self) -> ChainGraph:
        """What leads where in the table."""
        return graph_of(self.table)

    @property
    def callers(self) -> list[Caller]:
        """The rules that jump or go to the chain."""
        return self.graph.callers[self.chain.name]

    @property
    def is_reached(self) -> bool:
        """Whether rules lead to the chain from a built-in one, from chain to chain."""
        return self.graph.is_led_to(self.chain.name)

    @cached_property
    def shadows(self) -> dict[int, int]:
        """The rules of the chain that can never match, each with the earlier rule that takes all its packets."""
        return shadowed(self.table, self.chain, self.family)

    @cached_property
    def conditions(self) -> list[frozenset[Option | Match]]:
        """The conditions of each rule of the chain, without comments and conditions that every packet meets."""
        return [conditions(rule) for rule in self.chain.rules]


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

    @property
    def conditions(self) -> frozenset[Option | Match]:
        """The rule's conditions."""
        return self.around.conditions[self.number - 1]

    @property
    def leads_to(self) -> Chain | None:
        """The chain that the rule enters, if it enters one."""
        return self.table.chain(self.rule.jump) if self.rule.jump else None

    def standing(self, say: Language) -> Standing:
        """The place as sentences about other chains need it."""
        return Standing(self.chain.name, self.chain.policy or "", self.around.callers, self.onward(say))

    def onward(self, say: Language) -> str:
        """What comes next for a packet that this rule did not decide about."""
        if self.number < len(self.chain.rules):
            return say("the next rule")
        if self.chain.policy:
            return say("the policy of {chain}, which is {policy}", chain=self.chain.name, policy=self.chain.policy)
        return say("the end of {}, where it returns to the calling chain", self.chain.name)
