"""Measures flows: can this namespace reach that address? One thread, one ICMP socket per namespace, everything in flight at once.

Blocked is a measurement, never a guess. Before anything is concluded about the path between two namespaces, the receiver must answer
its own probe (the canary); a flow without an answer is tried twice, and is distinguished from an address that no host has.
"""

import selectors
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Protocol

from netlab_magic.engines.host.probing.icmp_echo import EchoSocket
from netlab_magic.engines.host.probing.neighbours import KnownNeighbours
from netlab_magic.engines.host.probing.readiness import UnlimitedErrors, getting_ready
from netlab_magic.engines.host.probing.tcp_udp import PortProbe
from netlab_magic.engines.host.probing.way_back import WaysBack
from netlab_magic.engines.host.process.channel import Channel, Stopped
from netlab_magic.engines.host.state.observe import Namespaces, read_sysctl
from netlab_magic.engines.protocol import BEAT_SECONDS
from netlab_magic.model.outcomes import (
    blocked,
    blocked_without_canary,
    canary_of,
    connected_in_vain,
    mute,
    mute_by_its_own_firewall,
    nobody_answers,
    nobody_has,
    own_loopback_down,
    spoke,
    stopped_at_home,
    unknown_source,
)
from netlab_magic.model.probe import Outcome, Probe, Verdict

__all__ = ["Measuring", "Watch"]

PATIENCE_SECONDS = 0.15
"""Seconds to wait for an answer after the last packet was sent, in each of two rounds; within one machine it takes 0.00005 s."""

LINK_SECONDS, ADDRESS_SECONDS = 1.0, 4.0
"""Seconds to wait until a new link can send, which a kernel worker enables, and until an IPv6 address can be used."""

_ASK_SECONDS = 0.001
"""Seconds between checks whether the end of a connection is acknowledged."""

_BURST = 48
_IGNORE = {False: "net.ipv4.icmp_echo_ignore_all", True: "net.ipv6.icmp.echo_ignore_all"}
_FULL = "the machine's is full (net.ipv4.neigh.default.gc_thresh3)"


class Watch(Protocol):
    """An observer of one probe's first try."""

    def began(self, identifier: int) -> None:
        """The first packet is about to be sent: it has this source port, or this identifier in an echo request."""

    def looked(self) -> None:
        """Called repeatedly while waiting for an answer."""

    def ended(self) -> None:
        """The first try is over."""


