"""What the blocks of a table say as values: base chains, sets and maps, objects, flowtables."""

from ipaddress import IPv4Address

import pytest

from netlab_magic.nftables import canonical, listing, parse
from netlab_magic.nftables.expressions import CatchAll, Concatenation, Element, Prefix, Range
from netlab_magic.nftables.listing import priority_text
from netlab_magic.nftables.ruleset import Chain, CtHelper, CtTimeout, Flowtable, Hook, NamedObject, Secmark, Set
from netlab_magic.nftables.statements import Counter, Limit, Quota, Verdict


def block(text: str):
    """The only block of a table, read from lines without their indentation."""
    head, *body = text.split("\n")
    lines = "".join(f"\t\t{line}\n" for line in body)
    return parse(f"table inet t {{\n\t{head} {{\n{lines}\t}}\n}}\n").tables[0].blocks[0]


BLOCKS = [
    ("set s\ntype ipv4_addr\nelements = { 192.0.2.1, 192.0.2.9 }",
     Set("s", ("ipv4_addr",), elements=(Element(IPv4Address("192.0.2.1")), Element(IPv4Address("192.0.2.9"))))),
    ("set s\ntype inet_service\nflags interval\nauto-merge\nelements = { 22, 80-90 }",
     Set("s", ("inet_service",), flags=("interval",), elements=(Element(22), Element(Range(80, 90))), auto_merge=True)),
    ("set s\ntype ipv4_addr . inet_service\nsize 100\nflags dynamic,timeout\ntimeout 1m\ngc-interval 10s\ncounter\ncomment \"c\"",
     Set("s", ("ipv4_addr", "inet_service"), None, ("dynamic", "timeout"), (), 60_000, 10_000, 100, statements=(Counter(),), comment="c")),
    ("set s\ntypeof ip saddr . tcp dport\nflags interval\nelements = { 10.0.0.0/8 . 80 }",
     Set("s", ("ipv4_addr", "inet_service"), flags=("interval",),
         elements=(Element(Concatenation((Prefix(IPv4Address("10.0.0.0"), 8), 80))),))),
    ("set s\ntype ipv4_addr\ntimeout 1h\nelements = { 192.0.2.1 timeout 5m expires 4m59s980ms comment \"x\" }",
     Set("s", ("ipv4_addr",), flags=("timeout",), timeout=3_600_000,
         elements=(Element(IPv4Address("192.0.2.1"), None, 300_000, 299_980, (), "x"),))),
    ("map m\ntype ifname : verdict\nelements = { \"docker0\" : jump in__docker0, * : drop }",
     Set("m", ("ifname",), ("verdict",),
         elements=(Element("docker0", Verdict("jump", "in__docker0")), Element(CatchAll(), Verdict("drop"))))),
    ("map m\ntype ipv4_addr : mark\nelements = { 192.0.2.1 : 0x00000001 }",
     Set("m", ("ipv4_addr",), ("mark",), elements=(Element(IPv4Address("192.0.2.1"), 1),))),
    ("map m\ntype inet_service : counter\nelements = { 80 : \"seen\" }",
     Set("m", ("inet_service",), ("counter",), elements=(Element(80, "seen"),))),
    ("counter c\ncomment \"x\"\npackets 1 bytes 2", NamedObject("counter", "c", Counter(1, 2), "x")),
    ("quota q\nover 5 mbytes used 1 mbytes", NamedObject("quota", "q", Quota(5 << 20, over=True, used=1 << 20))),
    ("limit l\nrate 5/minute burst 7 packets", NamedObject("limit", "l", Limit(5, "minute", 7))),
    ("ct helper h\ntype \"ftp\" protocol tcp\nl3proto ip", NamedObject("ct helper", "h", CtHelper("ftp", "tcp", "ip"))),
    ("ct timeout t\nprotocol tcp\nl3proto ip\npolicy = { established : 120, close : 20 }",
     NamedObject("ct timeout", "t", CtTimeout("tcp", "ip", (("established", 120), ("close", 20))))),
    ("ct timeout t\nprotocol tcp\nl3proto ip\npolicy = { established : 2m, close : 20s }",
     NamedObject("ct timeout", "t", CtTimeout("tcp", "ip", (("established", 120), ("close", 20))))),
    ("secmark s\n\"system_u:object_r:ssh_server_packet_t:s0\"",
     NamedObject("secmark", "s", Secmark("system_u:object_r:ssh_server_packet_t:s0"))),
    ("flowtable f\nhook ingress priority filter\ndevices = { eth0, eth1 }\nflags offload\ncounter",
     Flowtable("f", "ingress", 0, ("eth0", "eth1"), ("offload",), counter=True)),
    ("flowtable f\nhook ingress priority filter + 5\ndevices = { \"eth0\" }", Flowtable("f", "ingress", 5, ("eth0",))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), BLOCKS, ids=[text.split("\n")[0] for text, _ in BLOCKS])
