"""The wiring of a topology picture: the DOT node and port of each interface, and which end of a cable is on top."""

import msgspec

from netlab_magic.draw.topology.cards import Ends
from netlab_magic.draw.topology.view import NetView, visible
from netlab_magic.model.topology import HOST, INTERNET, End, Namespace, Topology

__all__ = ["Wiring", "wired"]


class Wiring(msgspec.Struct, frozen=True):
    """`nodes` are those of namespaces, `plugs` the node and port of each interface; `cables` have their upper end first."""

    nodes: dict[str, str]
    plugs: dict[End, tuple[str, str]]
    cables: tuple[tuple[End, End], ...]

    def ends(self, namespace: Namespace) -> Ends:
        """The interfaces of a namespace on the upper and on the lower edge of its card."""
        upper = {end.interface for end, _ in self.cables if end.namespace == namespace.name}
        lower = {end.interface for _, end in self.cables if end.namespace == namespace.name}
        shown = visible(namespace)
        return Ends(
            above=tuple(each for each in shown if each.name in lower),
            below=tuple(each for each in shown if each.name in upper and each.name not in lower),
            ports=self.ports(namespace.name),
        )

    def ports(self, namespace: str) -> dict[str, str]:
        """The DOT ports of a namespace's interfaces."""
        return {end.interface: port for end, (_, port) in self.plugs.items() if end.namespace == namespace}


def _levels(topology: Topology) -> dict[str, int]:
    """How far below the host each namespace is drawn; the internet is above it, and namespaces not connected to it are lowest."""
    pairs = [(one.namespace, other.namespace) for one, other in topology.links()]
    pairs += [(other, one) for one, other in pairs]
    level, edge = {HOST: 0}, [HOST]
    while edge:
        near = edge.pop(0)
        for one, other in pairs:
            if one == near and other not in level:
                level[other] = level[near] + 1
                edge.append(other)
    lowest = len(topology.namespaces) + 1
    return {name: -1 if name == INTERNET else level.get(name, lowest) for name in topology.namespaces}


def _cables(topology: Topology) -> tuple[tuple[End, End], ...]:
    level, order = _levels(topology), {name: place for place, name in enumerate(topology.namespaces)}
    known = [link for link in topology.links() if all(map(topology.interface, link))]

    def height(end: End) -> tuple[int, int]:
        return level[end.namespace], order[end.namespace]

    return tuple((a, b) if height(a) <= height(b) else (b, a) for a, b in known)


def wired(view: NetView) -> Wiring:
    """The wiring of a topology."""
    topology = view.topology
    nodes = {HOST: "host"} | {name: f"n{place}" for place, name in enumerate(topology.namespaces) if name != HOST}
    plugs = {
        End(name, interface.name): (nodes[name], f"e{place}")
        for name, namespace in topology.namespaces.items()
        for place, interface in enumerate(visible(namespace))
    }
    return Wiring(nodes, plugs, tuple(cable for cable in _cables(topology) if all(end in plugs for end in cable)))
