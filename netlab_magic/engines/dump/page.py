"""A pasted text as a page of lines: where the reader is, and which command's output it is reading."""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

__all__ = ["Command", "Line", "Page"]

_SHORT = re.compile(r"-[A-Za-z0-9]+")


class Line(NamedTuple):
    """A line without what surrounds it (quotes, prefixes of logs, numbers); `number` is its place in the source, from 1."""

    number: int
    text: str


class Command(msgspec.Struct, frozen=True):
    """A command line that stands before its output: the program without its folder, its arguments, and the namespace it ran in.

    `namespace` is "" for the host's own, or the name of a namespace or container. With `filtered`, only a part of the output is there
    (`| grep …`). `line` is the whole line without its prompt.
    """

    program: str
    arguments: tuple[str, ...] = ()
    namespace: str = ""
    filtered: bool = False
    line: str = ""

    def has(self, *options: str) -> bool:
        """Whether one of the options is among the arguments; letters behind one dash are options each.

        >>> Command("iptables", ("-nvL",)).has("-v")
        True
        """
        letters = {option[1] for option in options if len(option) == 2}
        return any(word in options or (_SHORT.fullmatch(word) is not None and bool(letters & set(word[1:]))) for word in self.arguments)

    def value(self, *options: str) -> str:
        """The argument behind one of the options, or of the words; "" if there is none."""
        for place, word in enumerate(self.arguments):
            if word in options:
                return self.arguments[place + 1] if place + 1 < len(self.arguments) else ""
            name, equals, value = word.partition("=")
            if equals and name in options:
                return value
            if word[:2] in options and len(word) > 2 and not word.startswith("--"):
                return word[2:]
        return ""

    def names(self, *words: str) -> bool:
        """Whether one of the words, or a beginning of it as `ip` takes it, is the first argument that is no option."""
        first = next((word for word in self.arguments if not word.startswith("-")), "")
        return bool(first) and any(word.startswith(first) for word in words)


class Page:
    """The lines of one source, read from top to bottom.

    `command` is the one whose output stands here; `header` and `family` are what the comment before a dump of iptables-save says.
    """

    def __init__(self, source: str, lines: list[Line]) -> None:
        self.source = source
        self.lines = lines
        self.at = 0
        self.command: Command | None = None
        self.header = ""
        self.family = ""

    @property
    def is_read(self) -> bool:
        """Whether the end is reached."""
        return self.at >= len(self.lines)

    @property
    def number(self) -> int:
        """The number of the current line in the source."""
        return self.lines[min(self.at, len(self.lines) - 1)].number

    @property
    def text(self) -> str:
        """The current line without blanks around it; "" behind the end."""
        return self.ahead(0)

    def ahead(self, count: int) -> str:
        """A following line without blanks around it; "" behind the end."""
        return self.lines[self.at + count].text.strip() if self.at + count < len(self.lines) else ""

    def take(self) -> Line:
        """The current line; the next one becomes the current one."""
        self.at += 1
        return self.lines[self.at - 1]

    def take_while(self, belongs: Callable[[str], bool]) -> Iterator[Line]:
        """The lines from here on to which the condition applies; `belongs` gets them with their indentation."""
        while self.at < len(self.lines) and belongs(self.lines[self.at].text):
            yield self.take()

    def ran(self, *programs: str) -> Command | None:
        """The command whose output this is, if it is one of these programs."""
        return self.command if self.command and self.command.program in programs else None
