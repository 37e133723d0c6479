"""What statements give back: values that are true when all went well, with a text that stands alone and HTML on top of it."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from netlab_magic.draw import Picture
from netlab_magic.model.probe import Outcome, Verdict

__all__ = ["MARKS", "CellResult", "Changed", "MatrixResult", "Measured", "Ran", "Result", "Text", "shown", "styled"]

MARKS = {
    Verdict.ANSWERED: "✓",
    Verdict.BLOCKED: "✕",
    Verdict.REFUSED: "⟂",
    Verdict.NO_ROUTE: "↛",
    Verdict.NOBODY: "∅",
    Verdict.NOT_MEASURED: "?",
}
"""The sign of each verdict."""

_STYLE = (
    "<style>.netlab{font-family:var(--jp-code-font-family,monospace);font-size:var(--jp-code-font-size,13px);line-height:1.5}"
    ".netlab pre{margin:0;white-space:pre-wrap;word-break:normal;overflow-wrap:anywhere;"
    "font:inherit}.netlab details{margin-left:1.6em}.netlab summary{cursor:pointer;"
    "color:var(--jp-ui-font-color2,#666)}.netlab .why{color:var(--jp-ui-font-color2,#666)}.netlab table{border-collapse:collapse}"
    ".netlab td,.netlab th{padding:.1em .5em;text-align:center;border:1px solid var(--jp-border-color2,#ccc)}"
    ".netlab .ok{color:#0072B2;color:light-dark(#0072B2,#56B4E9)}.netlab .bad{color:#D55E00;color:light-dark(#D55E00,#FF8F4D)}</style>"
)


def styled(html: str) -> str:
    """HTML of results in our style, which follows the notebook's theme."""
    return f'{_STYLE}<div class="netlab">{html}</div>'


class Result:
    """Base of all results."""

    def __bool__(self) -> bool:
        return True

    def html(self, commands: bool = False) -> str:
        """The result as HTML, everything from outside escaped; `commands` opens the folded commands."""
        return f"<pre>{escape(str(self))}</pre>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Mapping[str, str]:
        return {"text/plain": str(self), "text/html": styled(self.html())}

    def __repr__(self) -> str:
        return str(self)


class Text(Result):
    """A plain text, such as a rule listing or help."""

    def __init__(self, text: str, ok: bool = True) -> None:
        self.text = text
        self._ok = ok

    def __bool__(self) -> bool:
        return self._ok

    def __str__(self) -> str:
        return self.text.rstrip("\n")


class Changed(Result):
    """What a build or firewall statement did: a sentence, and the commands that would have done the same."""

    def __init__(self, statement: str, sentence: str, commands: Sequence[str], open_commands: bool = False) -> None:
        self.statement = statement
        self.sentence = sentence
        self.commands = tuple(commands)
        self.open_commands = open_commands

    @property
    def changed(self) -> bool:
        """Whether there was anything to do."""
        return bool(self.commands)

    def __str__(self) -> str:
        head = f"{'+' if self.changed else '='} {self.statement}: {self.sentence}"
        return "\n".join([head, *(f"    {command}" for command in self.commands)]) if self.open_commands else head

    def html(self, commands: bool = False) -> str:
        """See Result."""
        head = f'<pre>{"+" if self.changed else "="} <b>{escape(self.statement)}</b> <span class="why">{escape(self.sentence)}</span></pre>'
        if not self.commands:
            return head
        folded = " open" if self.open_commands or commands else ""
        count = f"{len(self.commands)} command{'s' if len(self.commands) > 1 else ''}"
        body = escape("\n".join(self.commands))
        return f"{head}<details{folded}><summary>{count}</summary><pre>{body}</pre></details>"


class Measured(Result):
    """One probe's outcome; true when it turned out as expected or, where nothing was expected, when it was answered.

    Attributes:
        outcome: the probe with its verdict.
        expected: whether an `expect` said that it would be answered; None for a probe without a claim.
    """

    def __init__(self, outcome: Outcome, expected: bool | None = None) -> None:
        self.outcome = outcome
        self.expected = expected

    @property
    def verdict(self) -> Verdict:
        """What became of it."""
        return self.outcome.verdict

    @property
    def why(self) -> str:
        """Why the verdict is not `ANSWERED`, in one sentence; "" where nothing is known of it."""
        return self.outcome.why

    @property
    def milliseconds(self) -> float | None:
        """The round-trip time; None where no answer was timed."""
        return self.outcome.milliseconds

    def __bool__(self) -> bool:
        if self.expected is None:
            return self.outcome.answered
        return self.outcome.verdict != Verdict.NOT_MEASURED and self.outcome.answered == self.expected

    def _parts(self) -> tuple[str, str, str]:
        outcome = self.outcome
        time = f" in {outcome.milliseconds:.2f} ms" if outcome.milliseconds is not None else ""
        expected = "" if self.expected is None else ", as expected" if self else ", not as expected"
        return f"{MARKS[outcome.verdict]} {outcome.probe}", f"{outcome.verdict}{time}{expected}", outcome.why

    def __str__(self) -> str:
        head, verdict, why = self._parts()
        return f"{head}: {verdict}{f' ({why})' if why else ''}"

    def html(self, commands: bool = False) -> str:
        """See Result."""
        head, verdict, why = (escape(part) for part in self._parts())
        reason = f' <span class="why">({why})</span>' if why else ""
        return f'<pre><span class="{"ok" if self.outcome.answered else "bad"}">{head}: <b>{verdict}</b></span>{reason}</pre>'


