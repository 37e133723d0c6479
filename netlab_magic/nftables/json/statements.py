"""Statements from nft's JSON (libnftables-json(5))."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from netlab_magic.nftables import statements as s
from netlab_magic.nftables.datatypes import DATATYPES
from netlab_magic.nftables.expressions import Element, Expression, Fib, MapLookup, Meta, TcpOption
from netlab_magic.nftables.fields import datatype_of, datatypes_of
from netlab_magic.nftables.json.expressions import ExpressionReader, Json
from netlab_magic.nftables.text.expression_printer import Style
from netlab_magic.nftables.text.stateful_parser import UNITS
from netlab_magic.nftables.text.statement_parser import read_rule
from netlab_magic.nftables.text.statement_printer import statement_text
from netlab_magic.nftables.text.words import ADDRESS, TARGET, NotUnderstood

__all__ = ["WRONG", "StatementReader", "limit", "texts"]

WRONG = (NotUnderstood, LookupError, TypeError, ValueError, AttributeError, AssertionError, OverflowError)
"""What comes of JSON that has other values than nft's in their places."""


_PORT = DATATYPES["inet_service"]
_DEVICE = DATATYPES["ifindex"]
_COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">=", "in", "!"))
_REFERENCES = frozenset(("ct helper", "ct timeout", "ct expectation", "secmark"))
_STYLE = Style()
_STATEFUL = frozenset(("counter", "limit", "quota", "last", "ct count"))


def texts(said: Json) -> tuple[str, ...]:
    """Flags: one text, or a list of them."""
    if said is None:
        return ()
    return (said,) if isinstance(said, str) else tuple(map(str, said))


