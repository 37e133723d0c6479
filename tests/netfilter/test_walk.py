"""The way of a packet, worked out from the rules: one line a case, `packet => outcome @ the rule that decided`."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rulesets import rulesets
from support.walks import FROM_HOST, HOST, NEXT_DOOR, OUT, TO_HOST, ended, packet, rules

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet import Flow, Packet
from netlab_magic.model.topology import End, Interface, Namespace, Route, Topology
from netlab_magic.netfilter import Device, Host, HostTrace, Outcome, converse, every_branch, host_of, refusal_of, walk

# rule (of FORWARD) that drops, packet, whether it matches
MATCHES = [
    ("-s 172.18.0.0/16", OUT, True),
    ("! -s 172.18.0.0/16", OUT, False),
    ("-d 8.8.8.8", OUT, True),
    ("-d 8.8.4.0/24", OUT, False),
    ("-i docker1 -o eth0", OUT, True),
    ("-i docker+", OUT, True),
    ("-i eth+", OUT, False),
    ("-i veth0", OUT, False),
    ("-o docker1", NEXT_DOOR, True),
    ("-i docker1 ! -o docker1", NEXT_DOOR, False),
    ("-p udp", OUT, False),
    ("! -p udp", OUT, True),
    ("-p tcp --dport 80", OUT, True),
    ("-p tcp --dport 81:90", OUT, False),
    ("-p tcp ! --dport 81:90", OUT, True),
    ("-p tcp --sport 1024:65535", OUT, True),
    ("-p tcp --syn", OUT, True),
    ("-p tcp ! --syn", OUT, False),
    ("-p tcp --tcp-flags SYN,ACK ACK", OUT, False),
    ("-p udp --dport 53", "udp 172.18.0.2:4000 > 8.8.8.8:53", True),
    ("-p tcp -m multiport --dports 22,80,8000:8080", OUT, True),
    ("-p tcp -m multiport --ports 22,8000:8080", OUT, False),
    ("-p tcp -m multiport --sports 3999:4001", OUT, True),
    ("-p icmp --icmp-type echo-request", "icmp 172.18.0.2 > 8.8.8.8", True),
    ("-p icmp --icmp-type echo-reply", "icmp 172.18.0.2 > 8.8.8.8", False),
    ("-p icmp --icmp-type any", "icmp 172.18.0.2 > 8.8.8.8", True),
    ("-p icmp", OUT, False),
    ("-m conntrack --ctstate NEW", OUT, True),
    ("-m conntrack --ctstate RELATED,ESTABLISHED", OUT, False),
    ("-m conntrack ! --ctstate INVALID", OUT, True),
    ("-m state --state ESTABLISHED", OUT + " state=ESTABLISHED", True),
    ("-m conntrack --ctdir ORIGINAL", OUT, True),
    ("-m conntrack --ctorigdst 8.8.8.8", OUT, True),
    ("-m conntrack --ctreplsrc 8.8.8.8", OUT, True),
    ("-m conntrack --ctproto 17", OUT, False),
    ("-m conntrack --ctstatus NONE", OUT, False),
    ("-m conntrack --ctorigdstport 80", OUT, True),
    ("-m mark --mark 0x10/0xf0", OUT + " mark=0x13", True),
    ("-m mark --mark 0x10", OUT + " mark=0x13", False),
    ("-m connmark --mark 7", OUT + " connection_mark=7", True),
    ("-m physdev --physdev-in veth0", OUT, True),
    ("-m physdev --physdev-is-bridged", OUT, False),
    ("-m physdev --physdev-is-bridged", NEXT_DOOR, True),
    ("-m physdev --physdev-in veth0 --physdev-out veth1", NEXT_DOOR, True),
    ("-m iprange --src-range 172.18.0.2-172.18.0.9", OUT, True),
    ("-m iprange --dst-range 1.1.1.1-2.2.2.2", OUT, False),
    ("-m addrtype --dst-type LOCAL", OUT, False),
    ("-m addrtype --dst-type UNICAST", OUT, True),
    ("-m length --length 40:60", OUT, True),
    ("-m length --length 61:", OUT, False),
    ("-m ttl --ttl-eq 63", OUT, True),
    ("-m ttl --ttl-eq 64", NEXT_DOOR, True),
    ("-m ttl --ttl-lt 10", OUT, False),
    ("-m tos --tos 0x10", OUT + " tos=0x10", True),
    ("-m dscp --dscp-class EF", OUT + " tos=0xb8", True),
    ("-m comment --comment x", OUT, True),
    ("-f", OUT, False),
]


# rule of the table nat, packet, how the packet may then be
SEVERAL = [
    ("PREROUTING -j DNAT --to-destination 172.18.0.2-172.18.0.3", TO_HOST, {"172.18.0.2:80", "172.18.0.3:80"}),
    ("PREROUTING -p tcp -j DNAT --to-destination 172.18.0.2:81-82", TO_HOST, {"172.18.0.2:81", "172.18.0.2:82"}),
    ("PREROUTING -p tcp -j REDIRECT --to-ports 81-82", TO_HOST, {"10.0.0.5:81", "10.0.0.5:82"}),
    ("POSTROUTING -o eth0 -j SNAT --to-source 10.0.0.5-10.0.0.6", OUT, {"10.0.0.5:4000", "10.0.0.6:4000"}),
    ("POSTROUTING -p tcp -o eth0 -j MASQUERADE --to-ports 1024-65535", OUT, {"10.0.0.5:4000"}),
]


@pytest.mark.parametrize(("rule", "text", "expected"), SEVERAL)
def test_where_the_kernel_chooses_an_address_or_a_port_each_is_followed(rule, text, expected):
    def follow(assumed: tuple[bool, ...]) -> tuple[HostTrace, bool]:
        found = walk(packet(text), rules(f"nat {rule}"), HOST, assumed=assumed)
        return found, found.forks

    found, complete = every_branch(follow, 8)
    assert complete
    last = [one.packet for one in found]
    ends = [(one.source, one.source_port) if "POST" in rule else (one.destination, one.destination_port) for one in last]
    assert {f"{address}:{port}" for address, port in ends} == expected


@pytest.mark.parametrize(("spec", "text", "matches"), MATCHES)
def test_a_match_holds_or_does_not(spec, text, matches):
    found = walk(packet(text), rules(f"FORWARD {spec} -j DROP"), HOST)
    assert ended(found).startswith("dropped" if matches else "forwarded")
    step = next(step for step in found.visits if step.rule == 1)
    assert step.matched is matches
    assert bool(step.why) is not matches


# rules, packet, where it ends
WAYS = [
    (["FORWARD -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (["FORWARD -j DROP"], NEXT_DOOR, "dropped @ filter FORWARD 1"),
    (["INPUT -j DROP"], TO_HOST, "dropped @ filter INPUT 1"),
    (["INPUT -j DROP"], OUT, "forwarded @ filter FORWARD policy"),
    (["INPUT -j DROP"], "tcp 172.18.0.2:1 > 172.18.0.1:80", "dropped @ filter INPUT 1"),
    (["OUTPUT -j DROP"], FROM_HOST, "dropped @ filter OUTPUT 1"),
    (["FORWARD -j A", "A -j RETURN", "A -j DROP", "FORWARD -j DROP"], OUT, "dropped @ filter FORWARD 2"),
    (["FORWARD -j A", "FORWARD -j DROP", "A -j B", "A -j ACCEPT", "B -p udp -j DROP"], OUT, "forwarded @ filter A 2"),
    (["FORWARD -g A", "FORWARD -j DROP", "A -p udp"], OUT, "forwarded @ filter FORWARD policy"),
    (["FORWARD -j A", "FORWARD -j DROP", "A -g B", "A -j ACCEPT", "B -p udp"], OUT, "dropped @ filter FORWARD 2"),
    (["FORWARD -j RETURN", "FORWARD -j DROP"], OUT, "forwarded @ filter FORWARD policy"),
    (["FORWARD -j LOG", "FORWARD", "FORWARD -j DROP"], OUT, "dropped @ filter FORWARD 3"),
    (["FORWARD -j REJECT"], OUT, "rejected @ filter FORWARD 1"),
    (["raw PREROUTING -j DROP"], OUT, "dropped @ raw PREROUTING 1"),
    (["raw PREROUTING -j ACCEPT", "FORWARD -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (["mangle FORWARD -j DROP", "FORWARD -j ACCEPT"], OUT, "dropped @ mangle FORWARD 1"),
    (["security FORWARD -j DROP", "FORWARD -j ACCEPT"], OUT, "dropped @ security FORWARD 1"),
    (["mangle PREROUTING -j MARK --set-mark 7", "FORWARD -m mark --mark 7 -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (["mangle PREROUTING -j CONNMARK --set-mark 7", "FORWARD -m connmark --mark 7 -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (["raw PREROUTING -j CT --notrack", "FORWARD -m conntrack --ctstate UNTRACKED -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (["mangle PREROUTING -j TTL --ttl-set 1", "FORWARD -j DROP"], OUT, "dropped @ mangle PREROUTING policy"),
    (["mangle PREROUTING -j DSCP --set-dscp 8", "FORWARD -m dscp --dscp 8 -j DROP"], OUT, "dropped @ filter FORWARD 1"),
    (
        ["nat PREROUTING -p tcp --dport 80 -j DNAT --to-destination 172.18.0.3:8080", "FORWARD -p tcp --dport 8080 -j DROP"],
        TO_HOST,
        "dropped @ filter FORWARD 1",
    ),
    (["nat PREROUTING -j DNAT --to-destination 10.0.0.5", "INPUT -j DROP"], OUT, "dropped @ filter INPUT 1"),
    (["nat PREROUTING -p tcp -j REDIRECT --to-ports 81", "INPUT -p tcp --dport 81 -j DROP"], OUT, "dropped @ filter INPUT 1"),
    (["nat PREROUTING -j DNAT --to-destination 9.9.9.9"], OUT + " state=ESTABLISHED", "forwarded @ filter FORWARD policy"),
    (["nat POSTROUTING ! -o docker1 -j MASQUERADE"], NEXT_DOOR, "forwarded @ nat POSTROUTING policy"),
    (["mangle POSTROUTING -m physdev --physdev-in veth0 -j DROP"], NEXT_DOOR, "dropped @ mangle POSTROUTING 1"),
]


@pytest.mark.parametrize(("lines", "text", "end"), WAYS)
def test_the_way_ends(lines, text, end):
    assert ended(walk(packet(text), rules(*lines), HOST)) == end


def test_a_policy_decides_where_no_rule_did():
    assert walk(packet(OUT), rules(FORWARD="DROP"), HOST).why == "the policy of FORWARD drops it"


def test_every_failed_rule_says_why():
    found = walk(packet(OUT), rules("FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT", "FORWARD ! -i docker1 -j DROP"), HOST)
    assert [step.why for step in found.visits if step.rule] == [
        "ctstate NEW is not RELATED,ESTABLISHED",
        "input interface docker1 is docker1",
    ]


@pytest.mark.parametrize(
    ("text", "hooks"),
    [
        (OUT, "PREROUTING FORWARD POSTROUTING"),
        (NEXT_DOOR, "PREROUTING FORWARD POSTROUTING"),
        (TO_HOST, "PREROUTING INPUT"),
        (FROM_HOST, "OUTPUT POSTROUTING"),
        ("tcp 10.0.0.5:1 > 127.0.0.1:80", "OUTPUT POSTROUTING PREROUTING INPUT"),
    ],
)
def test_the_hooks_follow_from_the_way(text, hooks):
    assert " ".join(walk(packet(text), rules(), HOST).hooks) == hooks


def test_a_bridged_frame_is_not_routed():
    found = walk(packet(NEXT_DOOR), rules("mangle POSTROUTING"), Host(HOST.devices, forwarding=False))
    last = found.visits[-1].before
    assert found.passed
    assert (last.ttl, last.input, last.output, last.port_in, last.port_out) == (64, "", "docker1", "veth0", "veth1")


def test_rules_see_no_bridged_frames_without_bridge_nf():
    found = walk(packet(NEXT_DOOR), rules("FORWARD -j DROP"), Host(HOST.devices, bridge_nf=False))
    assert (found.outcome, found.visits) == (Outcome.FORWARDED, ())


@pytest.mark.parametrize(("to", "bridged"), [("172.18.0.3", True), ("9.9.9.9", False)])
def test_a_frame_with_a_new_destination_stays_on_its_bridge_or_is_routed(to, bridged):
    found = walk(packet("tcp 172.18.0.2:1 > 172.18.0.1:80"), rules(f"nat PREROUTING -j DNAT --to-destination {to}"), HOST)
    assert (found.packet.port_out == "veth1") is bridged
    assert (found.packet.ttl == 64) is bridged


@pytest.mark.parametrize(
    ("host", "text", "why"),
    [
        (Host(HOST.devices, HOST.routes, forwarding=False), OUT, "the host does not forward (net.ipv4.ip_forward is 0)"),
        (Host(HOST.devices), OUT, "the host has no route to 8.8.8.8"),
        (Host(HOST.devices), FROM_HOST, "the host has no route to 8.8.8.8"),
        (HOST, OUT + " ttl=1", "its TTL has expired"),
    ],
)
def test_routing_ends_a_way_too(host, text, why):
    found = walk(packet(text), rules(), host)
    assert (found.outcome, found.why) == (Outcome.DROPPED, why)


@pytest.mark.parametrize(
    ("output", "port_out", "hooks"),
    [
        ("eth0", "", ("PREROUTING", "FORWARD", "POSTROUTING")),
        ("", "", ("PREROUTING", "INPUT")),
        ("docker1", "veth1", ("PREROUTING", "FORWARD", "POSTROUTING")),
    ],
)
def test_without_a_host_the_packet_says_where_it_goes(output, port_out, hooks):
    assert walk(packet(OUT, output=output, port_out=port_out), rules()).hooks == hooks


UNKNOWN = [
    ("-m recent --name x --rcheck -j DROP", "unknown because rule 1 of FORWARD uses -m recent"),
    ("-m set --match-set x src -j DROP", "unknown because rule 1 of FORWARD uses -m set --match-set x src"),
    ("-m statistic --mode random --probability 0.5 -j DROP", "unknown because rule 1 of FORWARD uses -m statistic"),
    ("-j NFQUEUE --queue-num 1", "unknown because rule 1 of FORWARD goes to NFQUEUE"),
]


@pytest.mark.parametrize(("spec", "why"), UNKNOWN)
def test_what_cannot_be_judged_makes_the_outcome_unknown(spec, why):
    found = walk(packet(OUT), rules(f"FORWARD {spec}"), HOST)
    assert (found.outcome, found.why, found.passed) == (Outcome.UNKNOWN, why, False)


def branches(sent: Packet, ruleset: Ruleset) -> list[HostTrace]:
    """Every way that the packet may take."""

    def follow(assumed: tuple[bool, ...]) -> tuple[HostTrace, bool]:
        found = walk(sent, ruleset, HOST, assumed=assumed)
        return found, found.forks

    found, are_all = every_branch(follow, 256)
    assert are_all
    return found


@pytest.mark.parametrize(
    ("spec", "outcomes"),
    [
        ("-m recent --name x --rcheck -j DROP", {"dropped", "forwarded"}),
        ("-m recent --name x --rcheck -p udp -j DROP", {"forwarded"}),
        ("-m recent --name x --rcheck -j LOG", {"forwarded"}),
        ("-j NFQUEUE --queue-num 1", {"unknown"}),
    ],
)
def test_both_branches_can_be_followed(spec, outcomes):
    assert {found.outcome for found in branches(packet(OUT), rules(f"FORWARD {spec}"))} == outcomes


def test_masquerading_is_remembered_and_turned_back():
    found = converse(packet(OUT), rules("nat POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE"), HOST)
    assert found.request.packet.reply == Flow("8.8.8.8", "10.0.0.5", 80, 4000)
    assert (found.reply.sent.destination, found.reply.packet.destination) == ("10.0.0.5", "172.18.0.2")
    assert found.answered


def test_a_published_port_is_remembered_and_turned_back():
    published = rules("nat PREROUTING -d 10.0.0.5 -p tcp --dport 80 -j DNAT --to-destination 172.18.0.2:8080")
    found = converse(packet(TO_HOST), published, HOST)
    assert (found.reply.sent.source, found.reply.sent.source_port) == ("172.18.0.2", 8080)
    assert (found.reply.packet.source, found.reply.packet.source_port) == ("10.0.0.5", 80)


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (["FORWARD -i docker1 -j ACCEPT"], "the request arrives; the reply: the policy of FORWARD drops it"),
        (["FORWARD -o docker1 -m conntrack --ctstate ESTABLISHED -j ACCEPT"], "the request: the policy of FORWARD drops it"),
        (["FORWARD -i docker1 -j ACCEPT", "FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT"], "request and reply arrive"),
    ],
)
@pytest.mark.parametrize("text", [OUT, "udp 172.18.0.2:1 > 8.8.8.8:53", "icmp 172.18.0.2 > 8.8.8.8"])
def test_a_reply_has_a_way_of_its_own(lines, why, text):
    assert converse(packet(text), rules(*lines, FORWARD="DROP"), HOST).why == why


@pytest.mark.parametrize("text", [OUT, "icmp 172.18.0.2 > 8.8.8.8"])
def test_a_refusal_is_related_and_may_be_dropped_itself(text):
    lines = ["FORWARD -j REJECT --reject-with icmp-host-prohibited", "OUTPUT -m conntrack --ctstate RELATED -j DROP"]
    found = converse(packet(text), rules(*lines), HOST)
    assert (found.request.answer, found.reply.sent.icmp_type, found.reply.sent.icmp_code) == ("icmp-host-prohibited", 3, 10)
    assert ended(found.reply) == "dropped @ filter OUTPUT 1"


LO = "udp 10.0.0.5:4000 > 10.0.0.5:80"
INTO = "tcp 10.0.0.9:4000 > 172.18.0.2:80"

# What the random comparison with the kernel found: rules, packet, and where the answer of a refusal ends
REFUSALS = [
    # an answer does not confirm the connection that it carries along (__nf_conntrack_confirm)
    (
        ["OUTPUT -m conntrack --ctstate NEW -j REJECT", "raw PREROUTING -m conntrack --ctstatus CONFIRMED -j DROP"],
        FROM_HOST,
        "delivered @ filter INPUT policy",
    ),
    # one that is no part of a connection has none to carry along (nf_ct_attach) …
    (
        ["raw PREROUTING -j CT --notrack", "FORWARD -j REJECT", "OUTPUT -m conntrack --ctstate INVALID -j DROP"],
        OUT,
        "dropped @ filter OUTPUT 1",
    ),
    # … and cannot be untracked any more (xt_ct_target: the packet has something attached, though it is nothing)
    (
        [
            *("raw PREROUTING -j CT --notrack", "raw OUTPUT -j CT --notrack"),
            *("FORWARD -j REJECT", "OUTPUT -m conntrack ! --ctstate UNTRACKED -j DROP"),
        ],
        OUT,
        "dropped @ filter OUTPUT 1",
    ),
    # a reset about a frame from a bridge's port leaves through that port, past all rules (nf_send_reset)
    (["FORWARD -p tcp -j REJECT --reject-with tcp-reset", "OUTPUT -j DROP"], NEXT_DOOR, "sent"),
    (["FORWARD -p tcp -j REJECT --reject-with tcp-reset", "OUTPUT -j DROP"], INTO, "dropped @ filter OUTPUT 1"),
    # a reset may be the first that nat POSTROUTING sees of its connection; what is decided there does not change the reset (nf_nat_packet)
    (
        ["FORWARD -p tcp -j REJECT --reject-with tcp-reset", "nat POSTROUTING -j SNAT --to-source 10.0.0.77"],
        INTO,
        "sent @ nat POSTROUTING 1",
    ),
    # the protocol of an error's connection is not the error's (conntrack_mt)
    (["FORWARD -j REJECT", "OUTPUT -m conntrack ! --ctproto 1 -j DROP"], INTO, "dropped @ filter OUTPUT 1"),
]


@pytest.mark.parametrize(("lines", "text", "end"), REFUSALS)
def test_a_refusal_has_a_way_of_its_own(lines, text, end):
    assert ended(converse(packet(text), rules(*lines), HOST).reply) == end


def test_a_packet_whose_ttl_has_ended_is_told_so():
    found = converse(packet(OUT, ttl=1), rules(), HOST)
    assert (found.reply.sent.icmp_type, found.reply.outcome) == (11, Outcome.SENT)


def test_an_echo_reply_that_the_host_refuses_itself_is_not_answered():
    """Its ICMP socket is busy with that reply (icmp_xmit_lock)."""
    found = converse(packet("icmp 10.0.0.9 > 10.0.0.5"), rules("OUTPUT -j REJECT"), HOST)
    assert found.reply.outcome == Outcome.REJECTED
    assert refusal_of(found.reply, HOST) is None


def test_a_refusal_to_a_second_address_of_the_host_comes_from_the_first():
    """The preferred source of a local route is the primary address (fib_add_ifaddr)."""
    host = Host((*HOST.devices[:-1], Device("eth0", ("10.0.0.5/24", "10.0.0.6/24"))), HOST.routes)
    found = converse(packet("udp 10.0.0.6:1 > 8.8.8.8:53", input=""), rules("OUTPUT -j REJECT"), host)
    assert (found.reply.sent.source, found.reply.sent.destination) == ("10.0.0.5", "10.0.0.6")


def test_nat_is_not_asked_where_nothing_has_connection_tracking_run():
    """Without connections there is none to translate (nf_nat_inet_fn, nf_ct_netns_get)."""
    assert not any(step.table == "nat" for step in walk(packet(OUT), rules("nat POSTROUTING"), HOST).visits)
    tracking = rules("nat POSTROUTING", "FORWARD -m conntrack --ctstate NEW")
    assert any(step.table == "nat" for step in walk(packet(OUT), tracking, HOST).visits)


def test_a_first_packet_that_is_sent_again_is_translated_as_before():
    confirmed = {"status": frozenset(("CONFIRMED",)), "original": Flow("10.0.0.9", "10.0.0.5", 4000, 80)}
    again = packet(TO_HOST, reply=Flow("172.18.0.2", "10.0.0.9", 8080, 4000), **confirmed)
    found = walk(again, rules("nat PREROUTING -j DNAT --to-destination 172.18.0.3"), HOST)
    assert (found.packet.destination, found.packet.destination_port) == ("172.18.0.2", 8080)
    assert not any(step.table == "nat" for step in found.visits)


@pytest.mark.parametrize(
    ("lines", "text", "host", "end"),
    [
        # masquerading on lo takes the first address of any device (inet_select_addr: those of lo have host scope)
        (["nat POSTROUTING -o lo -j MASQUERADE", "INPUT -s 172.18.0.1 -j DROP"], LO, HOST, "dropped @ filter INPUT 1"),
        # a bridged frame whose destination is translated needs forwarding, even when it stays on its bridge (br_nf_pre_routing_finish)
        (
            ["nat PREROUTING -j DNAT --to-destination 172.18.0.3"],
            "tcp 172.18.0.2:1 > 172.18.0.1:80",
            Host(HOST.devices, forwarding=False),
            "dropped @ nat PREROUTING 1",
        ),
        # nothing from outside for 127.0.0.0/8, nothing to others from there (ip_route_input_slow, __mkroute_output)
        (["nat PREROUTING -j DNAT --to-destination 127.0.0.1"], TO_HOST, HOST, "dropped @ nat PREROUTING 1"),
        (["nat OUTPUT -j DNAT --to-destination 8.8.8.8"], "tcp 127.0.0.1:1 > 127.0.0.1:80", HOST, "dropped @ nat OUTPUT 1"),
        # the ports of a bridge are known to br_netfilter only
        (
            ["FORWARD -m physdev --physdev-is-in -j DROP"],
            OUT,
            Host(HOST.devices, HOST.routes, bridge_nf=False),
            "forwarded @ filter FORWARD policy",
        ),
        # a network's part of an address (netmap_tg4)
        (
            ["nat PREROUTING -d 172.18.0.0/16 -j NETMAP --to 10.0.0.0/24", "INPUT -d 10.0.0.5 -j DROP"],
            "tcp 10.0.0.9:1 > 172.18.0.5:80",
            HOST,
            "dropped @ filter INPUT 1",
        ),
        # the way back does not lead through the device, as fib_validate_source sees it
        (
            [],
            "tcp 172.18.0.9:1 > 10.0.0.5:80",
            Host((*HOST.devices[:-1], Device("eth0", ("10.0.0.5/24",), reverse_path=1)), HOST.routes),
            "dropped",
        ),
    ],
)
def test_what_the_comparison_with_the_kernel_found(lines, text, host, end):
    assert ended(walk(packet(text), rules(*lines), host)) == end


def test_the_nft_variant_asks_security_after_nat():
    """Its priority is 150 there, 50 in the kernel's own table (xtables_ipv4 in iptables/nft.c, NF_IP_PRI_SECURITY)."""
    lines = rules("nat INPUT -j ACCEPT", "security INPUT", "INPUT -m conntrack --ctstate NEW")
    for variant, tables in (("legacy", ["filter", "security", "nat"]), ("nft", ["filter", "nat", "security"])):
        host = Host(HOST.devices, HOST.routes, variant=variant)
        found = walk(packet(TO_HOST), lines, host)
        assert list(dict.fromkeys(step.table for step in found.visits if step.hook == "INPUT")) == tables


