"""Changes of nft's own tables that may let a packet pass: in the very chain that stopped it, because no other table can save it.

What accepts in one base chain leaves the packet to those that come later (nf_hook_slow), so that an accept in a table of one's own is no
remedy. Tables that a known program makes are not touched: it would undo what others change there.
"""

import re
from collections.abc import Iterator

import msgspec

from netlab_magic.diagnosis.remedies.firewall import NEIGHBOURS, OUTWARDS, SERVICE, Change, by_interfaces, service_of
from netlab_magic.diagnosis.remedies.remedy import Fix, Scope, World
from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.forwarding.prediction import Hop, Trace
from netlab_magic.i18n import message
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import HOST
from netlab_magic.model.unread import is_stand_in
from netlab_magic.netfilter import RuleVisit
from netlab_magic.nftables.ruleset import Chain, Rule, Set, Table
from netlab_magic.nftables.text.statement_parser import read_rule

__all__ = ["exactly", "native_fixes", "native_neighbour_fixes", "stopped_in", "with_block", "with_rule"]

_NAME = re.compile(r"[A-Za-z0-9_./\\-]+")
"""Names that are the same word for nft and for a shell."""

_FLOW = message(
    "Accept only these packets in chain {chain} of table {table}: {spec}. An accept in another table would not save what this one drops."
)
_REPLY = message(
    "Accept the replies of known connections in chain {chain} of table {table}. "
    "An accept in another table would not save what this one drops."
)
_DELETE = message("Delete rule {number} of chain {chain} in table {table}, which lets no such packet pass.")
_POLICY = message("Set the policy of chain {chain} in table {table} to accept: packets that none of its rules decides about then pass.")


def stopped_in(world: World, hop: Hop, killer: RuleVisit) -> Table | None:
    """The table of nft that stopped a packet; None if iptables did."""
    return _table(world, hop.namespace, killer.table) if killer.line.is_native else None


def native_fixes(world: World, hop: Hop, killer: RuleVisit) -> Iterator[Change]:
    """The changes that may let this packet pass the place that stopped it; none in a table that belongs to a program."""
    place = _place(world, hop.namespace, killer.table, killer.chain, killer.rule)
    if place is not None:
        yield from place.letting_pass(killer.before)
        yield from place.without()


def native_neighbour_fixes(world: World, trace: Trace) -> Iterator[Change]:
    """The changes where a table of nft keeps hosts from finding each other: it drops who-has questions of IPv6, or their answers."""
    lost = trace.values
    place = _place(world, lost["place"], lost["table"], lost["chain"], None if lost["rule"] == "None" else int(lost["rule"]))
    if place is not None:
        yield place.accepting("flow", NEIGHBOURS, "meta l4proto ipv6-icmp")
        yield from place.without()


def _table(world: World, namespace: str, title: str) -> Table | None:
    held = world.other_filters.get(namespace)
    return held.native.table(*title.split(" ", 1)) if held else None


def _place(world: World, namespace: str, title: str, chain_name: str, number: int | None) -> "_AtTheKiller | None":
    """The place in a table that may be edited; None if a program owns it, or a shell would read its names otherwise."""
    table = _table(world, namespace, title)
    chain = table.chain(chain_name) if table else None
    if table is None or chain is None or owner_of(table) or "owner" in table.flags:
        return None
    if not all(_NAME.fullmatch(name) for name in (table.name, chain.name)):
        return None
    return _AtTheKiller(world, namespace, table, chain, number)


class _AtTheKiller:
    """The place in a chain of nft where a packet was stopped: by the rule with that number, or by the policy (None)."""

    def __init__(self, world: World, namespace: str, table: Table, chain: Chain, number: int | None) -> None:
        self.world, self.namespace = world, namespace
        self.table, self.chain, self.number = table, chain, number

    def letting_pass(self, packet: Packet) -> Iterator[Change]:
        """The rules that accept packets like this one; if it is a reply, all replies."""
        if packet.direction == "REPLY" and packet.state in ("ESTABLISHED", "RELATED"):
            yield self.accepting("reply", _REPLY, "ct state established,related")
            return
        yield self.accepting("flow", _FLOW, exactly(packet))
        if (service := service_of(packet)) and _NAME.fullmatch(service["input"]):
            spec = f"iifname {service['input']} {service['protocol']} dport {service['port']}"
            yield self.accepting("interfaces", SERVICE, spec, service)
            return
        sentence, came, leaves = by_interfaces(self.world, self.namespace, packet)
        if sentence and all(_NAME.fullmatch(name) for name in (came, leaves) if name):
            out = f"oifname != {came}" if sentence == OUTWARDS else f"oifname {leaves}" if leaves else ""
            spec = " ".join(filter(None, (f"iifname {came}" if came else "", out)))
            yield self.accepting("interfaces", sentence, spec, {"input": came, "output": leaves})

    def without(self) -> Iterator[Change]:
        """The fixes that delete the rule that stopped the packet, or change the policy."""
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

    def accepting(self, scope: Scope, sentence: str, spec: str, values: dict[str, str] | None = None) -> Change:
        """A rule that accepts before the one that stopped the packet, or at the end of the chain whose policy did."""
        at = len(self.chain.rules) if self.number is None else self.number - 1
        after = with_rule(self.table, self.chain, at, f"{spec} accept")
        line = f"add rule {self.place}" if self.number is None else f"insert rule {self.place} index {at}"
        return self.made(scope, sentence, f"{line} {spec} accept", after, values or {"spec": spec})

    def made(self, scope: Scope, sentence: str, line: str, after: Chain, values: dict[str, str]) -> Change:
        """The change as a command, and the world after it."""
        quoted = f"nft '{line}'" if "{" in line else f"nft {line}"
        typed = quoted if self.namespace == HOST else f"ip netns exec {self.namespace} {quoted}"
        fix = Fix(scope, sentence, {"chain": self.chain.name, "table": self.table.title, **values}, (typed,), (typed,))
        return fix, with_block(self.world, self.namespace, self.table, self.chain, after)


def with_rule(table: Table, chain: Chain, at: int, text: str) -> Chain:
    """The chain with one more rule, `at` of its rules before it."""
    rule = Rule(*read_rule(text, table.family))
    return msgspec.structs.replace(chain, rules=(*chain.rules[:at], rule, *chain.rules[at:]))


def with_block(world: World, namespace: str, table: Table, before: Chain | Set, after: Chain | Set) -> World:
    """The world with a chain or set of a table of that namespace replaced."""
    held = world.other_filters[namespace]
    blocks = tuple(after if block is before else block for block in table.blocks)
    edited = msgspec.structs.replace(table, blocks=blocks)
    tables = tuple(edited if one is table else one for one in held.native.tables)
    native = msgspec.structs.replace(held.native, tables=tables)
    filters = {**world.other_filters, namespace: msgspec.structs.replace(held, native=native)}
    return msgspec.structs.replace(world, other_filters=filters)


def exactly(packet: Packet) -> str:
    """The match for packets like this one."""
    family, icmp = ("ip6", "icmpv6") if ":" in packet.source else ("ip", "icmp")
    ends = (("saddr", packet.source), ("daddr", packet.destination))
    words = " ".join(f"{family} {word} {address}" for word, address in ends if not is_stand_in(address))
    if packet.protocol in ("tcp", "udp"):
        replies = packet.direction == "REPLY" or packet.source_port < packet.destination_port
        end = f"sport {packet.source_port}" if replies else f"dport {packet.destination_port}"
        return f"{words} {packet.protocol} {end}"
    return f"{words} {icmp} type {packet.icmp_type}"
