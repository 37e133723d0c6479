"""The types of words that name addresses: networks, ranges, and what NAT translates to."""

import re
from functools import lru_cache
from ipaddress import ip_address

from netlab_magic.iptables.extensions.types import integer, port, port_span, value_type
from netlab_magic.iptables.extensions.values import AddressRange, NatTarget, Network, written_address

__all__ = ["ADDRESS", "ADDRESS_RANGE", "NAT_TO", "NETWORK", "TRACKED_NETWORK"]


def _width(family: str) -> int:
    return 32 if family == "ipv4" else 128


_OCTETS = {str(number): number for number in range(256)}


def _address(word: str, family: str) -> int:
    if family == "ipv4" and word.count(".") == 3:
        try:
            first, second, third, fourth = [_OCTETS[octet] for octet in word.split(".")]
        except KeyError:
            raise ValueError(f"{word} is not an IPv4 address") from None
        return first << 24 | second << 16 | third << 8 | fourth
    try:
        found = ip_address(word)
    except ValueError:
        found = None
    if found is None or found.max_prefixlen != _width(family) or "%" in word:
        raise ValueError(f"{word or 'nothing'} is not an {family.replace('ipv', 'IPv')} address")
    return int(found)


@value_type("an address", lambda found: written_address(found.first, found.width))
def ADDRESS(word: str, family: str) -> AddressRange:
    """One address."""
    found = _address(word, family)
    return AddressRange(found, found, _width(family))


def _mask(word: str, family: str) -> int:
    """The bits of a mask, which is written as a prefix length or as an address."""
    if not word.isdecimal():
        return _address(word, family)
    width = _width(family)
    return (1 << width) - (1 << width - integer(word, width, "a prefix length"))


@value_type("an address or a network (172.18.0.0/16)", lru_cache(4096)(str))
def NETWORK(word: str, family: str) -> Network:
    """An address with an optional mask, printed with the prefix length; a mask with holes is printed as an address."""
    address, slash, mask = word.partition("/")
    width = _width(family)
    if slash and mask == "0":
        return Network(0, 0, width)
    if "," in word:
        raise ValueError(f"{word} lists several addresses, of which iptables makes a rule each; a rule has one")
    if family == "ipv4" and address.count(".") < 3 and re.fullmatch(r"\d+(\.\d+){0,2}", address):
        address += ".0" * (3 - address.count("."))
    found, bits = _address(address, family), _mask(mask if slash else str(width), family)
    return Network(found & bits, bits, width)


@value_type(NETWORK.what, lambda found: found.base if found.is_host else str(found))
def TRACKED_NETWORK(word: str, family: str) -> Network:
    """An address with an optional mask, printed as xt_conntrack keeps it: as it was written, without the mask of one address."""
    address, slash, mask = word.partition("/")
    width = _width(family)
    return Network(_address(address, family), _mask(mask if slash else str(width), family), width)


@value_type("an address range (10.0.0.1-10.0.0.9)")
def ADDRESS_RANGE(word: str, family: str) -> AddressRange:
    """Two addresses with a dash between them; one address is a range of one."""
    first, dash, last = word.partition("-")
    return AddressRange(_address(first, family), _address(last if dash else first, family), _width(family))


@value_type("an address or range with an optional port or range (10.0.0.2:80)")
def NAT_TO(word: str, family: str) -> NatTarget:
    """Where a NAT target translates to: ADDRESS[-ADDRESS][:PORT[-PORT]]; IPv6 addresses before a port stand in brackets."""
    bracketed = re.fullmatch(r"\[(.*)\](?::(.*))?", word)
    if bracketed:
        addresses, ports = bracketed[1], bracketed[2] or ""
    elif family == "ipv6" and not re.match(r":\d", word):
        addresses, ports = word, ""
    else:
        addresses, _, ports = word.partition(":")
    found = ADDRESS_RANGE.read(addresses, family) if addresses else None
    if word.endswith(":") and "::" not in word[-2:]:
        raise ValueError(f"{word} is not {NAT_TO.what}: the port is missing")
    span, slash, first = ports.partition("/")
    return NatTarget(found, port_span(span, "-") if ports else None, port(first) if slash and first else None)
