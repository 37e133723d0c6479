"""The engine for a host that was read from a file: a read-only value without a process behind it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, NoReturn

from netlab_magic.engines.dump.host_dump import HostDump
from netlab_magic.engines.dump.infer import Inferred, host_from
from netlab_magic.engines.dump.namespaces import foreign_of, inside_of, saved_sets, whole_topology
from netlab_magic.engines.engine import Refusal, Show
from netlab_magic.engines.machine import Machine
from netlab_magic.engines.protocol import Captured, Inside, Observed, Process, Ran, Ready, WatchTraffic
from netlab_magic.i18n import Assumption
from netlab_magic.iptables.analysis.host_evidence import Evidence
from netlab_magic.iptables.canonical import unreadable_word
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.changes import Change
from netlab_magic.model.kernel_trace import KernelTrace, WatchedPacket, WatchedTraffic
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End

__all__ = ["LoadedEngine", "UnreadRule"]


class UnreadRule(NamedTuple):
    """A rule with a word that iptables would refuse, so that it cannot be evaluated; `place` is TABLE CHAIN NUMBER."""

    place: str
    word: str
    rule: str


class LoadedEngine:
    """See Engine. Methods that would write or send raise Refusal; `Lab` refuses such statements before they get here."""

    def __init__(self, dump: HostDump, sources: Sequence[str]) -> None:
        texts = (("ipv4", dump.rules), ("ipv6", dump.rules6))
        rulesets = tuple(parse(text, strict=False, family=family) for family, text in texts if text)
        inferred = Inferred(whole_topology(dump), (), Evidence()) if dump.is_whole else host_from(dump, rulesets)
        self.dump = dump
        self.loops = {table.name: (*found, found[0]) for ruleset in rulesets for table in ruleset.tables if (found := table.loop())}
        self.unread = tuple(found for ruleset in rulesets for found in _unread(ruleset))
        self.sources = tuple(sources)
        self.assumptions: tuple[Assumption, ...] = (*dump.notes, *inferred.assumptions)
        self.evidence: Evidence = inferred.evidence
        self.machine = Machine(dump.aliases, dump.stopped) if dump.is_whole else None
        self.ready = Ready(0, "load", dump.variant or "legacy")
        self.told_of_end = False
        self.alive = True
        self._topology = inferred.topology
        self._inside = {HOST: Inside(sets=saved_sets(dump))} if dump.sets else {}
        if dump.is_whole:
            self._inside = {name: inside_of(name, held) for name, held in ((HOST, dump), *dump.inside.items())}

    def observe(self, sysctls: Mapping[str, Sequence[str]], rules: bool = True, foreign: bool = False) -> Observed:
        """See Engine."""
        listed = foreign_of(self.dump)
        if not rules:
            return Observed(self._topology, foreign=listed, inside=self._inside, machine=self.machine)
        return Observed(self._topology, self.dump.rules, listed, self._inside, self.dump.rules6, self.machine)

    def apply(self, changes: Sequence[Change], rules: str = "", rules6: str = "") -> None:
        """See Engine."""
        _refuse()

    def save(self, family: str = "ipv4") -> str:
        """See Engine."""
        return self.dump.rules6 if family == "ipv6" else self.dump.rules

    def restore(self, text: str, flush: bool = False, namespace: str = HOST, family: str = "ipv4") -> None:
        """See Engine."""
        _refuse()

    def canonical(self, text: str, family: str = "ipv4") -> str:
        """See Engine."""
        _refuse()

    def probe(self, probes: Sequence[Probe]) -> tuple[Outcome, ...]:
        """See Engine."""
        _refuse()

    def trace(self, probe: Probe) -> KernelTrace:
        """See Engine."""
        _refuse()

    def watch(self, request: WatchTraffic, told: Callable[[WatchedPacket], None]) -> WatchedTraffic:
        """See Engine."""
        _refuse()

    def start_capture(self, at: End) -> None:
        """See Engine."""
        _refuse()

    def end_captures(self) -> Captured:
        """See Engine."""
        return Captured()

    def run(self, text: str, show: Show, cell: int = 0, namespace: str | None = None, following: str = "") -> Ran:
        """See Engine."""
        _refuse()

    def processes(self) -> tuple[Process, ...]:
        """See Engine."""
        return ()

    def close(self) -> None:
        """See Engine."""
        self.alive = False


def _unread(ruleset: Ruleset) -> Iterator[UnreadRule]:
    for table in ruleset.tables:
        for chain in table.chains:
            for number, rule in enumerate(chain.rules, 1):
                if word := unreadable_word(rule, ruleset.family):
                    yield UnreadRule(f"{table.name} {chain.name} {number}", word, rule.spec)



def _refuse() -> NoReturn:
    raise Refusal("this lab was loaded from a file: nothing is changed and no packet is sent")
