"""Follows both cases if a rule cannot be evaluated: that it matches, and that it does not."""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["every_way"]

Way = TypeVar("Way")
Answers = tuple[bool, ...]


def every_way(follow: Callable[[Answers], tuple[Way, bool]], most: int) -> tuple[list[Way], bool]:
    """The results of all paths, and whether they are complete: at most `most` are followed.

    `follow` gets, for each undecidable rule in order, whether it is taken to match. It returns the result, and whether it met one more
    such rule.
    """
    found: list[Way] = []
    waiting: list[Answers] = [()]
    for _ in range(most):
        if not waiting:
            break
        assumed = waiting.pop()
        way, forks = follow(assumed)
        if forks:
            waiting += [(*assumed, False), (*assumed, True)]
        else:
            found.append(way)
    return found, not waiting
