"""Groups reports by packet, and finds out which packets are the probe's, even if a rule has changed their port."""

from collections.abc import Iterable, Sequence

import msgspec

from netlab_magic.engines.host.tracing.packet_reports import Headers, Report
from netlab_magic.model.kernel_trace import Direction, ReportEvent

__all__ = ["SeenPacket", "joined", "tell_ours"]

_FIRST_HOOKS = ("PREROUTING", "OUTPUT")
_ECHO_REQUESTS, _ECHO_REPLIES = {("icmp", 8), ("ipv6-icmp", 128)}, {("icmp", 0), ("ipv6-icmp", 129)}


class SeenPacket(msgspec.Struct):
    """One packet's reports in one namespace, in order. `seconds` is when it was first seen, as far as that is known.

    `direction` is None while the packet is not known to be the probe's.
    """

    seconds: float
    reports: list[Report]
    direction: Direction | None = None


def joined(reports: Iterable[Report]) -> list[SeenPacket]:
    """The reports of one namespace, by packet. A packet first appears at PREROUTING or, if it is sent there, at OUTPUT."""
    found: list[SeenPacket] = []
    threads: dict[int, SeenPacket | None] = {}
    latest = 0.0
    for report in reports:
        latest = report.seconds or latest
        seen: SeenPacket | None
        if report.headers is None:
            seen = threads.get(report.thread)
        elif report.event == ReportEvent.ENTERS and report.hook in _FIRST_HOOKS:
            seen = SeenPacket(latest, [])
            found.append(seen)
        else:
            seen = next((one for one in reversed(found) if _headers(one.reports[0]).same == report.headers.same), None)
        if report.thread:
            threads[report.thread] = seen
        if seen is not None:
            seen.reports.append(report)
    return found


def _headers(report: Report) -> Headers:
    assert report.headers is not None  # it belongs to a packet's first report
    return report.headers


def tell_ours(all_seen: Sequence[SeenPacket], identifier: int) -> None:
    """Sets the direction of the passings, in all namespaces, that belong to the probe; `identifier` is its source port or echo identifier.

    A packet whose port a rule changed still belongs to the probe, and so do those with the new port, in any namespace. Of a TCP connection,
    only the packets that open or refuse it count: SYN, RST, and the acknowledgement of the SYN/ACK.
    """
    ours, count = {identifier}, 0
    while len(ours) > count:
        count = len(ours)
        for seen in all_seen:
            seen.direction = seen.direction or _direction(_headers(seen.reports[0]), ours)
            if seen.direction in (Direction.REQUEST, Direction.REPLY):
                end = 0 if seen.direction == Direction.REQUEST else 1
                ours |= {one.headers.ends[end] for one in seen.reports if one.headers and one.headers.ends[end]}


def _direction(headers: Headers, ours: set[int]) -> Direction | None:
    packet, (source, destination) = headers.packet, headers.ends
    if not {source, destination} & ours:
        return None
    if packet.protocol == "tcp" and not packet.flags & {"SYN", "RST"}:
        return Direction.ACK if source in ours and packet.flags == {"ACK"} else None
    kind = packet.protocol, packet.icmp_type
    if "icmp" in packet.protocol and kind not in _ECHO_REQUESTS | _ECHO_REPLIES:
        return Direction.ERROR
    if "icmp" in packet.protocol:
        return Direction.REQUEST if kind in _ECHO_REQUESTS else Direction.REPLY
    return Direction.REQUEST if source in ours else Direction.REPLY
