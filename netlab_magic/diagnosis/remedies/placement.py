"""Where a rule of one's own may stand so that a packet meets it before the rule that ended its way."""

from collections.abc import Sequence

from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN, is_generated
from netlab_magic.netfilter import RuleVisit

__all__ = ["own_place"]




def own_place(visits: Sequence[RuleVisit], at: RuleVisit) -> tuple[str, int | None]:
    """Where a rule of one's own comes before `at`: the chain and the number there, None for its end.

    `visits` are those at which a rule matched, until `at`. In Docker's FORWARD that is the head of DOCKER-USER, where the packet has been
    there; else before the jump that led into chains of others.
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
