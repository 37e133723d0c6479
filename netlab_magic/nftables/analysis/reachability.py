"""A table's chains as a graph: where each rule may send a packet, and whether it does so with every packet."""

from collections.abc import Iterator

from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.model.chain_graph import Branch, ChainExits, ChainGraph, RuleExit
from netlab_magic.nftables.expressions import CONSTANTS, Ct, Expression, Meta, Prefix, Range
from netlab_magic.nftables.jumps import verdicts
from netlab_magic.nftables.ruleset import Chain, Rule, Table
from netlab_magic.nftables.statements import (
    Assignment,
    Counter,
    Forward,
    Last,
    Log,
    Masquerade,
    Nat,
    Notrack,
    ObjectReference,
    Queue,
    Redirect,
    Reject,
    Statement,
    Verdict,
)

__all__ = ["counted_by", "graph_of", "is_condition", "unconditional"]

_FINAL = (Reject, Nat, Masquerade, Redirect, Queue, Forward)
"""Statements, besides verdicts, after which no further rule of the base chain is evaluated."""


def graph_of(table: Table) -> ChainGraph:
    """The graph of the table's chains."""
    return _GRAPHS.of(table)


def _graph(table: Table) -> ChainGraph:
    return ChainGraph(_exits(chain, table) for chain in table.chains)


_GRAPHS: Remembered[Table, ChainGraph] = Remembered(_graph, 32)


def _exits(chain: Chain, table: Table) -> ChainExits:
    return ChainExits(chain.name, tuple(_exit(rule, table) for rule in chain.rules), chain.hook is not None)


def _exit(rule: Rule, table: Table) -> RuleExit:
    counter = counted_by(rule, table.family)
    packets = counter.packets if counter else None
    branches = tuple(dict.fromkeys(_branches(rule, table)))
    return RuleExit(branches, bool(branches) and unconditional(rule, table.family), packets)


def _branches(rule: Rule, table: Table) -> Iterator[Branch]:
    """Every branch of a rule; none for one that only looks, or that may go on to the next rule."""
    given = list(verdicts(rule, table))
    if any(verdict.name == "continue" for verdict in given):
        given = [verdict for verdict in given if verdict.chain]
    for verdict in given:
        yield Branch(verdict.chain, verdict.name == "goto", verdict.name == "return")
    if any(isinstance(statement, _FINAL) for statement in rule.statements):
        yield Branch()


def unconditional(rule: Rule, family: str) -> bool:
    """Whether a rule in a table of `family` takes every packet as far as its end."""
    return not any(is_condition(statement, family) for statement in rule.statements)


def is_condition(statement: Statement, family: str) -> bool:
    """Whether a statement may end the rule for some packets; if that is unknown, it may."""
    match statement:
        case Verdict() | Counter() | Last() | Log() | Notrack():
            return False
        case Masquerade(given) | Redirect(given) | Queue(given):
            return not _is_written(given)
        case ObjectReference(kind, name):
            return kind != "counter" or not isinstance(name, str)
        case Assignment(Meta() | Ct(), value):
            return not isinstance(value, CONSTANTS)
        case Reject(kind):
            return kind != "icmpx" and {"icmp": "ip", "icmpv6": "ip6"}.get(kind) != family
        case Nat(_, address, port):
            return family == "inet" or not (_is_written(address) and _is_written(port))
    return True


def _is_written(value: Expression | None) -> bool:
    """Whether a value stands in the rule: one that is looked up may not be there, which ends the rule (nft_lookup_eval, NFT_BREAK)."""
    return value is None or isinstance(value, (*CONSTANTS, Prefix, Range))


def counted_by(rule: Rule, family: str) -> Counter | None:
    """The counter that has counted what the rule matches: one behind all its conditions; None without one, or without its numbers."""
    for place, statement in enumerate(rule.statements):
        if isinstance(statement, Counter):
            is_last = not any(is_condition(each, family) for each in rule.statements[place + 1 :])
            return statement if is_last and statement.packets is not None else None
    return None
