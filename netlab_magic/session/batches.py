"""A cell as stretches: what is planned together, and what stands by itself because nobody knows beforehand what it does."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from netlab_magic.language import docker_statements as d
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement

__all__ = ["Stretch", "stretches_of"]


class Stretch(NamedTuple):
    """Statements that are planned together, or one command or session statement by itself."""

    statements: list[Statement]
    alone: bool


def stretches_of(statements: Sequence[Statement]) -> Iterator[Stretch]:
    together: list[Statement] = []
    for statement in statements:
        if isinstance(statement, s.Command | s.Session | s.Attach | s.Load):
            if together:
                yield Stretch(together, alone=False)
            together = []
            yield Stretch([statement], alone=True)
        else:
            if _needs_dockers_chains(statement, together):
                yield Stretch(together, alone=False)
                together = []
            together.append(statement)
    if together:
        yield Stretch(together, alone=False)


def _needs_dockers_chains(statement: Statement, before: Sequence[Statement]) -> bool:
    """Whether a rule may stand in, or lead to, a chain that comes to be by what is before: iptables is asked about rules first."""
    return isinstance(statement, s.RuleEdit) and any(isinstance(other, d.Docker) for other in before)
