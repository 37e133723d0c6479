"""Reading what stands in braces behind the name of a table, a chain, a set or an object; the same on one line or on many."""

import re

import msgspec

from netlab_magic.nftables.commands.complaints import Complaint, Refused, Unavailable
from netlab_magic.nftables.commands.cursor import Cursor
from netlab_magic.nftables.commands.request import ChainBody, Elements, ObjectBody, SetBody
from netlab_magic.nftables.commands.tokens import Token
from netlab_magic.nftables.commands.words import words_with_places
from netlab_magic.nftables.datatypes import DATATYPES
from netlab_magic.nftables.ruleset import (
    CtExpectation,
    CtHelper,
    CtTimeout,
    Flowtable,
    Hook,
    ObjectValue,
)
from netlab_magic.nftables.statements import Counter
from netlab_magic.nftables.symbols import HOOK_FAMILIES, priorities
from netlab_magic.nftables.text.block_parser import BlockParser, read_object, read_set
from netlab_magic.nftables.text.words import NotUnderstood

__all__ = ["OBJECT_KINDS", "hook_lines", "read_flowtable_block", "read_object_body", "read_set_block"]

OBJECT_KINDS = ("counter", "quota", "limit", "synproxy", "secmark", "ct helper", "ct timeout", "ct expectation")
"""The kinds of objects."""

_TYPES = ("filter", "nat", "route")
_ALL_HOOKS = {hook for hooks in HOOK_FAMILIES.values() for hook in hooks}
_SET_WORDS = ("type", "typeof", "flags", "timeout", "gc-interval", "size", "policy", "comment", "auto-merge")
_WANTED = {"limit": "rate or '{'", "quota": "number"}
_NUMBER = re.compile(r"-?\d+")


def hook_lines(cursor: Cursor, family: str, body: ChainBody) -> ChainBody:
    """The chain after one line of its head: `type …`, `policy …`, `comment …`, `flags …`."""
    match cursor.take().text:
        case "type":
            return _hook(cursor, family, body)
        case "policy":
            start = cursor.last
            if cursor.token.text not in ("accept", "drop"):
                cursor.unexpected("accept or drop or '$'")
            policy = cursor.take().text
            hook = body.hook and msgspec.structs.replace(body.hook, policy=policy)
            return msgspec.structs.replace(body, hook=hook, policy=policy, policy_span=start.to(cursor.last))
        case "flags":
            cursor.name()
            hook = body.hook and msgspec.structs.replace(body.hook, flags=("offload",))
            return msgspec.structs.replace(body, hook=hook)
        case _:
            return msgspec.structs.replace(body, comment=cursor.text())


def _hook(cursor: Cursor, family: str, body: ChainBody) -> ChainBody:
    start = cursor.last
    kind = cursor.take()
    cursor.expect("hook")
    hook = cursor.take()
    if kind.text not in _TYPES:
        raise Refused.at("unknown chain type", kind.span)
    if hook.text not in _ALL_HOOKS:
        raise Refused.at("unknown chain hook", hook.span)
    devices = _devices(cursor)
    cursor.expect("priority")
    priority = _priority(cursor, family, hook.text)
    found = Hook(kind.text, hook.text, priority, "accept", devices)
    return msgspec.structs.replace(body, hook=found, type_span=start.to(cursor.last), hook_span=hook.span)


def _devices(cursor: Cursor) -> tuple[str, ...]:
    if not cursor.accept("device") and not cursor.accept("devices"):
        return ()
    cursor.accept("=")
    if not cursor.token.is_sign("{"):
        return (cursor.text(),)
    return tuple(token.text.strip('"') for token in cursor.braced() if token.kind in ("word", "quoted"))


def _priority(cursor: Cursor, family: str, hook: str) -> int:
    start = cursor.last
    word = cursor.take()
    if _NUMBER.fullmatch(word.text):
        return (int(word.text) + 2**31) % 2**32 - 2**31
    offset = 0
    if cursor.token.text in ("+", "-"):
        sign = cursor.take().text
        offset = int(sign + cursor.number().text)
    elif _NUMBER.fullmatch(cursor.token.text):  # `filter -1`
        offset = int(cursor.take().text)
    at_hook = {"dstnat": ("prerouting",), "srcnat": ("postrouting",), "out": ("output",)}.get(word.text)
    names = priorities(family, hook)
    if word.text not in names or (at_hook and hook not in at_hook):
        raise Refused.at("invalid priority expression value in this context.", start.to(cursor.last))
    return names[word.text] + offset


