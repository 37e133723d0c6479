"""How long the model takes to find a packet's way: through Docker's rules, and through 5,000; beside it, with rules compiled each time.

It is the processor's time, as the model does nothing but compute: what else the machine does meanwhile does not count.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from measure import Contestant

from netlab_magic import docker
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.language import docker_statements as d
from netlab_magic.language import parser
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import HOST, Interface, Namespace, Route, Topology
from netlab_magic.netfilter import Device, Host, walk

__all__ = ["ANEW", "walks"]

ANEW = "rules compiled for each"
_RULES = 5000
_DOCKER = """
docker install --version 28
docker network create a
docker network create b
docker run c0 --network a -p 8000:80
docker run c1 --network b -p 8001:80
docker run c2 -p 8002:80
docker run c3 --network a -p 8003:80
docker run c4 --network b -p 8004:80
"""


def walks(large: bool) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """Microseconds a walk, of packets that go out, come in to a published port or the host, are answers, or are dropped on the way."""

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        ruleset, host, packets = _large() if large else _docker()
        times = 200 if quick else 1000
        yield [
            Contestant("walk", lambda: _microseconds(ruleset, host, packets, times), f"{_count(ruleset):,} rules"),
            Contestant(ANEW, lambda: _microseconds_anew(ruleset, host, packets[0])),
        ]

    return setting


def _count(ruleset: Ruleset) -> int:
    return sum(len(chain.rules) for table in ruleset.tables for chain in table.chains)


def _microseconds(ruleset: Ruleset, host: Host, packets: Sequence[Packet], times: int) -> float:
    started = time.process_time()
    for _ in range(times):
        for packet in packets:
            walk(packet, ruleset, host)
    return (time.process_time() - started) * 1e6 / times / len(packets)


def _microseconds_anew(ruleset: Ruleset, host: Host, packet: Packet) -> float:
    fresh = parse(str(ruleset))  # rules that are the same objects would be taken over as they are compiled
    started = time.process_time()
    walk(packet, fresh, host)
    return (time.process_time() - started) * 1e6


def _packet(source: str, destination: str, port: int, device: str, state: str = "NEW") -> Packet:
    return Packet(source, destination, "tcp", 40000, port, flags=frozenset(("SYN",)), input=device, state=state)


def _docker() -> tuple[Ruleset, Host, list[Packet]]:
    lo = Interface("lo", "loopback", ("127.0.0.1/8",))
    topology = Topology({HOST: Namespace(HOST, (lo,), sysctls={"net.ipv4.ip_forward": "1"})})
    daemon, ruleset = None, Ruleset()
    for statement in parser.parse(_DOCKER):
        assert isinstance(statement, d.Docker)
        planned = docker.plan(daemon, statement, topology, ruleset)
        daemon, topology, ruleset = planned.daemon, planned.topology, planned.ruleset
    devices = (*(Device(one.name, one.addresses) for one in topology.namespaces[HOST].interfaces), Device("eth0", ("10.0.0.5/24",)))
    packets = [
        _packet("172.18.0.2", "8.8.8.8", 80, "a"),
        _packet("10.0.0.9", "10.0.0.5", 8001, "eth0"),
        _packet("10.0.0.9", "10.0.0.5", 22, "eth0"),
        _packet("8.8.8.8", "172.18.0.2", 40000, "eth0", "ESTABLISHED"),
        _packet("172.17.0.2", "172.18.0.2", 80, "docker0"),
        _packet("10.0.0.5", "8.8.8.8", 80, ""),
    ]
    return ruleset, Host(devices, (Route("default", "10.0.0.1", "eth0"),)), packets


def _large() -> tuple[Ruleset, Host, list[Packet]]:
    """Rules about networks, none of which matches: no index by addresses helps here."""
    rules = [f"-A FORWARD -s 10.{number >> 8}.{number & 255}.0/28 -p tcp -m tcp --dport {number} -j ACCEPT" for number in range(_RULES)]
    text = "\n".join(["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT", ""])
    host = Host((Device("eth1", ("172.18.0.1/16",)), Device("eth0", ("10.0.0.5/24",))), (Route("default", "10.0.0.1", "eth0"),))
    return parse(text), host, [_packet("172.18.0.2", "8.8.8.8", 80, "eth1")]
