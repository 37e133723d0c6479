"""The types of options' arguments: what iptables accepts, the value, and how iptables-save prints it."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, TypeVar

from netlab_magic.iptables.extensions.iana import PORTS, PROTOCOL_NAMES, PROTOCOLS
from netlab_magic.iptables.extensions.schema import ValueType
from netlab_magic.iptables.extensions.values import Masked, Rate, Span

__all__ = [
    "AMOUNT",
    "GROUP",
    "INTERFACE",
    "LARGEST_AMOUNT",
    "MAC",
    "MARK",
    "MASK",
    "OWNER",
    "PORT",
    "PORT_LIST",
    "PORT_RANGE",
    "PORT_SPAN",
    "PROTOCOL",
    "RATE",
    "SECONDS",
    "TEXT",
    "TRACKED_PROTOCOL",
    "TRAFFIC_CLASS",
    "UNITS",
    "WIDEST",
    "XMARK",
    "choice",
    "hexadecimal",
    "integer",
    "number",
    "number_range",
    "port",
    "port_span",
    "rate",
    "text",
    "value_type",
    "words",
]

Value = TypeVar("Value")

WIDEST = 0xFFFFFFFF
LARGEST_AMOUNT = 0xFFFFFFFFFFFFFFFF
_LONGEST_INTERFACE = 15  # IFNAMSIZ - 1 (linux/if.h)
_LONGEST_DECIMAL = 20
_REMEMBERED = 1 << 16
"""How many words of a type are remembered: large dumps name tens of thousands of addresses, each of which is read several times."""
UNITS = {"s": "sec", "m": "min", "h": "hour", "d": "day"}
SECONDS = {"day": 86400, "hour": 3600, "min": 60, "sec": 1}


class _Maker(Protocol):
    def __call__(self, function: Callable[[str, str], Value], /) -> ValueType[Value]: ...


def value_type(what: str, printed: Callable[[Any], str] = str, choices: tuple[str, ...] = ()) -> _Maker:
    """Makes a ValueType of a function. What was read once is remembered, since dumps repeat themselves."""

    def made(function: Callable[[str, str], Value], /) -> ValueType[Value]:
        return ValueType(what, lru_cache(maxsize=_REMEMBERED)(function), printed, choices)

    return made


def integer(word: str, largest: int, what: str) -> int:
    """A number as C's strtoul reads it: decimal, 0x hexadecimal, 0 octal. Raises ValueError, saying that it is not `what`."""
    if len(word) <= _LONGEST_DECIMAL and word.isascii() and word.isdecimal() and word[0] != "0":  # nearly all of them
        value = int(word)
    elif re.fullmatch(r"0[xX][0-9a-fA-F]+", word):
        value = int(word, 16)
    elif re.fullmatch(r"[0-9]{1,20}", word):
        value = int(word, 8 if re.fullmatch(r"0[0-7]+", word) else 10)
    else:
        raise ValueError(f"{word or 'nothing'} is not {what}")
    if value > largest:
        raise ValueError(f"{word} is not {what}: the largest is {largest}")
    return value


def number(what: str = "a number", largest: int = WIDEST, smallest: int = 0) -> ValueType[int]:
    """A decimal number from `smallest` to `largest`."""

    @value_type(what)
    def read(word: str, family: str) -> int:
        value = integer(word, largest, what)
        if value < smallest:
            raise ValueError(f"{word} is not {what}: the smallest is {smallest}")
        return value

    return read


def hexadecimal(what: str, largest: int = WIDEST, digits: int = 1) -> ValueType[int]:
    """A number printed in hexadecimal, with at least so many digits."""
    return value_type(what, lambda value: f"0x{value:0{digits}x}")(lambda word, family: integer(word, largest, what))


def _joined_by(separator: str) -> Callable[[Span], str]:
    """Prints a span as its ends, as one where they are equal."""
    return lambda span: str(span.first) if span.first == span.last else f"{span.first}{separator}{span.last}"


def number_range(what: str, largest: int = WIDEST, separator: str = ":", *, collapse: bool = True) -> ValueType[Span]:
    """`N` or `N:M`, where either end may be left out; equal ends are printed as one when `collapse`."""

    @value_type(what, _joined_by(separator) if collapse else lambda span: f"{span.first}{separator}{span.last}")
    def read(word: str, family: str) -> Span:
        first, found, last = word.partition(separator)
        low = integer(first, largest, what) if first or not found else 0
        high = integer(last, largest, what) if last else largest if found else low
        if low > high:
            raise ValueError(f"{word} is not {what}: its first number is larger than its last")
        return Span(low, high)

    return read


