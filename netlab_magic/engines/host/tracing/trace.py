"""Traces one probe: listens in every namespace that its packets may pass, measures, and joins the kernel's reports."""

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Self

import msgspec

from netlab_magic.engines.host.netlink.codec import Received
from netlab_magic.engines.host.probing.measure import Watch
from netlab_magic.engines.host.state.firewall import VARIANTS, dump_of
from netlab_magic.engines.host.state.nftables import FAMILIES, TRACING_TABLE, rule_numbers
from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.engines.host.tracing.correlate import SeenPacket, joined, tell_ours
from netlab_magic.engines.host.tracing.drop_causes import Counters, facts_of
from netlab_magic.engines.host.tracing.listener import Listener
from netlab_magic.engines.host.tracing.packet_reports import Report, read_report
from netlab_magic.engines.host.tracing.trace_table import Wanted
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.kernel_trace import Direction, DropCause, DropKind, HookReport, KernelTrace, ReportEvent, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST

__all__ = ["trace"]

FEW = 16
"""In labs with up to this many namespaces, all are listened in; in larger ones, only the probe's own and routers."""


def trace(measure: Callable[[Probe, Watch], Outcome], namespaces: Namespaces, variant: str, probe: Probe) -> KernelTrace:
    """The outcome of a probe, which `measure` gives, and what the kernel reported about its packets.

    Raises what `measure` does, and OSError if the kernel cannot trace.

    If a rule gives a packet another port (MASQUERADE --random), it is lost from sight: a second probe is followed by its destination.
    """
    others: tuple[tuple[str, int], ...] = ()
    while True:
        with Tracing(namespaces, variant, probe, others) as tracing:
            outcome = measure(probe, tracing)
            vanished = () if others else tracing.vanished()
            if not vanished:
                return tracing.account(outcome)
            others = tuple(dict.fromkeys([(probe.address, probe.port), *vanished]))


