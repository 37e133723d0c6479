"""The values of options' arguments: spans, networks, marks under masks, NAT's targets, rates.

Each is printed by `str` as iptables-save prints it, unless its type prints it differently.
"""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

__all__ = ["AddressRange", "IcmpType", "Masked", "NatTarget", "Network", "Rate", "Span", "written_address"]

_IPV4_ALL = 0xFFFFFFFF


@lru_cache(4096)
def written_address(address: int, width: int) -> str:
    """An address of so many bits as inet_ntop writes it: an IPv4 address within an IPv6 one keeps its dots."""
    if width == 32:
        return str(IPv4Address(address))
    if address >> 16 and address >> 32 in (0, 0xFFFF):
        return f"::{'ffff:' if address >> 32 else ''}{IPv4Address(address & _IPV4_ALL)}"
    return str(IPv6Address(address))


class Span(NamedTuple):
    """All numbers from `first` to `last`."""

    first: int
    last: int


class AddressRange(NamedTuple):
    """All addresses from `first` to `last`, of 32 or 128 bits."""

    first: int
    last: int
    width: int

    def __str__(self) -> str:
        return f"{written_address(self.first, self.width)}-{written_address(self.last, self.width)}"


class Network(NamedTuple):
    """The addresses that are `address` under `mask`, of 32 or 128 bits."""

    address: int
    mask: int
    width: int

    @property
    def length(self) -> int | None:
        """The prefix length; None for a mask with holes."""
        length = self.mask.bit_count()
        return length if self.mask == (1 << self.width) - (1 << self.width - length) else None

    @property
    def is_host(self) -> bool:
        """Whether it is one address."""
        return self.mask == (1 << self.width) - 1

    @property
    def written_mask(self) -> str:
        """The prefix length; for a mask with holes, the mask as an address."""
        length = self.length
        return written_address(self.mask, self.width) if length is None else str(length)

    @property
    def base(self) -> str:
        """The address as it is written."""
        return written_address(self.address, self.width)

    def __str__(self) -> str:
        return f"{self.base}/{self.written_mask}"


class NatTarget(NamedTuple):
    """Where NAT translates to: None for the address or the port that a packet has; `counted_from` is the port that answers to the first."""

    addresses: AddressRange | None
    ports: Span | None
    counted_from: int | None = None

    def __str__(self) -> str:
        ends = self.addresses
        shown = "" if ends is None else written_address(ends.first, ends.width) if ends.first == ends.last else str(ends)
        if self.ports is None:
            return shown
        if ends is not None and ends.width == 128:
            shown = f"[{shown}]"
        first, last = self.ports
        counted = "" if self.counted_from is None else f"/{self.counted_from}"
        return f"{shown}:{first}{'' if first == last else f'-{last}'}{counted}"


class Masked(NamedTuple):
    """The bits of a number that are looked at, or changed, and their value."""

    value: int
    mask: int


class IcmpType(NamedTuple):
    """A type of ICMP, and a code of it: None for any."""

    type: int | None
    code: int | None

    def __str__(self) -> str:
        return "any" if self.type is None else str(self.type) if self.code is None else f"{self.type}/{self.code}"


class Rate(NamedTuple):
    """So many packets for each `period` (sec, min, hour, day), or with a `unit` (b, kb, mb) so much data for each second."""

    amount: int
    period: str
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}/{'s' if self.unit else self.period}"
