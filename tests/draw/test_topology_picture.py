"""Topology pictures: what their text says and what their DOT holds, without the dot program."""

import msgspec
import pytest
from support.pictures import CLASSROOM, CLOSED, DOCKER, ON, OPEN, SEED, THIRTY, THREE, changed, lab, matrix, ping

from netlab_magic.draw import topology_picture
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Topology
from netlab_magic.nftables import parse as parse_nft

EVERY_TOPOLOGY = {
    "seed": SEED,
    "three bridges": THREE,
    "thirty": THIRTY,
    "empty": Topology(),
    "no internet": lab({"b": ["a"]}, internet=False),
}


def _everything_named(topology):
    for namespace in topology.namespaces.values():
        yield namespace.name
        for interface in namespace.interfaces:
            if interface.name != "lo":
                yield from (interface.name, *interface.addresses)
    yield from (address for address, _ in topology.addresses())
    yield from (f"serves {server.protocol} {server.port} {server.kind}" for server in topology.servers)


@pytest.mark.parametrize("topology", EVERY_TOPOLOGY.values(), ids=EVERY_TOPOLOGY)
def test_text_and_drawing_name_everything(topology):
    picture = topology_picture(topology, DOCKER)
    for word in _everything_named(topology):
        assert word in picture.text
        assert word in picture.dot


@pytest.mark.parametrize(
    ("ruleset", "badge", "border"),
    [(OPEN, "✓ FORWARD ACCEPT", "rounded"), (CLOSED, "✕ FORWARD DROP", "rounded,dashed")],
    ids=["open", "closed"],
)
def test_forward_policy_is_a_symbol_a_word_and_a_border(ruleset, badge, border):
    picture = topology_picture(SEED, ruleset)
    assert badge in picture.text
    box = picture.dot.partition(badge)[0].rpartition("<TABLE")[2]
    assert f'STYLE="{border}"' in box


@pytest.mark.parametrize(
    ("sysctls", "said", "not_said"),
    [
        (ON, ["ip_forward = 1", "bridged packets pass FORWARD too"], ["nothing is forwarded", "bypass"]),
        (
            {"net.ipv4.ip_forward": "0", "net.bridge.bridge-nf-call-iptables": "0"},
            ["ip_forward = 0: nothing is forwarded", "bridged packets bypass FORWARD"],
            ["pass FORWARD too"],
        ),
        ({}, [], ["ip_forward", "bridge-nf-call-iptables"]),
        ({"net.ipv4.ip_forward": "2"}, ["ip_forward = 2"], ["bridge-nf-call-iptables"]),
    ],
)
def test_sysctls_are_said_where_they_are_known(sysctls, said, not_said):
    picture = topology_picture(lab({"docker1": ["ns0"]}, sysctls=sysctls), OPEN)
    for form in (picture.text, picture.dot):
        assert all(words in form for words in said)
        assert not any(words in form for words in not_said)


def test_both_policies_stand_in_the_host_where_they_differ_and_there_is_ipv6() -> None:
    dropping = parse("*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p ipv6-icmp -j ACCEPT\nCOMMIT\n", family="ipv6")
    bridge = SEED.host.interface("docker1")
    assert bridge is not None
    addressed = SEED.host.with_interface(msgspec.structs.replace(bridge, addresses=(*bridge.addresses, "fd00::1/64")))
    both = topology_picture(SEED.with_namespace(addressed), OPEN, ruleset6=dropping)
    assert both.text.startswith(
        "host: ✓ FORWARD ACCEPT (IPv4) · 0 rules in FORWARD before its policy\n"
        "│  ✕ FORWARD DROP (IPv6) · 1 rule in FORWARD before its policy\n"
    )
    assert "FORWARD policy ACCEPT (IPv4), FORWARD policy DROP (IPv6)" in both.description
    assert all(badge in both.dot for badge in ("FORWARD ACCEPT (IPv4)", "FORWARD DROP (IPv6)"))
    alike = topology_picture(SEED.with_namespace(addressed), CLOSED, ruleset6=dropping)
    without = topology_picture(SEED, OPEN, ruleset6=dropping)
    assert all("(IPv" not in picture.text for picture in (alike, without))



NATIVE = """table inet fw {
	chain forward {
		type filter hook forward priority filter; policy drop;
		tcp dport 22 accept
	}

	chain early {
		type filter hook forward priority -10; policy accept;
	}

	chain input {
		type filter hook input priority filter; policy drop;
	}
}
"""


def test_base_chains_of_nft_stand_below_forward_in_the_order_of_their_priorities() -> None:
    picture = topology_picture(SEED, OPEN, native=parse_nft(NATIVE))
    assert picture.text.startswith(
        "host: ✓ FORWARD ACCEPT · 0 rules in FORWARD before its policy\n"
        "│  ✓ early ACCEPT (inet fw) · 0 rules in early before its policy\n"
        "│  ✕ forward DROP (inet fw) · 1 rule in forward before its policy\n"
    )
    assert "forward policy DROP (inet fw)" in picture.description
    assert "forward DROP (inet fw)" in picture.dot
    assert "input" not in picture.text


