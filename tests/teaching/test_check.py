"""`check` with requirements of one's own: points, sentences, and what it is worth when nothing works."""

from collections.abc import Iterator

import pytest
from support.labs import SEED

from netlab_magic import Lab, NetlabError
from netlab_magic.session.results.base import CellResult


@pytest.fixture
def lab() -> Iterator[Lab]:
    """The lab of the tutorial, simulated."""
    with Lab(engine="simulated") as made:
        made.run(SEED)
        yield made


def test_points_and_a_sentence_for_each(lab):
    lab.run("policy FORWARD DROP\nforward -i docker1 -o docker1 -j ACCEPT")
    found = lab.check("ns1 ns0 ok for 2", "ns1 internet ok", "internet ns0 blocked for 0.5")
    assert (found.points, found.maximum, found.passed, bool(found)) == (2.5, 3.5, False, False)
    assert [(one.points, one.sentence) for one in found.criteria] == [
        (2, "ns1 → ns0 gets through"),
        (0, "ns1 → internet has to get through, and does not: blocked"),
        (0.5, "internet → ns0 does not get through, as it should be"),
    ]
    assert str(found).endswith("2.5 of 3.5 points")
    assert "✕" in str(found.html())


def test_what_is_closed_counts_only_when_something_works(lab):
    lab.run("delete docker1")
    found = lab.check("ns1 ns0 ok", "ns1 internet blocked")
    assert found.points == 0
    assert "counts when something that must get through does" in found.criteria[1].sentence


def test_requirements_that_forbid_alone_count(lab):
    lab.policy("FORWARD", "DROP")
    assert lab.check("ns1 ns0 blocked").points == 1


def test_a_port_that_nobody_listens_on_is_not_closed(lab):
    assert not lab.check("ns1 ns0 ok", "ns1 ns0:22 blocked")
    lab.forward("-p tcp --dport 22 -j REJECT --reject-with tcp-reset")
    assert lab.check("ns1 ns0 ok", "ns1 ns0:22 blocked")


def test_in_a_cell(lab):
    found = lab.run("check ns1 ns0 ok for 2\ncheck ns1 internet ok")
    assert isinstance(found, CellResult)
    assert [one.points for one in found] == [2, 1]


@pytest.mark.parametrize(
    ("text", "sentence", "word"),
    [
        ("ns1 ns0", "outcome is missing", ""),
        ("ns1 ns9 ok", "there is no namespace ns9; did you mean", "ns9"),
        ("ns1 ns0 okay", "okay is no outcome; did you mean ok?", "okay"),
        ("ns1 ns0 ok for many", "many is not a number of points", "many"),
        ("ns1 ns0 ok for 2 points", "points is one word too many", "points"),
        ("gateway", "a requirement is SRC DST[:PORT] ok|blocked [for N]", ""),
    ],
)
def test_a_mistake_is_one_sentence(lab, text: str, sentence: str, word: str):
    with pytest.raises(NetlabError) as caught:
        lab.check(text)
    assert sentence in caught.value.message
    if word:
        place = caught.value.place
        assert place is not None
        assert place.source[place.column : place.column + place.width] == word
