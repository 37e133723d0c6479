"""What would let a lost packet pass: the smallest changes, each of which the model has tried, and the kernel tries here."""


import msgspec
import pytest
from support.labs import SEED as SEED_LAB
from support.networks import MASQUERADE, ONE, SEED, TWO, asked, built, rules
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.diagnosis.remedies import Remedy, remedies, search
from netlab_magic.docker import nft_table_text, plan
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.language.docker_statements import Docker
from netlab_magic.language.parser import parse as parse_cell
from netlab_magic.language.plan_topology import desired
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import HOST, Namespace, Server, Topology
from netlab_magic.nftables import parse as parse_nft

OUTWARDS = "forward -i docker1 ! -o docker1 -j ACCEPT"
REPLIES = "forward -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
WITHIN = "forward -i docker1 -o docker1 -j ACCEPT"
ACCEPTING = "policy FORWARD ACCEPT"
UNSEEN = "sysctl net.bridge.bridge-nf-call-iptables=0"
TO_NS0 = "-s 172.18.0.3 -d 172.18.0.2"
DOCKERS = """*raw
:PREROUTING ACCEPT
-A PREROUTING -d 172.18.0.2/32 ! -i docker1 -j DROP
COMMIT
*filter
:FORWARD DROP
:DOCKER-USER -
:DOCKER -
-A FORWARD -j DOCKER-USER
-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FORWARD -o docker1 -j DOCKER
-A FORWARD -i docker1 -j ACCEPT
-A DOCKER ! -i docker1 -o docker1 -j DROP
COMMIT
"""
BEHIND = SEED + "bridge docker0 172.17.0.1/16\nns far 172.17.0.2/16 on docker0\n"


def found(words: str, ruleset: Ruleset, text: str = SEED) -> tuple[Remedy, ...]:
    topology = built(text)
    return remedies(topology, {HOST: ruleset}, asked(topology, words))


def docker_rules(raw: bool = True) -> Ruleset:
    return save_format.parse(DOCKERS if raw else DOCKERS[DOCKERS.index("*filter") :])


