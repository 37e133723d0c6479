"""Joins the network of what is looked at: the machine's own, a process's or a container's."""

import os
import signal

from netlab_magic.engines.host.process.isolation import NEWNET, libc, setns
from netlab_magic.engines.live.container_ids import container_of
from netlab_magic.engines.live.processes import inode, processes_of, read_text
from netlab_magic.engines.live.runtimes import by_name, containers, sockets
from netlab_magic.engines.machine import CONTAINER

__all__ = ["Joined", "join"]

_SET_PARENT_DEATH_SIGNAL = 1


class Joined:
    """What is looked at: `root` is a process of its machine, a PID or self; `whole`, whether all that this machine has belongs to it.

    A process that shares the PID namespace of ours may be anything on this machine: then what its network is linked to belongs to it.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.whole = root == "self" or inode(f"/proc/{root}/ns/pid") != inode("/proc/self/ns/pid")


def join(target: str, parent: int) -> Joined:
    """Joins the network namespace of `target`: host (stays in ours), a PID, or container:NAME. Raises OSError.

    This process ends with `parent`. There is no watcher, since nothing is created that would have to be removed.
    """
    libc.prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    root = "self" if target == "host" else _pid_of(target.removeprefix(CONTAINER)) if target.startswith(CONTAINER) else target
    joined = Joined(root)
    if root != "self":
        descriptor = os.open(f"/proc/{root}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        setns(descriptor, NEWNET)
        os.close(descriptor)
    if os.getppid() != parent:
        os._exit(1)
    return joined


def _pid_of(name: str) -> str:
    """The first process of a container. Raises OSError with a sentence."""
    processes = list(processes_of("self"))
    known, silent = containers(sockets("", processes))
    found = by_name(known, name)
    wanted = found.id if found else name
    for process in processes:
        held = container_of(read_text(f"/proc/{process.pid}/cgroup"))
        if held and (held.id == wanted or (not found and len(name) > 3 and held.id.startswith(wanted))):
            return str(process.pid)
    if found:
        raise OSError(0, f"the container {found.name} is not running, so it has no network")
    unheard = f"; no answer from {', '.join(silent)}" if silent else ""
    names = ", ".join(sorted(one.name for one in known.values() if one.state == "running")) or "none"
    raise OSError(0, f"there is no container {name} (running: {names}){unheard}")
