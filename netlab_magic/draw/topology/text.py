"""A topology as text: the host with its bridges and ports, every other namespace, and what the last probes found."""

from collections.abc import Iterable, Iterator
from itertools import chain, repeat

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.base.probe_marks import shown_as
from netlab_magic.draw.topology.path_marks import path_lines
from netlab_magic.draw.topology.view import NetView, Policy, far_end, serves, state_of, visible
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import Interface, Namespace
from netlab_magic.text import aligned, counted

__all__ = ["forward_words", "net_text"]

_MOST_FAILURES = 20


def forward_words(policy: Policy) -> str:
    """The number of rules before the policy."""
    return f"{counted(policy.rules, 'rule')} in {policy.chain} before its policy"


def _tree(lines: list[tuple[str, list[str]]]) -> Iterator[str]:
    """The lines of a tree's branches: each a line and the lines below it."""
    for place, (head, below) in enumerate(lines):
        last = place == len(lines) - 1
        yield f"{'└─' if last else '├─'} {head}"
        yield from (f"{'  ' if last else '│ '} {line}" for line in below)


def _interface_line(view: NetView, interface: Interface) -> str:
    far = far_end(view.topology, interface)
    parts = [interface.name, *interface.addresses, f"── {far}" if far else "", state_of(interface)]
    return plain("  ".join(part for part in parts if part))


def _bridge(view: NetView, namespace: Namespace, bridge: Interface) -> tuple[str, list[str]]:
    ports: list[tuple[str, list[str]]] = [(_interface_line(view, port), []) for port in namespace.ports(bridge.name)]
    return f"bridge {_interface_line(view, bridge)}", list(_tree(ports)) or ["└─ no ports"]


def _interfaces(view: NetView, namespace: Namespace) -> list[tuple[str, list[str]]]:
    bridges = [_bridge(view, namespace, bridge) for bridge in namespace.bridges]
    names = {bridge.name for bridge in namespace.bridges}
    own = [each for each in visible(namespace) if each.name not in names and each.master not in names]
    return [*bridges, *((_interface_line(view, interface), []) for interface in own)]


def _routes(namespace: Namespace) -> Iterable[str]:
    for route in namespace.routes:
        yield plain(f"route {route}")


def _host(view: NetView) -> Iterator[str]:
    for lead, policy in zip(chain(["host: "], repeat("│  ")), view.policies, strict=False):
        yield f"{lead}{plain(policy.badge)} · {forward_words(policy)}"
    yield from (f"│  {plain(line)}" for line in view.sysctls)
    branches = _interfaces(view, view.topology.host)
    said = [*_routes(view.topology.host), *serves(view.topology, "host"), *_marks(view, "host")]
    yield from _tree([*branches, *((plain(line), []) for line in said)])


def _marks(view: NetView, name: str) -> list[str]:
    return [mark.text for mark in view.marks(name)] if view.counts else []


def _guest(view: NetView, namespace: Namespace) -> Iterator[str]:
    yield plain(namespace.name)
    branches = _interfaces(view, namespace) or [("nothing attached", [])]
    said = [*_routes(namespace), *serves(view.topology, namespace.name), *_marks(view, namespace.name)]
    yield from _tree([*branches, *((plain(line), []) for line in said)])


def _outcome_lines(outcomes: Iterable[Outcome]) -> list[str]:
    lines = [(plain(str(each.probe)), plain(shown_as(each)), plain(each.why)) for each in outcomes]
    return [f"  {line}" for line in aligned(lines)]


def _probes(view: NetView) -> list[str]:
    if not view.outcomes:
        return []
    if not view.counts:
        return ["Last probes", *_outcome_lines(view.outcomes)]
    failed = [outcome for outcome in view.outcomes if not outcome.answered]
    more = [f"  … {len(failed) - _MOST_FAILURES:,} more without an answer"] if len(failed) > _MOST_FAILURES else []
    return [f"Last probes: {view.total.sentence}", *_outcome_lines(failed[:_MOST_FAILURES]), *more]


def net_text(view: NetView) -> str:
    """The whole picture in words."""
    internet = [view.internet] if view.internet else []
    guests = [list(_guest(view, each)) for each in [*view.guests, *internet]]
    blocks = [list(_host(view)), *guests, _probes(view), path_lines(view.packet_path)]
    return "\n\n".join("\n".join(block) for block in blocks if block)
