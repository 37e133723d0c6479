"""Measures contestants side by side: in turns within one run, several rounds after a warm-up, medians and minima."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from statistics import median
from typing import NamedTuple

__all__ = ["Contestant", "Measured", "Row", "Target", "Values", "measure", "unavailable"]

_IDLE_SECONDS, _PATIENCE_SECONDS = 0.2, 4.0
_STEP_SECONDS = 0.05


class Contestant(NamedTuple):
    """Something that can be measured: `run` gives a value in its row's unit. Without `run`, `note` says why it is not here."""

    name: str
    run: Callable[[], float] | None
    note: str = ""


class Target(NamedTuple):
    """What the median of `who` (the first contestant, if empty) shall reach: `limit` × the median of `of`, or, where `plus` is
    set or there is no `of`, `limit` in the row's unit (on top of that median).
    """

    limit: float
    of: str = ""
    who: str = ""
    plus: bool = False


class Row(NamedTuple):
    """A row of the table. `setting` makes what the contestants need and takes it away again."""

    name: str
    what: str
    setting: Callable[[bool], AbstractContextManager[Sequence[Contestant]]]
    targets: Sequence[Target] = ()
    unit: str = "ms"
    rounds: int = 7
    quick_rounds: int = 3
    warm_up: bool = True


class Values(NamedTuple):
    """What was measured of one contestant."""

    name: str
    values: tuple[float, ...]
    note: str = ""

    @property
    def median(self) -> float:
        """The middle value."""
        return median(self.values)

    @property
    def spread(self) -> float:
        """How noisy it was: the middle half of the values, as a share of the median."""
        ordered = sorted(self.values)
        quarter = len(ordered) // 4
        return (ordered[-1 - quarter] - ordered[quarter]) / self.median if self.median else 0.0


class Measured(NamedTuple):
    """A row with the values of its contestants, and how busy the machine was with other things (a share of its processors)."""

    row: Row
    contestants: tuple[Values, ...]
    busy: float = 0.0
    error: str = ""

    def of(self, name: str) -> Values | None:
        """The values of a contestant (the first, if empty); None if it was not measured."""
        found = next((values for values in self.contestants if name in ("", values.name)), None)
        return found if found and found.values else None

    def reached(self, target: Target) -> bool | None:
        """Whether a target is reached; None when one of its two sides was not measured."""
        limit, who = self.limit(target), self.of(target.who)
        return None if limit is None or who is None else who.median <= limit

    def limit(self, target: Target) -> float | None:
        """A target in the row's unit."""
        other = self.of(target.of)
        if not target.of:
            return target.limit
        if other is None:
            return None
        return other.median + target.limit if target.plus else other.median * target.limit


def unavailable(name: str, why: str) -> Contestant:
    """A contestant that cannot take part here."""
    return Contestant(name, None, why)


def measure(row: Row, quick: bool, progress: Callable[[str], None]) -> Measured:
    """Runs a row. An error of a contestant ends its row, not the benchmark."""
    rounds = row.quick_rounds if quick else row.rounds
    busy: list[float] = []
    with row.setting(quick) as contestants:
        values: dict[str, list[float]] = {contestant.name: [] for contestant in contestants}
        for number in range(-1 if row.warm_up else 0, rounds):
            for name, run in ((contestant.name, contestant.run) for contestant in contestants if contestant.run):
                progress(f"{row.name}: {name}, {f'round {number + 1} of {rounds}' if number >= 0 else 'warm-up'}")
                busy.append(_settle())
                value = run()
                if number >= 0:
                    values[name].append(value)
    found = tuple(Values(contestant.name, tuple(values[contestant.name]), contestant.note) for contestant in contestants)
    return Measured(row, found, median(busy))


def _settle() -> float:
    """Waits until the machine is idle, but not for ever; gives the share of its processors that is busy then.

    The kernel takes namespaces down after their last process has ended, and that work must not be counted against whoever is next.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    idle_for, busy = 0.0, 0.0
    while idle_for < _IDLE_SECONDS and time.monotonic() < deadline:
        busy = _busy()
        idle_for = idle_for + _STEP_SECONDS if busy < 0.15 else 0.0
    return busy


def _busy() -> float:
    before = _processor_times()
    time.sleep(_STEP_SECONDS)
    passed = [after - old for after, old in zip(_processor_times(), before, strict=True)]
    return 1 - (passed[3] + passed[4]) / (sum(passed) or 1)


def _processor_times() -> list[int]:
    with Path("/proc/stat").open() as file:
        return [int(word) for word in file.readline().split()[1:9]]
