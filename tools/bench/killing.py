"""Kills notebook kernels at random moments and counts what is left of their labs one second later."""

import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryFile

from measure import Contestant

__all__ = ["left_over"]

_VICTIM = Path(__file__).with_name("victim.py")
_MARK = "NETLAB_BENCH_VICTIM"
_AT_ONCE = 4
_LIVES = (0.05, 2.0)
"""How long a victim lives, in seconds: from before its lab host starts to its second lab."""

_GRACE_SECONDS = 1.0


@contextmanager
def left_over(quick: bool) -> Iterator[Sequence[Contestant]]:
    """Processes, network namespaces and mounts that outlive their notebook kernel by a second."""
    kills = 20 if quick else 200
    note = f"processes, namespaces and mounts left by {kills} kernels"
    yield [Contestant("netlab_magic", lambda: float(sum(_wave() for _ in range(kills // _AT_ONCE))), note)]


def _wave() -> int:
    """Starts a few victims, kills each at a moment of its own, and counts what all of them leave."""
    mark = f"{_MARK}={uuid.uuid4()}"
    mounts = _mounts()
    namespaces: set[str] = set()
    with TemporaryFile() as errors:
        started = time.monotonic()
        victims = [_start(mark, errors.fileno()) for _ in range(_AT_ONCE)]
        draw = random.SystemRandom()
        moments = sorted(draw.uniform(*_LIVES) for _ in victims)
        for victim, moment in zip(victims, moments, strict=True):
            time.sleep(max(0.0, started + moment - time.monotonic()))
            namespaces |= _namespaces_of(_marked(mark))
            if victim.poll() is not None:
                errors.seek(0)
                raise AssertionError(f"a kernel ended before it was killed: {errors.read().decode()[-400:]}")
            victim.kill()
            victim.wait()
    time.sleep(_GRACE_SECONDS)
    held = namespaces & _namespaces_of(_of_machine()) - _namespaces_of([os.getpid()])
    left = [*map(str, _marked(mark)), *held, *(_mounts() - mounts)]
    if left:
        print(f"left one second after kill -9 at {', '.join(f'{moment:.3f} s' for moment in moments)}: {left}", file=sys.stderr)
    return len(left)


def _start(mark: str, errors: int) -> "subprocess.Popen[bytes]":
    name, _, value = mark.partition("=")
    return subprocess.Popen(
        [sys.executable, str(_VICTIM)], env={**os.environ, name: value}, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
    )


def _all_processes() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _of_machine() -> list[int]:
    """The processes with the machine's own mount table. Those of other people's labs do not count: as soon as a namespace is gone,
    the kernel gives its number to a new one, which may well be theirs.
    """
    ours = _link(os.getpid(), "ns/mnt")
    return [pid for pid in _all_processes() if _link(pid, "ns/mnt") == ours]


def _marked(mark: str) -> list[int]:
    """The processes that descend from this wave's victims: they inherit the mark, whoever their parent is now."""
    return [pid for pid in _all_processes() if mark.encode() in _read(pid, "environ").split(b"\0")]


def _namespaces_of(processes: Sequence[int]) -> set[str]:
    """The network namespaces that processes are in, or hold by a descriptor or a mount."""
    found: set[str] = set()
    for pid in processes:
        folder = Path(f"/proc/{pid}")
        with suppress(OSError):  # it has just ended, or belongs to somebody else
            found.add(_link(pid, "ns/net"))
            found.update(str(link.readlink()) for link in (folder / "fd").iterdir())
        found.update(line.split()[3] for line in _read(pid, "mountinfo").decode().splitlines() if " - nsfs " in line)
    return {name for name in found if name.startswith("net:")}


def _mounts() -> set[str]:
    return set(Path("/proc/self/mountinfo").read_text().splitlines())


def _link(pid: int, file: str) -> str:
    try:
        return str(Path(f"/proc/{pid}/{file}").readlink())
    except OSError:
        return ""


def _read(pid: int, file: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""
