"""Notes on a rule or chain in its ruleset: never reached, never called, never matched."""

from collections.abc import Iterator

from netlab_magic.explain.position import Site, Surroundings
from netlab_magic.explain.values import listed
from netlab_magic.i18n import Language
from netlab_magic.iptables.ruleset import Rule

__all__ = ["chain_notes", "rule_notes"]

def rule_notes(site: Site, say: Language) -> Iterator[str]:
    """The notes on the rule at a site."""
    blocker = site.around.shadows.get(site.number)
    if blocker is not None:
        if site.around.conditions[blocker - 1]:
            yield say("No packet gets here: rule {} before it takes all its packets.", blocker)
        else:
            yield say("No packet gets here: rule {} before it takes every packet.", blocker)
    else:
        yield from _unreached(site.around, say)
    yield from _counted(site.rule, say)
    if _drops_what_it_logged(site):
        yield say("The next rule drops the same packets; this one logs them first.")


def chain_notes(around: Surroundings, say: Language) -> Iterator[str]:
    """The notes on a chain."""
    yield from _unreached(around, say)
    yield from _shadowed(around, say)
    if _has_dockers_policy(around):
        yield say("dockerd sets the policy of FORWARD to DROP if it switched on net.ipv4.ip_forward itself.")
        if around.table.chain("DOCKER-FORWARD"):
            yield say(
                "Since Docker 28, packets to or from its networks do not depend on that policy: its own rules decide about them."
            )


def _has_dockers_policy(around: Surroundings) -> bool:
    is_forward = around.table.name == "filter" and around.chain.name == "FORWARD"
    return is_forward and around.chain.policy == "DROP" and around.table.chain("DOCKER-USER") is not None


def _unreached(around: Surroundings, say: Language) -> Iterator[str]:
    if around.is_reached:
        return
    if around.callers:
        yield say("No packet gets to this chain: it is entered only from chains that no packet reaches.")
    else:
        yield say("No packet gets to this chain: no rule jumps here.")


def _shadowed(around: Surroundings, say: Language) -> Iterator[str]:
    """Which rules can never match, in short: each one's own explanation says why."""
    numbers = sorted(around.shadows)
    if len(numbers) == 1:
        yield say("Rule {} can never match: an earlier rule takes all its packets.", numbers[0])
    elif numbers:
        yield say("Rules {} can never match: earlier rules take all their packets.", listed(list(map(str, numbers)), say))


def _counted(rule: Rule, say: Language) -> Iterator[str]:
    if rule.counters is None:
        return
    if not rule.counters.packets:
        yield say("No packet has matched it yet.")
    elif rule.counters.packets == 1:
        yield say("One packet of {} bytes has matched it so far.", rule.counters.bytes)
    else:
        yield say("{packets} packets with {bytes} bytes have matched it so far.", packets=rule.counters.packets, bytes=rule.counters.bytes)


def _drops_what_it_logged(site: Site) -> bool:
    """Whether the rule logs packets that the next one drops, apart from a limit on the logging."""
    if site.rule.jump not in ("LOG", "NFLOG") or site.number >= len(site.chain.rules):
        return False
    following = site.chain.rules[site.number]
    limits = {found for found in site.rule.matches if found.module in ("limit", "hashlimit")}
    return following.jump in ("DROP", "REJECT") and site.around.conditions[site.number] <= site.conditions - limits
