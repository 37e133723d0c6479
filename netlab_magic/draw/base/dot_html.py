"""DOT's HTML-like labels, safe for hostile text: everything shown goes through `plain` and, for DOT, through `escaped`."""

import html
from collections.abc import Iterable

from netlab_magic.draw.base.style import BODY, MONO, SANS, Role
from netlab_magic.text import display_width

__all__ = ["LINE_BREAK", "cell", "clipped", "escaped", "label", "plain", "row", "run", "table", "wrapped"]

LINE_BREAK = "\u2028"
"""A line break in a tooltip; dot and XML turn any other into a blank, and no shown text can contain this one (see `plain`)."""


def _visible(char: str) -> str:
    return char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}"


def plain(text: str) -> str:
    r"""`text` on one line, without anything that a terminal, a browser or XML could interpret.

    >>> plain("a\nb")
    'a b'
    """
    return "".join(map(_visible, text))


def escaped(text: str) -> str:
    r"""`text` for an HTML-like label or its attributes.

    dot would otherwise replace `\N`, `\G`, … by its own names, and its scanner of markup refuses a text that begins with `]`.
    """
    safe = html.escape(plain(text)).replace("\\", "\\\\")
    return f"&#93;{safe[1:]}" if safe.startswith("]") else safe


def clipped(text: str, width: int) -> str:
    """`text` in at most `width` columns, shortened with an ellipsis."""
    shown = plain(text)
    if display_width(shown) <= width:
        return shown
    while display_width(shown) > width - 1:
        shown = shown[:-1]
    return shown + "…"


def _pieces(phrase: str, width: int) -> Iterable[str]:
    """A phrase as a whole if it fits into a line, otherwise its words, shortened if even they do not fit."""
    if display_width(phrase) <= width:
        yield phrase
        return
    for word in phrase.split():
        piece = ""
        for char in word:
            if display_width(piece + char) > width:
                yield piece
                piece = ""
            piece += char
        yield piece


def wrapped(phrases: Iterable[str], width: int, most: int = 3) -> list[str]:
    """`phrases` in lines of at most `width` columns; what does not fit into `most` lines is replaced by an ellipsis.

    >>> wrapped(["-p tcp", "--dport 80"], 12)
    ['-p tcp', '--dport 80']
    """
    lines = [""]
    for phrase in phrases:
        for piece in _pieces(plain(phrase), width):
            joined = f"{lines[-1]} {piece}".strip()
            if display_width(joined) <= width:
                lines[-1] = joined
            else:
                lines.append(piece)
    if len(lines) > most:
        lines = [*lines[: most - 1], clipped(" ".join(lines[most - 1 :]), width)]
    return lines


def run(text: str, colour: str = Role.INK, size: float = BODY, *, bold: bool = False, mono: bool = False) -> str:
    """Text in one font."""
    if not text.strip():
        return " "
    body = escaped(text)
    body = f"<B>{body}</B>" if bold else body
    return f'<FONT FACE="{MONO if mono else SANS}" POINT-SIZE="{size:g}" COLOR="{colour}">{body}</FONT>'


def _value(value: object) -> str:
    return LINE_BREAK.join(map(escaped, value)) if isinstance(value, tuple) else escaped(str(value))


def _attributes(given: dict[str, object]) -> str:
    return "".join(f' {name.upper()}="{_value(value)}"' for name, value in given.items() if value is not None)


def cell(content: str, **attributes: object) -> str:
    """A table cell; `content` is markup, made by `run`, `table` and so on; an attribute that is a tuple has several lines."""
    return f"<TD{_attributes(attributes)}>{content}</TD>"


def row(*content: str) -> str:
    """A table row of cells."""
    return f"<TR>{''.join(content)}</TR>"


def table(rows: Iterable[str], **attributes: object) -> str:
    """A table without lines between its cells unless `attributes` say otherwise."""
    settings = {"border": 0, "cellborder": 0, "cellspacing": 0, "cellpadding": 2, **attributes}
    return f"<TABLE{_attributes(settings)}>{''.join(rows)}</TABLE>"


def label(content: str) -> str:
    """Markup as the value of a DOT `label`."""
    return f"<{content}>"
