"""The changes from one ruleset to another, as values that can be shown, applied and reverted."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.iptables.lcs import paired
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Ruleset, Table

__all__ = [
    "AddChain",
    "AddTable",
    "DeleteChain",
    "DeleteRule",
    "DeleteTable",
    "InsertRule",
    "RenameChain",
    "RulesChange",
    "SetCounters",
    "SetPolicy",
    "apply",
    "diff",
    "invert",
    "side_by_side",
]


class _Change(msgspec.Struct, frozen=True, tag=True):
    """Base of all changes: each belongs to one table."""

    table: str


class AddTable(_Change, frozen=True):
    """A table is added, without chains."""


class DeleteTable(_Change, frozen=True):
    """A table, which has no more chains, is removed."""


class AddChain(_Change, frozen=True):
    """A chain without rules is added; `policy` is None for a user chain."""

    chain: str
    policy: str | None = None
    counters: Counters | None = Counters()


class DeleteChain(_Change, frozen=True):
    """A chain, which has no more rules, is removed."""

    chain: str
    policy: str | None = None
    counters: Counters | None = Counters()


class RenameChain(_Change, frozen=True):
    """A chain is renamed, and so are the jumps to it."""

    chain: str
    name: str


class InsertRule(_Change, frozen=True):
    """A rule is added; it then has `number`, from 1."""

    chain: str
    number: int
    rule: Rule


class DeleteRule(_Change, frozen=True):
    """The rule with `number` is removed."""

    chain: str
    number: int
    rule: Rule


class SetPolicy(_Change, frozen=True):
    """The policy of a chain changes."""

    chain: str
    before: str | None
    after: str | None


class SetCounters(_Change, frozen=True):
    """The counters of a rule change, or those of the chain's policy if `number` is 0."""

    chain: str
    number: int
    before: Counters | None
    after: Counters | None


RulesChange = AddTable | DeleteTable | AddChain | DeleteChain | RenameChain | InsertRule | DeleteRule | SetPolicy | SetCounters


def diff(before: Ruleset, after: Ruleset) -> tuple[RulesChange, ...]:
    """The smallest list of changes that leads from one ruleset to the other: `apply(before, diff(before, after)) == after`.

    Chains come before the rules that may jump to them, and go after those are gone. Raises ValueError for different families.
    """
    if before.family != after.family:
        raise ValueError(f"rules for {before.family} and for {after.family} cannot be compared")
    old, new = ({table.name: table for table in ruleset.tables} for ruleset in (before, after))
    changes: list[RulesChange] = []
    for name in dict.fromkeys([*old, *new]):
        if name not in old:
            changes.append(AddTable(name))
        changes += _table_changes(old.get(name, Table(name)), new.get(name, Table(name)))
        if name not in new:
            changes.append(DeleteTable(name))
    return tuple(changes)


def _table_changes(before: Table, after: Table) -> Iterator[RulesChange]:
    old, new = ({chain.name: chain for chain in table.chains} for table in (before, after))
    for name, chain in new.items():
        if name not in old:
            yield AddChain(after.name, name, chain.policy, chain.counters)
    for name, chain in new.items():
        yield from _chain_changes(after.name, old.get(name, Chain(name, chain.policy, (), chain.counters)), chain)
    gone = [chain for name, chain in old.items() if name not in new]
    for chain in gone:
        yield from _chain_changes(before.name, chain, Chain(chain.name, chain.policy, (), chain.counters))
    for chain in gone:
        yield DeleteChain(before.name, chain.name, chain.policy, chain.counters)


def _chain_changes(table: str, before: Chain, after: Chain) -> Iterator[RulesChange]:
    if before.policy != after.policy:
        yield SetPolicy(table, after.name, before.policy, after.policy)
    if before.counters != after.counters:
        yield SetCounters(table, after.name, 0, before.counters, after.counters)
    number = 1
    for old, new in side_by_side(before.rules, after.rules):
        if old and new and old.counters != new.counters:
            yield SetCounters(table, after.name, number, old.counters, new.counters)
        elif old and not new:
            yield DeleteRule(table, after.name, number, old)
        elif new and not old:
            yield InsertRule(table, after.name, number, new)
        number += bool(new)


