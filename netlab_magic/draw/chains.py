"""Chains as a picture: the chains under one another, an arrow from each rule that enters another chain to that chain's head."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from netlab_magic.draw.chainstext import chains_text, counted_names, end_words, fold_words, head_words
from netlab_magic.draw.chainview import ChainsView, ChainView, Fold, Row, chains_view
from netlab_magic.draw.markup import cell, clipped, label, plain, row, run, table, wrapped
from netlab_magic.draw.picture import Picture
from netlab_magic.draw.rulewords import End
from netlab_magic.draw.style import NAME, RULE, SMALL, Role
from netlab_magic.ruleset import Ruleset

if TYPE_CHECKING:
    import graphviz

__all__ = ["chains_picture"]

_COLUMNS = 4
_MATCH, _TARGET = 44, 27
_WIDTHS = {"num": 30, "pkts": 58, "match": 276, "target": 176}
_LONGEST_NAME = 32
_MILLION = 1_000_000


def _packets(count: int) -> str:
    return f"{count:,}" if count < _MILLION else f"{count / _MILLION:,.1f}M"


def _lines(lines: list[str], colour: str, size: float = RULE, *, bold: bool = False) -> str:
    """Lines of fixed-width text, left-aligned in their cell."""
    return "".join(run(line, colour, size, bold=bold, mono=True) + '<BR ALIGN="LEFT"/>' for line in lines)


def _cell(content: str, column: str, **more: object) -> str:
    align = "LEFT" if column in ("match", "target") else "RIGHT"
    settings = {"width": _WIDTHS[column], "align": align, "balign": "LEFT", "border": 1, "sides": "B", "color": Role.BAND}
    return cell(content, **{**settings, **more})


def _end_cell(end: End, shown: list[str], dim: bool, **more: object) -> str:
    text = _lines(shown, Role.QUIET if dim else Role.INK, bold=not dim)
    if dim or end.good is None:
        return _cell(text, "target", **more)
    fill, bar = (Role.GOOD_FILL, Role.GOOD) if end.good else (Role.BAD_FILL, Role.BAD)
    return _cell(text, "target", bgcolor=fill, color=bar, sides="L", border=4, cellpadding=2, **more)


def _tooltip(full: str, shown: list[str]) -> dict[str, object]:
    """dot shows a cell's tooltip only as part of a link; `svg.finished` keeps the one and drops the other."""
    return {"href": "#", "title": full} if shown[-1].endswith("…") else {}


def _rule_row(shown: Row, counted: bool) -> str:
    dim = counted and not shown.packets
    colour = Role.QUIET if dim else Role.INK
    match = wrapped(shown.words.match, _MATCH)
    target = wrapped(str(shown.words.end).split(), _TARGET, 2)
    return row(
        _cell(run(str(shown.number), Role.QUIET, RULE, mono=True), "num"),
        _cell(run(_packets(shown.packets), colour, RULE, mono=True), "pkts"),
        _cell(_lines(match, colour), "match", **_tooltip(shown.words.verbatim, match)),
        _end_cell(shown.words.end, target, dim, port=f"r{shown.number}", **_tooltip(str(shown.words.end), target)),
    )


def _fold_row(fold: Fold, counted: bool) -> str:
    words = wrapped(fold_words(fold, counted).split(), _MATCH + _TARGET + 8, 3)
    return row(cell(_lines(words, Role.QUIET), colspan=_COLUMNS, port="fold", align="LEFT", bgcolor=Role.BOX, cellpadding=6))


def _head(view: ChainsView, chain: ChainView) -> str:
    mark = "▶ " if chain.name == view.entry else ""
    title = run(mark + clipped(chain.name, _LONGEST_NAME), Role.HEAD_INK, NAME, bold=True)
    about = run(f"   {head_words(view, chain)}", Role.HEAD_INK, SMALL)
    look = {"colspan": _COLUMNS, "align": "LEFT", "bgcolor": Role.HEAD, "cellpadding": 6, "width": sum(_WIDTHS.values())}
    return row(cell(title + about, port="head", **look))


def _column_names() -> str:
    return row(*(_cell(run(name, Role.QUIET, SMALL), name) for name in ("num", "pkts", "match", "target")))


