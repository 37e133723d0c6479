"""Read-only networks, attached or loaded: what works there, and the one sentence for what does not."""

from collections.abc import Sequence

from netlab_magic.errors import Place, StatementError
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement

__all__ = ["is_in_use", "refuse_effects"]

_WHOSE = {
    "attach": "this lab is attached to a network that is not its own",
    "load": "this lab was loaded from a file",
}

_ENDS = {"attach": ("down", "detach", "reset"), "load": ("down",), "": ("down",)}
"""What ends a network of each kind."""


def is_in_use(name: str, wanted: str, place: Place | None) -> StatementError:
    """The error for a look from a lab that is up and would be lost."""
    return StatementError(f"the lab{'' if name == 'lab' else f' {name}'} is up; look from another one: %netlab --lab look {wanted}", place)


def refuse_effects(statements: Sequence[Statement], looked_at: str) -> None:
    """Raises StatementError at the first statement that would change something, or send a packet, in a read-only network.

    `looked_at` is what the lab is before them: `attach`, `load` or "". The statements may load or attach one, and end it.
    """
    way = looked_at
    for statement in statements:
        if isinstance(statement, s.Load) and way != "attach":
            way = "load"
        elif isinstance(statement, s.Attach) and way != "load":
            way = "attach"
        elif isinstance(statement, s.Session) and statement.action in _ENDS[way]:
            way = ""
        elif way == "attach" and isinstance(statement, s.Trace):
            continue  # whoever asks for a trace asks for its packet
        elif way and statement.effect is not s.Effect.LOOKS:
            works = "show, explain, diff, why, predict and matrix --predict work here"
            raise StatementError(f"{_WHOSE[way]}: nothing is changed and no packet is sent; {works}", statement.place)