@pytest.mark.parametrize(
    ("words", "ruleset", "text", "expected"),
    [
        ("ns1 ns0", rules(), SEED, []),
        (
            "ns1 ns0",
            rules(policy="DROP"),
            SEED,
            [
                ("flow", (f"forward {TO_NS0} -p icmp --icmp-type 8 -j ACCEPT", REPLIES)),
                ("interfaces", (WITHIN,)),
                ("policy", (ACCEPTING,)),
                ("sysctl", (UNSEEN,)),
            ],
        ),
        (
            "ns1 internet",
            rules(ONE, "DROP"),
            SEED,
            [
                ("flow", ("forward -s 172.18.0.3 -d 8.8.8.8 -p icmp --icmp-type 8 -j ACCEPT", REPLIES)),
                ("interfaces", (OUTWARDS, REPLIES)),
                ("policy", (ACCEPTING,)),
            ],
        ),
        (
            "ns1 internet",
            rules(TWO, "DROP"),
            SEED,
            [("reply", (REPLIES,)), ("interfaces", ("forward -i eth0 -o docker1 -j ACCEPT",)), ("policy", (ACCEPTING,))],
        ),
        (
            "ns1 ns0",
            rules("-A FORWARD -p tcp -j ACCEPT\n-A FORWARD -i docker1 -p icmp -j DROP\n"),
            SEED,
            [
                (
                    "flow",
                    (
                        f"iptables -I FORWARD 2 {TO_NS0} -p icmp --icmp-type 8 -j ACCEPT",
                        "iptables -I FORWARD 3 -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                    ),
                ),
                ("interfaces", ("iptables -I FORWARD 2 -i docker1 -o docker1 -j ACCEPT",)),
                ("delete rule", ("iptables -D FORWARD 2",)),
                ("sysctl", (UNSEEN,)),
            ],
        ),
        ("ns1 ns0:81", rules(), SEED, [("server", ("serve ns0 81",))]),
        ("ns1 ns0:54/udp", rules(), SEED, [("server", ("serve ns0 54/udp",))]),
        ("ns1 internet", rules(more=""), SEED, [("masquerade", ("masquerade 172.18.0.0/16 except docker1",))]),
        ("ns1 internet", rules(), SEED.replace("forward=1", "forward=0"), [("sysctl", ("sysctl net.ipv4.ip_forward=1",))]),
        (
            "ns1 ns0",
            rules(),
            SEED.replace("ns ns1 172.18.0.3/16 on docker1", "bridge other\nns ns1 172.18.0.3/16 on other"),
            [("link", ("ns ns1 172.18.0.3/16 on docker1",))],
        ),
        (
            "far ns0:80",
            docker_rules(raw=False),
            BEHIND,
            [
                ("flow", ("rule DOCKER-USER insert -s 172.17.0.2 -d 172.18.0.2 -p tcp --dport 80 -j ACCEPT",)),
                ("interfaces", ("rule DOCKER-USER insert -i docker0 -o docker1 -j ACCEPT",)),
                ("advice", ()),
            ],
        ),
    ],
)
def test_remedies_are_the_smallest_first(words, ruleset, text, expected):
    assert [(remedy.scope, remedy.statements) for remedy in found(words, ruleset, text)] == expected


BRIDGED_ON = "net.bridge.bridge-nf-call-iptables=1"
BRIDGED = SEED + f"sysctl {BRIDGED_ON}\n"
PORT_8080 = "-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"
DNAT = "*nat\n:OUTPUT ACCEPT\n:POSTROUTING ACCEPT\n-A PREROUTING {match}" + PORT_8080 + "\nCOMMIT\n"
TURNED = "rule -t nat POSTROUTING -s 172.18.0.0/16 -d 172.18.0.0/16 -j MASQUERADE"
HTTP = "-s 172.18.0.3 -d 8.8.8.8 -p tcp --dport 80"


@pytest.mark.parametrize(
    ("words", "ruleset", "text", "expected"),
    [
        (
            "ns1 internet:80",
            rules(policy="DROP"),
            SEED,
            [
                (f"forward {HTTP} -j ACCEPT", REPLIES, "serve internet 80"),
                (OUTWARDS, REPLIES, "serve internet 80"),
                (ACCEPTING, "serve internet 80"),
            ],
        ),
        (
            "ns0 internet",
            rules(more=f"{MASQUERADE}*raw\n-A PREROUTING -i docker1 -j NOTRACK\nCOMMIT\n"),
            SEED,
            [("iptables -t raw -D PREROUTING 1",)],
        ),
        (
            "host 203.0.113.2:8080",
            rules(more=DNAT.format(match="-d 203.0.113.2/32 ")),
            SEED,
            [(f"rule -t nat OUTPUT -d 203.0.113.2/32 {PORT_8080}",), ("serve host 8080",)],
        ),
        (
            "host 172.18.0.1:8080",
            rules(more=DNAT.format(match="-i eth0 ")),
            SEED,
            [(f"rule -t nat OUTPUT -d 172.18.0.1 {PORT_8080}",), ("serve host 8080",)],
        ),
        (
            "ns0 host:8080",
            rules(more=DNAT.format(match="")),
            BRIDGED,
            [("ip link set veth-ns0 type bridge_slave hairpin on", TURNED)],
        ),
        (
            "ns1 host:8080",
            rules(more=DNAT.format(match="")),
            SEED + "sysctl net.bridge.bridge-nf-call-iptables=0\n",
            [(TURNED,), ("sysctl net.bridge.bridge-nf-call-iptables=1",)],
        ),
        (
            "ns0 host:80",
            rules(more="*nat\n-A PREROUTING -p tcp -m tcp --dport 80 -j REDIRECT --to-ports 8081\nCOMMIT\n"),
            SEED + "serve host 80\n",
            [("serve host 8081",), ("iptables -t nat -D PREROUTING 1",)],
        ),
    ],
)
def test_what_a_packet_needs_besides_a_rule_that_accepts_it(words, ruleset, text, expected):
    assert [remedy.statements for remedy in found(words, ruleset, text)] == expected


def test_a_device_that_is_set_up_stays_where_it_is():
    topology = built(SEED)
    bridge = msgspec.structs.replace(topology.host.interface("docker1"), up=False)
    down = topology.with_namespace(topology.host.with_interface(bridge))
    offered = remedies(down, {HOST: rules()}, asked(down, "ns0 internet"))
    assert [remedy.statements for remedy in offered] == [("ip link set docker1 up",)]


CLASSIC = "docker install --version 27\n"
MODERN = "docker install --version 29\n"
NATIVE = "docker install --version 29 --firewall-backend nftables\n"
TWO_NETWORKS = "docker run web -p 8080:80\ndocker network create app 172.20.0.0/16\ndocker run c1 --network app\n"
ASK_8080 = "Connect to port 8080 of the host, where port 80 of web is published."
TO_WEB = "-s 172.20.0.2 -d 172.17.0.2 -p tcp --dport 80 -j ACCEPT"
KNOWN_TO_APP = "rule DOCKER-USER insert -o app -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def hosted(text: str, words: str) -> list[tuple[str, tuple[str, ...]]]:
    """The remedies on a host with Docker: the first sentence where there is nothing to type, and the lines."""
    topology, ruleset, daemon = Topology({HOST: Namespace(HOST)}), Ruleset(), None
    for statement in parse_cell(f"internet 8.8.8.8\n{text}"):
        if isinstance(statement, Docker):
            planned = plan(daemon, statement, topology, ruleset, Ruleset(family="ipv6"))
            daemon, topology, ruleset = planned.daemon, planned.topology, planned.ruleset
        else:
            topology = desired(topology, statement)
    native = {HOST: OtherFilters(parse_nft(nft_table_text(daemon, 4)))} if daemon and daemon.backend == "nftables" else {}
    offered = remedies(topology, {HOST: ruleset}, asked(topology, words), other_filters=native, dockerd=daemon)
    return [("" if remedy.statements else remedy.sentence("en"), remedy.statements) for remedy in offered]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (
            f"{CLASSIC}docker run loc -p 127.0.0.1:9000:80",
            "internet host:9000",
            [("", ("docker rm -f loc", "docker run loc -p 9000:80"))],
        ),
        (
            f"{CLASSIC}{TWO_NETWORKS}",
            "c1 web:80",
            [
                (ASK_8080, ()),
                ("", (f"rule DOCKER-USER insert {TO_WEB}", KNOWN_TO_APP)),
                ("", ("docker network connect bridge c1",)),
                ("", ("rule DOCKER-USER insert -i app -o docker0 -j ACCEPT", KNOWN_TO_APP)),
            ],
        ),
        (
            f"{MODERN}{TWO_NETWORKS}",
            "c1 web:80",
            [(ASK_8080, ()), ("", (f"rule -t raw PREROUTING insert {TO_WEB}",)), ("", ("docker network connect bridge c1",))],
        ),
        (
            f"{MODERN}docker run web -p 8080:80",
            "internet web:81",
            [("", ("docker rm -f web", "docker run web -p 8080:80 -p 81:81"))],
        ),
        (
            f"{MODERN}docker run web -p 8080:80\nserve host 81",
            "internet web:81",
            [("", ("docker rm -f web", "docker run web -p 8080:80 -p 8081:81"))],
        ),
        (f"{CLASSIC}docker run web -p 8080:80", "internet web:80", [(ASK_8080, ())]),
        (f"{NATIVE}{TWO_NETWORKS}", "c1 web:80", [(ASK_8080, ()), ("", ("docker network connect bridge c1",))]),
        (
            f"{NATIVE}docker run web -p 8080:80",
            "internet web:81",
            [("", ("docker rm -f web", "docker run web -p 8080:80 -p 81:81"))],
        ),
    ],
)
def test_docker_has_its_own_ways(text, words, expected):
    assert hosted(text, words) == expected


