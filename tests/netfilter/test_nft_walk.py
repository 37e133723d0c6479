"""The way of a packet through rules of nft: one line a case, `packet => outcome @ what decided`."""


import msgspec
import pytest
from support.walks import FROM_HOST, HOST, NEXT_DOOR, OUT, TO_HOST, ended, packet

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse as parse_iptables
from netlab_magic.model.packet import Flow
from netlab_magic.netfilter import every_branch, refusal_of, walk
from netlab_magic.nftables import parse

UDP = "udp 172.18.0.2:4000 > 8.8.8.8:53"
PING = "icmp 172.18.0.2 > 8.8.8.8"
KNOWN = OUT + " state=ESTABLISHED"
ALIEN = OUT + " state=INVALID"
SETS = """	set hosts {
		type ipv4_addr
		flags interval
		elements = { 8.8.8.0/24, 9.9.9.9 }
	}
	set pairs {
		type ipv4_addr . inet_service
		elements = { 8.8.8.8 . 80 }
	}
	set wide {
		type ipv4_addr . inet_service
		flags interval
		elements = { 8.8.0.0/16 . 50-90, 9.9.9.9 . 53 }
	}
	set seen {
		type ipv4_addr
		flags dynamic
	}
	set names {
		type ifname
		flags interval
		elements = { "docker*" }
	}
	map ways {
		type ifname : verdict
		elements = { "docker1" : jump side, "eth1" : drop }
	}
	map ends {
		type inet_service : verdict
		elements = { 22 : accept, 80 : drop }
	}
	chain side {
		tcp dport 80 drop
	}
	chain back {
		return
	}
"""


def table(*rules: str, head: str = "type filter hook forward priority 0; policy accept;", name: str = "inet fw", sets: str = SETS) -> str:
    """A table with one base chain, called as its hook."""
    hook = head.split("hook ")[1].split(maxsplit=1)[0]
    lines = "".join(f"\t\t{rule}\n" for rule in rules)
    return f"table {name} {{\n{sets}\tchain {hook} {{\n\t\t{head}\n{lines}\t}}\n}}\n"


def walked(text: str, ruleset: str, iptables: Ruleset = Ruleset(), assumed: tuple[bool, ...] = (), **values):  # noqa: B008 – a value
    return walk(packet(text, **values), iptables, HOST, None, assumed, parse(ruleset))


