"""Reading the inside of a table's blocks: base chains' lines, sets, objects, flowtables."""

import re
from collections.abc import Sequence

from netlab_magic.nftables.datatypes import Datatype, NotAValue, datatype_named
from netlab_magic.nftables.expressions import Element
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.ruleset import (
    VERDICT,
    CtExpectation,
    CtHelper,
    CtTimeout,
    Flowtable,
    Hook,
    NamedObject,
    ObjectValue,
    Secmark,
    Set,
)
from netlab_magic.nftables.statements import Statement
from netlab_magic.nftables.symbols import PRIORITIES
from netlab_magic.nftables.text.expression_parser import ExpressionParser
from netlab_magic.nftables.text.statement_parser import StatementParser
from netlab_magic.nftables.text.words import NotUnderstood, constant, words_of

__all__ = ["BlockParser", "read_hook", "read_object", "read_set", "with_flags"]

_HOOK = re.compile(
    r"type (\w+) hook (\w+) (?:devices? (?:= )?(\{[^}]*\}|\S+) )?priority ([\w-]+)(?: ([+-]) (\d{1,10}))?"
    r"(?:; policy (\w+))?(?:; flags ([\w,]+))?(?:; policy (\w+))?;?$"
)
_ELEMENTS = re.compile(r"^\s*elements = \{(.*)\}\s*$", re.MULTILINE | re.DOTALL)
_NUMBER = re.compile(r"-?\d{1,10}")
_FLAG_ORDER = ("constant", "dynamic", "interval", "timeout")
_MANY = 64  # elements from which the words of a set are split by commas alone, which is faster


def read_hook(text: str, family: str) -> Hook:
    """The line of a base chain, `type filter hook input priority filter; policy accept;`. Raises NotUnderstood for another."""
    found = _HOOK.match(text)
    if not found:
        raise NotUnderstood(text)
    name, sign, offset = found[4], found[5], found[6]
    priority = _priority(name, family, found[2]) + (int(f"{sign}{offset}") if sign else 0)
    devices = tuple(word.strip(' "') for word in (found[3] or "").strip("{} ").split(",") if word.strip(' "'))
    flags = tuple(found[8].split(",")) if found[8] else ()
    return Hook(found[1], found[2], priority, found[7] or found[9] or "accept", devices, flags, text)


def _priority(name: str, family: str, hook: str) -> int:
    if _NUMBER.fullmatch(name):
        return int(name)
    names = PRIORITIES["netdev"] if hook in ("ingress", "egress") else PRIORITIES.get(family, {})
    if name not in names:
        raise NotUnderstood(name)
    return names[name]


def with_flags(flags: Sequence[str], timeout: int | None) -> tuple[str, ...]:
    """The flags of a set in nft's order; one with a timeout has that flag, which nft then does not print."""
    known = {*flags, *(("timeout",) if timeout is not None else ())}
    return (*(flag for flag in _FLAG_ORDER if flag in known), *(flag for flag in flags if flag not in _FLAG_ORDER))


