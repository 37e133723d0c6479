"""What is pasted of a host is recognised by what it looks like, and nothing of it is lost unseen."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlab_magic.engines.dump.host_dump import HostDump, Source
from netlab_magic.engines.dump.read import read
from netlab_magic.errors import StatementError
from netlab_magic.model.topology import HOST, End, Route

FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [0:0]\n-A FORWARD -i docker0 -j ACCEPT\nCOMMIT\n"
ADDRESSES = [
    {
        "ifindex": 1,
        "ifname": "lo",
        "flags": ["LOOPBACK", "UP"],
        "link_type": "loopback",
        "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}],
    },
    {
        "ifindex": 2,
        "ifname": "eth0",
        "flags": ["BROADCAST", "UP", "LOWER_UP"],
        "mtu": 9000,
        "address": "52:54:00:00:00:01",
        "addr_info": [{"local": "10.0.0.9", "prefixlen": 24}, {"local": "fe80::1", "prefixlen": 64, "scope": "link"}],
    },
    {"ifindex": 3, "ifname": "docker0", "flags": ["NO-CARRIER", "UP"], "addr_info": [{"local": "172.17.0.1", "prefixlen": 16}]},
    {"ifindex": 9, "link_index": 8, "ifname": "veth1", "flags": ["UP"], "master": "docker0", "link_netnsid": 0, "addr_info": []},
]
LINKS = [
    {"ifindex": 3, "ifname": "docker0", "flags": ["UP"], "linkinfo": {"info_kind": "bridge", "info_data": {}}},
    {"ifindex": 9, "ifname": "veth1", "flags": ["UP"], "linkinfo": {"info_kind": "veth", "info_slave_data": {"hairpin": True}}},
]
ROUTES = [
    {"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "protocol": "dhcp", "metric": 100, "flags": []},
    {"dst": "10.0.0.0/24", "dev": "eth0", "protocol": "kernel", "scope": "link", "prefsrc": "10.0.0.9", "flags": []},
    {"dst": "172.17.0.0/16", "dev": "docker0", "protocol": "kernel", "scope": "link", "prefsrc": "172.17.0.1", "flags": ["linkdown"]},
    {"type": "blackhole", "dst": "10.9.0.0/16", "flags": []},
    {"dst": "10.1.0.0/16", "nexthops": [{"gateway": "10.0.0.2", "dev": "eth0"}, {"gateway": "10.0.0.3", "dev": "eth0"}]},
]
PLAIN = """1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN group default qlen 1000
    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
    inet 127.0.0.1/8 scope host lo
       valid_lft forever preferred_lft forever
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 9000 qdisc mq state UP group default qlen 1000
    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 10.0.0.9/24 brd 10.0.0.255 scope global dynamic eth0
       valid_lft 86000sec preferred_lft 86000sec
    inet6 fe80::1/64 scope link
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default
    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0
9: veth1@if8: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue master docker0 state UP group default
    link/ether 02:42:00:00:00:02 brd ff:ff:ff:ff:ff:ff link-netnsid 0
