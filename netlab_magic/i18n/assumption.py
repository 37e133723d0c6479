"""What is taken to be so because nobody can look: a sentence for the catalogue of `messages`, with the values that fill it."""

import msgspec

from netlab_magic.i18n import language

__all__ = ["Assumption"]


class Assumption(msgspec.Struct, frozen=True):
    """One thing that was not in what was loaded. `text` is marked by `messages.message` where it is written."""

    text: str
    values: tuple[str, ...] = ()

    def said(self, name: str = "en") -> str:
        """The sentence in one of messages.LANGUAGES."""
        return language(name)(self.text, *self.values)

    def __str__(self) -> str:
        return self.said()
