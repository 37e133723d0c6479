"""Hints after a raw iptables command: why it was refused, or that a rule now exists twice."""

import re
from collections.abc import Iterator, Mapping

from netlab_magic.errors import Place, StatementError
from netlab_magic.iptables.command import read_command
from netlab_magic.iptables.command_changes import changes
from netlab_magic.iptables.refusal import Refused
from netlab_magic.iptables.ruleset import Ruleset

__all__ = ["adds_rule", "repeated", "why_refused"]

_PLAIN_IPTABLES = re.compile(r"\s*(?:sudo\s+)?(?:\S*/)?ip(6?)tables(?:-legacy|-nft)?\s[^;&|<>$`\n]*")


def why_refused(command: str, rulesets: Mapping[str, Ruleset]) -> StatementError | None:
    """Our own sentence about a command that iptables refused; its place is a column of `command`. `rulesets` are the rules by family.

    None if we see nothing wrong with it, and for anything but a single call of iptables.
    """
    found = _PLAIN_IPTABLES.fullmatch(command)
    if not found:
        return None
    try:
        read = read_command(command)
        changes(read, rulesets[read.family])
    except Refused as refused:
        if refused.place is None and (word := re.search(rf"(?<!\S){re.escape(refused.word)}(?!\S)", command)) and refused.word:
            refused.at(Place(1, command, word.start(), len(refused.word)))
        return refused
    except StatementError as error:
        return error
    return None


def adds_rule(command: str) -> bool:
    """Whether a command line may have added a rule."""
    return bool(re.search(r"\bip6?tables\b.*\s(-A|-I|--append|--insert)\s", command))


def repeated(before: Ruleset, after: Ruleset) -> Iterator[str]:
    """A sentence for each rule that a chain now has several times, and more often than before."""
    for table in after.tables:
        for chain in table.chains:
            old = before.chain(chain.name, table.name)
            for spec in dict.fromkeys(rule.spec for rule in chain.rules):
                at = [str(number) for number, rule in enumerate(chain.rules, 1) if rule.spec == spec]
                if len(at) > max(1, sum(rule.spec == spec for rule in old.rules) if old else 0):
                    name = f"{chain.name} (ip6tables)" if after.family == "ipv6" else chain.name
                    yield f"{name} now has this rule {len(at)} times (numbers {', '.join(at)}): {spec}"
