"""What the page is told, without a lab: marks, pairs, what counts as a change, and what followers hear."""

from pathlib import Path

import pytest

from netlab_magic.engines.protocol import ForeignRules, Inside, Observed
from netlab_magic.i18n import language
from netlab_magic.jupyter.panel import page_state
from netlab_magic.jupyter.panel.observation import observation_of
from netlab_magic.jupyter.panel.page import Page, Views
from netlab_magic.model.packet_path import Event, PacketPath, PathStep
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import Namespace, Topology
from netlab_magic.session.state import Seen

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


NFT = """table inet fw { # handle 1
	set seen { # handle 2
		type ipv4_addr
		flags dynamic
		elements = { 10.0.0.1 }
	}
	chain forward { # handle 3
		type filter hook forward priority filter; policy drop;
		counter packets 1 bytes 84 accept # handle 4
	}
}
"""
OTHER = "# made on Monday\n*filter\n:FORWARD DROP [1:84]\nCOMMIT\n"


def observed(dump: str, *namespaces: str, six: str = "", nft: str = "", other: str = "", inside: Inside | None = None) -> Seen:
    topology = Topology({name: Namespace(name) for name in namespaces})
    foreign = [ForeignRules("nftables", nft, ("inet fw",))] if nft else []
    foreign += [ForeignRules("nft", other)] if other else []
    return Seen(Observed(topology, dump, tuple(foreign), {"ns0": inside} if inside else {}, six))


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
        (observed(FILTER, six=EMPTY_NAT), True),
        (observed(FILTER, six=FILTER), False),
        (observed(FILTER, nft=NFT), False),
        (observed(FILTER, other=OTHER), False),
        (observed(FILTER, inside=Inside()), False),
    ],
)
def test_what_packets_count_and_tables_that_say_nothing_are_no_change(later: Seen, alike: bool):
    before = observation_of(observed(FILTER), None)
    assert observation_of(later, before).is_like(before) == alike


@pytest.mark.parametrize(
    ("before", "later", "alike"),
    [
        (observed("", nft=NFT), observed("", nft=NFT.replace("packets 1 bytes 84", "packets 2 bytes 168")), True),
        (observed("", nft=NFT), observed("", nft=NFT.replace("10.0.0.1", "10.0.0.2")), True),  # a rule has put it there
        (observed("", nft=NFT), observed("", nft=NFT.replace("dynamic", "interval")), False),
        (observed("", nft=NFT), observed("", nft=NFT.replace("policy drop", "policy accept")), False),
        (observed("", nft=NFT), observed("", nft=NFT.replace(" accept #", " drop #")), False),
        (observed("", six=FILTER), observed("", six=COUNTED_ON), True),
        (observed("", six=FILTER), observed("", six=FILTER.replace("DROP", "ACCEPT")), False),
        (observed("", other=OTHER), observed("", other=OTHER.replace("[1:84]", "[2:168]").replace("Monday", "Tuesday")), True),
        (observed("", other=OTHER), observed("", other=OTHER.replace("DROP", "ACCEPT")), False),
        (observed("", inside=Inside(rules=FILTER)), observed("", inside=Inside(rules=COUNTED_ON)), True),
        (observed("", inside=Inside(rules=FILTER)), observed("", inside=Inside(rules6=FILTER)), False),
        (observed("", inside=Inside()), observed("", inside=Inside(sysctls={"net.ipv4.icmp_echo_ignore_all": "1"})), False),
    ],
)
def test_a_change_of_any_rules_is_one(before: Seen, later: Seen, alike: bool):
    first = observation_of(before, None)
    assert observation_of(later, first).is_like(first) == alike
    assert observation_of(before, observation_of(later, first)).is_like(first)


def test_outcomes_stay_until_pairs_are_probed_again():
    before = observation_of(observed(FILTER), None)
    outcome = Outcome(Probe("ns1", "ns0", "172.18.0.2"), Verdict.ANSWERED)
    measured = type(before)(before.seen, before.filters, (outcome,))
    assert observation_of(observed(COUNTED_ON), measured).outcomes == (outcome,)


def test_a_step_in_a_chain_of_the_host_says_which_chain_and_which_rules():
    path = PacketPath((
        PathStep(Event.LEAVES, "ns1", "eth0"),
        PathStep(Event.PASSED, "host", hook="FORWARD", table="filter", chain="FORWARD", rule=2, last=14),
        PathStep(Event.RULE, "host", hook="FORWARD", table="inet fw", chain="forward", rule=1, outcome="ACCEPT"),
        PathStep(Event.END, "host", hook="FORWARD", table="inet fw", chain="forward", outcome="ACCEPT"),
        PathStep(Event.RULE, "ns0", hook="INPUT", table="filter", chain="INPUT", rule=1, outcome="ACCEPT"),
    ))
    four, six = (page_state.steps(path, {}, language("en"), six=six) for six in (False, True))
    assert [(step["at"], step["rules"]) for step in four[:1]] == [(None, [])]
    assert (four[1]["at"], four[1]["rules"]) == ({"program": "iptables", "table": "filter", "chain": "FORWARD"}, [2, 14])
    assert six[1]["at"] == {"program": "ip6tables", "table": "filter", "chain": "FORWARD"}
    assert (four[2]["at"], four[2]["rules"]) == ({"program": "nft", "table": "inet fw", "chain": "forward"}, [1, 1])
    assert (six[3]["at"], six[3]["rules"]) == (four[2]["at"], [])
    assert four[4]["at"] is None


def test_each_version_of_ip_has_a_table_of_pairs_and_a_number_in_the_summary():
    say = language("en")
    four = Outcome(Probe("ns1", "ns0", "172.18.0.2"), Verdict.ANSWERED)
    six = Outcome(Probe("ns1", "ns0", "fd18::2"), Verdict.BLOCKED)
    found = page_state.pairs([four, six], say)
    assert [(table["version"], table["cells"]["ns1>ns0"]["mark"]) for table in found["tables"]] == [("IPv4", "✓"), ("IPv6", "✕")]
    assert found["tables"][1]["cells"]["ns1>ns0"]["words"] == "ns1 → ns0 (IPv6): blocked"
    said = page_state.summary("inet fw forward", "drop", [four, six], say)
    assert said == "inet fw forward policy drop: 1 of 1 flows are answered over IPv4, 0 of 1 over IPv6."
    assert page_state.summary("DOCKER-USER", "", [four], say) == "DOCKER-USER: 1 of 1 flows are answered."


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
