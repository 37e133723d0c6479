"""Text for people: what can be printed, how long and how wide it is, texts below each other, and which right word is near a wrong one."""

import difflib
from collections.abc import Collection, Iterable, Sequence

__all__ = ["aligned", "counted", "display_width", "nearest", "padded", "printable", "shortened", "suggest"]


def printable(text: str) -> str:
    """Text without control characters: what was typed must not steer the terminal that shows the error."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text)


def shortened(sentence: str, longest: int = 300) -> str:
    """A sentence without the middle of an overlong word."""
    return sentence if len(sentence) <= longest else f"{sentence[: longest // 2]}…{sentence[-longest // 2 :]}"


def counted(number: int, noun: str) -> str:
    """A number of things in English, for nouns that take an s.

    >>> counted(1, "rule"), counted(5000, "rule")
    ('1 rule', '5,000 rules')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def display_width(text: str) -> int:
    """How many columns a text takes in a fixed-width font: East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from wcwidth import wcwidth  # its tables take a while to load, and most text needs none

    return sum(max(0, wcwidth(char)) for char in text)


def padded(text: str, columns: int, *, right: bool = False) -> str:
    """A text with blanks up to that many columns, after it or, to push it to the right, before it."""
    blanks = " " * (columns - display_width(text))
    return blanks + text if right else text + blanks


def aligned(rows: Iterable[Sequence[str]], *, gap: str = "  ", right: Collection[int] = ()) -> list[str]:
    """Rows as lines: each column as wide as its widest cell, those numbered in `right` pushed to the right, empty ones left out."""
    rows = list(rows)
    widths = [max(map(display_width, column)) for column in zip(*rows, strict=True)]
    shown = [(at, columns) for at, columns in enumerate(widths) if columns]
    return [gap.join(padded(row[at], columns, right=at in right) for at, columns in shown).rstrip() for row in rows]


def nearest(wrong: str, right: Iterable[str]) -> str:
    """The right word that is near the wrong one; "" when none is."""
    right = sorted(set(right))
    near = difflib.get_close_matches(wrong, right, 1, 0.6) or [word for word in right if word.lower() == wrong.lower()]
    return near[0] if near else ""


def suggest(wrong: str, right: Iterable[str]) -> str:
    """`; did you mean X?` when one of the right words is near the wrong one, else a list of the right words, else nothing."""
    right = sorted(set(right))
    if near := nearest(wrong, right):
        return f"; did you mean {near}?"
    if len(right) == 1:
        return f"; there is only {right[0]}"
    return f"; there are {', '.join(right[:12])}{' …' if len(right) > 12 else ''}" if right else ""
