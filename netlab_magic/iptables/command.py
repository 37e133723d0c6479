"""iptables command lines as values, and what they change: `iptables -t nat -I POSTROUTING 2 …` with the meaning that iptables gives it."""

import re
import shlex
from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.errors import Place, StatementError
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.diff import (
    AddChain,
    AddTable,
    DeleteChain,
    DeleteRule,
    InsertRule,
    RenameChain,
    RulesChange,
    SetCounters,
    SetPolicy,
    apply,
)
from netlab_magic.iptables.extensions import TARGETS
from netlab_magic.iptables.rule_parser import WrongWord, read_rule
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Ruleset, Table
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.text import suggest

__all__ = ["Command", "changes", "read_command"]

_PROGRAM = re.compile(r"(?:\S*/)?(ip6?tables)(?:-(?:legacy|nft))?")
_ACTIONS = {
    "--append": "-A", "--insert": "-I", "--delete": "-D", "--replace": "-R", "--check": "-C", "--policy": "-P", "--new-chain": "-N",
    "--new": "-N", "--delete-chain": "-X", "--flush": "-F", "--zero": "-Z", "--rename-chain": "-E",
}  # fmt: skip
_LONGEST_NUMBER = 10
_ONE_CHAIN = ("-N", "-P", "-E", "-A", "-I", "-D", "-R", "-C")
_WITH_RULE = ("-A", "-I", "-D", "-R", "-C")
_IGNORED = {"-w": 1, "--wait": 1, "-W": 1, "--wait-interval": 1, "-v": 0, "--verbose": 0, "-n": 0, "--numeric": 0, "-4": 0, "--ipv4": 0,
            "--line-numbers": 0, "-x": 0, "--exact": 0, "-6": 0, "--ipv6": 0, "--modprobe": 1}  # fmt: skip
_LISTS = ("-s", "--source", "--src", "-d", "--destination", "--dst")
_WITHOUT = {"-i": ("OUTPUT", "POSTROUTING"), "-o": ("INPUT", "PREROUTING")}
"""Built-in chains in which an interface is not known, so that iptables refuses the option."""

_LONGEST_CHAIN = 28
"""XT_EXTENSION_MAXNAMELEN - 1 (linux/netfilter/x_tables.h)."""


class Command(msgspec.Struct, frozen=True):
    """One call of iptables or ip6tables that edits rules: `action` is its short option.

    `rules` are several where -s or -d list several addresses; `number` is 0 when none was given; `name` is the policy of -P and the new
    name of -E.
    """

    action: str
    chain: str = ""
    table: str = "filter"
    family: str = "ipv4"
    number: int = 0
    rules: tuple[Rule, ...] = ()
    name: str = ""


def read_command(text: str) -> Command:
    """Reads a command line, `sudo` before it or not. Raises StatementError, with the column, where iptables would not understand it."""
    try:
        return _CommandReader(_shell_words(text)).read()
    except WrongWord as error:
        raise StatementError(error.message, _place(text, error.at)) from error


def _shell_words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise StatementError("a quote is opened here and never closed", Place(1, text, max(text.rfind('"'), text.rfind("'")), 1)) from error


def _place(text: str, at: int) -> Place:
    spans = [found.span() for found in re.finditer(r"(?:[^\s\"']|\"(?:[^\"\\]|\\.)*\"|'[^']*')+", text)]
    start, end = spans[min(at, len(spans) - 1)] if spans else (0, len(text))
    return Place(1, text, start, end - start)