class Tracing:
    """Listens from the first packet of a probe's first try to its end; a context manager that always leaves nothing behind.

    `others` are destinations: packets to and from there are followed too (see `Wanted`).
    """

    def __init__(self, namespaces: Namespaces, variant: str, probe: Probe, others: tuple[tuple[str, int], ...] = ()) -> None:
        self._namespaces = namespaces
        self._variant = variant
        self._probe = probe
        self._others = others
        self._identifier = 0
        self._places: dict[str, _TracedNamespace] = {}
        self._closing: list[threading.Thread] = []
        self._passings: list[tuple[str, SeenPacket]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.ended()
        for thread in self._closing:
            thread.join()

    def began(self, identifier: int) -> None:
        """The first packet is about to be sent: it has this source port, or this identifier in an echo request."""
        self._identifier = identifier
        for name in _namespaces_to_trace(self._namespaces, self._probe):
            with self._namespaces.inside(name):
                self._places[name] = _TracedNamespace(self._variant, ":" in self._probe.address)
        for place in self._places.values():
            place.read_rules()
        wanted = Wanted(self._probe.protocol, ":" in self._probe.address, identifier, self._others)
        for name, place in self._places.items():
            with self._namespaces.inside(name):
                place.listen(wanted)

    def looked(self) -> None:
        """Reads what has been reported, before it is more than the kernel keeps."""
        for place in self._places.values():
            place.take()

    def ended(self) -> None:
        """The first try is over: reads the last reports and stops listening."""
        for name, place in self._places.items():
            if place.listener is not None:
                with self._namespaces.inside(name):
                    listener = place.stop()
                # Each close waits for all packets in flight; together they wait once.
                thread = threading.Thread(target=listener.close)
                thread.start()
                self._closing.append(thread)

    def _ours(self) -> list[tuple[str, SeenPacket]]:
        """The probe's packets in each namespace, in the order in which they were first seen."""
        if self._passings is None:
            found: list[tuple[str, SeenPacket]] = []
            for name, place in self._places.items():
                with self._namespaces.inside(name):
                    found += [(name, seen) for seen in place.all_seen()]
            tell_ours([seen for _, seen in found], self._identifier)
            self._passings = sorted((one for one in found if one[1].direction), key=lambda one: one[1].seconds)
        return self._passings

    def vanished(self) -> list[tuple[str, int]]:
        """The destinations of packets that were lost from sight in a nat table."""
        last = [seen.reports[-1] for _, seen in self._ours() if seen.direction != Direction.ACK]
        return [
            (report.headers.packet.destination, report.headers.packet.destination_port)
            for report in last
            if report.headers is not None and (report.table == "nat" or report.event == ReportEvent.ENTERS)
        ]

    def account(self, outcome: Outcome) -> KernelTrace:
        """Everything that was seen, and what else is known. Of an answered connection, only the first acknowledgement counts."""
        ours = ((name, one, one.direction) for name, one in self._ours() if not outcome.answered or one.direction != Direction.ACK)
        traced_hops = tuple(TracedHop(name, which, tuple(self._places[name].reports(one))) for name, one, which in ours if which)
        rules = {name: place.dumps[self._variant] for name, place in self._places.items() if place.dumps.get(self._variant)}
        causes = facts_of(self._namespaces, self._probe, traced_hops, lambda name: self._places[name].rises())
        gaps = tuple(DropCause(DropKind.REPORTS_LOST, name) for name, place in self._places.items() if place.lost)
        return KernelTrace(outcome, traced_hops, causes + gaps, rules)


class _TracedNamespace:
    """One namespace that is listened in; the process must be in it to create this, to listen and to stop."""

    def __init__(self, variant: str, six: bool) -> None:
        self._variant = variant
        self.listener: Listener | None = None
        self._saving = {one: dump_of(one, six) for one in VARIANTS}
        self._numbers = rule_numbers()
        self._taken: list[Received] = []
        self.dumps: dict[str, str] = {}
        self._legacy_rules = Ruleset()
        self._counters: list[Counters] = []
        self.lost = False

    def read_rules(self) -> None:
        self.dumps = {variant: save() for variant, save in self._saving.items() if save}
        self._legacy_rules = save_format.parse(self.dumps.get("legacy", ""), strict=False)

    def listen(self, wanted: Wanted) -> None:
        legacy = "legacy" in self.dumps
        self.listener = Listener(wanted, legacy)
        if legacy:
            self.listener.log_legacy()
        self._counters.append(Counters())

    def take(self) -> None:
        if self.listener is not None:
            self._taken += self.listener.reports()
            self.lost = self.lost or self.listener.lost

    def stop(self) -> Listener:
        assert self.listener is not None
        self.take()
        stopped, self.listener = self.listener, None
        stopped.unlog_legacy()
        self._counters.append(Counters())
        return stopped

    def rises(self) -> dict[str, int]:
        """By how much each counter rose between the first packet and the end of the try."""
        before, after = (counters.values() for counters in self._counters)
        return {name: value - before.get(name, 0) for name, value in after.items()}

    def all_seen(self) -> list[SeenPacket]:
        names: dict[bytes, str] = {}

        def device(index: bytes) -> str:
            if index not in names:
                names[index] = _device(int.from_bytes(index, "big"))
            return names[index]

        read = (read_report(message, device) for message in self._taken)
        return joined(report for report in read if report is not None and report.table != TRACING_TABLE)

    def reports(self, seen: SeenPacket) -> Iterator[HookReport]:
        """The reports about one packet, in the user's terms."""
        hook, packet = "", Packet("", "")
        for report, following in zip(seen.reports, [*seen.reports[1:], None], strict=True):
            hook = report.hook or hook
            packet = _packet_then(report, packet)
            if report.event in (ReportEvent.ENTERS, ReportEvent.LEAVES):
                yield HookReport(report.event, hook, packet)
            elif report.family:
                decided = following is not None and following.event == ReportEvent.POLICY and following.chain == report.chain
                if not (report.event == ReportEvent.RETURN and decided):
                    yield self._nft(report, hook, packet)
            else:
                yield self._legacy(report, hook, packet)

    def _nft(self, report: Report, hook: str, packet: Packet) -> HookReport:
        if report.event == ReportEvent.RETURN:
            report = msgspec.structs.replace(report, verdict="RETURN")
        ours = self._variant == "nft" and FAMILIES.get(report.family) in ("ip", "ip6") and report.table in BUILT_IN
        number = self._numbers.get((report.family, report.table, report.chain, report.handle))
        table = report.table if ours else f"{FAMILIES.get(report.family, '')} {report.table}"
        return HookReport(report.event, hook, packet, table, report.chain, number, report.verdict)

    def _legacy(self, report: Report, hook: str, packet: Packet) -> HookReport:
        """x_tables reports a rule without conditions like the end of its chain, which is such a rule too; the number distinguishes them."""
        chain = self._legacy_rules.table(report.table).chain(report.chain)
        is_rule = report.event == ReportEvent.RULE or (chain is not None and report.number <= len(chain.rules))
        table = report.table if self._variant == "legacy" else f"legacy {report.table}"
        event, number = (ReportEvent.RULE, report.number) if is_rule else (report.event, None)
        return HookReport(event, hook, packet, table, report.chain, number)


def _packet_then(report: Report, before: Packet) -> Packet:
    """The packet at a report; an nftables event never has a bridge's ports, and often not the packet."""
    packet = report.headers.packet if report.headers else None
    if packet is None:
        return msgspec.structs.replace(before, mark=report.mark) if report.mark != before.mark else before
    if report.family:
        return msgspec.structs.replace(packet, port_in=before.port_in, port_out=before.port_out)
    return packet


def _namespaces_to_trace(namespaces: Namespaces, probe: Probe) -> list[str]:
    """The namespaces that the probe's packets may pass."""
    names = list(namespaces.descriptors)
    if len(names) <= FEW:
        return names
    own = (probe.source, probe.target, HOST)
    return [name for name in names if name in own or len(list(namespaces.netlink(name).links())) > 2]


def _device(index: int) -> str:
    try:
        return socket.if_indextoname(index)
    except OSError:
        return f"if{index}"
