"""A cell as stretches: what is planned together, and what stands by itself because nobody knows beforehand what it does."""

from collections.abc import Iterator, Sequence

from netlab_magic.language import docker_statements as d
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement

__all__ = ["stretches_of"]


def stretches_of(statements: Sequence[Statement]) -> Iterator[list[Statement]]:
    """Statements that are planned together, or one command or session statement by itself."""
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
    """Whether a rule may stand in, or lead to, a chain that comes to be by what is before: iptables is asked about rules first."""
    return isinstance(statement, s.RuleEdit) and any(isinstance(other, d.Docker) for other in before)
