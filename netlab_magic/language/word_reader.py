"""Reads the words of a statement: names, addresses, ports, destinations, each with its own sentence for what is wrong with it."""

import re
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from typing import NoReturn

from netlab_magic.errors import Place, StatementError, Word
from netlab_magic.language.statements import Destination
from netlab_magic.model.topology import interface_address
from netlab_magic.text import suggest

__all__ = [
    "Reader",
    "address",
    "cidr",
    "destination",
    "family_option",
    "looks_like_address",
    "network",
    "new_name",
    "not_reserved",
    "port_number",
    "valid_name",
    "wrong",
]




class Reader:
    """Reads the words of one statement from left to right.

    `expected` collects what could stand after the last word: literal keywords, and kinds in angle brackets (`<bridge>`).
    `following` is the text of a here-document behind the statement, None where there is none. `rest_at` is where the words began that
    were taken together last.
    """

    def __init__(self, words: Sequence[Word], form: str, end: Place, following: str | None = None) -> None:
        self.words = words
        self.form = form
        self.end = end
        self.following = following
        self.at = 0
        self.rest_at = 0
        self.expected: set[str] = set()

    def peek(self, expected: str) -> Word | None:
        """The next word without taking it; at the end of the words, None, and `expected` is noted."""
        if self.at < len(self.words):
            return self.words[self.at]
        self.expected.add(expected)
        return None

    def take(self, kind: str) -> Word:
        """The next word, whatever it is; raises StatementError when there is none."""
        word = self.peek(f"<{kind}>")
        if word is None:
            raise StatementError(f"{kind} is missing: {self.form}", self.end)
        self.at += 1
        return word

    def keyword(self, *words: str) -> str | None:
        """The next word if it is one of `words`, else None."""
        next_word = None
        for word in words:
            next_word = self.peek(word)
        if next_word is not None and next_word in words:
            self.at += 1
            return str(next_word)
        return None

    def literal(self, word: str) -> None:
        """The next word, which must be this one."""
        if self.keyword(word):
            return
        found = self.peek(word)
        if found is None:
            raise StatementError(f"{word} is missing: {self.form}", self.end)
        wrong(f"expected {word}, found {found}: {self.form}", found)

    def choice(self, what: str, words: Sequence[str], fold: bool = False) -> Word:
        """The next word, which must be one of `words` (`fold`: in any case, given back as listed)."""
        for word in words:
            self.peek(word)
        taken = self.take(what)
        wanted = taken.upper() if fold else str(taken)
        if wanted in words:
            return Word(wanted, taken.place)
        return wrong(f"{taken} is no {what}{suggest(taken, words)}", taken)

    def many(self, kind: str, check: Callable[[Word], bool]) -> tuple[Word, ...]:
        """All the next words for which `check` is true."""
        taken: list[Word] = []
        self.rest_at = self.at
        while (word := self.peek(f"<{kind}>")) is not None and check(word):
            taken.append(self.take(kind))
        return tuple(taken)

    def rest(self, kind: str) -> tuple[Word, ...]:
        """All remaining words."""
        return self.many(kind, lambda _: True)

    def text(self) -> str | None:
        """Takes the text of the here-document, if there is one."""
        text, self.following = self.following, None
        return text

    def finish(self) -> None:
        """Raises StatementError when a word is left over, or a text."""
        if self.following is not None:
            raise StatementError(f"no text can follow in the next lines: {self.form}", self.end)
        if self.at < len(self.words):
            extra = self.words[self.at]
            wrong(f"{extra} is one word too many: {self.form}", extra)


def family_option(reader: Reader) -> str:
    """The family that `-4` or `-6` asks for, ipv4 or ipv6; "" where neither stands here."""
    return {"-4": "ipv4", "-6": "ipv6"}.get(reader.keyword("-4", "-6") or "", "")


def wrong(message: str, word: Word) -> NoReturn:
    """Raises StatementError at a word."""
    raise StatementError(message, word.place)


def new_name(reader: Reader, kind: str) -> Word:
    """A name for a new thing: what the kernel takes as an interface name (dev_valid_name() in net/core/dev.c), and printable."""
    return valid_name(reader.take(kind), kind)


def valid_name(name: Word, kind: str) -> Word:
    """The name, if it can be one. Raises StatementError."""
    if len(name.encode()) > 15:
        wrong(f"{name} has {len(name.encode())} bytes; a name for a {kind} may have 15 at most", name)
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*", name):
        wrong(f"{name!s} cannot name a {kind}; use letters, digits and . _ - (no slash, colon or space)", name)
    return name


def not_reserved(name: Word, kind: str) -> Word:
    """The name, unless the language gives it a meaning. Raises StatementError."""
    if name in ("host", "internet", "all", "default", "lo"):
        wrong(f"{name} has a meaning of its own and cannot name a {kind}", name)
    return name


def cidr(word: Word) -> Word:
    """An interface address with its prefix length; `172.18.0.2/16`."""
    if "/" not in word:
        wrong(f"{word} needs a prefix length, such as {word}/16", word)
    try:
        interface = interface_address(str(word))
    except ValueError:
        wrong(f"{word} is not an address with a prefix length, such as 172.18.0.2/16", word)
    network = interface.network
    if network.num_addresses > 2 and interface.ip == network.network_address:
        wrong(f"{word} is the network itself; give one of its addresses, such as {network[1]}/{network.prefixlen}", word)
    if network.version == 4 and network.num_addresses > 2 and interface.ip == network.broadcast_address:
        wrong(f"{word} is the broadcast address of its network; give another of its addresses", word)
    return word


def address(word: Word) -> Word:
    """An address without prefix length."""
    try:
        ip_address(str(word))
    except ValueError:
        wrong(f"{word} is not an address, such as 172.18.0.2", word)
    return word


def network(word: Word) -> Word:
    """A network such as `172.18.0.0/16`, or `default`."""
    if word == "default":
        return word
    try:
        parsed = ip_network(str(word), strict=False)
    except ValueError:
        wrong(f"{word} is neither a network, such as 10.0.0.0/8, nor the word default", word)
    return Word(str(parsed), word.place)


def port_number(text: str, word: Word) -> int:
    """A port as a number. Raises StatementError."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 65535):
        wrong(f"{text or word} is not a port; a port is a number from 1 to 65535", word)
    return int(text)


def looks_like_address(word: str) -> bool:
    """Whether a word can only be meant as an address: it starts with digits and a dot, or holds a slash or two colons."""
    return bool(re.match(r"\d+\.", word)) or "/" in word or word.count(":") > 1


def destination(reader: Reader, default: str, port_needed: bool) -> Destination:
    """`DST[:PORT][/udp]`; an IPv6 address with a port stands in brackets."""
    word = reader.take("destination")
    text, slash, protocol = word.partition("/")
    if slash and protocol not in ("tcp", "udp"):
        wrong(f"/{protocol} is not a protocol here; write NAME:PORT, NAME:PORT/tcp or NAME:PORT/udp", word)
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", text)
    if bracketed:
        name, port = bracketed[1], bracketed[2]
    elif text.count(":") == 1:
        name, _, port = text.partition(":")
    else:
        name, port = text, None
    if port is None and (port_needed or slash):
        wrong(f"{word} needs a port, such as {name}:80", word)
    if looks_like_address(name):
        address(Word(name, word.place))
    if port is None:
        return Destination(Word(name, word.place))
    return Destination(Word(name, word.place), port_number(port, word), protocol or default)