class _CommandReader:
    """Takes out of the words what belongs to the command; the others are the rule."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = words
        self.at = 0
        self.action = ""
        self.operands: list[tuple[str, int]] = []
        self.rule: list[tuple[str, int]] = []
        self.table = "filter"
        self.family = "ipv4"

    def read(self) -> Command:
        self.at = self.words[:1] == ["sudo"]
        program = _PROGRAM.fullmatch(self.words[self.at]) if self.at < len(self.words) else None
        if not program:
            raise WrongWord("this is not a command of iptables or ip6tables", self.at)
        self.family = "ipv6" if program[1] == "ip6tables" else "ipv4"
        self.at += 1
        while self.at < len(self.words):
            self.word(self.take())
        return self.command()

    def take(self) -> tuple[str, int]:
        self.at += 1
        return self.words[self.at - 1], self.at - 1

    def word(self, found: tuple[str, int]) -> None:
        word, at = found
        action = _ACTIONS.get(word, word)
        if action in _ACTIONS.values():
            if self.action:
                raise WrongWord(f"{word} and {self.action} cannot be used together", at)
            self.action = action
            self.take_operands(at)
        elif word in ("-t", "--table") or word.startswith(("--table=", "-t")):
            self.take_table(word, at)
        elif word in _IGNORED:
            if _IGNORED[word] and self.at < len(self.words) and (self.words[self.at].isdigit() or word == "--modprobe"):
                self.at += 1
        else:
            self.rule.append(found)

    def take_table(self, word: str, at: int) -> None:
        name = word.partition("=")[2] if word.startswith("--table=") else "" if word in ("-t", "--table") else word[2:]
        if not name and self.at >= len(self.words):
            raise WrongWord(f"{word} needs the name of a table behind it", at)
        self.table = name or self.take()[0]
        if self.table not in BUILT_IN:
            raise WrongWord(f"there is no table {self.table}{suggest(self.table, BUILT_IN)}", self.at - 1)

    def take_operands(self, at: int) -> None:
        """The chain, and the number or name, that stand right behind the action."""
        most = {"-N": 1, "-X": 1, "-F": 1, "-A": 1, "-C": 1}.get(self.action, 2)
        while len(self.operands) < most and self.at < len(self.words):
            word = self.words[self.at]
            if word.startswith("-") or word == "!" or (self.operands and self.action in ("-I", "-D", "-R", "-Z") and not word.isdecimal()):
                break
            self.operands.append(self.take())
        if not self.operands and self.action in _ONE_CHAIN:
            raise WrongWord(f"{self.action} needs the name of a chain behind it", at)

    def command(self) -> Command:
        if not self.action:
            raise WrongWord("no command is given; there is -A, -I, -D, -R, -C, -P, -N, -X, -F, -Z and -E", len(self.words) - 1)
        chain = self.operands[0][0] if self.operands else ""
        number = name = ""
        if len(self.operands) > 1:
            number, name = (self.operands[1][0], "") if self.action in ("-I", "-D", "-R", "-Z") else ("", self.operands[1][0])
        if len(number) > _LONGEST_NUMBER:
            raise WrongWord("no chain has that many rules", self.operands[1][1])
        if number and int(number) == 0:
            raise WrongWord("rules are counted from 1", self.operands[1][1])
        if (self.action == "-R" and not number) or (self.action in ("-P", "-E") and not name):
            needs = {"-R": "the number of a rule", "-P": "a policy, ACCEPT or DROP,", "-E": "a new name"}[self.action]
            raise WrongWord(f"{self.action} needs {needs} behind the chain", self.operands[-1][1])
        self.check_names(chain, name)
        by_number = self.action == "-D" and number
        if self.rule and (self.action not in _WITH_RULE or by_number):
            what = f"{self.action} with a number" if by_number else self.action
            raise WrongWord(f"{self.rule[0][0]} has no place here: {what} takes no rule", self.rule[0][1])
        rules = tuple(self.read_rules()) if self.action in _WITH_RULE and not by_number else ()
        return Command(self.action, chain, self.table, self.family, int(number or 0), rules, name)

    def check_names(self, chain: str, name: str) -> None:
        if self.action == "-P" and name not in ("ACCEPT", "DROP"):
            raise WrongWord(f"{name} is not a policy; a policy is ACCEPT or DROP", self.operands[1][1])
        made = {"-N": chain, "-E": name}.get(self.action)
        if made is None:
            return
        if len(made.encode(errors="surrogateescape")) > _LONGEST_CHAIN:
            raise WrongWord(f"a chain's name has at most {_LONGEST_CHAIN} characters, {made} has {len(made)}", self.operands[-1][1])
        if made in TARGETS:
            raise WrongWord(f"a chain cannot be called {made}: that is a target", self.operands[-1][1])

    def read_rules(self) -> Iterator[Rule]:
        """One rule, or one for each combination where -s and -d list several addresses."""
        for words in _combinations([word for word, _ in self.rule]):
            try:
                yield read_rule(words, self.family)
            except WrongWord as error:
                raise WrongWord(error.message, self.rule[min(error.at, len(self.rule) - 1)][1] if self.rule else self.at - 1) from error


def _combinations(words: Sequence[str]) -> Iterator[list[str]]:
    for place, word in enumerate(words[1:], 1):
        if "," in word and words[place - 1] in _LISTS:
            for part in word.split(","):
                yield from _combinations([*words[:place], part, *words[place + 1 :]])
            return
    yield list(words)


def changes(command: Command, ruleset: Ruleset) -> tuple[RulesChange, ...]:
    """What a command changes in a ruleset, in order; nothing for a -C that finds its rule.

    Raises StatementError, saying why, where iptables would refuse it.
    """
    table = ruleset.table(command.table)
    missing = [] if any(held.name == table.name for held in ruleset.tables) else list(_new_table(table))
    edits = (*missing, *_EDITS[command.action](command, table))
    if command.rules:
        _check_loop(apply(ruleset, edits).table(table.name).loop())
    return edits


def _check_loop(loop: Sequence[str]) -> None:
    if loop:
        raise StatementError(f"then these chains would jump to each other in a circle: {' → '.join((*loop, loop[0]))}")


def _new_table(table: Table) -> Iterator[RulesChange]:
    yield AddTable(table.name)
    for chain in table.chains:
        yield AddChain(table.name, chain.name, chain.policy)


def _chain(command: Command, table: Table, name: str = "") -> Chain:
    name = name or command.chain
    chain = table.chain(name)
    if chain is None:
        raise StatementError(f"the table {table.name} has no chain {name}{suggest(name, [chain.name for chain in table.chains])}")
    return chain


def _ready(command: Command, table: Table) -> list[Rule]:
    """The command's rules in their canonical form, each checked to jump to something and to ask for what its chain can know."""
    rules = []
    for rule in command.rules:
        for option in rule.options:
            if command.chain in _WITHOUT.get(option.name, ()):
                way = "incoming" if option.name == "-i" else "outgoing"
                raise StatementError(f"{option.name} cannot be used in {command.chain}: packets have no {way} interface there")
        goes = rule.target
        if goes and (goes.goto or goes.name not in TARGETS) and not table.chain(goes.name):
            names = [*(chain.name for chain in table.chains if chain.policy is None), *([] if goes.goto else TARGETS)]
            raise StatementError(f"there is no chain{'' if goes.goto else ' or target'} {goes.name}{suggest(goes.name, names)}")
        rules.append(msgspec.structs.replace(canonical(rule, command.family), counters=rule.counters or Counters()))
    return rules


