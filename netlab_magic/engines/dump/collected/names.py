"""What people call the namespaces of a collected host: as a container, as `ip netns` does, or by the first process in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from netlab_magic.engines.dump.collected.parts import Place
from netlab_magic.engines.dump.host_dump import RunningContainer
from netlab_magic.model.topology import HOST, INTERNET

__all__ = ["Named", "named"]

_GENERATED = re.compile(r"(?:netns|cni)-[0-9a-f]{8}-[0-9a-f-]+")
"""Names that Podman and CNI plugins make up."""

_PREFERRED = "/run/netns/"
_SHARES = "container:"
_RUNS = ("running", "paused", "")
_SHORT = 12


class Named(NamedTuple):
    """The places by name; further words for them; and the containers that do not run, and so have no network."""

    places: Mapping[str, Place]
    aliases: Mapping[str, str]
    stopped: Sequence[str]


def named(places: Sequence[Place], known: Sequence[RunningContainer]) -> Named:
    """Names for the places, which do not include the host."""
    by_id = {one.id: one for one in known}
    found: dict[str, Place] = {}
    aliases = {word: HOST for one in known if one.mode == HOST for word in (one.name, one.id[:_SHORT])}
    for place in places:
        inside = sorted(_inside(place, by_id), key=lambda one: one.mode.startswith(_SHARES))
        name = _free(_name(place, inside), place, (HOST, INTERNET, *found))
        found[name] = place
        sharing = [one for one in known if one.mode.startswith(_SHARES) and one.mode.removeprefix(_SHARES) in {held.id for held in inside}]
        words = [word for one in (*inside, *sharing) for word in (one.name, one.id[:_SHORT], one.id)]
        for word in words or list(place.process or ()):
            aliases[word] = "" if aliases.get(word, name) != name else name  # a word for two is none
    said = {word: name for word, name in aliases.items() if name and word not in found}
    return Named(found, said, tuple(one.name for one in known if one.state not in _RUNS and one.name not in found))


def _inside(place: Place, by_id: Mapping[str, RunningContainer]) -> Iterator[RunningContainer]:
    for held in place.containers:
        yield by_id.get(held) or RunningContainer(held[:_SHORT], held)
    pid = int(place.process[0]) if place.process and place.process[0].isdecimal() else 0
    if not place.containers and pid:
        yield from (one for one in by_id.values() if one.pid == pid)


def _name(place: Place, inside: Sequence[RunningContainer]) -> str:
    if inside:
        return inside[0].name
    given = sorted(place.names, key=lambda path: not path.startswith(_PREFERRED))
    chosen = [name for name in (path.rpartition("/")[2] for path in given) if not _GENERATED.fullmatch(name)]
    if not chosen and place.process:
        return f"pid {place.process[0]} ({place.process[1]})"
    return (chosen or [path.rpartition("/")[2] for path in given] or [place.net])[0]


def _free(name: str, place: Place, taken: Sequence[str]) -> str:
    if name not in taken:
        return name
    if place.process:
        return f"{name} (pid {place.process[0]})"
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)