def read_set_block(cursor: Cursor, name: str, *, is_map: bool) -> tuple[SetBody, Elements | None]:
    """A set or map with its braces, and its elements."""
    if not cursor.token.is_sign("{"):
        cursor.unexpected("'{'")
    start = cursor.take().span
    lines: list[str] = []
    elements: Elements | None = None
    complaints: list[Complaint] = []
    while not cursor.accept("}"):
        if cursor.token.kind == "newline" or cursor.token.is_sign(";"):
            cursor.at += 1
        elif cursor.accept("elements"):
            cursor.expect("=", "'='")
            elements = Elements(tuple(cursor.braced()))
        else:
            complaints += _set_line(cursor, lines, is_map)
    span = start.to(cursor.tokens[cursor.at - 2].span)
    if not any(line.startswith(("type ", "typeof ")) for line in lines):
        raise Refused(*complaints, Complaint("set definition does not specify key", (span,)))
    try:
        found = read_set(name, None, "\n".join(lines), is_map=is_map)
    except NotUnderstood as error:
        raise Unavailable(f"this set ({error})") from error
    return SetBody(msgspec.structs.replace(found, raw=""), span), elements


def _set_line(cursor: Cursor, lines: list[str], is_map: bool) -> list[Complaint]:
    """Reads one statement of a set, as the line of a listing."""
    first = cursor.token
    if first.kind == "end":
        cursor.unexpected()
    words, spans = words_with_places(cursor.until_end(), with_ports=False)
    if not words:
        cursor.unexpected()
    if first.text == "type":
        known = [each for each in words[1:] if each not in (".", ":", "interval", "verdict", "counter", "quota", "limit")]
        wrong = next((each for each in known if each not in DATATYPES), None)
        if wrong:
            return [Complaint(f"unknown datatype {wrong}", (spans[words.index(wrong)],))]
        if is_map and ":" not in words:
            return [Complaint(f"syntax error, unexpected {cursor.token.name}, expecting colon or .", (cursor.token.span,))]
        if not is_map and ":" in words:
            return [Complaint("syntax error, unexpected colon, expecting newline or semicolon or .", (spans[words.index(":")],))]
    elif first.text not in (*_SET_WORDS, "counter", "limit", "quota"):
        raise Refused.at(f"syntax error, unexpected {first.name}", first.span)
    lines.append(" ".join(words))
    return []


def read_object_body(cursor: Cursor, kind: str, name: str, family: str) -> ObjectBody:
    """What an object says, in braces or without."""
    inner = cursor.braced()[1:-1] if cursor.token.is_sign("{") else cursor.until_end()
    after: Token = cursor.token
    words, spans = words_with_places([token for token in inner if not token.is_sign(";")], with_ports=False)
    comment = ""
    if "comment" in words:
        at = words.index("comment")
        comment = words[at + 1].strip('"')
        words, spans = words[:at] + words[at + 2 :], spans[:at] + spans[at + 2 :]
    if not words and kind == "counter":
        return ObjectBody(Counter(0, 0), comment)
    if not words and kind in _WANTED:
        raise Refused.at(f"syntax error, unexpected {after.name}, expecting {_WANTED[kind]}", after.span)
    try:
        value = read_object(kind, name, None, " ".join(words)).value
    except NotUnderstood:
        raise Unavailable(f"this {kind}") from None
    return ObjectBody(_completed(value, family), comment)


def _completed(value: ObjectValue, family: str) -> ObjectValue:
    """An object with the family that nft adds."""
    if isinstance(value, CtHelper | CtTimeout | CtExpectation) and not value.l3proto:
        return msgspec.structs.replace(value, l3proto=family)
    return value


def read_flowtable_block(cursor: Cursor, name: str) -> Flowtable:
    """A flowtable."""
    words, _ = words_with_places([token for token in cursor.braced()[1:-1] if not token.is_sign(";")])
    try:
        parser = BlockParser(" ".join(words))
        return msgspec.structs.replace(parser.flowtable(name, None, ""), raw="")
    except NotUnderstood:
        raise Unavailable("this flowtable") from None