def side_by_side(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[tuple[Rule | None, Rule | None]]:
    """The rules of both, in order: those that say the same as a pair, the others alone. No arrangement pairs more of them."""
    return paired(before, after, _said)


def _said(rule: Rule) -> tuple[object, ...]:
    return rule.options, rule.matches, rule.target


def invert(changes: Sequence[RulesChange]) -> tuple[RulesChange, ...]:
    """The changes that revert `changes`: `apply(after, invert(changes)) == before`."""
    return tuple(_inverse(change) for change in reversed(changes))


def _inverse(change: RulesChange) -> RulesChange:
    match change:
        case AddTable(table):
            return DeleteTable(table)
        case DeleteTable(table):
            return AddTable(table)
        case AddChain(table, chain, policy, counters):
            return DeleteChain(table, chain, policy, counters)
        case DeleteChain(table, chain, policy, counters):
            return AddChain(table, chain, policy, counters)
        case RenameChain(table, chain, name):
            return RenameChain(table, name, chain)
        case InsertRule(table, chain, number, rule):
            return DeleteRule(table, chain, number, rule)
        case DeleteRule(table, chain, number, rule):
            return InsertRule(table, chain, number, rule)
        case SetPolicy(table, chain, before, after):
            return SetPolicy(table, chain, after, before)
        case SetCounters(table, chain, number, before_counted, after_counted):
            return SetCounters(table, chain, number, after_counted, before_counted)


def apply(ruleset: Ruleset, changes: Sequence[RulesChange]) -> Ruleset:
    """The ruleset after the changes, made in order. Raises ValueError for a change that does not fit."""
    tables = {table.name: {chain.name: _Draft(chain) for chain in table.chains} for table in ruleset.tables}
    for change in changes:
        _apply(tables, change)
    before = {table.name: table for table in ruleset.tables}
    made = [_finished(name, drafts, before.get(name)) for name, drafts in tables.items()]
    return Ruleset(tuple(made), ruleset.family, ruleset.remarks)


class _Draft:
    """A chain while changes are made to it."""

    def __init__(self, chain: Chain) -> None:
        self.policy = chain.policy
        self.counters = chain.counters
        self.rules = list(chain.rules)

    def rule(self, number: int) -> Rule:
        if not 1 <= number <= len(self.rules):
            raise ValueError(f"there is no rule {number}")
        return self.rules[number - 1]

    def chain(self, name: str) -> Chain:
        return Chain(name, self.policy, tuple(self.rules), self.counters)


_Drafts = dict[str, dict[str, _Draft]]


def _finished(name: str, drafts: dict[str, _Draft], before: Table | None) -> Table:
    """The table with its chains in iptables' order: built-in ones, then the others by name, where new ones came in."""
    chains = [draft.chain(chain) for chain, draft in drafts.items()]
    if before and [chain.name for chain in before.chains] == list(drafts):
        return Table(name, tuple(chains), before.remarks, before.layout)
    made = sorted((chain for chain in chains if chain.policy is None), key=lambda chain: chain.name)
    return Table(name, (*(chain for chain in chains if chain.policy is not None), *made), before.remarks if before else ())


def _apply(tables: _Drafts, change: RulesChange) -> None:
    match change:
        case AddTable(table) if table not in tables:
            tables[table] = {}
        case DeleteTable(table) if tables.get(table) == {}:
            del tables[table]
        case AddChain(table, chain, policy, counters) if chain not in tables.get(table, {chain}):
            tables[table][chain] = _Draft(Chain(chain, policy, (), counters))
        case DeleteChain(table, chain):
            if _draft(tables, change.table, chain).rules:
                raise ValueError(f"the chain {chain} of {table} still has rules")
            del tables[table][chain]
        case RenameChain(table, chain, name) if name not in tables.get(table, {}):
            _draft(tables, table, chain)
            _rename(tables, table, chain, name)
        case InsertRule(table, chain, number, rule) if 1 <= number <= len(_draft(tables, table, chain).rules) + 1:
            tables[table][chain].rules.insert(number - 1, rule)
        case DeleteRule(table, chain, number, rule) if _draft(tables, table, chain).rule(number).same_rule(rule):
            del tables[table][chain].rules[number - 1]
        case SetPolicy(table, chain, _, after):
            _draft(tables, table, chain).policy = after
        case SetCounters(table, chain, number, _, counters):
            _count(_draft(tables, table, chain), number, counters)
        case _:
            raise ValueError(f"this change does not fit the ruleset: {change}")


def _draft(tables: _Drafts, table: str, chain: str) -> _Draft:
    if chain not in tables.get(table, {}):
        raise ValueError(f"the table {table} has no chain {chain}")
    return tables[table][chain]


def _count(draft: _Draft, number: int, counters: Counters | None) -> None:
    if number:
        draft.rules[number - 1] = msgspec.structs.replace(draft.rule(number), counters=counters)
    else:
        draft.counters = counters


def _rename(tables: _Drafts, table: str, chain: str, name: str) -> None:
    tables[table] = {name if key == chain else key: draft for key, draft in tables[table].items()}
    for draft in tables[table].values():
        for place, rule in enumerate(draft.rules):
            if rule.target and rule.target.name == chain:
                target = msgspec.structs.replace(rule.target, name=name)
                draft.rules[place] = Rule(rule.options, rule.matches, target, rule.counters)
