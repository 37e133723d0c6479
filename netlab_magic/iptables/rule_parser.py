"""The words of a rule, as they stand behind `-A CHAIN`, to a Rule: one loop over the words and the option table."""

from collections.abc import Collection, Iterator, Sequence

import msgspec

from netlab_magic.iptables.extensions import HEADER, MATCHES, TARGETS, Extension, Parameter, match, target
from netlab_magic.iptables.extensions.constraints import NO_DEMAND
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.iptables.ruleset import Counters, Match, Option, Rule, Target
from netlab_magic.text import suggest

__all__ = ["no_target", "read_rule"]

_FAMILIES = {"ipv4": ("-4", "--ipv4"), "ipv6": ("-6", "--ipv6")}
_EVERY_PROTOCOL = ("all", "ip", "0")
_JOINED = ("-m", "-j", "-g")  # `-jDROP` is `-j DROP`
_COUNTED = ("-c", "--set-counters")
_LONGEST_COUNTER = 20  # digits of 2**64


class _Part(msgspec.Struct):
    """A match or the target while it is read: `rows` are its options by each of their names, `at` is where it was named."""

    name: str
    rows: dict[str, Parameter]
    at: int
    extension: Extension | None = None
    goto: bool = False
    options: list[Option] = []
    is_target: bool = False

    @property
    def flag(self) -> str:
        """What stands before its name."""
        if self.is_target:
            return "-g" if self.goto else "-j"
        return "-m"


_HEADER = HEADER.rows
_MATCH_ROWS = {name: extension.rows for name, extension in MATCHES.items()}
_TARGET_ROWS = {name: extension.rows for name, extension in TARGETS.items()}
_JUMPS = {"-j": False, "--j": False, "--jump": False, "-g": True, "--goto": True}  # --j is a common slip that iptables understands
_NOT_OPTIONS = frozenset(("--match", "--ipv4", "--ipv6", *_JUMPS, *_COUNTED))


def read_rule(
    words: Sequence[str], family: str = "ipv4", chains: Collection[str] | None = None, *, strict: bool = True, typed: bool = False
) -> Rule:
    """The rule that `words` write, with the words as they stand.

    Strict reading raises Refused, with the number of the word, for what iptables would not understand, and, when `chains` are given,
    for a jump to none of them. What is `typed` has its `!` before an option: old dumps have it behind.
    Lenient reading keeps unknown options with the words that follow them, and values as they are.
    """
    return _RuleReader(words, family, chains, strict, typed).read()


