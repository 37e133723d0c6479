"""What the panels of a lab show, by the names of the widget's traits, and on which pages they are."""

import time
from collections.abc import Callable, Mapping

import msgspec

__all__ = ["VIEW_SECONDS", "Follower", "Page", "Status", "Views"]

SETTLED_SECONDS = 3.0
"""How long nothing must have changed before what the notebook keeps is brought up to date."""

VIEW_SECONDS = 300.0
"""A page that is not heard of for so long was closed without a word. While a long cell runs nothing is heard; then it comes back."""

_MOST_COMMANDS = 60

Follower = Callable[[Mapping[str, object]], None]


class Status(msgspec.Struct, frozen=True):
    """The status line, and what the lab is doing. Each sentence has a new number, upon which the page shows all switches as they are."""

    sequence: int = 0
    text: str = ""
    bad: bool = False
    alive: bool = False
    watching: bool = False
    busy: bool = False


class Page:
    """The parts of the page. `followers` hear of every change, `keepers` once nothing has changed for a while."""

    def __init__(self) -> None:
        self.parts: dict[str, object] = {}
        self.status = Status()
        self.followers: list[Follower] = []
        self.keepers: list[Callable[[], None]] = []
        self._commands: list[str] = []
        self._changed_at = 0.0

    def tell(self, **found: object) -> None:
        """Has every panel show these parts, as far as they are new."""
        new = {name: value for name, value in found.items() if self.parts.get(name) != value}
        self.parts.update(new)
        if new.keys() - {"counters"}:
            self._changed_at = time.monotonic()
        if new:
            for follower in list(self.followers):
                follower(new)

    def say(self, text: str, *, bad: bool, alive: bool, watching: bool) -> None:
        """A sentence for the status line."""
        self._tell_status(Status(self.status.sequence + 1, text, bad, alive, watching))

    def say_busy(self) -> None:
        """The lab is busy with a cell: what the status line says stays."""
        if self.status.sequence and not self.status.busy:
            self._tell_status(msgspec.structs.replace(self.status, busy=True))

    def _tell_status(self, status: Status) -> None:
        self.status = status
        self.tell(status=msgspec.structs.asdict(status))

    def log(self, *lines: str) -> None:
        """Commands that stand for what was done."""
        self._commands = [*self._commands, *lines][-_MOST_COMMANDS:]
        self.tell(commands=list(self._commands))

    def clear_log(self) -> None:
        """Forgets the commands."""
        self._commands = []
        self.tell(commands=[])

    def settle(self) -> None:
        """Has the notebook keep what is shown, if that has not changed for a while."""
        if time.monotonic() - self._changed_at > SETTLED_SECONDS:
            for keeper in list(self.keepers):
                keeper()


class Views:
    """The places on pages where a panel is shown, and when each was heard of last; false when there are none."""

    def __init__(self) -> None:
        self._heard: dict[str, float] = {}

    def __bool__(self) -> bool:
        return bool(self._heard)

    def here(self, view: str) -> None:
        """A view is on a page; it says so again and again."""
        self._heard[view] = time.monotonic()

    def gone(self, view: str) -> None:
        """A view is not on its page any more."""
        self._heard.pop(view, None)

    def silent(self) -> list[str]:
        """The views that were not heard of for too long."""
        return [view for view, heard in list(self._heard.items()) if time.monotonic() - heard > VIEW_SECONDS]

    def of(self, model: str) -> list[str]:
        """The views of one widget."""
        return [view for view in list(self._heard) if view.startswith(model)]
