"""Runs docker commands on a real dockerd and keeps what each of them does to the rules.

dockerd runs in network, mount, PID, IPC and UTS namespaces of its own, with a /run, images and containers that end with it: the
machine's network is never touched. Its cgroups are removed when it has ended; nothing else is left behind. It needs root, and the
programs dockerd, docker, busybox, iptables-save and ip. They may also be in a folder (`--root`): one into which packages of this machine's
release were unpacked, as `./netlab test --all` does, or one with another Debian:

    debootstrap --variant=minbase bookworm FOLDER
    chroot FOLDER apt-get install --no-install-recommends docker.io iptables iproute2 busybox-static     (sid: docker-cli too)
    python tests/support/real_dockerd.py --root FOLDER tests/data/docker/real/20.10.24/*.txt

writes for each file, whose lines that begin with `$ ` are the commands, what happened after each command into the file again:
the change of `iptables-save` and `ip6tables-save` as a difference without context, and the error if there was one. `--out` is another
folder for that, so that another release records the same commands.

Some things are chance in dockerd, and come out otherwise now and then: in which order a container that is started again joins several
networks, and up to 26 which of two ports comes first when neither both its numbers are larger. What is kept is what comes most often.
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = [
    "NEEDED",
    "DockerdUnavailable",
    "Step",
    "read_recording",
    "release_of",
    "run_on_real_dockerd",
    "serving_dockerd",
    "why_missing",
    "write_recording",
]

NEEDED = ("dockerd", "docker", "busybox", "iptables-save", "ip6tables-save", "ip", "unshare")

ENGINE_ID = "netlab"
"""What dockerd finds in its file engine-id, so that its ULA prefix is always the same."""

SECONDS = 110
"""How long a dockerd and all commands may take."""

IMAGES = {"nginx": ("80",), "redis": ("6379",), "mysql": ("3306", "33060"), "busybox": ()}
"""The images that commands may use, with the ports that their real namesakes EXPOSE. All of them are a busybox that sleeps."""

_INSIDE = r"""
set -eu
PROGRAMS=$ROOT
if [ "$ROOT" != / ] && [ -e "$ROOT/bin/sh" ]; then
    PROGRAMS=
    mount --bind "$ROOT" "$ROOT"
    mount --rbind /sys "$ROOT/sys"; mount --rbind /dev "$ROOT/dev"; mount -t proc proc "$ROOT/proc"
    mount -t tmpfs none "$ROOT/tmp"; mkdir "$ROOT/tmp/work"; mount --bind "$WORK" "$ROOT/tmp/work"
    export WORK=/tmp/work PROGRAMS
    exec chroot "$ROOT" sh -c "$IN_ROOT"
