"""Command lines in the lab: as typed, streamed, limited, stoppable; and background processes that live until the lab ends."""

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import SEED, Written
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.errors import CommandFailed, Interrupted, LabUnavailable, NetlabError

pytestmark = pytest.mark.kernel


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One seed lab for all commands that leave it as it is.

    Its home is empty: a login shell would run what somebody's profile says, and be killed in the middle of it.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
        with Lab() as made:
            made.run(SEED)
            yield made


@pytest.fixture(autouse=True)
def no_collection() -> Iterator[None]:
    """Keeps hypothesis' callback of the garbage collector, where Python drops a KeyboardInterrupt, out of these tests."""
    gc.disable()
    yield
    gc.enable()


PYTHONS_SERVER = """
timeout 60 ip netns exec ns1 python3 -m http.server --bind 172.18.0.3 5000 >/dev/null 2>&1 &
timeout 60 sh -c 'until curl -sI -m 3 172.18.0.3:5000 | head -1 | grep HTTP; do sleep 0.1; done'
"""
CAPTURE = """
$ ping -i 0.2 -w 60 172.18.0.2 >/dev/null & \\
sudo tcpdump -c 1 -nn -i docker1 'icmp[icmptype] == icmp-echo' 2>/dev/null | grep -c request; \\
kill $!
"""
VERBATIM = [
    ("sudo", "sudo -E PATH=$PATH id -u", "0\n"),
    ("sudo with an assignment", "sudo GREETING=hi sh -c 'echo $GREETING'", "hi\n"),
    ("ip netns exec", "sudo ip netns exec ns0 ip -br addr show eth0 | awk '{print $3}'", "172.18.0.2/16\n"),
    ("a shell in a namespace, commands on stdin", "nsenter --net=/var/run/netns/ns1\nhostname -I | grep -o 172.18.0.3", "172.18.0.3\n"),
    ("sudo ip netns exec bash", "sudo ip netns exec ns1 bash\nip -br addr show eth0 | awk '{print $3}'\nexit", "172.18.0.3/16\n"),
    ("a here-document", "cat <<EOF | tr a-z A-Z\nhello\n$((1+1))\nEOF", "HELLO\n2\n"),
    ("continuation lines", "echo one \\\n  two", "one two\n"),
    ("a pipe", "seq 3 | tail -1", "3\n"),
    ("a loop", "for i in 1 2; do\n  echo $i\ndone", "1\n2\n"),
    ("variables from line to line", "export A=172.18.0.2\nB='two words'\ncd /tmp\necho $A \"$B\" $(pwd)", "172.18.0.2 two words /tmp\n"),
    ("the host's own name", "timeout 2 getent hosts lab | awk '{print $2}' | head -1", "lab\n"),
    ("a name that nobody has", "timeout 30 getent hosts example.org; echo $?", "2\n"),
    ("a name, in a namespace", "timeout 30 ip netns exec ns0 getent hosts example.org; echo $?", "2\n"),
    ("python's server, which looks up its own name",
     PYTHONS_SERVER, "HTTP/1.0 200 OK\r\n"),
    ("modprobe of what is there", "sudo modprobe br_netfilter && echo there", "there\n"),
    ("modprobe of what is not", "modprobe nonesuch 2>&1 || echo not there",
     "modprobe: nonesuch is not in this kernel, and a lab cannot load modules; on the machine itself: sudo modprobe nonesuch\nnot there\n"),
    ("sysctl", "sysctl -n net.ipv4.ip_forward", "1\n"),
    ("sysctl -w", "sudo sysctl -w net.ipv4.conf.all.forwarding=1", "net.ipv4.conf.all.forwarding = 1\n"),
    ("proc", "echo 1 | sudo tee /proc/sys/net/bridge/bridge-nf-call-iptables", "1\n"),
    ("sys", "echo 1 > /sys/class/net/docker1/bridge/nf_call_iptables && cat /sys/class/net/docker1/bridge/nf_call_iptables", "1\n"),
    ("iptables of the lab's variant", "iptables --version | grep -c legacy", "1\n"),
    ("tcpdump", CAPTURE, "1\n"),
    ("conntrack", "ip netns exec ns1 ping -c 1 8.8.8.8 >/dev/null; sudo conntrack -L 2>/dev/null | grep -c 'dst=8.8.8.8'", "1\n"),
    ("unknown bytes", r"printf '\303\050\377'", "\ufffd(\ufffd"),
    ("the user's folder", "pwd", f"{Path.cwd()}\n"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "stdout"), [case[1:] for case in VERBATIM], ids=[case[0] for case in VERBATIM])
