"""A way that a host and its surroundings may be, and the questions that tell one from another."""

from collections.abc import Callable

import msgspec

from netlab_magic.forwarding.placement import Placing
from netlab_magic.i18n import Assumption
from netlab_magic.model.topology import Topology

__all__ = ["Answer", "Possibility", "Question"]


class Possibility(msgspec.Struct, frozen=True):
    """One way that the host and its surroundings may be.

    `entry` is the device that the sender's packets come in through, `home` the one that the receiver is behind; "" leaves that to the
    host's routes. With `returns`, machines outside have a route back to the host's private networks; with `outside`, the sender is
    behind the network card of a bridge. `unknown_outside` are more addresses to which nobody outside has a route.
    """

    topology: Topology
    entry: str = ""
    home: str = ""
    returns: bool = False
    outside: bool = False
    unknown_outside: tuple[str, ...] = ()

    def placing(self, sender: bool, towards: str = "", unreturned: tuple[str, ...] = ()) -> Placing:
        """How a placeholder host is put into it: the sender of packets to an address, or a receiver."""
        if sender:
            return Placing(self.entry, towards, outside=self.outside)
        return Placing(self.home, unreturned=() if self.returns else unreturned, receives=not self.returns)


class Answer(msgspec.Struct, frozen=True):
    """One answer to a question: as a clause, and what it makes of a possibility."""

    clause: Assumption
    apply: Callable[[Possibility], Possibility]


class Question(msgspec.Struct, frozen=True):
    """Something that was not read. `about` says what, `command` would tell, and `key` is the same for the same question."""

    key: str
    about: Assumption
    command: str
    answers: tuple[Answer, ...]
