"""From one nft ruleset to another in one transaction of `nft -f`: tables that differ are made again, with all that they hold."""

from collections.abc import Callable, Collection, Iterable, Sequence

import msgspec

from netlab_magic.nftables.listing import listing
from netlab_magic.nftables.ruleset import Block, Ruleset, Set, Table
from netlab_magic.nftables.state import stateless

__all__ = ["is_owned", "reloading", "same_at_rest"]


def reloading(now: Ruleset, then: Ruleset, shared: Collection[str] = ()) -> str:
    """What `nft -f` must get so that the tables of `now` become those of `then`, with their counters; "" where they say the same.

    Of base chains with one priority the kernel asks the youngest first (nf_hook_entries_grow() in net/netfilter/core.c), so from the first
    table that differs on all are made again, in the order of `then`. Tables of a program that owns them are left to it: the kernel lets
    nobody else change them (nft_table_lookup() in net/netfilter/nf_tables_api.c). Tables that are `shared` with iptables are not deleted:
    what nft had in them goes when iptables' rules are restored.
    """
    old, new = _free(now), _free(then)
    kept = _common(stateless(Ruleset(old)).tables, stateless(Ruleset(new)).tables)
    gone = [table.title for table in old[kept:] if table.title not in shared]
    made = [table.title for table in new[kept:] if table.title not in (*gone, *shared)]
    lines = [*(f"delete table {title}\n" for title in gone), *(f"table {title}\ndelete table {title}\n" for title in made)]
    return "".join((*lines, listing(Ruleset(new[kept:], then.version))))


def is_owned(table: Table) -> bool:
    """Whether a table belongs to a program: it goes with that program, and no other one can change it."""
    return "owner" in table.flags


def same_at_rest(one: Ruleset, other: Ruleset) -> bool:
    """Whether two rulesets say the same, apart from what packets and time change: counters, and elements that come and go."""
    return _at_rest(one) == _at_rest(other)


def _free(ruleset: Ruleset) -> tuple[Table, ...]:
    return tuple(table for table in ruleset.tables if not is_owned(table))


def _common(one: Sequence[Table], other: Sequence[Table]) -> int:
    """How many tables both begin with."""
    same = (old == new for old, new in zip(one, other, strict=False))
    return next((place for place, equal in enumerate(same) if not equal), min(len(one), len(other)))


def _at_rest(ruleset: Ruleset) -> Ruleset:
    return _with_blocks(stateless(Ruleset(_free(ruleset))), _without_passing_elements)


def _with_blocks(ruleset: Ruleset, change: Callable[[Block], Block]) -> Ruleset:
    def changed(blocks: Iterable[Block]) -> tuple[Block, ...]:
        return tuple(map(change, blocks))

    return Ruleset(tuple(msgspec.structs.replace(table, blocks=changed(table.blocks)) for table in ruleset.tables))


def _without_passing_elements(block: Block) -> Block:
    """A set that rules fill, or whose elements go when their time has come, without its elements."""
    if isinstance(block, Set) and {"dynamic", "timeout"} & {*block.flags}:
        return msgspec.structs.replace(block, elements=())
    return block
