"""Flows of a lab, and whether each is open: by a real probe and by the model, which have to agree."""

from collections.abc import Mapping, Sequence

import msgspec

from netlab_magic.engines.engine import Engine
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.netfilter import Outcome as HostOutcome
from netlab_magic.session.lab_model import model_of
from netlab_magic.session.state import Seen

__all__ = ["State", "model_states", "states_of"]


class State(msgspec.Struct, frozen=True):
    """Whether a flow is open; None if neither the probe nor the model can tell. `verdict` and `why` are the probe's, or the model's."""

    is_open: bool | None
    verdict: Verdict
    why: str = ""


def states_of(engine: Engine, seen: Seen, probes: Sequence[Probe]) -> dict[Probe, State]:
    """The state of each flow in a lab. Of a probe that was refused, the model says whether it got to the receiver: rules refuse too."""
    there = [probe for probe in probes if _is_as_named(seen, probe)]
    measured = dict(zip(there, engine.probe(there), strict=True))
    predicted = dict(zip(there, model_of(seen).predict(there), strict=True))
    gone = State(False, Verdict.NOBODY)
    return {probe: _state(measured[probe], predicted[probe]) if probe in measured else gone for probe in probes}


def _is_as_named(seen: Seen, probe: Probe) -> bool:
    """Whether the sender is there, and the address belongs to whom it should: a receiver cannot be replaced by another one."""
    owner = seen.topology.owner(probe.address)
    return probe.source in seen.topology.namespaces and (owner.namespace if owner else "") == probe.target


def _state(measured: Outcome, predicted: Prediction) -> State:
    if measured.verdict in (Verdict.REFUSED, Verdict.NOT_MEASURED):
        is_open = None if predicted.unknown else _is_open(predicted)
        return State(is_open, measured.verdict, measured.why or predicted.unknown)
    return State(measured.answered, measured.verdict, measured.why)


def _is_open(predicted: Prediction) -> bool:
    """Whether the packet gets to the receiver, and an answer back: a port on which nobody listens refuses, and is open to the network."""
    if predicted.answered:
        return True
    last = predicted.request.hops[-1] if predicted.request.hops else None
    delivered = last is not None and last.namespace == predicted.probe.target and last.host_trace.outcome == HostOutcome.DELIVERED
    return delivered and predicted.verdict == Verdict.REFUSED


def model_states(seen: Seen, probes: Sequence[Probe]) -> Mapping[Probe, bool | None]:
    """The state of each flow by the model alone."""
    found = model_of(seen).predict(probes)
    return {probe: None if one.unknown else _is_open(one) for probe, one in zip(probes, found, strict=True)}