def _found(command: Command, chain: Chain, rule: Rule) -> int:
    """The number of the first rule that says the same. Raises StatementError when there is none."""
    for number, held in enumerate(chain.rules, 1):
        if held.same_rule(rule) or canonical(held, command.family).same_rule(rule):
            return number
    raise StatementError(f"{chain.name} has no such rule: {rule}")


def _numbered(chain: Chain, number: int, last: int) -> int:
    if number > last:
        count = f"{len(chain.rules)} rule{'' if len(chain.rules) == 1 else 's'}" if chain.rules else "no rules"
        raise StatementError(f"{chain.name} has {count}, so there is no place {number}")
    return number


def _append(command: Command, table: Table) -> Iterator[RulesChange]:
    last = len(_chain(command, table).rules)
    for number, rule in enumerate(_ready(command, table), last + 1):
        yield InsertRule(table.name, command.chain, number, rule)


def _insert(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    number = _numbered(chain, command.number or 1, len(chain.rules) + 1)
    for rule in _ready(command, table):
        yield InsertRule(table.name, command.chain, number, rule)


def _delete(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if command.number:
        number = _numbered(chain, command.number, len(chain.rules))
        yield DeleteRule(table.name, chain.name, number, chain.rules[number - 1])
    left = list(chain.rules)
    for rule in _ready(command, table):
        number = _found(command, msgspec.structs.replace(chain, rules=tuple(left)), rule)
        yield DeleteRule(table.name, chain.name, number, left.pop(number - 1))


def _replace(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    number = _numbered(chain, command.number, len(chain.rules))
    if len(command.rules) != 1:
        raise StatementError("-R puts one rule in the place of another; this command has several addresses, so it is several rules")
    yield DeleteRule(table.name, chain.name, number, chain.rules[number - 1])
    yield InsertRule(table.name, chain.name, number, _ready(command, table)[0])


def _check(command: Command, table: Table) -> Iterator[RulesChange]:
    for rule in _ready(command, table):
        _found(command, _chain(command, table), rule)
    yield from ()


def _policy(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if chain.policy is None:
        raise StatementError(f"{chain.name} is a chain that a user made: only a built-in chain has a policy")
    yield SetPolicy(table.name, chain.name, chain.policy, command.name)


def _new(command: Command, table: Table) -> Iterator[RulesChange]:
    if table.chain(command.chain):
        raise StatementError(f"the table {table.name} has a chain {command.chain} already")
    yield AddChain(table.name, command.chain)


def _rename(command: Command, table: Table) -> Iterator[RulesChange]:
    chain = _chain(command, table)
    if chain.policy is not None:
        raise StatementError(f"{chain.name} is a built-in chain, which keeps its name")
    if table.chain(command.name):
        raise StatementError(f"the table {table.name} has a chain {command.name} already")
    yield RenameChain(table.name, chain.name, command.name)


def _remove(command: Command, table: Table) -> Iterator[RulesChange]:
    chains = [_chain(command, table)] if command.chain else [chain for chain in table.chains if chain.policy is None]
    for chain in chains:
        if chain.policy is not None:
            raise StatementError(f"{chain.name} is a built-in chain, which cannot be deleted")
        if chain.rules:
            raise StatementError(f"{chain.name} still has rules; iptables -F {chain.name} takes them out")
        users = [held.name for held in table.chains for rule in held.rules if rule.jump == chain.name]
        if users:
            raise StatementError(f"{chain.name} cannot be deleted while rules of {', '.join(dict.fromkeys(users))} jump to it")
        yield DeleteChain(table.name, chain.name, chain.policy, chain.counters)


def _flush(command: Command, table: Table) -> Iterator[RulesChange]:
    for chain in [_chain(command, table)] if command.chain else table.chains:
        for rule in chain.rules:
            yield DeleteRule(table.name, chain.name, 1, rule)


def _zero(command: Command, table: Table) -> Iterator[RulesChange]:
    for chain in [_chain(command, table)] if command.chain else table.chains:
        numbers = [_numbered(chain, command.number, len(chain.rules))] if command.number else range(len(chain.rules) + 1)
        for number in numbers:
            before = chain.rules[number - 1].counters if number else chain.counters
            if before not in (None, Counters()):
                yield SetCounters(table.name, chain.name, number, before, Counters())


_EDITS = {
    "-A": _append, "-I": _insert, "-D": _delete, "-R": _replace, "-C": _check, "-P": _policy, "-N": _new, "-E": _rename, "-X": _remove,
    "-F": _flush, "-Z": _zero,
}  # fmt: skip
