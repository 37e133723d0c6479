"""Every layout of Docker with both policies of FORWARD, in both IP versions: all flows predicted and measured, equal, and none unknown."""

from collections.abc import Iterator
from itertools import product

import pytest
from support.predictions import disagreements

from netlab_magic import Lab
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.session.lab_model import model_of
from netlab_magic.session.state import Seen

pytestmark = pytest.mark.kernel

RELEASES = {
    "20.10": "20.10 --experimental true --ip6tables true",
    "27": "27",
    "28": "28",
    "29": "29",
    "29-nftables": "29 --firewall-backend nftables",
    "29-no-proxy": "29 --userland-proxy false",
}
NETWORKS = """
docker network create front 172.20.0.0/16 {front}
docker network create back 172.21.0.0/16 {back} --internal
docker run db --network back
docker run mate --network back
docker run peer --network front
docker network connect back peer
"""
BEGIN = """
internet
route internet 172.16.0.0/12 via 203.0.113.2
route internet fd00::/16 via 2001:db8:203:113::2
docker install --version {release} --ipv6 --fixed-cidr-v6 fd00:d::/64
{networks}
docker run web -p 8080:80 -p 5353:53/udp -p [::1]:8081:81 {on}
docker run lone
"""
LAYOUTS = list(product(RELEASES, ("DROP", "ACCEPT"), ("two", "one", "two without ICC")))
SHORT = [("28", "DROP", "two"), ("29-nftables", "DROP", "two")]
LONG = pytest.mark.long("the flows of other layouts of Docker, with other policies")
CASES = [pytest.param(*one, id="-".join(one), marks=() if one in SHORT else LONG) for one in LAYOUTS]


def cell(release: str, networks: str) -> str:
    """The statements of a layout."""
    if networks == "one":
        return BEGIN.format(release=RELEASES[release], networks="docker run peer", on="")
    # Where rules drop neighbour discovery between containers, it hangs on what these still know whether they reach each other: without
    # ICC, and on an internal network up to 24.0.5.
    front = "--icc false" if "ICC" in networks else "fd00:1::/64 --ipv6"
    back = "" if release == "20.10" else "fd00:2::/64 --ipv6"
    several = NETWORKS.format(front=front, back=back)
    return BEGIN.format(release=RELEASES[release], networks=several, on="--network front")


def flows(topology: Topology) -> Iterator[Probe]:
    """From everybody to every address of everybody else, and to the published ports at each of the host's addresses."""
    for source in topology.namespaces:
        for address, end in topology.addresses():
            bare = address.partition("/")[0]
            if end.namespace != source and not bare.startswith("fe80:"):
                ports = ((8080, "tcp"), (5353, "udp")) if end.namespace == HOST else ((80, "tcp"), (81, "tcp"), (53, "udp"))
                yield from (probe_for(topology, source, Destination(bare, *port)) for port in ((0, "icmp"), *ports))
    for own in ("127.0.0.1", "::1"):
        yield from (probe_for(topology, HOST, Destination(own, port, "tcp")) for port in (8080, 8081))


@pytest.mark.parametrize(("release", "policy", "networks"), CASES)
def test_what_is_predicted_of_a_layout_is_measured(lab: Lab, release: str, policy: str, networks: str) -> None:
    lab.run(cell(release, networks))
    lab.run(f"policy FORWARD {policy}\npolicy -6 FORWARD {policy}")
    model = model_of(Seen(lab.observe(foreign=True)))
    assert disagreements(lab, list(flows(model.topology)), lambda probe: model.predict([probe])[0]) == []
