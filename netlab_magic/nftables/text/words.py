"""Words, and the constants, prefixes and ranges that they say."""

import re
from collections.abc import Collection, Sequence
from functools import lru_cache

from netlab_magic.nftables.datatypes import DATATYPES, Datatype, NotAValue, datatype_named, milliseconds
from netlab_magic.nftables.expressions import Binary, CatchAll, Concatenation, Expression, Prefix, Range

__all__ = ["ADDRESS", "TARGET", "NotUnderstood", "WordReader", "constant", "joined", "words_of"]

_WORD = re.compile(r'"[^"]*"(?:-"[^"]*")?|[(){},]|[^\s"(){},]*:"[^"]*"|[^\s"(){},]+(?:,[^\s"(){},]+)*')
_NUMBERS = re.compile(r"(\d+|0x[0-9a-fA-F]+)-(\d+|0x[0-9a-fA-F]+)")


class NotUnderstood(ValueError):
    """A word is not what the grammar of nft has in its place."""


ADDRESS = DATATYPES["address"]
TARGET = DATATYPES["target"]


def words_of(text: str) -> list[str]:
    """The words of a rule: quotes hold together, braces, parentheses and commas at the end of a word stand alone."""
    if text.count('"') % 2:
        raise NotUnderstood(text)
    return _WORD.findall(text)


@lru_cache(1 << 14)
def constant(datatype: Datatype, word: str) -> Expression:
    """The constant, prefix or range that a word says. Raises NotUnderstood where it is none of the type."""
    if not word:
        raise NotUnderstood("the end")
    try:
        if "-" in word and ((numbers := _NUMBERS.fullmatch(word)) or '"-"' in word):
            low, _, high = word.partition("-") if numbers else word.partition('"-"')
            return Range(datatype.read(low.strip('"')), datatype.read(high.strip('"')))
        return datatype.read(word)
    except NotAValue:
        return _prefix_or_range(datatype, word)


def _prefix_or_range(datatype: Datatype, word: str) -> Expression:
    head, slash, length = word.rpartition("/")
    try:
        if slash and length.isascii() and length.isdigit() and len(length) < 4:
            address = datatype.read(head)
            longest = datatype.bits if isinstance(address, int | str) else address.max_prefixlen
            if int(length) > longest:
                raise NotUnderstood(word)
            return Prefix(address, int(length))
        for place in (found.start() for found in re.finditer("-", word[:200])):
            try:
                return Range(datatype.read(word[:place]), datatype.read(word[place + 1 :]))
            except NotAValue:
                continue
    except NotAValue:
        pass
    raise NotUnderstood(word)


def joined(operator: str, left: Expression, right: Expression) -> Expression:
    """Two values joined by an operator; of two numbers, the number that comes out."""
    if isinstance(left, int) and isinstance(right, int):
        match operator:
            case "|":
                return left | right
            case "&":
                return left & right
            case "^":
                return left ^ right
    return Binary(operator, left, right)


class WordReader:
    """Reads from `words`, of which the one at `at` comes next; a NotUnderstood leaves it at the word that does not fit."""

    __slots__ = ("at", "words")

    def __init__(self, words: Collection[str]) -> None:
        self.words = [*words, "", ""]  # two, for what looks ahead
        self.at = 0

    @property
    def word(self) -> str:
        """The word that comes next; "" at the end."""
        return self.words[self.at]

    def take(self) -> str:
        """The next word, which is then behind."""
        word = self.words[self.at]
        if not word:
            raise NotUnderstood("the end")
        self.at += 1
        return word

    def accept(self, word: str) -> bool:
        """Whether the next word is this one, which is then behind."""
        if self.words[self.at] != word:
            return False
        self.at += 1
        return True

    def expect(self, word: str) -> None:
        """Goes past this word."""
        if not self.accept(word):
            raise NotUnderstood(self.word)

    def among(self, words: Collection[str]) -> str:
        """The next word, which must be one of these."""
        if self.word not in words:
            raise NotUnderstood(self.word)
        return self.take()

    def number(self) -> int:
        """A whole number, decimal or hexadecimal."""
        word = self.words[self.at]
        if word.isascii() and word.isdigit() and len(word) < 20:
            self.at += 1
            return int(word)
        value = constant(DATATYPES["integer"], word)
        if not isinstance(value, int):
            raise NotUnderstood(self.word)
        self.at += 1
        return value

    def quoted(self) -> str:
        """A text, with or without quotes, which are not part of it."""
        word = self.take()
        return word[1:-1] if word[0] == '"' else word

    def length(self) -> int:
        """A time, as milliseconds."""
        found = milliseconds(self.word)
        if found is None:
            raise NotUnderstood(self.word)
        self.at += 1
        return found

    def single(self, datatype: Datatype | None) -> Expression:
        """One constant, prefix or range."""
        if datatype is None:
            raise NotUnderstood(self.word)
        value = constant(datatype, self.words[self.at])
        self.at += 1
        return value

    def constant(self, datatype: Datatype) -> Expression:
        """A constant, prefix or range; flags may be joined by |."""
        if self.words[self.at] == "(":
            self.at += 1
            value = self.constant(datatype)
            self.expect(")")
            return value
        value = self.single(datatype)
        while self.words[self.at] == "|" and isinstance(value, int):
            self.at += 1
            value = joined("|", value, self.constant(datatype))
        return value

    def constants(self, datatypes: Sequence[Datatype]) -> Expression:
        """A constant, or several of a concatenation."""
        if self.word == "*":
            self.at += 1
            return CatchAll()
        value = self.constant(datatypes[0])
        if self.words[self.at] != ".":
            return value
        parts = [value]
        while self.accept("."):
            parts.append(self.constant(datatypes[len(parts)] if len(parts) < len(datatypes) else datatype_named("")))
        return Concatenation(tuple(parts))
