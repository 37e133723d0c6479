"""`capture` in a simulated lab: what it reads, what it keeps, and how it is told; tests/kernel/ compares it with the kernel."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import SEED

from netlab_magic import Lab, NetlabError
from netlab_magic.language.parser import parse
from netlab_magic.model.topology import End
from netlab_magic.session.results.base import CellResult
from netlab_magic.session.results.capture import Captured

FOUR_PLACES = """
capture eth0 in ns1 icmp
capture docker1 icmp
capture eth0 icmp
capture eth0 in internet icmp
"""


@pytest.fixture
def simulated() -> Iterator[Lab]:
    """The lab of the tutorial, simulated."""
    with Lab(engine="simulated") as made:
        made.run(SEED)
        yield made


def captured(lab: Lab, cell: str) -> Captured:
    """What a cell captured."""
    result = lab.run(cell)
    assert isinstance(result, CellResult)
    found = result[-1]
    assert isinstance(found, Captured)
    return found


def flows(found: Captured) -> list[str]:
    """Each packet's way: the addresses at each place."""
    told = []
    for packet in found.packets:
        seen = [(one.at.namespace, one.header.packet) for one in packet.sightings]
        told.append(" | ".join(f"{at} {headers.source} > {headers.destination}" for at, headers in seen if headers))
    return told


def test_one_packet_at_four_places_before_and_after_nat(simulated):
    found = captured(simulated, FOUR_PLACES + "ping ns1 internet")
    assert flows(found) == [
        "ns1 172.18.0.3 > 8.8.8.8 | host 172.18.0.3 > 8.8.8.8 | host 203.0.113.2 > 8.8.8.8 | internet 203.0.113.2 > 8.8.8.8",
        "internet 8.8.8.8 > 203.0.113.2 | host 8.8.8.8 > 203.0.113.2 | host 8.8.8.8 > 172.18.0.3 | ns1 8.8.8.8 > 172.18.0.3",
    ]
    ttls = [one.header.packet.ttl for one in found.packets[0].sightings if one.header.packet]
    assert ttls == [64, 64, 63, 63]
    text = str(found)
    assert "2 packets, seen 8 times (simulated)" in text
    assert "●───────────►●───────────►●────────────►●" in text
    assert "●◄───────────●◄───────────●◄────────────●" in text
    assert "at host:eth0 the source is 203.0.113.2" in text


def test_a_dropped_packet_ends_where_it_was_seen_last(simulated):
    simulated.run("policy FORWARD DROP")
    found = captured(simulated, FOUR_PLACES + "ping ns1 internet")
    assert {str(packet.last.at) for packet in found.packets} == {"host:docker1"}
    assert len(found.packets) == 2, "a probe without an answer is sent twice"


def test_a_bridge_shows_nothing_of_what_it_passes_from_port_to_port(simulated):
    found = captured(simulated, "capture docker1 icmp\ncapture veth-ns0 icmp\nping ns1 ns0")
    assert [[(str(one.at), one.outgoing) for one in packet.sightings] for packet in found.packets] == [
        [("host:veth-ns0", True)],
        [("host:veth-ns0", False)],
    ]
    assert "host:docker1 is a bridge" in str(found)
    assert not captured(simulated, "capture docker1 icmp\nping ns1 host").silent_bridges


def test_arp_comes_before_the_first_packet_and_not_before_the_second(simulated):
    first, second = (captured(simulated, "capture eth0 in ns1\nping ns1 ns0").packets for _ in range(2))
    assert [packet.first.header.arp is not None for packet in first] == [True, True, False, False]
    assert [packet.first.header.arp is not None for packet in second] == [False, False]


def test_nobody_answers_a_question_for_an_address_that_nobody_has(simulated):
    found = captured(simulated, "capture eth0 in ns1 arp\nping ns1 172.18.0.99")
    assert [(one.header.arp.is_request, one.header.arp.target) for one in found.sightings if one.header.arp] == [(True, "172.18.0.99")]


def test_the_first_packets_only(simulated):
    assert len(captured(simulated, "capture eth0 in ns1 3 icmp\nping ns1 ns0\nping ns1 ns0").packets) == 3


def test_a_connection_with_its_numbers(simulated):
    simulated.run("serve ns0 80")
    found = captured(simulated, "capture eth0 in ns0 tcp port 80\ntcp ns1 ns0:80")
    flags = ["/".join(sorted(one.header.packet.flags)) for one in found.sightings if one.header.packet]
    assert flags == ["SYN", "ACK/SYN", "ACK", "ACK/FIN", "ACK/FIN", "ACK"]


def test_a_capture_ends_with_its_cell(simulated):
    found = captured(simulated, "capture docker1 icmp\nping ns1 internet")
    simulated.run("ping ns1 internet")
    assert captured(simulated, "ping ns1 internet\ncapture docker1").packets == ()
    assert len(found.packets) == 2


def test_a_cell_that_fails_shows_what_was_captured(simulated):
    with pytest.raises(NetlabError):
        simulated.run("capture eth0 in ns1 icmp\nexpect ns1 ns0 blocked")
    found = simulated.partial[-1]
    assert isinstance(found, Captured)
    assert len(found.packets) == 2


def test_nothing_captured_says_how_it_is_meant(simulated):
    found = simulated.run("capture docker1")
    assert not found
    assert "send the packets below it, in the same cell" in str(found)


