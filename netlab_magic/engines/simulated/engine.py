"""The simulated engine: a lab that is a value. It needs no kernel, privilege or program, and says that it is simulated."""

import re
import shlex
import time
from collections.abc import Callable, Mapping, Sequence

import msgspec

from netlab_magic.engines.engine import Refusal, Show
from netlab_magic.engines.machine import PACKET_SYSCTLS
from netlab_magic.engines.protocol import SIMULATED, Captured, ForeignRules, Inside, Observed, Process, Ran, Ready, WatchTraffic
from netlab_magic.engines.simulated.change import KernelSaysNo, applied
from netlab_magic.engines.simulated.ip_sets import set_refused
from netlab_magic.engines.simulated.rules import restored, saved
from netlab_magic.engines.simulated.shell import Shell
from netlab_magic.engines.simulated.sysctls import read
from netlab_magic.engines.simulated.trace import followed
from netlab_magic.engines.simulated.traffic import measured
from netlab_magic.engines.simulated.world import World, empty_world
from netlab_magic.errors import LabUnavailable
from netlab_magic.iptables.ipset.listing import save_text
from netlab_magic.iptables.refusal import Refused
from netlab_magic.iptables.restore_format import appended, said_by_iptables
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset
from netlab_magic.iptables.words import split
from netlab_magic.model.changes import Change
from netlab_magic.model.kernel_trace import KernelTrace, WatchedPacket, WatchedTraffic
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End, Namespace, Topology

__all__ = ["SimulatedEngine"]


