"""Prediction and measurement agree: every pair and protocol of many labs, predicted by the model and probed in the kernel."""

from itertools import combinations

import pytest
from support.labs import SEED, THREE_RULES
from support.predictions import disagreements

from netlab_magic import Lab
from netlab_magic.errors import StatementError
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.iptables import save_format
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Topology

pytestmark = pytest.mark.kernel

SERVING = f"{SEED}\nserve ns0 80\nserve ns0 53/udp\nserve host 8000\n"
TWO_BRIDGES = f"""{SERVING}
bridge docker0 172.17.0.1/16
ns ns2 172.17.0.2/16 on docker0
serve ns2 80
serve host 53/udp
"""
ROUTER = """
bridge br0 10.1.0.1/24
ns a 10.1.0.2/24 on br0
ns r 10.1.0.9/24 on br0
ns b
link r:lan 10.2.0.1/24 -- b:eth0 10.2.0.2/24
sysctl net.ipv4.ip_forward=1 in r
route a 10.2.0.0/24 via 10.1.0.9
route b default via 10.2.0.1
route host 10.2.0.0/24 via 10.1.0.9
serve b 80
serve b 53/udp
"""
LOOP = """
ns a
ns b
link a:e 10.1.0.1/24 -- b:e 10.1.0.2/24
route a default via 10.1.0.2
route b default via 10.1.0.1
sysctl net.ipv4.ip_forward=1 in a
sysctl net.ipv4.ip_forward=1 in b
"""
NO_WAY_BACK = """
bridge br0 10.1.0.1/24
ns a 10.1.0.2/24 on br0
ns b
link host:h0 10.2.0.1/24 -- b:eth0 10.2.0.2/24
serve b 80
serve b 53/udp
"""
SEVERAL_TABLES = """
bridge br0 10.1.0.1/24
ns a 10.1.0.2/24 on br0
ns b 10.1.0.3/24 on br0
ns w1
ns w2
link host:w1 10.2.0.1/24 -- w1:e 10.2.0.2/24
link host:w2 10.3.0.1/24 -- w2:e 10.3.0.2/24
route w1 default via 10.2.0.1
route w2 default via 10.3.0.1
route host default via 10.2.0.2
rule -t mangle PREROUTING -p icmp -d 10.3.0.2 -j MARK --set-mark 9
$ ip rule add from 10.1.0.3 lookup 100 prio 50; ip route add default via 10.3.0.2 table 100; ip route add throw 10.2.0.0/24 table 100
$ ip rule add fwmark 9 lookup 5000 prio 60; ip route add blackhole 10.3.0.0/24 table 5000; ip route add 10.1.0.0/24 dev br0 table 100
$ ip rule add to 9.9.9.9 prohibit prio 70; ip rule add iif br0 to 10.3.0.2 goto 200 prio 80; ip rule add unreachable to 10.3.0.2 prio 90
$ ip rule add nop prio 200; ip -n w2 addr add 8.8.8.8/32 dev lo; ip -n w1 addr add 8.8.8.8/32 dev lo
"""
MARKED = """
bridge br0 10.1.0.1/24
bridge br1 10.2.0.1/24
ns a 10.1.0.2/24 on br0
ns r1 10.2.0.2/24 on br1
ns r2 10.2.0.3/24 on br1
ns t
link r1:up 10.3.0.1/24 -- t:one 10.3.0.2/24
link r2:up 10.4.0.1/24 -- t:two 10.4.0.2/24
route t 10.2.0.0/24 via 10.3.0.1
route t 10.1.0.0/24 via 10.3.0.1
route r2 10.3.0.2/32 via 10.4.0.2
sysctl net.ipv4.ip_forward=1 in r1
sysctl net.ipv4.ip_forward=1 in r2
route host 10.3.0.0/24 via 10.2.0.2
$ ip rule add fwmark 1 table 100; ip route add default via 10.2.0.3 table 100; ip route add blackhole 10.4.0.0/24 table 100
"""
"""The host reaches t through r1, and marked packets through r2."""
WITH_RULES = {
    "marked by mangle": "rule -t mangle OUTPUT -p icmp -j MARK --set-mark 1",
    "marked too early": "rule -t raw OUTPUT -p icmp -j MARK --set-mark 1",
    "marked for another way back": "$ ip rule add to 10.1.0.0/24 iif br1 table 101; ip route add 10.1.0.0/24 dev br1 table 101\n"
    "sysctl net.ipv4.conf.br0.rp_filter=1",
    "two gateways": "$ ip route add 10.4.0.0/24 nexthop via 10.2.0.2 nexthop via 10.2.0.3",
}
PUBLISHED = "rule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80"
RULES = THREE_RULES.strip().splitlines()


