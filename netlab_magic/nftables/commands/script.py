"""The tokens of a script with `define` carried out: a variable stands for the tokens that it was given, at the place where it is used."""

from collections.abc import Iterator, Sequence

from netlab_magic.nftables.commands.complaints import Complaint, Unavailable
from netlab_magic.nftables.commands.tokens import Token, tokens_of
from netlab_magic.text import nearest

__all__ = ["read_script"]


def read_script(text: str) -> tuple[list[Token], list[Complaint]]:
    """The tokens of what is left, and what nft complains about. Raises Unavailable for `include`."""
    script = _Script([*tokens_of(text)])
    return [*script.tokens()], script.complaints


class _Script:
    def __init__(self, tokens: Sequence[Token]) -> None:
        self.given = tokens
        self.at = 0
        self.variables: dict[str, list[Token]] = {}
        self.complaints: list[Complaint] = []

    def tokens(self) -> Iterator[Token]:
        """What is not a definition."""
        begins = True
        while self.at < len(self.given):
            token = self.given[self.at]
            if begins and token.text in ("define", "redefine", "undefine", "include") and token.kind == "word":
                self.definition(token.text)
                continue
            begins = token.kind == "newline" or token.text in (";", "{")
            self.at += 1
            yield from self.expanded(token)

    def expanded(self, token: Token) -> Iterator[Token]:
        """A token, or what a variable stands for."""
        if token.kind != "variable":
            yield token
            return
        name = token.text[1:]
        if name in self.variables:
            yield from (Token(each.kind, each.text, token.span) for each in self.variables[name])
            return
        near = nearest(name, self.variables)
        sentence = f"unknown identifier '{name}'" + (f"; did you mean identifier ‘{near}’?" if near else "")
        self.complaints.append(Complaint(sentence, (token.span._replace(start=token.span.start + 1),)))
        yield Token("word", "0", token.span)

    def definition(self, word: str) -> None:
        """`define NAME = …`, `undefine NAME`."""
        if word == "include":
            raise Unavailable("include")
        name = self.given[self.at + 1]
        self.at += 2
        if not name.is_name:
            self.complaints.append(Complaint(f"syntax error, unexpected {name.name}, expecting string", (name.span,)))
        if word == "undefine":
            self.variables.pop(name.text, None)
            return
        equals = self.given[self.at] if self.at < len(self.given) else name
        if name.is_name and not equals.is_sign("="):
            self.complaints.append(Complaint(f"syntax error, unexpected {equals.name}, expecting '='", (equals.span,)))
        self.at += 1
        found: list[Token] = []
        depth = 0
        while self.at < len(self.given):
            token = self.given[self.at]
            if token.kind == "end" or (not depth and (token.kind == "newline" or token.is_sign(";"))):
                break
            depth += token.is_sign("{") - token.is_sign("}")
            self.at += 1
            if token.kind != "newline":
                found += self.expanded(token)
        self.variables[name.text] = found
