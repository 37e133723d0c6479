"""A box for a program that is not to be trusted: namespaces of its own, a machine that it can only read, limits of memory and time.

Labs nest in it. Whatever it starts ends with it, and it ends with the thread that started it (prctl(2), PR_SET_PDEATHSIG).
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

__all__ = ["Boxed", "boxed", "python"]

_UNSHARED = ("--user", "--map-root-user", "--mount", "--net", "--pid", "--fork", "--kill-child=KILL", "--mount-proc")
_LIMITS = ("--as=4294967296", "--nproc=400", "--fsize=104857600", "--core=0")
_SCRIPT = r"""
set -e
mount --make-rprivate /
while read -r _ point _ options _; do
    case "$point" in /proc|/proc/*|/sys|/sys/*|/dev|/dev/*) continue;; esac
    kept=$(echo "$options" | tr , '\n' | grep -xE 'nosuid|nodev|noexec|noatime|nodiratime|relatime' | tr '\n' ,)
    mount -o "remount,bind,ro,${kept%,}" "$point" 2>/dev/null || [ "$point" != / ]
done < /proc/self/mounts
for point in $NETLAB_SCRATCH; do mount -t tmpfs -o size=256m,mode=1777 tmpfs "$point"; done
ip link set lo up
cd /
exec "$@"
"""
"""Runs in the box: what is mounted becomes read-only, the scratch folders are new and empty, and the program begins."""

_SCRATCH = ("/tmp", "/var/tmp")  # noqa: S108 - mount points


class Boxed(subprocess.SubprocessError):
    """The program did not end well: its time was over, or it could not be started. The text says which."""


def python(module: str) -> list[str]:
    """The words that run a module of this package with this Python."""
    return [sys.executable, "-P", "-m", module]


def boxed(words: Sequence[str], given: bytes, seconds: float, *, isolated: bool = True) -> bytes:
    """What a program prints that gets `given` on its standard input. Raises Boxed.

    If it is not `isolated`, only its time is limited: for programs that run nothing of anybody else's.
    """
    path = [entry for entry in sys.path if entry]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONPATH": os.pathsep.join(path), "LANG": "C.UTF-8"}
    if isolated:
        environment["NETLAB_SCRATCH"] = " ".join(one for one in _SCRATCH if not any(entry.startswith(f"{one}/") for entry in path))
        limits = ["prlimit", *_LIMITS, f"--cpu={int(seconds) + 1}"]
        words = ["setpriv", "--pdeathsig", "KILL", "unshare", *_UNSHARED, "sh", "-c", _SCRIPT, "box", *limits, *words]
    return _output(words, environment, given, seconds)


def _output(words: Sequence[str], environment: Mapping[str, str], given: bytes, seconds: float) -> bytes:
    try:
        process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
    except OSError as error:
        raise Boxed(f"{words[0]}: {error.strerror}") from None
    with process:
        try:
            printed, complaints = process.communicate(given, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise Boxed(f"stopped after {seconds:g} seconds") from None
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        last = complaints.decode(errors="replace").strip().splitlines()[-1:]
        raise Boxed(last[0] if last else f"ended with status {process.returncode}")
    return printed
