"""Changes of nft's own tables that may let a packet pass: in the very chain that stopped it, because no other table can save it.

What accepts in one base chain leaves the packet to those that come later (nf_hook_slow), so that an accept in a table of one's own is no
remedy. Tables that a known program makes are not touched: it would undo what others change there.
"""

import re
from collections.abc import Iterator

import msgspec

from netlab_magic.diagnosis.remedies.firewall import Change
from netlab_magic.diagnosis.remedies.remedy import Fix, Scope, World
from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.forwarding.prediction import Hop
from netlab_magic.i18n import message
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import RuleVisit
from netlab_magic.nftables.ruleset import Chain, Rule, Table
from netlab_magic.nftables.text.statement_parser import read_rule

__all__ = ["native_fixes", "stopped_in"]

_NAME = re.compile(r"[A-Za-z0-9_./\\-]+")
"""Names that are the same word for nft and for a shell."""

_FLOW = message(
    "Accept only these packets, in the chain {chain} of the table {table} itself, where an accept in another table would come to nothing: "
    "{spec}."
)
_REPLY = message(
    "Accept the replies of known connections, in the chain {chain} of the table {table} itself, where an accept in another table would "
    "come to nothing."
)
_DELETE = message("Delete rule {number} of the chain {chain} in the table {table}, which lets no such packet pass.")
_POLICY = message("Let the chain {chain} of the table {table} accept all packets that none of its rules decides about: its policy.")


def stopped_in(world: World, hop: Hop, killer: RuleVisit) -> Table | None:
    """The table of nft that stopped a packet; None if iptables did."""
    held = world.other_filters.get(hop.namespace)
    return held.native.table(*killer.table.split(" ", 1)) if held and killer.line.is_native else None


def native_fixes(world: World, hop: Hop, killer: RuleVisit) -> Iterator[Change]:
    """The changes that may let this packet pass the place that stopped it; none in a table that belongs to a program."""
    table = stopped_in(world, hop, killer)
    chain = table.chain(killer.chain) if table else None
    if table is None or chain is None or owner_of(table) or "owner" in table.flags:
        return
    if all(_NAME.fullmatch(name) for name in (table.name, chain.name)):
        yield from _AtTheKiller(world, hop.namespace, killer, table, chain).changes()


class _AtTheKiller:
    """The place in a chain of nft where a packet was stopped."""

    def __init__(self, world: World, namespace: str, killer: RuleVisit, table: Table, chain: Chain) -> None:
        self.world, self.namespace = world, namespace
        self.table, self.chain = table, chain
        self.packet, self.number = killer.before, killer.rule

    def changes(self) -> Iterator[Change]:
        is_reply = self.packet.direction == "REPLY" and self.packet.state in ("ESTABLISHED", "RELATED")
        if is_reply:
            yield self.accepting("reply", _REPLY, "ct state established,related")
        else:
            yield self.accepting("flow", _FLOW, self.exactly())
        if self.number is None:
            hook = self.chain.hook
            if hook is not None:
                after = msgspec.structs.replace(self.chain, hook=msgspec.structs.replace(hook, policy="accept", raw=""))
                yield self.made("policy", _POLICY, f"chain {self.place} {{ policy accept; }}", after, {})
        else:
            handle = self.chain.rules[self.number - 1].handle
            if handle is not None:
                rules = (*self.chain.rules[: self.number - 1], *self.chain.rules[self.number :])
                after = msgspec.structs.replace(self.chain, rules=rules)
                yield self.made("delete rule", _DELETE, f"delete rule {self.place} handle {handle}", after, {"number": str(self.number)})

    @property
    def place(self) -> str:
        return f"{self.table.title} {self.chain.name}"

    def exactly(self) -> str:
        """The match for packets like this one."""
        packet = self.packet
        family, icmp = ("ip6", "icmpv6") if ":" in packet.source else ("ip", "icmp")
        words = f"{family} saddr {packet.source} {family} daddr {packet.destination}"
        if packet.protocol in ("tcp", "udp"):
            replies = packet.direction == "REPLY" or packet.source_port < packet.destination_port
            end = f"sport {packet.source_port}" if replies else f"dport {packet.destination_port}"
            return f"{words} {packet.protocol} {end}"
        return f"{words} {icmp} type {packet.icmp_type}"

    def accepting(self, scope: Scope, sentence: str, spec: str) -> Change:
        """A rule that accepts before the one that stopped the packet, or at the end of the chain whose policy did."""
        at = len(self.chain.rules) if self.number is None else self.number - 1
        rule = Rule(*read_rule(f"{spec} accept", self.table.family))
        after = msgspec.structs.replace(self.chain, rules=(*self.chain.rules[:at], rule, *self.chain.rules[at:]))
        line = f"add rule {self.place}" if self.number is None else f"insert rule {self.place} index {at}"
        return self.made(scope, sentence, f"{line} {spec} accept", after, {"spec": spec})

    def made(self, scope: Scope, sentence: str, line: str, after: Chain, values: dict[str, str]) -> Change:
        """The change as a command, and the world after it."""
        quoted = f"nft '{line}'" if "{" in line else f"nft {line}"
        typed = quoted if self.namespace == HOST else f"ip netns exec {self.namespace} {quoted}"
        fix = Fix(scope, sentence, {"chain": self.chain.name, "table": self.table.title, **values}, (typed,), (typed,))
        held = self.world.other_filters[self.namespace]
        blocks = tuple(after if block is self.chain else block for block in self.table.blocks)
        table = msgspec.structs.replace(self.table, blocks=blocks)
        tables = tuple(table if one is self.table else one for one in held.native.tables)
        native = msgspec.structs.replace(held.native, tables=tables)
        filters = {**self.world.other_filters, self.namespace: msgspec.structs.replace(held, native=native)}
        return fix, msgspec.structs.replace(self.world, other_filters=filters)
