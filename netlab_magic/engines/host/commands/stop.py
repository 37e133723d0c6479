"""Stopping a command: its process, the processes it started, but not what it put into the background."""

import os
import signal
from collections.abc import Iterator

import msgspec

__all__ = ["CELL", "Member", "freeze", "kill", "members"]

CELL = "cell"
"""The name of the file in memory that is a command's standard input."""


class Member(msgspec.Struct, frozen=True):
    """A process in the foreground of a session."""

    pid: int
    parent: int


def members(session: int) -> Iterator[Member]:
    """The living processes of a session, without those that a shell put into the background."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", errors="replace") as file:
                    state, parent, _, held = file.read().rpartition(")")[2].split()[:4]
                if int(held) == session and state not in "ZX" and not _in_background(name):
                    yield Member(int(name), int(parent))
            except OSError:
                continue


def _in_background(pid: str) -> bool:
    """Whether a script's shell put a process into the background.

    Such a process ignores SIGINT and SIGQUIT, and does not read the script's standard input (POSIX shell, 2.11). A bash that traps
    SIGINT ignores both signals too, for bash always ignores SIGQUIT, but its input is the script's.
    """
    with open(f"/proc/{pid}/status", errors="replace") as file:
        ignored = next(line.split()[1] for line in file if line.startswith("SigIgn"))
    wanted = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGQUIT - 1)
    return int(ignored, 16) & wanted == wanted and not _reads_the_cell(pid)


def _reads_the_cell(pid: str) -> bool:
    try:
        return os.readlink(f"/proc/{pid}/fd/0").startswith(f"/memfd:{CELL} ")
    except FileNotFoundError:  # its standard input is closed
        return False


def freeze(session: int) -> list[int]:
    """Sends SIGINT to the processes at the end of the tree (ping prints its statistics) and stops the shells above them.

    A shell that saw its child end would go on with the next line of its script. Returns those that were sent SIGINT.
    """
    found = list(members(session))
    parents = {member.parent for member in found}
    leaves = [member.pid for member in found if member.pid not in parents and member.pid != session]
    for member in found:
        if member.pid not in leaves:
            _signal(member.pid, signal.SIGSTOP)
    for pid in leaves:
        _signal(pid, signal.SIGINT)
    return leaves


def kill(session: int) -> None:
    """Ends what is left of a session, its background jobs excepted.

    The youngest first: when a session's leader ends, the kernel wakes its stopped shells.
    """
    for member in sorted(members(session), key=lambda member: -member.pid):
        _signal(member.pid, signal.SIGKILL)
    _signal(session, signal.SIGKILL)


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