def test_text_is_a_tree_of_the_host_its_bridges_and_their_ports():
    lines = topology_picture(SEED, CLOSED).text.splitlines()
    start = lines.index("├─ bridge docker1  172.18.0.1/16")
    assert lines[start + 1 : start + 4] == [
        "│  ├─ veth-ns0  ── ns0:eth0",
        "│  └─ veth-ns1  ── ns1:eth0",
        "└─ eth0  203.0.113.2/24  ── internet:eth0",
    ]
    assert "├─ eth0  172.18.0.2/16  ── host:veth-ns0 (bridge docker1)" in lines
    assert "├─ route default via 172.18.0.1" in lines


@pytest.mark.parametrize(("change", "words"), [({"up": False}, "✕ down"), ({"carrier": False}, "⚠ no carrier")])
def test_trouble_of_an_interface_is_marked_and_its_cable_is_dashed(change, words):
    healthy, broken = topology_picture(SEED, OPEN), topology_picture(changed(SEED, End("ns1", "eth0"), **change), OPEN)
    for form in ("text", "dot"):
        assert words not in getattr(healthy, form)
        assert words in getattr(broken, form)
    assert "style=dashed" not in healthy.dot
    assert broken.dot.count("style=dashed") == 1


def test_a_namespace_with_nothing_attached_says_so():
    picture = topology_picture(SEED.with_namespace(Namespace("lonely")), OPEN)
    assert "lonely\n└─ nothing attached" in picture.text
    assert "nothing attached" in picture.dot


def test_a_direct_cable_between_namespaces_is_drawn_once():
    left, right = Interface("to-b", addresses=("10.0.0.1/30",), peer=End("b", "to-a")), Interface("to-a", peer=End("a", "to-b"))
    picture = topology_picture(Topology({"a": Namespace("a", (left,)), "b": Namespace("b", (right,))}), OPEN)
    assert picture.dot.count(" -> ") == 1
    assert "to-b  10.0.0.1/30  ── b:to-a" in picture.text


def test_a_bridge_inside_a_namespace_and_its_ports_are_named():
    inside = (Interface("br0", "bridge"), Interface("dummy0", "dummy", master="br0"))
    picture = topology_picture(SEED.with_namespace(Namespace("router", inside)), OPEN)
    assert "└─ bridge br0\n   └─ dummy0" in picture.text
    assert ">in br0<" in picture.dot


@pytest.mark.parametrize(
    ("verdict", "milliseconds", "words", "line", "head"),
    [
        ("answered", 0.05, "✓ 0.05 ms", "solid", "normal"),
        ("answered", 12.34, "✓ 12 ms", "solid", "normal"),
        ("answered", None, "✓ answered", "solid", "normal"),
        ("blocked", None, "✕ blocked", "dashed", "tee"),
        ("refused", None, "⟂ refused", "dotted", "empty"),
        ("no route", None, "↛ no route", "dashed", "tee"),
        ("nobody there", None, "∅ nobody there", "dashed", "tee"),
        ("not measured", None, "? not measured", "dotted", "odot"),
    ],
)
def test_every_verdict_has_a_symbol_a_word_a_line_and_a_head(verdict, milliseconds, words, line, head):
    picture = topology_picture(SEED, CLOSED, [ping("ns1", "ns0", verdict, milliseconds, why="because")])
    assert f"{words}  because" in picture.text
    assert f">{words}<" in picture.dot
    arrows = [edge for edge in picture.dot.splitlines() if " -> f0" in edge]
    assert len(arrows) == 2
    assert all(f"style={line}" in edge for edge in arrows)
    assert [f"arrowtail={head}" in edge for edge in arrows].count(True) == 1


def test_the_arrow_points_at_the_target():
    dot = topology_picture(SEED, CLOSED, [ping("ns1", "ns0", "answered", 1.0)]).dot
    nodes = {name: next(line.split()[0] for line in dot.splitlines() if f"<B>{name}</B>" in line) for name in ("ns0", "ns1")}
    headed = [line.split()[0] for line in dot.splitlines() if " -> f0" in line and "arrowtail" in line]
    assert headed == [nodes["ns0"]]


def test_there_and_back_alike_is_one_arrow():
    both = topology_picture(SEED, OPEN, [ping("ns0", "ns1", "answered", 0.05), ping("ns1", "ns0", "answered", 0.06)])
    assert "✓ 0.05 / 0.06 ms" in both.dot
    assert "ns0 ⇄ ns1" in both.dot
    neither = topology_picture(SEED, OPEN, [ping("ns0", "ns1", "blocked"), ping("ns1", "ns0", "blocked")])
    assert neither.dot.count("✕ blocked") == 1
    assert "ns0 ⇄ ns1" in neither.dot
    differing = topology_picture(SEED, OPEN, [ping("ns0", "ns1", "answered", 0.05), ping("ns1", "ns0", "blocked")])
    assert "⇄" not in differing.dot