def inside(namespace: str, *rules: str) -> str:
    return "\n".join(f"$ ip netns exec {namespace} iptables {rule}" for rule in rules)


LABS: dict[str, str] = {
    "accept": SERVING,
    **{
        f"drop, rules {' '.join(str(RULES.index(rule) + 1) for rule in some) or 'none'}": "\n".join((SERVING, "policy FORWARD DROP", *some))
        for many in range(4)
        for some in combinations(RULES, many)
    },
    "two bridges": TWO_BRIDGES,
    "two bridges, one way": f"{TWO_BRIDGES}policy FORWARD DROP\nforward -i docker1 -o docker0 -j ACCEPT",
    "no forwarding": f"{TWO_BRIDGES}sysctl net.ipv4.ip_forward=0",
    "bridged frames unseen": f"{SERVING}policy FORWARD DROP\nsysctl net.bridge.bridge-nf-call-iptables=0",
    "published, bridged frames unseen": f"{SERVING}sysctl net.bridge.bridge-nf-call-iptables=0\n{PUBLISHED}",
    "published": f"{SERVING}{PUBLISHED}\n{PUBLISHED.replace('PREROUTING', 'OUTPUT')}",
    "published and reset": f"{SERVING}{PUBLISHED}\nforward -p tcp -j REJECT --reject-with tcp-reset",
    "published and rejected": f"{SERVING}{PUBLISHED}\nforward -p tcp -j REJECT",
    "no masquerade": SERVING.replace("masquerade 172.18.0.0/16 except docker1", ""),
    "not tracked": f"""{SERVING}policy FORWARD DROP
rule -t raw PREROUTING -p icmp -j NOTRACK
forward -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT""",
    "router on the bridge": ROUTER,
    "router, filtered": f"{ROUTER}policy FORWARD DROP\nforward -m conntrack --ctstate ESTABLISHED -j ACCEPT\nforward -p icmp -j ACCEPT",
    "routing loop": LOOP,
    "several tables of routes": SEVERAL_TABLES,
    **{name: f"{MARKED}{rules}" for name, rules in WITH_RULES.items()},
    "no way back": NO_WAY_BACK,
    **{
        f"{kind} route": f"""{SERVING}$ ip route add {kind} 172.18.0.9
$ ip route add {kind} 203.0.113.1
$ ip -n ns1 route add {kind} 8.8.8.8"""
        for kind in ("blackhole", "unreachable", "prohibit")
    },
    "a route with an address of its own": f"""{SERVING}ns far
link host:ethx 10.9.0.1/24 -- far:eth0 10.9.0.2/24
$ ip -n far addr add 172.19.9.9/32 dev lo
$ ip -n far route add 172.18.0.0/16 via 10.9.0.1 src 172.19.9.9
$ ip route add 172.19.9.9 via 10.9.0.2""",
    "isolated ports": f"{SERVING}$ bridge link set dev veth-ns0 isolated on; bridge link set dev veth-ns1 isolated on",
    "interface down": f"{SERVING}$ ip netns exec ns0 ip link set eth0 down",
    "port down": f"{SERVING}$ ip link set veth-ns0 down",
    "bridge down": f"{SERVING}$ ip link set docker1 down",
    "filters inside": SERVING
    + inside("ns0", "-A INPUT -p tcp -j REJECT", "-P OUTPUT DROP", "-A OUTPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT")
    + "\n"
    + inside("ns1", "-A INPUT -p icmp -m conntrack --ctstate NEW -j DROP"),
    "rejects itself": SERVING
    + inside("ns1", "-A OUTPUT -j REJECT")
    + "\n"
    + inside("ns0", "-A OUTPUT -p tcp -j REJECT --reject-with tcp-reset", "-A OUTPUT -p udp -j REJECT --reject-with icmp-host-unreachable"),
    "drops late": SERVING + inside("ns1", "-t mangle -A POSTROUTING -j DROP") + "\n" + inside("ns0", "-A INPUT -i lo -j DROP"),
    "host rejects": f"""{SERVING}rule OUTPUT -p icmp -j REJECT
rule OUTPUT -p udp -j REJECT --reject-with icmp-net-prohibited
rule INPUT -p tcp -j REJECT --reject-with icmp-proto-unreachable""",
    **{
        f"rejects with {answer}": f"{SERVING}forward -j REJECT --reject-with icmp-{answer}"
        for answer in (
            *("net-unreachable", "host-unreachable", "proto-unreachable", "port-unreachable"),
            *("net-prohibited", "host-prohibited", "admin-prohibited"),
        )
    },
    **{
        f"rejects its own with {answer}": SERVING
        + inside("ns1", *(f"-A OUTPUT -p {kind} -j REJECT --reject-with icmp-{answer}" for kind in ("udp", "tcp", "icmp --icmp-type 8")))
        for answer in ("port-unreachable", "admin-prohibited", "host-unreachable")
    },
}

