"""Traces one probe: listens in every namespace that its packets may pass, measures, and joins the kernel's reports."""

import threading
from collections.abc import Callable
from typing import Self

from netlab_magic.engines.host.probing.measure import Watch
from netlab_magic.engines.host.state.nftables import TRACING_TABLE
from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.engines.host.tracing.correlate import SeenPacket, joined, tell_ours
from netlab_magic.engines.host.tracing.drop_causes import facts_of
from netlab_magic.engines.host.tracing.trace_table import Wanted, table
from netlab_magic.engines.host.tracing.traced_namespace import TracedNamespace
from netlab_magic.model.kernel_trace import Direction, DropCause, DropKind, KernelTrace, ReportEvent, TracedHop
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
        self._places: dict[str, TracedNamespace] = {}
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
                self._places[name] = TracedNamespace(self._variant, ":" in self._probe.address)
        for place in self._places.values():
            place.read_rules()
        wanted = Wanted(self._probe.protocol, ":" in self._probe.address, identifier, self._others)
        for name, place in self._places.items():
            with self._namespaces.inside(name):
                place.listen(table(wanted), wanted.family)

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
                    found += [(name, seen) for seen in joined(one for one in place.taken() if one.table != TRACING_TABLE)]
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


def _namespaces_to_trace(namespaces: Namespaces, probe: Probe) -> list[str]:
    """The namespaces that the probe's packets may pass."""
    names = list(namespaces.descriptors)
    if len(names) <= FEW:
        return names
    own = (probe.source, probe.target, HOST)
    return [name for name in names if name in own or len(list(namespaces.netlink(name).links())) > 2]
