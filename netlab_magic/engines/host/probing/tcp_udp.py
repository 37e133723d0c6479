"""TCP and UDP probes: one socket each, created in the namespace of the source.

A connection counts when the receiver's kernel has acknowledged something sent after the SYN/ACK. Only the end of the connection (FIN)
is sent, so that no program receives unexpected data.
"""

import contextlib
import errno
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable

from netlab_magic.engines.host.probing.icmp_echo import refused
from netlab_magic.model.outcomes import cut_off, prohibited
from netlab_magic.model.probe import Outcome, Probe, Verdict

__all__ = ["PortProbe"]

_QUESTION = b"netlab_magic"

_TCP_REPAIR = 19
"""linux/tcp.h"""

_MADE, _ENDING = (1, 8), (4, 9, 11)
"""States of a connection (include/net/tcp_states.h): ESTABLISHED and CLOSE_WAIT; and FIN_WAIT1, LAST_ACK and CLOSING, in which the other
side has not acknowledged our FIN."""


class PortProbe:
    """A TCP connection being opened, or a UDP datagram waiting for its answer.

    `told` is called with the source port before the first packet is sent. One that does not linger is reset at its end, so that connection
    tracking soon forgets it.
    """

    def __init__(self, probe: Probe, told: Callable[[int], None] | None = None, lingers: bool = True) -> None:
        self.probe = probe
        self._udp = probe.protocol == "udp"
        self.events = selectors.EVENT_READ if self._udp else selectors.EVENT_WRITE
        family = socket.AF_INET6 if ":" in probe.address else socket.AF_INET
        self._socket = socket.socket(family, (socket.SOCK_DGRAM if self._udp else socket.SOCK_STREAM) | socket.SOCK_NONBLOCK)
        if not lingers:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._failure: OSError | None = None
        self._connected_at: float | None = None
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

    @property
    def connected(self) -> bool:
        """Whether the other side has accepted the connection: a selector no longer reports events then, and `receive` must be polled."""
        return self._connected_at is not None

    def close(self) -> None:
        """Closes the socket and discards unacknowledged data, which the kernel would otherwise retransmit."""
        if self.connected and self._state() in _MADE + _ENDING:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
        self._socket.close()

    def receive(self) -> dict[Probe, Outcome]:
        """The outcome, as soon as there is one."""
        try:
            if self._failure:
                raise self._failure
            if self._udp:
                self._socket.recv(2048)
                answered_at = time.perf_counter()
            else:
                answered_at = self._acknowledged()
        except BlockingIOError:
            return {}
        except OSError as error:
            return {self.probe: self._refused(error)}
        return {self.probe: Outcome(self.probe, Verdict.ANSWERED, (answered_at - self._started) * 1000)}

    def _refused(self, error: OSError) -> Outcome:
        """What an error means; EACCES where sending went well is an ICMPv6 error's."""
        if self.connected:
            return _rejected(self.probe, error)
        return prohibited(self.probe) if error.errno == errno.EACCES and not self._failure else refused(self.probe, error)

    def _acknowledged(self) -> float:
        """The time of the connection, once its end is acknowledged too. Raises BlockingIOError before that, OSError for a refusal."""
        state = self._state()  # before the error: a reset gives both
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if self._connected_at is None and (state in _MADE or number == errno.ECONNRESET):
            self._connected_at = time.perf_counter()
        if number:
            raise OSError(number, os.strerror(number))
        if self._connected_at is None or state in _ENDING:
            raise BlockingIOError
        if state in _MADE:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            return self._acknowledged()
        return self._connected_at

    def _state(self) -> int:
        return self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def _rejected(probe: Probe, error: OSError) -> Outcome:
    """The outcome of a connection that was made, and then reset or refused."""
    return cut_off(probe, Verdict.NO_ROUTE if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH) else Verdict.REFUSED)
