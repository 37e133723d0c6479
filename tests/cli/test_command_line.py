"""`netlab-magic`: what it prints for people and programs, its exit statuses, and how it fails."""

import fcntl
import json
import signal
import subprocess
import sys
import termios
from typing import IO

import pexpect
import pytest
from support.command_line import COMMAND, environment, netlab, process
from support.waiting import until

HOST = """*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
-A FORWARD -i docker0 ! -o docker0 -j ACCEPT
COMMIT
*nat
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
default via 192.168.1.1 dev eth0
172.17.0.0/16 dev docker0 proto kernel scope link src 172.17.0.1
192.168.1.0/24 dev eth0 proto kernel scope link src 192.168.1.20
"""
REPLIES = "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
MENDED = HOST.replace("COMMIT\n*nat", f"{REPLIES}COMMIT\n*nat")
BY_CHANCE = MENDED.replace("-A FORWARD -o", "-A FORWARD -m statistic --mode random --probability 0.5 -j DROP\n-A FORWARD -o")


@pytest.fixture
def folder(tmp_path):
    for name, text in (("host.txt", HOST), ("mended.txt", MENDED), ("chance.txt", BY_CHANCE)):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_why_from_standard_input_says_what_where_and_what_would_change_it():
    ran = process("why", "172.17.0.2", "8.8.8.8", given=HOST)
    assert ran.returncode == 1
    assert ran.stdout.startswith("✕ 172.17.0.2 → 8.8.8.8: blocked\n")
    assert "the policy DROP of FORWARD drops the echo reply" in ran.stdout
    assert REPLIES.strip() in ran.stdout
    assert "net.ipv4.ip_forward=1" in ran.stderr, "what had to be assumed is said, beside the answer"
    assert "\033" not in ran.stdout, "no colour where no terminal is"


@pytest.mark.parametrize(("file", "status"), [("mended.txt", 0), ("host.txt", 1), ("chance.txt", 3)])
def test_the_status_says_answered_blocked_or_unknown(folder, file, status):
    ran = netlab("why", "172.17.0.2", "8.8.8.8", "--file", file, "--json", folder=folder)
    told = json.loads(ran.stdout)
    assert ran.returncode == status
    assert (told["answered"], told["verdict"]) == {0: (True, "answered"), 1: (False, "blocked"), 3: (None, "unknown")}[status]


def test_json_names_the_rule_that_decided(folder):
    rejecting = HOST.replace("-A FORWARD", "-A FORWARD -d 8.8.8.8/32 -j DROP\n-A FORWARD")
    told = json.loads(netlab("why", "172.17.0.2", "8.8.8.8:53/udp", "--json", given=rejecting).stdout)
    assert told["stopped_by"] == {
        "namespace": "host",
        "table": "filter",
        "chain": "FORWARD",
        "rule": 1,
        "policy": False,
        "text": "-A FORWARD -d 8.8.8.8/32 -j DROP",
        "packet": told["stopped_by"]["packet"],
    }
    assert (told["protocol"], told["port"], told["family"]) == ("udp", 53, "ipv4")
    assert told["remedies"][0]["commands"]
    assert told["loaded"]["assumptions"]
    assert all(step["sentence"] for step in told["path"])


def test_lines_that_were_not_understood_are_told():
    ran = netlab("show", "chains", given=f"{HOST}what a day\n")
    assert ran.returncode == 0
    assert "what a day" in ran.stderr
    assert json.loads(netlab("show", "topology", "--json", given=f"{HOST}what a day\n").stdout)["loaded"]["not_understood"]


def test_the_other_questions_answer_too(folder):
    matrix = netlab("matrix", "--file", "mended.txt", "--json", folder=folder)
    flows = {(one["source"], one["destination"]): one["answered"] for one in json.loads(matrix.stdout)["flows"]}
    assert flows["172.17.0.2", "internet"] is True
    assert flows["internet", "172.17.0.2"] is False
    assert matrix.returncode == 1
    assert "come in through docker0" in netlab("explain", "FORWARD", "1", "--file", "host.txt", folder=folder).stdout
    assert "MASQUERADE" in netlab("show", "rules", "POSTROUTING", "-f", "host.txt", folder=folder).stdout
    assert "default via 192.168.1.1 dev eth0" in netlab("show", "routes", "-f", "host.txt", folder=folder).stdout
    interfaces = json.loads(netlab("show", "topology", "-f", "host.txt", "--json", folder=folder).stdout)["namespaces"][0]["interfaces"]
    assert ["172.17.0.1/16"] in [one["addresses"] for one in interfaces]


def test_diff_ends_as_diff_does(folder):
    ran = netlab("diff", "host.txt", "mended.txt", folder=folder)
    assert ran.returncode == 1
    assert ran.stdout.startswith("host.txt → mended.txt\n")
    assert f"  {REPLIES.removeprefix('-A FORWARD ').strip()}" in ran.stdout
    assert netlab("diff", "host.txt", "-", folder=folder, given=HOST).returncode == 0
    told = json.loads(netlab("diff", "host.txt", "mended.txt", "--json", folder=folder).stdout)
    assert [rule["rule"] for chain in told["chains"] for rule in chain["added"]] == [2]


