"""Shell text as values: lists of pipelines of commands, with the words of a command still as they were written."""

import re
from collections.abc import Sequence

import msgspec

from netlab_magic.iptables.words import SHELL, OpenQuote, next_token, unquoted

__all__ = ["Job", "Pipeline", "Simple", "Unreadable", "expanded", "read_script"]

_NOT_CLOSED = "a quote or a parenthesis that is not closed"
_RESERVED = ("for", "while", "until", "if", "case", "function", "select", "{", "[[", "((")

_LITERAL = re.compile(r"""'[^']*'|("(?:[^"\\]|\\.)*")""")
"""A quoted part; between double quotes, the group, the shell still carries out commands."""

_SUBSTITUTION = re.compile(r"`|\$\(")


class Unreadable(Exception):
    """Shell text beyond what is understood here; the text says what."""


class Simple(msgspec.Struct):
    """One command: its words, where its outputs go (1 and 2; "" is where it always goes), and what it reads."""

    words: list[str]
    outputs: dict[int, tuple[str, bool]] = {}
    errors_with_output: bool = False
    reads: str | None = None
    document: tuple[str, bool] | None = None


class Pipeline(msgspec.Struct):
    """Commands of which each reads what the one before it writes; or a list in parentheses."""

    commands: list[Simple]
    negated: bool = False
    group: "list[Job] | None" = None


class Job(msgspec.Struct):
    """A pipeline, and when it runs: always (";"), after success ("&&") or after a failure ("||")."""

    pipeline: Pipeline
    when: str = ";"


def expanded(word: str, variables: dict[str, str]) -> str:
    """A word with its quotes taken off and its variables in place."""
    return unquoted(word, SHELL, lambda name: variables.get(name.strip("${}"), ""))


def read_script(text: str) -> list[Job]:
    """The jobs of a script, in order. Raises Unreadable."""
    return _Reader(text).jobs(closing="")


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.waiting: list[tuple[Simple, str, bool]] = []

    def token(self) -> tuple[str, str]:
        """The kind and text of what comes next; ("", "") at the end."""
        try:
            found = next_token(self.text, self.at, SHELL)
        except OpenQuote:
            raise Unreadable(_NOT_CLOSED) from None
        self.at = found.end if found else len(self.text)
        return (found.kind, found.text) if found else ("", "")

    def jobs(self, closing: str) -> list[Job]:
        made: list[Job] = []
        when = ";"
        while True:
            pipeline, ended = self.pipeline()
            if pipeline is not None:
                made.append(Job(pipeline, when))
            if ended in ("", closing):
                if ended != closing:
                    raise Unreadable(_NOT_CLOSED)
                return made
            if ended == ")":
                raise Unreadable("a parenthesis that was not opened")
            when = ended if ended in ("&&", "||") else ";"
            if ended == "&":
                raise Unreadable("a command in the background (&)")

    def pipeline(self) -> tuple[Pipeline | None, str]:
        commands: list[Simple] = []
        command = Simple([], {})
        group: list[Job] | None = None
        while True:
            kind, text = self.token()
            if kind == "word":
                if not command.words and text in _RESERVED:
                    raise Unreadable(f"the shell's {text}")
                if _SUBSTITUTION.search(_LITERAL.sub(r"\1", text)):
                    raise Unreadable("a command in the place of a word")
                command.words.append(text)
            elif text == "(" and not command.words:
                group = self.jobs(closing=")")
            elif text and text[-1] in ">-0123456789" and ">" in text:
                self.redirect(command, text)
            elif text == "<":
                command.reads = self.word_behind(text)
            elif text.startswith("<<"):
                self.waiting.append((command, self.word_behind(text), text.endswith("-")))
            elif text == "|":
                commands.append(command)
                command = Simple([], {})
            else:
                if kind == "end":
                    self.documents()
                    text = ";"
                return self.finished(commands, command, group), text

    def finished(self, commands: list[Simple], command: Simple, group: "list[Job] | None") -> Pipeline | None:
        if group is not None:
            return Pipeline([], group=group)
        commands = [*commands, *([command] if command.words or command.outputs else [])]
        if not commands:
            return None
        negated = commands[0].words[:1] == ["!"]
        if negated:
            commands[0].words = commands[0].words[1:]
        return Pipeline(commands, negated)

    def word_behind(self, operator: str) -> str:
        kind, text = self.token()
        if kind != "word":
            raise Unreadable(f"{operator} without a name behind it")
        return text

    def redirect(self, command: Simple, operator: str) -> None:
        if ">&" in operator:
            if operator not in ("2>&1", ">&2", "1>&2"):
                raise Unreadable(operator)
            if operator == "2>&1":
                command.errors_with_output = True
            else:
                command.outputs = {**command.outputs, 1: ("/dev/stderr", False)}
            return
        appends = operator.endswith(">>")
        target = self.word_behind(operator)
        numbers: Sequence[int] = (1, 2) if operator.startswith("&") else (int(operator[0]) if operator[0].isdigit() else 1,)
        command.outputs = {**command.outputs, **dict.fromkeys(numbers, (target, appends))}

    def documents(self) -> None:
        """Here-documents begin behind the line in which they were announced."""
        for command, delimiter, is_indented in self.waiting:
            is_literal = delimiter[0] in "'\"\\"
            bare = delimiter.strip("'\"\\")
            lines: list[str] = []
            while self.at < len(self.text):
                line, _, _ = self.text[self.at :].partition("\n")
                self.at += len(line) + 1
                line = line.lstrip("\t") if is_indented else line
                if line == bare:
                    break
                lines.append(line)
            command.document = "".join(f"{line}\n" for line in lines), is_literal
        self.waiting = []
