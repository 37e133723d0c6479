"""How long the model takes to find a packet's way: through Docker's rules, and through 5,000; beside it, with rules compiled each time.

It is the processor's time, as the model does nothing but compute: what else the machine does meanwhile does not count.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from measure import Contestant

from netlab_magic import docker, nftables
from netlab_magic.docker.nft_writer import nft_table_text
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.language import docker_statements as d
from netlab_magic.language import parser
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import HOST, Interface, Namespace, Route, Topology
from netlab_magic.netfilter import Device, Host, walk
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["ANEW", "docker_rules", "large_rules", "walks"]

ANEW = "rules compiled for each"
_RULES = 5000
_DOCKER = """
docker network create a
docker network create b
docker run c0 --network a -p 8000:80
docker run c1 --network b -p 8001:80
docker run c2 -p 8002:80
docker run c3 --network a -p 8003:80
docker run c4 --network b -p 8004:80
"""


class Walked(NamedTuple):
    """What packets walk through: rules of iptables and of nft, on a host."""

    ruleset: Ruleset
    native: NftRuleset
    host: Host
    packets: Sequence[Packet]

    def rules(self) -> int:
        """How many rules there are."""
        tables = [*self.ruleset.tables, *self.native.tables]
        return sum(len(chain.rules) for table in tables for chain in table.chains)

    def anew(self) -> "Walked":
        """The same, read again: rules that are the same objects would be taken over as they are compiled."""
        return self._replace(ruleset=parse(str(self.ruleset)), native=nftables.parse(str(self.native)))


def walks(made: Callable[[], Walked]) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """Microseconds a walk, of packets that go out, come in to a published port or the host, are answers, or are dropped on the way."""

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        walked, times = made(), 200 if quick else 1000
        yield [
            Contestant("walk", lambda: _microseconds(walked, times), f"{walked.rules():,} rules"),
            Contestant(ANEW, lambda: _microseconds(walked.anew()._replace(packets=walked.packets[:1]), 1)),
        ]

    return setting


def _microseconds(walked: Walked, times: int) -> float:
    ruleset, native, host, packets = walked
    started = time.process_time()
    for _ in range(times):
        for packet in packets:
            walk(packet, ruleset, host, native=native)
    return (time.process_time() - started) * 1e6 / times / len(packets)


def _packet(source: str, destination: str, port: int, device: str, state: str = "NEW") -> Packet:
    return Packet(source, destination, "tcp", 40000, port, flags=frozenset(("SYN",)), input=device, state=state)


def docker_rules(release: str, backend: str = "iptables") -> Callable[[], Walked]:
    """What a dockerd of a release writes for five containers on three networks, with one of its firewall backends."""

    def made() -> Walked:
        lo = Interface("lo", "loopback", ("127.0.0.1/8",))
        topology = Topology({HOST: Namespace(HOST, (lo,), sysctls={"net.ipv4.ip_forward": "1"})})
        daemon, ruleset = None, Ruleset()
        installed = f"docker install --version {release}{' --firewall-backend nftables' if backend == 'nftables' else ''}"
        for statement in parser.parse(installed + _DOCKER):
            assert isinstance(statement, d.Docker)
            planned = docker.plan(daemon, statement, topology, ruleset, Ruleset(family="ipv6"))
            daemon, topology, ruleset = planned.daemon, planned.topology, planned.ruleset
        devices = (*(Device(one.name, one.addresses) for one in topology.namespaces[HOST].interfaces), Device("eth0", ("10.0.0.5/24",)))
        native = nftables.parse(nft_table_text(daemon, 4)) if daemon and backend == "nftables" else NftRuleset()
        return Walked(ruleset, native, Host(devices, (Route("default", "10.0.0.1", "eth0"),)), _packets())

    return made


def _packets() -> list[Packet]:
    return [
        _packet("172.18.0.2", "8.8.8.8", 80, "a"),
        _packet("10.0.0.9", "10.0.0.5", 8001, "eth0"),
        _packet("10.0.0.9", "10.0.0.5", 22, "eth0"),
        _packet("8.8.8.8", "172.18.0.2", 40000, "eth0", "ESTABLISHED"),
        _packet("172.17.0.2", "172.18.0.2", 80, "docker0"),
        _packet("10.0.0.5", "8.8.8.8", 80, ""),
    ]


def large_rules() -> Walked:
    """Rules about networks, none of which matches: no index by addresses helps here."""
    rules = [f"-A FORWARD -s 10.{number >> 8}.{number & 255}.0/28 -p tcp -m tcp --dport {number} -j ACCEPT" for number in range(_RULES)]
    text = "\n".join(["*filter", ":INPUT ACCEPT [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", *rules, "COMMIT", ""])
    host = Host((Device("eth1", ("172.18.0.1/16",)), Device("eth0", ("10.0.0.5/24",))), (Route("default", "10.0.0.1", "eth0"),))
    return Walked(parse(text), NftRuleset(), host, [_packet("172.18.0.2", "8.8.8.8", 80, "eth1")])
