"""The chain that the panel shows: what can be chosen, what is shown of it, and which one it is where nobody chose. Pure."""

import pytest

from netlab_magic.engines.protocol import ForeignRules, Observed
from netlab_magic.i18n import language
from netlab_magic.jupyter.panel import chain_state, page_state
from netlab_magic.jupyter.panel.chain_place import FORWARD, ChainPlace
from netlab_magic.jupyter.panel.chooser import Chooser, usual
from netlab_magic.jupyter.panel.host_chains import chain_at, chains_of, programs, tables_of
from netlab_magic.jupyter.panel.rule_list import RuleList
from netlab_magic.model.topology import Topology
from netlab_magic.nftables import parse
from netlab_magic.session.state import Seen

SAY = language("en")
EMPTY = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"
FILTER = """*filter
:INPUT ACCEPT [1:84]
:FORWARD DROP [2:168]
:OUTPUT ACCEPT [3:252]
:DOCKER - [0:0]
[4:336] -A FORWARD -i docker1 -j ACCEPT
[5:420] -A FORWARD -i docker1 -j ACCEPT
COMMIT
"""
NAT = "*nat\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [7:588]\n[1:84] -A POSTROUTING -j MASQUERADE\nCOMMIT\n"
OWN = """table inet fw {
	counter web {
		packets 9 bytes 756
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
		ct state established accept
		ip saddr 172.18.0.2 counter packets 3 bytes 252 accept comment "counter packets 1 bytes 1"
		tcp dport 80 counter name "web" jump inner
	}
	chain inner {
		accept
	}
}
"""
DOCKER = """table ip docker-bridges {
	chain filter-FORWARD {
		type filter hook forward priority filter; policy accept;
		oifname vmap @filter-forward-in-jumps
	}
}
"""
OWNED = "table inet mine {\n\tflags owner\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy drop;\n\t}\n}\n"
NATIVE = ChainPlace("nft", "inet fw", "forward")
INNER = ChainPlace("nft", "inet fw", "inner")
OF_DOCKER = ChainPlace("nft", "ip docker-bridges", "filter-FORWARD")


def seen(rules: str = EMPTY, six: str = "", nft: str = "") -> Seen:
    titles = tuple(table.title for table in parse(nft).tables)
    return Seen(Observed(Topology(), rules, (ForeignRules("nftables", nft, titles),) if nft else (), rules6=six))


@pytest.mark.parametrize(
    ("lab", "place"),
    [
        (seen(""), FORWARD),
        (seen(), FORWARD),
        (seen(FILTER), FORWARD),
        (seen(FILTER, nft=OWN), FORWARD),
        (seen(nft=OWN), NATIVE),
        (seen(nft=DOCKER), OF_DOCKER),
        (seen(nft=DOCKER + OWN), NATIVE),
        (seen(six=FILTER), ChainPlace("ip6tables", "filter", "FORWARD")),
        (seen(six=FILTER, nft=OWN), NATIVE),
        (seen(FILTER, six=FILTER), FORWARD),
    ],
)
def test_what_filters_forwarded_packets_is_shown_first(lab: Seen, place: ChainPlace) -> None:
    assert usual(lab) == place


def test_everything_that_filters_can_be_chosen() -> None:
    lab = seen(NAT + FILTER, six=FILTER, nft=OWN + DOCKER)
    assert programs(lab) == ["iptables", "ip6tables", "nft"]
    assert [tables_of(lab, program) for program in programs(lab)] == [["nat", "filter"], ["filter"], ["inet fw", "ip docker-bridges"]]
    assert [chain.place.name for chain in chains_of(lab, "iptables", "filter")] == ["INPUT", "FORWARD", "OUTPUT", "DOCKER"]
    assert [chain.place for chain in chains_of(lab, "nft", "inet fw")] == [NATIVE, INNER]
    assert chains_of(lab, "nft", "inet gone") == []
    assert tables_of(seen(""), "iptables") == ["filter"]
    assert [chain.place.name for chain in chains_of(seen(""), "iptables", "filter")] == ["INPUT", "FORWARD", "OUTPUT"]


def test_a_choice_stays_goes_with_its_chain_and_comes_back_with_it() -> None:
    both, chooser = seen(FILTER, nft=OWN), Chooser()
    chooser.follow(both, keeps=False)
    assert chooser.shown == FORWARD
    assert chooser.choose(both, "nft", "inet fw", "inner")
    chooser.follow(both, keeps=False)
    assert chooser.shown == INNER
    chooser.follow(seen(FILTER), keeps=False)
    assert chooser.shown == FORWARD
    chooser.follow(both, keeps=False)
    assert chooser.shown == INNER


def test_a_program_or_table_alone_is_shown_where_it_was_looked_at_last() -> None:
    lab, chooser = seen(NAT + FILTER, nft=DOCKER + OWN), Chooser()
    assert chooser.choose(lab, "nft")
    assert chooser.shown == NATIVE
    assert chooser.choose(lab, "nft", "inet fw", "inner")
    assert chooser.choose(lab, "iptables", "nat")
    assert chooser.shown.name in ("PREROUTING", "POSTROUTING")
    assert chooser.choose(lab, "nft")
    assert chooser.shown == INNER
    assert not chooser.choose(lab, "nft", "inet gone")
    assert not chooser.choose(seen(), "nft")
    assert chooser.shown == INNER


