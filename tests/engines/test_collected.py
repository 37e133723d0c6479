"""What `collect` wrote, taken apart: namespaces, their names, their links, and which rules count. No kernel is needed."""

import pytest
from support.collected_host import FILTER, HOST_PARTS, ran, whole
from support.command_line import netlab

from netlab_magic import Lab, StatementError, Verdict
from netlab_magic.engines.dump.collected.parts import Part, is_collected, places_in
from netlab_magic.engines.dump.collected.rules import rule_parts, unread_frameworks
from netlab_magic.engines.dump.collected.veth_pairs import FarEnd, far_ends, pairs
from netlab_magic.model.topology import End


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Lab()


def test_containers_have_their_names_and_their_cables(lab: Lab):
    lab.load(text=whole())
    assert list(lab.look().topology.namespaces) == ["host", "web", "db"]
    assert set(lab.look().topology.links()) == {(End("host", "vethweb"), End("web", "eth0")), (End("host", "vethdb"), End("db", "eth0"))}
    assert lab.why("web", "db").verdict == Verdict.ANSWERED
    assert lab.why("web", "db:5432").verdict == Verdict.REFUSED, "nothing listens there"
    assert not lab.status().assumptions
    told = str(lab.status())
    assert "Its namespaces: web, db." in told
    assert "not running, and so have no network: old." in told
    assert lab.why("5e5e5e5e5e5e", "db").verdict == Verdict.ANSWERED, "the beginning of an ID is a name too"
    assert lab.why("agent", "db").verdict == Verdict.ANSWERED, "a container in the host's network is the host"
    with pytest.raises(StatementError, match="the container old is not running"):
        lab.why("web", "old")


def test_of_two_variants_the_one_that_decides_is_read_and_the_other_is_not_forgotten():
    legacy, nft = ran("iptables-legacy-save -c", FILTER), ran("iptables-nft-save -c", FILTER)
    empty = ran("iptables-nft-save -c", "*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT")

    def of(*parts: str) -> tuple[list[str], list[str]]:
        (place,), _ = places_in("@@ netlab 1\n@@ ns net:[1] host\n" + "".join(parts))
        return [part.command for part in rule_parts(place)], list(unread_frameworks(place))

    listed = ran("nft list ruleset", "")
    assert of("@@ legacy ip\n", legacy, empty, listed) == (["iptables-legacy-save -c", "nft list ruleset"], [])
    assert of(nft, listed) == (["iptables-nft-save -c", "nft list ruleset"], [])
    assert of("@@ legacy ip\n", legacy, nft, listed) == (["iptables-legacy-save -c", "nft list ruleset"], [])
    assert of("@@ legacy ip\n", "@@ missing iptables-legacy-save\n", nft, listed)[1] == ["legacy"]
    assert of(nft, "@@ missing nft\n")[1] == ["nftables"]
    assert of("@@ legacy ip\n", legacy, nft, "@@ missing nft\n")[1] == ["nftables", "nft"]
    assert of("@@ without nf_tables\n") == ([], [])
    assert of(ran("nft list ruleset", "", 124))[1] == ["nftables"], "it was not finished"


def test_what_could_not_be_read_leaves_the_answer_open(lab: Lab):
    without_nft = HOST_PARTS.replace(ran("nft list ruleset", ""), "@@ missing nft\n")
    lab.load(text=whole(without_nft))
    asked = lab.why("web", "db")
    assert asked.verdict == Verdict.NOT_MEASURED
    assert "nftables" in asked.unknown


def test_a_host_without_any_tables_lets_pass_and_that_is_known(lab: Lab):
    none = HOST_PARTS.replace(FILTER, "")
    lab.load(text=whole(none))
    assert lab.why("web", "db").verdict == Verdict.ANSWERED
    assert "ACCEPT" in str(lab.show("rules"))