@pytest.mark.parametrize("version", ["20.10", "27", "28", "29"])
def test_no_rule_is_put_into_a_chain_of_dockers_own(version):
    lines = [line for _, lines in hosted(f"docker install --version {version}\n{TWO_NETWORKS}", "c1 web:80") for line in lines]
    placed = [line for line in lines if not line.startswith("docker ")]
    assert placed
    assert all(line.startswith(("rule DOCKER-USER ", "rule -t raw PREROUTING ")) for line in placed)


SERVICE = """*filter
:FORWARD DROP
:KUBE-FORWARD -
:KUBE-SERVICES -
-A FORWARD -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -j KUBE-SERVICES
-A FORWARD -i docker1 -j ACCEPT
{rule}COMMIT
"""


PUBLISHED = f"""{DOCKERS}*nat
:PREROUTING ACCEPT
:DOCKER -
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A DOCKER ! -i docker1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
COMMIT
"""


def test_dockers_rules_alone_tell_what_is_published():
    drop = "-A DOCKER ! -i docker1 -o docker1 -j DROP"
    opened = PUBLISHED.replace(drop, f"-A DOCKER -d 172.18.0.2/32 ! -i docker1 -p tcp -m tcp --dport 80 -j ACCEPT\n{drop}")
    offered = found("far ns0:80", save_format.parse(opened), BEHIND)
    assert offered[0].sentence("en") == "Connect to port 8080 of the host, where port 80 of 172.18.0.2 is published."
    assert "advice" not in [remedy.scope for remedy in offered]
    other = found("far ns0:81", save_format.parse(PUBLISHED), BEHIND)[-1].sentence("en")
    assert other.startswith("Docker has not published port 81 of 172.18.0.2: start the container again with -p 81:81")


