"""`diff --flows`: which flows of a lab behave differently in two states, by the model and by probes."""

from collections.abc import Callable, Sequence

from netlab_magic.engines.engine import Engine
from netlab_magic.forwarding.flows import lab_flows
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.language.statements import Diff
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.session.history import History
from netlab_magic.session.lab_model import Model, model_of
from netlab_magic.session.predict_only import peopled
from netlab_magic.session.results.flow_diff import Expected, FlowChange, FlowsCompared
from netlab_magic.session.state import Seen

__all__ = ["diff_flows", "flows_compared"]

Measure = Callable[[Sequence[Probe]], Sequence[Outcome]]
Key = tuple[str, str, str, int, bool]


def diff_flows(engine: Engine, history: History, now: Seen, statement: Diff) -> FlowsCompared:
    """Compares the flows of a snapshot, or of the state before the last change, with those of the present or another snapshot.

    In comparisons with the present, changed flows are also probed if packets can be sent. Raises StatementError for an unknown snapshot.
    """
    name, then = history.reference(statement.before)
    before = name, model_of(then.completed(now))
    after = ("now", model_of(now))
    if statement.after:
        after = (str(statement.after), model_of(history.named(statement.after).completed(now)))
    if not engine.ready.sends:
        one, other = peopled(before[1], after[1])
        return flows_compared((before[0], one), (after[0], other))
    return flows_compared(before, after, None if statement.after else engine.probe)


def flows_compared(before: tuple[str, Model], after: tuple[str, Model], measure: Measure | None = None) -> FlowsCompared:
    """The flows of two named states, compared; with `measure`, those that changed are probed. The second state is then the present one."""
    old, new = (_verdicts(model) for _, model in (before, after))
    keys = list(dict.fromkeys((*new, *old)))
    changed = [key for key in keys if _word(old.get(key)) != _word(new.get(key))]
    present = [new[key].probe for key in changed if key in new]
    measured = {outcome.probe: outcome.verdict for outcome in measure(present)} if measure and present else {}
    changes = []
    for key in changed:
        probe = (new[key] if key in new else old[key]).probe
        changes.append(FlowChange(str(probe), _word(old.get(key)), _word(new.get(key)), measured.get(probe) if key in new else None))
    return FlowsCompared(changes, before[0], after[0], len(keys))


def _verdicts(model: Model) -> dict[Key, Prediction]:
    probes = lab_flows(model.topology)
    found = zip(probes, model.predict(probes), strict=True)
    return {(one.source, one.name, one.protocol, one.port, one.six): prediction for one, prediction in found}


def _word(found: Prediction | None) -> Expected:
    return "not there" if found is None else "unknown" if found.unknown else found.verdict
