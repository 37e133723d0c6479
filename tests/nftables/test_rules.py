"""What rules say as values: one line of nft's text, and what walks and explains would ask of it."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from netlab_magic.nftables.expressions import (
    AnonymousSet,
    Binary,
    CatchAll,
    Concatenation,
    Ct,
    Element,
    Fib,
    MapLookup,
    Meta,
    NamedSet,
    Numgen,
    Payload,
    Prefix,
    Range,
    RawPayload,
    Socket,
    TcpOption,
)
from netlab_magic.nftables.statements import (
    Assignment,
    ConnectionLimit,
    Counter,
    Dup,
    FlowAdd,
    Forward,
    Last,
    Limit,
    Log,
    Masquerade,
    Match,
    Meter,
    Nat,
    Notrack,
    ObjectReference,
    Queue,
    Quota,
    Redirect,
    Reject,
    ResetOption,
    SetUpdate,
    Synproxy,
    Tproxy,
    Unknown,
    Verdict,
    VerdictMap,
    Xt,
)
from netlab_magic.nftables.text.statement_parser import read_rule

DPORT, SADDR, DADDR = Payload("tcp", "dport"), Payload("ip", "saddr"), Payload("ip", "daddr")
STATE, MARK = Ct("state"), Meta("mark")
ACCEPT = Verdict("accept")


def elements(*keys):
    return AnonymousSet(tuple(map(Element, keys)))


CASES = [
    ("tcp dport 22 accept", Match(DPORT, "==", 22), ACCEPT),
    ('tcp dport "ssh" accept', Match(DPORT, "==", 22), ACCEPT),
    ("tcp dport != 1024-65535", Match(DPORT, "!=", Range(1024, 65535))),
    ("tcp dport { 22, 80-90 }", Match(DPORT, "==", elements(22, Range(80, 90)))),
    ("tcp dport @ports drop", Match(DPORT, "==", NamedSet("ports")), Verdict("drop")),
    ("ip saddr 10.0.0.0/8", Match(SADDR, "==", Prefix(IPv4Address("10.0.0.0"), 8))),
    ("ip6 saddr fe80::/10", Match(Payload("ip6", "saddr"), "==", Prefix(IPv6Address("fe80::"), 10))),
    ("ip saddr & 0.0.0.255 == 0.0.0.1", Match(Binary("&", SADDR, IPv4Address("0.0.0.255")), "==", IPv4Address("0.0.0.1"))),
    ("ct state established,related", Match(STATE, "in", 6)),
    ("ct state 0x2,0x4", Match(STATE, "in", 6)),
    ("ct state { established, related }", Match(STATE, "==", elements(2, 4))),
    ("ct state != invalid", Match(STATE, "!=", 1)),
    ("ct original ip saddr 10.0.0.1", Match(Ct("ip saddr", "original"), "==", IPv4Address("10.0.0.1"))),
    ("ct expiration > 1h", Match(Ct("expiration"), ">", 3_600_000)),
    ("tcp flags syn / fin,syn,rst,ack", Match(Binary("&", Payload("tcp", "flags"), 23), "==", 2)),
    ("tcp flags & (fin | syn | rst | ack) == syn", Match(Binary("&", Payload("tcp", "flags"), 23), "==", 2)),
    ("tcp flags & (fin|syn) == syn", Match(Binary("&", Payload("tcp", "flags"), 3), "==", 2)),
    ("tcp flags ! syn,rst", Match(Payload("tcp", "flags"), "!", 6)),
    ("icmp type echo-request", Match(Payload("icmp", "type"), "==", 8)),
    ("icmp code frag-needed", Match(Payload("icmp", "code"), "==", 4)),
    ('iifname "eth*"', Match(Meta("iifname"), "==", "eth*")),
    ('oif "lo"', Match(Meta("oif"), "==", "lo")),
    ("meta l4proto { tcp, 17 } th dport 53", Match(Meta("l4proto"), "==", elements(6, 17)), Match(Payload("th", "dport"), "==", 53)),
    ('meta hour "17:00"-"19:00"', Match(Meta("hour"), "==", Range("17:00", "19:00"))),
    ("meta pkttype { broadcast, multicast }", Match(Meta("pkttype"), "==", elements(1, 2))),
    ("pkttype broadcast", Match(Meta("pkttype"), "==", 1)),
    ("ether saddr 00:11:22:33:44:55", Match(Payload("ether", "saddr"), "==", 0x1122334455)),
    ("arp saddr ip 10.0.0.1", Match(Payload("arp", "saddr ip"), "==", IPv4Address("10.0.0.1"))),
    ("fib daddr type local", Match(Fib("type", ("daddr",)), "==", 2)),
    ("fib saddr . iif oif missing drop", Match(Fib("check", ("saddr", "iif")), "==", 0), Verdict("drop")),
    ("fib saddr . iif check missing drop", Match(Fib("check", ("saddr", "iif")), "==", 0), Verdict("drop")),
    ("@th,160,32 & 0xf == 0x1", Match(Binary("&", RawPayload("th", 160, 32), 15), "==", 1)),
    ("tcp option maxseg size set 1360", Assignment(TcpOption("maxseg", "size"), 1360)),
    ("tcp option sack-perm exists", Match(TcpOption("sack-perm"), "==", 1)),
    ("vxlan ip saddr 10.0.0.1", Match(Payload("ip", "saddr", "vxlan"), "==", IPv4Address("10.0.0.1"))),
    (
        "ip saddr . tcp dport { 10.0.0.0/24 . 80-90 }",
        Match(Concatenation((SADDR, DPORT)), "==", elements(Concatenation((Prefix(IPv4Address("10.0.0.0"), 24), Range(80, 90))))),
    ),
    (
        "tcp dport vmap { 22 : accept, * : jump other }",
        VerdictMap(DPORT, AnonymousSet((Element(22, ACCEPT), Element(CatchAll(), Verdict("jump", "other"))))),
    ),
    ("iifname vmap @jumps", VerdictMap(Meta("iifname"), NamedSet("jumps"))),
    ("meta mark set meta mark & 0xffff00ff | 0x00000100", Assignment(MARK, Binary("|", Binary("&", MARK, 0xFFFF00FF), 0x100))),
    ("meta mark set mark or 0x1", Assignment(MARK, Binary("|", MARK, 1))),
    ("ct mark set ip dscp << 2 | 0x10", Assignment(Ct("mark"), Binary("|", Binary("<<", Payload("ip", "dscp"), 2), 16))),
    ("meta mark set ip saddr map @marks", Assignment(MARK, MapLookup(SADDR, NamedSet("marks")))),
    ("counter packets 5 bytes 600", Counter(5, 600)),
    ("counter", Counter()),
    ('counter name "seen"', ObjectReference("counter", "seen")),
    ('ct helper set "ftp"', ObjectReference("ct helper", "ftp")),
    ('ct helper "ftp"', Match(Ct("helper"), "==", "ftp")),
    ("limit rate 10/second", Limit(10, "second")),
    ("limit rate 10/second burst 5 packets", Limit(10, "second")),
    ("limit rate over 10 mbytes/second burst 8 kbytes", Limit(10 << 20, "second", 8 << 10, over=True, in_bytes=True)),
    ("quota over 5 kbytes used 1 bytes", Quota(5120, over=True, used=1)),
    ("ct count over 20", ConnectionLimit(20, over=True)),
    ('log prefix "a b: " level info flags tcp sequence,options', Log("a b: ", "info", flags=("tcp sequence", "tcp options"))),
    ("reject", Reject("icmpx", 1)),
    ("reject with icmp type host-unreachable", Reject("icmp", 1)),
    ("reject with tcp reset", Reject("tcp reset")),
    ("dnat ip to 10.0.0.1:8080", Nat("dnat", IPv4Address("10.0.0.1"), 8080, "ip")),
    ("dnat ip6 to [fd00::1]:80-90", Nat("dnat", IPv6Address("fd00::1"), Range(80, 90), "ip6")),
    (
        "snat to 10.0.0.1-10.0.0.4 random,persistent",
        Nat("snat", Range(IPv4Address("10.0.0.1"), IPv4Address("10.0.0.4")), None, "", ("random", "persistent")),
    ),
    (
        "dnat ip to numgen inc mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }",
        Nat(
            "dnat",
            MapLookup(
                Numgen("inc", 2),
                AnonymousSet(
                    (Element(0, Concatenation((IPv4Address("10.0.0.1"), 80))), Element(1, Concatenation((IPv4Address("10.0.0.2"), 80))))
                ),
            ),
            None,
            "ip",
        ),
    ),
    ("dnat ip prefix to ip daddr map @nets", Nat("dnat", MapLookup(DADDR, NamedSet("nets")), None, "ip", (), ("prefix",))),
    ("masquerade to :1024-65535 fully-random", Masquerade(Range(1024, 65535), ("fully-random",))),
    ("redirect to :8080", Redirect(8080)),
    ("redirect to :numgen inc mod 4 offset 30", Redirect(Numgen("inc", 4, 30))),
    ("dnat ip to 10.0.0.1:tcp dport map @ports", Nat("dnat", IPv4Address("10.0.0.1"), MapLookup(DPORT, NamedSet("ports")), "ip")),
    ("set update ip saddr timeout 1m @seen", SetUpdate("update", "seen", Element(SADDR, timeout=60_000))),
    ("meter m size 65535 { ip saddr limit rate 10/minute }", Meter("m", Element(SADDR, statements=(Limit(10, "minute"),)), 65535)),
    ("last used 1m30s", Last(90_000)),
    ('meta secmark set "ssh"', ObjectReference("secmark", "ssh")),
    ("flow add @ft", FlowAdd("ft")),
    ("flow offload @ft", FlowAdd("ft")),
    ("synproxy mss 1460 wscale 7 timestamp sack-perm", Synproxy(1460, 7, ("timestamp", "sack-perm"))),
    ('dup to 10.0.0.2 device "lo"', Dup(IPv4Address("10.0.0.2"), "lo")),
    ('fwd ip to 10.0.0.1 device "lo"', Forward("lo", "ip", IPv4Address("10.0.0.1"))),
    ("reset tcp option sack-perm", ResetOption(TcpOption("sack-perm"))),
    ("notrack", Notrack()),
    ('socket cgroupv2 level 1 "system.slice"', Match(Socket("cgroupv2", 1), "==", "system.slice")),
    ("icmpv6 type 200 return", Match(Payload("icmpv6", "type"), "==", 200), Verdict("return")),
    ("tproxy ip to 127.0.0.1:50080", Tproxy("ip", IPv4Address("127.0.0.1"), 50080)),
    ("queue flags bypass,fanout to 1-5", Queue(Range(1, 5), ("bypass", "fanout"))),
    ("queue num 3 bypass", Queue(3, ("bypass",))),
    ("add @seen { ip saddr timeout 10s counter }", SetUpdate("add", "seen", Element(SADDR, timeout=10_000, statements=(Counter(),)))),
    ('xt match "recent" counter', Xt("match", "recent"), Counter()),
    ("goto other", Verdict("goto", "other")),
]


@pytest.mark.parametrize(("text", "statements"), [(text, statements) for text, *statements in CASES], ids=[case[0] for case in CASES])
def test_a_rule_is_its_statements(text, statements):
    assert read_rule(text, "inet") == (tuple(statements), "")


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("tcp dprot 22 accept", "tcp dprot 22"),
        ("tcp dport 22 frobnicate 5 { a, accept } counter packets 0 bytes 0 drop", "frobnicate 5 { a , accept }"),
        ("ip saddr 10.0.0.256 drop", "ip saddr 10.0.0.256"),
        ("limit rate 5/fortnight", "limit rate 5/fortnight"),
        ("tcp dport 65536", "tcp dport 65536"),
        ("ip saddr 10.0.0.0/33", "ip saddr 10.0.0.0/33"),
        ("ip saddr fd00::1", "ip saddr fd00::1"),
        ("ip dscp 0x40", "ip dscp 0x40"),
        ("meta mark set (" + "(" * 100 + ") accept", "meta mark set (" + "( " * 99 + "( ) accept"),
        ('log prefix "cut', 'log prefix "cut'),
    ],
)
def test_what_is_not_understood_is_kept_and_the_rest_read(text, unknown):
    statements, _ = read_rule(text, "inet")
    assert [statement.text.replace(" ", "") for statement in statements if isinstance(statement, Unknown)] == [unknown.replace(" ", "")]


def test_statements_around_an_unknown_one_are_known():
    statements, comment = read_rule('tcp dport 22 frobnicate 5 counter packets 1 bytes 2 accept comment "ok"', "inet")
    assert statements == (Match(DPORT, "==", 22), Unknown("frobnicate 5"), Counter(1, 2), ACCEPT)
    assert comment == "ok"


def test_several_comments_of_iptables_are_one():
    said = read_rule('comment "cali:1a2b" comment "Unknown interface" counter packets 0 bytes 0 drop', "ip")
    assert said == ((Counter(0, 0), Verdict("drop")), "cali:1a2b Unknown interface")


def test_a_comment_of_iptables_may_hold_quotes():
    said = read_rule('comment "dnat name: "podman" id: "9b1c"" tcp dport 22 counter packets 0 bytes 0 accept', "ip")
    assert said == ((Match(DPORT, "==", 22), Counter(0, 0), ACCEPT), 'dnat name: "podman" id: "9b1c"')


@pytest.mark.parametrize(("family", "meant"), [("ip", Reject("icmp", 3)), ("ip6", Reject("icmpv6", 4)), ("inet", Reject("icmpx", 1))])
def test_a_bare_reject_is_of_the_table(family, meant):
    assert read_rule("reject", family) == ((meant,), "")
