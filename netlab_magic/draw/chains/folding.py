"""Decides which rules of a long chain are shown (its ends, the path, the most hit, jumps) and which are only counted."""

from collections.abc import Collection, Iterator, Sequence
from heapq import nlargest
from itertools import groupby, islice

import msgspec

from netlab_magic.model.chain_graph import RuleExit

__all__ = ["Fold", "fold_of", "kept", "stem"]

_MOST_ROWS = 24
_FIRST, _LAST, _MOST_HIT, _JUMPS = 6, 3, 6, 6
_LARGEST_GROUPS = 3
_SHARED = 4
_SHORTEST_FOLD = 3


class Fold(msgspec.Struct, frozen=True):
    """Rules that are counted instead of shown.

    `hit` is how many of them matched a packet (None if unknown), `ends` counts them by target, the most frequent first;
    `to` lists the chains they enter, in order.
    """

    first: int
    last: int
    hit: int | None
    ends: tuple[tuple[str, int], ...]
    to: tuple[str, ...]

    @property
    def count(self) -> int:
        """The number of rules."""
        return self.last - self.first + 1


def kept(rules: Sequence[RuleExit], stepped: Collection[int] = (), marked: Collection[int] = ()) -> list[int]:
    """The numbers of the rules to show, in order; `stepped` are on a path, and `marked` must be shown for another reason."""
    count = len(rules)
    if count <= _MOST_ROWS:
        return list(range(1, count + 1))
    ends = {*range(1, _FIRST + 1), *range(count - _LAST + 1, count + 1)}
    shown = ends | set(_most_hit(rules)) | set(islice(_new_jumps(rules), _JUMPS)) | {*stepped, *marked}
    return _without_small_gaps(sorted(shown))


def _without_small_gaps(shown: Sequence[int]) -> list[int]:
    """The numbers of `shown`, and those between them that a fold would not shorten."""
    found = [shown[0]]
    for number in shown[1:]:
        start = found[-1] + 1 if number - found[-1] <= _SHORTEST_FOLD else number
        found += range(start, number + 1)
    return found


def _most_hit(rules: Sequence[RuleExit]) -> list[int]:
    hit = ((rule.packets, -number) for number, rule in enumerate(rules, 1) if rule.packets)
    return [-number for _, number in nlargest(_MOST_HIT, hit)]


def _entered(rule: RuleExit) -> set[str]:
    return {branch.chain for branch in rule.branches if branch.chain}


def _new_jumps(rules: Sequence[RuleExit]) -> Iterator[int]:
    """For each chain entered, the first rule that does."""
    met: set[str] = set()
    for number, rule in enumerate(rules, 1):
        new = _entered(rule) - met
        if new:
            met |= new
            yield number


def fold_of(rules: Sequence[RuleExit], ends: Sequence[str], first: int) -> Fold:
    """Rules summed up that are not shown, the first of which has the number `first`; `ends` says in a word how each ends."""
    counted = [rule.packets > 0 for rule in rules if rule.packets is not None]
    to = dict.fromkeys(branch.chain for rule in rules for branch in rule.branches if branch.chain)
    return Fold(first, first + len(rules) - 1, sum(counted) if counted else None, tuple(_grouped(ends)), tuple(to))


def _grouped(targets: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Counts rules by target; names of generated chains, which differ in their last part only, form one group."""
    count: dict[str, int] = {}
    for name in targets:
        count[name] = count.get(name, 0) + 1
    groups: dict[str, int] = {}
    for start, names in groupby(sorted(count, key=stem), key=stem):
        members = list(names)
        shared = len(members) >= _SHARED and start
        for name in members:
            group = f"{start}…" if shared else name
            groups[group] = groups.get(group, 0) + count[name]
    ordered = sorted(groups.items(), key=lambda group: (-group[1], group[0]))
    yield from ordered[:_LARGEST_GROUPS]
    if rest := sum(number for _, number in ordered[_LARGEST_GROUPS:]):
        yield "other targets", rest


def stem(name: str) -> str:
    """A name without its last part: `KUBE-SVC-` of `KUBE-SVC-NPX46M4PTMTKRN6Y`."""
    return name[: name.rfind("-") + 1] or name.rstrip("0123456789")
