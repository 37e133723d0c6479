"""Sets of whole numbers as spans: ports, addresses, protocols that a rule leaves over."""

from collections.abc import Iterable

__all__ = ["Spans", "joined", "met", "outside", "span", "within"]

Spans = tuple[tuple[int, int], ...]
"""A set of numbers: its spans from smallest to largest, each with both ends, none touching the next."""


def span(first: int, last: int) -> Spans:
    """All numbers from `first` to `last`; the empty set when `last` is smaller."""
    return ((first, last),) if first <= last else ()


def joined(spans: Iterable[tuple[int, int]]) -> Spans:
    """The numbers that are in any of the spans, which may overlap.

    >>> joined([(80, 80), (20, 30), (25, 79)])
    ((20, 80),)
    """
    found: list[tuple[int, int]] = []
    for first, last in sorted(each for each in spans if each[0] <= each[1]):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return tuple(found)


def outside(spans: Spans, largest: int) -> Spans:
    """The numbers from 0 to `largest` that are not in the set.

    >>> outside(((0, 9), (20, 29)), 29)
    ((10, 19),)
    """
    found, following = [], 0
    for first, last in spans:
        if following < first:
            found.append((following, first - 1))
        following = last + 1
    return (*found, *span(following, largest))


def met(one: Spans, other: Spans) -> Spans:
    """The numbers that are in both sets.

    >>> met(((0, 9), (20, 29)), ((5, 24),))
    ((5, 9), (20, 24))
    """
    pairs = ((max(a, c), min(b, d)) for a, b in one for c, d in other)
    return tuple(sorted(pair for pair in pairs if pair[0] <= pair[1]))


def within(inner: Spans, outer: Spans) -> bool:
    """Whether every number of `inner` is in `outer`."""
    return all(any(c <= a and b <= d for c, d in outer) for a, b in inner)
