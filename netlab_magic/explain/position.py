"""Where a rule stands: its table, its chain, its number, what leads there, and what the rules before it take."""

from functools import cached_property
from typing import NamedTuple

from netlab_magic.i18n import Language
from netlab_magic.iptables.analysis.reachability import conditions
from netlab_magic.iptables.analysis.shadowing import shadowed
from netlab_magic.iptables.ruleset import Chain, Match, Option, Rule, Table

__all__ = ["Caller", "Site", "Surroundings"]

class Caller(NamedTuple):
    """A rule that leads into a chain: the chain it stands in, its number, and whether it is a goto."""

    chain: str
    number: int
    goto: bool


class Surroundings:
    """What the explanations of all rules of a chain share; each part is worked out once, when it is asked for."""

    def __init__(self, table: Table, chain: Chain, family: str) -> None:
        self.table = table
        self.chain = chain
        self.family = family

    @cached_property
    def _calls(self) -> dict[str, list[Caller]]:
        found: dict[str, list[Caller]] = {chain.name: [] for chain in self.table.chains}
        for chain in self.table.chains:
            for number, rule in enumerate(chain.rules, 1):
                if rule.target and rule.target.name in found:
                    found[rule.target.name].append(Caller(chain.name, number, rule.target.goto))
        return found

    @property
    def callers(self) -> list[Caller]:
        """The rules that jump or go to the chain."""
        return self._calls[self.chain.name]

    @cached_property
    def is_reached(self) -> bool:
        """Whether packets can get to the chain: from a built-in one, along rules that lead from chain to chain."""
        built_in = {chain.name for chain in self.table.chains if chain.policy}
        waiting, seen = [self.chain.name], {self.chain.name}
        while waiting:
            name = waiting.pop()
            if name in built_in:
                return True
            before = {call.chain for call in self._calls[name]} - seen
            seen |= before
            waiting += before
        return False

    @cached_property
    def shadows(self) -> dict[int, int]:
        """The rules of the chain that can never match, each with the earlier rule that takes all that it would match."""
        return shadowed(self.table, self.chain, self.family)

    @cached_property
    def conditions(self) -> list[frozenset[Option | Match]]:
        """All that must hold for each rule of the chain to match; comments and what holds for any packet are left out."""
        return [conditions(rule) for rule in self.chain.rules]


class Site(NamedTuple):
    """The place of a rule; `number` counts from 1."""

    around: Surroundings
    number: int

    @property
    def table(self) -> Table:
        """The table that the rule stands in."""
        return self.around.table

    @property
    def chain(self) -> Chain:
        """The chain that the rule stands in."""
        return self.around.chain

    @property
    def rule(self) -> Rule:
        """The rule that stands here."""
        return self.chain.rules[self.number - 1]

    @property
    def conditions(self) -> frozenset[Option | Match]:
        """All that must hold for the rule to match."""
        return self.around.conditions[self.number - 1]

    @property
    def leads_to(self) -> Chain | None:
        """The chain that the rule enters, if it enters one."""
        return self.table.chain(self.rule.jump) if self.rule.jump else None

    def onward(self, say: Language) -> str:
        """What a packet meets that this rule has not decided on."""
        if self.number < len(self.chain.rules):
            return say("the next rule")
        if self.chain.policy:
            return say("the policy of {chain}, which is {policy}", chain=self.chain.name, policy=self.chain.policy)
        return say("the end of {}, which sends it back to where it came from", self.chain.name)
