"""The one exception tree.

NetlabError                    everything this package raises on purpose
├── StatementError             what was written cannot be understood or cannot be done; carries the place
├── KernelRefused              the kernel, or a program that speaks for it, refused; carries its errno
├── CommandFailed              a command line ended with an exit status other than 0
├── ExpectationFailed          an `expect` did not come true
├── Interrupted                the user stopped the cell
└── LabUnavailable             there is no lab host: it could not be started, it died, or it is stuck

Every error is one sentence: what is wrong, where, and what would be right. In a notebook it is shown without a traceback
(IPython asks the exception for `_render_traceback_`; documented in IPython's "Integrating your objects").
"""

from typing import Self

import msgspec

from netlab_magic.text import display_width, printable

__all__ = [
    "CommandFailed",
    "ExpectationFailed",
    "Interrupted",
    "KernelRefused",
    "LabUnavailable",
    "NetlabError",
    "Place",
    "StatementError",
    "Word",
    "place_of",
]


class Place(msgspec.Struct, frozen=True):
    """Where in a cell something stands: `line` counts from 1, `column` and `width` count characters from 0."""

    line: int
    source: str
    column: int = 0
    width: int = 0

    def pointer(self) -> str:
        """The source line and, when the place has a width, carets under it (wide East Asian characters take two)."""
        shown, column = _window(printable(self.source), self.column)
        head = f"line {self.line}: "
        if not self.width:
            return head + shown
        before = display_width(shown[:column])
        marked = max(1, display_width(shown[column : column + self.width]))
        return f"{head}{shown}\n{' ' * (len(head) + before)}{'^' * marked}"




def _window(source: str, column: int, width: int = 120) -> tuple[str, int]:
    """The part of a long line around `column`, so that an error never floods the page."""
    if len(source) <= width:
        return source, column
    start = max(0, column - width // 2)
    before = "…" if start else ""
    after = "…" if start + width < len(source) else ""
    return before + source[start : start + width] + after, column - start + len(before)


class NetlabError(Exception):
    """Base of every error of this package; `str()` is the sentence with the place under it."""

    def __init__(self, message: str, place: Place | None = None) -> None:
        super().__init__(message)
        self.message = printable(message)
        self.place = place

    def __str__(self) -> str:
        return f"{self.message}\n  {self.place.pointer().replace(chr(10), chr(10) + '  ')}" if self.place else self.message

    def at(self, place: Place) -> "NetlabError":
        """This error with `place`, unless it already knows a place of its own."""
        self.place = self.place or place
        return self

    def _render_traceback_(self) -> list[str]:
        return f"{type(self).__name__}: {self}".splitlines()


class StatementError(NetlabError, ValueError):
    """A statement cannot be understood, or cannot be done in the lab as it is."""


class KernelRefused(NetlabError, OSError):
    """The kernel refused a change; `errno` is its number (0 when a program refused and gave none)."""

    def __init__(self, message: str, place: Place | None = None, errno: int | None = 0) -> None:
        super().__init__(message, place)
        self.errno = errno


class CommandFailed(NetlabError):
    """A command ended with `status`, which is not 0 (a signal N counts as 128 + N, as in a shell)."""

    def __init__(self, message: str, place: Place | None = None, status: int = 1) -> None:
        super().__init__(message, place)
        self.status = status


class ExpectationFailed(NetlabError, AssertionError):
    """An `expect` statement measured something else than it expected."""


class Interrupted(NetlabError):
    """The user stopped the cell; the lab itself is still up."""

    def __init__(self) -> None:
        super().__init__("stopped; the lab is still up")


class LabUnavailable(NetlabError):
    """There is no lab host to talk to: it could not be started, it died, or it no longer answers."""


class Word(str):
    """A word of a cell that remembers its `place`."""

    __slots__ = ("place",)
    place: Place

    def __new__(cls, text: str, place: Place) -> Self:
        word = super().__new__(cls, text)
        word.place = place
        return word


def place_of(text: str) -> Place | None:
    """Where `text` stands in a cell, or None for a string that did not come from one."""
    return text.place if isinstance(text, Word) else None
