"""The lines of a shell script, or of commands that somebody typed: continued lines joined, variables in their places.

Loops, conditions and functions are not followed: what stands in them may or may not have been done.
"""

import re
from typing import NamedTuple

from netlab_magic.errors import StatementError
from netlab_magic.iptables.words import SHELL, tokens, unquoted

__all__ = ["ScriptLine", "Shell"]

_ASSIGNMENT = re.compile(r"(?:export\s+|readonly\s+|local\s+|declare\s+(?:-\w+\s+)?)?(?P<name>[A-Za-z_]\w*)=(?P<value>.*)")
_OPENS = re.compile(r"(?:for|while|until|if|case|select)\b|(?:function\s+)?[A-Za-z_][\w-]*\s*\(\s*\)\s*\{?\s*$|\{\s*$")
_CLOSES = re.compile(r"(?:done|fi|esac|\})(?:[\s;)]|$)")
_WITHIN_ONE_LINE = re.compile(r"(?:;|\s)(?:done|fi|esac|\})\s*$")
_PASSED_OVER = re.compile(
    r"(?:then|else|elif|do|in|set [-+]\w+|exit|return|true|:|source|\.|echo|printf|sleep|modprobe|shift|trap|unset)\b|#!|;;"
)


class ScriptLine(NamedTuple):
    """The words of a simple command; `unknown` is the first variable or command in it whose value is not known."""

    words: tuple[str, ...]
    unknown: str = ""


class Shell:
    """What a script has said so far: its variables, and how many loops, conditions and functions it is in."""

    def __init__(self) -> None:
        self.variables: dict[str, str] = {}
        self.depth = 0

    @property
    def is_certain(self) -> bool:
        """Whether what stands here is carried out, and once."""
        return self.depth == 0

    def takes(self, line: str) -> bool:
        """Whether a line is one of the shell itself (an assignment, the beginning or the end of a loop …), which is then remembered."""
        if _CLOSES.match(line):
            self.depth = max(0, self.depth - 1)
        elif _OPENS.match(line):
            self.depth += not _WITHIN_ONE_LINE.search(line)
        elif found := _ASSIGNMENT.fullmatch(line):
            self._assign(found["name"], found["value"])
        else:
            return bool(_PASSED_OVER.match(line))
        return True

    def _assign(self, name: str, value: str) -> None:
        read = self.read(value)
        self.variables.pop(name, None)
        if read is not None and not read.unknown and len(read.words) <= 1:
            self.variables[name] = read.words[0] if read.words else ""

    def read(self, line: str) -> ScriptLine | None:
        """The words of a simple command up to its first operator; None if it cannot be split."""
        unknown = ""

        def value_of(variable: str) -> str:
            nonlocal unknown
            name = variable.strip("${}")
            if name not in self.variables:
                unknown = unknown or variable
            return self.variables.get(name, variable)

        words: list[str] = []
        try:
            for token in tokens(line, SHELL):
                if token.kind != "word":
                    break
                if "$(" in token.text or "`" in token.text:
                    unknown = unknown or token.text
                word = unquoted(token.text, SHELL, value_of)
                is_split = "$" in token.text and '"' not in token.text and "'" not in token.text
                words += word.split() if is_split else [word]
        except StatementError:
            return None
        return ScriptLine(tuple(words), unknown)
