"""What a check returns: points, and a sentence for each criterion."""

from collections.abc import Sequence

import msgspec

from netlab_magic.i18n import Language, language
from netlab_magic.model.probe import Verdict
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, div, joined, pre, span
from netlab_magic.text import printable

__all__ = ["Checked", "Criterion", "maximum_of", "points_of"]


_WORDS = frozenset(verdict.value for verdict in Verdict)


class Criterion(msgspec.Struct, frozen=True):
    """One thing that a lab has to do, or must not do.

    `points` are what it got of `maximum`; of a maximum of 0, less than 0 for what must stay as it is and did not. `text` is a message of
    the catalogue, which `values` fill in, `sentence` gives it in words.
    """

    text: str
    values: tuple[str, ...]
    points: float
    maximum: float

    @property
    def passed(self) -> bool:
        """Whether it got all its points."""
        return self.points == self.maximum

    def said(self, name: str = "en") -> str:
        """The sentence in a language."""
        say = language(name)
        return say(self.text, *(say(value) if value in _WORDS else value for value in self.values))

    @property
    def sentence(self) -> str:
        """The sentence in English."""
        return self.said()


class Checked(Result):
    """Whether a lab behaves as it has to; true if every criterion is fulfilled.

    Attributes:
        criteria: what was judged, each with its points and its sentence.
        explanation: of a scenario that is repaired, what was wrong with it; else "".
        language: the language of the words, such as `en`.
    """

    def __init__(self, criteria: Sequence[Criterion], explanation: str = "", language: str = "en") -> None:
        self.criteria = tuple(criteria)
        self.explanation = explanation if self else ""
        self.language = language

    @property
    def points(self) -> float:
        """The points of all criteria together; what costs points leaves none less than 0."""
        return points_of(self.criteria)

    @property
    def maximum(self) -> float:
        """The most points that there are."""
        return maximum_of(self.criteria)

    @property
    def passed(self) -> bool:
        """Whether every criterion is fulfilled."""
        return all(one.passed for one in self.criteria)

    def __bool__(self) -> bool:
        return self.passed

    def _lines(self, say: Language) -> list[tuple[bool, str]]:
        lines = [(one.passed, f"{'✓' if one.passed else '✕'} {printable(one.said(say.name))}") for one in self.criteria]
        return [*lines, (self.passed, say("{} of {} points", self.points, self.maximum))]

    def __str__(self) -> str:
        lines = [line for _, line in self._lines(language(self.language))]
        return "\n".join([*lines, *([self.explanation] if self.explanation else [])])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        lines = (pre(span(line, class_="ok" if passed else "bad")) for passed, line in self._lines(language(self.language)))
        told = joined(*lines, pre(self.explanation) if self.explanation else "")
        return div(told, lang=self.language.replace("_", "-"))


def points_of(criteria: Sequence[Criterion]) -> float:
    """The points of criteria together."""
    return _neat(max(0, sum(one.points for one in criteria)))


def maximum_of(criteria: Sequence[Criterion]) -> float:
    """The most points that criteria give."""
    return _neat(sum(one.maximum for one in criteria))


def _neat(points: float) -> float:
    """Whole points without a decimal point."""
    rounded = round(points, 2)
    return int(rounded) if rounded == int(rounded) else rounded