def test_without_a_choice_a_chain_that_still_says_something_stays() -> None:
    chooser = Chooser()
    chooser.follow(seen(nft=OWN), keeps=False)
    assert chooser.shown == NATIVE
    chooser.follow(seen(FILTER, nft=OWN), keeps=False)
    assert chooser.shown == NATIVE
    chooser.follow(seen(FILTER), keeps=False)
    assert chooser.shown == FORWARD
    chooser.follow(seen(EMPTY, nft=OWN), keeps=True)  # its rules are taken out, and listed
    assert chooser.shown == FORWARD


def test_rules_are_told_from_what_they_have_counted() -> None:
    native = chain_at(seen(nft=OWN), NATIVE)
    assert native is not None
    assert [rule.spec for rule in native.rules()] == [
        "ct state established accept",
        'ip saddr 172.18.0.2 counter accept comment "counter packets 1 bytes 1"',
        'tcp dport 80 counter name "web" jump inner',
    ]
    assert native.packets() == [None, 3, 9]
    assert [rule.leads_to for rule in native.rules()] == [(), (), ("inner",)]
    of_iptables = chain_at(seen(FILTER), FORWARD)
    assert of_iptables is not None
    assert (of_iptables.packets(), of_iptables.passed) == ([4, 5], 2)


def test_a_rule_that_nft_prints_in_part_is_not_to_be_taken_out() -> None:
    lab = seen(nft='table ip filter {\n\tchain extra {\n\t\txt match "recent" accept\n\t\taccept\n\t}\n}\n')
    chain = chain_at(lab, ChainPlace("nft", "ip filter", "extra"))
    assert chain is not None
    listed = RuleList(chain.place)
    listed.follow(chain.rules(), lambda number: f"rule {number}")
    assert [bool(rule["locked"]) for rule in page_state.rules(listed, "", SAY)] == [True, False]


def test_chains_that_a_rule_leads_to_can_be_gone_to_as_long_as_it_is_there() -> None:
    lab = seen("*filter\n:FORWARD ACCEPT [0:0]\n:OWN - [0:0]\n-A FORWARD -j OWN\n-A FORWARD -g OWN\n-A FORWARD -j DROP\nCOMMIT\n")
    chain, listed = chain_at(lab, FORWARD), RuleList(FORWARD)
    assert chain is not None
    listed.follow(chain.rules(), lambda number: f"rule {number}")
    listed.entries = listed.toggled("-j OWN#1", on=False).entries
    assert [list(rule["leads_to"]) for rule in page_state.rules(listed, "", SAY)] == [[], ["OWN"], []]


def test_the_switches_are_those_of_the_table_and_say_why_where_there_is_none() -> None:
    def shown(lab: Seen, place: ChainPlace) -> list[tuple[str, list[str], str]]:
        chains = chain_state.switches(lab, place, False, SAY)["chains"]
        return [(each["name"], [one["policy"] for one in each["choices"] if not one["off"]], each["off"]) for each in chains]

    assert shown(seen(FILTER), FORWARD) == [(name, ["ACCEPT", "DROP"], "") for name in ("FORWARD", "INPUT", "OUTPUT")]
    assert shown(seen(nft=OWN), NATIVE) == [("forward", ["accept", "drop"], "")]
    inner, forward = shown(seen(nft=OWN), INNER)
    assert inner[:2] == ("inner", [])
    assert "not a base chain" in inner[2]
    assert forward == ("forward", ["accept", "drop"], "")
    ((_, choices, why),) = shown(seen(NAT), ChainPlace("iptables", "nat", "POSTROUTING"))
    assert choices == ["ACCEPT"]
    assert "nat is not meant for filtering" in why
    ((_, choices, why),) = shown(seen(nft=OWNED), ChainPlace("nft", "inet mine", "forward"))
    assert choices == []
    assert "owns it" in why
    assert chain_state.policies(seen(FILTER), FORWARD) == {"FORWARD": "DROP", "INPUT": "ACCEPT", "OUTPUT": "ACCEPT"}


def test_whose_chain_it_is_and_what_it_is_for_is_told() -> None:
    docker = chain_state.choice(seen(nft=DOCKER), OF_DOCKER, SAY)
    assert "dockerd" in docker["owner"]
    assert "You can still turn its rules off and move them" in docker["owner"]
    assert "bridge" in docker["about"]
    assert "may rewrite them" in chain_state.choice(seen(FILTER), ChainPlace("iptables", "filter", "DOCKER"), SAY)["owner"]
    own = chain_state.choice(seen(nft=OWN), NATIVE, SAY)
    assert own["owner"] == ""
    assert own["chains"] == [{"name": "forward", "size": 3}, {"name": "inner", "size": 1}]


def test_counters_have_the_keys_of_the_rules_and_the_names_of_the_chains() -> None:
    lab, listed = seen(FILTER), RuleList(FORWARD)
    chain = chain_at(lab, FORWARD)
    assert chain is not None
    listed.follow(chain.rules(), lambda number: f"rule {number}")
    found = chain_state.counters(lab, listed)
    assert found["rules"] == {"-i docker1 -j ACCEPT#1": 4, "-i docker1 -j ACCEPT#2": 5}
    assert found["policies"] == {"FORWARD": 2, "INPUT": 1, "OUTPUT": 3}
    assert found["rules"].keys() == {rule["key"] for rule in page_state.rules(listed, "", SAY)}
    listed.entries = listed.toggled("-i docker1 -j ACCEPT#2", on=False).entries
    shown = page_state.rules(listed, "", SAY)
    assert [(rule["on"], rule["said"]) for rule in shown] == [(True, "rule 2"), (False, "rule 2")]
    assert list(chain_state.counters(lab, listed)["rules"]) == ["-i docker1 -j ACCEPT#1"]
