"""Statements that send packets: consecutive probes are measured at once."""

from collections.abc import Sequence
from typing import NamedTuple

from netlab_magic.engines.engine import Refusal
from netlab_magic.errors import ExpectationFailed, KernelRefused
from netlab_magic.forwarding import endpoints
from netlab_magic.language import statements as s
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.session.lab_model import model_of, predicted_matrix
from netlab_magic.session.predict_only import matrix_looked_at, sent_from
from netlab_magic.session.results.probe import MatrixResult, Measured
from netlab_magic.session.results.trace import Tracked
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["Measure"]


class Wanted(NamedTuple):
    """A statement with its probes."""

    statement: s.ProbeFlow | s.Expect | s.Matrix
    probes: Sequence[Probe]


class Measure(Step):
    """Probes that are measured at once: nothing changes between them."""

    def __init__(self, wanted: Sequence[Wanted]) -> None:
        self.wanted = tuple(wanted)

    def joined(self, following: Step) -> Step | None:
        """See Step."""
        return Measure((*self.wanted, *following.wanted)) if isinstance(following, Measure) else None

    def run(self, running: Running) -> None:
        """See Step. Raises ExpectationFailed."""
        if running.options.dry_run:
            for statement, _ in self.wanted:
                running.add_undone(statement, "measured")
            return
        running.happens()
        outcomes = iter(running.network.engine.probe([probe for _, probes in self.wanted for probe in probes]))
        for statement, probes in self.wanted:
            found = [next(outcomes) for _ in probes]
            running.network.remember(found)
            _add(running, statement, found)


def _add(running: Running, statement: s.ProbeFlow | s.Expect | s.Matrix, found: Sequence[Outcome]) -> None:
    if isinstance(statement, s.Matrix):
        running.add(MatrixResult(found))
        return
    measured = Measured(found[0], statement.reachable if isinstance(statement, s.Expect) else None)
    running.add(measured)
    if isinstance(statement, s.Expect) and not measured:
        raise ExpectationFailed(_unexpected(statement, found[0]), statement.place)


def _unexpected(statement: s.Expect, outcome: Outcome) -> str:
    wanted = "ok" if statement.reachable else "blocked"
    if outcome.verdict == Verdict.NOT_MEASURED:
        return f"{outcome.probe} could not be measured: {outcome.why}"
    why = f" ({outcome.why})" if outcome.why else ""
    return f"{outcome.probe} was expected to be {wanted} but is {outcome.verdict}{why}"


@step_of.register(s.ProbeFlow)
@step_of.register(s.Expect)
def _probe(statement: s.ProbeFlow | s.Expect, plan: Plan) -> Step:
    return Measure([Wanted(statement, [endpoints.probe_for(plan.topology, statement.source, statement.destination)])])


class PredictMatrix(Step):
    """What the model says about every pair; nothing is sent."""

    def __init__(self, statement: s.Matrix) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step."""
        engine, seen, statement = running.network.engine, running.seen(), self.statement
        if engine.ready.sends:
            running.add(predicted_matrix(model_of(seen), statement.names, running.language, statement.family))
        else:
            running.add(matrix_looked_at(engine, seen, statement, running.language))


@step_of.register
def _matrix(statement: s.Matrix, plan: Plan) -> Step:
    if not plan.sends:  # any address may be source or destination there
        return PredictMatrix(statement)
    probes = endpoints.matrix_probes(plan.topology, statement.names, statement.family)
    return PredictMatrix(statement) if statement.predict else Measure([Wanted(statement, probes)])


class Trace(Step):
    """One packet, with everything that the kernel reports about it."""

    def __init__(self, statement: s.Trace, probe: Probe | None) -> None:
        self.statement = statement
        self.probe = probe  # None on an attached machine, whose containers have more than one name

    def run(self, running: Running) -> None:
        """See Step."""
        if running.options.dry_run:
            running.add_undone(self.statement, "traced")
            return
        probe = self.probe or sent_from(running.seen(), self.statement.source, self.statement.destination)
        running.happens()
        try:
            traced = running.network.engine.trace(probe)
        except Refusal as refusal:
            raise KernelRefused(refusal.message, self.statement.place, refusal.errno) from None
        running.network.remember([traced.outcome])
        running.add(Tracked(traced, running.language))


@step_of.register
def _trace(statement: s.Trace, plan: Plan) -> Step:
    probe = endpoints.probe_for(plan.topology, statement.source, statement.destination) if plan.sends else None
    return Trace(statement, probe)
