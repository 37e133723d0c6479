"""Where to insert a user's rule so that a packet meets it before the rule that stopped it, and whose chains those are."""

from collections.abc import Sequence

from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN, is_generated, program_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.netfilter import RuleVisit

__all__ = ["WITH_COMMANDS", "manager_of", "own_place"]

_MANAGERS = ("ufw", "firewalld")
"""Programs that own built-in chains too: they set the policies and reject there what none of their rules accepts."""

WITH_COMMANDS = (*_MANAGERS, "fail2ban")
"""Programs that have commands of their own to let a packet pass."""


def manager_of(ruleset: Ruleset, table: str, chain_name: str) -> str:
    """The program that owns a chain of iptables: it made the chain, or it fills this built-in one and sets its policy; else "".

    ufw and firewalld jump from built-in chains to their own, and decide there about the rest.
    """
    own = program_of(chain_name)
    chain = ruleset.chain(chain_name, table)
    if own or chain is None:
        return own
    jumps = (program_of(rule.target.name) for rule in chain.rules if rule.target)
    return next((program for program in jumps if program in _MANAGERS), "")


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
