"""`ip rule`: which table of routes a packet is routed by, rule after rule (fib_rules_lookup)."""

import msgspec
import pytest

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route, RoutingRule
from netlab_magic.netfilter import Device, Host, Outcome, every_branch, walk

OWN = (RoutingRule(0, table=255), RoutingRule(32766, table=254), RoutingRule(32767, table=253))
PLAIN = Host(
    (
        Device("lo", ("127.0.0.1/8",)),
        Device("lan", ("10.1.0.1/24",)),
        Device("wan", ("10.2.0.1/24",)),
        Device("vpn", ("10.3.0.1/24",)),
    ),
    (Route("default", "10.2.0.9", "wan"),),
    rules=OWN,
    tables={100: (Route("default", "10.3.0.9", "vpn"), Route("9.9.9.0/24", kind="throw")), 253: ()},
)
FORWARDED = Packet("10.1.0.2", "8.8.8.8", "udp", 4000, 53, input="lan")
NO_RULES = Ruleset()


def host(*rules: RoutingRule) -> Host:
    return msgspec.structs.replace(PLAIN, rules=tuple(sorted((*OWN, *rules), key=lambda rule: rule.priority)))


RULES = [
    ((), "wan"),
    ((RoutingRule(100, table=100),), "vpn"),
    ((RoutingRule(100, source="10.1.0.0/24", table=100),), "vpn"),
    ((RoutingRule(100, source="10.1.0.0/24", negated=True, table=100),), "wan"),
    ((RoutingRule(100, destination="8.0.0.0/8", table=100),), "vpn"),
    ((RoutingRule(100, destination="9.0.0.0/8", table=100),), "wan"),
    ((RoutingRule(100, input="lan", table=100),), "vpn"),
    ((RoutingRule(100, input="lo", table=100),), "wan"),
    ((RoutingRule(100, mark=1, mask=0xFFFFFFFF, table=100),), "wan"),
    ((RoutingRule(100, tos=0x10, table=100),), "wan"),
    ((RoutingRule(100, table=77),), "wan"),
    ((RoutingRule(100, table=100, suppressed=0),), "wan"),
    ((RoutingRule(100, kind="goto", goto=200), RoutingRule(150, table=100), RoutingRule(200, kind="nop")), "wan"),
]


@pytest.mark.parametrize(("rules", "device"), RULES)
def test_the_first_rule_with_a_route_decides(rules, device):
    found = walk(FORWARDED, NO_RULES, host(*rules))
    assert (found.outcome, found.last.output, found.hop and found.hop.device) == (Outcome.FORWARDED, device, device)


SEVERAL = msgspec.structs.replace(PLAIN, routes=(Route("default", "10.2.0.9", "wan", others=(("10.3.0.9", "vpn"),)),))


def test_every_one_of_several_next_hops_is_followed():
    """The kernel chooses by a hash of the addresses (fib_multipath_hash)."""
    ways, are_all = every_branch(lambda assumed: ((found := walk(FORWARDED, NO_RULES, SEVERAL, assumed=assumed)), found.forks), 9)
    assert ([(way.last.output, way.hop.device) for way in ways], are_all) == ([("wan", "wan"), ("vpn", "vpn")], True)
    own = walk(Packet("10.2.0.1", "8.8.8.8", "udp", 4000, 53), NO_RULES, SEVERAL)
    assert (own.outcome, own.forks, own.doubt) == (Outcome.UNKNOWN, False, "a route of the host to 8.8.8.8 has several next hops")


def test_a_next_hop_whose_device_is_down_is_none():
    wan = Device("wan", ("10.2.0.1/24",), up=False)
    down = msgspec.structs.replace(SEVERAL, devices=tuple(wan if held.name == "wan" else held for held in SEVERAL.devices))
    assert walk(FORWARDED, NO_RULES, down).last.output == "vpn"


def test_a_route_with_several_next_hops_is_written_as_ip_takes_it():
    assert str(SEVERAL.routes[0]) == "default nexthop via 10.2.0.9 dev wan nexthop via 10.3.0.9 dev vpn"


def test_a_throw_route_leads_to_the_next_rule():
    packet = msgspec.structs.replace(FORWARDED, destination="9.9.9.9")
    assert walk(packet, NO_RULES, host(RoutingRule(100, table=100))).last.output == "wan"


@pytest.mark.parametrize(
    ("kind", "answer"), [("blackhole", ""), ("unreachable", "icmp-net-unreachable"), ("prohibit", "icmp-admin-prohibited")]
)
def test_a_rule_may_end_the_path(kind, answer):
    found = walk(FORWARDED, NO_RULES, host(RoutingRule(100, kind=kind)))
    assert (found.outcome, found.answer) == (Outcome.DROPPED, answer)


def test_a_mark_of_prerouting_chooses_the_table():
    marks = parse("*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p udp -j MARK --set-mark 1\nCOMMIT\n")
    found = walk(FORWARDED, marks, host(RoutingRule(100, mark=1, mask=0xFFFFFFFF, table=100)))
    assert found.last.output == "vpn"


def test_what_is_sent_here_is_unknown_where_a_source_of_its_own_would_change_the_table():
    """A program that is bound to no address asks without a source first (ip_route_connect)."""
    own = Packet("10.2.0.1", "8.8.8.8", "udp", 4000, 53)
    found = walk(own, NO_RULES, host(RoutingRule(100, source="10.2.0.0/24", table=100)))
    assert (found.outcome, found.doubt) == (Outcome.UNKNOWN, "ip rule chooses another table once the packet has a source address")
    assert walk(own, NO_RULES, host(RoutingRule(100, input="lo", table=100))).last.output == "vpn"
