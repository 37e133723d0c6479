"""What was made of a value, kept under the value's identity."""


from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Remembered"]

Value = TypeVar("Value")
Made = TypeVar("Made")


class Remembered(Generic[Value, Made]):
    """The last few things that were made of values, found again by the value's identity: hashing a large one takes longer than a walk."""

    def __init__(self, make: Callable[..., Made], most: int = 8) -> None:
        self._make = make
        self._most = most
        self._made: dict[Hashable, tuple[Value, Made]] = {}

    def of(self, value: Value, *more: Hashable) -> Made:
        """What is made of a value, now or earlier. The value is kept, so that no other can get its identity."""
        key = (id(value), *more)
        found = self._made.get(key)
        if found is None:
            found = self._made[key] = value, self._make(value, *more)
            if len(self._made) > self._most:
                del self._made[next(iter(self._made))]
        return found[1]

    def latest(self) -> Made | None:
        """What was made last."""
        return next((made for _, made in reversed(self._made.values())), None)
