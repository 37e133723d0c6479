"""Captures in a simulated lab: the model's packets as frames, at each device that they pass, in their order.

A tap is before netfilter on the way in (__netif_receive_skb_core) and behind it on the way out (dev_queue_xmit_nit). A bridge shows what
is passed up to it (br_pass_frame_up), and nothing of what it passes from port to port. With bridge-nf-call-iptables, PREROUTING comes
before that.
"""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.engines.simulated.packet_bytes import Numbers, arp_bytes, ether_type, ethernet, packet_bytes
from netlab_magic.engines.simulated.world import World
from netlab_magic.forwarding.links import Ahead, Cables, links_of
from netlab_magic.forwarding.prediction import Hop, Trace
from netlab_magic.model.capture.frame import Frame
from netlab_magic.model.capture.headers import ARP, ECHOES
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import End

__all__ = ["Recorder"]

_BROADCAST = "ff:ff:ff:ff:ff:ff"
_REQUESTS = (8, 128)
_LO = "lo"

_Flow = tuple[str, int, str, int]


class Recorder:
    """Records the packets of one request at the devices where the world captures."""

    def __init__(self, world: World) -> None:
        self._topology = world.topology
        self._places = set(world.capturing)
        self._echo = world.sent
        self._bytes_sent: dict[_Flow, int] = {}
        self._heard: dict[_Flow, int] = {}
        self._numbers = Numbers(0)
        self._quoted = b""
        self.passed = world.passed
        self.frames: list[Frame] = []

    def begin(self, trace: Trace) -> None:
        """A packet is sent."""
        if self._places and trace.hops:
            self.passed += 1
            sent = trace.hops[0].host_trace.sent
            if "icmp" in sent.protocol and sent.icmp_type in _REQUESTS:
                self._echo += 1
            sequence, acknowledged = self._counted(sent, trace.hops[-1].host_trace.last.on_the_wire())
            self._numbers = Numbers(self.passed, self._echo, sequence, acknowledged, self._quoted)

    def _counted(self, sent: Packet, last: Packet) -> tuple[int, int]:
        """TCP's two numbers. Both sides count what they sent; the names of a flow are those at its sender and at its receiver."""
        if sent.protocol != "tcp":
            return 0, 0
        mine = sent.source, sent.source_port, sent.destination, sent.destination_port
        arrived = last.source, last.source_port, last.destination, last.destination_port
        if "SYN" in sent.flags:
            self._bytes_sent[mine] = 0
        sequence = self._bytes_sent.get(mine, 0)
        data = sent.length - (72 if ":" in sent.source else 52) if not sent.flags & {"SYN", "RST"} else 0
        self._bytes_sent[mine] = self._heard[arrived] = sequence + max(0, data) + bool(sent.flags & {"SYN", "FIN"})
        acknowledged = self._heard.get((mine[2], mine[3], mine[0], mine[1]), 0)
        return sequence, acknowledged if "ACK" in sent.flags else 0

    def came(self, trace: Trace, at: int) -> None:
        """A packet came into a namespace, or stays in it."""
        if not self._places:
            return
        hop = trace.hops[at]
        walk = hop.host_trace
        if hop.enters is None:
            if not hop.leaves and "INPUT" in walk.hooks:
                self._seen(trace, at, End(hop.namespace, _LO), walk.last.on_the_wire(), outgoing=False)
            return
        self._seen(trace, at, hop.enters, walk.sent, outgoing=False)
        bridge = self._above(hop.enters)
        stopped_before = self._asks_iptables(hop) and walk.hooks in ((), ("PREROUTING",)) and not walk.passed
        if bridge != hop.enters and not walk.last.port_out and not stopped_before:
            self._seen(trace, at, bridge, self._after_prerouting(hop), outgoing=False)

    def _asks_iptables(self, hop: Hop) -> bool:
        host = links_of(self._topology).hosts[hop.namespace]
        return host.bridge_nf6 if hop.host_trace.last.six else host.bridge_nf

    def _after_prerouting(self, hop: Hop) -> Packet:
        """The packet as a bridge shows it: if iptables was asked, with the destination that NAT gave it; the source is changed later."""
        sent, last = hop.host_trace.sent, hop.host_trace.last.on_the_wire()
        if not self._asks_iptables(hop):
            return sent
        return msgspec.structs.replace(sent, destination=last.destination, destination_port=last.destination_port)

    def went(self, trace: Trace, at: int) -> None:
        """A packet left a namespace."""
        leaves = trace.hops[at].leaves
        if not self._places or leaves is None:
            return
        walk = trace.hops[at].host_trace
        wire = walk.last.on_the_wire()
        bridge = self._above(leaves)
        if bridge != leaves and not walk.last.port_in:
            self._seen(trace, at, bridge, wire, outgoing=True)
        self._seen(trace, at, leaves, wire, outgoing=True)
        if not ("icmp" in wire.protocol and (wire.protocol, wire.icmp_type) not in ECHOES):
            self._quoted = packet_bytes(wire, self._numbers)[:68]

    def _seen(self, trace: Trace, at: int, place: End, packet: Packet, *, outgoing: bool) -> None:
        if place in self._places:
            source, destination = self._hardware(trace.hops, at if outgoing else at - 1)
            data = ethernet(source, destination, ether_type(packet), packet_bytes(packet, self._numbers))
            self.frames.append(Frame(place, data, len(data), outgoing))

    def _hardware(self, hops: Sequence[Hop], at: int) -> tuple[str, str]:
        """The hardware addresses on the wire behind a hop: bridges leave them as they are."""
        start = next((number for number in range(at, -1, -1) if not _is_bridged(hops[number])), None)
        end = next((number for number in range(at + 1, len(hops)) if not _is_bridged(hops[number])), None)
        leaves = hops[start].leaves if start is not None else None
        enters = hops[end].enters if end is not None else None
        return self._mac(leaves), self._mac(enters)

    def _mac(self, end: End | None) -> str:
        device = self._topology.interface(self._above(end)) if end else None
        return device.mac if device else ""

    def _above(self, end: End) -> End:
        device = self._topology.interface(end)
        return End(end.namespace, device.master) if device and device.master else end

    def asked(self, namespace: str, ahead: Ahead) -> None:
        """A namespace asked who has an address, and was answered if there are cables to who has it. What IPv6 asks is left out."""
        if not self._places or ":" in ahead.address or not ahead.asker:
            return
        near = End(namespace, ahead.device)
        request = arp_bytes(True, self._mac(near), ahead.asker, "", ahead.address)
        flooded = [step for cables in links_of(self._topology).flooded(near) for step in self._steps(near, cables, broadcast=True)]
        self._arp(dict.fromkeys(flooded), ethernet(self._mac(near), _BROADCAST, ARP, request))
        if ahead.cables:
            far = ahead.cables[-1]
            reply = arp_bytes(False, self._mac(far), ahead.address, self._mac(near), ahead.asker)
            back = list(self._steps(self._above(far), ahead.cables[::-1]))
            self._arp(dict.fromkeys(back), ethernet(self._mac(far), self._mac(near), ARP, reply))

    def _arp(self, steps: dict[tuple[End, bool], None], data: bytes) -> None:
        self.frames += [Frame(place, data, len(data), outgoing) for place, outgoing in steps if place in self._places]

    def _steps(self, sender: End, cables: Cables, *, broadcast: bool = False) -> Iterator[tuple[End, bool]]:
        """The devices that a frame passes on cables, each with whether it goes out there."""
        if sender != cables[0]:
            yield sender, True
        for out, into in zip(cables[::2], cables[1::2], strict=True):
            yield out, True
            yield into, False
            if self._above(into) != into and (broadcast or into == cables[-1]):
                yield self._above(into), False


def _is_bridged(hop: Hop) -> bool:
    return bool(hop.enters and hop.host_trace.last.port_in and hop.host_trace.last.port_out)
