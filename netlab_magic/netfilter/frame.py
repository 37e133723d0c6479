"""The packet during a walk: like Packet, with addresses and protocol as numbers, which compare a hundred times faster."""

import msgspec

from netlab_magic.iptables.numbers import number_of, protocol_of, shown, word_of
from netlab_magic.model.packet import Flow, Packet
from netlab_magic.netfilter.ip_sets import NO_SETS, IpSets
from netlab_magic.netfilter.routing import Routing

__all__ = ["Ends", "Frame", "frame_of"]


class Ends(msgspec.Struct, frozen=True):
    """A Flow with addresses as numbers."""

    source: int
    destination: int
    source_port: int
    destination_port: int

    def turned(self) -> "Ends":
        """The same flow the other way."""
        return Ends(self.destination, self.source, self.destination_port, self.source_port)

    def flow(self, six: bool) -> Flow:
        """The flow with addresses as texts."""
        return Flow(shown(self.source, six), shown(self.destination, six), self.source_port, self.destination_port)


class Frame(msgspec.Struct):
    """A packet at one moment. To change it, copy it first: the steps of the walk keep the frames that they saw.

    `routing` is the host's routing, None if no host is known; `six` is set for IPv6; `translated` holds the ends of the connection that
    NAT has decided about ("source", "destination"); `sets` are those of ipset that rules may ask for.
    """

    routing: Routing | None
    six: bool
    source: int
    destination: int
    protocol: int
    source_port: int
    destination_port: int
    icmp: tuple[int, int]
    flags: frozenset[str]
    input: str
    output: str
    port_in: str
    port_out: str
    state: str
    status: frozenset[str]
    direction: str
    original: Ends
    reply: Ends
    mark: int
    connection_mark: int
    length: int
    ttl: int
    tos: int
    attached: bool
    connection_protocol: int
    half_attached: bool
    translated: frozenset[str]
    sets: IpSets = NO_SETS

    def copied(self) -> "Frame":
        """Another frame with the same values; copy.copy takes twice the time to find out that this is how."""
        return self.__copy__()  # type: ignore[attr-defined,no-any-return]

    def on_the_wire(self) -> Packet:
        """The packet as another host gets it: without connection tracking's state, and without marks."""
        return Packet(
            shown(self.source, self.six),
            shown(self.destination, self.six),
            word_of(self.protocol),
            self.source_port,
            self.destination_port,
            *self.icmp,
            self.flags,
            length=self.length,
            ttl=self.ttl,
            tos=self.tos,
        )

    def packet(self) -> Packet:
        """The packet as a public value."""
        return Packet(
            shown(self.source, self.six),
            shown(self.destination, self.six),
            word_of(self.protocol),
            self.source_port,
            self.destination_port,
            *self.icmp,
            self.flags,
            self.input,
            self.output,
            self.port_in,
            self.port_out,
            self.state,
            self.status,
            self.direction,
            self.original.flow(self.six),
            self.reply.flow(self.six),
            self.mark,
            self.connection_mark,
            self.length,
            self.ttl,
            self.tos,
            self.attached,
            "" if self.connection_protocol == self.protocol else word_of(self.connection_protocol),
            self.half_attached,
        )


def _ends(flow: Flow) -> Ends:
    return Ends(number_of(flow.source), number_of(flow.destination), flow.source_port, flow.destination_port)


def frame_of(packet: Packet, routing: Routing | None, sets: IpSets = NO_SETS) -> Frame:
    """The initial frame. Raises ValueError for an invalid address or protocol."""
    source, destination = number_of(packet.source), number_of(packet.destination)
    own = Ends(source, destination, packet.source_port, packet.destination_port)
    sent = own if packet.direction == "ORIGINAL" else own.turned()
    original = sent if packet.original is None else _ends(packet.original)
    return Frame(
        routing,
        ":" in packet.source,
        source,
        destination,
        protocol_of(packet.protocol),
        packet.source_port,
        packet.destination_port,
        (packet.icmp_type, packet.icmp_code),
        packet.flags,
        packet.input,
        packet.output,
        packet.port_in,
        packet.port_out,
        packet.state,
        packet.status,
        packet.direction,
        original,
        _ends(packet.reply) if packet.reply is not None else original.turned(),
        packet.mark,
        packet.connection_mark,
        packet.length,
        packet.ttl,
        packet.tos,
        packet.attached,
        protocol_of(packet.connection_protocol or packet.protocol),
        packet.half_attached,
        _translated(packet),
        sets,
    )


def _translated(packet: Packet) -> frozenset[str]:
    """NAT has decided about both ends of a confirmed connection, and about the destination of one whose first packet was refused."""
    if "CONFIRMED" in packet.status:
        return frozenset(("source", "destination"))
    return frozenset(("destination",)) if packet.attached else frozenset()
