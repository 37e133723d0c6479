"""The changes from one nft ruleset to another, as values that can be shown, applied and inverted."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from netlab_magic.iptables.lcs import aligned, paired
from netlab_magic.nftables.expressions import Element
from netlab_magic.nftables.ruleset import Block, Chain, Hook, Rule, Ruleset, Set, Table, Verbatim

__all__ = [
    "AddBlock",
    "AddTable",
    "DeleteBlock",
    "DeleteRule",
    "DeleteTable",
    "InsertRule",
    "NftChange",
    "ReplaceBlock",
    "ReplaceTable",
    "SetHook",
    "apply",
    "changed_elements",
    "diff",
    "invert",
    "side_by_side",
]


class _Change(msgspec.Struct, frozen=True, tag=True):
    """Base of all changes: each belongs to one table."""

    family: str
    table: str


class AddTable(_Change, frozen=True):
    """An empty table is added, at this place among the tables."""

    place: int
    head: Table


class DeleteTable(_Change, frozen=True):
    """The table, by now empty, is deleted."""

    place: int
    head: Table


class ReplaceTable(_Change, frozen=True):
    """The table's flags or comment change."""

    before: Table
    after: Table


class AddBlock(_Change, frozen=True):
    """A set, an object, a flowtable, or a chain without rules is added at this place in the table."""

    place: int
    block: Block


class DeleteBlock(_Change, frozen=True):
    """A block is deleted; a chain is by then empty."""

    place: int
    block: Block


class ReplaceBlock(_Change, frozen=True):
    """A set, an object or a flowtable changes."""

    before: Block
    after: Block


class SetHook(_Change, frozen=True):
    """A chain's hook, priority, policy or comment changes."""

    chain: str
    before: Hook | None
    after: Hook | None
    comments: tuple[str, str] = ("", "")


class InsertRule(_Change, frozen=True):
    """A rule is inserted as number `number`, from 1."""

    chain: str
    number: int
    rule: Rule


class DeleteRule(_Change, frozen=True):
    """The rule number `number` is deleted."""

    chain: str
    number: int
    rule: Rule


NftChange = AddTable | DeleteTable | ReplaceTable | AddBlock | DeleteBlock | ReplaceBlock | SetHook | InsertRule | DeleteRule

_Key = tuple[str, str]
_ChainChange = Callable[[Chain], Chain]


def diff(before: Ruleset, after: Ruleset) -> tuple[NftChange, ...]:
    """The changes from one ruleset to the other: `apply(before, diff(before, after)) == after`.

    Equal rules are paired; if counters do not matter, remove them with `stateless` first. Referenced blocks are added before the rules
    that refer to them, and deleted after them: sets and empty chains first, then rules.
    """
    old = {(table.family, table.name): table for table in before.tables}
    new = {(table.family, table.name): table for table in after.tables}
    changes: list[NftChange] = []
    kept = _kept([*old], [*new])
    for place, (key, table) in reversed([*enumerate(old.items())]):
        if key not in kept:
            changes += _table_changes(table, _head(table))
            changes.append(DeleteTable(*key, place, _head(table)))
    for place, (key, table) in enumerate(new.items()):
        if key not in kept:
            changes.append(AddTable(*key, place, _head(table)))
        elif _head(old[key]) != _head(table):
            changes.append(ReplaceTable(*key, _head(old[key]), _head(table)))
        changes += _table_changes(old[key] if key in kept else _head(table), table)
    return tuple(changes)


def _kept(old: Sequence[_Key], new: Sequence[_Key]) -> set[_Key]:
    """What stays in place; everything else is deleted, added, or both."""
    return {old[one] for one, _ in aligned(old, new)}


def _head(table: Table) -> Table:
    return msgspec.structs.replace(table, blocks=(), remarks=(), handle=None)


def _name(block: Block) -> _Key:
    if isinstance(block, Verbatim):
        return "Verbatim", "\n".join(block.lines)
    return type(block).__name__, block.name


