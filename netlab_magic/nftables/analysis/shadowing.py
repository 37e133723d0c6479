"""Rules of nft that can never match, because an earlier rule of their chain takes every packet that they would match."""

from collections.abc import Iterator

from netlab_magic.iptables.analysis.intervals import Spans, joined, met, outside, span
from netlab_magic.iptables.analysis.rule_sets import Demands
from netlab_magic.iptables.analysis.shadowing import taken_before
from netlab_magic.nftables.analysis.reachability import graph_of, is_condition
from netlab_magic.nftables.expressions import CONSTANTS, AnonymousSet, Ct, Expression, Meta, NamedSet, Payload, Prefix, Range
from netlab_magic.nftables.ruleset import Chain, Rule, Table
from netlab_magic.nftables.statements import Assignment, Match, Notrack, Reject, Statement, VerdictMap
from netlab_magic.nftables.symbols import SYMBOLS
from netlab_magic.nftables.text.expression_printer import Style
from netlab_magic.nftables.text.statement_printer import statement_text

__all__ = ["all_shadowed", "shadowed"]

_STYLE = Style()
_V4, _V6 = 2, 10
_FAMILIES = {"ip": _V4, "icmp": _V4, "igmp": _V4, "ip6": _V6, "icmpv6": _V6}
"""Protocols that exist in one family only, and its number (NFPROTO_IPV4, NFPROTO_IPV6)."""

_PORTED = ("tcp", "udp", "udplite", "sctp", "dccp", "th")
_NUMBERS: dict[Expression, tuple[str, int]] = {
    **{Payload("ip", end): (f"ip {end}", 2**32 - 1) for end in ("saddr", "daddr")},
    **{Payload("ip6", end): (f"ip6 {end}", 2**128 - 1) for end in ("saddr", "daddr")},
    **{Payload(protocol, end): (end, 2**16 - 1) for protocol in _PORTED for end in ("sport", "dport")},
    Meta("l4proto"): ("protocol", 255),
    Payload("ip", "protocol"): ("protocol", 255),
    Meta("nfproto"): ("family", 255),
    Payload("icmp", "type"): ("icmp type", 255),
    Payload("icmpv6", "type"): ("icmp type", 255),
}
"""What is compared as sets of numbers: its name, and the largest number that it can be."""

_LARGEST = dict(_NUMBERS.values())
_DEVICES: dict[Expression, str] = {Meta("iifname"): "-i", Meta("iif"): "-i", Meta("oifname"): "-o", Meta("oif"): "-o"}
_STATES = SYMBOLS["ct_state"]
_STEADY_META = frozenset({
    "iif", "iifgroup", "iifname", "iiftype", "l4proto", "nfproto", "oif", "oifgroup", "oifname", "pkttype", "protocol",
})  # fmt: skip


def shadowed(table: Table, chain: Chain) -> dict[int, int]:
    """The rules of a chain that can never match, by number, and the first rule before each that takes all that it would match.

    Only certain cases are included, not those that depend on what may change between two rules or is not understood. Several rules
    together may take more than each of them alone; that is not checked.
    """
    graph, steady = graph_of(table), _Steady(table)
    exits = graph.chains[chain.name].rules if len(chain.rules) > 1 else ()
    return taken_before(
        (_Collector(table.family, steady).demands(rule), graph.takes(exit_) and not _looks_up(rule))
        for exit_, rule in zip(exits, chain.rules, strict=False)
    )


def all_shadowed(table: Table) -> Iterator[tuple[str, int, int]]:
    """The rules of all chains of a table that can never match: chain, number, and the number of the rule that takes all it would match."""
    for chain in table.chains:
        yield from ((chain.name, *pair) for pair in sorted(shadowed(table, chain).items()))


def _looks_up(rule: Rule) -> bool:
    """Whether the verdict comes from a map, which may change."""
    return any(isinstance(statement, VerdictMap) for statement in rule.statements)


class _Steady:
    """What the rules of a table leave as it is from one rule to the next."""

    def __init__(self, table: Table) -> None:
        done = [statement for chain in table.chains for rule in chain.rules for statement in rule.statements]
        self._rewrites = any(isinstance(one, Assignment) and isinstance(one.target, Payload) for one in done)
        self._untracks = any(isinstance(one, Notrack) for one in done)
        self._sets = frozenset(found.name for found in table.sets if "dynamic" not in found.flags and "timeout" not in found.flags)

    def holds(self, match: Match) -> bool:
        """Whether a comparison gives the same answer for a packet anywhere in the chain."""
        if isinstance(match.right, NamedSet) and match.right.name not in self._sets:
            return False
        match match.left:
            case Payload():
                return not self._rewrites
            case Meta(key):
                return key in _STEADY_META
            case Ct("state", ""):
                return not self._untracks
        return False


