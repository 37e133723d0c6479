"""Where a packet dies outside the firewall, the trace says so, from counters, routes and neighbours; and only there."""

import pytest
from support.labs import Written

from netlab_magic import Lab
from netlab_magic.diagnosis.kernel_causes import FACTS

pytestmark = pytest.mark.kernel

# Both ends know each other's hardware address, so that no question about it is refused for the same reason as the packet.
BACK_DOOR = (
    "ip -n internet addr add 172.18.0.77/32 dev lo; ip -n internet route add 172.18.0.2 via 203.0.113.2 src 172.18.0.77; "
    "ip -n internet neigh replace 203.0.113.2 dev eth0 lladdr $(cat /sys/class/net/eth0/address)"
)
TWICE = (
    "ip addr add 172.18.0.3/32 dev lo; ip -n ns1 neigh replace 172.18.0.1 dev eth0 lladdr $(cat /sys/class/net/docker1/address)"
)
WRONG_HOST = "ip -n ns1 neigh add 172.18.0.9 dev eth0 lladdr $(ip netns exec ns0 cat /sys/class/net/eth0/address)"
LOOP = "iptables -t nat -F; ip route add 9.9.9.9 via 203.0.113.1; ip -n internet route add default via 203.0.113.2"

CASES = [
    ("answered", "", "ns1 ns0", []),
    ("dropped by a rule", "forward -j DROP", "ns1 ns0", []),
    ("dropped by the receiver", "$ ip netns exec ns0 iptables -P INPUT DROP", "ns1 ns0:53/udp", []),
    ("dropped by the sender", "$ ip netns exec ns1 iptables -P OUTPUT DROP", "ns1 ns0", []),
    ("the sender has no route", "$ ip -n ns1 route del default", "ns1 internet", [("no route", "ns1", "8.8.8.8")]),
    ("the receiver has no route back", "$ ip -n ns0 route flush table main", "ns1 ns0", [("no route", "ns0", "172.18.0.3")]),
    ("nor for tcp", "serve ns0 80\n$ ip -n ns0 route flush table main", "ns1 ns0:80", [("no route", "ns0", "172.18.0.3")]),
    ("the host has no route", "$ ip route add unreachable 9.9.9.9", "ns1 9.9.9.9", [("no route", "host", "9.9.9.9")]),
    ("a blackhole", "$ ip route add blackhole 9.9.9.9", "ns1 9.9.9.9", [("blackhole", "host", "9.9.9.9")]),
    ("forwarding is off", "sysctl net.ipv4.ip_forward=0", "ns1 internet", [("not forwarding", "host", "8.8.8.8")]),
    ("at the wrong machine", f"$ {WRONG_HOST}", "ns1 172.18.0.9", [("not forwarding", "ns0", "172.18.0.9")]),
    ("nobody has the address", "", "ns1 172.18.0.99", [("no neighbour", "ns1", "172.18.0.99")]),
    ("nobody behind the host", "$ ip -n internet route add default via 203.0.113.2", "internet 172.18.0.99",
     [("no neighbour", "host", "172.18.0.99")]),
    ("a port that is down", "$ ip link set veth-ns0 down", "ns1 ns0", [("no neighbour", "ns1", "172.18.0.2")]),
    ("the far end is down", "$ ip -n internet link set eth0 down", "host internet", [("no carrier", "host", "eth0")]),
    ("its loopback is down", "$ ip -n ns0 link set lo down", "ns0 172.18.0.2", [("loopback down", "ns0", "172.18.0.2")]),
    ("rp_filter", f"sysctl net.ipv4.conf.all.rp_filter=1\n$ {BACK_DOOR}", "internet ns0", [("rp_filter", "host", "172.18.0.77")]),
    ("a martian", f"$ {TWICE}", "ns1 internet", [("martian", "host", "172.18.0.3")]),
    ("a TTL of one", "sysctl net.ipv4.ip_default_ttl=1 in ns1", "ns1 internet", [("ttl", "host", "172.18.0.3")]),
    ("a loop", f"sysctl net.ipv4.ip_forward=1 in internet\n$ {LOOP}", "ns1 9.9.9.9", [("ttl", "internet", "172.18.0.3")]),
    ("nobody listens", "", "ns1 ns0:80", [("no listener", "ns0", "80")]),
    ("nobody listens, udp", "", "ns1 ns0:53/udp", [("no listener", "ns0", "53")]),
    ("a rule that resets says nothing of listeners", "forward -p tcp -j REJECT --reject-with tcp-reset", "ns1 ns0:80", []),
    ("echoes are ignored", "sysctl net.ipv4.icmp_echo_ignore_all=1 in ns0", "ns1 ns0",
     [("echo ignored", "ns0", "net.ipv4.icmp_echo_ignore_all")]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "flow", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_facts(seed: Lab, before: str, flow: str, expected: list[tuple[str, str, str]]) -> None:
    seed.run(before, stream=Written())
    shown = seed.trace(*flow.split())
    causes = shown.traced.causes
    assert [(cause.kind, cause.namespace) for cause in causes] == [(kind, namespace) for kind, namespace, _ in expected], str(shown)
    assert all(value in cause.values.values() for cause, (_, _, value) in zip(causes, expected, strict=True)), causes


def test_every_kind_of_fact_is_measured_here() -> None:
    told = {kind for _, _, _, expected in CASES for kind, _, _ in expected}
    assert told == set(FACTS) - {"listener busy", "reports lost"}
