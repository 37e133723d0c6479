"""A rule as nft lists it after the kernel had it: without what nft added, each value in one form, neighbouring fields joined.

nftables, src/rule.c (payload_do_merge), src/netlink_delinearize.c and src/payload.c (payload_dependency_kill), with their habits: fields
are joined beyond a statement between them, and what a counter separates from its reason stays. All of it was measured with nft 1.0.6.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address

import msgspec

from netlab_magic.nftables.commands.elements import listed_set, plain
from netlab_magic.nftables.commands.headers import LINK, NETWORK, TRANSPORT, Field, base_of, field_of, named_field
from netlab_magic.nftables.commands.rule_context import NFPROTO, protocol_said, with_dependencies
from netlab_magic.nftables.commands.rule_parser import PlacedRule
from netlab_magic.nftables.datatypes import Bitmask
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Binary,
    Concatenation,
    Element,
    Expression,
    ExtensionHeader,
    IpOption,
    JHash,
    MapLookup,
    Meta,
    Payload,
    Prefix,
    RawPayload,
    TcpOption,
)
from netlab_magic.nftables.fields import datatype_of, datatypes_of
from netlab_magic.nftables.ruleset import Rule
from netlab_magic.nftables.statements import (
    Assignment,
    Counter,
    Masquerade,
    Match,
    Meter,
    Nat,
    ObjectReference,
    Redirect,
    Reject,
    SetUpdate,
    Statement,
    VerdictMap,
)
from netlab_magic.nftables.text.nat_parser import NAT_FLAGS

__all__ = ["listed_rule"]

_FASTEST = 32  # bits: longer loads than these are not made by joining fields of network and transport headers
_REGISTERS = 128
_SAYS_WHAT_FOLLOWS = (Payload("ip", "protocol"), Payload("ip6", "nexthdr"), Payload("ether", "type"))
_METER_SIZE = 65535  # what nft 1.0.6 asks for where nothing is said


def listed_rule(placed: PlacedRule, family: str) -> Rule:
    """The rule as nft lists it in a table of `family`. Raises Refused for what nft does not take."""
    statements = [_plain_statement(statement, family, network) for statement, network in with_dependencies(placed.statements, family)]
    return Rule(tuple(_without_dependencies(_joined(statements), family)), placed.comment)


# --- values ----------------------------------------------------------------------------------------------------------------------


def _plain_statement(statement: Statement, family: str, network: str) -> Statement:
    """A statement with its values in the form in which nft lists them."""
    match statement:
        case Match(left, operator, right):
            return _plain_match(_plain(left), operator, right)
        case VerdictMap(key, AnonymousSet() as mapping):
            found = listed_set(mapping, datatypes_of(key), is_map=True)
            assert isinstance(found, AnonymousSet)
            return VerdictMap(_plain(key), found)
        case Assignment(target, value):
            return Assignment(target, _folded(_plain(value)))
        case Counter(packets, size):
            return Counter(packets or 0, size or 0)
        case Reject() if family not in NFPROTO and network in NFPROTO and statement == Reject("icmpx", 1):
            return Reject("icmp", 3) if network == "ip" else Reject("icmpv6", 4)
        case Nat():
            said = "" if family in NFPROTO else statement.family or (network if statement.address is not None else "")
            modes = tuple(mode for mode in statement.modes if mode != "concat")
            address, port = _plain_or_none(statement.address), _plain_or_none(statement.port)
            return Nat(statement.kind, address, port, said, _in_order(statement.flags), modes)
        case Masquerade(port, flags):
            return Masquerade(_plain_or_none(port), _in_order(flags))
        case Redirect(port, flags):
            return Redirect(_plain_or_none(port), _in_order(flags))
        case SetUpdate(operation, name, element):
            return SetUpdate(operation, name, _plain_element(element))
        case Meter(name, element, size):
            return Meter(name, _plain_element(element), size or _METER_SIZE)
        case ObjectReference(kind, MapLookup() as name):
            return ObjectReference(kind, _plain(name))  # type: ignore[arg-type]
    return statement


def _plain_element(element: Element) -> Element:
    statements = tuple(Counter(one.packets or 0, one.bytes or 0) if isinstance(one, Counter) else one for one in element.statements)
    return msgspec.structs.replace(element, statements=statements)


def _in_order(flags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(flag for flag in NAT_FLAGS if flag in flags)


def _plain_or_none(value: Expression | None) -> Expression | None:
    return None if value is None else _plain(value)


def _plain(value: Expression) -> Expression:
    """An expression with the values in it in one form."""
    match value:
        case MapLookup(key, AnonymousSet() as mapping):
            found = listed_set(mapping, datatypes_of(key), is_map=True)
            assert isinstance(found, AnonymousSet)
            return MapLookup(_plain(key), found)
        case Concatenation(parts):
            return Concatenation(tuple(map(_plain, parts)))
        case Binary(operator, left, right):
            return Binary(operator, _plain(left), right)
    return plain(value)


def _plain_match(left: Expression, operator: str, right: Expression) -> Match:
    if isinstance(right, AnonymousSet):
        found = listed_set(right, datatypes_of(left), is_map=False)
        if isinstance(found, AnonymousSet):
            return Match(left, operator, found)
        right = found
    right = plain(right)
    if isinstance(left, Binary) and operator in ("==", "!="):
        return _masked(left, operator, right)
    return Match(left, operator, right)


def _masked(left: Binary, operator: str, right: Expression) -> Match:
    """What is compared under a mask: a prefix, flags, or a number."""
    mask = left.right
    if left.operator == "&" and isinstance(mask, int) and right == 0 and isinstance(datatype_of(left.left), Bitmask):
        return Match(left.left, "in" if operator == "!=" else "!", mask)
    if left.operator == "^" and isinstance(mask, int) and isinstance(right, int):
        return Match(left.left, operator, right ^ mask)
    if left.operator == "&" and isinstance(mask, IPv4Address | IPv6Address) and type(right) is type(mask):
        width = 32 if isinstance(mask, IPv4Address) else 128
        ones = int(mask).bit_count()
        if int(mask) == ((1 << ones) - 1) << (width - ones) and 0 < ones < width:
            return Match(left.left, operator, Prefix(right, ones))
    return Match(left, operator, right)


def _folded(value: Expression) -> Expression:
    """Operations with constants on a mark, as one mask and one number that is added (netlink_delinearize.c, netlink_parse_bitwise)."""
    base: Expression = value
    steps: list[tuple[str, int]] = []
    while isinstance(base, Binary) and isinstance(base.right, int) and base.operator in ("&", "|", "^"):
        steps.append((base.operator, base.right))
        base = base.left
    if not steps or datatype_of(base).name != "mark":
        return value
    full = (1 << 32) - 1
    mask, changed = full, 0
    for operator, number in reversed(steps):
        keep = number if operator == "&" else ~number & full if operator == "|" else full
        mask, changed = mask & keep, (changed & keep) ^ (0 if operator == "&" else number)
    added, flipped = changed & ~mask, changed & mask
    found = base
    for operator, number, nothing in (("&", mask | added, full), ("^", flipped, 0), ("|", added, 0)):
        found = found if number == nothing else Binary(operator, found, number)
    return found


# --- fields that are loaded together -----------------------------------------------------------------------------------------------


def _joined(statements: Sequence[Statement]) -> list[Statement]:
    """Comparisons of neighbouring fields, in the order of the header (rule.c, payload_try_merge).

    They stand where the first of them did, or where one did that says what the next header is.
    """
    found = list(statements)
    waiting: list[Match] = []
    for statement in statements:
        if not isinstance(statement, Match):
            if len(waiting) > 1:
                found = _join(found, waiting)
                waiting = []
        elif _field(statement) and isinstance(statement.right, CONSTANTS) and statement.operator in ("==", "!="):
            waiting.append(statement)
    return _join(found, waiting)


def _field(match: Match) -> Field | None:
    return field_of(match.left) if isinstance(match.left, Payload) else None


def _join(statements: list[Statement], matches: Sequence[Match]) -> list[Statement]:
    fields = sorted(((_field(match), match) for match in matches), key=lambda pair: pair[0].offset if pair[0] else 0)
    groups: list[tuple[Field, list[Match]]] = []
    for field, match in fields:
        assert field
        before = groups[-1] if groups else None
        if before and _may_join(before[0], field) and match.operator == before[1][-1].operator:
            groups[-1] = (Field(field.base, before[0].offset, before[0].length + field.length), [*before[1], match])
        else:
            groups.append((field, [match]))
    for _, several in groups:
        if len(several) > 1:
            places = [next(at for at, one in enumerate(statements) if one is match) for match in several]
            at = next((place for match, place in zip(several, places, strict=True) if match.left in _SAYS_WHAT_FOLLOWS), places[0])
            statements = [
                *(one for place, one in enumerate(statements[:at]) if place not in places),
                *several,
                *(one for place, one in enumerate(statements) if place > at and place not in places),
            ]
    return statements


def _may_join(first: Field, second: Field) -> bool:
    if first.base != second.base or first.offset + first.length != second.offset:
        return False
    length = first.length + second.length
    return length <= _REGISTERS and (length <= _FASTEST or first.base == LINK or max(first.length, second.length) > _FASTEST)


# --- what nft adds and leaves out again ----------------------------------------------------------------------------------------------


def _without_dependencies(statements: Sequence[Statement], family: str) -> list[Statement]:
    """The statements without comparisons of protocols that the fields behind them imply."""
    reasons = _Reasons(family)
    for statement in statements:
        reasons.take(statement)
    return [statement for statement in reasons.kept if statement is not None]


class _Reasons:
    """Goes through statements, and remembers the last comparison that said what a header is."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.kept: list[Statement | None] = []
        self.places: dict[str, int] = {}
        self.transport = ""

    def take(self, given: Statement) -> None:
        """One statement."""
        statement = self.named(given)
        said = self.kept[-1] if self.kept else None
        if isinstance(said, Match) and said.left == Meta("protocol") and protocol_said(said, self.family) == (NETWORK, self.family):
            self.drop(NETWORK)  # which says nothing in a table of the family, but is left where nothing comes behind it
        for part in _parts(statement):
            self.imply(part)
        if isinstance(statement, Reject):
            self.reject(statement)
        self.kept.append(statement)
        if not isinstance(statement, Match):
            self.places.clear()
            return
        base, protocol = protocol_said(statement, self.family)
        if base:
            self.places[base] = len(self.kept) - 1
        if base == TRANSPORT:
            self.transport = protocol

    def drop(self, base: str) -> None:
        """The comparison that said what this header is goes."""
        if base in self.places:
            self.kept[self.places.pop(base)] = None

    def reason(self, base: str) -> Expression | None:
        """What was compared to know what this header is."""
        found = self.kept[self.places[base]] if base in self.places else None
        return found.left if isinstance(found, Match) else None

    def imply(self, part: Expression) -> None:
        """A field makes comparisons superfluous that say in which header it is."""
        if isinstance(part, ExtensionHeader | IpOption):
            self.drop(NETWORK)
        if isinstance(part, TcpOption):
            self.imply_transport("tcp")
        if not isinstance(part, Payload):
            return
        base = base_of(part.protocol)
        if base == NETWORK:
            self.drop(NETWORK)
        elif base == TRANSPORT:
            self.imply_transport(part.protocol)

    def imply_transport(self, protocol: str) -> None:
        """A field of a transport header."""
        is_in_header = isinstance(self.reason(TRANSPORT), Payload)  # such as ip protocol, which says of the network header too
        if protocol == "th" or (is_in_header and self.family not in NFPROTO):
            return
        self.drop(TRANSPORT)
        network = self.said(NETWORK)
        if (self.family in NFPROTO and network == self.family) or (protocol, network) in (("icmp", "ip"), ("icmpv6", "ip6")):
            self.drop(NETWORK)

    def said(self, base: str) -> str:
        """The protocol that was said to be this header."""
        found = self.kept[self.places[base]] if base in self.places else None
        return protocol_said(found, self.family)[1]

    def reject(self, statement: Reject) -> None:
        """An answer implies what it answers to."""
        if statement.kind == "tcp reset" and self.family in NFPROTO:
            self.drop(TRANSPORT)
        elif statement.kind in ("icmp", "icmpv6") and self.family == "inet":
            self.drop(NETWORK)

    def named(self, statement: Statement) -> Statement:
        """The statement with the fields' names of the protocol that is known by now."""
        match statement:
            case Match(left, operator, right):
                found = self.field(left)
                is_address = isinstance(left, RawPayload) and isinstance(right, int) and datatype_of(found).name == "ipv4_addr"
                return Match(found, operator, IPv4Address(right) if is_address else right)
            case VerdictMap(key, mapping):
                return VerdictMap(self.field(key), mapping)
            case Assignment(target, MapLookup(key, mapping)):
                return Assignment(target, MapLookup(self.field(key), mapping))
        return statement

    def field(self, left: Expression) -> Expression:
        """`th dport` where the transport protocol is known, and a place in a header by the name of the field."""
        match left:
            case Payload("th") if (place := field_of(left)) and self.transport:
                return named_field(self.transport, place.offset, place.length) or left
            case RawPayload("th", offset, length):
                found = named_field(self.transport, offset, length) or named_field("th", offset, length)
                return found or left
            case RawPayload("nh", offset, length) if self.family in NFPROTO:
                return named_field(self.family, offset, length) or left
            case Concatenation(parts):
                return Concatenation(tuple(map(self.field, parts)))
        return left


def _parts(statement: Statement) -> Iterator[Expression]:
    """The fields that a statement looks at, in order."""
    match statement:
        case Match(left, _, _):
            yield from _fields(left)
        case VerdictMap(key, _):
            yield from _fields(key)
        case Assignment(target, value):
            yield from _fields(target)
            yield from _fields(value)
        case SetUpdate(_, _, Element(key)) | Meter(_, Element(key)):
            yield from _fields(key)
        case ObjectReference(_, MapLookup(key, _)):
            yield from _fields(key)


def _fields(value: object) -> Iterator[Expression]:
    match value:
        case Payload() | ExtensionHeader() | TcpOption() | IpOption():
            yield value
        case Concatenation(parts):
            for part in parts:
                yield from _fields(part)
        case Binary(_, left, _) | JHash(left):
            yield from _fields(left)
        case MapLookup(key, _):
            yield from _fields(key)
