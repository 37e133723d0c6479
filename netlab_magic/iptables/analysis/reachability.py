"""Which parts of a table have an effect: finds rules after an unconditional verdict, chains never entered, rules never hit."""

from collections.abc import Container, Iterable, Mapping

from netlab_magic.iptables.extensions import match, terminates
from netlab_magic.iptables.ruleset import Chain, Match, Option, Rule, Table

__all__ = [
    "conditions",
    "decides",
    "deciding",
    "entered",
    "never_hit",
    "orphans",
    "reachable",
    "unconditional",
    "unreachable",
]

_LEAVES_NOTHING_OUT = frozenset({
    Option("-s", ("0.0.0.0/0",)), Option("-d", ("0.0.0.0/0",)), Option("-s", ("::/0",)), Option("-d", ("::/0",)),
    Option("-i", ("+",)), Option("-o", ("+",)), Option("-p", ("all",)), Option("-p", ("0",)),
})  # fmt: skip
"""Options that hold for every packet."""


def conditions(rule: Rule) -> frozenset[Option | Match]:
    """The conditions of a rule, without comments and conditions that every packet meets."""
    return frozenset([
        *(option for option in rule.options if option not in _LEAVES_NOTHING_OUT),
        *(found for found in rule.matches if not _is_remark(found)),
    ])


def _is_remark(found: Match) -> bool:
    extension = match(found.module)
    return extension is not None and extension.holds_always


def unconditional(rule: Rule) -> bool:
    """Whether a rule matches every packet."""
    return not conditions(rule)


def _ends_here(rule: Rule, deciding: Container[str]) -> bool:
    """Whether no packet that matches `rule` is compared with the next one of its chain."""
    if rule.target is None:
        return False
    name = rule.target.name
    return rule.target.goto or name == "RETURN" or name in deciding or terminates(name)


def unreachable(chain: Chain, deciding: Container[str] = ()) -> int | None:
    """The number of the first rule that no packet can reach, because an earlier one decides about every packet; None if there is none.

    `deciding` are the chains of the table that never return (see `deciding`): an unconditional jump to one of them decides too.
    """
    for number, rule in enumerate(chain.rules[:-1], 1):
        if _ends_here(rule, deciding) and unconditional(rule):
            return number + 1
    return None


def decides(chain: Chain, deciding: Container[str] = ()) -> bool:
    """Whether every packet that enters `chain` gets a verdict there, or in one of the chains `deciding`; policies do not count."""
    for rule in chain.rules:
        if rule.jump == "RETURN":
            return False
        if rule.target and rule.target.goto and rule.jump not in deciding:
            return False
        if _ends_here(rule, deciding) and unconditional(rule):
            return True
    return False


def deciding(table: Table) -> frozenset[str]:
    """The user chains from which no packet returns, such as one that logs and then drops."""
    own = {chain.name: chain for chain in table.chains if not chain.policy}
    callers: dict[str, list[str]] = {}
    for chain in own.values():
        for rule in chain.rules:
            callers.setdefault(rule.jump, []).append(chain.name)
    found: set[str] = set()
    waiting = list(own)
    while waiting:  # a chain that does not decide is asked again once one that it leads to does
        name = waiting.pop()
        if name in own and name not in found and decides(own[name], found):
            found.add(name)
            waiting += callers.get(name, ())
    return frozenset(found)


def _callees(chain: Chain, deciding: Container[str]) -> Iterable[str]:
    end = unreachable(chain, deciding)
    return (rule.jump for rule in chain.rules[: end - 1 if end else None])


def orphans(table: Table) -> tuple[str, ...]:
    """The user chains that no packet can enter: no rule that can be reached from a built-in chain leads to them."""
    met = set(reachable(table, [chain.name for chain in table.chains if chain.policy]))
    return tuple(chain.name for chain in table.chains if chain.name not in met)


def reachable(table: Table, entries: Iterable[str]) -> tuple[str, ...]:
    """The chains that a packet can get to that is in one of `entries`, with these, in the order of the table."""
    chains, final = {chain.name: chain for chain in table.chains}, deciding(table)
    waiting = list(entries)
    met = set(waiting)
    while waiting:
        new = {name for name in _callees(chains[waiting.pop()], final) if name in chains and name not in met}
        met |= new
        waiting += new
    return tuple(name for name in chains if name in met)


def entered(table: Table) -> dict[str, int]:
    """How many packets the counters have seen enter each chain: of a user chain, what its callers' rules counted."""
    names = {chain.name for chain in table.chains}
    found = {chain.name: _passed(chain) for chain in table.chains}
    calls = dict.fromkeys(names, 0)
    for chain in table.chains:
        for rule in chain.rules:
            if rule.counters and rule.jump in names:
                calls[rule.jump] += rule.counters.packets
    return {name: max(found[name], calls[name]) for name in found}


def _passed(chain: Chain) -> int:
    """At least how many packets have been in a chain, by its own counters alone."""
    policy = chain.counters.packets if chain.counters else 0
    return max([policy, *(rule.counters.packets for rule in chain.rules if rule.counters)])


def never_hit(chain: Chain, entries: Mapping[str, int] | None = None) -> tuple[int, ...]:
    """The numbers of the rules that matched no packet although packets were in their chain.

    Nothing where the counters are not known. `entries` (see `entered`) tells of packets that only the callers of `chain` counted.
    """
    if not (entries or {}).get(chain.name, 0) and not _passed(chain):
        return ()
    return tuple(number for number, rule in enumerate(chain.rules, 1) if rule.counters is not None and not rule.counters.packets)
