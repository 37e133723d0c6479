"""What the entries of sets are made of: read from the words that ipset takes, several where a word stands for several, and written back."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import IPv4Address, ip_address, summarize_address_range
from itertools import product

import msgspec

from netlab_magic.iptables.extensions.iana import PORTS, PROTOCOLS
from netlab_magic.iptables.extensions.types_symbolic import ICMP6_TYPE, ICMP_TYPE
from netlab_magic.iptables.extensions.values import Network
from netlab_magic.iptables.numbers import shown, word_of

__all__ = ["Device", "IpsetRefused", "Part", "Port", "element_text", "elements", "prefix"]

_ICMP = {False: PROTOCOLS["icmp"], True: PROTOCOLS["ipv6-icmp"]}
_ECHO = {False: {8 << 8: "echo-request", 0: "echo-reply"}, True: {128 << 8: "echo-request", 129 << 8: "echo-reply"}}
"""The names with which ipset prints the types that sets are about."""
_MOST_PORTS = 65535
_LONGEST_DEVICE = 15
_ORDINALS = ("First", "Second", "Third")


class IpsetRefused(Exception):
    """What ipset says to words that it does not take; with the status 2 it then tells how to get help."""

    def __init__(self, said: str, status: int = 1) -> None:
        super().__init__(said)
        self.said = said
        self.status = status


class Port(msgspec.Struct, frozen=True):
    """A port of a protocol; of ICMP, the type times 256 and the code."""

    protocol: int
    number: int


class Device(msgspec.Struct, frozen=True):
    """A device by its name, or with `port` a port of a bridge."""

    name: str
    port: bool = False


Part = int | Network | Port | Device | str
"""One dimension of an entry: an address, port number or mark is a number."""


def prefix(length: int, six: bool) -> int:
    """The mask of a prefix."""
    width = 128 if six else 32
    return (1 << width) - (1 << (width - length))


def elements(text: str, dimensions: Sequence[str], six: bool) -> Iterator[tuple[Part, ...]]:
    """The entries that a word stands for: a range of addresses or ports is one for each. Raises IpsetRefused."""
    words = text.split(",", len(dimensions) - 1)
    if len(words) < len(dimensions):
        raise IpsetRefused(f"Syntax error: {_ORDINALS[len(words)]} element is missing from {text}.")
    kinds: Sequence[str] = ("net beside iface", "iface") if "iface" in dimensions else dimensions
    yield from product(*(list(_READERS[kind](word, six)) for kind, word in zip(kinds, words, strict=True)))


def _address(word: str, six: bool) -> int:
    try:
        found = ip_address(word)
        if (found.version == 6) == six:
            return int(found)
    except ValueError:
        pass
    raise IpsetRefused(f"Syntax error: cannot parse {word}: resolving to IPv{6 if six else 4} address failed")


def _network(word: str, six: bool) -> tuple[int, int]:
    """The first address and the length of a prefix."""
    address, _, length = word.partition("/")
    width = 128 if six else 32
    found = _number(length, width) if length else width
    return _address(address, six) & prefix(found, six), found


def _number(word: str, most: int) -> int:
    if not word.isdecimal():
        raise IpsetRefused(f"Syntax error: '{word}' is invalid as number")
    if int(word) > most:
        raise IpsetRefused(f"Syntax error: '{word}' is out of range 0-{most}")
    return int(word)


def _span(word: str, six: bool) -> tuple[int, int]:
    """The first and the last address of a range, or of a prefix."""
    first, dash, last = word.partition("-")
    if dash:
        low, high = sorted((_address(first, six), _address(last, six)))
        return low, high
    address, length = _network(word, six)
    return address, address | ~prefix(length, six) & prefix(128 if six else 32, six)


def _addresses(word: str, six: bool) -> Iterator[int]:
    if six and not word.endswith("/128") and ("/" in word or "-" in word):
        raise IpsetRefused(f"Syntax error: plain IP address must be supplied: {word}")
    low, high = _span(word, six)
    yield from range(low, high + 1)


def _networks(word: str, six: bool) -> Iterator[Network]:
    if "-" in word and six:
        raise IpsetRefused(f"Syntax error: IP address or IP/cidr must be specified: {word}")
    if "-" in word:
        low, high = _span(word, six)
        for found in summarize_address_range(IPv4Address(low), IPv4Address(high)):
            yield Network(int(found.network_address), int(found.netmask), 32)
        return
    address, length = _network(word, six)
    if not length:
        raise IpsetRefused("The value of the CIDR parameter of the IP address is invalid")
    yield Network(address, prefix(length, six), 128 if six else 32)


def _networks_or_all(word: str, six: bool) -> Iterator[Network]:
    """Together with a device, a network may be all addresses."""
    if word.endswith("/0"):
        yield Network(0, 0, 128 if six else 32)
    else:
        yield from _networks(word, six)


def _ports(word: str, six: bool) -> Iterator[Port]:
    name, colon, ports = word.rpartition(":")
    protocol = _protocol(name) if colon else PROTOCOLS["tcp"]
    if protocol == _ICMP[six]:
        yield Port(protocol, _icmp(ports, six))
    elif protocol in _WITH_PORTS:
        yield from (Port(protocol, number) for number in _numbers(ports, word_of(protocol)))
    elif ports == "0":
        yield Port(protocol, 0)
    else:
        raise IpsetRefused(f"Syntax error: Protocol {name} can be used with pseudo port value 0 only.")


_WITH_PORTS = tuple(PROTOCOLS[name] for name in ("tcp", "udp", "sctp", "udplite"))


def _protocol(word: str) -> int:
    if word in PROTOCOLS and word != "all":
        return PROTOCOLS[word]
    if word.isdecimal() and 0 < int(word) < 256:
        return int(word)
    raise IpsetRefused(f"Syntax error: cannot parse '{word}' as a protocol")


def _icmp(word: str, six: bool) -> int:
    kind, slash, code = word.partition("/")
    if slash and kind.isdecimal():
        return _number(kind, 255) << 8 | _number(code, 255)
    try:
        named = (ICMP6_TYPE if six else ICMP_TYPE).read(word, "ipv6" if six else "ipv4")
        if not word.isdecimal() and named.type is not None:
            return named.type << 8 | (named.code or 0)
    except ValueError:
        pass
    raise IpsetRefused(f"Cannot parse {word} as an {'ICMPv6' if six else 'ICMP'} type/code.")


def _numbers(word: str, protocol: str) -> range:
    """The ports of a range."""
    low, dash, high = word.partition("-")
    first = _port(low, protocol)
    last = _port(high, protocol) if dash else first
    return range(min(first, last), max(first, last) + 1)


def _port(word: str, protocol: str) -> int:
    try:
        return PORTS[word] if word in PORTS else _number(word, _MOST_PORTS)
    except IpsetRefused as refused:
        why = f"{refused.said}\nSyntax error: '{protocol}' is invalid as number\ncannot parse '{word}' as a {protocol} port"
        raise IpsetRefused(why) from None


def _port_numbers(word: str, _: bool) -> Iterator[int]:
    yield from _numbers(word.rpartition(":")[2], "tcp")


def _devices(word: str, _: bool) -> Iterator[Device]:
    name = word.removeprefix("physdev:")
    if len(name) > _LONGEST_DEVICE:
        raise IpsetRefused(f"Syntax error: interface name '{name}' is longer than {_LONGEST_DEVICE} characters")
    yield Device(name, name != word)


def _marks(word: str, _: bool) -> Iterator[int]:
    try:
        yield int(word, 0)
    except ValueError:
        raise IpsetRefused(f"Syntax error: '{word}' is invalid as number") from None


def _words(word: str, _: bool) -> Iterator[str]:
    yield word


_READERS: Mapping[str, Callable[[str, bool], Iterator[Part]]] = {
    "iface": _devices,
    "ip": _addresses,
    "mac": _words,
    "mark": _marks,
    "net": _networks,
    "net beside iface": _networks_or_all,
    "port": _ports,
    "port number": _port_numbers,
    "set": _words,
}


def element_text(parts: Sequence[Part], dimensions: Sequence[str], six: bool) -> str:
    """An entry as ipset prints it."""
    return ",".join(_text(part, dimension, six) for part, dimension in zip(parts, dimensions, strict=True))


def _text(part: Part, dimension: str, six: bool) -> str:
    match part:
        case Network(address, mask, width):
            length = mask.bit_count()
            return shown(address, six) if length == width else f"{shown(address, six)}/{length}"
        case Port(protocol, number):
            return f"{word_of(protocol)}:{_icmp_text(number, six) if protocol == _ICMP[six] else number}"
        case Device(name, port):
            return f"physdev:{name}" if port else name
        case int() if dimension == "ip":
            return shown(part, six)
        case int() if dimension == "mark":
            return f"{part:#010x}"
    return str(part)


def _icmp_text(number: int, six: bool) -> str:
    return _ECHO[six].get(number, f"{number >> 8}/{number & 0xFF}")
