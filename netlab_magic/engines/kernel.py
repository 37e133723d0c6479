"""The kernel engine: starts a lab host process and talks to it.

The notebook kernel itself never enters a namespace and never forks: it spawns a fresh interpreter. Two threads move bytes, so
that a KeyboardInterrupt, which Python raises in the main thread at any moment, cannot cut a message in two.
"""

import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import msgspec

from netlab_magic.engines import protocol
from netlab_magic.engines.engine import Refusal, Show
from netlab_magic.engines.protocol import Captured, NotStarted, Observed, Process, Ran, Ready
from netlab_magic.errors import Interrupted, LabUnavailable
from netlab_magic.model.changes import Change
from netlab_magic.model.kernel_trace import KernelTrace, WatchedPacket, WatchedTraffic
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End

__all__ = ["KernelEngine", "NotReady"]

START_SECONDS = 20.0
SILENCE_SECONDS = 15.0
"""Seconds without a message after which a host counts as stuck: it sends a beat every second, except during an iptables command."""

INTERRUPT_SECONDS = 5.0

Reply = TypeVar("Reply", bound=msgspec.Struct)


class NotReady(Exception):
    """A lab could not be created in this way; the text is the reason, and `report` the host's own, None if it sent none."""

    def __init__(self, reason: str, report: NotStarted | None = None) -> None:
        super().__init__(reason)
        self.report = report


