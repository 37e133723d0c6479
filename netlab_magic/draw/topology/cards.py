"""The labels of a topology picture: sockets (ends of cables), cards of namespaces, bridges, pills of probes."""

from collections.abc import Sequence

import msgspec

from netlab_magic.draw.base.badges import badge_table
from netlab_magic.draw.base.dot_html import cell, clipped, label, row, run, table
from netlab_magic.draw.base.probe_marks import Flow, look_of
from netlab_magic.draw.base.style import BODY, NAME, SMALL, Role
from netlab_magic.draw.topology.path_marks import path_rows
from netlab_magic.draw.topology.text import forward_words
from netlab_magic.draw.topology.view import Mark, NetView, Policy, serves, state_of, visible
from netlab_magic.model.packet_path import Badge
from netlab_magic.model.topology import HOST, Interface, Namespace
from netlab_magic.text import counted, display_width

__all__ = ["Ends", "card", "group_label", "host_label", "pill_label", "width_of"]

_ABREAST = 6  # bridges and other interfaces in a row of the host
_LONGEST = 40
_CHARACTER = 5.8
_WIDE_CHARACTER = 8.5
_PADDING = 22


class Ends(msgspec.Struct, frozen=True):
    """The interfaces on a card's upper and lower edge, and their DOT ports.

    `notes` are printed below the names; `badges` are the numbers of a packet's stops at the interfaces.
    """

    above: tuple[Interface, ...] = ()
    below: tuple[Interface, ...] = ()
    ports: dict[str, str] = {}
    notes: dict[str, str] = {}
    badges: dict[str, tuple[Badge, ...]] = {}


def width_of(namespace: Namespace, *, stacked: bool = False) -> float:
    """The approximate width of a namespace's card, in points; `stacked` if its sockets contain notes."""
    sockets = [[each.name, *each.addresses, *([_far(each) + "  "] if stacked and each.peer else [])] for each in visible(namespace)]
    widths = [_PADDING + _CHARACTER * min(_LONGEST, max(map(display_width, texts))) for texts in sockets]
    return max(sum(widths), _PADDING + _WIDE_CHARACTER * min(_LONGEST, display_width(namespace.name)))


def _line(text: str, colour: str = Role.INK, *, bold: bool = False, mono: bool = False, size: float = SMALL) -> str:
    return run(clipped(text, _LONGEST), colour, size, bold=bold, mono=mono)


def _socket(interface: Interface, ends: Ends, **more: object) -> str:
    """The end of a cable as a table cell; its border is dashed if something is wrong with the interface."""
    below, badges = [ends.notes[interface.name]] if ends.notes.get(interface.name) else [], ends.badges.get(interface.name, ())
    lines = [_line(interface.name, bold=True, mono=True), *(_line(address, mono=True) for address in interface.addresses)]
    lines += [_line(each, Role.QUIET) for each in below]
    if state_of(interface):
        lines.append(_line(state_of(interface), Role.INK, bold=True))
    style = "dashed" if state_of(interface) else "solid"
    content = "<BR/>".join(lines)
    colour, fill, border = (Role.PATH, Role.PATH_FILL, 2) if badges else (Role.LINE, Role.BAND, 1)
    rows = [*([row(cell(badge_table(badges), cellpadding=0))] if badges else []), row(cell(content))]
    port = ends.ports.get(interface.name)
    box = table(rows, cellpadding=4, border=border, color=colour, style=style, bgcolor=fill, port=port)
    return cell(box, cellpadding=3, **more)


def _sockets(interfaces: Sequence[Interface], ends: Ends) -> list[str]:
    if not interfaces:
        return []
    inner = table([row(*(_socket(each, ends) for each in interfaces))])
    return [row(cell(inner, cellpadding=3))]


def _badges_of(view: NetView, namespace: Namespace) -> dict[str, tuple[Badge, ...]]:
    """The numbers of a packet's stops at the interfaces of a namespace."""
    found = {each.name: view.packet_path.badges(namespace.name, each.name) for each in namespace.interfaces}
    return {name: badges for name, badges in found.items() if badges}


def _mark(mark: Mark) -> str:
    look = look_of(mark.verdict)
    return row(cell(_line(mark.text), bgcolor=look.fill, border=3, sides="L", color=look.colour, align="LEFT", cellpadding=2))


def _marks(view: NetView, name: str) -> list[str]:
    marks = [_mark(mark) for mark in view.marks(name)]
    return [row(cell(table(marks, cellspacing=1), cellpadding=4))] if marks else []


def _said(view: NetView, namespace: Namespace, *, marked: bool) -> list[str]:
    lines = serves(view.topology, namespace.name)
    if not visible(namespace):
        lines = ["nothing attached", *lines]
    said = [row(cell(_line(line, Role.QUIET))) for line in lines]
    return [*said, *_marks(view, namespace.name)] if marked else said


def _role(interface: Interface) -> str:
    """An interface's role inside a namespace that has its own bridge."""
    return "bridge" if interface.kind == "bridge" else f"in {interface.master}" if interface.master else ""


