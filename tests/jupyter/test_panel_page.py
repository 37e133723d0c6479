"""What the page is told, without a lab: marks, what counts as a change, counters, and what followers hear."""

from pathlib import Path

import pytest

from netlab_magic.engines.protocol import Observed
from netlab_magic.i18n import language
from netlab_magic.iptables import save_format
from netlab_magic.jupyter.panel import page_state
from netlab_magic.jupyter.panel.observation import observation_of
from netlab_magic.jupyter.panel.page import Page, Views
from netlab_magic.jupyter.panel.rule_list import RuleList
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import Namespace, Topology

FILTER = """*filter
:INPUT ACCEPT [1:84]
:FORWARD DROP [2:168]
:OUTPUT ACCEPT [3:252]
[4:336] -A FORWARD -i docker1 -j ACCEPT
[5:420] -A FORWARD -i docker1 -j ACCEPT
COMMIT
"""
COUNTED_ON = FILTER.replace("[5:420]", "[6:504]").replace("[2:168]", "[9:756]")
EMPTY_NAT = "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [7:588]\nCOMMIT\n"


def observed(dump: str, *namespaces: str) -> Observed:
    return Observed(Topology({name: Namespace(name) for name in namespaces}), dump)


def test_each_verdict_has_a_mark_of_its_own_and_the_page_has_its_look():
    assert list(page_state.marks()) == [verdict.mark for verdict in Verdict]
    assert [mark for mark, look in page_state.marks().items() if look["class"] == "nl-ok"] == [Verdict.ANSWERED.mark]


def test_the_page_has_no_marks_of_its_own():
    script = (Path(page_state.__file__).parent / "panel.js").read_text()
    assert not [verdict.mark for verdict in Verdict if verdict.mark in script.replace("?", "")]  # a question mark is JavaScript


@pytest.mark.parametrize(
    ("later", "alike"),
    [
        (observed(FILTER), True),
        (observed(COUNTED_ON), True),
        (observed(EMPTY_NAT + FILTER), True),
        (observed("# a remark\n" + FILTER), True),
        (observed(FILTER.replace("DROP", "ACCEPT")), False),
        (observed(FILTER.replace("[5:420] -A FORWARD -i docker1", "[5:420] -A FORWARD -i docker2")), False),
        (observed(FILTER.replace("[4:336]", "[4:336] -A FORWARD -j LOG\n[4:336]")), False),
        (observed(EMPTY_NAT.replace("ROUTING ACCEPT", "ROUTING DROP") + FILTER), False),
        (observed(EMPTY_NAT.replace("COMMIT", ":MINE - [0:0]\nCOMMIT") + FILTER), False),
        (observed(FILTER, "ns0"), False),
    ],
)
def test_what_packets_count_and_tables_that_say_nothing_are_no_change(later: Observed, alike: bool):
    before = observation_of(observed(FILTER), None)
    assert observation_of(later, before).is_like(before) == alike


def test_outcomes_stay_until_pairs_are_probed_again():
    before = observation_of(observed(FILTER), None)
    outcome = Outcome(Probe("ns1", "ns0", "172.18.0.2"), Verdict.ANSWERED)
    measured = type(before)(before.seen, before.rules, (outcome,))
    assert observation_of(observed(COUNTED_ON), measured).outcomes == (outcome,)


def test_counters_have_the_keys_of_the_rules_and_the_names_of_the_chains():
    listed = RuleList("FORWARD")
    listed.follow(["-i docker1 -j ACCEPT"] * 2, lambda number: f"rule {number}")
    found = page_state.counters(save_format.parse(FILTER), listed)
    assert found["rules"] == {"-i docker1 -j ACCEPT#1": 4, "-i docker1 -j ACCEPT#2": 5}
    assert found["policies"] == {"FORWARD": 2, "INPUT": 1, "OUTPUT": 3}
    assert found["rules"].keys() == {rule["key"] for rule in page_state.rules(listed)}


def test_a_rule_taken_out_has_its_sentence_but_no_counter():
    listed = RuleList("FORWARD")
    listed.follow(["-i docker1 -j ACCEPT"] * 2, lambda number: f"rule {number}")
    listed.entries = listed.toggled("-i docker1 -j ACCEPT#2", on=False).entries
    assert [(rule["on"], rule["said"]) for rule in page_state.rules(listed)] == [(True, "rule 2"), (False, "rule 2")]
    assert list(page_state.counters(save_format.parse(FILTER), listed)["rules"]) == ["-i docker1 -j ACCEPT#1"]


def test_every_policy_that_can_be_chosen_has_its_mark_and_words():
    shown = page_state.switches(language("en"))
    assert [(choice["policy"], choice["mark"]) for choice in shown["choices"]] == [("ACCEPT", "✓"), ("DROP", "✕")]
    assert set(shown["chains"]) == set(page_state.policies(save_format.parse(FILTER)))


def test_followers_hear_of_what_is_new_and_of_nothing_else():
    page, heard = Page(), []
    page.followers.append(heard.append)
    page.tell(more=1, commands=[])
    page.tell(more=1, commands=["ls"])
    page.tell(more=1)
    assert heard == [{"more": 1, "commands": []}, {"commands": ["ls"]}]


def test_busy_is_said_once_and_only_when_something_was_said_before():
    page = Page()
    page.say_busy()
    assert page.parts == {}
    page.say("well", bad=False, alive=True, watching=False)
    page.say_busy()
    assert page.parts["status"] == {"sequence": 1, "text": "well", "bad": False, "alive": True, "watching": False, "busy": True}


def test_views_of_a_widget_go_with_it():
    views = Views()
    views.here("one a")
    views.here("two b")
    for view in views.of("one"):
        views.gone(view)
    assert views
    views.gone("two b")
    assert not views
