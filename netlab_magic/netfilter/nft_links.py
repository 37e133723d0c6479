"""What chains that see frames do to ARP and to neighbour discovery, without which no packet finds its next hop."""

from netlab_magic.nftables import statements as s
from netlab_magic.nftables.expressions import Expression, Meta, Payload
from netlab_magic.nftables.ruleset import Chain, Rule, Table

__all__ = ["may_stop_others"]

_OF_IP = frozenset(("ip", "ip6", "icmp", "icmpv6", "igmp", "tcp", "udp", "udplite", "sctp", "dccp", "esp", "ah", "comp", "th"))
_ARP, _IPV6, _ICMPV6 = 0x0806, 0x86DD, 58
"""From linux/if_ether.h and the list of protocols."""
_DISCOVERY = range(133, 138)
"""The types of ICMPv6 for neighbour discovery (RFC 4861)."""
_LETS_PASS = ("accept", "continue", "return")


def may_stop_others(table: Table, chain: Chain, six: bool) -> bool:
    """Whether a base chain that sees frames may drop ARP, or for IPv6 neighbour discovery; true where that is not certain.

    A rule that accepts all of it protects it from those that follow. Chains that are called are looked at as if everything came there.
    """
    for rule in chain.rules:
        if _is_about_nothing_else(rule, six) and isinstance(rule.statements[-1], s.Verdict) and rule.statements[-1].name == "accept":
            return False
        if _may_stop(table, rule, six, ()):
            return True
    return chain.hook is not None and chain.hook.policy == "drop"


def _may_stop(table: Table, rule: Rule, six: bool, entered: tuple[str, ...]) -> bool:
    """Whether a rule stops such frames, itself or in a chain to which it leads."""
    if any(isinstance(statement, s.Match) and _excludes(statement, six) for statement in rule.statements):
        return False
    for statement in rule.statements:
        match statement:
            case s.Verdict("jump" | "goto", name):
                found = next((one for one in table.chains if one.name == name and name not in entered), None)
                if found is None or any(_may_stop(table, inner, six, (*entered, name)) for inner in found.rules):
                    return True
            case s.Verdict(name) if name in _LETS_PASS:
                pass
            case s.Match() | s.Counter() | s.Log() | s.Assignment():
                pass
            case _:
                return True
    return False


def _is_about_nothing_else(rule: Rule, six: bool) -> bool:
    """Whether a rule takes all of ARP, or of neighbour discovery and more of IPv6: it asks for the protocol alone."""
    wanted = (_IPV6,) if six else (_ARP,)
    asked = [statement for statement in rule.statements if isinstance(statement, s.Match)]
    others = [statement for statement in rule.statements[:-1] if not isinstance(statement, s.Match | s.Counter)]
    return not others and bool(rule.statements) and all(
        match.operator == "==" and _is_ether_type(match.left) and match.right in wanted for match in asked
    )


def _is_ether_type(left: Expression) -> bool:
    return left in (Meta("protocol"), Payload("ether", "type"))


def _excludes(match: s.Match, six: bool) -> bool:
    """Whether a comparison holds for no such frame."""
    left = match.left
    if _is_ether_type(left):
        return _asks_for_others(match, _IPV6 if six else _ARP)
    if six and left in (Meta("l4proto"), Payload("ip6", "nexthdr")):
        return _asks_for_others(match, _ICMPV6)
    if not isinstance(left, Payload) or not six:
        return isinstance(left, Payload) and left.protocol in _OF_IP
    if left.protocol == "icmpv6" and left.field == "type":
        return match.operator == "==" and isinstance(match.right, int) and match.right not in _DISCOVERY
    return left.protocol in _OF_IP - {"ip6", "icmpv6", "th"}


def _asks_for_others(match: s.Match, own: int) -> bool:
    """Whether a comparison with one value leaves out this one."""
    if not isinstance(match.right, int) or match.operator not in ("==", "!="):
        return False
    return (match.operator == "==") is not (match.right == own)
