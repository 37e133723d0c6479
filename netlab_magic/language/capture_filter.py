"""Reads the filter of a `capture`: the words of pcap-filter(7) that a model of a packet can judge as well as a kernel can."""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

import msgspec

from netlab_magic.errors import Place, StatementError, Word
from netlab_magic.language.word_reader import port_number, wrong
from netlab_magic.model.capture.filter import EVERYTHING, PROTOCOLS, Both, Either, Endpoint, Filter, Kind, Not
from netlab_magic.text import suggest

__all__ = ["FILTER_WORDS", "read_filter"]

_DIRECTIONS = ("src", "dst")
_TYPES = ("host", "net", "port", "portrange")
_JOINS = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_NEGATIONS = ("not", "!")

FILTER_WORDS = (*PROTOCOLS, *_DIRECTIONS, *_TYPES, "and", "or", "not")
"""The words of a filter, for suggestions and Tab."""


class _Qualifiers(msgspec.Struct, frozen=True):
    """What stands before an address or a number: in `tcp dst port 80 or 443`, the 443 has those of the 80."""

    protocol: str = ""
    direction: str = ""
    kind: str = ""


def read_filter(words: Sequence[Word], end: Place) -> Filter:
    """filter = [ "not" ] primitive { ( "and" | "or" ) [ "not" ] primitive }

    Raises StatementError at the word that is wrong; `end` is the place behind the last one.
    """
    reader = _FilterReader([piece for word in words for piece in _pieces(word)], end)
    return reader.whole() if words else EVERYTHING


def _pieces(word: Word) -> list[Word]:
    """The words in a word: parentheses and `!` need no blanks around them, and a quoted filter is one word."""
    shift = 1 if word.place.width > len(word) else 0
    return [
        Word(found[0], msgspec.structs.replace(word.place, column=word.place.column + shift + found.start(), width=len(found[0])))
        for found in re.finditer(r"[()]|!|&&|\|\||[^\s()!]+", word)
    ]


class _FilterReader:
    def __init__(self, words: Sequence[Word], end: Place) -> None:
        self._words = words
        self._end = end
        self._at = 0
        self._before = _Qualifiers()

    def _next(self) -> Word | None:
        return self._words[self._at] if self._at < len(self._words) else None

    def _taken(self, *wanted: str) -> Word | None:
        word = self._next()
        if word is None or word not in wanted:
            return None
        self._at += 1
        return word

    def _needed(self, what: str) -> Word:
        word = self._next()
        if word is None:
            raise StatementError(f"the filter ends where {what} is missing", self._end)
        self._at += 1
        return word

    def whole(self) -> Filter:
        """Everything."""
        found = self._joined()
        if (extra := self._next()) is not None:
            wrong("this parenthesis was not opened" if extra == ")" else f"and or or is missing before {extra}", extra)
        return found

    def _joined(self) -> Filter:
        found = self._negatable()
        while (join := self._taken(*_JOINS)) is not None:
            further = self._negatable()
            found = Both(found, further) if _JOINS[str(join)] == "and" else Either(found, further)
        return found

    def _negatable(self) -> Filter:
        if self._taken(*_NEGATIONS):
            return Not(self._negatable())
        if opened := self._taken("("):
            found = self._joined()
            if not self._taken(")"):
                wrong("this parenthesis is not closed", opened)
            return found
        return self._primitive()

    def _primitive(self) -> Filter:
        start = self._at
        protocol, direction, kind = self._taken(*PROTOCOLS), self._taken(*_DIRECTIONS), self._taken(*_TYPES)
        if protocol and not direction and not kind and not self._is_value(self._next()):
            return Kind(str(protocol))
        if self._at == start:
            if not self._is_value(self._next()):
                self._strange(self._needed("a condition, such as icmp or port 80,"))
            held = self._before
        else:
            held = _Qualifiers(str(protocol or ""), str(direction or ""), str(kind or ""))
        self._before = held
        return self._endpoint(held)

    @staticmethod
    def _is_value(word: Word | None) -> bool:
        return word is not None and (word[:1].isdigit() or ":" in word)

    def _strange(self, word: Word) -> None:
        if word.isalpha() and (known := suggest(word, FILTER_WORDS)):
            wrong(f"{word} is not a condition{known}", word)
        known = ", ".join(FILTER_WORDS)
        wrong(f"capture cannot judge {word}; it knows {known} (for all that tcpdump knows: $ tcpdump -i DEV FILTER)", word)

    def _endpoint(self, held: _Qualifiers) -> Filter:
        what = {"port": "a port", "portrange": "a range of ports", "net": "a network"}.get(held.kind, "an address")
        word = self._needed(what)
        if held.kind in ("port", "portrange"):
            if held.protocol not in ("", "tcp", "udp"):
                wrong(f"{held.protocol} has no ports", word)
            low, dash, high = str(word).partition("-")
            if bool(dash) != (held.kind == "portrange"):
                wrong(f"{word} is not {what}, such as {'8000-8010' if held.kind == 'portrange' else '80'}", word)
            found: Filter = Endpoint(held.direction, low=port_number(low, word), high=port_number(high or low, word))
        else:
            found = Endpoint(held.direction, network=self._network(word, held.kind))
        return Both(Kind(held.protocol), found) if held.protocol else found

    @staticmethod
    def _network(word: Word, kind: str) -> str:
        try:
            if kind != "net":
                return str(ip_network(ip_address(str(word))))
            return str(ip_network(str(word)))
        except ValueError:
            if kind == "net":
                wrong(f"{word} is not a network, such as 172.18.0.0/16", word)
            hint = "; for a network, write net before it" if "/" in word else ""
            wrong(f"{word} is not an address, such as 172.18.0.2{hint}", word)
