"""Expressions as nft prints them. Releases differ: `Style` says how."""

from collections.abc import Sequence

import msgspec

from netlab_magic.nftables import expressions as e
from netlab_magic.nftables.datatypes import DATATYPES, Bitmask, Datatype, datatype_named, duration, without_names
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Binary,
    Concatenation,
    Element,
    Expression,
    MapLookup,
    NamedSet,
    Range,
)
from netlab_magic.nftables.fields import BARE_META, datatype_of
from netlab_magic.nftables.statements import ConnectionLimit, Counter, Last, Limit, Quota, Verdict

__all__ = [
    "Style",
    "constant_text",
    "element_text",
    "expression_text",
    "limit_text",
    "mapping_text",
    "quota_text",
    "set_text",
    "stateful_text",
    "style_of",
    "verdict_text",
]

_STRENGTH = {"|": 0, "^": 1, "&": 2, "<<": 3, ">>": 3}
_MANY_CODES = frozenset(("icmp_code", "icmpv6_code"))
_SHIFTS = ("<<", ">>")


class Style(msgspec.Struct, frozen=True):
    """How a release of nft prints what has been printed differently: `recent` from 1.1 on (measured: 1.0.6 and 1.1.7).

    With `numeric` (-n), what has a name is printed as a number, and times are seconds.
    """

    recent: bool = True
    numeric: bool = False

    def duration(self, length: int) -> str:
        """So many milliseconds."""
        return f"{length // 1000}s" if self.numeric else duration(length)

    def datatype(self, expression: Expression) -> Datatype:
        """The type by which constants beside an expression are printed."""
        found = datatype_of(expression)
        if found is DATATYPES["hexadecimal"] and not self.recent and not isinstance(expression, e.RawPayload | Binary):
            return DATATYPES["integer"]
        if found is DATATYPES["hexadecimal"] and not self.recent and isinstance(expression, Binary):
            return self.datatype(expression.left)
        if found.name == "mptcp_subtype" and not self.recent:
            return DATATYPES["integer"]
        return self.printed(found)

    def printed(self, datatype: Datatype) -> Datatype:
        """The type as which constants of another are printed."""
        if self.numeric:
            return without_names(datatype)
        return DATATYPES["integer"] if self.recent and datatype.name in _MANY_CODES else datatype

    def datatypes(self, expression: Expression) -> tuple[Datatype, ...]:
        """The same for each part of a concatenation."""
        if isinstance(expression, Concatenation):
            return tuple(self.datatype(part) for part in expression.parts)
        return (self.datatype(expression),)


def style_of(version: str) -> Style:
    """The style of a release by its number, such as 1.0.6; of a recent one where nothing is known."""
    parts = [int(part) for part in version.split(".")[:2] if part.isascii() and part.isdigit() and len(part) < 6]
    return Style(recent=len(parts) < 2 or parts >= [1, 1])


def constant_text(value: object, types: Sequence[Datatype]) -> str:
    """A constant of a set, a prefix, a range, or several of them with dots between."""
    match value:
        case Concatenation(parts):
            known = [*types, *[datatype_named("")] * (len(parts) - len(types))]
            return " . ".join(constant_text(part, [kind]) for part, kind in zip(parts, known, strict=False))
        case e.Prefix(address, length):
            return f"{types[0].show(address)}/{length}"
        case Range(low, high):
            return f"{types[0].bound(low)}-{types[0].bound(high)}"
        case e.CatchAll():
            return "*"
        case int() if isinstance(types[0], Bitmask):
            return " | ".join(types[0].flags(value))
    return types[0].show(value)  # type: ignore[arg-type]


def expression_text(expression: object, style: Style, types: Sequence[Datatype] = (), least: int = -1) -> str:
    """An expression; constants in it are of the types `types`. What binds less than `least` stands in parentheses."""
    if isinstance(expression, Binary):
        text = _binary_text(expression, style, types)
        return f"({text})" if _STRENGTH[expression.operator] < least else text
    if isinstance(expression, Concatenation) and not all(_is_constant(part) for part in expression.parts):
        return " . ".join(expression_text(part, style, types) for part in expression.parts)
    if isinstance(expression, MapLookup):
        return f"{expression_text(expression.key, style)} map {mapping_text(expression.key, expression.mapping, style, types)}"
    if isinstance(expression, NamedSet):
        return f"@{expression.name}"
    if isinstance(expression, e.JHash):
        seed = "" if expression.seed is None else f" seed {hex(expression.seed)}"
        return f"jhash {expression_text(expression.expression, style)} mod {expression.modulus}{seed}{_offset(expression.offset)}"
    return _field_text(expression, style) or constant_text(expression, types or (datatype_named(""),))


def _is_constant(value: object) -> bool:
    return isinstance(value, (*CONSTANTS, e.Prefix, Range, e.CatchAll))


def _binary_text(joined: Binary, style: Style, types: Sequence[Datatype]) -> str:
    strength = _STRENGTH[joined.operator]
    kinds: Sequence[Datatype] = types if _is_constant(joined.left) else (style.datatype(joined.left),)
    right = joined.right
    if joined.operator in _SHIFTS:
        kinds = (DATATYPES["integer"],)
    elif isinstance(joined.left, Binary) and joined.left.operator in _SHIFTS and (style.recent or kinds[0].name != "mark"):
        kinds = (DATATYPES["hexadecimal"],)
    if isinstance(right, int) and kinds and isinstance(kinds[0], Bitmask):
        flags = kinds[0].flags(right)
        shown = f"({' | '.join(flags)})" if len(flags) > 1 else flags[0]
    else:
        shown = expression_text(right, style, kinds, strength + 1)
    return f"{expression_text(joined.left, style, types, strength)} {joined.operator} {shown}"


