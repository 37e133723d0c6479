"""Rules, chains, tables and sets of nft in words: what is said of each kind of expression and statement, and of what programs write."""

import re

import pytest
from support.nft_corpus import LISTED, read

from netlab_magic import explain
from netlab_magic.errors import StatementError
from netlab_magic.explain import ChainExplanation, Explanation, SetExplanation, TableExplanation
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Ruleset

BASE = "type filter hook input priority filter; policy accept;"


def ruleset(*rules: str, title: str = "inet fw", base: str = BASE, chain: str = "own", more: str = "") -> Ruleset:
    """A table with a base chain that has these rules, and a chain `other` with one rule."""
    lines = "".join(f"\t\t{rule}\n" for rule in (base, *rules) if rule)
    return parse(f"table {title} {{\n{more}\tchain {chain} {{\n{lines}\t}}\n\n\tchain other {{\n\t\tdrop\n\t}}\n}}\n")


def told(rule: str, title: str = "inet fw", **more: str) -> Explanation:
    found = explain(ruleset(rule, title=title, **more), title, more.get("chain", "own"), 1)
    assert isinstance(found, Explanation)
    return found


@pytest.mark.parametrize(
    ("rule", "matches"),
    [
        ("accept", "Matches every packet."),
        ("tcp dport 22 accept", "Matches TCP packets that go to port 22."),
        ("tcp dport { 22, 80-90 } accept", "Matches TCP packets that go to port 22 or 80–90."),
        ("tcp dport != 22 accept", "Matches TCP packets that go to any port other than 22."),
        ("tcp sport > 1024 accept", "Matches TCP packets that have more than 1024 as the source port."),
        ("meta l4proto { tcp, udp } th dport 53 accept", "Matches TCP or UDP packets that go to port 53."),
        ("meta nfproto ipv6 accept", "Matches all IPv6 packets."),
        ("ip saddr 10.0.0.0/8 accept", "Matches packets that come from 10.0.0.0/8."),
        ("ip saddr 10.0.0.1 ip daddr 10.0.0.2 accept", "Matches packets that come from 10.0.0.1 and go to 10.0.0.2."),
        ("ip daddr 10.0.0.2 tcp dport 80 accept", "Matches TCP packets that go to port 80 of 10.0.0.2."),
        ("ip6 saddr fe80::/10 accept", "Matches packets that come from fe80::/10."),
        ('iifname "docker0" oifname "docker0" accept', "Matches packets that both come in and leave through docker0."),
        ('iifname "br-*" accept', "Matches packets that come in through an interface whose name begins with br-."),
        ('iifname != "lo" accept', "Matches packets that come in through any interface other than lo."),
        ("ct state established,related accept", "Matches packets that belong to an established connection, or are related to one."),
        ("ct state != new accept", "Matches packets that do not open a new connection."),
        ("ct status dnat accept", "Matches packets that belong to a connection that has its destination address translated (dnat)."),
        ("tcp flags & (fin | syn | rst | ack) == syn accept", "Matches packets that open a TCP connection (SYN is set; ACK, RST and FIN are not)."),  # noqa: E501
        ("icmp type echo-request accept", "Matches ICMP packets that are of type echo-request (ping)."),
        ("meta mark & 0x000000ff == 0x00000010 accept", "Matches packets that have 0x00000010 as the mark (only the bits 0x000000ff count)."),  # noqa: E501
        ("ip saddr @blocked drop", "Matches packets that come from an address in the set blocked."),
        ("ip saddr . tcp dport @pairs drop", "Matches packets that have the source address together with the destination port among those in the set pairs."),  # noqa: E501
        ("fib daddr type local accept", "Matches packets that go to an address of this host itself."),
        ("fib saddr . iif oif missing drop", "Matches packets that have an implausible source: the route back to it leaves through another interface."),  # noqa: E501
        ("limit rate 4/second accept", "Matches packets that come at no more than 4 per second (after a first burst of 5)."),
        ("limit rate over 1 mbytes/second drop", "Matches packets that come at more than 1048576 bytes per second."),
        ("ct count over 20 drop", "Matches packets that come when there are more than 20 connections."),
        ("tcp option maxseg exists accept", "Matches packets that carry the TCP option maxseg."),
        ("exthdr hbh missing accept", "Matches packets that do not have the IPv6 extension header hbh."),
        ("meta ipsec exists accept", "Matches packets that are protected by IPsec."),
        ('meta hour "17:00"-"19:00" drop', "Matches packets that are such that the time of day is 17:00–19:00."),
        ("numgen random mod 10 < 5 accept", "Matches packets that are such that a random number from 0 to 9 is less than 5."),
        ("@nh,96,32 0xa000001 accept", "Matches packets that are such that 32 bits at bit 96 of the network header is 0xa000001."),
        ("tcp dport vmap { 22 : accept, 80 : drop }", "Matches TCP packets that go to port 22 or 80."),
        ("tcp dport vmap @ways", "Matches TCP packets that have an entry for the destination port in the map ways."),
    ],
)
def test_what_a_rule_matches(rule, matches):
    more = "\tset blocked {\n\t\ttype ipv4_addr\n\t}\n\n\tset pairs {\n\t\ttype ipv4_addr . inet_service\n\t}\n\n"
    more += "\tmap ways {\n\t\ttype inet_service : verdict\n\t}\n\n"
    assert told(rule, more=more).matches == matches


