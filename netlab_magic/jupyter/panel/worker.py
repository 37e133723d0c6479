"""Where the panel's work is done, one job after the other, and something else while there is none; it ends when it is not wanted any more.

That is on a thread of its own, so that neither a cell nor the page ever waits for it; or, in a Python that cannot start one (in a browser),
on the event loop, between the cells.
"""

import asyncio
import functools
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

__all__ = ["Job", "LoopWorker", "ThreadWorker", "Worker", "worker"]

T = TypeVar("T")
Job = Callable[[], None]


class Worker(Protocol):
    """`do` does a job. After `pause()` seconds without one comes `rest`, which says whether to go on."""

    def __init__(self, do: Callable[[Job], None], rest: Callable[[], bool], pause: Callable[[], float]) -> None: ...

    @property
    def runs(self) -> bool:
        """Whether it is at work, or waits for work."""

    def ask(self, job: Job) -> None:
        """Leaves a job; never waits for one that is being done."""

    def now(self, job: Job) -> None:
        """Does a job on the caller's thread, as soon as nothing else is being done."""

    def beside(self, make: Callable[[], T]) -> Callable[[], T]:
        """Has something made while a job goes on; what this returns waits for it and gives it, or raises what went wrong."""


def worker(do: Callable[[Job], None], rest: Callable[[], bool], pause: Callable[[], float]) -> Worker:
    """The kind of worker that this Python can have."""
    kind: type[Worker] = ThreadWorker if _starts_threads() else LoopWorker
    return kind(do, rest, pause)


@functools.cache
def _starts_threads() -> bool:
    try:
        threading.Thread(target=int, daemon=True).start()
    except RuntimeError:
        return False
    return True


class ThreadWorker:
    """Works on a thread of its own; jobs may come from any thread."""

    def __init__(self, do: Callable[[Job], None], rest: Callable[[], bool], pause: Callable[[], float]) -> None:
        self._do = do
        self._rest = rest
        self._pause = pause
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._turn = threading.RLock()
        self._second = ThreadPoolExecutor(1, "netlab-drawing")

    @property
    def runs(self) -> bool:
        return self._thread is not None

    def ask(self, job: Job) -> None:
        with self._starting:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="netlab-panel", daemon=True)
                self._thread.start()

    def now(self, job: Job) -> None:
        with self._turn:
            self._do(job)

    def beside(self, make: Callable[[], T]) -> Callable[[], T]:
        return self._second.submit(make).result

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._pause())
            except queue.Empty:
                with self._turn:
                    wanted = self._rest()
                with self._starting:
                    if not wanted and self._jobs.empty():
                        self._thread = None
                        return
            else:
                self.now(job)


class LoopWorker:
    """Works on the event loop that runs where it is made; jobs come from that loop's thread, the only one there is."""

    def __init__(self, do: Callable[[Job], None], rest: Callable[[], bool], pause: Callable[[], float]) -> None:
        self._do = do
        self._rest = rest
        self._pause = pause
        self._jobs: deque[Job] = deque()
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.TimerHandle | None = None

    @property
    def runs(self) -> bool:
        return self._next is not None

    def ask(self, job: Job) -> None:
        self._jobs.append(job)
        self._work_after(0)

    def now(self, job: Job) -> None:
        self._do(job)

    def beside(self, make: Callable[[], T]) -> Callable[[], T]:
        return make

    def _work_after(self, seconds: float) -> None:
        if self._next is not None:
            self._next.cancel()
        self._next = self._loop.call_later(seconds, self._work)

    def _work(self) -> None:
        wanted = True
        if self._jobs:
            self._do(self._jobs.popleft())
        else:
            wanted = self._rest()
        if wanted or self._jobs:
            self._work_after(0 if self._jobs else self._pause())
        else:
            self._next = None
