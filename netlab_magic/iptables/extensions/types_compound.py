"""The types of words that are made of parts: byte patterns, filter programs, header options, directions of a set, spans of queues."""

import re

from netlab_magic.iptables.extensions.schema import ValueType
from netlab_magic.iptables.extensions.types import MAC, hexadecimal, integer, text, value_type
from netlab_magic.iptables.extensions.types_address import NETWORK
from netlab_magic.iptables.extensions.values import Network, Span

__all__ = [
    "BURST",
    "BYTES",
    "CHUNKS",
    "CLUSTER_MAC",
    "DIRECTIONS",
    "FILE_NAME",
    "FILTER",
    "GROUPING",
    "HEADER_OPTIONS",
    "LABEL",
    "LED_DELAY",
    "PREFIX",
    "PREFIX_LENGTH",
    "QUEUES",
    "SEGMENT",
    "TUPLE_MASK",
    "ZONE",
    "cut",
]

_LONGEST_PATTERN = 128  # XT_STRING_MAX_PATTERN_SIZE (linux/netfilter/xt_string.h)
_MOST_DIMENSIONS = 6  # IPSET_DIM_MAX (linux/netfilter/xt_set.h)
# SCTP chunk types in the order of their numbers (RFC 9260), as libxt_sctp names them.
_CHUNKS = (
    *("DATA", "INIT", "INIT_ACK", "SACK", "HEARTBEAT", "HEARTBEAT_ACK", "ABORT", "SHUTDOWN", "SHUTDOWN_ACK", "ERROR", "COOKIE_ECHO"),
    *("COOKIE_ACK", "ECN_ECNE", "ECN_CWR", "SHUTDOWN_COMPLETE", "ASCONF_ACK", "FORWARD_TSN", "ASCONF"),
)

TUPLE_MASK = hexadecimal("a mask of ports (0xffff)", 0xFFFF, 4)


def cut(what: str, longest: int, shortest: int = 0) -> ValueType[str]:
    """A text of which iptables keeps no more than the first `longest` bytes, without a word about the others."""
    whole = text(what, shortest=shortest)

    @value_type(what)
    def read(word: str, family: str) -> str:
        return whole.read(word, family).encode(errors="surrogateescape")[:longest].decode(errors="surrogateescape")

    return read


@value_type("a pattern in which bytes in hexadecimal stand between bars (GET|0d0a|)")
def BYTES(word: str, family: str) -> str:
    """Text and bytes, all in hexadecimal unless all of it is text."""
    parts = word.split("|")
    if len(parts) % 2 == 0:
        raise ValueError(f"{word} is not {BYTES.what}: a bar is missing")
    found = b""
    for at, part in enumerate(parts):
        digits = re.sub(r"\s", "", part)
        if at % 2 and not re.fullmatch(r"(?:[0-9a-fA-F]{2})*", digits):
            raise ValueError(f"{part} is not bytes in hexadecimal")
        found += bytes.fromhex(digits) if at % 2 else part.encode(errors="surrogateescape")
    if not 0 < len(found) <= _LONGEST_PATTERN:
        raise ValueError(f"a pattern has 1 to {_LONGEST_PATTERN} bytes")
    return f"|{found.hex()}|"


@value_type("a number of packets, or bytes with their unit (10, 1mb)")
def BURST(word: str, family: str) -> str:
    """What may pass at once beyond the rate."""
    if re.fullmatch(r"\d+[km]?b", word):
        return word
    return str(integer(word, 1_000_000, BURST.what))


@value_type("a label's bit, from 0 to 127")
def LABEL(word: str, family: str) -> str:
    """A bit; the names that /etc/xtables/connlabel.conf gives them stay as they are."""
    return str(integer(word, 127, LABEL.what)) if word[:1].isdecimal() else word


@value_type("a prefix length")
def PREFIX_LENGTH(word: str, family: str) -> int:
    """How many leading bits of an address count, which a netmask tells as well."""
    if set(word) & set(".:"):
        word = NETWORK.read(f"{'0.0.0.0' if family == 'ipv4' else '::'}/{word}", family).written_mask
    return integer(word, 32 if family == "ipv4" else 128, PREFIX_LENGTH.what)


@value_type(PREFIX_LENGTH.what)
def GROUPING(word: str, family: str) -> int:
    """A prefix length of which connlimit takes more than an IPv4 address has for all of it."""
    return PREFIX_LENGTH.read("32" if family == "ipv4" and word.isdecimal() and 32 < int(word) <= 128 else word, family)


