"""Addresses and protocols as numbers, and back."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from netlab_magic.iptables.extensions.iana import PROTOCOL_NAMES, PROTOCOLS

__all__ = ["number_of", "protocol_of", "shown", "word_of"]


@lru_cache(65536)
def number_of(address: str) -> int:
    """An address as a number. Raises ValueError for anything else."""
    return int(ip_address(address))


@lru_cache(65536)
def shown(address: int, six: bool) -> str:
    """An address as it is written."""
    return str(IPv6Address(address) if six else IPv4Address(address))


def protocol_of(word: str) -> int:
    """A protocol's number, by its name or the number itself. Raises ValueError for anything else."""
    return PROTOCOLS[word] if word in PROTOCOLS else int(word)


def word_of(protocol: int) -> str:
    """The name of a protocol's number, or the number."""
    return PROTOCOL_NAMES.get(protocol, str(protocol))
