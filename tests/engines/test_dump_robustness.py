"""Whatever is pasted of a host, cut, wrapped, anonymised or torn: it is read, or refused in one sentence."""

import json
import re
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st
from support.laws import law

from netlab_magic import Lab
from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.dump.host_dump import Source
from netlab_magic.engines.dump.read import read
from netlab_magic.errors import NetlabError

DUMPS = sorted((Path(__file__).parents[1] / "data" / "dumps").glob("*.save"), key=lambda path: path.stat().st_size)[:12]
DEVICES = [
    {"ifindex": 1, "ifname": "lo", "flags": ["LOOPBACK", "UP"], "link_type": "loopback",
     "addr_info": [{"local": "127.0.0.1", "prefixlen": 8}]},
    {"ifindex": 2, "ifname": "eth0", "flags": ["UP"], "mtu": 1500, "address": "52:54:00:00:00:01",
     "addr_info": [{"local": "192.0.2.9", "prefixlen": 24}, {"local": "fe80::1", "prefixlen": 64, "scope": "link"}]},
    {"ifindex": 3, "ifname": "docker0", "flags": ["UP"], "linkinfo": {"info_kind": "bridge"},
     "addr_info": [{"local": "172.17.0.1", "prefixlen": 16}]},
    {"ifindex": 9, "link_index": 8, "ifname": "veth1", "flags": ["UP"], "master": "docker0", "link_netnsid": 0, "addr_info": []},
]  # fmt: skip
ROUTES = [
    {"dst": "default", "gateway": "192.0.2.1", "dev": "eth0", "metric": 100, "flags": []},
    {"dst": "172.17.0.0/16", "dev": "docker0", "scope": "link", "prefsrc": "172.17.0.1", "flags": ["linkdown"]},
    {"dst": "10.1.0.0/16", "nexthops": [{"gateway": "192.0.2.2", "dev": "eth0"},
                                         {"via": {"family": "inet6", "host": "fe80::2"}, "dev": "eth0"}]},
]  # fmt: skip
NEIGHBOURS = [{"dst": "192.0.2.1", "dev": "eth0", "lladdr": "52:54:00:00:00:02", "state": ["REACHABLE"]}]
TEXTS = [
    """2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc mq state UP group default qlen 1000
    link/ether 52:54:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    inet 192.0.2.9/24 brd 192.0.2.255 scope global dynamic eth0
    inet6 fe80::1/64 scope link
3: docker0: <NO-CARRIER,BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue state DOWN group default
    link/ether 02:42:00:00:00:01 brd ff:ff:ff:ff:ff:ff
    bridge forward_delay 1500 hello_time 200
    inet 172.17.0.1/16 brd 172.17.255.255 scope global docker0
9: veth1@if8: <BROADCAST,MULTICAST,UP> mtu 1500 qdisc noqueue master docker0 state UP group default
    bridge_slave state forwarding hairpin on
""",
    """default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.9 metric 100
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1 linkdown
10.1.0.0/16 proto static
	nexthop via 192.0.2.2 dev eth0 weight 1
	nexthop via inet6 fe80::2 dev eth0 weight 1
blackhole 10.9.0.0/16
2001:db8::/64 dev eth0 proto kernel metric 256 pref medium
100.80.80.80 dev tailscale0 table 52
192.0.2.1 dev eth0 lladdr 52:54:00:00:00:02 REACHABLE
""",
    "net.ipv4.ip_forward = 1\nnet.bridge.bridge-nf-call-iptables = 0\nnet/ipv6/conf/all/forwarding = 0\n",
    json.dumps(DEVICES),
    json.dumps(ROUTES, indent=4),
    json.dumps(NEIGHBOURS),
    *(path.read_text() for path in DUMPS),
]
STRANGE = (
    *("", " ", "!", '"', "\\", "-j", "-s", "--dport", "-m", "\x00", "\udcff", "\t", "\r", "99999999999999999999", "鏈", "<b>", "::"),
    *("172.17.X.X", "172.17.X.X/32", "X.X.X.X", "<public ip>", "x.x.x.x/24", "REDACTED", "***", "10.0.0.0/33", "10.0.0.1/-1", "fe80::/200"),
    *("256.1.1.1", "1.2.3.4/5/6", "²", "٣", "null", "[]", "{}", '{"dst": 3}', "NaN", "1e999", "COMMIT", "*nat", ":FORWARD", "[1:2]", "…"),
)
_PIECES = {"characters": r"(?s).", "words": r"\s+|[^\s]+", "lines": r"[^\n]*\n?", "parts of words": r"[\w]+|[^\w]+"}


