"""Rules that can never match: what is found, what is left open, and that the walk of no packet says otherwise."""


import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.laws import law

from netlab_magic.iptables.analysis.shadowing import shadowed
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host, walk


def table(*rules: str, name: str = "filter", family: str = "ipv4") -> Ruleset:
    """A table whose chain FORWARD has these rules; the chain LAST drops all, ASKS drops TCP only."""
    heads = [":FORWARD ACCEPT [0:0]", ":PREROUTING ACCEPT [0:0]", ":LAST - [0:0]", ":ASKS - [0:0]"]
    lines = ["-A LAST -j DROP", "-A ASKS -p tcp -j DROP", *(f"-A FORWARD {rule}" for rule in rules)]
    return parse("\n".join([f"*{name}", *heads, *lines, "COMMIT", ""]), strict=False, family=family)


def found(ruleset: Ruleset) -> dict[int, int]:
    [held] = ruleset.tables
    chain = held.chain("FORWARD")
    assert chain
    return shadowed(held, chain, ruleset.family)


TAKEN = [  # what an earlier rule matches, and what a later one would
    ("", ""),
    ("", "-i eth0"),
    ("-s 10.0.0.0/8", "-s 10.1.0.0/16"),
    ("-s 10.0.0.0/8", "-s 10.1.2.3/32 -d 10.0.0.1/32 -p tcp -m tcp --dport 80"),
    ("! -s 10.0.0.0/8", "-s 11.0.0.0/8"),
    ("! -s 10.1.0.0/16", "! -s 10.0.0.0/8"),
    ("! -d 10.0.0.0/8", "-m iprange --dst-range 11.0.0.1-11.0.0.9"),
    ("-m iprange --src-range 10.0.0.0-10.0.1.255", "-s 10.0.1.0/24"),
    ("-s 10.0.0.0/24", "-m iprange --src-range 10.0.0.3-10.0.0.9"),
    ("-p tcp", "-p tcp -m tcp --dport 80"),
    ("! -p udp", "-p tcp"),
    ("-p tcp -m tcp --dport 1:1023", "-p tcp -m tcp --dport 80"),
    ("-p tcp -m tcp --dport 1:1023", "-p tcp -m multiport --dports 22,80,443"),
    ("-p tcp -m multiport --dports 22,80:90", "-p tcp -m tcp --dport 81:90 -m conntrack --ctstate NEW"),
    ("-p tcp -m tcp ! --dport 80", "-p tcp -m tcp --dport 81"),
    ("-p tcp -m tcp ! --dport 80", "-p tcp -m multiport ! --dports 79,80,81"),
    ("-p tcp -m tcp --sport 1024:65535", "-p tcp -m tcp --sport 2000 --dport 80"),
    ("-p tcp -m tcp --tcp-flags SYN SYN", "-p tcp -m tcp --syn"),
    ("-p icmp", "-p icmp -m icmp --icmp-type 8"),
    ("-p icmp -m icmp --icmp-type 3", "-p icmp -m icmp --icmp-type 3/4"),
    ("-p icmp -m icmp ! --icmp-type 8", "-p icmp -m icmp --icmp-type 0"),
    ("-i eth+", "-i eth0"),
    ("-i eth+", "-i eth0+"),
    ("! -i eth0", "-i docker0"),
    ("! -i eth0", "! -i eth+"),
    ("-o docker0", "-i docker0 -o docker0"),
    ("-m conntrack --ctstate RELATED,ESTABLISHED", "-m state --state ESTABLISHED"),
    ("-m conntrack ! --ctstate NEW", "-m conntrack --ctstate INVALID"),
    ("-m conntrack --ctstate NEW,DNAT", "-m conntrack --ctstate NEW,DNAT -p tcp"),
    ("-m addrtype --dst-type LOCAL", "-m addrtype --dst-type LOCAL -i eth0"),
    ("-m mac --mac-source 00:11:22:33:44:55", "-m mac --mac-source 00:11:22:33:44:55 -p tcp"),
    ("-m comment --comment one -p tcp", "-p tcp -m comment --comment two -m limit --limit 1/sec"),
    ("-p tcp", "-p tcp -m set --match-set blocked src"),
]
OPEN = [  # as above, but the later rule may match, or nobody can be sure
    ("-i eth0", ""),
    ("-s 10.1.0.0/16", "-s 10.0.0.0/8"),
    ("-s 10.0.0.0/8", "-d 10.0.0.0/8"),
    ("! -s 10.0.0.0/8", "-s 10.0.0.0/8"),
    ("! -s 10.0.0.0/8", "! -s 10.1.0.0/16"),
    ("! -s 10.0.0.0/8", "-s 8.0.0.0/5"),
    ("-s 10.0.0.1/255.0.0.255", "-s 10.0.0.1/32"),
    ("-p tcp", "-p udp"),
    ("-p tcp -m tcp --dport 80", "-p udp -m udp --dport 80"),
    ("-p tcp -m tcp --dport 80", "-p tcp"),
    ("-p tcp -m tcp --dport 80", "-p tcp -m tcp --sport 80"),
    ("-p tcp -m tcp --dport 80", "-p tcp -m multiport --dports 80,81"),
    ("-p tcp -m multiport --dports 80,81", "-p tcp -m multiport --ports 80,81"),
    ("-p tcp -m tcp --dport 0:65535", "-p tcp"),
    ("-p tcp -m tcp ! --tcp-flags SYN SYN", "-p tcp -m tcp --syn"),
    ("-p tcp -m tcp --tcp-flags SYN,ACK SYN", "-p tcp -m tcp --tcp-flags SYN SYN"),
    ("-p icmp -m icmp --icmp-type 8", "-p icmp"),
    ("-p icmp -m icmp --icmp-type any", "-p icmp"),
    ("-i eth0", "-i eth+"),
    ("-i eth0", "-i eth1"),
    ("! -i eth+", "-i e+"),
    ("! -i docker0", "! -i eth0"),
    ("-m conntrack --ctstate ESTABLISHED", "-m conntrack --ctstate RELATED,ESTABLISHED"),
    ("-m conntrack --ctstate NEW", "-m conntrack --ctstate DNAT"),
    ("-m conntrack --ctorigdst 10.0.0.1", "-m conntrack --ctstate INVALID --ctorigdst 10.0.0.1"),
    ("-m limit --limit 1/sec", "-m limit --limit 1/sec"),
    ("-m set --match-set blocked src", "-m set --match-set blocked src"),
    ("-m mark --mark 0x1", "-m mark --mark 0x1"),
    ("-m recent --rcheck --name x", "-m recent --rcheck --name x"),
    ("-m ttl --ttl-eq 64", "-m ttl --ttl-eq 64"),
    ("-m conntrack --ctstatus ASSURED", "-m conntrack --ctstatus ASSURED"),
    ("-m geoip --source-country CN", "-m geoip --source-country CN"),
    ("-s nowhere", "-s nowhere"),
    ("-p tcp", "-p tcp -p udp -m conntrack --ctstate NEW -m conntrack --ctstate INVALID"),
]


