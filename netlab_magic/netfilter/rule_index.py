"""The lines of a compiled chain, and an index of those that a packet may match."""

from collections.abc import Sequence

import msgspec

from netlab_magic.netfilter.condition import Condition, Test
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.targets import Action, Change

__all__ = ["Candidate", "Line", "Lines", "Place", "Stage"]

Place = tuple[str, str, int]
"""Table, chain and number of a rule; 0 for the end of a chain."""


Stage = tuple[int, Change]
"""The number of conditions after which a rule changes the packet although others follow, and what it has changed by then."""


class Line(msgspec.Struct, frozen=True):
    """One rule; `number` is None for the end of the chain, whose action is the policy, or RETURN in a user chain.

    `text` is a rule of nft as it is printed, without what it has counted. `stages` are those of a rule that asks for something after it
    has changed something: what it has changed stays when it does not match. `counters` has for each counter of a rule of nft how many
    conditions stand before it: it counts packets that meet these.
    """

    table: str
    chain: str
    number: int | None
    conditions: tuple[Condition, ...]
    tests: tuple[Test, ...]
    action: Action
    text: str = ""
    stages: tuple[Stage, ...] = ()
    counters: tuple[int, ...] = ()

    @property
    def place(self) -> Place:
        """Where it is."""
        return self.table, self.chain, self.number or 0

    @property
    def is_native(self) -> bool:
        """Whether it belongs to a table of nft, which is named with its family: `inet filter`."""
        return " " in self.table

    @property
    def acts(self) -> bool:
        """Whether anything follows a match."""
        return self.action != Action()

    def match(self, frame: Frame) -> tuple[bool | None, int]:
        """Whether all conditions hold (None if unknown), and the index of the first that does not or is unknown."""
        unknown = -1
        for at, test in enumerate(self.tests):
            answer = test(frame)
            if not answer:
                if answer is not None:
                    return False, at
                unknown = at if unknown < 0 else unknown
        return (True, -1) if unknown < 0 else (None, unknown)

    def left_by(self, failed: int, frame: Frame) -> Frame:
        """The packet as the rule leaves it when this condition does not hold. Raises Unjudged."""
        change = next((change for at, change in reversed(self.stages) if at <= failed), None)
        return frame if change is None else change(frame)

    def __str__(self) -> str:
        what = f"rule {self.number}" if self.number else "the end" if self.action.verdict == "RETURN" else "the policy"
        return f"{what} of {self.chain} in table {self.table}" if self.is_native else f"{what} of {self.chain}"


Candidate = tuple[int, Line, tuple[Test, ...]]
"""The place of a line in its chain, the line, and the tests of it that are still to be made; none for a line with stages."""

_Class = tuple[int, str, str]
"""Protocol, input and output of a packet, none of which changes while a table is asked."""


class Lines:
    """The lines of a chain, with an index of those that a packet may match: by its class, and by single addresses.

    A ruleset of thousands of rules is mostly rules about other addresses.
    """

    __slots__ = ("_classes", "end", "is_open", "lines")

    def __init__(self, lines: tuple[Line, ...]) -> None:
        self.lines = lines
        self.end = len(lines) - 1, lines[-1], ()
        self.is_open = len(lines) == 1 and lines[0].action.verdict == "ACCEPT"
        self._classes: dict[_Class, _Candidates] = {}

    def __len__(self) -> int:
        return len(self.lines)

    def candidates(self, kind: _Class, frame: Frame) -> Sequence[Candidate]:
        """The lines that the frame may match, in order; all others have a condition that it does not meet."""
        found = self._classes.get(kind)
        if found is None:
            found = self._classes[kind] = _candidates(self.lines, frame)
        if not found.by_address:
            return found.others
        here, there = found.by_address.get(frame.source), found.by_address.get(~frame.destination)
        if here is None and there is None:
            return found.others
        return sorted((*found.others, *(here or ()), *(there or ())), key=_place_of)


def _place_of(candidate: Candidate) -> int:
    return candidate[0]


class _Candidates(msgspec.Struct, frozen=True):
    """The lines that packets of one class may match: those about one source address, those about one destination (by its complement),
    and all others.
    """

    by_address: dict[int, list[Candidate]]
    others: tuple[Candidate, ...]


def _candidates(lines: Sequence[Line], frame: Frame) -> _Candidates:
    by_address: dict[int, list[Candidate]] = {}
    others = []
    for at, line in enumerate(lines):
        answers = [each.test(frame) if each.field in ("protocol", "input", "output") else None for each in line.conditions]
        if False in answers:
            continue
        left = () if line.stages else tuple(test for test, answer in zip(line.tests, answers, strict=True) if answer is None)
        candidate = at, line, left
        only = {each.field: each.only for each in line.conditions if each.only is not None}
        if (destination := only.get("destination")) is not None:
            by_address.setdefault(~destination, []).append(candidate)
        elif (source := only.get("source")) is not None:
            by_address.setdefault(source, []).append(candidate)
        else:
            others.append(candidate)
    return _Candidates(by_address, tuple(others))
