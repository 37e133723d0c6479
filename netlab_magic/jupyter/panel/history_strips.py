"""The recent past of every pair, one mark per measurement, which shows when it broke and when it came back."""

from collections import deque
from collections.abc import Iterable

from netlab_magic.model.probe import Outcome, Probe

__all__ = ["Strips"]

_LONGEST = 60
"""How many measurements a strip keeps."""

_MOST = 24
"""How many strips are shown."""


class Strips:
    """A strip of marks for each pair, all of the same length: a pair that is new has blanks before its first measurement."""

    def __init__(self, longest: int = _LONGEST) -> None:
        self._longest = longest
        self._held: dict[Probe, deque[str]] = {}

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """One more measurement of all pairs; pairs that are not measured any more are forgotten."""
        length = max((len(strip) for strip in self._held.values()), default=0)
        held = {}
        for outcome in outcomes:
            strip = self._held.get(outcome.probe) or deque(" " * length, maxlen=self._longest)
            strip.append(outcome.verdict.mark)
            held[outcome.probe] = strip
        self._held = held

    def clear(self) -> None:
        """Forgets everything."""
        self._held.clear()

    def shown(self, most: int = _MOST) -> list[tuple[Probe, str]]:
        """Pairs with their strips; when they are too many, those in which something changed come first."""
        found = [(probe, "".join(strip)) for probe, strip in self._held.items()]
        if len(found) > most:
            found.sort(key=lambda pair: len(set(pair[1].strip())) < 2)
        return found[:most]
