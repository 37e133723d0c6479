"""Connection tracking of a namespace: the connections it remembers, and the state it gives each packet."""

import msgspec

from netlab_magic.iptables.numbers import word_of
from netlab_magic.model.packet import Flow, Packet
from netlab_magic.netfilter import HostTrace
from netlab_magic.netfilter.frame import Ends

__all__ = ["Memory", "flow_of"]

_ECHO_REQUESTS = (8, 128)


class _Connection(msgspec.Struct):
    """One connection. `opening` is set if it began with a SYN: an ACK before any reply is then invalid (sIV of tcp_conntracks)."""

    original: Flow
    reply: Flow
    protocol: str
    mark: int = 0
    replied: bool = False
    opening: bool = False


def flow_of(packet: Packet) -> Flow:
    """The flow of a packet."""
    return Flow(packet.source, packet.destination, packet.source_port, packet.destination_port)


class Memory:
    """The connections of one namespace."""

    def __init__(self) -> None:
        self._held: dict[tuple[Ends, Ends], _Connection] = {}

    def recognised(self, packet: Packet, quoted: Flow | None) -> Packet:
        """The packet with its connection and state set; `quoted` is the flow that an ICMP error is about (nf_conntrack_inet_error)."""
        if quoted is not None:
            packet = msgspec.structs.replace(packet, state="INVALID", direction="ORIGINAL")
        flow = quoted.turned() if quoted is not None else flow_of(packet)
        for held in self._held.values():
            if flow == held.reply:
                return _of(packet, held, "REPLY", "ESTABLISHED" if quoted is None else "RELATED")
            if flow == held.original and not (held.opening and not held.replied and "ACK" in packet.flags):
                state = "RELATED" if quoted is not None else "ESTABLISHED" if held.replied else "NEW"
                return _of(packet, held, "ORIGINAL", state)
        if quoted is not None:
            return packet
        state = "NEW" if _begins(packet) and not any(flow == held.original for held in self._held.values()) else "INVALID"
        return msgspec.structs.replace(packet, **_UNKNOWN, state=state)

    def learn(self, walk: HostTrace) -> None:
        """Remembers the connection of a tracked packet that left this namespace or was delivered in it."""
        frame = walk.last
        if not walk.passed or not walk.hooks or frame.state in ("INVALID", "UNTRACKED", "RELATED"):
            return
        held = self._held.get((frame.original, frame.reply))
        if held is None:
            original, reply = frame.original.flow(frame.six), frame.reply.flow(frame.six)
            held = _Connection(original, reply, word_of(frame.protocol), opening="SYN" in walk.sent.flags)
            self._held[frame.original, frame.reply] = held
        held.mark = frame.connection_mark
        held.replied |= frame.direction == "REPLY"


_UNKNOWN: dict[str, object] = {
    "direction": "ORIGINAL",
    "status": frozenset(),
    "original": None,
    "reply": None,
    "connection_mark": 0,
}


def _of(packet: Packet, held: _Connection, direction: str, state: str) -> Packet:
    seen = held.replied or direction == "REPLY"
    status = frozenset(("CONFIRMED", "SEEN_REPLY") if seen else ("CONFIRMED",))
    return msgspec.structs.replace(
        packet,
        state=state,
        direction=direction,
        status=status,
        original=held.original,
        reply=held.reply,
        connection_protocol=held.protocol,
        connection_mark=held.mark,
    )


def _begins(packet: Packet) -> bool:
    """Whether a packet can start a connection: an echo request, a SYN, any datagram (tcp_new, icmp_pkt_to_tuple).

    So can an ACK, which picks up a connection that is already established (net.netfilter.nf_conntrack_tcp_loose is 1).
    """
    if "icmp" in packet.protocol:
        return packet.icmp_type in _ECHO_REQUESTS
    return packet.protocol != "tcp" or not packet.flags & {"ACK", "RST"} or packet.flags <= {"ACK", "PSH"}
