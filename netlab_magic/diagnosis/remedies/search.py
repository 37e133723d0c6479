"""The search for remedies: every candidate change is made in the model, and offered only if the packets then pass."""

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

import msgspec

from netlab_magic.diagnosis.remedies.advice import advice, refuses_a_service
from netlab_magic.diagnosis.remedies.docker import docker_fixes
from netlab_magic.diagnosis.remedies.firewall import Change, firewall_fixes, killer_of, neighbour_fixes
from netlab_magic.diagnosis.remedies.nat import translation_fixes
from netlab_magic.diagnosis.remedies.network import network_fixes, unseen_bridges
from netlab_magic.diagnosis.remedies.nft import native_fixes, native_neighbour_fixes
from netlab_magic.diagnosis.remedies.opened import also_opened
from netlab_magic.diagnosis.remedies.programs import program_fixes
from netlab_magic.diagnosis.remedies.remedy import Fix, Remedy, Scope, World
from netlab_magic.docker import Daemon
from netlab_magic.errors import StatementError
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Prediction, Trace
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import Topology

__all__ = ["remedies"]

_MOST = 5
_DEEPEST = 3
_NOTHING: Mapping[str, OtherFilters] = {}
_EFFECTS = get_args(Scope)
"""Scopes, the smallest in effect first."""
_KINDS = {"reply": "rule", "flow": "rule", "interfaces": "rule"}
"""Scopes that count as one kind: three changes are only offered together if two are of one kind."""
_OPENING = ("reply", "flow", "interfaces", "delete rule", "policy", "sysctl")
"""Scopes of changes after which more packets may pass than were asked for."""

_MOST_PREDICTIONS = 60
_FEWEST_PREDICTIONS = 10
_RULES_READ = 100_000
"""How many rules may be read for all predictions together: with a large firewall, fewer changes are tried."""


def remedies(
    topology: Topology,
    rulesets: Mapping[str, Ruleset],
    probe: Probe,
    prediction: Prediction | None = None,
    other_filters: Mapping[str, OtherFilters] = _NOTHING,
    dockerd: Daemon | None = None,
    is_foreign: bool = False,
) -> tuple[Remedy, ...]:
    """What would make an unanswered probe answered: at most five remedies, the smallest in effect first; none if it is answered.

    Each was tried in the model and makes the prediction "answered", except for advice, which comes last, and for programs to be
    started again.
    `prediction` is that of the probe, if already known; `dockerd` is what the host's dockerd has set up, and `is_foreign` tells that the
    network is only looked at. Each remedy says what else it opens where the packet was stopped. Nothing is found if the model
    cannot tell what happens to the packets. The number of predictions is limited, the more so the more rules there are.
    """
    world = World(topology, dict(rulesets), probe, dockerd, other_filters, is_foreign)
    found = predict(topology, rulesets, probe, other_filters) if prediction is None else prediction
    if found.answered or found.unknown:
        return ()
    return _Search(_affordable(rulesets)).remedies(world, found)


