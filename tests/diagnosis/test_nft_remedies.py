"""Remedies for what nft's own tables stop: lines for nft, in the chain that stopped the packet, each tried in the model."""

import pytest

from netlab_magic import Lab
from netlab_magic.diagnosis.remedies import Remedy, remedies
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.iptables.save_format import parse as parse_dump
from netlab_magic.language.parser import parse
from netlab_magic.language.plan_topology import desired
from netlab_magic.language.statements import Destination
from netlab_magic.model.topology import HOST, Interface, Namespace, Topology
from netlab_magic.nftables import parse as parse_nft

CELL = "bridge br0 172.18.0.1/16\nns a 172.18.0.2/16 on br0\nbridge br1 172.19.0.1/16\nns b 172.19.0.2/16 on br1\nserve b 80"
ESTABLISHED = "ct state established,related accept # handle 2"
OPEN = parse_dump("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")


def table(title: str, *rules: str, priority: str = "filter", policy: str = "accept", flags: str = "") -> str:
    lines = "".join(f"\t\t{rule}\n" for rule in (f"type filter hook forward priority {priority}; policy {policy};", *rules))
    return f"table {title} {{\n{flags}\tchain own {{\n{lines}\t}}\n}}\n"


def offered(text: str, to: Destination | None = None, cell: str = CELL) -> tuple[Remedy, ...]:
    topology = Topology({HOST: Namespace(HOST, (Interface("lo", "loopback", ("127.0.0.1/8",)),), sysctls={"net.ipv4.ip_forward": "1"})})
    for statement in parse(cell):
        topology = desired(topology, statement)
    probe = probe_for(topology, "a", to or Destination("b", 80, "tcp"))
    return remedies(topology, {HOST: OPEN}, probe, other_filters={HOST: OtherFilters(parse_nft(text))})


def lines(found: tuple[Remedy, ...]) -> list[tuple[str, ...]]:
    return [remedy.commands for remedy in found if remedy.commands]


def test_a_rule_is_put_before_the_one_that_drops():
    found = offered(table("inet fw", ESTABLISHED, "tcp dport 80 drop # handle 7"))
    assert lines(found) == [
        ("nft insert rule inet fw own index 1 ip saddr 172.18.0.2 ip daddr 172.19.0.2 tcp dport 80 accept",),
        ("nft insert rule inet fw own index 1 iifname br0 oifname br1 accept",),
        ("nft delete rule inet fw own handle 7",),
    ]
    assert "An accept in another table would not save what this one drops" in found[0].sentence()


def test_a_policy_is_preceded_or_changed():
    assert lines(offered(table("inet fw", ESTABLISHED, policy="drop"))) == [
        ("nft add rule inet fw own ip saddr 172.18.0.2 ip daddr 172.19.0.2 tcp dport 80 accept",),
        ("nft add rule inet fw own iifname br0 oifname br1 accept",),
        ("nft 'chain inet fw own { policy accept; }'",),
    ]


def test_replies_are_accepted_as_such():
    dropped = table("inet fw", "ct state established drop # handle 4")
    assert lines(offered(dropped, Destination("b", 0, "icmp")))[0] == (
        "nft insert rule inet fw own index 0 ct state established,related accept",
    )


SIX = "bridge br0 fd00:18::1/64\nns a fd00:18::2/64 on br0\nns b fd00:18::3/64 on br0"


def test_over_ipv6_a_rule_for_all_packets_between_two_interfaces_is_offered_for_it_includes_neighbour_discovery():
    found = offered(table("inet fw", ESTABLISHED, policy="drop"), Destination("b", 0, "icmp"), SIX)
    assert lines(found) == [("nft add rule inet fw own iifname br0 oifname br0 accept",), ("nft 'chain inet fw own { policy accept; }'",)]


@pytest.mark.parametrize(
    ("policy", "rule", "first", "second"),
    [
        ("drop", "", "add rule inet fw own meta l4proto ipv6-icmp accept", "'chain inet fw own { policy accept; }'"),
        ("accept", "icmpv6 type nd-neighbor-advert drop", "insert rule inet fw own index 1 meta l4proto ipv6-icmp accept", "delete"),
    ],
)
def test_who_cannot_find_its_neighbour_is_helped_in_the_chain_that_drops_the_question_or_the_answer(policy, rule, first, second):
    own = table("inet fw", "ct state established,related accept", rule, policy=policy)
    for held, has_remedies in ((own, True), (own.replace("inet fw", "inet firewalld"), False)):
        with Lab(engine="simulated") as lab:
            lab.run(f"{SIX}\nnft -f - <<EOF\n{held}EOF")
            why = lab.why("a", "b")
        found = [fix for remedy in why.remedies for fix in remedy.commands]
        assert bool(found) == has_remedies
        if has_remedies:
            assert found[0] == f"nft {first}"
            assert found[1].startswith(f"nft {second}")
            assert "hosts cannot find each other over IPv6" in why.remedies[0].sentence()


def test_what_two_tables_drop_needs_both_and_no_accept_elsewhere_is_offered():
    both = table("inet one", ESTABLISHED, policy="drop") + table("ip two", ESTABLISHED, priority="filter + 5", policy="drop")
    found = lines(offered(both))
    assert found
    for commands in found:
        assert any("inet one own" in line for line in commands)
        assert any("ip two own" in line for line in commands)


def test_without_its_handle_no_rule_is_deleted():
    assert not any("delete" in line for commands in lines(offered(table("inet fw", "tcp dport 80 drop"))) for line in commands)


@pytest.mark.parametrize(
    ("title", "flags", "words"),
    [
        ("inet firewalld", "", "let firewalld allow it"),
        ("ip kube-proxy", "", "let kube-proxy allow it"),
        ("inet netavark", "", "let netavark allow it"),
        ("inet fw4", "", "let fw4 allow it"),
        ("inet mine", "\tflags owner\n\n", ""),
    ],
)
def test_tables_of_programs_are_not_touched(title, flags, words):
    found = offered(table(title, "tcp dport 80 drop # handle 7", flags=flags))
    assert lines(found) == []
    assert words in " ".join(remedy.sentence() for remedy in found)


def test_names_that_a_shell_would_read_otherwise_are_left_alone():
    text = table("inet fw", "tcp dport 80 drop # handle 7").replace("chain own", "chain own$x")
    assert lines(offered(text)) == []
