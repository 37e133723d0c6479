"""Where a rule cannot be judged, every way is followed: the one on which it matches, and the one on which it does not."""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["every_way"]

Way = TypeVar("Way")
Answers = tuple[bool, ...]


def every_way(follow: Callable[[Answers], tuple[Way, bool]], most: int) -> tuple[list[Way], bool]:
    """The ways that do not fork any more, and whether these are all: at most `most` are followed.

    `follow` is given what to assume of one rule after the other of which nobody can tell whether it matches. It gives the way, and
    whether that came to one more such rule.
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
