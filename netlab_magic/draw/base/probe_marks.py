"""Outcomes of probes in pictures: a symbol, words and a line; one by one if they are few, counted if they are many."""

from collections.abc import Iterable, Sequence

import msgspec

from netlab_magic.draw.base.style import Role
from netlab_magic.model.probe import Outcome, Verdict

__all__ = ["MOST_ONE_BY_ONE", "Flow", "Look", "Tally", "flows", "look_of", "shown_as", "tallies", "total"]

MOST_ONE_BY_ONE = 12
"""If there are more outcomes than this, they are counted for each namespace instead of drawn one by one."""

_MANY_MS = 10


class Look(msgspec.Struct, frozen=True):
    """How a verdict looks; symbol, line and arrowhead each distinguish it without colour."""

    symbol: str
    line: str
    arrowhead: str
    colour: str
    fill: str


_LOOKS = {
    Verdict.ANSWERED: Look(Verdict.ANSWERED.mark, "solid", "normal", Role.GOOD, Role.GOOD_FILL),
    Verdict.BLOCKED: Look(Verdict.BLOCKED.mark, "dashed", "tee", Role.BAD, Role.BAD_FILL),
    Verdict.REFUSED: Look(Verdict.REFUSED.mark, "dotted", "empty", Role.BAD, Role.BAD_FILL),
    Verdict.NO_ROUTE: Look(Verdict.NO_ROUTE.mark, "dashed", "tee", Role.BAD, Role.BAD_FILL),
    Verdict.NOBODY: Look(Verdict.NOBODY.mark, "dashed", "tee", Role.BAD, Role.BAD_FILL),
    Verdict.NOT_MEASURED: Look(Verdict.NOT_MEASURED.mark, "dotted", "odot", Role.QUIET, Role.BOX),
}

_MIXED = Look("◐", "dashed", "normal", Role.BAD, Role.BAD_FILL)


class Flow(msgspec.Struct, frozen=True):
    """One arrow: an outcome, and that of the opposite direction if it is the same."""

    outcome: Outcome
    back: Outcome | None = None

    @property
    def look(self) -> Look:
        """How the arrow looks."""
        return look_of(self.outcome.verdict)

    @property
    def result(self) -> str:
        """The result in a few words: "✓ 0.05 ms"."""
        answered = [each for each in (self.outcome, self.back) if each is not None and each.answered]
        times = [_time(each.milliseconds) for each in answered if each.milliseconds is not None]
        return f"{self.look.symbol} {' / '.join(times)} ms" if times else shown_as(self.outcome)

    @property
    def question(self) -> str:
        """What was asked: "ns1 → ns0"."""
        question = str(self.outcome.probe)
        return question.replace(" → ", " ⇄ ", 1) if self.back is not None else question


class Tally(msgspec.Struct, frozen=True):
    """How many outcomes were answered, and how many were not measured."""

    answered: int
    asked: int
    unknown: int = 0

    @property
    def verdict(self) -> Verdict | None:
        """The verdict that all share; None for a mixture."""
        if self.unknown == self.asked:
            return Verdict.NOT_MEASURED
        return Verdict.ANSWERED if self.answered == self.asked else Verdict.BLOCKED if not self.answered else None

    @property
    def sentence(self) -> str:
        """The tally of all probes as a sentence."""
        unknown = f"; {self.unknown:,} not measured" if self.unknown else ""
        return f"{self.answered:,} of the last {self.asked:,} probes answered{unknown}."

    def __str__(self) -> str:
        unknown = f", {self.unknown:,} not measured" if self.unknown else ""
        return f"{self.answered:,}/{self.asked:,}{unknown}"


def look_of(verdict: Verdict | None) -> Look:
    """The look of a verdict; None stands for a mixture."""
    return _MIXED if verdict is None else _LOOKS[verdict]


def _time(milliseconds: float | None) -> str:
    value = milliseconds or 0.0
    return f"{value:.2f}" if value < _MANY_MS else f"{value:.0f}"


def shown_as(outcome: Outcome) -> str:
    """An outcome in a few words.

    >>> from netlab_magic.model.probe import Probe
    >>> shown_as(Outcome(Probe("ns1", "ns0", "172.18.0.2", "ns0"), "blocked"))
    '✕ blocked'
    """
    symbol = look_of(outcome.verdict).symbol
    if outcome.verdict == Verdict.ANSWERED and outcome.milliseconds is not None:
        return f"{symbol} {_time(outcome.milliseconds)} ms"
    return f"{symbol} {outcome.verdict}"


def _is_opposite(one: Outcome, other: Outcome) -> bool:
    """Whether one arrow with two heads can show both: pings by name, in opposite directions, with the same verdict."""
    there, back = one.probe, other.probe
    named = there.target == there.name and back.target == back.name
    ends = there.source == back.target and there.target == back.source and there.source != there.target
    return named and ends and there.protocol == back.protocol == "icmp" and one.verdict == other.verdict


def flows(outcomes: Sequence[Outcome]) -> list[Flow]:
    """The arrows for the outcomes, in their order."""
    left, made = list(outcomes), []
    while left:
        first = left.pop(0)
        back = next((other for other in left if _is_opposite(first, other)), None)
        if back is not None:
            left.remove(back)
        made.append(Flow(first, back))
    return made


def total(outcomes: Iterable[Outcome]) -> Tally:
    """Counts the outcomes."""
    counted = list(outcomes)
    unknown = sum(outcome.verdict == Verdict.NOT_MEASURED for outcome in counted)
    return Tally(sum(outcome.answered for outcome in counted), len(counted), unknown)


def tallies(outcomes: Sequence[Outcome]) -> dict[str, tuple[Tally | None, Tally | None]]:
    """For each namespace: how many others it reaches, and how many others reach it."""
    sent: dict[str, list[Outcome]] = {}
    met: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        sent.setdefault(outcome.probe.source, []).append(outcome)
        met.setdefault(outcome.probe.target, []).append(outcome)
    return {
        name: (total(sent[name]) if name in sent else None, total(met[name]) if name in met else None) for name in {**sent, **met} if name
    }
