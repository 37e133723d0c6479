"""Lists and objects of JSON: what `ip -j`, `nft -j`, `docker inspect` and their relatives print.

Of one that is cut off, the elements that are whole are taken.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from netlab_magic.engines.dump import ip_items
from netlab_magic.engines.dump.formats import containers, ip_rule, nft_text
from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.page import Command, Page
from netlab_magic.text import counted

__all__ = ["read"]

_BEGINS = re.compile(r"\[\s*(?:\{|\]|$)|\{\s*(?:\"|$)")
_DECODER = json.JSONDecoder(strict=False)
_INNER = re.compile(r"[\s,\[]*")
_NFTABLES = re.compile(r'\{\s*"nftables"\s*:\s*(?=\[)')


def read(page: Page, held: Held) -> bool:
    """Reads a list or an object, if one begins here."""
    if not _BEGINS.match(page.text):
        return False
    rest = "\n".join(line.text for line in page.lines[page.at :]).lstrip()
    try:
        found, length = _DECODER.raw_decode(rest)
        broken = ""
    except RecursionError:
        return False
    except ValueError as error:
        found, length = _salvaged(rest)
        broken = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    if broken:
        held.remark(page, page.number, page.text, f"this JSON is cut off or broken ({broken}){_counted(found)}")
    if not broken and found == []:
        held.count += 1
    _read_found(found, page, held)
    page.at += rest[:length].count("\n")
    left = rest[length:].partition("\n")[0]
    if left.strip() and not broken:
        page.lines[page.at] = page.lines[page.at]._replace(text=left)
    else:
        page.at += 1
    return True


def _counted(found: Any) -> str:
    inner = found.get("nftables") if isinstance(found, dict) else found
    return f"; {counted(len(inner), 'element')} of it could be read" if inner else ""


def _salvaged(rest: str) -> tuple[Any, int]:
    """The elements at the beginning of a list that are whole, and where they end."""
    head = _NFTABLES.match(rest)
    at = head.end() if head else 0
    items: list[dict[str, Any]] = []
    while rest[at : at + 1]:
        blank = _INNER.match(rest, at)
        at = blank.end() if blank else at
        try:
            item, at = _DECODER.raw_decode(rest, at)
        except (ValueError, RecursionError):
            break
        if not isinstance(item, dict):
            break
        items.append(item)
    end = next((place for mark in ("\n\n", "\n```") if (place := rest.find(mark, at)) >= 0), len(rest))
    return {"nftables": items} if head else items, end


def _read_found(found: Any, page: Page, held: Held) -> None:
    items = list(_objects(found))
    unread = 0
    for item in items:
        try:
            unread += not _read_item(item, page, held)
        except (msgspec.ValidationError, ValueError, TypeError, KeyError):
            unread += 1
    if unread:
        held.remark(page, page.number, page.text, "" if unread == len(items) else f"{unread} of {len(items)} elements are not understood")


def _objects(found: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list; of `ip -j -s`, empty ones stand for what was filtered out."""
    for item in found if isinstance(found, list) else [found]:
        if isinstance(item, dict) and item:
            yield item
        elif isinstance(item, list):
            yield from _objects(item)


def _read_item(item: dict[str, Any], page: Page, held: Held) -> bool:
    if nft_text.read_json_tables(item, page, held) or containers.read_item(item, held):
        held.count += 1
        return True
    if ip_rule.is_rule(item):
        held.add_rules([ip_rule.of_item(item, page)])
    elif "name" in item and set(item) <= {"name", "id", "nsid"}:
        held.names.append(str(item["name"]))
    else:
        printed = ip_items.printed(_with_table(item, page.ran("ip")))
        held.add_item(printed)
        if printed is None:
            return False
    held.count += 1
    return True


def _with_table(item: dict[str, Any], command: Command | None) -> dict[str, Any]:
    """A route of a table that only the command names."""
    table = command.value("table", "t") if command else ""
    if "dst" not in item or "table" in item or not table or table == "all":
        return item
    return {**item, "table": table}