# a rule that drops, a packet, and whether it matches; None where nobody can tell
MATCHES = [
    ("tcp dport 80", OUT, True),
    ("tcp dport 81", OUT, False),
    ("tcp dport != 81", OUT, True),
    ("tcp dport != 81", UDP, False),  # the hidden test for the protocol holds when the visible one is denied
    ("tcp dport 79-81", OUT, True),
    ("tcp dport != 79-81", OUT, False),
    ("tcp dport { 22, 80 }", OUT, True),
    ("tcp dport != { 22, 80-90 }", OUT, False),
    ("tcp dport > 79", OUT, True),
    ("tcp sport >= 4001", OUT, False),
    ("udp dport 53", UDP, True),
    ("udp dport 53", OUT, False),
    ("th dport 80", OUT, True),
    ("th dport 53", UDP, True),
    ("th dport 53", PING, None),
    ("meta l4proto { tcp, udp } th dport 53", UDP, True),
    ("ip saddr 172.18.0.2", OUT, True),
    ("ip saddr 172.18.0.0/16", OUT, True),
    ("ip daddr != 8.8.8.8", OUT, False),
    ("ip daddr 8.8.8.1-8.8.8.9", OUT, True),
    ("ip6 daddr != 2001:db8::1", OUT, False),  # inet: an IPv6 rule never matches IPv4, denied or not
    ("ip daddr @hosts", OUT, True),
    ("ip daddr != @hosts", OUT, False),
    ("ip saddr @hosts", OUT, False),
    ("ip daddr . tcp dport @pairs", OUT, True),
    ("ip daddr . tcp dport @pairs", UDP, False),
    ("ip daddr . tcp dport @wide", OUT, True),
    ("ip daddr . udp dport @wide", UDP, True),
    ("ip saddr . tcp dport @wide", OUT, False),
    ("ip daddr . tcp dport { 8.8.8.8 . 80, 1.1.1.1 . 53 }", OUT, True),
    ("ip daddr @seen", OUT, None),
    ("iifname @names", OUT, True),
    ("ip protocol tcp", OUT, True),
    ("ip protocol != tcp", OUT, False),
    ("ip ttl 63", OUT, True),
    ("ip ttl 64", NEXT_DOOR, True),
    ("ip dscp ef", OUT + " tos=0xb8", True),
    ("ip length 40-60", OUT, True),
    ("ip id 7", OUT, None),
    ("icmp type echo-request", PING, True),
    ("icmp type echo-reply", PING, False),
    ("icmp type { echo-reply, echo-request }", PING, True),
    ("icmp type echo-request", OUT, False),
    ("icmpv6 type echo-request", PING, False),
    ("tcp flags syn", OUT, True),
    ("tcp flags & (fin | syn | rst | ack) == syn", OUT, True),
    ("tcp flags & (fin | syn) == fin | syn", OUT, False),
    ("tcp flags { syn, syn | ack }", OUT, True),
    ("tcp flags != syn", OUT, False),
    ("tcp option maxseg size 1-500", OUT, None),
    ("tcp option maxseg size 1-500", UDP, False),  # what is unknown of TCP does not matter for UDP
    ("tcp option maxseg missing", UDP, True),
    ("tcp option maxseg missing", OUT, None),
    ("sctp vtag 33", OUT, False),
    ("sctp chunk init exists", OUT, False),
    ("udp length 6-100", OUT, False),
    ("esp spi 100", OUT, False),
    ("igmp type membership-query", OUT, False),
    ("icmpv6 mtu 1280", PING, False),
    ("ip6 flowlabel 22", OUT, False),
    ("ip frag-off & 0x1fff != 0", OUT, False),
    ("ip frag-off 0x0", OUT, None),
    ("ip option ra exists", OUT, False),
    ("ip option lsrr ptr 1", OUT, False),
    ("exthdr frag missing", OUT, False),  # inet: what is not IPv6 has no extension headers that could be missing
    ("hbh nexthdr tcp", OUT, False),
    ('iifname "docker1"', OUT, True),
    ('iifname "docker*"', OUT, True),
    ('iifname != "docker*"', OUT, False),
    ('iifname "veth0"', OUT, False),  # on a bridge, ip and inet chains see the bridge
    ('iif "docker1"', OUT, True),
    ('oifname "eth0"', OUT, True),
    ('iifname { "docker1", "eth7" }', OUT, True),
    ('iifname . oifname { "docker1" . "eth0" }', OUT, True),
    ("meta l4proto tcp", OUT, True),
    ("meta nfproto ipv4", OUT, True),
    ("meta nfproto ipv6", OUT, False),
    ("meta mark 0x10", OUT + " mark=0x10", True),
    ("meta mark & 0xf0 == 0x10", OUT + " mark=0x13", True),
    ("meta mark != 0", OUT, False),
    ("meta skuid 0", OUT, False),  # what passes through has no socket here
    ("meta skuid != 0", OUT, False),
    ("meta pkttype host", OUT, True),
    ("meta pkttype { broadcast, multicast }", OUT, False),
    ("ct state new", OUT, True),
    ("ct state established,related", OUT, False),
    ("ct state established,related", KNOWN, True),
    ("ct state != established", OUT, True),
    ("ct state invalid", ALIEN, True),
    ("ct state { new, invalid }", ALIEN, True),
    ("ct direction original", OUT, True),
    ("ct direction reply", KNOWN + " direction=REPLY", True),
    ("ct direction original", ALIEN, False),
    ("ct direction != reply", ALIEN, False),  # without a connection nothing but the state can be asked, not even denied
    ("ct mark 7", OUT + " connection_mark=7", True),
    ("ct mark != 7", OUT + " connection_mark=7", False),
    ("ct status snat", KNOWN, False),
    ("ct original ip daddr 8.8.8.8", OUT, True),
    ("ct original proto-dst 80", OUT, True),
    ("ct reply ip saddr 8.8.8.8", OUT, True),
    ('ct helper "ftp"', OUT, None),
    ("fib daddr type local", OUT, False),
    ("fib daddr type unicast", OUT, True),
    ("fib saddr type unicast", OUT, True),
    ("fib saddr . iif oif exists", OUT, True),
    ("fib saddr . iif check missing", OUT, False),
    ('fib daddr oifname "eth0"', OUT, True),
    ('fib saddr oifname "eth0"', OUT, False),
    ("rt ip nexthop 10.0.0.1", OUT, True),
    ("rt ip nexthop 8.8.8.8", OUT, False),
    ("udp checksum set 0 ip daddr 8.8.8.8", OUT, False),
    ("ip id set 0 ip daddr 8.8.8.8", OUT, True),
    ("iifgroup 0", OUT, None),
    ("limit rate 5/second burst 5 packets", OUT, None),
    ("numgen random mod 2 0", OUT, None),
    ("counter packets 0 bytes 0", OUT, True),
    ('log prefix "x"', OUT, True),
]


