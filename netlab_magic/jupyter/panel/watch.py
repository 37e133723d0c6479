"""How often the lab is looked at, and whether every pair is probed each time."""

import time

from netlab_magic.jupyter.panel.history_strips import Strips

__all__ = ["WATCH_SECONDS", "Watch"]

_LOOK_SECONDS = 0.4
"""The time from one look at the lab to the next."""

WATCH_SECONDS = 300.0
"""When watching ends by itself."""

_PERIOD = 0.5
"""The time from one measurement to the next while every pair is watched."""

_SHARE = 10
"""Looking may take one part in this many of the time, so large labs are looked at less often."""


class Watch:
    """While it is on, every pair is probed again and again, and `strips` keep the outcomes.

    `cost` is how long the last look took, in seconds.
    """

    def __init__(self) -> None:
        self.strips = Strips()
        self.cost = 0.0
        self._since: float | None = None

    @property
    def is_on(self) -> bool:
        """Whether every pair is probed again and again."""
        return self._since is not None and time.monotonic() < self._since + WATCH_SECONDS

    def start(self) -> None:
        """Begins with empty strips."""
        self._since = time.monotonic()
        self.strips.clear()

    def stop(self) -> None:
        """Ends it; the strips stay as they are."""
        self._since = None

    def has_run_out(self) -> bool:
        """Whether its time is over; says so once."""
        over = self._since is not None and not self.is_on
        if over:
            self._since = None
        return over

    @property
    def pause(self) -> float:
        """How long to wait before the next look, in seconds."""
        if self.is_on:
            return max(_PERIOD - self.cost, 0.1, self.cost)
        return max(_LOOK_SECONDS, _SHARE * self.cost)
