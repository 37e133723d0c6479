"""Probes tell apart what is blocked, refused, unroutable, absent, and what could not be measured."""

import time

import pytest
from support.labs import Written

from netlab_magic import Lab
from netlab_magic.model.probe import Verdict
from netlab_magic.session.results.probe import Measured

pytestmark = pytest.mark.kernel

CASES = [
    ("answered", "", "ping ns1 ns0", Verdict.ANSWERED, ""),
    ("the host", "", "ping ns1 host", Verdict.ANSWERED, ""),
    ("from the host", "", "ping host internet", Verdict.ANSWERED, ""),
    ("itself", "", "ping ns1 ns1", Verdict.ANSWERED, ""),
    ("loopback", "", "ping ns1 127.0.0.1", Verdict.ANSWERED, ""),
    ("an address", "", "ping ns1 172.18.0.2", Verdict.ANSWERED, ""),
    ("dropped by the policy", "policy FORWARD DROP", "ping ns1 ns0", Verdict.BLOCKED, "ns0 is up and answers its own probe"),
    ("dropped by the sender", "$ ip netns exec ns1 iptables -P OUTPUT DROP", "ping ns1 ns0", Verdict.BLOCKED, "ns1's own OUTPUT rules"),
    ("tcp dropped by the sender", "$ ip netns exec ns1 iptables -P OUTPUT DROP", "tcp ns1 ns0:80", Verdict.BLOCKED, "OUTPUT rules"),
    ("tcp alone dropped by it", "$ ip netns exec ns1 iptables -A OUTPUT -p tcp -j DROP", "tcp ns1 ns0:80", Verdict.BLOCKED, "OUTPUT"),
    ("dropped by the receiver", "$ ip netns exec ns0 iptables -A INPUT -i eth0 -j DROP", "ping ns1 ns0", Verdict.BLOCKED, ""),
    ("udp to an address of many", "serve internet 53/udp\nmasquerade 172.18.0.0/16", "udp ns1 internet:53", Verdict.ANSWERED, ""),
    ("rejected", "forward -i docker1 -j REJECT", "ping ns1 internet", Verdict.REFUSED, "172.18.0.1 answered: port unreachable"),
    ("reset by a rule", "serve ns0 80\nforward -p tcp -j REJECT --reject-with tcp-reset", "tcp ns1 ns0:80", Verdict.REFUSED, "or a rule"),
    ("the host's INPUT", "policy INPUT DROP", "ping ns1 host", Verdict.BLOCKED, "its own firewall (INPUT, OUTPUT)"),
    ("the host's INPUT and OUTPUT", "policy INPUT DROP\npolicy OUTPUT DROP", "ping ns1 host", Verdict.BLOCKED, "its own firewall"),
    ("the host's INPUT, tcp", "serve host 80\npolicy INPUT DROP", "tcp ns1 host:80", Verdict.BLOCKED, "its own firewall"),
    ("no route", "$ ip -n ns1 route del default", "ping ns1 internet", Verdict.NO_ROUTE, "ns1 has no route to 8.8.8.8"),
    ("no way back", "", "ping internet ns1", Verdict.NO_ROUTE, "internet has no route"),
    ("nobody has the address", "", "ping ns1 172.18.0.99", Verdict.NOBODY, "no interface of this lab has the address"),
    ("nobody on the Internet", "", "ping ns1 9.9.9.9", Verdict.NOBODY, "no interface of this lab"),
    ("not plugged in", "$ ip link set veth-ns0 nomaster", "ping ns1 ns0", Verdict.NOBODY, "who has 172.18.0.2 (ARP)"),
    ("a link that is down", "$ ip link set veth-ns0 down", "ping ns1 ns0", Verdict.NOBODY, "(ARP)"),
    ("a receiver that is mute", "sysctl net.ipv4.icmp_echo_ignore_all=1 in ns0", "ping ns1 ns0", Verdict.NOT_MEASURED, "even from itself"),
    ("tcp answered", "serve ns0 80", "tcp ns1 ns0:80", Verdict.ANSWERED, ""),
    ("tcp refused", "", "tcp ns1 ns0:80", Verdict.REFUSED, "nothing listens on port 80"),
    ("tcp blocked", "serve ns0 80\npolicy FORWARD DROP", "tcp ns1 ns0:80", Verdict.BLOCKED, ""),
    ("udp answered", "serve ns0 53/udp", "udp ns1 ns0:53", Verdict.ANSWERED, ""),
    ("udp refused", "", "udp ns1 ns0:53", Verdict.REFUSED, "nothing listens on port 53"),
    ("udp blocked", "serve ns0 53/udp\npolicy FORWARD DROP", "udp ns1 ns0:53", Verdict.BLOCKED, ""),
    ("an echo server over tcp", "serve ns0 7 echo", "tcp ns1 ns0:7", Verdict.ANSWERED, ""),
    ("a translated port", "serve ns0 80\nrule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80",
     "tcp internet 203.0.113.2:8080", Verdict.ANSWERED, ""),
    ("IPv6", "ns ns0 fd00::2/64 on docker1\nns ns1 fd00::3/64 on docker1", "ping ns1 ns0", Verdict.ANSWERED, ""),
    ("tcp over IPv6", "ns ns0 fd00::2/64 on docker1\nns ns1 fd00::3/64 on docker1\nserve ns0 80", "tcp ns1 ns0:80", Verdict.ANSWERED, ""),
    ("IPv6 that nobody has", "ns ns1 fd00::3/64 on docker1", "ping ns1 fd00::9", Verdict.NOBODY, ""),
]  # fmt: skip


