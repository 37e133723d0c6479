"""Notes on a rule or chain in its ruleset: never reached, never called, never matched."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from netlab_magic.explain.position import Site, Surroundings
from netlab_magic.explain.values import listed
from netlab_magic.i18n import Language
from netlab_magic.model.chain_graph import Caller

__all__ = ["Around", "chain_notes", "counted", "never_told", "orphans_told", "rule_notes", "shadow_note", "shadowed", "unreached"]

_MOST_NOTES = 20


class Around(Protocol):
    """What is known of a chain among others, of iptables or of nft."""

    @property
    def callers(self) -> list[Caller]:
        """The rules that lead to it."""

    @property
    def is_reached(self) -> bool:
        """Whether rules lead to it from where packets begin."""

    @property
    def shadows(self) -> dict[int, int]:
        """Its rules that can never match, each with the earlier rule that takes all that it would match."""


def rule_notes(site: Site, say: Language) -> Iterator[str]:
    """The notes on the rule at a site."""
    blocker = site.around.shadows.get(site.number)
    if blocker is not None:
        yield shadow_note(blocker, say, takes_all=not site.around.conditions[blocker - 1])
    else:
        yield from unreached(site.around, say)
    seen = site.rule.counters
    yield from counted(seen.packets if seen else None, seen.bytes if seen else 0, say)
    if _drops_what_it_logged(site):
        yield say("The next rule drops the same packets; this one logs them first.")


def chain_notes(around: Surroundings, say: Language) -> Iterator[str]:
    """The notes on a chain."""
    yield from unreached(around, say)
    yield from shadowed(around, say)
    if _has_dockers_policy(around):
        yield say("dockerd sets the policy of FORWARD to DROP if it switched on net.ipv4.ip_forward itself.")
        if around.table.chain("DOCKER-FORWARD"):
            yield say(
                "Since Docker 28, packets to or from its networks do not depend on that policy: its own rules decide about them."
            )


def _has_dockers_policy(around: Surroundings) -> bool:
    is_forward = around.table.name == "filter" and around.chain.name == "FORWARD"
    return is_forward and around.chain.policy == "DROP" and around.table.chain("DOCKER-USER") is not None


def shadow_note(blocker: int, say: Language, *, takes_all: bool) -> str:
    """What is said of a rule that the rule `blocker` before it leaves nothing."""
    if takes_all:
        return say("No packet gets here: rule {} before it takes every packet.", blocker)
    return say("No packet gets here: rule {} before it takes all its packets.", blocker)


def unreached(around: Around, say: Language) -> Iterator[str]:
    """What is said of a chain that no packet gets to."""
    if around.is_reached:
        return
    if around.callers:
        yield say("No packet gets to this chain: it is entered only from chains that no packet reaches.")
    else:
        yield say("No packet gets to this chain: no rule jumps here.")


def shadowed(around: Around, say: Language) -> Iterator[str]:
    """Which rules can never match, in short: each one's own explanation says why."""
    numbers = sorted(around.shadows)
    if len(numbers) == 1:
        yield say("Rule {} can never match: an earlier rule takes all its packets.", numbers[0])
    elif numbers:
        yield say("Rules {} can never match: earlier rules take all their packets.", listed(list(map(str, numbers)), say))


def counted(packets: int | None, size: int, say: Language) -> Iterator[str]:
    """What a rule's counter says, of which None is known where there is none."""
    if packets is None:
        return
    if not packets:
        yield say("No packet has matched it yet.")
    elif packets == 1:
        yield say("One packet of {} bytes has matched it so far.", size)
    else:
        yield say("{packets} packets with {bytes} bytes have matched it so far.", packets=packets, bytes=size)


def _drops_what_it_logged(site: Site) -> bool:
    """Whether the rule logs packets that the next one drops, apart from a limit on the logging."""
    if site.rule.jump not in ("LOG", "NFLOG") or site.number >= len(site.chain.rules):
        return False
    following = site.chain.rules[site.number]
    limits = {found for found in site.rule.matches if found.module in ("limit", "hashlimit")}
    return following.jump in ("DROP", "REJECT") and site.around.conditions[site.number] <= site.conditions - limits


def orphans_told(lost: Sequence[str], say: Language) -> Iterator[str]:
    """What is said of a table's chains that no packet gets to."""
    if len(lost) == 1:
        yield say("No packet gets to the chain {}: no reachable rule jumps there.", lost[0])
    elif lost:
        yield say("No packet gets to the chains {}: no reachable rule jumps there.", listed(lost, say))


def never_told(shadows: Sequence[tuple[str, int, int]], say: Language) -> Iterator[str]:
    """What is said of a table's rules that can never match: of each its chain, its number, and the number of the rule that takes all."""
    for chain, number, taker in shadows[:_MOST_NOTES]:
        yield say("Rule {0} of {1} can never match: rule {2} takes all its packets.", number, chain, taker)
    if len(shadows) > _MOST_NOTES:
        yield say("{} more rules can never match; explain their chains to see which.", len(shadows) - _MOST_NOTES)
