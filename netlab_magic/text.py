"""Text for people: what of a text can be printed, how long it may be, and which right word is near a wrong one."""

import difflib
from collections.abc import Iterable

__all__ = ["printable", "shortened", "suggest"]


def printable(text: str) -> str:
    """Text without control characters: what was typed must not steer the terminal that shows the error."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\N{REPLACEMENT CHARACTER}" for char in text)


def shortened(sentence: str, longest: int = 300) -> str:
    """A sentence without the middle of an overlong word."""
    return sentence if len(sentence) <= longest else f"{sentence[: longest // 2]}…{sentence[-longest // 2 :]}"


def suggest(wrong: str, right: Iterable[str]) -> str:
    """`; did you mean X?` when one of the right words is near the wrong one, else a list of the right words, else nothing."""
    right = sorted(set(right))
    near = difflib.get_close_matches(wrong, right, 1, 0.6) or [word for word in right if word.lower() == wrong.lower()]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(right[:12])}{' …' if len(right) > 12 else ''}" if right else ""