@pytest.mark.parametrize("spec", ["-m limit --limit 1/min", "-m statistic --mode random --probability 0.5", "-m recent --set"])
def test_what_depends_on_earlier_packets_or_on_chance_is_not_judged(spec):
    lines = rules(f"FORWARD {spec} -j DROP")
    assert walk(packet(OUT), lines, HOST).why.startswith("unknown because rule 1 of FORWARD uses -m ")
    ends = {found.outcome for found in branches(packet(OUT), lines)}
    assert ends == {Outcome.DROPPED, Outcome.FORWARDED}
    let_go = walk(packet(OUT), lines, HOST, assumed=(False,))
    assert next(step for step in let_go.visits if step.rule).why == f"{' '.join(spec.split()[:2])} cannot be judged"


def test_a_rule_that_is_asked_twice_may_answer_differently():
    """`-m statistic`, `recent`, `limit` and others change with every packet that they are asked about."""
    lines = rules("FORWARD -j A", "FORWARD -j A", "A -m statistic --mode nth --every 2 --packet 0 -j MARK --set-mark 1")
    assert len(branches(packet(OUT), lines)) == 4


@pytest.mark.parametrize(
    ("lines", "where", "way"),
    [
        (("FORWARD -j A", "A -j B", "B -j A"), "rule 1 of B", "A → B → A"),
        (("FORWARD -j A", "A -g A"), "rule 1 of A", "A → A"),
        (("FORWARD -j A", "A -g B", "B -p tcp -j C", "C -g A"), "rule 1 of C", "A → B → C → A"),
    ],
)
def test_chains_that_lead_back_to_themselves_are_left(lines, where, way):
    ruleset = rules(*lines, strict=False)
    found = walk(packet(OUT), ruleset, HOST)
    assert found.outcome == Outcome.UNKNOWN
    assert found.why == f"unknown because {where} leads back to A in a loop of chains ({way}), which the kernel would refuse"
    assert (*ruleset.table("filter").loop(), "A") == tuple(way.split(" → "))