class _Collector:
    """Gathers what one rule demands of packets."""

    def __init__(self, family: str, steady: _Steady) -> None:
        self.family = family
        self.steady = steady
        self.numbers: dict[str, Spans] = {}
        self.devices: dict[str, tuple[str, bool]] = {}
        self.states: frozenset[str] | None = None
        self.others: set[str] = set()
        self.is_steady = True

    def demands(self, rule: Rule) -> Demands:
        for statement in rule.statements:
            if isinstance(statement, Match):
                self.match(statement)
            elif is_condition(statement, self.family):
                self.condition(statement)
        return Demands(self.numbers, self.devices, self.states, (), frozenset(self.others), self.is_steady, _LARGEST)

    def condition(self, statement: Statement) -> None:
        """A condition that is not a comparison; if it counts, or changes what it tests, nothing follows from it."""
        match statement:
            case Reject("tcp reset"):
                self.demand("protocol", span(6, 6))
            case Reject(kind):
                number = _V6 if kind == "icmpv6" else _V4
                self.demand("family", span(number, number))
            case _:  # in a table inet, nat for one family lets packets of the other one go on (nft_nat_inet_eval in nft_nat.c)
                self.is_steady = False
                self.others.add(statement_text(statement, self.family, _STYLE))

    def match(self, match: Match) -> None:
        self.is_steady = self.is_steady and self.steady.holds(match)
        self.imply(match.left)
        name = _DEVICES.get(match.left)
        if match.left in _NUMBERS and self.number(match):
            return
        if name and name not in self.devices and match.operator in ("==", "!=") and _is_name(match.right):
            self.devices[name] = (_pattern(str(match.right)), match.operator == "!=")
        elif match.left == Ct("state") and match.operator in ("==", "in") and self.state(match.right):
            return
        else:
            self.others.add(statement_text(match, self.family, _STYLE))

    def imply(self, left: Expression) -> None:
        """What the presence of a field says about the packet."""
        if not isinstance(left, Payload) or left.tunnel:
            return
        family = _FAMILIES.get(left.protocol)
        if family:
            self.demand("family", span(family, family))
        number = SYMBOLS["inet_proto"].get({"icmpv6": "ipv6-icmp"}.get(left.protocol, left.protocol))
        if number is not None and left.protocol not in ("ip", "ip6"):
            self.demand("protocol", span(number, number))

    def number(self, match: Match) -> bool:
        """A comparison as a set of numbers; False if it is not one."""
        name, largest = _NUMBERS[match.left]
        spans = _spans(match, largest)
        if spans is None:
            return False
        self.demand(name, spans)
        return True

    def demand(self, name: str, spans: Spans) -> None:
        self.numbers[name] = met(self.numbers[name], spans) if name in self.numbers else spans

    def state(self, wanted: Expression) -> bool:
        """States of connections, of which a packet has one."""
        values = [element.key for element in wanted.elements] if isinstance(wanted, AnonymousSet) else [wanted]
        if not all(isinstance(value, int) for value in values):
            return False
        named = frozenset(name for name, bit in _STATES.items() if any(isinstance(value, int) and value & bit for value in values))
        self.states = named if self.states is None else self.states & named
        return True


def _spans(match: Match, largest: int) -> Spans | None:
    """The numbers that pass a comparison; None if it does not compare with constants."""
    if match.operator in ("<", ">", "<=", ">="):
        value = _number(match.right)
        if value is None:
            return None
        below = match.operator in ("<", "<=")
        edge = value if "=" in match.operator else value + (-1 if below else 1)
        return span(0, edge) if below else span(edge, largest)
    if match.operator not in ("==", "!="):
        return None
    parts = [element.key for element in match.right.elements] if isinstance(match.right, AnonymousSet) else [match.right]
    found = [_ends(part, largest) for part in parts]
    if any(ends is None for ends in found):
        return None
    wanted = joined(ends for ends in found if ends)
    return outside(wanted, largest) if match.operator == "!=" else wanted


def _ends(part: Expression, largest: int) -> tuple[int, int] | None:
    """The first and last number of a constant, a prefix or a range."""
    if isinstance(part, Prefix):
        first = _number(part.address)
        return None if first is None else (first, first | (1 << largest.bit_length() - part.length) - 1)
    if isinstance(part, Range):
        low, high = _number(part.low), _number(part.high)
        return None if low is None or high is None else (low, high)
    value = _number(part)
    return None if value is None else (value, value)


def _number(value: Expression) -> int | None:
    return int(value) if isinstance(value, CONSTANTS) and not isinstance(value, str) else None


def _is_name(value: Expression) -> bool:
    """Whether it is a device's name, or its beginning and a *; a + would be read otherwise."""
    return isinstance(value, str) and "+" not in value


def _pattern(name: str) -> str:
    return f"{name[:-1]}+" if name.endswith("*") else name
