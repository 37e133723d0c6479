"""`load`: a host from its dumps, on any machine, by anybody; it is looked at, and nothing is written, sent or started."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netlab_magic import Lab, Verdict
from netlab_magic.errors import NetlabError, StatementError
from netlab_magic.session.load import LARGEST

DUMPS = Path(__file__).parents[1] / "data" / "dumps"
FILTER = "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD DROP [3:180]\n:OUTPUT ACCEPT [0:0]\n-A FORWARD -i docker0 ! -o docker0 -j ACCEPT\nCOMMIT\n"
MORE = FILTER.replace("COMMIT", "-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\nCOMMIT")
REFUSED = (
    *("bridge x", "ns a", "policy FORWARD ACCEPT", "forward -j DROP", "ping host 10.7.0.1", "$ ip link add x type dummy", "matrix"),
    *("reset", "undo", "up"),
    *("restore x", "docker install", "show conntrack", "enter", "expect host host ok", "attach host", "sysctl net.ipv4.ip_forward=1"),
)


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Lab:
    """A lab in an empty folder, on a machine on which no process can be started."""

    def never(*words: object, **more: object) -> None:
        raise AssertionError(f"a process was started: {words}")

    monkeypatch.setattr(subprocess, "Popen", never)
    monkeypatch.setattr(os, "posix_spawn", never)
    monkeypatch.chdir(tmp_path)
    return Lab()


def written(name: str, text: str | bytes) -> str:
    Path(name).write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def test_a_loaded_lab_shows_and_explains(lab: Lab):
    assert "0 namespaces, 1 bridge, 1 rule, FORWARD policy DROP" in str(lab.load(written("a.save", FILTER)))
    assert "bridge docker0" in str(lab.show("topology").text)
    assert "1        0     0 ACCEPT     0    --  docker0 !docker0" in str(lab.show("rules", "FORWARD"))
    assert "(policy DROP 3 packets, 180 bytes)" in str(lab.show("rules"))
    assert "-A FORWARD -i docker0 ! -o docker0 -j ACCEPT" in str(lab.show("save"))
    assert "default dev eth0" in str(lab.show("routes"))
    assert "ip link add docker0 type bridge" in str(lab.show("script"))
    assert "come in through docker0" in str(lab.explain("FORWARD", 1))
    assert "FORWARD" in lab.show("chains").text
    assert "FORWARD" in lab.show("way").text
    assert "Loaded from a.save" in str(lab.status())
    assert "has ended" in str(lab.down())
    assert not lab.is_up


SETS = """create bridges hash:net family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
add bridges 172.17.0.0/16
create others hash:ip family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x2
"""
LISTED = """Name: bridges
Type: hash:net
Revision: 7
Header: family inet hashsize 1024 maxelem 65536 bucketsize 12 initval 0x1
Size in memory: 504
References: 1
Number of entries: 1
Members:
172.17.0.0/16
"""


@pytest.mark.parametrize(("command", "sets"), [("save", SETS), ("list", LISTED)])
def test_rules_about_sets_are_judged_where_the_sets_are_loaded_too(lab: Lab, command: str, sets: str):
    rules = FILTER.replace("COMMIT", "-A FORWARD -m set --match-set bridges dst -j ACCEPT\nCOMMIT")
    lab.load(written("a.save", rules))
    assert "uses -m set --match-set bridges dst" in str(lab.why("192.168.1.77", "172.17.0.2:80"))
    lab.load(written("both", f"{rules}\n$ sudo ipset {command}\n{sets}"))
    assert "the SYN arrives" in str(lab.why("192.168.1.77", "172.17.0.2:80"))


def test_a_loop_of_chains_is_told_and_no_packet_runs_in_it(lab: Lab):
    loop = "*filter\n:FORWARD DROP [0:0]\n:A - [0:0]\n:B - [0:0]\n-A FORWARD -j A\n-A A -j B\n-A B -j A\nCOMMIT\n"
    assert "Chains of filter lead back to themselves (A → B → A)" in str(lab.load(text=loop))
    found = lab.run("why 10.0.0.5 172.17.0.2")
    assert found.outcome.verdict == "not measured"
    assert "rule 1 of B leads back to A in a loop of chains" in str(found)


def test_what_iptables_accepts_a_loaded_table_of_nft_may_drop(lab: Lab):
    routes = "default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 src 10.0.0.9\n172.17.0.0/16 dev docker0 src 172.17.0.1\n"
    dump = FILTER.replace("DROP", "ACCEPT") + "*nat\n-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE\nCOMMIT\n" + routes
    lab.load(text=dump)
    assert lab.why("172.17.0.2", "8.8.8.8").verdict == Verdict.ANSWERED
    lab.load(text=dump + "table inet fw {\n\tchain forward {\n\t\ttype filter hook forward priority filter; policy drop;\n\t}\n}\n")
    why = lab.why("172.17.0.2", "8.8.8.8")
    assert why.verdict == Verdict.BLOCKED
    assert "the policy DROP of chain forward in table inet fw drops the echo request" in " ".join(why.sentences)
    assert "type filter hook forward" in str(lab.show("nft"))


def test_the_next_load_takes_the_place_of_the_first_and_diff_compares(lab: Lab):
    lab.load(text=FILTER)
    lab.run("snapshot broken")
    lab.load(text=MORE)
    told = str(lab.diff())
    assert told.startswith("before the last change → now")
    assert "+       2  -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT" in told
    assert "+       2" in str(lab.diff("broken"))
    lab.run("snapshot repaired")
    assert "+       2" in str(lab.diff("broken", "repaired"))
    assert lab.snapshot("again")


def test_a_dump_is_pasted_into_a_cell(lab: Lab):
    expanded: list[str] = []
    cell = f"# a comment\nload - <<'END'\n{FILTER}\n# {{not expanded}}\nEND\nexplain FORWARD 1\nshow rules\n"
    result = lab.run(cell, expand=lambda line: expanded.append(line) or line)
    assert expanded == ["load - <<'END'", "explain FORWARD 1", "show rules"]
    assert "the pasted text" in str(result)
    assert "come in through docker0" in str(result)


@pytest.mark.parametrize(
    "cell",
    [
        FILTER,
        f"# Generated by iptables-save v1.8.9 on Mon\n{FILTER}# Completed on Mon\n",
        "-P FORWARD DROP\n-A FORWARD -i docker0 -j ACCEPT\n",
        "Chain FORWARD (policy DROP)\ntarget     prot opt source               destination\n",
        "default via 192.0.2.1 dev eth0\n",
        "2: eth0: <BROADCAST,UP> mtu 1500\n    inet 192.0.2.20/24 scope global eth0\n",
        '[{"ifname":"eth0","flags":["UP"],"addr_info":[]}]\n',
        "table inet fw {\n\tchain c {\n\t}\n}\n",
    ],
)
def test_a_dump_in_place_of_statements_is_told_how_it_is_loaded(lab: Lab, cell: str):
    with pytest.raises(StatementError, match="to load it, put the line load - <<END above it and the line END below it"):
        lab.run(cell)
    assert lab.run(f"load - <<END\n{cell}END")


def test_a_mistake_in_a_statement_is_no_dump(lab: Lab):
    with pytest.raises(StatementError, match="polic is not a statement"):
        lab.run(f"load - <<END\n{FILTER}END\npolic FORWARD DROP")


@pytest.mark.parametrize("line", REFUSED)
def test_what_would_write_or_send_is_refused_in_one_sentence(lab: Lab, line: str):
    lab.load(text=FILTER)
    before = str(lab.show("save"))
    with pytest.raises(StatementError, match="this lab was loaded from a file: nothing is changed and no packet is sent"):
        lab.run(line)
    with pytest.raises(StatementError, match="no listing of nft was loaded, so it is not known which tables it has"):
        lab.show("nft")
    with pytest.raises(StatementError, match="loaded from a file"):
        Lab().run(f"load - <<END\n{FILTER}END\n{line}")
    assert str(lab.show("save")) == before


def test_a_cell_with_a_mistake_behind_load_does_nothing(lab: Lab):
    with pytest.raises(StatementError, match="bridge"):
        lab.run(f"load - <<END\n{FILTER}END\nbridge")
    assert not lab.is_up


def test_the_engine_refuses_too(lab: Lab):
    lab.load(text=FILTER)
    engine = lab.engine
    assert not engine.ready.sends
    for attempt in (
        lambda: engine.apply(()),
        lambda: engine.restore(FILTER),
        lambda: engine.canonical(FILTER),
        lambda: engine.probe(()),
        lambda: engine.run("true", lambda *_: None),
    ):
        with pytest.raises(NetlabError, match="nothing is changed"):
            attempt()


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a.json", '[{"ifname": "eth0", "fla', "a.json, line 1: this JSON is cut off or broken"),
        ("a.txt", "hello", "a.txt, line 1: this does not describe a host (hello)"),
        ("a.bin", b"\x7fELF\n\0\1", "a.bin, line 2: this is not text"),
        ("a.txt", "", "a.txt is empty"),
    ],
)
def test_a_bad_file_is_one_sentence_with_its_name_and_line(lab: Lab, name: str, content: str | bytes, sentence: str):
    written(name, content)
    written("good.save", FILTER)
    for line in (f"load {name}", f"load good.save {name}"):
        with pytest.raises(StatementError) as caught:
            lab.run(line)
        assert sentence in caught.value.message
        assert str(caught.value).endswith(" " * (line.index(name) + 10) + "^" * len(name))
        assert not lab.is_up


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("load good.sav", "there is no file good.sav; did you mean good.save?"),
        ("load nowhere/x.save", "there is no file nowhere/x.save"),
        ("load folder", "folder is a folder; load needs files"),
        ("load /dev/zero", "/dev/zero is not a file that can be read to its end"),
        ("load huge", f"huge is larger than {LARGEST >> 20} MB"),
        ("load", "file is missing"),
        ("load -", "- stands for a text in the next lines: write load - <<END"),
        ("load - good.save <<END\nEND", "- stands for a text in the next lines"),
        ("load good.save <<END\nEND", "a text in the next lines needs - in the place of a file"),
        ("load - <<END\n*filter", "this text has no end: a line that is END alone is missing"),
        ("load - <<END\nEND", "the pasted text is empty"),
        ("load 'a\0b'", "is not a valid file name"),
        ("load ~nobodyatall/x", "~nobodyatall/x cannot be read"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(lab: Lab, line: str, sentence: str):
    written("good.save", FILTER)
    Path("folder").mkdir()
    with Path("huge").open("wb") as huge:
        huge.truncate(LARGEST + 1)
    with pytest.raises(StatementError) as caught:
        lab.run(line)
    assert sentence in caught.value.message


@pytest.mark.kernel
def test_a_file_that_one_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """In a user namespace without maps, where even root is nobody."""
    monkeypatch.chdir(tmp_path)
    Path(written("secret", FILTER)).chmod(0)
    code = "from netlab_magic import Lab; Lab().load('secret')"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        ["unshare", "-U", sys.executable, "-W", "ignore", "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert "secret cannot be read: Permission denied" in done.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_texts_as_other_systems_write_them(lab: Lab, encoding: str):
    text = FILTER.replace("-j ACCEPT", '-m comment --comment "für alle" -j ACCEPT').replace("\n", "\r\n")
    lab.load(written("a.save", text.encode(encoding)))
    assert '--comment "für alle"' in str(lab.show("save"))


def test_a_live_lab_is_not_thrown_away(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    with Lab() as live:
        live.up()
        with pytest.raises(StatementError, match="the lab is up; look from another one: %netlab --lab look load x"):
            live.load("x")


def test_both_families(lab: Lab):
    six = "# Generated by ip6tables-save v1.8.9 on Mon\n" + FILTER
    told = str(lab.load(text=FILTER + six))
    assert "1 rule, FORWARD policy DROP; ip6tables: 1 rule, FORWARD policy DROP" in told
    assert str(lab.show("save", six=True)) == str(lab.show("save"))


def test_of_a_host_whose_ip6tables_rules_alone_are_known_those_are_shown(lab: Lab):
    told = str(lab.load(text="# Generated by ip6tables-save v1.8.9 on Mon\n" + FILTER))
    assert "1 bridge; ip6tables: 1 rule" in told
    assert str(lab.show("save")) == str(lab.show("save", six=True)) != ""


DUAL = """*nat
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
COMMIT
*filter
:FORWARD DROP [0:0]
-A FORWARD -i docker0 -j ACCEPT
-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
{}
3: docker0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
    inet 172.17.0.1/16 scope global docker0
    inet6 fd17::1/64 scope global
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500
    inet 10.0.0.2/24 scope global eth0
    inet6 2001:db8:9::2/64 scope global
