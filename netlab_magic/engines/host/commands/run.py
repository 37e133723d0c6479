"""Runs shell text in the lab: output streamed as it comes, up to a limit; background processes live on until the lab ends."""

import codecs
import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from typing import IO

from netlab_magic.engines.host.commands import stop
from netlab_magic.engines.host.process.channel import Channel
from netlab_magic.engines.protocol import BEAT_SECONDS, Output, Ran

__all__ = ["Background", "run"]

OUTPUT_LIMIT = 1_000_000
"""How many characters of a command's output are shown; browsers cope with a few times as much, but not with a hundred times."""

_CHUNK = 1 << 16
_LINGER = 1.0
_PATIENCE = 1.0
_GLANCE = 0.02


class _Stream:
    """One output of a command, decoded as it comes."""

    def __init__(self, name: str, pipe: IO[bytes]) -> None:
        self.name = name
        self.pipe = pipe
        self.unseen = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        os.set_blocking(pipe.fileno(), False)

    def read(self) -> str | None:
        """The available text; None at the end, when the pipe is closed."""
        data = self.pipe.read(_CHUNK)
        if data == b"":
            self.pipe.close()
            return None
        return self._decoder.decode(data or b"")


class Background:
    """The outputs of processes that outlived their command. They are shown with later commands, as in a terminal.

    They are read all the time, since a full pipe would block the process; the oldest output is discarded if no command follows.
    """

    def __init__(self) -> None:
        self.streams: dict[int, _Stream] = {}
        self._ended: list[_Stream] = []

    def keep(self, stream: _Stream) -> None:
        """Takes over an output whose command has ended while another process still holds it open."""
        self.streams[stream.pipe.fileno()] = stream

    def listen(self, descriptor: int) -> None:
        """Reads what one of them has while no command runs."""
        stream = self.streams[descriptor]
        text = stream.read()
        if text is None:
            self._ended.append(self.streams.pop(descriptor))
        else:
            stream.unseen = (stream.unseen + text)[-_CHUNK:]

    def unseen(self) -> list[tuple[_Stream, str]]:
        """The output read since the last command, to be shown now."""
        found = [(stream, stream.unseen) for stream in (*self._ended, *self.streams.values())]
        self._ended.clear()
        for stream in self.streams.values():
            stream.unseen = ""
        return found


class _Running:
    """A command while it runs."""

    def __init__(self, process: "subprocess.Popen[bytes]", channel: Channel, background: Background) -> None:
        self.process = process
        self.channel = channel
        self.background = background
        self.sent = 0
        self.hidden = 0
        self.interrupted = False
        self.leaves: list[int] = []
        self.kill_at = 0.0
        self.selector = selectors.DefaultSelector()
        pipes = (("stdout", process.stdout), ("stderr", process.stderr))
        self.own = [_Stream(name, pipe) for name, pipe in pipes if pipe is not None]
        for stream in (*self.own, *background.streams.values()):
            self.selector.register(stream.pipe, selectors.EVENT_READ, stream)
        self.ended = os.pidfd_open(process.pid)
        self.selector.register(self.ended, selectors.EVENT_READ)
        self.selector.register(channel.fileno(), selectors.EVENT_READ)

    def wait(self) -> Ran:
        """Waits until the command ends; meanwhile, the output of background processes is shown too."""
        for stream, text in self.background.unseen():
            self._show(stream, text)
        beat = time.monotonic() + BEAT_SECONDS
        while self.process.poll() is None:
            patience = _GLANCE if self.interrupted else beat - time.monotonic()
            for key, _ in self.selector.select(max(0.0, patience)):
                self._handle(key)
            if time.monotonic() >= beat:
                self.channel.beat()
                beat = time.monotonic() + BEAT_SECONDS
            if self.interrupted:
                self._finish_interrupt()
        if self.interrupted:
            self._end_the_rest()
        self._drain()
        status = self.process.returncode
        return Ran(128 - status if status < 0 else status, self.hidden, self.interrupted)

    def _handle(self, key: selectors.SelectorKey) -> None:
        if isinstance(key.data, _Stream):
            self._read(key.data)
        elif key.fd == self.channel.fileno() and self.channel.interrupted() and not self.interrupted:
            self.interrupted = True
            self.kill_at = time.monotonic() + _PATIENCE
            self.leaves = stop.freeze(self.process.pid)

    def _read(self, stream: _Stream) -> bool:
        """Forwards the available output of a stream; False if there is none or it has ended."""
        descriptor = stream.pipe.fileno()
        text = stream.read()
        if text is None:
            self.selector.unregister(descriptor)
            self.background.streams.pop(descriptor, None)
            return False
        self._show(stream, text)
        return bool(text)

    def _show(self, stream: _Stream, text: str) -> None:
        shown = text[: max(0, OUTPUT_LIMIT - self.sent)]
        self.hidden += len(text) - len(shown)
        if shown:
            self.sent += len(shown)
            self.channel.send(Output(stream.name, shown))

    def _drain(self) -> None:
        """Shows what the command wrote before it ended; later output of an open pipe belongs to background processes."""
        deadline = time.monotonic() + _LINGER
        for stream in self.own:
            while not stream.pipe.closed and self._read(stream) and time.monotonic() < deadline:
                pass
            if not stream.pipe.closed:
                self.background.keep(stream)
        self.selector.close()
        os.close(self.ended)

    def _finish_interrupt(self) -> None:
        """Kills the remaining processes once the interrupted programs have ended, or have had a second to do so."""
        alive = {member.pid for member in stop.members(self.process.pid)}
        if time.monotonic() >= self.kill_at or alive.isdisjoint(self.leaves):
            stop.kill(self.process.pid)

    def _end_the_rest(self) -> None:
        """Waits until all killed processes have ended, which on a busy machine takes longer than the end of the session's leader."""
        deadline = time.monotonic() + _PATIENCE
        while next(stop.members(self.process.pid), None) and time.monotonic() < deadline:
            stop.kill(self.process.pid)
            time.sleep(_GLANCE)


def run(
    channel: Channel, background: Background, words: list[str], text: str, environment: Mapping[str, str], directory: str
) -> Ran:
    """Runs `words` with `text` on standard input, in a session of its own."""
    with_input = os.memfd_create(stop.CELL)
    os.write(with_input, text.encode(errors="surrogateescape"))
    os.lseek(with_input, 0, os.SEEK_SET)
    try:
        process = subprocess.Popen(
            words, stdin=with_input, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=directory, env=environment,
            start_new_session=True,
        )
    finally:
        os.close(with_input)
    return _Running(process, channel, background).wait()