@pytest.mark.parametrize(("rule", "text", "matches"), MATCHES)
def test_a_rule_matches_or_not(rule, text, matches):
    found = walked(text, table(f"{rule} drop"))
    assert found.outcome == {True: "dropped", False: "forwarded", None: "unknown"}[matches]
    assert found.forks == (matches is None)
    if matches is False:
        assert found.visits[-2].why


# rules of a chain with the policy drop, a packet, what becomes of it
VERDICTS = [
    (["accept"], OUT, "forwarded @ inet fw forward 1"),
    ([], OUT, "dropped @ inet fw forward policy"),
    (["return"], OUT, "dropped @ inet fw forward policy"),
    (["jump back", "accept"], OUT, "forwarded @ inet fw forward 2"),
    (["goto back", "accept"], OUT, "dropped @ inet fw forward policy"),
    (["jump side", "accept"], OUT, "dropped @ inet fw side 1"),
    (["jump side", "accept"], UDP, "forwarded @ inet fw forward 2"),
    (["continue", "accept"], OUT, "forwarded @ inet fw forward 2"),
    (["iifname vmap @ways", "accept"], OUT, "dropped @ inet fw side 1"),
    (["iifname vmap @ways", "accept"], UDP, "forwarded @ inet fw forward 2"),
    (["oifname vmap @ways", "accept"], OUT, "forwarded @ inet fw forward 2"),
    (["tcp dport vmap @ends", "accept"], OUT, "dropped @ inet fw forward 1"),
    (["tcp dport vmap @ends"], UDP, "dropped @ inet fw forward policy"),
    (["ct state vmap { established : accept, related : accept, invalid : drop }", "accept"], OUT, "forwarded @ inet fw forward 2"),
    (["ct state vmap { established : accept, related : accept }"], KNOWN, "forwarded @ inet fw forward 1"),
    (["tcp dport vmap { 80 : accept, * : drop }"], OUT, "forwarded @ inet fw forward 1"),
    (["tcp dport vmap { 22-90 : accept }"], OUT, "forwarded @ inet fw forward 1"),
    (["meta mark set 0x5", "meta mark 0x5 accept"], OUT, "forwarded @ inet fw forward 2"),
    (["meta mark set meta mark | 0x4", "meta mark 0x5 accept"], OUT + " mark=1", "forwarded @ inet fw forward 2"),
    (["ct mark set 0x7", "meta mark set ct mark", "meta mark 0x7 accept"], OUT, "forwarded @ inet fw forward 3"),
    (["meta mark set tcp dport map { 80 : 0x9 }", "meta mark 0x9 accept"], OUT, "forwarded @ inet fw forward 2"),
    (["ip dscp set ef", "ip dscp ef accept"], OUT, "forwarded @ inet fw forward 2"),
    (["numgen random mod 2 vmap { 0 : accept, 1 : drop }"], OUT, "unknown @ "),
    (["queue to 1"], OUT, "unknown @ "),
    (["reject"], OUT, "rejected @ inet fw forward 1"),
]


@pytest.mark.parametrize(("lines", "text", "expected"), VERDICTS)
def test_verdicts(lines, text, expected):
    found = walked(text, table(*lines, head="type filter hook forward priority 0; policy drop;"))
    assert ended(found) == expected if "unknown" not in expected else found.outcome == "unknown"


ANSWERS = [
    ("reject", "icmp-port-unreachable"),
    ("reject with icmpx host-unreachable", "icmp-host-unreachable"),
    ("reject with icmp admin-prohibited", "icmp-admin-prohibited"),
    ("reject with tcp reset", "tcp-reset"),
]


@pytest.mark.parametrize(("rule", "answer"), ANSWERS)
def test_what_a_sender_is_told(rule, answer):
    assert walked(OUT, table(rule)).answer == answer


def iptables(text: str) -> Ruleset:
    return parse_iptables(f"*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n{text}COMMIT\n")


DROPS = iptables("-A FORWARD -p tcp -j DROP\n")
ACCEPTS = iptables("-A FORWARD -j ACCEPT\n")


def test_accept_ends_one_base_chain_and_drop_is_final():
    early = "type filter hook forward priority -1; policy accept;"
    assert ended(walked(OUT, table("accept", head=early), DROPS)) == "dropped @ filter FORWARD 1"
    assert ended(walked(OUT, table("drop", head=early), ACCEPTS)) == "dropped @ inet fw forward 1"
    late = "type filter hook forward priority 1; policy drop;"
    assert ended(walked(OUT, table(head=late), ACCEPTS)) == "dropped @ inet fw forward policy"
    met = [visit.table for visit in walked(UDP, table("accept", head=late), DROPS).matched if visit.hook == "FORWARD"]
    assert met == ["filter", "inet fw"]


