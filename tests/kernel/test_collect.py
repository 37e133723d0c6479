"""`collect`: run in a lab by several shells, its file is loaded, and the lab's own model and the loaded host agree."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from support.labs import SEED, THREE_RULES
from support.requirements import required

from netlab_magic import Lab, Verdict
from netlab_magic.engines import collect

pytestmark = pytest.mark.kernel

SCRIPT = Path(collect.__file__).with_name("collect.sh")
MORE = """
bridge docker1 fd18::1/64
ns ns0 172.18.0.2/16 fd18::2/64 on docker1
ns ns1 172.18.0.3/16 fd18::3/64 on docker1
serve ns0 80
serve ns0 8081
sysctl net.ipv6.conf.all.forwarding=1
policy FORWARD DROP
policy -6 FORWARD DROP
$ ip -n ns1 rule add to 9.9.9.9 lookup 77
$ ip -n ns1 route add blackhole 9.9.9.9 table 77
$ nft add table inet fw
$ nft 'add chain inet fw in { type filter hook input priority 5; }'
$ nft add rule inet fw in tcp dport 8080 drop
$ ip netns exec ns0 nft add table ip own
$ ip netns exec ns0 nft 'add chain ip own in { type filter hook input priority 0; }'
$ ip netns exec ns0 nft add rule ip own in tcp dport 8081 drop
"""
QUESTIONS = (
    *("ns1 ns0", "ns1 ns0 -6", "ns1 8.8.8.8", "8.8.8.8 ns1", "8.8.8.8 ns0:80", "ns1 ns0:80", "ns1 ns0:81", "ns1 ns0:8081"),
    *("ns1 9.9.9.9", "ns1 host:8080", "ns1 host:22", "host ns0:80", "ns0 host -6"),
)


def collected(lab: Lab, shell: str, folder: Path) -> str:
    """The file that the script makes on the lab's host."""
    name = str(folder / f"{shell.replace(' ', '-').replace('/', '-')}.txt")
    lab.run(f"$ {shell} {SCRIPT} > {name}")
    return name


def parts(name: str) -> list[str]:
    """What was run, without what differs from run to run."""
    return [line for line in Path(name).read_text().splitlines() if line.startswith("@@ ") and not line.startswith(("@@ process", "@@ ns"))]


def verdicts(lab: Lab) -> Mapping[str, Verdict]:
    return {question: lab.ask("why", *question.split()).verdict for question in QUESTIONS}  # type: ignore[union-attr]  # a Why


def test_a_loaded_file_answers_as_the_lab_does(lab: Lab, tmp_path: Path):
    lab.run(SEED + THREE_RULES + MORE)
    name = collected(lab, "sh", tmp_path)
    with Lab() as looking:
        assert "3 namespaces, 1 bridge" in str(looking.load(name))
        assert not looking.status().not_understood
        assert not looking.status().assumptions
        of_loaded = verdicts(looking)
        assert of_loaded == verdicts(lab)
        assert len(set(of_loaded.values())) >= 4, "the questions have different answers"
        drawn = str(looking.show("topology"))
        assert re.search(r"veth-ns0 +── ns0:eth0", drawn), "the ends of veth pairs are joined"


@pytest.mark.parametrize("shell", ["busybox sh", "bash"])
def test_every_shell_writes_the_same_parts(seed: Lab, shell: str, tmp_path: Path):
    required(shell.partition(" ")[0])
    seed.run("policy FORWARD DROP")
    by_dash, by_shell = collected(seed, shutil.which("dash") or "sh", tmp_path), collected(seed, shell, tmp_path)
    assert parts(by_shell) == parts(by_dash)
    assert parts(by_shell)[-1] == "@@ done"
    assert len([part for part in parts(by_shell) if part.startswith("@@ run")]) > 40
    with Lab() as looking:
        looking.load(by_shell)
        assert looking.why("ns1", "ns0").verdict == Verdict.BLOCKED
        looking.load(by_dash)
        assert not looking.diff().changed


def test_it_changes_nothing(seed: Lab, tmp_path: Path):
    """Neither rules nor tables, of any variant, in any namespace; and no file but the one that it is told to write."""
    state = "for n in '' 'ip netns exec ns0'; do for f in ip ip6; do $n cat /proc/net/${f}_tables_names; done; $n nft list ruleset; done"
    seed.run(f"$ ({state}; ls -A /run /etc /var/lib) > {tmp_path}/before 2>&1")
    collected(seed, "sh", tmp_path)
    seed.run(f"$ ({state}; ls -A /run /etc /var/lib) > {tmp_path}/after 2>&1")
    assert (tmp_path / "after").read_text() == (tmp_path / "before").read_text()


def test_it_wants_root(tmp_path: Path):
    ran = subprocess.run(["setpriv", "--reuid", "65534", "sh", SCRIPT], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "only root" in ran.stderr
