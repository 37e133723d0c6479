"""The types of words behind options: what iptables takes, and how iptables-save prints it."""

import re
from collections.abc import Callable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from netlab_magic.iptables.extensions.iana import PORTS, PROTOCOL_NAMES, PROTOCOLS
from netlab_magic.iptables.extensions.schema import ValueType

__all__ = [
    "ADDRESS",
    "ADDRESS_RANGE",
    "AMOUNT",
    "GROUP",
    "INTERFACE",
    "MAC",
    "MARK",
    "MASK",
    "NAT_TO",
    "NETWORK",
    "OWNER",
    "PORT",
    "PORT_LIST",
    "PORT_RANGE",
    "PORT_SPAN",
    "PROTOCOL",
    "RATE",
    "SECONDS",
    "TEXT",
    "TRACKED_NETWORK",
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
    "rate",
    "text",
    "value_type",
    "words",
]

WIDEST = 0xFFFFFFFF
_LARGEST_AMOUNT = 0xFFFFFFFFFFFFFFFF
_LONGEST_INTERFACE = 15  # IFNAMSIZ - 1 (linux/if.h)
UNITS = {"s": "sec", "m": "min", "h": "hour", "d": "day"}
SECONDS = {"day": 86400, "hour": 3600, "min": 60, "sec": 1}


def value_type(what: str) -> Callable[[Callable[[str, str], str]], ValueType]:
    """Makes a ValueType of a function. What was read once is remembered, since dumps repeat themselves."""
    return lambda function: ValueType(what, lru_cache(maxsize=4096)(function))


def integer(word: str, largest: int, what: str) -> int:
    """A number as C's strtoul reads it: decimal, 0x hexadecimal, 0 octal. Raises ValueError, saying that it is not `what`."""
    if re.fullmatch(r"0[xX][0-9a-fA-F]+", word):
        value = int(word, 16)
    elif re.fullmatch(r"[0-9]{1,20}", word):
        value = int(word, 8 if re.fullmatch(r"0[0-7]+", word) else 10)
    else:
        raise ValueError(f"{word or 'nothing'} is not {what}")
    if value > largest:
        raise ValueError(f"{word} is not {what}: the largest is {largest}")
    return value


def number(what: str = "a number", largest: int = WIDEST, smallest: int = 0) -> ValueType:
    """A decimal number from `smallest` to `largest`."""

    @value_type(what)
    def read(word: str, family: str) -> str:
        value = integer(word, largest, what)
        if value < smallest:
            raise ValueError(f"{word} is not {what}: the smallest is {smallest}")
        return str(value)

    return read


def hexadecimal(what: str, largest: int = WIDEST, digits: int = 1) -> ValueType:
    """A number printed in hexadecimal, with at least so many digits."""
    return value_type(what)(lambda word, family: f"0x{integer(word, largest, what):0{digits}x}")


def number_range(what: str, largest: int = WIDEST, separator: str = ":", *, collapse: bool = True) -> ValueType:
    """`N` or `N:M`, where either end may be left out; equal ends are printed as one when `collapse`."""

    @value_type(what)
    def read(word: str, family: str) -> str:
        first, found, last = word.partition(separator)
        low = integer(first, largest, what) if first or not found else 0
        high = integer(last, largest, what) if last else largest if found else low
        if low > high:
            raise ValueError(f"{word} is not {what}: its first number is larger than its last")
        return str(low) if low == high and collapse else f"{low}{separator}{high}"

    return read


def text(what: str, longest: int = 0, shortest: int = 0) -> ValueType:
    """Any text, of at least `shortest` and at most `longest` bytes (no limit when 0)."""

    @value_type(what)
    def read(word: str, family: str) -> str:
        if longest and len(word.encode(errors="surrogateescape")) > longest:
            raise ValueError(f"{what} has at most {longest} bytes")
        if len(word) < shortest:
            raise ValueError(f"{what} cannot be empty")
        return word

    return read


def choice(what: str, *names: str, **spellings: str) -> ValueType:
    """One of a few words, in any case; `spellings` are other ways to write one of them."""
    known = {name.lower(): name for name in names} | spellings

    @value_type(what)
    def read(word: str, family: str) -> str:
        if word.lower() not in known:
            raise ValueError(f"{word} is not {what}; there is {', '.join(names)}")
        return known[word.lower()]

    return read


def words(what: str, *names: str, everything: str = "", nothing: str = "") -> ValueType:
    """Some of a few words, separated by commas, printed in the order of `names`; `everything` and `nothing` name all and none."""
    known = {name.lower(): name for name in names}

    @value_type(what)
    def read(word: str, family: str) -> str:
        found: set[str] = set()
        for part in word.split(","):
            if everything and part.lower() == everything.lower():
                found |= set(names)
            elif part.lower() in known:
                found.add(known[part.lower()])
            elif not nothing or part.lower() != nothing.lower():
                raise ValueError(f"{part or 'nothing'} is not {what}; there is {', '.join(names)}")
        return ",".join(name for name in names if name in found) or nothing

    return read


