"""How long it takes to see who reaches whom: a hundred namespaces, and the policy switch of the seed lab."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from random import SystemRandom
from typing import TYPE_CHECKING

from measure import Contestant
from scripts import SEED_CELL, address, bridge_cell
from session import Session, session

if TYPE_CHECKING:
    from netlab_magic import Lab

__all__ = ["PINGS", "matrix", "policy_switch"]

PINGS = "a ping process a pair"

_NAMESPACES = 100
_FLOWS = _NAMESPACES * (_NAMESPACES - 1)


def matrix(blocked: bool) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """Every namespace to every other one, all open or all blocked by the FORWARD policy."""
    sample = 3 if blocked else 50

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        with session() as ours:
            ours.cell(f"{bridge_cell(_NAMESPACES)}\npolicy FORWARD {'DROP' if blocked else 'ACCEPT'}")
            yield [
                Contestant("netlab_magic", lambda: _matrix(ours, "blocked" if blocked else "answered")),
                Contestant(PINGS, lambda: _pings(ours, sample, blocked), f"{sample} pairs measured, extrapolated to {_FLOWS:,}"),
            ]

    return setting


def _matrix(ours: Session, verdict: str) -> float:
    started = time.perf_counter()
    result = ours.statement("matrix")
    result._repr_mimebundle_()
    taken = (time.perf_counter() - started) * 1000
    found = Counter(outcome.verdict for outcome in result.outcomes)
    if found != {verdict: _FLOWS}:
        raise AssertionError(f"{_FLOWS} flows should be {verdict}, but: {', '.join(f'{count} {word}' for word, count in found.items())}")
    return taken


def _pings(ours: Session, sample: int, blocked: bool) -> float:
    """One process a pair, one pair after the other, as a shell loop does it; in the same lab."""
    draw = SystemRandom()
    pairs = [draw.sample(range(_NAMESPACES), 2) for _ in range(sample)]
    lines = [f"{'! ' * blocked}ip netns exec ns{one} ping -q -c 1 -W 1 {address(other)} >/dev/null || exit" for one, other in pairs]
    started = time.perf_counter()
    ours.shell("\n".join(lines))
    return (time.perf_counter() - started) * 1000 * _FLOWS / sample


def policy_switch(blocked: bool) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """What the panel's switch sets off: the policy, all pairs measured again, everything read back, the picture drawn."""
    verdict, other = ("DROP", "ACCEPT") if blocked else ("ACCEPT", "DROP")

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        from netlab_magic import Lab

        with Lab() as lab:
            lab.run("\n".join(line for line in SEED_CELL.splitlines() if not line.startswith("forward")))

            def switch() -> float:
                lab.policy("FORWARD", other)
                return _switched(lab, verdict, answered=0 if blocked else 4)

            yield [Contestant("netlab_magic", switch)]

    return setting


def _switched(lab: "Lab", verdict: str, answered: int) -> float:
    from netlab_magic.draw import topology_picture
    from netlab_magic.draw.base import render
    from netlab_magic.iptables import save_format

    render._rendered.cache_clear()  # a panel draws the same picture again only when nothing has changed
    started = time.perf_counter()
    lab.policy("FORWARD", verdict)
    outcomes = lab.matrix().outcomes
    observed = lab.observe()
    picture = topology_picture(observed.topology, save_format.parse(observed.rules), lab.outcomes()).svg()
    taken = (time.perf_counter() - started) * 1000
    found = sum(outcome.answered for outcome in outcomes)
    if found != answered or picture is None:
        raise AssertionError(f"after {verdict}: {found} flows answered, picture: {picture is not None}")
    return taken
