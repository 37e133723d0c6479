"""Policy routing: the rules of `ip rule`, asked in order, and the tables of routes that they lead to (fib_rules_lookup)."""

from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_network

import msgspec

from netlab_magic.model.topology import RoutingRule

__all__ = ["Asked", "Decided", "Policy", "met_by"]

_LOCAL, _MAIN, _DEFAULT = 255, 254, 253
_ORDINARY = (_LOCAL, _MAIN, _DEFAULT)


class Asked(msgspec.Struct, frozen=True):
    """What a route is looked up for. Packets of the host's own have the input `lo`; `source` is 0 while none has been chosen."""

    destination: int
    source: int = 0
    input: str = "lo"
    mark: int = 0
    tos: int = 0


class Decided(msgspec.Struct, frozen=True):
    """The table that a rule leads to, or in `kind` how it ends the packet's path; routes up to the length `suppressed` do not count."""

    table: int
    kind: str = ""
    suppressed: int = -1


class Policy:
    """The rules of one family, compiled. `is_default` is set if all packets are routed by the tables local, main and default."""

    def __init__(self, rules: Iterable[RoutingRule], six: bool) -> None:
        held = sorted((rule for rule in rules if rule.six == six), key=lambda rule: rule.priority)
        self._rules = [(rule, _tests(rule)) for rule in held]
        self.is_default = all(not tests and rule.kind == "table" and rule.table in _ORDINARY for rule, tests in self._rules)

    def decide(self, asked: Asked, find: Callable[[Decided], object | None]) -> object | None:
        """The first answer of `find` for what the matching rules lead to; None where none of them has one."""
        skip_to = 0
        for rule, tests in self._rules:
            if rule.priority < skip_to or all(test(asked) for test in tests) is rule.negated:
                continue
            if rule.kind == "goto":
                skip_to = rule.goto
            elif rule.kind != "nop":
                found = find(Decided(rule.table, "" if rule.kind == "table" else rule.kind, rule.suppressed))
                if found is not None:
                    return found
        return None


def met_by(rules: Iterable[RoutingRule], asked: Asked, six: bool) -> Iterator[RoutingRule]:
    """The rules of one family that lead this packet to a table, in order, as far as none of those tables decides."""
    for rule in sorted((rule for rule in rules if rule.six == six and rule.kind == "table"), key=lambda rule: rule.priority):
        if all(test(asked) for test in _tests(rule)) is not rule.negated:
            yield rule


Test = Callable[[Asked], bool]


def _tests(rule: RoutingRule) -> tuple[Test, ...]:
    """The selectors of a rule (fib_rule_match, fib4_rule_match)."""
    found: list[Test] = []
    if rule.source:
        found.append(_within(rule.source, lambda asked: asked.source))
    if rule.destination:
        found.append(_within(rule.destination, lambda asked: asked.destination))
    if rule.input:
        found.append(lambda asked: asked.input == rule.input)
    if rule.mask:
        found.append(lambda asked: asked.mark & rule.mask == rule.mark)
    if rule.tos:
        found.append(lambda asked: asked.tos & 0x1C == rule.tos)
    return tuple(found)


def _within(cidr: str, get: Callable[[Asked], int]) -> Test:
    network = ip_network(cidr, strict=False)
    start, mask = int(network.network_address), int(network.netmask)
    return lambda asked: get(asked) & mask == start


