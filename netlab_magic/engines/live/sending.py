"""Sends one packet from a namespace of the machine that is looked at, and waits for the answer; changes nothing to make that easier.

A lab lifts limits and forgets neighbours before it measures, and asks the receiver to answer itself. Here nothing of the kind is done, so
that silence says less.
"""

import selectors
import time
from typing import Self

import msgspec

from netlab_magic.engines.host.probing.icmp_echo import EchoSocket
from netlab_magic.engines.host.probing.measure import Watch
from netlab_magic.engines.host.probing.tcp_udp import PortProbe
from netlab_magic.engines.host.process.channel import Channel, Stopped
from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.engines.protocol import BEAT_SECONDS
from netlab_magic.model.kernel_trace import Direction, KernelTrace, ReportEvent
from netlab_magic.model.outcomes import connected_in_vain, left_without_answer, taken_without_answer, unanswered, unknown_source
from netlab_magic.model.probe import Outcome, Probe

__all__ = ["judged", "send"]

PATIENCE_SECONDS = 1.0
"""Seconds to wait for an answer, which may come from far away."""


def send(channel: Channel, namespaces: Namespaces, probe: Probe, watch: Watch) -> Outcome:
    """What came back to one packet. Raises Stopped when the user interrupts."""
    if probe.source not in namespaces.descriptors:
        return unknown_source(probe)
    with _Sent(namespaces, probe, watch) as sending:
        try:
            return _awaited(channel, probe, sending, watch)
        finally:
            watch.ended()


class _Sent:
    """The packet on its way, as long as the `with` block lasts."""

    def __init__(self, namespaces: Namespaces, probe: Probe, watch: Watch) -> None:
        self._socket: EchoSocket | PortProbe
        self.refusal: Outcome | None = None
        self.probe = probe
        if probe.protocol == "icmp":
            with namespaces.inside(probe.source):
                echo = EchoSocket(six=probe.six)
            self._socket = echo
            watch.began(echo.identifier)
            self.refusal = echo.send(probe)
        else:
            with namespaces.inside(probe.source):
                self._socket = PortProbe(probe, watch.began, lingers=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._socket.close()

    def received(self, seconds: float) -> Outcome | None:
        """The outcome, if there is one within that time."""
        if self.refusal is None:
            with selectors.DefaultSelector() as selector:
                selector.register(self._socket, self._socket.events)
                selector.select(seconds)
        return self.refusal or self._socket.receive().get(self.probe)

    @property
    def connected(self) -> bool:
        """Whether a TCP connection was made."""
        return isinstance(self._socket, PortProbe) and self._socket.connected


def _awaited(channel: Channel, probe: Probe, sending: _Sent, watch: Watch) -> Outcome:
    deadline, beat = time.monotonic() + PATIENCE_SECONDS, time.monotonic() + BEAT_SECONDS
    while time.monotonic() < deadline:
        if outcome := sending.received(0.01):
            return outcome
        watch.looked()
        if channel.interrupted():
            raise Stopped
        if time.monotonic() >= beat:
            channel.beat()
            beat += BEAT_SECONDS
        if sending.connected:
            time.sleep(0.001)  # its selector is always ready then
    if sending.connected:
        return connected_in_vain(probe)
    return unanswered(probe, PATIENCE_SECONDS)


def judged(traced: KernelTrace, own: bool) -> KernelTrace:
    """The trace, with what its silence means: what left the machine unanswered was not measured, because what happened then is not seen.

    `own`: the receiver is one of the machine's namespaces.
    """
    probe = traced.outcome.probe
    reports = [hop.reports[-1] for hop in traced.hops if hop.direction == Direction.REQUEST and hop.reports]
    if not reports or reports[-1].event != ReportEvent.LEAVES or traced.outcome != unanswered(probe, PATIENCE_SECONDS):
        return traced
    if reports[-1].hook == "POSTROUTING" and not own:
        outcome = left_without_answer(probe, reports[-1].packet.output, PATIENCE_SECONDS)
    elif reports[-1].hook == "INPUT" and probe.protocol == "udp":
        outcome = taken_without_answer(probe)
    else:
        return traced
    return msgspec.structs.replace(traced, outcome=outcome)