def text(what: str, longest: int = 0, shortest: int = 0) -> ValueType[str]:
    """Any text, of at least `shortest` and at most `longest` bytes (no limit when 0)."""

    @value_type(what)
    def read(word: str, family: str) -> str:
        if longest and len(word.encode(errors="surrogateescape")) > longest:
            raise ValueError(f"{what} has at most {longest} bytes")
        if len(word) < shortest:
            raise ValueError(f"{what} cannot be empty")
        return word

    return read


def choice(what: str, *names: str, **spellings: str) -> ValueType[str]:
    """One of a few words, in any case; `spellings` are other ways to write one of them."""
    known = {name.lower(): name for name in names} | spellings

    @value_type(what, choices=names)
    def read(word: str, family: str) -> str:
        if word.lower() not in known:
            raise ValueError(f"{word} is not {what}; choose one of {', '.join(names)}")
        return known[word.lower()]

    return read


def words(what: str, *names: str, everything: str = "", nothing: str = "") -> ValueType[tuple[str, ...]]:
    """Some of a few words, separated by commas, in the order of `names`; `everything` and `nothing` name all and none."""
    known = {name.lower(): name for name in names}

    @value_type(what, lambda found: ",".join(found) or nothing, names)
    def read(word: str, family: str) -> tuple[str, ...]:
        found: set[str] = set()
        for part in word.split(","):
            if everything and part.lower() == everything.lower():
                found |= set(names)
            elif part.lower() in known:
                found.add(known[part.lower()])
            elif not nothing or part.lower() != nothing.lower():
                raise ValueError(f"{part or 'nothing'} is not {what}; choose one of {', '.join(names)}")
        return tuple(name for name in names if name in found)

    return read


TEXT = text("a text")
PROTOCOL_NUMBER = "a protocol's name or number (tcp, udp, icmp, 47)"


def _named_protocol(protocol: int) -> str:
    return PROTOCOL_NAMES.get(protocol, str(protocol)) if protocol else "all"


@value_type(PROTOCOL_NUMBER, _named_protocol)
def PROTOCOL(word: str, family: str) -> int:
    """A protocol's number, 0 for `all`; printed by its name."""
    return _protocol(word)


@value_type(PROTOCOL_NUMBER)
def TRACKED_PROTOCOL(word: str, family: str) -> int:
    """A protocol, printed as its number, as xt_conntrack does."""
    return _protocol(word)


def _protocol(word: str) -> int:
    known = PROTOCOLS.get(word.lower())
    return integer(word, 255, PROTOCOL_NUMBER) if known is None else known


@value_type("a device group, a routing realm, or bits of one (0x1/0xff)")
def GROUP(word: str, family: str) -> str:
    """A number in hexadecimal with an optional mask; names stand in files of /etc/iproute2, and stay as they are."""
    if re.fullmatch(r"[a-z_]\w*", word):
        return word
    shown = MARK.canonical(word, family)
    return "default" if shown == "0x0" else shown


@value_type("a user's or group's name or number, or a range of numbers (1000-2000)")
def OWNER(word: str, family: str) -> str:
    """A number, a range, or a name; of the names only root has the same number everywhere."""
    if re.fullmatch(r"[a-z_][\w.-]*\$?", word):
        return "0" if word == "root" else word
    first, dash, last = word.partition("-")
    return str(integer(first, WIDEST - 1, OWNER.what)) + (f"-{integer(last, WIDEST - 1, OWNER.what)}" if dash else "")


@value_type("a traffic class (1:10)")
def TRAFFIC_CLASS(word: str, family: str) -> str:
    """MAJOR:MINOR, both in hexadecimal (tc(8))."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,4}:[0-9a-fA-F]{1,4}", word):
        raise ValueError(f"{word} is not {TRAFFIC_CLASS.what}")
    return ":".join(part.lower().zfill(4) for part in word.split(":"))


@value_type(
    "an amount or a range of amounts (10000:100000)",
    lambda span: str(span.first) if span.last == LARGEST_AMOUNT else f"{span.first}:{span.last}",
)
def AMOUNT(word: str, family: str) -> Span:
    """FROM or FROM:TO, where either end may be left out; one without an end is printed without a colon."""
    first, _, last = word.partition(":")
    low = integer(first, LARGEST_AMOUNT, AMOUNT.what) if first else 0
    high = integer(last, LARGEST_AMOUNT, AMOUNT.what) if last else LARGEST_AMOUNT
    if low > high:
        raise ValueError(f"{word} is not {AMOUNT.what}: its first number is larger than its last")
    return Span(low, high)


def port(word: str) -> int:
    """A port, by its number or a service's name. Raises ValueError for anything else."""
    return PORTS[word] if word in PORTS else integer(word, 65535, "a port number or a service's name")