TEXT = text("a text")
PROTOCOL_NUMBER = "a protocol's name or number (tcp, udp, icmp, 47)"


@value_type(PROTOCOL_NUMBER)
def PROTOCOL(word: str, family: str) -> str:
    """A protocol; `all` is printed as it is."""
    if word.lower() == "all":
        return "all"
    value = PROTOCOLS.get(word.lower())
    value = integer(word, 255, PROTOCOL_NUMBER) if value is None else value
    return PROTOCOL_NAMES.get(value, str(value)) if value else "all"


def _port(word: str) -> int:
    return PORTS[word] if word in PORTS else integer(word, 65535, "a port number or a service's name")


@value_type(PROTOCOL_NUMBER)
def TRACKED_PROTOCOL(word: str, family: str) -> str:
    """A protocol, printed as its number, as xt_conntrack does."""
    return str(PROTOCOLS[word.lower()] if word.lower() in PROTOCOLS else integer(word, 255, PROTOCOL_NUMBER))


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


@value_type("an amount or a range of amounts (10000:100000)")
def AMOUNT(word: str, family: str) -> str:
    """FROM or FROM:TO, where either end may be left out; one without an end is printed without a colon."""
    first, _, last = word.partition(":")
    low = integer(first, _LARGEST_AMOUNT, AMOUNT.what) if first else 0
    if not last:
        return str(low)
    high = integer(last, _LARGEST_AMOUNT, AMOUNT.what)
    if low > high:
        raise ValueError(f"{word} is not {AMOUNT.what}: its first number is larger than its last")
    return f"{low}:{high}"


@value_type("a port")
def PORT(word: str, family: str) -> str:
    """One port."""
    return str(_port(word))


def _span(word: str, separator: str) -> str:
    first, found, last = word.partition(separator)
    low = _port(first) if first or not found else 0
    high = _port(last) if last else 65535 if found else low
    if low > high:
        raise ValueError(f"{word} is not a range of ports: its first is larger than its last")
    return str(low) if low == high else f"{low}{separator}{high}"


@value_type("a port or a range of ports (80, 1024:65535)")
def PORT_RANGE(word: str, family: str) -> str:
    """A port, or a range with a colon, whose ends may be left out."""
    return _span(word, ":")


@value_type("a port or a range of ports (80, 1024-65535)")
def PORT_SPAN(word: str, family: str) -> str:
    """A port, or a range with a dash, as NAT targets write it."""
    return _span(word, "-")


@value_type("a list of ports (22,80,8000:8080)")
def PORT_LIST(word: str, family: str) -> str:
    """Up to fifteen ports, of which a range counts for two (xt_multiport)."""
    parts = word.split(",")
    if sum(2 if ":" in part else 1 for part in parts) > 15:
        raise ValueError("multiport takes at most 15 ports, of which a range counts for two")
    if any(part.startswith(":") or part.endswith(":") for part in parts):
        raise ValueError(f"{word} is not {PORT_LIST.what}: both ends of a range must be given")
    return ",".join(_span(part, ":") for part in parts)


def _address(word: str, family: str) -> str:
    try:
        found = ip_address(word)
    except ValueError:
        found = None
    if found is None or f"ipv{found.version}" != family or "%" in word:
        raise ValueError(f"{word or 'nothing'} is not an {family.replace('ipv', 'IPv')} address")
    return _shown(found)


def _shown(address: IPv4Address | IPv6Address) -> str:
    """An address as inet_ntop writes it: an IPv4 address within an IPv6 one keeps its dots."""
    value = int(address)
    if address.version == 6 and value >> 16 and value >> 32 in (0, 0xFFFF):
        return f"::{'ffff:' if value >> 32 else ''}{IPv4Address(value & WIDEST)}"
    return str(address)


@value_type("an address")
def ADDRESS(word: str, family: str) -> str:
    """One address."""
    return _address(word, family)


def _mask(word: str, family: str) -> tuple[int, str]:
    """The bits of a mask and its shortest spelling: a prefix length where it is one, else, a mask with holes, as an address."""
    width = 32 if family == "ipv4" else 128
    if not word.isdecimal():
        bits = int(ip_address(_address(word, family)))
        length = bits.bit_count()
        return bits, str(length) if bits == (1 << width) - (1 << width - length) else word
    length = integer(word, width, "a prefix length")
    return (1 << width) - (1 << width - length), str(length)


