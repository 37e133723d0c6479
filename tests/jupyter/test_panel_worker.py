"""Where the panel's work is done: on a thread, or on the event loop where no thread can be started. Both keep the same order."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from netlab_magic.jupyter.panel.worker import LoopWorker, ThreadWorker, Worker, worker

KINDS = pytest.mark.parametrize("kind", [ThreadWorker, LoopWorker])


class Bench:
    """A worker, and what it did: a job's name, or `rest`; it goes on for as many rests as are left."""

    def __init__(self, kind: type[Worker], rests: int = 0) -> None:
        self.done: list[str] = []
        self.threads: set[int] = set()
        self.rests = rests
        self.worker = kind(self._do, self._rest, lambda: 0.01)

    def _do(self, job: Callable[[], None]) -> None:
        self.threads.add(threading.get_ident())
        job()

    def _rest(self) -> bool:
        self.done.append("rest")
        self.rests -= 1
        return self.rests > 0

    def ask(self, name: str) -> None:
        self.worker.ask(lambda: self.done.append(name))

    async def ended(self) -> None:
        for _ in range(500):
            if self.worker.runs:
                await asyncio.sleep(0.01)
        assert not self.worker.runs


@KINDS
def test_jobs_are_done_in_turn_then_it_rests_and_ends(kind):
    async def work() -> list[str]:
        bench = Bench(kind, rests=2)
        assert not bench.worker.runs
        all_asked = threading.Event()
        bench.worker.ask(lambda: all_asked.wait(60))  # or a slow thread would rest between two of them
        for name in "abc":
            bench.ask(name)
        assert bench.worker.runs
        all_asked.set()
        await bench.ended()
        return bench.done

    assert asyncio.run(work()) == ["a", "b", "c", "rest", "rest"]


@KINDS
def test_a_job_may_leave_another_and_one_begins_again_after_the_end(kind):
    async def work() -> list[str]:
        bench = Bench(kind)
        bench.worker.ask(lambda: (bench.done.append("first"), bench.ask("second")))
        await bench.ended()
        bench.ask("third")
        await bench.ended()
        return bench.done

    assert asyncio.run(work()) == ["first", "second", "rest", "third", "rest"]


@KINDS
def test_asking_never_does_the_job_itself(kind):
    async def work() -> None:
        bench = Bench(kind)
        begun, may_end = threading.Event(), threading.Event()
        may_end.set()
        bench.worker.ask(lambda: (may_end.wait(5), begun.set()))
        if kind is LoopWorker:
            assert not begun.is_set()
        await bench.ended()
        assert begun.is_set()
        assert (bench.threads == {threading.get_ident()}) == (kind is LoopWorker)

    asyncio.run(work())


@KINDS
def test_what_is_made_beside_is_given_or_raised(kind):
    async def work() -> None:
        bench = Bench(kind)
        assert bench.worker.beside(lambda: "made")() == "made"
        with pytest.raises(ZeroDivisionError):
            bench.worker.beside(lambda: 1 // 0)()

    asyncio.run(work())


@KINDS
def test_what_is_to_be_done_now_is_done_at_once(kind):
    async def work() -> None:
        bench = Bench(kind)
        bench.ask("asked")
        bench.worker.now(lambda: bench.done.append("now"))
        assert "now" in bench.done
        await bench.ended()
        assert sorted(bench.done) == ["asked", "now", "rest"]

    asyncio.run(work())


def test_a_job_waits_for_what_is_done_now():
    async def work() -> None:
        bench = Bench(ThreadWorker)
        asked = threading.Event()

        def slow() -> None:
            bench.worker.ask(asked.set)
            bench.done.append("first" if asked.wait(0.2) else "alone")

        bench.worker.now(slow)
        await bench.ended()
        assert asked.is_set()
        assert bench.done == ["alone", "rest"]

    asyncio.run(work())


def test_where_threads_can_be_started_it_is_a_thread():
    assert isinstance(worker(lambda job: job(), lambda: False, lambda: 0.01), ThreadWorker)
