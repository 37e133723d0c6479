"""What nft says when it refuses: a sentence, the line, and carets under what it is about (erec_print in nftables' src/erec.c)."""

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

__all__ = ["BUSY", "EXISTS", "INVALID", "MISSING", "NOT_SUPPORTED", "Complaint", "Refused", "Span", "Unavailable", "said"]

MISSING = "No such file or directory"
EXISTS = "File exists"
BUSY = "Device or resource busy"
NOT_SUPPORTED = "Operation not supported"
INVALID = "Invalid argument"


class Span(NamedTuple):
    """A piece of a script: its line, from 1, and its columns, from 0 up to and without `end`."""

    line: int
    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """From the beginning of this to the end of another one, as far as they are on one line."""
        return Span(self.line, self.start, other.end if other.line == self.line else self.end)


class Complaint(msgspec.Struct, frozen=True):
    """One sentence; the first of `spans` is what it is about, the others what that does not agree with."""

    sentence: str
    spans: tuple[Span, ...]


class Refused(Exception):
    """nft, or the kernel, refuses; with everything that they complain about."""

    def __init__(self, *complaints: Complaint, is_from_kernel: bool = False) -> None:
        super().__init__(complaints[0].sentence)
        self.complaints = complaints
        self.is_from_kernel = is_from_kernel

    @classmethod
    def at(cls, sentence: str, *spans: Span) -> "Refused":
        """With one complaint."""
        return cls(Complaint(sentence, spans))

    @classmethod
    def by_kernel(cls, error: str, span: Span) -> "Refused":
        """What the kernel answers with this error."""
        return cls(Complaint(f"Could not process rule: {error}", (span,)), is_from_kernel=True)


class Unavailable(Exception):
    """Something that nft may well take, but of which nothing is known here; the text says what."""


def said(complaints: Sequence[Complaint], text: str, file: str = "") -> str:
    """What nft prints about commands that it was given as words, or with `file` in a file."""
    lines = text.split("\n")
    return "".join(_one(complaint, lines, file) for complaint in complaints)


def _one(complaint: Complaint, lines: Sequence[str], file: str) -> str:
    first = complaint.spans[0]
    is_behind = first.line > 1 and not "".join(lines[first.line - 1 :])  # the end of the script: nft shows the line before
    source = lines[first.line - 1 - is_behind] if first.line <= len(lines) + is_behind else ""
    marks = ["\t" if char == "\t" else " " for char in source[: max(span.end for span in complaint.spans)]]
    marks += [" "] * (max(span.end for span in complaint.spans) - len(marks))
    for number, span in reversed([*enumerate(complaint.spans)]):
        marks[span.start : span.end] = ("~" if number else "^") * (span.end - span.start)
    where = f"{file}:{first.line}:{first.start + 1}-{first.end}: " if file else ""
    return f"{where}Error: {complaint.sentence}\n{source}\n{''.join(marks)}\n"
