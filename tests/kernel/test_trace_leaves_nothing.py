"""Tracing cannot be seen from inside the lab, and nothing of it is left: not by an interrupt, not by SIGKILL, not after many of them."""

import _thread
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from support.labs import SEED, Written

from netlab_magic import Lab
from netlab_magic.errors import Interrupted, KernelRefused, LabUnavailable

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
MANY = 150
LOOK = "nft list ruleset | grep netlab; cat /proc/sys/net/netfilter/nf_log/2"
LEFT = f"for n in '' $(ls /run/netns); do ${{n:+ip netns exec $n}} sh -c '{LOOK}'; done"
LISTEN = (
    "from netlab_magic.engines.host.tracing.listener import Listener; "
    "from netlab_magic.engines.host.tracing.trace_table import Wanted, table; "
    "import socket; l = Listener(table(Wanted('icmp', False, 7)), socket.AF_INET, False)"
)
WAIT = "for i in $(seq 1000); do {} && break; sleep 0.05; done"


def said(lab: Lab, command: str) -> str:
    written = Written()
    lab.run(f"$ {command}", stream=written)
    return written.stdout


def python(code: str) -> str:
    """A command in the lab that runs Python code of this package's."""
    return f"PYTHONPATH={ROOT} {sys.executable} -c \"{code}\""


def assert_nothing_left(lab: Lab) -> None:
    """Neither a table, nor our name as the one who reports what legacy tables do."""
    left = said(lab, LEFT).split()
    assert len(left) == 4
    assert not {word for word in left if "netlab" in word or "nfnetlink" in word}


def test_nothing_is_left(seed: Lab) -> None:
    seed.run("policy FORWARD DROP\nforward -p tcp -j REJECT")
    before = said(seed, "iptables-save; ip netns exec ns0 cat /proc/net/ip_tables_names"), seed.observe(foreign=True).foreign
    for destination in ("ns0", "ns0:80", "ns0:53/udp", "internet"):
        seed.trace("ns1", destination)
    after = said(seed, "iptables-save; ip netns exec ns0 cat /proc/net/ip_tables_names"), seed.observe(foreign=True).foreign
    strip = [line for line in before[0].splitlines() if not line.startswith(("#", ":"))]
    assert [line for line in after[0].splitlines() if not line.startswith(("#", ":"))] == strip
    assert after[1] == before[1] == ()
    assert "raw" not in after[0]
    assert_nothing_left(seed)


def test_no_program_of_iptables_shows_it_while_it_is_there(seed: Lab) -> None:
    looking = "while :; do iptables-save; iptables-nft-save; iptables-nft -S; cat /proc/net/ip_tables_names; date +%s.%N; done"
    said(seed, f"( {looking} ) > /run/seen 2>&1 & echo $! > /run/looking")
    seed.run("policy FORWARD DROP")
    for _ in range(5):
        seed.trace("ns1", "ns0")
    seen = said(seed, "kill $(cat /run/looking); cat /run/seen")
    assert seen.count("COMMIT") > 20
    assert "netlab" not in seen
    assert "*raw" not in seen


def test_nobody_is_warned_of_it(seed: Lab) -> None:
    said(seed, python(f"{LISTEN}; print('ready', flush=True); import time; time.sleep(60)") + " > /run/listens & echo $! > /run/listener")
    said(seed, WAIT.format("grep -q ready /run/listens"))
    assert "netlab-trace" in said(seed, "nft list ruleset")
    assert seed.observe(foreign=True).foreign == ()
    assert "nftables" not in str(seed.show("rules"))
    said(seed, "kill $(cat /run/listener); " + WAIT.format("! nft list ruleset | grep netlab > /dev/null"))
    assert "netlab" not in said(seed, "nft list ruleset")


