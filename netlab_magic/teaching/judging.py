"""Judges how a lab behaves: what must pass passes, what must not does not, and all else is as it would be after the model solution."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from netlab_magic.engines.engine import Engine
from netlab_magic.errors import StatementError
from netlab_magic.forwarding.endpoints import members, probe_for
from netlab_magic.i18n import message
from netlab_magic.language.lesson_statements import Requirement
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, INTERNET, Topology
from netlab_magic.session.state import Seen
from netlab_magic.teaching.checked import Criterion
from netlab_magic.teaching.flows import State, model_states, states_of

__all__ = ["judged", "judged_like", "judged_there", "weighed"]

_UNASKED = 2222
"""A port that nobody listens on, and that no requirement names."""

_FEW = 3

_PASSES = message("{} gets through")
_DOES_NOT_PASS = message("{} has to get through, and does not: {}")
_STOPPED = message("{} does not get through, as it should be")
_NOT_STOPPED = message("{} must not get through, and does")
_UNKNOWN = message("{} could not be judged: {}")
_NOT_COUNTED = message("{} does not get through; that counts when something that must get through does")
_NOTHING_OPENED = message("nothing else was opened")
_OPENED = message("something is open that should not be: {}")
_NOTHING_BROKEN = message("nothing else was broken")
_BROKEN = message("something that should work does not: {}")
_COUNTS_LATER = message("whether something else was opened or broken counts when something that must get through does")
_NO_MORE = message("{} no longer has {}")


_ABOUT_THE_REST = (_NOTHING_OPENED, _OPENED, _NOTHING_BROKEN, _BROKEN, _COUNTS_LATER, _NO_MORE)


def weighed(found: Sequence[Criterion], at_first: Sequence[Criterion]) -> list[Criterion]:
    """The criteria of a lab that was to be repaired: what was so at first is worth nothing, and costs a point if it is so no more."""
    return [_weighed(now, before) for now, before in zip(found, at_first, strict=True)]


def _weighed(now: Criterion, before: Criterion) -> Criterion:
    if not before.passed and now.text not in _ABOUT_THE_REST:
        return now
    return msgspec.structs.replace(now, points=now.points - now.maximum, maximum=0)


def judged(engine: Engine, seen: Seen, requirements: Sequence[Requirement]) -> list[Criterion]:
    """A criterion for each requirement. Raises StatementError for names that the lab does not have."""
    return judged_there(engine, seen, seen, requirements)


def _criteria(requirements: Sequence[Requirement], probes: Sequence[Probe], states: Mapping[Probe, State]) -> Iterator[Criterion]:
    asked = [one.reachable for one in requirements]
    works = not any(asked) or any(states[probe].is_open for probe, wanted in zip(probes, asked, strict=True) if wanted)
    for requirement, probe in zip(requirements, probes, strict=True):
        yield _criterion(requirement, probe, states[probe], works)


def _criterion(requirement: Requirement, probe: Probe, state: State, works: bool) -> Criterion:
    points, flow = requirement.points, str(probe)
    if state.is_open is None:
        return Criterion(_UNKNOWN, (flow, state.why), 0, points)
    if requirement.reachable:
        text, values = (_PASSES, (flow,)) if state.is_open else (_DOES_NOT_PASS, (flow, state.verdict.value))
        return Criterion(text, values, points if state.is_open else 0, points)
    if state.is_open:
        return Criterion(_NOT_STOPPED, (flow,), 0, points)
    return Criterion(_STOPPED if works else _NOT_COUNTED, (flow,), points if works else 0, points)


def judged_there(engine: Engine, seen: Seen, like: Seen, requirements: Sequence[Requirement]) -> list[Criterion]:
    """As `judged`, by the names and addresses of the lab `like`, which a lab may have changed."""
    probes = _between(like, requirements)
    return list(_criteria(requirements, probes, states_of(engine, seen, list(dict.fromkeys(probes)))))


def _between(seen: Seen, requirements: Iterable[Requirement]) -> list[Probe]:
    return [probe_for(seen.topology, one.source, one.destination) for one in requirements]


def judged_like(
    engine: Engine, seen: Seen, like: Seen, requirements: Sequence[Requirement], either: Iterable[Requirement]
) -> list[Criterion]:
    """As `judged_there`, and whether every other flow is as in the lab `like`; what belongs to `either` may be open or not."""
    probes = _between(like, requirements)
    free = set(_between(like, either))
    others = [probe for probe in _all_flows(like.topology, [*probes, *free]) if probe not in {*probes, *free}]
    states = states_of(engine, seen, list(dict.fromkeys([*probes, *others])))
    should = model_states(like, others)
    found = list(_criteria(requirements, probes, states))
    works = any(states[probe].is_open for probe, one in zip(probes, requirements, strict=True) if one.reachable)
    opened = [str(probe) for probe in others if states[probe].is_open and should[probe] is False]
    broken = [str(probe) for probe in others if states[probe].is_open is False and should[probe]]
    lost = [(_NO_MORE, *told) for told in _lost(seen.topology, like.topology)]
    found.append(_one_of(_OPENED, _NOTHING_OPENED, opened, works))
    found.append(Criterion(*_first(lost), 0, 1) if lost else _one_of(_BROKEN, _NOTHING_BROKEN, broken, works))
    return found


def _first(lost: Sequence[tuple[str, str, str]]) -> tuple[str, tuple[str, str]]:
    text, *values = lost[0]
    return text, (values[0], values[1])


def _one_of(bad: str, good: str, flows: Sequence[str], works: bool) -> Criterion:
    if flows:
        more = ", …" if len(flows) > _FEW else ""
        return Criterion(bad, (", ".join(flows[:_FEW]) + more,), 0, 1)
    return Criterion(good, (), 1, 1) if works else Criterion(_COUNTS_LATER, (), 0, 1)


def _lost(now: Topology, like: Topology) -> Iterator[tuple[str, str]]:
    """The addresses that namespaces no longer have."""
    for address, end in like.addresses():
        bare = address.partition("/")[0]
        owner = now.owner(bare)
        if ":" not in bare and (owner is None or owner.namespace != end.namespace):
            yield end.namespace, bare


def _all_flows(topology: Topology, named: Sequence[Probe]) -> Iterator[Probe]:
    """Every flow between two ends of the lab: an echo, every port that somebody listens on or that was named, and one that nobody uses."""
    ends = [*members(topology), HOST, *([INTERNET] if INTERNET in topology.namespaces else [])]
    ports = {(server.namespace, server.protocol, server.port) for server in topology.servers}
    ports |= {(probe.target, probe.protocol, probe.port) for probe in named if probe.port}
    for source in ends:
        for target in ends:
            if source != target:
                asked = [("icmp", 0), ("tcp", _UNASKED), *((protocol, port) for name, protocol, port in sorted(ports) if name == target)]
                yield from _possible(topology, source, target, asked)


def _possible(topology: Topology, source: str, target: str, asked: Iterable[tuple[str, int]]) -> Iterator[Probe]:
    for protocol, port in asked:
        try:
            yield probe_for(topology, source, Destination(target, port, protocol))
        except StatementError:  # no address, or none that the sender could mean
            return
