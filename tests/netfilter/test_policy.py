"""`ip rule`: which table of routes a packet is routed by, rule after rule (fib_rules_lookup)."""

import msgspec
import pytest

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route, RoutingRule
from netlab_magic.netfilter import Device, Host, Outcome, every_branch, walk
from netlab_magic.nftables import parse as read_nft

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
OWN_PACKET = Packet("10.2.0.1", "8.8.8.8", "udp", 4000, 53)
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
    own = walk(OWN_PACKET, NO_RULES, SEVERAL)
    assert (own.outcome, own.forks, own.doubt) == (Outcome.UNKNOWN, False, "a route of the host to 8.8.8.8 has several next hops")


def test_of_several_next_hops_with_one_source_each_is_followed_for_what_is_sent_here():
    two = msgspec.structs.replace(PLAIN, routes=(Route("default", "10.2.0.8", "wan", others=(("10.2.0.9", "wan"),)),))
    ways, are_all = every_branch(lambda assumed: ((found := walk(OWN_PACKET, NO_RULES, two, assumed=assumed)), found.forks), 9)
    assert ([way.hop.next & 0xFF for way in ways], are_all) == ([8, 9], True)


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


MARKED = host(RoutingRule(100, mark=1, mask=0xFFFFFFFF, table=100))
# table and the head of a chain of nft, and where a packet leaves that OUTPUT marks
MARKING = [
    ("mangle", "", "vpn"),
    ("raw", "", "wan"),
    ("", "type route hook output priority 10", "vpn"),
    ("", "type filter hook output priority -150", "wan"),
]


@pytest.mark.parametrize(("table", "head", "device"), MARKING)
def test_a_mark_of_output_chooses_another_table_where_the_kernel_routes_again(table, head, device):
    """mangle and chains of the type route look for another route (ip_route_me_harder); the interface changes for POSTROUTING only."""
    rules = parse(f"*{table}\n:OUTPUT ACCEPT [0:0]\n-A OUTPUT -j MARK --set-mark 1\nCOMMIT\n") if table else NO_RULES
    native = read_nft(f"table ip x {{\n\tchain o {{\n\t\t{head}; policy accept;\n\t\tmeta mark set 1\n\t}}\n}}\n") if head else None
    found = walk(OWN_PACKET, rules, MARKED, native=native)
    assert (found.outcome, found.last.output, found.hop and found.hop.device) == (Outcome.SENT, device, device)


def filtering(*rules: RoutingRule, mode: int = 1) -> Host:
    devices = tuple(msgspec.structs.replace(device, reverse_path=mode) for device in PLAIN.devices)
    return msgspec.structs.replace(host(*rules), devices=devices)


BACK = [
    ((RoutingRule(100, input="lan", table=100),), 1, Outcome.FORWARDED),
    ((RoutingRule(100, destination="10.1.0.0/24", input="wan", table=101),), 1, Outcome.DROPPED),  # where it goes on
    ((RoutingRule(100, destination="10.1.0.0/24", input="wan", table=101),), 2, Outcome.FORWARDED),
    ((RoutingRule(100, destination="10.1.0.0/24", input="vpn", table=101),), 1, Outcome.FORWARDED),
    ((RoutingRule(100, source="8.8.8.8", table=101),), 1, Outcome.DROPPED),
    ((RoutingRule(100, destination="10.1.0.0/24", kind="prohibit"),), 2, Outcome.DROPPED),
]


@pytest.mark.parametrize(("rules", "mode", "outcome"), BACK)
def test_rp_filter_asks_the_rules_for_the_way_back(rules, mode, outcome):
    there = filtering(*rules, mode=mode)
    there = msgspec.structs.replace(there, tables={**there.tables, 101: (Route("10.1.0.0/24", device="vpn", via=None),)})
    assert walk(FORWARDED, NO_RULES, there).outcome == outcome


def test_whether_a_mark_counts_for_rp_filter_depends_on_a_sysctl():
    found = walk(msgspec.structs.replace(FORWARDED, mark=1), NO_RULES, filtering(RoutingRule(100, mark=1, mask=0xFFFFFFFF, table=100)))
    assert found.outcome == Outcome.UNKNOWN
    assert "src_valid_mark" in found.doubt