def test_a_chain_that_is_called_again_is_no_loop():
    lines = rules("FORWARD -j A", "FORWARD -j A", "A -j B", "FORWARD -j B", "B -p udp -j DROP", "A -g B")
    assert ended(walk(packet(OUT), lines, HOST)) == "forwarded @ filter FORWARD policy"


def test_ipv6_has_its_own_numbers():
    host = Host((Device("lo", ("::1/128",)), Device("eth0", ("2001:db8::5/64",))), (Route("default", "2001:db8::1", "eth0"),))
    reject = "*filter\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n-A INPUT -s 2001:db8::/64 -p tcp -m tcp --dport 80 -j REJECT\nCOMMIT\n"
    sent = Packet("2001:db8::9", "2001:db8::5", "tcp", 4000, 80, flags=frozenset(("SYN",)), input="eth0")
    found = converse(sent, parse(reject, family="ipv6"), host)
    assert (found.request.outcome, found.request.answer) == (Outcome.REJECTED, "icmp6-port-unreachable")
    told = found.reply.sent
    assert (told.protocol, told.icmp_type, told.icmp_code, told.destination) == ("ipv6-icmp", 1, 4, "2001:db8::9")


def test_no_route_leads_to_the_loopback_address_of_ipv6_but_from_lo():
    """Without Docker's proxy the answer to the host's own connection to ::1 is translated back to it, and is lost there."""
    host = Host((Device("lo", ("::1/128",)), Device("br0", ("fd00:1::1/64",))), ())
    for device, outcome in (("br0", Outcome.DROPPED), ("lo", Outcome.DELIVERED)):
        assert walk(Packet("fd00:1::2", "::1", "tcp", 80, 4000, input=device), Ruleset(family="ipv6"), host).outcome == outcome