def _affordable(rulesets: Mapping[str, Ruleset]) -> int:
    """How many predictions may be made."""
    rules = sum(len(chain.rules) for ruleset in rulesets.values() for table in ruleset.tables for chain in table.chains)
    return max(_FEWEST_PREDICTIONS, min(_MOST_PREDICTIONS, _RULES_READ // max(rules, 1)))


class _Search:
    """The search for one probe; `left` predictions may still be made."""

    def __init__(self, left: int) -> None:
        self.left = left

    def remedies(self, world: World, found: Prediction) -> tuple[Remedy, ...]:
        trace = _dying(found)
        helping = list(self._helping(world, found))
        dockers = self._tried(docker_fixes(world, found))  # Docker's own remedies need no second change
        singles = [(Remedy((fix,)), after) for fix, after, then in (*helping, *dockers) if then.answered]
        enough = {remedy.commands for remedy, _ in singles if remedy.commands}
        tried = [self._rest((fix,), after, then, found) for fix, after, then in helping if not then.answered]
        more = [one for one in tried if one and all(fix.commands not in enough for fix in one[0].fixes)]
        advised = [(remedy, world) for remedy in advice(world, found, trace, bool(singles or more))] if trace.hops else []
        return tuple(_with_effect(remedy, world, after, trace) for remedy, after in _ordered([*singles, *more, *advised]))

    def _helping(self, world: World, found: Prediction) -> Iterator[tuple[Fix, World, Prediction]]:
        """The candidate changes, the smallest in effect first, each with the prediction of the probe after it."""
        yield from self._tried(_candidates(world, found))

    def _tried(self, changes: Iterable[Change]) -> Iterator[tuple[Fix, World, Prediction]]:
        for fix, after in sorted(changes, key=lambda change: _EFFECTS.index(change[0].scope)):
            if not self.left:
                return
            self.left -= 1
            then = predict(after.topology, after.rulesets, after.probe, after.other_filters)
            if not then.unknown:
                yield fix, after, then

    def _rest(self, fixes: tuple[Fix, ...], world: World, found: Prediction, before: Prediction) -> tuple[Remedy, World] | None:
        """The changes, completed by the smallest ones that do the rest, and the world then; None if the last one brought nothing."""
        if _place(found) == _place(before):
            return None
        further = []
        for fix, after, then in self._helping(world, found):
            if then.answered:
                return Remedy((*fixes, fix)), after
            further.append((fix, after, then))
        for fix, after, then in further if len(fixes) + 1 < _DEEPEST else ():
            deeper = self._rest((*fixes, fix), after, then, found)
            if deeper is not None and _is_simple(deeper[0]):
                return deeper
        return None


def _with_effect(remedy: Remedy, before: World, after: World, trace: Trace) -> Remedy:
    """The remedy, with what else it opens where the packet was stopped."""
    if not trace.hops or all(fix.scope not in _OPENING for fix in remedy.fixes):
        return remedy
    return msgspec.structs.replace(remedy, also_opens=also_opened(before, after, trace.hops[-1]))


def _is_simple(remedy: Remedy) -> bool:
    """Whether a remedy has at most two kinds of changes."""
    return len({_KINDS.get(fix.scope, fix.scope) for fix in remedy.fixes}) <= 2


def _candidates(world: World, found: Prediction) -> Iterator[Change]:
    trace = _dying(found)
    if not trace.hops or refuses_a_service(trace):
        return
    for changes in _sources(world, found, trace):
        try:
            yield from changes
        except StatementError:  # not a remedy if iptables would refuse the rule at that place
            continue


def _sources(world: World, found: Prediction, trace: Trace) -> Iterator[Iterator[Change]]:
    last = trace.hops[-1]
    killer = killer_of(last)
    if killer is not None:
        yield program_fixes(world, last, killer)
        yield native_fixes(world, last, killer) if killer.line.is_native else firewall_fixes(world, last, killer)
        yield unseen_bridges(world, last)
    else:
        if table := trace.values.get("table"):
            yield neighbour_fixes(world, trace) if table == "ip6tables" else native_neighbour_fixes(world, trace)
        yield network_fixes(world, found, trace)
    yield translation_fixes(world, found)


def _dying(found: Prediction) -> Trace:
    """The trace to be fixed: the request's, unless it arrived and a later packet was lost."""
    if found.cut is not None:
        return found.cut
    if not found.request.arrived or found.verdict == Verdict.REFUSED or found.back is None:
        return found.request
    return found.back


def _place(found: Prediction) -> tuple[object, ...]:
    """Where the packets are stopped."""
    trace = _dying(found)
    killer = killer_of(trace.hops[-1])
    where = (killer.line.table, killer.line.chain, killer.before.direction) if killer else ()
    return found.verdict, found.traces.index(trace), len(trace.hops), trace.lost, trace.hops[-1].host_trace.cause, where


def _ordered(found: list[tuple[Remedy, World]]) -> list[tuple[Remedy, World]]:
    """The smallest in effect first, each set of commands once, and no more than a few."""
    different: dict[frozenset[str], tuple[Remedy, World]] = {}
    for remedy, after in found:
        different.setdefault(frozenset(remedy.commands) or frozenset(fix.sentence for fix in remedy.fixes), (remedy, after))
    ranked = sorted(different.values(), key=lambda one: max(_EFFECTS.index(fix.scope) for fix in one[0].fixes))
    return ranked[:_MOST]
