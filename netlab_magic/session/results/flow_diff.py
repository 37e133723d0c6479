"""What `diff --flows` returns: the flows that behave differently in two states."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from netlab_magic.model.probe import Verdict
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, b, joined, pre, table, td, th, tr
from netlab_magic.text import aligned, counted

__all__ = ["FlowChange", "FlowsCompared"]

Expected = Verdict | Literal["unknown", "not there"]
"""What the model says about a flow in one state: its verdict, that it is unknown, or that the state has no such flow."""


class FlowChange(msgspec.Struct, frozen=True):
    """A flow, what the model says about it in each state, and the verdict of its probe, None if nothing was sent."""

    flow: str
    before: Expected
    after: Expected
    measured: Verdict | None = None

    @property
    def contradicts(self) -> bool:
        """Whether the probe contradicts the model."""
        if self.measured in (None, Verdict.NOT_MEASURED):
            return False
        return self.after not in ("unknown", "not there", Verdict.NOT_MEASURED, self.measured)


class FlowsCompared(Result):
    """The flows that behave differently in two states; true, even if there are none, unless a probe contradicts the model.

    Attributes:
        changes: each flow that behaves differently.
        before: the name of the first state.
        after: the name of the second state.
        count: how many flows were compared.
    """

    def __init__(self, changes: Sequence[FlowChange], before: str, after: str, count: int) -> None:
        self.changes = tuple(changes)
        self.before = before
        self.after = after
        self.count = count

    def __bool__(self) -> bool:
        return not any(change.contradicts for change in self.changes)

    @property
    def is_measured(self) -> bool:
        """Whether probes were sent."""
        return any(change.measured for change in self.changes)

    def _title(self) -> str:
        return f"{self.before} → {self.after}: {len(self.changes):,} of {counted(self.count, 'flow')} changed"

    def _alarm(self) -> str:
        wrong = sum(change.contradicts for change in self.changes)
        said = f"ATTENTION: the model is contradicted by {counted(wrong, 'probe')}. "
        return f"{said}Trust the measurement, and please report this: it is a bug in the model." if wrong else ""

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for change in self.changes:
            confirmed = f"NO: measured {_marked(change.measured)}" if change.contradicts else _marked(change.measured)
            yield change.flow, _marked(change.before), _marked(change.after), *((confirmed,) if self.is_measured else ())

    def _head(self) -> tuple[str, ...]:
        return "flow", f"{self.before} (predicted)", f"{self.after} (predicted)", *(("confirmed by a probe",) if self.is_measured else ())

    def __str__(self) -> str:
        if not self.changes:
            return self._title()
        return "\n".join([*([self._alarm()] if self._alarm() else []), self._title(), *aligned([self._head(), *self._rows()])])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        title = pre(b(self._title()))
        if not self.changes:
            return title
        alarm = pre(b(self._alarm()), class_="bad") if self._alarm() else ""
        rows = zip(self.changes, self._rows(), strict=True)
        cells = (tr(*map(td, row), class_="bad" if change.contradicts else "") for change, row in rows)
        return joined(alarm, title, table(tr(*(th(cell, scope="col") for cell in self._head())), *cells))


def _marked(said: Expected | None) -> str:
    if isinstance(said, Verdict):
        return f"{said.mark} {said}"
    return f"{Verdict.NOT_MEASURED.mark} {said}" if said == "unknown" else said or ""
