"""What nft knows of a packet's protocols while it reads a rule, and the comparisons that it adds: `tcp dport` needs `meta l4proto tcp`.

nftables, src/payload.c (payload_gen_dependency) and src/evaluate.c. All of it was measured with nft 1.0.6.
"""

from collections.abc import Iterator, Sequence

from netlab_magic.nftables.commands.complaints import Refused, Span
from netlab_magic.nftables.commands.headers import NETWORK, TRANSPORT, base_of
from netlab_magic.nftables.commands.rule_parser import Placed
from netlab_magic.nftables.expressions import AnonymousSet, Expression, ExtensionHeader, IpOption, Meta, Payload, TcpOption
from netlab_magic.nftables.statements import Masquerade, Match, Nat, Redirect, Reject, Statement, Verdict

__all__ = ["NFPROTO", "protocol_said", "with_dependencies"]

ETHER_TYPES = {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806}
NFPROTO = {"ip": 2, "ip6": 10}
_TRANSPORTS = {
    "tcp": 6, "udp": 17, "udplite": 136, "sctp": 132, "dccp": 33, "icmp": 1, "icmpv6": 58, "igmp": 2, "ah": 51, "esp": 50, "comp": 108,
    "gre": 47,
}  # fmt: skip
_ENDS = ("accept", "drop", "return", "jump", "goto")
_WITH_LINKS = ("bridge", "netdev")
_SAYS_TRANSPORT = (Meta("l4proto"), Payload("ip", "protocol"), Payload("ip6", "nexthdr"))


def protocol_said(statement: object, family: str) -> tuple[str, str]:
    """The header and the protocol that a comparison says stands in it, such as (th, tcp); "" for another statement."""
    if not isinstance(statement, Match) or statement.operator != "==" or not isinstance(statement.right, int):
        return "", ""
    value = statement.right
    match statement.left:
        case Meta("l4proto") | Payload("ip", "protocol") | Payload("ip6", "nexthdr"):
            return TRANSPORT, next((name for name, number in _TRANSPORTS.items() if number == value), "other")
        case Meta("nfproto") if family == "inet":
            return NETWORK, next((name for name, number in NFPROTO.items() if number == value), "other")
        case Meta("protocol") | Payload("ether", "type"):
            return NETWORK, next((name for name, number in ETHER_TYPES.items() if number == value), "other")
    return "", ""


