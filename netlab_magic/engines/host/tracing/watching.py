"""Watches real traffic in one namespace: packets that a filter keeps are traced by the kernel, rule by rule, for a limited time.

The table that sets their trace bit has an owner, so that the kernel removes it with our socket, however this process ends.
"""

import select
import socket
import time
from collections.abc import Iterable, Iterator

import msgspec

from netlab_magic.engines.host.process.channel import Channel, Stopped
from netlab_magic.engines.host.state.nftables import TRACING_TABLE
from netlab_magic.engines.host.tracing.correlate import SeenPacket
from netlab_magic.engines.host.tracing.packet_reports import Report
from netlab_magic.engines.host.tracing.traced_namespace import TracedNamespace
from netlab_magic.engines.host.tracing.watch_table import watch_table
from netlab_magic.engines.protocol import BEAT_SECONDS, Passed, WatchTraffic
from netlab_magic.errors import Place, Word
from netlab_magic.language.capture_filter import read_filter
from netlab_magic.model.kernel_trace import ReportEvent, WatchedPacket, WatchedTraffic

__all__ = ["watch"]

RATE, MOST = 50, 2000
"""How many packets are traced in a second and in all, at most: each costs the kernel 10 µs more, and us some 10 reports."""

_SETTLED_SECONDS = 0.2
"""Seconds without another report after which nothing more is expected of a packet."""

_LOOK_SECONDS = 0.02
_FIRST_HOOKS, _LAST_HOOKS = ("PREROUTING", "OUTPUT"), ("INPUT", "POSTROUTING")
_KEPT = 256


def watch(channel: Channel, variant: str, request: WatchTraffic) -> WatchedTraffic:
    """What passes the namespace that this process is in; each packet is also sent as an event, as soon as it is told.

    Raises Stopped when the user interrupts, and OSError with a sentence if the kernel cannot trace, or not by this filter.
    """
    family = socket.AF_INET6 if request.six else socket.AF_INET
    words = [Word(request.filter, Place(1, request.filter))] if request.filter else []
    messages = watch_table(read_filter(words, Place(1, request.filter)), family, request.six, RATE)
    place = TracedNamespace(variant, request.six)
    place.read_rules()
    place.listen(messages, family, logs=False)
    watching = _Watching(channel, place)
    try:
        watching.until(time.monotonic() + request.seconds)
    finally:
        listener = place.stop()
        listener.close()
    watching.finish()
    return WatchedTraffic(tuple(watching.told), place.dumps.get(variant, ""), place.lost, len(watching.told) >= MOST)


class _Watching:
    """The packets of one watch: those on their way, and those that were told."""

    def __init__(self, channel: Channel, place: TracedNamespace) -> None:
        self.told: list[WatchedPacket] = []
        self._channel = channel
        self._place = place
        self._began = time.monotonic()
        self._on_their_way: list[SeenPacket] = []
        self._threads: dict[int, SeenPacket] = {}
        self._last_seen: dict[int, float] = {}

    def until(self, deadline: float) -> None:
        """Watches until then, or until there are enough. Raises Stopped."""
        beat = self._began
        while (now := time.monotonic()) < deadline and len(self.told) < MOST:
            select.select([self._channel.fileno()], [], [], _LOOK_SECONDS)
            if self._channel.interrupted():
                raise Stopped
            self._place.take()
            self._look(now)
            if now >= beat:
                self._channel.beat()
                beat = now + BEAT_SECONDS

    def finish(self) -> None:
        """Tells what is left; where reports were lost, only what is complete."""
        self._join(self._place.taken(), time.monotonic())
        for seen in self._on_their_way:
            if _has_ended(seen) or not self._place.lost:
                self._tell(seen)

    def _look(self, now: float) -> None:
        self._join(self._place.taken(), now)
        for seen in list(self._on_their_way):
            is_settled = now - self._last_seen[id(seen)] > _SETTLED_SECONDS
            if _has_ended(seen) or is_settled:
                self._on_their_way.remove(seen)
                if _has_ended(seen) or not self._place.lost:
                    self._tell(seen)

    def _tell(self, seen: SeenPacket) -> None:
        del self._last_seen[id(seen)]
        if len(self.told) < MOST:
            packet = WatchedPacket(seen.seconds, tuple(self._place.reports(seen)))
            self.told.append(packet)
            self._channel.send(Passed(packet))

    def _join(self, reports: Iterable[Report], now: float) -> None:
        """A packet begins where it enters its first hook. The kernel's number for it is used again for others later, and changes when a
        bridge passes the packet up to the host: who enters a further hook is the one that has just left one, with the same headers.
        """
        for report in _in_our_terms(reports):
            if report.event == ReportEvent.ENTERS and report.hook in _FIRST_HOOKS and report.headers is not None:
                begun = SeenPacket(now - self._began, [])
                self._on_their_way.append(begun)
                self._threads[report.thread] = begun
                self._last_seen[id(begun)] = now
            elif report.event == ReportEvent.ENTERS and (going_on := self._going_on(report)) is not None:
                self._threads[report.thread] = going_on
            seen = self._threads.get(report.thread) if report.thread else self._same(report)
            if seen is not None and id(seen) in self._last_seen:
                seen.reports.append(report)
                self._last_seen[id(seen)] = now

    def _going_on(self, report: Report) -> SeenPacket | None:
        numbered = self._threads.get(report.thread)
        recent = [*([numbered] if numbered and id(numbered) in self._last_seen else []), *reversed(self._on_their_way[-_KEPT:])]
        return next((one for one in recent if _goes_on_as(one.reports[-1], report)), None)

    def _same(self, report: Report) -> SeenPacket | None:
        """The packet of a legacy table's report, which has no number, only headers."""
        for one in reversed(self._on_their_way[-_KEPT:]):
            first = one.reports[0].headers
            if first and report.headers and first.same == report.headers.same:
                return one
        return None


def _in_our_terms(reports: Iterable[Report]) -> Iterator[Report]:
    """The reports; those about our own chains say that a packet enters or leaves a hook."""
    for report in reports:
        if report.table != TRACING_TABLE:
            yield report
        elif report.headers is not None:
            _, event, hook = report.chain.split("-")
            yield msgspec.structs.replace(report, event=ReportEvent(event), hook=hook, table="", chain="", handle=0)


def _goes_on_as(left: Report, entering: Report) -> bool:
    """Whether the packet that has left a hook is the one that enters another."""
    if left.event != ReportEvent.LEAVES or left.headers is None or entering.headers is None:
        return False
    one, other = left.headers.packet, entering.headers.packet
    ends = (one.source, one.destination) == (other.source, other.destination) and left.headers.ends == entering.headers.ends
    return ends and left.headers.same == entering.headers.same


def _has_ended(seen: SeenPacket) -> bool:
    last = seen.reports[-1]
    return last.verdict == "DROP" or (last.event == ReportEvent.LEAVES and last.hook in _LAST_HOOKS)
