"""Reading a rule as people type it: the words of a listing's rule, but nothing is kept that is not understood."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address

import msgspec

from netlab_magic.nftables.commands.complaints import Refused, Span
from netlab_magic.nftables.commands.elements import interval_of
from netlab_magic.nftables.commands.tokens import Token
from netlab_magic.nftables.commands.words import words_with_places
from netlab_magic.nftables.datatypes import DATATYPES, Bitmask, Datatype
from netlab_magic.nftables.expressions import Expression, Range
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.statements import Match, Statement
from netlab_magic.nftables.text.statement_parser import StatementParser
from netlab_magic.nftables.text.words import NotUnderstood

__all__ = ["Placed", "PlacedRule", "RuleParser", "read_placed_rule"]

_ACCOUNTS = (DATATYPES["uid"], DATATYPES["gid"])
_COMPARISONS = ("==", "!=", "<", ">", "<=", ">=", "!", "eq", "ne", "lt", "gt", "le", "ge")
_END = "end of file or newline or semicolon"
_PREFIXED = re.compile(r"[\d.]+/(\d+)")
_NUMERIC = re.compile(r"[\d.]+")
_UNPARSED = {
    "ct_state": "Could not parse conntrack state",
    "ct_status": "Could not parse conntrack status",
    "tcp_flag": "Could not parse TCP flag",
    "icmp_type": "Could not parse ICMP type",
    "icmpv6_type": "Could not parse ICMPv6 type",
    "icmp_code": "Could not parse icmp code",
    "mark": "Could not parse packet mark",
    "pkt_type": "Could not parse packet type",
    "fib_addrtype": "Could not parse fib address type",
    "dscp": "Could not parse Differentiated Services Code Point",
    "integer": "Could not parse integer",
    "inet_proto": "Could not resolve protocol name",
    "ether_addr": "Invalid LL address",
    "uid": "User does not exist",
    "gid": "Group does not exist",
    "iface_index": "Interface does not exist",
}


class Placed(msgspec.Struct, frozen=True):
    """A statement with its place, and the places of the expressions in it, in the order in which they stand there."""

    statement: Statement
    span: Span
    parts: tuple[tuple[Expression, Span], ...] = ()


class PlacedRule(msgspec.Struct, frozen=True):
    """A rule as it was typed."""

    statements: tuple[Placed, ...]
    comment: str
    span: Span


def read_placed_rule(tokens: Sequence[Token], after: Token, family: str) -> PlacedRule:
    """The rule that these tokens say, behind which `after` stands. Raises Refused."""
    parser = RuleParser(tokens, after, family)
    statements = parser.statements()
    return PlacedRule(statements, parser.comment, statements[0].span.to(parser.spans[-1]))


def _not_of_type(kind: Datatype, word: str) -> str:
    """What nft says of a word that is no constant of a type; "" where that is not known."""
    if kind.name == "inet_service":
        return "Service out of range" if word.isdigit() else "Could not resolve service: Servname not supported for ai_socktype"
    if kind.name not in ("ipv4_addr", "ipv6_addr"):
        return _UNPARSED.get(kind.name, "")
    prefixed = _PREFIXED.fullmatch(word)
    if prefixed and int(prefixed[1]) > 32:
        return f"Prefix length {prefixed[1]} is invalid for type of 32 bits width"
    is_number = _NUMERIC.fullmatch(word) is not None
    if (":" in word or is_number) and (":" in word) != (kind.name == "ipv6_addr"):
        return "Could not resolve hostname: Address family for hostname not supported"
    return f"Could not resolve hostname: {'Name or service not known' if is_number else 'Temporary failure in name resolution'}"


class RuleParser(StatementParser):
    """A parser that knows where its words stand."""

    __slots__ = ("after", "expected", "parts", "spans")

    def __init__(self, tokens: Sequence[Token], after: Token, family: str) -> None:
        words, self.spans = words_with_places(tokens)
        super().__init__(words, family)
        self.after = after
        self.parts: list[tuple[Expression, Span]] = []
        self.expected: tuple[Datatype, ...] = ()

    def statements(self) -> tuple[Placed, ...]:
        """All statements. Raises Refused."""
        found: list[Placed] = []
        while self.word or not found:
            start, self.depth, self.parts, self.expected = self.at, 0, [], ()
            try:
                if self.word == "comment" and found:
                    self.at += 1
                    self.comment = self.quoted()
                    if self.word:
                        raise Refused.at(f"syntax error, unexpected {self.name_at(self.at)}, expecting {_END}", self.span(self.at))
                else:
                    statement = self.statement()
                    found.append(Placed(statement, self.span(start).to(self.span(self.at - 1)), tuple(self.parts)))
            except NotUnderstood:
                raise self.refusal(start) from None
        return tuple(found)

    def span(self, at: int) -> Span:
        """Where a word stands."""
        return self.spans[at] if at < len(self.spans) else self.after.span

    def name_at(self, at: int) -> str:
        """What nft calls a word that it did not expect."""
        if at >= len(self.spans):
            return self.after.name
        word = self.words[at]
        kind = "quoted" if word[0] == '"' else "word" if word[0].isalnum() or word[0] in "_@[-./*+" else "sign"
        return Token(kind, word, self.spans[at]).name

    def refusal(self, start: int) -> Refused:
        """Why reading ends at this word."""
        at = self.at
        word = self.words[at]
        if self.expected and word and (word[0].isalnum() or word[0] in '"_:'):
            return self.not_of_type(self.expected[0], word)
        if at == start and self.name_at(at) in ("string", "number"):
            at += 1  # a word alone may begin an expression: nft stumbles over what comes behind it
            if self.name_at(at) in ("string", "number", "quoted string"):
                return Refused.at("No symbol type information", self.span(start))
        depth = sum((word == "{") - (word == "}") for word in self.words[start:at])
        wanted = ", expecting comma or '}'" if depth and at > start and self.words[at - 1] not in ("{", ",", ":") else ""
        return Refused.at(f"syntax error, unexpected {self.name_at(at)}{wanted}", self.span(at))

    def not_of_type(self, kind: Datatype, word: str) -> Refused:
        """A word is no constant of the type that stands there."""
        span = self.span(self.at)
        if "," in word and not isinstance(kind, Bitmask):
            described = _DESCRIBED.get(kind.name, kind.name)
            return Refused.at(f"Basetype of type {described} is not bitmask", span._replace(end=span.start + word.index(",")))
        return Refused.at(_not_of_type(kind, word) or f"syntax error, unexpected {self.name_at(self.at)}", span)

    def left(self) -> Expression:
        """See StatementParser; where it stands is kept."""
        start, known = self.at, len(self.parts)
        found = super().left()
        if len(self.parts) == known:
            self.parts.append((found, self.span(start).to(self.span(self.at - 1))))
        return found

    def primary(self, hint: Datatype | None) -> Expression:
        """See ExpressionParser; where it stands is kept."""
        start = self.at
        found = super().primary(hint)
        self.parts.append((found, self.span(start).to(self.span(self.at - 1))))
        return found

    def single(self, datatype: Datatype | None) -> Expression:
        """See WordReader."""
        self.expected = (datatype,) if datatype else ()
        self.prepare(datatype, self.at)
        found = self.checked(super().single(datatype), self.at - 1)
        self.expected = ()
        self.parts.append((found, self.span(self.at - 1)))
        return found

    def constants(self, datatypes: Sequence[Datatype]) -> Expression:
        """See WordReader; where the key of an element stands is kept."""
        start = self.at
        found = super().constants(datatypes)
        self.parts.append((found, self.span(start).to(self.span(self.at - 1))))
        return found

    def prepare(self, datatype: Datatype | None, at: int) -> None:
        """What people may write as well: an IPv4 address as a number, an account by its name."""
        word = self.words[at]
        if datatype is DATATYPES["ipv4_addr"] and word.isascii() and word.isdigit() and int(word) < 1 << 32:
            self.words[at] = str(IPv4Address(int(word)))
        elif datatype in _ACCOUNTS and not word.isdigit() and word[:1].isalpha():
            if word != "root":  # a simulated host has no other
                raise Refused.at(_UNPARSED[datatype.name], self.span(at))
            self.words[at] = "0"

    def checked(self, value: Expression, at: int) -> Expression:
        """A value that was read from this word. Raises Refused for a range that ends before it begins."""
        if isinstance(value, Range) and type(value.low) is type(value.high):
            low, high = interval_of(value)
            if low > high:
                raise Refused.at("Range has zero or negative size", self.span(at))
        return value

    def statement(self) -> Statement:
        """See StatementParser."""
        if self.word in ("last", "xt"):  # nft 1.0.6 does not know the first yet, and prints the second only
            raise NotUnderstood(self.word)
        return super().statement()

    def comparison(self, left: Expression) -> Match:
        """See StatementParser."""
        start = self.at
        types = datatypes_of(left)
        at = start + (self.words[start] in _COMPARISONS)
        if self.words[at] == "*":
            raise NotUnderstood("*")
        if self.words[at] == "{" and self.words[at + 1] == "}":
            self.at = at + 1
            raise NotUnderstood("}")
        self.prepare(types[0], at)
        self.expected = types if len(types) == 1 and self.words[at] != "{" else ()
        found = super().comparison(left)
        self.checked(found.right, self.at - 1)
        self.expected = ()
        self.parts.append((found.right, self.span(start).to(self.span(self.at - 1))))
        return found


_DESCRIBED = {
    "ipv4_addr": "IPv4 address",
    "ipv6_addr": "IPv6 address",
    "inet_service": "internet network service",
    "inet_proto": "Internet protocol",
    "mark": "packet mark",
    "ifname": "network interface name",
    "iface_index": "network interface index",
    "ether_addr": "Ethernet address",
    "ct_state": "conntrack state",
    "integer": "integer",
    "icmp_type": "ICMP type",
    "icmpv6_type": "ICMPv6 type",
}