@value_type(MAC.what)
def CLUSTER_MAC(word: str, family: str) -> str:
    """A hardware address that is printed in upper case."""
    return MAC.read(word, family).upper()


@value_type("a list of SCTP chunk types (INIT,DATA:Be)")
def CHUNKS(word: str, family: str) -> str:
    """Chunk types with their flags behind a colon, in the order of their numbers."""
    if word.upper() in ("ALL", "NONE"):
        return word.upper()
    given = dict(part.partition(":")[::2] for part in word.split(","))
    flags = {name.upper(): flag for name, flag in given.items()}
    unknown = next((name for name in flags if name not in _CHUNKS), None)
    if unknown is not None:
        raise ValueError(f"{unknown or 'nothing'} is not an SCTP chunk type; choose one of {', '.join(_CHUNKS)}")
    return ",".join(name + (f":{flags[name]}" if flags[name] else "") for name in _CHUNKS if name in flags)


@value_type("a list of src and dst", ",".join)
def DIRECTIONS(word: str, family: str) -> tuple[str, ...]:
    """Which address or port of the packet each part of a set's entries is compared with."""
    parts = tuple(word.split(","))
    if len(parts) > _MOST_DIMENSIONS or not set(parts) <= {"src", "dst"}:
        raise ValueError(f"{word} is not {DIRECTIONS.what}, of at most {_MOST_DIMENSIONS}")
    return parts


@value_type("a name without slashes")
def FILE_NAME(word: str, family: str) -> str:
    """A name that becomes a file of /proc/net, which shows what is in the list or table."""
    if not word or "/" in word or word in (".", "..") or len(word.encode(errors="surrogateescape")) > 255:
        raise ValueError(f"{word or 'nothing'} is not {FILE_NAME.what}")
    return word


@value_type("a filter program (its length, then instructions of four numbers)")
def FILTER(word: str, family: str) -> str:
    """A classic BPF program in decimal, as `nfbpf_compile` prints it."""
    length, *instructions = word.rstrip(",").split(",")
    if not length.isdecimal() or int(length) != len(instructions) or not instructions:
        raise ValueError(f"{word or 'nothing'} is not {FILTER.what}")
    wrong = next((part for part in instructions if not re.fullmatch(r"\d+ \d+ \d+ \d+", part)), None)
    if wrong is not None:
        raise ValueError(f"{wrong} is not an instruction, which is four numbers")
    return word


@value_type("a list of header options (TYPE[:LENGTH],…)")
def HEADER_OPTIONS(word: str, family: str) -> str:
    """Types of options, each with an optional length."""
    parts = [[integer(number, 255, "an option's type or length") for number in part.split(":", 1)] for part in word.split(",")]
    return ",".join(":".join(map(str, numbers)) for numbers in parts)


@value_type("milliseconds, or inf")
def LED_DELAY(word: str, family: str) -> str:
    """How long an LED stays on."""
    return word if word == "inf" else str(integer(word, 0x7FFFFFFF, LED_DELAY.what))


@value_type("a network of up to 64 bits (fd00::/64)")
def PREFIX(word: str, family: str) -> Network:
    """What RFC 6296 translates: a prefix of at most 64 bits."""
    network = NETWORK.read(word, family)
    if network.length is None or network.length > 64:
        raise ValueError(f"{word} is not {PREFIX.what}")
    return network


@value_type("a range of queues (0:3)", lambda span: f"{span.first}:{span.last}")
def QUEUES(word: str, family: str) -> Span:
    """FIRST:LAST."""
    first, colon, last = word.partition(":")
    low, high = (integer(end, 65535, QUEUES.what) for end in (first, last if colon else ""))
    if low >= high:
        raise ValueError(f"{word} is not {QUEUES.what}: its first number is not smaller than its last")
    return Span(low, high)


@value_type("a segment's address or network (fd00::/64)")
def SEGMENT(word: str, family: str) -> str:
    """An address with its prefix length, printed as it was written."""
    address, _, length = word.partition("/")
    NETWORK.read(word, family)
    return f"{address}/{length or 128}"


@value_type("a zone, or mark for the packet's mark")
def ZONE(word: str, family: str) -> str:
    """A zone of connection tracking."""
    return word if word == "mark" else str(integer(word, 65535, ZONE.what))