ONWARD = "the policy of own, which is accept"


@pytest.mark.parametrize(
    ("rule", "then"),
    [
        ("drop", "The packet is dropped silently: its sender gets no answer."),
        ("jump other", f"The packet enters the chain other; if no rule there decides, it returns to {ONWARD}."),
        ("goto other", "The packet goes on in the chain other and does not return; if no rule there decides, the policy of own applies: accept."),  # noqa: E501
        ("return", "The policy of own decides at once, since own is a base chain and there is no chain to go back to: accept."),
        ("counter packets 0 bytes 0", f"The rule decides nothing: the packet is counted and goes on to {ONWARD}."),
        ("reject with tcp reset", "The packet is rejected: it is dropped, and its sender gets a TCP reset, as from a closed port."),
        ("reject", "The packet is rejected: it is dropped, and its sender gets an ICMP or ICMPv6 error (port-unreachable)."),
        ('log prefix "x " level info', f"The packet is written to the kernel log (with the prefix “x ”; at level info) and goes on to {ONWARD}."),  # noqa: E501
        ("log group 2", f"The packet is reported to the programs that listen (to the netlink group 2) and goes on to {ONWARD}."),
        ("meta mark set 0x00000001", f"The packet has its mark set to 0x1 and goes on to {ONWARD}."),
        ("meta mark set meta mark | 0x00000004", f"The packet has the bits 0x4 of its mark set and goes on to {ONWARD}."),
        ("ct mark set meta mark", f"The packet saves its mark with its connection and goes on to {ONWARD}."),
        ("notrack", f"The packet is exempt from connection tracking and goes on to {ONWARD}."),
        ("queue to 3", "The packet is handed to the program that listens on the queue 3, and that program decides about it."),
        ("add @seen { ip saddr timeout 10s }", f"The packet has the source address put into seen (for 10s) and goes on to {ONWARD}."),
        ("tcp dport vmap { 22 : accept, 80 : jump other }", "What becomes of the packet depends on the destination port (22: accepted; 80: sent into the chain other)."),  # noqa: E501
    ],
)
def test_what_happens_then(rule, then):
    more = "\tset seen {\n\t\ttype ipv4_addr\n\t\tsize 65535\n\t\tflags dynamic,timeout\n\t}\n\n"
    assert told(rule, more=more).then == then