def test_the_path_is_what_matched():
    path = walk(packet(OUT), rules("FORWARD -p udp -j DROP", "FORWARD -j A", "A -j ACCEPT"), HOST).path
    assert [(step.chain, step.rule, step.outcome) for step in path.steps] == [("FORWARD", 2, "A"), ("A", 1, "ACCEPT")]


def test_a_host_is_read_off_a_topology():
    peer = End("ns0", "eth0")
    bridge = Interface("docker1", "bridge", ("172.18.0.1/16",))
    port = Interface("veth0", master="docker1", peer=peer)
    inside = Interface("eth0", addresses=("172.18.0.2/16",), peer=End("host", "veth0"))
    topology = Topology(
        {
            "host": Namespace("host", (bridge, port), sysctls={"net.ipv4.ip_forward": "1"}),
            "ns0": Namespace("ns0", (inside,), (Route("default", "172.18.0.1", "eth0"),)),
        }
    )
    host = host_of(topology)
    assert (host.forwarding, host.bridge_nf) == (True, True)
    assert host.devices[1] == Device("veth0", bridge="docker1", behind=("172.18.0.2",), kind="veth")
    assert host_of(topology, "ns0").forwarding is False


packets = st.builds(
    lambda text, state, mark: packet(text, state=state, mark=mark),
    st.sampled_from([OUT, NEXT_DOOR, TO_HOST, FROM_HOST, "icmp 10.0.0.9 > 172.18.0.2", "udp 172.18.0.3:1 > 8.8.8.8:1000"]),
    st.sampled_from(["NEW", "ESTABLISHED", "RELATED", "INVALID"]),
    st.sampled_from([0, 0x4000]),
)