def _empty(block: Block) -> Block:
    """A chain without its rules, which are added and deleted one by one."""
    return Chain(block.name, (), block.hook, block.comment) if isinstance(block, Chain) else block


def _table_changes(before: Table, after: Table) -> Iterator[NftChange]:
    where = before.family, before.name
    old = {_name(block): block for block in before.blocks}
    new = {_name(block): block for block in after.blocks}
    kept = _kept([*old], [*new])
    gone = [(place, block) for place, (name, block) in enumerate(old.items()) if name not in kept]
    for _, block in gone:
        if isinstance(block, Chain):
            yield from _rule_changes(where, block, Chain(block.name))
    for name, block in old.items():
        if name in kept and isinstance(block, Chain):
            yield from _rule_changes(where, block, Chain(block.name, _shared(block, new[name])))
    yield from (DeleteBlock(*where, place, _empty(block)) for place, block in reversed(gone))
    for place, (name, block) in enumerate(new.items()):
        if name not in kept:
            yield AddBlock(*where, place, _empty(block))
        elif not isinstance(block, Chain) and old[name] != block:
            yield ReplaceBlock(*where, old[name], block)
    for name, block in new.items():
        if isinstance(block, Chain):
            yield from _chain_changes(where, old[name] if name in kept else None, block)


def _shared(before: Chain, after: Block) -> tuple[Rule, ...]:
    """The rules that stay in a chain."""
    rules = after.rules if isinstance(after, Chain) else ()
    return tuple(before.rules[one] for one, _ in aligned(before.rules, rules))


def _chain_changes(where: _Key, before: Block | None, after: Chain) -> Iterator[NftChange]:
    kept: tuple[Rule, ...] = ()
    if isinstance(before, Chain):
        kept = _shared(before, after)
        if (before.hook, before.comment) != (after.hook, after.comment):
            yield SetHook(*where, after.name, before.hook, after.hook, (before.comment, after.comment))
    yield from _rule_changes(where, Chain(after.name, kept), after)


def _rule_changes(where: _Key, before: Chain, after: Chain) -> Iterator[NftChange]:
    number, one, other = 1, 0, 0
    for next_one, next_other in [*aligned(before.rules, after.rules), (len(before.rules), len(after.rules))]:
        for rule in before.rules[one:next_one]:
            yield DeleteRule(*where, after.name, number, rule)
        for rule in after.rules[other:next_other]:
            yield InsertRule(*where, after.name, number, rule)
            number += 1
        number += 1
        one, other = next_one + 1, next_other + 1


