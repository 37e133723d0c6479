"""The way of one packet through the firewall: which tables each hook asks, and the steps that a packet took, predicted or reported."""

import msgspec

__all__ = ["BESIDE", "FATAL", "HOOK_TABLES", "NFT_HOOK_TABLES", "WAYS", "Badge", "Path", "Step"]

HOOK_TABLES: dict[str, tuple[str, ...]] = {
    "PREROUTING": ("raw", "mangle", "nat"),
    "INPUT": ("mangle", "filter", "security", "nat"),
    "FORWARD": ("mangle", "filter", "security"),
    "OUTPUT": ("raw", "mangle", "nat", "filter", "security"),
    "POSTROUTING": ("mangle", "nat"),
}
"""The tables in the order in which a hook asks them (enum nf_ip_hook_priorities in include/uapi/linux/netfilter_ipv4.h)."""

NFT_HOOK_TABLES = {**HOOK_TABLES, "INPUT": ("mangle", "filter", "nat", "security")}
"""The order of the nft variant, which gives security another priority: 150 (xtables_ipv4 in iptables/nft.c)."""

BESIDE = " beside"
"""Behind a table's name: the table of another firewall that is asked at the same hook, right after iptables' own."""

WAYS: dict[str, tuple[str, ...]] = {
    "forward": ("PREROUTING", "FORWARD", "POSTROUTING"),
    "in": ("PREROUTING", "INPUT"),
    "out": ("OUTPUT", "POSTROUTING"),
}
"""The hooks that a packet passes when it is forwarded, when it is for the host itself, and when a program of the host sends it."""

FATAL = frozenset({"DROP", "REJECT"})
"""The verdicts that end a packet's way."""


class Step(msgspec.Struct, frozen=True):
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


class Path(msgspec.Struct, frozen=True):
    """The steps of one packet in order; the first has the number 1, unless they have numbers of their own.

    `packet` says which packet it was, in a few words; `now` is the number of the step that is being looked at, 0 for none.
    """

    steps: tuple[Step, ...] = ()
    packet: str = ""
    now: int = 0

    @property
    def fatal(self) -> Step | None:
        """The step that ended the packet's way, if one did."""
        return next((step for step in reversed(self.steps) if step.outcome in FATAL), None)

    def upto(self, count: int) -> "Path":
        """The first `count` steps, the last of them being looked at; for stepping forwards and backwards."""
        steps = self.steps[:count]
        return Path(steps, self.packet, (steps[-1].number or len(steps)) if steps else 0)

    def badges(self, table: str, chain: str, rule: int | None) -> tuple[Badge, ...]:
        """The numbers of the steps taken there: several when the packet, or the reply to it, came by again."""
        place = (table, chain, rule)
        numbered = ((step.number or count, step) for count, step in enumerate(self.steps, 1))
        return tuple(
            Badge(number, step.matched, step.back, step.outcome in FATAL, number == self.now)
            for number, step in numbered
            if (step.table, step.chain, step.rule) == place
        )
