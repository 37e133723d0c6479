"""Runs the alternatives in network, mount, PID and user namespaces of their own, which end with them."""

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Refused", "seconds_of", "seconds_told_by"]

_UNSHARE = ("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
# Only the network's settings can be written: the machine's own must not change, whatever a program tries.
_PREPARE = """
set -e
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys
mount --bind /proc/sys /proc/sys
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,bind,ro /proc/sys
ip link set lo up
check=$1
shift
"$@"
[ -z "$check" ] || ping -q -c 1 -W 2 "$check" >/dev/null
"""
_LIMIT_SECONDS = 300


class Refused(Exception):
    """An alternative did not do its work; the text is what it said."""


def seconds_of(words: Sequence[str], reaches: str = "") -> float:
    """How long a command takes in fresh namespaces, their making not counted; afterwards the address `reaches` must answer there."""
    return seconds_told_by([sys.executable, str(Path(__file__)), *words], reaches)


def seconds_told_by(words: Sequence[str], reaches: str = "") -> float:
    """As `seconds_of`, for a program that measures itself and prints the seconds in its last line."""
    command = [*_UNSHARE, "sh", "-c", _PREPARE, "sh", reaches, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_LIMIT_SECONDS, check=False)
    if done.returncode:
        raise Refused(f"{' '.join(map(str, words[-2:]))}: {done.stderr.strip()[-400:] or f'no answer from {reaches}'}")
    return float(done.stdout.split()[-1])


def _main(words: Sequence[str]) -> int:
    started = time.perf_counter()
    status = subprocess.run(words, stdout=subprocess.DEVNULL, check=False).returncode
    print(time.perf_counter() - started)
    return status


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