class BlockParser(StatementParser):
    """A parser of a block's words."""

    __slots__ = ()

    def __init__(self, text: str) -> None:
        super().__init__(words_of(text), "inet")

    def end(self) -> None:
        """Nothing may come any more."""
        if self.word:
            raise NotUnderstood(self.word)

    def flowtable(self, name: str, handle: int | None, raw: str) -> Flowtable:
        """`hook ingress priority 0`, `devices = { a, b }`, `flags offload`, `counter`."""
        hook, priority, counter = "ingress", 0, False
        devices: list[str] = []
        flags: tuple[str, ...] = ()
        while self.word:
            match self.take():
                case "hook":
                    hook = self.take()
                    self.expect("priority")
                    priority = _priority(self.take(), "netdev", hook)
                    if self.word in ("+", "-"):
                        priority += int(self.take() + str(self.number()))
                case "devices" | "device":
                    self.accept("=")
                    devices = [word.strip('"') for word in self.braced()]
                case "flags":
                    flags = tuple(self.take().split(","))
                case "counter":
                    counter = True
                case word:
                    raise NotUnderstood(word)
        return Flowtable(name, hook, priority, tuple(devices), flags, counter, handle, raw)

    def braced(self) -> list[str]:
        """Words in braces, or one without."""
        if not self.accept("{"):
            return [self.take()]
        found = []
        while not self.accept("}"):
            found.append(self.take())
            self.accept(",")
        return found

    def object_value(self, kind: str) -> ObjectValue:
        """What an object of this kind says."""
        match kind:
            case "counter":
                return self.counter()
            case "quota":
                return self.quota()
            case "limit":
                return self.limit()
            case "synproxy":
                return self.synproxy()
            case "secmark":
                return Secmark(self.quoted())
            case "ct helper":
                return self.helper()
            case "ct timeout" | "ct expectation":
                return self.timed(kind)
        raise NotUnderstood(kind)

    def helper(self) -> CtHelper:
        """`type "ftp" protocol tcp`, `l3proto ip`."""
        self.expect("type")
        name = self.quoted()
        self.expect("protocol")
        protocol = self.take()
        return CtHelper(name, protocol, self.take() if self.accept("l3proto") else "")

    def timed(self, kind: str) -> CtTimeout | CtExpectation:
        """The lines of a timeout or an expectation."""
        said: dict[str, str] = {}
        policy: list[tuple[str, int]] = []
        while self.word:
            name = self.among(("protocol", "l3proto", "dport", "timeout", "size", "policy"))
            if name == "policy":
                self.expect("=")
                policy = self.policy()
            else:
                said[name] = self.take()
        if kind == "ct timeout":
            return CtTimeout(said.get("protocol", ""), said.get("l3proto", ""), tuple(policy))
        parser = ExpressionParser([said.get(name, "") for name in ("dport", "size", "timeout")])
        dport, size, timeout = parser.number(), parser.number(), parser.length()
        return CtExpectation(said.get("protocol", ""), dport, timeout, size, said.get("l3proto", ""))

    def policy(self) -> list[tuple[str, int]]:
        """`{ established : 2m, close : 20s }`, in seconds."""
        found = []
        self.expect("{")
        while not self.accept("}"):
            state = self.take()
            self.expect(":")
            found.append((state, self.length() // 1000))
            self.accept(",")
        return found

    def types(self) -> tuple[list[Datatype], list[str], list[Datatype], list[str]]:
        """What stands behind `type`: the types of keys and of data, with their names."""
        keys = self.names()
        data = []
        if self.accept(":"):
            data = [VERDICT] if self.accept(VERDICT) else self.names()
        return list(map(datatype_named, keys)), keys, [] if data == [VERDICT] else list(map(datatype_named, data)), data

    def names(self) -> list[str]:
        """Names with dots between them."""
        self.accept("interval")
        found = [self.take()]
        while self.accept("."):
            found.append(self.take())
        return found

    def typeof(self) -> tuple[list[Datatype], list[str], list[Datatype], list[str]]:
        """What stands behind `typeof`: expressions that have the types."""
        keys = datatypes_of(self.concatenation())
        data: Sequence[Datatype] = ()
        names: list[str] = []
        if self.accept(":"):
            self.accept("interval")
            if self.word in (VERDICT, "counter", "quota", "limit", "synproxy", "secmark"):
                names = [self.take()]
                data = [] if names == [VERDICT] else [datatype_named(names[0])]
            else:
                data = datatypes_of(self.concatenation())
                names = [kind.name for kind in data]
        return list(keys), [kind.name for kind in keys], list(data), names


def read_object(kind: str, name: str, handle: int | None, raw: str) -> NamedObject:
    """An object of a table. Raises NotUnderstood where it says what objects of its kind do not."""
    parser = BlockParser(raw)
    comment = parser.quoted() if parser.accept("comment") else ""
    value = parser.object_value(kind)
    parser.end()
    return NamedObject(kind, name, value, comment, handle, raw)


def read_set(name: str, handle: int | None, raw: str, *, is_map: bool) -> Set:
    """A set or map. Raises NotUnderstood where it says what they do not."""
    elements = _ELEMENTS.search(raw)
    head = raw[: elements.start()] if elements else raw
    lines = [line.strip() for line in head.split("\n")]
    said: dict[str, str] = {}
    statements: list[Statement] = []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word in ("type", "typeof", "flags", "timeout", "gc-interval", "size", "policy", "comment", "auto-merge"):
            said[word] = rest
        elif line:
            statements += _statements(line)
    key_types, keys, data_types, data = _types(said)
    if bool(data) != is_map:
        raise NotUnderstood(said.get("type", said.get("typeof", "")))
    timeout = _length(said, "timeout")
    return Set(
        name,
        tuple(keys),
        tuple(data) if is_map else None,
        with_flags(said["flags"].split(",") if "flags" in said else (), timeout),
        _elements(elements[1], key_types, data_types) if elements else (),
        timeout,
        _length(said, "gc-interval"),
        ExpressionParser([said["size"]]).number() if "size" in said else None,
        said.get("policy", ""),
        "auto-merge" in said,
        tuple(statements),
        said.get("comment", "").strip('"'),
        said.get("typeof", ""),
        " : interval " in (said.get("type") or said.get("typeof") or ""),
        handle,
        raw,
    )


def _types(said: dict[str, str]) -> tuple[list[Datatype], list[str], list[Datatype], list[str]]:
    parser = BlockParser(said.get("type") or said.get("typeof") or "")
    found = parser.types() if "type" in said else parser.typeof()
    parser.end()
    return found


def _length(said: dict[str, str], name: str) -> int | None:
    return ExpressionParser([said[name]]).length() if name in said else None


def _statements(line: str) -> list[Statement]:
    parser = BlockParser(line)
    found = []
    while parser.word:
        found.append(parser.stateful())
    return found


def _elements(text: str, keys: Sequence[Datatype], data: Sequence[Datatype]) -> tuple[Element, ...]:
    if '"' in text or text.count(",") < _MANY:
        parser = BlockParser("{" + text + "}")
        found = parser.anonymous(keys, data).elements
        parser.end()
        return found
    if len(keys) == 1:
        return tuple([_element(word.strip(), keys[0], keys, data) for word in text.split(",")])
    return tuple([_spaced_element(word, keys, data) for word in text.split(",")])


def _element(word: str, kind: Datatype, keys: Sequence[Datatype], data: Sequence[Datatype]) -> Element:
    """One element of very many: mostly a constant alone, which then needs no parser."""
    if " " in word or word == "*":
        return _spaced_element(word, keys, data)
    try:
        return Element(kind.read(word)) if "-" not in word and "/" not in word else Element(constant(kind, word))
    except NotAValue as error:
        raise NotUnderstood(word) from error


def _spaced_element(text: str, keys: Sequence[Datatype], data: Sequence[Datatype]) -> Element:
    parser = ExpressionParser(text.split())
    found = parser.element(keys, data)
    if parser.word:
        raise NotUnderstood(text)
    return found
