"""Where to insert a user's rule so that a packet meets it before the rule that stopped it."""

from collections.abc import Sequence

from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN, is_generated
from netlab_magic.netfilter import RuleVisit

__all__ = ["own_place"]




def own_place(visits: Sequence[RuleVisit], at: RuleVisit) -> tuple[str, int | None]:
    """Where a user's rule comes before `at`: the chain and the rule number, None for the chain's end.

    `visits` are the matching ones up to `at`. In Docker's FORWARD, the place is the head of DOCKER-USER if the packet passed that chain;
    otherwise it is before the jump that led into another program's chains.
    """
    if at.chain != USER_CHAIN and any((visit.table, visit.chain) == (at.table, USER_CHAIN) for visit in visits):
        return USER_CHAIN, 1
    chain, number = at.chain, at.rule
    for visit in reversed(visits):
        if not is_generated(chain):
            break
        if (visit.hook, visit.table, visit.line.action.chain) == (at.hook, at.table, chain):
            chain, number = visit.chain, visit.rule
    return chain, number
