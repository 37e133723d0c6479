"""The kernel's account of a real packet: which hooks it passed, which rules it met, and how it looked there; and nothing stays behind."""

import pytest
from support.labs import Written

from netlab_magic import Lab
from netlab_magic.model.kernel_trace import KernelTrace, TracedHop
from netlab_magic.model.probe import Probe, Verdict

pytestmark = pytest.mark.kernel

PING = Probe("ns1", "ns0", "172.18.0.2", "ns0")
OUT = Probe("ns1", "internet", "8.8.8.8", "internet")
TCP = Probe("ns1", "ns0", "172.18.0.2", "ns0", "tcp", 80)
UDP = Probe("ns1", "ns0", "172.18.0.2", "ns0", "udp", 53)


def traced_hop(traced: KernelTrace, namespace: str, direction: str) -> TracedHop:
    return next(one for one in traced.hops if (one.namespace, one.direction) == (namespace, direction))


def path(found: TracedHop) -> str:
    """A passage in short: + and - for entering and leaving a hook, and table:chain:rule between."""
    words = []
    for seen in found.reports:
        if seen.event in ("enters", "leaves"):
            words.append(("+" if seen.event == "enters" else "-") + seen.hook)
        else:
            words.append(f"{seen.table}:{seen.chain}:{seen.rule or seen.event}")
    return " ".join(words)


def forward(found: TracedHop) -> str:
    """What happened in the filter table at FORWARD, and whether the packet left the hook."""
    return " ".join(
        f"{seen.chain}:{seen.rule or seen.event}" if seen.table == "filter" else seen.event
        for seen in found.reports
        if seen.hook == "FORWARD" and (seen.table == "filter" or seen.event == "leaves")
    )


FORWARDED = [
    ("the policy lets it", "policy FORWARD DROP\npolicy FORWARD ACCEPT", PING, "FORWARD:policy leaves"),
    ("the policy drops it", "policy FORWARD DROP", PING, "FORWARD:policy"),
    ("a rule", "policy FORWARD DROP\nforward -p udp -j ACCEPT\nforward -p icmp -j ACCEPT", PING, "FORWARD:2 leaves"),
    ("a rule without conditions", "forward -p udp -j DROP\nforward -j ACCEPT", PING, "FORWARD:2 leaves"),
    ("a rule that drops", "forward -j DROP", PING, "FORWARD:1"),
    ("a rule that rejects", "forward -j REJECT", PING, "FORWARD:1"),
    ("a rule that only counts", "forward -p icmp\nforward -m mark --mark 0 -j ACCEPT", PING, "FORWARD:1 FORWARD:2 leaves"),
    ("a chain of the user's to its end", "iptables -N A; iptables -A FORWARD -j A; iptables -A A -p tcp -j DROP", PING,
     "FORWARD:1 A:return FORWARD:policy leaves"),
    ("RETURN", "iptables -N A; iptables -A FORWARD -j A; iptables -A A -p icmp -j RETURN; iptables -A A -j DROP", PING,
     "FORWARD:1 A:1 FORWARD:policy leaves"),
    ("RETURN without conditions", "iptables -N A; iptables -A FORWARD -j A; iptables -A A -j RETURN; iptables -A A -j DROP", PING,
     "FORWARD:1 A:1 FORWARD:policy leaves"),
    ("a chain in a chain", "iptables -N A; iptables -N B; iptables -A FORWARD -j A; iptables -A A -j B; iptables -A B -j ACCEPT", PING,
     "FORWARD:1 A:1 B:1 leaves"),
    ("goto", "iptables -N A; iptables -A FORWARD -g A; iptables -A FORWARD -j DROP; iptables -A A -p udp", PING,
     "FORWARD:1 A:return FORWARD:policy leaves"),
    ("tcp", "serve ns0 80\nforward -p tcp --dport 80 -j ACCEPT", TCP, "FORWARD:1 leaves"),
    ("udp", "serve ns0 53/udp\nforward -p udp --dport 53 -j ACCEPT", UDP, "FORWARD:1 leaves"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "probe", "expected"), [case[1:] for case in FORWARDED], ids=[case[0] for case in FORWARDED])
def test_the_rules_that_a_request_met(seed: Lab, before: str, probe: Probe, expected: str) -> None:
    seed.run(before, stream=Written())
    traced = seed.engine.trace(probe)
    assert forward(traced_hop(traced, "host", "request")) == expected
    assert [one.namespace for one in traced.hops][:2] == ["ns1", "host"]
    assert (traced.outcome.verdict == Verdict.ANSWERED) is expected.endswith("leaves")


