"""From one nft ruleset to another in one transaction of `nft -f`: tables that differ are recreated, with everything in them."""

from collections.abc import Collection

import msgspec

from netlab_magic.nftables.diff import ReplaceBlock, changed_elements, diff
from netlab_magic.nftables.expressions import Element
from netlab_magic.nftables.listing import listing
from netlab_magic.nftables.ruleset import Ruleset, Set, Table
from netlab_magic.nftables.state import at_rest, stateless
from netlab_magic.nftables.text.expression_printer import Style, element_text

__all__ = ["is_owned", "reloading", "same_at_rest"]


def reloading(now: Ruleset, then: Ruleset, shared: Collection[str] = ()) -> str:
    """What `nft -f` must get so that the tables of `now` become those of `then`, with their counters; "" where they say the same.

    Of base chains with one priority the kernel asks the youngest first (nf_hook_entries_grow() in net/netfilter/core.c), so from the first
    table that differs on all are made again, in the order of `then`; where only elements of plain sets differ, these are put right and
    the table stays. Tables of a program that owns them are left to it: the kernel lets nobody else change them (nft_table_lookup() in
    net/netfilter/nf_tables_api.c). Tables that are `shared` with iptables are not deleted: what nft had in them goes when iptables' rules
    are restored.
    """
    old, new = _free(now), _free(then)
    lines: list[str] = []
    kept = 0
    for before, after in zip(stateless(Ruleset(old)).tables, stateless(Ruleset(new)).tables, strict=False):
        elements = [] if before == after else _element_commands(before, after)
        if elements is None:
            break
        lines += elements
        kept += 1
    gone = [table.title for table in old[kept:] if table.title not in shared]
    made = [table.title for table in new[kept:] if table.title not in (*gone, *shared)]
    lines += [*(f"delete table {title}\n" for title in gone), *(f"table {title}\ndelete table {title}\n" for title in made)]
    for table in new[kept:]:
        chains = [f"chain {table.title} {chain.name}" for chain in table.chains if table.title in shared and not chain.hook]
        lines += [*(f"add {chain}\n" for chain in chains), *(f"flush {chain}\n" for chain in chains)]  # iptables may have restored them
    return "".join((*lines, listing(Ruleset(new[kept:], then.version))))


def _element_commands(before: Table, after: Table) -> list[str] | None:
    """Commands that lead from one table to the other where only elements of sets differ; None elsewhere.

    nft 1.0.6 crashes when it deletes some elements of maps and of intervals.
    """
    if before.title != after.title:
        return None
    lines: list[str] = []
    for change in diff(Ruleset((before,)), Ruleset((after,))):
        match change:
            case ReplaceBlock(before=Set() as old, after=Set() as new) if _is_plain(old) and _bare(old) == _bare(new):
                gone, came = changed_elements(old, new)
                for verb, elements in (("delete", tuple(Element(element.key) for element in gone)), ("add", came)):
                    texts = [element_text(element, new.key_types, (), Style(recent=False)) for element in elements]
                    lines += [f"{verb} element {after.title} {new.name} {{ {', '.join(texts)} }}\n"] * bool(texts)
            case _:
                return None
    return lines


def _is_plain(found: Set) -> bool:
    return not found.is_map and "interval" not in found.flags


def _bare(found: Set) -> Set:
    return msgspec.structs.replace(found, elements=())


def is_owned(table: Table) -> bool:
    """Whether a table is owned by a program: only that program can change it, and it ends with the program."""
    return "owner" in table.flags


def same_at_rest(one: Ruleset, other: Ruleset) -> bool:
    """Whether two rulesets are equal, apart from the order of tables, counters, and dynamic elements."""
    return _sorted(one) == _sorted(other)


def _sorted(ruleset: Ruleset) -> list[Table]:
    return sorted(at_rest(Ruleset(_free(ruleset))).tables, key=lambda table: table.title)


def _free(ruleset: Ruleset) -> tuple[Table, ...]:
    return tuple(table for table in ruleset.tables if not is_owned(table))
