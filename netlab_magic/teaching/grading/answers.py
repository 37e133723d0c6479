"""The answers in a notebook: the text of its `%%netlab` cells. Nothing of a notebook is run as Python."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from netlab_magic.errors import StatementError
from netlab_magic.i18n import message

__all__ = ["Answer", "Note", "answers_in"]

_OPTIONS = re.compile(r"%%netlab((?:\s+--(?:commands|quiet))*)\s*(?:(?:sh|bash)(?:\s+(?P<namespace>\S+))?)?\s*$")
_PYTHON_VALUES = re.compile(r"(?<![{\w$])\{[A-Za-z_]\w*\}")

_UNREADABLE = message("cell {}: its first line has options that grading does not know: {}")
_VALUES = message("cell {}: {} stands for a value of Python, which grading does not have")


class Note(msgspec.Struct, frozen=True):
    """Something that a teacher should know: a message of the catalogue, and what fills it in."""

    text: str
    values: tuple[str, ...] = ()


class Answer(msgspec.Struct, frozen=True):
    """A cell: statements, or with `shell` lines for a shell in a namespace ("" for the host)."""

    number: int
    text: str
    shell: bool = False
    namespace: str = ""


def answers_in(notebook: bytes) -> tuple[list[Answer], list[Note]]:
    """The answers of a notebook (nbformat 4): cells with the tag `answer` or that nbgrader calls a solution; else every cell of the lab's.

    Raises StatementError for what is not a notebook.
    """
    try:
        held = json.loads(notebook)
        cells = [cell for cell in held["cells"] if cell["cell_type"] == "code"]
        sources = [(number, cell, _source(cell)) for number, cell in enumerate(cells, 1)]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise StatementError("this is not a notebook") from None
    chosen = [one for one in sources if _is_answer(one[1])] or sources
    read = [_read(number, source) for number, _, source in chosen]
    return [answer for answers, _ in read for answer in answers], [note for _, notes in read for note in notes]


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _is_answer(cell: Mapping[str, Any]) -> bool:
    metadata = cell.get("metadata") or {}
    nbgrader = metadata.get("nbgrader") or {}
    return "answer" in (metadata.get("tags") or ()) or bool(nbgrader.get("solution"))


def _read(number: int, source: str) -> tuple[list[Answer], list[Note]]:
    first, _, body = source.lstrip("\n").partition("\n")
    if not first.startswith("%%netlab"):
        lines = "\n".join(_line_magics(source))
        return ([Answer(number, lines)] if lines else []), []
    found = _OPTIONS.match(first)
    if not found:
        return [], [Note(_UNREADABLE, (str(number), first))]
    shell = re.search(r"\b(sh|bash)\b", first) is not None
    values = [] if shell else _PYTHON_VALUES.findall(body)
    notes = [Note(_VALUES, (str(number), values[0]))] if values else []
    return [Answer(number, body, shell, found["namespace"] or "")], notes


def _line_magics(source: str) -> Iterator[str]:
    for line in source.splitlines():
        if found := re.match(r"\s*%netlab\s+(.*)", line):
            yield found[1]
