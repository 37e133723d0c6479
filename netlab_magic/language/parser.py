"""The language of a `%%netlab` cell: text in, statements out. Nothing is executed here.

The same reading functions serve Tab completion: at the end of the words they note what could have come next.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress

import msgspec

from netlab_magic.errors import Place, StatementError, Word
from netlab_magic.language import statements as s
from netlab_magic.language.lexer import STATEMENTS_AND_PROGRAMS, LogicalLine, logical_lines
from netlab_magic.language.rule_words import words_after
from netlab_magic.language.statements import Statement
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.language.word_reader import Reader, wrong
from netlab_magic.text import suggest

__all__ = ["expected_after", "parse", "parse_line"]


def parse_line(line: LogicalLine) -> Statement:
    """One logical line as a statement. Raises StatementError with the place of the word that is wrong."""
    if line.command:
        return s.Command(line.text, following=line.following or "", place=line.place)
    words = line.words
    if words[0] == "sudo":  # of `sudo docker …`, see `is_command`
        words = words[1:]
    first = words[0]
    syntax = SYNTAX.get(first)
    if syntax is None:
        wrong(f"{first} is not a statement{suggest(first, SYNTAX)} (a shell command starts with $)", first)
    reader = Reader(words[1:], syntax.form, line.end(), line.following)
    try:
        read = syntax.read(reader)
        reader.finish()
    except StatementError as error:
        if first in STATEMENTS_AND_PROGRAMS:
            raise StatementError(f"{error.message} (for the program {first}, begin the line with $)", error.place) from None
        raise
    return msgspec.structs.replace(read, place=line.place)


def parse(cell: str, expand: Callable[[str], str] = str) -> list[Statement]:
    """The statements of a whole cell; `expand` replaces variables in statement lines (commands are left as typed).

    Raises StatementError for the first mistake, before anything has happened.
    """
    return [parse_line(line) for line in logical_lines(cell, SYNTAX, expand)]


def expected_after(words: Sequence[str]) -> set[str]:
    """What could follow `words` on a line: literal words, and kinds such as `<bridge>`; for Tab completion."""
    if not words:
        return set(SYNTAX)
    syntax = SYNTAX.get(words[0])
    if syntax is None:
        return set()
    nowhere = Place(1, " ".join(words))
    reader = Reader([Word(word, nowhere) for word in words[1:]], syntax.form, nowhere)
    with suppress(StatementError):
        syntax.read(reader)
    in_rule = words_after(reader.words[reader.rest_at :]) if "<rule>" in reader.expected else set()
    return reader.expected | in_rule
