"""The wires of a topology: who answers for an address on a link, and through which ports of bridges a frame gets there."""

from collections.abc import Iterator

from netlab_magic.topology import End, Interface, Topology
from netlab_magic.walk import Host, host_of, routing_of
from netlab_magic.walk.host import Routing
from netlab_magic.walk.numbers import number_of
from netlab_magic.walk.program import Remembered

__all__ = ["Links", "Way", "links_of"]

Way = tuple[End, ...]
"""The ends of wires that a frame passes: out of the first, into the second, out of the third …; into the last."""


class Links:
    """The hosts of a topology and the wires between them; what has been found is kept."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.hosts: dict[str, Host] = {name: host_of(topology, name) for name in topology.namespaces}
        self._ways: dict[tuple[End, str], Way | None] = {}

    def routing(self, namespace: str, six: bool) -> Routing:
        """The routes of a namespace in one family."""
        found = routing_of(self.hosts[namespace], six)
        assert found is not None
        return found

    def way(self, sender: End, address: str) -> Way | None:
        """The way of a frame from a device to whoever answers for `address` on its link; None when nobody does.

        A host answers ARP for every address that it has, on whichever device (arp_process with arp_ignore 0).
        """
        key = sender, address
        if key not in self._ways:
            self._ways[key] = self._search(sender, address)
        return self._ways[key]

    def _search(self, sender: End, address: str) -> Way | None:
        device = self.topology.interface(sender)
        if device is None or not device.up:
            return None
        waiting: list[Way] = [(out,) for out in self._outs(sender, device)]
        seen = {sender}
        while waiting:
            way = waiting.pop(0)
            arrives = self._far(way[-1])
            if arrives is None or arrives in seen:
                continue
            seen.add(arrives)
            port = self.topology.interface(arrives)
            assert port is not None
            if port.master is None:
                if self._answers(arrives.namespace, address):
                    return (*way, arrives)
                continue
            bridge = self.topology.interface(End(arrives.namespace, port.master))
            if bridge is None or not bridge.up:
                continue
            if self._answers(arrives.namespace, address):
                return (*way, arrives)
            outs = self._outs(End(arrives.namespace, bridge.name), bridge)
            waiting += [(*way, arrives, out) for out in outs if out != arrives]
        return None

    def _outs(self, sender: End, device: Interface) -> Iterator[End]:
        """The devices that a frame leaves through: a bridge's ports, else the device itself."""
        if device.kind == "bridge":
            for port in self.topology.namespaces[sender.namespace].ports(device.name):
                if port.up:
                    yield End(sender.namespace, port.name)
        else:
            yield sender

    def _far(self, out: End) -> End | None:
        """The other end of a wire, when both are up."""
        device = self.topology.interface(out)
        far = self.topology.interface(device.peer) if device and device.peer else None
        return device.peer if device and device.up and far and far.up else None

    def _answers(self, namespace: str, address: str) -> bool:
        number = number_of(address)
        routing = self.routing(namespace, ":" in address)
        return routing.is_local(number) and not routing.is_loopback(number)


_LINKS: Remembered[Topology, Links] = Remembered(Links)


def links_of(topology: Topology) -> Links:
    """The wires of a topology, found once for each."""
    return _LINKS.of(topology)