def test_a_dormant_table_is_not_asked():
    assert walked(OUT, table("drop").replace("{\n", "{\n\tflags dormant\n", 1)).outcome == "forwarded"


def test_tables_of_the_other_family_are_not_asked():
    assert walked(OUT, table("drop", name="ip6 fw", sets="")).outcome == "forwarded"
    assert walked(OUT, table("drop", name="ip fw")).outcome == "dropped"


def test_of_one_table_the_chain_that_is_listed_later_is_asked_first():
    hook = "type filter hook forward priority filter; policy accept;"
    text = f"table inet fw {{\n\tchain z {{\n\t\t{hook}\n\t\tdrop\n\t}}\n\n\tchain a {{\n\t\t{hook}\n\t\tdrop\n\t}}\n}}\n"
    assert ended(walked(OUT, text)) == "dropped @ inet fw a 1"


def test_where_the_order_of_two_tables_is_open_both_orders_are_followed():
    both = table("drop"), DROPS
    assert walked(OUT, *both).forks
    assert ended(walked(OUT, *both, assumed=(True,))) == "dropped @ inet fw forward 1"
    assert ended(walked(OUT, *both, assumed=(False,))) == "dropped @ filter FORWARD 1"


def test_the_order_of_two_tables_is_no_question_where_both_accept():
    assert walked(OUT, table("accept"), ACCEPTS).outcome == "forwarded"
    assert walked(UDP, table("accept"), DROPS).outcome == "forwarded"


def test_a_mark_of_one_table_is_seen_by_the_other_in_one_order_only():
    mark, drop = table("meta mark set 1"), table("meta mark 1 drop", name="inet other")
    branches, complete = every_branch(lambda assumed: _branch(walked(OUT, drop + mark, assumed=assumed)), 8)
    assert complete
    assert {branch.outcome for branch in branches} == {"dropped", "forwarded"}


def _branch(found):
    return found, found.forks


NAT = "type nat hook prerouting priority dstnat; policy accept;"
SNAT = "type nat hook postrouting priority srcnat; policy accept;"
FROM_OUTSIDE = "tcp 10.0.0.9:4000 > 10.0.0.5:8080"
# base chain, rule, packet, how the packet is then
TRANSLATIONS = [
    (NAT, "tcp dport 8080 dnat to 172.18.0.3:80", FROM_OUTSIDE, "172.18.0.3:80"),
    (NAT, "dnat ip to 172.18.0.3", FROM_OUTSIDE, "172.18.0.3:8080"),
    (NAT, "dnat ip to tcp dport map { 8080 : 172.18.0.2, 81 : 172.18.0.3 }", FROM_OUTSIDE, "172.18.0.2:8080"),
    (NAT, "dnat ip to tcp dport map { 8080 : 172.18.0.2 . 80 }", FROM_OUTSIDE, "172.18.0.2:80"),
    (NAT, "tcp dport 8080 redirect to :80", FROM_OUTSIDE, "10.0.0.5:80"),
    (SNAT, 'oifname "eth0" masquerade', OUT, "10.0.0.5:4000"),
    (SNAT, "snat ip to 10.0.0.77", OUT, "10.0.0.77:4000"),
]


@pytest.mark.parametrize(("head", "rule", "text", "expected"), TRANSLATIONS)
def test_translation(head, rule, text, expected):
    found = walked(text, table(rule, head=head))
    assert found.passed, found.why
    seen = found.packet
    is_source = head == SNAT
    assert f"{seen.source if is_source else seen.destination}:{seen.source_port if is_source else seen.destination_port}" == expected


def test_an_address_of_very_many_cannot_be_told():
    found = walked(FROM_OUTSIDE, table("dnat ip to 172.18.0.2-172.18.0.99", head=NAT))
    assert (found.outcome, found.forks) == ("unknown", False)


