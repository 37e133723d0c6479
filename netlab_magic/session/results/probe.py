"""What probes return: one outcome, or who reaches whom."""

from collections.abc import Sequence

from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, b, joined, pre, span, table, td, th, tr
from netlab_magic.text import aligned, display_width, padded

__all__ = ["MatrixResult", "Measured"]

_MOST_NAMED = 12
"""With more targets than this, columns are headed by numbers."""


class Measured(Result):
    """One probe's outcome; true if it was as expected or, without an expectation, if it was answered.

    Attributes:
        outcome: the probe with its verdict.
        expected: whether an `expect` said that it would be answered; None for a probe without one.
    """

    def __init__(self, outcome: Outcome, expected: bool | None = None) -> None:
        self.outcome = outcome
        self.expected = expected

    @property
    def verdict(self) -> Verdict:
        """The verdict."""
        return self.outcome.verdict

    @property
    def why(self) -> str:
        """Why the verdict is not `ANSWERED`, in one sentence; "" if that is not known."""
        return self.outcome.why

    @property
    def milliseconds(self) -> float | None:
        """The round-trip time in milliseconds; None if no answer was timed."""
        return self.outcome.milliseconds

    def __bool__(self) -> bool:
        if self.expected is None:
            return self.outcome.answered
        return self.verdict != Verdict.NOT_MEASURED and self.outcome.answered == self.expected

    @property
    def _head(self) -> str:
        return f"{self.verdict.mark} {self.outcome.probe}: "

    @property
    def _said(self) -> str:
        time = f" in {self.milliseconds:.2f} ms" if self.milliseconds is not None else ""
        expected = "" if self.expected is None else ", as expected" if self else ", not as expected"
        return f"{self.verdict}{time}{expected}"

    def __str__(self) -> str:
        return f"{self._head}{self._said}{f' ({self.why})' if self.why else ''}"

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        kind = "ok" if self.outcome.answered else "bad"
        reason = joined(" ", span(f"({self.why})", class_="why")) if self.why else ""
        return pre(span(self._head, b(self._said), class_=kind), reason)


_VERSIONS = {"ipv4": "IPv4", "ipv6": "IPv6"}


class MatrixResult(Result):
    """Who reaches whom; true if everyone reaches everyone. `matrix["ns1", "ns0"]` is what `ping ns1 ns0` would have returned.

    Attributes:
        pairs: the result of each pair, by the names of source and destination; of those measured in both families, that of IPv4.
        by_family: the results of the pairs of each family that was measured, by "ipv4" and "ipv6".
        differing: the pairs that were measured in both families with different verdicts, by the names of source and destination.
        predicted: whether this is the model's prediction, and nothing was sent.
        outcomes: the outcomes of all pairs, in order.
        sources: the senders, in order.
        targets: the receivers, in order.
    """

    def __init__(self, outcomes: Sequence[Outcome], predicted: bool = False) -> None:
        self.predicted = predicted
        self.outcomes = tuple(outcomes)
        self.sources = tuple(dict.fromkeys(outcome.probe.source for outcome in outcomes))
        self.targets = tuple(dict.fromkeys((*self.sources, *(outcome.probe.name for outcome in outcomes))))
        found: dict[str, dict[tuple[str, str], Measured]] = {family: {} for family in _VERSIONS}
        for outcome in outcomes:
            family = "ipv6" if outcome.probe.six else "ipv4"
            found[family][outcome.probe.source, outcome.probe.name] = Measured(outcome)
        self.by_family = {family: pairs for family, pairs in found.items() if pairs}
        self.pairs = {**found["ipv6"], **found["ipv4"]}
        both = [pair for pair in found["ipv4"] if pair in found["ipv6"]]
        self.differing = tuple(pair for pair in both if found["ipv4"][pair].verdict != found["ipv6"][pair].verdict)

    def __bool__(self) -> bool:
        return all(outcome.answered for outcome in self.outcomes)

    def __getitem__(self, pair: tuple[str, str]) -> Measured:
        return self.pairs[pair]

    def _mark(self, source: str, target: str) -> str:
        """The mark of a pair; if any pair was measured in both families, those of IPv4 and IPv6."""
        if (source, target) not in self.pairs:
            return "·"
        held = [pairs.get((source, target)) for pairs in self.by_family.values()]
        return "/".join("·" if measured is None else measured.verdict.mark for measured in held)

    def _differences(self) -> list[str]:
        """A line for each pair whose families differ."""
        return [
            f"{source} → {target}: "
            + ", ".join(f"{pairs[source, target].verdict} over {_VERSIONS[family]}" for family, pairs in self.by_family.items())
            for source, target in self.differing
        ]

    def _summary(self) -> str:
        counts = {verdict: sum(outcome.verdict == verdict for outcome in self.outcomes) for verdict in Verdict}
        told = [f"{count} {verdict.mark} {self._word(verdict)}" for verdict, count in counts.items() if count]
        over = {("ipv4", "ipv6"): " over IPv4/IPv6", ("ipv6",): " over IPv6"}.get(tuple(self.by_family), "")
        head = f"{len(self.outcomes)} flows{over}{', predicted; nothing was sent' if self.predicted else ''}"
        return f"{head}: {', '.join(told) or 'none to measure'}"

    def _word(self, verdict: Verdict) -> str:
        return "unknown" if self.predicted and verdict == Verdict.NOT_MEASURED else verdict

    def __str__(self) -> str:
        numbered = len(self.targets) > _MOST_NAMED
        names = [str(number) for number in range(1, len(self.targets) + 1)] if numbered else self.targets
        widest = max(map(display_width, names), default=0)
        marks = [[source, *(self._mark(source, target) for target in self.targets)] for source in self.sources]
        lines = aligned([["", *(padded(name, widest, right=True) for name in names)], *marks], gap=" ", right=range(1, len(names) + 1))
        if numbered:
            lines.append("columns: " + ", ".join(f"{number} {target}" for number, target in enumerate(self.targets, 1)))
        return "\n".join([*lines, self._summary(), *self._differences()])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        corner = "from ╲ to, predicted" if self.predicted else "from ╲ to"
        head = tr(th(corner), *(th(target, scope="col") for target in self.targets))
        rows = [tr(th(source, scope="row"), *(self._cell(source, target) for target in self.targets)) for source in self.sources]
        return joined(table(head, *rows), pre(self._summary()), *(pre(b(line)) for line in self._differences()))

    def _cell(self, source: str, target: str) -> Html:
        if (source, target) not in self.pairs:
            return td("·")
        held = [pairs[source, target].outcome for pairs in self.by_family.values() if (source, target) in pairs]
        label = "; ".join(self._label(outcome) for outcome in held)
        mark, kind = self._mark(source, target), "ok" if all(outcome.answered for outcome in held) else "bad"
        return td(b(mark) if (source, target) in self.differing else mark, class_=kind, title=label, aria_label=label)

    def _label(self, outcome: Outcome) -> str:
        told = f"{'predicted ' if self.predicted else ''}{self._word(outcome.verdict)}"
        return f"{outcome.probe}: {told} {outcome.why}".strip()
