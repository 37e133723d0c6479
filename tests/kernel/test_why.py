"""`why` and `predict`: what became of a packet, where and for what reason. The model's account, and the kernel's beside it."""

from collections.abc import Mapping, Sequence

import pytest
from support.labs import SEED

from netlab_magic.diagnosis.compare import crosscheck
from netlab_magic.diagnosis.summary import account
from netlab_magic.errors import StatementError
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.iptables.save_format import parse as read_dump
from netlab_magic.language.parser import parse
from netlab_magic.language.plan_topology import desired
from netlab_magic.language.statements import Destination
from netlab_magic.model.kernel_trace import HookReport, KernelTrace, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.model.topology import HOST, Interface, Namespace, Topology
from netlab_magic.session.results.predict import Asked, Predicted
from netlab_magic.session.results.why import Why

EMPTY = Topology({HOST: Namespace(HOST, (Interface("lo", "loopback", ("127.0.0.1/8",)),), sysctls={"net.ipv4.ip_forward": "1"})})
NETWORK = SEED.replace("masquerade 172.18.0.0/16 except docker1\n", "serve ns0 80\n")
INSIDE = "-i docker1 -o docker1 -j ACCEPT"
OUT = "-i docker1 ! -o docker1 -j ACCEPT"
BACK = "-o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
NO_CHAINS: Mapping[str, Sequence[str]] = {}
NAT = "POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE"


def network(text: str = NETWORK) -> Topology:
    topology = EMPTY
    for statement in parse(text):
        topology = desired(topology, statement)
    return topology


