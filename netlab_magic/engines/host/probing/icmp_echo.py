"""ICMP echo over one raw socket for each namespace and address family."""

import errno
import itertools
import os
import selectors
import socket
import struct
import time

from netlab_magic.model.outcomes import connection_refused, could_not_send, echo_error, no_route, protocol_unreachable, stopped_at_home
from netlab_magic.model.probe import Outcome, Probe, Verdict

__all__ = ["EchoSocket", "refused"]

_ICMP = struct.Struct("!BBHHH")
_ECHO_REPLY, _UNREACHABLE, _ECHO, _TIME_EXCEEDED = 0, 3, 8, 11
_ECHO_6, _REPLY_6, _UNREACHABLE_6, _TIME_EXCEEDED_6 = 128, 129, 1, 3
_SOL_RAW, _ICMP_FILTER, _ICMP6_FILTER = 255, 1, 1

# A new identifier for every socket: conntrack takes a request with an old one for part of the old flow, and lets it pass as
# ESTABLISHED where a new flow would be dropped.
_identifiers = itertools.count(int.from_bytes(os.urandom(2), "big"))


class EchoSocket:
    """Sends echo requests and receives the answers, in the namespace in which it was created."""

    events = selectors.EVENT_READ

    def __init__(self, six: bool) -> None:
        self._six = six
        self._identifier = next(_identifiers) & 0xFFFF
        self._sent: dict[int, tuple[Probe, float]] = {}
        family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
        self._socket = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK, protocol)
        self._take_answers_only()

    def _take_answers_only(self) -> None:
        """Without a filter the socket would also get a copy of every request that its namespace receives (icmp(7), raw(7))."""
        if self._six:
            passed = (_REPLY_6, _UNREACHABLE_6, _TIME_EXCEEDED_6)
            words = [0xFFFFFFFF] * 8
            for kind in passed:
                words[kind >> 5] &= ~(1 << (kind & 31))
            self._socket.setsockopt(socket.IPPROTO_ICMPV6, _ICMP6_FILTER, struct.pack("=8I", *words))
        else:
            passed_bits = 1 << _ECHO_REPLY | 1 << _UNREACHABLE | 1 << _TIME_EXCEEDED
            self._socket.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("=I", ~passed_bits & 0xFFFFFFFF))

    @property
    def identifier(self) -> int:
        """The identifier of every request of this socket and of every answer."""
        return self._identifier

    def fileno(self) -> int:
        """For select."""
        return self._socket.fileno()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def send(self, probe: Probe) -> Outcome | None:
        """Sends one request; returns an outcome if the sender's own kernel refuses it."""
        sequence = len(self._sent) & 0xFFFF
        self._sent[sequence] = probe, time.perf_counter()
        kind = _ECHO_6 if self._six else _ECHO
        checksum = (kind << 8) + self._identifier + sequence
        checksum = ~((checksum & 0xFFFF) + (checksum >> 16)) & 0xFFFF
        try:
            self._socket.sendto(_ICMP.pack(kind, 0, 0 if self._six else checksum, self._identifier, sequence), (probe.address, 0))
        except BlockingIOError:
            return None
        except OSError as error:
            return None if error.errno == errno.ENOBUFS else refused(probe, error)
        return None

    def receive(self) -> dict[Probe, Outcome]:
        """The answers received so far."""
        found: dict[Probe, Outcome] = {}
        while True:
            try:
                data, sender = self._socket.recvfrom(2048)
            except BlockingIOError:
                return found
            except OSError:
                continue
            now = time.perf_counter()
            outcome = self._read(data if self._six else data[(data[0] & 15) * 4 :], str(sender[0]), now)
            if outcome is not None:
                found[outcome.probe] = outcome

    def _read(self, message: bytes, sender: str, now: float) -> Outcome | None:
        if len(message) < _ICMP.size:
            return None
        kind, code, _, identifier, sequence = _ICMP.unpack_from(message)
        if kind in (_ECHO_REPLY, _REPLY_6) and (kind == _REPLY_6) == self._six:
            if identifier != self._identifier or sequence not in self._sent:
                return None
            probe, sent = self._sent[sequence]
            return Outcome(probe, Verdict.ANSWERED, (now - sent) * 1000)
        inner = message[8 + (40 if self._six else (message[8] & 15) * 4) :] if len(message) > 8 else b""
        if len(inner) < _ICMP.size:
            return None
        _, _, _, identifier, sequence = _ICMP.unpack_from(inner)
        if identifier != self._identifier or sequence not in self._sent:
            return None
        return echo_error(self._sent[sequence][0], sender, kind, code)


def refused(probe: Probe, error: OSError) -> Outcome:
    """The outcome of a probe that the sender's own kernel refused to send."""
    if error.errno in (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EINVAL):  # the last for a blackhole (fib_props)
        return no_route(probe)
    if error.errno == errno.EPERM:
        return stopped_at_home(probe)
    if error.errno == errno.ENOPROTOOPT:
        return protocol_unreachable(probe)
    if error.errno == errno.ECONNREFUSED:
        return connection_refused(probe)
    return could_not_send(probe, os.strerror(error.errno or 0))
