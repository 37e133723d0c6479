"""The hooks that a packet passes, as a picture: each with its tables as stations, and below them the chains that have rules."""

from itertools import pairwise
from typing import TYPE_CHECKING

from netlab_magic.draw.base.badges import badge_table
from netlab_magic.draw.base.dot_html import cell, clipped, label, plain, row, run, table
from netlab_magic.draw.base.lanes import SPINE
from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.style import NAME, RULE, SMALL, Role
from netlab_magic.draw.chains.cards import note_label
from netlab_magic.draw.chains.picture import draw_chains, empty_graph
from netlab_magic.draw.chains.view import Explain
from netlab_magic.draw.hooks.stations import Asked, Station
from netlab_magic.draw.hooks.view import TRACKING, Hook, HooksView, hooks_text, hooks_view, station_words
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import RulePath
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

if TYPE_CHECKING:
    import graphviz

__all__ = ["hooks_picture"]


_ABREAST, _LONGEST = 4, 18
"""How many base chains of a hook stand side by side, and how long their names may be."""


def _pill(words: str) -> str:
    body = [row(cell(run(words, Role.INK, SMALL)))]
    return label(table(body, border=1, color=Role.LINE, bgcolor=Role.BOX, style="rounded", cellpadding=9))


def _station_cell(station: Station) -> str:
    badges = station.chain.steps if not station.shown else ()
    title, _, chain = station.name.partition(": ")
    name = run(clipped(chain or title, _LONGEST), Role.INK, RULE, bold=station.shown or bool(badges))
    parts = [*([clipped(title, _LONGEST)] if chain else []), *station_words(station).split(", ")]
    words = "<BR/>".join(run(part, Role.QUIET, SMALL) for part in parts)
    look = {"bgcolor": Role.CARD, "color": Role.HEAD} if station.shown else {"color": Role.LINE, "style": "dashed"}
    if badges:
        look |= {"bgcolor": Role.PATH_FILL, "color": Role.PATH}
    numbers = [cell(badge_table(badges, abreast=1))] if badges else []
    return cell(table([row(*numbers, cell(f"{name}<BR/>{words}"))], **{"border": 1.5 if station.shown else 1, "cellpadding": 4, **look}))


def _hook_label(hook: Hook) -> str:
    arrow = cell(run("→", Role.QUIET, NAME))
    stations = [_station_cell(station) for station in hook.stations]
    if hook.tracked_after:
        stations.insert(hook.tracked_after, cell(run(TRACKING, Role.QUIET, SMALL)))
    cells = [each for station in stations for each in (arrow, station)][1:]
    name = cell(run(hook.name, Role.INK, NAME, bold=True), align="LEFT")
    rows = [cells[start : start + 2 * _ABREAST] for start in range(0, len(cells), 2 * _ABREAST)]
    inner = [table([row(name if not place else "", *found)], cellpadding=4) for place, found in enumerate(rows)]
    body = [row(cell(found, port=None if place else "head", align="LEFT")) for place, found in enumerate(inner)]
    return label(table(body, border=1.2, color=Role.LINE, bgcolor=Role.BOX, style="rounded", cellpadding=5))


class _Column:
    """The column of the picture while it is built: its nodes, and the stops of the spine as (port in, port out, on the path)."""

    def __init__(self, graph: "graphviz.Digraph") -> None:
        self.graph = graph
        self.nodes: list[str] = []
        self.stops: list[tuple[str, str, bool]] = []

    def pill(self, words: str) -> None:
        name = f"p{len(self.nodes)}"
        self.graph.node(name, _pill(words))
        self.nodes.append(name)

    def hook(self, hook: Hook) -> None:
        name = f"h{len(self.nodes)}"
        self.graph.node(name, _hook_label(hook))
        self.nodes.append(name)
        self.stops.append((f"{name}:head:w", f"{name}:head:w", any(station.stepped for station in hook.stations)))
        for place, station in enumerate(hook.stations):
            if station.shown:
                drawn = draw_chains(self.graph, station.view, f"{name}t{place}c")
                self.nodes += drawn
                # If the policy drops, packets that go on were accepted before the end.
                leave = "end" if station.chain.policy and station.chain.policy.good else "head"
                self.stops.append((f"{drawn[0]}:head:w", f"{drawn[0]}:{leave}:w", station.stepped))

    def join(self) -> None:
        """Fixes the column's order and draws the spine, heavier as far as the path goes."""
        for above, below in pairwise(self.nodes):
            self.graph.edge(above, below, style="invis", weight="100")
        reached = max((place for place, (_, _, stepped) in enumerate(self.stops) if stepped), default=0)
        for place, ((_, leave, _), (enter, _, _)) in enumerate(pairwise(self.stops), 1):
            look = {"color": Role.PATH, "penwidth": "3.2"} if place <= reached else {"color": Role.LINE, "penwidth": "2"}
            self.graph.edge(leave, enter, constraint="false", **{"class": SPINE}, **look)


def _graph(view: HooksView) -> "graphviz.Digraph":
    column = _Column(empty_graph("hooks"))
    for hook in view.hooks:
        if hook.before:
            column.pill(hook.before)
        column.hook(hook)
    column.pill(view.end)
    column.graph.node("notes", note_label(view.notes))
    column.nodes.append("notes")
    column.join()
    return column.graph


def hooks_picture(
    ruleset: Ruleset,
    direction: str = "forward",
    *,
    native: NftRuleset = NftRuleset(),  # noqa: B008 – a value
    path: RulePath | None = None,
    explain: Explain | None = None,
) -> Picture:
    """Every chain that a packet passes on the host, hook by hook; `direction` is one of `model.hooks.DIRECTIONS`.

    `native` are nft's own tables, whose base chains stand among the tables of iptables by their priorities. The steps of `path` are drawn
    on top; `explain` gives the sentence for a rule's tooltip.
    """
    view = hooks_view(Asked(ruleset, native, path, explain), direction)
    hooks = ", ".join(hook.name for hook in view.hooks)
    description = f"The path of {view.title} through {hooks}, with the rules of every table that has any."
    return Picture(_graph(view).source, hooks_text(view), f"The path of {view.title}", plain(description), explain is not None)
