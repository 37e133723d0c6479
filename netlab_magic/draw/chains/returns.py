"""Where a RETURN or the end of a chain leads."""

from collections.abc import Container

from netlab_magic.iptables.ruleset import Table

__all__ = ["Callers", "callers", "returns_to"]

Callers = dict[str, dict[tuple[str, bool], int]]
"""How many rules of which chain enter a chain, by jump (False) or goto (True)."""


def callers(table: Table) -> Callers:
    """The rules that enter each of the table's chains."""
    found: Callers = {chain.name: {} for chain in table.chains}
    for chain in table.chains:
        for rule in chain.rules:
            if rule.target and rule.target.name in found:
                calls, caller = found[rule.target.name], (chain.name, rule.target.goto)
                calls[caller] = calls.get(caller, 0) + 1
    return found


def returns_to(name: str, calls: Callers, built_in: Container[str]) -> str:
    """The chain that a packet continues in after `name`; "its caller" if there are several.

    A goto sets no return point: the packet returns to where the chain with the goto was entered from, or reaches a policy.
    """
    found: dict[str, None] = {}
    met, waiting = {name}, [name]
    while waiting:
        left = waiting.pop()
        if left in built_in:
            found[f"the policy of {left}"] = None
        for caller, goto in calls.get(left, ()):
            if not goto:
                found[caller] = None
            elif caller not in met:
                met.add(caller)
                waiting.append(caller)
    return next(iter(found)) if len(found) == 1 else "its caller"
