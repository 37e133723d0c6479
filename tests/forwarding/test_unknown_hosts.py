"""Machines that nobody has looked at: where each is put, and who is none."""

import pytest

from netlab_magic.errors import StatementError
from netlab_magic.forwarding.any_address import foresee
from netlab_magic.forwarding.unknown_hosts import with_unknown_hosts
from netlab_magic.language.statements import Destination
from netlab_magic.model.topology import HOST, INTERNET, End, Interface, Namespace, Route, Topology

LO = Interface("lo", "loopback", ("127.0.0.1/8",))
ETH0 = Interface("eth0", "", ("192.168.1.10/24",))
DOCKER0 = Interface("docker0", "bridge", ("172.17.0.1/16",))


def host(*interfaces: Interface, routes: tuple[Route, ...] = (Route("default", "192.168.1.1", "eth0"),)) -> Topology:
    sysctls = {"net.ipv4.ip_forward": "1"}
    return Topology({HOST: Namespace(HOST, (LO, *(interfaces or (ETH0, DOCKER0))), routes, sysctls, answers_all=True)})


@pytest.mark.parametrize(
    ("name", "cidr", "via", "peer"),
    [
        ("172.17.0.2", "172.17.0.2/16", "172.17.0.1", "host:veth-172.17.0.2"),
        ("192.168.1.77", "192.168.1.77/24", "192.168.1.10", "host:eth0"),
        ("10.0.0.5", "10.0.0.5/32", "192.168.1.1", "192.168.1.1:to0"),
        (INTERNET, "8.8.8.8/32", "192.168.1.1", "192.168.1.1:to0"),
    ],
)
def test_a_stranger_is_where_the_host_sends_its_packets(name, cidr, via, peer):
    found = with_unknown_hosts(host(), [name]).namespaces[name]
    eth0 = found.interface("eth0")
    assert eth0.addresses == (cidr,)
    assert found.routes == (Route("default", via, "eth0"),)
    assert str(eth0.peer).startswith(peer)
    assert found.answers_all


def test_a_gateway_leads_to_all_that_are_behind_it():
    found = with_unknown_hosts(host(), ["10.0.0.5", "10.9.9.9", INTERNET])
    assert set(found.namespaces) == {HOST, "192.168.1.1", "10.0.0.5", "10.9.9.9", INTERNET}
    behind = {route.destination for route in found.namespaces["192.168.1.1"].routes}
    assert behind == {"default", "10.0.0.5/32", "10.9.9.9/32", "8.8.8.8/32"}
    assert found.host.interface("eth0").peer == End("192.168.1.1", "eth0")


def test_several_machines_on_one_cable_have_a_switch_between_them():
    found = with_unknown_hosts(host(), ["192.168.1.77", "192.168.1.78", "10.0.0.5"])
    assert found.host.interface("eth0").peer == End("behind eth0", "uplink")
    assert len(found.namespaces["behind eth0"].ports("switch")) == 4
    assert foresee(host(), {}, "192.168.1.77", Destination("192.168.1.78")).prediction.answered
    assert foresee(host(), {}, "192.168.1.77", Destination("10.0.0.5")).prediction.answered


def test_ports_whose_other_ends_nobody_knows_are_not_told_apart():
    ports = [Interface(name, master="docker0") for name in ("va", "vb")]
    found = with_unknown_hosts(host(ETH0, DOCKER0, *ports), ["172.17.0.2", "172.17.0.3"])
    assert found.host.interface("va or vb").peer == End("172.17.0.2", "eth0")
    one = with_unknown_hosts(host(ETH0, DOCKER0, ports[0]), ["172.17.0.2"])
    assert one.host.interface("va").peer == End("172.17.0.2", "eth0")


@pytest.mark.parametrize("name", ["127.0.0.9", "0.0.0.0", "224.0.0.1", "172.17.255.255", "172.17.0.1", "nobody", "", "host", "fe80::1"])
def test_what_is_no_machine_of_its_own_is_passed_over(name):
    assert set(with_unknown_hosts(host(routes=()), [name]).namespaces) <= {HOST, name if ":" in name else HOST}


def test_a_sender_whose_device_is_not_known_is_a_sentence():
    two = host(ETH0, Interface("eth1", "", ("10.1.0.1/24",)), routes=())
    with pytest.raises(StatementError, match=r"the host has no route to 10\.0\.0\.5, so it is not known through which device"):
        foresee(two, {}, "10.0.0.5", Destination("host"))


def test_the_same_stranger_twice_is_one():
    once = with_unknown_hosts(host(), ["10.0.0.5"])
    assert with_unknown_hosts(once, ["10.0.0.5", "10.0.0.5"]) == once