class _RuleReader:
    """Reads one rule from left to right."""

    def __init__(self, words: Sequence[str], family: str, chains: Collection[str] | None, strict: bool, typed: bool) -> None:
        self.words = words
        self.family = family
        self.chains = chains
        self.strict = strict
        self.typed = typed
        self.at = 0
        self.header: list[Option] = []
        self.matches: list[_Part] = []
        self.target: _Part | None = None
        self.counters: Counters | None = None

    def read(self) -> Rule:
        while self.at < len(self.words):
            negated = self.negation()
            word = self.words[self.at]
            self.at += 1
            if word in _HEADER or (word.startswith("--") and word not in _NOT_OPTIONS):
                self.option(word, negated)
            elif word in ("-m", "--match"):
                self.refuse_negation(negated, word)
                self.load(self.value("the name of a match", word))
            elif word in _JUMPS:
                self.refuse_negation(negated, word)
                self.jump(self.value("a target or a chain", word), _JUMPS[word])
            elif word in _FAMILIES[self.family]:
                self.refuse_negation(negated, word)
            elif word[:2] in _JOINED:
                self.refuse_negation(negated, word)
                self.words = [*self.words[: self.at - 1], word[:2], word[2:], *self.words[self.at :]]
                self.at -= 1
            elif word in _COUNTED:
                self.counters = self.count(word)
            else:
                self.option(word, negated)
        return self.rule()

    def rule(self) -> Rule:
        if self.strict:
            self.check()
        matches = tuple([Match(part.name, tuple(part.options)) for part in self.matches])
        found = Target(self.target.name, tuple(self.target.options), self.target.goto) if self.target else None
        return Rule(tuple(self.header), matches, found, self.counters)

    def negation(self) -> bool:
        """Whether a `!` stands here, and then goes behind it."""
        if self.words[self.at] != "!":
            return False
        self.at += 1
        if self.at == len(self.words):
            raise Refused(Kind.NEGATION_ALONE, "!", self.at - 1)
        if self.words[self.at] == "!":
            raise Refused(Kind.NEGATION_TWICE, "!", self.at)
        return True

    def refuse_negation(self, negated: bool, word: str) -> None:
        if negated:
            raise Refused(Kind.NEGATION_MISPLACED, "!", self.at - 2, option=word)

    def value(self, what: str, option: str) -> str:
        if self.at >= len(self.words):
            raise Refused(Kind.ARGUMENT_MISSING, index=self.at - 1, option=option, what=what)
        self.at += 1
        return self.words[self.at - 1]

    def count(self, option: str) -> Counters:
        numbers = []
        for given in range(2):
            word = self.words[self.at] if self.at < len(self.words) else "-"
            if word.startswith("-"):
                what = "a number of packets and a number of bytes"
                raise Refused(Kind.ARGUMENT_MISSING, index=self.at - 1, option=option, argument=given, what=what)
            if not word.isdecimal() or len(word) > _LONGEST_COUNTER:
                raise Refused(Kind.NOT_A_COUNTER, word, self.at, option=option)
            numbers.append(int(word))
            self.at += 1
        return Counters(*numbers)

    def load(self, module: str) -> None:
        extension = match(module)
        if self.strict and extension is None:
            raise Refused(Kind.NO_MATCH, module, self.at - 1, hint=suggest(module, MATCHES))
        self.check_family(extension, "-m")
        rows = _MATCH_ROWS[extension.name] if extension else {}
        self.matches.append(_Part(module, rows, self.at - 1, extension, options=[]))

    def jump(self, name: str, goto: bool) -> None:
        if self.strict and self.target:
            raise Refused(Kind.SECOND_TARGET, name, self.at - 1, part=self.target.name)
        extension = None if goto or (self.chains is not None and name in self.chains) else target(name)
        self.check_family(extension, "-j")
        self.target = _Part(name, _TARGET_ROWS.get(name, {}) if extension else {}, self.at - 1, extension, goto, [], is_target=True)

    def check_family(self, extension: Extension | None, flag: str) -> None:
        if self.strict and extension and extension.family not in ("", self.family):
            family = extension.family.replace("ipv", "IPv")
            raise Refused(Kind.OF_OTHER_FAMILY, self.words[self.at - 1], self.at - 1, part=extension.name, flag=flag, family=family)

    def option(self, word: str, negated: bool) -> None:
        row, options = self.find(word)
        if row is None:
            self.unknown(word, negated)
            return
        if row.negatable and row.types and self.at < len(self.words) and self.words[self.at] == "!":
            if self.typed:
                raise Refused(Kind.NEGATION_BEHIND, "".join(self.words[self.at + 1 : self.at + 2]), self.at, option=row.name)
            negated = True
            self.at += 1
        if negated and not row.negatable and self.strict:
            raise Refused(Kind.NOT_NEGATABLE, word, self.at - 1, part=self.owner(options), option=row.name)
        options.append(Option(row.name, self.values(word, row, options), negated))

    def owner(self, options: list[Option]) -> str:
        """The name of the match or target that these options belong to; "" for the rule's own."""
        return next((part.name for part in self.scopes() if part.options is options), "")

    def values(self, word: str, row: Parameter, options: list[Option]) -> tuple[str, ...]:
        start, end = self.at, self.at + len(row.types)
        if end > len(self.words):
            what = " and ".join(kind.what for kind in row.types)
            raise Refused(Kind.ARGUMENT_MISSING, index=len(self.words) - 1, option=word, argument=len(self.words) - start, what=what)
        self.at = end
        values = tuple(self.words[start:end])
        if self.strict:
            number = 0
            try:
                for number, kind in enumerate(row.types):
                    kind.read(values[number], self.family)
            except ValueError as error:
                raise Refused(
                    Kind.VALUE, values[number], start + number, part=self.owner(options), option=row.name, argument=number,
                    field=row.field, problem=str(error),
                ) from error  # fmt: skip
        return values

    def find(self, word: str) -> tuple[Parameter | None, list[Option]]:
        """The row of an option, and the list it belongs to: the target's, the last loaded match's that has it, or the rule's own.

        In this order, since `-m policy` has a --proto of its own.
        """
        if self.target and word in self.target.rows:
            return self.target.rows[word], self.target.options
        for part in reversed(self.matches):
            if word in part.rows:
                return part.rows[word], part.options
        if word in _HEADER:
            return _HEADER[word], self.header
        return self.find_implied(word) or self.find_spelt_otherwise(word) or (None, self.header)

    def scopes(self) -> Iterator[_Part]:
        if self.target:
            yield self.target
        yield from reversed(self.matches)

    def protocol(self) -> str:
        """What `-p` names, in the words of the option table; "" when nothing, or when negated."""
        found = next((option for option in self.header if option.name == "-p" and not option.negated), None)
        if not found:
            return ""
        try:
            return _HEADER["-p"].types[0].canonical(found.values[0], self.family)
        except ValueError:
            return found.values[0]

    def implied_module(self) -> str:
        """The match that `-p` brings along, or "" when it names no protocol."""
        protocol = self.protocol()
        extension = match(protocol)
        return extension.name if extension else protocol

    def find_implied(self, word: str) -> tuple[Parameter, list[Option]] | None:
        """`-p tcp` alone brings the options of `-m tcp` (iptables(8), MATCH EXTENSIONS)."""
        module = self.implied_module()
        extension = match(module) if word in _MATCH_ROWS.get(module, {}) else None
        if extension is None or extension.family not in ("", self.family):
            return None
        self.matches.append(_Part(module, _MATCH_ROWS[module], self.at - 1, extension, options=[]))
        return _MATCH_ROWS[module][word], self.matches[-1].options

    def find_spelt_otherwise(self, word: str) -> tuple[Parameter, list[Option]] | None:
        """`--opt=value`, `-ptcp` and unambiguous beginnings of long options, as getopt_long takes them."""
        name, equals, value = word.partition("=")
        if word[:2] in _HEADER and not word.startswith("--") and _HEADER[word[:2]].types:
            name, equals, value = word[:2], "=", word[2:]
        elif not word.startswith("--"):
            return None
        scopes = [(part.rows, part.options) for part in self.scopes()]
        for rows, options in [*scopes, (_HEADER, self.header), *self.implied_scope()]:
            found = {row.name: row for spelling, row in rows.items() if spelling == name or (len(name) > 3 and spelling.startswith(name))}
            if name in rows or len(found) == 1:
                if equals:
                    self.words = [*self.words[: self.at], value, *self.words[self.at :]]
                row = rows[name] if name in rows else next(iter(found.values()))
                return self.find_implied(row.name) if options is None else (row, options)
        return None

    def implied_scope(self) -> Iterator[tuple[dict[str, Parameter], None]]:
        """What `-p` would bring along; it has no list of options before one of them is used."""
        module = self.implied_module()
        if module in _MATCH_ROWS and all(part.name != module for part in self.matches):
            yield _MATCH_ROWS[module], None

    def unknown(self, word: str, negated: bool) -> None:
        if self.strict:
            raise self.unknown_option(word)
        start = self.at
        while self.at < len(self.words) and self.words[self.at] != "!" and not self.words[self.at].startswith("-"):
            self.at += 1
        part = next(self.scopes(), None)
        (part.options if part else self.header).append(Option(word, tuple(self.words[start : self.at]), negated))

    def unknown_option(self, word: str) -> Refused:
        part, at = next(self.scopes(), None), self.at - 1
        if not word.startswith("-"):
            return Refused(Kind.STRAY_WORD, word, at)
        owners = [f"{flag} {name}" for flag, table in (("-m", _MATCH_ROWS), ("-j", _TARGET_ROWS)) for name in table if word in table[name]]
        if owners:
            return Refused(Kind.OPTION_OF_OTHERS, word, at, others=owners[:4])
        implied = _MATCH_ROWS.get(self.implied_module(), {})
        names = [name for rows in (implied, *(held.rows for held in self.scopes()), _HEADER) for name in rows if len(name) > 2]
        if part:
            return Refused(Kind.UNKNOWN_OPTION_OF, word, at, part=part.name, flag=part.flag, hint=suggest(word, names))
        return Refused(Kind.UNKNOWN_OPTION, word, at, hint=suggest(word, names))

    def check_demands(self, part: _Part, protocol: str) -> None:
        """What must be given, and what cannot be given together."""
        if part.extension is None:
            return
        demand = part.extension.demand
        if demand is NO_DEMAND and len(part.options) < 2:
            return
        complaint = demand.complaint(part.options, protocol)
        if complaint:
            raise Refused(
                complaint.kind, part.name, part.at, part=part.name, flag=part.flag, option=complaint.option, others=complaint.others
            )

    def check(self) -> None:
        """What iptables checks when the rule is complete."""
        self.check_header()
        protocol = self.protocol()
        for part in self.scopes():
            self.check_demands(part, protocol)
            needs = part.extension.protocols if part.extension else ()
            if needs and protocol not in needs:
                option = part.options[0].name if part.options else ""
                raise Refused(Kind.NEEDS_PROTOCOL, part.name, part.at, part=part.name, flag=part.flag, option=option, others=needs)
        reached = self.target
        if reached and not reached.extension and self.chains is not None and reached.name not in self.chains:
            raise no_target(reached.name, self.chains, goto=reached.goto, index=reached.at)

    def check_header(self) -> None:
        last = len(self.words) - 1
        seen = set()
        for option in self.header:
            if option.name in seen:
                raise Refused(Kind.OPTION_TWICE, option.name, last, option=option.name)
            seen.add(option.name)
            if option.name == "-f" and self.family == "ipv6":
                raise Refused(Kind.FRAGMENT_IN_IPV6, "-f", last)
            if option.name == "-p" and option.negated and option.values[0].lower() in _EVERY_PROTOCOL:
                raise Refused(Kind.NEVER_MATCHES, option.values[0], last, option="-p")


def no_target(name: str, chains: Collection[str], *, goto: bool, index: int = -1) -> Refused:
    """The refusal of a rule that goes to what is not there; `chains` are those that a rule may go to."""
    if goto:
        return Refused(Kind.NO_CHAIN_TO_GO_TO, name, index, hint=suggest(name, chains))
    return Refused(Kind.NO_TARGET, name, index, hint=suggest(name, [*chains, *TARGETS]))
