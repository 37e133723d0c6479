"""The language: what each line means, what each mistake is answered with, and that nothing else ever comes out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlab_magic.errors import NetlabError, Place, StatementError
from netlab_magic.language import docker_statements as d
from netlab_magic.language import lesson_statements as lesson
from netlab_magic.language import statements as s
from netlab_magic.language.parser import expected_after, parse
from netlab_magic.language.statements import Destination, LinkEnd
from netlab_magic.language.syntax import SYNTAX
from netlab_magic.model.capture.filter import Kind


def read(line: str) -> s.Statement:
    [statement] = parse(line)
    assert statement.place is not None
    return statement


MEANINGS = [
    ("bridge br0", s.Bridge("br0")),
    ("bridge br0 10.0.0.1/24 fd00::1/64", s.Bridge("br0", ("10.0.0.1/24", "fd00::1/64"))),
    ("ns a", s.NetworkNamespace("a")),
    ("ns a 10.0.0.2/24 on br0", s.NetworkNamespace("a", ("10.0.0.2/24",), "br0")),
    ("ns a 10.0.0.2/24 on br0 via 10.0.0.9", s.NetworkNamespace("a", ("10.0.0.2/24",), "br0", "10.0.0.9")),
    ("link a -- b", s.Link(LinkEnd("a"), LinkEnd("b"))),
    ("link a:x 10.0.0.1/30 -- b:y 10.0.0.2/30", s.Link(LinkEnd("a", "x", ("10.0.0.1/30",)), LinkEnd("b", "y", ("10.0.0.2/30",)))),
    ("link a 10.0.0.1/30 fd00::1/64 -- b", s.Link(LinkEnd("a", None, ("10.0.0.1/30", "fd00::1/64")), LinkEnd("b"))),
    ("internet", s.Internet()),
    ("internet 8.8.8.8 1.1.1.1", s.Internet(("8.8.8.8", "1.1.1.1"))),
    ("route a default via 10.0.0.1", s.RouteVia("a", "default", "10.0.0.1")),
    ("route a 10.9.8.7/8 via 10.0.0.1", s.RouteVia("a", "10.0.0.0/8", "10.0.0.1")),
    ("masquerade 10.0.0.0/24", s.Masquerade("10.0.0.0/24")),
    ("masquerade 10.0.0.0/24 except br0", s.Masquerade("10.0.0.0/24", "br0")),
    ("serve a 80", s.Serve("a", 80, "tcp", "http")),
    ("serve a 7 echo", s.Serve("a", 7, "tcp", "echo")),
    ("serve a 53/udp", s.Serve("a", 53, "udp", "echo")),
    ("sysctl net.ipv4.ip_forward=0", s.Sysctl("net.ipv4.ip_forward", "0", "host")),
    ("sysctl net/ipv4/ip_forward=1 in a", s.Sysctl("net.ipv4.ip_forward", "1", "a")),
    ("delete a br0 a:80", s.Delete(("a", "br0", "a:80"))),
    ("policy forward drop", s.Policy("FORWARD", "DROP")),
    ("forward -i a -j ACCEPT", s.RuleEdit("FORWARD", ("-i", "a", "-j", "ACCEPT"))),
    ("forward insert ! -i a -j DROP", s.RuleEdit("FORWARD", ("!", "-i", "a", "-j", "DROP"), action="insert")),
    ("forward delete 7", s.RuleEdit("FORWARD", ("7",), action="delete")),
    ("rule -t nat POSTROUTING -j MASQUERADE", s.RuleEdit("POSTROUTING", ("-j", "MASQUERADE"), "nat")),
    ("policy -6 FORWARD drop", s.Policy("FORWARD", "DROP", "ipv6")),
    ("forward -6 -j DROP", s.RuleEdit("FORWARD", ("-j", "DROP"), family="ipv6")),
    ("forward -6 delete 1", s.RuleEdit("FORWARD", ("1",), action="delete", family="ipv6")),
    ("forward delete -6 1", s.RuleEdit("FORWARD", ("1",), action="delete", family="ipv6")),
    ("forward -s fd00::/64 -j DROP", s.RuleEdit("FORWARD", ("-s", "fd00::/64", "-j", "DROP"), family="ipv6")),
    ("forward ! -d fd00::1,fd00::2 -j DROP", s.RuleEdit("FORWARD", ("!", "-d", "fd00::1,fd00::2", "-j", "DROP"), family="ipv6")),
    ("forward -p icmpv6 -j DROP", s.RuleEdit("FORWARD", ("-p", "icmpv6", "-j", "DROP"), family="ipv6")),
    ("forward -p icmp -j DROP", s.RuleEdit("FORWARD", ("-p", "icmp", "-j", "DROP"))),
    ("forward -m hl --hl-lt 2 -j DROP", s.RuleEdit("FORWARD", ("-m", "hl", "--hl-lt", "2", "-j", "DROP"), family="ipv6")),
    ("forward -j REJECT --reject-with icmp6-no-route",
     s.RuleEdit("FORWARD", ("-j", "REJECT", "--reject-with", "icmp6-no-route"), family="ipv6")),
    ("rule -6 -t nat POSTROUTING -j MASQUERADE", s.RuleEdit("POSTROUTING", ("-j", "MASQUERADE"), "nat", family="ipv6")),
    ("rule -t nat -6 POSTROUTING -j MASQUERADE", s.RuleEdit("POSTROUTING", ("-j", "MASQUERADE"), "nat", family="ipv6")),
    ("rule -t nat PREROUTING -p tcp -j DNAT --to-destination [fd00::2]:80",
     s.RuleEdit("PREROUTING", ("-p", "tcp", "-j", "DNAT", "--to-destination", "[fd00::2]:80"), "nat", family="ipv6")),
    ("rule INPUT delete -j DROP", s.RuleEdit("INPUT", ("-j", "DROP"), action="delete")),
    ('forward -m comment --comment "it\'s # two words" -j DROP',
     s.RuleEdit("FORWARD", ("-m", "comment", "--comment", "it's # two words", "-j", "DROP"))),
    ("docker install", d.DockerInstall("29")),
    ("docker install --version 27 --userland-proxy=false", d.DockerInstall("27", userland_proxy=False)),
    ("docker network create n 10.0.0.0/8 --icc false", d.DockerNetwork("n", d.AskedSubnet("10.0.0.0/8"), icc=False)),
    ("docker run web -p 53:53/udp --network n", d.DockerRun("web", "web", "n", (d.Publish("53:53/udp", 53, 53, "udp"),), named=False)),
    ("docker rm -f web db", d.DockerRemove(("web", "db"), force=True)),
    ("docker network rm n", d.DockerRemoveNetwork(("n",))),
    ("docker network ls", d.DockerList("networks")),
    ("docker uninstall", d.DockerUninstall()),
    ("ping a b", s.ProbeFlow("a", Destination("b"))),
    ("ping a 8.8.8.8  # a comment", s.ProbeFlow("a", Destination("8.8.8.8"))),
    ("tcp a b:80", s.ProbeFlow("a", Destination("b", 80, "tcp"))),
    ("udp a [fd00::2]:53", s.ProbeFlow("a", Destination("fd00::2", 53, "udp"))),
    ("trace a b", s.Trace("a", Destination("b"))),
    ("trace a b:80", s.Trace("a", Destination("b", 80, "tcp"))),
    ("trace a [fd00::2]:53/udp", s.Trace("a", Destination("fd00::2", 53, "udp"))),
    ("expect a b ok", s.Expect("a", Destination("b"), True)),
    ("why a b", s.Why("a", Destination("b"))),
    ("why --predict a b", s.Why("a", Destination("b"), asks=True)),
    ("why a b:80 --predict", s.Why("a", Destination("b", 80, "tcp"), asks=True)),
    ("predict a b:53/udp blocked", s.Predict("a", Destination("b", 53, "udp"), False)),
    ("expect a b:53/udp blocked", s.Expect("a", Destination("b", 53, "udp"), False)),
    ("ping a b -6", s.ProbeFlow("a", Destination("b", family="ipv6"))),
    ("tcp -6 a b:80", s.ProbeFlow("a", Destination("b", 80, "tcp", "ipv6"))),
    ("expect a b:80 -4 ok", s.Expect("a", Destination("b", 80, "tcp", "ipv4"), True)),
    ("why a b -6 --predict", s.Why("a", Destination("b", family="ipv6"), asks=True)),
    ("trace a fd00::1 -6", s.Trace("a", Destination("fd00::1", family="ipv6"))),
    ("matrix -6", s.Matrix(family="ipv6")),
    ("matrix --predict -4 a b", s.Matrix(("a", "b"), True, "ipv4")),
    ("matrix", s.Matrix()),
    ("matrix a b", s.Matrix(("a", "b"))),
    ("matrix --predict", s.Matrix((), predict=True)),
    ("matrix --predict a b", s.Matrix(("a", "b"), predict=True)),
    ("show chains INPUT", s.Show("chains", "INPUT")),
    ("show chains -t nat", s.Show("chains", table="nat")),
    ("show chains -t nat DOCKER", s.Show("chains", "DOCKER", "nat")),
    ("show chains -6 -t nat", s.Show("chains", table="nat", family="ipv6")),
    ("show way -6 in", s.Show("way", "in", family="ipv6")),
    ("show rules -6 INPUT", s.Show("rules", "INPUT", family="ipv6")),
    ("show save -6", s.Show("save", family="ipv6")),
    ("show routes -4", s.Show("routes", family="ipv4")),
    ("explain -6 FORWARD 3", s.Explain("FORWARD", "3", family="ipv6")),
    ("explain -6 -t nat", s.Explain(None, None, "nat", "ipv6")),
    ("show way", s.Show("way", "forward")),
    ("show way in", s.Show("way", "in")),
    ("policy -t inet:fw forward DROP", s.NftPolicy("inet fw", "forward", "DROP")),
    ("rule -t inet:fw f tcp dport { 80, 443 } accept", s.NftRule("inet fw", "f", "tcp dport { 80, 443 } accept")),
    ('rule -t ip:fw f insert log prefix "a  b: " drop', s.NftRule("ip fw", "f", 'log prefix "a  b: " drop', "insert")),
    ("rule -t ip:fw f accept comment 'x y'", s.NftRule("ip fw", "f", 'accept comment "x y"')),
    ("rule -t ip:fw f delete 'tcp dport 22 accept'", s.NftRule("ip fw", "f", "tcp dport 22 accept", "delete")),
    ("rule -t ip:fw f delete 3", s.NftRule("ip fw", "f", "3", "delete")),
    ("show rules -t inet:fw forward", s.Show("rules", "forward", "inet fw")),
    ("show nft", s.Show("nft")),
    ("show nft inet fw", s.Show("nft", "inet fw")),
    ("show nft inet:fw", s.Show("nft", "inet fw")),
    ("show nft fw", s.Show("nft", "ip fw")),
    ("show topology", s.Show("topology")),
    ("diff", s.Diff()),
    ("diff before", s.Diff("before")),
    ("diff --flows", s.Diff(flows=True)),
    ("diff --flows before after", s.Diff("before", "after", flows=True)),
    ("show diff before after", s.Diff("before", "after")),
    ("explain FORWARD", s.Explain("FORWARD")),
    ("explain FORWARD 3", s.Explain("FORWARD", "3")),
    ("explain -t nat DOCKER 1", s.Explain("DOCKER", "1", "nat")),
    ("capture docker1", s.Capture("docker1", "host")),
    ("capture eth0 in a 5 icmp > a.pcap", s.Capture("eth0", "a", 5, Kind("icmp"), "a.pcap")),
    ("scenario random --seed 7", lesson.Scenario("random", 7)),
    ("hint", lesson.Hint()),
    ("check", lesson.Check()),
    ("check gateway", lesson.Check("gateway")),
    ("check a b:80 -6 blocked for 0.5", lesson.Check(None, (lesson.Requirement("a", Destination("b", 80, "tcp", "ipv6"), False, 0.5),))),
    ("checkpoint gateway", lesson.Checkpoint("gateway")),
    ("snapshot before", s.Session("snapshot", "before")),
    ("undo", s.Session("undo")),
    ("enter", s.Session("enter")),
    ("enter a", s.Session("enter", "a")),
    ("help ns", s.Session("help", "ns")),
    ("attach 4711", s.Attach("4711")),
    ("attach container web", s.Attach("web", container=True)),
    ("detach", s.Session("detach")),
    ("watch", s.Watch()),
    ("watch -6 tcp port 80 in ns1 for 30 seconds", s.Watch(filter="tcp port 80", namespace="ns1", seconds=30.0, family="ipv6")),
    ("watch ip host 10.0.0.1 for 5", s.Watch(filter="ip host 10.0.0.1", seconds=5.0)),
    ("load rules.v4 addr.json", s.Load(("rules.v4", "addr.json"))),
]


@pytest.mark.parametrize(("line", "meaning"), MEANINGS, ids=[line for line, _ in MEANINGS])
def test_a_line_means(line: str, meaning: s.Statement) -> None:
    statement = read(line)
    assert type(statement) is type(meaning)
    for field in meaning.__struct_fields__:
        if field != "place":
            assert getattr(statement, field) == getattr(meaning, field)


def test_every_statement_has_a_meaning_above() -> None:
    without = {"up", "reset", "down", "status", "doctor", "collect", "panel", "restore"}  # single words, read like undo and snapshot
    assert {line.split()[0] for line, _ in MEANINGS} == set(SYNTAX) - without


MISTAKES = [
    ("bridgee br0", "bridgee", "did you mean bridge?"),
    ("bridge", None, "bridge is missing"),
    ("bridge br0 10.0.0.1", "10.0.0.1", "needs a prefix length, such as 10.0.0.1/16"),
    ("bridge br0 10.0.0.300/8", "10.0.0.300/8", "not an address with a prefix length"),
    ("bridge br0 10.0.0.0/24", "10.0.0.0/24", "is the network itself"),
    ("bridge br0 10.0.0.255/24", "10.0.0.255/24", "is the broadcast address"),
    ("bridge sixteen-letters-", "sixteen-letters-", "may have 15 at most"),
    ("ns a/b", "a/b", "cannot name a namespace"),
    ("ns ..", "..", "cannot name a namespace"),
    ("ns 名字", "名字", "cannot name a namespace"),
    ("ns host", "host", "has a meaning of its own"),
    ("ns a on", None, "bridge is missing"),
    ("ns a 10.0.0.1/8 on br0 on br1", "on", "one word too many"),
    ("link a b", "b", "needs a prefix length"),
    ("link a -- ", None, "namespace is missing"),
    ("route a nowhere via 10.0.0.1", "nowhere", "neither a network"),
    ("route a default by 10.0.0.1", "by", "expected via, found by"),
    ("route a default", None, "via is missing: route NS DEST via GATEWAY"),
    ("serve a 0", "0", "a port is a number from 1 to 65535"),
    ("serve a 99999", "99999", "a port is a number from 1 to 65535"),
    ("serve a 80/sctp", "80/sctp", "not a protocol here"),
    ("serve a 53/udp http", "53/udp", "http needs tcp"),
    ("sysctl kernel.panic=1", "kernel.panic=1", "not the lab's to set"),
    ("policy FORWARDS DROP", "FORWARDS", "did you mean FORWARD?"),
    ("policy FORWARD REJECT", "REJECT", "no policy"),
    ("forward", None, "the rule is missing"),
    ("forward ACCEPT", "ACCEPT", "does not begin a rule"),
    ("forward -A FORWARD -j DROP", "-A", "for iptables itself"),
    ("forward -6 -s 10.0.0.0/8 -j DROP", "10.0.0.0/8", "is for iptables, and -6 is for ip6tables: a rule is for one of the two"),
    ("forward -4 -p icmpv6 -j DROP", "icmpv6", "is for ip6tables, and -4 is for iptables"),
    ("forward -s 10.0.0.1 -d fd00::1 -j DROP", "fd00::1", "is for ip6tables, and 10.0.0.1 is for iptables"),
    ("rule INPUT -s fd00::1 -p icmp -j DROP", "icmp", "is for iptables, and fd00::1 is for ip6tables"),
    ("forward -p icmpv6 -m ttl --ttl-lt 2 -j DROP", "ttl", "is for iptables, and icmpv6 is for ip6tables"),
    ("show topology -6", "-6", "one word too many"),
    ("ping a fd00::1 -4", "fd00::1", "is not an IPv4 address, which -4 asks for"),
    ("tcp 10.0.0.1 b:80 -6", "10.0.0.1", "is not an IPv6 address, which -6 asks for"),
    ("rule -t nta X -j Y", "nta", "did you mean nat?"),
    ("ping a b:80", "b:80", "ping has no port; write tcp a b:80"),
    ("ping 172.18.0.2", None, "destination is missing: ping SRC DST [-6] (for the program ping, begin the line with $)"),
    ("ping a 1.2.3", "1.2.3", "not an address"),
    ("tcp a b", "b", "needs a port, such as b:80"),
    ("tcp a b:http", "b:http", "not a port"),
    ("trace a b/udp", "b/udp", "needs a port"),
    ("trace a", None, "destination is missing: trace SRC DST[:PORT][/udp]"),
    ("expect a b maybe", "maybe", "there are blocked, ok"),
    ("show pictures", "pictures", "no thing to show"),
    ("show nft ine:fw", "ine:fw", "ine is no family of nft; did you mean inet?"),
    ("policy -t nat POSTROUTING DROP", "nat", "begin the line with iptables -t nat -P"),
    ("policy -6 -t nat POSTROUTING DROP", "nat", "begin the line with ip6tables -t nat -P"),
    ("policy -t inet fw forward DROP", "inet", "a table of nft is one word here: inet:fw"),
    ("explain -t ip6 filter", "ip6", "a table of nft is one word here: ip6:filter"),
    ("rule -6 -t inet:fw f drop", "inet:fw", "-t inet:fw names the family of the table; leave out -6"),
    ("rule -t inet:fw f", None, "the rule is missing: rule -t FAMILY:TABLE CHAIN"),
    ("rule -t inet:fw f -j DROP", "-j", "does not begin a rule of nft"),
    ("rule -t ine:fw f drop", "ine:fw", "did you mean inet?"),
    ("show nft inet:", "inet:", "the name of the table is missing"),
    ("show nft inet", None, "name of a table is missing"),
    ("help brige", "brige", "did you mean bridge?"),
    ("attach me", "me", "not a process ID"),
    ('bridge "br0', '"', "not closed"),
]


@pytest.mark.parametrize(("line", "word", "sentence"), MISTAKES, ids=[line for line, _, _ in MISTAKES])
def test_a_mistake_is_answered_with_a_sentence_and_its_place(line: str, word: str | None, sentence: str) -> None:
    with pytest.raises(StatementError) as caught:
        parse(f"\n# a comment\n{line}\n")
    assert sentence in caught.value.message
    place = caught.value.place
    assert place is not None
    assert place.line == 3
    assert place.width > 0
    if word is None:
        assert place.column >= len(line.rstrip())
    elif word == "on":
        assert place.column == line.rindex("on")
    else:
        assert line[place.column :].startswith(word[:1])
        assert place.column == line.index(word)


def test_the_caret_stands_under_the_word_also_after_wide_characters() -> None:
    place = Place(2, "ns 名字 10.0.0.1", 6, 8)
    assert place.pointer().splitlines()[1] == " " * (len("line 2: ") + len("ns ") + 4 + 1) + "^" * 8


def test_a_long_line_is_cut_around_the_mistake() -> None:
    with pytest.raises(StatementError) as caught:
        parse("bridge br0 " + "10.0.0.1/24 " * 300 + "oops " + "10.0.0.1/24 " * 300)
    assert max(map(len, str(caught.value).splitlines())) < 160
    assert "oops" in str(caught.value)


def test_the_first_mistake_of_a_long_cell_is_reported_and_nothing_else() -> None:
    cell = "\n".join(["bridge br0"] * 9_999 + ["brigde br1"])
    with pytest.raises(StatementError) as caught:
        parse(cell)
    assert caught.value.place is not None
    assert caught.value.place.line == 10_000


words = st.sampled_from(
    [*SYNTAX, "a", "b", "on", "via", "--", "-t", "nat", "FORWARD", "10.0.0.1/8", "10.0.0.1", "80", "ok", "a:80", "'", "\\", "#"]
)
shuffled = st.lists(st.lists(words, min_size=1, max_size=7).map(" ".join), max_size=4).map("\n".join)
garbage = st.binary().map(lambda data: data.decode("latin-1"))


def error_of(cell: str) -> NetlabError | None:
    try:
        parse(cell)
    except StatementError as error:
        return error
    return None


@given(st.one_of(st.text(), garbage, shuffled))
def test_only_our_own_error_ever_comes_out_with_its_line_and_nothing_unprintable(cell: str) -> None:
    error = error_of(cell)
    if error is not None:
        assert error.place is not None
        assert 1 <= error.place.line <= len(cell.splitlines())
        assert str(error).replace("\n", "").isprintable()


NEXT = [
    ([], {"bridge", "ns", "ping", "show"}),
    (["ns", "a"], {"on", "via", "<CIDR>"}),
    (["ns", "a", "on"], {"<bridge>"}),
    (["policy"], {"INPUT", "FORWARD", "OUTPUT"}),
    (["policy", "FORWARD"], {"ACCEPT", "DROP"}),
    (["show"], {"topology", "chains", "script"}),
    (["show", "nft"], {"<nft table>"}),
    (["rule", "-t"], {"<nft table>", "nat"}),
    (["policy", "-t", "inet:fw"], {"<nft chain>"}),
    (["forward"], {"insert", "delete", "<rule>", "-i", "-m", "!"}),
    (["forward", "-i"], {"<interface>"}),
    (["forward", "-m"], {"conntrack", "comment", "addrtype"}),
    (["forward", "-p"], {"tcp", "udp", "icmp"}),
    (["forward", "-p", "tcp"], {"--dport", "--tcp-flags", "-j"}),
    (["forward", "-p", "tcp", "--tcp-flags", "SYN"], {"SYN", "ACK"}),
    (["rule", "FORWARD", "-m", "conntrack"], {"--ctstate", "!"}),
    (["rule", "FORWARD", "insert", "-m", "conntrack", "--ctstate"], {"NEW", "RELATED", "ESTABLISHED"}),
    (["rule", "-t", "nat", "POSTROUTING", "-j"], {"SNAT", "<user chain>"}),
    (["rule", "-t", "nat", "POSTROUTING", "-j", "SNAT"], {"--to-source"}),
    (["expect", "a", "b"], {"ok", "blocked"}),
    (["trace"], {"<source>"}),
    (["trace", "a"], {"<destination>"}),
    (["ping"], {"<source>"}),
    (["ping", "a"], {"<destination>"}),
]


@pytest.mark.parametrize(("before", "following"), NEXT, ids=[" ".join(before) or "nothing" for before, _ in NEXT])
def test_what_may_follow(before: list[str], following: set[str]) -> None:
    assert following <= expected_after(before)
