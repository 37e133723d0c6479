"""A ruleset compiled for walking: chains of lines, each with the tests of a rule and what follows."""

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from typing import Generic, TypeVar

import msgspec

from netlab_magic.canonical import canonical
from netlab_magic.ruleset import Rule, Ruleset, Table
from netlab_magic.walk.actions import Action, action
from netlab_magic.walk.conditions import Condition, Test, conditions, unjudged
from netlab_magic.walk.frame import Frame

__all__ = ["Line", "Lines", "Program", "Remembered", "compiled", "settled"]


class Line(msgspec.Struct, frozen=True):
    """One rule; `number` is None for the end of the chain, whose action is the policy, or RETURN in a chain that a user made."""

    table: str
    chain: str
    number: int | None
    conditions: tuple[Condition, ...]
    tests: tuple[Test, ...]
    action: Action

    @property
    def place(self) -> tuple[str, str, int]:
        """Table, chain and number; 0 for the end of a chain."""
        return self.table, self.chain, self.number or 0

    @property
    def acts(self) -> bool:
        """Whether anything follows a match."""
        return self.action != Action()

    def __str__(self) -> str:
        if self.number:
            return f"rule {self.number} of {self.chain}"
        return f"the {'end' if self.action.verdict == 'RETURN' else 'policy'} of {self.chain}"


Lines = tuple[Line, ...]
Program = Mapping[str, Mapping[str, Lines]]
"""The lines of every chain, by table and chain."""


def _line(rule: Rule, table: str, chain: str, number: int, chains: frozenset[str], family: str) -> Line:
    try:
        told = canonical(rule, family)
        found = conditions(told)
        follows = action(told.target, chains)
    except (ValueError, IndexError):  # lenient reading keeps what iptables would refuse
        found = (unjudged("words that cannot be read"),)
        follows = Action(unknown="cannot be read")
    return Line(table, chain, number, found, tuple(condition.test for condition in found), follows)


def _chains(table: Table, family: str) -> Mapping[str, Lines]:
    names = frozenset(chain.name for chain in table.chains)
    found = {}
    for chain in table.chains:
        lines = [_line(rule, table.name, chain.name, number, names, family) for number, rule in enumerate(chain.rules, 1)]
        end = Line(table.name, chain.name, None, (), (), Action(verdict=chain.policy or "RETURN"))
        found[chain.name] = (*lines, end)
    return found


Value = TypeVar("Value")
Made = TypeVar("Made")


class Remembered(Generic[Value, Made]):
    """The last few things that were made of values, found again by the value's identity: hashing a large one takes longer than a walk."""

    def __init__(self, make: Callable[..., Made], most: int = 8) -> None:
        self._make = make
        self._most = most
        self._made: dict[Hashable, tuple[Value, Made]] = {}

    def of(self, value: Value, *more: Hashable) -> Made:
        """What is made of a value, now or earlier. The value is kept, so that no other can get its identity."""
        key = (id(value), *more)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = value, self._make(value, *more)
            if len(self._made) > self._most:
                del self._made[next(iter(self._made))]
        return found[1]


def _compile(ruleset: Ruleset) -> Program:
    return {table.name: _chains(table, ruleset.family) for table in ruleset.tables}


_PROGRAMS: Remembered[Ruleset, Program] = Remembered(_compile)


def compiled(ruleset: Ruleset) -> Program:
    """The program of a ruleset, worked out once for each."""
    return _PROGRAMS.of(ruleset)


def settled(frame: Frame, end: str) -> Frame:
    """The frame once NAT has decided about one end of its connection, whether it changed it or not."""
    if end in frame.translated:
        return frame
    after = copy(frame)
    after.translated = frame.translated | {end}
    return after
