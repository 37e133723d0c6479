"""Recognises rules by their form, whatever bridges, addresses and ports they name."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from netlab_magic.i18n import Language
from netlab_magic.iptables.ruleset import Match, Option, Rule, Target

__all__ = ["Shape", "recognised", "recognised_words"]

_APART = "\x1f"
_HOLE = re.compile(r"\{(\w+)\}")


class Shape(msgspec.Struct, frozen=True):
    """One pattern: the message `says` applies to rules of the form `rule` in the chains `where`.

    `where` is a regular expression for "TABLE CHAIN". `rule` is written as iptables-save prints it, without comments; its words are
    regular expressions, {name} in them stands for any text (the same one wherever it is repeated), and a word … for any words or none.
    The message may name each {name}.
    """

    where: str
    rule: str
    says: str


def recognised(shapes: Iterable[Shape], table: str, chain: str, rule: Rule, say: Language) -> str:
    """The message of the first pattern that matches; "" if none does."""
    return recognised_words(shapes, f"{table} {chain}", _words(rule), say)


def recognised_words(shapes: Iterable[Shape], place: str, words: Iterable[str], say: Language) -> str:
    """The same for a rule that is told by its words, at the place that `where` is compared with."""
    text = "".join(_APART + word for word in words)
    for shape in shapes:
        found, here = _pattern(shape.rule).fullmatch(text), re.fullmatch(shape.where, place)
        if found and here:
            names = {**here.groupdict(), **found.groupdict()}
            return say(shape.says, **{name: _shown(value) for name, value in names.items()})
    return ""


def _shown(value: str | None) -> str:
    return (value or "").removesuffix("/32").removesuffix("/128")


@lru_cache(maxsize=1024)
def _pattern(rule: str) -> re.Pattern[str]:
    known: set[str] = set()

    def hole(found: re.Match[str]) -> str:
        name = found[1]
        if name in known:
            return f"(?P={name})"
        known.add(name)
        return f"(?P<{name}>[^{_APART}]+)"

    words = rule.split()
    return re.compile(
        "".join(f"(?:{_APART}[^{_APART}]*)*?" if word == "…" else _APART + _HOLE.sub(hole, word) for word in words), re.DOTALL
    )


def _words(rule: Rule) -> Iterator[str]:
    """The words of a rule, unquoted and without its comments, to compare patterns with."""
    parts: list[Match | Target] = [found for found in rule.matches if found.module != "comment"]
    yield from _option_words(rule.options)
    for part in (*parts, *((rule.target,) if rule.target else ())):
        if isinstance(part, Match):
            yield from ("-m", part.module)
        else:
            yield from ("-g" if part.goto else "-j", part.name)
        yield from _option_words(part.options)


def _option_words(options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        yield from (("!",) if option.negated else ())
        yield from (option.name, *option.values)