RANGES = """	map networks {
		type ipv4_addr : interval ipv4_addr
		flags interval
		elements = { 10.0.0.0/24 : 172.18.0.0/24 }
	}
	map spans {
		type ipv4_addr : interval ipv4_addr . inet_service
		flags interval
		elements = { 10.0.0.0/24 : 172.18.0.2-172.18.0.3 . 80-81 }
	}
"""
# base chain, rule, packet, how the packet may then be
SEVERAL = [
    (NAT, "dnat ip to 172.18.0.2-172.18.0.3", FROM_OUTSIDE, {"172.18.0.2:8080", "172.18.0.3:8080"}),
    (NAT, "meta l4proto tcp dnat ip to 172.18.0.2:80-81", FROM_OUTSIDE, {"172.18.0.2:80", "172.18.0.2:81"}),
    (NAT, "meta l4proto tcp dnat ip to 172.18.0.2:80-8080", FROM_OUTSIDE, {"172.18.0.2:8080"}),
    (NAT, "dnat ip prefix to ip daddr map @networks", FROM_OUTSIDE, {"172.18.0.5:8080"}),
    (NAT, "dnat ip interval to ip daddr map @spans", FROM_OUTSIDE, {f"172.18.0.{end}:{port}" for end in (2, 3) for port in (80, 81)}),
    (
        NAT,
        "dnat ip to numgen random mod 3 map { 0 : 172.18.0.2, 1 : 172.18.0.3, 2 : 172.18.0.2 }",
        FROM_OUTSIDE,
        {"172.18.0.2:8080", "172.18.0.3:8080"},
    ),
    (
        NAT,
        "dnat ip to jhash ip saddr mod 2 map { 0 : 172.18.0.2 . 80, 1 : 172.18.0.3 . 80 }",
        FROM_OUTSIDE,
        {"172.18.0.2:80", "172.18.0.3:80"},
    ),
    (SNAT, "snat ip to 10.0.0.5-10.0.0.6", OUT, {"10.0.0.5:4000", "10.0.0.6:4000"}),
    (SNAT, "snat ip to 172.18.0.1-172.18.0.200", OUT, {"172.18.0.2:4000"}),  # a source that is one of them stays
]


def every(text, ruleset):
    branches, complete = every_branch(lambda assumed: _branch(walked(text, ruleset, assumed=assumed)), 32)
    assert complete
    return branches


@pytest.mark.parametrize(("head", "rule", "text", "expected"), SEVERAL)
def test_where_the_kernel_chooses_an_address_or_a_port_each_is_followed(head, rule, text, expected):
    found = every(text, table(rule, head=head, sets=RANGES))
    ends = [(one.packet.source, one.packet.source_port) if head is SNAT else (one.packet.destination, one.packet.destination_port)
            for one in found]  # fmt: skip
    assert {f"{address}:{port}" for address, port in ends} == expected
    assert all(one.passed for one in found)


def test_a_mark_that_the_kernel_chooses_is_each_of_them():
    found = every(OUT, table("meta mark set numgen inc mod 3 offset 4", "meta mark 5 drop"))
    assert {(one.outcome, one.packet.mark) for one in found} == {("forwarded", 4), ("dropped", 5), ("forwarded", 6)}


def test_a_verdict_that_the_kernel_chooses_is_each_of_them():
    found = every(OUT, table("symhash mod 2 vmap { 0 : accept, 1 : drop }"))
    assert {ended(one) for one in found} == {"forwarded @ inet fw forward 1", "dropped @ inet fw forward 1"}
    found = every(OUT, table("numgen random mod 3 vmap { 0 : accept, 1 : accept }", "drop"))
    assert {ended(one) for one in found} == {"forwarded @ inet fw forward 1", "dropped @ inet fw forward 2"}


def test_a_hash_of_what_a_packet_does_not_have_ends_the_rule():
    """Found by the agreement of model and kernel: an inet rule about `jhash ip6 saddr` is for IPv6."""
    assert walked(OUT, table("meta mark set jhash ip6 saddr mod 2 drop")).passed


def test_the_first_to_translate_wins_and_priorities_order_nat_chains_only():
    first = table("dnat ip to 172.18.0.2", head="type nat hook prerouting priority 50; policy accept;", name="ip a", sets="")
    second = table("dnat ip to 172.18.0.3", head="type nat hook prerouting priority 60; policy accept;", name="ip b", sets="")
    seen = table(head="type filter hook prerouting priority -99; policy accept;", name="ip c", sets="").replace(
        "policy accept;\n", "policy accept;\n\t\tip daddr 172.18.0.2 drop\n"
    )
    assert walked(FROM_OUTSIDE, second + first).packet.destination == "172.18.0.2"
    assert ended(walked(FROM_OUTSIDE, second + first + seen)) == "dropped @ ip c prerouting 1"


def test_replies_are_translated_back_without_asking_a_nat_chain():
    back = packet("tcp 172.18.0.3:80 > 10.0.0.9:4000 state=ESTABLISHED direction=REPLY")
    made = {"original": Flow("10.0.0.9", "10.0.0.5", 4000, 8080), "reply": Flow("172.18.0.3", "10.0.0.9", 80, 4000)}
    text = table("tcp dport 8080 dnat to 172.18.0.3:80", head=NAT)
    found = walked("tcp 172.18.0.3:80 > 10.0.0.9:4000 state=ESTABLISHED direction=REPLY", text, status=frozenset(("CONFIRMED",)), **made)
    assert back.source == "172.18.0.3"
    assert (found.packet.source, found.packet.source_port) == ("10.0.0.5", 8080)