default via 10.0.0.1 dev eth0
default via fe80::1 dev eth0
"""
DUAL_RULES6 = "# Generated by ip6tables-save v1.8.9\n*filter\n:FORWARD ACCEPT [0:0]\n-A FORWARD -i docker0 -o eth0 -j DROP\nCOMMIT"


def test_a_host_with_both_dumps_answers_for_both_families(lab: Lab):
    lab.load(text=DUAL.format(DUAL_RULES6))
    found = lab.matrix(predict=True)
    assert {(*pair, family) for family, pairs in found.by_family.items() for pair, measured in pairs.items() if not measured} == {
        ("fd17::2", "internet", "ipv6"),
        ("internet", "fd17::2", "ipv6"),  # the reply leaves as the request of the other way does
        ("internet", "172.17.0.2", "ipv4"),
    }
    assert not lab.why("fd17::5", "2001:4860:4860::8888")
    assert not lab.why("fd17::5", "internet", six=True)
    assert lab.why("172.17.0.5", "internet")
    assert "✓ FORWARD ACCEPT (IPv6)" in str(lab.show("topology"))


def test_nothing_is_said_of_ip6tables_rules_that_were_not_loaded(lab: Lab):
    told = str(lab.load(text=DUAL.format("")))
    assert "ip6tables" not in told
    assert "(IPv6)" not in str(lab.show("topology"))
    for what in ("rules", "chains", "save"):
        with pytest.raises(StatementError, match="no rules of ip6tables were loaded"):
            lab.show(what, six=True)
    assert lab.why("fd17::5", "2001:4860:4860::8888").unknown


def test_the_hosts_address_is_the_first_of_a_network_where_only_routes_were_loaded(lab: Lab):
    rules = "# Generated by ip6tables-save v1.8.9\n*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n"
    routes = "fd01::/64 dev br0 proto kernel metric 256\ndefault via fe80::1 dev eth0\nnet.ipv6.conf.all.forwarding = 0\n"
    told = str(lab.load(text=rules + routes))
    assert "fd01::1 is assumed to be the host's address on br0, which has the network fd01::/64." in told
    why = str(lab.why("fd01::2", "2001:4860:4860::8888"))
    assert "does not forward packets (its net.ipv6.conf.all.forwarding is 0)" in why


@pytest.mark.long("large inputs")
def test_large_dumps_take_seconds(lab: Lab):
    spec = "-s 10.{}.{}.9/32 -i docker0 -p tcp -m tcp --dport {} -j ACCEPT"
    rules = "".join(f"-A FORWARD {spec.format(i >> 8 & 255, i & 255, i + 1)}\n" for i in range(20_000))
    started = os.times().user
    lab.load(text=FILTER.replace("COMMIT", f"{rules}COMMIT"))
    lab.show("topology")
    lab.explain("FORWARD", 15_000)
    assert os.times().user - started < 20  # measured: 2 s


def test_nothing_is_written_and_nothing_is_started(tmp_path: Path):
    """In a process of its own, whose every opened file, socket and process the interpreter reports."""
    script = """
