"""The result of a walk: every rule that was checked, and the outcome."""

from enum import StrEnum
from functools import cached_property
from itertools import chain

import msgspec

from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import RulePath, RuleStep
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.routing import NextHop
from netlab_magic.netfilter.rule_index import Line, Lines
from netlab_magic.netfilter.targets import Action

__all__ = ["Cause", "Entries", "HostTrace", "Outcome", "PassedRules", "RuleVisit"]


class Outcome(StrEnum):
    """The outcome for a packet. FORWARDED and SENT packets left the host, DELIVERED ones reached a program on it."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    FORWARDED = "forwarded"
    REJECTED = "rejected"
    SENT = "sent"
    UNKNOWN = "unknown"


class Cause(StrEnum):
    """What stopped a packet: a rule or a policy, or the host itself."""

    RULE = "rule"
    NO_ROUTE = "no route"
    BLACKHOLE = "blackhole"
    UNREACHABLE = "unreachable"
    PROHIBIT = "prohibit"
    NOT_FORWARDING = "not forwarding"
    TTL = "time to live"
    HAIRPIN = "hairpin"
    LOOPBACK_DOWN = "loopback down"
    MARTIAN = "martian"
    REVERSE_PATH = "rp_filter"


class RuleVisit(msgspec.Struct, frozen=True, gc=False):
    """One rule that was checked, or the end of a chain. `failed` is the index of the first condition that did not hold.

    `matched` is None if it is unknown but does not matter, since the rule does not affect packets. `follows` is what a match leads to,
    where that depends on the packet.
    """

    hook: str
    line: Line
    matched: bool | None
    failed: int
    frame: Frame
    changed: Frame | None = None
    follows: Action | None = None

    @property
    def table(self) -> str:
        """The table of the rule."""
        return self.line.table

    @property
    def chain(self) -> str:
        """The chain of the rule."""
        return self.line.chain

    @property
    def rule(self) -> int | None:
        """The number of the rule, counted from 1; None for the end of the chain."""
        return self.line.number

    @property
    def why(self) -> str:
        """Why the rule did not match: `ctstate NEW is not RELATED,ESTABLISHED`; "" if it did."""
        if self.matched:
            return ""
        condition = self.line.conditions[self.failed]
        return condition.why(self.frame) if self.is_judged else f"{condition.about} cannot be judged"

    @property
    def is_judged(self) -> bool:
        """Whether it is certain, and not only assumed or irrelevant, that the rule did not match."""
        return self.matched is not None and self.line.conditions[self.failed].test(self.frame) is not None

    @property
    def outcome(self) -> str:
        """What followed a match: a verdict, the chain that was entered, or "" when the packet went on."""
        if not self.matched:
            return ""
        follows = self.follows or self.line.action
        return follows.verdict or follows.chain

    @property
    def before(self) -> Packet:
        """The packet as the rule saw it."""
        return self.frame.packet()

    @property
    def after(self) -> Packet | None:
        """The packet after the rule, None if the rule did not change it."""
        return self.changed.packet() if self.changed else None


class PassedRules(msgspec.Struct, frozen=True, gc=False):
    """Rules of one chain that did not match, one after the other: those from `start` until before `stop`, counted from 0."""

    hook: str
    chain: Lines
    start: int
    stop: int
    frame: Frame

    @property
    def visits(self) -> tuple[RuleVisit, ...]:
        """Each of them, with the condition that failed, computed on demand."""
        lines = self.chain.lines[self.start : self.stop]
        return tuple(RuleVisit(self.hook, line, False, line.match(self.frame)[1], self.frame) for line in lines)


Entries = list[RuleVisit | PassedRules]
"""What was checked, in order."""


class HostTrace(msgspec.Struct, frozen=True, dict=True):
    """The trace of a packet: `visits` are all rules that were checked, and `why` explains the `outcome` in a sentence.

    `hooks` are those that it passed; `answer` is the error that its sender gets if it was rejected, as `--reject-with` names it.
    `doubt` is why an outcome is unknown, and `undecided` the place (table, chain, rule) where such a walk ends; with `forks`, that rule
    may or may not match, and the packet goes on in both cases. `cause` is what stopped it, if anything did. `hop` is the next hop that
    routing found last. `keeps_from_neighbours` is what may keep the host from finding a next hop at all, although not from sending to it.
    """

    sent: Packet
    entries: tuple[RuleVisit | PassedRules, ...]
    hooks: tuple[str, ...]
    outcome: Outcome
    why: str
    last: Frame
    answer: str = ""
    doubt: str = ""
    undecided: tuple[str, str, int] | None = None
    cause: Cause | None = None
    forks: bool = False
    hop: NextHop | None = None
    keeps_from_neighbours: str = ""

    @property
    def passed(self) -> bool:
        """Whether the packet passed this host: it was forwarded, sent or delivered."""
        return self.outcome in (Outcome.DELIVERED, Outcome.FORWARDED, Outcome.SENT)

    @cached_property
    def visits(self) -> tuple[RuleVisit, ...]:
        """All rules that were checked."""
        return tuple(chain.from_iterable((entry,) if isinstance(entry, RuleVisit) else entry.visits for entry in self.entries))

    @property
    def packet(self) -> Packet:
        """The packet at the end."""
        return self.last.packet()

    @property
    def matched(self) -> tuple[RuleVisit, ...]:
        """The steps at which a rule matched, or a chain ended."""
        return tuple(step for step in self.entries if isinstance(step, RuleVisit) and step.matched)

    @property
    def decided_by(self) -> RuleVisit | None:
        """The last step that matched: for a dropped packet, the one that dropped it."""
        return next((step for step in reversed(self.entries) if isinstance(step, RuleVisit) and step.matched), None)

    @property
    def meets_native(self) -> bool:
        """Whether it met a table of nft."""
        return any(step.line.is_native for step in self.matched)

    @property
    def path(self) -> RulePath:
        """The path for the pictures."""
        return RulePath(tuple(RuleStep(step.table, step.chain, step.rule, step.outcome) for step in self.matched), str(self.sent))
