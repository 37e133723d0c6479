"""nft's own tables of two states side by side: chains with their rules, and sets, maps and objects with what was added or removed."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from netlab_magic.iptables.ruleset import RulePosition
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.diff import changed_elements, side_by_side
from netlab_magic.nftables.listing import block_lines
from netlab_magic.nftables.ruleset import Block, Chain, Flowtable, NamedObject, Rule, Ruleset, Set, Table, Verbatim
from netlab_magic.nftables.state import stateless
from netlab_magic.nftables.text.expression_printer import Style, element_text
from netlab_magic.session.results.diff import BlockDiff, ChainDiff, RuleDiff

__all__ = ["native_differences"]

Natives = Mapping[str, Ruleset]
"""nft's own tables by namespace."""


Words = Callable[[Ruleset, RulePosition], str]
"""Gives the words for what a rule does; "" to say nothing."""


def native_differences(
    before: Natives, after: Natives, words: Words = lambda *_: ""
) -> tuple[tuple[ChainDiff, ...], tuple[BlockDiff, ...]]:
    """The chains that differ, and what else differs; counters and running times are not compared.

    `words` says what an added or removed rule does.
    """
    found = [part for name in dict.fromkeys((*after, *before)) for part in _of_namespace(name, before, after, words)]
    return tuple(part for part in found if isinstance(part, ChainDiff)), tuple(part for part in found if isinstance(part, BlockDiff))


def _of_namespace(name: str, before: Natives, after: Natives, words: Words) -> Iterator[ChainDiff | BlockDiff]:
    old, new = (stateless(natives.get(name, Ruleset())) for natives in (before, after))

    def told(chain: ChainDiff, row: RuleDiff) -> RuleDiff:
        place = RulePosition(chain.table, chain.name, row.after or row.before)
        return row if row.stayed else msgspec.structs.replace(row, words=words(new if row.after else old, place))

    style = Style(recent=False)  # nft 1.0 and later read it
    for table in dict.fromkeys((held.family, held.name) for held in (*new.tables, *old.tables)):
        title = f"{' '.join(table)}{'' if name == HOST else f' in {name}'}"
        for part in _of_table(old.table(*table), new.table(*table), Table(*table), style):
            if isinstance(part, ChainDiff):
                yield msgspec.structs.replace(part, table=title, rows=tuple(told(part, row) for row in part.rows))
            else:
                yield msgspec.structs.replace(part, table=title)


def _of_table(old: Table | None, new: Table | None, nothing: Table, style: Style) -> Iterator[ChainDiff | BlockDiff]:
    heads = [_head(table) if table else () for table in (old, new)]
    if old is None or new is None or heads[0] != heads[1]:
        yield BlockDiff(nothing.title, "table", "", _fate(old, new), *_changed(*heads))
    one, other = (_named(table or nothing) for table in (old, new))
    for key in dict.fromkeys((*other, *one)):
        yield from _of_block(nothing, *key, one.get(key), other.get(key), style)


def _head(table: Table) -> tuple[str, ...]:
    return (*(f"flags {flag}" for flag in table.flags), *([f'comment "{table.comment}"'] if table.comment else []))


def _named(table: Table) -> dict[tuple[str, str], Block]:
    return {_name(block): block for block in table.blocks}


def _name(block: Block) -> tuple[str, str]:
    """The kind of a block, and its name."""
    match block:
        case Chain():
            return "chain", block.name
        case Set():
            return "map" if block.is_map else "set", block.name
        case NamedObject():
            return block.kind, block.name
        case Flowtable():
            return "flowtable", block.name
        case Verbatim(lines):
            return "", lines[0].strip(" \t{")


def _of_block(table: Table, kind: str, name: str, old: Block | None, new: Block | None, style: Style) -> Iterator[ChainDiff | BlockDiff]:
    if old == new:
        return
    if kind == "chain":
        assert isinstance(old, Chain | None)
        assert isinstance(new, Chain | None)
        yield ChainDiff(table.title, name, old, new, tuple(_rows(old, new, table.family, style)))
        return
    gone, came = _changed(*(_declared(block, table.family, style) if block else () for block in (old, new)))
    elements = _elements(old if isinstance(old, Set) else None, new if isinstance(new, Set) else None, style)
    yield BlockDiff(table.title, kind, name, _fate(old, new), (*gone, *elements[0]), (*came, *elements[1]))


def _rows(old: Chain | None, new: Chain | None, family: str, style: Style) -> Iterator[RuleDiff]:
    one = other = 0
    for gone, come in side_by_side(old.rules if old else (), new.rules if new else ()):
        one, other = one + bool(gone), other + bool(come)
        rule = come or gone or Rule()
        yield RuleDiff(rule, rule.text(family, style), one if gone else 0, other if come else 0)


def _declared(block: Block, family: str, style: Style) -> tuple[str, ...]:
    """The lines of a block, without its header and elements."""
    bare = msgspec.structs.replace(block, elements=(), raw="") if isinstance(block, Set) else block
    return tuple(line.strip() for line in [*block_lines(bare, family, style)][1:-1])


def _elements(old: Set | None, new: Set | None, style: Style) -> tuple[list[str], list[str]]:
    """The removed elements, and the added ones."""
    if old and new and (old.key, old.data) == (new.key, new.data):
        gone, came = changed_elements(old, new)
    else:
        gone, came = old.elements if old else (), new.elements if new else ()
    return [element_text(one, old.key_types, old.data_types, style) for one in gone if old], [
        element_text(one, new.key_types, new.data_types, style) for one in came if new
    ]


def _changed(old: Sequence[str], new: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines only in the first, and those only in the second."""
    return tuple(line for line in old if line not in new), tuple(line for line in new if line not in old)


def _fate(old: object, new: object) -> str:
    return "new" if old is None else "gone" if new is None else ""
