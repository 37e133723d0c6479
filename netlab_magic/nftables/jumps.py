"""Which chains lead to which: by jumps and gotos of rules, and by verdict maps."""

from collections.abc import Iterator

from netlab_magic.nftables.expressions import AnonymousSet, Element, NamedSet
from netlab_magic.nftables.ruleset import Chain, Rule, Table
from netlab_magic.nftables.statements import Verdict, VerdictMap

__all__ = ["entered", "loop", "verdicts"]


def verdicts(rule: Rule, table: Table) -> Iterator[Verdict]:
    """Every verdict that a rule can give: its own, and those of its verdict map."""
    for statement in rule.statements:
        if isinstance(statement, Verdict):
            yield statement
        elif isinstance(statement, VerdictMap):
            yield from (element.data for element in _elements(statement.mapping, table) if isinstance(element.data, Verdict))


def _elements(mapping: NamedSet | AnonymousSet, table: Table) -> tuple[Element, ...]:
    if isinstance(mapping, AnonymousSet):
        return mapping.elements
    found = table.set(mapping.name)
    return found.elements if found else ()


def entered(chain: Chain, table: Table) -> tuple[str, ...]:
    """The chains that a packet in `chain` can be sent to, each once, in order."""
    return tuple(dict.fromkeys(verdict.chain for rule in chain.rules for verdict in verdicts(rule, table) if verdict.chain))


def loop(table: Table) -> tuple[str, ...]:
    """Chains of which each leads to the next and the last to the first; none if there is no loop.

    The kernel refuses a loop that can be reached from a base chain (nft_chain_validate in nf_tables_api.c).
    """
    jumps = {chain.name: entered(chain, table) for chain in table.chains}
    finished: set[str] = set()
    for start in (chain.name for chain in table.chains if chain.hook):
        path = {start: iter(jumps[start])}
        while path:
            chain, ahead = next(reversed(path.items()))
            following = next((name for name in ahead if name in jumps and name not in finished), None)
            if following is None:
                finished.add(chain)
                del path[chain]
            elif following in path:
                return tuple(path)[list(path).index(following) :]
            else:
                path[following] = iter(jumps[following])
    return ()
