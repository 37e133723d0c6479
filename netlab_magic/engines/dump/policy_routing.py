"""The rules of `ip rule` and the tables that they lead to, as a topology has them: tables that have a name get a number of their own."""

from collections.abc import Iterable, Mapping

import msgspec

from netlab_magic.engines.dump.formats.ip_rule import TABLES
from netlab_magic.engines.dump.host_dump import HostDump, ListedRoute
from netlab_magic.model.topology import ROUTE_KINDS, Namespace, Route, RoutingRule

__all__ = ["table_numbers", "with_policy_routing"]

_FIRST_OF_NAMES = 1 << 32
"""Larger than the number of any table of the kernel."""

_OWN = (0, 32766, 32767)
"""The priorities of the rules that the kernel makes."""


def with_policy_routing(namespace: Namespace, dump: HostDump) -> Namespace:
    """The namespace with the rules and the tables that were read. If a rule has a selector that the model does not know, there are none."""
    listed = dump.routing_rules or ()
    numbers = table_numbers(dump)
    rules = tuple(msgspec.structs.replace(one.rule, table=numbers.get(one.table, one.rule.table)) for one in listed)
    has_rules = any(not _is_own(rule) for rule in rules)
    judged = has_rules and not any(one.unjudged for one in listed)
    tables = {number: tuple(_routes(name, dump.listed_routes)) for name, number in numbers.items() if name not in TABLES}
    return msgspec.structs.replace(
        namespace, has_rules=has_rules, rules=rules if judged else (), tables={number: held for number, held in tables.items() if held}
    )


def table_numbers(dump: HostDump) -> Mapping[str, int]:
    """The numbers of all tables that rules and routes name; those that have only a name get one that no table has."""
    named = dict.fromkeys([*(one.table for one in dump.routing_rules or ()), *(one.table for one in dump.listed_routes)])
    numbers = {**TABLES, **{name: int(name) for name in named if name.isdecimal()}}
    for name in named:
        if name and name not in numbers:
            numbers[name] = _FIRST_OF_NAMES + len(numbers)
    return numbers


def _is_own(rule: RoutingRule) -> bool:
    plain = RoutingRule(rule.priority, rule.six, table=rule.table)
    return rule.priority in _OWN and rule == plain and rule.table in TABLES.values()


def _routes(table: str, listed: Iterable[ListedRoute]) -> Iterable[Route]:
    found = sorted((one for one in listed if one.table == table and one.type in ROUTE_KINDS), key=lambda one: one.metric)
    return dict.fromkeys(one.route for one in found)