@given(packets, rulesets())
def test_a_packet_that_is_dropped_met_who_dropped_it(sent, ruleset):
    found = walk(sent, ruleset, HOST)
    if found.outcome == Outcome.DROPPED:
        assert found.decided_by.line.action.verdict == "DROP"
        assert str(found.decided_by.line) in found.why


@given(packets, rulesets())
def test_a_step_explains_itself_exactly_where_it_did_not_match(sent, ruleset):
    for step in walk(sent, ruleset, HOST).visits:
        assert bool(step.why) is not step.matched


@given(packets, rulesets())
def test_a_certain_way_has_one_branch(sent, ruleset):
    found = walk(sent, ruleset, HOST)
    if found.outcome != Outcome.UNKNOWN:
        assert [each.outcome for each in branches(sent, ruleset)] == [found.outcome]


@given(packets, rulesets())
def test_a_rule_that_only_counts_changes_no_outcome(sent, ruleset):
    counting = rules("FORWARD").chain("FORWARD").rules
    tables = tuple(
        msgspec.structs.replace(
            table, chains=tuple(msgspec.structs.replace(chain, rules=(*counting, *chain.rules)) for chain in table.chains), layout=()
        )
        for table in ruleset.tables
    )
    assert walk(sent, msgspec.structs.replace(ruleset, tables=tables), HOST).outcome == walk(sent, ruleset, HOST).outcome