def _offset(offset: int) -> str:
    return f" offset {offset}" if offset else ""


def _field_text(expression: object, style: Style) -> str:
    """What is neither constant nor made of others."""
    match expression:
        case e.Payload(protocol, field, tunnel):
            return f"{tunnel} {protocol} {field}".lstrip()
        case e.Meta(key):
            return key if key in BARE_META else f"meta {key}"
        case e.Ct(key, direction):
            return f"ct {direction} {key}" if direction else f"ct {key}"
        case e.RawPayload(base, offset, length):
            return f"@{base},{offset},{length}"
        case e.Fib(result, flags):
            return f"fib {' . '.join(flags)} {'oif' if result == 'check' and not style.recent else result}"
        case e.ExtensionHeader(name, field):
            return f"{name} {field}" if field else f"exthdr {name}"
        case e.TcpOption(name, field):
            return f"tcp option {name} {field}".rstrip()
        case e.IpOption(name, field):
            return f"ip option {name} {field}".rstrip()
        case e.SctpChunk(name, field):
            return f"sctp chunk {name} {field}".rstrip()
        case e.DccpOption(number):
            return f"dccp option {number}"
        case e.Rt(key, family):
            return f"rt {family} {key}" if family else f"rt {key}"
        case e.Socket(key, level):
            return f"socket {key}" if level is None else f"socket {key} level {level}"
        case e.Osf(key, ttl):
            return f"osf ttl {ttl} {key}" if ttl else f"osf {key}"
        case e.Ipsec(direction, key, spnum, family):
            return " ".join(part for part in ("ipsec", direction, f"spnum {spnum}" if spnum else "", family, key) if part)
        case e.Numgen(mode, modulus, offset):
            return f"numgen {mode} mod {modulus}{_offset(offset)}"
        case e.SymHash(modulus, offset):
            return f"symhash mod {modulus}{_offset(offset)}"
    return ""


def mapping_text(key: Expression, mapping: NamedSet | AnonymousSet, style: Style, data: Sequence[Datatype]) -> str:
    """A map that is looked up by `key`."""
    if isinstance(mapping, NamedSet):
        return f"@{mapping.name}"
    return set_text(mapping, style.datatypes(key), style, data)


def set_text(found: AnonymousSet, keys: Sequence[Datatype], style: Style, data: Sequence[Datatype]) -> str:
    """The elements of a set in braces."""
    inner = ", ".join(element_text(element, keys, data, style) for element in found.elements)
    return f"{{ {inner} }}" if inner else "{  }"


def element_text(element: Element, keys: Sequence[Datatype], data: Sequence[Datatype], style: Style) -> str:
    """One element of a set or map."""
    parts = [constant_text(element.key, keys)]
    parts += [stateful_text(statement, style) for statement in element.statements]
    if element.timeout is not None:
        parts.append(f"timeout {style.duration(element.timeout)}")
    if element.expires is not None:
        parts.append(f"expires {style.duration(element.expires)}")
    if element.comment:
        parts.append(f'comment "{element.comment}"')
    if element.data is not None:
        parts.append(f": {verdict_text(element.data) if isinstance(element.data, Verdict) else constant_text(element.data, data)}")
    return " ".join(parts)


def verdict_text(verdict: Verdict) -> str:
    """A verdict."""
    return f"{verdict.name} {verdict.chain}" if verdict.chain else verdict.name


def stateful_text(statement: object, style: Style) -> str:
    """A statement that remembers something."""
    match statement:
        case Counter(None, _):
            return "counter"
        case Counter(packets, size):
            return f"counter packets {packets} bytes {size}"
        case Limit():
            return f"limit {limit_text(statement, style)}"
        case Quota():
            return f"quota {quota_text(statement)}"
        case Last(used):
            return "last used never" if used is None else f"last used {duration(used)}"
        case ConnectionLimit(count, over):
            return f"ct count {'over ' * over}{count}"
    raise ValueError(statement)


def _amount(size: int) -> str:
    """So many bytes in the largest unit of which they are a whole number (nftables, get_rate)."""
    for unit in ("bytes", "kbytes", "mbytes"):
        if not size or size % 1024 or unit == "mbytes":
            return f"{size} {unit}"
        size //= 1024
    return ""


def limit_text(limit: Limit, style: Style) -> str:
    """A limit without the word itself, as an object of a table has it."""
    rate = _amount(limit.rate) if limit.in_bytes else str(limit.rate)
    shown = f"rate {'over ' * limit.over}{rate}/{limit.per}"
    if limit.in_bytes:
        return f"{shown} burst {_amount(limit.burst)}" if limit.burst else shown
    return shown if limit.burst == 5 and not style.recent else f"{shown} burst {limit.burst} packets"


def quota_text(quota: Quota) -> str:
    """A quota without the word itself."""
    return f"{'over ' * quota.over}{_amount(quota.bytes)}" + (f" used {_amount(quota.used)}" if quota.used else "")
