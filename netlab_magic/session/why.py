"""What `why` and `predict` give: the account of one packet, with the pictures of its way and what would change its fate."""


import msgspec

from netlab_magic.diagnosis.compare import as_reported
from netlab_magic.diagnosis.traced_path import source_port_of
from netlab_magic.docker import Daemon
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.forwarding import SOME_PORT, predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.iptables import save_format
from netlab_magic.language import statements as s
from netlab_magic.model.topology import HOST
from netlab_magic.session.flow_diff import diff_flows
from netlab_magic.session.history import History
from netlab_magic.session.lab_model import full_topology, model_of, predicted_matrix, unseen_in
from netlab_magic.session.predict_only import foreseen, matrix_looked_at
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.why import Asked, Case, Predicted, Why

__all__ = ["Question", "answer", "reasoned"]


















def reasoned(
    engine: Engine, statement: s.Why | s.Predict, observed: Observed, language_name: str, dockerd: Daemon | None = None
) -> Why | Asked | Predicted:
    """Sends the packet where that is possible, follows it, and says what became of it. Raises as `Engine.trace` does."""
    found = Why(msgspec.structs.replace(_case(engine, statement, observed), dockerd=dockerd), language_name)
    if isinstance(statement, s.Predict):
        return Predicted(statement.reachable, found)
    return Asked(found) if statement.asks else found


def _case(engine: Engine, statement: s.Why | s.Predict, observed: Observed) -> Case:
    if not engine.ready.sends:
        found, model = foreseen(observed, statement.source, statement.destination)
        return Case(found.topology, model.rulesets, found.prediction, None, model.unseen, found.assumptions)
    topology = full_topology(observed)
    probe = probe_for(topology, statement.source, statement.destination)
    traced = engine.trace(probe)
    rulesets = {name: save_format.parse(dump, strict=False) for name, dump in {HOST: observed.rules, **traced.rules}.items()}
    unseen = unseen_in(observed)
    expected = predict(topology, rulesets, probe, unseen, source_port_of(traced) or SOME_PORT)
    return Case(topology, rulesets, as_reported(expected, traced, rulesets), traced, unseen)


Question = s.Why | s.Predict | s.Matrix | s.Diff


def answer(engine: Engine, history: History, statement: Question, observed: Observed, language: str, dockerd: Daemon | None) -> Result:
    """What a question gives, of the lab as it was observed with `foreign`. Raises as the engine does, and StatementError."""
    if isinstance(statement, s.Why | s.Predict):
        return reasoned(engine, statement, observed, language, dockerd)
    if isinstance(statement, s.Matrix) and not engine.ready.sends:
        return matrix_looked_at(engine, observed, statement.names, language)
    if isinstance(statement, s.Matrix):
        return predicted_matrix(model_of(observed), statement.names, language)
    return diff_flows(engine, history, observed, statement)