def _last_row(chain: ChainView) -> str:
    words = run(end_words(chain), Role.QUIET, SMALL)
    if not chain.policy:
        return row(cell(run("↩  ", Role.QUIET) + words, colspan=_COLUMNS, align="LEFT", bgcolor=Role.BOX, cellpadding=5))
    packets = run(_packets(chain.packets), Role.INK, RULE, mono=True)
    return row(
        _cell(" ", "num", bgcolor=Role.BOX),
        _cell(packets, "pkts", bgcolor=Role.BOX),
        _cell(words, "match", bgcolor=Role.BOX),
        _end_cell(chain.policy, [str(chain.policy)], False),
    )


def _chain_label(view: ChainsView, chain: ChainView) -> str:
    rows = [_fold_row(each, view.counted) if isinstance(each, Fold) else _rule_row(each, view.counted) for each in chain.rows]
    names = [_column_names()] if chain.name == view.entry else []
    body = [_head(view, chain), *names, *rows, _last_row(chain)]
    return label(table(body, border=1.5 if chain.policy else 1, color=Role.HEAD, bgcolor=Role.CARD, cellpadding=4))


def _arrow(view: ChainsView, shown: Row) -> dict[str, str]:
    dim = view.counted and not shown.packets
    goto = {"style": "dashed", "arrowhead": "vee"} if shown.words.goto else {}
    return {"color": Role.LINE if dim else Role.INK, "penwidth": "1" if dim else "1.6", **goto}


def _jumps(view: ChainsView, chain: ChainView) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every arrow out of a chain as (port, the chain it leads to, its look); rules folded away share one, and only where no other leads."""
    direct = {each.words.to for each in chain.rows if isinstance(each, Row)}
    for each in chain.rows:
        if isinstance(each, Fold):
            yield from (("fold", to, {"style": "dotted", "color": Role.LINE}) for to in each.to if to not in direct)
        elif each.words.to:
            yield f"r{each.number}", each.words.to, _arrow(view, each)


def _notes(view: ChainsView) -> list[str]:
    notes = []
    if view.crowded_out:
        notes.append(f"Also reached from {view.entry}, not drawn: {counted_names(view.crowded_out, 6)}")
    if view.unreached:
        notes.append(f"Not reached from {view.entry}: {counted_names(view.unreached, 6)}")
    if not view.chains:
        notes.insert(0, f"Table {view.table} has no chain {view.entry}.")
    elif not view.counted:
        notes.append("No counters, or no packet yet.")
    return notes


def _note_label(notes: list[str]) -> str:
    lines = [line for note in notes for line in wrapped(note.split(), 84)]
    content = "".join(run(line, Role.QUIET, SMALL) + '<BR ALIGN="LEFT"/>' for line in lines)
    return label(table([row(cell(content, align="LEFT", balign="LEFT"))], border=1, color=Role.LINE, style="dashed", cellpadding=6))


def _graph(view: ChainsView) -> "graphviz.Digraph":
    import graphviz  # here, because it costs 50 ms, half of what loading the extension may take

    graph = graphviz.Digraph("chains")
    graph.attr("graph", bgcolor=Role.NONE, ranksep="0.28", pad="0.08", outputorder="edgesfirst")
    graph.attr("node", shape="plain")
    graph.attr("edge", color=Role.INK, arrowsize="0.8")
    names = {chain.name: f"c{place}" for place, chain in enumerate(view.chains)}
    for chain in view.chains:
        graph.node(names[chain.name], _chain_label(view, chain))
    column = list(names.values())
    if notes := _notes(view):
        graph.node("notes", _note_label(notes))
        column.append("notes")
    for above, below in pairwise(column):
        graph.edge(above, below, style="invis", weight="100")
    for chain in view.chains:
        for port, to, look in _jumps(view, chain):
            if to in names:
                graph.edge(f"{names[chain.name]}:{port}:e", f"{names[to]}:head:e", constraint="false", **look)
    return graph


def chains_picture(ruleset: Ruleset, table: str = "filter", chain: str = "FORWARD") -> Picture:
    """The chain `chain` of `table`, with every chain that its packets can reach."""
    view = chains_view(ruleset, table, chain)
    title = plain(f"Chain {chain} of table {table}")
    if not view.chains:
        description = chains_text(view)
    else:
        first = view.chains[0]
        reached = len(view.chains) - 1 + len(view.crowded_out)
        description = plain(f"{chain}: {head_words(view, first)}; its rules lead to {reached} other chain{'s' * (reached != 1)}.")
    return Picture(_graph(view).source, chains_text(view), title, description)