def test_what_has_no_line_to_type_has_no_empty_box():
    lab = Lab()
    lab.load(text=PUBLISHED)
    assert "<code></code>" not in lab.run("why 172.17.0.2 172.18.0.2:81").html()


def test_what_comes_to_the_host_itself_is_not_for_docker_to_publish():
    ruleset = save_format.parse(PUBLISHED.replace("*filter\n", "*filter\n:INPUT DROP\n"))
    assert "advice" not in [remedy.scope for remedy in found("far host:82", ruleset, BEHIND)]


def test_a_service_without_endpoints_is_not_helped_by_letting_the_packet_pass():
    ruleset = parse(SERVICE.format(rule="-A KUBE-SERVICES -d 8.8.8.8/32 -p tcp -m tcp --dport 80 -j REJECT\n"), strict=False)
    only = found("ns1 internet:80", ruleset, SEED + "serve internet 80\n")
    assert [(remedy.scope, remedy.statements) for remedy in only] == [("advice", ())]
    assert only[0].sentence("zh_TW").startswith("8.8.8.8 是")


def test_before_a_chain_of_another_program_means_before_the_jump_into_it():
    ruleset = parse(SERVICE.format(rule="-A KUBE-FORWARD -m conntrack --ctstate NEW -j DROP\n"), strict=False)
    lines = [line for remedy in found("ns1 ns0", ruleset) for line in remedy.statements]
    assert f"forward insert {TO_NS0} -p icmp --icmp-type 8 -j ACCEPT" in lines
    assert not any("KUBE" in line for line in lines)


def test_what_listens_on_another_address_is_said_and_no_second_server_started():
    topology = built(SEED)
    bound = msgspec.structs.replace(topology, servers=(*topology.servers, Server("ns0", 8000, address="127.0.0.1")))
    only = remedies(bound, {HOST: rules()}, asked(bound, "ns1 ns0:8000"))
    expected = "The server on tcp port 8000 of ns0 listens on 127.0.0.1 only: make it listen on all addresses."
    assert [(remedy.sentence("en"), remedy.statements) for remedy in only] == [(expected, ())]


@pytest.mark.long("large inputs")
def test_the_search_is_bounded_by_the_number_of_rules(monkeypatch):
    made = []
    monkeypatch.setattr(search, "predict", lambda *asked: made.append(asked) or predict(*asked))
    many = "".join(f"-A FORWARD -s 10.0.{at >> 8}.{at & 255}/32 -d 172.18.0.2/32 -j ACCEPT\n" for at in range(20_000))
    found("ns1 internet:81", rules(many, "DROP"))
    assert 0 < len(made) <= 11


def test_a_rule_in_docker_user_comes_too_late_for_a_drop_in_raw():
    first = found("far ns0:80", docker_rules(), BEHIND)[0]
    assert len(first.fixes) == 2
    assert "in the table raw, since a rule in DOCKER-USER would come too late" in first.sentence("en")


def test_each_remedy_has_been_tried_in_the_model():
    topology = built(SEED)
    probe = asked(topology, "ns1 internet")
    assert predict(topology, {HOST: rules(policy="DROP")}, probe).verdict == Verdict.BLOCKED
    assert found("ns1 internet", rules(policy="DROP"))


