"""Prints an answer: as text, with colour on a terminal; as JSON; as a picture in a file."""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from netlab_magic.draw.base.picture import Picture
from netlab_magic.draw.base.render import NO_DOT, DrawingFailed, available, png_of
from netlab_magic.errors import StatementError

__all__ = ["coloured", "draw", "print_json", "print_text"]

_BOLD, _GOOD, _BAD, _DOUBT, _PLAIN = "\033[1m", "\033[34m", "\033[31m", "\033[33m", "\033[0m"
_MARKED = re.compile(r"^(?P<mark>[✓✕⟂↛∅?]) .*|^ok \d.*|^not ok \d.*|^ {4}[+-] .*|^ +\d+\. .*")
"""Lines that are coloured as a whole: verdicts, test results, added and removed rules, remedies."""


def print_text(text: str) -> None:
    """Prints a text; with colour if standard output is a terminal and NO_COLOR (no-color.org) is not set."""
    if text:
        sys.stdout.write(f"{coloured(text) if _is_colourful() else text}\n")


def _is_colourful() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def coloured(text: str) -> str:
    """The text with the colours of a terminal. They never say anything that the words do not."""
    return "\n".join(_coloured(line) for line in text.split("\n"))


def _coloured(line: str) -> str:
    found = _MARKED.match(line)
    if not found:
        return line
    if found["mark"] == "✓" or line.startswith("ok "):
        return f"{_BOLD}{_GOOD}{line}{_PLAIN}"
    if found["mark"] == "?":
        return f"{_BOLD}{_DOUBT}{line}{_PLAIN}"
    if found["mark"] or line.startswith("not ok "):
        return f"{_BOLD}{_BAD}{line}{_PLAIN}"
    sign = line.strip()[:1]
    return f"{ {'+': _GOOD, '-': _BAD}.get(sign, _BOLD) }{line}{_PLAIN}"


def print_json(fields: Mapping[str, Any]) -> None:
    """Prints the fields as one JSON object."""
    sys.stdout.write(json.dumps(fields, ensure_ascii=False, indent=2) + "\n")


def draw(pictures: Sequence[Picture], name: str) -> None:
    """Draws the first picture into a file. Raises StatementError if there is none, if it cannot be drawn, or not be written."""
    form = Path(name).suffix
    if form not in (".svg", ".png"):
        raise StatementError(f"--picture writes .svg and .png, not {form or 'a file without an ending'}")
    if not pictures:
        raise StatementError("there is no picture of this")
    if not available():
        raise StatementError(f"{name} was not written: there is no program that draws. {NO_DOT}")
    try:
        drawn = pictures[0].svg() if form == ".svg" else png_of(pictures[0].dot)
    except DrawingFailed as failure:
        raise StatementError(f"{name} was not written: {failure}") from None
    if drawn is None:
        raise StatementError(f"{name} was not written: the picture could not be drawn")
    try:
        Path(name).write_bytes(drawn.encode() if isinstance(drawn, str) else drawn)
    except OSError as error:
        raise StatementError(f"{name} cannot be written: {error.strerror}") from None
