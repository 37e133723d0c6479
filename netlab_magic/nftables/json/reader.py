"""Reading what `nft -j list ruleset` prints."""

from collections.abc import Mapping, Sequence

import msgspec

from netlab_magic.errors import Place, StatementError
from netlab_magic.nftables.datatypes import Datatype, datatype_named
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.json.expressions import Json
from netlab_magic.nftables.json.statements import WRONG, StatementReader, limit, texts
from netlab_magic.nftables.listing import block_lines
from netlab_magic.nftables.ruleset import (
    VERDICT,
    Block,
    Chain,
    CtExpectation,
    CtHelper,
    CtTimeout,
    Flowtable,
    Hook,
    NamedObject,
    ObjectValue,
    Rule,
    Ruleset,
    Secmark,
    Set,
    Table,
    Verbatim,
)
from netlab_magic.nftables.statements import Counter, Quota, Statement, Synproxy
from netlab_magic.nftables.symbols import HOOK_FAMILIES
from netlab_magic.nftables.text.block_parser import with_flags
from netlab_magic.nftables.text.expression_printer import Style, expression_text
from netlab_magic.nftables.text.words import NotUnderstood

__all__ = ["read_json"]

_KINDS = ("counter", "quota", "limit", "synproxy", "secmark", "ct helper", "ct timeout", "ct expectation")
_ORDER = (NamedObject, Set, Flowtable, Chain, Verbatim)
_TABLE_FLAGS = ("dormant", "owner", "persist")


def read_json(text: str | bytes, *, strict: bool = True) -> Ruleset:
    """The ruleset that nft's JSON says: the same value as its text gives.

    Raises StatementError for what is not JSON, or not nft's. Lenient reading keeps what it can and tells the rest in `problems`.
    """
    try:
        said = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        return _refused(f"this is not JSON: {error}", strict)
    listed = said.get("nftables") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        return _refused('this is not the JSON of nft -j, which is {"nftables": [ … ]}', strict)
    return _Reader(strict).ruleset(listed)


def _refused(sentence: str, strict: bool) -> Ruleset:
    if strict:
        raise StatementError(sentence)
    return Ruleset(problems=(sentence,))


class _Reader:
    """Gathers tables from the list of objects that nft prints."""

    def __init__(self, strict: bool) -> None:
        self.strict = strict
        self.problems: list[str] = []
        self.version = ""
        self.tables: dict[tuple[str, str], Table] = {}
        self.blocks: dict[tuple[str, str], list[Block]] = {}
        self.rules: dict[tuple[str, str, str], list[Rule]] = {}

    def ruleset(self, listed: Sequence[Json]) -> Ruleset:
        """The ruleset; objects are numbered from 1 in what is told of them."""
        for number, said in enumerate(listed, 1):
            try:
                if not isinstance(said, dict) or len(said) != 1:
                    raise NotUnderstood("an object with one name")
                self.read(*next(iter(said.items())))
            except WRONG:
                self.problem(f"object {number} is not one that nft lists: {msgspec.json.encode(said)[:80].decode(errors='replace')}")
        tables = tuple(self.finished(key, table) for key, table in self.tables.items())
        return Ruleset(tables, self.version, problems=tuple(self.problems))

    def problem(self, sentence: str) -> None:
        """An error in strict reading; lenient reading reports it."""
        if self.strict:
            raise StatementError(sentence, Place(1, sentence))
        if len(self.problems) < 100:
            self.problems.append(sentence)

    def read(self, kind: str, said: Mapping[str, Json]) -> None:
        """One object of the list."""
        if kind == "metainfo":
            self.version = str(said.get("version", ""))
            return
        if said["family"] not in HOOK_FAMILIES or not all(
            isinstance(said.get(name, ""), str) for name in ("name", "table", "chain", "comment")
        ):
            raise NotUnderstood(kind)
        if kind == "table":
            key = said["family"], said["name"]
            flags = tuple(_whole(flag) for flag in texts(said.get("flags")))
            self.tables[key] = Table(*key, (), flags, said.get("comment", ""), said.get("handle"))
            return
        key = said["family"], said["table"]
        self.tables.setdefault(key, Table(*key))
        if kind == "rule":
            statements = StatementReader(said["family"]).statements(said.get("expr", ()))
            rule = Rule(statements, said.get("comment", ""), said.get("handle"))
            self.rules.setdefault((*key, said["chain"]), []).append(rule)
            return
        self.blocks.setdefault(key, []).append(self.block(kind, said))

    def block(self, kind: str, said: Mapping[str, Json]) -> Block:
        """A block of a table; what is not understood is kept as JSON."""
        try:
            found = _block(kind, said)
            for line in block_lines(found, said["family"], Style()):  # what cannot be printed has values of other kinds than nft's
                line.encode()
            hash(found)
        except WRONG:
            if kind == "chain":
                raise
            return Verbatim((f"\t{msgspec.json.encode({kind: said}).decode()}",))
        return found

    def finished(self, key: tuple[str, str], table: Table) -> Table:
        """A table with its blocks in the order of the text, and chains with their rules."""
        blocks = [block for kind in _ORDER for block in self.blocks.get(key, ()) if isinstance(block, kind)]
        whole = (
            msgspec.structs.replace(block, rules=tuple(self.rules.get((*key, block.name), ()))) if isinstance(block, Chain) else block
            for block in blocks
        )
        return msgspec.structs.replace(table, blocks=tuple(whole))


