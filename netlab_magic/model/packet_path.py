"""A packet's whole way as numbered stops: interfaces on the wire and rules, in every namespace that it comes through, and back again."""

from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import msgspec

from netlab_magic.model.topology import End

__all__ = ["FATAL", "NOWHERE", "Badge", "Cable", "Crossing", "Event", "PacketPath", "PathStep", "RulePath", "RuleStep", "Unmet"]

FATAL = frozenset({"DROP", "REJECT"})
"""The verdicts that end a packet's way."""


class RuleStep(msgspec.Struct, frozen=True):
    """One rule that matched, or the end of a chain when `rule` is None: its policy, or the return of a user chain.

    `outcome` is what followed, in iptables' words: a verdict (ACCEPT), the chain that was entered, RETURN, or "" when the packet went
    on to the next rule. `matched` is False for a rule that was only looked at. `number` is the step's own number where others, elsewhere,
    lie between it and the one before; 0 where the steps are simply counted. `back` marks a step of the reply.
    """

    table: str
    chain: str
    rule: int | None
    outcome: str = ""
    matched: bool = True
    number: int = 0
    back: bool = False


class Badge(msgspec.Struct, frozen=True):
    """The number of a step as it stands in a picture; `fatal` where the packet's way ended, `now` where somebody stepping through it is."""

    number: int
    matched: bool = True
    back: bool = False
    fatal: bool = False
    now: bool = False

    @property
    def text(self) -> str:
        """The number and what is special about it, in symbols."""
        return f"{'▸' if self.now else ''}{'✕' if self.fatal else ''}{'↩' if self.back else ''}{self.number}"

    def __str__(self) -> str:
        return f"[{self.text}]" if self.matched else f"({self.text})"


class RulePath(msgspec.Struct, frozen=True):
    """The steps of one packet in order; the first has the number 1, unless they have numbers of their own.

    `packet` says which packet it was, in a few words; `now` is the number of the step that is being looked at, 0 for none.
    """

    steps: tuple[RuleStep, ...] = ()
    packet: str = ""
    now: int = 0

    @property
    def fatal(self) -> RuleStep | None:
        """The step that ended the packet's way, if one did."""
        return next((step for step in reversed(self.steps) if step.outcome in FATAL), None)

    def upto(self, count: int) -> "RulePath":
        """The first `count` steps, the last of them being looked at; for stepping forwards and backwards."""
        steps = self.steps[:count]
        return RulePath(steps, self.packet, (steps[-1].number or len(steps)) if steps else 0)

    def badges(self, table: str, chain: str, rule: int | None) -> tuple[Badge, ...]:
        """The numbers of the steps taken there: several when the packet, or the reply to it, came by again."""
        place = (table, chain, rule)
        numbered = ((step.number or count, step) for count, step in enumerate(self.steps, 1))
        return tuple(
            Badge(number, step.matched, step.back, step.outcome in FATAL, number == self.now)
            for number, step in numbered
            if (step.table, step.chain, step.rule) == place
        )


class Event(StrEnum):
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


class PathStep(msgspec.Struct, frozen=True):
    """One stop. `packet` is the packet as it comes there, and `after` as it goes on where the rule changed it, both in a few words.

    `last` is set where some rules that did not match, `rule` to `last`, are one stop. `outcome` is a Step's, and `text` a rule of nft.
    `lost` is a sentence for the catalogue of `messages`, which `values` fill, about a packet that no rule has ended. `back` marks the way
    of what comes back.
    """

    event: Event
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
    text: str = ""

    @property
    def is_native(self) -> bool:
        """Whether it is in a table of nft, which is named with its family: `inet filter`."""
        return " " in self.table

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


class Cable(NamedTuple):
    """A cable that a path crosses, from the end at which the request enters it; for one that only the reply crosses, from its own."""

    near: End
    far: End


class Crossing(NamedTuple):
    """Which packets crossed a cable: the request, the reply, or both."""

    request: bool = False
    reply: bool = False


class PacketPath(msgspec.Struct, frozen=True):
    """The stops of a packet and of what comes back, in order; the first has number 1. `question` is the probe in a few words.

    `now` is the number of the stop that is being looked at, 0 for none; `through` are the namespaces of the whole way where this is a part.
    """

    steps: tuple[PathStep, ...] = ()
    question: str = ""
    now: int = 0
    through: tuple[str, ...] = ()

    def upto(self, number: int) -> "PacketPath":
        """The way as far as the stop with that number, which is the one being looked at."""
        return PacketPath(self.steps[:number], self.question, min(number, len(self.steps)), self.namespaces)

    @property
    def fatal(self) -> PathStep | None:
        """The stop at which it came to its end, if it did not arrive."""
        return self.steps[-1] if self.steps and self.steps[-1].fatal else None

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces on the way, in the order of the first visit."""
        return self.through or tuple(dict.fromkeys(step.namespace for step in self.steps))

    def badge(self, number: int) -> Badge:
        """The number of a stop as pictures show it."""
        step = self.steps[number - 1]
        return Badge(number, step.event != Event.PASSED, step.back, step.fatal, number == self.now)

    def badges(self, namespace: str, interface: str = "") -> tuple[Badge, ...]:
        """The numbers of the stops at an interface; without one, of those in a namespace that are neither on the wire nor rules."""
        return tuple(
            self.badge(number)
            for number, step in enumerate(self.steps, 1)
            if (step.namespace, step.interface) == (namespace, interface) and not step.inside
        )

    def inside(self, namespace: str) -> tuple[Badge, ...]:
        """The numbers of the rules that it met in a namespace."""
        return tuple(self.badge(number) for number, step in enumerate(self.steps, 1) if step.inside and step.namespace == namespace)

    def crossings(self) -> dict[Cable, Crossing]:
        """The cables on the path, and which packets took each."""
        found: dict[Cable, Crossing] = {}
        wired = [step for step in self.steps if not step.inside]
        for one, other in pairwise(wired):
            if (one.event, other.event) == (Event.LEAVES, Event.ENTERS) and one.interface and other.interface:
                there, back = End(one.namespace, one.interface), End(other.namespace, other.interface)
                cable = Cable(back, there) if one.back and Cable(back, there) in found else Cable(there, back)
                taken = found.get(cable, Crossing())
                found[cable] = Crossing(taken.request or not one.back, taken.reply or one.back)
        return found

    def path(self, namespace: str, *, back: bool | None = None) -> RulePath:
        """The rules of one namespace as its pictures of chains show them, with the numbers of this way; `back` picks one direction."""
        steps = tuple(
            RuleStep(step.table, step.chain, rule, step.outcome, step.event != Event.PASSED, number, step.back)
            for number, step in enumerate(self.steps, 1)
            if step.inside and step.namespace == namespace and back in (None, step.back)
            for rule in ([step.rule] if step.last is None or step.rule is None else [step.rule, step.last])
        )
        return RulePath(steps, self.question, self.now)

NOWHERE = PacketPath()
"""No way at all."""

