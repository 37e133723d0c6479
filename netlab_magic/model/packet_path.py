"""A packet's whole path as numbered stops: interfaces and rules in every namespace that it and its reply pass."""

from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import msgspec

from netlab_magic.model.topology import End

__all__ = ["FATAL", "NOWHERE", "Badge", "Cable", "Crossing", "Event", "PacketPath", "PathStep", "RulePath", "RuleStep", "Unmet"]

FATAL = frozenset({"DROP", "REJECT"})
"""The outcomes that end a packet's path."""


class RuleStep(msgspec.Struct, frozen=True):
    """A rule that matched; or if `rule` is None, the end of a chain: its policy, or the return from a user chain.

    `outcome` is what followed, in iptables' words: a verdict (ACCEPT), the chain that was entered, RETURN, or "" if the packet went on to
    the next rule. `matched` is False for a rule that was checked and did not match. `number` is the step's number in a longer path, 0 if
    steps are simply counted. `back` marks a step of the reply.
    """

    table: str
    chain: str
    rule: int | None
    outcome: str = ""
    matched: bool = True
    number: int = 0
    back: bool = False


class Badge(msgspec.Struct, frozen=True):
    """The number of a step as shown in a picture; `fatal` if the packet was lost there, `now` if it is the panel's current step."""

    number: int
    matched: bool = True
    back: bool = False
    fatal: bool = False
    now: bool = False

    @property
    def text(self) -> str:
        """The number with its symbols: current ▸, fatal ✕, reply ↩."""
        return f"{'▸' if self.now else ''}{'✕' if self.fatal else ''}{'↩' if self.back else ''}{self.number}"

    def __str__(self) -> str:
        return f"[{self.text}]" if self.matched else f"({self.text})"


class RulePath(msgspec.Struct, frozen=True):
    """The steps of one packet in order, numbered from 1 unless they carry their own numbers.

    `packet` describes the packet in a few words; `now` is the number of the current step, 0 for none.
    """

    steps: tuple[RuleStep, ...] = ()
    packet: str = ""
    now: int = 0

    @property
    def fatal(self) -> RuleStep | None:
        """The step that ended the packet's path, if one did."""
        return next((step for step in reversed(self.steps) if step.outcome in FATAL), None)

    def upto(self, count: int) -> "RulePath":
        """The first `count` steps, with the last of them as the current one; for stepping forwards and backwards."""
        steps = self.steps[:count]
        return RulePath(steps, self.packet, (steps[-1].number or len(steps)) if steps else 0)

    def badges(self, table: str, chain: str, rule: int | None) -> tuple[Badge, ...]:
        """The numbers of the steps at this rule or chain end: several if the packet or its reply passed it again."""
        place = (table, chain, rule)
        numbered = ((step.number or count, step) for count, step in enumerate(self.steps, 1))
        return tuple(
            Badge(number, step.matched, step.back, step.outcome in FATAL, number == self.now)
            for number, step in numbered
            if (step.table, step.chain, step.rule) == place
        )


class Event(StrEnum):
    """What happens at a stop.

    ENTERS and LEAVES are at an interface. RULE matched, PASSED did not; END is a chain's policy, or the return from a user chain. ARRIVES
    means that the packet was delivered, LOST that its path ended outside the firewall.
    """

    ENTERS = "enters"
    LEAVES = "leaves"
    RULE = "rule"
    PASSED = "passed"
    END = "end"
    ARRIVES = "arrives"
    LOST = "lost"


class Unmet(msgspec.Struct, frozen=True):
    """A condition of a rule that the packet did not meet: it has `seen`, the rule wants `wanted` (or anything else, if `negated`).

    `judged` is False if it cannot be told whether the condition holds.
    """

    about: str
    seen: str = ""
    wanted: str = ""
    negated: bool = False
    judged: bool = True


class PathStep(msgspec.Struct, frozen=True):
    """One stop. `packet` is the packet as it arrives, and `after` as it goes on if the rule changed it, both in a few words.

    `last` is set if several rules that did not match, `rule` to `last`, are one stop. `outcome` is as in `Step`, and `text` is the text of
    an nft rule. `lost` is a message, filled in by `values`, about a packet that no rule dropped. `back` marks the path of the reply.
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
        """Whether it is in one of nft's own tables, which are named with their family: `inet filter`."""
        return " " in self.table

    @property
    def inside(self) -> bool:
        """Whether it is a rule or the end of a chain."""
        return self.event in (Event.RULE, Event.PASSED, Event.END)

    @property
    def site(self) -> str:
        """Where it is, in short: `ns1:eth0`, `FORWARD rule 2`, `FORWARD policy`; otherwise the namespace alone."""
        if self.interface:
            return f"{self.namespace}:{self.interface}"
        if not self.inside:
            return self.namespace
        table = "" if self.table == "filter" else f"{self.table} "
        if self.rule is None:
            return f"{table}{self.chain} {'end' if self.outcome == 'RETURN' else 'policy'}"
        return f"{table}{self.chain} rule {self.rule}" if self.last is None else f"{table}{self.chain} rules {self.rule}–{self.last}"


class Cable(NamedTuple):
    """A cable that a path crosses, from the end at which the request (or else the reply) enters it."""

    near: End
    far: End


class Crossing(NamedTuple):
    """Which packets crossed a cable: the request, the reply, or both."""

    request: bool = False
    reply: bool = False


class PacketPath(msgspec.Struct, frozen=True):
    """The stops of a packet and of its reply, in order, numbered from 1. `question` is the probe in a few words.

    `now` is the number of the current stop, 0 for none; `through` holds the namespaces of the whole path if this is only part of it.
    """

    steps: tuple[PathStep, ...] = ()
    question: str = ""
    now: int = 0
    through: tuple[str, ...] = ()

    def upto(self, number: int) -> "PacketPath":
        """The path up to the stop with that number, which becomes the current one."""
        return PacketPath(self.steps[:number], self.question, min(number, len(self.steps)), self.namespaces)

    @property
    def fatal(self) -> PathStep | None:
        """The stop at which the packet was lost, if it was."""
        return self.steps[-1] if self.steps and self.steps[-1].fatal else None

    @property
    def namespaces(self) -> tuple[str, ...]:
        """The namespaces on the path, in the order of the first visit."""
        return self.through or tuple(dict.fromkeys(step.namespace for step in self.steps))

    def badge(self, number: int) -> Badge:
        """The number of a stop, as pictures show it."""
        step = self.steps[number - 1]
        return Badge(number, step.event != Event.PASSED, step.back, step.fatal, number == self.now)

    def badges(self, namespace: str, interface: str = "") -> tuple[Badge, ...]:
        """The numbers of the stops at an interface; without one, of those in a namespace that are neither at interfaces nor at rules."""
        return tuple(
            self.badge(number)
            for number, step in enumerate(self.steps, 1)
            if (step.namespace, step.interface) == (namespace, interface) and not step.inside
        )

    def inside(self, namespace: str) -> tuple[Badge, ...]:
        """The numbers of the stops at rules in a namespace."""
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
        """The steps in one namespace, for its pictures of chains, with the numbers of this path; `back` picks one direction."""
        steps = tuple(
            RuleStep(step.table, step.chain, rule, step.outcome, step.event != Event.PASSED, number, step.back)
            for number, step in enumerate(self.steps, 1)
            if step.inside and step.namespace == namespace and back in (None, step.back)
            for rule in ([step.rule] if step.last is None or step.rule is None else [step.rule, step.last])
        )
        return RulePath(steps, self.question, self.now)

NOWHERE = PacketPath()
"""The empty path."""