"""
PLAIN_ROUTES = """default via 10.0.0.1 dev eth0 proto dhcp src 10.0.0.9 metric 100
10.0.0.0/24 dev eth0 proto kernel scope link src 10.0.0.9
10.1.0.0/16
\tnexthop via 10.0.0.2 dev eth0 weight 1
\tnexthop via 10.0.0.3 dev eth0 weight 1
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
blackhole 10.9.0.0/16
"""


def loaded(*texts: object) -> HostDump:
    return read([Source(f"file{number}", text if isinstance(text, str) else json.dumps(text)) for number, text in enumerate(texts)])


def assert_read_or_refused(text: str) -> None:
    said = ""
    try:
        loaded(text)
    except StatementError as error:
        said = error.message
    assert not said or said.startswith("file0")


def said(dump: HostDump) -> list[str]:
    """Devices and routes in a few words."""
    devices = [f"{held.name} {held.kind or '-'} {','.join(held.addresses)} {held.master or ''}".strip() for held in dump.interfaces]
    return [*devices, *(str(Route(one.destination, one.via, one.device, kind=one.kind)) for one in dump.routes)]


ALL = [
    "lo loopback 127.0.0.1/8",
    "eth0 - 10.0.0.9/24",
    "docker0 - 172.17.0.1/16",
    "veth1 veth  docker0",
    "10.1.0.0/16 via 10.0.0.2 dev eth0",
    "blackhole 10.9.0.0/16",
    "default via 10.0.0.1 dev eth0",
]


@pytest.mark.parametrize(
    "texts",
    [
        (ADDRESSES, ROUTES),
        (json.dumps(ADDRESSES, indent=2), json.dumps(ROUTES, indent=1)),
        (f"$ ip -j addr\n{json.dumps(ADDRESSES)}\nroot@web:~# ip -j route\n{json.dumps(ROUTES)}\n\n{FILTER}",),
        (f"{json.dumps(ADDRESSES)}{json.dumps(ROUTES)}",),
        (PLAIN, PLAIN_ROUTES),
        (f"[root@web ~]# ip addr\n{PLAIN}[root@web ~]# ip route\n{PLAIN_ROUTES}[root@web ~]# iptables-save\n{FILTER}",),
    ],
)
def test_json_and_text_for_people_tell_the_same(texts):
    dump = loaded(*texts)
    assert sorted(said(dump)) == sorted(ALL)
    assert not dump.remarks
    assert dump.routed
    assert not dump.kinds


def test_kinds_and_addresses_of_a_device_come_together():
    dump = loaded(ADDRESSES, LINKS)
    held = {one.name: one for one in dump.interfaces}
    assert held["docker0"].kind == "bridge"
    assert held["docker0"].addresses == ("172.17.0.1/16",)
    assert held["veth1"].hairpin
    assert held["eth0"].mtu == 9000
    assert dump.kinds
    assert loaded(LINKS, ADDRESSES).interfaces[0].addresses == ("172.17.0.1/16",)


def test_a_pair_within_the_host_is_a_pair():
    dump = loaded([{"ifname": "a", "link": "b", "flags": []}, {"ifname": "b", "link": "a", "flags": []}, {"ifname": "c", "link": "a"}])
    assert [held.peer for held in dump.interfaces] == [End(HOST, "b"), End(HOST, "a"), None]


def test_routes_alone_tell_of_devices():
    assert "eth0 - 10.0.0.9/24" in said(loaded(ROUTES))
    assert Route("default", "10.0.0.1", "eth0") in loaded(ROUTES).routes


def test_the_smaller_metric_comes_first():
    two = [
        {"dst": "default", "dev": "wlan0", "gateway": "10.9.9.1", "metric": 600},
        {"dst": "default", "dev": "eth0", "gateway": "10.0.0.1"},
    ]
    assert [route.device for route in loaded(two).routes] == ["eth0", "wlan0"]


@pytest.mark.parametrize(
    ("head", "family", "variant"),
    [
        ("", "rules", ""),
        ("# Generated by iptables-save v1.8.7 on Mon\n", "rules", "legacy"),
        ("# Generated by iptables-nft-save v1.8.9 (nf_tables) on Mon\n", "rules", "nft"),
        ("# Generated by ip6tables-save v1.8.9 (nf_tables) on Mon\n", "rules6", "nft"),
    ],
)
def test_the_line_before_a_dump_says_whose_it_is(head, family, variant):
    dump = loaded(head + FILTER)
    assert getattr(dump, family) == head + FILTER
    assert dump.variant == variant


def test_both_families_in_one_text():
    six = "# Generated by ip6tables-save v1.8.9 on Mon\n" + FILTER + "# Completed on Mon\n"
    dump = loaded("# Generated by iptables-save v1.8.9 on Mon\n" + FILTER + "# Completed on Mon\n" + six)
    assert dump.rules.count("*filter") == dump.rules6.count("*filter") == 1


def test_sysctls():
    dump = loaded(
        "net.ipv4.ip_forward = 0\nnet/bridge/bridge-nf-call-iptables=1\nnet.ipv4.tcp_rmem = 4096\t87380\t6291456\nkernel.sysrq = 1\n"
    )
    assert dump.sysctls == {"net.ipv4.ip_forward": "0", "net.bridge.bridge-nf-call-iptables": "1"}
    assert not dump.remarks


def test_a_neighbour_that_has_answered():
    items = [
        {"dst": "172.17.0.2", "dev": "docker0", "lladdr": "02:42", "state": ["STALE"]},
        {"dst": "172.17.0.3", "dev": "docker0", "state": ["FAILED"]},
    ]
    assert [held.address for held in loaded(items).neighbours] == ["172.17.0.2"]


def test_what_is_not_understood_is_kept_with_its_place():
    dump = loaded("hello\n" + FILTER + '\n[{"Id": "a container"}]\nbye\n')
    assert [str(remark) for remark in dump.remarks] == [
        "file0, line 1: hello",
        'file0, line 8: [{"Id": "a container"}]',
        "file0, line 9: bye",
    ]


NFT_TABLE = "table inet fw { # handle 3\n\tchain c {\n\t}\n}\n"


def test_tables_of_nft_are_kept_and_those_of_iptables_nft_are_not_taken_twice():
    listing = NFT_TABLE + "# Warning: table ip filter is managed by iptables-nft, do not touch!\ntable ip filter {\n}\n"
    header = "# Generated by iptables-save v1.8.9 (nf_tables) on Mon Jan 1 2024\n"
    assert loaded(header + FILTER + listing).native == {"inet fw": NFT_TABLE}
    assert list(loaded(FILTER + listing).native) == ["inet fw", "ip filter"], "the rules may be legacy's"
    assert loaded(listing).remarks == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "file0 is empty"),
        ("\n \n", "file0 is empty"),
        ("hello\n", "file0, line 1: this does not describe a host (hello); load reads what iptables-save, nft list ruleset, ip addr"),
        ("[]", ""),
        ("\n" + json.dumps(ADDRESSES)[:30], "file0, line 2: this JSON is cut off or broken ("),
        ("[" * 100000, "file0, line 1: this does not describe a host"),
        ("[\n{" + '"ifname": [' * 100000, "file0, line "),
    ],
)
def test_what_describes_no_host_is_one_sentence_with_file_and_line(text, sentence):
    if not sentence:
        assert loaded(text) == HostDump()
        return
    with pytest.raises(StatementError) as caught:
        loaded(text)
    assert sentence in caught.value.message


@pytest.mark.parametrize(
    ("text", "told", "read"),
    [
        (FILTER.removesuffix("COMMIT\n"), "file0, line 1: the table has no COMMIT, so the dump may be cut off: *filter", "-i docker0"),
        (f"*nat\nCOMMIT\n{FILTER[:-7]}*raw\nCOMMIT\n", "file0, line 3: the table has no COMMIT", "*raw"),
        (NFT_TABLE[:-2], "file0, line 1: the table has no closing brace, so the listing may be cut off: table inet fw {", "chain c"),
        (json.dumps(ADDRESSES)[:-9], "file0, line 1: this JSON is cut off or broken (", "eth0"),
        (json.dumps(ADDRESSES, indent=1)[:-9], "; 3 elements of it could be read: [", "eth0"),
    ],
)
def test_what_is_cut_off_is_taken_as_far_as_it_goes_and_told(text, told, read):
    dump = loaded(text, PLAIN_ROUTES)
    assert [told in str(remark) for remark in dump.remarks] == [True]
    assert dump.routed
    assert read in f"{dump.rules} {dump.native} {dump.interfaces}"


def test_what_is_not_understood_inside_a_namespace_is_told_with_the_rest():
    dump = loaded("# ip netns exec blue ip route\ndefault via 10.1.0.1 dev eth0\nsomething else\n")
    assert [str(remark) for remark in dump.remarks] == ["file0, line 3: something else"]
    assert dump.inside["blue"].routed
    assert "inside blue" in str(dump.notes[0])


@pytest.mark.parametrize(
    ("text", "changed"), [(FILTER, FILTER.replace("DROP", "ACCEPT")), (NFT_TABLE, NFT_TABLE.replace("chain c", "chain d"))]
)
def test_of_two_listings_of_a_table_the_later_one_is_taken_and_that_is_told(text, changed):
    assert not loaded(text + text).notes
    dump = loaded(text + changed)
    assert changed in (dump.rules, dump.native.get("inet fw"))
    assert "If these are two hosts, load one at a time." in str(dump.notes[0])


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from([FILTER, PLAIN, PLAIN_ROUTES, json.dumps(ADDRESSES), "[{", "*x", "]", "\x00"])).map("".join)
)
def test_any_text_gives_a_dump_or_a_sentence(text):
    assert_read_or_refused(text)


KEYS = ("ifname", "dst", "dev", "addr_info", "linkinfo", "nexthops", "link", "flags", "via", "state", "prefsrc", "master", "metric")
WRONG = [{"local": "1.2.3.4", "prefixlen": 99}]
VALUES = (None, 1, -1, "x", "", [], [None], {}, [{"local": "::1"}], WRONG, {"info_kind": 1}, "1.2.3.4", ["UP"])


@given(st.lists(st.dictionaries(st.sampled_from(KEYS), st.sampled_from(VALUES), max_size=5), max_size=4))
def test_any_json_gives_a_dump_or_a_sentence(items):
    assert_read_or_refused(json.dumps(items))
