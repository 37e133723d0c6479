"""Elements of sets as the kernel keeps and nft lists them: in order, prefixes and ranges in the shortest form, merged where they meet."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address

import msgspec

from netlab_magic.nftables.datatypes import Datatype
from netlab_magic.nftables.expressions import AnonymousSet, CatchAll, Concatenation, Element, Expression, Prefix, Range

__all__ = ["in_order", "interval_of", "is_interval", "listed_set", "merged", "plain", "shortest"]

_OF_ONE_BYTE = ("inet_proto", "icmp_type", "icmpv6_type", "dscp")
_LENGTHS = {"inet_service": 2, "ether_type": 2, "arp_op": 2, "ether_addr": 6, **dict.fromkeys(_OF_ONE_BYTE, 1)}
_IN_NETWORK_ORDER = ("ipv4_addr", "inet_service", "ether_type", "arp_op")

_Interval = tuple[int, int]
"""The first and the last number of what an element stands for."""


def _bits(value: object) -> int:
    """How long an address is, or the name of a device."""
    return 32 if isinstance(value, IPv4Address) else 128 if isinstance(value, IPv6Address | str) else 0


def _number(value: object) -> int:
    if isinstance(value, str):
        return int.from_bytes(value.encode()[:16].ljust(16, b"\0"), "big")
    return int(value) if isinstance(value, int | IPv4Address | IPv6Address) else 0


def interval_of(key: Expression) -> _Interval:
    """What a constant, a prefix, a range or a name with `*` at its end stands for."""
    match key:
        case Prefix(address, length):
            rest = (1 << ((_bits(address) or 32) - length)) - 1
            return _number(address) & ~rest, _number(address) | rest
        case Range(low, high):
            return _number(low), _number(high)
        case str() if key.endswith("*"):
            first = _number(key[:-1])
            return first, first | ((1 << (8 * (16 - len(key) + 1))) - 1)
    return _number(key), _number(key)


def is_interval(key: Expression) -> bool:
    """Whether it stands for more than one value, as written."""
    if isinstance(key, Concatenation):
        return any(map(is_interval, key.parts))
    return isinstance(key, Range | Prefix) or (isinstance(key, str) and key.endswith("*"))


def plain(key: Expression) -> Expression:
    """A prefix without the bits behind it; one of full length is an address."""
    match key:
        case Concatenation(parts):
            return Concatenation(tuple(map(plain, parts)))
        case Prefix(IPv4Address() | IPv6Address() as address, length):
            masked = type(address)(interval_of(key)[0])
            return masked if length == _bits(address) else Prefix(masked, length)
    return key


def _bytes(value: Expression, kind: Datatype) -> bytes:
    """A part of a concatenated key as it lies in a register: padded to four bytes, numbers of the host in its own byte order."""
    low, _ = interval_of(value)
    if isinstance(value, str) or (isinstance(value, Prefix | Range) and isinstance(_sample(value), str)):
        return low.to_bytes(16, "big")
    width = _bits(_sample(value)) // 8 or _LENGTHS.get(kind.name, 4)
    found = low.to_bytes(width, "big" if width in (16, 6) or kind.name in _IN_NETWORK_ORDER else "little")
    return found.ljust(-(-width // 4) * 4, b"\0")


def _order(key: Expression, types: Sequence[Datatype], by_interval: bool) -> tuple[int, int]:
    if isinstance(key, CatchAll):
        return 1, 0
    if isinstance(key, Concatenation):
        return 0, int.from_bytes(b"".join(map(_bytes, key.parts, types)), "little")
    if isinstance(key, str) and not by_interval:
        return 0, int.from_bytes(key.encode(), "little")
    return 0, interval_of(key)[0]


def in_order(elements: Iterable[Element], types: Sequence[Datatype], *, by_interval: bool) -> tuple[Element, ...]:
    """Elements as nft lists them: by their keys as the numbers that they are in memory, the element `*` last."""
    return tuple(sorted(elements, key=lambda element: _order(element.key, types, by_interval)))


def _expression(low: int, high: int, like: object) -> Expression:
    """The shortest form of an interval of values of one type."""
    if isinstance(like, str):
        name = low.to_bytes(16, "big").rstrip(b"\0").decode()
        return name if low == high else f"{name}*"
    if isinstance(like, IPv4Address | IPv6Address):
        kind, width = type(like), _bits(like)
        size = high - low + 1
        if size & (size - 1) == 0 and low % size == 0:
            length = width - size.bit_length() + 1
            return kind(low) if length == width else Prefix(kind(low), length)
        return Range(kind(low), kind(high))
    return low if low == high else Range(low, high)


def _sample(key: Expression) -> object:
    return key.address if isinstance(key, Prefix) else key.low if isinstance(key, Range) else key


def merged(elements: Sequence[Element], types: Sequence[Datatype]) -> tuple[Element, ...]:
    """Intervals that overlap or meet made one, in order."""
    found: list[tuple[int, int, Element]] = []
    for element in in_order(elements, types, by_interval=True):
        if isinstance(element.key, CatchAll):
            continue
        low, high = interval_of(element.key)
        if found and low <= found[-1][1] + 1:
            found[-1] = found[-1][0], max(high, found[-1][1]), found[-1][2]
        else:
            found.append((low, high, element))
    kept = [msgspec.structs.replace(one, key=_expression(low, high, _sample(one.key))) for low, high, one in found]
    return (*kept, *(element for element in elements if isinstance(element.key, CatchAll)))


def shortest(element: Element) -> Element:
    """An element whose interval is written as nft lists it."""
    if isinstance(element.key, Range):
        return msgspec.structs.replace(element, key=_expression(*interval_of(element.key), element.key.low))
    return element


def listed_set(found: AnonymousSet, types: Sequence[Datatype], *, is_map: bool) -> AnonymousSet | Expression:
    """A set of a rule as nft lists it; the value alone where it holds only one."""
    plain_elements = [msgspec.structs.replace(element, key=plain(element.key)) for element in found.elements]
    alone = plain_elements[0]
    if not is_map and len(plain_elements) == 1 and len(types) == 1 and not isinstance(alone.key, CatchAll) and alone == Element(alone.key):
        return alone.key
    if len(types) == 1 and any(is_interval(element.key) for element in plain_elements):
        if not is_map:
            return AnonymousSet(merged(plain_elements, types))
        return AnonymousSet(tuple(map(shortest, in_order(plain_elements, types, by_interval=True))))
    once = {element.key: element for element in reversed(plain_elements)}
    return AnonymousSet(in_order(once.values(), types, by_interval=False))
