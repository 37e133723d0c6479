"""What surrounds a text where it is pasted changes nothing about what is read of it."""

import html
from collections.abc import Callable

import pytest
from engines.test_dump_forms import FORMS, Form, facts
from hypothesis import given
from hypothesis import strategies as st
from support.laws import law

from netlab_magic.engines.dump.host_dump import Source
from netlab_magic.engines.dump.read import read

Decoration = Callable[[list[str]], list[str]]


def each(pattern: str) -> Decoration:
    """Something before or behind every line."""
    return lambda lines: [pattern.format(line) for line in lines]


DECORATIONS: dict[str, Decoration] = {
    "quoted": each("> {}"),
    "quoted twice": each(">> {}"),
    "another end of line": each("{}\r"),
    "blanks that do not break": lambda lines: [line.replace(" ", "\N{NO-BREAK SPACE}") for line in lines],
    "times of a pipeline": each("2025-11-03T10:00:00.1234567Z {}"),
    "journal": each("Nov 03 10:00:00 gw fw[812]: {}"),
    "compose": each("gw-1  | {}"),
    "coloured": each("\x1b[0;32m{}\x1b[0m"),
    "in a fence": lambda lines: ["```text", *lines, "```"],
    "indented": each("    {}"),
    "numbered": lambda lines: [f"{number:6}\t{line}" for number, line in enumerate(lines, 1)],
    "in HTML": lambda lines: ["<pre><code>", *map(html.escape, lines), "</code></pre>"],
    "byte order mark": lambda lines: [f"\ufeff{lines[0]}", *lines[1:]],
    "blanks behind": each("{}   "),
    "in prose": lambda lines: ["Hello, please help me with this:", "", *lines, "", "Thanks in advance, and have a nice day"],
}
DECORATED_ALREADY = (
    *("wrap", "broke", "cut off", "left out", "quoted", "HTML", "number", "journal", "pipeline", "ansible", "compose", "grep -n", "blanks"),
    *("everything", "anonymised", "forum", "indent"),
)
PLAIN = [form for form in FORMS if "\n" in form.text.strip() and not any(word in form.name for word in DECORATED_ALREADY)]


def read_of(text: str) -> set[str]:
    return {fact for fact in facts(read([Source("pasted", text)])) if " ".join(fact.split()[:3]).find("remark") < 0}


@pytest.mark.parametrize("decoration", sorted(DECORATIONS))
def test_a_decorated_text_gives_what_the_plain_one_gives(decoration: str) -> None:
    for form in PLAIN:
        decorated = "\n".join(DECORATIONS[decoration](form.text.strip("\n").split("\n")))
        assert read_of(decorated) == read_of(form.text), form.name


@given(st.sampled_from(PLAIN), st.lists(st.sampled_from(sorted(DECORATIONS)), min_size=2, max_size=3, unique=True))
@law(100)
def test_so_do_several_decorations(form: Form, chosen: list[str]) -> None:
    lines = form.text.strip("\n").split("\n")
    for name in chosen:
        lines = DECORATIONS[name](lines)
    assert read_of("\n".join(lines)) == read_of(form.text)


@given(st.sampled_from(PLAIN), st.sampled_from(PLAIN))
@law(100)
def test_what_follows_costs_nothing_of_what_stands_before(first: Form, second: Form) -> None:
    together = read_of(f"{first.text}\n\nAnd this is the other thing:\n\n{second.text}")
    kinds = {fact.split()[0] for fact in read_of(second.text)}
    alone = {fact for fact in read_of(first.text) if fact.split()[0] not in kinds}
    assert alone <= together
