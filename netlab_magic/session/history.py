"""What a lab was: snapshots, and the states before its last changes."""

from collections.abc import Iterable

from netlab_magic.errors import StatementError, place_of
from netlab_magic.session.state import Seen
from netlab_magic.text import suggest

__all__ = ["History", "no_snapshot"]

_LAST_CHANGE = "before the last change"

_STEPS = 50
"""How many cells can be undone."""


def no_snapshot(name: str, snapshots: Iterable[str]) -> StatementError:
    """The error for a snapshot that does not exist."""
    return StatementError(f"there is no snapshot {name}{suggest(name, snapshots)}", place_of(name))


class History:
    """Snapshots by name, and a stack of the states before each cell that changed something."""

    def __init__(self) -> None:
        self.snapshots: dict[str, Seen] = {}
        self.before: list[Seen] = []
        self._is_remembered = False

    def begin_cell(self) -> None:
        """A new cell: its first change is still to come."""
        self._is_remembered = False

    def before_change(self, seen: Seen) -> None:
        """Keeps the state before the first change of a cell."""
        if not self._is_remembered:
            self._is_remembered = True
            self.remember(seen)

    def remember(self, seen: Seen) -> None:
        """Keeps a snapshot."""
        self.before[:] = [*self.before[1 - _STEPS :], seen]

    def named(self, name: str) -> Seen:
        """The snapshot called `name`. Raises StatementError when there is none."""
        if name not in self.snapshots:
            raise no_snapshot(name, self.snapshots)
        return self.snapshots[name]

    def reference(self, name: str | None) -> tuple[str, Seen]:
        """What `diff` compares with: a snapshot, or the state before the last change. Raises StatementError."""
        if name:
            return name, self.named(name)
        if not self.before:
            raise StatementError("nothing has changed since this lab began; diff SNAPSHOT compares with a snapshot")
        return _LAST_CHANGE, self.before[-1]
