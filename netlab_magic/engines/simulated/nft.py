"""The tables of nft in a simulated lab: as a script makes them, and with what packets have counted there."""

from collections.abc import Mapping

import msgspec

from netlab_magic.netfilter.rule_index import Place
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.nftables.statements import Counter, Statement

__all__ = ["counted", "made"]

_VERSION = "1.0.6"
"""The release as which a simulated lab lists its tables."""


def made(script: str) -> Ruleset | None:
    """The tables that a script makes, with counters at 0; None where a part of it is not understood."""
    ruleset = parse(script, strict=False)
    if ruleset.problems or ruleset.not_understood():
        return None
    return counted(Ruleset(ruleset.tables, _VERSION), {})


def counted(ruleset: Ruleset, counts: Mapping[Place, tuple[int, int]]) -> Ruleset:
    """The same tables after so many packets and bytes more have matched each rule."""
    return msgspec.structs.replace(ruleset, tables=tuple(_table(table, counts) for table in ruleset.tables))


def _table(table: Table, counts: Mapping[Place, tuple[int, int]]) -> Table:
    blocks = tuple(_chain(table.title, block, counts) if isinstance(block, Chain) else block for block in table.blocks)
    return msgspec.structs.replace(table, blocks=blocks)


def _chain(table: str, chain: Chain, counts: Mapping[Place, tuple[int, int]]) -> Chain:
    rules = tuple(_rule(rule, counts.get((table, chain.name, number), (0, 0))) for number, rule in enumerate(chain.rules, 1))
    return msgspec.structs.replace(chain, rules=rules)


def _rule(rule: Rule, more: tuple[int, int]) -> Rule:
    return Rule(tuple(_statement(statement, more) for statement in rule.statements), rule.comment, rule.handle)


def _statement(statement: Statement, more: tuple[int, int]) -> Statement:
    if not isinstance(statement, Counter):
        return statement
    return Counter((statement.packets or 0) + more[0], (statement.bytes or 0) + more[1])
