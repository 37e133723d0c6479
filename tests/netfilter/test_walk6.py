"""What IPv6 does otherwise than IPv4: cases that the agreement of model and kernel has found, each as the kernel decides it."""

import msgspec
import pytest

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host, Outcome, walk

HOST = Host(
    (
        Device("lo", ("::1/128",)),
        Device("docker1", ("fd18::1/64",)),
        Device("br-veth0", bridge="docker1", behind=("fd18::2",)),
        Device("br-veth1", bridge="docker1", behind=("fd18::3",)),
        Device("eth0", ("fd10::6/64", "fd10::5/64")),
    ),
    (Route("default", "fd10::1", "eth0"),),
)
FROM_OUTSIDE = Packet("fd10::1", "fd10::5", "udp", 4000, 53, input="eth0")


def rules(table: str, *lines: str) -> Ruleset:
    """A table of ip6tables with these rules."""
    chains = {line.split()[0] for line in lines}
    text = "\n".join([f"*{table}", *(f":{chain} ACCEPT [0:0]" for chain in chains), *(f"-A {line}" for line in lines), "COMMIT\n"])
    return parse(text, family="ipv6")


@pytest.mark.parametrize(
    ("types", "destination", "matches"),
    [
        ("LOCAL", "fd10::5", True),
        ("UNICAST", "fd10::5", True),
        ("UNICAST,LOCAL", "fd10::5", True),
        ("UNICAST,LOCAL", "fd18::9", False),
        ("LOCAL,MULTICAST", "fd10::5", False),
        ("MULTICAST", "ff02::1", True),
        ("ANYCAST", "fd10::", True),
        ("LOCAL", "fd10::", False),
        ("ANYCAST", "fd10::5", False),
        ("UNREACHABLE", "fd18::9", False),
    ],
)
def test_types_of_addresses_that_are_asked_for_together(types, destination, matches):
    """UNICAST is told by the address alone, and must hold beside LOCAL (match_type6 in xt_addrtype.c)."""
    packet = msgspec.structs.replace(FROM_OUTSIDE, destination=destination)
    found = walk(packet, rules("raw", f"PREROUTING -m addrtype --dst-type {types} -j DROP"), HOST)
    assert (found.outcome == Outcome.DROPPED) is matches


def test_a_frame_that_dnat_turned_round_stays_on_its_bridge_though_the_host_does_not_forward():
    """br_nf_pre_routing_finish_ipv6 asks for a route only, and ip6_forward, which asks for forwarding, is never come to."""
    packet = Packet("fd18::2", "fd18::1", "udp", 4000, 53, input="docker1", port_in="br-veth0")
    host = msgspec.structs.replace(HOST, forwarding6=False)
    found = walk(packet, rules("nat", "PREROUTING -j DNAT --to-destination fd18::3"), host)
    assert (found.outcome, found.last.port_out) == (Outcome.FORWARDED, "br-veth1")


def test_a_packet_to_the_loopback_address_goes_by_the_routes_of_its_input():
    """What comes in from outside and is translated to ::1 finds no route through lo (rt6_need_strict in ip6_route_input_lookup)."""
    found = walk(FROM_OUTSIDE, rules("nat", "PREROUTING -j DNAT --to-destination ::1"), HOST)
    assert (found.outcome, found.last.output) == (Outcome.FORWARDED, "eth0")
    inside = msgspec.structs.replace(FROM_OUTSIDE, source="fd18::9", input="docker1")
    found = walk(inside, rules("nat", "PREROUTING -j DNAT --to-destination ::1"), HOST)
    assert (found.outcome, found.answer) == (Outcome.DROPPED, "icmp6-no-route")


def test_the_host_may_send_from_its_loopback_address():
    """Only IPv4 refuses that (__mkroute_output)."""
    found = walk(Packet("::1", "::1", "udp", 4000, 53), rules("nat", "OUTPUT -j DNAT --to-destination fd10::1"), HOST)
    assert (found.outcome, found.packet.source, found.packet.destination) == (Outcome.SENT, "::1", "fd10::1")


@pytest.mark.parametrize(
    ("destination", "source"),
    [("::1", "::1"), ("fd10::1", "fd10::6"), ("fd18::2", "fd18::1"), ("2001:4860:4860::8888", "fd10::6")],
)
def test_masquerading_takes_the_address_that_a_program_would_get(destination, source):
    """nf_nat_masquerade_ipv6 asks ipv6_dev_get_saddr, which takes the destination itself where it is the host's own."""
    found = walk(Packet("fd10::5", destination, "udp", 4000, 53), rules("nat", "POSTROUTING -j MASQUERADE"), HOST)
    assert found.packet.reply.destination == source