def test_a_block_is_its_value(text, value):
    assert block(text) == value


@pytest.mark.parametrize("text", [text for text, _ in BLOCKS])
def test_what_is_printed_of_the_value_reads_to_it(text):
    ruleset = parse(
        "table inet t {\n\t" + text.replace("\n", " {\n\t\t", 1).replace("\n", "\n\t\t").replace("\t\t\t", "\t\t") + "\n\t}\n}\n"
    )
    assert parse(listing(canonical(ruleset))) == ruleset


HOOKS = [
    ("type filter hook input priority filter; policy drop;", Hook("filter", "input", 0, "drop")),
    ("type filter hook forward priority filter - 1; policy accept;", Hook("filter", "forward", -1)),
    ("type nat hook postrouting priority 105; policy accept;", Hook("nat", "postrouting", 105)),
    ('type filter hook ingress device "eth0" priority -5; policy accept;', Hook("filter", "ingress", -5, devices=("eth0",))),
    ('type filter hook ingress devices = { "a", "b" } priority 0; policy accept;', Hook("filter", "ingress", 0, devices=("a", "b"))),
    ("type filter hook ingress device eth0 priority 0; policy accept; flags offload;",
     Hook("filter", "ingress", 0, devices=("eth0",), flags=("offload",))),
]  # fmt: skip


@pytest.mark.parametrize(("text", "hook"), HOOKS)
def test_a_base_chain_is_its_hook(text, hook):
    assert block(f"chain c\n{text}") == Chain("c", (), hook)


@pytest.mark.parametrize(
    ("priority", "family", "hook", "text"),
    [
        (0, "ip", "input", "filter"),
        (10, "inet", "input", "filter + 10"),
        (11, "inet", "input", "11"),
        (-150, "inet", "output", "mangle"),
        (100, "ip", "postrouting", "srcnat"),
        (100, "ip", "forward", "100"),
        (-200, "bridge", "forward", "filter"),
        (0, "bridge", "forward", "0"),
        (-310, "ip6", "prerouting", "raw - 10"),
        (-100, "netdev", "ingress", "-100"),
    ],
)
def test_a_priority_has_a_name_where_one_is_near(priority, family, hook, text):
    assert priority_text(priority, family, hook) == text


def test_pasted_with_blanks_it_is_printed_with_tabs():
    tabs = "table ip t {\n\tset s {\n\t\ttype ipv4_addr\n\t\telements = { 192.0.2.1 }\n\t}\n\n\tchain c {\n\t\tip saddr @s drop\n\t}\n}\n"
    assert str(parse(tabs.expandtabs(8))) == tabs


def test_a_listing_of_one_table_has_the_others_left_out():
    ruleset = parse("table ip a {\n}\ntable ip6 a {\n}\n# the end\n")
    assert listing(ruleset, "ip6", "a") == "table ip6 a {\n}\n"
    assert listing(ruleset, "ip", "b") == ""
    assert listing(ruleset) == "table ip a {\n}\ntable ip6 a {\n}\n# the end\n"
