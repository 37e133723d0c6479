"""Tokens put together to the words that the parser of listings reads: outside of braces, `80 , 443` is one word, as are `:80` and `1-5`."""

import re
from collections.abc import Sequence

from netlab_magic.nftables.commands.complaints import Span
from netlab_magic.nftables.commands.tokens import Token

__all__ = ["words_with_places"]

_ENDPOINT = re.compile(r"[0-9a-fA-F]+|\d+(?:\.\d+){3}(?:-\d+(?:\.\d+){3})?|\[.*\]")
_NUMBER = re.compile(r"\d[\w.]*")


def words_with_places(tokens: Sequence[Token], *, with_ports: bool = True) -> tuple[list[str], list[Span]]:
    """The words of a rule or of a block, and the place of each; with `with_ports`, a colon outside of braces begins a port."""
    words: list[str] = []
    spans: list[Span] = []
    depth = 0
    joins = False
    for token in tokens:
        if token.kind == "newline":
            continue
        depth += token.is_sign("{") - token.is_sign("}")
        behind = joins
        joins = not depth and bool(words) and token.is_sign(",") and words[-1] not in ("{", "}", ")")
        starts_port = with_ports and not depth and token.is_sign(":")
        is_range = token.text == "-" and bool(words) and _NUMBER.fullmatch(words[-1]) is not None
        if behind or joins or is_range or (starts_port and words and _ENDPOINT.fullmatch(words[-1]) and spans[-1].end == token.span.start):
            words[-1] += token.text
            spans[-1] = spans[-1].to(token.span)
        else:
            words.append(token.text)
            spans.append(token.span)
        joins = joins or starts_port or is_range
    return words, spans
