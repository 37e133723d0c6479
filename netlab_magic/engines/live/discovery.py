"""The network namespaces of a machine under the names by which people know them: a container's, a pod's, that of `ip netns`, a process's.

They are found where the kernel shows them, in /proc: what processes are in, and what mounts keep (`ip netns`, Docker, CNI plugins). A
namespace that only an open descriptor keeps is not seen.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netlab_magic.engines.live.container_ids import container_of
from netlab_magic.engines.live.processes import Process, bound_namespaces, processes_of, read_text
from netlab_magic.engines.live.runtimes import SHARES, Container, containers, sockets
from netlab_magic.engines.machine import Machine
from netlab_magic.model.topology import HOST, INTERNET

__all__ = ["Discovered", "discovered"]

_GENERATED = re.compile(r"(?:netns|cni)-[0-9a-f]{8}-[0-9a-f-]+")
"""Names that Podman and CNI plugins make up for the mounts of their namespaces: they tell people nothing."""

_PREFERRED = "/run/netns/"
"""Where `ip netns` keeps what people have named."""


class Discovered(NamedTuple):
    """A namespace with its name, and the path under which it can be opened."""

    name: str
    path: str


class _Place(NamedTuple):
    """A namespace, with the processes that are in it and its mounts, each as the mount's path and the path by which to open it."""

    processes: list[Process]
    mounts: dict[str, str]


def discovered(root: str, host: int) -> tuple[list[Discovered], Machine]:
    """All namespaces of the machine but the host's, whose inode is `host`, and what else is known of its containers.

    `root` is a process of the machine, a PID or self: what is in its PID namespace or below is of its machine.
    """
    processes = list(processes_of(root))
    known, silent = containers(sockets(f"/proc/{root}/root", processes))
    places = _places(processes)
    taken: dict[str, int] = {HOST: host, INTERNET: 0}
    found: list[Discovered] = []
    aliases: dict[str, str] = {word: HOST for one in known.values() if one.network_mode == "host" for word in _words(one)}
    for net, place in places.items():
        if net == host:
            continue
        inside = list(_inside(place.processes, known))
        name = _free(_name(place, inside), place, taken)
        taken[name] = net
        first = place.processes[0] if place.processes else None
        found.append(Discovered(name, f"/proc/{first.pid}/ns/net" if first else next(iter(place.mounts.values()))))
        for word in [word for one in inside for word in _words(one)] or _words_of(place):
            aliases[word] = "" if aliases.get(word, name) != name else name  # a word for two is none
    said = {word: name for word, name in aliases.items() if name and word not in taken}
    stopped = tuple(sorted(one.name for one in known.values() if one.state not in ("running", "paused") and one.name not in taken))
    return found, Machine(said, stopped, silent)


def _places(processes: Sequence[Process]) -> dict[int, _Place]:
    found: dict[int, _Place] = {}
    looked_at: set[int] = set()
    for process in processes:
        found.setdefault(process.net, _Place([], {})).processes.append(process)
        if process.mnt not in looked_at:
            looked_at.add(process.mnt)
            for bound in bound_namespaces(process):
                found.setdefault(bound.net, _Place([], {})).mounts.setdefault(bound.mounted_at, bound.path)
    return found


def _inside(processes: Sequence[Process], known: Mapping[str, Container]) -> Iterator[Container]:
    """The containers that use a namespace, its owner first; those of which no daemon tells as their cgroups and files do."""
    found: dict[str, Container] = {}
    for process in processes:
        held = container_of(read_text(f"/proc/{process.pid}/cgroup"))
        if held is None or held.id in found:
            continue
        name = _hostname(process) if held.pod else ""
        found[held.id] = known.get(held.id) or Container(held.id, [name] if name else [])
    yield from sorted(found.values(), key=lambda one: one.network_mode.startswith(SHARES))


def _hostname(process: Process) -> str:
    """What a pod's containers have in /etc/hostname, which Kubernetes sets to the pod's name; "" if that could lead elsewhere."""
    path = f"/proc/{process.pid}/root/etc/hostname"
    text = "" if os.path.islink(path) or os.path.islink(os.path.dirname(path)) else read_text(path).strip()
    return text if re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?", text) else ""


def _name(place: _Place, inside: Sequence[Container]) -> str:
    if inside:
        return inside[0].name
    given = sorted(place.mounts, key=lambda path: not path.startswith(_PREFERRED))
    names = [os.path.basename(path) for path in given]
    chosen = next((name for name in names if not _GENERATED.fullmatch(name)), None)
    if chosen is None and place.processes:
        return _called(place.processes[0])
    return chosen or names[0]


def _called(process: Process) -> str:
    return f"pid {process.pid} ({read_text(f'/proc/{process.pid}/comm').strip()})"


def _free(name: str, place: _Place, taken: Mapping[str, int]) -> str:
    """The name; with its first process or a number where another namespace has it."""
    if name not in taken:
        return name
    if place.processes:
        return f"{name} (pid {place.processes[0].pid})"
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)


def _words(container: Container) -> tuple[str, ...]:
    """By which words people mean a container: its names, the start of its ID, and its service in Docker Compose."""
    names = [name.lstrip("/") for name in container.names if name.count("/") < 2]
    return tuple(word for word in (*names, container.id[:12], container.id, container.service) if word)


def _words_of(place: _Place) -> tuple[str, ...]:
    """The same for a namespace without containers: the PID and the name of its first process."""
    if not place.processes:
        return ()
    return str(place.processes[0].pid), read_text(f"/proc/{place.processes[0].pid}/comm").strip()
