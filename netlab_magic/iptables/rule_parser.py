"""The words of a rule, as they stand behind `-A CHAIN`, to a Rule: one loop over the words and the option table."""

from collections.abc import Collection, Iterator, Sequence
from typing import NoReturn

import msgspec

from netlab_magic.iptables.extensions import HEADER, MATCHES, TARGETS, Extension, Parameter, match, target
from netlab_magic.iptables.extensions.constraints import NO_DEMAND
from netlab_magic.iptables.ruleset import Counters, Match, Option, Rule, Target
from netlab_magic.text import suggest

__all__ = ["WrongWord", "read_rule"]

_FAMILIES = {"ipv4": ("-4", "--ipv4"), "ipv6": ("-6", "--ipv6")}
_EVERY_PROTOCOL = ("all", "ip", "0")
_JOINED = ("-m", "-j", "-g")  # `-jDROP` is `-j DROP`
_COUNTED = ("-c", "--set-counters")
_LONGEST_COUNTER = 20  # digits of 2**64


class WrongWord(Exception):
    """A word of a rule cannot be understood: `at` is its number, counted from 0; the caller knows where that is."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.message = message
        self.at = at


class _Part(msgspec.Struct):
    """A match or the target while it is read: `rows` are its options by each of their names, `at` is where it was named."""

    name: str
    rows: dict[str, Parameter]
    at: int
    extension: Extension | None = None
    goto: bool = False
    options: list[Option] = []


_HEADER = HEADER.rows
_MATCH_ROWS = {name: extension.rows for name, extension in MATCHES.items()}
_TARGET_ROWS = {name: extension.rows for name, extension in TARGETS.items()}
_JUMPS = {"-j": False, "--j": False, "--jump": False, "-g": True, "--goto": True}  # --j is a common slip that iptables understands


def read_rule(words: Sequence[str], family: str = "ipv4", chains: Collection[str] | None = None, *, strict: bool = True) -> Rule:
    """The rule that `words` write, with the words as they stand.

    Strict reading raises WrongWord for what iptables would not understand, and, when `chains` are given, for a jump to none of them.
    Lenient reading keeps unknown options with the words that follow them, and values as they are.
    """
    return _RuleReader(words, family, chains, strict).read()


class _RuleReader:
    """Reads one rule from left to right."""

    def __init__(self, words: Sequence[str], family: str, chains: Collection[str] | None, strict: bool) -> None:
        self.words = words
        self.family = family
        self.chains = chains
        self.strict = strict
        self.at = 0
        self.header: list[Option] = []
        self.matches: list[_Part] = []
        self.target: _Part | None = None
        self.counters: Counters | None = None

    def read(self) -> Rule:
        while self.at < len(self.words):
            negated = self.words[self.at] == "!"
            self.at += negated
            word = self.value("an option", "!")
            if word in ("-m", "--match"):
                self.refuse_negation(negated, word)
                self.load(self.value("the name of a match", word))
            elif word in _JUMPS:
                self.refuse_negation(negated, word)
                self.jump(self.value("a target or a chain", word), _JUMPS[word])
            elif word in _FAMILIES[self.family]:
                self.refuse_negation(negated, word)
            elif word[:2] in _JOINED and not word.startswith("--"):
                self.refuse_negation(negated, word)
                self.words = [*self.words[: self.at - 1], word[:2], word[2:], *self.words[self.at :]]
                self.at -= 1
            elif word in _COUNTED:
                self.counters = Counters(self.count(word), self.count(word))
            else:
                self.option(word, negated)
        return self.rule()

    def rule(self) -> Rule:
        if self.strict:
            self.check()
        matches = tuple([Match(part.name, tuple(part.options)) for part in self.matches])
        found = self.target and Target(self.target.name, tuple(self.target.options), self.target.goto)
        return Rule(tuple(self.header), matches, found or None, self.counters)

    def wrong(self, message: str, at: int) -> NoReturn:
        raise WrongWord(message, at)

    def refuse_negation(self, negated: bool, word: str) -> None:
        if negated:
            self.wrong(f"! cannot stand before {word}", self.at - 2)

    def value(self, what: str, option: str) -> str:
        if self.at >= len(self.words):
            self.wrong(f"{option} needs {what} behind it", self.at - 1)
        self.at += 1
        return self.words[self.at - 1]

    def count(self, option: str) -> int:
        word = self.value("a number of packets and a number of bytes", option)
        if word.isdecimal() and len(word) <= _LONGEST_COUNTER:
            return int(word)
        return self.wrong(f"{option} needs two numbers, and {word} is none", self.at - 1)

    def load(self, module: str) -> None:
        extension = match(module)
        if self.strict and (extension is None or extension.family not in ("", self.family)):
            other = f" in {extension.family.replace('ipv', 'IPv')} only" if extension else suggest(module, MATCHES)
            self.wrong(f"there is {'the' if extension else 'no'} match {module}{other}", self.at - 1)
        rows = _MATCH_ROWS[extension.name] if extension else {}
        self.matches.append(_Part(module, rows, self.at - 1, extension, options=[]))

    def jump(self, name: str, goto: bool) -> None:
        if self.strict and self.target:
            self.wrong(f"a rule has one target, and this one has {self.target.name} already", self.at - 1)
        extension = None if goto or (self.chains is not None and name in self.chains) else target(name)
        if self.strict and extension and extension.family not in ("", self.family):
            self.wrong(f"there is the target {name} in {extension.family.replace('ipv', 'IPv')} only", self.at - 1)
        self.target = _Part(name, _TARGET_ROWS.get(name, {}) if extension else {}, self.at - 1, extension, goto, [])

    def option(self, word: str, negated: bool) -> None:
        row, options = self.find(word)
        if row is None:
            return self.unknown(word, negated)
        if self.at < len(self.words) and row.types and row.negatable and self.words[self.at] == "!":
            negated, self.at = True, self.at + 1
        if negated and not row.negatable and self.strict:
            self.wrong(f"{word} cannot be negated", self.at - 1)
        options.append(Option(row.name, self.values(row), negated))
        return None

    def values(self, row: Parameter) -> tuple[str, ...]:
        start, end = self.at, self.at + len(row.types)
        if end > len(self.words):
            self.wrong(f"{row.name} needs {' and '.join(kind.what for kind in row.types)} behind it", len(self.words) - 1)
        self.at = end
        values = tuple(self.words[start:end])
        if self.strict:
            for number, (kind, value) in enumerate(zip(row.types, values, strict=True)):
                try:
                    kind.read(value, self.family)
                except ValueError as error:
                    raise WrongWord(f"{row.name} ({row.field}): {error}", start + number) from error
        return values

    def find(self, word: str) -> tuple[Parameter | None, list[Option]]:
        """The row of an option, and the list it belongs to: the target's, the last loaded match's that has it, or the rule's own.

        In this order, since `-m policy` has a --proto of its own.
        """
        for part in self.scopes():
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
        if word not in _MATCH_ROWS.get(module, {}):
            return None
        self.matches.append(_Part(module, _MATCH_ROWS[module], self.at - 1, match(module), options=[]))
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
            self.wrong(self.explain_unknown(word), self.at - 1)
        start = self.at
        while self.at < len(self.words) and self.words[self.at] != "!" and not self.words[self.at].startswith("-"):
            self.at += 1
        part = next(self.scopes(), None)
        (part.options if part else self.header).append(Option(word, tuple(self.words[start : self.at]), negated))

    def explain_unknown(self, word: str) -> str:
        part = next(self.scopes(), None)
        if not word.startswith("-"):
            return f"{word} is not an option, and no option before it takes it"
        owners = [f"{flag} {name}" for flag, table in (("-m", _MATCH_ROWS), ("-j", _TARGET_ROWS)) for name in table if word in table[name]]
        if owners:
            return f"{word} belongs to {' or '.join(owners[:4])}, which must stand before it"
        implied = _MATCH_ROWS.get(self.implied_module(), {})
        names = [name for rows in (implied, *(held.rows for held in self.scopes()), _HEADER) for name in rows if len(name) > 2]
        owner = f"{'-j' if part is self.target else '-m'} {part.name}" if part else "a rule"
        return f"{owner} has no option {word}{suggest(word, names)}"

    def check_demands(self, part: _Part, protocol: str) -> None:
        """What must be given, and what cannot be given together."""
        if part.extension is None:
            return
        demand = part.extension.demand
        if demand is NO_DEMAND and len(part.options) < 2:
            return
        complaint = next(demand.complaints(part.options, protocol), None)
        if complaint:
            self.wrong(f"{'-j' if part is self.target else '-m'} {part.name} {complaint}", part.at)

    def check(self) -> None:
        """What iptables checks when the rule is complete."""
        names = [option.name for option in self.header]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice:
            self.wrong(f"{twice} is given twice", len(self.words) - 1)
        if "-f" in names and self.family == "ipv6":
            self.wrong("-f is for IPv4; IPv6 has -m frag", len(self.words) - 1)
        if any(option.name == "-p" and option.negated and option.values[0].lower() in _EVERY_PROTOCOL for option in self.header):
            self.wrong("! -p all can never hold", len(self.words) - 1)
        protocol = self.protocol()
        for part in self.scopes():
            needs = part.extension.protocols if part.extension else ()
            if needs and protocol not in needs:
                flag = "-j" if part is self.target else "-m"
                self.wrong(f"{flag} {part.name} needs -p {' or '.join(needs)}", part.at)
            self.check_demands(part, protocol)
        reached = self.target
        if reached and not reached.extension and self.chains is not None and reached.name not in self.chains:
            known = [*self.chains, *([] if reached.goto else TARGETS)]
            self.wrong(f"there is no chain{'' if reached.goto else ' or target'} {reached.name}{suggest(reached.name, known)}", reached.at)