def test_commands_of_tutorials_run_as_they_are(shared: Lab, cell: str, stdout: str) -> None:
    written = Written()
    shared.run(cell, stream=written)
    assert written.stdout == stdout
    assert written.stderr == ""


def test_variables_end_with_their_cell(shared: Lab) -> None:
    written = Written()
    shared.run("A=1\necho $A", stream=written)
    shared.run("echo $A", stream=written)
    assert written.stdout == "1\n\n"


def test_what_a_background_process_writes_is_shown_with_the_lines_that_follow(shared: Lab) -> None:
    def shows(words: str) -> bool:
        """Whether they are shown by then, or with one of the lines that follow."""
        return until(lambda: shared.run("$ true", stream=written) and words in written.stdout)

    written = Written()
    early = "until [ -e /run/early ]; do sleep 0.05; done"
    shared.run(f"({early}; echo late) &\necho early\ntouch /run/early", stream=written)
    assert shows("early\nlate\n")
    shared.run("(echo between) &", stream=written)
    shared.ping("ns1", "ns0")
    shared.run("echo after", stream=written)
    assert shows("between\n")


@pytest.mark.parametrize(("line", "status"), [("$ exit 3", 3), ("false", 1), ("$ frobnicate", 127), ("$ kill -9 $$", 137)])
def test_a_command_that_fails_fails_the_cell_with_its_exit_status(shared: Lab, line: str, status: int) -> None:
    with pytest.raises(CommandFailed, match=f"exit status {status}") as caught:
        shared.run(f"ping ns1 ns0\n{line}\nping ns0 ns1", stream=Written())
    assert caught.value.status == status
    assert caught.value.place is not None
    assert caught.value.place.line == 2
    assert len(shared.partial) == 1


def test_a_whole_cell_of_shell_ends_as_its_last_command(shared: Lab) -> None:
    written = Written()
    shared.shell("false\nA=1\necho $A $(hostname)", stream=written)
    assert written.stdout == "1 lab\n"
    with pytest.raises(CommandFailed, match="exit status 4"):
        shared.shell("ip -br addr show eth0\nexit 4", "ns1", stream=written)
    assert "172.18.0.3/16" in written.stdout
    with pytest.raises(NetlabError, match="there is no namespace ns9"):
        shared.shell("true", "ns9")


