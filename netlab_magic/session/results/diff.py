"""What `diff` returns: chain by chain, the rules that were added, removed or kept, and how topology and sysctls differ."""

from collections.abc import Iterator, Sequence
from itertools import groupby

import msgspec

from netlab_magic.iptables.ruleset import Chain, Rule
from netlab_magic.nftables.listing import hook_text
from netlab_magic.nftables.ruleset import Chain as NftChain
from netlab_magic.nftables.ruleset import Rule as NftRule
from netlab_magic.session.results.base import Result, commands_html
from netlab_magic.session.results.html import Html, b, div, joined, pre, span, table, td, th, tr
from netlab_magic.text import counted

__all__ = ["BlockDiff", "ChainDiff", "Compared", "Comparison", "RuleDiff"]


class RuleDiff(msgspec.Struct, frozen=True):
    """A rule with its number `before` and `after`, 0 where it does not exist; for one added or removed, `words` say what it does.

    `text` is the rule as iptables or nft writes it, without counters.
    """

    rule: Rule | NftRule
    text: str
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
    """A chain that differs; `before` or `after` is None where it does not exist. `rows` are all its rules.

    `table` is a table of iptables, or one of nft as nft names it, such as `inet fw`.
    """

    table: str
    name: str
    before: Chain | NftChain | None
    after: Chain | NftChain | None
    rows: tuple[RuleDiff, ...]

    @property
    def heading(self) -> str:
        """What happened to the chain itself, in words."""
        if self.after is None:
            return f"chain {self.name}: gone"
        family = self.table.partition(" ")[0]
        new = _declared(self.after, family)
        if self.before is not None:
            old = _declared(self.before, family)
            return f"chain {self.name}" + (f": {_became(old, new)}" if old != new else "")
        is_usual = new in ("policy ACCEPT", "policy -")
        told = ["new", *([new] if new and not is_usual else []), *([] if self.after.rules else ["no rules"])]
        return f"chain {self.name}: {', '.join(told)}"


def _declared(chain: Chain | NftChain, family: str) -> str:
    """The properties of a chain besides its rules: the policy, with nft also hook and priority."""
    if isinstance(chain, Chain):
        return f"policy {chain.policy or '-'}"
    return hook_text(chain.hook, family).rstrip(";") if chain.hook else ""


def _became(old: str, new: str) -> str:
    """What became of a chain's declaration; if only the policy differs, only that."""
    hook, policy, before = old.rpartition("policy ")
    hook_now, policy_now, after = new.rpartition("policy ")
    if policy and policy_now and hook == hook_now:
        return f"policy {before} → {after}"
    return f"{old or 'no hook'} → {new or 'no hook'}"


class BlockDiff(msgspec.Struct, frozen=True):
    """What differs in a table of nft besides chains: a set, map, object, flowtable or, with the kind `table`, the table itself.

    `fate` is new, gone, or "" if it exists before and after; `removed` and `added` are its lines and elements, as nft writes them.
    """

    table: str
    kind: str
    name: str
    fate: str
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()

    @property
    def heading(self) -> str:
        """What happened to it, in words."""
        if self.kind == "table":
            return "the table itself"
        return f"{self.kind} {self.name}" + (f": {self.fate}" if self.fate else "")