class MatrixResult(Result):
    """Who reaches whom; true when everybody reaches everybody. `matrix["ns1", "ns0"]` is what `ping ns1 ns0` would have returned.

    Attributes:
        pairs: the result of each pair, by the names of source and destination.
        predicted: whether the model says so, and nothing was sent.
        outcomes: the outcomes of all pairs, in order.
        sources: those who were asked to send, in order.
        targets: those who were to be reached, in order.
    """

    def __init__(self, outcomes: Sequence[Outcome], predicted: bool = False) -> None:
        self.predicted = predicted
        self.outcomes = tuple(outcomes)
        self.sources = tuple(dict.fromkeys(outcome.probe.source for outcome in outcomes))
        self.targets = tuple(dict.fromkeys((*self.sources, *(outcome.probe.name for outcome in outcomes))))
        self.pairs = {(outcome.probe.source, outcome.probe.name): Measured(outcome) for outcome in outcomes}

    def __bool__(self) -> bool:
        return all(outcome.answered for outcome in self.outcomes)

    def __getitem__(self, pair: tuple[str, str]) -> Measured:
        return self.pairs[pair]

    def _mark(self, source: str, target: str) -> str:
        return MARKS[self.pairs[source, target].verdict] if (source, target) in self.pairs else "·"

    def _summary(self) -> str:
        found = [verdict for verdict in MARKS if any(outcome.verdict == verdict for outcome in self.outcomes)]
        counts = [
            f"{sum(outcome.verdict == verdict for outcome in self.outcomes)} {MARKS[verdict]} {self._word(verdict)}" for verdict in found
        ]
        head = f"{len(self.outcomes)} flows{', predicted; nothing was sent' if self.predicted else ''}"
        return f"{head}: {', '.join(counts) or 'none to measure'}"

    def _word(self, verdict: str) -> str:
        return "unknown" if self.predicted and verdict == Verdict.NOT_MEASURED else verdict

    def __str__(self) -> str:
        width = max(map(len, self.sources), default=0)
        wide = max((len(target) for target in self.targets), default=1) if len(self.targets) <= 12 else 2
        names = [target if len(self.targets) <= 12 else str(number) for number, target in enumerate(self.targets, 1)]
        lines = [" ".join([" " * width, *(name.rjust(wide) for name in names)])]
        marks = {source: [self._mark(source, target).rjust(wide) for target in self.targets] for source in self.sources}
        lines += [" ".join([source.ljust(width), *row]) for source, row in marks.items()]
        if len(self.targets) > 12:
            lines.append("columns: " + ", ".join(f"{number} {target}" for number, target in enumerate(self.targets, 1)))
        return "\n".join([*lines, self._summary()])

    def html(self, commands: bool = False) -> str:
        """See Result."""
        head = "".join(f'<th scope="col">{escape(target)}</th>' for target in self.targets)
        corner = "from ╲ to, predicted" if self.predicted else "from ╲ to"
        rows = "".join(f'<tr><th scope="row">{escape(source)}</th>{self._cells(source)}</tr>' for source in self.sources)
        return f"<table><tr><th>{corner}</th>{head}</tr>{rows}</table><pre>{escape(self._summary())}</pre>"

    def _cells(self, source: str) -> str:
        return "".join(self._cell(source, target) for target in self.targets)

    def _cell(self, source: str, target: str) -> str:
        if (source, target) not in self.pairs:
            return "<td>·</td>"
        outcome = self.pairs[source, target].outcome
        told = f"{'predicted ' if self.predicted else ''}{self._word(outcome.verdict)}"
        label = escape(f"{outcome.probe}: {told} {outcome.why}".strip(), quote=True)
        return f'<td class="{"ok" if outcome.answered else "bad"}" title="{label}" aria-label="{label}">{MARKS[outcome.verdict]}</td>'


class Ran(Result):
    """A command that ended with status 0 and has shown its output already."""

    def __init__(self, command: str, status: int, output: str) -> None:
        self.command = command
        self.status = status
        self.output = output

    def __str__(self) -> str:
        return self.output.rstrip("\n")

    def _ipython_display_(self) -> None:
        """Nothing: the output was shown while the command ran."""


class CellResult(Result):
    """The results of a cell, in order; true when all of them are. `shown` of them were displayed while the cell ran."""

    def __init__(self, results: Sequence["Result | Picture"], shown: int = 0, commands: bool = False) -> None:
        self.results = tuple(results)
        self._shown = shown
        self._commands = commands

    def __bool__(self) -> bool:
        return all(bool(result) for result in self.results if isinstance(result, Result))

    def __iter__(self) -> "Iterator[Result | Picture]":
        return iter(self.results)

    def __len__(self) -> int:
        return len(self.results)

    def __getitem__(self, index: int) -> "Result | Picture":
        return self.results[index]

    def __str__(self) -> str:
        return "\n".join(text for text in (str(result) for result in self.left()) if text)

    def left(self) -> "list[Result | Picture]":
        """The results that have not been displayed yet."""
        return [result for result in self.results[self._shown :] if not isinstance(result, Ran)]

    def html(self, commands: bool = False) -> str:
        """See Result."""
        return "".join(_html(result, self._commands or commands) for result in self.left())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Mapping[str, str]:
        return super()._repr_mimebundle_(include, exclude) if self.left() else {"text/plain": ""}


def _html(result: "Result | Picture", commands: bool) -> str:
    if isinstance(result, Result):
        return result.html(commands)
    return result.svg() or f"<pre>{escape(result.text)}</pre>"


def shown(results: Sequence["Result | Picture"]) -> "Result | Picture | None":
    """What to display for a list of results: itself when it is one, a `CellResult` when there are several, nothing for none."""
    if not results:
        return None
    return results[0] if len(results) == 1 else CellResult(results)


