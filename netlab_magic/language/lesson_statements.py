"""The statements of lessons as values: broken labs to repair, hints, checks."""

from typing import ClassVar

import msgspec

from netlab_magic.language.statements import Alone, Destination, Effect

__all__ = ["Check", "Checkpoint", "Hint", "Requirement", "Scenario"]


class Scenario(Alone, frozen=True):
    """`scenario list`, `scenario NAME [--seed N]`, `scenario random [--seed N]`; without a seed, `random` takes any."""

    name: str
    seed: int | None = None

    @property
    def effect(self) -> Effect:
        """See Statement."""
        return Effect.LOOKS if self.name == "list" else Effect.TURNS


class Hint(Alone, frozen=True):
    """`hint`: the next hint of the scenario."""

    usually: ClassVar[Effect] = Effect.LOOKS


class Requirement(msgspec.Struct, frozen=True):
    """`SRC DST[:PORT] ok|blocked`: what has to be so, and how many points that is worth."""

    source: str
    destination: Destination
    reachable: bool
    points: float = 1


class Check(Alone, frozen=True):
    """`check`: whether the scenario is repaired; `check NAME`: whether the lab is as far as a checkpoint; `check SRC DST[:PORT] ok|blocked
    [for N]`: one requirement, which is worth N points.
    """

    name: str | None = None
    requirements: tuple[Requirement, ...] = ()

    usually: ClassVar[Effect] = Effect.SENDS


class Checkpoint(Alone, frozen=True):
    """`checkpoint NAME`: brings the lab to a known-good state, unless it is there already."""

    name: str
