"""Expressions from nft's JSON (libnftables-json(5))."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from netlab_magic.nftables import expressions as e
from netlab_magic.nftables.datatypes import DATATYPES, Datatype, NotAValue, datatype_named
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Concatenation,
    Element,
    Expression,
    MapLookup,
    NamedSet,
    Prefix,
    Range,
)
from netlab_magic.nftables.fields import datatype_of, datatypes_of
from netlab_magic.nftables.text.words import NotUnderstood, joined

__all__ = ["DEEPEST", "ExpressionReader", "Json"]

Json = Any
"""What JSON can say."""

DEEPEST = 40
"""How deep expressions may be nested."""

_ANY = datatype_named("")
_OPERATORS = frozenset(("|", "^", "&", "<<", ">>"))


class ExpressionReader:
    """Reads expressions for a table of `family`. Raises NotUnderstood for what nft's JSON does not have."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.depth = 0

    def expression(self, said: Json, types: Sequence[Datatype] = ()) -> Expression:
        """An expression, whose constants are of the types `types`."""
        if isinstance(said, dict):
            self.depth += 1
            if self.depth > DEEPEST or len(said) != 1:
                raise NotUnderstood(str(said)[:60])
            found = self.composed(*next(iter(said.items())), types)
            self.depth -= 1
            return found
        if isinstance(said, list):
            return self.folded("|", said, types)
        if isinstance(said, str) and said[:1] == "@" and types != (DATATYPES["string"],):
            return NamedSet(said[1:])
        return self.constant(said, types[0] if types else _ANY)

    def constant(self, said: Json, kind: Datatype) -> Expression:
        """A single value."""
        if isinstance(said, str):
            if said == "*":
                return e.CatchAll()
            try:
                return kind.read(said)
            except NotAValue as error:
                raise NotUnderstood(said) from error
        if isinstance(said, int):
            return int(said) * 1000 if kind is DATATYPES["time"] else int(said)
        raise NotUnderstood(str(said))

    def folded(self, operator: str, parts: Sequence[Json], types: Sequence[Datatype]) -> Expression:
        """Values joined by an operator."""
        if not parts:
            raise NotUnderstood(operator)
        found = self.expression(parts[0], types)
        for part in parts[1:]:
            kinds = types
            if operator in ("<<", ">>"):
                kinds = (DATATYPES["integer"],)
            elif not isinstance(found, int):
                kinds = (datatype_of(found),)
            found = joined(operator, found, self.expression(part, kinds))
        return found

    def composed(self, name: str, said: Json, types: Sequence[Datatype]) -> Expression:
        """An expression by its JSON name."""
        if name in _OPERATORS and isinstance(said, list) and len(said) <= DEEPEST:
            return self.folded(name, said, types)
        match name, said:
            case "prefix", {"addr": address, "len": int(length)}:
                return Prefix(_plain(self.expression(address, types)), length)
            case "range", [low, high]:
                return Range(_plain(self.expression(low, types)), _plain(self.expression(high, types)))
            case "concat", list():
                return Concatenation(tuple(self.expression(part, types[place : place + 1]) for place, part in enumerate(said)))
            case "set", list() | str() | int() | dict():
                return self.set(said if isinstance(said, list) else [said], types, ())
            case "map", {"key": key, "data": data}:
                found = self.expression(key)
                return MapLookup(found, self.mapping(found, data, types))
        reader = _READERS.get(name)
        if reader is None or not isinstance(said, dict):
            raise NotUnderstood(name)
        try:
            return reader(self, said)
        except (KeyError, TypeError) as error:
            raise NotUnderstood(name) from error

    def mapping(self, key: Expression, data: Json, types: Sequence[Datatype]) -> NamedSet | AnonymousSet:
        """What a key is looked up in; without `types` it leads to verdicts."""
        match data:
            case str() if data[:1] == "@":
                return NamedSet(data[1:])
            case {"set": list() as elements}:
                return self.set(elements, datatypes_of(key), types)
        raise NotUnderstood(str(data)[:60])

    def set(self, elements: Sequence[Json], keys: Sequence[Datatype], data: Sequence[Datatype]) -> AnonymousSet:
        """A set or map with its elements."""
        return AnonymousSet(tuple([self.element(said, keys, data) for said in elements]))

    def element(self, said: Json, keys: Sequence[Datatype], data: Sequence[Datatype]) -> Element:
        """One element: a key, or a key and what it leads to."""
        if not isinstance(said, list):
            return self.keyed(said, keys, None)
        if len(said) != 2:
            raise NotUnderstood(str(said)[:60])
        return self.keyed(said[0], keys, self.expression(said[1], data) if data else self.verdict(said[1]))

    def keyed(self, said: Json, keys: Sequence[Datatype], data: e.MapData | None) -> Element:
        """An element with its counters, times and comment."""
        match said:
            case {"elem": {"val": key, **extras}}:
                return Element(
                    self.expression(key, keys),
                    data,
                    _milliseconds(extras.get("timeout")),
                    _milliseconds(extras.get("expires")),
                    tuple(
                        self.stateful(str(name), value) for name, value in extras.items() if name not in ("timeout", "expires", "comment")
                    ),
                    str(extras.get("comment", "")),
                )
        return Element(self.expression(said, keys), data)

    def stateful(self, name: str, said: Json) -> Any:
        """A statement of an element; who reads statements knows how."""
        raise NotUnderstood(name)

    def verdict(self, said: Json) -> Any:
        """A verdict; who reads statements knows how."""
        raise NotUnderstood(str(said))

    def payload(self, said: Mapping[str, Json]) -> Expression:
        """A field of a header, or bits of it."""
        if "base" in said:
            return e.RawPayload(said["base"], said["offset"], said["len"])
        return e.Payload(said["protocol"], said["field"], said.get("tunnel", ""))

    def ct(self, said: Mapping[str, Json]) -> Expression:
        """A key of connection tracking; in ip and ip6, addresses go without their family."""
        key = said["key"]
        if key in ("saddr", "daddr") and self.family in ("ip", "ip6"):
            key = f"{self.family} {key}"
        return e.Ct(key, said.get("dir", ""))

    def tcp_option(self, said: Mapping[str, Json]) -> Expression:
        """A TCP option by name, or by number and place."""
        if "name" in said:
            return e.TcpOption(said["name"], said.get("field", ""))
        base, offset, length = said["base"], said["offset"], said["len"]
        return e.TcpOption(str(base) if (offset, length) == (0, 8) else f"@{base},{offset},{length}")

    def jhash(self, said: Mapping[str, Json]) -> Expression:
        """A hash."""
        return e.JHash(self.expression(said["expr"]), said["mod"], said.get("seed"), said.get("offset", 0))


