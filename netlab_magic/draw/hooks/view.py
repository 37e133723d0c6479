"""What a picture of hooks shows: the hooks in order, each with its base chains."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.chains.text import block, legend, path_words, steps_words
from netlab_magic.draw.hooks.stations import Asked, Station, asked_at, order_is_open
from netlab_magic.model.hooks import DIRECTIONS
from netlab_magic.text import counted

__all__ = ["TRACKING", "Hook", "HooksView", "hooks_text", "hooks_view", "station_words"]

TRACKING = "connection tracking"
"""What happens in PREROUTING and OUTPUT between the first table and the second."""

_TITLES = {"forward": "a forwarded packet", "in": "a packet for this host", "out": "a packet that this host sends"}
_ARRIVES, _SENT = "a packet arrives on an interface", "a program of this host sends a packet, and routing chooses its device"
_BEFORE = {
    ("forward", "PREROUTING"): _ARRIVES,
    ("forward", "FORWARD"): "routing: the packet is not for this host, so it is to be forwarded",
    ("in", "PREROUTING"): _ARRIVES,
    ("in", "INPUT"): "routing: the packet is for this host",
    ("out", "OUTPUT"): _SENT,
}
_END = {"in": "a program of this host gets the packet"}
_LEAVES = "the packet leaves through an interface"
_NOTES = (
    "ACCEPT ends this table only, and the next table follows; DROP ends the packet's path.",
    "The nat table sees only the first packet of a connection; the others are translated in the same way.",
)
_NATIVE = "Base chains follow each other by priority, whoever registered them: what one of them accepts, a later one may still drop."
_OPEN = "Where base chains have one priority, the rules do not tell which of them is asked first."
_BRIDGED = "With net.bridge.bridge-nf-call-{}=1, frames that a bridge forwards between its ports take this path too, without routing."


class Hook(msgspec.Struct, frozen=True):
    """One hook: what happens before it, and its base chains in order."""

    name: str
    before: str
    stations: tuple[Station, ...]

    @property
    def tracked_after(self) -> int:
        """After how many of them connection tracking looks at the packet; 0 if that is not worth telling."""
        return sum(station.is_before_tracking for station in self.stations) if self.name in ("PREROUTING", "OUTPUT") else 0


class HooksView(msgspec.Struct, frozen=True):
    """Everything shown of the hooks; `packet` is the packet whose path is drawn, None without one."""

    title: str
    hooks: tuple[Hook, ...]
    end: str
    notes: tuple[str, ...]
    packet: str | None


def hooks_view(asked: Asked, direction: str = "forward") -> HooksView:
    """What to show of `direction`, one of DIRECTIONS."""
    hooks: list[Hook] = []
    names = ["INGRESS"] * (direction != "out") + list(DIRECTIONS[direction]) + ["EGRESS"] * (direction != "in")
    for name in names:
        stations = asked_at(asked, name)
        before = _ARRIVES if name == "INGRESS" else _BEFORE.get((direction, name), "")
        if stations:
            hooks.append(Hook(name, "" if hooks and before == _ARRIVES else before, stations))
    return HooksView(
        title=f"{_TITLES[direction]} (ip6tables)" if asked.ruleset.family == "ipv6" else _TITLES[direction],
        hooks=tuple(hooks),
        end=_END.get(direction, _LEAVES),
        notes=tuple(_notes(asked, direction, hooks)),
        packet=asked.path.packet if asked.path else None,
    )


def _notes(asked: Asked, direction: str, hooks: Sequence[Hook]) -> Iterator[str]:
    yield from _NOTES
    if any(station.is_native for hook in hooks for station in hook.stations):
        yield _NATIVE
    if any(order_is_open(hook.stations) for hook in hooks):
        yield _OPEN
    if direction == "forward":
        yield _BRIDGED.format(asked.ruleset.program)
    bridged = [table for table in asked.native.tables if table.family == "bridge"]
    bridges = [f"{chain.name} ({table.title})" for table in bridged for chain in table.chains if chain.hook]
    if bridges:
        yield f"Frames on a bridge meet these base chains too, which are not drawn here: {', '.join(bridges)}."
    yield from dict.fromkeys(line for hook in hooks for station in hook.stations if station.shown for line in legend(station.view))


def station_words(station: Station) -> str:
    """A table at a hook in a few words."""
    rules = counted(station.chain.rules, "rule") if station.chain.rules else "no rules"
    policy = station.chain.policy
    return rules if policy is None or policy.good else f"{rules}, policy {policy}"


def _hook_lines(hook: Hook) -> Iterator[str]:
    if hook.before:
        yield hook.before
    stations = []
    for station in hook.stations:
        steps = () if station.shown else station.chain.steps  # a chain that is shown has them in its head
        stations.append(f"{steps_words(steps)} {station.name} ({station_words(station)})".strip())
    if hook.tracked_after:
        stations.insert(hook.tracked_after, TRACKING)
    yield f"{hook.name}: {' → '.join(stations)}"


def hooks_text(view: HooksView) -> str:
    """The whole picture in words."""
    blocks = [f"The path of {view.title}, from table to table"]
    if view.packet:
        blocks.append(path_words(view.packet))
    for hook in view.hooks:
        blocks.append("\n".join(map(plain, _hook_lines(hook))))
        shown = (station.view for station in hook.stations if station.shown)
        blocks += ["\n".join(block(each, chain)) for each in shown for chain in each.chains]
    return "\n\n".join([*blocks, view.end, *map(plain, view.notes)])
