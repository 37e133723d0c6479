"""Stopping a command: its process, the processes it started, but not what it put into the background."""

import os
import signal
from collections.abc import Iterator

import msgspec

__all__ = ["Member", "freeze", "kill", "members"]


class Member(msgspec.Struct, frozen=True):
    """A process of a session that would notice Ctrl-C."""

    pid: int
    parent: int


def members(session: int) -> Iterator[Member]:
    """The living processes of a session that do not ignore SIGINT; a shell lets its background jobs ignore it (POSIX, 2.11)."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", errors="replace") as file:
                    state, parent, _, held = file.read().rpartition(")")[2].split()[:4]
                if int(held) == session and state not in "ZX" and not _ignores_interrupt(name):
                    yield Member(int(name), int(parent))
            except OSError:
                continue


def _ignores_interrupt(pid: str) -> bool:
    with open(f"/proc/{pid}/status", errors="replace") as file:
        ignored = next(line.split()[1] for line in file if line.startswith("SigIgn"))
    return bool(int(ignored, 16) & 1 << (signal.SIGINT - 1))


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