NETWORKS = {
    "": "",
    "internal": "--internal",
    "icc=false": "-o com.docker.network.bridge.enable_icc=false",
    "routed": "-o com.docker.network.bridge.gateway_mode_ipv4=routed",
    "nat-unprotected": "-o com.docker.network.bridge.gateway_mode_ipv4=nat-unprotected",
}
DOCKER = [
    *((version, "", kind) for version in ("20.10", "27", "28.0", "28.5", "29") for kind in ("", "internal", "icc=false")),
    *((version, "--userland-proxy=false", "") for version in ("20.10", "27", "28.0", "28.5", "29")),
    *((version, "", "routed") for version in ("27", "28.0", "28.5", "29")),
    *((version, "", "nat-unprotected") for version in ("28.0", "28.5", "29")),
]


def docker(version: str, options: str, network: str) -> str:
    return f"""
internet 8.8.8.8
docker install --version {version} {options}
docker network create app 172.20.0.0/16 {NETWORKS[network]}
docker run web --network app -p 8080:80 -p 5353:53/udp -p 127.0.0.1:8081:81
docker run db --network app
docker run other
"""


DOCKERS = ("127.0.0.1:8080", "127.0.0.1:8081", "172.17.0.1:8080", "172.20.0.1:8080", "172.20.0.1:5353/udp")


def probes(topology: Topology, more: tuple[str, ...]) -> list[Probe]:
    """From everybody to everybody, itself too: an echo request, and ports that are served or published somewhere."""
    ports = ("", ":80", ":53/udp", ":8080", ":5353/udp", ":8000")
    words = [f"{name}{port}" for name in topology.namespaces for port in ports]
    return [found for source in topology.namespaces for word in (*words, *more) if (found := _probe(topology, source, word))]


def _probe(topology: Topology, source: str, word: str) -> Probe | None:
    name, _, port = word.partition(":")
    number, _, protocol = port.partition("/")
    try:
        return probe_for(topology, source, Destination(name, int(number or 0), protocol or ("tcp" if port else "icmp")))
    except StatementError:  # a namespace without an address
        return None


def different(lab: Lab, *more: str) -> list[str]:
    """Where measurement and prediction of the probes differ."""
    observed = lab.observe()
    rulesets = {HOST: save_format.parse(observed.rules, strict=False)}
    for name in observed.topology.namespaces:
        if name != HOST:
            text: list[str] = []
            lab.shell("iptables-save", name, lambda _, part, text=text: text.append(part))
            rulesets[name] = save_format.parse("".join(text), strict=False)
    return disagreements(lab, probes(observed.topology, more), lambda probe: predict(observed.topology, rulesets, probe))


@pytest.mark.parametrize("name", LABS)
def test_what_is_predicted_is_measured(lab, name):
    lab.run(LABS[name])
    assert different(lab, "9.9.9.9") == []


@pytest.mark.parametrize(("version", "options", "network"), DOCKER, ids=lambda word: word or "-")
def test_what_is_predicted_of_docker_is_measured(lab, version, options, network):
    lab.run(docker(version, options, network))
    assert different(lab, *DOCKERS) == []