@pytest.mark.parametrize(("earlier", "later"), TAKEN)
def test_an_earlier_rule_takes_all_that_a_later_one_would_match(earlier: str, later: str) -> None:
    assert found(table(f"{earlier} -j DROP".strip(), f"{later} -j ACCEPT".strip())) == {2: 1}


@pytest.mark.parametrize(("earlier", "later"), OPEN)
def test_nothing_is_said_of_a_rule_that_may_match(earlier: str, later: str) -> None:
    assert found(table(f"{earlier} -j DROP".strip(), f"{later} -j ACCEPT".strip())) == {}


@pytest.mark.parametrize(
    ("target", "takes"),
    [("-j ACCEPT", True), ("-j RETURN", True), ("-j REJECT", True), ("-j LAST", True), ("-g ASKS", True), ("-j NFQUEUE", True),
     ("-j ASKS", False), ("-j LOG", False), ("", False), ("-j MARK --set-xmark 0x1/0x1", False), ("-j NOWHERE", False)],
)  # fmt: skip
def test_only_a_rule_after_which_no_other_is_asked_takes_anything(target: str, takes: bool) -> None:
    assert found(table(f"-i eth0 {target}".strip(), "-i eth0 -p tcp -j ACCEPT")) == ({2: 1} if takes else {})


def test_the_first_rule_that_takes_it_is_named() -> None:
    assert found(table("-p udp -j DROP", "-s 10.0.0.0/8 -j DROP", "-j ACCEPT", "-s 10.1.0.0/16 -j ACCEPT", "-j DROP")) == {4: 2, 5: 3}


def test_a_state_that_raw_itself_changes_takes_nothing_there() -> None:
    rules = ("-m conntrack --ctstate INVALID -j DROP", "-m conntrack --ctstate INVALID -p tcp -j DROP")
    assert found(table(*rules)) == {2: 1}
    assert found(table(*rules, name="raw")) == {}


def test_addresses_of_ipv6() -> None:
    assert found(table("-s 2001:db8::/32 -j DROP", "-s 2001:db8:1::/48 -j ACCEPT", "-s 2001:db9::/32 -j ACCEPT", family="ipv6")) == {2: 1}
    assert found(table("! -s 2001:db8::/32 -j DROP", "-s fe80::/10 -j ACCEPT", family="ipv6")) == {2: 1}


HOST = Host((Device("lo", ("127.0.0.1/8",)), Device("eth0", ("10.0.0.5/24",)), Device("docker0", ("172.17.0.1/16",))),
            (Route("default", "10.0.0.1", "eth0"),))  # fmt: skip
