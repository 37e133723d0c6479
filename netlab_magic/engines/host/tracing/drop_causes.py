"""Why a packet was lost outside the firewall, as seen in the kernel's own counters, routes and neighbours; never guessed.

A packet that left the last hook in which it was seen, and was seen nowhere else, was lost between that hook and the next. What is
checked depends on the place: the routing decision after PREROUTING, the neighbour after POSTROUTING, the socket after INPUT. The kinds
of causes and their sentences are in `diagnosis/kernel_causes`.
"""

import errno
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from netlab_magic.engines.host.netlink.codec import text
from netlab_magic.engines.host.netlink.rtnetlink import RouteSocket
from netlab_magic.engines.host.state.observe import Namespaces, read_sysctl
from netlab_magic.model.kernel_trace import Direction, DropCause, DropKind, ReportEvent, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Probe

__all__ = ["Counters", "facts_of"]

_IFLA_IFNAME, _IFLA_CARRIER = 3, 33
_NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES)

Counts = Mapping[str, int]


class Counters:
    """The counters of the namespace that this process is in, as they are now; read at once, and parsed on demand.

    Their names are such as Ip.InAddrErrors (/proc/net/snmp and netstat) and Ip6InNoRoutes (/proc/net/snmp6); RFC 4293 has most of them.
    """

    def __init__(self) -> None:
        self._texts = [Path(f"/proc/self/net/{name}").read_text() for name in ("snmp", "netstat", "snmp6")]

    def values(self) -> dict[str, int]:
        """Every counter by its name."""
        found: dict[str, int] = {}
        for table in self._texts[:2]:
            lines = [line.split() for line in table.splitlines()]
            for heads, values in zip(lines[::2], lines[1::2], strict=True):
                found |= {heads[0][:-1] + "." + head: int(value) for head, value in zip(heads[1:], values[1:], strict=True)}
        return found | {name: int(value) for name, value in (line.split() for line in self._texts[2].splitlines())}


def facts_of(
    namespaces: Namespaces, probe: Probe, traced_hops: Sequence[TracedHop], rises: Callable[[str], Counts]
) -> tuple[DropCause, ...]:
    """Why the probe's packets were lost; `rises` gives by how much a namespace's counters rose meanwhile."""
    if not traced_hops:
        return tuple(_LastSeenIn(namespaces, probe.source, {}).sending(probe.address))
    found: list[DropCause] = []
    for direction in Direction:
        last = next((one for one in reversed(traced_hops) if one.direction == direction and one.reports), None)
        if last is not None:
            place = _LastSeenIn(namespaces, last.namespace, rises(last.namespace))
            found += place.ended(last, [one for one in traced_hops if one.namespace == last.namespace])
    return tuple(cause for at, cause in enumerate(found) if cause not in found[:at])


