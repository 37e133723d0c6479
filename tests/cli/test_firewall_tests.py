"""`netlab-magic test`: a dump against expectations, as in somebody's continuous integration."""

import json
from xml.etree import ElementTree

import pytest
from support.command_line import netlab

RULES = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -p tcp -m tcp --dport 22 -j DROP
-A FORWARD -p tcp -m tcp --dport 8080 -m statistic --mode random --probability 0.5 -j DROP
-A FORWARD -i eth0 -o docker0 -p tcp -j ACCEPT
-A FORWARD -i docker0 -o eth0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
default via 192.0.2.1 dev eth0
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.20
"""
MET = """# the web server is public, its shell is not
192.0.2.9 172.17.0.2:80 ok       # over TCP
192.0.2.9 172.17.0.2:22 blocked

192.0.2.9 172.17.0.2:53/udp blocked
"""
FAILED = "192.0.2.9 172.17.0.2:22 ok\n192.0.2.9 172.17.0.2:443 blocked\n"
UNKNOWN = "192.0.2.9 172.17.0.2:8080 ok\n192.0.2.9 172.17.0.2:8080 blocked\n"


@pytest.fixture
def folder(tmp_path):
    for name, text in (("rules", RULES), ("met", MET), ("failed", FAILED), ("unknown", UNKNOWN)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_what_is_met_is_ok(folder):
    ran = netlab("test", "rules", "met", folder=folder)
    assert ran.returncode == 0
    assert ran.stdout.splitlines()[0] == "✓ 192.0.2.9 172.17.0.2:80 ok"
    assert ran.stdout.endswith("Expectations: 3. Met: 3. Not met: 0. Unknown: 0.\n")


def test_a_failure_names_packet_and_rule(folder):
    ran = netlab("test", "rules", "failed", folder=folder)
    assert ran.returncode == 1
    assert "failed, line 1" in ran.stdout
    assert "host, FORWARD rule 1: -A FORWARD -p tcp -m tcp --dport 22 -j DROP" in ran.stdout
    assert "host, FORWARD rule 3: -A FORWARD -i eth0 -o docker0 -p tcp -j ACCEPT" in ran.stdout, "of what passed, the rule that let it"
    assert "192.0.2.9:" in ran.stdout, "the packet"


def test_unknown_is_a_failure_of_its_own_whatever_was_expected(folder):
    ran = netlab("test", "rules", "unknown", folder=folder)
    assert ran.returncode == 3
    assert ran.stdout.count("\n? ") + ran.stdout.startswith("? ") == 2
    assert "statistic" in ran.stdout
    assert netlab("test", "rules", "met", "failed", "unknown", folder=folder).returncode == 1


def test_several_files_are_reported_as_tap_and_junit(folder):
    ran = netlab("test", "rules", "met", "failed", "unknown", "--tap", "--junit", "report.xml", folder=folder)
    lines = ran.stdout.splitlines()
    assert lines[:2] == ["TAP version 14", "1..7"]
    assert [line.split(" - ")[0] for line in lines if line.startswith(("ok", "not ok"))] == [
        *(f"ok {number}" for number in (1, 2, 3)),
        *(f"not ok {number}" for number in (4, 5, 6, 7)),
    ]
    root = ElementTree.fromstring((folder / "report.xml").read_text())  # noqa: S314  # our own
    assert root.attrib == {"tests": "7", "failures": "2", "errors": "2"}
    assert [suite.get("name") for suite in root] == ["met", "failed", "unknown"]
    assert "--dport 22 -j DROP" in (root.findtext(".//failure") or "")


def test_json_has_a_field_for_each(folder):
    told = json.loads(netlab("test", "rules", "failed", "--json", folder=folder).stdout)
    assert (told["met"], told["failed"], told["unknown"]) == (0, 2, 0)
    assert [one["decided_by"]["rule"] for one in told["tests"]] == [1, 3]
    assert [(one["file"], one["line"], one["result"]) for one in told["tests"]] == [("failed", 1, "failed"), ("failed", 2, "failed")]


def test_the_dump_may_come_from_standard_input_and_from_several_files(folder):
    assert netlab("test", "-", "met", folder=folder, given=RULES).returncode == 0
    filters, _, addresses = RULES.partition("COMMIT\n")
    (folder / "filters").write_text(f"{filters}COMMIT\n")
    (folder / "routes").write_text(addresses)
    assert netlab("test", "filters", "met", "--file", "routes", folder=folder).returncode == 0


@pytest.mark.parametrize(
    ("text", "word", "sentence"),
    [
        ("192.0.2.9 172.17.0.2:80 yes", "yes", "yes is not an outcome"),
        ("  192.0.2.9   172.17.0.2:http ok", "172.17.0.2:http", "http is not a port"),
        ("192.0.2.9 nowhere ok", "nowhere", "there is no namespace nowhere"),
        ("ok", "", "source is missing: SRC DST"),
        ("# nothing", "", "has no expectations"),
    ],
)
def test_a_mistake_is_shown_at_its_word(folder, text, word, sentence):
    (folder / "wrong").write_text(f"\n{text}\n")
    ran = netlab("test", "rules", "wrong", folder=folder)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert sentence in ran.stderr
    assert "wrong" in ran.stderr
    if word:
        _, source, caret = ran.stderr.splitlines()
        assert source.startswith("  line 2: ")
        assert (caret.index("^"), caret.count("^")) == (source.index(word), len(word))
