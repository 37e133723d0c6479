"""A thread that does one job after the other, and something else while there is none; it ends when it is not wanted any more."""

import queue
import threading
from collections.abc import Callable

__all__ = ["Job", "Worker"]

Job = Callable[[], None]


class Worker:
    """`do` does a job. After `pause()` seconds without one comes `rest`, which says whether the thread shall go on."""

    def __init__(self, do: Callable[[Job], None], rest: Callable[[], bool], pause: Callable[[], float]) -> None:
        self._do = do
        self._rest = rest
        self._pause = pause
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    @property
    def runs(self) -> bool:
        """Whether the thread is there."""
        return self._thread is not None

    def ask(self, job: Job) -> None:
        """Leaves a job; never waits for one that is being done."""
        with self._starting:
            self._jobs.put(job)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="netlab-panel", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            try:
                self._do(self._jobs.get(timeout=self._pause()))
            except queue.Empty:
                wanted = self._rest()
                with self._starting:
                    if not wanted and self._jobs.empty():
                        self._thread = None
                        return
