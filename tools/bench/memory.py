"""What a lab costs to keep: the memory of its host process, alone and with thirty labs at once, and the time to make those."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import mean

from measure import Contestant
from scripts import SEED_CELL

from netlab_magic import Lab

__all__ = ["SINGLE", "memory", "thirty_labs"]

SINGLE = "one lab"

_LABS = 30
_SETTLED_SECONDS = 1.0
"""After this long the host has done the imports that it leaves for when it is idle."""


@contextmanager
def memory(quick: bool) -> Iterator[Sequence[Contestant]]:
    """The PSS of host and watcher of an idle seed lab."""
    note = "PSS of host and watcher"
    yield [
        Contestant(SINGLE, lambda: _megabytes_each(1), note),
        Contestant(f"{_LABS} labs at once, each", lambda: _megabytes_each(_LABS), note),
    ]


@contextmanager
def thirty_labs(quick: bool) -> Iterator[Sequence[Contestant]]:
    """Thirty seed labs, made one after the other."""
    yield [Contestant("netlab_magic", _seconds_to_make)]


@contextmanager
def _labs(count: int) -> Iterator[list[Lab]]:
    """Seed labs, all with the same names and addresses."""
    with ExitStack() as stack:
        labs = [stack.enter_context(Lab()) for _ in range(count)]
        for lab in labs:
            lab.run(SEED_CELL)
        yield labs


def _seconds_to_make() -> float:
    started = time.perf_counter()
    with _labs(_LABS) as labs:
        taken = time.perf_counter() - started
        if not all(lab.ping("ns1", "ns0") for lab in labs):
            raise AssertionError("ns1 does not reach ns0 in every lab")
    return taken


def _megabytes_each(count: int) -> float:
    with _labs(count) as labs:
        time.sleep(_SETTLED_SECONDS)
        return mean(_megabytes(host) + _megabytes(_parent(host)) for host in (lab.engine.ready.pid for lab in labs))


def _megabytes(pid: int) -> float:
    return _field(Path(f"/proc/{pid}/smaps_rollup"), "Pss") / 1024


def _parent(pid: int) -> int:
    """The watcher: the host's parent."""
    return _field(Path(f"/proc/{pid}/status"), "PPid")


def _field(file: Path, name: str) -> int:
    words = next(line.split() for line in file.read_text().splitlines() if line.startswith(f"{name}:"))
    return int(words[1])
