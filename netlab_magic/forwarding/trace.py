"""Follows a packet through one namespace's firewall after another, until it is delivered or lost."""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from netlab_magic.forwarding.conntrack import Memory
from netlab_magic.forwarding.links import Ahead, Cables, Links
from netlab_magic.forwarding.neighbour_discovery import LostQuestion, lost_question
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS, OtherFilters
from netlab_magic.forwarding.prediction import Hop, Trace
from netlab_magic.i18n import message
from netlab_magic.iptables.numbers import number_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Flow, Packet
from netlab_magic.model.topology import HOST, End
from netlab_magic.netfilter import HostTrace, Outcome, walk

__all__ = ["NOBODY_ANSWERS", "Forwarder", "InFlight", "Knows", "Unknown"]

Knows = Callable[[str, Ahead], bool]
"""Whether a namespace knows the hardware address of who is ahead."""

NOBODY_ANSWERS = message("No host answers when {namespace} asks on {device} who has {address}, so the packet cannot be sent.")
_NO_RULES = Ruleset()
_NO_RULES_6 = Ruleset(family="ipv6")


class Unknown(Exception):
    """Raised when the model cannot tell what happens to a packet; the text says why, and `hops` are the ones passed until then.

    With `forks`, it depends on a single rule, which may or may not match.
    """

    def __init__(self, why: str, hops: tuple[Hop, ...] = (), *, forks: bool = False) -> None:
        super().__init__(why)
        self.why = why
        self.hops = hops
        self.forks = forks


class InFlight(msgspec.Struct, frozen=True):
    """A packet under way. `quoted` is the flow that an ICMP error is about, as it looks where the error is now.

    `attached` tells that the packet brings its connection along from the host that made it (nf_conntrack_attach).
    """

    packet: Packet
    quoted: Flow | None = None
    attached: bool = False


