"""What a picture of hooks shows: the hooks in order, each with its tables."""

from collections.abc import Iterator

import msgspec

from netlab_magic.draw.base.dot_html import plain
from netlab_magic.draw.chains.text import block, legend, path_words, steps_words
from netlab_magic.draw.chains.view import ChainsView, ChainView, Explain, chains_view, subject_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import HOOK_TABLES, WAYS
from netlab_magic.model.packet_path import RulePath
from netlab_magic.text import counted

__all__ = ["TRACKING", "Hook", "HooksView", "Station", "hooks_text", "hooks_view", "station_words"]

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
_BRIDGED = "With net.bridge.bridge-nf-call-{}=1, frames that a bridge forwards between its ports take this path too, without routing."


class Station(msgspec.Struct, frozen=True):
    """One table at one hook; `view` holds its chains."""

    chain: ChainView
    view: ChainsView

    @property
    def shown(self) -> bool:
        """Whether the chain has more to it than an accepting policy."""
        return bool(self.chain.rules) or not (self.chain.policy and self.chain.policy.good)

    @property
    def stepped(self) -> bool:
        """Whether the drawn path passes here."""
        return any(chain.stepped for chain in self.view.chains)


class Hook(msgspec.Struct, frozen=True):
    """One hook: what happens before it, and its tables in order."""

    name: str
    before: str
    stations: tuple[Station, ...]


class HooksView(msgspec.Struct, frozen=True):
    """Everything shown of the hooks; `packet` is the packet whose path is drawn, None without one."""

    title: str
    hooks: tuple[Hook, ...]
    end: str
    notes: tuple[str, ...]
    packet: str | None


def _station(ruleset: Ruleset, table: str, hook: str, path: RulePath | None, explain: Explain | None) -> Station:
    view = chains_view(subject_of(ruleset, table), hook, path=path, explain=explain)
    return Station(view.chains[0], view)


def hooks_view(ruleset: Ruleset, way: str = "forward", *, path: RulePath | None = None, explain: Explain | None = None) -> HooksView:
    """What to show of `way`, one of WAYS."""
    hooks = []
    for name in WAYS[way]:
        tables = [table for table in HOOK_TABLES[name] if ruleset.chain(name, table)]
        stations = tuple(_station(ruleset, table, name, path, explain) for table in tables)
        if stations:  # a dump may omit chains that every kernel has
            hooks.append(Hook(name, _BEFORE.get((way, name), ""), stations))
    said = [line for hook in hooks for station in hook.stations if station.shown for line in legend(station.view)]
    return HooksView(
        title=f"{_TITLES[way]} (ip6tables)" if ruleset.family == "ipv6" else _TITLES[way],
        hooks=tuple(hooks),
        end=_END.get(way, _LEAVES),
        notes=(*_NOTES, *([_BRIDGED.format(ruleset.program)] if way == "forward" else []), *dict.fromkeys(said)),
        packet=path.packet if path else None,
    )


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
        stations.append(f"{steps_words(steps)} {station.view.table} ({station_words(station)})".strip())
    if hook.stations[0].view.table == "raw":
        stations.insert(1, TRACKING)
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