@st.composite
def pasted(draw: st.DrawFn) -> str:
    """A few texts, one behind the other, with a few of their characters, words or lines gone, doubled, swapped or replaced."""
    text = "".join(draw(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 5))):
        pieces = re.findall(_PIECES[draw(st.sampled_from(sorted(_PIECES)))], text)
        if not pieces:
            break
        at, other = draw(st.integers(0, len(pieces) - 1)), draw(st.integers(0, len(pieces) - 1))
        match draw(st.sampled_from(["gone", "doubled", "swapped", "replaced", "cut", "everywhere"])):
            case "gone":
                del pieces[at]
            case "doubled":
                pieces.insert(other, pieces[at])
            case "swapped":
                pieces[at], pieces[other] = pieces[other], pieces[at]
            case "replaced":
                pieces[at] = draw(st.sampled_from(STRANGE))
            case "cut":
                del pieces[at:]
            case "everywhere":
                gone, instead = pieces[at], draw(st.sampled_from(STRANGE))
                pieces = [instead if piece == gone else piece for piece in pieces]
        text = "".join(pieces)
    return text


ANONYMISED = """*nat
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.X.X/32 -d 172.17.X.X/32 -p tcp -m tcp --dport 80 -j MASQUERADE
COMMIT
"""


def loaded(text: str) -> LoadedEngine | None:
    """What is made of a text; None where it is refused in a sentence."""
    try:
        return LoadedEngine(read([Source("pasted", text)]), ["pasted"])
    except NetlabError:
        return None


@given(pasted())
@example(ANONYMISED)
@law(1000)
def test_no_text_crashes(text: str) -> None:
    engine = loaded(text)
    if engine:
        assert engine.observe({}).topology.namespaces
        assert all(map(str, (*engine.dump.remarks, *engine.assumptions, *engine.unread)))


@given(pasted())
@example(ANONYMISED)
@example("*filter\n:FORWARD DROP [0:0]\nCOMMIT\ndefault via 203.0.113.X dev eth0\n192.0.2.0/24 dev eth0 src 192.0.2.9\n")
@law(100)
def test_whatever_could_be_loaded_can_be_asked(text: str) -> None:
    lab = Lab()
    for question in (None, "status", "show topology", "show chains", "show way", "why host 8.8.8.8", "why 172.17.0.2 192.0.2.77:80"):
        try:
            answer = lab.run(question) if question else lab.load(text=text)
            assert str(answer)
        except NetlabError as error:
            if question is None:
                return
            assert error.message  # noqa: PT017 (a refusal is as good as an answer)


def test_a_rule_with_an_anonymised_address_is_kept_and_told_as_one_that_cannot_be_judged() -> None:
    lab = Lab()
    told = str(lab.load(text=ANONYMISED))
    assert "nat POSTROUTING 2 cannot be judged, because 172.17.X.X/32 cannot be read: -s 172.17.X.X/32 -d 172.17.X.X/32" in told
    assert "nat POSTROUTING 1 cannot" not in told
    assert "-s 172.17.X.X/32 -d 172.17.X.X/32 -p tcp -m tcp --dport 80 -j MASQUERADE" in str(lab.show("save"))


def test_a_gateway_that_is_not_an_address_is_told_and_the_route_leads_to_its_device() -> None:
    lab = Lab()
    told = str(lab.load(text="*filter\n:FORWARD DROP [0:0]\nCOMMIT\n192.0.2.0/24 dev eth0 src 192.0.2.9\ndefault via X.X.X.X dev eth0\n"))
    assert "X.X.X.X in the route to default is not an address; the route is assumed to lead directly to eth0." in told
    assert "default dev eth0" in str(lab.show("routes"))