def _command_for(way: str, firewall: str, name: str) -> tuple[list[str], dict[str, str]]:
    """The command that starts a host, and its environment."""
    environment = dict(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
    # setuptools replaces distutils when this is unset, which python-iptables would import at a cost of 0.1 s and 12 MB.
    environment["SETUPTOOLS_USE_DISTUTILS"] = "stdlib"
    kind, _, target = way.partition(":")
    if kind == "attach":
        return [sys.executable, "-P", "-m", "netlab_magic.engines.live", target, str(os.getpid())], environment
    python = [sys.executable, "-P", "-m", "netlab_magic.engines.host"]
    if way == "sudo":
        kept = [f"{key}={environment[key]}" for key in ("PYTHONPATH", "SETUPTOOLS_USE_DISTUTILS")]
        return ["sudo", "-n", "--", "env", *kept, *python, "root", firewall, name, "0"], environment
    return [*python, way, firewall, name, str(os.getpid())], environment


class KernelEngine:
    """A lab host process. One request at a time: `Lab` sees to that with its lock."""

    def __init__(self, way: str, firewall: str, name: str) -> None:
        self.ready: Ready
        self._way = way
        self._number = 0
        self.told_of_end = False
        self._answers: queue.SimpleQueue[tuple[int, protocol.Answer] | None] = queue.SimpleQueue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._errors = open(os.memfd_create("errors"), "w+b")  # noqa: SIM115 (it lives as long as the host)
        self._socket, theirs = socket.socketpair()
        words, environment = _command_for(way, firewall, name)
        with theirs:
            self._process = subprocess.Popen(
                words, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._errors, env=environment, start_new_session=True
            )
        self._threads = [threading.Thread(target=work, name=f"netlab-{name}", daemon=True) for work in (self._read, self._write)]
        for thread in self._threads:
            thread.start()
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        try:
            first = self._answers.get(timeout=START_SECONDS)
        except (queue.Empty, KeyboardInterrupt):
            first = None
        answer = first[1] if first else None
        if not isinstance(answer, Ready):
            last_words = self._end()
            if isinstance(answer, NotStarted):
                raise NotReady(answer.message, answer)
            raise NotReady(last_words or "the lab host did not start")
        self.ready = msgspec.structs.replace(answer, way=self._way)

    def _read(self) -> None:
        decoder = protocol.answers()
        with suppress(OSError, msgspec.DecodeError):  # the host is gone, or not a host: both end the conversation
            while data := self._socket.recv(1 << 20):
                for answer in decoder.feed(data):
                    self._answers.put(answer)
        self._answers.put(None)

    def _write(self) -> None:
        while (data := self._outgoing.get()) is not None:
            try:
                self._socket.sendall(data)
            except OSError:
                return

    def _end(self) -> str:
        """Ends the host and returns the last line that it wrote to standard error."""
        if self._errors.closed:
            return ""
        self._outgoing.put(None)
        with suppress(OSError):  # the other end may have closed first
            self._socket.shutdown(socket.SHUT_RDWR)
        try:
            self._process.wait(2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        with self._errors:
            self._errors.seek(0)
            lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else ""

    @property
    def alive(self) -> bool:
        """Whether the host process still runs."""
        return self._process.poll() is None

    def _ask(
        self, request: protocol.Request, kind: type[Reply], show: Show | None = None, told: Callable[[WatchedPacket], None] | None = None
    ) -> Reply:
        """Sends a request and waits for its reply of this kind. Raises Refusal, Interrupted or LabUnavailable."""
        if not self.alive:
            self._lost("the lab host has ended")
        self._number += 1
        try:
            self._outgoing.put(protocol.encode(request, self._number))
            answer = self._reply(show, told)
        except KeyboardInterrupt:  # between two of our steps: the pending answer will be skipped
            self._outgoing.put(protocol.encode(protocol.Interrupt(), self._number))
            raise Interrupted from None
        if isinstance(answer, protocol.Failed):
            raise Interrupted if answer.interrupted else Refusal(answer.message, answer.errno, answer.index, answer.in_rules)
        if not isinstance(answer, kind):
            self._lost(f"the lab host answered {type(answer).__name__} instead of {kind.__name__}")
        return answer

    def _reply(self, show: Show | None, told: Callable[[WatchedPacket], None] | None) -> protocol.Answer:
        """Waits for the reply to the last request and shows the events before it; the user's interrupt is forwarded once."""
        interrupted_at: float | None = None
        while True:
            try:
                answer = self._next(interrupted_at)
                if isinstance(answer, protocol.Output):
                    if show:
                        show(answer.stream, answer.text)
                elif isinstance(answer, protocol.Passed):
                    if told:
                        told(answer.packet)
                elif not isinstance(answer, protocol.Beat):
                    return protocol.Failed("", interrupted=True) if interrupted_at is not None else answer
            except KeyboardInterrupt:
                if interrupted_at is None:
                    self._outgoing.put(protocol.encode(protocol.Interrupt(), self._number))
                    interrupted_at = time.monotonic()

    def _next(self, interrupted_at: float | None) -> protocol.Answer:
        """The next answer that belongs to the last request."""
        while True:
            patience = SILENCE_SECONDS if interrupted_at is None else max(0.1, interrupted_at + INTERRUPT_SECONDS - time.monotonic())
            try:
                numbered = self._answers.get(timeout=patience)
            except queue.Empty:
                self._lost("the lab host stopped responding and was ended")
            if numbered is None:
                self._lost("the lab host has ended")
            number, answer = numbered
            if number == self._number:
                return answer

    def _lost(self, what: str) -> NoReturn:
        words = self._end()
        self.told_of_end = True
        raise LabUnavailable(f"{what}{f' ({words})' if words else ''}; everything in the lab is gone, the next statement starts a new one")

    def observe(self, sysctls: Mapping[str, Sequence[str]], rules: bool = True, foreign: bool = False) -> Observed:
        """See Engine."""
        return self._ask(protocol.Observe({name: tuple(keys) for name, keys in sysctls.items()}, rules, foreign), Observed)

    def apply(self, changes: Sequence[Change], rules: str = "", rules6: str = "") -> None:
        """See Engine."""
        self._ask(protocol.Apply(tuple(changes), rules, rules6), protocol.Done)

    def save(self, family: str = "ipv4") -> str:
        """See Engine."""
        return self._ask(protocol.SaveRules(family), protocol.Text).text

    def restore(self, text: str, flush: bool = False, namespace: str = HOST, family: str = "ipv4") -> None:
        """See Engine."""
        self._ask(protocol.RestoreRules(text, flush, namespace, family), protocol.Done)

    def canonical(self, text: str, family: str = "ipv4") -> str:
        """See Engine."""
        return self._ask(protocol.Canonical(text, family), protocol.Text).text

    def probe(self, probes: Sequence[Probe]) -> tuple[Outcome, ...]:
        """See Engine."""
        return self._ask(protocol.ProbeAll(tuple(probes)), protocol.Probed).outcomes

    def trace(self, probe: Probe) -> KernelTrace:
        """See Engine."""
        return self._ask(protocol.TraceProbe(probe), protocol.Account).traced

    def watch(self, request: protocol.WatchTraffic, told: Callable[[WatchedPacket], None]) -> WatchedTraffic:
        """See Engine."""
        return self._ask(request, protocol.Watched, told=told).traffic

    def start_capture(self, at: End) -> None:
        """See Engine."""
        self._ask(protocol.StartCapture(at), protocol.Done)

    def end_captures(self) -> Captured:
        """See Engine."""
        return self._ask(protocol.EndCaptures(), protocol.Captured)

    def run(self, text: str, show: Show, cell: int = 0, namespace: str | None = None, following: str = "") -> Ran:
        """See Engine."""
        return self._ask(protocol.Run(text, cell, namespace, following, str(Path.cwd())), Ran, show)

    def processes(self) -> tuple[Process, ...]:
        """See Engine."""
        return self._ask(protocol.Status(), protocol.Working).processes

    def close(self) -> None:
        """See Engine."""
        self._end()