fi
export PROGRAMS
exec sh -c "$IN_ROOT"
"""

_IN_ROOT = r"""
set -eu
PATH=$PROGRAMS/usr/sbin:$PROGRAMS/usr/bin:$PROGRAMS/usr/libexec/docker:$PROGRAMS/bin:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
[ -z "$PROGRAMS" ] || export LD_LIBRARY_PATH=$(echo "$PROGRAMS"/usr/lib/*-linux-gnu "$PROGRAMS"/lib/*-linux-gnu | tr ' ' :)
mount -t tmpfs none /run
mkdir -p /run/lock /run/image/bin /run/home /run/data
printf %s "$ENGINE_ID" >/run/data/engine-id # the prefix of IPv6 pools follows from it
export HOME=/run/home DOCKER_HOST=unix:///run/docker.sock
ip link set lo up
ip link add outside type veth peer name eth0
ip addr add 203.0.113.2/24 dev eth0
ip addr add 2001:db8::2/64 dev eth0 nodad
ip link set eth0 up
ip link set outside up
cp "$(command -v busybox)" /run/image/bin/busybox
dockerd $OPTIONS -s vfs --cgroup-parent "$CGROUP" --data-root /run/data --exec-root /run/exec \
    -H "$DOCKER_HOST" --pidfile /run/docker.pid >"$WORK/dockerd.log" 2>&1 &
waited=0
until docker info >/dev/null 2>&1; do
    waited=$((waited + 1)); [ $waited -lt 120 ] || { echo "dockerd does not answer" >&2; exit 1; }
    sleep 0.25
done
sh "$WORK/images"
docker run --rm --network none busybox /bin/busybox true >&2 || { echo "dockerd starts no containers here" >&2; exit 1; }
step=0
keep() {
    iptables-save >"$WORK/$step.rules" 2>/dev/null
    ip6tables-save >"$WORK/$step.rules6" 2>/dev/null
    step=$((step + 1))
}
keep
while IFS= read -r line; do
    status=0
    sh -c "$line" >"$WORK/$step.out" 2>"$WORK/$step.err" </dev/null || status=$?
    echo $status >"$WORK/$step.status"
    keep
done <"$WORK/commands"
"""


class DockerdUnavailable(RuntimeError):
    """There is a dockerd, but it cannot do its work here."""


@dataclass(frozen=True)
class Step:
    """A command, what it printed, its error ("" when it succeeded), and the rules after it."""

    command: str
    output: str
    error: str
    rules: str
    rules6: str


def _places(root: Path) -> list[Path]:
    """The folders in which programs are looked for: those of `root`, and this machine's where that is no Debian of its own."""
    tops = [root] if _is_debian(root) else [root, Path("/")]
    return [top / place for top in tops for place in ("usr/sbin", "usr/bin", "sbin", "bin", "usr/local/sbin", "usr/local/bin")]


def _is_debian(root: Path) -> bool:
    """Whether a folder holds a whole Debian, not some packages' files only."""
    return os.path.lexists(root / "bin" / "sh")


def why_missing(root: Path = Path("/")) -> str:
    """Why dockerd cannot be run, or nothing when it can."""
    missing = [name for name in NEEDED if not any(os.path.lexists(place / name) for place in _places(root))]
    if missing:
        return f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
    return "" if os.geteuid() == 0 else "it needs root"


def release_of(root: Path = Path("/")) -> str:
    """The release of the dockerd that is installed, such as 20.10.24."""
    entered = ["chroot", str(root), "dockerd"] if _is_debian(root) else [str(root / "usr" / "sbin" / "dockerd")]
    said = subprocess.run([*entered, "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+\.\d+", said)
    assert found is not None, said
    return found[0]


def run_on_real_dockerd(commands: Sequence[str], options: str = "", root: Path = Path("/")) -> list[Step]:
    """The state of a dockerd that has just started (its command is ""), and that after each of the commands.

    `options` are words for dockerd itself. Raises DockerdUnavailable, with the end of dockerd's log, when it does not come up.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        with _isolated(work, commands, options, root) as process:
            try:
                _, error = process.communicate(timeout=SECONDS)
            except subprocess.TimeoutExpired:
                raise DockerdUnavailable(f"dockerd and its commands took longer than {SECONDS} s") from None
        _check(work, process.returncode, error)
        return [_step(work, number, command) for number, command in enumerate(["", *commands])]


@contextmanager
def serving_dockerd(commands: Sequence[str], root: Path = Path("/")) -> Iterator[int]:
    """A machine with a dockerd on which these commands were run, as long as the `with` block lasts: the PID of its init.

    Its Docker socket is /proc/PID/root/run/docker.sock. Raises DockerdUnavailable.
    """
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        os.mkfifo(work / "end")
        with _isolated(work, [*commands, 'touch "$WORK/ready"; read _ <"$WORK/end"'], "", root) as process:
            try:
                deadline = time.monotonic() + SECONDS
                while not (work / "ready").exists():
                    if process.poll() is not None or time.monotonic() > deadline:
                        process.kill()
                        _check(work, 1, process.communicate()[1])
                    time.sleep(0.05)
                for number, command in enumerate(commands, 1):
                    if error := _step(work, number, command).error:
                        raise DockerdUnavailable(f"{command}: {error}")
                yield int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
            finally:
                if process.poll() is None:
                    (work / "end").write_text("\n")
                process.communicate()


@contextmanager
def _isolated(work: Path, commands: Sequence[str], options: str, root: Path) -> Iterator["subprocess.Popen[str]"]:
    """A process in whose namespaces a dockerd runs, and then each of the commands; whatever is left ends with the block."""
    cgroup = f"netlab-{os.getpid()}"
    (work / "commands").write_text("".join(f"{command}\n" for command in commands))
    (work / "images").write_text("".join(_import_lines()))
    inside = {**os.environ, "ROOT": str(root), "WORK": str(work), "OPTIONS": options, "CGROUP": cgroup, "IN_ROOT": _IN_ROOT}
    inside["ENGINE_ID"] = ENGINE_ID
    isolated = ["unshare", "-n", "-m", "-p", "-i", "-u", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _INSIDE]
    process = subprocess.Popen(isolated, env=inside, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        _remove_cgroups(cgroup)


def _check(work: Path, status: int, error: str) -> None:
    """Raises DockerdUnavailable, with the end of dockerd's log, when it did not come up."""
    if status:
        log = (work / "dockerd.log").read_text().splitlines()[-5:] if (work / "dockerd.log").exists() else []
        raise DockerdUnavailable("\n".join([error.strip(), *log]))


def _import_lines() -> Iterator[str]:
    """Shell lines that make the images: a busybox that ends at SIGTERM, as servers do."""
    sleep = json.dumps(["/bin/busybox", "sh", "-c", "trap 'exit 0' TERM; /bin/busybox sleep 100000 & wait"])
    for name, ports in IMAGES.items():
        exposed = "".join(f" --change 'EXPOSE {port}'" for port in ports)
        quoted = sleep.replace("'", "'\\''")
        yield f"tar -C /run/image -c . | docker import{exposed} --change 'CMD {quoted}' - {name} >/dev/null\n"


def _step(work: Path, number: int, command: str) -> Step:
    def text(kind: str) -> str:
        file = work / f"{number}.{kind}"
        return file.read_text() if file.exists() else ""

    failed = text("status").strip() not in ("", "0")
    error = (text("err").strip() or text("out").strip()) if failed else ""
    return Step(command, text("out"), error, _plain(text("rules")), _plain(text("rules6")))


def _plain(dump: str) -> str:
    """A dump without comments and counters."""
    lines = [re.sub(r"\[\d+:\d+\]", "[0:0]", line) for line in dump.splitlines() if not line.startswith("#")]
    return "".join(f"{line}\n" for line in lines)


def _remove_cgroups(name: str) -> None:
    """Removes the cgroups that dockerd has left, in every hierarchy, children first."""
    for top in Path("/sys/fs/cgroup").glob(f"**/{name}") if Path("/sys/fs/cgroup").is_dir() else ():
        for folder, _, _ in os.walk(top, topdown=False):
            Path(folder).rmdir()


# --- recordings -----------------------------------------------------------------------------------------------------------


def write_recording(title: str, steps: Sequence[Step]) -> str:
    """The text of a recording: after each command its error, and how the rules have changed."""
    parts, rules, rules6 = [title], "", ""
    for step in steps:
        parts.append(f"\n$ {step.command}" if step.command else "")
        parts += [f"! {_without_ids(line)}" for line in step.error.splitlines()[:1]]
        parts += [*_difference("4", rules, step.rules), *_difference("6", rules6, step.rules6)]
        rules, rules6 = step.rules, step.rules6
    return "\n".join(parts) + "\n"


def _without_ids(line: str) -> str:
    """A line without the random names of containers and endpoints."""
    return re.sub(r"\b[0-9a-f]{12,64}\b", "…", line)


def _difference(family: str, before: str, after: str) -> Iterator[str]:
    changes = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    yield from (re.sub(r"^@@ (.*) @@$", rf"@@ {family} \1 @@", line) for line in changes)


def read_recording(text: str) -> tuple[str, list[Step]]:
    """Title and steps of a recording; the steps have no outputs. The first step is the start, and has no command."""
    title, _, rest = text.partition("\n")
    steps: list[Step] = []
    dumps: dict[str, list[str]] = {"4": [], "6": []}
    for part in f"\n{rest}".split("\n$ "):
        command, *lines = part.split("\n") if steps else ["", *part.split("\n")]
        error = "\n".join(line[2:] for line in lines if line.startswith("! "))
        _apply(dumps, [line for line in lines if line and not line.startswith("! ")])
        four, six = ("".join(f"{line}\n" for line in dumps[family]) for family in "46")
        steps.append(Step(command, "", error, four, six))
    return title, steps


def _apply(dumps: dict[str, list[str]], lines: Sequence[str]) -> None:
    """Applies a difference without context to the dumps of both families."""
    shift, family = 0, ""
    for line in lines:
        hunk = re.fullmatch(r"@@ ([46]) -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", line)
        if hunk:
            shift = 0 if hunk[1] != family else shift
            family, removed, added = hunk[1], int(hunk[3] or 1), int(hunk[5] or 1)
            at = int(hunk[2]) + shift - (1 if removed else 0)
            del dumps[family][at : at + removed]
            shift += added - removed
        elif line.startswith("+"):
            dumps[family].insert(at, line[1:])
            at += 1


def main() -> None:
    """Records every file again that is given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=Path("/"), help="a folder with the Debian to use (default: this machine's)")
    parser.add_argument("--out", type=Path, help="the folder to write to (default: the files themselves)")
    parser.add_argument("--outputs", type=Path, help="a folder for what the commands printed")
    parser.add_argument("files", type=Path, nargs="+")
    given = parser.parse_args()
    if why := why_missing(given.root):
        sys.exit(why)
    for file in given.files:
        title, *lines = file.read_text().splitlines()
        options = title.partition("dockerd ")[2].strip()
        steps = run_on_real_dockerd([line[2:] for line in lines if line.startswith("$ ")], options, given.root)
        ((given.out or file.parent) / file.name).write_text(write_recording(title, steps))
        if given.outputs:
            said = (f"$ {step.command}\n{step.output}{step.error}\n" for step in steps)
            given.outputs.mkdir(parents=True, exist_ok=True)
            (given.outputs / file.name).write_text("".join(said))


if __name__ == "__main__":
    main()