PARTS = {
    "-i": ["eth0", "eth+", "docker0", "e+", "docker+"],
    "-o": ["eth0", "docker0", "eth+"],
    "-s": ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.9/32", "172.17.0.0/16", "172.17.0.2/32", "0.0.0.0/1"],
    "-d": ["10.0.0.0/8", "172.17.0.0/16", "172.17.0.2/32", "8.8.8.8/32", "128.0.0.0/1"],
}
MATCHES = [
    "-m conntrack --ctstate NEW", "-m conntrack --ctstate RELATED,ESTABLISHED", "-m conntrack ! --ctstate NEW",
    "-m state --state ESTABLISHED", "-m conntrack --ctstate INVALID,UNTRACKED", "-m conntrack --ctorigdst 172.17.0.2",
    "-m conntrack --ctstate NEW --ctorigdst 172.17.0.2",
    "-m conntrack --ctdir ORIGINAL", "-m iprange --src-range 10.0.0.1-10.0.0.9", "-m iprange ! --dst-range 172.17.0.0-172.17.0.9",
    "-m addrtype --dst-type LOCAL", "-m addrtype ! --dst-type LOCAL", "-m comment --comment said",
]  # fmt: skip
PROTOCOLS = [
    "-p tcp", "-p udp", "! -p tcp", "-p icmp", "-p tcp -m tcp --dport 80", "-p tcp -m tcp --dport 79:81", "-p tcp -m tcp ! --dport 80",
    "-p tcp -m multiport --dports 22,80", "-p tcp -m multiport ! --dports 22,80", "-p tcp -m multiport --ports 80,81",
    "-p tcp -m tcp --sport 80", "-p tcp -m tcp --sport 1024:65535", "-p tcp -m tcp --tcp-flags SYN,ACK SYN", "-p tcp -m tcp --syn",
    "-p tcp -m tcp --tcp-flags SYN SYN", "-p tcp -m tcp ! --tcp-flags SYN,ACK SYN", "-p udp -m udp --dport 80",
    "-p udp -m udp ! --dport 81", "-p icmp -m icmp --icmp-type 8", "-p icmp -m icmp --icmp-type 3/4", "-p icmp -m icmp --icmp-type 3",
    "-p icmp -m icmp ! --icmp-type 8",
]  # fmt: skip


@st.composite
def specs(draw: st.DrawFn) -> str:
    """A rule of few conditions, so that one often implies another."""
    words = []
    for option, values in PARTS.items():
        if draw(st.integers(0, 3)) == 0:
            words += [*(["!"] if draw(st.booleans()) else []), option, draw(st.sampled_from(values))]
    words += draw(st.lists(st.sampled_from(PROTOCOLS), max_size=1)) + draw(st.lists(st.sampled_from(MATCHES), max_size=1))
    return " ".join([*words, draw(st.sampled_from(["-j DROP", "-j ACCEPT", "-j LAST", "-g ASKS", "-j RETURN"]))])


packets = st.builds(
    Packet,
    source=st.sampled_from(["10.0.0.9", "10.0.0.10", "172.17.0.2", "172.17.0.3", "8.8.8.8"]),
    destination=st.sampled_from(["172.17.0.2", "172.17.0.3", "8.8.8.8", "10.0.0.9"]),
    protocol=st.sampled_from(["tcp", "udp", "icmp", "esp"]),
    source_port=st.sampled_from([80, 4000]),
    destination_port=st.sampled_from([22, 79, 80, 81, 443]),
    icmp_type=st.sampled_from([0, 3, 8]),
    icmp_code=st.sampled_from([0, 4]),
    flags=st.sampled_from([frozenset({"SYN"}), frozenset({"SYN", "ACK"}), frozenset({"ACK"}), frozenset()]),
    input=st.sampled_from(["eth0", "docker0"]),
    state=st.sampled_from(["NEW", "ESTABLISHED", "RELATED", "INVALID"]),
)


@law(400)
@given(st.lists(specs(), min_size=2, max_size=6), st.lists(packets, min_size=1, max_size=12))
def test_no_packet_is_matched_by_a_rule_that_is_said_to_match_none(rules: list[str], sent: list[Packet]) -> None:
    ruleset = table(*rules)
    never = found(ruleset)
    for packet in sent if never else ():
        for step in walk(packet, ruleset, HOST).visits:
            if step.chain == "FORWARD":
                assert not (step.matched and step.rule in never), (rules, packet)


@pytest.mark.long("large inputs")
def test_a_long_chain_is_judged() -> None:
    what = "! -i eth{} -s 10.{}.{}.0/24 -p tcp -m multiport --dports {},{} -j DROP"
    rules = [what.format(number % 7, number % 250, number // 250, number + 1, number + 3) for number in range(5000)]
    ruleset = table(*rules, "-s 10.7.3.9/32 -i docker0 -p tcp -m tcp --dport 758 -j ACCEPT")
    assert found(ruleset) == {5001: 758}
