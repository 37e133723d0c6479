"""Rulesets without what packets, time and chance change: counters, used quotas, remaining times, the order in which flags are listed."""

import msgspec

from netlab_magic.nftables.expressions import AnonymousSet, Element
from netlab_magic.nftables.ruleset import Block, Chain, Flowtable, NamedObject, Rule, Ruleset, Set, Table
from netlab_magic.nftables.statements import Counter, Last, Match, Meter, Quota, SetUpdate, Statement, VerdictMap

__all__ = ["at_rest", "stateless", "stateless_rule"]


def stateless(ruleset: Ruleset) -> Ruleset:
    """The same ruleset without its state, handles, and the texts of what had a state."""
    return msgspec.structs.replace(ruleset, tables=tuple(map(_table, ruleset.tables)))


def at_rest(ruleset: Ruleset) -> Ruleset:
    """The same ruleset without its state and without the elements that rules have put into sets or that time out."""
    tables = stateless(ruleset).tables
    return Ruleset(tuple(msgspec.structs.replace(table, blocks=tuple(map(_without_passing, table.blocks))) for table in tables))


def _without_passing(block: Block) -> Block:
    if isinstance(block, Set) and {"dynamic", "timeout"} & {*block.flags}:
        return msgspec.structs.replace(block, elements=())
    return block


def stateless_rule(rule: Rule) -> Rule:
    """The same rule without its counts and its handle."""
    statements = tuple(map(_statement, rule.statements))
    return Rule(statements, rule.comment, raw=rule.raw if statements == rule.statements else "")


def _table(table: Table) -> Table:
    return msgspec.structs.replace(table, blocks=tuple(map(_block, table.blocks)), handle=None)


def _block(block: Block) -> Block:
    match block:
        case Chain():
            return msgspec.structs.replace(block, rules=tuple(map(stateless_rule, block.rules)), handle=None)
        case Set():
            elements = _elements(block.elements)
            raw = block.raw if elements == block.elements else ""
            return msgspec.structs.replace(block, elements=elements, raw=raw, handle=None)
        case NamedObject(value=Counter() | Quota() as counted):
            return msgspec.structs.replace(block, value=_statement(counted), raw="", handle=None)
        case NamedObject() | Flowtable():
            return msgspec.structs.replace(block, handle=None)
    return block


def _elements(elements: tuple[Element, ...]) -> tuple[Element, ...]:
    """Numbers in order: of flags that are joined, such as `syn | ack`, nft lists a set as the kernel's hash table has it."""
    found = tuple(map(_element, elements))
    return tuple(sorted(found, key=_number)) if all(isinstance(element.key, int) for element in found) else found


def _number(element: Element) -> int:
    return element.key if isinstance(element.key, int) else 0


def _element(element: Element) -> Element:
    if element.expires is None and not element.statements:
        return element
    return msgspec.structs.replace(element, expires=None, statements=tuple(map(_statement, element.statements)))  # type: ignore[arg-type]


def _statement(statement: Statement) -> Statement:
    match statement:
        case Counter():
            return Counter()
        case Last():
            return Last()
        case Quota(size, over):
            return Quota(size, over)
        case SetUpdate(operation, name, element):
            return SetUpdate(operation, name, _element(element))
        case Meter(name, element, size):
            return Meter(name, _element(element), size)
        case Match(left, operator, AnonymousSet(elements)):
            return Match(left, operator, AnonymousSet(_elements(elements)))
        case VerdictMap(key, AnonymousSet(elements)):
            return VerdictMap(key, AnonymousSet(_elements(elements)))
    return statement
