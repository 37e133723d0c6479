r"""One option of a rule, and the quotes in which its words are saved.

>>> print(Option("--dport", ("80",), negated=True))
! --dport 80
"""

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

__all__ = ["Option", "Quotes", "quoted"]

_PLAIN = re.compile(r"[A-Za-z0-9_./:;,!?@#$%^&*+=~<>\[\]{}|()-]+")
_PLAIN_TEXT = re.compile(r"[A-Za-z0-9_-]+")


class Quotes(StrEnum):
    """When iptables-save puts a word in quotes."""

    NEEDED = ""
    """Where it could not be read back without them."""
    TEXT = "text"
    """Where it is more than letters, digits, dashes and underscores (xtables_save_string)."""
    ALWAYS = "always"


def quoted(word: str, quotes: Quotes = Quotes.NEEDED) -> str:
    r"""A word as `iptables-restore` takes it: in double quotes where it holds a blank, a quote or a backslash, or nothing at all.

    >>> quoted('say "hi"')
    '"say \\"hi\\""'
    """
    if quotes == Quotes.ALWAYS:
        return _in_quotes(word, '"\\\\')
    return word if (_PLAIN_TEXT if quotes == Quotes.TEXT else _PLAIN).fullmatch(word) else _in_quotes(word)


def _in_quotes(word: str, escaped: str = "\"'\\\\") -> str:
    return '"' + re.sub(f"([{escaped}])", r"\\\1", word) + '"'


class Option(msgspec.Struct, frozen=True, gc=False):
    """One option of a rule, such as `! --dport 80`: negation is part of what it says."""

    name: str
    values: tuple[str, ...] = ()
    negated: bool = False

    def words(self, quotes: Quotes = Quotes.NEEDED) -> Iterator[str]:
        """The option as the words of a command line."""
        if self.negated:
            yield "!"
        yield self.name
        for value in self.values:
            yield quoted(value, quotes)

    def __str__(self) -> str:
        return " ".join(self.words())
