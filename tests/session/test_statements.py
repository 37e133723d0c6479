"""Every row of the table of statements has what follows from it: a method of Lab, a step, examples that can be read."""

import pytest

from netlab_magic import Lab
from netlab_magic.language import parser
from netlab_magic.language import statements as s
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.session import runner
from netlab_magic.session.step import step_of

READABLE = [example for syntax in SYNTAX.values() for example in syntax.examples if "<<" not in example]


IN_A_CELL = {"panel", "capture"}
"""What needs a notebook, and what lasts as long as the cell that it is in."""


@pytest.mark.parametrize("word", sorted(set(SYNTAX) - IN_A_CELL))
def test_a_statement_is_a_method_of_a_lab(word: str) -> None:
    assert callable(getattr(Lab, word))


@pytest.mark.parametrize("example", READABLE)
def test_an_example_of_help_is_a_statement_with_a_step(example: str) -> None:
    [statement] = parser.parse(example)
    assert callable(runner.run), "the runner has registered all steps"
    assert isinstance(statement, s.Alone) or step_of.dispatch(type(statement)) is not step_of.dispatch(object)


def test_every_statement_with_words_has_an_example() -> None:
    without = {word for word, syntax in SYNTAX.items() if not syntax.examples and syntax.form != word}
    assert without == {"diff", "help"}
