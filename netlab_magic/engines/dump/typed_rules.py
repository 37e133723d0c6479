"""The rules that a sequence of iptables commands makes: from a script, or as somebody typed them.

What was there before is not known, so that a policy that no command sets stays open. A rule with a value that is not known is kept as one
that cannot be judged.
"""

from collections.abc import Sequence

from netlab_magic.engines.simulated.rules import carried_out, with_table
from netlab_magic.errors import NetlabError
from netlab_magic.iptables.command import Command, command_of
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Match, Rule, Ruleset, Table, Target
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["TypedRules"]

_UNKNOWN = "?"
_ADDING = {"-A": "-A", "--append": "-A", "-I": "-I", "--insert": "-I"}
_LISTING = ("-L", "-S", "--list", "--list-rules", "-V", "-h", "-C", "--check", "-Z", "--zero")


class TypedRules:
    """The rules of one family so far."""

    def __init__(self, family: str) -> None:
        self.ruleset = Ruleset(family=family)

    def carry_out(self, words: Sequence[str], unknown: bool) -> bool:
        """Does what a command line says, the program first; False if that cannot be told. `unknown`: a value in it is not known."""
        if any(word in _LISTING for word in words):
            return True
        try:
            command = None if unknown else command_of(words)
        except NetlabError:
            command = None
        command = command or _kept_as_written(words, unknown)
        if command is None or command.table not in BUILT_IN:
            return False
        self._know(command)
        return self._done(command) or (command.action in ("-A", "-I") and self._done(_unjudged(command)))

    def _done(self, command: Command) -> bool:
        try:
            self.ruleset = carried_out(self.ruleset, command, "legacy")
        except (NetlabError, ValueError):  # ValueError: a value that iptables would refuse
            return False
        return True

    def _know(self, command: Command) -> None:
        """A table of which nothing was known has open policies; a chain that a rule is put into, or leads to, is taken to be there."""
        if all(table.name != command.table for table in self.ruleset.tables):
            made = with_table(self.ruleset, command.table, "legacy")
            tables = tuple(_with_open_policies(table) if table.name == command.table else table for table in made.tables)
            self.ruleset = Ruleset(tables, made.family, made.remarks)
        table = self.ruleset.table(command.table)
        if command.chain and table.chain(command.chain) is None and command.action in ("-A", "-I"):
            tables = tuple(
                Table(one.name, (*one.chains, Chain(command.chain))) if one.name == command.table else one for one in self.ruleset.tables
            )
            self.ruleset = Ruleset(tables, self.ruleset.family, self.ruleset.remarks)

    def tables(self) -> list[tuple[str, str]]:
        """The tables by name, as iptables-save prints them."""
        return [(table.name, str(Ruleset((_uncounted(table),), self.ruleset.family))) for table in self.ruleset.tables]


def _uncounted(table: Table) -> Table:
    """The table without counters: nobody has read any."""
    chains = tuple(
        Chain(chain.name, chain.policy, tuple(Rule(rule.options, rule.matches, rule.target) for rule in chain.rules))
        for chain in table.chains
    )
    return Table(table.name, chains)


def _with_open_policies(table: Table) -> Table:
    return Table(table.name, tuple(Chain(chain.name, _UNKNOWN, chain.rules, chain.counters) for chain in table.chains))


def _unjudged(command: Command) -> Command:
    """The command with a rule that stands for its own, of which only the target is known."""
    rules = tuple(Rule((), (Match("value-not-known"),), rule.target and Target(rule.target.name)) for rule in command.rules)
    return Command(command.action, command.chain, command.table, command.family, command.number, rules)


def _kept_as_written(words: Sequence[str], unknown: bool) -> Command | None:
    """A command that iptables would not take as it stands, because a value was hidden or depends on a variable."""
    rest = list(words[1:])
    table = "filter"
    for option in ("-t", "--table"):
        if option in rest[:-1]:
            at = rest.index(option)
            table = rest[at + 1]
            del rest[at : at + 2]
    place = next((at for at, word in enumerate(rest[:-1]) if word in _ADDING), -1)
    if place < 0:
        return None
    action, chain, spec = _ADDING[rest[place]], rest[place + 1], [*rest[:place], *rest[place + 2 :]]
    number = int(spec.pop(0)) if action == "-I" and spec[:1] and spec[0].isdecimal() and len(spec[0]) < len("1000000") else 0
    try:
        rule = read_rule(spec, "ipv6" if "ip6" in words[0] else "ipv4", strict=False)
    except NetlabError:
        return None
    marks = (Match("value-not-known"),) if unknown else ()
    kept = Rule(rule.options, (*rule.matches, *marks), rule.target)
    return Command(action, chain, table, "ipv6" if "ip6" in words[0] else "ipv4", number, (kept,))
