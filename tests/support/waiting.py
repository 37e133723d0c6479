"""Waiting for what is about to happen, however busy the machine is."""

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds. Long enough for a machine that runs several suites at once; what happens ends the wait, so only failures take as long."""


def until(happens: Callable[[], object], seconds: float = PATIENCE) -> bool:
    """Whether it happens within that time."""
    deadline = time.monotonic() + seconds
    while not (happened := bool(happens())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return happened
