"""What became of one packet, and why: where packets can be sent, one is sent and followed; else the model says it alone."""

import msgspec

from netlab_magic.diagnosis.compare import as_reported
from netlab_magic.diagnosis.traced_path import source_port_of
from netlab_magic.engines.engine import Engine
from netlab_magic.forwarding import SOME_PORT, predict
from netlab_magic.iptables import save_format
from netlab_magic.language import statements as s
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST
from netlab_magic.session.lab_model import full_topology, unseen_in
from netlab_magic.session.predict_only import foreseen
from netlab_magic.session.results.why import Asked, Case, Predicted, Why
from netlab_magic.session.state import Seen

__all__ = ["reasoned"]


def reasoned(engine: Engine, statement: s.Why | s.Predict, seen: Seen, probe: Probe | None, language: str) -> Why | Asked | Predicted:
    """What became of `probe`, or would become of it; without one the model alone says it, and any address may be an end.

    Raises as `Engine.trace` does, and StatementError.
    """
    case = _traced(engine, seen, probe) if probe is not None else _expected(statement, seen)
    found = Why(msgspec.structs.replace(case, dockerd=seen.dockerd), language)
    if isinstance(statement, s.Predict):
        return Predicted(statement.reachable, found)
    return Asked(found) if statement.asks else found


def _expected(statement: s.Why | s.Predict, seen: Seen) -> Case:
    found, model = foreseen(seen, statement.source, statement.destination)
    return Case(found.topology, model.rulesets, found.prediction, None, model.unseen, found.assumptions)


def _traced(engine: Engine, seen: Seen, probe: Probe) -> Case:
    topology, unseen = full_topology(seen.observed), unseen_in(seen.observed)
    traced = engine.trace(probe)
    rulesets = {HOST: seen.ruleset} | {name: save_format.parse(dump, strict=False) for name, dump in traced.rules.items()}
    expected = predict(topology, rulesets, probe, unseen, source_port_of(traced) or SOME_PORT)
    return Case(topology, rulesets, as_reported(expected, traced, rulesets), traced, unseen)
