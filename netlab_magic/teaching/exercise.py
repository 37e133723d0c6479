"""A scenario that is being worked on: its cast, its hints, and the same lab as it should be in the end."""

from collections.abc import Sequence
from functools import cached_property

from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import StatementError
from netlab_magic.language import parser
from netlab_magic.language.lesson_statements import Check, Requirement
from netlab_magic.language.lexer import logical_lines
from netlab_magic.session import runner
from netlab_magic.session.lab import Lab
from netlab_magic.session.network import Network
from netlab_magic.session.state import Seen
from netlab_magic.session.step import Options, Running
from netlab_magic.teaching.cast import Cast, cast_of, filled
from netlab_magic.teaching.checked import Criterion
from netlab_magic.teaching.judging import judged_like, judged_there, weighed
from netlab_magic.teaching.scenario import Scenario, Texts

__all__ = ["Exercise", "Learner", "build", "requirement_in"]


class Learner:
    """Who works on an exercise; a lab is one."""

    exercise: "Exercise | None" = None


class Exercise:
    """A scenario with the cast of one seed."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self.cast: Cast = {**cast_of(scenario.name, seed), **scenario.cast}
        self.hinted = 0

    def texts(self, language: str) -> Texts:
        """What is told, with the names of the cast."""
        held = self.scenario.texts(language)
        return Texts(
            filled(held.title, self.cast),
            filled(held.symptom, self.cast),
            filled(held.explanation, self.cast),
            tuple(filled(hint, self.cast) for hint in held.hints),
        )

    def statements(self, text: str) -> str:
        """Statements of the scenario with the names of the cast."""
        return filled(text, self.cast)

    @property
    def broken(self) -> str:
        """The statements that build the lab as it is at the beginning."""
        return self.statements(f"{self.scenario.setup}\n{self.scenario.fault}")

    @property
    def repaired(self) -> str:
        """The statements that build the lab as it should be in the end."""
        return self.statements(f"{self.scenario.setup}\n{self.scenario.fault}\n{self.scenario.solution}")

    @property
    def requirements(self) -> list[Requirement]:
        """What must pass, and what must not."""
        scenario = self.scenario
        return [*self._read(scenario.open, "ok"), *self._read(scenario.closed, "blocked")]

    @property
    def either(self) -> list[Requirement]:
        """What may pass, or not."""
        return list(self._read(self.scenario.either, "ok"))

    def _read(self, flows: Sequence[str], outcome: str) -> list[Requirement]:
        return [requirement_in(f"{filled(flow, self.cast)} {outcome}") for flow in flows]

    def judged(self, engine: Engine, seen: Seen) -> list[Criterion]:
        """How a lab behaves, compared with what the scenario asks for; a lab may be further than a checkpoint."""
        if self.scenario.is_checkpoint:
            return judged_there(engine, seen, self.goal, self.requirements)
        return weighed(self._judged(engine, seen), self._at_first)

    def _judged(self, engine: Engine, seen: Seen) -> list[Criterion]:
        return judged_like(engine, seen, self.goal, self.requirements, self.either)

    @cached_property
    def _at_first(self) -> list[Criterion]:
        """What is fulfilled before anything is repaired."""
        with self._simulated(self.broken) as lab:
            return self._judged(lab.engine, lab.look(foreign=True))

    @cached_property
    def goal(self) -> Seen:
        """The lab as it should be in the end, as a simulated lab has it."""
        with self._simulated(self.repaired) as lab:
            return lab.look(foreign=True)

    def _simulated(self, statements: str) -> Lab:
        lab = Lab(engine=SIMULATED, firewall=self.scenario.firewall)
        build(lab, statements)
        return lab


def requirement_in(text: str) -> Requirement:
    """A requirement as it is written in a `check`: `SRC DST[:PORT] ok|blocked [for N]`. Raises StatementError with the place."""
    (line,) = logical_lines(f"check {text}", ("check",))
    statement = parser.parse_line(line)
    if not isinstance(statement, Check) or not statement.requirements:
        raise StatementError("a requirement is SRC DST[:PORT] ok|blocked [for N]", line.place)
    return statement.requirements[0]


def build(network: Network, text: str, cell: int = 0) -> None:
    """Runs statements in a network without showing anything; nothing of it can be undone. Raises as the statements do."""
    quiet = Running(network, cell, Options(quiet=True), "en", lambda _, __: None, None)
    runner.run(quiet, parser.parse(text))
    network.history.before.clear()
    network.history.begin_cell()
    network.changes()
