"""Statements that look at the lab as it is at their point in the cell."""

from collections.abc import Callable

from netlab_magic.errors import StatementError
from netlab_magic.forwarding import endpoints
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.probe import Probe
from netlab_magic.session.diff import compared
from netlab_magic.session.flow_diff import diff_flows
from netlab_magic.session.predict_only import sent_from
from netlab_magic.session.show import explain, show
from netlab_magic.session.step import Plan, Running, Shown, Step, step_of
from netlab_magic.session.why import reasoned

__all__ = ["Look"]


class Look(Step):
    """A question, answered from what is read back when its turn comes."""

    def __init__(self, answer: Callable[[Running], Shown]) -> None:
        self.answer = answer

    def run(self, running: Running) -> None:
        """See Step."""
        running.add(self.answer(running))


@step_of.register
def _show(statement: s.Show, _: Plan) -> Step:
    return Look(lambda running: show(running.network.engine, statement, running.seen(), running.network.outcomes(), running.language))


@step_of.register
def _explain(statement: s.Explain, _: Plan) -> Step:
    return Look(lambda running: explain(running.network.engine, statement, running.seen(), running.language))


@step_of.register
def _diff(statement: s.Diff, _: Plan) -> Step:
    return Look(lambda running: _compared(statement, running))


def _compared(statement: s.Diff, running: Running) -> Shown:
    history = running.network.history
    if statement.flows:
        return diff_flows(running.network.engine, history, running.seen(), statement)
    name, then = history.reference(statement.before)
    after = (str(statement.after), history.named(statement.after)) if statement.after else ("now", running.seen())
    return compared((name, then.completed(after[1])), after, running.language)


@step_of.register(s.Why)
@step_of.register(s.Predict)
def _why(statement: s.Why | s.Predict, plan: Plan) -> Step:
    """If nothing can be sent, any address may be source or destination."""
    if plan.sends and isinstance(statement, s.Why) and statement.device:
        refuse("in DEV is for a host that was loaded or attached; in a lab, a packet comes in where its sender is", statement.device)
    probe = endpoints.probe_for(plan.topology, statement.source, statement.destination) if plan.sends else None
    if isinstance(statement, s.Why) and statement.sends and not plan.sends:
        return Look(lambda running: _reasoned(running, statement, _to_send(running, statement)))
    return Look(lambda running: _reasoned(running, statement, probe))


def _to_send(running: Running, statement: s.Why) -> Probe:
    if running.network.is_looked_at == "load":
        raise StatementError("a host that was loaded from a file cannot send; leave out --send", statement.place)
    return sent_from(running.seen(), statement.source, statement.destination)


def _reasoned(running: Running, statement: s.Why | s.Predict, probe: Probe | None) -> Shown:
    seen = running.seen()
    running.happens()
    return reasoned(running.network.engine, statement, seen, probe, running.language)
