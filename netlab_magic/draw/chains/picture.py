"""Chains as a picture: one below the other, with an arrow from each rule that enters another chain to that chain's head."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.base.lanes import LANE
from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.style import Role
from netlab_magic.draw.chains.cards import chain_label, idle_label, note_label, store_label
from netlab_magic.draw.chains.folding import Fold
from netlab_magic.draw.chains.subject import StoreView
from netlab_magic.draw.chains.text import chains_text, head_words, notes
from netlab_magic.draw.chains.view import ChainsView, ChainView, Explain, Row, chains_view, subject_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import RulePath
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
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


def _look(shown: Row, *, taken: bool = True) -> dict[str, str]:
    goto = {"style": "dashed", "arrowhead": "vee"} if shown.words.goto else {}
    if shown.met and taken:
        return {"color": Role.PATH, "penwidth": "3.2", **goto}
    return {"color": Role.LINE if shown.never else Role.INK, "penwidth": "1" if shown.never else "1.6", **goto}


_FEW = {"style": "dotted", "color": Role.LINE}
"""How an arrow looks that stands for several rules, or elements."""


class _Column:
    """The cards of a view under one another, and the arrows between them; `names` has the nodes from top to bottom."""

    def __init__(self, graph: "graphviz.Digraph", view: ChainsView, prefix: str) -> None:
        self.graph = graph
        self.view = view
        self.chains = {chain.name: f"{prefix}{place}" for place, chain in enumerate(view.chains)}
        self.stores: dict[str, str] = {}
        self.names: list[str] = []
        for place, chain in enumerate(view.chains):
            self.add(self.chains[chain.name], chain_label(view, chain, named=place == 0))
            for store in chain.stores:
                self.stores[store.name] = f"{self.chains[chain.name]}s{len(self.stores)}"
                self.add(self.stores[store.name], store_label(store))

    def add(self, name: str, card: str) -> None:
        self.graph.node(name, card)
        self.names.append(name)

    def arrows(self) -> None:
        stepped = frozenset(chain.name for chain in self.view.chains if chain.stepped)
        for chain in self.view.chains:
            for port, to, look in self._jumps(chain, stepped):
                self.arrow(f"{self.chains[chain.name]}:{port}", self.chains.get(to) or self.stores.get(to), look)
            for store in chain.stores:
                for port, to, look in _elements(store):
                    taken = {"color": Role.PATH, "penwidth": "3.2"} if to in stepped and self._is_asked(store.name) else {}
                    self.arrow(f"{self.stores[store.name]}:{port}", self.chains.get(to), look | taken)

    def _is_asked(self, store: str) -> bool:
        """Whether the path met a rule that looks into this set or map."""
        rows = (row for chain in self.view.chains for row in chain.rows if isinstance(row, Row))
        return any(row.met and store in row.used for row in rows)

    def arrow(self, start: str, end: str | None, look: dict[str, str]) -> None:
        if end:
            self.graph.edge(f"{start}:e", f"{end}:head:e", constraint="false", **{"class": LANE}, **look)

    def _jumps(self, chain: ChainView, stepped: frozenset[str]) -> Iterator[tuple[str, str, dict[str, str]]]:
        """Every arrow out of a chain as (port, where it leads to, its look); rules folded away share one, and only where no other leads."""
        rows = [each for each in chain.rows if isinstance(each, Row)]
        direct = {to for each in rows for to in each.words.to}
        stores = [store for held in self.view.chains for store in held.stores]
        for each in chain.rows:
            if isinstance(each, Fold):
                yield from ((f"f{each.first}", to, _FEW) for to in each.to if to not in direct)
                continue
            yield from ((f"r{each.number}", name, _look(each)) for name in each.used)
            through = {to for store in stores if store.name in each.used for to in store.leads_to}
            for to in each.words.to:
                if to not in through:
                    yield f"r{each.number}", to, _look(each, taken=len(each.words.to) == 1 or to in stepped)


def _elements(store: StoreView) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every arrow out of a map's card."""
    for place, row in enumerate(store.rows):
        if row.to:
            yield f"e{place}", row.to, {}
    yield from (("more", to, _FEW) for to in store.more_to if to not in {row.to for row in store.rows})


def draw_chains(graph: "graphviz.Digraph", view: ChainsView, prefix: str = "c") -> list[str]:
    """Draws the chains of a view, the sets and maps that they look into, and their arrows; gives the nodes' names from top to bottom."""
    column = _Column(graph, view, prefix)
    column.arrows()
    return column.names


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
        return f"{view.entry}: {head_words(view.chains[0])}; its rules lead to {counted(reached, 'other chain')}."
    rules = sum(chain.rules for chain in view.chains)
    return f"Table {view.table}: {len(view.chains) + len(view.idle)} chains with {counted(rules, 'rule')} are shown."


def chains_picture(
    ruleset: Ruleset | NftRuleset,
    table: str = "filter",
    chain: str | None = None,
    *,
    path: RulePath | None = None,
    explain: Explain | None = None,
) -> Picture:
    """The chain `chain` of `table` and every chain that packets can reach from it; without `chain`, the whole table.

    A table of nft is named with its family: `inet fw`. The steps of `path` are drawn over it; `explain` gives the sentence that hovering
    over a rule shows. Raises LookupError for a table of nft that there is not.
    """
    view = chains_view(subject_of(ruleset, table), chain, path=path, explain=explain)
    title = f"Chain {chain} of table {table}" if chain is not None else f"Table {table}"
    title += " (ip6tables)" if isinstance(ruleset, Ruleset) and ruleset.family == "ipv6" else ""
    return Picture(_graph(view).source, chains_text(view), plain(title), plain(_description(view)), explain is not None)