def test_accept_ends_one_base_chain_only():
    assert "while base chains that come later still are" in told("accept").then
    nat = "type nat hook postrouting priority srcnat; policy accept;"
    assert told("accept", base=nat).then.startswith("The connection keeps its addresses")


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("dnat ip to 10.0.0.1:80", "10.0.0.1, port 80 as its new destination"),
        ("snat ip6 to fd00::1", "fd00::1 as its new source"),
        ("masquerade random", "gets the address of the interface that it leaves through as its new source (with ports at random)"),
        ("dnat ip to numgen random mod 2 map { 0 : 10.0.0.1 . 80, 1 : 10.0.0.2 . 80 }", "one of 10.0.0.1:80 or 10.0.0.2:80 as its new destination, by a random number from 0 to 1"),  # noqa: E501
    ],
)
def test_translations(rule, address):
    hook = "prerouting priority dstnat" if rule.startswith("dnat") else "postrouting priority srcnat"
    assert address in told(rule, base=f"type nat hook {hook}; policy accept;").then


def test_a_translation_for_one_family_is_told_of_that_family_only():
    base = "type nat hook prerouting priority dstnat; policy accept;"
    assert told("meta l4proto tcp dnat ip6 to fd00::1", base=base).matches == "Matches all IPv6 TCP packets."
    assert told("meta l4proto tcp dnat to fd00::1", "ip6 fw", base=base).matches == "Matches all TCP packets."


def test_what_is_asked_after_something_was_done_is_told_in_that_order():
    rule = told('tcp dport 8080 log prefix "web: " limit rate 5/minute burst 5 packets accept')
    assert rule.matches == "Matches TCP packets that go to port 8080."
    assert rule.then.index("kernel log") < rule.then.index("The rule goes on for packets that come at no more than 5 per minute")


EVERYTHING = [(name, "en") for name in LISTED if name.endswith("1.1.7")] + [("expressions-1.0.6", "zh_TW")]


@pytest.mark.parametrize(("name", "language"), EVERYTHING)
def test_every_expression_and_statement_has_words(name, language):
    """Only what nft itself knows no name for is quoted."""
    found = read(f"{name}.plain.nft")
    for table in found.tables:
        assert isinstance(explain(found, table.title, language_name=language), TableExplanation)
        for part in (*table.chains, *table.sets):
            assert str(explain(found, table.title, part.name, language_name=language))
        for chain in table.chains:
            for number in range(1, len(chain.rules) + 1):
                rule = explain(found, table.title, chain.name, number, language)
                assert isinstance(rule, Explanation)
                assert "satisfy “" not in rule.matches, rule.rule
                assert "as the rule says" not in rule.then, rule.rule


def test_what_is_kept_word_for_word_is_told():
    found = parse("table inet fw {\n\tchain own {\n\t\tct novelty 5 accept\n\t}\n}\n", strict=False)
    rule = explain(found, "inet fw", "own", 1)
    assert any("quoted as it stands" in note for note in rule.notes)


def test_a_base_chain_says_what_it_sees_and_when_it_is_asked():
    text = str(ruleset("drop"))
    late = text.replace("table inet fw", "table ip late").replace("priority filter", "priority filter + 5")
    chain = explain(parse(text + late), "inet:fw", "own")
    assert isinstance(chain, ChainExplanation)
    assert chain.purpose.startswith("It sees packets that are for this host itself")
    assert "Its priority is filter, 0." in chain.purpose
    assert "Asked after it: own (ip late)." in chain.purpose
    assert chain.end.endswith("base chains that come later are asked.")


def test_a_set_says_what_it_holds_and_who_uses_it():
    more = '\tset blocked {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\tcomment "<b>"\n\t\telements = { 10.0.0.0/8 }\n\t}\n\n'
    found = explain(ruleset("ip saddr @blocked drop", more=more), "inet fw", "@blocked")
    assert isinstance(found, SetExplanation)
    assert found.told[0] == "A set of IPv4 addresses; it has 1 element now."
    assert "Rules that look into it: own (rule 1)." in found.told
    assert found.elements == ("10.0.0.0/8",)