@pytest.mark.parametrize(
    ("spec", "outcome"),
    [
        ("-i eth0 -j DROP", Outcome.UNKNOWN),
        ("! -i eth0 -j DROP", Outcome.UNKNOWN),
        ("-i eth+ -j DROP", Outcome.DROPPED),
        ("-i docker1 -j DROP", Outcome.DELIVERED),
        ("! -i docker1 -j DROP", Outcome.DROPPED),
        ("-i + -j DROP", Outcome.DROPPED),
    ],
)
def test_a_device_whose_name_is_one_of_several_is_judged_where_they_agree(spec, outcome):
    host = msgspec.structs.replace(HOST, devices=(*HOST.devices[:-1], Device("eth0 or eth1", ("10.0.0.5/24",))), routes=())
    sent = packet("tcp 10.0.0.9:4000 > 10.0.0.5:80", input="eth0 or eth1")
    assert walk(sent, rules(f"INPUT {spec}"), host).outcome == outcome


def test_an_edited_ruleset_walks_as_one_that_was_read_anew():
    """What is compiled of a ruleset is taken over for one that differs by an edit; the rules behind the edit have other numbers then."""
    before = rules("FORWARD -s 10.0.0.0/8 -j DROP", "FORWARD -p udp -j DROP", "FORWARD -j U", "U -p tcp -j ACCEPT", FORWARD="DROP")
    assert ended(walk(packet(OUT), before, HOST)) == "forwarded @ filter U 1"
    forward = before.table("filter").chain("FORWARD")
    shorter = msgspec.structs.replace(forward, rules=forward.rules[1:])
    table = msgspec.structs.replace(
        before.table("filter"), chains=tuple(shorter if chain is forward else chain for chain in before.table("filter").chains)
    )
    after = msgspec.structs.replace(before, tables=tuple(table if held.name == "filter" else held for held in before.tables))
    found = walk(packet(OUT), after, HOST)
    assert [(step.chain, step.rule) for step in found.visits if step.table == "filter"] == [("FORWARD", 1), ("FORWARD", 2), ("U", 1)]
    assert ended(walk(packet("udp 172.18.0.2:4000 > 8.8.8.8:80"), after, HOST)) == "dropped @ filter FORWARD 1"


