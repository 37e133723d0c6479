"""How long it takes to hear why a packet lives or dies; beside it a ping process, which says only whether it does."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from measure import Contestant
from scripts import SEED_CELL, address
from session import Session, session

__all__ = ["why_it_died"]


def why_it_died(blocked: bool) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """`why` on the seed lab, from the line to the account with its pictures: sent, traced, walked, explained and drawn."""

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        with session() as ours:
            ours.cell(f"{SEED_CELL}\npolicy FORWARD DROP")
            if blocked:
                ours.statement("forward delete 1")
            yield [
                Contestant("netlab_magic", lambda: _why(ours, "blocked" if blocked else "answered")),
                Contestant("ping -c 1 -W 1", lambda: _ping(ours, blocked), "says only whether"),
            ]

    return setting


def _why(ours: Session, verdict: str) -> float:
    from netlab_magic.draw.base import render

    render._rendered.cache_clear()
    started = time.perf_counter()
    result = ours.statement("why ns1 ns0")
    result._repr_mimebundle_()
    taken = (time.perf_counter() - started) * 1000
    if result.outcome.verdict != verdict or result.account.differences:
        raise AssertionError(f"ns1 → ns0 should be {verdict}: {result}")
    return taken


def _ping(ours: Session, blocked: bool) -> float:
    started = time.perf_counter()
    ours.shell(f"{'! ' * blocked}ip netns exec ns1 ping -q -c 1 -W 1 {address(0)} >/dev/null")
    return (time.perf_counter() - started) * 1000
