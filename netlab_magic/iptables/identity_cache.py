"""Caches results by the identity of the value they were computed from."""


from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

Value = TypeVar("Value")
Made = TypeVar("Made")


class Remembered(Generic[Value, Made]):
    """The last few results, found by the value's identity, since hashing a large value takes longer than walking it."""

    def __init__(self, make: Callable[..., Made], most: int = 8) -> None:
        self._make = make
        self._most = most
        self._made: dict[Hashable, tuple[Value, Made]] = {}

    def of(self, value: Value, *more: Hashable) -> Made:
        """The result for a value, cached. The value is kept alive, so that no other value can get its identity."""
        key = (id(value), *more)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = value, self._make(value, *more)
            if len(self._made) > self._most:
                del self._made[next(iter(self._made))]
        return found[1]

    def latest(self) -> Made | None:
        """The last result."""
        return next((made for _, made in reversed(self._made.values())), None)