def card(view: NetView, namespace: Namespace, ends: Ends, *, marked: bool) -> str:
    """A namespace: the cables from above, its name and contents, what the last probes found (if `marked`), the cables downwards."""
    shown = visible(namespace)
    notes = {each.name: " ".join((_role(each), ends.notes.get(each.name, ""))).strip() for each in shown}
    rest = [each for each in shown if each not in ends.above and each not in ends.below]
    name = row(cell(_line(namespace.name, bold=True, size=NAME), cellpadding=4))
    plugged = Ends(ports=ends.ports, notes=notes, badges=_badges_of(view, namespace))
    body = [
        *_sockets(ends.above, plugged),
        name,
        *path_rows(view.packet_path, namespace.name),
        *_sockets(rest, Ends(notes=notes, badges=plugged.badges)),
        *_said(view, namespace, marked=marked),
        *_sockets(ends.below, plugged),
    ]
    colour, style = (Role.HEAD, "rounded") if shown else (Role.LINE, "rounded,dashed")
    return table(body, border=1.2, color=colour, style=style, bgcolor=Role.CARD, cellpadding=3)


def _bridge(bridge: Interface, ports: Sequence[Interface], ends: Ends) -> str:
    """A bridge: its name and addresses, and its drawn ports as sockets on its lower edge."""
    shown = _sockets([port for port in ports if port.name in ends.ports], ends)
    about = [_line(" ".join(bridge.addresses), mono=True), _line(f"bridge · {counted(len(ports), 'port')}", Role.QUIET)]
    if state_of(bridge):
        about.append(_line(state_of(bridge), bold=True))
    title = row(cell(_line(bridge.name, Role.HEAD_INK, bold=True, size=NAME), bgcolor=Role.HEAD, cellpadding=4))
    content = row(cell("<BR/>".join(line for line in about if line.strip()), cellpadding=5))
    body = table([title, content, *shown], border=1.2, color=Role.HEAD, bgcolor=Role.CARD, port=ends.ports.get(bridge.name))
    return cell(body, cellpadding=5, valign="BOTTOM")


def _forward(view: NetView) -> list[str]:
    """Where the host forwards: the policy as a badge (symbol, word and colour), the rules before it, and the switches that matter."""
    policies = (part for policy in view.policies for part in (row(cell(_badge(policy), cellpadding=5)), _quiet(forward_words(policy))))
    return [*policies, *(_quiet(line) for line in (*view.sysctls, *serves(view.topology, HOST)))]


def _badge(policy: Policy) -> str:
    good = bool(policy.end.good)
    return table(
        [row(cell(run(policy.badge, Role.INK, NAME, bold=True), cellpadding=6))],
        border=2,
        color=Role.GOOD if good else Role.BAD,
        bgcolor=Role.GOOD_FILL if good else Role.BAD_FILL,
        style="rounded" if good else "rounded,dashed",
    )


def _quiet(line: str) -> str:
    return row(cell(run(f" {line} ", Role.QUIET, SMALL), cellpadding=1))


def host_label(view: NetView, ports: dict[str, str], *, marked: bool) -> str:
    """The host: its uplinks on the upper edge, then its forwarding, on the lower edge its bridges and other interfaces.

    `ports` are the DOT ports of its interfaces; a bridge's port without one is counted instead of shown.
    """
    host = view.topology.host
    notes = {each.name: f"↔ {each.peer}" for each in view.direct if each.peer}
    ends = Ends(ports=ports, notes=notes, badges=_badges_of(view, host))
    lone = [_socket(each, ends, valign="BOTTOM") for each in view.direct]
    lower = [*(_bridge(each, host.ports(each.name), ends) for each in host.bridges), *lone]
    body = [
        *_sockets(view.uplinks, ends),
        row(cell(run("host", Role.INK, NAME, bold=True), cellpadding=4)),
        *_forward(view),
        *path_rows(view.packet_path, HOST),
        *(_marks(view, HOST) if marked else []),
        *([row(cell(_line(f"{counted(view.left_out, 'more namespace')} not on this path", Role.QUIET)))] if view.left_out else []),
        *(row(cell(table([row(*lower[start : start + _ABREAST])]))) for start in range(0, len(lower), _ABREAST)),
    ]
    return label(table(body, border=1.4, color=Role.HEAD, bgcolor=Role.BOX, style="rounded", cellpadding=3))


def pill_label(flow: Flow) -> str:
    """One probe: the result in large, the question below it."""
    style = "rounded" if flow.look.line == "solid" else "rounded,dashed"
    body = [row(cell("<BR/>".join((_line(flow.result, bold=True, size=BODY), _line(flow.question)))))]
    return label(table(body, border=1.5, color=flow.look.colour, bgcolor=flow.look.fill, style=style, cellpadding=6))


def group_label(view: NetView, namespaces: Sequence[Namespace], heading: str, columns: int) -> str:
    """Many namespaces as cards in rows of `columns`, each interface with the name of its cable's other end."""
    cards = []
    for each in namespaces:
        shown = tuple(visible(each))
        notes = {interface.name: f"↔ {_far(interface)}" for interface in shown if interface.peer}
        cards.append(cell(card(view, each, Ends(above=shown, notes=notes), marked=True), cellpadding=4))
    rows = [row(*cards[start : start + columns]) for start in range(0, len(cards), columns)]
    head = row(cell(_line(heading, bold=True, size=BODY), colspan=min(columns, len(cards)), cellpadding=5))
    return label(table([head, *rows], border=1, color=Role.LINE, style="rounded", bgcolor=Role.BOX))


def _far(interface: Interface) -> str:
    return str(interface.peer).removeprefix(f"{HOST}:")
