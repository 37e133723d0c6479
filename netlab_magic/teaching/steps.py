"""The steps of lessons' statements: a scenario, its hints, checks, checkpoints."""

import random
from collections.abc import Sequence

from netlab_magic.errors import StatementError, place_of
from netlab_magic.i18n import language, message
from netlab_magic.language import lesson_statements as lesson
from netlab_magic.session.results.base import Text
from netlab_magic.session.step import Plan, Running, Step, step_of
from netlab_magic.teaching.checked import Checked
from netlab_magic.teaching.exercise import Exercise, Learner, build
from netlab_magic.teaching.judging import judged
from netlab_magic.teaching.scenario import Scenario, find, library
from netlab_magic.text import aligned

__all__ = ["CheckRequirements"]

_HOW = message("Look around (show topology, matrix, why), repair it, then: check. If you are stuck: hint.")
_REMARKED = message("{} ({})")
_SEED = message("scenario {}, seed {}")
_NO_HINTS = message("There are no more hints. What helps always: why, with the two ends that should reach each other.")
_LEFT = message("{} more")
_THERE = message("The lab is where it should be: {}")
_BROUGHT = message("The lab was not there yet, and is now: {}")
_WAS_MISSING = message("What was missing:")
_LEVELS = (message("one fault"), message("one fault, harder to see"), message("several faults"), message("checkpoints"))


class Begin(Step):
    """`scenario NAME`: builds the broken lab."""

    def __init__(self, statement: lesson.Scenario, scenario: Scenario) -> None:
        self.statement = statement
        self.scenario = scenario

    def run(self, running: Running) -> None:
        """See Step. Raises StatementError where the lab is in use."""
        if running.options.dry_run:
            running.add_undone(self.statement, "built")
            return
        network, learner = running.network, _learner(running)
        if network.is_up and learner.exercise is None and len(network.look(rules=False).topology.namespaces) > 1:
            how = "end it first (%netlab down), or use another --lab"
            raise StatementError(f"the lab{'' if network.name == 'lab' else f' {network.name}'} is in use; {how}", self.statement.place)
        seed = self.statement.seed if self.statement.seed is not None else _any_seed(self.statement.name)
        learner.exercise = exercise = Exercise(self.scenario, seed)
        _build_anew(running, exercise, exercise.broken)
        say, texts = language(running.language), exercise.texts(running.language)
        head = say(_REMARKED, texts.title, say(_SEED, self.scenario.name, seed))
        running.add(Text(f"{head}\n{texts.symptom}\n{say(_HOW)}"))


def _any_seed(name: str) -> int:
    return random.randrange(1, 10**6) if name == "random" else 0  # noqa: S311 - not a secret


def _build_anew(running: Running, exercise: Exercise, statements: str) -> None:
    network = running.network
    network.forget()
    if exercise.scenario.firewall != "auto":
        network.firewall = exercise.scenario.firewall
    build(network, statements, running.cell)
    running.happens()


def _learner(running: Running) -> Learner:
    assert isinstance(running.network, Learner)  # every lab that these statements can run in
    return running.network


class List(Step):
    """`scenario list`"""

    def run(self, running: Running) -> None:
        """See Step."""
        say = language(running.language)
        lines: list[str] = []
        for level, words in enumerate(_LEVELS, 1):
            rows = [(f"  {one.name}", Exercise(one, 0).texts(running.language).title) for one in library().values() if one.level == level]
            lines += [say(words), *aligned(rows)] if rows else []
        running.add(Text("\n".join(lines)))


@step_of.register
def _scenario(statement: lesson.Scenario, _: Plan) -> Step:
    if statement.name == "list":
        return List()
    if statement.name != "random":
        scenario = find(statement.name)
        if scenario.is_checkpoint:
            told = f"{scenario.name} is a checkpoint, nothing is broken there: checkpoint {scenario.name}"
            raise StatementError(told, place_of(statement.name))
        return Begin(statement, scenario)
    draw = random.Random(statement.seed)  # noqa: S311 - not a secret
    return Begin(statement, draw.choice([one for one in library().values() if not one.is_checkpoint]))


class TellHint(Step):
    """`hint`"""

    def __init__(self, statement: lesson.Hint) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step. Raises StatementError."""
        exercise = _exercise(running, self.statement)
        say, hints = language(running.language), exercise.texts(running.language).hints
        if exercise.hinted >= len(hints):
            running.add(Text(say(_NO_HINTS)))
            return
        told = hints[exercise.hinted]
        exercise.hinted += 1
        left = len(hints) - exercise.hinted
        running.add(Text(say(_REMARKED, told, say(_LEFT, left)) if left else told))


def _exercise(running: Running, statement: lesson.Hint | lesson.Check) -> Exercise:
    exercise = _learner(running).exercise
    if exercise is None:
        raise StatementError("no scenario is being worked on; scenario list shows them", statement.place)
    return exercise


@step_of.register
def _hint(statement: lesson.Hint, _: Plan) -> Step:
    return TellHint(statement)


class CheckRequirements(Step):
    """`check SRC DST ok|blocked`, or several of them together."""

    def __init__(self, statement: lesson.Check) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step. Raises StatementError for names that the lab does not have."""
        if running.options.dry_run:
            running.add_undone(self.statement, "checked")
            return
        seen = running.seen()
        running.happens()
        found = judged(running.network.engine, seen, self.statement.requirements)
        running.add(Checked(found, language=running.language))


class CheckExercise(Step):
    """`check`, or with the name of a checkpoint `check NAME`."""

    def __init__(self, statement: lesson.Check, scenario: Scenario | None) -> None:
        self.statement = statement
        self.scenario = scenario

    def run(self, running: Running) -> None:
        """See Step. Raises StatementError without a scenario."""
        exercise = Exercise(self.scenario, 0) if self.scenario else _exercise(running, self.statement)
        running.add(checked(running, exercise))


def checked(running: Running, exercise: Exercise) -> Checked:
    """How a lab behaves, compared with what an exercise asks for."""
    seen = running.seen()
    running.happens()
    found = exercise.judged(running.network.engine, seen)
    return Checked(found, exercise.texts(running.language).explanation, running.language)


@step_of.register
def _check(statement: lesson.Check, _: Plan) -> Step:
    if statement.requirements:
        return CheckRequirements(statement)
    return CheckExercise(statement, find(statement.name) if statement.name else None)


class Reach(Step):
    """`checkpoint NAME`"""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario

    def run(self, running: Running) -> None:
        """See Step."""
        learner = _learner(running)
        known = learner.exercise
        exercise = known if known and known.scenario == self.scenario else Exercise(self.scenario, 0)
        say, title = language(running.language), exercise.texts(running.language).title
        found = checked(running, exercise) if len(running.seen().topology.namespaces) > 1 else None
        if found:
            running.add(Text(say(_THERE, title)))
            return
        learner.exercise = None
        _build_anew(running, exercise, exercise.repaired)
        running.add(Text("\n".join([say(_BROUGHT, title), *_missing(found, say(_WAS_MISSING))])))


def _missing(found: Checked | None, head: str) -> Sequence[str]:
    if found is None:
        return []
    return [head, *(f"  {one.said(found.language)}" for one in found.criteria if not one.passed)]


@step_of.register
def _checkpoint(statement: lesson.Checkpoint, _: Plan) -> Step:
    return Reach(find(statement.name))
