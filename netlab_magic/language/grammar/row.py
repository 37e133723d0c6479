"""A row of the table of statements: all that is known of one statement before it is read."""

from collections.abc import Callable

import msgspec

from netlab_magic.language.statements import Statement
from netlab_magic.language.word_reader import Reader

__all__ = ["Syntax"]


class Syntax(msgspec.Struct, frozen=True):
    """One statement of the language: its form, which begins with its word; what it does; how its words are read; and examples.

    `forms` are what help shows instead where the form alone says too little. What it does to a lab is its value's `effect`.
    """

    form: str
    summary: str
    read: Callable[[Reader], Statement]
    examples: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """The word that it begins with."""
        return self.form.split()[0]
