"""What is read back of a simulated lab: the topology in the order and the words of the kernel."""

import re
from collections.abc import Mapping, Sequence

import msgspec

from netlab_magic.engines.simulated.sysctls import read
from netlab_magic.engines.simulated.world import World
from netlab_magic.model.topology import HOST, Topology

__all__ = ["topology_seen"]


def topology_seen(world: World, sysctls: Mapping[str, Sequence[str]]) -> Topology:
    """The topology; `sysctls` names the keys to read in each namespace."""
    found = {}
    for name in sorted(world.topology.namespaces, key=lambda name: (name != HOST, _as_people_count(name))):
        namespace = world.topology.namespaces[name]
        values = {key: value for key in sysctls.get(name, ()) if (value := read(namespace, key)) is not None}
        found[name] = msgspec.structs.replace(namespace, sysctls=values)
    return msgspec.structs.replace(world.topology, namespaces=found)


def _as_people_count(name: str) -> list[tuple[int, str]]:
    """For sorting: n2 before n10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)]
