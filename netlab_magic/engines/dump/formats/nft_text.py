"""What `nft list ruleset` and its relatives print, and what `nft -j` does: tables, each kept as nft lists it.

A table ends with the brace that closes it, wherever it stands; one that is cut off is closed.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.page import Page
from netlab_magic.engines.dump.starts import begins_part
from netlab_magic.nftables import listing, read_json
from netlab_magic.nftables.commands.complaints import Unavailable
from netlab_magic.nftables.commands.program import called

__all__ = ["carry_out", "read", "read_json_tables"]

_TABLE = re.compile(r"table (?P<title>(?:ip|ip6|inet|arp|bridge|netdev) \S+) \{(?: #.*)?")
_TEXT = re.compile(r'"[^"]*"|#.*$')


def read(page: Page, held: Held) -> bool:
    """Reads a table, if one begins here."""
    head = _TABLE.fullmatch(page.text)
    if not head:
        return False
    start, depth = page.number, 0
    lines: list[str] = []
    while not page.is_read:
        line = page.text
        if lines and depth < 2 and (_TABLE.fullmatch(line) or begins_part(line)):
            break
        page.take()
        braces = _TEXT.sub("", line)
        closed = braces.startswith("}")
        lines.append("\t" * (depth - closed) + line if line else "")
        depth += braces.count("{") - braces.count("}")
        if depth <= 0:
            break
    if depth > 0:
        held.remark(page, start, head[0], "the table has no closing brace, so the listing may be cut off")
        lines += ["\t" * level + "}" for level in range(depth - 1, -1, -1)]
    held.add_native(page, head["title"], "\n".join([*lines, ""]), start)
    return True


def carry_out(words: Sequence[str], held: Held) -> bool:
    """Does what an `nft` command says, in the tables that commands have made so far; False if nft would refuse it, or it is not known."""
    try:
        answer = called(words, held.nft_tables, (), lambda _: None)
    except Unavailable:
        return False
    held.nft_tables = answer.tables
    for table in answer.tables.ruleset.tables:
        if table.title not in held.native_places:
            held.native[table.title] = listing(msgspec.structs.replace(answer.tables.ruleset, tables=(table,)))
    return answer.status == 0


def read_json_tables(item: Mapping[str, Any], page: Page, held: Held) -> bool:
    """Reads what `nft -j list ruleset` printed: one object with a list of objects."""
    if not isinstance(item.get("nftables"), list):
        return False
    ruleset = read_json(msgspec.json.encode(item), strict=False)
    for problem in ruleset.problems:
        held.remark(page, page.number, problem)
    for table in ruleset.tables:
        alone = msgspec.structs.replace(ruleset, tables=(table,), problems=(), remarks=())
        held.add_native(page, table.title, listing(alone), page.number)
    held.count += 1
    return True