BROKEN = {
    "policy": (f"{SEED_LAB}policy FORWARD DROP", "ns1 ns0"),
    "policy, out": (f"{SEED_LAB}policy FORWARD DROP", "ns1 internet"),
    "no replies": (f"{SEED_LAB}policy FORWARD DROP\n{OUTWARDS}", "ns1 internet"),
    "drop": (f"{SEED_LAB}forward -p icmp -j ACCEPT\nforward -p tcp -j DROP\nserve ns0 80", "ns1 ns0:80"),
    "reject": (f"{SEED_LAB}forward -j REJECT\nserve ns0 80", "ns1 ns0:80"),
    "no listener": (SEED_LAB, "ns1 ns0:80"),
    "no masquerade": (SEED_LAB.replace("masquerade 172.18.0.0/16 except docker1", ""), "ns1 internet"),
    "no forwarding": (f"{SEED_LAB}sysctl net.ipv4.ip_forward=0", "ns1 internet"),
    "no route": (f"{SEED_LAB}$ ip -n ns1 route delete default", "ns1 internet"),
    "filter inside": (f"{SEED_LAB}$ ip netns exec ns0 iptables -P INPUT DROP", "ns1 ns0"),
    "wrong bridge": (f"{SEED_LAB}bridge other\nns ns1 172.18.0.3/16 on other", "ns1 ns0"),
    "docker 28": (
        (
            "internet 8.8.8.8\ndocker install --version 28\ndocker run web -p 8080:80\ndocker network create app 172.20.0.0/16\n"
            "docker run db --network app"
        ),
        "db web:80",
    ),
    "docker 27": (
        (
            "internet 8.8.8.8\ndocker install --version 27\ndocker run web\nserve web 80\ndocker network create app 172.20.0.0/16\n"
            "docker run db --network app"
        ),
        "db web:80",
    ),
    "icc": (
        (
            "docker install --version 29\ndocker network create app 172.20.0.0/16 -o com.docker.network.bridge.enable_icc=false\n"
            "docker run a --network app\ndocker run b --network app"
        ),
        "a b",
    ),
    "published on loopback": ("internet 8.8.8.8\ndocker install --version 27\ndocker run loc -p 127.0.0.1:9000:80", "internet host:9000"),
    "not published": ("internet 8.8.8.8\ndocker install --version 29\ndocker run web -p 8080:80", "internet web:81"),
    "three lines": (f"{SEED_LAB}policy FORWARD DROP", "ns1 internet:80"),
    "own connections": (f"{SEED_LAB}serve ns0 80\nrule -t nat PREROUTING -d 203.0.113.2 {PORT_8080}", "host 203.0.113.2:8080"),
    "hairpin": (f"{SEED_LAB}serve ns0 80\nsysctl {BRIDGED_ON}\nrule -t nat PREROUTING {PORT_8080}", "ns0 host:8080"),
    "not tracked": (f"{SEED_LAB}rule -t raw PREROUTING -i docker1 -j NOTRACK", "ns0 internet"),
    "bridge down": (f"{SEED_LAB}$ ip link set docker1 down", "ns0 internet"),
    "led astray": (f"{SEED_LAB}serve host 80\nrule -t nat PREROUTING -p tcp --dport 80 -j REDIRECT --to-ports 8081", "ns0 host:80"),
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", BROKEN)
def test_remedies_help_in_the_kernel(lab, name):
    """Each one, by its statements and by its commands."""
    cell, words = BROKEN[name]
    lab.run(cell)
    lab.snapshot("broken")
    observed = lab.observe()
    rulesets = {HOST: save_format.parse(observed.rules, strict=False), **inside(lab, observed.topology.namespaces)}
    probe = asked(observed.topology, words)
    offered = [remedy for remedy in remedies(observed.topology, rulesets, probe, dockerd=lab.dockerd) if remedy.scope != "advice"]
    assert offered
    for remedy in offered:
        assert lab.engine.probe([probe])[0].verdict != Verdict.ANSWERED
        for line in remedy.statements:
            lab.run(line)
        assert answered(lab, asked_instead(lab, probe, remedy)), remedy
        lab.restore("broken")
        if name == "filter inside":  # a snapshot holds the rules of the host alone
            return


def asked_instead(lab: Lab, probe: Probe, remedy: Remedy) -> Probe:
    """The question that a remedy leads to: of a port of the host, where one is published."""
    port = remedy.fixes[0].values.get("host_port")
    return asked(lab.observe().topology, f"{probe.source} host:{port}") if port else probe


def answered(lab: Lab, probe: Probe) -> bool:
    """Whether a probe is answered within ten seconds: for an address that nobody had, the kernel asks again only after a second."""
    return until(lambda: lab.engine.probe([probe])[0].verdict == Verdict.ANSWERED, 10)


def inside(lab: Lab, names: object) -> dict[str, Ruleset]:
    found: dict[str, Ruleset] = {}
    for name in names:
        if name != HOST:
            text: list[str] = []
            lab.shell("iptables-save", name, lambda _, part, text=text: text.append(part))
            found[name] = save_format.parse("".join(text), strict=False)
    return found
