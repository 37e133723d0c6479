"""A simulated probe in the form of a kernel report: its hops through namespaces, rule by rule."""

from collections.abc import Iterator

import msgspec

from netlab_magic.engines.simulated.rules import saved
from netlab_magic.engines.simulated.traffic import predicted_now
from netlab_magic.engines.simulated.world import World
from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.model.kernel_trace import Direction, DropCause, DropKind, HookReport, KernelTrace, ReportEvent, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Probe
from netlab_magic.netfilter import RuleVisit
from netlab_magic.netfilter.result import Cause

__all__ = ["followed"]


def followed(world: World, probe: Probe, variant: str) -> tuple[World, KernelTrace]:
    """The lab after a probe, and what the model says of its packets."""
    after, outcome, found = predicted_now(world, probe)
    wanted = "ipv6" if probe.six else "ipv4"
    absent = set(_absent(world, wanted))
    traced_hops = [_passage(hop, Direction.REQUEST, absent) for hop in found.request.hops if hop.host_trace.hooks]
    if found.back is not None:
        direction = Direction.ERROR if found.back.hops[0].host_trace.sent.state == "RELATED" else Direction.REPLY
        traced_hops += [_passage(hop, direction, absent) for hop in found.back.hops if hop.host_trace.hooks]
    for direction, trace in _later(found):
        traced_hops += [_passage(hop, direction, absent) for hop in trace.hops if hop.host_trace.hooks]
    rules = {
        namespace: saved(rules, variant, "", counters=False) for (namespace, family), rules in world.rules.items() if family == wanted
    }
    return after, KernelTrace(outcome, tuple(traced_hops), tuple(_unanswerable(found)), rules, simulated=True)


def _unanswerable(found: Prediction) -> Iterator[DropCause]:
    """Why a namespace that got the request sent nothing back: it has no route there."""
    last = found.back.hops[-1] if found.back is not None and found.back.hops else None
    if last and not last.host_trace.hooks and last.host_trace.cause in (Cause.NO_ROUTE, Cause.UNREACHABLE, Cause.PROHIBIT):
        yield DropCause(DropKind.NO_ROUTE, last.namespace, {"address": last.host_trace.packet.destination})


def _later(found: Prediction) -> Iterator[tuple[Direction, Trace]]:
    """The third packet of a failed handshake, and the packet that rejected it."""
    if found.answered or not found.later:
        return
    yield Direction.ACK, found.later[0]
    for trace in found.later[1:2]:
        packet = trace.hops[0].host_trace.sent
        if "FIN" not in packet.flags:
            yield Direction.REPLY if packet.protocol == "tcp" else Direction.ERROR, trace


def _absent(world: World, wanted: str) -> Iterator[tuple[str, str, str]]:
    """Built-in chains that nft has not created, because they were never used: namespace, table and chain."""
    for (namespace, family), rules in world.rules.items():
        for table in rules.tables if family == wanted else ():
            yield from ((namespace, table.name, chain.name) for chain in table.chains if chain.counters is None and not chain.rules)


def _passage(hop: Hop, direction: Direction, absent: "set[tuple[str, str, str]]") -> TracedHop:
    return TracedHop(hop.namespace, direction, tuple(_sightings(hop, absent)))


def _sightings(hop: Hop, absent: "set[tuple[str, str, str]]") -> Iterator[HookReport]:
    """At each hook, the packet enters, meets rules, and leaves, unless one of them stops it."""
    hooks = hop.host_trace.hooks
    entering = _entering(hop)
    for at, hook in enumerate(hooks):
        yield HookReport(ReportEvent.ENTERS, hook, entering[at])
        for visit in hop.host_trace.visits:
            if visit.hook == hook and visit.matched and (hop.namespace, visit.table, visit.chain) not in absent and not _is_silent(visit):
                yield _sighting(visit)
        if hop.host_trace.passed or at < len(hooks) - 1:
            yield HookReport(ReportEvent.LEAVES, hook, entering[at + 1])


def _entering(hop: Hop) -> list[Packet]:
    """The packet as it enters each hook, and as it leaves the last one; where no rule saw it, as the next one did."""
    seen = [_reported(hop.host_trace.packet)]
    for hook in reversed(hop.host_trace.hooks):
        first = next((visit for visit in hop.host_trace.visits if visit.hook == hook), None)
        seen.append(_reported(first.before) if first else seen[-1])
    seen.reverse()
    sent = _reported(hop.host_trace.sent)
    output = seen[0].output if hop.host_trace.hooks[0] == "OUTPUT" else ""
    return [msgspec.structs.replace(sent, output=output), *seen[1:]]


def _reported(packet: Packet) -> Packet:
    """The packet without what connection tracking knows of it, which no report holds."""
    return msgspec.structs.replace(packet, state="", status=frozenset(), direction="ORIGINAL", original=None, reply=None)


def _is_silent(visit: RuleVisit) -> bool:
    """The end of a chain of nft that was jumped to gives no event (nft_do_chain)."""
    return visit.line.is_native and visit.rule is None and visit.outcome == "RETURN"


def _sighting(visit: RuleVisit) -> HookReport:
    is_policy = visit.chain == visit.hook or visit.line.is_native
    event = ReportEvent.RULE if visit.rule else ReportEvent.POLICY if is_policy else ReportEvent.RETURN
    return HookReport(event, visit.hook, _reported(visit.before), visit.table, visit.chain, visit.rule, visit.outcome)