def test_before_connection_tracking_every_packet_is_invalid():
    raw = "type filter hook prerouting priority raw; policy accept;"
    assert walked(KNOWN, table("ct state invalid drop", head=raw)).outcome == "dropped"
    assert walked(KNOWN, table("ct state established drop", head=raw)).outcome == "forwarded"
    untracked = table("notrack", head=raw) + table("ct state untracked drop", name="inet later")
    assert walked(KNOWN, untracked).outcome == "dropped"


def test_input_and_output():
    assert walked(TO_HOST, table("tcp dport 80 drop", head="type filter hook input priority filter; policy accept;")).outcome == "dropped"
    assert (
        walked(FROM_HOST, table('oifname "eth0" drop', head="type filter hook output priority filter; policy accept;")).outcome == "dropped"
    )


ON_BRIDGE = "type filter hook {} priority {}; policy accept;"
OF_DEVICE = 'type filter hook {} device "{}" priority filter; policy accept;'
FORWARD, OUTPUT = ON_BRIDGE.format("forward", -200), ON_BRIDGE.format("output", 0)
TO_PORT = "tcp 172.18.0.1:80 > 172.18.0.2:4000"
# family, head of the chain, rule, packet, where it ends
FRAMES = [
    ("bridge", FORWARD, "ip daddr 172.18.0.3 drop", NEXT_DOOR, "dropped @ bridge fw forward 1"),
    ("bridge", FORWARD, 'iifname "veth0" oifname "veth1" tcp dport 80 drop', NEXT_DOOR, "dropped @ bridge fw forward 1"),
    ("bridge", FORWARD, 'iifname "docker1" ip protocol tcp drop', NEXT_DOOR, "forwarded @ bridge fw forward policy"),
    ("bridge", FORWARD, "tcp dport 80 drop", OUT, "forwarded"),  # not between ports
    ("bridge", ON_BRIDGE.format("input", -200), "tcp dport 80 drop", OUT, "dropped @ bridge fw input 1"),
    ("bridge", OUTPUT, 'oifname "veth0" ip protocol tcp drop', TO_PORT, "dropped @ bridge fw output 1"),
    ("bridge", OUTPUT, 'oifname "veth1" ip protocol tcp drop', TO_PORT, "sent @ bridge fw output policy"),
    ("netdev", OF_DEVICE.format("ingress", "eth0"), "tcp dport 80 drop", TO_HOST, "dropped @ netdev fw ingress 1"),
    ("netdev", OF_DEVICE.format("ingress", "eth0"), "tcp dport 80 drop", NEXT_DOOR, "forwarded"),
    ("netdev", OF_DEVICE.format("ingress", "veth0"), "tcp dport 80 drop", OUT, "dropped @ netdev fw ingress 1"),
    ("netdev", OF_DEVICE.format("ingress", "docker1"), "tcp dport 80 drop", OUT, "dropped @ netdev fw ingress 1"),
    ("netdev", OF_DEVICE.format("ingress", "docker1"), "tcp dport 80 drop", NEXT_DOOR, "forwarded"),
    ("netdev", OF_DEVICE.format("egress", "eth0"), "tcp dport 80 drop", OUT, "dropped @ netdev fw egress 1"),
    ("netdev", OF_DEVICE.format("egress", "veth1"), "tcp dport 80 drop", NEXT_DOOR, "dropped @ netdev fw egress 1"),
    ("inet", OF_DEVICE.format("ingress", "eth0"), "ct state invalid tcp dport 80 drop", TO_HOST, "dropped @ inet fw ingress 1"),
]


@pytest.mark.parametrize(("family", "head", "rule", "text", "expected"), FRAMES)
def test_chains_that_see_frames(family, head, rule, text, expected):
    found = walked(text, table(rule, head=head, name=f"{family} fw", sets=""))
    assert ended(found) == expected
    assert not found.keeps_from_neighbours


def test_frames_of_a_bridge_are_seen_without_br_netfilter_too():
    ruleset = parse(table("tcp dport 80 drop", head=ON_BRIDGE.format("forward", 0), name="bridge fw", sets=""))
    host = msgspec.structs.replace(HOST, bridge_nf=False)
    assert ended(walk(packet(NEXT_DOOR), Ruleset(), host, native=ruleset)) == "dropped @ bridge fw forward 1"


def test_a_bridge_asks_by_priority_and_calls_the_rules_of_ip_at_zero():
    own = table("meta mark set 1", name="ip own", sets="", head="type filter hook forward priority 300; policy accept;")
    for priority, outcome in ((-1, "forwarded"), (1, "dropped")):
        frames = table("meta mark 1 ip protocol tcp drop", head=ON_BRIDGE.format("forward", priority), name="bridge fw", sets="")
        assert walked(NEXT_DOOR, own + frames).outcome == outcome


