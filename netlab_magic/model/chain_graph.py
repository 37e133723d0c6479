"""The chains of one table and the ways between them, whoever's they are: who leads where, which chains never return, what nobody enters.

Tables of iptables and of nft are both told as a ChainGraph; what follows from it is worked out here, once for both.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

__all__ = ["Caller", "ChainExits", "ChainGraph", "RuleExit", "Way"]


class Way(NamedTuple):
    """One way on for a packet that matches a rule: into `chain`, back where it came from, or, with neither, to a verdict."""

    chain: str = ""
    goto: bool = False
    returns: bool = False


class RuleExit(msgspec.Struct, frozen=True, gc=False):
    """Where a rule leads: `ways` are all that it may send a packet; none where the next rule is asked in any case.

    `always` tells that it matches every packet; `packets` is how many it has matched, None where that is not known.
    """

    ways: tuple[Way, ...] = ()
    always: bool = False
    packets: int | None = None


class ChainExits(msgspec.Struct, frozen=True):
    """A chain as its rules lead out of it; `is_base` where packets begin in it, and then `packets` is what its policy has counted."""

    name: str
    rules: tuple[RuleExit, ...] = ()
    is_base: bool = False
    packets: int | None = None


class Caller(NamedTuple):
    """A rule that leads into a chain: the chain it stands in, its number, and whether it is a goto."""

    chain: str
    number: int
    goto: bool


class ChainGraph:
    """What follows from how the chains of a table lead to each other; each fact is worked out once, when it is asked for."""

    def __init__(self, chains: Iterable[ChainExits]) -> None:
        self.chains: Mapping[str, ChainExits] = {chain.name: chain for chain in chains}

    @property
    def bases(self) -> tuple[str, ...]:
        """The chains in which packets begin."""
        return tuple(name for name, chain in self.chains.items() if chain.is_base)

    @cached_property
    def callers(self) -> Mapping[str, list[Caller]]:
        """The rules that lead into each chain; a rule with several ways there is one caller."""
        found: dict[str, list[Caller]] = {name: [] for name in self.chains}
        for name, chain in self.chains.items():
            for number, rule in enumerate(chain.rules, 1):
                for way in {way.chain: way for way in rule.ways if way.chain in found}.values():
                    found[way.chain].append(Caller(name, number, way.goto))
        return found

    def leads_to(self, name: str) -> tuple[str, ...]:
        """The chains that the rules of a chain lead to, in the order of its rules, once each."""
        ways = (way.chain for rule in self.chains[name].rules for way in rule.ways)
        return tuple(dict.fromkeys(chain for chain in ways if chain in self.chains))

    @cached_property
    def deciding(self) -> frozenset[str]:
        """The chains from which no packet returns, such as one that logs and then drops; base chains are not among them."""
        found: set[str] = set()
        waiting = deque(name for name, chain in self.chains.items() if not chain.is_base)
        while waiting:  # a chain that does not decide is asked again once one that it leads to does
            name = waiting.popleft()
            if name not in found and self._decides(self.chains[name], found):
                found.add(name)
                callers = dict.fromkeys(caller.chain for caller in self.callers[name])
                waiting += (caller for caller in callers if not self.chains[caller].is_base)
        return frozenset(found)

    def decides(self, name: str) -> bool:
        """Whether every packet that enters the chain meets its verdict in there, or where its rules lead; a policy is not asked."""
        return self._decides(self.chains[name], self.deciding)

    def _decides(self, chain: ChainExits, deciding: Iterable[str]) -> bool:
        for rule in chain.rules:
            if any(way.returns or (way.goto and way.chain not in deciding) for way in rule.ways):
                return False
            if rule.always and _ends(rule, deciding):
                return True
        return False

    def takes(self, rule: RuleExit) -> bool:
        """Whether no packet that matches the rule is compared with the next one of its chain."""
        return _ends(rule, self.deciding)

    def unreachable(self, name: str) -> int | None:
        """The number of the first rule that no packet can reach, because one before it ends the way of every packet; None without one."""
        rules = self.chains[name].rules
        return next((number + 1 for number, rule in enumerate(rules[:-1], 1) if rule.always and self.takes(rule)), None)

    def reachable(self, entries: Iterable[str]) -> tuple[str, ...]:
        """The chains that a packet can get to that is in one of `entries`, with these, in the order of the table."""
        waiting = list(entries)
        met = set(waiting)
        while waiting:
            new = {name for name in self._callees(waiting.pop()) if name in self.chains and name not in met}
            met |= new
            waiting += new
        return tuple(name for name in self.chains if name in met)

    def _callees(self, name: str) -> Iterator[str]:
        end = self.unreachable(name)
        return (way.chain for rule in self.chains[name].rules[: end - 1 if end else None] for way in rule.ways)

    @cached_property
    def orphans(self) -> tuple[str, ...]:
        """The chains that no packet can enter: no rule that can be reached from a base chain leads to them."""
        met = set(self.reachable(self.bases))
        return tuple(name for name in self.chains if name not in met)

    def is_led_to(self, name: str) -> bool:
        """Whether rules lead to the chain from a base chain, from chain to chain, whether packets get as far as these rules or not."""
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
        """How many packets the counters have seen enter each chain: of one that is entered by rules, what these have counted."""
        calls = dict.fromkeys(self.chains, 0)
        for chain in self.chains.values():
            for rule in chain.rules:
                for way in rule.ways if rule.packets else ():
                    if way.chain in calls:
                        calls[way.chain] += rule.packets or 0
        return {name: max(_passed(chain), calls[name]) for name, chain in self.chains.items()}

    def never_hit(self, name: str) -> tuple[int, ...]:
        """The numbers of the rules that matched no packet although packets were in their chain; none where counters are not known."""
        if not self.entered[name]:
            return ()
        return tuple(number for number, rule in enumerate(self.chains[name].rules, 1) if rule.packets == 0)

    def returns_to(self, name: str) -> str:
        """The chain that a packet continues in after leaving `name`; "its caller" where there are several.

        A goto leaves no place to come back to: the way leads to where the chain with the goto was entered from, or to a policy.
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
    """Whether every way of a rule leaves its chain for good."""
    return bool(rule.ways) and all(way.goto or not way.chain or way.chain in deciding for way in rule.ways)


def _passed(chain: ChainExits) -> int:
    """At least how many packets have been in a chain, by its own counters alone."""
    return max([chain.packets or 0, *(rule.packets or 0 for rule in chain.rules)])
