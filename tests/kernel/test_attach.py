"""`attach` looks at a network that is there already, and changes nothing in it."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from support.labs import Written
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.errors import LabUnavailable, StatementError

pytestmark = pytest.mark.kernel
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="attach needs root")

SETUP = """
mount -t tmpfs tmpfs /run
ip link set lo up
ip link add br7 type bridge
ip link set br7 addrgenmode none
ip addr add 10.7.0.1/24 dev br7
ip link set br7 up
iptables-{variant} -P FORWARD DROP
iptables-{variant} -A FORWARD -i br7 -o br7 -j ACCEPT
echo ready
read line
"""


@pytest.fixture(params=["legacy", "nft"])
def stranger(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process with a network of its own that no lab made."""
    words = ["unshare", "-nm", "sh", "-ec", SETUP.format(variant=request.param)]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield process.pid
    process.communicate(b"\n")


REFUSED = ("bridge x", "policy FORWARD ACCEPT", "forward -j DROP", "ping host 10.7.0.1", "$ ip link add x type dummy", "matrix")


def state(pid: int) -> list[str]:
    """Everything that a look could have changed in the network of someone else."""
    inside = ["nsenter", f"--net=/proc/{pid}/ns/net"]
    names = ("cat /proc/net/ip_tables_names", "cat /proc/net/ip6_tables_names", "cat /proc/modules")
    saves = (*names, "iptables-nft-save", "ip6tables-nft-save", "iptables-legacy-save", "nft list ruleset")
    commands = ("ip -j addr", "ip -j route", *saves, "sysctl -a -r ^net")
    done = [subprocess.run([*inside, *words.split()], capture_output=True, text=True, check=False).stdout for words in commands]
    passing = r'\[\d+:\d+\]|"tentative":true,'  # counters, and an address that is being tried by the kernel
    return [re.sub(passing, "", line) for line in "".join(done).splitlines() if not line.startswith("#")]


@needs_root
def test_a_look_shows_what_is_there_and_changes_nothing(stranger: int) -> None:
    before = state(stranger)
    with Lab("look") as look:
        assert "FORWARD policy DROP" in str(look.attach(str(stranger)))
        assert "br7" in str(look.show("topology"))
        assert "-A FORWARD -i br7 -o br7 -j ACCEPT" in str(look.show("save"))
        assert "10.7.0.0/24 dev br7" in str(look.show("routes"))
        assert "br7" in str(look.show("chains", "FORWARD"))
        assert re.search("1 +0 +0 ACCEPT .* br7 +br7", str(look.show("rules", "FORWARD")))
        for line in REFUSED:
            with pytest.raises(StatementError, match="attached to a network that is not its own"):
                look.run(line, stream=Written())
        assert look.engine.ready.way == f"attach:{stranger}"
        with pytest.raises(Exception, match="only looked at"):
            look.engine.restore("*filter\n:FORWARD ACCEPT [0:0]\nCOMMIT\n")
    assert state(stranger) == before


LISTENERS = {
    "ip": (["ip", "-o", "monitor", "all"], "ip route add blackhole {0}; ip route del blackhole {0}", "Deleted blackhole {}"),
    "nft": (["nft", "monitor"], "nft add table ip at{0}; nft delete table ip at{0}", r"delete table ip at{}\n# new generation"),
}
"""What listens to the kernel, and for each a change that it reports, with the last line of that."""


@needs_root
@pytest.mark.parametrize("name", LISTENERS)
def test_a_look_causes_no_event_of_the_kernel(stranger: int, tmp_path: Path, name: str) -> None:
    """Whatever changes links, addresses, routes, rules, neighbours or nftables is reported to who listens."""
    inside, (words, change, last) = ["nsenter", f"--net=/proc/{stranger}/ns/net"], LISTENERS[name]
    reported = tmp_path / "reported"
    with reported.open("w") as output:
        listening = subprocess.Popen([*inside, *words], stdout=output, stderr=subprocess.DEVNULL)

    def hears(number: str) -> bool:
        subprocess.run([*inside, "sh", "-c", change.format(number)], check=True)
        return until(lambda: re.search(last.format(re.escape(number)), reported.read_text()), 1)

    numbers = (f"10.9.{count // 200}.{count % 200}" if name == "ip" else str(count) for count in range(1, 1000))
    try:
        assert until(lambda: hears(next(numbers)))
        before = reported.read_text()
        with Lab("look") as look:
            look.attach(str(stranger))
            look.run("show topology\nshow chains\nwhy 10.7.0.2 host:80\nmatrix --predict")
        assert reported.read_text() == before
    finally:
        listening.kill()
        listening.wait()


MACHINE = """
mount -t tmpfs tmpfs /run
ip netns add alice
ip netns add bob
ip link add br7 type bridge
ip link set br7 up
ip addr add 10.7.0.1/24 dev br7
for name in alice bob; do
    ip link add veth-$name type veth peer name eth0 netns $name
    ip link set veth-$name master br7 up
    ip -n $name link set lo up
    ip -n $name link set eth0 up
done
ip -n alice addr add 10.7.0.2/24 dev eth0
ip -n bob addr add 10.7.0.3/24 dev eth0
ip netns exec bob iptables-legacy -A INPUT -p icmp --icmp-type echo-request -j DROP
ip netns exec alice nft 'add table inet own; add chain inet own in { type filter hook input priority 0; }'
ip netns exec alice nft 'add rule inet own in tcp dport 22 drop'
unshare -n sleep 1000 &
echo ready
read line
"""


