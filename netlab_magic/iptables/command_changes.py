"""What an iptables command changes in a ruleset, and where iptables would refuse it."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.command import Command
from netlab_magic.iptables.diff import (
    AddChain,
    AddTable,
    DeleteChain,
    DeleteRule,
    InsertRule,
    RenameChain,
    RulesChange,
    SetCounters,
    SetPolicy,
    apply,
)
from netlab_magic.iptables.extensions import TARGETS
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.iptables.rule_parser import no_target
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Ruleset, Table
from netlab_magic.text import suggest

__all__ = ["changes"]

_WITHOUT = {"-i": ("OUTPUT", "POSTROUTING"), "-o": ("INPUT", "PREROUTING")}
"""Built-in chains in which an interface is not known, so that iptables refuses the option."""


def changes(command: Command, ruleset: Ruleset) -> tuple[RulesChange, ...]:
    """What a command changes in a ruleset, in order; nothing for a -C that finds its rule.

    Raises Refused where iptables would refuse it.
    """
    try:
        return _changes(command, ruleset)
    except Refused as refused:
        refused.command = command
        raise


def _changes(command: Command, ruleset: Ruleset) -> tuple[RulesChange, ...]:
    table = ruleset.table(command.table)
    missing = [] if any(held.name == table.name for held in ruleset.tables) else list(_new_table(table))
    edits = (*missing, *_EDITS[command.action](command, table))
    if command.rules:
        _check_loop(apply(ruleset, edits).table(table.name).loop())
    return edits


def _check_loop(loop: Sequence[str]) -> None:
    if loop:
        raise Refused(Kind.LOOP, " → ".join((*loop, loop[0])))


def _new_table(table: Table) -> Iterator[RulesChange]:
    yield AddTable(table.name)
    for chain in table.chains:
        yield AddChain(table.name, chain.name, chain.policy)


def _chain(command: Command, table: Table, name: str = "") -> Chain:
    name = name or command.chain
    chain = table.chain(name)
    if chain is None:
        raise Refused(Kind.NO_CHAIN, name, table=table.name, hint=suggest(name, [chain.name for chain in table.chains]))
    return chain


def _ready(command: Command, table: Table) -> list[Rule]:
    """The command's rules in their canonical form, each checked to jump to something and to ask for what its chain can know."""
    rules = []
    for rule in command.rules:
        for option in rule.options:
            if command.chain in _WITHOUT.get(option.name, ()):
                kind = Kind.NO_WAY_IN if option.name == "-i" else Kind.NO_WAY_OUT
                raise Refused(kind, option.name, option=option.name, chain=command.chain)
        goes = rule.target
        if goes and (goes.goto or goes.name not in TARGETS) and not table.chain(goes.name):
            raise no_target(goes.name, [chain.name for chain in table.chains if chain.policy is None], goto=goes.goto)
        reached = table.chain(goes.name) if goes else None
        if reached and reached.policy is not None:
            has_rules = bool(reached.rules) or reached.name == command.chain
            raise Refused(Kind.JUMP_TO_BUILT_IN, reached.name, has_rules=has_rules)
        rules.append(msgspec.structs.replace(canonical(rule, command.family), counters=rule.counters or Counters()))
    return rules


def _found(command: Command, chain: Chain, rule: Rule) -> int:
    """The number of the first rule that says the same. Raises Refused when there is none."""
    for number, held in enumerate(chain.rules, 1):
        if held.same_rule(rule) or canonical(held, command.family).same_rule(rule):
            return number
    raise Refused(Kind.NO_SUCH_RULE, str(rule), chain=chain.name)


def _numbered(chain: Chain, number: int, last: int) -> int:
    if number > last:
        if not chain.rules:
            raise Refused(Kind.NO_RULES, str(number), chain=chain.name)
        raise Refused(Kind.NO_SUCH_NUMBER, str(number), chain=chain.name, last=len(chain.rules))
    return number