class StatementReader(ExpressionReader):
    """Reads the statements of rules of a table."""

    def statements(self, said: Sequence[Json]) -> tuple[s.Statement, ...]:
        """All statements of a rule. What is not understood is kept as JSON in an Unknown."""
        found: list[s.Statement] = []
        for one in said:
            self.depth = 0
            if isinstance(one, str):  # nft 1.0.6 says as text what it has no JSON for
                found += read_rule(one, self.family)[0]
                continue
            try:
                statement = self.statement(one)
                _check(statement, self.family)
                found.append(statement)
            except WRONG:
                found.append(s.Unknown(msgspec.json.encode(one).decode()))
        return tuple(found)

    def statement(self, said: Json) -> s.Statement:
        """One statement."""
        if not isinstance(said, dict) or len(said) != 1:
            raise NotUnderstood(str(said)[:60])
        name, value = next(iter(said.items()))
        if name in ("accept", "drop", "continue", "return", "jump", "goto"):
            return self.verdict(said)
        if name in _STATEFUL:
            found: s.Statement = self.stateful(name, value)
            return found
        if name in _REFERENCES:
            return self.reference(name, value)
        reader = _READERS.get(name)
        if reader is None:
            raise NotUnderstood(name)
        return reader(self, value)

    def verdict(self, said: Json) -> s.Verdict:
        """accept, drop, continue, return, jump, goto."""
        match said:
            case {"jump": {"target": str(chain)}}:
                return s.Verdict("jump", chain)
            case {"goto": {"target": str(chain)}}:
                return s.Verdict("goto", chain)
            case {"accept": None} | {"drop": None} | {"continue": None} | {"return": None}:
                return s.Verdict(next(iter(said)))
        raise NotUnderstood(str(said)[:60])

    def stateful(self, name: str, said: Json) -> Any:
        """A statement that remembers something, or a reference to an object that does."""
        if isinstance(said, str) or (isinstance(said, dict) and "map" in said):
            return self.reference(name, said)
        given: Mapping[str, Json] = said or {}
        match name:
            case "counter":
                return s.Counter(_unsigned(given.get("packets")), _unsigned(given.get("bytes")))
            case "limit":
                return limit(given)
            case "quota":
                used = given["used"] * UNITS[given.get("used_unit", "bytes")] if "used" in given else None
                return s.Quota(given["val"] * UNITS[given.get("val_unit", "bytes")], bool(given.get("inv")), used)
            case "last":
                return s.Last(given.get("used"))
            case "ct count":
                return s.ConnectionLimit(given["val"], bool(given.get("inv")))
        raise NotUnderstood(name)

    def reference(self, kind: str, said: Json) -> s.ObjectReference:
        """A reference to an object."""
        if isinstance(said, str):
            return s.ObjectReference(kind, said)
        found = self.expression(said, (DATATYPES["string"],))
        if not isinstance(found, MapLookup):
            raise NotUnderstood(kind)
        return s.ObjectReference(kind, found)

    def match(self, said: Mapping[str, Json]) -> s.Statement:
        """A comparison."""
        left = self.expression(said["left"])
        operator = said.get("op", "==")
        if operator not in _COMPARISONS:
            raise NotUnderstood(operator)
        if isinstance(left, Fib) and left.result == "oif" and isinstance(said["right"], bool):
            left = Fib("check", left.flags)
        return s.Match(left, operator, self.expression(said["right"], datatypes_of(left)))

    def vmap(self, said: Mapping[str, Json]) -> s.Statement:
        """A verdict map."""
        key = self.expression(said["key"])
        return s.VerdictMap(key, self.mapping(key, said["data"], ()))

    def mangle(self, said: Mapping[str, Json]) -> s.Statement:
        """A field that is set."""
        target = self.expression(said["key"])
        if target == Meta("secmark") and isinstance(said["value"], str):
            return s.ObjectReference("secmark", said["value"])
        return s.Assignment(target, self.expression(said["value"], (datatype_of(target),)))

    def log(self, said: Mapping[str, Json] | None) -> s.Statement:
        """A log."""
        given = said or {}
        return s.Log(
            given.get("prefix"), given.get("level", "warn"), given.get("group"), given.get("snaplen"), given.get("queue-threshold"),
            texts(given.get("flags")),
        )  # fmt: skip

    def reject(self, said: Mapping[str, Json] | None) -> s.Statement:
        """A rejection."""
        if not said:
            return s.bare_reject(self.family)
        kind = said["type"]
        if kind == "tcp reset":
            return s.Reject(kind)
        code = self.constant(said["expr"], DATATYPES[f"{kind}_code"])
        if not isinstance(code, int):
            raise NotUnderstood(str(said["expr"]))
        return s.Reject(kind, code)

    def nat(self, kind: str, said: Mapping[str, Json] | None) -> s.Statement:
        """snat or dnat."""
        given = said or {}
        flags = tuple(flag for flag in texts(given.get("flags")) if flag != "netmap")
        address, port = self.endpoint(given)
        return s.Nat(kind, address, port, given.get("family", ""), flags, texts(given.get("type_flags")))

    def endpoint(self, given: Mapping[str, Json]) -> tuple[Expression | None, Expression | None]:
        """An address and a port, where they are said."""
        address = self.expression(given["addr"], (ADDRESS, _PORT)) if "addr" in given else None
        return address, self.expression(given["port"], (_PORT,)) if "port" in given else None

    def only_port(self, said: Mapping[str, Json] | None) -> tuple[Expression | None, tuple[str, ...]]:
        """A port and flags."""
        given = said or {}
        return self.endpoint(given)[1], texts(given.get("flags"))

    def tproxy(self, said: Mapping[str, Json]) -> s.Statement:
        """A transparent proxy."""
        return s.Tproxy(said.get("family", ""), *self.endpoint(said))

    def synproxy(self, said: Json) -> s.Statement:
        """A SYN proxy, or a reference to one."""
        if isinstance(said, str) or (said and "map" in said):
            return self.reference("synproxy", said)
        given = said or {}
        return s.Synproxy(given.get("mss"), given.get("wscale"), texts(given.get("flags")))

    def queue(self, said: Mapping[str, Json] | None) -> s.Statement:
        """A queue."""
        given = said or {}
        return s.Queue(self.expression(given.get("num", 0), (DATATYPES["integer"],)), texts(given.get("flags")))

    def dup(self, said: Mapping[str, Json]) -> s.Statement:
        """A copy."""
        return s.Dup(self.expression(said["addr"], (TARGET,)), self.expression(said["dev"], (_DEVICE,)) if "dev" in said else None)

    def fwd(self, said: Mapping[str, Json]) -> s.Statement:
        """Out of another device."""
        device = self.expression(said["dev"], (_DEVICE,))
        return s.Forward(device, said.get("family", ""), self.expression(said["addr"], (ADDRESS,)) if "addr" in said else None)

    def flow(self, said: Mapping[str, Json]) -> s.Statement:
        """A flowtable."""
        return s.FlowAdd(said["flowtable"].removeprefix("@"))

    def reset(self, said: Json) -> s.Statement:
        """A TCP option that is taken out."""
        option = self.expression(said)
        if not isinstance(option, TcpOption):
            raise NotUnderstood("reset")
        return s.ResetOption(option)

    def xt(self, said: Mapping[str, Json] | None) -> s.Statement:
        """A match or target of iptables-nft."""
        if not said:
            raise NotUnderstood("xt")
        return s.Xt(said["type"], said["name"])

    def meter(self, said: Mapping[str, Json]) -> s.Statement:
        """A set of the rule alone."""
        return s.Meter(said["name"], self._with_state(self.keyed(said["key"], (), None), [said["stmt"]]), said.get("size"))

    def update(self, said: Mapping[str, Json]) -> s.Statement:
        """A change of a set or map."""
        element = self.keyed(said["elem"], (), self.expression(said["data"]) if "data" in said else None)
        name = (said.get("set") or said["map"]).removeprefix("@")
        return s.SetUpdate(said["op"], name, self._with_state(element, said.get("stmt", ())))

    def _with_state(self, element: Element, said: Iterable[Mapping[str, Json]]) -> Element:
        """An element with the statements that nft prints next to it."""
        more = tuple(self.stateful(*next(iter(one.items()))) for one in said)
        return msgspec.structs.replace(element, statements=(*element.statements, *more))


