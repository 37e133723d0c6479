"""A topology as a picture: the internet at the top, the host as a box, its namespaces below, and the last probes between them."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from netlab_magic.draw.base.dot_html import label, plain, run
from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.probe_marks import look_of
from netlab_magic.draw.base.style import BODY, PAGE_WIDTH, Role
from netlab_magic.draw.topology.cards import card, group_label, host_label, width_of
from netlab_magic.draw.topology.ports import Wiring, wired
from netlab_magic.draw.topology.probe_arrows import beside, draw_arrows
from netlab_magic.draw.topology.text import net_text
from netlab_magic.draw.topology.view import NetView, net_view, state_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import NOWHERE, PacketPath
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import HOST, INTERNET, End, Interface, Namespace, Topology
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.text import counted

if TYPE_CHECKING:
    import graphviz

__all__ = ["topology_picture"]

_MOST_NODES = 8
_GAP = 14
_HOST_WIDTH = 310
_HOST_SHARE = 0.75  # of the width of the namespaces below it, if its bridges have a port for each of them
_PILL_WIDTH = 95


def _row_width(view: NetView) -> float:
    return sum(width_of(guest) + _GAP for guest in view.guests)


def _fits(view: NetView) -> bool:
    """Whether every namespace can be a separate node without the picture getting wider than the page."""
    return len(view.guests) <= _MOST_NODES and _row_width(view) <= PAGE_WIDTH


def _with_arrows(view: NetView) -> bool:
    """Whether probes can be arrows: there are few, and there is room beside the host for those that pass it."""
    host = max(_HOST_WIDTH, _HOST_SHARE * _row_width(view))
    needed = host + _PILL_WIDTH * sum(map(beside, view.flows))
    return bool(view.flows) and not view.packet_path.steps and _fits(view) and needed <= PAGE_WIDTH + _PILL_WIDTH


def _host(view: NetView, wiring: Wiring, *, marked: bool, one_by_one: bool) -> str:
    ports = wiring.ports(HOST)
    cabled = {end.interface for cable in wiring.cables for end in cable if end.namespace == HOST}
    on_bridges = {each.name for each in view.topology.host.interfaces if each.master}
    if view.left_out:
        ports = {name: port for name, port in ports.items() if name in cabled or name not in on_bridges}
    if not one_by_one:
        ports = {name: port for name, port in ports.items() if name not in cabled & on_bridges}
    return host_label(view, ports, marked=marked)


def _crossed(view: NetView, one: End, other: End) -> dict[str, str]:
    """The look of a cable on the packet's path: heavy, with an arrowhead for each direction; nothing for other cables."""
    for (start, end), (there, back) in view.packet_path.crossings().items():
        if {start, end} == {one, other}:
            directions = {"forward" if (start, end) == (one, other) else "back"} if there else set()
            directions |= {"back" if (start, end) == (one, other) else "forward"} if back else set()
            return {"color": Role.PATH, "penwidth": "4", "dir": "both" if len(directions) > 1 else directions.pop(), "arrowsize": "0.7"}
    return {}


def _cable_look(view: NetView, one: End, other: End) -> dict[str, str]:
    crossed = _crossed(view, one, other)
    if crossed:
        return crossed
    ends = [view.topology.interface(one), view.topology.interface(other)]
    if any(state_of(end) for end in ends if end):
        return {"style": "dashed", "color": Role.LINE}
    sent = view.counts.get(other.namespace, (None, None))[0]
    if sent:
        look = look_of(sent.verdict)
        return {"style": look.line, "color": look.colour, "penwidth": "2.4"}
    return {"color": Role.INK, "penwidth": "1.6"}


def _cables(graph: "graphviz.Digraph", view: NetView, wiring: Wiring, *, above_only: bool) -> None:
    for one, other in wiring.cables:
        if one.namespace == other.namespace or (above_only and INTERNET not in (one.namespace, other.namespace)):
            continue
        (upper, out), (lower, into) = wiring.plugs[one], wiring.plugs[other]
        weight = "20" if INTERNET in (one.namespace, other.namespace) else "4"
        graph.edge(f"{upper}:{out}:s", f"{lower}:{into}:n", **{"dir": "none", "weight": weight, **_cable_look(view, one, other)})


def _one_by_one(graph: "graphviz.Digraph", view: NetView, wiring: Wiring, *, marked: bool) -> None:
    for guest in view.guests:
        graph.node(wiring.nodes[guest.name], label(card(view, guest, wiring.ends(guest), marked=marked)))
    first = [wiring.nodes[guest.name] for guest in view.guests if any(_on_host(each) for each in guest.interfaces)]
    with graph.subgraph() as same:
        same.attr(rank="same")
        for one, other in pairwise(first):
            same.edge(one, other, style="invis")


