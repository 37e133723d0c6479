"""Which packets a capture keeps: expressions as tcpdump takes them, of the primitives that a model can judge too.

Source: pcap-filter(7). `and` and `or` have the same precedence and associate to the left; `not` binds tightest.
"""

from ipaddress import IPv4Network, IPv6Network, ip_address

import msgspec

from netlab_magic.model.capture.headers import ARP, IPV4, IPV6, Header

__all__ = ["EVERYTHING", "PROTOCOLS", "Both", "Either", "Endpoint", "Filter", "Kind", "Not"]

PROTOCOLS = {"ip": "", "ip6": "", "arp": "", "icmp": "icmp", "icmp6": "ipv6-icmp", "tcp": "tcp", "udp": "udp"}
"""The protocols that a filter can name, those above IP with the name that `Packet` has for them."""

_ETHER_TYPES = {"ip": IPV4, "ip6": IPV6, "arp": ARP}


class Kind(msgspec.Struct, frozen=True):
    """`icmp`, `tcp`, `arp` …: packets of one protocol."""

    protocol: str

    def keeps(self, header: Header) -> bool:
        """Whether the filter keeps a packet with this header."""
        if self.protocol in _ETHER_TYPES:
            return header.ether_type == _ETHER_TYPES[self.protocol]
        return header.packet is not None and header.packet.protocol == PROTOCOLS[self.protocol]


class Endpoint(msgspec.Struct, frozen=True):
    """`[src|dst] host|net ADDRESS` or `[src|dst] port NUMBER`: `network` is None for ports, which are from `low` to `high`.

    `direction` is src, dst, or "" for either.
    """

    direction: str = ""
    network: str = ""
    low: int = 0
    high: int = 0

    def keeps(self, header: Header) -> bool:
        """See Kind."""
        ends = _addresses(header) if self.network else _ports(header)
        asked = {"src": ends[:1], "dst": ends[1:]}.get(self.direction, ends)
        return any(self._has(end) for end in asked)

    def _has(self, end: str | int) -> bool:
        if isinstance(end, int):
            return self.low <= end <= self.high
        network = IPv6Network(self.network) if ":" in self.network else IPv4Network(self.network)
        return ip_address(end) in network


class Not(msgspec.Struct, frozen=True):
    """`not FILTER`"""

    inner: "Filter"

    def keeps(self, header: Header) -> bool:
        """See Kind."""
        return not self.inner.keeps(header)


class Both(msgspec.Struct, frozen=True):
    """`FILTER and FILTER`"""

    left: "Filter"
    right: "Filter"

    def keeps(self, header: Header) -> bool:
        """See Kind."""
        return self.left.keeps(header) and self.right.keeps(header)


class Either(msgspec.Struct, frozen=True):
    """`FILTER or FILTER`"""

    left: "Filter"
    right: "Filter"

    def keeps(self, header: Header) -> bool:
        """See Kind."""
        return self.left.keeps(header) or self.right.keeps(header)


class _Everything(msgspec.Struct, frozen=True):
    """No filter."""

    def keeps(self, _: Header) -> bool:
        """See Kind."""
        return True


EVERYTHING = _Everything()
"""The filter that keeps every packet."""

Filter = Kind | Endpoint | Not | Both | Either | _Everything


def _addresses(header: Header) -> tuple[str, ...]:
    """The source and the destination; of ARP, those that it tells about, as tcpdump's `host` takes them."""
    if header.arp:
        return header.arp.sender, header.arp.target
    return (header.packet.source, header.packet.destination) if header.packet else ()


def _ports(header: Header) -> tuple[int, ...]:
    packet = header.packet
    if packet is None or packet.protocol not in ("tcp", "udp") or header.is_fragment:
        return ()
    return packet.source_port, packet.destination_port
