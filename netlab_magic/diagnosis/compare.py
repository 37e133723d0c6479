"""Do the model and the kernel tell the same of a probe? What the walk predicted beside what was seen, namespace by namespace."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netlab_magic.forwarding.prediction import Leg, Prediction
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import Passage, Sighting, Traced
from netlab_magic.model.probe import Verdict

__all__ = ["Difference", "Spot", "as_reported", "crosscheck"]

Spot = tuple[str, str, int]
"""Table, chain, and the number of a rule; 0 for the policy."""


class Difference(msgspec.Struct, frozen=True):
    """A packet of which model and kernel do not tell the same: the rules that it matched, and the policy that dropped it.

    `namespace` is "" where not even the verdicts agree; then both hold a verdict instead.
    """

    namespace: str
    direction: str
    predicted: tuple[Spot, ...] | str
    seen: tuple[Spot, ...] | str


def crosscheck(prediction: Prediction, traced: Traced, rulesets: Mapping[str, Ruleset]) -> tuple[Difference, ...]:
    """Where the two accounts of one probe differ; nothing where they agree, or where one of them makes no statement.

    Policies that accept, and the ends of user chains, are not compared: the kernel reports them only for tables that exist.
    """
    if prediction.unknown or traced.outcome.verdict == Verdict.NOT_MEASURED:
        return ()
    found = []
    if prediction.verdict != traced.outcome.verdict:
        found.append(Difference("", "", prediction.verdict, traced.outcome.verdict))
    found += _compared("request", prediction.request.legs, traced.passages, rulesets)
    if prediction.back is not None:
        found += _compared("reply", prediction.back.legs, traced.passages, rulesets)
    return tuple(found)


def _compared(direction: str, legs: Sequence[Leg], passages: Sequence[Passage], rulesets: Mapping[str, Ruleset]) -> Iterator[Difference]:
    waiting = [passage for passage in passages if (passage.direction == "request") == (direction == "request")]
    for leg in legs:
        predicted = _predicted(leg)
        seen = tuple(spot for passage in _taken(waiting, leg) for spot in _seen(passage, rulesets.get(leg.namespace)))
        if predicted != seen:
            yield Difference(leg.namespace, direction, predicted, seen)


def _taken(waiting: list[Passage], leg: Leg) -> list[Passage]:
    """The passages that are a leg's, taken from those that wait: two when the packet went out through lo and came in again."""
    first = next((at for at, held in enumerate(waiting) if held.namespace == leg.namespace), None)
    if first is None:
        return []
    loops = {"OUTPUT", "PREROUTING"} <= set(leg.walk.hooks)
    again = loops and len(waiting) > first + 1 and waiting[first + 1].namespace == leg.namespace
    end = first + (2 if again else 1)
    taken = waiting[first:end]
    del waiting[:end]
    return taken


def _predicted(leg: Leg) -> tuple[Spot, ...]:
    return tuple((step.table, step.chain, step.rule or 0) for step in leg.walk.matched if step.rule or step.outcome == "DROP")


def _seen(passage: Passage, ruleset: Ruleset | None) -> Iterator[Spot]:
    for sighting in passage.sightings:
        if sighting.event == "rule" and sighting.rule:
            yield sighting.table, sighting.chain, sighting.rule
        elif sighting.event == "policy" and _drops(sighting, ruleset):
            yield sighting.table, sighting.chain, 0


def _drops(sighting: Sighting, ruleset: Ruleset | None) -> bool:
    """Whether a policy drops: the kernel's own word, or the ruleset's where the kernel gives none."""
    chain = ruleset.table(sighting.table).chain(sighting.chain) if ruleset else None
    return (sighting.verdict or (chain.policy if chain else "")) == "DROP"


def as_reported(prediction: Prediction, traced: Traced, rulesets: Mapping[str, Ruleset]) -> Prediction:
    """The prediction, or that of its `others` with which the kernel's report agrees.

    A rule that the model cannot judge has matched or not by then. Where no way agrees, the prediction stays what it was.
    """
    if not prediction.others or traced.outcome.verdict == Verdict.NOT_MEASURED:
        return prediction
    ways = prediction.others if prediction.unknown else (prediction, *prediction.others)
    found = next((way for way in ways if not crosscheck(way, traced, rulesets)), None)
    return prediction if found is None else msgspec.structs.replace(found, others=())
