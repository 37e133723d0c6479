"""Netlink: messages are byte for byte those of another codec, pyroute2's, and the kernel's answers are read as `ip` reads them."""

import errno
import json
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg
from pyroute2.netlink.rtnl.ndmsg import ndmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg

from netlab_magic.engines.host.netlink import codec as c
from netlab_magic.engines.host.netlink import rtnetlink as n
from netlab_magic.model.topology import ROUTE_KINDS, Route

names = st.text("abz019_.-", min_size=1, max_size=15)
indices = st.integers(1, 2**31 - 1)
four = st.ip_addresses(v=4).map(str)
six = st.ip_addresses(v=6).map(str)
pairs = st.one_of(st.tuples(four, four, st.integers(1, 32)), st.tuples(six, six, st.integers(1, 128)))


def encoded(message: Any, kind: int, flags: int, **attributes: Any) -> bytes:
    """What pyroute2 makes of it."""
    message["header"] |= {"type": kind, "flags": flags | c.NLM_F_REQUEST, "sequence_number": 7}
    message["attrs"] = [(name, value) for name, value in attributes.items() if value is not None]
    message.encode()
    return bytes(message.data)


def held(**attributes: Any) -> dict[str, Any]:
    return {"attrs": list(attributes.items())}


def family(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@given(names, names, indices, st.integers(3, 5000), st.booleans())
def test_a_new_veth_pair(name: str, peer: str, index: int, descriptor: int, up: bool) -> None:
    message = ifinfmsg()
    message["index"], message["flags"], message["change"] = index, int(up), 1
    far = held(VETH_INFO_PEER=held(IFLA_IFNAME=peer, IFLA_NET_NS_FD=descriptor))
    expected = encoded(message, 16, 0x600, IFLA_IFNAME=name, IFLA_LINKINFO=held(IFLA_INFO_KIND="veth", IFLA_INFO_DATA=far))
    flags = c.NLM_F_CREATE | c.NLM_F_EXCL
    made = n.link(n.RTM_NEWLINK, flags, index=index, up=up, name=name, device="veth", peer=peer, peer_namespace=descriptor)
    assert made.packed(7) == expected


@given(names, st.integers(0, 2**31 - 1))
def test_a_port_of_a_bridge(name: str, master: int) -> None:
    message = ifinfmsg()
    message["flags"], message["change"] = 1, 1
    expected = encoded(message, 16, 0, IFLA_IFNAME=name, IFLA_MASTER=master)
    assert n.link(n.RTM_NEWLINK, name=name, master=master, up=True).packed(7) == expected


@given(pairs, indices, st.booleans())
def test_an_address(pair: tuple[str, str, int], index: int, new: bool) -> None:
    text, _, prefix = pair
    message = ifaddrmsg()
    message["family"], message["prefixlen"], message["index"] = family(text), prefix, index
    message["flags"] = 2 if ":" in text else 0
    expected = encoded(message, 20 if new else 21, 0x600 if new else 0, IFA_ADDRESS=text, IFA_LOCAL=text)
    assert n.address(n.RTM_NEWADDR if new else n.RTM_DELADDR, index, f"{text}/{prefix}").packed(7) == expected


@given(pairs, indices, st.booleans(), st.booleans())
def test_a_route(pair: tuple[str, str, int], index: int, new: bool, with_source: bool) -> None:
    destination, gateway, prefix = pair
    message = rtmsg()
    message["family"], message["dst_len"], message["table"] = family(destination), prefix, 254
    message["proto"], message["type"], message["scope"] = (3, 1, 0) if new else (0, 0, 255)
    source = gateway if with_source else None
    expected = encoded(
        message, 24 if new else 25, 0x600 if new else 0, RTA_DST=destination, RTA_GATEWAY=gateway, RTA_OIF=index, RTA_PREFSRC=source
    )
    wanted = Route(f"{destination}/{prefix}", gateway, "eth0", source)
    assert n.route(n.RTM_NEWROUTE if new else n.RTM_DELROUTE, wanted, index).packed(7) == expected


@pytest.mark.parametrize("kind", [kind for kind in ROUTE_KINDS if kind != "unicast"])
def test_a_route_that_ends_the_way(kind: str) -> None:
    message = rtmsg()
    message["family"], message["dst_len"], message["table"], message["proto"] = socket.AF_INET, 32, 254, 3
    message["type"], message["scope"] = ROUTE_KINDS[kind], 0
    assert n.route(n.RTM_NEWROUTE, Route("10.1.1.1/32", kind=kind), None).packed(7) == encoded(message, 24, 0x600, RTA_DST="10.1.1.1")


@given(st.one_of(four, six), indices, st.booleans())
def test_a_neighbour(address: str, index: int, add: bool) -> None:
    mac = "02:00:00:00:00:2a"
    message = ndmsg()
    message["family"], message["ifindex"], message["state"] = family(address), index, 0x80 if add else 0
    expected = encoded(message, 28 if add else 29, 0x600 if add else 0, NDA_DST=address, NDA_LLADDR=mac if add else None)
    assert n.neighbour(add, index, address, mac).packed(7) == expected


@given(st.lists(st.tuples(st.integers(0, 0x3FFF), st.binary(max_size=70)), unique_by=lambda one: one[0]))
def test_attributes_are_read_as_they_were_written(attributes: list[tuple[int, bytes]]) -> None:
    data = b"".join(c.attribute(kind, value) for kind, value in attributes)
    assert len(data) % 4 == 0
    assert c.attributes(b"1234" + data, 4) == dict(attributes)
    assert c.attributes(c.attributes(c.nested(5, data))[5]) == dict(attributes)


@given(st.lists(st.builds(c.Message, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary(max_size=70))))
def test_several_messages_in_one_datagram(messages: list[c.Message]) -> None:
    sent = [message.packed(number) for number, message in enumerate(messages)]
    data = b"".join(one + bytes(-len(one) % 4) for one in sent)
    expected = [(one.kind, one.flags | c.NLM_F_REQUEST, number, one.payload) for number, one in enumerate(messages)]
    assert [tuple(one) for one in c.received(data)] == expected


def inside(program: str) -> Any:
    """What a program prints as JSON in a network namespace of its own, which ends with it."""
    head = (
        "import json, socket, subprocess\n"
        "from netlab_magic.engines.host.netlink import codec, nfnetlink, rtnetlink as n\n"
        "from netlab_magic.model.topology import Route\n"
    )
    words = ["unshare", "--user", "--map-root-user", "--net", sys.executable, "-c", head + textwrap.dedent(program)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return json.loads(subprocess.run(words, check=True, capture_output=True, text=True, env=environment, timeout=60).stdout)


@pytest.mark.kernel
def test_a_refusal_names_its_message_and_the_rest_has_taken_effect() -> None:
    at, number, up = inside("""
        with n.RouteSocket() as route:
            up = n.link(n.RTM_NEWLINK, index=1, up=True)
            refusal = route.send([up, n.link(n.RTM_NEWLINK, index=77, up=True), n.address(n.RTM_NEWADDR, 1, "10.9.9.9/32")])
            print(json.dumps([refusal.at, refusal.error.errno, route.is_local("10.9.9.9")]))
    """)
    assert (at, number, up) == (1, errno.ENODEV, True)


@pytest.mark.kernel
def test_the_kernels_own_sentence_is_in_the_error() -> None:
    said = inside("""
        with n.RouteSocket() as route:
            route.send([n.link(n.RTM_NEWLINK, index=1, up=True)])
            nowhere = n.route(n.RTM_NEWROUTE, Route("10.9.0.0/16", "10.8.0.1"), None)
            print(json.dumps(route.send([nowhere]).error.strerror))
    """)
    assert said == "Nexthop has invalid gateway"


@pytest.mark.kernel
def test_a_dump_of_many_parts_is_what_ip_lists() -> None:
    ours, theirs = inside("""
        with n.RouteSocket() as route:
            new = codec.NLM_F_CREATE | codec.NLM_F_EXCL
            links = [n.link(n.RTM_NEWLINK, new, name=f"d{at}", device="bridge", up=at % 2 == 0) for at in range(200)]
            assert route.send(links) is None
            addresses = [n.address(n.RTM_NEWADDR, route.index(f"d{at}"), f"10.0.{at}.1/24") for at in range(200)]
            assert route.send(addresses) is None
            try:
                route.index("nobody")
            except OSError:
                pass  # what a refused question leaves unread is nobody's answer
            links = list(route.links())
            ours = sorted((codec.text(held[3]), held[1].hex(":"), codec.number(held[4]), header.ifi_index) for header, held in links)
            ours += sorted(socket.inet_ntop(header.ifa_family, held[2]) for header, held in route.addresses() if header.ifa_family == 2)
        listed = json.loads(subprocess.run(["ip", "-j", "-4", "addr"], capture_output=True, check=True).stdout)
        links = json.loads(subprocess.run(["ip", "-j", "link"], capture_output=True, check=True).stdout)
        theirs = sorted((one["ifname"], one["address"], one["mtu"], one["ifindex"]) for one in links)
        theirs += sorted(addr["local"] for one in listed for addr in one["addr_info"])
        print(json.dumps([ours, theirs]))
    """)
    assert len(ours) == 401
    assert ours == theirs


@pytest.mark.kernel
def test_a_namespace_that_never_had_a_route_has_none() -> None:
    found = inside("""
        with n.RouteSocket() as route:
            print(json.dumps([len(list(route.routes(family))) for family in (socket.AF_INET, socket.AF_INET6)]))
    """)
    assert found == [0, 0]


@pytest.mark.kernel
def test_a_batch_of_netfilter_changes_is_made_whole_or_not_at_all() -> None:
    number, tables = inside("""
        def table(name, flags):
            return nfnetlink.netfilter_message(
                nfnetlink.NFT_MSG_NEWTABLE, flags, socket.AF_INET, codec.attribute(1, codec.string(name)))
        new = codec.NLM_F_CREATE | codec.NLM_F_EXCL
        with nfnetlink.NetfilterSocket() as netfilter:
            netfilter.change([table("one", new)])
            try:
                netfilter.change([table("two", new), table("one", new), table("three", new)])
            except OSError as error:
                number = error.errno
            netfilter.change([table("four", new)])
        print(json.dumps([number, sorted(codec.text(held[1]) for _, held in nfnetlink.dump(nfnetlink.NFT_MSG_GETTABLE))]))
    """)
    assert number == errno.EEXIST
    assert tables == ["four", "one"]
