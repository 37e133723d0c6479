"""Two states of a lab side by side: which chains and rules came, went and stayed, and what became of topology and sysctls."""

from collections.abc import Callable, Iterator, Sequence
from html import escape
from itertools import groupby

import msgspec

from netlab_magic import docker
from netlab_magic.explain import explain_rule
from netlab_magic.iptables.diff import side_by_side
from netlab_magic.iptables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.model.change_summary import parts
from netlab_magic.model.changes import between
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import Topology
from netlab_magic.session.results.base import Result
from netlab_magic.session.state import Seen

__all__ = ["ChainRows", "Compared", "Comparison", "Row", "Words", "compare", "compared"]


class Row(msgspec.Struct, frozen=True):
    """A rule with its number before and after: 0 where it is not there."""

    rule: Rule
    before: int = 0
    after: int = 0

    @property
    def sign(self) -> str:
        """`+` for a rule that came, `-` for one that went, a blank for one that stayed."""
        return " " if self.before and self.after else "+" if self.after else "-"


class ChainRows(msgspec.Struct, frozen=True):
    """A chain that is not as it was; `before` or `after` is None when it was not, or is not, there."""

    table: str
    name: str
    before: Chain | None
    after: Chain | None
    rows: tuple[Row, ...]

    def heading(self) -> str:
        """What became of the chain itself, in words."""
        old, new = self.before, self.after
        if old and new:
            return f"chain {self.name}" + (f": policy {old.policy} → {new.policy}" if old.policy != new.policy else "")
        if new is None:
            return f"chain {self.name}: gone"
        told = ["new", *([f"policy {new.policy}"] if new.policy == "DROP" else []), *([] if new.rules else ["no rules"])]
        return f"chain {self.name}: {', '.join(told)}"


