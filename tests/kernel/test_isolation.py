"""Nothing leaks and nothing outside is touched: however the notebook kernel dies, and however many labs there are."""

import os
import random
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.labs import SEED, Written, hosts_of_labs
from support.waiting import until

from netlab_magic import Lab

pytestmark = pytest.mark.kernel

# A stand-in for the notebook kernel. It imports once and forks one victim a moment, each of which is killed in the middle of work.
VICTIMS = textwrap.dedent(
    f"""
    import os, random, signal, sys, time
    from netlab_magic import Lab

    def work():
        lab = Lab()
        lab.run({SEED!r} + "policy FORWARD DROP")
        while True:
            lab.run("delete ns0")
            lab.run("ns ns0 172.18.0.2/16 on docker1\\nserve ns0 80")
            lab.matrix()
            lab.run("$ sleep 100 & sudo ip netns exec ns1 sleep 0.05", stream=lambda *_: None)
            lab.run("sudo ip netns add raw; sudo ip netns exec raw ping -c 1 127.0.0.1 | cat; ip netns del raw", stream=lambda *_: None)

    for seconds in map(float, sys.argv[1:]):
        victim = os.fork()
        if victim == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            work()
        time.sleep(seconds)
        os.kill(victim, signal.SIGKILL)
        os.waitpid(victim, 0)
    """
)


def run_victims(seed: int, count: int) -> None:
    moments = random.Random(seed)  # noqa: S311 (moments, not secrets)
    seconds = [str(round(moments.uniform(0, 0.6), 3)) for _ in range(count)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-W", "ignore", "-c", VICTIMS, *seconds], check=True, env=environment)


def gone(before: set[int]) -> bool:
    """Whether no lab process is left but those of before."""
    return until(lambda: hosts_of_labs() <= before)


@pytest.mark.parametrize("moments", [10, pytest.param(200, marks=pytest.mark.long("kernels killed at 200 moments"))])
def test_a_kernel_killed_at_any_moment_leaves_nothing(moments: int) -> None:
    """That no namespace, link, mount or rule is left either is checked at the end of every test session."""
    before = hosts_of_labs()
    with ThreadPoolExecutor(2) as pool:
        for _ in pool.map(run_victims, (1, 2), (moments // 2, moments // 2)):
            pass
    assert gone(before)


def until_down(lab: Lab) -> str:
    """What the lab says of itself once it has noticed."""
    return str(lab.status()) if until(lambda: not lab.is_up) else ""


@pytest.mark.parametrize("victim", ["watcher", "host"])
def test_a_killed_watcher_or_host_takes_the_lab_down(victim: str) -> None:
    before = hosts_of_labs()
    with Lab() as lab:
        lab.run(f"{SEED}\n$ sleep 1000 &", stream=Written())
        host = lab.engine.ready.pid
        parent = int(Path(f"/proc/{host}/stat").read_text().rpartition(")")[2].split()[1])
        os.kill(parent if victim == "watcher" else host, signal.SIGKILL)
        assert gone(before)
        assert "not running" in until_down(lab)


def test_a_kernel_that_left_a_forked_child_behind_is_noticed_all_the_same() -> None:
    """The child holds a copy of the channel open; the watcher looks at the kernel process itself as well."""
    before = hosts_of_labs()
    code = "import os, time; from netlab_magic import Lab; lab = Lab(); lab.up(); os.fork() or time.sleep(3); os._exit(0)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True, env=environment)
    assert gone(before)


@pytest.mark.long("thirty labs at once")
def test_thirty_labs_with_the_same_names_and_addresses_do_not_notice_each_other() -> None:
    labs = [Lab() for _ in range(30)]
    try:
        for number, lab in enumerate(labs):
            lab.run(f"{SEED}\nserve ns0 80")
            if number % 2:
                lab.policy("FORWARD", "DROP")
        for number, lab in enumerate(labs):
            assert bool(lab.ping("ns1", "ns0")) is not bool(number % 2)
            assert bool(lab.tcp("ns1", "ns0:80")) is not bool(number % 2)
        for lab in labs[:29]:
            lab.down()
        assert labs[29].is_up
        assert not labs[29].ping("ns1", "ns0")
    finally:
        for lab in labs:
            lab.down()


def test_the_machines_own_settings_cannot_be_reached_from_a_lab() -> None:
    with Lab() as lab:
        for command in (
            "sysctl -w kernel.panic=7",
            "echo 7 > /proc/sys/kernel/panic",
            "echo h > /proc/sysrq-trigger",
            "echo 1 > /sys/kernel/mm/ksm/run",
            "ip link set eth0 down",
        ):
            written = Written()
            lab.run(f"$ {command} || echo refused", stream=written)
            assert written.stdout == "refused\n"
        machine = Path("/proc/sys/net/ipv4/ip_forward").read_text()
        lab.sysctl("net.ipv4.ip_forward", 1 - int(machine))
        assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == machine
        lab.run("sudo ip netns add ns0; ls /run/netns", stream=Written())
        assert not Path("/run/netns/ns0").exists()


def test_what_root_writes_to_the_machines_folders_stays_in_the_lab(tmp_path: Path) -> None:
    before = Path("/etc/hosts").read_text()
    with Lab() as lab:
        lab.run("$ echo 'net.ipv4.ip_forward = 0' > /etc/sysctl.d/zz-netlab.conf; touch /usr/zz-netlab; true", stream=Written())
        lab.run(f"$ echo kept > {tmp_path}/file", stream=Written())
    assert not Path("/etc/sysctl.d/zz-netlab.conf").exists()
    assert not Path("/usr/zz-netlab").exists()
    assert Path("/etc/hosts").read_text() == before
    assert (tmp_path / "file").read_text() == "kept\n"


def test_the_notebook_kernel_itself_enters_no_namespace() -> None:
    def own() -> dict[str, str]:
        return {name: str(Path(f"/proc/self/ns/{name}").readlink()) for name in ("net", "mnt", "pid", "user", "uts")}

    before = own()
    with Lab() as lab:
        lab.run(SEED)
        assert own() == before
        theirs = {name: str(Path(f"/proc/{lab.engine.ready.pid}/ns/{name}").readlink()) for name in before}
        assert not set(theirs.values()) & set(before.values())
