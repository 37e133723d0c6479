"""The stops of a packet's way: their numbers, their words, and what the pictures show of them."""

import pytest
from support.pictures import lab

from netlab_magic import nftables
from netlab_magic.diagnosis.predicted_path import path_of_prediction, said, why_not
from netlab_magic.draw import chains_picture, topology_picture
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.i18n import language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.language.statements import Destination
from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import PacketPath, Unmet
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, End, Topology
from netlab_magic.netfilter import HostTrace, converse, host_of, walk

SEED = lab({"docker1": ["ns0", "ns1"]})
RULES = "-A FORWARD -i docker1 ! -o docker1 -j ACCEPT\n-A FORWARD -i docker1 -o docker1 -j ACCEPT\n"
EMPTY_CHAINS = """table inet one {
	chain forward {
		type filter hook forward priority filter - 5; policy accept;
	}
}
table ip two {
	chain forward {
		type filter hook forward priority filter + 5; policy accept;
	}
}
"""
OUT, PORT, FAR_PORT, FAR = End("ns1", "eth0"), End(HOST, "veth-ns1"), End(HOST, "veth-ns0"), End("ns0", "eth0")


def filtered(rules: str = "", policy: str = "DROP") -> Ruleset:
    return parse(f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD {policy} [0:0]\n{rules}COMMIT\n")


def within(namespace: str, source: str, destination: str, **ends: str) -> HostTrace:
    return walk(Packet(source, destination, "icmp", **ends), Ruleset(), host_of(SEED, namespace))


def bridged(ruleset: Ruleset) -> Prediction:
    """What is to be expected of a ping from ns1 to ns0, by hand."""
    ns1, ns0 = "172.18.0.3", "172.18.0.2"
    passing = converse(Packet(ns1, ns0, "icmp", icmp_type=8, input="docker1", port_in="veth-ns1"), ruleset, host_of(SEED))
    request = [Hop("ns1", within("ns1", ns1, ns0, output="eth0"), None, OUT), Hop(HOST, passing.request, PORT, FAR_PORT)]
    back = None
    if passing.reply is not None:
        request.append(Hop("ns0", within("ns0", ns1, ns0, input="eth0"), FAR))
        hops = [Hop("ns0", within("ns0", ns0, ns1, output="eth0"), None, FAR), Hop(HOST, passing.reply, FAR_PORT, PORT)]
        back = Trace((*hops, Hop("ns1", within("ns1", ns0, ns1, input="eth0"), OUT)), arrived=True)
    return Prediction(Probe("ns1", "ns0", ns0, "ns0"), Trace(tuple(request), passing.request.passed), back, "")


def sites(packet_path: PacketPath) -> list[str]:
    return [f"{packet_path.badge(number)} {step.site}" for number, step in enumerate(packet_path.steps, 1)]


def test_every_interface_and_every_rule_is_a_stop_there_and_back():
    assert sites(path_of_prediction(bridged(filtered(RULES)))) == [
        "[1] ns1:eth0",
        "[2] host:veth-ns1",
        "(3) FORWARD rule 1",
        "[4] FORWARD rule 2",
        "[5] host:veth-ns0",
        "[6] ns0:eth0",
        "[7] ns0",
        "[↩8] ns0:eth0",
        "[↩9] host:veth-ns0",
        "(↩10) FORWARD rule 1",
        "[↩11] FORWARD rule 2",
        "[↩12] host:veth-ns1",
        "[↩13] ns1:eth0",
        "[↩14] ns1",
    ]


def test_every_base_chain_of_nft_on_the_host_is_a_stop_even_without_rules():
    native = nftables.parse(EMPTY_CHAINS)
    probe = probe_for(SEED, "ns1", Destination("ns0"))
    path = path_of_prediction(predict(SEED, {HOST: filtered(RULES)}, probe, {HOST: OtherFilters(native)}))
    met = [step.site for step in path.steps if step.inside and not step.back]
    assert met == ["inet one forward policy", "FORWARD rule 1", "FORWARD rule 2", "ip two forward policy"]


def test_a_way_that_ends_in_the_firewall_ends_with_the_rule_that_ended_it():
    packet_path = path_of_prediction(bridged(filtered()))
    assert sites(packet_path) == ["[1] ns1:eth0", "[2] host:veth-ns1", "[✕3] FORWARD policy"]
    assert packet_path.fatal
    assert packet_path.fatal.outcome == "DROP"


def test_rules_that_only_were_looked_at_can_be_left_out():
    assert "(" not in "".join(sites(path_of_prediction(bridged(filtered(RULES)), every=False)))


def test_a_long_run_of_rules_that_do_not_match_is_one_stop():
    many = "".join(f"-A FORWARD -s 10.0.0.{number}/32 -j ACCEPT\n" for number in range(1, 101))
    packet_path = path_of_prediction(bridged(filtered(many)))
    assert sites(packet_path)[2:] == ["(3) FORWARD rules 1–100", "[✕4] FORWARD policy"]
    assert said(packet_path.steps[2], language("en")) == "Rules 1 to 100 of FORWARD do not match."


@pytest.mark.parametrize(
    ("number", "english", "chinese"),
    [
        (1, "It leaves ns1 through eth0.", "它從 ns1 的 eth0 送出。"),
        (2, "It comes into host through veth-ns1.", "它從 veth-ns1 進入 host。"),
        (3, "Rule 1 of FORWARD does not match: output interface is docker1, which it excludes.", "FORWARD 的第 1 條規則不符合"),
        (4, "Rule 2 of FORWARD matches. This table lets it pass.", "FORWARD 的第 2 條規則符合。這個表讓它通過。"),
        (7, "ns0 gets the packet.", "ns0 收到封包。"),
        (14, "ns1 gets the answer.", "ns1 收到回應。"),
    ],
)
def test_each_stop_is_told_in_words(number, english, chinese):
    step = path_of_prediction(bridged(filtered(RULES))).steps[number - 1]
    assert said(step, language("en")) == english
    assert said(step, language("zh_TW")).startswith(chinese)


def test_topology_and_chains_have_the_same_numbers():
    packet_path = path_of_prediction(bridged(filtered(RULES)))
    topology = topology_picture(SEED, filtered(RULES), packet_path=packet_path)
    chains = chains_picture(filtered(RULES), path=packet_path.path(HOST))
    assert "host: [2] in through veth-ns1 → (3) FORWARD rule 1 no match → [4] FORWARD rule 2 ACCEPT → [5] out" in topology.text
    assert "(3)(↩10)    1" in chains.text
    assert "[4][↩11]    2" in chains.text
    assert "3–4, ↩10–11: rules of FORWARD" in topology.dot


def test_where_it_died_is_said_in_words_in_both():
    packet_path = path_of_prediction(bridged(filtered()))
    topology, chains = topology_picture(SEED, filtered(), packet_path=packet_path), chains_picture(filtered(), path=packet_path.path(HOST))
    assert "stopped here: FORWARD policy DROP" in topology.dot
    assert "[✕3] ✕ stopped here: FORWARD policy DROP" in topology.text
    assert "✕ the packet stops here" in chains.dot


def test_stepping_shows_the_way_so_far_and_marks_where_one_is():
    packet_path = path_of_prediction(bridged(filtered(RULES))).upto(4)
    assert sites(packet_path)[-1] == "[▸4] FORWARD rule 2"
    assert "▸4" in chains_picture(filtered(RULES), path=packet_path.path(HOST)).dot
    assert packet_path.crossings() == {(OUT, PORT): (True, False)}
    assert packet_path.upto(2).path(HOST).steps == ()
    assert packet_path.upto(2).namespaces == ("ns1", HOST, "ns0")  # the picture of a large lab stays the same from step to step


def test_cables_know_in_which_directions_they_were_crossed():
    packet_path = path_of_prediction(bridged(filtered(RULES)))
    assert packet_path.crossings() == {(OUT, PORT): (True, True), (FAR_PORT, FAR): (True, True)}


def test_of_a_large_lab_only_the_namespaces_on_the_way_are_drawn():
    many: Topology = lab({"docker1": [f"ns{number}" for number in range(30)]})
    picture = topology_picture(many, filtered(), packet_path=path_of_prediction(bridged(filtered())))
    assert "28 more namespaces not on this path" not in picture.text
    assert "more namespaces not on this path" in picture.dot
    assert ">ns17<" not in picture.dot
    assert "ns17" in picture.text


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("@ports", "tcp dport is 8080, which is not in @ports"),
        ("{ 22, 80 }", "tcp dport is 8080, which is not in { 22, 80 }"),
        ("80", "tcp dport is 8080, not 80"),
    ],
)
def test_a_value_is_not_in_a_set_and_is_not_another_value(wanted, words):
    assert why_not(Unmet("tcp dport", "8080", wanted), language("en")) == words