def test_output_comes_while_the_command_runs(shared: Lab, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    written = Written()

    def shown(stream: str, text: str) -> None:
        written(stream, text)
        seen.touch()

    shared.run(f"$ echo one; for i in $(seq 600); do [ -e {seen} ] && echo two >&2 && break; sleep 0.1; done", stream=shown)
    assert written.parts == [("stdout", "one\n"), ("stderr", "two\n")]


def test_output_beyond_the_limit_is_counted_not_shown(shared: Lab) -> None:
    written = Written()
    shared.run("$ yes | head -c 30000000; echo done > /dev/null", stream=written)
    assert len(written.stdout) == 1_000_000
    assert written.stderr == "… 29,000,000 more characters are not shown; the command ran to completion\n"


def test_background_processes_live_until_the_lab_ends_and_may_go_on_writing() -> None:
    with Lab() as lab:
        lab.run("$ (while true; do head -c 200000 /dev/zero | tr '\\0' x; sleep 0.05; done) &", stream=Written())
        assert until(lambda: any("sleep" in process.command or "bash" in process.command for process in lab.engine.processes()))
        host = Path(f"/proc/{lab.engine.ready.pid}")
    assert until(lambda: not host.exists())


STOPPED_WITHIN = 20
"""Seconds. A cell that stopped for another reason than the stop button would have gone on for a thousand."""


class Pressing(Written):
    """Collects what commands write, and presses the stop button a moment after they have written certain words."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words
        self.timer: threading.Timer | None = None

    def __call__(self, stream: str, text: str) -> None:
        super().__call__(stream, text)
        if self.timer is None and self.words in self.stdout:
            self.timer = pressing_in(0.1)
            self.timer.start()


def pressing_in(seconds: float) -> threading.Timer:
    """Sends SIGINT to this process once it is started and the time is over, as the stop button does."""
    return threading.Timer(seconds, lambda: os.kill(os.getpid(), signal.SIGINT))


def interrupted(work: str, lab: Lab, stream: Written) -> float:
    """How long a cell ran that the stop button stopped."""
    started = time.monotonic()
    with pytest.raises(Interrupted, match="the lab is still up"):
        lab.run(work, stream=stream)
    return time.monotonic() - started


STOPPED = [
    ("ping without -c", "sudo ip netns exec ns1 ping 172.18.0.2", "icmp_seq"),
    ("sleep", "echo started\nsleep 1000", "started"),
    ("a loop", "while true; do echo started; sleep 0.1; done", "started"),
    ("a program that does not want to", "bash -c 'trap \"\" INT TERM; echo started; sleep 1000'", "started"),
    ("a program in a group of its own", "timeout 1000 sh -c 'echo started; sleep 1000'", "started"),
    ("a flood of output", "$ yes", "y"),
    ("python", "python3 -c 'import time; print(\"started\", flush=True); time.sleep(1000)'", "started"),
    ("a shell in a namespace", "nsenter --net=/var/run/netns/ns1\nping 172.18.0.2\necho never", "icmp_seq"),
]


@pytest.mark.parametrize(("cell", "begun"), [case[1:] for case in STOPPED], ids=[case[0] for case in STOPPED])
def test_the_stop_button_stops_the_command_and_leaves_the_lab(shared: Lab, cell: str, begun: str) -> None:
    written = Pressing(begun)
    assert interrupted(cell, shared, written) < STOPPED_WITHIN
    assert "never" not in written.stdout
    if "ping" in cell:
        assert "packets transmitted" in written.stdout
    assert shared.ping("ns1", "ns0")
    assert not [process for process in shared.engine.processes() if "1000" in process.command]


# A notebook's kernel lets SIGINT in, whatever its server was started with (ipykernel does that for each cell).
PRESSED_AT_THE_FIRST_OUTPUT = """
import os, signal, sys, time
from netlab_magic import Lab
from netlab_magic.errors import Interrupted

signal.signal(signal.SIGINT, signal.default_int_handler)
with Lab() as lab:
    try:
        lab.run(sys.argv[1], stream=lambda *_: os.kill(os.getpid(), signal.SIGINT))
    except Interrupted:
        for _ in range(500):
            if not (left := [process.command for process in lab.engine.processes()]):
                break
            time.sleep(0.02)  # until the kernel has taken them down
        print(*left)
        lab.run("$ grep -E '^Sig(Ign|Blk)' /proc/self/status", stream=lambda _, text: print(text, end=""))
"""


def ignoring_and_blocking() -> None:
    """What a server is left with that was started with `&` from a script, under nohup, by a program that blocks signals."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1))


def test_the_stop_button_stops_commands_of_a_server_that_ignores_signals() -> None:
    command = "bash -c 'trap \"\" INT TERM; echo started; sleep 1000'"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    words = [sys.executable, "-c", PRESSED_AT_THE_FIRST_OUTPUT, command]
    done = subprocess.run(
        words, preexec_fn=ignoring_and_blocking, env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"


def test_the_stop_button_may_be_pressed_at_any_moment() -> None:
    """Also between two steps of our own: the lab goes on, and no answer is taken for that of another question."""
    moments = random.Random(7)  # noqa: S311
    with Lab() as lab:
        lab.run(SEED)
        host = lab.engine.ready.pid
        for _ in range(60):
            timer = pressing_in(moments.uniform(0, 0.02))
            try:
                timer.start()
                while timer.is_alive():
                    lab.run("ns ns0 172.18.0.2/16 on docker1\nping ns1 ns0\n$ echo hello", stream=Written())
                for _ in range(1000):  # it has been sent, and comes when some thread of ours is awake
                    time.sleep(0.01)
                pytest.fail("an interrupt was lost")
            except (Interrupted, KeyboardInterrupt):
                timer.join()
        assert lab.engine.ready.pid == host
        assert lab.matrix()


def sleeping(lab: Lab) -> list[str]:
    return sorted(process.command for process in lab.engine.processes() if process.command.startswith("sleep "))


HOLD = "import time; held = bytearray(500_000_000); print('held', flush=True); time.sleep(4242)"
ALIVE = "$ ps -o stat= -C python3 | grep -vc '^Z' || true"


def test_a_process_has_ended_when_its_namespace_is_deleted(lab: Lab) -> None:
    """Even one that takes long to end, for the kernel must free its memory first."""
    lab.run(f"ns a\n$ read held < <(ip netns exec a python3 -c \"{HOLD}\")", stream=Written())
    alive, ended = Written(), Written()
    lab.run(ALIVE, stream=alive)
    lab.run(f"delete a\n{ALIVE}", stream=ended)
    assert (alive.stdout, ended.stdout) == ("1\n", "0\n")


def test_the_stop_button_spares_background_servers(shared: Lab) -> None:
    shared.run("sudo ip netns exec ns0 sleep 4242 &", stream=Written())
    interrupted("sleep 1000 & echo started; sleep 1000", shared, Pressing("started"))
    assert until(lambda: sleeping(shared) == ["sleep 1000", "sleep 4242"])
    shared.run("$ pkill -f 'sleep (4242|1000)'", stream=Written())


def test_the_stop_button_stops_probes() -> None:
    with Lab() as lab:
        lab.run("\n".join(["bridge br0 10.0.0.1/16", *(f"ns n{number} 10.0.1.{number}/16 on br0" for number in range(1, 81))]), quiet=True)
        lab.policy("FORWARD", "DROP")
        pressing_in(0.2).start()
        assert interrupted("matrix\n$ sleep 1000", lab, Written()) < STOPPED_WITHIN
        lab.policy("FORWARD", "ACCEPT")
        assert lab.ping("n1", "n2")
        assert "PERMANENT" not in str(lab.run("ip -n n1 neigh", stream=Written()))


def test_a_lab_whose_host_dies_says_so_and_the_next_statement_starts_a_new_one() -> None:
    with Lab() as lab:
        lab.run(SEED)
        os.kill(lab.engine.ready.pid, signal.SIGKILL)
        assert until(lambda: not lab.is_up)
        with pytest.raises(LabUnavailable, match="has ended, and everything in it is gone; the next statement starts a new one"):
            lab.ping("ns1", "ns0")
        assert set(lab.observe().topology.namespaces) == {"host"}


def test_a_host_that_is_stuck_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with Lab() as lab:
        lab.up()
        monkeypatch.setattr("netlab_magic.engines.kernel.SILENCE_SECONDS", 0.5)
        os.kill(lab.engine.ready.pid, signal.SIGSTOP)
        with pytest.raises(LabUnavailable, match="stopped responding and was ended"):
            lab.observe()


def test_a_busy_lab_says_so_to_other_threads(shared: Lab, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("netlab_magic.session.network.BUSY_SECONDS", 0.2)
    written, asked = Written(), tmp_path / "asked"
    running = threading.Thread(target=lambda: shared.run(f"$ echo begun; until [ -e {asked} ]; do sleep 0.05; done", stream=written))
    running.start()
    assert until(lambda: written.stdout)
    with pytest.raises(LabUnavailable, match="busy with a command in another cell"):
        shared.observe(patience=0.2)
    asked.touch()
    running.join()
    assert shared.observe()


@pytest.mark.long("hundreds of commands")
def test_background_output_may_end_at_the_same_moment_as_the_next_command_begins(shared: Lab) -> None:
    """Both wake the host at once; the command reads the output to its end before its own turn comes."""
    for number in range(40):
        shared.run(f"(sleep 0.00{number % 10}; echo said) > /dev/stderr &", stream=Written())
        shared.run("$ sleep 0.002", stream=Written())
    assert shared.run("$ true", stream=Written())
