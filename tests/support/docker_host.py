"""A host on which docker's statements are planned one after the other, as values."""

from netlab_magic import docker
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import docker_statements as d
from netlab_magic.language import parser
from netlab_magic.model.topology import HOST, Interface, Namespace, Server, Topology


def host(*interfaces: Interface, servers: tuple[Server, ...] = ()) -> Topology:
    """A lab host as it is before Docker comes."""
    lo = Interface("lo", "loopback", ("127.0.0.1/8",))
    bridged = ("net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-call-ip6tables")
    sysctls = dict.fromkeys(("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding", *bridged), "1")
    return Topology({HOST: Namespace(HOST, (lo, *interfaces), sysctls=sysctls)}, servers)


class At:
    """A host in the state to which statements have brought it."""

    def __init__(self, topology: Topology | None = None, ruleset: Ruleset | None = None) -> None:
        self.daemon: docker.Daemon | None = None
        self.topology = topology or host()
        self.ruleset = ruleset or Ruleset()
        self.ruleset6 = Ruleset(family="ipv6")

    def run(self, cell: str) -> docker.Planned:
        """What the last statement of a cell comes to; the host is then as it leaves it. Raises StatementError."""
        for statement in parser.parse(cell):
            assert isinstance(statement, d.Docker)
            planned = docker.plan(self.daemon, statement, self.topology, self.ruleset, self.ruleset6)
            self.daemon, self.topology = planned.daemon, planned.topology
            self.ruleset, self.ruleset6 = planned.ruleset, planned.ruleset6
        return planned
