"""Rules of nft itself on the real kernel: the model says of every flow what is measured, and of each path what the kernel reports."""

import pytest

from netlab_magic import Lab
from netlab_magic.model.probe import Verdict

pytestmark = pytest.mark.kernel

NEIGHBOURS = """
bridge br0 10.1.0.1/24
ns a 10.1.0.2/24 on br0
ns b 10.1.0.3/24 on br0
internet 8.8.8.8
masquerade 10.1.0.0/24
serve b 80
serve internet 80
serve internet 53/udp echo
"""
FLOWS = [("a", "b:80"), ("a", "b:81"), ("b", "a"), ("a", "internet:80"), ("a", "internet:53/udp"), ("a", "host")]


def base(hook: str, priority: str = "filter", policy: str = "accept", kind: str = "filter") -> str:
    return f"type {kind} hook {hook} priority {priority}; policy {policy};"


def table(name: str, *chains: str) -> str:
    return f"table {name} {{\n{''.join(chains)}}}\n"


def chain(name: str, *lines: str) -> str:
    return f"chain {name} {{\n{''.join(f'{line}{chr(10)}' for line in lines)}}}\n"


KNOWN = "ct state vmap { established : accept, related : accept, invalid : drop }"
RULESETS = {
    "policy drop": table("inet fw", chain("forward", base("forward", policy="drop"))),
    "services": table("inet fw", chain("forward", base("forward", policy="drop"), KNOWN, "tcp dport { 80, 443 } accept", "reject")),
    "only IPv4": table(
        "ip fw",
        chain("f", base("forward", "10"), "ip saddr 10.1.0.2 tcp dport 81 reject with tcp reset", "icmp type echo-request drop"),
    ),
    "only IPv6": table("ip6 fw", chain("f", base("forward", policy="drop"))),
    "input": table("inet fw", chain("input", base("input", policy="drop"), KNOWN, 'iifname "lo" accept')),
    "a set": table(
        "inet fw",
        "set far { type ipv4_addr; flags interval; elements = { 8.8.0.0/16, 9.9.9.9 } }\n",
        "set pairs { type ipv4_addr . inet_service; elements = { 10.1.0.3 . 80 } }\n",
        chain("forward", base("forward", policy="drop"), KNOWN, "ip daddr @far accept", "ip daddr . tcp dport @pairs accept"),
    ),
    "verdict maps": table(
        "inet fw",
        chain("out", "udp dport 53 drop", "accept"),
        chain("near", "tcp dport 80 goto web"),
        chain("web", "counter accept"),
        "map ways { type ifname : verdict; elements = { \"eth0\" : jump out, \"br0\" : jump near } }\n",
        chain("forward", base("forward", policy="drop"), "ct state established,related accept", "oifname vmap @ways"),
    ),
    "marks over two tables": table("inet one", chain("p", base("prerouting", "mangle"), "tcp dport 80 meta mark set 0x7"))
    + table("ip two", chain("f", base("forward", "5"), "meta mark 0x7 counter drop")),
    "accept ends one table only": table("ip early", chain("f", base("forward", "-5"), "accept"))
    + table("inet late", chain("f", base("forward", "5"), "tcp dport 80 drop")),
    "two of one priority": table("ip one", chain("f", base("forward"), "tcp dport 80 drop", "counter"))
    + table("ip two", chain("f", base("forward"), "ip protocol tcp counter accept", "udp dport 53 drop")),
    "translation": table(
        "ip fw", chain("pre", base("prerouting", "dstnat", kind="nat"), "ip daddr 8.8.8.8 udp dport 53 dnat to 10.1.0.3:53")
    ),
    "before connection tracking": table("inet fw", chain("raw", base("prerouting", "raw"), "icmp type echo-request notrack"))
    + table("inet more", chain("f", base("forward"), "ct state untracked drop")),
    "dormant": table("inet fw", "flags dormant;\n", chain("f", base("forward", policy="drop"))),
    "fib": table(
        "inet fw", chain("p", base("prerouting", "-150"), "fib daddr type local tcp dport 80 drop", "fib saddr . iif oif missing drop")
    ),
    "with iptables' policy": "",
}  # fmt: skip


@pytest.fixture
def neighbours(lab: Lab) -> Lab:
    """Two namespaces on a bridge, and an internet."""
    lab.run(NEIGHBOURS)
    return lab


@pytest.mark.parametrize("name", RULESETS)
def test_the_model_says_what_the_kernel_does(neighbours: Lab, name: str) -> None:
    neighbours.run(f"$ nft -f - <<'END'\n{RULESETS[name]}END" if RULESETS[name] else "policy FORWARD DROP")
    assert _verdicts(neighbours.matrix(predict=True)) == _verdicts(neighbours.matrix())
    for source, destination in FLOWS:
        found = neighbours.why(source, destination)
        assert not found.unknown, (source, destination, found.unknown)
        assert not found.differences, (source, destination, str(found))


def _verdicts(matrix) -> dict[str, Verdict]:
    return {str(one.probe): one.verdict for one in matrix.outcomes}


def test_the_policy_of_a_chain_of_nft_is_named(neighbours: Lab) -> None:
    neighbours.run("$ nft add table inet fw; nft 'add chain inet fw forward { type filter hook forward priority 0; policy drop; }'")
    told = str(neighbours.why("a", "b"))
    assert "the policy DROP of chain forward in table inet fw drops the echo request" in told
    assert "An accept in another table would not save what this one drops" in told
    neighbours.run("$ nft add rule inet fw forward tcp dport 80 counter drop")
    assert "rule 1 of chain forward in table inet fw drops the SYN" in (told := str(neighbours.why("a", "b:80")))
    assert "It reads: tcp dport 80 counter drop." in told
    assert neighbours.why("a", "b:80").html()


DOCKER = """
internet
docker install --version 29 --firewall-backend nftables
docker network create n1
docker network create n2
docker run -d --name web -p 8080:80 nginx
docker run -d --name x1 --network n1 -p 8081:80 nginx
docker run -d --name x2 --network n1 busybox
docker run -d --name x3 --network n2 busybox
"""


@pytest.mark.parametrize("policy", ["ACCEPT", "DROP"])
def test_dockers_backend_of_nftables_is_followed(lab: Lab, policy: str) -> None:
    lab.run(f"{DOCKER}policy FORWARD {policy}")
    assert _verdicts(lab.matrix(predict=True)) == _verdicts(lab.matrix())
    for source, destination in [("internet", "host:8080"), ("x3", "x1:80"), ("x3", "host:8081"), ("x2", "x1:80"), ("x2", "internet")]:
        found = lab.why(source, destination)
        assert not found.unknown
        assert not found.differences, str(found)