class Context:
    """The protocols that are known at a place in a rule of a table of `family`."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.network = family if family in ("ip", "ip6", "arp") else ""
        self.transport = ""
        self.has_ports = False
        self.among: dict[str, tuple[str, ...]] = {}
        self.transport_span: Span | None = None

    def conflict(self, known: str, protocol: str, span: Span) -> Refused:
        """Two protocols that cannot both be there."""
        return Refused.at(f"conflicting protocols specified: {known} vs. {protocol}", span)

    def needs(self, part: Expression, span: Span) -> Iterator[Match]:
        """The comparisons that have to come before an expression."""
        match part:
            case Payload(protocol):
                base = base_of(protocol)
                if base == NETWORK:
                    yield from self.network_is(protocol, span)
                elif base == TRANSPORT and protocol in _TRANSPORTS:
                    yield from self.transport_is(protocol, span)
            case ExtensionHeader():
                if self.network == "ip":
                    raise Refused.at("cannot use exthdr with ip", span)
                yield from self.network_is("ip6", span)
            case IpOption():
                if self.network == "ip6":
                    raise Refused.at("cannot use exthdr with ip6", span)
                yield from self.network_is("ip", span)
            case TcpOption():
                yield from self.transport_is("tcp", span)
            case Meta("nfproto") if self.family != "inet":
                raise Refused.at("meta nfproto is only useful in the inet family", span)

    def network_is(self, protocol: str, span: Span) -> Iterator[Match]:
        """The packet has this network header."""
        if self.network == protocol:
            return
        known = self.network or self.other_than(NETWORK, protocol)
        if known:
            raise self.conflict(known, protocol, span)
        self.network = protocol
        if self.family == "inet" and protocol in NFPROTO:
            yield Match(Meta("nfproto"), "==", NFPROTO[protocol])
        else:
            yield Match(Meta("protocol"), "==", ETHER_TYPES[protocol])

    def transport_is(self, protocol: str, span: Span) -> Iterator[Match]:
        """The packet has this transport header."""
        self.transport_span = self.transport_span or span
        if self.transport == protocol:
            return
        known = self.transport or self.other_than(TRANSPORT, protocol)
        if known:
            raise self.conflict(known, protocol, span)
        if not self.network and protocol in ("icmp", "icmpv6"):
            yield from self.network_is("ip" if protocol == "icmp" else "ip6", span)
        self.transport = protocol
        yield Match(Meta("l4proto"), "==", _TRANSPORTS[protocol])

    def other_than(self, base: str, protocol: str) -> str:
        """The first protocol of a set that was compared with, if it is not this one; nft takes a set for all of its elements."""
        return next((other for other in self.among.get(base, ()) if other != protocol), "")

    def learn(self, statement: Statement) -> None:
        """What a comparison says of protocols."""
        base, protocol = protocol_said(statement, self.family)
        if isinstance(statement, Match) and statement.operator == "==" and isinstance(statement.right, AnonymousSet):
            each = [protocol_said(Match(statement.left, "==", element.key), self.family) for element in statement.right.elements]
            self.among |= {base: tuple(name for _, name in each) for base, _ in each if base}
            self.has_ports = self.has_ports or statement.left in _SAYS_TRANSPORT
        if base == TRANSPORT:
            self.transport = protocol
        elif base == NETWORK and isinstance(statement, Match) and (statement.left != Meta("protocol") or self.family in _WITH_LINKS):
            self.network = self.network or protocol


def with_dependencies(placed: Sequence[Placed], family: str) -> list[tuple[Statement, str]]:
    """The statements of a rule with what nft adds, each with the network protocol that is known there. Raises Refused."""
    context = Context(family)
    found: list[tuple[Statement, str]] = []
    ended: Placed | None = None
    for one in placed:
        if ended:
            raise Refused.at("Statement after terminal statement has no effect", one.span, ended.span)
        for part, span in one.parts:
            found += [(match, context.network) for match in context.needs(part, span)]
        _check_reject(one, context)
        _check_translation(one, context)
        statement = one.statement
        if statement == Reject("tcp reset") and not context.transport:
            context.transport = "tcp"
            found.append((Match(Meta("l4proto"), "==", 6), context.network))
        context.learn(statement)
        found.append((statement, context.network))
        if isinstance(statement, Reject | Nat | Masquerade | Redirect) or (isinstance(statement, Verdict) and statement.name in _ENDS):
            ended = one
    return found


def _check_reject(one: Placed, context: Context) -> None:
    """Raises Refused for an answer that packets of this kind cannot get."""
    statement = one.statement
    if not isinstance(statement, Reject) or not one.span.end - one.span.start > len("reject"):
        return
    behind, head = one.parts[-1][1] if one.parts else one.span, one.span._replace(end=one.span.start + len("reject"))
    other = {"icmp": "ip6", "icmpv6": "ip"}.get(statement.kind)
    if statement.kind == "tcp reset" and context.transport not in ("", "tcp") and context.transport_span:
        raise Refused.at("you cannot use tcp reset with this protocol", head, context.transport_span)
    if context.family in NFPROTO and statement.kind == "icmpx":
        raise Refused.at("abstracted ICMP unreachable not supported", behind, head)
    if other and context.network == other:
        raise Refused.at("conflicting protocols specified: ip vs ip6", behind, head)


def _check_translation(one: Placed, context: Context) -> None:
    """Raises Refused where nft refuses a translation for what it does not know of the packet."""
    statement = one.statement
    if not isinstance(statement, Nat | Masquerade | Redirect):
        return
    word = {"Masquerade": "masquerade", "Redirect": "redirect"}.get(type(statement).__name__, "") or getattr(statement, "kind", "")
    head = one.span._replace(end=one.span.start + len(word))
    if context.family in (*_WITH_LINKS, "arp"):
        raise Refused.at("NAT is only supported for IPv4/IPv6", head)
    is_nat = isinstance(statement, Nat) and statement.address is not None
    if is_nat and context.family == "inet" and not statement.family and not context.network:  # type: ignore[union-attr]
        raise Refused.at("ip or ip6 must be specified with address for inet tables.", head)
    port = statement.port
    if port is not None and not context.transport and not context.has_ports:
        behind = one.parts[-1][1] if one.parts else one.span
        raise Refused.at("transport protocol mapping is only valid after transport protocol match", behind, head)
