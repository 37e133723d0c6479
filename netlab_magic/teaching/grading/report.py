"""What grading leaves behind: one table of marks, and a page for each student."""

import csv
import io
from collections.abc import Sequence
from html import escape
from pathlib import Path

from netlab_magic.i18n import Language, language, message
from netlab_magic.session.results.html import joined, tag
from netlab_magic.teaching.checked import Checked
from netlab_magic.teaching.grading.answers import Note
from netlab_magic.teaching.grading.grade import Submission
from netlab_magic.text import printable

__all__ = ["pages", "table"]

_HEADS = ("student", "file", "seed", "points", "maximum", "missing", "notes")
_NOTES = message("What else was noticed:")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def table(submissions: Sequence[Submission], name: str) -> str:
    """The marks as CSV, a row a student; its heads are always English, for programs."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_HEADS)
    for one in submissions:
        missing = "; ".join(criterion.said(name) for criterion in one.graded.criteria if not criterion.passed)
        notes = "; ".join(_said(note, language(name)) for note in one.graded.notes)
        row = (one.student, one.file, one.seed, one.graded.points, one.graded.maximum, missing, notes)
        writer.writerow([_harmless(cell) for cell in row])
    return text.getvalue()


def _harmless(cell: object) -> object:
    """A cell that a spreadsheet does not take for a formula: names of files are the students'."""
    text = printable(str(cell))
    return f"'{text}" if isinstance(cell, str) and text.startswith(_FORMULA) else text


def _said(note: Note, say: Language) -> str:
    return printable(say(note.text, *note.values))


def pages(submissions: Sequence[Submission], folder: Path, name: str) -> None:
    """Writes a page a student that says what was missing. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in submissions:
        (folder / f"{Path(one.student).name}.html").write_text(_page(one, language(name)), encoding="utf-8")


def _page(one: Submission, say: Language) -> str:
    notes = [tag("li", _said(note, say)) for note in one.graded.notes]
    told = joined(tag("p", say(_NOTES)), tag("ul", *notes)) if notes else ""
    body = joined(tag("h1", one.student), Checked(one.graded.criteria, language=say.name).html(), told)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(one.student)}</title>'
    style = "<style>body{font-family:sans-serif;max-width:50em;margin:2em auto;padding:0 1em}pre{white-space:pre-wrap}</style>"
    return f'<!doctype html><html lang="{say.name.replace("_", "-")}"><head>{head}{style}</head><body>{body}</body></html>\n'
