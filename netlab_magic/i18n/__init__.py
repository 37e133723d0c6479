"""Sentences in the reader's language: English in the sources, other languages in gettext catalogues (locale/).

Start reading: `Language`, which says a message; `message` marks one in a table.
Imports: errors, text.
"""

import gettext
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from string import Formatter

import msgspec

from netlab_magic.errors import StatementError
from netlab_magic.text import printable

__all__ = ["LANGUAGES", "Assumption", "Language", "language", "message", "preferred"]

LANGUAGES = ("en", "zh_TW")
"""The languages that there are sentences in."""

_DOMAIN = "netlab_magic"
_UNSPACED = frozenset(",.;:!?()[]{}\"'")


def message(text: str) -> str:
    """Marks a text of a table as one for the catalogue; `Language` translates it where it is used."""
    return text


class Language:
    """Says messages: translates the text, then puts the values into it.

    >>> language("en")("come in through {}", "docker0")
    'come in through docker0'
    """

    def __init__(self, name: str, translations: gettext.NullTranslations) -> None:
        self.name = name
        self._translations = translations

    def __call__(self, text: str, /, *values: object, **named: object) -> str:
        return _filled(self._translations.gettext(text), values, named) if text else ""

    def several(self, joint: str, last: str, items: Sequence[str]) -> str:
        """A list of items: `joint` is the message for two of them and `last` the one for the last two, such as "{} and {}"."""
        if len(items) < 2:
            return "".join(items)
        head = items[0]
        for item in items[1:-1]:
            head = self(joint, head, item)
        return self(last, head, items[-1])

    def paragraph(self, sentences: Sequence[str]) -> str:
        """Whole sentences, one behind the other."""
        return self.several(message("{} {}"), message("{} {}"), [sentence for sentence in sentences if sentence])


def _filled(text: str, values: Sequence[object], named: Mapping[str, object]) -> str:
    """As str.format, but values lose their control characters, and Chinese and Latin words keep a space between them."""
    given = iter(values)
    filled = ""
    for literal, field, _, _ in Formatter().parse(text):
        filled = _spaced(filled, literal)
        if field is not None:
            value = named[field] if field and not field.isdigit() else values[int(field)] if field else next(given)
            filled = _spaced(filled, printable(str(value)))
    return filled


def _spaced(before: str, after: str) -> str:
    if before and after and ((_is_chinese(before[-1]) and _is_latin(after[0])) or (_is_latin(before[-1]) and _is_chinese(after[0]))):
        return f"{before} {after}"
    return before + after


def _is_chinese(char: str) -> bool:
    return "\N{CJK UNIFIED IDEOGRAPH-4E00}" <= char <= "\N{CJK UNIFIED IDEOGRAPH-9FFF}"


def _is_latin(char: str) -> bool:
    return char.isascii() and not char.isspace() and char not in _UNSPACED


@lru_cache
def language(name: str) -> Language:
    """The language called `name`, one of LANGUAGES. Raises StatementError for any other."""
    if name not in LANGUAGES:
        raise StatementError(f"unsupported language {name}; choose {' or '.join(LANGUAGES)}")
    if name == "en":
        return Language(name, gettext.NullTranslations())
    catalogue = files("netlab_magic.i18n") / "locale" / name / "LC_MESSAGES" / f"{_DOMAIN}.mo"
    with catalogue.open("rb") as binary:
        return Language(name, gettext.GNUTranslations(binary))


def preferred(environment: Mapping[str, str]) -> str:
    """The one of LANGUAGES that LC_ALL, LC_MESSAGES or LANG asks for, the first that is set (locale(7)); else English."""
    wanted = next((environment[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environment.get(name)), "")
    return next((name for name in LANGUAGES if wanted.startswith(name)), "en")


class Assumption(msgspec.Struct, frozen=True):
    """One thing that was not in what was loaded. `text` is marked by `messages.message` where it is written; a value may be one too."""

    text: str
    values: tuple["str | Assumption", ...] = ()

    def said(self, name: str = "en") -> str:
        """The sentence in one of messages.LANGUAGES."""
        return language(name)(self.text, *(value.said(name) if isinstance(value, Assumption) else value for value in self.values))

    def __str__(self) -> str:
        return self.said()
