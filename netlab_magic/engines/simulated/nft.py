"""What packets have counted in the tables of nft of a simulated lab."""

from collections.abc import Mapping

import msgspec

from netlab_magic.netfilter.nft_rules import is_counter
from netlab_magic.netfilter.rule_index import Place
from netlab_magic.nftables.ruleset import Block, Chain, NamedObject, Rule, Ruleset, Table
from netlab_magic.nftables.statements import Counter, ObjectReference, Statement

__all__ = ["counted"]

_Count = tuple[int, int]


def counted(ruleset: Ruleset, matched: Mapping[Place, _Count], reached: Mapping[tuple[Place, int], _Count]) -> Ruleset:
    """The same tables after so many packets and bytes more have `matched` rules; other packets have `reached` a rule's counter, counted
    from 0, and met something behind it that did not hold.
    """
    if not matched and not reached:
        return ruleset
    tables = tuple(_Counting(table, matched, reached).table() for table in ruleset.tables)
    return msgspec.structs.replace(ruleset, tables=tables)


class _Counting:
    """Goes through the rules of a table, and remembers what counters with a name have counted."""

    def __init__(self, table: Table, matched: Mapping[Place, _Count], reached: Mapping[tuple[Place, int], _Count]) -> None:
        self.before = table
        self.matched = matched
        self.reached = reached
        self.named: dict[str, _Count] = {}

    def table(self) -> Table:
        """The table."""
        chains = {chain.name: self.chain(chain) for chain in self.before.chains}
        blocks = (chains[block.name] if isinstance(block, Chain) else self.block(block) for block in self.before.blocks)
        return msgspec.structs.replace(self.before, blocks=tuple(blocks))

    def chain(self, chain: Chain) -> Chain:
        rules = tuple(self.rule(rule, (self.before.title, chain.name, number)) for number, rule in enumerate(chain.rules, 1))
        return msgspec.structs.replace(chain, rules=rules)

    def rule(self, rule: Rule, place: Place) -> Rule:
        counters = [statement for statement in rule.statements if is_counter(statement)]
        more = [_sum(self.matched.get(place, (0, 0)), self.reached.get((place, number), (0, 0))) for number in range(len(counters))]
        if not any(packets for packets, _ in more):
            return rule
        remaining = iter(more)
        statements = (self.statement(one, next(remaining)) if is_counter(one) else one for one in rule.statements)
        return Rule(tuple(statements), rule.comment, rule.handle)

    def statement(self, statement: Statement, more: _Count) -> Statement:
        if isinstance(statement, Counter):
            return Counter(*_sum((statement.packets or 0, statement.bytes or 0), more))
        if isinstance(statement, ObjectReference) and isinstance(statement.name, str):
            self.named[statement.name] = _sum(self.named.get(statement.name, (0, 0)), more)
        return statement

    def block(self, block: Block) -> Block:
        if isinstance(block, NamedObject) and isinstance(block.value, Counter) and block.name in self.named:
            return msgspec.structs.replace(block, value=self.statement(block.value, self.named[block.name]), raw="")
        return block


def _sum(one: _Count, other: _Count) -> _Count:
    return one[0] + other[0], one[1] + other[1]
