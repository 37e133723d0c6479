"""A lesson's source: one text with every code cell once, and prose in each language. notebooks/lessons/README.md describes it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

__all__ = ["LANGUAGES", "LESSONS", "NOTEBOOKS", "Part", "SourceError", "lesson_parts", "lessons", "notebook", "parts"]

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
LESSONS = NOTEBOOKS / "lessons"
LANGUAGES = ("en", "zh-TW")
"""The languages of the lessons, as their folders are called."""

_BESIDES = ("panel", "teachers-guide")
_OPENING = LESSONS / "opening.md"
_HEADING = re.compile(r"=== (?P<kind>\S+) (?P<name>\S+)")
_FOLDED = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
"""Metadata of a cell whose text JupyterLab and the site show on request only: a solution."""
_HAN = "\\u3400-\\u9fff"
_FULL = "\\u3001-\\u3011\\uff01-\\uff5e"
_BREAK = re.compile(rf"(?<=[{_FULL}])\n(?!\d+\.)(?=[{_HAN}{_FULL}\w\[`(]|\*\*)|(?<=[{_HAN}])\n(?=[{_HAN}{_FULL}])")
"""A line's end that no space may come of: Chinese has none between characters, and Markdown makes one of every line's end."""
_NAME = re.compile(r"[a-z][a-z0-9-]*")


class SourceError(Exception):
    """A lesson's source is not as it should be; says where, and what would be right."""


@dataclass(frozen=True)
class Part:
    """A cell to be: code for all languages, or prose for one."""

    kind: str
    name: str
    text: str


def lessons() -> list[Path]:
    """The sources of all lessons, in order, and of what is beside them."""
    numbered = sorted(LESSONS.glob("[0-9]*.md"))
    return [*numbered, *(LESSONS / f"{name}.md" for name in _BESIDES)]


def parts(path: Path) -> list[Part]:
    """The parts of a source. Raises SourceError."""
    found: list[tuple[int, str, str, list[str]]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line.startswith("=== "):
            heading = _HEADING.fullmatch(line)
            if not heading or heading["kind"] not in ("code", *LANGUAGES) or not _NAME.fullmatch(heading["name"]):
                kinds = ", ".join(("code", *LANGUAGES))
                raise SourceError(f"{path.name}, line {number}: a part begins with === and one of {kinds}, and a name; not with {line}")
            found.append((number, heading["kind"], heading["name"], []))
        elif found:
            found[-1][3].append(line)
        elif line.strip():
            raise SourceError(f"{path.name}, line {number}: this comes before the first part (=== en title)")
    _check(path, [(number, kind, name) for number, kind, name, _ in found])
    return [Part(kind, name, "\n".join(lines).strip("\n")) for _, kind, name, lines in found]


def _check(path: Path, headings: Sequence[tuple[int, str, str]]) -> None:
    """Each name once a kind, and prose in all languages, one behind the other. Raises SourceError."""
    seen: set[str] = set()
    at = 0
    while at < len(headings):
        number, kind, name = headings[at]
        if name in seen:
            raise SourceError(f"{path.name}, line {number}: there is a part called {name} already")
        seen.add(name)
        wanted = ["code"] if kind == "code" else list(LANGUAGES)
        if [(each[1], each[2]) for each in headings[at : at + len(wanted)]] != [(one, name) for one in wanted]:
            raise SourceError(f"{path.name}, line {number}: {name} is wanted in {', then '.join(wanted)}")
        at += len(wanted)


def lesson_parts(path: Path) -> list[Part]:
    """All parts of a lesson: behind its title comes what all lessons open with, if it has code. Raises SourceError."""
    own = parts(path)
    title = len(LANGUAGES)
    opening = parts(_OPENING) if any(part.kind == "code" for part in own) else []
    return [*own[:title], *opening, *own[title:]]


def notebook(path: Path, language: str) -> Any:
    """The notebook of a lesson in one of LANGUAGES, without outputs. Raises SourceError."""
    made = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    made.cells = list(_cells(lesson_parts(path), language))
    made.nbformat_minor = 5
    return made


def _cells(of: Sequence[Part], language: str) -> Iterator[Any]:
    for part in of:
        if part.kind == "code":
            folded = _FOLDED if part.name.startswith("solution-") else {}
            yield nbformat.v4.new_code_cell(part.text, id=part.name, metadata=folded)
        elif part.kind == language:
            yield nbformat.v4.new_markdown_cell(_BREAK.sub("", part.text), id=part.name)