@pytest.fixture
def machine() -> Iterator[str]:
    """The PID of the init of a machine with two named namespaces and a process in a third."""
    words = ["unshare", "-nmp", "--fork", "--kill-child", "--mount-proc", "sh", "-ec", MACHINE]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    yield Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().strip()
    process.communicate(b"\n")


@needs_root
def test_the_namespaces_of_a_machine_have_the_names_that_people_gave_them(machine: str) -> None:
    with Lab("look") as look:
        look.attach(machine)
        names = list(look.observe().topology.namespaces)
        assert names[:3] == ["host", "alice", "bob"]
        assert re.fullmatch(r"pid \d+ \(sleep\)", names[3])
        assert look.run("why bob alice")
        dropped = look.run("why alice bob")
        assert not dropped
        assert "rule 1 of INPUT drops" in str(dropped)
        assert "tcp dport 22 drop" in str(look.run("why bob alice:22"))
        assert "alice" in str(look.run("matrix --predict"))
        other = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
        try:
            assert "alice" not in str(look.attach(str(other.pid)))  # instead of the first
        finally:
            other.kill()
            other.wait()
        assert "No longer looking" in str(look.detach())
        with pytest.raises(StatementError, match="nothing is attached"):
            look.detach()


@needs_root
def test_a_packet_is_sent_only_if_asked_for_and_its_trace_leaves_nothing(machine: str) -> None:
    with Lab("look") as look:
        look.attach(machine)
        before = inside(machine, "bob")
        assert not look.why("alice", "bob").measured
        assert inside(machine, "bob") == before
        dropped = look.why("alice", "bob", send=True)
        assert dropped.measured
        assert "rule 1 of INPUT drops" in str(dropped)
        assert "ip netns exec bob iptables" in str(dropped)
        assert look.why("bob", "alice", send=True).verdict == "answered"
        assert look.why("alice", "bob:9", send=True).verdict == "refused"
        assert "OUTPUT" in str(look.run("trace bob alice:22"))
        after = inside(machine, "bob")
        assert after.dropped > before.dropped
        assert after == msgspec.structs.replace(before, dropped=after.dropped)


@needs_root
def test_nothing_stays_of_a_trace_that_is_killed(machine: str) -> None:
    with Lab("look") as look:
        look.attach(machine)
        before = inside(machine, "bob")

        def send() -> None:
            with pytest.raises(LabUnavailable, match="the lab host has ended"):
                look.why("alice", "bob", send=True)

        sending = threading.Thread(target=send)
        sending.start()
        assert until(lambda: (now := inside(machine, "bob")).logger != before.logger and now.tables != before.tables)
        os.kill(look.engine.ready.pid, signal.SIGKILL)
        sending.join()
        assert until(lambda: msgspec.structs.replace(inside(machine, "bob"), dropped=before.dropped) == before)


class State(msgspec.Struct, frozen=True):
    """What a trace could leave in a namespace: its tables and its logger; and how many packets its rule has dropped."""

    tables: str
    logger: str
    dropped: int


def inside(machine: str, name: str) -> State:
    """The state of a namespace of the machine."""
    script = "nft list tables; echo @; cat /proc/sys/net/netfilter/nf_log/2; echo @; iptables-legacy-save -c"
    words = ["nsenter", "-t", machine, "-m", "-n", "-p", "ip", "netns", "exec", name, "sh", "-c", script]
    tables, logger, rules = subprocess.run(words, capture_output=True, text=True, check=True).stdout.split("@\n")
    found = re.search(r"\[(\d+):\d+\] -A INPUT", rules)
    assert found is not None
    return State(tables, logger, int(found[1]))


@needs_root
def test_the_machines_own_network_can_be_looked_at() -> None:
    own = {link["ifname"] for link in json.loads(subprocess.run(["ip", "-j", "link"], capture_output=True, check=True).stdout)}
    with Lab("look") as look:
        look.run("attach host")
        assert {interface.name for interface in look.observe().topology.host.interfaces} == own
    with Lab() as lab:
        lab.up()
        with pytest.raises(StatementError, match="the lab is up; look from another one"):
            lab.run("attach host")


@needs_root
def test_a_process_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(LabUnavailable, match="cannot look at the network of process 999999999"):
        Lab("look").run("attach 999999999")


def test_who_is_not_root_is_told_that_attach_needs_it() -> None:
    code = "from netlab_magic import Lab; Lab('look').run('attach host')"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    nobody = ["unshare", "-U", sys.executable, "-W", "ignore", "-c", code]  # a user namespace without maps: nobody is root in it
    done = subprocess.run(nobody, env=environment, capture_output=True, text=True, check=False)
    assert "attach needs root" in done.stderr


@needs_root
def test_why_and_matrix_in_an_attached_network_send_nothing(stranger: int) -> None:
    before = state(stranger)
    with Lab("look") as look:
        look.attach(str(stranger))
        assert "10.7.0.2 → host:80 (tcp): refused" in str(look.run("why 10.7.0.2 host:80"))  # its sockets are seen: nothing listens
        dropped = look.run("why 10.7.0.2 10.8.0.1")
        assert "The host does not forward packets" in str(dropped)
        assert look.run("why 10.7.0.2 10.7.0.3")
        matrix = look.run("matrix --predict")
        assert "10.7.0.2" in str(matrix)
        assert "predicted; nothing was sent" in str(matrix)
    assert state(stranger) == before
