"""What packets have counted in the tables of nft of a simulated lab."""

from collections.abc import Iterator, Mapping

import msgspec

from netlab_magic.netfilter.rule_index import Place
from netlab_magic.nftables.ruleset import Block, Chain, NamedObject, Rule, Ruleset, Table
from netlab_magic.nftables.statements import Counter, ObjectReference, Statement

__all__ = ["counted"]

_Count = tuple[int, int]


def counted(ruleset: Ruleset, counts: Mapping[Place, _Count]) -> Ruleset:
    """The same tables after so many packets and bytes more have matched each rule."""
    return msgspec.structs.replace(ruleset, tables=tuple(_table(table, counts) for table in ruleset.tables))


def _table(table: Table, counts: Mapping[Place, _Count]) -> Table:
    counters: dict[str, _Count] = {}
    for chain in table.chains:
        for name, more in _used(table.title, chain, counts):
            held = counters.get(name, (0, 0))
            counters[name] = held[0] + more[0], held[1] + more[1]
    return msgspec.structs.replace(table, blocks=tuple(_block(table.title, block, counts, counters) for block in table.blocks))


def _used(table: str, chain: Chain, counts: Mapping[Place, _Count]) -> Iterator[tuple[str, _Count]]:
    """The counters with a name that rules have used, and what they counted."""
    for number, rule in enumerate(chain.rules, 1):
        for statement in rule.statements:
            if isinstance(statement, ObjectReference) and statement.kind == "counter" and isinstance(statement.name, str):
                yield statement.name, counts.get((table, chain.name, number), (0, 0))


def _block(table: str, block: Block, counts: Mapping[Place, _Count], counters: Mapping[str, _Count]) -> Block:
    if isinstance(block, Chain):
        rules = tuple(_rule(rule, counts.get((table, block.name, number), (0, 0))) for number, rule in enumerate(block.rules, 1))
        return msgspec.structs.replace(block, rules=rules)
    if isinstance(block, NamedObject) and isinstance(block.value, Counter) and block.name in counters:
        return msgspec.structs.replace(block, value=_statement(block.value, counters[block.name]), raw="")
    return block


def _rule(rule: Rule, more: _Count) -> Rule:
    return Rule(tuple(_statement(statement, more) for statement in rule.statements), rule.comment, rule.handle)


def _statement(statement: Statement, more: _Count) -> Statement:
    if not isinstance(statement, Counter):
        return statement
    return Counter((statement.packets or 0) + more[0], (statement.bytes or 0) + more[1])
