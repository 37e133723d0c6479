"""Sets and maps of nft, indexed: a key is found by its hash, by bisection among intervals, or among those that share its exact parts."""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from netlab_magic.nftables.expressions import CatchAll, Concatenation, Element, Prefix, Range

__all__ = ["Index", "Value", "ValueRange", "plain", "span", "with_ranges"]

class ValueRange(NamedTuple):
    """The values of a range or a prefix."""

    first: int
    last: int


Value = int | str | ValueRange | tuple["Value", ...]
"""A constant as it is compared: addresses are numbers, concatenations are tuples."""

_Span = tuple[int, int]


def plain(constant: object) -> Value:
    """The value of a constant. Raises ValueError for anything else, such as a range."""
    if isinstance(constant, IPv4Address | IPv6Address):
        return int(constant)
    if isinstance(constant, int | str):
        return constant
    if isinstance(constant, Concatenation):
        return tuple(map(plain, constant.parts))
    raise ValueError(constant)


def span(constant: object) -> _Span | None:
    """The first and last value of a prefix or a range; None for anything else."""
    if isinstance(constant, Prefix) and isinstance(constant.address, IPv4Address | IPv6Address):
        low = int(constant.address)
        return low, low | (1 << (constant.address.max_prefixlen - constant.length)) - 1
    if isinstance(constant, Range):
        first, last = plain(constant.low), plain(constant.high)
        return (first, last) if isinstance(first, int) and isinstance(last, int) else None
    return None


def with_ranges(constant: object) -> Value:
    """The value of a constant, or the range that it is. Raises ValueError for anything else."""
    if isinstance(constant, Concatenation):
        return tuple(map(with_ranges, constant.parts))
    bounds = span(constant)
    return plain(constant) if bounds is None else ValueRange(*bounds)


class Index:
    """The elements of a set or map by their keys."""

    def __init__(self, elements: Iterable[Element]) -> None:
        self._exact: dict[Value, Element] = {}
        self._starts: list[tuple[str, Element]] = []
        self._boxes: dict[tuple[int, ...], dict[Value, list[tuple[tuple[_Span, ...], Element]]]] = {}
        self._rest: Element | None = None
        spans: list[tuple[int, int, Element]] = []
        for element in elements:
            key = element.key
            if isinstance(key, CatchAll):
                self._rest = element
            elif (bounds := span(key)) is not None:
                spans.append((*bounds, element))
            elif isinstance(key, Concatenation) and any(span(part) for part in key.parts):
                self._add_box(key, element)
            elif isinstance(key, str) and key.endswith("*"):
                self._starts.append((key[:-1], element))
            else:
                self._exact[plain(key)] = element
        spans.sort(key=lambda found: found[0])
        self._lows = [low for low, _, _ in spans]
        self._spans = spans

    def _add_box(self, key: Concatenation, element: Element) -> None:
        bounds = [span(part) for part in key.parts]
        fixed = tuple(at for at, found in enumerate(bounds) if found is None)
        exact = tuple(plain(key.parts[at]) for at in fixed)
        self._boxes.setdefault(fixed, {}).setdefault(exact, []).append((tuple(found for found in bounds if found), element))

    def find(self, value: Value) -> Element | None:
        """The element whose key is or contains this value; None if there is none."""
        found = self._exact.get(value)
        if found is not None:
            return found
        if self._lows and isinstance(value, int):
            at = bisect_right(self._lows, value) - 1
            if at >= 0 and value <= self._spans[at][1]:
                return self._spans[at][2]
        if self._starts and isinstance(value, str):
            found = next((element for start, element in self._starts if value.startswith(start)), None)
        elif self._boxes and isinstance(value, tuple):
            found = self._in_a_box(value)
        return self._rest if found is None else found

    def _in_a_box(self, value: tuple[Value, ...]) -> Element | None:
        for fixed, held in self._boxes.items():
            ranged = [part for at, part in enumerate(value) if at not in fixed]
            for bounds, element in held.get(tuple(value[at] for at in fixed), ()):
                if all(isinstance(part, int) and low <= part <= high for part, (low, high) in zip(ranged, bounds, strict=True)):
                    return element
        return None
