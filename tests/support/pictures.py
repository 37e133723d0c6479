"""Labs, rulesets and outcomes to draw."""

import msgspec

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, INTERNET, End, Interface, Namespace, Route, Server, Topology

LOOPBACK = Interface("lo", "loopback", ("127.0.0.1/8", "::1/128"))
ON = {"net.ipv4.ip_forward": "1", "net.bridge.bridge-nf-call-iptables": "1"}

DOCKER_COUNTED = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [1:84]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
[664:2569000] -A FORWARD -j DOCKER-USER
[664:2569000] -A FORWARD -j DOCKER-ISOLATION-STAGE-1
[340:2547000] -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
[0:0] -A FORWARD -o docker0 -j DOCKER
[171:11618] -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
[0:0] -A FORWARD -i docker0 -o docker0 -j ACCEPT
[171:11618] -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
[664:2569000] -A DOCKER-ISOLATION-STAGE-1 -j RETURN
[0:0] -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
[171:11618] -A DOCKER-ISOLATION-STAGE-2 -j RETURN
[664:2569000] -A DOCKER-USER -j RETURN
COMMIT
"""
DOCKER = parse(DOCKER_COUNTED)
OPEN = Ruleset()
CLOSED = parse("*filter\n:FORWARD DROP [0:0]\nCOMMIT\n")


def lab(bridges: dict[str, list[str]], *, internet: bool = True, sysctls: dict[str, str] = ON) -> Topology:
    """A host with bridges 172.18.0.1, 172.19.0.1, …, on each of them the namespaces that are named."""
    host, topology = [LOOPBACK], Topology()
    for number, (bridge, names) in enumerate(bridges.items(), 18):
        host.append(Interface(bridge, "bridge", (f"172.{number}.0.1/16",)))
        for place, name in enumerate(names, 2):
            host.append(Interface(f"veth-{name}", master=bridge, peer=End(name, "eth0")))
            inner = Interface("eth0", addresses=(f"172.{number}.0.{place}/16",), peer=End(HOST, f"veth-{name}"))
            topology = topology.with_namespace(Namespace(name, (LOOPBACK, inner), (Route("default", f"172.{number}.0.1"),)))
    if internet:
        host.append(Interface("eth0", addresses=("203.0.113.2/24",), peer=End(INTERNET, "eth0")))
        outside = Interface("eth0", addresses=("203.0.113.1/24",), peer=End(HOST, "eth0"))
        loopback = msgspec.structs.replace(LOOPBACK, addresses=(*LOOPBACK.addresses, "8.8.8.8/32"))
        topology = topology.with_namespace(Namespace(INTERNET, (loopback, outside)))
    return topology.with_namespace(Namespace(HOST, tuple(host), sysctls=sysctls))


def changed(topology: Topology, end: End, **changes: object) -> Topology:
    """`topology` with one interface changed."""
    interface = topology.interface(end)
    assert interface
    return topology.with_namespace(topology.namespaces[end.namespace].with_interface(msgspec.structs.replace(interface, **changes)))


def ping(source: str, target: str, verdict: str, milliseconds: float | None = None, name: str = "", why: str = "") -> Outcome:
    """The outcome of a ping between two namespaces."""
    return Outcome(Probe(source, name or target, "192.0.2.1", target), verdict, milliseconds, why)


def matrix(names: list[str], blocked: set[tuple[str, str]]) -> list[Outcome]:
    """Every one of `names` pings every other."""
    pairs = [(one, other) for one in names for other in names if one != other]
    return [ping(*pair, "blocked" if pair in blocked else "answered", 0.05) for pair in pairs]


SEED = msgspec.structs.replace(lab({"docker1": ["ns0", "ns1"]}), servers=(Server("ns0", 80), Server("ns1", 53, "udp", "echo")))
THREE = lab({"br0": ["web0", "web1"], "br1": ["app0", "app1"], "br2": ["db0", "db1"]})
CLASSROOM = [f"ns{number}" for number in range(30)]
THIRTY = lab({"docker1": CLASSROOM})
