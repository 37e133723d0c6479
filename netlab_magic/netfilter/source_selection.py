"""The address that a host takes when it speaks IPv6 (RFC 6724, as ipv6_dev_get_saddr in net/ipv6/addrconf.c has it)."""

from collections.abc import Iterable
from ipaddress import IPv6Address
from typing import Protocol

__all__ = ["source6"]

_LINK_LOCAL, _GLOBAL = 2, 14  # IPV6_ADDR_SCOPE_LINKLOCAL and _GLOBAL
_BITS = 128
_TOO_NARROW = -128


class _OwnAddress(Protocol):
    @property
    def device(self) -> str: ...
    @property
    def number(self) -> int: ...
    @property
    def mask(self) -> int: ...


def _label(start: str, length: int, label: int) -> tuple[int, int, int]:
    mask = (1 << _BITS) - (1 << _BITS - length)
    return int(IPv6Address(start)), mask, label


_LABELS = (
    *(_label("::1", 128, 0), _label("::ffff:0:0", 96, 4), _label("::", 96, 3), _label("2001::", 32, 6), _label("2001:10::", 28, 7)),
    *(_label("3ffe::", 16, 12), _label("2002::", 16, 2), _label("fec0::", 10, 11), _label("fc00::", 7, 5), _label("::", 0, 1)),
)
"""The kernel's own labels, the longest prefix first (ip6addrlbl_init_table in net/ipv6/addrlabel.c)."""


def _label_of(address: int) -> int:
    return next(label for network, mask, label in _LABELS if address & mask == network)


def _scope(address: int) -> int:
    return _LINK_LOCAL if address == 1 or address >> 118 == 0xFE80 >> 6 else _GLOBAL


def source6(own: Iterable[_OwnAddress], device: str, destination: int) -> int | None:
    """The number of the address that packets to `destination` leave `device` with; None for a host without any.

    `own` are the host's addresses in the kernel's order; the first of equals is taken.
    """
    wide, label = _scope(destination), _label_of(destination)

    def score(address: _OwnAddress) -> tuple[bool, int, bool, bool, int]:
        scope = _scope(address.number)
        same = _BITS - (address.number ^ destination).bit_length()
        return (
            address.number == destination,
            -scope if scope >= wide else scope + _TOO_NARROW,
            address.device == device,
            _label_of(address.number) == label,
            min(same, address.mask.bit_count()),
        )

    found = max(own, key=score, default=None)
    return None if found is None else found.number