@pytest.mark.parametrize(("name", "start"), [("way.svg", b"<svg"), ("way.png", b"\x89PNG")])
def test_a_picture_is_drawn(folder, name, start):
    ran = netlab("why", "172.17.0.2", "8.8.8.8", "--file", "host.txt", "--picture", name, folder=folder)
    assert ran.returncode == 1, ran.stderr
    assert start in (folder / name).read_bytes()[:400]


@pytest.mark.parametrize(
    ("words", "given", "sentence"),
    [
        (["why", "172.17.0.2", "nowhere"], HOST, "netlab-magic: there is no namespace nowhere"),
        (["why", "172.17.0.2", "8.8.8.8:99999"], HOST, "netlab-magic: 99999 is not a port"),
        (["why", "172.17.0.2", "8.8.8.8"], "", "netlab-magic: standard input is empty: no dump was read"),
        (["why", "172.17.0.2", "8.8.8.8"], "what a day\n", "does not describe a host"),
        (["why", "172.17.0.2", "8.8.8.8", "--file", "nothing"], "", "netlab-magic: there is no file nothing"),
        (["why", "172.17.0.2"], "", "netlab-magic: the following arguments are required: DST[:PORT]; see netlab-magic why -h"),
        (["wyh"], "", "netlab-magic: argument SUBCOMMAND: invalid choice: 'wyh'"),
        (["show", "topology", "--picture", "x.bmp"], HOST, "netlab-magic: --picture writes .svg and .png, not .bmp"),
        (["show", "routes", "--picture", "x.svg"], HOST, "netlab-magic: there is no picture of this"),
    ],
)
def test_what_is_wrong_costs_a_sentence(words, given, sentence, tmp_path):
    ran = netlab(*words, given=given, folder=tmp_path)
    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr
    assert ran.stdout == ""


def test_a_wrong_word_has_a_caret_under_it():
    shown = netlab("why", "172.17.0.2", "nowhere", given=HOST).stderr.splitlines()
    assert shown[2].index("^") == shown[1].index("nowhere")


def test_the_language_is_the_environments_or_the_one_asked_for():
    assert "封包" in netlab("why", "172.17.0.2", "8.8.8.8", given=HOST, LANG="zh_TW.UTF-8").stdout
    assert "封包" in netlab("why", "172.17.0.2", "8.8.8.8", "--lang", "zh_TW", given=HOST).stdout
    assert "is blocked" in netlab("why", "172.17.0.2", "8.8.8.8", "--lang", "en", given=HOST, LANG="zh_TW.UTF-8").stdout
    assert "拓樸" in netlab("-h", LANG="zh_TW.UTF-8").stdout


def test_help_names_every_subcommand_with_an_example():
    top = netlab("--help").stdout
    for name in ("why", "matrix", "explain", "show", "diff", "test", "doctor", "completion"):
        assert f"\n    {name}" in top
        assert f"netlab-magic {name}" in netlab(name, "-h").stdout.rpartition("For example")[2]


def test_a_terminal_gets_colour_unless_it_does_not_want_any(folder):
    words = [*COMMAND[1:], "why", "172.17.0.2", "8.8.8.8", "--file", str(folder / "host.txt")]
    shown = {
        name: pexpect.run(" ".join([sys.executable, *words]), env=environment(TERM="xterm", **more), timeout=60).decode()
        for name, more in (("plain", {"NO_COLOR": "1"}), ("coloured", {}))
    }
    assert "\033[1m\033[31m✕ 172.17.0.2" in shown["coloured"]
    assert "\033" not in shown["plain"]


def test_the_version_is_told():
    assert process("--version").stdout.startswith("netlab-magic 0.")


def test_without_a_dump_a_terminal_is_not_waited_for():
    assert b"there is no dump to read" in pexpect.run(" ".join([*COMMAND, "matrix"]), env=environment(), timeout=60)


def test_a_reader_that_closes_early_is_no_error():
    with subprocess.Popen([*COMMAND, "completion", "zsh"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.close()
        assert running.stderr.read() == b""
    assert running.returncode == 141


def test_control_c_ends_it_without_a_word():
    with subprocess.Popen(
        [*COMMAND, "why", "a", "b", "--file", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    ) as running:
        assert running.stdin
        running.stdin.write(HOST.encode())
        running.stdin.flush()
        assert until(lambda: is_empty(running.stdin)), "it reads its standard input to the end"
        running.send_signal(signal.SIGINT)
        told = running.communicate()
    assert running.returncode == -signal.SIGINT
    assert told == (b"", b"")


def is_empty(pipe: IO[bytes]) -> bool:
    """Whether everything was read that was written into a pipe."""
    return not int.from_bytes(fcntl.ioctl(pipe.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)
