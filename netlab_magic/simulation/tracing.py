"""A simulated probe in the form in which the kernel reports a real one: passages through namespaces, rule by rule."""

from collections.abc import Iterator

from netlab_magic.outcome import Probe
from netlab_magic.prediction import Leg
from netlab_magic.sighting import Passage, Sighting, Traced
from netlab_magic.simulation.filtering import saved
from netlab_magic.simulation.traffic import predicted_now
from netlab_magic.simulation.world import World
from netlab_magic.walk import Visit

__all__ = ["followed"]


def followed(world: World, probe: Probe, variant: str) -> tuple[World, Traced]:
    """The lab after a probe, and what the model says of its packets."""
    after, outcome, found = predicted_now(world, probe)
    passages = [_passage(leg, "request") for leg in found.request.legs]
    if found.back:
        is_error = found.back.legs and found.back.legs[0].walk.sent.state == "RELATED"
        passages += [_passage(leg, "error" if is_error else "reply") for leg in found.back.legs]
    rules = {
        namespace: saved(rules, variant, "", counters=False) for (namespace, family), rules in world.rules.items() if family == "ipv4"
    }
    return after, Traced(outcome, tuple(passages), (), rules)


def _passage(leg: Leg, direction: str) -> Passage:
    return Passage(leg.namespace, direction, tuple(_sightings(leg)))


def _sightings(leg: Leg) -> Iterator[Sighting]:
    hook = ""
    for visit in leg.walk.steps:
        if visit.hook != hook:
            if hook:
                yield Sighting("leaves", hook, visit.before)
            hook = visit.hook
            yield Sighting("enters", hook, visit.before)
        if visit.matched:
            yield _sighting(visit)
    if hook and leg.walk:
        yield Sighting("leaves", hook, leg.walk.packet)


def _sighting(visit: Visit) -> Sighting:
    event = "rule" if visit.rule else "policy" if visit.chain == visit.hook else "return"
    return Sighting(event, visit.hook, visit.before, visit.table, visit.chain, visit.rule, visit.outcome)
