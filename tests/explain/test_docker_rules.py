"""What is said of Docker's rules: the table of the chapter rule by rule, and every rule of every layout."""

from pathlib import Path

import pytest

from netlab_magic.explain import explain_chain, explain_rule
from netlab_magic.i18n import LANGUAGES
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset

# Docker up to 27 with docker0 and, as a reader of the chapter would have it, the bridge under another name.
CLASSIC = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [1:84]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-ISOLATION-STAGE-1
-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker1 -j DOCKER
-A FORWARD -i docker1 ! -o docker1 -j ACCEPT
-A FORWARD -i docker1 -o docker1 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker1 ! -o docker1 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-1 -j RETURN
-A DOCKER-ISOLATION-STAGE-2 -o docker1 -j DROP
-A DOCKER-ISOLATION-STAGE-2 -j RETURN
-A DOCKER-USER -j RETURN
COMMIT
"""

TABLE = [
    (1, "Docker leaves this chain for your own rules", "Docker 把這條 chain 留給使用者"),
    (2, "Docker isolates its networks from each other", "Docker 在這裡隔離各個網路"),
    (3, "answers to requests from containers on docker1 get in", "docker1 上的容器主動連出後的回應得以進來"),
    (
        4,
        "Leaving through docker1 means going into that network, towards its containers, not out of the host.",
        "從 docker1 出去，指的是進入該網路、送往容器，而不是離開主機。",
    ),
    (5, "This is the way out: containers on docker1 may open connections", "這是對外的出路：docker1 上的容器可以連往"),
    (6, "This lets the containers on docker1 talk to each other.", "這讓 docker1 上的容器可以互相連線。"),
]


@pytest.mark.parametrize(("number", "english", "chinese"), TABLE)
def test_the_six_rules_of_the_chapter(number: int, english: str, chinese: str) -> None:
    rules = save_format.parse(CLASSIC)
    assert english in explain_rule(rules, "filter", "FORWARD", number).situation
    assert chinese in explain_rule(rules, "filter", "FORWARD", number, "zh_TW").situation


def test_the_whole_answer_to_explain_forward_3() -> None:
    assert str(explain_rule(save_format.parse(CLASSIC), "filter", "FORWARD", 3)).splitlines() == [
        "FORWARD 3: -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        (
            "  Matches packets that leave through docker1 and belong to an established connection, or are related to one. "
            "The packet is accepted: no later rule of the filter table sees it at this hook."
        ),
        (
            "  This makes the firewall stateful: answers to requests from containers on docker1 get in, "
            "and so does the rest of every "
            "connection that was let in. Without it a request gets out, but its answer is dropped."
        ),
    ]


def test_the_whole_answer_to_explain_forward_5_in_chinese() -> None:
    assert str(explain_rule(save_format.parse(CLASSIC), "filter", "FORWARD", 5, "zh_TW")).splitlines() == [
        "FORWARD 5: -i docker1 ! -o docker1 -j ACCEPT",
        "  比對從 docker1 進來、從其他介面出去的封包。封包被接受（ACCEPT），此處不再比對 filter 表後面的規則。",
        (
            "  這是對外的出路：docker1 上的容器可以連往網際網路或主機的其他網路。這條規則只放行往外的封包；回應的方向相反，必須靠 "
            "RELATED,ESTABLISHED 那條規則放行。"
        ),
    ]


def test_forwards_policy_is_told_to_be_dockers_and_whether_it_still_matters() -> None:
    older, newer = "dockerd sets the policy of FORWARD to DROP", "Since Docker 28, packets"
    assert older in " ".join(explain_chain(save_format.parse(CLASSIC), "filter", "FORWARD").notes)
    assert newer not in " ".join(explain_chain(save_format.parse(CLASSIC), "filter", "FORWARD").notes)
    with_forward_chain = CLASSIC.replace(":DOCKER-USER", ":DOCKER-FORWARD - [0:0]\n:DOCKER-USER")
    assert newer in " ".join(explain_chain(save_format.parse(with_forward_chain), "filter", "FORWARD").notes)
    accepting = CLASSIC.replace(":FORWARD DROP", ":FORWARD ACCEPT")
    assert explain_chain(save_format.parse(accepting), "filter", "FORWARD").notes == ()


def layouts() -> dict[str, Ruleset]:
    """The last state in every file of data/docker that shows rules of the iptables backend."""
    found = {}
    for path in sorted((Path(__file__).parents[1] / "data" / "docker").glob("*.txt")):
        parts = path.read_text().split("\n## ")
        for part in parts:
            lines = part.splitlines()
            starts = [number for number, line in enumerate(lines) if line.startswith("*")]
            if starts:
                found[f"{path.stem}: {lines[0]}"] = save_format.parse("\n".join([*lines[starts[0] :], ""]), strict=False)
    return found


LAYOUTS = layouts()


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_rule_that_docker_writes_is_recognised(name: str) -> None:
    ruleset = LAYOUTS[name]
    for table in ruleset.tables:
        for chain in table.chains:
            assert "by hand" not in explain_chain(ruleset, table.name, chain.name).purpose
            for number, rule in enumerate(chain.rules, 1):
                for language in LANGUAGES:
                    said = explain_rule(ruleset, table.name, chain.name, number, language)
                    assert said.situation, f"{table.name} {chain.name} {rule}"


def test_there_are_layouts_of_every_kind() -> None:
    text = "".join(map(str, LAYOUTS.values()))
    for name in ("DOCKER-ISOLATION-STAGE-1", "DOCKER-FORWARD", "DOCKER-INTERNAL", "docker-ext-bridges-v4", "*raw", "DNAT"):
        assert name in text


OTHERS = [  # rules of Docker that the layouts do not have: IPv6, trusted interfaces, marks, and networks without ICC that publish ports
    ("raw PREROUTING -d 192.0.2.0/24 -i lo -j ACCEPT", "the next rule keeps others out"),
    ("raw PREROUTING -d 192.0.2.0/24 ! -i bridge1 -j DROP", "Docker protects the containers in 192.0.2.0/24"),
    ("raw PREROUTING -d 192.0.2.2/32 -i eth1 -j ACCEPT", "The network trusts eth1"),
    ("raw PREROUTING -d 127.0.0.1/32 -i loopback0 -p tcp -m tcp --dport 8080 -j ACCEPT", "WSL2"),
    ("nat DOCKER -d 127.0.0.0/8 -i loopback0 -j RETURN", "WSL2"),
    ("nat POSTROUTING -o bridge1 -m addrtype --src-type LOCAL -j SNAT --to-source 192.0.2.9", "userland-proxy=false"),
    ("filter DOCKER-FORWARD -m mark --mark 0x1/0x3 -j ACCEPT", "--bridge-accept-fwmark"),
    (
        "filter DOCKER -d 192.0.2.2/32 -i bridge1 -o bridge1 -p tcp -m tcp --dport 80 -m conntrack ! --ctorigdst 192.0.2.2 -j ACCEPT",
        "Connections to 192.0.2.2 itself are not.",
    ),
    ("filter DOCKER -i bridge1 -o bridge1 -p ipv6-icmp -m icmp6 --icmpv6-type 135 -j ACCEPT", "neighbour discovery"),
    ("filter DOCKER-INTERNAL ! -s fd00:1::/64 ! -i bridge1 -o bridge1 -j DROP", "nothing from outside fd00:1::/64 gets in"),
    ("filter DOCKER-INTERNAL ! -d fd00:1::/64 -i bridge1 ! -o bridge1 -j DROP", "cannot reach anything outside fd00:1::/64"),
    ("nat OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER", "Loopback addresses are excluded"),
    (
        "nat DOCKER ! -s fe80::/10 ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:1::2]:80",
        "Packets from bridge1 itself are left to docker-proxy.",
    ),
    (
        "nat DOCKER ! -s fe80::/10 -d ::1/128 ! -i bridge1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:1::2]:80",
        "a port that is published on ::1 only",
    ),
]


@pytest.mark.parametrize(("text", "words"), OTHERS)
def test_rules_of_other_settings_and_of_ipv6_are_recognised_too(text: str, words: str) -> None:
    table, chain, rule = text.split(maxsplit=2)
    dump = f"*{table}\n:{chain} {'ACCEPT' if chain in ('PREROUTING', 'OUTPUT', 'POSTROUTING') else '-'} [0:0]\n-A {chain} {rule}\nCOMMIT\n"
    rules = save_format.parse(dump, strict=False, family="ipv6" if "::" in rule or "ipv6" in rule else "ipv4")
    assert words in explain_rule(rules, table, chain, 1).situation
