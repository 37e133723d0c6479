"""The messages that are filled into shapes are byte for byte those that pyroute2's codec makes of the same values."""

from hypothesis import given
from hypothesis import strategies as st

from netlab_magic.engines.host.netlink import rtnetlink as n
from netlab_magic.model.topology import Route

names = st.text("abz019_.-", min_size=1, max_size=15)
indices = st.integers(0, 2**31 - 1)
four = st.ip_addresses(v=4).map(str)
six = st.ip_addresses(v=6).map(str)


@given(names, names, indices, st.integers(3, 5000), st.booleans())
def test_a_new_veth_pair(name: str, peer: str, index: int, descriptor: int, up: bool) -> None:
    message = n._ifinfmsg.ifinfmsg()
    message["index"], message["flags"], message["change"] = index, int(up), 1
    far = n._nested(VETH_INFO_PEER=n._nested(IFLA_IFNAME=peer, IFLA_NET_NS_FD=descriptor))
    expected = n._encode(message, n.NEWLINK, n.ACK, IFLA_IFNAME=name, IFLA_LINKINFO=n._nested(IFLA_INFO_KIND="veth", IFLA_INFO_DATA=far))
    assert n.link(n.NEWLINK, index=index, up=up, name=name, device="veth", peer=peer, peer_namespace=descriptor) == expected


@given(names, indices)
def test_a_port_of_a_bridge(name: str, master: int) -> None:
    message = n._ifinfmsg.ifinfmsg()
    message["flags"], message["change"] = 1, 1
    expected = n._encode(message, n.NEWLINK, n.ACK, IFLA_IFNAME=name, IFLA_MASTER=master)
    assert n.link(n.NEWLINK, name=name, master=master, up=True) == expected


@given(st.one_of(st.tuples(four, st.integers(0, 32)), st.tuples(six, st.integers(0, 128))), indices)
def test_an_address(cidr: tuple[str, int], index: int) -> None:
    text, prefix = cidr
    message = n._ifaddrmsg.ifaddrmsg()
    message["family"], message["prefixlen"], message["index"] = (10 if ":" in text else 2), prefix, index
    message["flags"] = 2 if ":" in text else 0
    expected = n._encode(message, n.DELADDR, n.ACK, IFA_ADDRESS=text, IFA_LOCAL=text)
    assert n.address(n.DELADDR, index, f"{text}/{prefix}") == expected


@given(four, four, st.integers(1, 32), indices)
def test_a_route(destination: str, gateway: str, prefix: int, index: int) -> None:
    message = n._rtmsg.rtmsg()
    message["family"], message["dst_len"], message["table"], message["proto"], message["type"] = 2, prefix, 254, 3, 1
    flags = n.ACK | n.CREATE | n.EXCLUSIVE
    expected = n._encode(message, n.NEWROUTE, flags, RTA_DST=destination, RTA_GATEWAY=gateway, RTA_OIF=index)
    assert n.route(n.NEWROUTE, Route(f"{destination}/{prefix}", gateway, "eth0"), index) == expected
