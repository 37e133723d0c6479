"""Reading what `iptables-save` prints into a `Ruleset`."""

import re
import shlex
from itertools import pairwise

from netlab_magic.errors import Place, StatementError
from netlab_magic.ruleset import Chain, Counters, Rule, Ruleset, Table

__all__ = ["parse"]

_CHAIN = re.compile(r":(?P<name>\S+) (?P<policy>\S+)(?: \[(?P<packets>\d+):(?P<bytes>\d+)\])?$")
_RULE = re.compile(r"(?:\[(?P<packets>\d+):(?P<bytes>\d+)\] )?-A (?P<chain>\S+)(?: (?P<spec>.*))?$")


def _counters(match: re.Match[str]) -> Counters:
    return Counters(int(match["packets"] or 0), int(match["bytes"] or 0))


def _rule(spec: str, counters: Counters) -> Rule:
    words = shlex.split(spec)
    for option, target in pairwise(words):
        if option in ("-j", "-g"):
            return Rule(spec, target, option == "-g", counters)
    return Rule(spec, counters=counters)


def parse(text: str) -> Ruleset:
    """The rulesets of a dump, with or without counters (`iptables-save -c`); `#` lines are passed over.

    Raises StatementError, with the line, for anything that `iptables-save` does not print.
    """
    tables: list[Table] = []
    name: str | None = None
    chains: dict[str, tuple[str | None, Counters]] = {}
    rules: dict[str, list[Rule]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        if line.startswith("*"):
            name, chains, rules = line[1:], {}, {}
        elif line == "COMMIT" and name:
            made = (Chain(key, policy, tuple(rules[key]), counters) for key, (policy, counters) in chains.items())
            tables.append(Table(name, tuple(made)))
            name = None
        elif name and (match := _CHAIN.match(line)):
            chains[match["name"]] = (None if match["policy"] == "-" else match["policy"], _counters(match))
            rules[match["name"]] = []
        elif name and (match := _RULE.match(line)) and match["chain"] in rules:
            rules[match["chain"]].append(_rule(match["spec"] or "", _counters(match)))
        else:
            raise StatementError("this is not a line that iptables-save prints", Place(number, line, 0, len(line)))
    if name:
        raise StatementError(f"the table {name} has no COMMIT", Place(text.count("\n") + 1, ""))
    return Ruleset(tuple(tables))