class Comparison(msgspec.Struct, frozen=True):
    """All differences. `topology` lists the changes one by one, and `commands` are the commands that make them.

    `blocks` are what differs in tables of nft besides chains.
    """

    chains: tuple[ChainDiff, ...]
    topology: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    blocks: tuple[BlockDiff, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is any difference."""
        return bool(self.chains or self.commands or self.blocks)


_KEPT_ROWS = 3
"""How many unchanged rules are shown on each side of one that was added or removed."""

_MOST_LINES = 20
"""How many removed or added lines and elements are shown."""

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
    def blocks(self) -> tuple[BlockDiff, ...]:
        """What differs in tables of nft besides chains: sets, maps, objects, and the tables themselves."""
        return self.comparison.blocks

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

    def _tables(self) -> "Iterator[tuple[str, list[BlockDiff | ChainDiff]]]":
        """Each table that differs, with what happened to it, and its parts."""
        for name in dict.fromkeys([*(chain.table for chain in self.chains), *(block.table for block in self.blocks)]):
            blocks = [block for block in self.blocks if block.table == name]
            fate = next((f": {block.fate}" for block in blocks if block.kind == "table" and block.fate), "")
            shown = [block for block in blocks if block.kind != "table" or block.removed or block.added]
            yield f"table {name}{fate}", [*shown, *(chain for chain in self.chains if chain.table == name)]

    def _rule_lines(self) -> Iterator[str]:
        for title, parts in self._tables():
            yield title
            for part in parts:
                yield f"  {part.heading}"
                rows = _near_changes(part.rows) if isinstance(part, ChainDiff) else ()
                for row in rows:
                    yield from _row_lines(row)
                if isinstance(part, BlockDiff):
                    yield from (f"    {sign}          {line}" for sign, line in _block_lines(part))

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        parts = [_STYLE, pre(b(self._title())), *map(pre, self._topology_lines()), commands_html(self.commands, unfolded=commands)]
        if self.chains or self.blocks:
            head = tr(th(self.before, colspan=2), th(self.after, colspan=2))
            parts.append(table(head, *self._html_rows(), class_="diff"))
        return joined(*parts)

    def _html_rows(self) -> Iterator[Html]:
        for title, parts in self._tables():
            if not parts:
                yield tr(th(title, class_="chain", colspan=4))
            for part in parts:
                yield tr(th(f"{title}, {part.heading}", class_="chain", colspan=4))
                if isinstance(part, ChainDiff):
                    yield from map(_html_row, _near_changes(part.rows))
                else:
                    yield from (_html_line(sign, line) for sign, line in _block_lines(part))


def _block_lines(block: BlockDiff) -> Iterator[tuple[str, str]]:
    """The removed and added lines of a block, each with its sign; of many, only the first."""
    for sign, lines in (("-", block.removed), ("+", block.added)):
        yield from ((sign, line) for line in lines[:_MOST_LINES])
        if len(lines) > _MOST_LINES:
            yield sign, f"… and {len(lines) - _MOST_LINES:,} more"


def _html_line(sign: str, line: str) -> Html:
    if sign == "+":
        return tr(td(colspan=2), td("+", class_="n"), td(span(line), class_="came"))
    return tr(td("−", class_="n"), td(span(line), class_="went"), td(colspan=2))


def _html_row(row: "RuleDiff | int") -> Html:
    if isinstance(row, int):
        return tr(td("⋮", class_="n"), td(_unchanged(row), colspan=3), class_="same")
    spec = joined(span(row.text), div(row.words, class_="words") if row.words else "")
    if row.stayed:
        return tr(td(str(row.before), class_="n"), td(spec), td(str(row.after), class_="n"), td(spec), class_="same")
    if row.after:
        return tr(td(colspan=2), td(f"+ {row.after}", class_="n"), td(spec, class_="came"))
    return tr(td(f"− {row.before}", class_="n"), td(spec, class_="went"), td(colspan=2))


def _row_lines(row: "RuleDiff | int") -> Iterator[str]:
    if isinstance(row, int):
        yield f"      … {_unchanged(row)} …"
        return
    yield f"    {row.sign} {row.before or '':>3} {row.after or '':>3}  {row.text or '(matches everything, does nothing)'}"
    if row.words:
        yield f"                {row.words}"


def _unchanged(rows: int) -> str:
    return f"{counted(rows, 'more rule')} as before"


def _near_changes(rows: Sequence[RuleDiff]) -> "Iterator[RuleDiff | int]":
    """The rows that changed, with a few on each side; the others as their number."""
    near = {place + step for place, row in enumerate(rows) if not row.stayed for step in range(-_KEPT_ROWS, _KEPT_ROWS + 1)}
    for shown, group in groupby(range(len(rows)), key=near.__contains__):
        places = list(group)
        if shown or len(places) == 1:
            yield from (rows[place] for place in places)
        else:
            yield len(places)