def test_a_table_tells_which_rules_and_chains_can_never_matter():
    found = explain(ruleset("ip saddr 10.0.0.0/8 drop", "ip saddr 10.1.0.0/16 accept"), "inet fw")
    assert isinstance(found, TableExplanation)
    assert "Rule 2 of own can never match: rule 1 takes all its packets." in found.notes
    assert "No packet gets to the chain other: no reachable rule jumps there." in found.notes


@pytest.mark.parametrize(
    ("title", "chain", "number", "sentence"),
    [
        ("inet nowhere", None, None, "there is no table inet nowhere"),
        ("inet fw", "owm", None, "the table inet fw has no chain owm; did you mean own?"),
        ("inet fw", "@nosuch", None, "the table inet fw has no set or map @nosuch"),
        ("inet fw", "own", 7, "the chain own has no rule 7; it has 1 rule"),
    ],
)
def test_what_is_not_there_costs_one_sentence(title, chain, number, sentence):
    with pytest.raises(StatementError, match=re.escape(sentence)):
        explain(ruleset("drop"), title, chain, number)


PROGRAMS = [
    ("ip docker-bridges", "filter-forward-in__docker0", 'iifname "docker0" counter packets 0 bytes 0 accept comment "ICC"', "Containers on docker0 may talk to each other"),  # noqa: E501
    ("ip docker-bridges", "filter-forward-in__docker0", 'counter packets 0 bytes 0 drop comment "UNPUBLISHED PORT DROP"', "ports that nobody has published"),  # noqa: E501
    ("ip docker-bridges", "nat-prerouting-and-output", 'iifname != "docker0" tcp dport 8080 counter packets 0 bytes 0 dnat to 172.17.0.2:80 comment "DNAT"', "what comes to port 8080 of the host goes to the container at 172.17.0.2:80"),  # noqa: E501
    ("inet firewalld", "filter_IN_public_allow", "tcp dport 22 accept", "open in the zone public"),
    ("inet netavark", "FORWARD", "ip daddr 10.88.0.0/16 ct state established,related accept", "the Podman network 10.88.0.0/16"),
    ("ip kube-proxy", "endpoint-5OJB2KTY-ns/svc/tcp/p__10.0.0.1/6443", "meta l4proto tcp dnat to 10.0.0.1:6443", "the packet goes to 10.0.0.1:6443"),  # noqa: E501
    ("ip libvirt_network", "guest_cross", 'iif "lo" oif "lo" counter packets 0 bytes 0 accept', "The virtual machines on lo may talk to each other"),  # noqa: E501
    ("inet f2b-table", "f2b-chain", "tcp dport 22 ip saddr @addr-set-sshd reject with icmp port-unreachable", "its jail sshd has banned"),
    ("inet fw4", "forward_lan", 'jump accept_to_wan comment "!fw4: Accept lan to wan forwarding"', "from the zone lan into the zone wan"),
]


@pytest.mark.parametrize(("title", "chain", "rule", "words"), PROGRAMS)
def test_rules_of_known_programs_are_recognised_in_their_tables_only(title, chain, rule, words):
    extra = "\tset addr-set-sshd {\n\t\ttype ipv4_addr\n\t}\n\n\tchain accept_to_wan {\n\t}\n\n"
    assert words in told(rule, title, base="", chain=chain, more=extra).situation
    other = f"{title.split()[0]} mine"
    assert words not in told(rule, other, base="", chain=chain, more=extra).situation


def test_tables_of_programs_say_whose_they_are():
    found = explain(read("firewalld-1.1.7.plain.nft"), "inet firewalld")
    assert any("belongs to firewalld" in note for note in found.notes)
    assert "zone public" in dict(found.chains)["filter_IN_public_allow"]
    assert not any("belongs to" in note for note in explain(ruleset("drop"), "inet fw").notes)


def test_names_and_comments_cannot_break_out():
    rule = told('accept comment "a\x1b[31m<b>"')
    assert "\x1b" not in str(rule)