def _append(command: Command, table: Table) -> Iterator[RulesChange]:
    last = len(_chain(command, table).rules)
    for number, rule in enumerate(_ready(command, table), last + 1):
        yield InsertRule(table.name, command.chain, number, rule)


def _insert(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    number = _numbered(chain, command.number or 1, len(chain.rules) + 1)
    for rule in _ready(command, table):
        yield InsertRule(table.name, command.chain, number, rule)


def _delete(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if command.number:
        number = _numbered(chain, command.number, len(chain.rules))
        yield DeleteRule(table.name, chain.name, number, chain.rules[number - 1])
    left = list(chain.rules)
    for rule in _ready(command, table):
        number = _found(command, msgspec.structs.replace(chain, rules=tuple(left)), rule)
        yield DeleteRule(table.name, chain.name, number, left.pop(number - 1))


def _replace(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    number = _numbered(chain, command.number, len(chain.rules))
    if len(command.rules) != 1:
        raise Refused(Kind.SEVERAL_RULES)
    yield DeleteRule(table.name, chain.name, number, chain.rules[number - 1])
    yield InsertRule(table.name, chain.name, number, _ready(command, table)[0])


def _check(command: Command, table: Table) -> Iterator[RulesChange]:
    for rule in _ready(command, table):
        _found(command, _chain(command, table), rule)
    yield from ()


def _policy(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if chain.policy is None:
        raise Refused(Kind.POLICY_OF_A_USERS_CHAIN, chain.name, chain=chain.name)
    yield SetPolicy(table.name, chain.name, chain.policy, command.name)


def _new(command: Command, table: Table) -> Iterator[RulesChange]:
    if table.chain(command.chain):
        raise Refused(Kind.CHAIN_EXISTS, command.chain, option="-N", table=table.name)
    yield AddChain(table.name, command.chain)


def _rename(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if chain.policy is not None:
        raise Refused(Kind.BUILT_IN_KEEPS_ITS_NAME, chain.name, chain=chain.name)
    if table.chain(command.name):
        raise Refused(Kind.CHAIN_EXISTS, command.name, option="-E", table=table.name)
    yield RenameChain(table.name, chain.name, command.name)


def _remove(command: Command, table: Table) -> Iterator[RulesChange]:
    chains = [_chain(command, table)] if command.chain else [chain for chain in table.chains if chain.policy is None]
    for chain in chains:
        if chain.policy is not None:
            raise Refused(Kind.BUILT_IN_STAYS, chain.name, has_rules=bool(chain.rules), chain=chain.name)
        users = [held.name for held in table.chains for rule in held.rules if rule.jump == chain.name]
        if users:
            raise Refused(Kind.IN_USE, chain.name, chain=chain.name, others=tuple(dict.fromkeys(users)))
        if chain.rules:
            raise Refused(Kind.NOT_EMPTY, chain.name, chain=chain.name)
        yield DeleteChain(table.name, chain.name, chain.policy, chain.counters)


def _chains(command: Command, table: Table) -> Sequence[Chain]:
    """The chain that the command names, or all of the table."""
    return [_chain(command, table)] if command.chain else table.chains


def _flush(command: Command, table: Table) -> Iterator[RulesChange]:
    for chain in _chains(command, table):
        for rule in chain.rules:
            yield DeleteRule(table.name, chain.name, 1, rule)


def _zero(command: Command, table: Table) -> Iterator[RulesChange]:
    for chain in _chains(command, table):
        numbers = [_numbered(chain, command.number, len(chain.rules))] if command.number else range(len(chain.rules) + 1)
        for number in numbers:
            before = chain.rules[number - 1].counters if number else chain.counters
            if before not in (None, Counters()):
                yield SetCounters(table.name, chain.name, number, before, Counters())


_EDITS = {
    "-A": _append, "-I": _insert, "-D": _delete, "-R": _replace, "-C": _check, "-P": _policy, "-N": _new, "-E": _rename, "-X": _remove,
    "-F": _flush, "-Z": _zero,
}  # fmt: skip