def test_a_listener_that_is_killed_leaves_no_table_in_a_namespace_that_lives_on() -> None:
    code = f"{LISTEN}; import os; os.system('nft list tables'); os.kill(os.getpid(), 9)"
    script = f'{sys.executable} -c "{code}"; nft list ruleset; echo end'
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(["unshare", "-Urn", "sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["table", "ip", "netlab-trace", "end"], done.stderr


def traced_for_ever(lab: Lab) -> None:
    while True:
        lab.trace("ns1", "ns0")


def test_a_host_that_is_killed_while_it_traces_takes_all_with_it() -> None:
    for milliseconds in range(0, 400, 40):
        victim = Lab()
        victim.run(f"{SEED}\npolicy FORWARD DROP")
        killer = threading.Timer(milliseconds / 1000, os.kill, (victim.engine.ready.pid, 9))
        killer.start()
        with pytest.raises(LabUnavailable):
            traced_for_ever(victim)
        killer.join()
        victim.down()


@pytest.mark.parametrize("milliseconds", [1, 20, 60, 150, 300])
def test_an_interrupt_leaves_nothing(seed: Lab, milliseconds: int) -> None:
    seed.run("policy FORWARD DROP")
    timer = threading.Timer(milliseconds / 1000, _thread.interrupt_main)
    try:
        timer.start()  # the shortest one may end before anything else has begun
        seed.trace("ns1", "ns0")
        seed.trace("ns1", "ns0")
    except (Interrupted, KeyboardInterrupt):
        pass
    timer.join()
    assert_nothing_left(seed)
    assert seed.trace("ns1", "internet").traced.hops


@pytest.mark.long("hundreds of traces")
def test_many_traces_leave_no_descriptor_and_no_memory(seed: Lab) -> None:
    host = seed.engine.ready.pid

    def held() -> tuple[int, int]:
        status = Path(f"/proc/{host}/status").read_text()
        return len(os.listdir(f"/proc/{host}/fd")), int(status.split("VmRSS:")[1].split()[0])

    for _ in range(10):
        seed.trace("ns1", "ns0")
    before = held()
    for _ in range(MANY):
        seed.trace("ns1", "ns0")
    descriptors, memory = held()
    assert descriptors == before[0]
    assert memory < before[1] + 2048  # KiB
    assert_nothing_left(seed)


BINDS = (
    "import socket, struct, time; s = socket.socket(16, 3, 12); s.bind((0, 0)); "
    "s.send(struct.pack('=IHHIIBBHHHBxxx', 28, 0x401, 5, 1, 0, 2, 0, 0, 5, 1, 1)); print('ready', flush=True); time.sleep(60)"
)


def test_a_log_that_somebody_else_listens_to_is_one_sentence() -> None:
    with Lab(firewall="legacy") as lab:
        lab.run(SEED)
        said(lab, python(BINDS) + " > /run/binds & echo $! > /run/binder")
        said(lab, WAIT.format("grep -q ready /run/binds"))
        with pytest.raises(KernelRefused, match=r"another program listens to the packet log of this namespace \(NFLOG group 0\)"):
            lab.run("trace ns1 ns0")
        assert_nothing_left(lab)
        said(lab, "kill $(cat /run/binder); " + WAIT.format("! grep -qs '^State:.[^Z]' /proc/$(cat /run/binder)/status"))
        assert lab.trace("ns1", "ns0")


def test_many_packets_that_look_alike_are_not_confused(seed: Lab) -> None:
    """Other flows to the same receiver, at the same time, are not in the account."""
    said(seed, "ip netns exec ns1 ping -q -i 0.002 172.18.0.2 > /dev/null & echo $! > /run/ping")
    for _ in range(5):
        assert len(seed.trace("ns1", "ns0").traced.hops) == 6
    said(seed, "kill $(cat /run/ping)")


@pytest.mark.parametrize("firewall", ["legacy", "nft"])
@pytest.mark.parametrize("protocol", ["tcp", "udp", "icmp"])
def test_a_packet_that_gets_another_port_is_followed(firewall: str, protocol: str) -> None:
    with Lab(firewall=firewall) as lab:
        lab.run(SEED + "serve internet 80")
        ports = " --to-ports 1000-2000" if protocol != "icmp" else ""
        said(lab, f"iptables -t nat -F; iptables -t nat -A POSTROUTING -o eth0 -p {protocol} -j MASQUERADE{ports} --random")
        traced = lab.trace("ns1", {"tcp": "internet:80", "udp": "internet:53/udp", "icmp": "internet"}[protocol]).traced
        directions = [(one.namespace, one.direction) for one in traced.hops]
        assert directions[:3] == [(name, "request") for name in ("ns1", "host", "internet")]
        back = "error" if protocol == "udp" else "reply"
        assert directions[3:] == [(name, back) for name in ("internet", "host", "ns1")]


def readable_python() -> list[str]:
    """A Python that an ordinary user may run, with the modules that this one has."""
    path = os.pathsep.join([str(ROOT), *(entry for entry in sys.path if entry.endswith("site-packages"))])
    for program in (sys.executable, "/usr/bin/python3"):
        words = [*NOBODY, "env", "HOME=/", f"PYTHONPATH={path}", "PYTHONDONTWRITEBYTECODE=1", program, "-W", "ignore"]
        if subprocess.run([*words, "-c", "import netlab_magic.session.lab"], capture_output=True, check=False, cwd="/").returncode == 0:
            return words
    pytest.skip("an ordinary user may not read this Python, or this folder")


NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []


@pytest.mark.skipif(bool(NOBODY) and not shutil.which("setpriv"), reason="setpriv is missing")
@pytest.mark.parametrize("firewall", ["legacy", "nft"])
def test_without_privilege(firewall: str) -> None:
    code = f"""
import os
from netlab_magic import Lab
assert os.geteuid() != 0
with Lab(firewall={firewall!r}) as lab:
    lab.run({SEED!r} + "policy FORWARD DROP\\nforward -i docker1 ! -o docker1 -j ACCEPT")
    print(lab.engine.ready.way, lab.trace("ns1", "internet"))
"""
    done = subprocess.run([*readable_python(), "-c", code], capture_output=True, text=True, check=False, cwd="/")
    assert done.stdout.startswith("user ✕ ns1 → internet: blocked"), done.stderr
    assert "FORWARD      filter  FORWARD      1  -i docker1 ! -o docker1 -j ACCEPT → ACCEPT" in done.stdout
    assert done.stdout.rstrip().endswith("FORWARD     filter  FORWARD  policy → DROP ✕")
