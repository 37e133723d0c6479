"""The way of one packet through the firewall: which tables each hook asks, and the steps that a packet took, predicted or reported."""

import msgspec

__all__ = ["HOOK_TABLES", "WAYS", "Path", "Step"]

HOOK_TABLES: dict[str, tuple[str, ...]] = {
    "PREROUTING": ("raw", "mangle", "nat"),
    "INPUT": ("mangle", "filter", "security", "nat"),
    "FORWARD": ("mangle", "filter", "security"),
    "OUTPUT": ("raw", "mangle", "nat", "filter", "security"),
    "POSTROUTING": ("mangle", "nat"),
}
"""The tables in the order in which a hook asks them (enum nf_ip_hook_priorities in include/uapi/linux/netfilter_ipv4.h)."""

WAYS: dict[str, tuple[str, ...]] = {
    "forward": ("PREROUTING", "FORWARD", "POSTROUTING"),
    "in": ("PREROUTING", "INPUT"),
    "out": ("OUTPUT", "POSTROUTING"),
}
"""The hooks that a packet passes when it is forwarded, when it is for the host itself, and when a program of the host sends it."""


class Step(msgspec.Struct, frozen=True):
    """One rule that matched, or the end of a chain when `rule` is None: its policy, or the return of a user chain.

    `outcome` is what followed, in iptables' words: a verdict (ACCEPT), the chain that was entered, RETURN, or "" when the packet went
    on to the next rule.
    """

    table: str
    chain: str
    rule: int | None
    outcome: str = ""


class Path(msgspec.Struct, frozen=True):
    """The steps of one packet in order; the first has the number 1. `packet` says which packet it was, in a few words."""

    steps: tuple[Step, ...] = ()
    packet: str = ""

    def numbers(self, table: str, chain: str, rule: int | None) -> tuple[int, ...]:
        """The numbers of the steps taken there: several when the packet came by again."""
        place = (table, chain, rule)
        return tuple(number for number, step in enumerate(self.steps, 1) if (step.table, step.chain, step.rule) == place)
