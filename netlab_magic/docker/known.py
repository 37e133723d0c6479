"""Looks up the names in a `docker …` statement in dockerd's state."""

from collections.abc import Iterable

from netlab_magic.docker.state import Container, Daemon, Network
from netlab_magic.language.plan_topology import refuse
from netlab_magic.text import suggest

__all__ = ["container_called", "gone", "network_called"]


def container_called(daemon: Daemon, name: str) -> Container:
    """The container called `name`. Raises StatementError if there is none."""
    names = [held.name for held in daemon.containers]
    return daemon.container(str(name)) or refuse(f"there is no container {name}{suggest(name, names)}", name)


def network_called(daemon: Daemon, name: str) -> Network:
    """The network called `name`. Raises StatementError if there is none."""
    names = [held.name for held in daemon.networks]
    return daemon.network(str(name)) or refuse(f"there is no Docker network {name}{suggest(name, names)}", name)


def gone(kind: str, names: Iterable[str]) -> str:
    """The sentence that things are gone."""
    listed = list(names)
    return f"{kind}{'s' if len(listed) > 1 else ''} {', '.join(listed)} {'are' if len(listed) > 1 else 'is'} gone"
