"""A simulated probe in the form in which the kernel reports a real one: passages through namespaces, rule by rule."""

from collections.abc import Iterator

import msgspec

from netlab_magic.engines.simulated.rules import saved
from netlab_magic.engines.simulated.traffic import predicted_now
from netlab_magic.engines.simulated.world import World
from netlab_magic.forwarding.prediction import Leg
from netlab_magic.model.kernel_trace import Passage, Sighting, Traced
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Probe
from netlab_magic.netfilter import Visit

__all__ = ["followed"]


def followed(world: World, probe: Probe, variant: str) -> tuple[World, Traced]:
    """The lab after a probe, and what the model says of its packets."""
    after, outcome, found = predicted_now(world, probe)
    absent = set(_absent(world))
    passages = [_passage(leg, "request", absent) for leg in found.request.legs if leg.walk.hooks]
    if found.back is not None:
        is_error = found.back.legs[0].walk.sent.state == "RELATED"
        passages += [_passage(leg, "error" if is_error else "reply", absent) for leg in found.back.legs if leg.walk.hooks]
    rules = {
        namespace: saved(rules, variant, "", counters=False) for (namespace, family), rules in world.rules.items() if family == "ipv4"
    }
    return after, Traced(outcome, tuple(passages), (), rules, simulated=True)


def _absent(world: World) -> Iterator[tuple[str, str, str]]:
    """Built-in chains that nft has not made, for nobody has used them: namespace, table and chain."""
    for (namespace, _), rules in world.rules.items():
        for table in rules.tables:
            yield from ((namespace, table.name, chain.name) for chain in table.chains if chain.counters is None and not chain.rules)


def _passage(leg: Leg, direction: str, absent: "set[tuple[str, str, str]]") -> Passage:
    return Passage(leg.namespace, direction, tuple(_sightings(leg, absent)))


def _sightings(leg: Leg, absent: "set[tuple[str, str, str]]") -> Iterator[Sighting]:
    """At each hook the packet enters, meets rules, and leaves, unless one of them has ended its way."""
    hooks = leg.walk.hooks
    entering = _entering(leg)
    for at, hook in enumerate(hooks):
        yield Sighting("enters", hook, entering[at])
        for visit in leg.walk.steps:
            if visit.hook == hook and visit.matched and (leg.namespace, visit.table, visit.chain) not in absent:
                yield _sighting(visit)
        if leg.walk or at < len(hooks) - 1:
            yield Sighting("leaves", hook, entering[at + 1])


def _entering(leg: Leg) -> list[Packet]:
    """The packet as it enters each hook, and as it leaves the last one; where no rule saw it, as the next one did."""
    seen = [_reported(leg.walk.packet)]
    for hook in reversed(leg.walk.hooks):
        first = next((visit for visit in leg.walk.steps if visit.hook == hook), None)
        seen.append(_reported(first.before) if first else seen[-1])
    seen.reverse()
    sent = _reported(leg.walk.sent)
    output = seen[0].output if leg.walk.hooks[0] == "OUTPUT" else ""
    return [msgspec.structs.replace(sent, output=output), *seen[1:]]


def _reported(packet: Packet) -> Packet:
    """The packet without what connection tracking knows of it, which no report holds."""
    return msgspec.structs.replace(packet, state="", status=frozenset(), direction="ORIGINAL", original=None, reply=None)


def _sighting(visit: Visit) -> Sighting:
    event = "rule" if visit.rule else "policy" if visit.chain == visit.hook else "return"
    return Sighting(event, visit.hook, _reported(visit.before), visit.table, visit.chain, visit.rule, visit.outcome)
