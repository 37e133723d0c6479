"""The picture of hooks: which tables a packet passes in which order, and what of them is shown."""

import re

import pytest
from support.pictures import DOCKER, OPEN

from netlab_magic.draw import hooks_picture
from netlab_magic.draw.base.style import Role
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import DIRECTIONS, HOOK_TABLES
from netlab_magic.model.packet_path import RulePath, RuleStep
from netlab_magic.nftables import parse as parse_nft

NAT = """*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
"""


@pytest.mark.parametrize(
    ("direction", "hooks"),
    [
        (
            "forward",
            [
                "PREROUTING: raw (no rules) → connection tracking → mangle (no rules) → nat (no rules)",
                "FORWARD: mangle (no rules) → filter (no rules) → security (no rules)",
                "POSTROUTING: mangle (no rules) → nat (no rules)",
            ],
        ),
        (
            "in",
            [
                "PREROUTING: raw (no rules) → connection tracking → mangle (no rules) → nat (no rules)",
                "INPUT: mangle (no rules) → filter (no rules) → security (no rules) → nat (no rules)",
            ],
        ),
        (
            "out",
            [
                "OUTPUT: raw (no rules) → connection tracking → mangle (no rules) → nat (no rules) → filter (no rules) → security (no rules)",  # noqa: E501
                "POSTROUTING: mangle (no rules) → nat (no rules)",
            ],
        ),
    ],
)
def test_hooks_ask_their_tables_in_the_order_of_the_kernel(direction, hooks):
    assert re.findall(r"^[A-Z]+: .*", hooks_picture(OPEN, direction).text, re.MULTILINE) == hooks


def test_every_hook_of_every_direction_has_its_tables():
    assert {hook for hooks in DIRECTIONS.values() for hook in hooks} == set(HOOK_TABLES)


def test_only_tables_that_have_something_to_say_are_shown_in_full():
    text = hooks_picture(parse(NAT)).text
    assert re.findall(r"^Chain (\S+) .*", text, re.MULTILINE) == ["PREROUTING", "DOCKER", "POSTROUTING"]
    assert "nat (1 rule)" in text
    assert "filter (no rules)" in text


def test_a_policy_that_drops_is_something_to_say():
    text = hooks_picture(parse("*filter\n:FORWARD DROP\nCOMMIT\n")).text
    assert "filter (no rules, policy ✕ DROP)" in text
    assert "Chain FORWARD" in text


def test_a_path_goes_from_table_to_table():
    steps = (("mangle", "PREROUTING", None, "ACCEPT"), ("nat", "PREROUTING", 1, "DOCKER"), ("nat", "DOCKER", 1, "DNAT"))
    path = RulePath(tuple(RuleStep(*step) for step in steps))
    picture = hooks_picture(parse(NAT), path=path)
    assert "[1] mangle (no rules)" in picture.text
    assert re.search(r"\[2\] +1  → DOCKER", picture.text)
    assert re.search(r"\[3\] +1  • DNAT", picture.text)
    spine = [line for line in picture.dot.splitlines() if "class=spine" in line]
    assert [Role.PATH in line for line in spine] == [True, False, False, False]


def test_frames_that_a_bridge_forwards_are_mentioned_where_they_pass():
    assert "bridge-nf-call-iptables" in hooks_picture(OPEN).text
    assert "bridge-nf-call-iptables" not in hooks_picture(OPEN, "in").text


def test_text_and_drawing_have_the_same_chains():
    picture = hooks_picture(DOCKER)
    for chain in re.findall(r"^Chain (\S+)", picture.text, re.MULTILINE):
        assert chain in picture.dot
    assert picture == hooks_picture(DOCKER)


NATIVE = """\
table inet fw {
	map ways {
		type inet_service : verdict
		elements = { 80 : goto web }
	}

	chain own {
		type filter hook forward priority filter + 5; policy drop;
		tcp dport vmap @ways
	}

	chain web {
		drop
	}

	chain early {
		type filter hook prerouting priority raw - 5; policy accept;
		notrack
	}

	chain same {
		type filter hook forward priority filter; policy accept;
		accept
	}
}
table ip nat2 {
	chain dst {
		type nat hook prerouting priority -500; policy accept;
		dnat to 10.0.0.1
	}
}
table ip6 other {
	chain six {
		type filter hook forward priority filter; policy drop;
	}
}
table netdev edge {
	chain in {
		type filter hook ingress device "eth0" priority filter; policy accept;
		ip saddr 192.0.2.0/24 drop
	}
}
table bridge br {
	chain frames {
		type filter hook forward priority filter; policy accept;
	}
}
"""
FORWARDS = parse("*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -j ACCEPT\nCOMMIT\n")


def test_base_chains_of_nft_stand_among_the_tables_by_their_priorities():
    text = hooks_picture(FORWARDS, native=parse_nft(NATIVE)).text
    assert re.findall(r"^[A-Z]+: .*", text, re.MULTILINE) == [
        "INGRESS: netdev edge: in (1 rule)",
        "PREROUTING: inet fw: early (1 rule) → raw (no rules) → connection tracking → mangle (no rules) → ip nat2: dst (1 rule) → nat (no rules)",  # noqa: E501
        "FORWARD: mangle (no rules) → filter (1 rule) → inet fw: same (1 rule) → inet fw: own (1 rule, policy ✕ drop) → security (no rules)",  # noqa: E501
        "POSTROUTING: mangle (no rules) → nat (no rules)",
    ]
    assert "what one of them accepts, a later one may still drop" in text
    assert "the rules do not tell which of them is asked first" in text
    assert "Frames on a bridge meet these base chains too, which are not drawn here: frames (bridge br)." in text
    six = hooks_picture(parse("", family="ipv6"), native=parse_nft(NATIVE)).text
    assert "ip6 other: six (no rules, policy ✕ drop)" in six
    assert "nat2" not in six


def test_a_path_goes_on_from_iptables_to_nft():
    steps = (("filter", "FORWARD", 1, "ACCEPT"), ("inet fw", "own", 1, "web"), ("inet fw", "web", 1, "DROP"))
    picture = hooks_picture(FORWARDS, native=parse_nft(NATIVE), path=RulePath(tuple(RuleStep(*step) for step in steps)))
    assert re.search(r"\[1\] +1  ✓ ACCEPT", picture.text)
    assert re.search(r"\[2\] +1  → vmap @ways", picture.text)
    assert re.search(r"\[✕3\] +1  ✕ drop", picture.text)
    lanes = [line for line in picture.dot.splitlines() if "class=lane" in line]
    assert [Role.PATH in line for line in lanes] == [True, True]
