"""The processes of a machine and the namespaces that they are in, as /proc has them; nothing is written."""

import errno
import fcntl
import os
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["Bound", "Process", "bound_namespaces", "inode", "processes_of", "read_text"]

_NS_GET_PARENT = 0xB702
"""From linux/nsfs.h."""


class Process(NamedTuple):
    """A process, with the inodes of its network and mount namespaces."""

    pid: int
    net: int
    mnt: int


class Bound(NamedTuple):
    """A network namespace that a mount keeps, with the path by which to open it and the one that its mount namespace has."""

    net: int
    path: str
    mounted_at: str


def inode(path: str) -> int:
    """The inode of a namespace's link, by which the namespace is known. Raises OSError."""
    return int(os.readlink(path).partition("[")[2][:-1])


def read_text(path: str) -> str:
    """A file of /proc; "" if its process has ended."""
    try:
        with open(path, errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def processes_of(root: str) -> Iterator[Process]:
    """The processes in the PID namespace of the process `root` (a PID, or self) and below it, in the order of their PIDs."""
    below: dict[int, bool] = {}
    wanted = inode(f"/proc/{root}/ns/pid")
    for pid in sorted(int(name) for name in os.listdir("/proc") if name.isdecimal()):
        try:
            numbers = inode(f"/proc/{pid}/ns/pid")
            if numbers not in below:
                below[numbers] = _is_below(f"/proc/{pid}/ns/pid", wanted)
            if below[numbers]:
                yield Process(pid, inode(f"/proc/{pid}/ns/net"), inode(f"/proc/{pid}/ns/mnt"))
        except OSError:  # it has ended, or is a zombie
            continue


def _is_below(path: str, wanted: int) -> bool:
    """Whether a PID namespace is the wanted one or one below it."""
    held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while os.fstat(held).st_ino != wanted:
            try:
                parent = fcntl.ioctl(held, _NS_GET_PARENT)
            except OSError as error:
                if error.errno != errno.EPERM:  # it has none, or none that this process may see
                    raise
                return False
            os.close(held)
            held = parent
        return True
    finally:
        os.close(held)


def bound_namespaces(process: Process) -> Iterator[Bound]:
    """The network namespaces that mounts keep in the mount namespace of a process (proc_pid_mountinfo(5))."""
    for line in read_text(f"/proc/{process.pid}/mountinfo").splitlines():
        words = line.split(" ", 5)
        if words[3].startswith("net:["):
            mounted_at = words[4].encode().decode("unicode_escape")
            yield Bound(int(words[3][5:-1]), f"/proc/{process.pid}/root{mounted_at}", mounted_at)