class _LastSeenIn:
    """The namespace in which a packet was last seen."""

    def __init__(self, namespaces: Namespaces, name: str, rises: Counts) -> None:
        self._namespaces = namespaces
        self._name = name
        self._rises = rises

    def _cause(self, kind: DropKind, **values: str) -> DropCause:
        return DropCause(kind, self._name, values)

    def _rose(self, *names: str) -> bool:
        return any(self._rises.get(name, 0) > 0 for name in names)

    def _sysctl(self, key: str) -> str | None:
        with self._namespaces.inside(self._name):
            return read_sysctl(key)

    def ended(self, traced_hop: TracedHop, here: Sequence[TracedHop]) -> Iterator[DropCause]:
        """Why the packet of `traced_hop` was not seen again; `here` are all packets that passed this namespace."""
        last = traced_hop.reports[-1]
        if last.event != ReportEvent.LEAVES:
            return
        packet = last.packet
        if last.hook == "PREROUTING":
            yield from self._not_routed(packet)
        elif last.hook == "POSTROUTING" and not packet.port_in and (packet.input or not packet.port_out):
            yield from self._not_sent(packet)
        elif last.hook == "INPUT" and traced_hop.direction == Direction.REQUEST:
            yield from self._not_taken(packet, [one for one in here if one.direction != Direction.REQUEST])

    def _not_routed(self, packet: Packet) -> Iterator[DropCause]:
        """After PREROUTING comes the routing decision: ip_route_input_slow() and ip_error() in net/ipv4/route.c, ip_forward()."""
        six = ":" in packet.destination
        if packet.ttl <= 1 and self._rose("Ip.InHdrErrors", "Ip6InHdrErrors"):
            yield self._cause(DropKind.TTL, address=packet.source)
        elif self._rose("TcpExt.IPReversePathFilter"):
            yield self._cause(DropKind.REVERSE_PATH, address=packet.source, device=packet.input)
        elif self._rose("Ip.InAddrErrors", "Ip6InAddrErrors") and not self._forwards(packet.input, six):
            yield self._cause(DropKind.NOT_FORWARDING, address=packet.destination, device=packet.input)
        elif (refusal := self._refusal(packet.destination, packet)) in _NO_ROUTE or self._rose("IpExt.InNoRoutes", "Ip6InNoRoutes"):
            yield self._cause(DropKind.NO_ROUTE, address=packet.destination)
        elif refusal == errno.EINVAL:
            yield self._blackhole_or_martian(packet)

    def _blackhole_or_martian(self, packet: Packet) -> DropCause:
        """The routing decision refuses both with EINVAL; without the packet's source, only a blackhole route does."""
        if self._refusal(packet.destination) == errno.EINVAL:
            return self._cause(DropKind.BLACKHOLE, address=packet.destination)
        return self._cause(DropKind.MARTIAN, address=packet.source, device=packet.input)

    def _forwards(self, device: str, six: bool) -> bool:
        version = "ipv6" if six else "ipv4"
        return self._sysctl(f"net.{version}.conf.{device.replace('.', '/')}.forwarding") != "0"

    def _not_sent(self, packet: Packet) -> Iterator[DropCause]:
        """After POSTROUTING, the neighbour's hardware address is needed: neigh_resolve_output() in net/core/neighbour.c."""
        netlink = self._namespaces.netlink(self._name)
        if packet.output == "lo":
            if not netlink.loopback_is_up():
                yield self._cause(DropKind.LOOPBACK_DOWN, address=packet.destination)
            return
        if not _carries(netlink, packet.output):
            yield self._cause(DropKind.NO_CARRIER, device=packet.output)
            return
        try:
            hop = netlink.next_hop(packet.destination)
        except OSError:
            return
        if hop in netlink.silent_neighbours():
            yield self._cause(DropKind.NO_NEIGHBOUR, address=hop, device=packet.output)

    def _not_taken(self, packet: Packet, answers: Sequence[TracedHop]) -> Iterator[DropCause]:
        """After INPUT comes the program, or the kernel itself, that should answer."""
        port = {"port": str(packet.destination_port), "protocol": packet.protocol}
        reset = any("RST" in one.reports[0].packet.flags for one in answers if one.reports[0].hook == "OUTPUT")
        if (packet.protocol == "tcp" and reset) or (packet.protocol == "udp" and self._rose("Udp.NoPorts", "Udp6NoPorts")):
            yield self._cause(DropKind.NO_LISTENER, **port)
        elif packet.protocol == "tcp" and self._rose("TcpExt.ListenOverflows"):
            yield self._cause(DropKind.LISTENER_BUSY, **port)
        elif not answers and packet.protocol == "icmp" and self._sysctl("net.ipv4.icmp_echo_ignore_all") == "1":
            yield self._cause(DropKind.ECHO_IGNORED, sysctl="net.ipv4.icmp_echo_ignore_all")
        elif not answers and packet.protocol == "ipv6-icmp" and self._sysctl("net.ipv6.icmp.echo_ignore_all") == "1":
            yield self._cause(DropKind.ECHO_IGNORED, sysctl="net.ipv6.icmp.echo_ignore_all")
        elif not answers:
            yield from self.sending(packet.source)

    def sending(self, destination: str) -> Iterator[DropCause]:
        """Why nothing was sent from here to an address: there is no route."""
        refusal = self._refusal(destination)
        if refusal in _NO_ROUTE:
            yield self._cause(DropKind.NO_ROUTE, address=destination)
        elif refusal == errno.EINVAL:
            yield self._cause(DropKind.BLACKHOLE, address=destination)

    def _refusal(self, destination: str, coming: Packet | None = None) -> int:
        """The error with which the kernel refuses to route to an address, or to forward a packet that came in; 0 if it does route."""
        try:
            self._namespaces.netlink(self._name).route_to(destination, *((coming.source, coming.input) if coming else ()))
        except OSError as error:
            return error.errno or 0
        return 0


def _carries(netlink: RouteSocket, device: str) -> bool:
    return all(held.get(_IFLA_CARRIER, b"\1")[0] for _, held in netlink.links() if text(held[_IFLA_IFNAME]) == device)
