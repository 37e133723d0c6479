"""What `diff --flows` gives: which flows of a lab fare otherwise in one state than in another, by the model and by probes."""

from collections.abc import Callable, Iterator, Sequence
from html import escape

import msgspec

from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.forwarding.flows import lab_flows
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.language.statements import Diff
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.session.history import History
from netlab_magic.session.lab_model import Model, model_of, model_of_snapshot
from netlab_magic.session.predict_only import peopled
from netlab_magic.session.results.base import MARKS, Result

__all__ = ["FlowChange", "FlowsCompared", "diff_flows", "flows_compared"]

Measure = Callable[[Sequence[Probe]], Sequence[Outcome]]
Key = tuple[str, str, str, int]

_NOT_THERE = "not there"
_UNKNOWN = "unknown"


class FlowChange(msgspec.Struct, frozen=True):
    """A flow and its verdicts: words of Verdict, "unknown", or "not there". `measured` is "" where nothing was sent."""

    flow: str
    before: str
    after: str
    measured: str = ""

    @property
    def contradicts(self) -> bool:
        """Whether the probe says otherwise than the model."""
        told = (self.after, self.measured)
        return bool(self.measured) and self.after not in (_UNKNOWN, _NOT_THERE, self.measured) and Verdict.NOT_MEASURED not in told


class FlowsCompared(Result):
    """The flows that fare otherwise; `count` is how many were compared. True also when there is none, but not when a probe contradicts."""

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
        flows = f"{self.count} flow{'' if self.count == 1 else 's'}"
        return f"{self.before} → {self.after}: {len(self.changes)} of {flows} fare{'s' if len(self.changes) == 1 else ''} otherwise"

    def _alarm(self) -> str:
        wrong = sum(change.contradicts for change in self.changes)
        said = f"{wrong} probe{'' if wrong == 1 else 's'} {'contradicts' if wrong == 1 else 'contradict'} the model"
        return f"ATTENTION: {said}. Trust the measurement, and report this: it is a mistake of the model." if wrong else ""

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for change in self.changes:
            confirmed = f"NO: measured {_marked(change.measured)}" if change.contradicts else _marked(change.measured)
            yield change.flow, _marked(change.before), _marked(change.after), *((confirmed,) if self.is_measured else ())

    def _head(self) -> tuple[str, ...]:
        return "flow", f"{self.before} (predicted)", f"{self.after} (predicted)", *(("confirmed by a probe",) if self.is_measured else ())

    def __str__(self) -> str:
        if not self.changes:
            return self._title()
        rows = [self._head(), *self._rows()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([*([self._alarm()] if self._alarm() else []), self._title(), *lines])

    def html(self, commands: bool = False) -> str:
        """See Result."""
        alarm = f'<pre class="bad"><b>{escape(self._alarm())}</b></pre>' if self._alarm() else ""
        title = f"<pre><b>{escape(self._title())}</b></pre>"
        if not self.changes:
            return title
        head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in self._head())
        rows = "".join(
            f"<tr{' class=bad' if change.contradicts else ''}>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
            for change, row in zip(self.changes, self._rows(), strict=True)
        )
        return f"{alarm}{title}<table><tr>{head}</tr>{rows}</table>"


def _marked(verdict: str) -> str:
    return f"{MARKS[verdict]} {verdict}" if verdict in MARKS else f"? {verdict}" if verdict == _UNKNOWN else verdict


def diff_flows(engine: Engine, history: History, observed: Observed, statement: Diff) -> FlowsCompared:
    """The flows of a snapshot, or of the state before the last change, and of the present or another snapshot.

    What changed towards the present is probed, where packets can be sent. Raises StatementError for a snapshot that there is not.
    """
    name, then = history.reference(statement.before)
    before = name, model_of_snapshot(then, observed)
    after = ("now", model_of(observed))
    if statement.after:
        after = (str(statement.after), model_of_snapshot(history.named(statement.after), observed))
    if not engine.ready.sends:
        one, other = peopled(before[1], after[1])
        return flows_compared((before[0], one), (after[0], other))
    return flows_compared(before, after, None if statement.after else engine.probe)


def flows_compared(before: tuple[str, Model], after: tuple[str, Model], measure: Measure | None = None) -> FlowsCompared:
    """The flows of two named states, compared; `measure` probes those that changed, where the second state is the present one."""
    old, new = (_verdicts(model) for _, model in (before, after))
    keys = list(dict.fromkeys((*new, *old)))
    changed = [key for key in keys if _word(old.get(key)) != _word(new.get(key))]
    present = [new[key].probe for key in changed if key in new]
    measured = {outcome.probe: outcome.verdict for outcome in measure(present)} if measure and present else {}
    changes = []
    for key in changed:
        probe = (new[key] if key in new else old[key]).probe
        changes.append(FlowChange(str(probe), _word(old.get(key)), _word(new.get(key)), measured.get(probe, "") if key in new else ""))
    return FlowsCompared(changes, before[0], after[0], len(keys))


def _verdicts(model: Model) -> dict[Key, Prediction]:
    probes = lab_flows(model.topology)
    return {(one.source, one.name, one.protocol, one.port): found for one, found in zip(probes, model.predict(probes), strict=True)}


def _word(found: Prediction | None) -> str:
    return _NOT_THERE if found is None else _UNKNOWN if found.unknown else found.verdict
