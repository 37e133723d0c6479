"""Rules and chains in words: what each sentence says, and that every rule of the corpus gets whole sentences."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.corpus import CASES, DUMPS
from support.laws import law

from netlab_magic.errors import StatementError
from netlab_magic.explain import explain_chain, explain_rule
from netlab_magic.i18n import LANGUAGES
from netlab_magic.iptables import save_format
from netlab_magic.iptables.extensions import HEADER, MATCHES, TARGETS
from netlab_magic.iptables.refusal import Refused
from netlab_magic.iptables.rule_parser import read_rule
from netlab_magic.iptables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.iptables.words import split
from netlab_magic.model.hooks import BUILT_IN


def ruleset(text: str) -> Ruleset:
    """A filter table of `CHAIN RULE` lines; chains are made as they come, those with a policy are built in."""
    chains = [f":{name} DROP [0:0]" if name == "FORWARD" else f":{name} ACCEPT [0:0]" for name in BUILT_IN["filter"]]
    lines = [line.strip() for line in text.strip().splitlines()]
    named = dict.fromkeys(line.split()[0] for line in lines)
    chains += [f":{name} - [0:0]" for name in named if name not in BUILT_IN["filter"]]
    rules = [f"-A {line}" for line in lines if len(line.split()) > 1]
    return save_format.parse("\n".join(["*filter", *chains, *rules, "COMMIT", ""]), strict=False)


def matches(rule: str, language: str = "en", family: str = "ipv4") -> str:
    read = read_rule(split(rule), family, strict=False)
    return explain_rule(Ruleset((Table("filter", (Chain("FORWARD", "DROP", (read,)),)),), family), "filter", "FORWARD", 1, language).matches


MATCHES_WHAT = [
    ("", "Matches every packet."),
    ("-s 0.0.0.0/0", "Matches every packet."),
    ("-p tcp", "Matches all TCP packets."),
    ("-p 47", "Matches all GRE packets."),
    ("! -p tcp", "Matches packets that are not TCP packets."),
    ("-i eth0", "Matches packets that come in through eth0."),
    ("! -i eth0", "Matches packets that come in through any interface other than eth0."),
    ("-i virbr+", "Matches packets that come in through an interface whose name begins with virbr."),
    ("! -o virbr+", "Matches packets that leave through an interface whose name does not begin with virbr."),
    ("-i br0 -o br0", "Matches packets that both come in and leave through br0."),
    ("-i br0 ! -o br0", "Matches packets that come in through br0 but leave through any other interface."),
    ("! -i br0 -o br0", "Matches packets that leave through br0 without having come in through it."),
    (
        "! -i br+ -o br+",
        (
            "Matches packets that come in through an interface whose name does not begin with br and leave through an interface "
            "whose name begins with br."
        ),
    ),
    ("-i br0 -o br1", "Matches packets that come in through br0 and leave through br1."),
    ("-s 10.0.0.1/32 -d 10.0.0.0/8", "Matches packets that come from 10.0.0.1 and go to 10.0.0.0/8."),
    ("-d 10.0.0.1 -p tcp --dport 80", "Matches TCP packets that go to port 80 of 10.0.0.1."),
    ("-p tcp -m multiport --dports 22,80,8000:8080", "Matches TCP packets that go to port 22, 80 or 8000–8080."),
    ("-p tcp ! --dport 22", "Matches TCP packets that go to any port other than 22."),
    ("-p tcp --dport 22 -m conntrack --ctstate NEW", "Matches TCP packets that go to port 22 and open a new connection."),
    ("-p tcp -m conntrack --ctstate NEW -m tcp --dport 22", "Matches TCP packets that go to port 22 and open a new connection."),
    ("-m state --state RELATED,ESTABLISHED", "Matches packets that belong to an established connection, or are related to one."),
    ("-m conntrack ! --ctstate INVALID", "Matches packets that are not INVALID to conntrack."),
    (
        "-m conntrack --ctorigdst 203.0.113.1 --ctorigdstport 8080",
        "Matches packets that belong to a connection that, before any DNAT, went to port 8080 of 203.0.113.1.",
    ),
    ("-p tcp --syn", "Matches TCP packets that open a TCP connection (SYN is set; ACK, RST and FIN are not)."),
    ("-p tcp --tcp-flags ALL NONE", "Matches TCP packets that have, among TCP flags, none set and FIN, SYN, RST, PSH, ACK and URG clear."),
    ("-p icmp --icmp-type 8", "Matches ICMP packets that are of type echo-request (ping)."),
    ("! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL", "Matches packets that go to an address of this host itself, other than 127.0.0.0/8."),
    ("-m limit --limit 3/min --limit-burst 10", "Matches packets that come at no more than 3 per minute (after a first burst of 10)."),
    ("-m mark ! --mark 0x4000/0x4000", "Matches packets that do not carry the mark 0x4000 (only the bits 0x4000 count)."),
    ("-m set --match-set blocked src", "Matches packets that have their source address in the set blocked."),
    (
        "-m rpfilter --invert",
        "Matches packets that have an implausible source: the route back to it leaves through another interface.",
    ),
    ("-m comment --comment hello", "Matches every packet."),
    ("-m geoip --source-country CN", "Matches packets that satisfy “-m geoip --source-country CN”."),
    ("-p tcp -m tcp --dport 80 --surprise 1", "Matches TCP packets that go to port 80 and satisfy “-m tcp --surprise 1”."),
]


@pytest.mark.parametrize(("rule", "sentence"), MATCHES_WHAT, ids=[rule or "nothing" for rule, _ in MATCHES_WHAT])
def test_what_a_rule_matches_is_one_natural_sentence(rule: str, sentence: str) -> None:
    assert matches(rule) == sentence


MATCHES_IN_CHINESE = [
    ("", "比對所有封包。"),
    ("-p tcp", "比對所有 TCP 封包。"),
    ("-i docker0 ! -o docker0", "比對從 docker0 進來、從其他介面出去的封包。"),
    ("-i br0 -o br0", "比對從 br0 進來、也從 br0 出去的封包。"),
    ("-o br0 -m conntrack --ctstate RELATED,ESTABLISHED", "比對從 br0 出去，且屬於既有連線或與其相關的封包。"),
    ("-d 10.0.0.1 -p tcp --dport 80", "比對目的地為 10.0.0.1 的 80 埠的 TCP 封包。"),
    ("-s 10.0.0.0/8 -p tcp -m multiport --dports 22,80", "比對來自 10.0.0.0/8，且目的埠為 22 或 80 的 TCP 封包。"),
    ("-i virbr+", "比對從名稱以 virbr 開頭的介面進來的封包。"),
    ("-m geoip --source-country CN", "比對符合「-m geoip --source-country CN」的封包。"),
]


@pytest.mark.parametrize(("rule", "sentence"), MATCHES_IN_CHINESE, ids=[rule or "nothing" for rule, _ in MATCHES_IN_CHINESE])
def test_chinese_puts_the_conditions_before_the_packets(rule: str, sentence: str) -> None:
    assert matches(rule, "zh_TW") == sentence


def then(text: str, chain: str = "FORWARD", number: int = 1, language: str = "en") -> str:
    return explain_rule(ruleset(text), "filter", chain, number, language).then


HAPPENS = [
    ("FORWARD -j ACCEPT", "The packet is accepted: no later rule of the filter table sees it at this hook."),
    ("FORWARD -j DROP", "The packet is dropped silently: its sender gets no answer."),
    ("FORWARD -j REJECT", "The packet is rejected: it is dropped, and its sender gets an ICMP error (port-unreachable)."),
    (
        "FORWARD -p tcp -j REJECT --reject-with tcp-reset",
        "The packet is rejected: it is dropped, and its sender gets a TCP reset, as from a closed port.",
    ),
    (
        "FORWARD -j REJECT --reject-with icmp-host-prohibited",
        "The packet is rejected: it is dropped, and its sender gets an ICMP error (host-prohibited).",
    ),
    ("FORWARD -j RETURN", "The policy of FORWARD decides at once, since FORWARD is built in and has no calling chain: DROP."),
    ("FORWARD -s 10.0.0.1", "The rule decides nothing: the packet is counted and goes on to the policy of FORWARD, which is DROP."),
    (
        "FORWARD -j LOG --log-prefix x\nFORWARD -j DROP",
        "The packet is written to the kernel log (with the prefix “x”), and goes on to the next rule: logging decides nothing.",
    ),
    (
        "FORWARD -j MARK --set-xmark 0x4000/0x4000\nFORWARD -j DROP",
        "The packet has the bits 0x4000 of its mark set and goes on to the next rule.",
    ),
    ("FORWARD -j MARK --set-mark 7\nFORWARD -j DROP", "The packet has its mark set to 0x7 and goes on to the next rule."),
    (
        "FORWARD -j web\nweb",
        "The packet enters the chain web, which is empty, and returns at once to the policy of FORWARD, which is DROP.",
    ),
    (
        "FORWARD -j web\nFORWARD -j DROP\nweb -j DROP",
        "The packet enters the chain web; if no rule there decides, it returns to the next rule.",
    ),
    (
        "FORWARD -g web\nweb -j DROP",
        "The packet goes on in the chain web and does not return; if no rule there decides, the policy of FORWARD applies: DROP.",
    ),
    ("FORWARD -j NONESUCH --with 1", "The packet is passed on as the rule says: “-j NONESUCH --with 1”."),
    (
        "FORWARD -j NFQUEUE --queue-num 3 --queue-bypass",
        (
            "The packet is handed to the program that listens on the queue 3 (and is accepted if no program "
            "listens), and that program decides "
            "about it."
        ),
    ),
]


@pytest.mark.parametrize(("text", "sentence"), HAPPENS, ids=[text.splitlines()[0] for text, _ in HAPPENS])
def test_what_happens_then(text: str, sentence: str) -> None:
    assert then(text) == sentence


RETURNS = [
    ("FORWARD -i a\nFORWARD -j web\nweb -j RETURN", "The packet leaves web and returns to FORWARD, after rule 2, which sent it here."),
    (
        "INPUT -j web\nFORWARD -j web\nweb -j RETURN",
        "The packet leaves web and returns to the calling chain, after the rule that sent it here.",
    ),
    (
        "FORWARD -j all\nall -g web\nweb -j RETURN",
        (
            "The packet leaves web; since it came by goto, it does not return to all but to the chain that all was called from, or to "
            "the policy if all is built in."
        ),
    ),
]


@pytest.mark.parametrize(("text", "sentence"), RETURNS)
def test_return_in_a_users_chain_depends_on_how_the_packet_came(text: str, sentence: str) -> None:
    assert then(text, "web") == sentence


def test_a_goto_out_of_a_users_chain_never_comes_back_to_it() -> None:
    assert then("FORWARD -j all\nall -g web\nweb -j DROP", "all") == (
        "The packet goes on in the chain web and does not return to all; if no rule there decides, it "
        "returns to the chain that all was "
        "called from."
    )


NAT = """*nat
:PREROUTING ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A PREROUTING -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A PREROUTING -j ACCEPT
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
"""


@pytest.mark.parametrize(
    ("chain", "number", "sentence"),
    [
        (
            "PREROUTING",
            1,
            (
                "The packet gets 172.17.0.2, port 80 as its new destination; conntrack does the same to the rest of the connection, "
                "and the reverse to its replies, without checking the rules again."
            ),
        ),
        ("PREROUTING", 2, "The connection keeps its addresses: no later rule of the nat table sees it at this hook."),
        (
            "POSTROUTING",
            1,
            (
                "The packet gets the address of the interface that it leaves through as its new source; conntrack does the same to "
                "the rest of the connection, and the reverse to its replies, without checking the rules again."
            ),
        ),
    ],
)
def test_nat_is_said_to_be_for_the_first_packet_alone(chain: str, number: int, sentence: str) -> None:
    assert explain_rule(save_format.parse(NAT), "nat", chain, number).then == sentence


SITUATIONS = [
    ("filter", "INPUT", "-i lo -j ACCEPT", "talk to each other through the loopback interface"),
    ("filter", "INPUT", "-m state --state RELATED,ESTABLISHED -j ACCEPT", "makes the firewall stateful"),
    ("filter", "INPUT", "-m conntrack --ctstate INVALID -j DROP", "do not fit any connection"),
    ("filter", "INPUT", "-p tcp --dport ssh -j ACCEPT", "lock you out of the host"),
    ("filter", "INPUT", "-p tcp --dport 22 -m recent --update --seconds 60 --hitcount 4 -j DROP", "attackers who guess passwords"),
    ("filter", "INPUT", "-p tcp --syn -m limit --limit 1/s -j ACCEPT", "a steady stream of new connections"),
    ("filter", "INPUT", "-m limit --limit 5/min -j LOG", "keeps a flood of packets from flooding the log"),
    ("filter", "INPUT", "-j REJECT --reject-with icmp-host-prohibited", "so the policy never applies"),
    ("filter", "FORWARD", "-i a -o b -j ACCEPT", "opens one direction, from a to b"),
    ("filter", "INPUT", "-p tcp -m multiport --dports 22 -j f2b-sshd", "fail2ban's jail sshd"),
    ("filter", "f2b-sshd", "-s 203.0.113.7 -j REJECT", "fail2ban has banned 203.0.113.7"),
    ("filter", "DOCKER-USER", "-m conntrack --ctorigdstport 8080 -j DROP", "The published port is 8080"),
    ("filter", "ufw-user-input", "-p tcp --dport 80 -j ACCEPT", "added by ufw allow"),
    ("filter", "LIBVIRT_FWX", "-i virbr0 -o virbr0 -j ACCEPT", "virtual machines on virbr0 may talk to each other"),
    ("filter", "NETAVARK_FORWARD", "-s 10.89.0.0/24 -j ACCEPT", "Podman network 10.89.0.0/24"),
    ("filter", "FORWARD", "-i br-lan -j zone_lan_forward", "br-lan belongs to the zone lan"),
    ("nat", "KUBE-SERVICES", "-d 10.96.0.1 -p tcp --dport 443 -j KUBE-SVC-X", "10.96.0.1 is the cluster IP of a Service"),
    ("nat", "KUBE-SVC-X", "-m statistic --mode random --probability 0.5 -j KUBE-SEP-Y", "assigned at random"),
    ("nat", "KUBE-SEP-Y", "-p tcp -m tcp -j DNAT --to-destination 10.244.0.2:80", "that of the chosen pod, 10.244.0.2:80"),
    ("nat", "POSTROUTING", "-o eth0 -j MASQUERADE", "a router's usual rule"),
    ("nat", "POSTROUTING", "-s 172.18.0.0/16 ! -o docker1 -j MASQUERADE", "the containers in 172.18.0.0/16 reach other networks"),
    ("nat", "PREROUTING", "-p tcp --dport 8080 -j DNAT --to 10.0.0.2:80", "This is port forwarding"),
    ("mangle", "FORWARD", "-p tcp --tcp-flags SYN,RST SYN -j TCPMSS --clamp-mss-to-pmtu", "smaller MTU"),
    ("raw", "PREROUTING", "-m rpfilter --invert -j DROP", "forged source addresses"),
    ("raw", "PREROUTING", "-d 172.17.0.2 ! -i docker0 -j DROP", "bypass its published ports"),
    ("filter", "FORWARD", "-i a -p tcp --dport 9999 -j ACCEPT", ""),
]


@pytest.mark.parametrize(("table", "chain", "rule", "words"), SITUATIONS, ids=[f"{chain} {rule}" for _, chain, rule, _ in SITUATIONS])
def test_the_situation_is_recognised_by_the_rules_shape(table: str, chain: str, rule: str, words: str) -> None:
    read = read_rule(split(rule))
    rules = Ruleset((Table(table, (Chain(chain, "ACCEPT" if chain in BUILT_IN[table] else None, (read,)),)),))
    situation = explain_rule(rules, table, chain, 1).situation
    assert words in situation
    assert bool(situation) == bool(words)


NOTES = [
    ("FORWARD -j DROP\nFORWARD -i a -j ACCEPT", 2, "No packet gets here: rule 1 before it takes every packet."),
    ("FORWARD -i a -j DROP\nFORWARD -i a -p tcp -j ACCEPT", 2, "No packet gets here: rule 1 before it takes all its packets."),
    ("FORWARD -j web\nFORWARD -j DROP\nweb -j DROP", 2, "No packet gets here: rule 1 before it takes every packet."),
    ("FORWARD -j web\nFORWARD -j DROP\nweb -i a -j DROP", 2, ""),
    (
        "FORWARD -s 10.0.0.0/8 -j DROP\nFORWARD -s 10.1.0.0/16 -p tcp -j ACCEPT",
        2,
        "No packet gets here: rule 1 before it takes all its packets.",
    ),
    ("FORWARD -m limit --limit 1/s -j DROP\nFORWARD -j ACCEPT", 2, ""),
    ("FORWARD -j LOG\nFORWARD -j ACCEPT", 2, ""),
    (
        "FORWARD -i a -m limit --limit 1/s -j LOG\nFORWARD -i a -j DROP",
        1,
        ("The next rule drops the same packets; this one logs them first."),
    ),
]


@pytest.mark.parametrize(("text", "number", "note"), NOTES)
def test_what_can_never_happen_is_noted(text: str, number: int, note: str) -> None:
    assert " ".join(explain_rule(ruleset(text), "filter", "FORWARD", number).notes) == note


@pytest.mark.parametrize(
    ("counters", "note"),
    [
        ("", ""),
        ("[0:0] ", "No packet has matched it yet."),
        ("[1:84] ", "One packet of 84 bytes has matched it so far."),
        ("[664:2569] ", "664 packets with 2569 bytes have matched it so far."),
    ],
)
def test_counters_are_read_where_there_are_any(counters: str, note: str) -> None:
    dump = f"*filter\n:FORWARD ACCEPT [0:0]\n{counters}-A FORWARD -i a -j DROP\nCOMMIT\n"
    assert " ".join(explain_rule(save_format.parse(dump), "filter", "FORWARD", 1).notes) == note


def test_a_chain_tells_who_leads_there_what_it_does_and_how_it_ends() -> None:
    rules = ruleset("FORWARD -i a -j web\nweb -p tcp --dport 80 -j ACCEPT\nlost -j again\nagain -j DROP")
    assert str(explain_chain(rules, "filter", "web")).splitlines() == [
        "web (filter)",
        "  This is a user-defined chain; packets get here only if a rule sends them.",
        "  Packets get here from FORWARD (rule 1).",
        "  1. Matches TCP packets that go to port 80. The packet is accepted: no later rule of the filter table sees it at this hook.",
        "  Packets that no rule decides about return to FORWARD (rule 1) and continue there.",
    ]
    assert explain_chain(rules, "filter", "lost").notes == ("No packet gets to this chain: no rule jumps here.",)
    assert explain_chain(rules, "filter", "again").notes == (
        "No packet gets to this chain: it is entered only from chains that no packet reaches.",
    )
    assert explain_chain(rules, "filter", "FORWARD").end == (
        "Packets that no rule decides about get the policy, DROP: they are dropped silently."
    )
    assert (
        explain_chain(rules, "filter", "FORWARD", "zh_TW").end == "沒有任何規則判斷的封包套用預設政策（policy）DROP：直接丟棄，不作回應。"
    )


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda rules: explain_rule(rules, "filter", "FORWARD", 2), "the chain FORWARD has no rule 2; it has 1 rule"),
        (lambda rules: explain_rule(rules, "filter", "INPUT", 1), "the chain INPUT has no rule 1; it has no rules"),
        (lambda rules: explain_rule(rules, "filter", "FORWARDS", 1), "the table filter has no chain FORWARDS; did you mean FORWARD?"),
        (lambda rules: explain_chain(rules, "nat", "DOCKER"), "the table nat has no chain DOCKER"),
        (lambda rules: explain_chain(rules, "filter", "INPUT", "tlh"), "unsupported language tlh; choose en or zh_TW"),
    ],
)
def test_what_is_not_there_is_said_in_one_sentence(ask, sentence: str) -> None:
    with pytest.raises(StatementError) as error:
        ask(ruleset("FORWARD -j ACCEPT"))
    assert error.value.message.startswith(sentence)


@pytest.mark.parametrize("verdict", ["ACCEPT", "DROP"])
def test_rules_between_the_ports_of_a_bridge_name_the_sysctl_of_each_family(verdict: str) -> None:
    rules = save_format.parse(f"*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i docker0 -o docker0 -j {verdict}\nCOMMIT\n")
    said = str(explain_rule(rules, "filter", "FORWARD", 1))
    assert "net.bridge.bridge-nf-call-iptables (for IPv6, net.bridge.bridge-nf-call-ip6tables) is 1" in said


def test_control_characters_of_a_comment_are_shown_as_nothing_more_than_characters() -> None:
    comment = 'FORWARD -m comment --comment "red \x1b[31m \u202e {0} {name}" -j ACCEPT'
    said = explain_rule(ruleset(comment), "filter", "FORWARD", 1)
    assert said.situation == "Its comment reads “red \N{REPLACEMENT CHARACTER}[31m \N{REPLACEMENT CHARACTER} {0} {name}”."
    assert str(said).replace("\n", "").isprintable()


def check(rules: Ruleset, table: str, chain: str, number: int) -> None:
    """What must hold for every explanation."""
    rule = next(held for held in rules.tables if held.name == table).chain(chain).rules[number - 1]
    for language in LANGUAGES:
        said = explain_rule(rules, table, chain, number, language)
        for sentence in (said.matches, said.then, said.situation, *said.notes, said.short):
            assert not sentence or sentence.endswith((".", "。")), sentence
            assert "{" not in sentence or "{" in rule.spec, sentence
            assert "  " not in sentence or "  " in rule.spec, sentence
        assert said.matches
        assert said.then
        for unknown in (found for found in rule.matches if found.module not in (*MATCHES, "icmpv6", "ipv6-icmp")):
            assert unknown.module in said.matches
        if language == "zh_TW":
            assert re.search("[\u4e00-\u9fff]", said.matches), said.matches


@pytest.mark.parametrize("dump", DUMPS, ids=str)
def test_every_rule_of_every_program_is_explained(dump) -> None:
    rules = save_format.parse(dump.text, strict=False)
    for table in rules.tables:
        for chain in table.chains:
            for language in LANGUAGES:
                assert str(explain_chain(rules, table.name, chain.name, language))
            for number in range(1, len(chain.rules) + 1):
                check(rules, table.name, chain.name, number)


FILES = sorted({case.file for case in CASES})


@pytest.mark.parametrize("file", FILES)
def test_every_extension_is_explained(file: str) -> None:
    for case in (case for case in CASES if case.file == file and case.ok):
        rule = read_rule(split(case.rule), case.family, strict=False)
        policy = "ACCEPT" if case.chain in BUILT_IN[case.table] else None
        check(Ruleset((Table(case.table, (Chain(case.chain, policy, (rule,)),)),), case.family), case.table, case.chain, 1)


@pytest.mark.parametrize("extension", [HEADER, *MATCHES.values(), *TARGETS.values()], ids=lambda extension: extension.name or "header")
def test_every_option_has_its_words_and_their_opposite(extension) -> None:
    for row in extension.parameters:
        assert row.says, row.name
        assert bool(row.denies) == row.negatable, row.name
        for text in (row.says, row.denies):
            placed = {int(number) if number else at for at, number in enumerate(re.findall(r"\{(\d*)\}", text))}
            assert all(place < len(row.types) for place in placed), (row.name, text)


words = st.sampled_from(
    ["-i", "-o", "!", "-s", "-p", "tcp", "-m", "-j", "-g", "--dport", "80", "eth0", "x", "{}", "LOG", "web", "10.0.0.1", "\x1b"]
)


@given(st.lists(st.one_of(words, st.text(max_size=8)), max_size=10))
@law(300)
def test_whatever_is_read_can_be_explained(tokens: list[str]) -> None:
    try:
        rule = read_rule(tokens, strict=False)
    except Refused:
        return
    made = Rule(rule.options, rule.matches, rule.target)
    said = explain_rule(Ruleset((Table("filter", (Chain("FORWARD", "DROP", (made,)), Chain("web"))),)), "filter", "FORWARD", 1)
    assert said.matches.endswith(".")
    assert said.then.endswith(".")
    assert str(said).replace("\n", "").isprintable()