class SimulatedEngine:
    """A lab in this process. See Engine; nothing outlives the object."""

    def __init__(self, firewall: str, name: str, note: str = "") -> None:
        variant = "legacy" if firewall == "auto" else firewall
        self.ready = Ready(0, SIMULATED, variant, (note,) if note else ())
        self.told_of_end = False
        self._name = name
        self._world: World | None = empty_world(variant)
        self._shell = Shell(name, _moment)

    @property
    def alive(self) -> bool:
        """See Engine."""
        return self._world is not None

    @property
    def world(self) -> World:
        """The lab as it is now. Raises LabUnavailable when it has ended."""
        if self._world is None:
            self.told_of_end = True
            raise LabUnavailable("the simulated lab has ended; the next statement starts a new one")
        return self._world

    def observe(self, sysctls: Mapping[str, Sequence[str]], rules: bool = True, foreign: bool = False) -> Observed:
        """See Engine."""
        inside = {
            name: Inside(
                self._rules_inside(name),
                self._inside(name),
                _told(held),
                rules6=self._rules_inside(name, "ipv6"),
                sets=save_text(self.world.sets.get(name, ())),
            )
            for name, held in self.world.topology.namespaces.items()
        }
        others = self._native(HOST) if foreign else ()
        dump, dump6 = (self.save(), self.save("ipv6")) if rules else ("", "")
        return Observed(_topology_seen(self.world, sysctls), dump, others, inside if foreign else {}, dump6)

    def _native(self, name: str) -> tuple[ForeignRules, ...]:
        found = self.world.native(name)
        return (ForeignRules("nftables", str(found), tuple(table.title for table in found.tables)),) if found.tables else ()

    def _inside(self, name: str) -> tuple[ForeignRules, ...]:
        return self._native(name) if name != HOST else ()

    def _rules_inside(self, name: str, family: str = "ipv4") -> str:
        held = self.world.rules.get((name, family))
        return saved(held, self.ready.firewall, _moment()) if held and held.tables and name != HOST else ""

    def apply(self, changes: Sequence[Change], rules: str = "", rules6: str = "") -> None:
        """See Engine."""
        for index, change in enumerate(changes):
            try:
                self._world = applied(self.world, change)
            except KernelSaysNo as refusal:
                raise Refusal(refusal.detail or refusal.message, refusal.errno, index) from None
        for family, text in (("ipv4", rules), ("ipv6", rules6)):
            if text:
                self.restore(text, family=family)

    def save(self, family: str = "ipv4") -> str:
        """See Engine."""
        return saved(self.world.ruleset(HOST, family), self.ready.firewall, _moment())

    def restore(self, text: str, flush: bool = False, namespace: str = HOST, family: str = "ipv4") -> None:
        """See Engine."""
        before = self.world.ruleset(namespace, family)
        try:
            rules = restored(before, text, self.ready.firewall, flush, counters=flush)
        except Refused as refused:
            raise _refusal(refused, in_rules=True) from None
        if said := set_refused(before, rules, self.world.sets.get(namespace, ())):
            raise Refusal(said.strip(), in_rules=True)
        self._world = self.world.with_ruleset(namespace, rules)

    def canonical(self, text: str, family: str = "ipv4") -> str:
        """See Engine."""
        try:
            rules = restored(Ruleset(family=family), text, self.ready.firewall, flush=True)
        except Refused as refused:
            raise self._better(text, family) or _refusal(refused) from None
        return saved(rules, self.ready.firewall, _moment(), counters=False)

    def _better(self, text: str, family: str) -> Refusal | None:
        """Rule by rule through `iptables -A`, as the kernel engine does: its messages say more, and name the rule."""
        chains = "".join(f"{line}\n" for line in text.splitlines() if not line.startswith("-A"))
        world, said = empty_world(self.ready.firewall), list[str]()
        world = world.with_ruleset(HOST, restored(Ruleset(family=family), chains, self.ready.firewall, flush=True))
        for number, table, rule in appended(text):
            words = shlex.join([PROGRAM_OF[family], "-t", table, *split(rule)])
            world, status = Shell(self._name, _moment).run(world, words, lambda _, text: said.append(text))
            if status:
                return Refusal(said_by_iptables("".join(said))[0], index=number)
        return None

    def probe(self, probes: Sequence[Probe]) -> tuple[Outcome, ...]:
        """See Engine."""
        self._world, outcomes = measured(self.world, probes)
        return outcomes

    def trace(self, probe: Probe) -> KernelTrace:
        """See Engine: the model's prediction of the probe's packets, in the form of a kernel report."""
        self._world, traced = followed(self.world, probe, self.ready.firewall)
        return traced

    def watch(self, request: WatchTraffic, told: Callable[[WatchedPacket], None]) -> WatchedTraffic:
        """See Engine."""
        raise Refusal("a simulated lab has no traffic but its probes, which trace follows")

    def start_capture(self, at: End) -> None:
        """See Engine."""
        self._world = msgspec.structs.replace(self.world, capturing=(*self.world.capturing, at))

    def end_captures(self) -> Captured:
        """See Engine."""
        captured = Captured(self.world.captured)
        self._world = msgspec.structs.replace(self.world, capturing=(), captured=())
        return captured

    def run(self, text: str, show: Show, cell: int = 0, namespace: str | None = None, following: str = "") -> Ran:
        """See Engine."""
        self._world, status = self._shell.run(self.world, f"{text}\n{following}", show, cell, namespace or HOST)
        return Ran(status)

    def processes(self) -> tuple[Process, ...]:
        """See Engine: a simulated lab has no processes; its servers are part of the topology."""
        return ()

    def close(self) -> None:
        """See Engine."""
        self._world = None


def _moment() -> str:
    """The time, as iptables-save writes it."""
    return time.strftime("%a %b %e %H:%M:%S %Y")


def _told(namespace: Namespace) -> dict[str, str]:
    """The sysctls that matter to packets, and all that were set."""
    known = {key: value for key in PACKET_SYSCTLS if (value := read(namespace, key)) is not None}
    return {**known, **namespace.sysctls}


def _topology_seen(world: World, sysctls: Mapping[str, Sequence[str]]) -> Topology:
    """The topology; `sysctls` names the keys to read in each namespace."""
    found = {}
    for name in sorted(world.topology.namespaces, key=lambda name: (name != HOST, _as_people_count(name))):
        namespace = world.topology.namespaces[name]
        values = {key: value for key in sysctls.get(name, ()) if (value := read(namespace, key)) is not None}
        found[name] = msgspec.structs.replace(namespace, sysctls=values)
    return msgspec.structs.replace(world.topology, namespaces=found)


def _as_people_count(name: str) -> list[tuple[int, str]]:
    """For sorting: n2 before n10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]


def _refusal(refused: Refused, in_rules: bool = False) -> Refusal:
    """A refusal of a text for iptables-restore, with its line."""
    return Refusal(refused.message, index=refused.place.line if refused.place else -1, in_rules=in_rules)
