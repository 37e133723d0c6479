"""Takes powers away from a command, with the kernel's own means: each function gives the words to put before it.

What they change, they change in namespaces of their own, or in the command itself. Run as a program this module refuses
system calls: `python powers.py CALLS WORDS…` runs WORDS with a seccomp filter that answers EPERM to CALLS (with commas between).
"""

import ctypes
import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

__all__ = [
    "CONTAINER_REFUSES",
    "NO_CAPABILITIES",
    "NO_USER_NAMESPACES",
    "as_an_ordinary_user",
    "as_in_a_container",
    "lacking",
    "refusing",
    "without",
    "without_network_sysctls",
]

# Within a user namespace of its own a process may lower this limit for itself without touching the machine's.
NO_USER_NAMESPACES = ("unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh")
NO_CAPABILITIES = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")

CONTAINER_REFUSES = ("unshare", "setns", "mount", "umount2", "sethostname", "setdomainname", "pivot_root", "bpf", "keyctl", "ptrace")
"""Calls that Docker's profile refuses to a container without SYS_ADMIN, as far as they concern a lab."""

_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h: SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
_NOT_PERMITTED = 1

# What a container engine does to /proc and /sys: some paths are covered, and /sys and the sysctls can only be read.
_MASKED = """
if [ "$MASK" = all ]; then
  mount --bind /dev/null /proc/interrupts
  mount -t tmpfs -o ro tmpfs /proc/acpi 2>/dev/null || mount -t tmpfs -o ro tmpfs /proc/bus
  mount --bind /proc/sys /proc/sys
  mount -o remount,bind,ro /proc/sys
fi
mount --bind /sys /sys
mount -o remount,bind,ro /sys
unset MASK
exec "$@"
"""


# The folders that the command needs stay where they are, below a folder that everybody may enter.
_OPENED = """
held=$(mktemp -d)
mount -t tmpfs tmpfs "$held"
closed=$1 number=0
shift
for path; do
  [ "$path" != -- ] || break
  number=$((number + 1))
  mkdir "$held/$number"
  mount --rbind "$path" "$held/$number"
done
mount -t tmpfs -o mode=755 tmpfs "$closed"
number=0
while [ "$1" != -- ]; do
  number=$((number + 1))
  mkdir -p "$1"
  mount --rbind "$held/$number" "$1"
  shift
done
shift
umount -l "$held"
rmdir "$held"
exec "$@"
"""


def as_an_ordinary_user() -> tuple[str, ...]:
    """Root becomes nobody, who reaches this Python and this project also where they lie in root's home."""
    needed = {Path(sys.base_prefix), Path(sys.prefix), Path(__file__).parents[2]}
    hidden: dict[Path, list[str]] = {}
    for path in sorted(needed):
        closed = next((folder for folder in reversed(path.parents) if not folder.stat().st_mode & 1), None)
        if closed:
            hidden.setdefault(closed, []).append(str(path))
    opened = [word for closed, paths in hidden.items() for word in ("unshare", "-m", "sh", "-ec", _OPENED, "sh", str(closed), *paths, "--")]
    return (*opened, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *NO_CAPABILITIES[1:])


def as_in_a_container(masked: bool) -> tuple[str, ...]:
    """The mounts of a container: /sys read-only and, unless it was started with `systempaths=unconfined`, parts of /proc masked."""
    return ("env", f"MASK={'all' if masked else 'none'}", "unshare", "-m", "sh", "-ec", _MASKED, "sh")


# A folder is laid over itself, and what shall be gone is removed from that layer. An overlay cannot lie on many others: one a folder.
_WITHOUT = """
work=$(mktemp -d)
mount -t tmpfs tmpfs "$work"
while [ "$1" != -- ]; do
  layer=$(mktemp -d -p "$work")
  mkdir "$layer/up" "$layer/work"
  mount -t overlay -o "userxattr,lowerdir=$1,upperdir=$layer/up,workdir=$layer/work" overlay "$1"
  (cd "$1" && rm -rf $2)
  shift 2
done
shift
umount -l "$work"
rmdir "$work"
exec "$@"
"""


def without(*paths: Path) -> tuple[str, ...]:
    """Files and folders that are not there; nothing else differs."""
    folders = sorted({path.parent for path in paths})
    pairs = [(str(folder), " ".join(path.name for path in paths if path.parent == folder)) for folder in folders]
    return ("unshare", "-Urm", "sh", "-ec", _WITHOUT, "sh", *chain.from_iterable(pairs), "--")


def without_network_sysctls() -> tuple[str, ...]:
    """No /proc/sys/net to be seen, so that no module seems to be loaded that has its settings there; br_netfilter is one of these."""
    return ("unshare", "-m", "sh", "-ec", 'mount -t tmpfs tmpfs /proc/sys/net; exec "$@"', "sh")


def lacking(capability: str) -> tuple[str, ...]:
    """Root without one capability."""
    return ("setpriv", f"--bounding-set=-{capability}", f"--inh-caps=-{capability}")


def refusing(*calls: str) -> tuple[str, ...]:
    """A seccomp filter that answers EPERM to these system calls."""
    return (sys.executable, __file__, ",".join(calls))


def _refuse(calls: Sequence[str]) -> None:
    seccomp = ctypes.CDLL("libseccomp.so.2", use_errno=True)
    seccomp.seccomp_init.restype = ctypes.c_void_p
    program = ctypes.c_void_p(seccomp.seccomp_init(_ALLOW))
    for call in calls:
        number = seccomp.seccomp_syscall_resolve_name(call.encode())
        if number >= 0 and seccomp.seccomp_rule_add(program, ctypes.c_uint32(_ERRNO | _NOT_PERMITTED), number, 0):
            raise SystemExit(f"a filter that refuses {call} cannot be made")
    if seccomp.seccomp_load(program):
        raise SystemExit("the kernel does not take the filter")
    seccomp.seccomp_release(program)


if __name__ == "__main__":
    _refuse(sys.argv[1].split(","))
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 (the command, in place of this program)
