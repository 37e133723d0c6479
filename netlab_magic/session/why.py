"""What happened to one packet, and why: if packets can be sent, one is sent and followed; otherwise the model alone answers."""

import msgspec

from netlab_magic.diagnosis.case import Case
from netlab_magic.diagnosis.compare import as_reported
from netlab_magic.diagnosis.predicted_path import path_of_prediction
from netlab_magic.diagnosis.remedies import remedies
from netlab_magic.diagnosis.summary import Account, account
from netlab_magic.diagnosis.traced_path import path_of_trace, source_port_of
from netlab_magic.engines.engine import Engine
from netlab_magic.forwarding import SOME_PORT, predict
from netlab_magic.forwarding.unknown_hosts import with_unknown_hosts
from netlab_magic.iptables import save_format
from netlab_magic.language import statements as s
from netlab_magic.model.packet_path import PacketPath
from netlab_magic.model.probe import Probe
from netlab_magic.session.lab_model import full_topology, other_filters_in
from netlab_magic.session.large_values import without_collection
from netlab_magic.session.predict_only import foreseen
from netlab_magic.session.results.predict import Asked, Predicted
from netlab_magic.session.results.why import Why
from netlab_magic.session.state import Seen

__all__ = ["reasoned"]


def reasoned(engine: Engine, statement: s.Why | s.Predict, seen: Seen, probe: Probe | None, language: str) -> Why | Asked | Predicted:
    """What happened to `probe`, or would happen to it; without one, the model alone answers, and either end may be any address.

    Raises as `Engine.trace` does, and StatementError.
    """
    with without_collection():
        case = _traced(engine, seen, probe) if probe is not None else _expected(statement, seen)
        truth = _explained(msgspec.structs.replace(case, dockerd=seen.dockerd), language)
    if isinstance(statement, s.Predict):
        return Predicted(statement.reachable, truth)
    return Asked(truth) if statement.asks else truth


def _explained(case: Case, language: str) -> Why:
    """What happened, and what would change it: all the reasoning is done here, and results only show it."""
    told = account(case.prediction, case.rulesets, case.traced, language)
    seen = (case.topology, case.rulesets, case.outcome.probe, case.prediction, case.other_filters, case.dockerd)
    tried = remedies(*seen, is_foreign=case.traced is None)
    return Why(case, told, _packet_path(case, told), tried, language)


def _packet_path(case: Case, told: Account) -> PacketPath:
    """The model's path, which says why rules did not match, unless the kernel reports something else or more."""
    if case.traced is None or not (case.prediction.unknown or told.differences):
        return path_of_prediction(case.prediction)
    return path_of_trace(case.traced)


def _expected(statement: s.Why | s.Predict, seen: Seen) -> Case:
    found, model = foreseen(seen, statement.source, statement.destination, statement.device if isinstance(statement, s.Why) else "")
    return Case(
        found.topology,
        model.rules_for(found.prediction.probe),
        found.prediction,
        None,
        model.other_filters,
        found.assumptions,
        ends=found.ends,
        settled_by=found.settled_by,
    )


def _traced(engine: Engine, seen: Seen, probe: Probe) -> Case:
    topology, other_filters = full_topology(seen.observed), other_filters_in(seen.observed)
    if not engine.ready.sends:
        topology = with_unknown_hosts(topology, [probe.address], probe.six)
    traced = engine.trace(probe)
    family = "ipv6" if probe.six else "ipv4"
    rulesets = dict(seen.rulesets6 if probe.six else seen.rulesets)
    rulesets |= {name: save_format.parse(dump, strict=False, family=family) for name, dump in traced.rules.items()}
    expected = predict(topology, rulesets, probe, other_filters, source_port_of(traced) or SOME_PORT)
    reported = as_reported(expected, traced, rulesets)
    return Case(topology, rulesets, reported, traced, other_filters, is_own=engine.ready.sends)
