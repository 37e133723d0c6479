"""`netlab-magic grade`: notebooks of a class, each replayed in a lab and a box of its own."""

import csv
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path

from netlab_magic.cli.answer import Answer
from netlab_magic.cli.exit_status import Status
from netlab_magic.errors import StatementError
from netlab_magic.i18n import language
from netlab_magic.teaching.grading.grade import Submission, Task, grade
from netlab_magic.teaching.grading.report import pages, table
from netlab_magic.teaching.scenario import find

__all__ = ["grade_all"]


def grade_all(options: Namespace) -> Answer:
    """The marks of all submissions: OK if each could be graded."""
    scenario = find(options.task)
    task = Task(_text_of(options.task), scenario.name, options.engine, options.seconds)
    seeds = _seeds(options.seeds) if options.seeds else {}
    students = _students(options.submissions)
    named = zip(options.submissions, students, strict=True)
    wanted = [Submission(file, student, seeds.get(student, options.seed)) for file, student in named]
    say, done = language(options.lang), list[str]()

    def progress(one: Submission) -> None:
        done.append(one.student)
        sys.stderr.write(f"{len(done)}/{len(wanted)} {one.student}: {say('{} of {} points', one.graded.points, one.graded.maximum)}\n")

    found = grade(task, wanted, options.jobs, progress)
    marks = table(found, options.lang)
    try:
        if options.report:
            pages(found, Path(options.report), options.lang)
        if options.out:
            Path(options.out).write_text(marks, encoding="utf-8")
    except OSError as error:
        raise StatementError(f"{error.filename} cannot be written: {error.strerror}") from None
    failed = [one for one in found if not one.graded.criteria]
    fields = {"submissions": [_fields(one, options.lang) for one in found]}
    return Answer("" if options.out else marks.rstrip("\n"), fields, Status.UNKNOWN if failed else Status.OK)


def _fields(one: Submission, lang: str) -> Mapping[str, object]:
    criteria = [{"sentence": held.said(lang), "points": held.points, "maximum": held.maximum} for held in one.graded.criteria]
    notes = [language(lang)(note.text, *note.values) for note in one.graded.notes]
    of_it = {"points": one.graded.points, "maximum": one.graded.maximum, "criteria": criteria, "notes": notes}
    return {"student": one.student, "file": one.file, "seed": one.seed, **of_it}


def _text_of(name: str) -> str:
    if name.endswith(".toml"):
        return Path(name).expanduser().read_text(encoding="utf-8")
    return (files("netlab_magic.teaching") / "scenarios" / f"{name}.toml").read_text(encoding="utf-8")


def _students(submissions: Sequence[str]) -> list[str]:
    """Who handed in: the files' names, or where these are alike, as nbgrader has them, the first folder that differs."""
    paths = [Path(name).absolute() for name in submissions]
    if len({path.stem for path in paths}) == len(paths):
        return [path.stem for path in paths]
    for level in range(1, max(len(path.parts) for path in paths)):
        names = [path.parts[-level - 1] if level < len(path.parts) else path.stem for path in paths]
        if len(set(names)) == len(names):
            return names
    raise StatementError("two of the submissions are the same file")


def _seeds(name: str) -> dict[str, int]:
    """The seed of each student, from a file with lines `student,seed`."""
    try:
        rows = list(csv.reader(Path(name).read_text(encoding="utf-8").splitlines()))
    except OSError as error:
        raise StatementError(f"{name} cannot be read: {error.strerror}") from None
    found = {}
    for number, row in enumerate(rows, 1):
        if len(row) != 2 or not (row[1].strip().isdecimal() or number == 1):
            raise StatementError(f"{name}, line {number}: a line is a student and a seed, such as ann,4711")
        if row[1].strip().isdecimal():
            found[row[0].strip()] = int(row[1])
    return found