class Forwarder:
    """Follows the packets of one probe, one after another, with each namespace's conntrack state in between.

    `assumed` says, for each undecidable rule in the order they are met, whether it is taken to match. `knows` tells whether a namespace
    already knows the hardware address of the next hop; without it, that is undecidable too.
    """

    def __init__(
        self,
        links: Links,
        rulesets: Mapping[str, Ruleset],
        other_filters: Mapping[str, OtherFilters],
        assumed: Iterable[bool] = (),
        knows: Knows | None = None,
    ) -> None:
        self.links = links
        self._assumed = iter(assumed)
        self._knows = knows
        self._rulesets = rulesets
        self._other_filters = other_filters
        self._memories: dict[str, Memory] = {}

    def _memory(self, namespace: str) -> Memory:
        return self._memories.setdefault(namespace, Memory())

    def send(self, in_flight: InFlight, namespace: str, cables: Cables = ()) -> Trace:
        """The trace of a packet from the namespace that sends it; with `cables`, it is on the wire already. Raises Unknown."""
        return self.sent(in_flight, namespace, cables)[0]

    def sent(self, in_flight: InFlight, namespace: str, cables: Cables = ()) -> tuple[Trace, InFlight]:
        """The trace as of `send`, and the packet as it is at the end."""
        hops: list[Hop] = []
        enters: End | None = None
        if cables:
            enters, namespace, cables = cables[1], cables[1].namespace, cables[2:]
        while True:
            done, towards = self._walk(in_flight, namespace, enters, cables, hops)
            if done.outcome == Outcome.DELIVERED or not done.passed:
                hops.append(Hop(namespace, done, enters))
                return Trace(tuple(hops), done.passed), _passed(in_flight, done)
            if not (towards and done.last.port_out == towards and done.last.destination == number_of(done.sent.destination)):
                ahead = self.links.ahead(namespace, done)
                if self.links.is_misled(namespace, ahead):
                    why = f"{_whose(namespace)} has a hardware address for {ahead.address} that was set by hand and is wrong"
                    raise Unknown(why, (*hops, Hop(namespace, done, enters)))
                if ahead.cables is None:
                    hops.append(Hop(namespace, done, enters))
                    values = {"namespace": namespace, "device": ahead.device, "address": ahead.address}
                    return Trace(tuple(hops), False, NOBODY_ANSWERS, values), in_flight
                if done.last.six and (lost := self._lost_question(namespace, ahead, (*hops, Hop(namespace, done, enters)))):
                    hops.append(Hop(namespace, done, enters))
                    return Trace(tuple(hops), False, lost.text, lost.values), in_flight
                cables = ahead.cables
            hops.append(Hop(namespace, done, enters, cables[0]))
            in_flight = _passed(in_flight, done)
            enters, namespace, cables = cables[1], cables[1].namespace, cables[2:]

    def _lost_question(self, namespace: str, ahead: Ahead, ended: tuple[Hop, ...]) -> LostQuestion | None:
        """What keeps a namespace from learning the next hop's hardware address. Raises Unknown if an older entry may still be cached."""
        lost = lost_question(self.links, self._rulesets, self._other_filters, namespace, ahead)
        if lost is None:
            return None
        if lost.unknown:
            raise Unknown(lost.unknown, ended)
        knows = self._knows(namespace, ahead) if self._knows else next(self._assumed, None)
        if knows is None:
            why = f"{_whose(namespace)} may still know the hardware address of {ahead.address}; if not, it cannot ask for it"
            raise Unknown(why, ended, forks=True)
        return None if knows else lost

    def _walk(self, in_flight: InFlight, namespace: str, enters: End | None, cables: Cables, hops: list[Hop]) -> tuple[HostTrace, str]:
        """The trace through a namespace, and the bridge port that leads to the frame's receiver."""
        packet = _entering(self.links, in_flight.packet, enters)
        if not in_flight.attached:
            packet = self._memory(namespace).recognised(packet, in_flight.quoted)
        towards = cables[0].interface if cables and enters else ""
        rules, host = self._rules(namespace, packet), self.links.hosts[namespace]
        others = self._other_filters.get(namespace, NO_OTHER_FILTERS)
        done = walk(packet, rules, host, towards if enters else None, self._assumed, others.native, others.ordered, others.sets)
        ended = (*hops, Hop(namespace, done, enters))
        place = self.links.topology.namespaces[namespace]
        if place.has_rules and not place.rules and not (enters and done.last.port_out):
            why = "has ip rules that the model does not follow, so other routing tables than the main one may apply"
            raise Unknown(f"{_whose(namespace)} {why}", ended)
        if done.hooks and others.unread:
            raise Unknown(others.unread, ended)
        if done.outcome == Outcome.UNKNOWN:
            raise Unknown(done.doubt, ended, forks=done.forks)
        if done.keeps_from_neighbours:
            raise Unknown(done.keeps_from_neighbours, ended)
        self._memory(namespace).learn(done)
        return done, towards

    def _rules(self, namespace: str, packet: Packet) -> Ruleset:
        six = ":" in packet.source
        found = self._rulesets.get(namespace)
        return found if found is not None and (found.family == "ipv6") == six else _NO_RULES_6 if six else _NO_RULES


def _whose(namespace: str) -> str:
    return "the host" if namespace == HOST else namespace


def _passed(in_flight: InFlight, done: HostTrace) -> InFlight:
    """The packet on the wire after it left a namespace: without conntrack state and marks."""
    frame = done.last
    quoted = in_flight.quoted
    if quoted is not None and frame.state == "RELATED":
        quoted = (frame.original if frame.direction == "REPLY" else frame.reply).flow(frame.six)
    return InFlight(frame.on_the_wire(), quoted)


def _entering(links: Links, packet: Packet, enters: End | None) -> Packet:
    if enters is None:
        return packet
    # the host that made it is left
    packet = msgspec.structs.replace(packet, attached=False, half_attached=False, connection_protocol="", port_out="")
    port = links.topology.interface(enters)
    bridge = port.master if port else None
    if bridge:
        return msgspec.structs.replace(packet, input=bridge, port_in=enters.interface)
    return msgspec.structs.replace(packet, input=enters.interface)
