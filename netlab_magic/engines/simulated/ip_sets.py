"""The sets of ipset that rules of a simulated namespace refer to: iptables takes no rule about a set that is not there."""

from collections.abc import Iterable, Iterator

from netlab_magic.iptables.ipset.sets import IpSet
from netlab_magic.iptables.ruleset import Match, Rule, Ruleset, Target

__all__ = ["set_refused", "sets_of"]

_SHOWN = {"ipv4": "IPv4", "ipv6": "IPv6"}


def sets_of(ruleset: Ruleset) -> Iterator[str]:
    """The names of the sets that the rules refer to, one for each time."""
    for table in ruleset.tables:
        for chain in table.chains:
            for rule in chain.rules:
                yield from _named(rule)


def _named(rule: Rule) -> Iterator[str]:
    parts: list[Match | Target] = [match for match in rule.matches if match.module == "set"]
    parts += [rule.target] if rule.target and rule.target.name == "SET" else []
    for part in parts:
        yield from (option.values[0] for option in part.options if option.name.endswith("-set") and option.values)


def set_refused(before: Ruleset, after: Ruleset, sets: Iterable[IpSet]) -> str:
    """What iptables says to rules that refer to a set that is not there, or to one of the other family; "" for others.

    Those that are there already are not looked at again.
    """
    families = {held.name: held.family for held in sets}
    old = set(sets_of(before))
    for name in sets_of(after):
        if name not in old and name not in families:
            return f"Set {name} doesn't exist.\n"
        if name not in old and families[name] not in ("", after.family):
            return f"The protocol family of set {name} is {_SHOWN[families[name]]}, which is not applicable.\n"
    return ""