class Measuring:
    """One request's probes."""

    def __init__(self, channel: Channel, namespaces: Namespaces) -> None:
        self._channel = channel
        self._namespaces = namespaces
        self._beat = time.monotonic() + BEAT_SECONDS
        self._tables: dict[str, dict[str, bool]] = {}
        self._ways_back = WaysBack(namespaces)
        self._watch: Watch | None = None
        self._unacknowledged: set[Probe] = set()

    def measure(self, probes: Sequence[Probe], watch: Watch | None = None) -> list[Outcome]:
        """An outcome for each probe, in order; a `watch` is for one probe alone. Raises Stopped when the user interrupts."""
        known = [probe for probe in probes if probe.source in self._namespaces.descriptors]
        self._wait_until_ready(any(":" in probe.address for probe in known))
        canaries = {canary_of(probe) for probe in known if probe.target in self._namespaces.descriptors}
        with UnlimitedErrors(self._namespaces):
            alive = self._ask(sorted(canaries, key=str))
            with KnownNeighbours(self._namespaces, known):
                answers = self._ask(known, watch)
                return [self._judged(probe, answers.get(probe), alive) for probe in probes]

    def _wait_until_ready(self, six: bool) -> None:
        """Waits until new links can send and new addresses can be used: until then, packets are lost."""
        deadline = time.monotonic() + (ADDRESS_SECONDS if six else LINK_SECONDS)
        netlinks = [self._namespaces.netlink(name) for name in self._namespaces.descriptors]
        while any(getting_ready(netlink, six) for netlink in netlinks) and time.monotonic() < deadline:
            time.sleep(0.005)
            self._glance()

    def _ask(self, probes: Sequence[Probe], watch: Watch | None = None) -> dict[Probe, Outcome]:
        answers: dict[Probe, Outcome] = {}
        for self._watch in (watch, None):
            missing = [probe for probe in probes if probe not in answers]
            if missing:
                self._forget_silent_neighbours()
            echoes = [probe for probe in missing if probe.protocol == "icmp"]
            ports = [probe for probe in missing if probe.protocol != "icmp"]
            if echoes:
                answers.update(self._echo(echoes))
            if ports:
                answers.update(self._connect(ports))
            if self._watch:
                self._watch.ended()
        return answers

    def _forget_silent_neighbours(self) -> None:
        for name in self._namespaces.descriptors:
            self._namespaces.netlink(name).forget_silent_neighbours()

    def _echo(self, probes: Sequence[Probe]) -> dict[Probe, Outcome]:
        answers: dict[Probe, Outcome] = {}
        with ExitStack() as stack:
            sockets: dict[tuple[str, bool], EchoSocket] = {}
            for at, probe in enumerate(probes):
                key = probe.source, ":" in probe.address
                if key not in sockets:
                    with self._namespaces.inside(probe.source):
                        sockets[key] = EchoSocket(six=key[1])
                    stack.callback(sockets[key].close)
                    if self._watch:
                        self._watch.began(sockets[key].identifier)
                refusal = sockets[key].send(probe)
                if refusal is not None:
                    answers[probe] = refusal
                if len(probes) <= _BURST or at % _BURST == _BURST - 1:
                    answers.update(sockets[key].receive())
                    self._glance()
            self._gather(list(sockets.values()), answers, len(probes))
        return answers

    def _connect(self, probes: Sequence[Probe]) -> dict[Probe, Outcome]:
        answers: dict[Probe, Outcome] = {}
        with ExitStack() as stack:
            waiting: list[PortProbe] = []
            for probe in probes:
                with self._namespaces.inside(probe.source):
                    started = PortProbe(probe, self._watch.began if self._watch else None)
                stack.callback(started.close)
                waiting.append(started)
                answers.update(started.receive())
            self._gather([one for one in waiting if one.probe not in answers], answers, len(probes))
            self._unacknowledged |= {one.probe for one in waiting if one.connected and one.probe not in answers}
        return answers

    def _gather(self, sockets: Sequence[EchoSocket | PortProbe], answers: dict[Probe, Outcome], wanted: int) -> None:
        """Receives answers until all are there, or none has come for `PATIENCE_SECONDS`."""
        asked: list[PortProbe] = []  # connected, so that nothing wakes the selector
        with selectors.DefaultSelector() as selector:
            for one in sockets:
                selector.register(one, one.events, one)
            deadline = time.monotonic() + PATIENCE_SECONDS
            while len(answers) < wanted and (left := deadline - time.monotonic()) > 0:
                for key, _ in selector.select(min(left, _ASK_SECONDS if asked else 0.05)):
                    found = key.data.receive()
                    answers.update(found)
                    is_connected = isinstance(key.data, PortProbe) and key.data.connected and not found
                    if is_connected:
                        asked.append(key.data)
                    if isinstance(key.data, PortProbe) and (found or is_connected):
                        selector.unregister(key.fileobj)
                    if found or is_connected:
                        deadline = time.monotonic() + PATIENCE_SECONDS
                for one in asked.copy():
                    if found := one.receive():
                        answers.update(found)
                        asked.remove(one)
                        deadline = time.monotonic() + PATIENCE_SECONDS
                self._glance()

    def _glance(self) -> None:
        """Checks whether the user has interrupted, and tells the lab that the host is still working."""
        if self._watch:
            self._watch.looked()
        if self._channel.interrupted():
            raise Stopped
        if time.monotonic() >= self._beat:
            self._channel.beat()
            self._beat = time.monotonic() + BEAT_SECONDS

    def _judged(self, probe: Probe, answer: Outcome | None, alive: dict[Probe, Outcome]) -> Outcome:
        if probe.source not in self._namespaces.descriptors:
            return unknown_source(probe)
        if answer is not None:
            return answer
        if probe in self._unacknowledged:
            return connected_in_vain(probe)
        if not probe.target:
            return nobody_has(probe)
        answers_itself = spoke(alive.get(canary_of(probe)))
        if not answers_itself and (silent := self._silent_to_itself(probe)):
            return silent
        hop, known = self._neighbour(probe)
        if known is None and probe.protocol == "tcp":
            return self._judged_unsent(probe)
        if known is None:
            return Outcome(probe, Verdict.NOT_MEASURED, why=f"{probe.source} has no room for {hop} in its neighbour table; {_FULL}")
        if not known:
            return nobody_answers(probe, hop)
        return self._ways_back.missing(probe) or (blocked(probe) if answers_itself else blocked_without_canary(probe))

    def _silent_to_itself(self, probe: Probe) -> Outcome | None:
        """Why the receiver does not answer even itself: its own firewall, or something that says nothing about the path to it.

        None if that is only because its lo is down: it would still answer others.
        """
        if probe.target not in self._namespaces.descriptors or not self._namespaces.netlink(probe.target).is_local(probe.address):
            return mute(probe)
        with self._namespaces.inside(probe.target):
            ignores = read_sysctl(_IGNORE[":" in probe.address])
        if (probe.protocol == "icmp" and ignores != "0") or probe.protocol == "udp":
            return mute(probe)
        if self._namespaces.netlink(probe.target).loopback_is_up():
            return mute_by_its_own_firewall(probe)
        return own_loopback_down(probe) if probe.source == probe.target else None

    def _judged_unsent(self, probe: Probe) -> Outcome:
        """For probes that never asked for the next hop's hardware address: TCP does not say if the sender's rules stopped it; ICMP does."""
        echo = Probe(probe.source, probe.name, probe.address, probe.target)
        answer = self._ask([echo]).get(echo)
        del self._tables[probe.source]
        hop, known = self._neighbour(probe)
        if known is not None or (answer is not None and answer.verdict == Verdict.BLOCKED):
            return stopped_at_home(probe)
        return Outcome(probe, Verdict.NOT_MEASURED, why=f"{probe.source} has no room for {hop} in its neighbour table; {_FULL}")

    def _neighbour(self, probe: Probe) -> tuple[str, bool | None]:
        """The next hop towards an address, and whether its hardware address is known; None if there is no neighbour entry."""
        if ":" in probe.address or probe.source == probe.target:
            return probe.address, True
        if probe.source not in self._tables:
            self._tables[probe.source] = self._namespaces.netlink(probe.source).known_neighbours()
        table = self._tables[probe.source]
        if probe.address in table:
            return probe.address, table[probe.address]
        hop = self._namespaces.netlink(probe.source).next_hop(probe.address)
        return hop, table.get(hop)