def test_with_its_priority_the_order_is_open():
    own = table("meta mark set 1", name="ip own", sets="", head="type filter hook forward priority 300; policy accept;")
    frames = table("meta mark 1 ip protocol tcp drop", head=ON_BRIDGE.format("forward", 0), name="bridge fw", sets="")
    assert {one.outcome for one in every(NEXT_DOOR, own + frames)} == {"forwarded", "dropped"}


NEIGHBOURS = [
    (("drop",), True),
    (("tcp dport 80 drop",), False),
    (("ether type ip drop",), False),
    (("meta protocol != ip drop",), True),
    (("meta protocol arp accept", "drop"), False),
    (("ether type arp counter accept", "meta mark 1 drop"), False),
    (('iifname "veth1" drop',), True),
    (("meta l4proto vmap { udp : drop }",), True),
    (("counter",), False),
]


@pytest.mark.parametrize(("lines", "keeps"), NEIGHBOURS)
def test_what_may_stop_arp_is_told(lines, keeps):
    found = walked(NEXT_DOOR, table(*lines, head=ON_BRIDGE.format("forward", 10), name="bridge fw", sets=""))
    assert ("may stop ARP" in found.keeps_from_neighbours) is keeps


def test_a_frame_that_is_sent_to_127_0_0_1_is_dropped_before_later_chains_of_the_bridge():
    """Found by the agreement of model and kernel: its new destination is routed within the hook of IP."""
    translated = table("dnat ip to 127.0.0.1", head=NAT, name="ip own", sets="")
    later = table("counter", head=ON_BRIDGE.format("prerouting", 10), name="bridge fw", sets="")
    found = walked(NEXT_DOOR, translated + later)
    assert (found.outcome, [step.table for step in found.matched][-1]) == ("dropped", "ip own")


def test_a_prefix_that_nft_misprints_is_not_judged():
    """Found by the agreement of model and kernel: this is what nft 1.0.6 lists for `ct reply daddr 172.18.0.0/16`."""
    assert walked(OUT, table("ct reply ip daddr 0.0.172.18 drop")).outcome == "unknown"


def test_a_connection_is_remembered_although_its_frame_does_not_get_out():
    """Found by the agreement of model and kernel: it is confirmed at the end of POSTROUTING."""
    found = walked(OUT, table("tcp dport 80 drop", head=OF_DEVICE.format("egress", "eth0"), name="netdev fw", sets=""))
    assert "CONFIRMED" in found.last.status


def test_a_rule_that_is_not_understood_is_told_where_it_is_met():
    text = table("foo bar baz", "drop")
    found = walk(packet(OUT), Ruleset(), HOST, native=parse(text, strict=False))
    assert (found.outcome, found.forks) == ("unknown", True)
    assert "rule 1 of forward in table inet fw" in found.doubt
    assert "foo bar baz" in found.doubt


def test_a_large_set_is_looked_up():
    elements = ", ".join(f"10.{at >> 16}.{at >> 8 & 255}.{at & 255}" for at in range(0, 200_000, 2))
    text = table("ip daddr @many drop", sets=f"\tset many {{\n\t\ttype ipv4_addr\n\t\telements = {{ {elements} }}\n\t}}\n")
    assert walk(packet(OUT), Ruleset(), HOST, native=parse(text)).passed


# --- cases that the agreement of model and kernel has found -------------------------------------------------------------------------


def test_all_bits_of_a_status_are_not_known_once_nat_has_decided():
    """The kernel has two more (IPS_SRC_NAT_DONE, IPS_DST_NAT_DONE) where any chain translates."""
    text = table("dnat ip to 172.18.0.3", head=NAT) + table("ct status != dnat drop", name="inet other")
    assert walked(FROM_OUTSIDE, text).outcome == "unknown"
    assert walked(FROM_OUTSIDE, text.replace("!= dnat", "dnat")).outcome == "dropped"


def test_a_translation_of_the_other_family_does_nothing():
    """The rule matches, and the next one is asked (nft_nat_inet_eval); a key that is not in its map ends it all the same."""
    skipped = walked(FROM_OUTSIDE, table("dnat ip6 to fd00::2", "dnat ip to 172.18.0.3", head=NAT, sets=""))
    assert [step.rule for step in skipped.matched] == [1, 2]
    assert skipped.packet.destination == "172.18.0.3"
    missing = walked(FROM_OUTSIDE, table("ct state new dnat ip6 to tcp dport map { 80 : fd00::2 . 80 }", head=NAT, sets=""))
    assert [step.rule for step in missing.matched] == [None]


