"""Going through the tokens of a script."""

from collections.abc import Sequence
from typing import NoReturn

import msgspec

from netlab_magic.nftables.commands.complaints import Refused, Span
from netlab_magic.nftables.commands.tokens import Token

__all__ = ["END", "Cursor", "Name"]

END = "end of file or newline or semicolon"


class Name(msgspec.Struct, frozen=True):
    """A word that names something, or a number, with its place."""

    text: str
    span: Span


class Cursor:
    """Reads from `tokens`, of which the last is an end."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.at = 0

    @property
    def token(self) -> Token:
        """What comes next."""
        return self.tokens[self.at]

    @property
    def last(self) -> Span:
        """Where the token stands that was read last."""
        return self.tokens[self.at - 1].span

    def take(self) -> Token:
        """What comes next, which is then behind."""
        token = self.tokens[self.at]
        if token.kind != "end":
            self.at += 1
        return token

    def accept(self, text: str) -> bool:
        """Whether this word or sign comes next, which is then behind."""
        token = self.tokens[self.at]
        if token.text != text or token.kind not in ("word", "sign"):
            return False
        self.at += 1
        return True

    def unexpected(self, expecting: str = "") -> NoReturn:
        """Raises what nft says about what comes next."""
        wanted = f", expecting {expecting}" if expecting else ""
        span = self.token.span
        if self.token.name == "number":  # `5x` is a number to nft, and something behind it
            span = span._replace(end=span.start + len(self.token.text) - len(self.token.text.lstrip("0123456789")) or span.end)
        raise Refused.at(f"syntax error, unexpected {self.token.name}{wanted}", span)

    def expect(self, text: str, expecting: str = "") -> None:
        """Goes past this word or sign."""
        if not self.accept(text):
            self.unexpected(expecting or text)

    def name(self, expecting: str = "string") -> Name:
        """A name."""
        if not self.token.is_name:
            self.unexpected(expecting)
        token = self.take()
        return Name(token.text, token.span)

    def number(self) -> Name:
        """A number."""
        if self.token.name != "number":
            self.unexpected("number")
        token = self.take()
        return Name(token.text, token.span)

    def text(self) -> str:
        """A text in quotes, or one word."""
        token = self.take()
        if token.kind not in ("quoted", "word"):
            self.at -= 1
            self.unexpected("string or quoted string or string with a trailing asterisk")
        return token.text.strip('"')

    @property
    def is_at_end(self) -> bool:
        """Whether a command ends here."""
        return self.token.kind in ("newline", "end") or self.token.is_sign(";")

    def newlines(self) -> None:
        """Goes past newlines."""
        while self.token.kind == "newline":
            self.at += 1

    def separators(self) -> None:
        """Goes past newlines and semicolons."""
        while self.token.kind == "newline" or self.token.is_sign(";"):
            self.at += 1

    def separator(self) -> None:
        """A statement in a block ends."""
        if self.token.kind != "newline" and not self.token.is_sign(";"):
            self.unexpected("newline or semicolon")
        self.at += 1

    def until_end(self) -> list[Token]:
        """What comes next, up to where a command, or what stands in a block, ends."""
        start, depth = self.at, 0
        while self.token.kind != "end":
            if not depth and (self.is_at_end or self.token.is_sign("}")):
                break
            depth += self.token.is_sign("{") - self.token.is_sign("}")
            self.at += 1
        return list(self.tokens[start : self.at])

    def braced(self) -> list[Token]:
        """Braces and what is in them."""
        if not self.token.is_sign("{"):
            self.unexpected("'{' or '$'")
        start, depth = self.at, 0
        while True:
            depth += self.token.is_sign("{") - self.token.is_sign("}")
            if self.token.kind == "end":
                self.unexpected("comma or '}'")
            self.at += 1
            if not depth:
                return list(self.tokens[start : self.at])
