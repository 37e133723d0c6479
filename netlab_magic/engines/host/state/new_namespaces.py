"""Makes network namespaces in a thread of its own, so that what is done in one and the making of the next take place at the same time.

A thread can be in another network namespace than its process (unshare(2)); it ends in the last one that it made.
"""

import os
from collections.abc import Sequence
from queue import SimpleQueue
from threading import Thread
from typing import NamedTuple, Self

from netlab_magic.engines.host.netlink.rtnetlink import RouteSocket
from netlab_magic.engines.host.process.isolation import BIND, NEWNET, libc, mount, unshare
from netlab_magic.engines.host.state.observe import NAMED

__all__ = ["Made", "NewNamespaces", "remove_name"]

_OWN = "/proc/thread-self/ns/net"
_DETACH = 2


class Made(NamedTuple):
    """A new namespace: its name, a descriptor of it, and a netlink socket in it."""

    name: str
    descriptor: int
    netlink: RouteSocket

    def close(self) -> None:
        """Closes both."""
        os.close(self.descriptor)
        self.netlink.close()


class NewNamespaces:
    """Namespaces with these names, each from when it is taken, in their order. A context manager: what nobody took is gone at its end."""

    def __init__(self, names: Sequence[str]) -> None:
        self._left = list(names)
        self._made: SimpleQueue[Made | OSError] = SimpleQueue()
        self._thread = Thread(target=self._make, args=(tuple(names),), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._left.clear()
        self._thread.join()
        while not self._made.empty():
            if isinstance(made := self._made.get(), Made):
                made.close()
                remove_name(made.name)

    def take(self) -> Made:
        """The next one, once it is made. Raises OSError."""
        made = self._made.get()
        if isinstance(made, OSError):
            raise made
        return made

    def _make(self, names: Sequence[str]) -> None:
        for name in names:
            if not self._left:  # nobody waits for them any more
                return
            try:
                self._made.put(_made(name))
            except OSError as error:
                self._made.put(error)
                return


def _made(name: str) -> Made:
    os.makedirs(NAMED, exist_ok=True)
    path = f"{NAMED}/{name}"
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_EXCL, 0))
    try:
        unshare(NEWNET)
        mount(_OWN, path, "", BIND)
        return Made(name, os.open(_OWN, os.O_RDONLY | os.O_CLOEXEC), RouteSocket())
    except OSError:
        os.unlink(path)
        raise


def remove_name(name: str) -> None:
    """Takes a namespace's name away; it ends with what is still in it."""
    libc.umount2(f"{NAMED}/{name}".encode(), _DETACH)
    os.unlink(f"{NAMED}/{name}")
