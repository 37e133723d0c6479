"""The chains of one table and the jumps between them: which chain calls which, which never return, which are never entered.

Tables of iptables and of nft both become a ChainGraph, so that this is worked out once for both.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

__all__ = ["Branch", "Caller", "ChainExits", "ChainGraph", "RuleExit"]


class Branch(NamedTuple):
    """Where a matching packet may go from a rule: into `chain`, back to the calling chain, or, with neither, to a verdict."""

    chain: str = ""
    goto: bool = False
    returns: bool = False


class RuleExit(msgspec.Struct, frozen=True, gc=False):
    """Where a rule may send a matching packet; without `branches`, always on to the next rule.

    `always`: it matches every packet. `packets`: how many it has matched, None if unknown.
    """

    branches: tuple[Branch, ...] = ()
    always: bool = False
    packets: int | None = None


class ChainExits(msgspec.Struct, frozen=True):
    """A chain as a node of the graph; if it is a base chain, `packets` is what its policy has counted."""

    name: str
    rules: tuple[RuleExit, ...] = ()
    is_base: bool = False
    packets: int | None = None


class Caller(NamedTuple):
    """A rule that leads into a chain: the chain it is in, its number, and whether it is a goto."""

    chain: str
    number: int
    goto: bool


class ChainGraph:
    """What follows from how the chains of a table call each other; each fact is worked out once, on demand."""

    def __init__(self, chains: Iterable[ChainExits]) -> None:
        self.chains: Mapping[str, ChainExits] = {chain.name: chain for chain in chains}

    @property
    def bases(self) -> tuple[str, ...]:
        """The base chains, where packets enter."""
        return tuple(name for name, chain in self.chains.items() if chain.is_base)

    @cached_property
    def callers(self) -> Mapping[str, list[Caller]]:
        """The rules that lead into each chain; a rule with several branches into it is one caller."""
        found: dict[str, list[Caller]] = {name: [] for name in self.chains}
        for name, chain in self.chains.items():
            for number, rule in enumerate(chain.rules, 1):
                for branch in {branch.chain: branch for branch in rule.branches if branch.chain in found}.values():
                    found[branch.chain].append(Caller(name, number, branch.goto))
        return found

    def leads_to(self, name: str) -> tuple[str, ...]:
        """The chains that the rules of a chain lead to, in the order of its rules, once each."""
        branches = (branch.chain for rule in self.chains[name].rules for branch in rule.branches)
        return tuple(dict.fromkeys(chain for chain in branches if chain in self.chains))

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The chains from which no packet returns, such as one that logs and then drops; without base chains."""
        found: set[str] = set()
        waiting = deque(name for name, chain in self.chains.items() if not chain.is_base)
        while waiting:  # a chain that does not decide is tried again once one that it calls does
            name = waiting.popleft()
            if name not in found and self._decides(self.chains[name], found):
                found.add(name)
                callers = dict.fromkeys(caller.chain for caller in self.callers[name])
                waiting += (caller for caller in callers if not self.chains[caller].is_base)
        return frozenset(found)

    def decides(self, name: str) -> bool:
        """Whether every packet that enters the chain gets a verdict there or in the chains it calls; its policy does not count."""
        return self._decides(self.chains[name], self.deciding)

    def _decides(self, chain: ChainExits, deciding: Iterable[str]) -> bool:
        for rule in chain.rules:
            if any(branch.returns or (branch.goto and branch.chain not in deciding) for branch in rule.branches):
                return False
            if rule.always and _ends(rule, deciding):
                return True
        return False

    def takes(self, rule: RuleExit) -> bool:
        """Whether no packet that matches the rule goes on to the next rule of its chain."""
        return _ends(rule, self.deciding)

    def unreachable(self, name: str) -> int | None:
        """The number of the first rule that no packet can reach, because one before it decides about every packet; None without one."""
        rules = self.chains[name].rules
        return next((number + 1 for number, rule in enumerate(rules[:-1], 1) if rule.always and self.takes(rule)), None)

    def reachable(self, entries: Iterable[str]) -> tuple[str, ...]:
        """The chains that a packet in one of `entries` can get to, including these, in the order of the table."""
        waiting = list(entries)
        met = set(waiting)
        while waiting:
            new = {name for name in self._callees(waiting.pop()) if name in self.chains and name not in met}
            met |= new
            waiting += new
        return tuple(name for name in self.chains if name in met)

    def _callees(self, name: str) -> Iterator[str]:
        end = self.unreachable(name)
        return (branch.chain for rule in self.chains[name].rules[: end - 1 if end else None] for branch in rule.branches)

    @cached_property
    def orphans(self) -> tuple[str, ...]:
        """The chains that no packet can enter: no rule that can be reached from a base chain leads to them."""
        met = set(self.reachable(self.bases))
        return tuple(name for name in self.chains if name not in met)

    def is_led_to(self, name: str) -> bool:
        """Whether rules lead from a base chain to this chain, directly or through others, whether or not a packet can reach those rules."""
        waiting, seen = [name], {name}
        while waiting:
            left = waiting.pop()
            if self.chains[left].is_base:
                return True
            before = {caller.chain for caller in self.callers[left]} - seen
            seen |= before
            waiting += before
        return False

    @cached_property
    def entered(self) -> Mapping[str, int]:
        """How many packets have entered each chain, by the counters; for a user-defined chain, those of the rules that jump to it."""
        calls = dict.fromkeys(self.chains, 0)
        for chain in self.chains.values():
            for rule in chain.rules:
                for branch in rule.branches if rule.packets else ():
                    if branch.chain in calls:
                        calls[branch.chain] += rule.packets or 0
        return {name: max(_passed(chain), calls[name]) for name, chain in self.chains.items()}

    def never_hit(self, name: str) -> tuple[int, ...]:
        """The numbers of the rules that matched no packet although packets entered their chain; none if counters are unknown."""
        if not self.entered[name]:
            return ()
        return tuple(number for number, rule in enumerate(self.chains[name].rules, 1) if rule.packets == 0)

    def returns_to(self, name: str) -> str:
        """The chain that a packet continues in after leaving `name`; "its caller" where there are several.

        A goto leaves no place to return to: the packet continues where the chain with the goto was called from, or at a policy.
        """
        found: dict[str, None] = {}
        met, waiting = {name}, [name]
        while waiting:
            left = waiting.pop()
            if self.chains[left].is_base:
                found[f"the policy of {left}"] = None
            for caller in self.callers[left]:
                if not caller.goto:
                    found[caller.chain] = None
                elif caller.chain not in met:
                    met.add(caller.chain)
                    waiting.append(caller.chain)
        return next(iter(found)) if len(found) == 1 else "its caller"


def _ends(rule: RuleExit, deciding: Iterable[str]) -> bool:
    """Whether every branch of a rule leaves its chain for good."""
    return bool(rule.branches) and all(branch.goto or not branch.chain or branch.chain in deciding for branch in rule.branches)


def _passed(chain: ChainExits) -> int:
    """At least how many packets have been in a chain, by its own counters alone."""
    return max([chain.packets or 0, *(rule.packets or 0 for rule in chain.rules)])
