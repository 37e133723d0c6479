"""A ladder as a picture: each place is a card with a row a packet, which says its addresses there; arrows lead from card to card."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from netlab_magic.draw.base.dot_html import cell, clipped, label, plain, row, run, table
from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.style import NAME, SMALL, Role
from netlab_magic.draw.chains.cards import note_label
from netlab_magic.draw.chains.picture import empty_graph
from netlab_magic.draw.ladder.text import ladder_text
from netlab_magic.draw.ladder.view import LadderView, Rung, ladder_view
from netlab_magic.i18n import Language
from netlab_magic.model.capture.packets import CapturedPacket
from netlab_magic.model.topology import End

if TYPE_CHECKING:
    import graphviz

__all__ = ["ladder_picture"]

_HEIGHT = 32
"""Of every row, in points: rows of one packet are at one height in all cards."""

_LONGEST_KIND, _LONGEST_END = 34, 26


def _lines(*lines: str) -> str:
    return cell("<BR/>".join(lines), height=_HEIGHT)


def _packets_card(view: LadderView, say: Language) -> str:
    """The card on the left: each packet's number, time and kind."""
    rows = [row(_lines(run(say("packet"), Role.QUIET, SMALL)))]
    for rung in view.rungs:
        head = run(f"{rung.number}  {rung.time}".strip(), Role.INK, SMALL, bold=True)
        rows.append(row(_lines(head, run(clipped(rung.kind, _LONGEST_KIND), Role.INK, SMALL))))
    return label(table(rows, cellpadding=3))


def _place_card(view: LadderView, number: int) -> str:
    place = view.places[number]
    head = _lines(run(place.interface, Role.HEAD_INK, NAME, bold=True), run(place.namespace, Role.HEAD_INK, SMALL))
    rows = [row(head.replace("<TD", f'<TD BGCOLOR="{Role.HEAD}"', 1))]
    rows += [row(_seen(rung, number)) for rung in view.rungs]
    return label(table(rows, border=1, cellborder=0, color=Role.LINE, bgcolor=Role.CARD, cellpadding=3))


def _seen(rung: Rung, number: int) -> str:
    """A packet at a place: NAT's changes stand out by their colour and their weight."""
    seen = rung.seen.get(number)
    if seen is None:
        passes = min(rung.way) < number < max(rung.way)
        return cell(run("· · ·" if passes else " ", Role.LINE, SMALL), port=f"r{rung.number}", height=_HEIGHT)
    (source, destination), (new_source, new_destination) = seen.ends, seen.changed
    lines = [_end(source, new_source), _end(f"→ {destination}", new_destination)]
    return cell("<BR/>".join(lines), port=f"r{rung.number}", height=_HEIGHT)


def _end(text: str, changed: bool) -> str:
    return run(clipped(text, _LONGEST_END), Role.PATH if changed else Role.INK, SMALL, bold=changed, mono=True)


def _arrows(graph: "graphviz.Digraph", rung: Rung) -> None:
    """Arrows between neighbouring cards; through cards in between, where it was not seen, a line leads."""
    for one, other in pairwise(rung.way):
        left, right = min(one, other), max(one, other)
        for place in range(left, right):
            ends = place == right - 1 if one < other else place == left
            look = {"dir": ("forward" if one < other else "back") if ends else "none"}
            graph.edge(f"p{place}:r{rung.number}:e", f"p{place + 1}:r{rung.number}:w", color=Role.GOOD, penwidth="1.6", **look)


def _graph(view: LadderView, say: Language) -> "graphviz.Digraph":
    graph = empty_graph("ladder")
    graph.attr("graph", rankdir="LR", ranksep="0.4", nodesep="0.1")
    graph.node("k", _packets_card(view, say))
    for number in range(len(view.places)):
        graph.node(f"p{number}", _place_card(view, number))
    for left, right in pairwise(["k", *(f"p{number}" for number in range(len(view.places)))]):
        graph.edge(left, right, style="invis", weight="100")
    for rung in view.rungs:
        _arrows(graph, rung)
    if view.note:
        graph.node("note", note_label([view.note]))
    return graph


def ladder_picture(places: Sequence[End], packets: Sequence[CapturedPacket], say: Language) -> Picture:
    """The ladder of captured packets between these places, which stand from left to right in this order."""
    view = ladder_view(places, packets, say)
    title = say("Captured packets")
    description = say("{} packets between {}", len(packets), ", ".join(map(str, places)))
    return Picture(_graph(view, say).source, ladder_text(view), plain(title), plain(description))