def _on_host(interface: Interface) -> bool:
    return bool(interface.peer and interface.peer.namespace == HOST)


def _home(view: NetView, guest: Namespace) -> str:
    """The bridge that a namespace is connected to, or ""."""
    ends = (view.topology.interface(each.peer) for each in guest.interfaces if each.peer and _on_host(each))
    return next((end.master for end in ends if end and end.master), "")


def _groups(view: NetView) -> dict[str, list[Namespace]]:
    groups: dict[str, list[Namespace]] = {bridge.name: [] for bridge in view.topology.host.bridges}
    groups[""] = []
    for guest in view.guests:
        groups.setdefault(_home(view, guest), []).append(guest)
    return {bridge: members for bridge, members in groups.items() if members}


def _columns(groups: dict[str, list[Namespace]], total: int) -> dict[str, int]:
    """How many of `total` columns each group gets: one each, the rest to the groups that would be longest."""
    columns = dict.fromkeys(groups, 1)
    for _ in range(total - len(groups)):
        longest = max(groups, key=lambda name: ceil(len(groups[name]) / columns[name]))
        columns[longest] += 1
    return {name: ceil(len(members) / ceil(len(members) / columns[name])) for name, members in groups.items()}


def _in_groups(graph: "graphviz.Digraph", view: NetView, wiring: Wiring) -> None:
    groups, ports = _groups(view), wiring.ports(HOST)
    total = max(1, int(PAGE_WIDTH // (max(width_of(guest, stacked=True) for guest in view.guests) + _GAP)))
    drawn: list[str] = []
    for place, (bridge, columns) in enumerate(_columns(groups, total).items()):
        members = groups[bridge]
        heading = f"{counted(len(members), 'namespace')} {f'on {bridge}' if bridge else 'not on a bridge'}"
        graph.node(f"g{place}", group_label(view, members, heading, columns))
        if bridge in ports and len(groups) <= total:  # otherwise the cables would cross, and the headings name the bridges anyway
            graph.edge(f"host:{ports[bridge]}:s", f"g{place}:n", dir="none", color=Role.INK, penwidth="4")
        else:
            graph.edge("host" if place < total else drawn[place - total], f"g{place}", style="invis")
        drawn.append(f"g{place}")


def _graph(view: NetView) -> "graphviz.Digraph":
    import graphviz  # here, because it costs 50 ms, half of what loading the extension may take

    graph = graphviz.Digraph("topology")
    graph.attr("graph", bgcolor=Role.NONE, ranksep="0.36", nodesep="0.2", pad="0.08")
    graph.attr("node", shape="plain")
    if view.counts:
        graph.attr("graph", label=label(run(view.total.sentence, Role.INK, BODY, bold=True)), labelloc="t")
    wiring, alone, arrows = wired(view), _fits(view), _with_arrows(view)
    if view.internet:
        ends = wiring.ends(view.internet)
        graph.node(wiring.nodes[INTERNET], label(card(view, view.internet, ends, marked=not arrows)))
    graph.node(wiring.nodes[HOST], _host(view, wiring, marked=not arrows, one_by_one=alone))
    if alone:
        _one_by_one(graph, view, wiring, marked=not arrows)
    else:
        _in_groups(graph, view, wiring)
    _cables(graph, view, wiring, above_only=not alone)
    if arrows:
        draw_arrows(graph, view, wiring)
    return graph


def _description(view: NetView) -> Iterator[str]:
    bridges, guests = len(view.topology.host.bridges), len(view.guests)
    yield f"A host with {counted(bridges, 'bridge')} and {counted(guests, 'namespace')}"
    yield ", connected to the internet" if view.uplinks else ""
    yield f"; {', '.join(policy.words for policy in view.policies)}"
    yield f"; {view.total.sentence}" if view.outcomes else "."


def topology_picture(
    topology: Topology,
    ruleset: Ruleset,
    outcomes: Sequence[Outcome] = (),
    *,
    packet_path: PacketPath | None = None,
    ruleset6: Ruleset | None = None,
    native: NftRuleset | None = None,
) -> Picture:
    """The lab as it is: the host, its bridges and ports, its FORWARD policy, every namespace, and the outcomes of the last probes.

    The stops of `packet_path` are drawn on top; a large lab is then reduced to the namespaces on that path.
    """
    view = net_view(topology, ruleset, outcomes, packet_path or NOWHERE, ruleset6, native)
    drawn = view.on_the_path() if view.packet_path.steps and not _fits(view) else view
    return Picture(_graph(drawn).source, net_text(view), "Topology of the lab", plain("".join(_description(view))))
