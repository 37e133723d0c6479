"""The search: every change that may help is made in the model, and offered only if the packets pass then."""

from collections.abc import Iterator, Mapping

from netlab_magic.errors import StatementError
from netlab_magic.outcome import Probe, Verdict
from netlab_magic.predict import predict
from netlab_magic.prediction import Prediction, Trip
from netlab_magic.remedy.firewall import Change, firewall_fixes, killer_of
from netlab_magic.remedy.network import network_fixes, unseen_bridges
from netlab_magic.remedy.values import Fix, Remedy, World
from netlab_magic.ruleset import Ruleset
from netlab_magic.topology import Topology

__all__ = ["remedies"]

_MOST = 5
_NOTHING: Mapping[str, str] = {}
_EFFECTS = ("reply", "flow", "server", "route", "link", "masquerade", "interfaces", "delete rule", "policy", "sysctl")
"""Scopes, the smallest in effect first."""


def remedies(
    topology: Topology,
    rulesets: Mapping[str, Ruleset],
    probe: Probe,
    prediction: Prediction | None = None,
    unseen: Mapping[str, str] = _NOTHING,
) -> tuple[Remedy, ...]:
    """What would make an unanswered probe answered: at most five remedies, the smallest in effect first; none for one that is answered.

    Each has been tried in the model: the prediction after its changes is "answered". `prediction` is the probe's, where it is known
    already. Nothing is found where the model cannot tell what becomes of the packets.
    """
    world = World(topology, dict(rulesets))
    found = prediction or predict(topology, rulesets, probe, unseen)
    return _Search(probe, unseen).remedies(world, found)


class _Search:
    """The search for one probe."""

    def __init__(self, probe: Probe, unseen: Mapping[str, str]) -> None:
        self.probe = probe
        self.unseen = unseen

    def remedies(self, world: World, found: Prediction) -> tuple[Remedy, ...]:
        if found or found.unknown:
            return ()
        helping = list(self._helping(world, found))
        singles = [Remedy((fix,)) for fix, after, then in helping if then]
        pairs = [pair for fix, after, then in helping if not then and (pair := self._second(fix, after, then, found))]
        enough = {remedy.commands for remedy in singles}
        return _ordered([*singles, *(pair for pair in pairs if all(fix.commands not in enough for fix in pair.fixes))])

    def _helping(self, world: World, found: Prediction) -> Iterator[tuple[Fix, World, Prediction]]:
        """The changes that can be made, with what becomes of the probe then."""
        for fix, after in _candidates(world, found):
            then = predict(after.topology, after.rulesets, self.probe, self.unseen)
            if not then.unknown:
                yield fix, after, then

    def _second(self, fix: Fix, after: World, then: Prediction, before: Prediction) -> Remedy | None:
        """The first change together with the smallest one that does the rest; None where the first has not brought the packets further."""
        if _place(then) == _place(before):
            return None
        done = [Remedy((fix, more)) for more, _, last in self._helping(after, then) if last]
        return next(iter(_ordered(done)), None)


def _candidates(world: World, found: Prediction) -> Iterator[Change]:
    trip = _dying(found)
    if not trip.legs:
        return
    last = trip.legs[-1]
    killer = killer_of(last)
    try:
        if killer is not None:
            yield from firewall_fixes(world, last, killer)
            yield from unseen_bridges(world, last)
        else:
            yield from network_fixes(world, found, trip)
    except StatementError:  # a rule that iptables would refuse at that place is no remedy
        return


def _dying(found: Prediction) -> Trip:
    """The trip that must become another: the request's, unless it arrived and what it asked for came to nothing on the way back."""
    if not found.request.arrived or found.verdict == Verdict.REFUSED or found.back is None:
        return found.request
    return found.back


def _place(found: Prediction) -> tuple[object, ...]:
    """Where the packets die."""
    trip = _dying(found)
    killer = killer_of(trip.legs[-1])
    where = (killer.line.table, killer.line.chain, killer.before.direction) if killer else ()
    return found.verdict, trip is found.back, len(trip.legs), trip.lost, trip.legs[-1].walk.cause, where


def _ordered(found: list[Remedy]) -> tuple[Remedy, ...]:
    """The smallest in effect first, each set of commands once, and no more than a few."""
    different: dict[frozenset[str], Remedy] = {}
    for remedy in found:
        different.setdefault(frozenset(remedy.commands), remedy)
    ranked = sorted(different.values(), key=lambda remedy: max(_EFFECTS.index(fix.scope) for fix in remedy.fixes))
    return tuple(ranked[:_MOST])
