"""One call of a program in a simulated lab: its input and its effects."""

from collections.abc import Callable, Sequence

from netlab_magic.engines.simulated.change import applied
from netlab_magic.engines.simulated.world import World
from netlab_magic.model.changes import Change
from netlab_magic.model.topology import Namespace

__all__ = ["Call", "Ended"]


class Ended(Exception):
    """Raised to end the program with this status and this text on standard error."""

    def __init__(self, status: int, said: str = "") -> None:
        super().__init__(said)
        self.status = status
        self.said = said


class Call:
    """A program's words, the namespace it runs in, its standard input, and the lab, which it may change."""

    def __init__(
        self,
        world: World,
        namespace: str,
        words: Sequence[str],
        given: str,
        write: Callable[[str, str], None],
        file: Callable[[str, str], str | None],
        host_name: str,
        moment: Callable[[], str],
    ) -> None:
        self.world = world
        self.namespace = namespace
        self.program, *self.words = words
        self.given = given
        self.host_name = host_name
        self.moment = moment
        self.written: dict[str, str | None] = {}
        """The files that it writes; None for one that it deletes."""
        self._write = write
        self._file = file

    @property
    def here(self) -> Namespace:
        """The namespace that the program runs in."""
        return self.world.topology.namespaces[self.namespace]

    def out(self, text: str) -> None:
        """Writes to standard output."""
        self._write("stdout", text)

    def err(self, text: str) -> None:
        """Writes to standard error."""
        self._write("stderr", text)

    def file(self, name: str) -> str | None:
        """The text of a file, None where there is none."""
        return self._file(name, self.namespace)

    def change(self, change: Change) -> None:
        """Changes the lab. Raises KernelSaysNo."""
        self.world = applied(self.world, change)
