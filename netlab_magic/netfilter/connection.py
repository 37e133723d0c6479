"""A connection: the request's trace, and that of the answer, which connection tracking recognises and translates."""

import msgspec

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Flow, Packet
from netlab_magic.netfilter.pipeline import walk
from netlab_magic.netfilter.replies import refusal_of, reply_to
from netlab_magic.netfilter.result import HostTrace
from netlab_magic.netfilter.routing import Host

__all__ = ["Conversation", "converse", "is_answer"]


class Conversation(msgspec.Struct, frozen=True):
    """A request and its answer: the reply if the request arrived, the refusal if it was rejected, otherwise None."""

    request: HostTrace
    reply: HostTrace | None = None

    @property
    def answered(self) -> bool:
        """Whether the reply reaches the sender and appears to come from the address that the request was sent to."""
        return self.request.passed and self.reply is not None and self.reply.passed and self.is_recognised

    @property
    def is_recognised(self) -> bool:
        """Whether the reply, as it arrives, belongs to the request as it was sent: what NAT did must have been undone."""
        return self.reply is not None and is_answer(self.reply.packet, self.request.sent)

    @property
    def why(self) -> str:
        """The outcome, in a sentence."""
        if self.reply is None or not self.request.passed:
            return f"the request: {self.request.why}"
        if not self.reply.passed:
            return f"the request arrives; the reply: {self.reply.why}"
        return (
            "request and reply arrive" if self.is_recognised else f"the request arrives; the reply is not recognised: {self.reply.packet}"
        )


def is_answer(packet: Packet, sent: Packet) -> bool:
    """Whether the sender of `sent` accepts the received `packet` as the answer.

    ping's raw socket takes an echo reply to any address of its host (raw_v4_input in net/ipv4/raw.c).
    """
    if "icmp" in sent.protocol and not sent.input:
        return packet.source == sent.destination
    return _flow(packet) == _flow(sent).turned()


def _flow(packet: Packet) -> Flow:
    return Flow(packet.source, packet.destination, packet.source_port, packet.destination_port)


def converse(packet: Packet, ruleset: Ruleset, host: Host | None = None) -> Conversation:
    """The traces of a connection's first packet and of the first packet back.

    The receiver is assumed to answer: with an echo reply, a SYN/ACK or a datagram. Raises ValueError like `walk`.
    """
    request = walk(packet, ruleset, host)
    if request.passed:
        return Conversation(request, walk(reply_to(request, host), ruleset, host))
    refusal = refusal_of(request, host)
    return Conversation(request, walk(refusal, ruleset, host) if refusal else None)
