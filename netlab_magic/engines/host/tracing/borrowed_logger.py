"""Borrows the logger that legacy tables report traces to, a sysctl of the namespace, and gives it back however this process ends."""

import os
import signal
from contextlib import suppress

__all__ = ["BorrowedLogger"]

_LOGGER = "nfnetlink_log"


class BorrowedLogger:
    """Makes legacy tables of the namespace that this process is in report to nfnetlink_log, until `give_back`. Raises OSError.

    A child in the same namespace waits for the end of a pipe, which also comes when this process is killed, and then writes what was there.
    """

    def __init__(self, family: int) -> None:
        path = f"/proc/sys/net/netfilter/nf_log/{family}"
        self._child = 0
        with open(path) as file:
            before = file.read().strip()
        if before == _LOGGER:
            return
        ended, self._alive = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            _wait_and_write(ended, path, before)
        os.close(ended)
        try:
            with open(path, "w") as file:
                file.write(_LOGGER)
        except OSError:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Writes what was there before, and waits until it is written."""
        if self._child:
            os.close(self._alive)
            with suppress(ChildProcessError):  # a lab host buries all its children
                os.waitpid(self._child, 0)
            self._child = 0


def _wait_and_write(ended: int, path: str, before: str) -> None:
    """The child: keeps nothing open but its end of the pipe, so that nobody waits for it."""
    with suppress(BaseException):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
        os.setsid()
        os.closerange(0, ended)
        os.closerange(ended + 1, 65536)
        os.read(ended, 1)
        with open(path, "w") as file:
            file.write(before)
    os._exit(0)
