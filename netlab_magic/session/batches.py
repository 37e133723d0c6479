"""A cell in stretches: statements planned together, and those that run alone because their effect cannot be known beforehand."""

from collections.abc import Iterator, Sequence

from netlab_magic.language import docker_statements as d
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement

__all__ = ["stretches_of"]


def stretches_of(statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    """Statements that are planned together, or one command or session statement on its own."""
    together: list[Statement] = []
    for statement in statements:
        is_alone = isinstance(statement, s.Alone)
        if together and (is_alone or _needs_dockers_chains(statement, together)):
            yield together
            together = []
        if is_alone:
            yield [statement]
        else:
            together.append(statement)
    if together:
        yield together


def _needs_dockers_chains(statement: Statement, before: Sequence[Statement]) -> bool:
    """Whether a rule may be in, or jump to, a chain that earlier statements create: iptables checks rules before anything is created."""
    return isinstance(statement, s.RuleEdit) and any(isinstance(other, d.Docker) for other in before)
