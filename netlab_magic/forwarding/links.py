"""The wires of a topology: who answers for an address on a link, and through which ports of bridges a frame gets there."""

from collections import deque
from collections.abc import Iterator

import msgspec

from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.model.topology import End, Interface, Topology
from netlab_magic.netfilter import Host, HostTrace, host_of, routing_of
from netlab_magic.netfilter.policy import Asked
from netlab_magic.netfilter.routing import Routing

__all__ = ["Ahead", "Cables", "Links", "links_of"]

Cables = tuple[End, ...]
"""The ends of wires that a frame passes: out of the first, into the second, out of the third …; into the last."""


class Ahead(msgspec.Struct, frozen=True):
    """The next hop of a packet that leaves a host: its address, and the outgoing device (a bridge's port if the frame is switched).

    `asker` is the source address of the ARP request, and `cables` the cables to the next hop, None if none answers.
    """

    device: str
    address: str
    asker: str
    cables: Cables | None


class Links:
    """The hosts of a topology and the links between them. Results are cached."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self.hosts: dict[str, Host] = {name: host_of(topology, name) for name in topology.namespaces}
        self._devices = {
            End(name, device.name): device for name, namespace in topology.namespaces.items() for device in namespace.interfaces
        }
        self._owners: dict[int, list[str]] = {}
        for name in topology.namespaces:
            for address in {address for six in (False, True) for address in self.routing(name, six).local}:
                self._owners.setdefault(address, []).append(name)
        self._reached: dict[End, dict[str, list[tuple[int, End, Cables]]]] = {}
        self._cables: dict[tuple[End, str, str], Cables | None] = {}

    def routing(self, namespace: str, six: bool) -> Routing:
        """The routes of a namespace in one family."""
        found = routing_of(self.hosts[namespace], six)
        assert found is not None
        return found

    def cables(self, sender: End, address: str, asker: str) -> Cables | None:
        """The cables from a device to the host that answers ARP for `address` when `asker` asks; None if none does.

        A host answers on any device for all of its addresses (arp_process with arp_ignore 0), but only to senders
        whose packets its reverse path filter lets in there.
        """
        key = sender, address, asker
        if key not in self._cables:
            self._cables[key] = self._search(sender, address, asker)
        return self._cables[key]

    def ahead(self, namespace: str, walk: HostTrace) -> Ahead:
        """The next hop of a packet that has left a namespace."""
        frame = walk.last
        routing = self.routing(namespace, frame.six)
        hop = walk.hop or routing.route(frame.destination)
        device = frame.port_out or (hop.device if hop else frame.output)
        address = shown(hop.next if hop else frame.destination, frame.six)
        own = routing.source_for(hop.device, hop.next) if hop else None
        asks = frame.source if routing.is_local(frame.source) or own is None else own  # arp_solicit with arp_announce 0
        asker = shown(asks, frame.six)
        sender = End(namespace, device)
        hears = bool(frame.port_out) or not self._is_port(sender)
        return Ahead(device, address, asker, self.cables(sender, address, asker) if hears else None)

    def _is_port(self, end: End) -> bool:
        """Whether an interface is a port of a bridge: answers come in through the bridge, where nobody has asked (br_handle_frame)."""
        device = self._devices.get(end)
        master = self._devices.get(End(end.namespace, device.master)) if device and device.master else None
        return master is not None and master.kind == "bridge"

    def flooded(self, sender: End) -> list[Cables]:
        """The cables to each device that a broadcast frame reaches."""
        return [cables for _, cables in self._arrivals(sender)]

    def is_misled(self, namespace: str, ahead: Ahead) -> bool:
        """Whether a namespace has a static neighbour entry for the next hop with the wrong hardware address."""
        fixed = self.topology.namespaces[namespace].fixed.get(ahead.address)
        return fixed is not None and (ahead.cables is None or self._devices[ahead.cables[-1]].mac != fixed)

    def _search(self, sender: End, address: str, asker: str) -> Cables | None:
        """The cables to the nearest device whose host answers; only hosts that have the address are considered."""
        if sender not in self._reached:
            self._reached[sender] = {}
            for place, (device, cables) in enumerate(self._arrivals(sender)):
                self._reached[sender].setdefault(device.namespace, []).append((place, device, cables))
        reached = self._reached[sender]
        near = sorted(found for name in self._owners.get(number_of(address), ()) for found in reached.get(name, ()))
        return next((cables for _, device, cables in near if self._answers(device, address, asker)), None)

    def _arrivals(self, sender: End) -> Iterator[tuple[End, Cables]]:
        """All devices that a broadcast frame reaches, nearest first, with the cables to each; for a bridge's port, the bridge."""
        device = self._devices.get(sender)
        if device is None or not device.up:
            return
        waiting: deque[Cables] = deque((out,) for out in self._outs(sender, device))
        seen = {sender}
        while waiting:
            cables = waiting.popleft()
            arrives = self._far(cables[-1])
            if arrives is None or arrives in seen:
                continue
            seen.add(arrives)
            port = self._devices[arrives]
            if port.master is None:
                yield arrives, (*cables, arrives)
                continue
            switch = End(arrives.namespace, port.master)
            bridge = self._devices.get(switch)
            if bridge is None or not bridge.up:
                continue
            yield switch, (*cables, arrives)
            outs = (out for out in self._outs(switch, bridge) if out != arrives)
            waiting.extend((*cables, arrives, out) for out in outs if not (port.isolated and self._devices[out].isolated))  # should_deliver

    def _outs(self, sender: End, device: Interface) -> Iterator[End]:
        """The devices that a frame leaves through: a bridge's ports, or the device itself."""
        if device.kind == "bridge":
            for port in self.topology.namespaces[sender.namespace].ports(device.name):
                if port.up:
                    yield End(sender.namespace, port.name)
        else:
            yield sender

    def _far(self, out: End) -> End | None:
        """The other end of a cable if both ends are up."""
        device = self._devices.get(out)
        far = self._devices.get(device.peer) if device and device.peer else None
        return device.peer if device and device.up and far and far.up else None

    def _answers(self, device: End, address: str, asker: str) -> bool:
        number = number_of(address)
        routing = self.routing(device.namespace, ":" in address)
        is_own = routing.is_local(number) and not routing.is_loopback(number)
        return is_own and routing.expects(Asked(number_of(asker), number), device.interface)


_LINKS: Remembered[Topology, Links] = Remembered(Links)


def links_of(topology: Topology) -> Links:
    """The links of a topology, cached."""
    return _LINKS.of(topology)
