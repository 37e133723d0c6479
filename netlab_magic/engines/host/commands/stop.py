"""Stopping a command: its process, the processes it started, but not what it put into the background."""

import os
import signal
from collections.abc import Iterator

import msgspec

__all__ = ["Member", "freeze", "kill", "members"]


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
    """Whether a process ignores both SIGINT and SIGQUIT, as a script's background jobs do (POSIX shell, 2.11)."""
    with open(f"/proc/{pid}/status", errors="replace") as file:
        ignored = next(line.split()[1] for line in file if line.startswith("SigIgn"))
    wanted = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGQUIT - 1)
    return int(ignored, 16) & wanted == wanted


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
