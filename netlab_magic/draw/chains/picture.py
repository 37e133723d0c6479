"""Chains as a picture: one below the other, with an arrow from each rule that enters another chain to that chain's head."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.base.lanes import LANE
from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.style import Role
from netlab_magic.draw.chains.cards import chain_label, idle_label, note_label
from netlab_magic.draw.chains.folding import Fold
from netlab_magic.draw.chains.text import chains_text, head_words, notes
from netlab_magic.draw.chains.view import ChainsView, ChainView, Explain, Row, chains_view
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import RulePath
from netlab_magic.text import counted

if TYPE_CHECKING:
    import graphviz

__all__ = ["chains_picture", "draw_chains", "empty_graph"]

_MOST_NAMES = 6


def empty_graph(name: str) -> "graphviz.Digraph":
    """An empty drawing for a column of cards."""
    import graphviz  # here, because it costs 50 ms, half of what loading the extension may take

    graph = graphviz.Digraph(name)
    graph.attr("graph", bgcolor=Role.NONE, ranksep="0.28", pad="0.08", splines="line")
    graph.attr("node", shape="plain")
    graph.attr("edge", color=Role.INK, arrowsize="0.8")
    return graph


def _look(shown: Row) -> dict[str, str]:
    goto = {"style": "dashed", "arrowhead": "vee"} if shown.words.goto else {}
    if shown.met:
        return {"color": Role.PATH, "penwidth": "3.2", **goto}
    return {"color": Role.LINE if shown.never else Role.INK, "penwidth": "1" if shown.never else "1.6", **goto}


def _jumps(chain: ChainView) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every arrow out of a chain as (port, target chain, look); folded rules share one, and only to chains without another arrow."""
    direct = {each.words.to for each in chain.rows if isinstance(each, Row)}
    for each in chain.rows:
        if isinstance(each, Fold):
            yield from ((f"f{each.first}", to, {"style": "dotted", "color": Role.LINE}) for to in each.to if to not in direct)
        elif each.words.to:
            yield f"r{each.number}", each.words.to, _look(each)


def draw_chains(graph: "graphviz.Digraph", view: ChainsView, prefix: str = "c") -> list[str]:
    """Draws the chains of a view and their arrows; returns the names of the nodes from top to bottom."""
    names = {chain.name: f"{prefix}{place}" for place, chain in enumerate(view.chains)}
    for place, chain in enumerate(view.chains):
        graph.node(names[chain.name], chain_label(view, chain, named=place == 0))
    for chain in view.chains:
        for port, to, look in _jumps(chain):
            if to in names:
                graph.edge(f"{names[chain.name]}:{port}:e", f"{names[to]}:head:e", constraint="false", **{"class": LANE}, **look)
    return list(names.values())


def _graph(view: ChainsView) -> "graphviz.Digraph":
    graph = empty_graph("chains")
    column = draw_chains(graph, view)
    if view.idle:
        graph.node("idle", idle_label(view.idle))
        column.insert(0, "idle")
    if said := notes(view, _MOST_NAMES):
        graph.node("notes", note_label(said))
        column.append("notes")
    for above, below in pairwise(column):
        graph.edge(above, below, style="invis", weight="100")
    return graph


def _description(view: ChainsView) -> str:
    if view.entry and not view.chains:
        return notes(view)[0]
    reached = len(view.chains) - 1 + len(view.crowded_out)
    if view.entry:
        return f"{view.entry}: {head_words(view, view.chains[0])}; its rules lead to {counted(reached, 'other chain')}."
    rules = sum(chain.rules for chain in view.chains)
    return f"Table {view.table}: {len(view.chains) + len(view.idle)} chains with {counted(rules, 'rule')} are shown."


def chains_picture(
    ruleset: Ruleset, table: str = "filter", chain: str | None = None, *, path: RulePath | None = None, explain: Explain | None = None
) -> Picture:
    """The chain `chain` of `table` and every chain that packets can reach from it; without `chain`, the whole table.

    The steps of `path` are drawn on top; `explain` gives the sentence for a rule's tooltip.
    """
    view = chains_view(ruleset, table, chain, path=path, explain=explain)
    title = f"Chain {chain} of table {table}" if chain is not None else f"Table {table}"
    return Picture(_graph(view).source, chains_text(view), plain(title), plain(_description(view)), explain is not None)