import sys
from pathlib import Path
from netlab_magic import Lab, Verdict
from netlab_magic.engines.dump.engine import LoadedEngine
Lab().doctor  # everything is imported now
import netlab_magic.jupyter.panel
done = []
EFFECTS = "subprocess.Popen os.exec os.fork os.posix_spawn os.system socket.__new__ os.mkdir os.remove os.rename os.chmod".split()
def hook(event, arguments):
    if event in EFFECTS:
        done.append((event, arguments))
    if event == "open" and (arguments[2] or 0) & 0o103:
        done.append((event, arguments))
sys.addaudithook(hook)
lab = Lab()
for path in sys.argv[1:]:
    lab.load(path)
    lab.run("show rules\\nshow save\\nshow routes\\nshow script\\nexplain INPUT\\nsnapshot a\\nstatus")
    str(lab.show("topology")), str(lab.show("chains")), str(lab.show("way"))
    lab.diff("a")
lab.down()
print(done)
"""
    paths = [str(path) for path in sorted(DUMPS.glob("*.save"))]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1"}
    before = sorted(tmp_path.iterdir())
    words = [sys.executable, "-c", script, *paths]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "[]\n", done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_neither_kernel_libraries_nor_processes_are_needed():
    modules = "netlab_magic.engines.dump.engine, netlab_magic.forwarding.any_address"
    code = f"import {modules}, sys; print({{'iptc', 'subprocess'}} & {{*sys.modules}})"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_files_are_completed(lab: Lab):
    from netlab_magic.jupyter.completion import Completer

    written("a.save", FILTER)
    Path("dumps").mkdir()
    written("dumps/b.json", json.dumps([]))
    written(".hidden", "")
    completer = Completer(lambda: None)
    assert sorted(completer.words(["load"])) == ["a.save", "dumps/"]
    assert list(completer.words(["load", "a.save"], "dumps/")) == ["dumps/b.json"]
    assert list(completer.words(["load"], "nowhere/")) == []
    assert not lab.is_up