def test_a_translation_of_the_other_family_has_no_connection_tracked():
    """Without that no chain of the type nat is asked (nft_nat_init takes conntrack for its own family only)."""
    found = walked(FROM_OUTSIDE, table("meta mark set 0x1 drop", "dnat ip6 to fd00::2", head=NAT, sets=""))
    assert found.passed
    assert not found.visits


def test_what_a_rule_has_changed_stays_when_a_later_condition_fails():
    """nft_do_chain evaluates expressions one after the other, and undoes nothing when one of them breaks."""
    rules = "meta mark set 0x5 tcp dport 81 accept", "meta mark set 0x1 meta mark 0x1 tcp dport 80 counter", "meta mark 0x1 drop"
    found = walked(OUT, table(*rules, sets=""))
    assert ended(found) == "dropped @ inet fw forward 3"
    marks = [(step.rule, step.matched, step.changed and step.changed.mark) for step in found.visits]
    assert marks == [(1, False, 5), (2, True, 1), (3, True, None)]
    assert ended(walked(OUT, table("meta mark set 0x5 tcp dport 81", "meta mark 0x5 drop", sets=""))) == "dropped @ inet fw forward 2"


def test_a_verdict_map_looks_up_what_the_rule_has_changed():
    found = walked(OUT, table("meta mark set 0x2 meta mark vmap { 0x2 : drop }", sets=""))
    assert ended(found) == "dropped @ inet fw forward 1"
    assert found.last.mark == 2


def test_what_is_rejected_before_connection_tracking_has_no_connection():
    """Nor has the error about it, which conntrack cannot relate to anything (nf_ct_attach finds none to attach)."""
    early = table("reject", head="type filter hook prerouting priority raw; policy accept;", sets="")
    found = walked(TO_HOST, early)
    assert refusal_of(found, HOST).state == "INVALID"
    late = table("reject", head="type filter hook prerouting priority mangle; policy accept;", sets="")
    assert refusal_of(walked(TO_HOST, late), HOST).state == "RELATED"


def test_an_error_from_prerouting_does_not_come_from_the_address_that_was_asked():
    """No route says yet that the packet is for the host itself: icmp_send takes the address towards the sender."""
    text = "tcp 10.0.0.9:4000 > 172.18.0.1:80"
    early = table("reject", head="type filter hook prerouting priority mangle; policy accept;", sets="")
    assert refusal_of(walked(text, early), HOST).source == "10.0.0.5"
    late = table("reject", head="type filter hook input priority filter; policy accept;", sets="")
    assert refusal_of(walked(text, late), HOST).source == "172.18.0.1"


@pytest.mark.parametrize(
    ("source", "device", "found"), [("10.0.0.9", "eth0", True), ("172.18.0.1", "eth0", False), ("8.8.8.8", "lo", True)]
)
def test_a_route_back_leads_to_others_and_what_comes_through_lo_has_one(source, device, found):
    """nft_fib4_eval takes no route to the host itself, and nft_fib_can_skip asks for none of what comes back through lo."""
    head = "type filter hook prerouting priority mangle; policy accept;"
    back = walked(f"udp {source}:4000 > 10.0.0.5:80", table("fib saddr . iif oif exists drop", head=head, sets=""), input=device)
    assert (back.decided_by.rule == 1) is found


@pytest.mark.parametrize(
    ("destination", "kind"), [("10.0.0.5", "local"), ("172.18.0.1", "unicast"), ("127.0.0.1", "unicast"), ("255.255.255.255", "broadcast")]
)
def test_the_type_of_an_address_as_its_input_sees_it(destination, kind):
    """The address of another device is one like any other (inet_dev_addr_type)."""
    head = "type filter hook prerouting priority mangle; policy accept;"
    found = walked(f"udp 10.0.0.9:4000 > {destination}:80", table(f"fib daddr . iif type {kind} drop", head=head, sets=""))
    assert ended(found) == "dropped @ inet fw prerouting 1"


def test_an_error_about_a_packet_that_came_through_lo_comes_from_its_destination():
    """It has kept the route that it was sent with, which says that the destination is the host's own."""
    early = table("reject", head="type filter hook prerouting priority mangle; policy accept;", sets="")
    assert refusal_of(walked("udp 10.0.0.5:4000 > 172.18.0.1:80", early), HOST).source == "172.18.0.1"


def test_what_one_chain_has_left_untracked_is_untracked_to_the_next():
    """notrack marks the packet at once (nft_notrack_eval), whatever is asked before connection tracking after that."""
    first = table("notrack", head="type filter hook prerouting priority -350; policy accept;", name="ip a", sets="")
    second = table("ct state untracked drop", head="type filter hook prerouting priority raw; policy accept;", name="ip b", sets="")
    assert ended(walked(TO_HOST, first + second)) == "dropped @ ip b prerouting 1"
