"""The longest common subsequence of two sequences: which of their items stayed in place between one and the other."""

from collections.abc import Callable, Hashable, Iterator, Sequence
from typing import TypeVar

__all__ = ["aligned", "paired"]

Item = TypeVar("Item")

_LARGEST = 200_000_000
"""Bits of the table that is kept at once; larger problems are divided first."""


def aligned(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """The pairs of places, in order, of a longest common subsequence.

    Exact for any size: rows of the usual table as bits of one integer (Hyyrö, "Bit-parallel LCS-length computation revisited", 2004),
    in little memory through Hirschberg's division of the problem (1975).

    >>> aligned("abcd", "xbd")
    [(1, 1), (3, 2)]
    """
    start = next((place for place, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
    if start is None:
        start = min(len(before), len(after))
    rest = min(len(before), len(after)) - start
    tail = next((place for place in range(rest) if before[-1 - place] != after[-1 - place]), rest)
    ends = len(before) - tail, len(after) - tail
    middle = _pairs(before[start : ends[0]], after[start : ends[1]])
    return [
        *((place, place) for place in range(start)),
        *((start + one, start + other) for one, other in middle),
        *((ends[0] + place, ends[1] + place) for place in range(tail)),
    ]


def paired(
    before: Sequence[Item], after: Sequence[Item], said: Callable[[Item], Hashable]
) -> Iterator[tuple[Item | None, Item | None]]:
    """The items of both, in order: those that say the same as a pair, the others alone. No arrangement pairs more of them."""
    one = other = 0
    for next_one, next_other in [*aligned([*map(said, before)], [*map(said, after)]), (len(before), len(after))]:
        yield from ((item, None) for item in before[one:next_one])
        yield from ((None, item) for item in after[other:next_other])
        if next_one < len(before):
            yield before[next_one], after[next_other]
        one, other = next_one + 1, next_other + 1


def _pairs(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    if not before or not after:
        return []
    if len(before) == 1 or len(before) * len(after) <= _LARGEST:
        return _traced(list(_rows(before, after)), len(before), len(after))
    half = len(before) // 2
    *_, head = _rows(before[:half], after)
    *_, tail = _rows(before[: half - 1 : -1], after[::-1])
    forward, backward = _lengths(head, len(after)), _lengths(tail, len(after))
    cut = max(range(len(after) + 1), key=lambda place: forward[place] + backward[len(after) - place])
    rest = _pairs(before[half:], after[cut:])
    return [*_pairs(before[:half], after[:cut]), *((half + one, cut + other) for one, other in rest)]


def _rows(before: Sequence[Hashable], after: Sequence[Hashable]) -> Iterator[int]:
    """Row by row, an integer whose zero bits are the columns in which the length of the common subsequence grows by one."""
    places: dict[Hashable, int] = {}
    for place, item in enumerate(after):
        places[item] = places.get(item, 0) | 1 << place
    full = (1 << len(after)) - 1
    row = full
    yield row
    for item in before:
        found = row & places.get(item, 0)
        row = (row + found | row - found) & full
        yield row


def _lengths(row: int, width: int) -> list[int]:
    lengths = [0]
    for bit in bin(row | 1 << width)[:2:-1]:
        lengths.append(lengths[-1] + 1 if bit == "0" else lengths[-1])
    return lengths


def _traced(rows: Sequence[int], one: int, other: int) -> list[tuple[int, int]]:
    """The pairs, found by walking back through the rows."""
    pairs = []
    while one and other:
        bit = 1 << (other - 1)
        if rows[one] & bit:
            other -= 1
        elif not rows[one - 1] & bit:
            one -= 1
        else:
            one, other = one - 1, other - 1
            pairs.append((one, other))
    return pairs[::-1]
