"""A line split into words with their places, as those do who read it: `iptables-restore`, a statement of a cell, and a shell.

There is one loop and three dialects. They differ in their quotes, comments and operators, and in what a backslash does.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from netlab_magic.errors import Place, StatementError

__all__ = ["RESTORE", "SHELL", "STATEMENT", "Dialect", "OpenQuote", "Token", "next_token", "split", "tokens", "unquoted"]


class Dialect(msgspec.Struct, frozen=True):
    """How a text is split. `token` knows the kinds of what stands there: blank, comment, end (of a line), operator and word.

    `piece` takes a word apart (double, single, escaped, variable, plain), and `in_quotes` what a backslash or a variable is
    between double quotes.
    """

    token: re.Pattern[str]
    piece: re.Pattern[str]
    in_quotes: re.Pattern[str]


class Token(NamedTuple):
    """What stands in a text from the column `start` on, as it was written; `kind` is word, operator or end (of a line)."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """The column behind it."""
        return self.start + len(self.text)


class OpenQuote(StatementError):
    """A quote (or a parenthesis) at the column `start` of a text is not closed."""

    def __init__(self, text: str, start: int) -> None:
        super().__init__("this quote is not closed", Place(1, text, start, 1))
        self.start = start


_DOUBLE = r'"(?P<double>(?:[^"\\]|\\.)*)"'
_SINGLE = r"'(?P<single>[^']*)'"
_ESCAPED = r"\\(?P<escaped>.)"
_VARIABLE = r"(?P<variable>\$(?:\?|\$|[A-Za-z_]\w*|\{[A-Za-z_]\w*\}|\d))"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.VERBOSE | re.DOTALL)


RESTORE = Dialect(
    token=_pattern(r"""(?P<blank>\s+) | (?P<word>(?:[^\s"]|"(?:[^"\\]|\\.)*"?)+)"""),
    piece=_pattern(rf'{_DOUBLE}? | (?P<plain>[^"]+)'),
    in_quotes=_pattern(_ESCAPED),
)
"""The lines of `iptables-save`: only double quotes hold together, and only in them a backslash escapes, whatever stands behind it.

A quote that is not closed ends with the line (add_param_to_argv in xshared.c).
"""

STATEMENT = Dialect(
    token=_pattern(r"""(?P<blank>\s+) | (?P<comment>\#[^\n]*) | (?P<word>(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+)"""),
    piece=_pattern(rf"""{_SINGLE} | {_DOUBLE} | {_ESCAPED} | (?P<plain>[^'"\\]+)"""),
    in_quotes=_pattern(r'\\(?P<escaped>[\\"$`])'),
)
"""A statement, and one command without operators and variables: the quotes, backslashes and comments of a shell."""

SHELL = Dialect(
    token=_pattern(
        r"""(?P<blank>(?:[^\S\n]|\\\n)+) | (?P<comment>\#[^\n]*) | (?P<end>\n)
        | (?P<operator>&&|\|\||;|\||\(|\)|\d?>>|&>>?|\d?>&[\d-]|\d?>|<<-?|<(?!<)|&)
        | (?P<word>(?:[^\s'"\\|&;<>()]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|\$\([^)]*\))+)"""
    ),
    piece=_pattern(rf"""{_SINGLE} | {_DOUBLE} | {_ESCAPED} | {_VARIABLE} | (?P<plain>[^'"\\$]+|\$)"""),
    in_quotes=_pattern(rf'\\(?P<escaped>[\\"$`]) | {_VARIABLE}'),
)
"""A script: operators and the ends of lines are tokens of their own, and variables have values."""

_IS_SIMPLY_QUOTED = re.compile(r'[^"\\]*(?:(?<=\s)"[^"\\]*"(?=\s|$)[^"\\]*)+').fullmatch


def next_token(text: str, at: int, dialect: Dialect) -> Token | None:
    """What comes next from the column `at` on, blanks and comments passed over; None at the end. Raises OpenQuote."""
    while at < len(text):
        found = dialect.token.match(text, at)
        if found is None:
            raise OpenQuote(text, at)
        if found.lastgroup not in ("blank", "comment"):
            return Token(str(found.lastgroup), found[0], at)
        at = found.end()
    return None


def tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    """All of a text. Raises OpenQuote."""
    at = 0
    while found := next_token(text, at, dialect):
        yield found
        at = found.end


def unquoted(word: str, dialect: Dialect, value_of: Callable[[str], str] = str) -> str:
    """A word with its quotes taken off; `value_of` gives what stands for a variable (`$HOME`, `${HOME}`)."""

    def meaning(piece: re.Match[str]) -> str:
        kind, text = str(piece.lastgroup), piece[str(piece.lastgroup)]
        if kind == "double":
            return dialect.in_quotes.sub(meaning, text)
        return value_of(text) if kind == "variable" else text

    return dialect.piece.sub(meaning, word)


def split(text: str, dialect: Dialect = RESTORE) -> list[str]:
    r"""The words of a line, quotes taken off. Raises OpenQuote.

    >>> split(r'-m comment --comment "say \"hi\"" --dport 80')
    ['-m', 'comment', '--comment', 'say "hi"', '--dport', '80']
    """
    if dialect is RESTORE:  # dumps have thousands of lines, of which few are unusual
        if '"' not in text:
            return text.split()
        if _IS_SIMPLY_QUOTED(text):
            return [word for place, part in enumerate(text.split('"')) for word in ([part] if place % 2 else part.split())]
    return [unquoted(token.text, dialect) for token in tokens(text, dialect)]