class Comparison(msgspec.Struct, frozen=True):
    """What is different. `topology` says it thing by thing, and `commands` are the commands that make the change there."""

    chains: tuple[ChainRows, ...]
    topology: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is any difference."""
        return bool(self.chains or self.commands)


def compare(before: tuple[Topology, Ruleset], after: tuple[Topology, Ruleset]) -> Comparison:
    """What is different between two states of a lab; counters are not compared."""
    changes = between(before[0], after[0])
    commands = tuple(command for change in changes for command in change.commands())
    return Comparison(tuple(_chains(before[1], after[1])), tuple(parts(changes)), commands)


def _chains(before: Ruleset, after: Ruleset) -> Iterator[ChainRows]:
    for name in dict.fromkeys([*BUILT_IN, *(table.name for ruleset in (after, before) for table in ruleset.tables)]):
        old, new = before.table(name), after.table(name)
        for chain in dict.fromkeys(chain.name for table in (new, old) for chain in table.chains):
            rows = _chain(name, old, new, chain)
            if rows:
                yield rows


def _chain(table: str, before: Table, after: Table, name: str) -> ChainRows | None:
    old, new = before.chain(name), after.chain(name)
    rows, one, other = [], 0, 0
    for gone, come in side_by_side(old.rules if old else (), new.rules if new else ()):
        one, other = one + bool(gone), other + bool(come)
        rows.append(Row(come or gone or Rule(), one if gone else 0, other if come else 0))
    same = old and new and old.policy == new.policy and all(row.before and row.after for row in rows)
    return None if same else ChainRows(table, name, old, new, tuple(rows))


Words = Callable[[ChainRows, Row], str]
"""Says in words what a rule of a chain does; "" to say nothing."""

_KEPT_ROWS = 3
"""How many of the rules that stayed are shown on each side of one that came or went."""

_STYLE = (
    "<style>.netlab table.diff{font-size:inherit}.netlab table.diff td{border:0;text-align:left;vertical-align:top;padding:.15em .6em}"
    ".netlab table.diff th{border:0;text-align:left;padding:.6em .6em .1em}.netlab table.diff th.chain{border-top:1px solid "
    "var(--jp-border-color2,#ccc)}.netlab table.diff td.n{text-align:right;white-space:nowrap;color:var(--jp-ui-font-color2,#666)}"
    ".netlab table.diff tbody tr:nth-child(n){background:none}.netlab table.diff tr.same td{opacity:.65}"
    ".netlab table.diff td.came{background:#0072b21f}.netlab table.diff td.went{background:#d55e001f}"
    ".netlab table.diff td.went>span{text-decoration:line-through}.netlab table.diff .words{font-family:"
    "var(--jp-ui-font-family,sans-serif);color:var(--jp-ui-font-color2,#666);max-width:34em;white-space:normal}</style>"
)


class Compared(Result):
    """The difference between two states, called `before` and `after`; also true when there is none."""

    def __init__(self, comparison: Comparison, before: str, after: str, words: Words) -> None:
        self.comparison = comparison
        self.before = before
        self.after = after
        self._words = words

    @property
    def changed(self) -> bool:
        """Whether there is any difference."""
        return self.comparison.changed

    def _title(self) -> str:
        return f"{self.before} → {self.after}" + ("" if self.changed else ": no difference")

    def __str__(self) -> str:
        return "\n".join([self._title(), *self._topology_lines(), *self._rule_lines()])

    def _topology_lines(self) -> Iterator[str]:
        if self.comparison.topology:
            yield "network"
            yield from (f"  {part}" for part in self.comparison.topology)

    def _rule_lines(self) -> Iterator[str]:
        for table, chains in groupby(self.comparison.chains, key=lambda chain: chain.table):
            yield f"table {table}"
            for chain in chains:
                yield f"  {chain.heading()}"
                for row in _near_changes(chain.rows):
                    yield from self._row_lines(chain, row)

    def _row_lines(self, chain: ChainRows, row: "Row | int") -> Iterator[str]:
        if isinstance(row, int):
            yield f"      … {_unchanged(row)} …"
            return
        yield f"    {row.sign} {row.before or '':>3} {row.after or '':>3}  {row.rule.spec or '(matches everything, does nothing)'}"
        words = "" if row.sign == " " else self._words(chain, row)
        if words:
            yield f"                {words}"

    def html(self, commands: bool = False) -> str:
        """See Result."""
        parts = [_STYLE, f"<pre><b>{escape(self._title())}</b></pre>"]
        parts += [f"<pre>{escape(line)}</pre>" for line in self._topology_lines()]
        if self.comparison.commands:
            count = len(self.comparison.commands)
            body = escape("\n".join(self.comparison.commands))
            folded = " open" if commands else ""
            parts.append(f"<details{folded}><summary>{count} command{'s' if count > 1 else ''}</summary><pre>{body}</pre></details>")
        if self.comparison.chains:
            head = f"<tr><th colspan=2>{escape(self.before)}</th><th colspan=2>{escape(self.after)}</th></tr>"
            parts.append(f'<table class="diff">{head}{"".join(self._html_rows())}</table>')
        return "".join(parts)

    def _html_rows(self) -> Iterator[str]:
        for chain in self.comparison.chains:
            yield f'<tr><th class="chain" colspan=4>{escape(f"table {chain.table}, {chain.heading()}")}</th></tr>'
            for row in _near_changes(chain.rows):
                yield self._html_row(chain, row)

    def _html_row(self, chain: ChainRows, row: "Row | int") -> str:
        if isinstance(row, int):
            return f'<tr class="same"><td class="n">⋮</td><td colspan=3>{_unchanged(row)}</td></tr>'
        spec = f"<span>{escape(row.rule.spec)}</span>"
        words = "" if row.sign == " " else escape(self._words(chain, row))
        spec += f'<div class="words">{words}</div>' if words else ""
        if row.sign == "+":
            return f'<tr><td colspan=2></td><td class="n">+ {row.after}</td><td class="came">{spec}</td></tr>'
        if row.sign == "-":
            return f'<tr><td class="n">− {row.before}</td><td class="went">{spec}</td><td colspan=2></td></tr>'
        return f'<tr class="same"><td class="n">{row.before}</td><td>{spec}</td><td class="n">{row.after}</td><td>{spec}</td></tr>'


def _unchanged(rows: int) -> str:
    return f"{rows:,} more rule{'s' if rows > 1 else ''} as before"


def _near_changes(rows: Sequence[Row]) -> "Iterator[Row | int]":
    """The rows that changed with a few on each side; for the others, how many they are."""
    near = {place + step for place, row in enumerate(rows) if row.sign != " " for step in range(-_KEPT_ROWS, _KEPT_ROWS + 1)}
    for shown, group in groupby(range(len(rows)), key=near.__contains__):
        places = list(group)
        if shown or len(places) == 1:
            yield from (rows[place] for place in places)
        else:
            yield len(places)


def compared(before: tuple[str, Seen], after: tuple[str, Seen], language: str = "en") -> Compared:
    """Two named states side by side, each rule that came or went with what it does."""
    old, new = ((seen.topology, _rules_of(seen)) for _, seen in (before, after))

    def words(chain: ChainRows, row: Row) -> str:
        if chain.table not in BUILT_IN:
            return ""
        ruleset, number = (new[1], row.after) if row.after else (old[1], row.before)
        told = explain_rule(ruleset, chain.table, chain.name, number, language)
        return told.situation or told.short

    return Compared(compare(old, new), before[0], after[0], words)


def _rules_of(seen: Seen) -> Ruleset:
    """All rules of a state; those inside namespaces, and those of dockerd's nftables table, as tables of their own."""
    inside = [
        msgspec.structs.replace(table, name=f"{table.name} in {name}")
        for name in seen.inside_namespaces
        if name in seen.rulesets
        for table in seen.rulesets[name].tables
    ]
    nft = [docker.nft_table(docker.nft_script(seen.dockerd))] if seen.dockerd and seen.dockerd.backend == "nftables" else []
    return Ruleset((*seen.ruleset.tables, *inside, *nft))
