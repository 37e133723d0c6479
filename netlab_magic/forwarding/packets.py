"""The packets of a probe and of its answers, with the lengths and flags that the lab's probes and the kernel give them."""

import msgspec

from netlab_magic.iptables.numbers import shown
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.netfilter import HostTrace

__all__ = ["SOME_PORT", "first_packet", "reply_to", "reset_for", "segment", "unreachable_port", "verdict_of_error"]

SOME_PORT = 40000
"""A source port in the kernel's ephemeral range (net.ipv4.ip_local_port_range)."""

_LENGTHS = {"icmp": 28, "tcp": 60, "udp": 40}
"""Bytes of the IP packet: an echo request without data; a SYN with four options; a datagram of twelve bytes."""

_SEGMENT = 52
"""Bytes of the IPv4 and TCP headers with the timestamp option, as in every segment after the handshake's first two."""

_MORE = 20
"""Bytes by which an IPv6 header is longer than an IPv4 header."""


def first_packet(probe: Probe, source: str, port: int) -> Packet:
    """The first packet of a probe, as the program sends it; `port` is its source port, if the protocol has ports."""
    six = ":" in probe.address
    length = _LENGTHS[probe.protocol] + (_MORE if six else 0)
    if probe.protocol == "icmp":
        kind, number = ("ipv6-icmp", 128) if six else ("icmp", 8)
        return Packet(source, probe.address, kind, icmp_type=number, length=length)
    flags = frozenset(("SYN",)) if probe.protocol == "tcp" else frozenset()
    return Packet(source, probe.address, probe.protocol, port, probe.port, flags=flags, length=length)


def reply_to(request: HostTrace, source: str | None = None) -> Packet:
    """The answer to a delivered request: an echo reply, a SYN/ACK or a datagram; from `source`, if it is not the address asked."""
    frame = request.last
    seen = frame.packet()
    return Packet(
        source or shown(frame.destination, frame.six),
        shown(frame.source, frame.six),
        seen.protocol,
        frame.destination_port,
        frame.source_port,
        icmp_type={8: 0, 128: 129}.get(frame.icmp[0], 0) if "icmp" in seen.protocol else 0,
        flags=frozenset(("SYN", "ACK")) if seen.protocol == "tcp" else frozenset(),
        length=frame.length,
        tos=frame.tos if "icmp" in seen.protocol else 0,
    )


def segment(packet: Packet, *flags: str, data: int = 0) -> Packet:
    """A TCP segment after the handshake's first two; `packet` is an earlier one in the same direction. `data` is in bytes."""
    length = _SEGMENT + (_MORE if ":" in packet.source else 0) + data
    return msgspec.structs.replace(packet, flags=frozenset(flags), length=length)


def reset_for(request: HostTrace) -> Packet:
    """The reset sent when nothing listens on the port; it keeps the type of service (tcp_v4_send_reset)."""
    length, tos = 60 if request.last.six else 40, request.last.tos & 0xFC
    return msgspec.structs.replace(reply_to(request), flags=frozenset(("RST", "ACK")), length=length, tos=tos)


def unreachable_port(six: bool) -> str:
    """The ICMP error for a datagram to a port on which nothing listens, as `--reject-with` names it."""
    return "icmp6-port-unreachable" if six else "icmp-port-unreachable"


_NO_ROUTE_ECHO = frozenset((
    *("icmp-net-unreachable", "icmp-host-unreachable", "icmp-time-exceeded"),
    *("icmp6-no-route", "icmp6-addr-unreachable", "icmp6-time-exceeded"),
))  # fmt: skip
# The error that a socket reports for an ICMP error (icmp_err_convert in net/ipv4/icmp.c, tab_unreach in net/ipv6/icmp.c). Errors that
# are not listed are not "fatal": a connected datagram socket ignores them.
_FATAL = {
    "icmp-port-unreachable": Verdict.REFUSED,
    "icmp-proto-unreachable": Verdict.REFUSED,
    "icmp-net-prohibited": Verdict.NO_ROUTE,
    "icmp-host-prohibited": Verdict.NO_ROUTE,
    "icmp-admin-prohibited": Verdict.NO_ROUTE,
    "icmp6-port-unreachable": Verdict.REFUSED,
    **dict.fromkeys(("icmp6-adm-prohibited", "icmp6-policy-fail", "icmp6-reject-route"), Verdict.REFUSED),
}
_TCP_ONLY = dict.fromkeys(_NO_ROUTE_ECHO, Verdict.NO_ROUTE)


def verdict_of_error(protocol: str, answer: str) -> Verdict | None:
    """The verdict of a probe whose sender gets this ICMP error; None for an error that its socket ignores."""
    if protocol == "icmp":
        return Verdict.NO_ROUTE if answer in _NO_ROUTE_ECHO else Verdict.REFUSED
    if answer == "tcp-reset":
        return Verdict.REFUSED
    return _FATAL.get(answer, _TCP_ONLY.get(answer) if protocol == "tcp" else None)
