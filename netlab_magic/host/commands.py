"""Runs shell text in the lab: output streamed as it comes, up to a limit; background processes live on until the lab ends."""

import codecs
import os
import selectors
import subprocess
import time
from collections.abc import Mapping
from typing import IO

from netlab_magic.engine.wire import BEAT_SECONDS, Output, Ran
from netlab_magic.host import sessions
from netlab_magic.host.channel import Channel

__all__ = ["Background", "run"]

OUTPUT_LIMIT = 1_000_000
"""Characters of one command that are shown; a browser bears a few of these, not a hundred."""

_CHUNK = 1 << 16
_LINGER = 0.05
_PATIENCE = 1.0
_GLANCE = 0.02


class Background:
    """The output pipes of processes that outlived their command. They are read and thrown away, for a full pipe would stop them."""

    def __init__(self) -> None:
        self.pipes: set[IO[bytes]] = set()

    def keep(self, pipe: IO[bytes]) -> None:
        """Takes over a pipe whose command has ended but which somebody still holds open."""
        os.set_blocking(pipe.fileno(), False)
        self.pipes.add(pipe)

    def drain(self, pipe: IO[bytes]) -> None:
        """Reads what is there; closes the pipe at its end."""
        if pipe.read(_CHUNK) == b"":
            self.pipes.discard(pipe)
            pipe.close()


class _Stream:
    """One output of a running command, decoded as it comes."""

    def __init__(self, name: str, pipe: IO[bytes]) -> None:
        self.name = name
        self.pipe = pipe
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        os.set_blocking(pipe.fileno(), False)


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
        for name, pipe in (("stdout", process.stdout), ("stderr", process.stderr)):
            if pipe is not None:
                self.selector.register(pipe, selectors.EVENT_READ, _Stream(name, pipe))
        self.ended = os.pidfd_open(process.pid)
        self.selector.register(self.ended, selectors.EVENT_READ)
        self.selector.register(channel.fileno(), selectors.EVENT_READ)

    def wait(self) -> Ran:
        """Until the command ends; what background processes write afterwards is no longer shown."""
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
        self._drain()
        status = self.process.returncode
        return Ran(128 - status if status < 0 else status, self.hidden, self.interrupted)

    def _handle(self, key: selectors.SelectorKey) -> None:
        if isinstance(key.data, _Stream):
            self._read(key.data)
        elif key.fd == self.channel.fileno() and self.channel.interrupted() and not self.interrupted:
            self.interrupted = True
            self.kill_at = time.monotonic() + _PATIENCE
            self.leaves = sessions.freeze(self.process.pid)

    def _read(self, stream: _Stream) -> bool:
        """Passes on what a stream has; false when it has nothing now or has ended."""
        data = stream.pipe.read(_CHUNK)
        if data == b"":
            self.selector.unregister(stream.pipe)
            stream.pipe.close()
        text = stream.decoder.decode(data or b"", final=data == b"")
        shown = text[: max(0, OUTPUT_LIMIT - self.sent)]
        self.hidden += len(text) - len(shown)
        if shown:
            self.sent += len(shown)
            self.channel.send(Output(stream.name, shown))
        return bool(data)

    def _drain(self) -> None:
        """What the command had written before it ended; the rest of an open pipe belongs to the background."""
        deadline = time.monotonic() + _LINGER
        streams = [key.data for key in self.selector.get_map().values() if isinstance(key.data, _Stream)]
        for stream in streams:
            while time.monotonic() < deadline + 1 and self._read(stream):
                pass
            if not stream.pipe.closed:
                self.selector.unregister(stream.pipe)
                self.background.keep(stream.pipe)
        self.selector.close()
        os.close(self.ended)

    def _finish_interrupt(self) -> None:
        """Kills what is left once the interrupted programs have ended, or have had a second to do so."""
        alive = {member.pid for member in sessions.members(self.process.pid)}
        if time.monotonic() >= self.kill_at or alive.isdisjoint(self.leaves):
            sessions.kill(self.process.pid)


def run(
    channel: Channel, background: Background, words: list[str], text: str, environment: Mapping[str, str], directory: str
) -> Ran:
    """Runs `words` with `text` on standard input, in a session of its own."""
    with_input = os.memfd_create("cell")
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


