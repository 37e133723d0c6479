"""A ruleset while commands are carried out on it, with the numbers that the kernel gives."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from netlab_magic.nftables.expressions import AnonymousSet, NamedSet
from netlab_magic.nftables.ruleset import Block, Chain, Flowtable, Hook, NamedObject, Rule, Ruleset, Set, Table, Verbatim
from netlab_magic.nftables.statements import FlowAdd, Meter, ObjectReference, SetUpdate, Verdict

__all__ = ["OBJECT_MAPS", "Address", "Draft", "DraftChain", "DraftTable", "Tables", "anonymous_sets", "inside"]

OBJECT_MAPS = ("counter", "quota", "limit", "synproxy", "secmark")
"""The kinds of objects that maps can lead to."""

Address = tuple[str, str]
"""A table's family and name."""


class Tables(msgspec.Struct, frozen=True):
    """The tables of one network namespace. `given` is how many tables have got a handle, `last` the last handle in each table."""

    ruleset: Ruleset = Ruleset(version="1.0.6")
    given: int = 0
    last: Mapping[Address, int] = {}


class DraftChain:
    """A chain that rules come into and go from."""

    def __init__(self, chain: Chain) -> None:
        self.name = chain.name
        self.hook: Hook | None = chain.hook
        self.comment = chain.comment
        self.handle = chain.handle
        self.rules: list[Rule] = list(chain.rules)

    def chain(self) -> Chain:
        """The chain as it is now."""
        return Chain(self.name, tuple(self.rules), self.hook, self.comment, self.handle)


class DraftTable:
    """A table that chains, sets and objects come into and go from; sets and maps have one name space."""

    def __init__(self, table: Table, last: int) -> None:
        self.family, self.name = table.family, table.name
        self.flags, self.comment, self.handle = table.flags, table.comment, table.handle
        self.owner = table.owner
        self.last = last
        self.chains = {chain.name: DraftChain(chain) for chain in table.chains}
        self.sets: dict[str, Set] = {found.name: found for found in table.sets}
        self.objects: dict[Address, NamedObject] = {(found.kind, found.name): found for found in table.objects}
        self.flowtables: dict[str, Flowtable] = {found.name: found for found in table.flowtables}
        self.verbatim: tuple[Verbatim, ...] = table.verbatim

    def next_handle(self) -> int:
        """The handle of what comes next."""
        self.last += 1
        return self.last

    def table(self) -> Table:
        """The table as it is now, its parts in the order in which nft lists them."""
        chains = (chain.chain() for chain in self.chains.values())
        blocks: tuple[Block, ...] = (*self.objects.values(), *self.sets.values(), *self.flowtables.values(), *self.verbatim, *chains)
        return Table(self.family, self.name, blocks, self.flags, self.comment, self.handle, self.owner)

    def values(self) -> Iterator[object]:
        """Everything that rules and elements say, in all chains and maps."""
        for chain in self.chains.values():
            for rule in chain.rules:
                yield from inside(rule.statements)
        for found in self.sets.values():
            yield from inside(found.elements)

    def chains_entered(self, besides: str = "") -> set[str]:
        """The chains that something leads to, other than the rules of one of them."""
        rules = (rule for name, chain in self.chains.items() if name != besides for rule in chain.rules)
        said = [*(value for rule in rules for value in inside(rule.statements))]
        said += [value for found in self.sets.values() for value in inside(found.elements)]
        return {value.chain for value in said if isinstance(value, Verdict)}

    def sets_used(self) -> set[str]:
        """The sets that rules look into or change."""
        used = [value for value in self.values() if isinstance(value, NamedSet | SetUpdate | Meter)]
        return {value.set if isinstance(value, SetUpdate) else value.name for value in used}

    def objects_used(self) -> set[Address]:
        """The objects that rules use, and maps lead to."""
        used = {(value.kind, value.name) for value in self.values() if isinstance(value, ObjectReference) and isinstance(value.name, str)}
        for found in self.sets.values():
            if found.data and found.data[0] in OBJECT_MAPS:
                used |= {(found.data[0], str(element.data)) for element in found.elements}
        return used

    def flowtables_used(self) -> set[str]:
        """The flowtables that rules use."""
        return {value.flowtable for value in self.values() if isinstance(value, FlowAdd)}


def inside(value: object) -> Iterator[object]:
    """A value and everything in it."""
    if isinstance(value, tuple):
        for each in value:
            yield from inside(each)
    elif isinstance(value, msgspec.Struct):
        yield value
        for name in value.__struct_fields__:
            yield from inside(getattr(value, name))


class Draft:
    """All tables, by family and name."""

    def __init__(self, tables: Tables) -> None:
        self.given = tables.given
        self.version = tables.ruleset.version
        self.tables = {
            (table.family, table.name): DraftTable(table, tables.last.get((table.family, table.name), _last(table)))
            for table in tables.ruleset.tables
        }

    def next_table(self) -> int:
        """The handle of the next table."""
        self.given += 1
        return self.given

    def finished(self) -> Tables:
        """The tables as they are now."""
        last = {address: table.last for address, table in self.tables.items()}
        return Tables(Ruleset(tuple(table.table() for table in self.tables.values()), self.version), self.given, last)

    def spent(self, before: Tables, *, times: int) -> Tables:
        """The tables as they were before, but the handles that were given are spent, so many `times`."""
        last = {
            address: held + times * (self.tables[address].last - held) if address in self.tables else held
            for address, held in before.last.items()
        }
        return Tables(before.ruleset, before.given + times * (self.given - before.given), last)


def _last(table: Table) -> int:
    handles = [block.handle for block in table.blocks if not isinstance(block, Verbatim) and block.handle]
    handles += [rule.handle for chain in table.chains for rule in chain.rules if rule.handle]
    return max(handles, default=0)


def anonymous_sets(values: Iterable[object]) -> int:
    """How many sets rules hold that have no name: the kernel gives each a handle."""
    return sum(isinstance(value, AnonymousSet | Meter) for value in inside(tuple(values)))
