"""What Docker and Podman know of their containers, asked through their own sockets; these requests change nothing."""

import os
import re
import socket
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from glob import glob

import msgspec

from netlab_magic.engines.live.processes import Process, read_text

__all__ = ["SHARES", "Container", "by_name", "containers", "sockets"]

_SOCKETS = ("/run/docker.sock", "/run/podman/podman.sock", "/run/user/*/docker.sock", "/run/user/*/podman/podman.sock")
_DAEMONS = ("dockerd", "podman")
_LISTENS = re.compile(r"(?:^|\0)(?:-H|--host)[\0=]?unix://([^\0]+)")
_SECONDS = 2.0
_REQUEST = b"GET /containers/json?all=1 HTTP/1.0\r\nHost: localhost\r\n\r\n"
"""A path without a version is answered by Docker 20.10 as well as by 28, and by Podman."""

SHARES = "container:"
"""How the network mode of a container begins that uses another one's namespace."""

_COMPOSE_SERVICE = "com.docker.compose.service"


class _HostConfig(msgspec.Struct, frozen=True, rename="pascal"):
    network_mode: str = ""


class Container(msgspec.Struct, frozen=True, rename="pascal"):
    """A container as its daemon lists it."""

    id: str
    names: list[str] = []
    state: str = ""
    host_config: _HostConfig = _HostConfig()
    labels: dict[str, str] | None = None

    @property
    def name(self) -> str:
        """Its name, or the start of its ID."""
        return self.names[0].lstrip("/") if self.names else self.id[:12]

    @property
    def service(self) -> str:
        """Its service in Docker Compose, by which the others know it; "" for none."""
        return (self.labels or {}).get(_COMPOSE_SERVICE, "")

    @property
    def network_mode(self) -> str:
        """`host`, `none`, `container:ID`, or the network's name."""
        return self.host_config.network_mode


def sockets(root: str, processes: Iterable[Process]) -> list[str]:
    """The sockets of the daemons: at their usual places under `root` (a folder of /proc), and where those that run listen."""
    places = [f"{root}{place}" for place in _SOCKETS]
    for process in processes:
        if read_text(f"/proc/{process.pid}/comm").strip() in _DAEMONS:
            told = _LISTENS.findall(read_text(f"/proc/{process.pid}/cmdline"))
            places += [f"/proc/{process.pid}/root{place}" for place in (*told, *_SOCKETS)]
    found: dict[tuple[int, int], str] = {}
    for path in [path for place in places for path in glob(place)]:
        with suppress(OSError):
            held = os.lstat(path)  # an absolute link under /proc/PID/root would lead to this process's own files
            if stat.S_ISSOCK(held.st_mode):
                found.setdefault((held.st_dev, held.st_ino), path)
    return list(found.values())


def containers(paths: Iterable[str]) -> tuple[dict[str, Container], tuple[str, ...]]:
    """All containers by their IDs, and the sockets that gave no answer, each with the reason."""
    found: dict[str, Container] = {}
    silent: list[str] = []
    for path in paths:
        try:
            found |= {one.id: one for one in msgspec.json.decode(_answer(path), type=list[Container])}
        except (OSError, msgspec.DecodeError, ValueError) as error:
            silent.append(f"{re.sub('^/proc/[^/]+/root', '', path)} ({getattr(error, 'strerror', None) or error})")
    return found, tuple(silent)


def _answer(path: str) -> bytes:
    """The body of the answer. Raises OSError, and ValueError for an answer that is none."""
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(_SECONDS)
        asking.connect(path)
        asking.sendall(_REQUEST)
        data = b"".join(_received(asking))
    head, _, body = data.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise ValueError(head.split(b"\r\n")[0].decode(errors="replace") or "no answer")
    return body


def _received(asking: socket.socket) -> Iterator[bytes]:
    while data := asking.recv(1 << 16):
        yield data


def by_name(found: Mapping[str, Container], name: str) -> Container | None:
    """The container with this name, or whose ID begins with it; None if there is no such one."""
    named = [one for one in found.values() if name in [word.lstrip("/") for word in one.names]]
    begins = [one for one in found.values() if len(name) > 3 and one.id.startswith(name)]
    return next(iter((*named, *begins)), None)
