"""`explain` in a lab and in a notebook: rules and chains of the kernel, the language, and what mistakes are answered with."""

from collections.abc import Iterator

import pytest
from IPython.core.completer import provisionalcompleter
from support.shell import run
from traitlets import TraitError

from netlab_magic import Lab
from netlab_magic.errors import StatementError
from netlab_magic.iptables import save_format
from netlab_magic.language.parser import parse
from netlab_magic.session.explain import explained
from netlab_magic.session.results.base import Result

RULES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i docker1 -o docker1 -j ACCEPT
-A FORWARD -m comment --comment "<b>bold & \\"said\\"</b>" -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
COMMIT
"""


def explain(line: str, language: str = "en") -> Result:
    [statement] = parse(line)
    return explained(statement, save_format.parse(RULES), language)


ANSWERS = [
    ("explain FORWARD 1", "FORWARD 1: -i docker1 -o docker1 -j ACCEPT"),
    ("explain FORWARD", "FORWARD (filter)"),
    ("explain DOCKER", "DOCKER (nat)"),
    ("explain -t nat PREROUTING 1", "PREROUTING 1: -m addrtype --dst-type LOCAL -j DOCKER"),
    ("explain PREROUTING", "PREROUTING (nat)"),
    ("explain -t raw OUTPUT", "OUTPUT (raw)"),
    ("explain -t nat", "nat"),
]


@pytest.mark.parametrize(("line", "first"), ANSWERS)
def test_a_chain_is_found_in_the_table_that_has_it_filter_first(line: str, first: str) -> None:
    assert str(explain(line)).splitlines()[0] == first


def test_a_table_says_what_its_chains_are_for_and_what_in_it_can_never_matter() -> None:
    lines = ["-A INPUT -s 10.0.0.0/8 -j DROP", "-A INPUT -s 10.1.0.0/16 -j ACCEPT", "-A OLD -j OLDER"]
    text = "\n".join(["*filter", ":INPUT ACCEPT [0:0]", ":OLD - [0:0]", ":OLDER - [0:0]", *lines, "COMMIT", ""])
    [statement] = parse("explain -t filter")
    told = explained(statement, save_format.parse(text), "en")
    assert str(told).splitlines()[1].startswith("  INPUT  2 rules.")
    assert str(told).splitlines()[4:] == [
        "  No packet gets to the chains OLD and OLDER: no reachable rule jumps there.",
        "  Rule 2 of INPUT can never match: rule 1 takes all its packets.",
    ]
    assert "<th>OLDER</th>" in told.html()
    [statement] = parse("explain INPUT")
    note = "  Rule 2 can never match: an earlier rule takes all its packets."
    assert note in str(explained(statement, save_format.parse(text), "en")).splitlines()


UNMET = [
    ("explain FORWARD", [2], "  No flow in this lab matches rule 2."),
    ("explain FORWARD", [1, 2], "  No flow in this lab matches any of its rules."),
    (
        "explain FORWARD 2",
        [2],
        "  No flow in this lab matches it: neither requests between its namespaces or to the Internet, nor their replies.",
    ),
    ("explain FORWARD", [], None),
    ("explain FORWARD 1", [2], None),
]


@pytest.mark.parametrize(("line", "numbers", "note"), UNMET)
def test_rules_that_no_flow_of_the_lab_meets_are_told_of(line: str, numbers: list[int], note: str | None) -> None:
    [statement] = parse(line)
    told = explained(statement, save_format.parse(RULES), "en", [("filter", "FORWARD", number) for number in numbers])
    assert [text for text in str(told).splitlines() if "No flow" in text] == ([note] if note else [])


def test_a_lab_works_out_what_no_flow_meets(lab: Lab) -> None:
    lab.run("bridge docker1 172.18.0.1/16\nns ns0 172.18.0.2/16 on docker1\nns ns1 172.18.0.3/16 on docker1")
    lab.run("forward -i docker1 -o docker1 -j ACCEPT\nforward -i docker9 -j DROP")
    assert "  No flow in this lab matches rule 2." in str(lab.run("explain FORWARD")).splitlines()


MISTAKES = [
    ("explain", "chain is missing: explain [-6] [-t TABLE] CHAIN [N]", None),
    ("explain FORWARDS", "there is no chain FORWARDS; did you mean FORWARD?", "FORWARDS"),
    ("explain FORWARD 3", "the chain FORWARD has no rule 3; it has 2 rules", "3"),
    ("explain FORWARD 0", "0 is not the number of a rule; rules are counted from 1", "0"),
    ("explain FORWARD two", "two is not the number of a rule; rules are counted from 1", "two"),
    ("explain FORWARD 1 2", "2 is one word too many: explain [-6] [-t TABLE] CHAIN [N]", "2"),
    ("explain -t nat FORWARD", "the table nat has no chain FORWARD", "FORWARD"),
    ("explain -t natt FORWARD", "natt is no table; did you mean nat?", "natt"),
]


@pytest.mark.parametrize(("line", "sentence", "word"), MISTAKES)
def test_a_mistake_is_one_sentence_with_a_caret_under_the_word(line: str, sentence: str, word: str | None) -> None:
    with pytest.raises(StatementError) as error:
        explain(line)
    assert error.value.message.startswith(sentence)
    place = error.value.place
    assert place is not None
    if word:
        assert place.source[place.column : place.column + place.width] == word


@pytest.mark.parametrize("line", ["explain FORWARD", "explain FORWARD 2"])
def test_a_comment_is_quoted_and_escaped(line: str) -> None:
    result = explain(line)
    assert "<b>bold" not in result.html()
    assert "Its comment reads “&lt;b&gt;bold &amp; &quot;said&quot;&lt;/b&gt;”." in result.html()


def test_a_chain_unfolds_its_rules_to_their_situations_and_names_its_language() -> None:
    html = explain("explain FORWARD", "zh_TW").html()
    assert html.startswith('<div lang="zh-TW">')
    assert html.count("<details>") == 2
    assert "這讓 docker1 上的容器可以互相連線。" in html


@pytest.mark.kernel
def test_a_lab_explains_what_the_kernel_has(lab: Lab) -> None:
    lab.bridge("docker1", "172.18.0.1/16")
    lab.masquerade("172.18.0.0/16", except_="docker1")
    lab.forward("-i docker1 ! -o docker1 -j ACCEPT")
    assert "This is the way out: containers on docker1" in str(lab.explain("FORWARD", 1))
    assert "Matches packets that come from 172.18.0.0/16" in str(lab.explain("POSTROUTING", table="nat"))
    lab.language = "zh_TW"
    assert "這是對外的出路" in str(lab.explain("FORWARD", 1))
    with pytest.raises(StatementError, match="did you mean FORWARD"):
        lab.explain("FORWADR")


def test_a_lab_speaks_only_languages_that_there_are() -> None:
    assert Lab(language="zh_TW").language == "zh_TW"
    with pytest.raises(StatementError, match="choose en or zh_TW"):
        Lab(language="fr")


@pytest.fixture
def speaking(shell, monkeypatch: pytest.MonkeyPatch) -> Iterator:
    """A notebook's shell and its magics, in an environment that asks for Traditional Chinese."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "zh_TW.UTF-8")
    return shell, shell.magics_manager.registry["NetlabMagics"]


@pytest.mark.kernel
def test_the_notebooks_language_is_the_environments_until_it_is_configured(speaking) -> None:
    shell, _ = speaking
    assert "比對所有封包。" in str(run(shell, "%%netlab\nforward -j ACCEPT\nexplain FORWARD 1"))
    run(shell, "%config NetlabMagics.language = 'en'")
    assert "Matches every packet." in str(run(shell, "%netlab explain FORWARD 1"))


def test_a_language_that_is_not_there_cannot_be_configured(speaking) -> None:
    _, magics = speaking
    with pytest.raises(TraitError):
        magics.language = "fr"


@pytest.mark.kernel
def test_tab_completes_chains(speaking) -> None:
    shell, _ = speaking
    run(shell, "%%netlab\nbridge docker1 172.18.0.1/16")
    for text, expected in [("%%netlab\nexpl", ["explain"]), ("%%netlab\nexplain FOR", ["FORWARD"]), ("%netlab explain -t na", ["nat"])]:
        with provisionalcompleter():
            assert [found.text for found in shell.Completer.completions(text, len(text))] == expected, text