def port_span(word: str, separator: str) -> Span:
    """A port or a range of ports, whose ends may be left out. Raises ValueError for anything else."""
    first, found, last = word.partition(separator)
    low = port(first) if first or not found else 0
    high = port(last) if last else 65535 if found else low
    if low > high:
        raise ValueError(f"{word} is not a range of ports: its first is larger than its last")
    return Span(low, high)


@value_type("a port")
def PORT(word: str, family: str) -> int:
    """One port."""
    return port(word)


@value_type("a port or a range of ports (80, 1024:65535)", _joined_by(":"))
def PORT_RANGE(word: str, family: str) -> Span:
    """A port, or a range with a colon, whose ends may be left out."""
    return port_span(word, ":")


@value_type("a port or a range of ports (80, 1024-65535)", _joined_by("-"))
def PORT_SPAN(word: str, family: str) -> Span:
    """A port, or a range with a dash, as NAT targets write it."""
    return port_span(word, "-")


@value_type("a list of ports (22,80,8000:8080)", lambda spans: ",".join(map(PORT_RANGE.printed, spans)))
def PORT_LIST(word: str, family: str) -> tuple[Span, ...]:
    """Up to fifteen ports, of which a range counts for two (xt_multiport)."""
    parts = word.split(",")
    if sum(2 if ":" in part else 1 for part in parts) > 15:
        raise ValueError("multiport takes at most 15 ports, of which a range counts for two")
    if any(part.startswith(":") or part.endswith(":") for part in parts):
        raise ValueError(f"{word} is not {PORT_LIST.what}: both ends of a range must be given")
    return tuple(port_span(part, ":") for part in parts)


@value_type("an interface's name")
def INTERFACE(word: str, family: str) -> str:
    """An interface; a `+` at its end stands for any continuation."""
    if not word or len(word) > _LONGEST_INTERFACE:
        raise ValueError(f"an interface's name has 1 to {_LONGEST_INTERFACE} characters" + (f", {word} has {len(word)}" if word else ""))
    return word


@value_type("a hardware address (02:42:ac:11:00:02)")
def MAC(word: str, family: str) -> str:
    """Six bytes in hexadecimal, printed in lower case by iptables 1.8 and in upper case before."""
    if not re.fullmatch(r"[0-9a-fA-F]{1,2}(:[0-9a-fA-F]{1,2}){5}", word):
        raise ValueError(f"{word} is not {MAC.what}")
    return ":".join(part.zfill(2) for part in word.lower().split(":"))


MARK_AND_MASK = "a mark with an optional mask (0x4000/0x4000)"


@value_type(MARK_AND_MASK, lambda mark: f"0x{mark.value:x}" + ("" if mark.mask == WIDEST else f"/0x{mark.mask:x}"))
def MARK(word: str, family: str) -> Masked:
    """VALUE[/MASK] in hexadecimal; a mask of all ones is left out."""
    return _mark(word)


@value_type(MARK_AND_MASK, lambda mark: f"0x{mark.value:x}/0x{mark.mask:x}")
def XMARK(word: str, family: str) -> Masked:
    """VALUE/MASK in hexadecimal, the mask always there, as targets print it."""
    return _mark(word)


def _mark(word: str) -> Masked:
    value, slash, mask = word.partition("/")
    bits = integer(mask, WIDEST, "a mask") if slash else WIDEST
    return Masked(integer(value, WIDEST, "a mark"), bits)


MASK = hexadecimal("a mask (0xff)")


def rate(word: str, scale: int, what: str) -> Rate:
    """A number for each unit of time, as it comes back from a kernel that keeps the time for one, in 1/`scale` seconds.

    Raises ValueError, saying that it is not `what`. It has the largest unit that loses nothing much (print_rate).
    """
    found = re.fullmatch(r"(\d{1,9})(?:/(s(?:ec(?:onds?)?)?|m(?:in(?:utes?)?)?|h(?:ours?)?|d(?:ays?)?))?", word, re.IGNORECASE)
    period = scale * SECONDS[UNITS[(found[2] or "s")[0].lower()]] // int(found[1]) if found and int(found[1]) else 0
    if not period:
        raise ValueError(f"{word} is not {what}")
    units = [(scale * seconds, unit) for unit, seconds in SECONDS.items()]
    last = next((at for at in range(1, 4) if period > units[at][0] or units[at][0] // period < units[at][0] % period), 4)
    ticks, unit = units[last - 1]
    return Rate(ticks // period, unit)


RATE = value_type("a rate (5/min)")(lambda word, family: rate(word, 10_000, "a rate (5/min)"))
