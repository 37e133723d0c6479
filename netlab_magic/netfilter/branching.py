"""Follows both branches of a rule that cannot be evaluated: that it matches, and that it does not."""

from collections.abc import Callable
from typing import TypeVar

__all__ = ["every_branch"]

Result = TypeVar("Result")
Answers = tuple[bool, ...]


def every_branch(follow: Callable[[Answers], tuple[Result, bool]], most: int) -> tuple[list[Result], bool]:
    """The results of all branches, and whether they are complete: at most `most` are followed.

    `follow` gets, for each undecidable rule in order, whether to assume that it matches. It returns the result, and whether it met one
    more such rule.
    """
    found: list[Result] = []
    waiting: list[Answers] = [()]
    for _ in range(most):
        if not waiting:
            break
        assumed = waiting.pop()
        result, forks = follow(assumed)
        if forks:
            waiting += [(*assumed, False), (*assumed, True)]
        else:
            found.append(result)
    return found, not waiting
