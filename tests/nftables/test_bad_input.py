"""What nft did not print, or not to the end: one sentence with its line, or kept and told; never a traceback."""

import random

import pytest
from support.nft_corpus import DATA, TEXTS, read

from netlab_magic.errors import StatementError
from netlab_magic.nftables import parse
from netlab_magic.nftables.text.statement_parser import read_rule

TABLE = "table ip filter {\n\tchain input {\n\t\ttype filter hook input priority filter; policy drop;\n\t\ttcp dport 22 accept\n\t}\n}\n"

REFUSED = [
    (TABLE[:-2], "line 1: table ip filter {", "has no closing brace"),
    (TABLE[:60], "line 2: ", "has no closing brace"),
    (TABLE + "}\n", "line 7: }", "a closing brace too many"),
    (TABLE.replace("table ip ", "table ipx "), "line 1: table ipx filter {", "there is no family ipx"),
    ("hello\n" + TABLE, "line 1: hello", "this is not a line that nft list ruleset prints: hello"),
    (TABLE.replace("\tchain", "\tfrobnicate\n\tchain"), "line 2: ", "this is not a line of a table: frobnicate"),
    (TABLE.replace("filter;", "early;"), "line 3: ", "this is not a base chain's line"),
    (TABLE + TABLE, "line 12: ", "the table ip filter is there twice"),
    ('{"nftables"', "", "this is not JSON"),
    ("{" * 100_000, "", "this is not JSON"),
    ('{"a": 1}', "", "this is not the JSON of nft -j"),
    ('{"nftables": [{"table": {"family": "ipx", "name": "t"}}]}', "", "object 1 is not one that nft lists"),
    ('{"nftables": [5]}', "", "object 1 is not one that nft lists"),
    (b"table ip x {\n\xff\n}\n", "", "line 2: this is not UTF-8"),
]


@pytest.mark.parametrize(("text", "place", "sentence"), REFUSED)
def test_strict_reading_says_what_and_where(text, place, sentence):
    with pytest.raises(StatementError) as refused:
        parse(text)
    assert sentence in refused.value.message
    assert place in str(refused.value)


@pytest.mark.parametrize(("text", "place", "sentence"), REFUSED)
def test_lenient_reading_tells_it(text, place, sentence):
    found = parse(text, strict=False)
    assert any(sentence in problem for problem in found.problems)
    assert all(isinstance(line, str) for line in str(found).splitlines())


def test_one_bad_part_costs_nothing_else():
    bad = TABLE.replace("\t\ttcp dport 22 accept\n\t}\n", "\t\ttcp dport { 22 accept\n").replace("ip filter", "ip broken")
    found = parse(bad + TABLE, strict=False)
    assert found.table("ip", "filter") == parse(TABLE).table("ip", "filter")
    assert found.problems


def test_a_block_that_is_not_understood_is_kept_and_told():
    text = "table ip filter {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 1.1.1.300 }\n\t}\n\n\ttunnel t {\n\t\tid 5\n\t}\n}\n"
    found = parse(text)
    assert str(found) == text
    assert [part.chain for part in found.not_understood()] == ["set s", "tunnel t"]


def refusal(text: str) -> str:
    """What strict reading says of a text; nothing where it takes it."""
    try:
        parse(text)
    except StatementError as refused:
        return str(refused)
    return ""


PATHOLOGICAL = [
    "table ip x {\n\tchain c {\n\t\tmeta mark set " + "(" * 50_000 + "\n\t}\n}\n",
    "table ip x {\n\tchain c {\n\t\tmeta mark set " + "meta mark | " * 50_000 + "1\n\t}\n}\n",
    "table ip x {\n\tchain c {\n\t\tip saddr " + "{ " * 50_000 + "\n\t}\n}\n",
    "table ip x {\n\tchain c {\n\t\ttcp dport " + "1-" * 50_000 + "\n\t}\n}\n",
    "table ip x {\n\tchain c {\n\t\tcounter packets " + "9" * 10_000 + " bytes 1\n\t}\n}\n",
    "table ip x {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { " + "1.1.1.1 . " * 50_000 + "}\n\t}\n}\n",
    "table ip x {\n" * 20_000,
    "}\n" * 20_000,
    '"' * 100_001,
    "table ip " + "x" * 1_000_000,
    '{"nftables": ' + "[" * 100_000,
    '{"nftables": [{"rule": {"family": "ip", "table": "t", "chain": "c", "expr": [{"mangle": {"key": {"meta": {"key": "mark"}}, "value": '
    + '{"|": [1, ' * 500
    + "1"
    + "]}" * 500
    + "}}]}}]}",
]


@pytest.mark.parametrize("text", PATHOLOGICAL, ids=range(len(PATHOLOGICAL)))
def test_nothing_is_too_deep_or_too_long(text):
    str(parse(text, strict=False))
    assert len(refusal(text)) < 1000


@pytest.mark.parametrize("name", TEXTS)
def test_torn_listings_are_refused_or_read(name):
    """Whatever is cut out, put in or turned round, strict reading raises one kind of error and lenient reading none."""
    chance = random.Random(name)  # noqa: S311
    lines = (DATA / name).read_text().split("\n")
    for _ in range(15):
        start = chance.randrange(len(lines))
        torn = "\n".join(lines[start : start + chance.randrange(1, 60)])
        place = chance.randrange(len(torn) + 1)
        torn = torn[:place] + chance.choice('{}"\\#;:.,()[]@-/* \n\t\0é0a') + torn[place + chance.randrange(3) :]
        found = parse(torn, strict=False)
        assert parse(str(found), strict=False).tables == found.tables or found.problems
        assert not refusal(torn) or "line " in refusal(torn) or "JSON" in refusal(torn)


@pytest.mark.parametrize("name", TEXTS)
def test_every_rule_may_be_cut_off_anywhere(name):
    cut = {rule.raw[:place] for table in read(name).tables for chain in table.chains for rule in chain.rules for place in _ends(rule.raw)}
    for text in cut:
        statements, _ = read_rule(text, "inet")
        assert statements or not text.strip() or text.startswith("comment")


def _ends(text: str) -> list[int]:
    return [place for place, char in enumerate(text) if char == " "][:40]
