"""Probes as arrows: a line from the sender to a pill with the result, and from there to the receiver."""

from typing import TYPE_CHECKING

from netlab_magic.draw.base.probe_marks import Flow
from netlab_magic.draw.topology.cards import pill_label
from netlab_magic.draw.topology.ports import Wiring
from netlab_magic.draw.topology.view import NetView
from netlab_magic.model.topology import HOST, INTERNET

if TYPE_CHECKING:
    import graphviz

__all__ = ["beside", "draw_arrows"]

_PILLS_A_ROW = 4


def beside(flow: Flow) -> bool:
    """Whether an arrow has to pass beside the host, because one of its ends is above or inside it."""
    return bool({flow.outcome.probe.source, flow.outcome.probe.target} & {HOST, INTERNET})


def _rank(name: str) -> int:
    return {INTERNET: 0, HOST: 1}.get(name, 2)


def _line(flow: Flow, *, to_pill: bool, down: bool) -> dict[str, str]:
    """The half of an arrow between a namespace and its pill; `down` is set if the edge was drawn from the namespace."""
    headed = not to_pill or flow.back is not None
    side = "tail" if down else "head"
    head = {"dir": "back" if down else "forward", f"arrow{side}": flow.look.arrowhead} if headed else {"dir": "none"}
    width = "2.6" if flow.look.line == "dotted" else "2"
    return {"style": flow.look.line, "color": flow.look.colour, "penwidth": width, "arrowsize": "0.9", **head}


def _keep_beside(graph: "graphviz.Digraph", view: NetView, pill: str, guest: str) -> None:
    """Puts a pill on the side of the host where its namespace is, so that the arrow crosses no cable."""
    guests = [each.name for each in view.guests]
    left = guests.index(guest) < (len(guests) - 1) / 2
    with graph.subgraph() as same:
        same.attr(rank="same")
        same.edge(*((pill, "host") if left else ("host", pill)), style="invis")


def draw_arrows(graph: "graphviz.Digraph", view: NetView, wiring: Wiring) -> None:
    """Draws every flow of the view; the pills of flows between namespaces are in rows below them."""
    below = 0
    for place, flow in enumerate(sorted(view.flows, key=beside, reverse=True)):
        pill, side = f"f{place}", beside(flow)
        source, target = flow.outcome.probe.source, flow.outcome.probe.target
        graph.node(pill, pill_label(flow))
        ends = sorted({name for name in (source, target) if name in wiring.nodes}, key=lambda name: (_rank(name), name))
        for name in ends:
            down = name == ends[0] or not side
            length = str(1 if side else 1 + below // _PILLS_A_ROW)
            halves = (wiring.nodes[name], pill) if down else (pill, wiring.nodes[name])
            graph.edge(*halves, minlen=length, **_line(flow, to_pill=name == source, down=down))
        if len(ends) > 1 and {_rank(name) for name in ends} == {_rank(INTERNET), _rank("")}:
            _keep_beside(graph, view, pill, ends[-1])
        if not side:
            below += 1
