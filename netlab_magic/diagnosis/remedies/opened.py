"""What a remedy opens besides what was asked for: packets like the one that was stopped are sent through the model before and after it."""

from collections.abc import Iterator
from ipaddress import ip_address

import msgspec

from netlab_magic.diagnosis.remedies.remedy import World
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS
from netlab_magic.forwarding.prediction import Hop
from netlab_magic.i18n import message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter import host_of, walk

__all__ = ["also_opened"]

_SOURCES = message("the same from other sources (such as {source})")
_PORTS = message("other ports (such as {port})")
_DESTINATIONS = message("other destinations (such as {destination})")
_CONNECTIONS = message("new connections from {source} to {destination}")

_PORTS_ASKED = (22, 3306, 23)
"""Ports that nobody wants to open by accident; the first that was closed is named."""

_SYN = frozenset({"SYN"})
_ROUTED = ("FORWARD", "POSTROUTING", "OUTPUT")

_Kind = tuple[str, dict[str, str]]


def also_opened(before: World, after: World, hop: Hop) -> tuple[_Kind, ...]:
    """The kinds of other packets that pass where one was stopped, now that the world has changed: messages, each with its values."""
    opened: dict[str, _Kind] = {}
    for (kind, values), packet in _others(hop):
        if kind not in opened and not _passes(before, hop.namespace, packet) and _passes(after, hop.namespace, packet):
            opened[kind] = kind, values
    return tuple(opened.values())


def _others(hop: Hop) -> Iterator[tuple[_Kind, Packet]]:
    """Packets that differ in one respect from the one that was stopped."""
    sent, last = hop.host_trace.sent, hop.host_trace.packet
    translated = msgspec.structs.replace(sent, destination=last.destination)
    if sent.direction == "REPLY" or sent.state == "RELATED":
        ends = {"source": sent.source, "destination": last.destination}
        yield (_CONNECTIONS, ends), _connection(translated, _PORTS_ASKED[0])
        return
    source, destination = _neighbour(sent.source), _neighbour(last.destination)
    yield (_SOURCES, {"source": source}), msgspec.structs.replace(sent, source=source)
    for port in _PORTS_ASKED:
        if port != last.destination_port:
            yield (_PORTS, {"port": str(port)}), _connection(translated, port)
    if hop.host_trace.hooks[-1:] and hop.host_trace.hooks[-1] in _ROUTED:
        elsewhere = msgspec.structs.replace(sent, destination=destination, destination_port=last.destination_port)
        yield (_DESTINATIONS, {"destination": destination}), elsewhere


def _connection(like: Packet, port: int) -> Packet:
    """The first packet of a TCP connection between the same two hosts."""
    return Packet(
        like.source, like.destination, "tcp", 40_000, port, flags=_SYN, input=like.input, port_in=like.port_in, output=like.output
    )


def _neighbour(address: str) -> str:
    """Another address of the same network, however small that is."""
    number = ip_address(address)
    return str(type(number)(int(number) ^ 1))


def _passes(world: World, namespace: str, packet: Packet) -> bool:
    held = world.rulesets.get(namespace)
    six = ":" in packet.source
    ruleset = held if held is not None and (held.family == "ipv6") == six else Ruleset(family="ipv6" if six else "ipv4")
    others = world.other_filters.get(namespace, NO_OTHER_FILTERS)
    return walk(packet, ruleset, host_of(world.topology, namespace), native=others.native, ordered=others.ordered).passed
