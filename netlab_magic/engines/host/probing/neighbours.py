"""Neighbour entries for a large matrix, added before and removed after it.

The kernel has one table of neighbours for the whole machine, with room for 1,024 (net.ipv4.neigh.default.gc_thresh3, which only
the machine's own namespace can change). Thirty namespaces that all talk to each other need 1,740 entries: beyond the limit,
packets vanish and a probe would call that blocked. Permanent entries do not count (neigh_alloc() in net/core/neighbour.c), and
they spare an ARP broadcast to every port of the bridge for each pair.
"""

import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Self

from netlab_magic.engines.host.netlink.rtnetlink import neighbour
from netlab_magic.engines.host.state.observe import Namespaces, observe
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import End, Interface, Topology

__all__ = ["KnownNeighbours"]

FEW = 100
"""Up to this many flows, the namespaces resolve hardware addresses themselves as usual."""

_BATCH = 100


class KnownNeighbours:
    """Fills the neighbour tables for the probes of a `with` block, if there are many."""

    def __init__(self, namespaces: Namespaces, probes: Sequence[Probe]) -> None:
        self._namespaces = namespaces
        self._entries: dict[str, set[tuple[int, str, str]]] = {}
        if len(probes) > FEW:
            for name, entry in _entries(observe(namespaces, {}, ()), probes):
                self._entries.setdefault(name, set()).add(entry)

    def __enter__(self) -> Self:
        self._each(add=True)
        return self

    def __exit__(self, *exception: object) -> None:
        self._each(add=False)

    def _each(self, add: bool) -> None:
        """Adds or deletes all entries; refusals are ignored, since the entry then already exists, or no longer does."""
        for name, entries in self._entries.items():
            messages = [neighbour(add, index, address, mac) for index, address, mac in sorted(entries)]
            for at in range(0, len(messages), _BATCH):
                self._namespaces.netlink(name).send(messages[at : at + _BATCH])


def _entries(topology: Topology, probes: Sequence[Probe]) -> Iterator[tuple[str, tuple[int, str, str]]]:
    """For each flow within one segment: the receiver's hardware address for the sender, and the sender's for the receiver."""
    owners = {cidr.partition("/")[0]: end for cidr, end in topology.addresses() if ":" not in cidr}
    segments = {end: _segment(topology, end) for end in owners.values()}
    held = {name: list(_networks(topology, name)) for name in {probe.source for probe in probes} if name in topology.namespaces}
    for probe in probes:
        theirs = owners.get(probe.address)
        if theirs is None or probe.source not in held:
            continue
        wanted = _number(probe.address)
        for network, mask, address, mine, interface in held[probe.source]:
            if wanted & mask == network and segments.get(mine) == segments[theirs]:
                far = topology.interface(theirs)
                if far is not None:
                    yield probe.source, (interface.index, probe.address, far.mac)
                    yield theirs.namespace, (far.index, address, interface.mac)


def _networks(topology: Topology, name: str) -> Iterator[tuple[int, int, str, End, Interface]]:
    for interface in topology.namespaces[name].interfaces:
        for cidr in interface.addresses if interface.kind != "loopback" else ():
            address, _, prefix = cidr.partition("/")
            if ":" not in address:
                mask = (0xFFFFFFFF << (32 - int(prefix))) & 0xFFFFFFFF
                yield _number(address) & mask, mask, address, End(name, interface.name), interface


def _number(address: str) -> int:
    return int(struct.unpack("!I", socket.inet_aton(address))[0])


def _segment(topology: Topology, end: End) -> object:
    """What an interface is connected to: a bridge, or the other end of its link."""
    interface = topology.interface(end)
    if interface is None or interface.kind == "bridge":
        return end
    port = topology.interface(interface.peer) if interface.peer else None
    if port is not None and interface.peer is not None and port.master:
        return End(interface.peer.namespace, port.master)
    return frozenset(filter(None, (end, interface.peer)))
