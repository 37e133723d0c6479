"""Grades submissions side by side, each in a box of its own."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from netlab_magic.engines.box import Boxed, boxed, python
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import StatementError
from netlab_magic.i18n import message
from netlab_magic.teaching.grading.answers import Note, answers_in
from netlab_magic.teaching.grading.replay import Graded, Job

__all__ = ["Submission", "Task", "grade"]

_NOT_READ = message("the file cannot be read: {}")
_NOT_GRADED = message("could not be graded: {}")
_NO_ANSWER = message("there is no answer in it")


class Task(msgspec.Struct, frozen=True):
    """What is graded: the text of a scenario, where answers run, and how long each, and all of a submission's, may take in seconds."""

    text: str
    name: str
    engine: str = "auto"
    answer_seconds: float = 20
    seconds: float = 120


class Submission(msgspec.Struct, frozen=True):
    """A notebook of a student, with the seed of the student's lab, and what it is worth."""

    file: str
    student: str
    seed: int = 0
    graded: Graded = Graded()


def grade(
    task: Task, submissions: Sequence[Submission], jobs: int = 0, progress: Callable[[Submission], None] = lambda _: None
) -> list[Submission]:
    """The submissions with what they are worth, in their order; `progress` is given each when it is done. `jobs` 0: one a processor."""
    with ThreadPoolExecutor(jobs or os.cpu_count() or 1) as pool:
        return list(pool.map(lambda one: _graded(task, one, progress), submissions))


def _graded(task: Task, submission: Submission, progress: Callable[[Submission], None]) -> Submission:
    done = msgspec.structs.replace(submission, graded=_worth(task, submission))
    progress(done)
    return done


def _worth(task: Task, submission: Submission) -> Graded:
    try:
        answers, notes = answers_in(Path(submission.file).read_bytes())
    except OSError as error:
        return Graded(notes=(Note(_NOT_READ, (error.strerror or "",)),))
    except StatementError as error:
        return Graded(notes=(Note(_NOT_READ, (error.message,)),))
    if not answers:
        notes.append(Note(_NO_ANSWER))
    job = Job(task.text, task.name, submission.seed, tuple(answers), task.engine, task.answer_seconds)
    try:
        isolated = task.engine != SIMULATED  # a simulated lab runs no program of anybody
        told = boxed(python("netlab_magic.teaching.grading.replay"), msgspec.json.encode(job), task.seconds, isolated=isolated)
        found = msgspec.json.decode(told, type=Graded)
    except (Boxed, msgspec.DecodeError) as error:
        return Graded(notes=(*notes, Note(_NOT_GRADED, (str(error),))))
    return Graded(found.criteria, (*notes, *found.notes))
