"""Which container a process belongs to, as the paths of its cgroups say. Pure: what /proc/PID/cgroup holds comes in as text."""

import re
from typing import NamedTuple

__all__ = ["ContainerId", "container_of"]

_ID = re.compile(r"(?:^|[/:-])([0-9a-f]{64})(?=\.scope|/|$)")
"""The ID in a path: `/docker/ID`, `docker-ID.scope`, `libpod-ID.scope`, `cri-containerd-ID.scope`, `…slice:cri-containerd:ID`."""

_POD = re.compile(r"kubepods\S*pod([0-9a-f]{8}(?:[-_]?[0-9a-f]{4}){3}[-_]?[0-9a-f]{12})")
_MONITOR = "conmon"
"""Podman's monitor of a container is not in it, though its cgroup names it."""


class ContainerId(NamedTuple):
    """A container's ID of 64 hexadecimal digits, and the UID of the Kubernetes pod that it is in, "" for none."""

    id: str
    pod: str


def container_of(cgroups: str) -> ContainerId | None:
    """The innermost container that a process is in, from the text of /proc/PID/cgroup; None for a process outside of containers.

    >>> container_of("0::/system.slice/docker-" + "5e" * 32 + ".scope").id[:4]
    '5e5e'
    """
    for line in cgroups.splitlines():
        path = line.split(":", 2)[-1]
        found = [] if _MONITOR in path else _ID.findall(path)
        if found:
            pod = _POD.search(path)
            return ContainerId(found[-1], pod[1].replace("_", "-") if pod else "")
    return None