def test_the_whole_way_to_the_internet_and_back(seed: Lab) -> None:
    seed.run("forward -p icmp -j ACCEPT\nrule -t nat PREROUTING -p tcp -j ACCEPT")
    traced = seed.engine.trace(OUT)
    assert [(one.namespace, one.direction) for one in traced.hops] == [
        *((name, "request") for name in ("ns1", "host", "internet")),
        *((name, "reply") for name in ("internet", "host", "ns1")),
    ]
    assert path(traced.hops[0]) == "+OUTPUT -OUTPUT +POSTROUTING -POSTROUTING"
    assert path(traced.hops[1]) == (
        "+PREROUTING nat:PREROUTING:policy -PREROUTING +FORWARD filter:FORWARD:1 -FORWARD +POSTROUTING nat:POSTROUTING:1 -POSTROUTING"
    )
    assert path(traced.hops[2]) == "+PREROUTING -PREROUTING +INPUT -INPUT"
    before, after = traced.hops[1].reports[-2:]
    assert (before.packet.source, after.packet.source, after.packet.ttl) == ("172.18.0.3", "203.0.113.2", 63)
    assert (before.packet.input, before.packet.output, before.packet.port_in) == ("docker1", "eth0", "veth-ns1")
    back = traced.hops[4].reports
    assert (back[0].packet.destination, back[1].packet.destination) == ("203.0.113.2", "172.18.0.3")
    assert "-A POSTROUTING" in traced.rules["host"]
    assert set(traced.rules) == {"host"}


def test_a_bridged_frame_names_the_bridge_and_its_ports(seed: Lab) -> None:
    seed.run("forward -j ACCEPT")
    seen = traced_hop(seed.engine.trace(PING), "host", "request").reports
    ports = [(one.hook, one.packet.input, one.packet.port_in, one.packet.output, one.packet.port_out) for one in seen]
    assert ("FORWARD", "docker1", "veth-ns1", "docker1", "veth-ns0") in ports
    assert ("POSTROUTING", "", "", "docker1", "veth-ns0") in ports
    assert {(one.packet.input, one.packet.port_out) for one in seen if one.table == "filter"} == {("docker1", "veth-ns0")}


def test_a_reply_that_the_policy_drops(seed: Lab) -> None:
    seed.run("policy FORWARD DROP\nforward -i docker1 ! -o docker1 -j ACCEPT")
    traced = seed.engine.trace(OUT)
    assert traced.outcome.verdict == Verdict.BLOCKED
    assert forward(traced_hop(traced, "host", "request")) == "FORWARD:1 leaves"
    last = traced.hops[-1]
    assert (last.namespace, last.direction, forward(last)) == ("host", "reply", "FORWARD:policy")
    assert last.reports[-1].packet.destination == "172.18.0.3"


def test_a_rejection_is_an_error_on_its_way_back(seed: Lab) -> None:
    seed.run("forward -p tcp -j REJECT")
    traced = seed.engine.trace(TCP)
    assert [(one.namespace, one.direction) for one in traced.hops] == [
        ("ns1", "request"), ("host", "request"), ("host", "error"), ("ns1", "error"),
    ]  # fmt: skip
    error = traced.hops[-1].reports[0].packet
    assert (error.protocol, error.icmp_type, error.icmp_code, error.source) == ("icmp", 3, 3, "172.18.0.1")


def test_a_published_port_of_docker(lab: Lab) -> None:
    lab.run("docker install\ninternet\ndocker run web -p 8080:80\nserve web 80")
    traced = lab.engine.trace(Probe("internet", "host", "203.0.113.2", "host", "tcp", 8080))
    assert traced.outcome.verdict == Verdict.ANSWERED
    request = traced_hop(traced, "host", "request").reports
    assert [one.packet.destination_port for one in request if (one.table, one.chain) == ("nat", "DOCKER")] == [8080]
    assert {one.packet.destination_port for one in request if one.hook == "FORWARD"} == {80}
    assert traced_hop(traced, "web", "request").reports[-1].event == "leaves"
    back = traced_hop(traced, "host", "reply").reports
    assert (back[0].packet.source_port, back[-1].packet.source_port) == (80, 8080)


def test_a_packet_to_oneself(seed: Lab) -> None:
    traced = seed.engine.trace(Probe("ns1", "ns1", "172.18.0.3", "ns1"))
    ways = ["+OUTPUT -OUTPUT +POSTROUTING -POSTROUTING", "+PREROUTING -PREROUTING +INPUT -INPUT"]
    assert [path(one) for one in traced.hops] == ways * 2


def test_the_rules_of_other_namespaces_are_told_too(seed: Lab) -> None:
    seed.run("$ for p in udp icmp; do ip netns exec ns0 iptables -A INPUT -p $p -j DROP; done", stream=Written())
    traced = seed.engine.trace(PING)
    assert path(traced.hops[-1]) == "+PREROUTING -PREROUTING +INPUT filter:INPUT:2"
    assert set(traced.rules) == {"host", "ns0"}


def test_ipv6(seed: Lab) -> None:
    seed.run("ns ns0 fd00::2/64 on docker1\nns ns1 fd00::3/64 on docker1\nexpect ns1 ns0 ok")
    for probe in (Probe("ns1", "ns0", "fd00::2", "ns0"), Probe("ns1", "ns0", "fd00::2", "ns0", "tcp", 80)):
        traced = seed.engine.trace(probe)
        assert [(one.namespace, one.direction) for one in traced.hops] == [
            *((name, "request") for name in ("ns1", "host", "ns0")),
            *((name, "reply") for name in ("ns0", "host", "ns1")),
        ]
        assert path(traced.hops[0]) == "+OUTPUT -OUTPUT +POSTROUTING -POSTROUTING"
