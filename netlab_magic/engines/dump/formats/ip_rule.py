"""What `ip rule` prints, for people and as JSON: the rules that choose a table of routes (ip/iprule.c, print_rule)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.host_dump import ListedRule
from netlab_magic.engines.dump.page import Page
from netlab_magic.model.topology import RoutingRule

__all__ = ["TABLES", "is_rule", "of_item", "read", "rule_of", "typed"]

TABLES = {"local": 255, "main": 254, "default": 253}
"""The tables that have a name on every host (rt_tables)."""

_LINE = re.compile(r"(?P<priority>\d{1,10}):\s+(?P<words>(?:not )?from .*)")
_VALUED = ("from", "to", "iif", "tos", "dsfield", "fwmark", "lookup", "table", "goto", "suppress_prefixlength")
_LAST = 32767
_OWN = ((0, "local"), (32766, "main"), (_LAST, "default"))
_ALL_BITS = 0xFFFFFFFF
_ENDS = {"blackhole", "unreachable", "prohibit", "nop"}
_JSON_NAMES = {"suppress_prefixlen": "suppress_prefixlength", "table": "lookup", "action": ""}


def read(page: Page, held: Held) -> bool:
    """Reads a listing of rules, if one begins here."""
    if not _LINE.fullmatch(page.text):
        return False
    lines = [line.text.strip() for line in page.take_while(lambda text: bool(_LINE.fullmatch(text.strip())))]
    found = [rule_of(int(head["priority"]), head["words"].split()) for line in lines if (head := _LINE.fullmatch(line))]
    command = page.ran("ip")
    six = command.has("-6") if command else _looks_like_six(found, held)
    held.add_rules([_of_family(rule, six or ":" in f"{rule.rule.source}{rule.rule.destination}") for rule in found])
    return True


def _looks_like_six(found: Sequence[ListedRule], held: Held) -> bool:
    """IPv6 has no table default: a second listing without its rule is of IPv6 (fib6_rules_net_init)."""
    return held.rules is not None and bool(held.rules) and all(rule.rule.priority != _LAST for rule in found)


def _of_family(listed: ListedRule, six: bool) -> ListedRule:
    if not six:
        return listed
    held = listed.rule
    fields = {name: getattr(held, name) for name in RoutingRule.__struct_fields__}
    return ListedRule(RoutingRule(**{**fields, "six": True}), listed.table, listed.unjudged)


def typed(words: Sequence[str], six: bool, before: Sequence[ListedRule]) -> list[ListedRule]:
    """The rule that `ip rule add` is given, and the kernel's own, between which it is: without a priority, before all others."""
    own = [
        _of_family(rule_of(priority, ["from", "all", "lookup", table]), six) for priority, table in _OWN if not six or table != "default"
    ]
    rest, priority = list(words), 0
    for option in ("priority", "pref", "preference", "order"):
        if option in rest[:-1]:
            at = rest.index(option)
            priority = _number(rest[at + 1])
            del rest[at : at + 2]
    if not priority:
        used = [rule.rule.priority for rule in before if rule.rule.six == six and rule.rule.priority]
        priority = max(0, min([32766, *used]) - 1)
    return [*own, _of_family(rule_of(priority, rest), six)]


def is_rule(item: Mapping[str, Any]) -> bool:
    """Whether an element of a JSON list is a rule."""
    return "priority" in item and ("src" in item or "table" in item)


def of_item(item: Mapping[str, Any], page: Page) -> ListedRule:
    """A rule from an element of a JSON list."""
    found = rule_of(int(item["priority"]), list(_words_of(item)))
    command = page.ran("ip")
    return _of_family(found, bool(command and command.has("-6")) or ":" in f"{found.rule.source}{found.rule.destination}")


def _words_of(item: Mapping[str, Any]) -> Iterator[str]:
    """A rule of `ip -j rule` in the words that `ip rule` prints."""
    if "not" in item:
        yield "not"
    for key, name in (("src", "from"), ("dst", "to")):
        if key in item:
            yield from (name, f"{item[key]}/{item[key + 'len']}" if f"{key}len" in item else str(item[key]))
    for key, value in item.items():
        if key == "fwmark":
            yield from ("fwmark", f"{value}/{item['fwmask']}" if "fwmask" in item else str(value))
        elif key == "action":
            yield str(value)
        elif key not in ("priority", "not", "src", "srclen", "dst", "dstlen", "fwmask"):
            yield from (_JSON_NAMES.get(key, key), str(value))


def rule_of(priority: int, words: Sequence[str]) -> ListedRule:
    """A rule from the words behind its priority; what the model has no field for is `unjudged`."""
    said: dict[str, str] = {}
    kind, negated, unjudged = "table", False, []
    rest = iter(words)
    for word in rest:
        if word == "not":
            negated = True
        elif word in _ENDS:
            kind = word
        elif word in _VALUED:
            said["lookup" if word == "table" else word] = next(rest, "")
        elif not word.startswith("["):
            unjudged += [word, next(rest, "")] if word != "l3mdev" else [word]
    mark, _, mask = said.get("fwmark", "").partition("/")
    table = said.get("lookup", "")
    wrong = [f"{name} {said[name]}" for name in ("from", "to") if not _is_prefix(said.get(name, "all"))]
    held = RoutingRule(
        priority,
        source=_prefix(said.get("from", "all")),
        destination=_prefix(said.get("to", "all")),
        input=said.get("iif", ""),
        mark=_number(mark),
        mask=(_number(mask) if mask else _ALL_BITS) if mark else 0,
        tos=_number(said.get("tos") or said.get("dsfield") or "0"),
        negated=negated,
        kind="goto" if "goto" in said else kind,
        table=TABLES.get(table, int(table) if table.isdecimal() and len(table) < len(str(_ALL_BITS)) else 0),
        goto=_number(said.get("goto", "0")),
        suppressed=_number(said.get("suppress_prefixlength", "-1")),
    )
    return ListedRule(held, table, " ".join([*wrong, *filter(None, unjudged)]))


def _prefix(word: str) -> str:
    if word == "all" or not _is_prefix(word):
        return ""
    return word if "/" in word else f"{word}/{128 if ':' in word else 32}"


def _is_prefix(word: str) -> bool:
    return word == "all" or bool(re.fullmatch(r"(?:[0-9a-fA-F]*:[0-9a-fA-F:.]*|(?:\d{1,3}\.){3}\d{1,3})(?:/\d{1,3})?", word))


def _number(word: str) -> int:
    try:
        return int(word, 0)
    except ValueError:
        return 0
