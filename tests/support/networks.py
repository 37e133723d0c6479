"""Networks and rules as values, made of a few lines of text, for tests of the model."""

from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.language.parser import parse as parse_cell
from netlab_magic.language.plan_topology import desired
from netlab_magic.language.statements import Build, Destination
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Namespace, Topology

SEED = """
bridge docker1 172.18.0.1/16
ns ns0 172.18.0.2/16 on docker1
ns ns1 172.18.0.3/16 on docker1
internet 8.8.8.8
serve ns0 80
serve ns1 53/udp
sysctl net.ipv4.ip_forward=1
"""


MASQUERADE = "*nat\n:POSTROUTING ACCEPT [0:0]\n-A POSTROUTING -s 172.18.0.0/16 ! -o docker1 -j MASQUERADE\nCOMMIT\n"


ONE, TWO, THREE = (
    "-A FORWARD -i docker1 -o docker1 -j ACCEPT\n",
    "-A FORWARD -i docker1 ! -o docker1 -j ACCEPT\n",
    "-A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n",
)


def built(text: str) -> Topology:
    """The topology that build statements come to."""
    topology = Topology({HOST: Namespace(HOST)})
    for statement in parse_cell(text):
        assert isinstance(statement, Build)
        topology = desired(topology, statement)
    return topology


def rules(filters: str = "", policy: str = "ACCEPT", more: str = MASQUERADE) -> Ruleset:
    return parse(f"*filter\n:FORWARD {policy} [0:0]\n{filters}COMMIT\n{more}", strict=False)


def asked(topology: Topology, words: str) -> Probe:
    """The probe of `ns1 ns0`, `ns1 ns0:80` or `ns1 ns0:53/udp`."""
    source, destination = words.split()
    name, _, port = destination.partition(":")
    number, _, protocol = port.partition("/")
    return probe_for(topology, source, Destination(name, int(number or 0), protocol or ("tcp" if port else "icmp")))