def test_an_arrow_to_the_internet_stays_on_the_side_of_its_namespace():
    def beside(source):
        return topology_picture(THREE, OPEN, [ping(source, "internet", "answered", name="8.8.8.8")]).dot

    assert "f0 -> host [style=invis]" in beside("web0")
    assert "host -> f0 [style=invis]" in beside("db1")


@pytest.mark.parametrize(
    "probe", [Probe("ns1", "9.9.9.9", "9.9.9.9"), Probe("gone", "ns0", "172.18.0.2", "ns0"), Probe("ns0", "ns0", "172.18.0.2", "ns0")]
)
def test_a_probe_without_two_ends_in_the_lab_is_still_told(probe):
    picture = topology_picture(SEED, OPEN, [Outcome(probe, "no route")])
    assert f"{probe}  ↛ no route" in picture.text
    assert "↛ no route" in picture.dot


def test_a_matrix_is_counted_for_each_namespace():
    picture = topology_picture(THIRTY, OPEN, matrix(CLASSROOM, {("ns4", other) for other in CLASSROOM}))
    assert "841 of the last 870 probes answered." in picture.text
    assert "841 of the last 870 probes answered." in picture.dot
    assert picture.text.count("✕ reaches 0/29") == picture.dot.count("✕ reaches 0/29") == 1
    assert picture.text.count("✓ reaches 29/29") == picture.dot.count("✓ reaches 29/29") == 29
    assert picture.dot.count("◐ reached by 28/29") == 29
    assert "ns4 → ns0   ✕ blocked" in picture.text
    assert "… 9 more without an answer" in picture.text


def test_what_was_not_measured_is_no_failure():
    unmeasured = [ping(one, other, "not measured") for one in CLASSROOM[:5] for other in CLASSROOM[:5] if one != other]
    picture = topology_picture(THIRTY, OPEN, unmeasured)
    assert "? reaches 0/4, 4 not measured" in picture.dot
    assert "✕" not in picture.dot


def test_cables_wear_the_outcome_of_a_matrix():
    names = ["web0", "web1", "app0", "app1", "db0", "db1"]
    dot = topology_picture(THREE, OPEN, matrix(names, {("web0", other) for other in names})).dot
    assert sum("penwidth=2.4" in line and "style=dashed" in line for line in dot.splitlines()) == 1
    assert sum("penwidth=2.4" in line and "style=solid" in line for line in dot.splitlines()) == 5


def test_thirty_namespaces_stand_in_rows():
    dot = topology_picture(THIRTY, OPEN).dot
    assert "30 namespaces on docker1" in dot
    assert dot.count(" -> ") == 2  # the internet's cable, and one from the bridge to all its namespaces


def test_the_same_lab_is_the_same_picture():
    assert topology_picture(SEED, DOCKER, [ping("ns1", "ns0", "blocked")]) == topology_picture(
        msgspec.structs.replace(SEED), DOCKER, [ping("ns1", "ns0", "blocked")]
    )


def test_title_and_description_are_one_sentence():
    picture = topology_picture(SEED, CLOSED, [ping("ns1", "ns0", "blocked")])
    assert picture.title == "Topology of the lab"
    assert picture.description == (
        "A host with 1 bridge and 2 namespaces, connected to the internet; FORWARD policy DROP; 0 of the last 1 probes answered."
    )


def test_host_probes_and_servers_are_on_the_host():
    topology = msgspec.structs.replace(SEED, servers=(msgspec.structs.replace(SEED.servers[0], namespace=HOST),))
    picture = topology_picture(topology, OPEN, [ping(HOST, "ns0", "answered", 0.1)])
    assert "serves tcp 80 http" in picture.text
    assert "serves tcp 80 http" in picture.dot
    assert "host -> f0" in picture.dot


def test_few_probes_without_room_for_arrows_are_on_the_card_of_the_sender():
    dot = topology_picture(THIRTY, OPEN, [ping("ns4", "ns5", "blocked")]).dot
    card = dot[dot.index("<B>ns4</B>") : dot.index("<B>ns5</B>")]
    assert "→ ns5  ✕ blocked" in card
    assert dot.count("✕ blocked") == 1


def test_groups_too_many_for_one_row_have_no_crossing_cables():
    many = lab({f"br{bridge}": [f"n{bridge}x{place}" for place in range(3)] for bridge in range(12)})
    dot = topology_picture(many, OPEN).dot
    assert "3 namespaces on br11" in dot
    assert "penwidth=4" not in dot  # the look of such a cable, which one group has:
    assert "penwidth=4" in topology_picture(THIRTY, OPEN).dot
