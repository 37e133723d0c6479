"""The host that a command is about: dumps in files, or on standard input."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from netlab_magic.errors import StatementError
from netlab_magic.i18n import Language
from netlab_magic.model.topology import HOST
from netlab_magic.session.lab import Lab
from netlab_magic.session.results.status import Status

__all__ = ["STDIN", "Loaded", "host_of", "load", "text_of"]

STDIN = "-"
"""The name that stands for standard input."""


class Loaded(NamedTuple):
    """A lab that looks at a host, and what `load` said of it."""

    lab: Lab
    status: Status

    @property
    def fields(self) -> Mapping[str, Any]:
        """What had to be assumed, and what was not understood, for programs."""
        return {"loaded": {"assumptions": list(self.status.assumptions), "not_understood": list(self.status.not_understood)}}

    def unread(self, say: Language) -> list[str]:
        """What was not understood, for people."""
        left = self.status.not_understood
        return [say("Not understood, and left out: {count} lines; the first is {first}", count=len(left), first=left[0])] if left else []

    def assumed(self, say: Language) -> list[str]:
        """What a verdict rests on besides what was read, and what was not understood, for people."""
        head = say("Assumed, because what was loaded does not say:")
        return [*([head, *(f"  {one}" for one in self.status.assumptions)] if self.status.assumptions else []), *self.unread(say)]


def host_of(files: Sequence[str], language: str, attach: str | None = None) -> Loaded:
    """A lab that looks at a host: the one to `attach`, or that which the files describe, or without any, standard input.

    Raises StatementError, and LabUnavailable for a host that cannot be attached.
    """
    if attach and files:
        raise StatementError("--attach looks at a host itself: leave --file out")
    if attach:
        lab = Lab(language=language)
        words = (attach,) if attach == HOST or attach.isdecimal() else ("container", attach)
        status = lab.ask("attach", *words)
        assert isinstance(status, Status)
        return Loaded(lab, status)
    if not files and sys.stdin.isatty():
        raise StatementError("there is no dump to read: name one with --file, or give it on standard input")
    lab = Lab(language=language)
    return Loaded(lab, load(lab, files or (STDIN,)))


def load(lab: Lab, files: Sequence[str]) -> Status:
    """Loads files into a lab, one of which may be standard input. Raises StatementError."""
    named = [name for name in files if name != STDIN]
    return lab.load(*named, text=_standard_input() if len(named) < len(files) else None)


def text_of(name: str) -> str:
    """The text of a file, or of standard input. Raises StatementError."""
    if name == STDIN:
        return _standard_input()
    try:
        return Path(name).read_text(errors="surrogateescape")
    except OSError as error:
        raise StatementError(f"{name} cannot be read: {error.strerror}") from None


def _standard_input() -> str:
    text = sys.stdin.buffer.read().decode(errors="surrogateescape").replace("\r\n", "\n")
    if not text.strip():
        raise StatementError("standard input is empty: no dump was read")
    return text