def dump(policy: str, *rules: str, nat: str = NAT, chains: Mapping[str, Sequence[str]] = NO_CHAINS) -> str:
    own = [f":{chain} - [0:0]" for chain in chains]
    filters = [":INPUT ACCEPT [0:0]", f":FORWARD {policy} [0:0]", ":OUTPUT ACCEPT [0:0]", *own, *(f"-A FORWARD {rule}" for rule in rules)]
    filters += [f"-A {chain} {rule}" for chain, held in chains.items() for rule in held]
    nats = [*(f":{chain} ACCEPT [0:0]" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")), *([f"-A {nat}"] if nat else [])]
    return "\n".join(["*nat", *nats, "COMMIT", "*filter", *filters, "COMMIT", ""])


def said(target: str, text: str, language: str = "en") -> str:
    name, _, port = target.partition(":")
    topology, rulesets = network(), {HOST: read_dump(text)}
    protocol = "tcp" if port else "icmp"
    found = predict(topology, rulesets, probe_for(topology, "ns1", Destination(name, int(port or 0), protocol)))
    told = account(found, rulesets, language_name=language)
    return f"{told.what} {told.where}"


# to whom, the rules of the host, words that must be said
ACCOUNTS = [
    ("ns0", dump("DROP"), "the echo request is lost", "policy DROP of FORWARD drops the echo request", "no rule that could accept it"),
    ("ns0", dump("DROP", INSIDE), "the echo request arrives, and so does the echo reply", "accepted by rule 1 of FORWARD on the host"),
    ("internet", dump("DROP", INSIDE, OUT), "the echo reply is lost on its way back"),
    ("internet", dump("DROP", INSIDE, OUT), "comes in through eth0, leaves through docker1 and is ESTABLISHED"),
    ("internet", dump("DROP", INSIDE, OUT), "rule 1: input interface is eth0, not docker1; rule 2: input interface is eth0, not docker1"),
    ("internet", dump("DROP", INSIDE, OUT, BACK), "accepted by rule 3 of FORWARD"),
    ("internet", dump("ACCEPT", nat=""), "internet has no route to 172.18.0.3", "no rule dropped it"),
    ("ns0:80", dump("ACCEPT", "-p tcp -j REJECT"), "the ICMP error came back", "rule 1 of FORWARD rejects the SYN"),
    ("ns0:81", dump("ACCEPT"), "the reset (RST) came back", "Nothing listens on tcp port 81 of ns0."),
    ("8.8.8.8:80", dump("DROP", OUT), "Nothing listens on tcp port 80 of internet.", "drops the reset (RST), which comes in through eth0"),
    ("ns0", dump("DROP", "-j ALLOW", chains={"ALLOW": ["-i docker1 -j RETURN", "-j ACCEPT"]}), "Rule 1 of ALLOW returns it to"),
    ("ns0", dump("DROP", "-j A", chains={"A": ["-s 10.0.0.0/8 -j ACCEPT"]}), "(rule 1 of A: source is 172.18.0.3, not 10.0.0.0/8)"),
    ("internet:80", dump("ACCEPT", nat="PREROUTING -p tcp -j REDIRECT --to-ports 81"), "gives the SYN another destination: 172.18.0.1:81",
     "So the host gets it instead.", "Nothing listens on tcp port 81 of the host"),
    ("ns0:80", dump("ACCEPT", "-s 172.18.0.3 -j DROP"), "rule 1 of FORWARD drops the SYN"),
    ("ns0", dump("DROP", "-m recent --rcheck --name x -j ACCEPT"), "is answered: rule 1 of FORWARD uses -m recent"),
    ("ns0", dump("DROP", *(f"-p tcp --dport {port} -j ACCEPT" for port in range(1, 6))), "None of its 5 rules matches (the nearest"),
]


@pytest.mark.parametrize(("target", "text", *["words"]), [(case[0], case[1], case[2:]) for case in ACCOUNTS])
def test_an_account_says_what_happened_where_and_why(target, text, words):
    told = said(target, text)
    assert not [missing for missing in words if missing not in told], told


def test_an_account_speaks_chinese():
    told = said("internet", dump("DROP", INSIDE, OUT), "zh_TW")
    assert "echo reply" in told
    assert "預設政策" in told
    assert "ESTABLISHED" in told


def test_model_and_kernel_that_disagree_say_so_loudly():
    topology, rulesets = network(), {HOST: read_dump(dump("DROP", INSIDE))}
    probe = probe_for(topology, "ns1", Destination("ns0"))
    found = predict(topology, rulesets, probe)
    other = HookReport("policy", "FORWARD", Packet("172.18.0.3", "172.18.0.2", "icmp"), "filter", "FORWARD")
    traced = KernelTrace(Outcome(probe, Verdict.BLOCKED), (TracedHop(HOST, "request", (other,)),))
    differences = crosscheck(found, traced, rulesets)
    assert [(each.namespace, each.direction, each.predicted, each.seen) for each in differences] == [
        ("", "", "answered", "blocked"),
        (HOST, "request", (("filter", "FORWARD", 1),), (("filter", "FORWARD", 0),)),
        (HOST, "reply", (("filter", "FORWARD", 1),), ()),
    ]
    assert "The model and the kernel disagree" in account(found, rulesets, traced).alarm


@pytest.mark.kernel
class TestWithTheKernel:
    @pytest.mark.parametrize("rules", [(), (INSIDE,), (OUT,), (INSIDE, OUT), (INSIDE, OUT, BACK)], ids=len)
    @pytest.mark.parametrize("target", ["ns0", "internet", "host", "ns0:80", "ns0:81", "10.9.9.9"])
    def test_model_and_kernel_agree(self, seed, rules, target):
        seed.run("\n".join(["serve ns0 80", *(f"forward {rule}" for rule in rules), "policy FORWARD DROP"]))
        found = seed.why("ns1", target)
        assert isinstance(found, Why)
        assert found.account.differences == ()
        assert found.outcome.verdict == found.case.prediction.verdict

    @pytest.mark.parametrize("line", ["why host 127.0.0.1:22", "why host host", "why host host:22"])
    def test_packets_of_the_host_to_itself_meet_its_rules_twice(self, seed, line):
        seed.run("serve host 22\nrule INPUT -i lo -j ACCEPT\npolicy INPUT DROP")
        assert seed.run(line).account.differences == ()

    @pytest.mark.parametrize(
        ("line", "target", "words"),
        [
            ("ip -n ns0 neigh replace 172.18.0.3 lladdr 02:00:00:00:00:99 nud permanent dev eth0", "ns1", "set by hand"),
            ("ip rule add from 172.18.0.2 ipproto icmp table 100; ip route add blackhole default table 100", "internet", "ip rules"),
        ],
    )
    def test_where_the_model_cannot_tell_the_measured_verdict_is_said(self, seed, line, target, words):
        seed.run(f"$ {line}")
        found = seed.why("ns0", target)
        assert (found.account.verdict, found.account.differences) == (Verdict.BLOCKED, ())
        assert found.account.what.endswith("is blocked: no answer came back.")
        assert words in found.account.where

    def test_of_the_ways_that_rules_leave_open_the_one_that_happened_is_told(self, seed):
        """`-m limit` lets the SYN pass, and is used up when its answer comes."""
        seed.run("serve ns1 80\nforward -m limit --limit 1/min --limit-burst 1 -j ACCEPT\npolicy FORWARD DROP")
        first, second = seed.why("ns0", "ns1:80"), seed.why("ns0", "ns1:80")
        assert "the SYN arrives, but the SYN/ACK is lost on its way back" in str(first)
        assert "the SYN is lost on its way" in str(second)
        assert "rule 1: the rules alone do not say whether -m limit holds" in str(second)
        assert (first.account.differences, second.account.differences) == ((), ())

    def test_a_service_by_chance_is_told_as_it_fell_out(self, seed):
        dnat = "rule -t nat PREROUTING -d 10.96.0.1/32 -p tcp -m tcp --dport 80 {} -j DNAT --to-destination 172.18.0.{}:80"
        chance = "-m statistic --mode random --probability 0.5"
        seed.run("\n".join(["ns ns9 172.18.0.9/16 on docker1", "serve ns9 80", "serve ns0 80", dnat.format(chance, 2), dnat.format("", 9)]))
        for _ in range(4):
            found = seed.why("ns1", "10.96.0.1:80")
            assert (found.outcome.verdict, found.account.differences) == (Verdict.ANSWERED, ())

    def test_the_packet_of_the_account_has_the_port_that_was_sent(self, seed):
        found = seed.why("ns1", "ns0:80")
        port = found.case.traced.hops[0].reports[0].packet.source_port
        assert found.case.prediction.request.hops[0].host_trace.sent.source_port == port

    def test_the_pictures_carry_the_numbered_way(self, seed):
        seed.run("policy FORWARD DROP")
        found = seed.why("ns1", "ns0")
        topology, chains = found.pictures
        assert "stopped here: FORWARD policy DROP" in topology.words
        assert "FORWARD" in chains.words
        assert found.steps[-1].endswith("No rule of FORWARD decided, so its policy applies: DROP. The packet stops here.")

    def test_a_prediction_is_compared_with_the_truth(self, seed):
        seed.run("policy FORWARD DROP")
        right, wrong = seed.predict("ns1", "ns0", "blocked"), seed.predict("ns1", "ns0", "ok")
        assert isinstance(right, Predicted)
        assert (bool(right), bool(wrong)) == (True, False)
        assert str(right).startswith("✓ Right: you said blocked, and it is blocked.")
        assert str(wrong).startswith("✕ No: you said answered, but it is blocked.")

    def test_what_would_change_it_does(self, seed):
        seed.run(f"policy FORWARD DROP\nforward {OUT}\nsnapshot broken")
        found = seed.why("ns1", "internet")
        sentence = "Accept packets of established connections (replies) that leave through docker1."
        assert f"  1. {sentence}\n         forward {BACK}\n" in str(found)
        assert len(found.remedies) > 1
        for remedy in found.remedies:
            seed.run("\n".join([*remedy.statements, "expect ns1 internet ok", "restore broken", "expect ns1 internet blocked"]))

    def test_rules_that_the_model_does_not_read_leave_the_account_to_the_kernel(self, seed):
        forward = "{ type filter hook forward priority 10; }"
        seed.run(f"$ nft 'add table bridge mine; add chain bridge mine f {forward}; add rule bridge mine f @nh,72,8 1 drop'")
        found = seed.why("ns1", "ns0")
        assert found.outcome.verdict == Verdict.BLOCKED
        assert "rule 1 of f in table bridge mine uses @nh,72,8 0x1" in str(found)
        assert "The kernel's last report is from the host" in str(found)
        assert found.remedies == ()

    def test_the_question_comes_first_when_asked_for(self, seed):
        asked = seed.run("why ns1 ns0:80 --predict")
        assert isinstance(asked, Asked)
        assert str(asked).endswith("%netlab predict ns1 ns0:80 ok|blocked")
        assert "refused" not in str(asked)
        assert asked.html().count("<summary>Its path, step by step</summary>") == 2  # below each of both choices
        assert asked.truth.outcome.verdict == Verdict.REFUSED

    def test_words_that_are_wrong_are_pointed_at(self, seed):
        with pytest.raises(StatementError, match=r"there is no namespace ns2; did you mean ns[01]") as caught:
            seed.run("policy FORWARD DROP\nwhy ns1 ns2")
        assert caught.value.place.line == 2
        with pytest.raises(StatementError, match=r"no namespace of this lab has the address 10\.0\.0\.5; load FILE"):
            seed.run("why 10.0.0.5 ns0")
        assert seed.ping("ns1", "ns0"), "the cell was checked before it did anything"
