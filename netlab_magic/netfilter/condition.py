"""A condition of a rule, compiled: a test of a packet, and how it is told."""

from collections.abc import Callable

import msgspec

from netlab_magic.netfilter.frame import Frame

__all__ = ["Condition", "Test", "Value", "denied", "unjudged"]

Test = Callable[[Frame], bool | None]
"""True, False, or None where it is unknown."""

Value = Callable[[Frame], str]
"""What a packet has, as it is shown."""


class Condition(msgspec.Struct, frozen=True):
    """One condition of a rule: `test` evaluates a frame, `seen` is the frame's value, `wanted` the one that the rule requires.

    `field` names the part of a frame that it depends on, if it depends on nothing else and that part does not change within a table;
    `only` is the single value that it accepts, None if there are several.
    """

    about: str
    wanted: str
    test: Test
    seen: Value
    negated: bool = False
    field: str = ""
    only: int | None = None

    def why(self, frame: Frame) -> str:
        """Why this frame does not meet it: `ctstate NEW is not RELATED,ESTABLISHED`."""
        seen = self.seen(frame) or "none"
        return f"{self.about} {seen} is {self.wanted}" if self.negated else f"{self.about} {seen} is not {self.wanted}"


def unjudged(about: str) -> Condition:
    """A condition that the model cannot evaluate."""
    return Condition(about, "", _never_known, _nothing)


def _never_known(_: Frame) -> None:
    return None


def _nothing(_: Frame) -> str:
    return ""


def denied(test: Test) -> Test:
    """The test that holds where this one does not."""

    def turned(frame: Frame) -> bool | None:
        answer = test(frame)
        return None if answer is None else not answer

    return turned