@pytest.mark.parametrize(("before", "line", "verdict", "why"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_verdict(seed: Lab, before: str, line: str, verdict: str, why: str) -> None:
    seed.run(before, stream=Written())
    result = seed.run(line)
    assert isinstance(result, Measured)
    assert result.outcome.verdict == verdict, str(result)
    assert why in result.outcome.why
    assert bool(result) is (verdict == Verdict.ANSWERED)
    assert (result.outcome.milliseconds is not None) is (verdict == Verdict.ANSWERED)


SIX = "bridge docker1 fd00::1/64\nns ns0 fd00::2/64 on docker1\nns ns1 fd00::3/64 on docker1\n"

MENDED = [
    ("a neighbour asked for in vain", "$ ip -n ns0 link set eth0 down", "ping ns1 ns0", "$ ip -n ns0 link set eth0 up"),
    ("for tcp", "serve ns0 80\n$ ip -n ns0 link set eth0 down", "tcp ns1 ns0:80", "$ ip -n ns0 link set eth0 up"),
    ("a router's neighbour", "$ ip -n internet link set eth0 arp off", "ping internet host", "$ ip -n internet link set eth0 arp on"),
    ("IPv6's neighbour", f"{SIX}$ ip6tables -P FORWARD DROP", "ping ns1 fd00::2", "$ ip6tables -A FORWARD -p ipv6-icmp -j ACCEPT"),
    ("a connection that had begun", "serve ns0 80\npolicy FORWARD DROP", "tcp ns1 ns0:80", "policy FORWARD ACCEPT"),
    ("a datagram's connection", "serve ns0 53/udp\npolicy FORWARD DROP", "udp ns1 ns0:53", "policy FORWARD ACCEPT"),
    ("a translation", "serve ns0 80\npolicy FORWARD DROP", "tcp internet 203.0.113.2:8080",
     "policy FORWARD ACCEPT\nrule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "line", "remedy"), [case[1:] for case in MENDED], ids=[case[0] for case in MENDED])
def test_what_an_earlier_probe_left_holds_up_none(seed: Lab, before: str, line: str, remedy: str) -> None:
    """Milliseconds after a probe in vain, the next one is answered: 0.15 s are waited, the kernel asks once a second."""
    written = Written()
    for _ in range(2):
        seed.run(before, stream=written)
        assert not seed.run(line)
        seed.run(remedy, stream=written)
        assert seed.run(line)
        seed.run("policy FORWARD ACCEPT\n$ ip6tables -F; iptables -t nat -F PREROUTING", stream=written)


@pytest.mark.parametrize(
    ("before", "line"),
    [
        ("", "udp ns1 ns0:53"),
        ("forward -j REJECT --reject-with icmp-host-prohibited", "ping ns1 ns0"),
        (f"{SIX}$ ip6tables -A FORWARD -p ipv6-icmp --icmpv6-type echo-request -j REJECT", "ping ns1 fd00::2"),
    ],
)
def test_refusals_are_told_however_many_there_are(seed: Lab, before: str, line: str) -> None:
    """The kernel lets an address have six in a few seconds."""
    masks = "$ ip netns exec ns0 sysctl net.ipv4.icmp_ratemask net.ipv6.icmp.ratemask; sysctl net.ipv4.icmp_ratemask net.ipv6.icmp.ratemask"
    told = [Written(), Written()]
    seed.run(before, stream=Written())
    seed.run(masks, stream=told[0])
    assert {seed.run(line).outcome.verdict for _ in range(12)} == {Verdict.REFUSED}
    seed.run(masks, stream=told[1])
    assert told[0].stdout == told[1].stdout


def test_a_probe_waits_for_new_ipv6_addresses(seed: Lab) -> None:
    """The kernel takes up to two seconds to find out that nobody else has them."""
    seed.run("$ ip -n ns0 addr add fd00::2/64 dev eth0; ip -n ns1 addr add fd00::3/64 dev eth0", stream=Written())
    assert seed.run("ping ns1 fd00::2")


def test_an_address_without_a_link_holds_up_no_probe(seed: Lab) -> None:
    seed.run("$ ip link add idle type bridge; ip link set idle up; ip addr add fd00:9::1/64 dev idle\n" + SIX, stream=Written())
    started = time.monotonic()
    assert seed.run("ping ns1 fd00::2")
    assert time.monotonic() - started < 3


def test_what_was_not_measured_is_neither_ok_nor_blocked(seed: Lab) -> None:
    seed.run("sysctl net.ipv4.icmp_echo_ignore_all=1 in ns0")
    for expected in ("ok", "blocked"):
        with pytest.raises(AssertionError, match="could not be measured"):
            seed.expect("ns1", "ns0", expected)


def test_a_namespace_that_came_back_with_another_hardware_address_is_reached(seed: Lab) -> None:
    assert seed.ping("ns1", "ns0")
    seed.run("delete ns0")
    seed.run("ns ns0 172.18.0.2/16 on docker1")
    assert seed.ping("ns1", "ns0")


def test_curl_gets_an_answer_from_a_served_port(seed: Lab) -> None:
    written = Written()
    seed.run("serve ns0 80\nsudo ip netns exec ns1 python3 -c \"import urllib.request as u; print(u.urlopen('http://172.18.0.2').read())\"",
             stream=written)
    assert written.stdout == "b'hello from ns0\\n'\n"


def test_a_matrix_has_everybody_and_the_internet(seed: Lab) -> None:
    matrix = seed.matrix()
    assert [(outcome.probe.source, outcome.probe.name) for outcome in matrix.outcomes] == [
        ("ns0", "ns1"), ("ns0", "internet"), ("ns1", "ns0"), ("ns1", "internet"),
    ]  # fmt: skip
    assert matrix["ns0", "ns1"].verdict == Verdict.ANSWERED
    assert "4 flows: 4 ✓ answered" in str(matrix)
