"""The guard over the machine sees what a leak would change, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.machine import SESSION_VARIABLE, Machine, difference, read_machine
from support.waiting import until

TESTS = Path(__file__).parents[1]


def machine(**sections: dict[str, str]) -> Machine:
    return Machine({"link": {"lo": "mtu 65536, operstate UNKNOWN"}} | sections)


class TestDifference:
    def test_nothing_changed(self):
        assert difference(machine(), machine()) == []

    def test_something_appeared(self):
        after = machine(process={"12 (started at 345)": "python -m netlab_magic.engines.host"})
        assert difference(machine(), after) == ["process 12 (started at 345) appeared: python -m netlab_magic.engines.host"]

    def test_something_vanished(self):
        before = machine(route={"IPv4 dst default, dev eth0": ""})
        assert difference(before, machine()) == ["route IPv4 dst default, dev eth0 vanished"]

    def test_only_what_changed_of_a_value_is_said(self):
        after = machine(link={"lo": "mtu 1500, operstate UNKNOWN"})
        assert difference(machine(), after) == ["link lo was mtu 65536, is mtu 1500"]

    def test_a_property_more(self):
        after = machine(link={"lo": "mtu 65536, operstate UNKNOWN, master br0"})
        assert difference(machine(), after) == ["link lo was without master br0, is master br0"]

    def test_a_setting_changed(self):
        before, after = (machine(sysctl={"net/ipv4/ip_forward": value}) for value in "01")
        assert difference(before, after) == ["sysctl net/ipv4/ip_forward was 0, is 1"]

    def test_a_setting_of_an_interface_that_stays(self):
        before, after = (machine(sysctl={"net/ipv4/conf/lo/rp_filter": value}) for value in "01")
        assert difference(before, after) == ["sysctl net/ipv4/conf/lo/rp_filter was 0, is 1"]

    def test_settings_of_a_new_interface_are_not_repeated_beside_the_interface(self):
        after = machine(link={"lo": "mtu 65536, operstate UNKNOWN", "br0": ""}, sysctl={"net/ipv4/conf/br0/rp_filter": "0"})
        assert difference(machine(), after) == ["link br0 appeared"]

    def test_settings_of_a_module_that_the_kernel_loaded_are_no_change(self):
        assert difference(machine(), machine(sysctl={"net/bridge/bridge-nf-call-iptables": "1"})) == []


CHANGES = {
    "link br0 appeared": "ip link add br0 type bridge",
    "link lo was": "ip link set lo mtu 1400",
    "address 10.1.2.3/24 of lo appeared": "ip address add 10.1.2.3/24 dev lo",
    "route IPv4 type local, dst 10.1.2.3": "ip address add 10.1.2.3/24 dev lo; ip link set lo up",
    "policy rule IPv4 priority 77": "ip rule add priority 77 table main",
    "network namespace /run/netns/left appeared": "ip netns add left",
    "mount /mnt appeared: tmpfs": "mount -t tmpfs tmpfs /mnt",
    "sysctl net/ipv4/ip_forward was": "sysctl -qw net.ipv4.ip_forward=$((1 - $(cat /proc/sys/net/ipv4/ip_forward)))",
    "legacy IPv4 firewall *filter: :FORWARD DROP appeared": "iptables-legacy -P FORWARD DROP",
    "nft firewall table ip filter": "iptables-nft -A FORWARD -j DROP",
}

# Reads, changes and reads again inside a namespace that has its own /run, as `ip netns add` writes there.
IN_A_NAMESPACE = """
import subprocess, sys
from support.machine import difference, read_machine
subprocess.run("mount -t tmpfs tmpfs /run && mount -t sysfs sysfs /sys", shell=True, check=True)
before = read_machine()
subprocess.run(sys.argv[1], shell=True, check=True)
print(*difference(before, read_machine()), sep="\\n")
"""


def differences_after(command: str) -> list[str]:
    isolated = ["unshare", "-Urnm", sys.executable, "-c", IN_A_NAMESPACE, command]
    answer = subprocess.run(isolated, capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(TESTS)})
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.split("\n")[:-1]


@pytest.mark.kernel
class TestReading:
    @pytest.mark.parametrize("expected", CHANGES)
    def test_a_change_is_seen(self, expected):
        command = CHANGES[expected]
        program = command.split()[0]
        if program.startswith("iptables") and not works_in_a_namespace(f"{program} -S && {program}-save"):
            pytest.skip(f"{program}-save does not work for this user in a namespace")
        assert any(sentence.startswith(expected) for sentence in differences_after(command))

    def test_reading_changes_nothing(self):
        assert differences_after("true") == [""]

    def test_a_bridge_that_counts_down_its_timers_stays_the_same(self):
        assert differences_after("ip link add br0 type bridge && ip link set br0 up && ip link del br0") == [""]

    def test_a_process_in_another_network_is_seen(self):
        before = read_machine()
        with subprocess.Popen(["unshare", "-Urn", "sleep", "60"]) as left:
            assert until(lambda: difference(before, read_machine()))
            (sentence,) = difference(before, read_machine())
            left.kill()
        assert sentence.startswith(f"process {left.pid} (started at ")
        assert "appeared: sleep 60, network namespace net:[" in sentence


def works_in_a_namespace(command: str) -> bool:
    with_own_lock_file = f"mount -t tmpfs tmpfs /run && {command}"
    return subprocess.run(["unshare", "-Urnm", "sh", "-c", with_own_lock_file], capture_output=True, check=False).returncode == 0


LEAKING_TEST = """
import subprocess, sys

