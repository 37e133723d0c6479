"""iptables command lines as values: `iptables -t nat -I POSTROUTING 2 …` with the meaning that iptables gives it."""

import re
from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.errors import Place
from netlab_magic.iptables.extensions import TARGETS
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Rule
from netlab_magic.iptables.words import STATEMENT, OpenQuote, Token, tokens, unquoted
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.text import suggest

__all__ = ["Command", "command_of", "read_command"]

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
    """Reads a command line, with or without `sudo`. Raises Refused, with the column, if iptables would not understand it."""
    try:
        found = list(tokens(text, STATEMENT))
    except OpenQuote as error:
        raise Refused(Kind.OPEN_QUOTE).at(Place(1, text, error.start, 1)) from None
    try:
        return command_of([unquoted(token.text, STATEMENT) for token in found])
    except Refused as refused:
        raise refused.at(_place(text, found, refused.index)) from None


def command_of(words: Sequence[str]) -> Command:
    """The command that these words are, the program's name first. Raises Refused, with the number of the word."""
    reader = _CommandReader(words)
    try:
        return reader.read()
    except Refused as refused:
        refused.command = reader.so_far()
        raise


def _place(text: str, found: Sequence[Token], index: int) -> Place:
    if not found:
        return Place(1, text, 0, len(text))
    word = found[min(index, len(found) - 1)]
    return Place(1, text, word.start, len(word.text))


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
        if self.words[:1] == ["sudo"]:
            self.at = 1
        program = _PROGRAM.fullmatch(self.words[self.at]) if self.at < len(self.words) else None
        if not program:
            raise Refused(Kind.NOT_IPTABLES, index=self.at)
        self.family = "ipv6" if program[1] == "ip6tables" else "ipv4"
        self.at += 1
        while self.at < len(self.words):
            self.word(self.take())
        return self.command()

    def so_far(self) -> Command:
        """What is known of the command before its rule is."""
        return Command(self.action, self.operands[0][0] if self.operands else "", self.table, self.family)

    def take(self) -> tuple[str, int]:
        self.at += 1
        return self.words[self.at - 1], self.at - 1

    def word(self, found: tuple[str, int]) -> None:
        word, at = found
        action = _ACTIONS.get(word, word)
        if action in _ACTIONS.values():
            if self.action:
                raise Refused(Kind.TWO_COMMANDS, action, at, option=self.action)
            self.action = action
            self.take_operands(word, at)
        elif word in ("-t", "--table") or word.startswith(("--table=", "-t")):
            self.take_table(word, at)
        elif word in _IGNORED:
            if _IGNORED[word] and self.at < len(self.words) and (self.words[self.at].isdigit() or word == "--modprobe"):
                self.at += 1
        else:
            self.rule.append(found)

    def take_table(self, word: str, at: int) -> None:
        if word in ("-t", "--table"):
            if self.at >= len(self.words):
                raise Refused(Kind.ARGUMENT_MISSING, index=at, option=word, what="the name of a table")
            self.table = self.take()[0]
        else:
            self.table = word.removeprefix("--table=" if word.startswith("--table=") else "-t")
        if self.table not in BUILT_IN:
            raise Refused(Kind.NO_TABLE, self.table, self.at - 1, hint=suggest(self.table, BUILT_IN))

    def take_operands(self, action: str, at: int) -> None:
        """The chain, and the number or name, that stand right behind the action."""
        most = 1 if self.action in ("-N", "-X", "-F", "-A", "-C") else 2
        while len(self.operands) < most and self.at < len(self.words):
            word = self.words[self.at]
            if word.startswith("-") or word == "!":
                break
            self.operands.append(self.take())
        if not self.operands and self.action in _ONE_CHAIN:
            if self.action == "-N" and self.at < len(self.words):
                raise Refused(Kind.NAME_BEGINS_LIKE_AN_OPTION, self.words[self.at], self.at)
            raise Refused(Kind.CHAIN_MISSING, index=at, option=action)

    def command(self) -> Command:
        if not self.action:
            raise self.no_command()
        chain = self.operands[0][0] if self.operands else ""
        self.check_length(self.operands[:1])
        number, name = self.second_operand()
        self.check_names(chain, name)
        by_number = self.action == "-D" and number > 0
        if self.rule and (self.action not in _WITH_RULE or by_number):
            kind = Kind.TAKES_NO_RULE_BESIDE_A_NUMBER if by_number else Kind.TAKES_NO_RULE
            raise Refused(kind, *self.rule[0], option=self.action)
        rules = tuple(self.read_rules()) if self.action in _WITH_RULE and not by_number else ()
        return Command(self.action, chain, self.table, self.family, number, rules, name)

    def no_command(self) -> Refused:
        """No action was given: the refusal is about the word that no option takes, where there is one. Raises Refused for other words."""
        try:
            list(self.read_rules())
        except Refused as refused:
            if refused.kind != Kind.STRAY_WORD:
                raise
            return Refused(Kind.NO_COMMAND, refused.word, refused.index)
        return Refused(Kind.NO_COMMAND, index=len(self.words) - 1)

    def second_operand(self) -> tuple[int, str]:
        """The number behind the chain (0 for none), or the policy or new name that stands there ("" for none)."""
        missing = {"-R": Kind.NUMBER_MISSING, "-P": Kind.POLICY_MISSING, "-E": Kind.NAME_MISSING}
        if len(self.operands) < 2:
            if self.action in missing:
                raise Refused(missing[self.action], index=self.operands[-1][1], option=self.action)
            return 0, ""
        word, at = self.operands[1]
        if self.action in ("-P", "-E"):
            return 0, word
        if not word.isdecimal() or len(word) > _LONGEST_NUMBER or int(word) == 0:
            raise Refused(Kind.NOT_A_NUMBER, word, at, option=self.action)
        return int(word), ""

    def check_names(self, chain: str, name: str) -> None:
        if self.action == "-P" and name not in ("ACCEPT", "DROP"):
            raise Refused(Kind.NOT_A_POLICY, name, self.operands[1][1])
        if self.action == "-P" and self.table == "nat" and name == "DROP":
            raise Refused(Kind.NAT_DROPS, name, self.operands[1][1])
        if self.action == "-E":
            self.check_length(self.operands[1:])
        made = {"-N": chain, "-E": name}.get(self.action)
        if made in TARGETS:
            raise Refused(Kind.NAME_OF_A_TARGET, made, self.operands[-1][1], option=self.action)
        if self.action == "-N" and made and made[0] in "-!":
            raise Refused(Kind.NAME_BEGINS_LIKE_AN_OPTION, made, self.operands[-1][1])

    def check_length(self, operands: Sequence[tuple[str, int]]) -> None:
        for word, at in operands:
            if len(word.encode(errors="surrogateescape")) > _LONGEST_CHAIN:
                raise Refused(Kind.NAME_TOO_LONG, word, at, option=self.action, most=_LONGEST_CHAIN, length=len(word))

    def read_rules(self) -> Iterator[Rule]:
        """One rule, or one for each combination where -s and -d list several addresses."""
        places = [at for _, at in self.rule]
        combined = list(_combinations([word for word, _ in self.rule]))
        for words in combined:
            try:
                rule = read_rule(words, self.family, typed=True)
            except Refused as refused:
                refused.index = places[min(refused.index, len(places) - 1)] if places else self.at - 1
                raise
            if len(combined) > 1 and any(option.negated and option.name in ("-s", "-d") for option in rule.options):
                raise Refused(Kind.ADDRESSES_NEGATED, "!", places[0])
            if self.table == "nat" and rule.jump == "DROP":
                raise Refused(Kind.NAT_DROPS, "DROP", places[-1])
            yield rule


def _combinations(words: Sequence[str]) -> Iterator[list[str]]:
    for place, word in enumerate(words[1:], 1):
        if "," in word and words[place - 1] in _LISTS:
            for part in word.split(","):
                yield from _combinations([*words[:place], part, *words[place + 1 :]])
            return
    yield list(words)