def _block(kind: str, said: Mapping[str, Json]) -> Block:
    if kind == "chain":
        return Chain(said["name"], (), _hook(said), said.get("comment", ""), said.get("handle"))
    if kind in ("set", "map"):
        return _set(kind, said)
    if kind == "flowtable":
        return _flowtable(said)
    return NamedObject(kind, said["name"], _object(kind, said), said.get("comment", ""), said.get("handle"))


def _whole(flag: str) -> str:
    """A table's flag, of which nft 1.0.6 prints the beginning only."""
    return next((known for known in _TABLE_FLAGS if flag and known.startswith(flag)), flag)


def _hook(said: Mapping[str, Json]) -> Hook | None:
    if "hook" not in said:
        return None
    devices = texts(said.get("dev") or said.get("devs"))
    return Hook(said["type"], said["hook"], said["prio"], said.get("policy", "accept"), devices, texts(said.get("flags")))


def _types(said: Json) -> tuple[list[Datatype], str]:
    """Data types, and the expressions that they were taken from where there are some."""
    if isinstance(said, dict):
        expression = StatementReader("inet").expression(said["typeof"])
        return list(datatypes_of(expression)), expression_text(expression, Style())
    names = said if isinstance(said, list) else said.split(" . ")
    return [datatype_named(name) for name in names], ""


def _set(kind: str, said: Mapping[str, Json]) -> Set:
    keys, typeof = _types(said["type"])
    data: list[Datatype] = []
    names: tuple[str, ...] | None = None
    if kind == "map":
        data, typeof_data = ([], VERDICT) if said["map"] == VERDICT else _types(said["map"])
        names = tuple(found.name for found in data) or (VERDICT,)
        typeof = f"{typeof} : {typeof_data}" if typeof and typeof_data else ""
    reader = StatementReader(said["family"])
    timeout = said.get("timeout")
    return Set(
        said["name"],
        tuple(found.name for found in keys),
        names,
        with_flags(texts(said.get("flags")), timeout),
        reader.set(said.get("elem", ()), keys, data).elements,
        _milliseconds(timeout),
        _milliseconds(said.get("gc-interval")),
        said.get("size"),
        said.get("policy", ""),
        bool(said.get("auto-merge")),
        _declared(reader, said.get("stmt", ())),
        said.get("comment", ""),
        typeof,
        handle=said.get("handle"),
    )


def _declared(reader: StatementReader, said: Sequence[Json]) -> tuple[Statement, ...]:
    return tuple(reader.stateful(*next(iter(one.items()))) for one in said)


def _milliseconds(seconds: Json) -> int | None:
    return None if seconds is None else int(seconds) * 1000


def _flowtable(said: Mapping[str, Json]) -> Flowtable:
    devices = texts(said.get("dev"))
    return Flowtable(
        said["name"], said["hook"], said["prio"], devices, texts(said.get("flags")), bool(said.get("counter")), said.get("handle")
    )


def _object(kind: str, said: Mapping[str, Json]) -> ObjectValue:
    match kind:
        case "counter":
            return Counter(said.get("packets"), said.get("bytes"))
        case "quota":
            return Quota(said["bytes"], bool(said.get("inv")), said.get("used") or None)
        case "limit":
            return limit(said)
        case "synproxy":
            return Synproxy(said.get("mss"), said.get("wscale"), texts(said.get("flags")))
        case "secmark":
            return Secmark(said["context"])
        case "ct helper":
            return CtHelper(said["type"], said["protocol"], said.get("l3proto", ""))
        case "ct timeout":
            return CtTimeout(said["protocol"], said.get("l3proto", ""), tuple(said["policy"].items()))
        case "ct expectation":
            return CtExpectation(said["protocol"], said["dport"], said["timeout"], said["size"], said.get("l3proto", ""))
    raise NotUnderstood(kind)