def test_an_echo_reply_to_another_address_of_the_host_is_an_answer_to_ping():
    """NOTRACK keeps the reply from being translated back; a raw socket takes it all the same."""
    ruleset = rules("raw PREROUTING -i eth0 -j NOTRACK", "nat POSTROUTING -j SNAT --to-source 172.18.0.1")
    found = converse(packet("icmp 10.0.0.5 > 8.8.8.8"), ruleset, HOST)
    assert (found.reply.packet.destination, found.answered) == ("172.18.0.1", True)
    assert not converse(packet("udp 10.0.0.5:4000 > 8.8.8.8:53"), ruleset, HOST).answered


def test_an_error_about_an_untracked_packet_is_not_untracked_itself():
    """It brings a mark that keeps NOTRACK off (nf_conntrack_attach, xt_ct_target): found by the agreement of model and kernel."""
    error = packet("icmp 10.0.0.5 > 10.0.0.9 icmp_type=3", state="RELATED", connection_protocol="udp", half_attached=True)
    found = walk(error, rules("raw OUTPUT -j CT --notrack", "raw OUTPUT -m conntrack --ctstate UNTRACKED -j DROP"), HOST)
    assert found.outcome == Outcome.SENT
    assert found.last.state == "RELATED"
    assert not found.last.attached


def test_an_error_about_a_closed_port_can_be_untracked():
    """UDP parts a datagram from its connection before it tells that nobody listens (nf_reset_ct in __udp4_lib_rcv)."""
    error = packet("icmp 10.0.0.5 > 10.0.0.9 icmp_type=3", state="RELATED", connection_protocol="udp")
    found = walk(error, rules("raw OUTPUT -j CT --notrack", "OUTPUT -m conntrack --ctstate UNTRACKED -j DROP"), HOST)
    assert ended(found) == "dropped @ filter OUTPUT 1"
