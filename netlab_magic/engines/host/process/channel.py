"""The host's end of the channel to the lab: requests come in on descriptor 0, answers go out on descriptor 1."""

import os
import select
import sys
from collections import deque
from typing import NoReturn

from netlab_magic.engines.host.process.isolation import MissingCapabilities, MountRefused
from netlab_magic.engines.protocol import Answer, Beat, Failed, Interrupt, NotStarted, Request, StartFailure, encode, requests

__all__ = ["Channel", "Stopped", "refuse_start"]


class Stopped(Exception):
    """The user interrupted the request."""


def refuse_start(error: OSError) -> NoReturn:
    """Reports to the lab why the host cannot start, and ends this process."""
    missing = tuple(error.names) if isinstance(error, MissingCapabilities) else ()
    kind = StartFailure.CAPABILITIES if missing else StartFailure.MOUNT if isinstance(error, MountRefused) else StartFailure.OTHER
    os.write(1, encode(NotStarted(error.strerror or str(error), kind, error.errno or 0, missing), 0))
    sys.exit(1)


class Channel:
    """Reads requests and writes answers. When the other end is gone, this process ends, and the whole lab with it."""

    def __init__(self) -> None:
        self._in, self._out = os.dup(0), os.dup(1)
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(2, 1)
        os.close(null)
        self._decoder = requests()
        self._waiting: deque[tuple[int, Request]] = deque()
        self._number = 0

    def fileno(self) -> int:
        """The descriptor for select: readable when there is a request, an interrupt, or end of file."""
        return self._in

    def send(self, message: Answer) -> None:
        """Sends an event or a reply."""
        data = memoryview(encode(message, self._number))
        try:
            while data:
                data = data[os.write(self._out, data) :]
        except (BrokenPipeError, ConnectionResetError):
            sys.exit(0)

    def beat(self) -> None:
        """Reports that a long request is still in progress."""
        self.send(Beat())

    def _receive(self) -> None:
        try:
            data = os.read(self._in, 1 << 20)
        except ConnectionResetError:
            data = b""
        if not data:
            sys.exit(0)
        self._waiting.extend(self._decoder.feed(data))

    def request(self) -> Request | None:
        """The next request, without waiting for more bytes; None if it is not complete yet."""
        if not self._waiting:
            self._receive()
        while self._waiting:
            self._number, message = self._waiting.popleft()
            if not isinstance(message, Interrupt):
                return message
            # It came too late, or the interrupt made the lab miss our answer: this one makes it stop waiting.
            self.send(Failed("stopped", interrupted=True))
        return None

    def interrupted(self) -> bool:
        """Whether an `Interrupt` has come for the running request (never blocks)."""
        readable, _, _ = select.select([self._in], [], [], 0)
        if readable:
            self._receive()
        found = any(isinstance(message, Interrupt) for _, message in self._waiting)
        if found:
            self._waiting = deque(held for held in self._waiting if not isinstance(held[1], Interrupt))
        return found
