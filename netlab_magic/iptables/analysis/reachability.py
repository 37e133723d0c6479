"""Which packets a rule matches for certain, and a table's chains as a graph: which rules and chains can matter, and which never do."""

from netlab_magic.iptables.extensions import match, terminates
from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.ruleset import Chain, Match, Option, Rule, Table
from netlab_magic.model.chain_graph import Branch, ChainExits, ChainGraph, RuleExit

__all__ = ["conditions", "graph_of", "unconditional"]

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


def graph_of(table: Table) -> ChainGraph:
    """The table's chains and what leads where."""
    return _GRAPHS.of(table)


def _graph(table: Table) -> ChainGraph:
    own = frozenset(chain.name for chain in table.chains)
    return ChainGraph(_exits(chain, own) for chain in table.chains)


def _exits(chain: Chain, own: frozenset[str]) -> ChainExits:
    rules = tuple(_exit(rule, own) for rule in chain.rules)
    return ChainExits(chain.name, rules, bool(chain.policy), chain.counters.packets if chain.counters else None)


def _exit(rule: Rule, own: frozenset[str]) -> RuleExit:
    packets = rule.counters.packets if rule.counters else None
    if rule.target is None:
        return RuleExit(packets=packets)
    name = rule.target.name
    if name in own:
        branches = (Branch(name, rule.target.goto),)
    elif rule.target.goto or name == "RETURN" or terminates(name):
        branches = (Branch(goto=rule.target.goto, returns=name == "RETURN"),)
    else:
        return RuleExit(packets=packets)
    return RuleExit(branches, unconditional(rule), packets)


_GRAPHS: Remembered[Table, ChainGraph] = Remembered(_graph)
