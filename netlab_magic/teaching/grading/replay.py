"""Replays answers, as a program of its own: a job comes on standard input, what it is worth goes to standard output.

Answers run in a lab of theirs. That lab ends, and what the task lets students change is put into another one, which the teacher's
statements built: names, addresses, servers and programs there are the teacher's. Only that lab is judged.
"""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec

from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import LabUnavailable, NetlabError
from netlab_magic.i18n import message
from netlab_magic.language import lesson_statements as lesson
from netlab_magic.language import parser
from netlab_magic.language import statements as s
from netlab_magic.model.topology import Interface, Namespace, Topology
from netlab_magic.session.state import Seen
from netlab_magic.teaching.checked import Criterion, maximum_of, points_of
from netlab_magic.teaching.exercise import Exercise, build
from netlab_magic.teaching.grading.answers import Answer, Note
from netlab_magic.teaching.lab import Lab
from netlab_magic.teaching.scenario import read

__all__ = ["Graded", "Job", "replayed"]

_LEFT_OUT = (s.Attach, s.Load, lesson.Scenario, lesson.Checkpoint, lesson.Check, lesson.Hint)
_OF_NO_USE = ("panel", "enter", "doctor", "help", "status", "down", "reset", "up")

_STOPPED = message("cell {}: stopped after {} seconds")
_FAILED = message("cell {}: {}")
_BY_THE_MODEL = message("no lab on the kernel could be made here: this was judged in a simulated one")
_NOT_PUT_IN = message("what the answers changed could not be put into the lab of the task: {}")


class Job(msgspec.Struct, frozen=True):
    """A task with a submission's answers; `task` is the text of a scenario called `name`, `seconds` the time for each answer."""

    task: str
    name: str
    seed: int
    answers: tuple[Answer, ...]
    engine: str = "auto"
    seconds: float = 20


class Graded(msgspec.Struct, frozen=True):
    """What a submission is worth: its criteria, and what the teacher should know."""

    criteria: tuple[Criterion, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def points(self) -> float:
        """The points."""
        return points_of(self.criteria)

    @property
    def maximum(self) -> float:
        """The most points that there are."""
        return maximum_of(self.criteria)


def replayed(job: Job) -> Graded:
    """What the answers of a job are worth. Raises NetlabError for a task that is wrong."""
    exercise = Exercise(read(job.task, job.name), job.seed)
    notes: list[Note] = []
    with Lab(engine=job.engine, firewall=exercise.scenario.firewall) as lab:
        build(lab, exercise.broken)
        for answer in job.answers:
            notes += _run(lab, answer, job.seconds)
        answered = _state(lab)
    with Lab(engine=job.engine, firewall=exercise.scenario.firewall) as lab:
        build(lab, exercise.broken)
        if lab.engine.ready.way == SIMULATED and job.engine != SIMULATED:
            notes.append(Note(_BY_THE_MODEL))
        fresh = lab.look(foreign=True)
        if answered is not None:
            notes += _put_in(lab, only(fresh, answered, exercise.scenario.change))
        found = exercise.judged(lab.engine, lab.look(foreign=True))
    return Graded(tuple(found), tuple(notes))


def _state(lab: Lab) -> Seen | None:
    try:
        return lab.look(foreign=True) if lab.is_up else None
    except NetlabError:
        return None


def _run(lab: Lab, answer: Answer, seconds: float) -> Iterator[Note]:
    """Runs an answer as far as it goes."""
    try:
        with _limited(seconds):
            if answer.shell:
                lab.shell(answer.text, answer.namespace or None, stream=_unseen)
            else:
                lab.run(_without_lessons(answer.text), stream=_unseen)
    except _TimeIsOver:
        yield Note(_STOPPED, (str(answer.number), f"{seconds:g}"))
    except NetlabError as error:
        over = isinstance(error.__context__, _TimeIsOver) or _is_over()
        yield Note(_STOPPED, (str(answer.number), f"{seconds:g}")) if over else Note(_FAILED, (str(answer.number), error.message))


def _unseen(_: str, __: str) -> None:
    """What commands print is nobody's."""


def _without_lessons(text: str) -> str:
    """A cell without the statements that would solve the task, look elsewhere, or take the lab away."""
    lines = text.splitlines()
    for statement in parser.parse(text):
        is_of_no_use = isinstance(statement, s.Session) and statement.action in _OF_NO_USE
        if (isinstance(statement, _LEFT_OUT) or is_of_no_use) and statement.place:
            lines[statement.place.line - 1] = ""
    return "\n".join(lines)


class _TimeIsOver(KeyboardInterrupt):
    """The time of an answer is over: the lab takes it for the user's interrupt."""


_over = False


def _is_over() -> bool:
    return _over


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Interrupts what runs when the time is over."""
    global _over  # noqa: PLW0603 - a signal handler has nowhere else to say so
    _over = False

    def stop(_: int, __: object) -> None:
        global _over  # noqa: PLW0603
        _over = True
        raise _TimeIsOver

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _put_in(lab: Lab, state: Seen) -> Iterator[Note]:
    lab.history.snapshots["answer"] = state
    try:
        build(lab, "restore answer")
    except LabUnavailable:
        raise
    except NetlabError as error:
        yield Note(_NOT_PUT_IN, (error.message,))


def only(fresh: Seen, answered: Seen, change: Sequence[str]) -> Seen:
    """The teacher's lab with what students may change of it: rules, sysctls, routes, ports (into which bridge a device is plugged)."""
    theirs, ours = answered.observed, fresh.observed
    topology = _changed(ours.topology, theirs.topology, change)
    if "rules" in change:
        inside = {
            name: msgspec.structs.replace(held, rules=their.rules, rules6=their.rules6, foreign=their.foreign)
            if (their := theirs.inside.get(name))
            else held
            for name, held in ours.inside.items()
        }
        ours = msgspec.structs.replace(ours, rules=theirs.rules, rules6=theirs.rules6, foreign=theirs.foreign, inside=inside)
    if "sysctls" in change:
        inside = {
            name: msgspec.structs.replace(held, sysctls={**held.sysctls, **their.sysctls}) if (their := theirs.inside.get(name)) else held
            for name, held in ours.inside.items()
        }
        ours = msgspec.structs.replace(ours, inside=inside)
    return msgspec.structs.replace(fresh, observed=msgspec.structs.replace(ours, topology=topology))


def _changed(ours: Topology, theirs: Topology, change: Sequence[str]) -> Topology:
    for name, held in ours.namespaces.items():
        if their := theirs.namespaces.get(name):
            ours = ours.with_namespace(_namespace(held, their, change))
    return ours


def _namespace(ours: Namespace, theirs: Namespace, change: Sequence[str]) -> Namespace:
    if "sysctls" in change:
        ours = msgspec.structs.replace(ours, sysctls={**ours.sysctls, **theirs.sysctls})
    if "routes" in change:
        ours = msgspec.structs.replace(ours, routes=theirs.routes)
    if "ports" in change:
        devices = tuple(_plugged(device, theirs.interface(device.name)) for device in ours.interfaces)
        ours = msgspec.structs.replace(ours, interfaces=devices)
    return ours


def _plugged(ours: Interface, theirs: Interface | None) -> Interface:
    return msgspec.structs.replace(ours, master=theirs.master, up=theirs.up) if theirs else ours


def main() -> None:
    """Reads a job, and writes what it is worth."""
    graded = replayed(msgspec.json.decode(sys.stdin.buffer.read(), type=Job))
    sys.stdout.buffer.write(msgspec.json.encode(graded))


if __name__ == "__main__":
    main()
