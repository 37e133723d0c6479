"""TCP and UDP probes: one socket each, made in the namespace of the source."""

import os
import selectors
import socket
import time
from collections.abc import Callable

from netlab_magic.engines.host.probing.icmp_echo import refused
from netlab_magic.model.probe import Outcome, Probe, Verdict

__all__ = ["PortProbe"]

_QUESTION = b"netlab_magic"


class PortProbe:
    """A TCP connection being opened, or a UDP datagram waiting for its answer.

    `told` is given the source port before the first packet is sent.
    """

    def __init__(self, probe: Probe, told: Callable[[int], None] | None = None) -> None:
        self.probe = probe
        self._udp = probe.protocol == "udp"
        self.events = selectors.EVENT_READ if self._udp else selectors.EVENT_WRITE
        family = socket.AF_INET6 if ":" in probe.address else socket.AF_INET
        self._socket = socket.socket(family, (socket.SOCK_DGRAM if self._udp else socket.SOCK_STREAM) | socket.SOCK_NONBLOCK)
        self._failure: OSError | None = None
        if told:
            self._bound(told)
        self._started = time.perf_counter()
        try:
            self._socket.connect((probe.address, probe.port))
            if self._udp:
                self._socket.send(_QUESTION)
        except BlockingIOError:
            return
        except OSError as error:
            self._failure = error

    def _bound(self, told: Callable[[int], None]) -> None:
        try:
            self._socket.bind(("", 0))
            told(self._socket.getsockname()[1])
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def receive(self) -> dict[Probe, Outcome]:
        """The outcome, as soon as there is one."""
        try:
            if self._failure:
                raise self._failure
            if self._udp:
                self._socket.recv(2048)
            else:
                self._connected()
        except BlockingIOError:
            return {}
        except OSError as error:
            return {self.probe: refused(self.probe, error)}
        return {self.probe: Outcome(self.probe, Verdict.ANSWERED, (time.perf_counter() - self._started) * 1000)}

    def _connected(self) -> None:
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if number:
            raise OSError(number, os.strerror(number))
        try:
            self._socket.getpeername()
        except OSError:
            raise BlockingIOError from None
