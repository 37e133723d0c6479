"""What would let a lost packet pass: the smallest changes, each of which the model has tried, and the kernel tries here."""

import time

import pytest
from labs import SEED as SEED_LAB
from labs import lab
from test_predict import ONE, SEED, TWO, asked, built, rules

from netlab_magic import Lab, savefile
from netlab_magic.messages import language
from netlab_magic.outcome import Probe, Verdict
from netlab_magic.predict import predict
from netlab_magic.remedy import Remedy, remedies
from netlab_magic.ruleset import Ruleset
from netlab_magic.topology import HOST

__all__ = ["lab"]

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
    return savefile.parse(DOCKERS if raw else DOCKERS[DOCKERS.index("*filter") :])


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
            ],
        ),
    ],
)
def test_remedies_are_the_smallest_first(words, ruleset, text, expected):
    assert [(remedy.scope, remedy.statements) for remedy in found(words, ruleset, text)] == expected


def test_a_rule_in_docker_user_comes_too_late_for_a_drop_in_raw():
    first = found("far ns0:80", docker_rules(), BEHIND)[0]
    assert len(first.fixes) == 2
    assert "in the table raw, to which a rule in DOCKER-USER would come too late" in first.say(language("en"))


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
}


@pytest.mark.kernel
@pytest.mark.parametrize("name", BROKEN)
def test_remedies_help_in_the_kernel(lab, name):
    """Each one, by its statements and by its commands."""
    cell, words = BROKEN[name]
    lab.run(cell)
    lab.snapshot("broken")
    observed = lab.observe()
    rulesets = {HOST: savefile.parse(observed.rules, strict=False), **inside(lab, observed.topology.namespaces)}
    probe = asked(observed.topology, words)
    offered = remedies(observed.topology, rulesets, probe)
    assert offered
    for remedy in offered:
        assert lab.engine.probe([probe])[0].verdict != Verdict.ANSWERED
        for line in remedy.statements:
            lab.run(line)
        assert answered(lab, probe), remedy
        lab.restore("broken")
        if name == "filter inside":  # a snapshot holds the rules of the host alone
            return


def answered(lab: Lab, probe: Probe) -> bool:
    """Whether a probe is answered within some seconds: for an address that nobody had, the kernel asks again only after a second."""
    deadline = time.monotonic() + 4
    while (verdict := lab.engine.probe([probe])[0].verdict) != Verdict.ANSWERED and time.monotonic() < deadline:
        time.sleep(0.2)
    return verdict == Verdict.ANSWERED


def inside(lab: Lab, names: object) -> dict[str, Ruleset]:
    found: dict[str, Ruleset] = {}
    for name in names:
        if name != HOST:
            text: list[str] = []
            lab.shell("iptables-save", name, lambda _, part, text=text: text.append(part))
            found[name] = savefile.parse("".join(text), strict=False)
    return found