def _unsigned(count: int | None) -> int | None:
    """A count of 64 bits, which nft prints as if its first bit were a sign."""
    return count if count is None else count % (1 << 64)


@lru_cache(1 << 14)
def _check(statement: s.Statement, family: str) -> None:
    """Raises one of WRONG where a statement cannot be printed or hashed: it holds values of other kinds than nft's."""
    statement_text(statement, family, _STYLE)


def limit(given: Mapping[str, Json]) -> s.Limit:
    """A limit, of a rule or of an object."""
    in_bytes = given.get("rate_unit", "packets") != "packets"
    rate = given["rate"] * (UNITS[given["rate_unit"]] if in_bytes else 1)
    burst = given.get("burst", 0 if in_bytes else 5) * (UNITS[given.get("burst_unit", "bytes")] if in_bytes else 1)
    return s.Limit(rate, given["per"], burst, bool(given.get("inv")), in_bytes)


_READERS: dict[str, Callable[[StatementReader, Any], s.Statement]] = {
    "match": StatementReader.match,
    "vmap": StatementReader.vmap,
    "mangle": StatementReader.mangle,
    "log": StatementReader.log,
    "reject": StatementReader.reject,
    "snat": lambda reader, said: reader.nat("snat", said),
    "dnat": lambda reader, said: reader.nat("dnat", said),
    "masquerade": lambda reader, said: s.Masquerade(*reader.only_port(said)),
    "redirect": lambda reader, said: s.Redirect(*reader.only_port(said)),
    "notrack": lambda _, __: s.Notrack(),
    "tproxy": StatementReader.tproxy,
    "synproxy": StatementReader.synproxy,
    "queue": StatementReader.queue,
    "dup": StatementReader.dup,
    "fwd": StatementReader.fwd,
    "flow": StatementReader.flow,
    "reset": StatementReader.reset,
    "xt": StatementReader.xt,
    "meter": StatementReader.meter,
    "set": StatementReader.update,
    "map": StatementReader.update,
}
