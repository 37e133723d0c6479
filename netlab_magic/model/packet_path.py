"""A packet's whole way as numbered stops: interfaces on the wire and rules, in every namespace that it comes through, and back again."""

from itertools import pairwise

import msgspec

from netlab_magic.model.topology import End
from netlab_magic.model.way import Badge, Path, Step

__all__ = ["NOWHERE", "Event", "Stop", "Unmet", "Voyage"]


class Event:
    """What happens at a stop.

    ENTERS and LEAVES are on the wire. RULE matched, PASSED did not; END is a chain's policy, or the return of a user chain. ARRIVES
    tells that somebody got the packet, LOST that its way ended outside the firewall.
    """

    ENTERS = "enters"
    LEAVES = "leaves"
    RULE = "rule"
    PASSED = "passed"
    END = "end"
    ARRIVES = "arrives"
    LOST = "lost"


class Unmet(msgspec.Struct, frozen=True):
    """The condition of a rule that did not hold: the packet has `seen` where the rule wants `wanted` (or anything else, if `negated`).

    `judged` is False where nobody can tell whether it holds.
    """

    about: str
    seen: str = ""
    wanted: str = ""
    negated: bool = False
    judged: bool = True


class Stop(msgspec.Struct, frozen=True):
    """One stop. `packet` is the packet as it comes there, and `after` as it goes on where the rule changed it, both in a few words.

    `last` is set where some rules that did not match, `rule` to `last`, are one stop. `outcome` is a Step's. `lost` is a sentence for the
    catalogue of `messages`, which `values` fill, about a packet that no rule has ended. `back` marks the way of what comes back.
    """

    event: str
    namespace: str
    interface: str = ""
    hook: str = ""
    table: str = ""
    chain: str = ""
    rule: int | None = None
    last: int | None = None
    outcome: str = ""
    packet: str = ""
    after: str = ""
    unmet: Unmet | None = None
    lost: str = ""
    values: dict[str, str] = {}
    fatal: bool = False
    back: bool = False

    @property
    def inside(self) -> bool:
        """Whether it is a matter of the firewall."""
        return self.event in (Event.RULE, Event.PASSED, Event.END)

    @property
    def site(self) -> str:
        """Where it is, as people write it: `ns1:eth0`, `FORWARD rule 2`, `FORWARD policy`; the namespace alone else."""
        if self.interface:
            return f"{self.namespace}:{self.interface}"
        if not self.inside:
            return self.namespace
        table = "" if self.table == "filter" else f"{self.table} "
        if self.rule is None:
            return f"{table}{self.chain} {'end' if self.outcome == 'RETURN' else 'policy'}"
        return f"{table}{self.chain} rule {self.rule}" if self.last is None else f"{table}{self.chain} rules {self.rule}–{self.last}"


class Voyage(msgspec.Struct, frozen=True):
    """The stops of a packet and of what comes back, in order; the first has number 1. `question` is the probe in a few words.

    `now` is the number of the stop that is being looked at, 0 for none; `through` are the namespaces of the whole way where this is a part.
    """

    stops: tuple[Stop, ...] = ()
    question: str = ""
    now: int = 0
    through: tuple[str, ...] = ()

    def upto(self, number: int) -> "Voyage":
        """The way as far as the stop with that number, which is the one being looked at."""
        return Voyage(self.stops[:number], self.question, min(number, len(self.stops)), self.namespaces)

    @property
    def fatal(self) -> Stop | None:
        """The stop at which it came to its end, if it did not arrive."""
        return self.stops[-1] if self.stops and self.stops[-1].fatal else None

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces on the way, in the order of the first visit."""
        return self.through or tuple(dict.fromkeys(stop.namespace for stop in self.stops))

    def badge(self, number: int) -> Badge:
        """The number of a stop as pictures show it."""
        stop = self.stops[number - 1]
        return Badge(number, stop.event != Event.PASSED, stop.back, stop.fatal, number == self.now)

    def badges(self, namespace: str, interface: str = "") -> tuple[Badge, ...]:
        """The numbers of the stops at an interface; without one, of those in a namespace that are neither on the wire nor rules."""
        return tuple(
            self.badge(number)
            for number, stop in enumerate(self.stops, 1)
            if (stop.namespace, stop.interface) == (namespace, interface) and not stop.inside
        )

    def inside(self, namespace: str) -> tuple[Badge, ...]:
        """The numbers of the rules that it met in a namespace."""
        return tuple(self.badge(number) for number, stop in enumerate(self.stops, 1) if stop.inside and stop.namespace == namespace)

    def crossings(self) -> dict[tuple[End, End], tuple[bool, bool]]:
        """The cables on the way as (from, to) of the request, and for each whether the request and whether the way back took it."""
        found: dict[tuple[End, End], tuple[bool, bool]] = {}
        wired = [stop for stop in self.stops if not stop.inside]
        for one, other in pairwise(wired):
            if (one.event, other.event) == (Event.LEAVES, Event.ENTERS) and one.interface and other.interface:
                there, back = End(one.namespace, one.interface), End(other.namespace, other.interface)
                ends = (back, there) if one.back and (back, there) in found else (there, back)
                request, reply = found.get(ends, (False, False))
                found[ends] = (request or not one.back, reply or one.back)
        return found

    def path(self, namespace: str, *, back: bool | None = None) -> Path:
        """The rules of one namespace as its pictures of chains show them, with the numbers of this way; `back` picks one direction."""
        steps = tuple(
            Step(stop.table, stop.chain, rule, stop.outcome, stop.event != Event.PASSED, number, stop.back)
            for number, stop in enumerate(self.stops, 1)
            if stop.inside and stop.namespace == namespace and back in (None, stop.back)
            for rule in ([stop.rule] if stop.last is None or stop.rule is None else [stop.rule, stop.last])
        )
        return Path(steps, self.question, self.now)


NOWHERE = Voyage()
"""No way at all."""