def test_a_dry_run_captures_nothing(simulated):
    assert "would be captured" in str(simulated.run("capture docker1", dry_run=True))


def test_in_chinese(simulated):
    simulated.language = "zh_TW"
    text = str(captured(simulated, FOUR_PLACES + "ping ns1 internet"))
    assert "ICMP echo 請求" in text
    assert "來源是" in text


def test_names_in_html_are_escaped_and_the_ladder_is_drawn(simulated):
    found = captured(simulated, FOUR_PLACES + "ping ns1 internet")
    html = str(found.html())
    assert "<details><summary>every packet at every place</summary>" in html
    assert found.picture.dot.count("->") >= 6


class TestTheFile:
    def test_it_is_one_that_tcpdump_reads(self, simulated, tmp_path: Path):
        if shutil.which("tcpdump") is None:
            pytest.skip("needs tcpdump")
        file = tmp_path / "ping.pcap"
        simulated.run("serve ns0 80")
        found = captured(simulated, f"capture eth0 in ns1 > {file}\nping ns1 internet\ntcp ns1 ns0:80")
        assert f"frames are in {file}" in str(found)
        read = subprocess.run(["tcpdump", "-vvnr", file], capture_output=True, text=True, check=True).stdout
        assert "bad" not in read and "wrong" not in read, read  # noqa: PT018 - checksums
        assert "172.18.0.3 > 8.8.8.8: ICMP echo request" in read
        assert "172.18.0.3.40000 > 172.18.0.2.80: Flags [S]" in read
        assert len(read.splitlines()) >= len(found.packets)

    def test_one_that_cannot_be_written(self, simulated, tmp_path: Path):
        with pytest.raises(NetlabError, match="cannot be written: No such file or directory"):
            simulated.run(f"capture docker1 > {tmp_path}/none/x.pcap\nping ns1 ns0")

    def test_nothing_is_written_unasked(self, simulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.chdir(tmp_path)
        captured(simulated, "capture docker1\nping ns1 ns0")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        ("icmp", 4),
        ("arp", 4),
        ("not arp", 4),
        ("ip and not icmp", 0),
        ("host 172.18.0.2", 4),
        ("arp or icmp and host 8.8.8.8", 2),  # from the left: (arp or icmp) and host
        ("arp or (icmp and host 8.8.8.8)", 6),
        ("src host 172.18.0.3 and icmp", 2),
        ("dst 8.8.8.8 or 172.18.0.2", 3),
        ("src net 8.0.0.0/8", 1),
        ("icmp or tcp dst port 80", 4),
        ("! ip", 4),
    ],
)
def test_a_filter_keeps(simulated, filters: str, kept: int):
    assert len(captured(simulated, f"capture eth0 in ns1 {filters}\nping ns1 ns0\nping ns1 internet").packets) == kept


MISTAKES = [
    ("capture", "device is missing", ""),
    ("capture docker1 icmpp", "icmpp is not a condition; did you mean icmp?", "icmpp"),
    ("capture docker1 tcp[13] = 2", "for all that tcpdump knows: $ tcpdump", "tcp[13]"),
    ("capture docker1 icmp tcp", "and or or is missing before tcp", "tcp"),
    ("capture docker1 (icmp", "this parenthesis is not closed", "("),
    ("capture docker1 icmp)", "this parenthesis was not opened", ")"),
    ("capture docker1 port http", "http is not a port", "http"),
    ("capture docker1 port 99999", "is not a port", "99999"),
    ("capture docker1 icmp port 3", "icmp has no ports", "3"),
    ("capture docker1 host 10.0.0.0/8", "for a network, write net before it", "10.0.0.0/8"),
    ("capture docker1 net 10.0.0.1/8", "is not a network", "10.0.0.1/8"),
    ("capture docker1 icmp and", "the filter ends where", ""),
    ("capture docker1 >", "a name for the capture file is missing", ""),
    ("capture docker1 > a.pcap b", "b is one word too many", "b"),
    ("capture docker2", "the host has no device docker2; did you mean docker1?", "docker2"),
    ("capture eth9 in ns1", "ns1 has no device eth9; did you mean eth0?", "eth9"),
    ("capture eth0 in ns9", "there is no namespace ns9", "ns9"),
    ("capture docker1 icmp\ncapture docker1 arp", "this cell captures at host:docker1 already; join two filters with or", "docker1"),
]


@pytest.mark.parametrize(("cell", "sentence", "word"), MISTAKES)
def test_a_mistake_is_one_sentence_with_its_place(simulated, cell: str, sentence: str, word: str):
    with pytest.raises(NetlabError) as caught:
        simulated.run(f"{cell}\nping ns1 ns0")
    assert sentence in caught.value.message
    if word:
        place = caught.value.place
        assert place is not None
        assert place.source[place.column : place.column + place.width] == word
    assert simulated.partial == [], "nothing has happened"


def test_places_and_words_are_read():
    (statement,) = parse("capture eth0 in ns1 10 'tcp port 80' > web.pcap")
    assert (statement.device, statement.namespace, statement.count, statement.file) == ("eth0", "ns1", 10, "web.pcap")
    assert End("ns1", "eth0") == End(statement.namespace, statement.device)