def test_without_br_netfilter_no_frame_passes_iptables(lab: Lab):
    dropping = HOST_PARTS.replace("-A FORWARD -i docker0 -o docker0 -j ACCEPT\n", "")
    lab.load(text=whole(dropping))
    assert lab.why("web", "db").verdict == Verdict.BLOCKED
    lab.load(text=whole(dropping.replace("net/bridge/bridge-nf-call-iptables = 1", "")))
    assert lab.why("web", "db").verdict == Verdict.ANSWERED


def test_a_file_that_was_cut_off_says_so(lab: Lab):
    text = whole()
    told = lab.load(text=text[: text.index("@@ containers")])
    assert "ends before the script did" in told.not_understood[-1]
    with pytest.raises(StatementError, match="holds nothing of the host"):
        lab.load(text="@@ netlab 1 6.1.0\n")


def test_it_is_loaded_alone(lab: Lab, tmp_path):
    (tmp_path / "netlab.txt").write_text(whole())
    (tmp_path / "more.txt").write_text(FILTER)
    with pytest.raises(StatementError, match="holds a whole host: load it alone"):
        lab.load("netlab.txt", "more.txt")


def test_only_what_collect_wrote_is_taken_for_it():
    assert is_collected(whole())
    assert not is_collected(FILTER)
    assert not is_collected(" @@ netlab 1")


class TestCables:
    """The two ends of a veth pair know each other's index; that is enough where only one end can be meant."""

    def test_indices_that_repeat_in_containers_are_no_obstacle(self):
        ends = {
            "host": {"v1": FarEnd(5, 2, 0), "v2": FarEnd(6, 2, 1)},
            "a": {"eth0": FarEnd(2, 5, 0)},
            "b": {"eth0": FarEnd(2, 6, 0)},
        }
        assert pairs(ends)[End("host", "v1")] == End("a", "eth0")
        assert pairs(ends)[End("b", "eth0")] == End("host", "v2")

    def test_a_cable_that_is_certain_tells_which_namespace_a_number_means(self):
        ends = {
            "host": {"v1": FarEnd(5, 2, 0), "x": FarEnd(9, 3, 0)},
            "a": {"eth0": FarEnd(2, 5, 0), "eth1": FarEnd(3, 9, 0)},
            "b": {"eth1": FarEnd(3, 9, 4)},
        }
        assert pairs(ends)[End("host", "x")] == End("a", "eth1")

    def test_what_stays_doubtful_is_not_joined(self):
        ends = {"host": {"v1": FarEnd(5, 2, 0)}, "a": {"eth0": FarEnd(2, 5, 0)}, "b": {"eth0": FarEnd(2, 5, 0)}}
        found = pairs(ends)
        assert End("host", "v1") not in found


    def test_one_end_that_tells_is_enough_where_no_other_can_be_meant(self):
        ends = {"host": {"v1": FarEnd(5, -1, -1), "v2": FarEnd(6, -1, -1)}, "a": {"eth0": FarEnd(2, 5, -1)}}
        assert pairs(ends) == {End("host", "v1"): End("a", "eth0"), End("a", "eth0"): End("host", "v1")}

    def test_the_text_for_people_says_the_same_and_busybox_less(self):
        head, tail = "5: v1@if2: <UP> mtu 1500 master br0", "    link/ether 02:00:00:00:00:01 brd ff:ff:ff:ff:ff:ff"
        lo = "1: lo: <LOOPBACK,UP> mtu 65536"
        for ending, number in ((f"{tail} link-netnsid 3", 3), (tail, -1)):
            part = Part("ip -d addr", 1, [lo, "    link/loopback", head, ending, ""])
            assert far_ends(part) == {"v1": FarEnd(5, 2, number)}
        port, on_top = "5: v1@br0: <UP> mtu 1500 master br0 qlen 9", "6: eth0.5@eth0: <UP> mtu 1500"
        assert far_ends(Part("ip addr", 1, [port, tail, on_top, tail])) == {"v1": FarEnd(5, -1, -1)}


def test_the_command_line_reads_it_from_a_pipe():
    assert netlab("why", "web", "db", given=whole()).returncode == 0
    assert netlab("why", "web", "db:5432", given=whole()).returncode == 1
