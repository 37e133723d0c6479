"""Three dialects of one tokenizer: what holds words together, what escapes, what is a comment, and where each word stands."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.laws import law

from netlab_magic.iptables.words import RESTORE, SHELL, STATEMENT, Dialect, OpenQuote, split, tokens, unquoted

PIECES = st.text(st.sampled_from("ab \t\"'\\$#1;"), max_size=14)


@pytest.mark.parametrize(
    ("line", "dialect", "words"),
    [
        ('a "b c" d', RESTORE, ["a", "b c", "d"]),
        ('a x"b c"y', RESTORE, ["a", "xb cy"]),
        (r'"say \"hi\" \a"', RESTORE, ['say "hi" a']),
        ("it's # no remark", RESTORE, ["it's", "#", "no", "remark"]),
        ('a "open b', RESTORE, ["a", "open b"]),
        ("a 'b c' \"d e\" # a remark", STATEMENT, ["a", "b c", "d e"]),
        (r'a\ b "c\d\"" e#f', STATEMENT, ["a b", r'c\d"', "e#f"]),
        ("a $HOME; b", STATEMENT, ["a", "$HOME;", "b"]),
        ("a|b>c 2>&1", SHELL, ["a", "|", "b", ">", "c", "2>&1"]),
        ("a; b # it's a remark\nc", SHELL, ["a", ";", "b", "\n", "c"]),
        ("a \\\n  b", SHELL, ["a", "b"]),
    ],
)
def test_how_a_line_is_split(line: str, dialect: Dialect, words: list[str]) -> None:
    assert split(line, dialect) == words


def test_variables_have_values_outside_of_single_quotes() -> None:
    assert unquoted("""$A-"${A}\\$A"'$A'""", SHELL, lambda name: f"<{name}>") == "<$A>-<${A}>$A$A"


@pytest.mark.parametrize("dialect", [STATEMENT, SHELL])
@pytest.mark.parametrize(("line", "column"), [("a 'b c", 2), ('a b"c', 3), ('"', 0)])
def test_an_open_quote_is_told_with_its_column(line: str, column: int, dialect: Dialect) -> None:
    with pytest.raises(OpenQuote) as raised:
        split(line, dialect)
    assert raised.value.place
    assert raised.value.place.column == raised.value.start <= column


@given(PIECES)
@law(500)
def test_a_word_stands_where_it_says_it_does(line: str) -> None:
    for dialect in (RESTORE, STATEMENT, SHELL):
        try:
            found = list(tokens(line, dialect))
        except OpenQuote:
            continue
        assert [line[token.start : token.end] for token in found] == [token.text for token in found]
        assert [unquoted(token.text, dialect) for token in found] == split(line, dialect)


@given(st.lists(st.text("ab \t\"'\\$#1;", max_size=6), max_size=4))
@law(500)
def test_what_is_quoted_for_a_shell_is_read_back(words: list[str]) -> None:
    assert split(shlex.join(words), SHELL) == words
    assert split(shlex.join(words), STATEMENT) == words
