"""Work on large values: a dump of 40,000 rules becomes some millions of objects, which refer to each other in no circle."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["without_collection"]


@contextmanager
def without_collection() -> Iterator[None]:
    """Looks for no garbage meanwhile, which would take longer than the work itself: each search goes through all objects again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
