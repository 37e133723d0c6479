"""What `diff` returns: chain by chain, the rules that were added, removed or kept, and how topology and sysctls differ."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from netlab_magic.iptables.ruleset import Chain, Rule
from netlab_magic.session.results.base import Result, commands_html
from netlab_magic.session.results.html import Html, b, div, joined, pre, span, table, td, th, tr

__all__ = ["ChainDiff", "Compared", "Comparison", "RuleDiff"]


class RuleDiff(msgspec.Struct, frozen=True):
    """A rule with its number `before` and `after`, 0 where it does not exist; for one added or removed, `words` say what it does."""

    rule: Rule
    before: int = 0
    after: int = 0
    words: str = ""

    @property
    def stayed(self) -> bool:
        """Whether it is there before and after."""
        return bool(self.before and self.after)

    @property
    def sign(self) -> str:
        """`+` for an added rule, `-` for a removed one, a blank for one that is in both."""
        return " " if self.stayed else "+" if self.after else "-"


class ChainDiff(msgspec.Struct, frozen=True):
    """A chain that differs; `before` or `after` is None where it does not exist. `rows` are all its rules."""

    table: str
    name: str
    before: Chain | None
    after: Chain | None
    rows: tuple[RuleDiff, ...]

    @property
    def heading(self) -> str:
        """What happened to the chain itself, in words."""
        old, new = self.before, self.after
        if old and new:
            return f"chain {self.name}" + (f": policy {old.policy} → {new.policy}" if old.policy != new.policy else "")
        if new is None:
            return f"chain {self.name}: gone"
        told = ["new", *([f"policy {new.policy}"] if new.policy == "DROP" else []), *([] if new.rules else ["no rules"])]
        return f"chain {self.name}: {', '.join(told)}"


class Comparison(msgspec.Struct, frozen=True):
    """What is different. `topology` lists the changes one by one, and `commands` are the commands that make them."""

    chains: tuple[ChainDiff, ...]
    topology: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is any difference."""
        return bool(self.chains or self.commands)


_KEPT_ROWS = 3
"""How many unchanged rules are shown on each side of one that was added or removed."""

_STYLE = Html(
    "<style>.netlab table.diff{font-size:inherit}.netlab table.diff td{border:0;text-align:left;vertical-align:top;padding:.15em .6em}"
    ".netlab table.diff th{border:0;text-align:left;padding:.6em .6em .1em}.netlab table.diff th.chain{border-top:1px solid "
    "var(--jp-border-color2,#ccc)}.netlab table.diff td.n{text-align:right;white-space:nowrap;color:var(--jp-ui-font-color2,#666)}"
    ".netlab table.diff tbody tr:nth-child(n){background:none}.netlab table.diff tr.same td{opacity:.65}"
    ".netlab table.diff td.came{background:#0072b21f}.netlab table.diff td.went{background:#d55e001f}"
    ".netlab table.diff td.went>span{text-decoration:line-through}.netlab table.diff .words{font-family:"
    "var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color2,#666);max-width:34em;white-space:normal}</style>"
)


class Compared(Result):
    """The difference between two states; always true, even if there is none.

    Attributes:
        before: the name of the first state.
        after: the name of the second state.
        comparison: the difference as one value.
    """

    def __init__(self, comparison: Comparison, before: str, after: str) -> None:
        self.comparison = comparison
        self.before = before
        self.after = after

    @property
    def changed(self) -> bool:
        """Whether there is any difference."""
        return self.comparison.changed

    @property
    def chains(self) -> tuple[ChainDiff, ...]:
        """The chains that differ, with their rules side by side."""
        return self.comparison.chains

    @property
    def network(self) -> tuple[str, ...]:
        """What differs in topology and sysctls, one sentence each."""
        return self.comparison.topology

    @property
    def commands(self) -> tuple[str, ...]:
        """The commands that make the difference in topology and sysctls."""
        return self.comparison.commands

    def _title(self) -> str:
        return f"{self.before} → {self.after}" + ("" if self.changed else ": no difference")

    def __str__(self) -> str:
        return "\n".join([self._title(), *self._topology_lines(), *self._rule_lines()])

    def _topology_lines(self) -> Iterator[str]:
        if self.network:
            yield "network"
            yield from (f"  {part}" for part in self.network)

    def _rule_lines(self) -> Iterator[str]:
        for name, chains in groupby(self.chains, key=lambda chain: chain.table):
            yield f"table {name}"
            for chain in chains:
                yield f"  {chain.heading}"
                for row in _near_changes(chain.rows):
                    yield from _row_lines(row)

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        parts = [_STYLE, pre(b(self._title())), *map(pre, self._topology_lines()), commands_html(self.commands, unfolded=commands)]
        if self.chains:
            head = tr(th(self.before, colspan=2), th(self.after, colspan=2))
            parts.append(table(head, *self._html_rows(), class_="diff"))
        return joined(*parts)

    def _html_rows(self) -> Iterator[Html]:
        for chain in self.chains:
            yield tr(th(f"table {chain.table}, {chain.heading}", class_="chain", colspan=4))
            yield from map(_html_row, _near_changes(chain.rows))


def _html_row(row: "RuleDiff | int") -> Html:
    if isinstance(row, int):
        return tr(td("⋮", class_="n"), td(_unchanged(row), colspan=3), class_="same")
    spec = joined(span(row.rule.spec), div(row.words, class_="words") if row.words else "")
    if row.stayed:
        return tr(td(str(row.before), class_="n"), td(spec), td(str(row.after), class_="n"), td(spec), class_="same")
    if row.after:
        return tr(td(colspan=2), td(f"+ {row.after}", class_="n"), td(spec, class_="came"))
    return tr(td(f"− {row.before}", class_="n"), td(spec, class_="went"), td(colspan=2))


def _row_lines(row: "RuleDiff | int") -> Iterator[str]:
    if isinstance(row, int):
        yield f"      … {_unchanged(row)} …"
        return
    yield f"    {row.sign} {row.before or '':>3} {row.after or '':>3}  {row.rule.spec or '(matches everything, does nothing)'}"
    if row.words:
        yield f"                {row.words}"


def _unchanged(rows: int) -> str:
    return f"{rows:,} more rule{'s' if rows > 1 else ''} as before"


def _near_changes(rows: Sequence[RuleDiff]) -> "Iterator[RuleDiff | int]":
    """The rows that changed, with a few on each side; the others as their number."""
    near = {place + step for place, row in enumerate(rows) if not row.stayed for step in range(-_KEPT_ROWS, _KEPT_ROWS + 1)}
    for shown, group in groupby(range(len(rows)), key=near.__contains__):
        places = list(group)
        if shown or len(places) == 1:
            yield from (rows[place] for place in places)
        else:
            yield len(places)