def side_by_side(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[tuple[Rule | None, Rule | None]]:
    """The rules of both, in order: equal ones as a pair, the others alone. No arrangement has more pairs."""
    return paired(before, after, lambda rule: rule)


def changed_elements(before: Set, after: Set) -> tuple[tuple[Element, ...], tuple[Element, ...]]:
    """The removed and the added elements of a set; one whose data or counter changed is in both."""
    old, new = set(before.elements), set(after.elements)
    return tuple(one for one in before.elements if one not in new), tuple(one for one in after.elements if one not in old)


def invert(changes: Sequence[NftChange]) -> tuple[NftChange, ...]:
    """The changes that undo `changes`: `apply(after, invert(changes)) == before`."""
    return tuple(_inverse(change) for change in reversed(changes))


def _inverse(change: NftChange) -> NftChange:
    match change:
        case AddTable(family, table, place, head):
            return DeleteTable(family, table, place, head)
        case DeleteTable(family, table, place, head):
            return AddTable(family, table, place, head)
        case ReplaceTable(family, table, before, after):
            return ReplaceTable(family, table, after, before)
        case AddBlock(family, table, place, block):
            return DeleteBlock(family, table, place, block)
        case DeleteBlock(family, table, place, block):
            return AddBlock(family, table, place, block)
        case ReplaceBlock(family, table, old, new):
            return ReplaceBlock(family, table, new, old)
        case SetHook(family, table, chain, hook, other, comments):
            return SetHook(family, table, chain, other, hook, (comments[1], comments[0]))
        case InsertRule(family, table, chain, number, rule):
            return DeleteRule(family, table, chain, number, rule)
        case DeleteRule(family, table, chain, number, rule):
            return InsertRule(family, table, chain, number, rule)


def apply(ruleset: Ruleset, changes: Sequence[NftChange]) -> Ruleset:
    """The ruleset after the changes, in order. Raises ValueError for a change that does not fit."""
    tables = [_Draft(table) for table in ruleset.tables]
    for change in changes:
        _apply(tables, change)
    return msgspec.structs.replace(ruleset, tables=tuple(draft.table() for draft in tables))


class _Draft:
    """A table to which changes are being made."""

    def __init__(self, table: Table) -> None:
        self.head = table
        self.blocks: list[Block] = list(table.blocks)

    def place(self, name: _Key) -> int:
        found = next((place for place, block in enumerate(self.blocks) if _name(block) == name), None)
        if found is None:
            raise ValueError(f"the table {self.head.title} has no {name[1]}")
        return found

    def table(self) -> Table:
        return msgspec.structs.replace(self.head, blocks=tuple(self.blocks))

    def change(self, change: NftChange) -> None:
        match change:
            case AddBlock(place=place, block=block) if 0 <= place <= len(self.blocks):
                self.blocks.insert(place, block)
            case DeleteBlock(place=place, block=block) if 0 <= place < len(self.blocks) and self.blocks[place] == block:
                del self.blocks[place]
            case ReplaceBlock(before=before, after=after):
                self.blocks[self.place(_name(before))] = after
            case ReplaceTable(after=head):
                self.head = msgspec.structs.replace(self.head, flags=head.flags, comment=head.comment, owner=head.owner)
            case SetHook(chain=name, after=hook, comments=comments):
                self.with_chain(name, lambda chain: msgspec.structs.replace(chain, hook=hook, comment=comments[1]))
            case InsertRule(chain=name, number=number, rule=rule):
                self.with_chain(name, lambda chain: _with_rule(chain, number, rule))
            case DeleteRule(chain=name, number=number, rule=rule):
                self.with_chain(name, lambda chain: _without_rule(chain, number, rule))
            case _:
                raise ValueError(f"this change does not fit the ruleset: {change}")

    def with_chain(self, name: str, change: _ChainChange) -> None:
        place = self.place(("Chain", name))
        chain = self.blocks[place]
        assert isinstance(chain, Chain)
        self.blocks[place] = change(chain)


def _with_rule(chain: Chain, number: int, rule: Rule) -> Chain:
    if not 1 <= number <= len(chain.rules) + 1:
        raise ValueError(f"the chain {chain.name} has no place for a rule {number}")
    return msgspec.structs.replace(chain, rules=(*chain.rules[: number - 1], rule, *chain.rules[number - 1 :]))


def _without_rule(chain: Chain, number: int, rule: Rule) -> Chain:
    if not 1 <= number <= len(chain.rules) or chain.rules[number - 1] != rule:
        raise ValueError(f"the chain {chain.name} has another rule {number}, or none")
    return msgspec.structs.replace(chain, rules=chain.rules[: number - 1] + chain.rules[number:])


def _apply(tables: list[_Draft], change: NftChange) -> None:
    match change:
        case AddTable(place=place, head=head) if 0 <= place <= len(tables):
            tables.insert(place, _Draft(head))
        case DeleteTable(place=place, head=head) if 0 <= place < len(tables) and tables[place].table() == head:
            del tables[place]
        case AddTable() | DeleteTable():
            raise ValueError(f"this change does not fit the ruleset: {change}")
        case _:
            found = next((draft for draft in tables if (draft.head.family, draft.head.name) == (change.family, change.table)), None)
            if found is None:
                raise ValueError(f"there is no table {change.family} {change.table}")
            found.change(change)