def _plain(value: Expression) -> e.Constant:
    if not isinstance(value, CONSTANTS):
        raise NotUnderstood(str(value))
    return value


def _milliseconds(seconds: Json) -> int | None:
    if seconds is None:
        return None
    if not isinstance(seconds, int):
        raise NotUnderstood(str(seconds))
    return seconds * 1000


_Reader = Callable[[ExpressionReader, Mapping[str, Json]], Expression]

_READERS: dict[str, _Reader] = {
    "payload": ExpressionReader.payload,
    "ct": ExpressionReader.ct,
    "tcp option": ExpressionReader.tcp_option,
    "jhash": ExpressionReader.jhash,
    "meta": lambda _, said: e.Meta(said["key"]),
    "exthdr": lambda _, said: e.ExtensionHeader(said["name"], said.get("field", "")),
    "ip option": lambda _, said: e.IpOption(said["name"], said.get("field", "")),
    "sctp chunk": lambda _, said: e.SctpChunk(said["name"], said.get("field", "")),
    "dccp option": lambda _, said: e.DccpOption(said["type"]),
    "fib": lambda _, said: e.Fib(said["result"], (said["flags"],) if isinstance(said["flags"], str) else tuple(said["flags"])),
    "rt": lambda _, said: e.Rt(said["key"], said.get("family", "")),
    "socket": lambda _, said: e.Socket(said["key"], said.get("level")),
    "osf": lambda _, said: e.Osf(said["key"], said.get("ttl", "")),
    "ipsec": lambda _, said: e.Ipsec(said["dir"], said["key"], said.get("spnum", 0), said.get("family", "")),
    "numgen": lambda _, said: e.Numgen(said["mode"], said["mod"], said.get("offset", 0)),
    "symhash": lambda _, said: e.SymHash(said["mod"], said.get("offset", 0)),
}