def test_leak():
    host = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "netlab_magic.engines.host"], start_new_session=True)
    open("pid", "w").write(str(host.pid))
    host.returncode = 0  # as if forgotten: no warning from subprocess, which is not what is tested

def test_that_leaks_nothing():
    pass
"""

# A notebook kernel, not started by the session, whose lab appears while the session runs and stays until after it.
OTHER_PEOPLE = """
wait_for() { until [ -e "$1" ]; do sleep 0.05; done; }
wait_for begun
"$1" -c 'import time; time.sleep(60)' netlab_magic.engines.host &
touch running
wait_for ended
kill $!
"""

TEST_BESIDE_OTHER_PEOPLE = """
import pathlib, time

def test_slow():
    pathlib.Path("begun").touch()
    while not pathlib.Path("running").exists():
        time.sleep(0.05)
    time.sleep(0.2)
"""


@pytest.fixture
def run_session(tmp_path):
    """Runs a test session of its own, guarded like this one, over the test that is given."""

    def run(test: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "conftest.py").write_text('pytest_plugins = ("support.requirements", "support.guard")')
        (tmp_path / "test_it.py").write_text(test)
        (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {TESTS}\nmarkers =\n  kernel\n  browser\n")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--import-mode=importlib"]
        environment = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, env=environment)

    return run


class TestSession:
    def test_fails_when_something_is_left(self, run_session, tmp_path):
        session = run_session(LEAKING_TEST)
        os.kill(int((tmp_path / "pid").read_text()), 9)
        assert session.returncode == 1
        assert "the tests changed the machine:" in session.stdout
        assert "netlab_magic.engines.host" in session.stdout
        assert "2 passed" in session.stdout

    def test_passes_when_nothing_is_left(self, run_session):
        session = run_session("def test_that_leaks_nothing():\n    pass\n")
        assert (session.returncode, session.stdout.count("1 passed")) == (0, 1)

    def test_is_left_alone_by_the_labs_of_other_people(self, run_session, tmp_path):
        others = {name: value for name, value in os.environ.items() if name != SESSION_VARIABLE}
        with subprocess.Popen(["sh", "-c", OTHER_PEOPLE, "sh", sys.executable], cwd=tmp_path, env=others):
            session = run_session(TEST_BESIDE_OTHER_PEOPLE)
            (tmp_path / "ended").touch()
        assert (session.returncode, session.stdout.count("1 passed")) == (0, 1)

    @pytest.mark.parametrize(("required", "outcome"), [("0", "1 skipped"), ("1", "1 error")])
    def test_what_the_machine_cannot_run(self, run_session, monkeypatch, required, outcome):
        monkeypatch.setenv("PATH", "/nonexistent")
        monkeypatch.setenv("NETLAB_REQUIRE_ALL", required)
        session = run_session("import pytest\n\n@pytest.mark.browser\ndef test_page():\n    pass\n")
        assert outcome in session.stdout
        assert "there is no chromium on this machine" in session.stdout or required == "0"

    def test_recalls_the_checks_that_failed_before_it(self, run_session, monkeypatch):
        monkeypatch.setenv("NETLAB_FAILED_CHECKS", " ruff mypy")
        lines = run_session("def test_it():\n    pass\n").stdout.splitlines()
        assert lines[-2] == "ruff and mypy failed as well: see above, before the tests"
        assert "1 passed" in lines[-1]