@value_type("an address or a network (172.18.0.0/16)")
def NETWORK(word: str, family: str) -> str:
    """An address with an optional mask, printed with the prefix length; a mask with holes is printed as it is."""
    address, slash, mask = word.partition("/")
    if slash and mask == "0":
        return "0.0.0.0/0" if family == "ipv4" else "::/0"
    if "," in word:
        raise ValueError(f"{word} lists several addresses, of which iptables makes a rule each; a rule has one")
    if family == "ipv4" and re.fullmatch(r"\d+(\.\d+){0,2}", address):
        address += ".0" * (3 - address.count("."))
    found = ip_address(_address(address, family))
    bits, shown = _mask(mask if slash else str(found.max_prefixlen), family)
    return f"{_shown(type(found)(int(found) & bits))}/{shown}"


@value_type("an address or a network (172.18.0.0/16)")
def TRACKED_NETWORK(word: str, family: str) -> str:
    """An address with an optional mask, printed as xt_conntrack keeps it: as it was written, without the mask of one address."""
    address, slash, mask = word.partition("/")
    found = _address(address, family)
    shown = _mask(mask, family)[1] if slash else ""
    return found if shown in ("", "32" if family == "ipv4" else "128") else f"{found}/{shown}"


@value_type("an address range (10.0.0.1-10.0.0.9)")
def ADDRESS_RANGE(word: str, family: str) -> str:
    """Two addresses with a dash between them; one address is a range of one."""
    first, dash, last = word.partition("-")
    return f"{_address(first, family)}-{_address(last if dash else first, family)}"


@value_type("an address or range with an optional port or range (10.0.0.2:80)")
def NAT_TO(word: str, family: str) -> str:
    """Where a NAT target translates to: ADDRESS[-ADDRESS][:PORT[-PORT]]; IPv6 addresses before a port stand in brackets."""
    bracketed = re.fullmatch(r"\[(.*)\](?::(.*))?", word)
    if bracketed:
        addresses, ports = bracketed[1], bracketed[2] or ""
    elif family == "ipv6" and not re.match(r":\d", word):
        addresses, ports = word, ""
    else:
        addresses, _, ports = word.partition(":")
    ends = list(dict.fromkeys(_address(end, family) for end in addresses.split("-"))) if addresses else []
    shown = "-".join(ends)
    if family == "ipv6" and shown and ports:
        shown = f"[{shown}]"
    if word.endswith(":") and "::" not in word[-2:]:
        raise ValueError(f"{word} is not {NAT_TO.what}: the port is missing")
    base, _, first = ports.partition("/")
    return shown + (f":{_span(base, '-')}" if ports else "") + (f"/{_port(first)}" if first else "")


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


@value_type("a mark with an optional mask (0x4000/0x4000)")
def MARK(word: str, family: str) -> str:
    """VALUE[/MASK] in hexadecimal; a mask of all ones is left out."""
    value, slash, mask = word.partition("/")
    bits = integer(mask, WIDEST, "a mask") if slash else WIDEST
    shown = f"0x{integer(value, WIDEST, 'a mark'):x}"
    return shown if bits == WIDEST else f"{shown}/0x{bits:x}"


@value_type("a mark with an optional mask (0x4000/0x4000)")
def XMARK(word: str, family: str) -> str:
    """VALUE/MASK in hexadecimal, the mask always there, as targets print it."""
    shown = MARK.canonical(word, family)
    return shown if "/" in shown else f"{shown}/0x{WIDEST:x}"


MASK = hexadecimal("a mask (0xff)")


def rate(word: str, scale: int, what: str) -> str:
    """A number for each unit of time, as it comes back from a kernel that keeps the time for one, in 1/`scale` seconds.

    Raises ValueError, saying that it is not `what`. It is printed with the largest unit that loses nothing much (print_rate).
    """
    found = re.fullmatch(r"(\d{1,9})(?:/(s(?:ec(?:onds?)?)?|m(?:in(?:utes?)?)?|h(?:ours?)?|d(?:ays?)?))?", word, re.IGNORECASE)
    period = scale * SECONDS[UNITS[(found[2] or "s")[0].lower()]] // int(found[1]) if found and int(found[1]) else 0
    if not period:
        raise ValueError(f"{word} is not {what}")
    units = [(scale * seconds, unit) for unit, seconds in SECONDS.items()]
    last = next((at for at in range(1, 4) if period > units[at][0] or units[at][0] // period < units[at][0] % period), 4)
    ticks, unit = units[last - 1]
    return f"{ticks // period}/{unit}"


RATE = value_type("a rate (5/min)")(lambda word, family: rate(word, 10_000, "a rate (5/min)"))
