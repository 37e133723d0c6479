"""A captured packet in words: what it is, from where to where, and what became different on its way."""

from collections.abc import Iterator

from netlab_magic.i18n import Language, message
from netlab_magic.model.capture.headers import Header
from netlab_magic.model.capture.packets import CapturedPacket, Sighting
from netlab_magic.model.packet import Packet

__all__ = ["changes_of", "ends_of", "flow_of", "kind_of"]

_UNREACHABLE = {
    ("icmp", 0): message("ICMP error: network unreachable"),
    ("icmp", 1): message("ICMP error: host unreachable"),
    ("icmp", 2): message("ICMP error: protocol unreachable"),
    ("icmp", 3): message("ICMP error: port unreachable"),
    ("icmp", 4): message("ICMP error: too big, may not be fragmented"),
    ("icmp", 9): message("ICMP error: network prohibited"),
    ("icmp", 10): message("ICMP error: host prohibited"),
    ("icmp", 13): message("ICMP error: prohibited by a filter"),
    ("ipv6-icmp", 0): message("ICMP error: no route"),
    ("ipv6-icmp", 1): message("ICMP error: prohibited by a filter"),
    ("ipv6-icmp", 3): message("ICMP error: host unreachable"),
    ("ipv6-icmp", 4): message("ICMP error: port unreachable"),
}
"""The codes of "destination unreachable" (https://www.iana.org/assignments/icmp-parameters and icmpv6-parameters)."""

_TYPES = {
    ("icmp", 0): message("ICMP echo reply"),
    ("icmp", 8): message("ICMP echo request"),
    ("icmp", 3): message("ICMP error: destination unreachable"),
    ("icmp", 5): message("ICMP redirect"),
    ("icmp", 11): message("ICMP error: time exceeded"),
    ("ipv6-icmp", 1): message("ICMP error: destination unreachable"),
    ("ipv6-icmp", 2): message("ICMP error: packet too big"),
    ("ipv6-icmp", 3): message("ICMP error: time exceeded"),
    ("ipv6-icmp", 128): message("ICMP echo request"),
    ("ipv6-icmp", 129): message("ICMP echo reply"),
    ("ipv6-icmp", 133): message("router solicitation"),
    ("ipv6-icmp", 134): message("router advertisement"),
    ("ipv6-icmp", 135): message("neighbour solicitation"),
    ("ipv6-icmp", 136): message("neighbour advertisement"),
    ("ipv6-icmp", 143): message("multicast listener report"),
}
_ORDER = ("SYN", "FIN", "RST", "PSH", "ACK", "URG")


def kind_of(header: Header, say: Language) -> str:
    """What a packet is: `TCP SYN`, `ICMP echo request`, `ARP request`."""
    if header.arp:
        return say("ARP request") if header.arp.is_request else say("ARP reply")
    packet = header.packet
    if packet is None:
        return say("Ethernet type {}", f"0x{header.ether_type:04x}")
    if header.is_fragment:
        return say("later fragment")
    if packet.protocol == "tcp":
        return " ".join(("TCP", "/".join(flag for flag in _ORDER if flag in packet.flags))).strip()
    if packet.protocol == "udp":
        return "UDP"
    return _icmp(packet, say)


def _icmp(packet: Packet, say: Language) -> str:
    if "icmp" not in packet.protocol:
        return say("IP protocol {}", packet.protocol)
    if packet.icmp_type == {"icmp": 3, "ipv6-icmp": 1}[packet.protocol] and (packet.protocol, packet.icmp_code) in _UNREACHABLE:
        return say(_UNREACHABLE[packet.protocol, packet.icmp_code])
    known = _TYPES.get((packet.protocol, packet.icmp_type))
    return say(known) if known else say("ICMP type {}", packet.icmp_type)


def ends_of(header: Header, say: Language) -> tuple[str, str]:
    """The two ends, with their ports; of ARP, what is asked or told, and to whom."""
    arp, packet = header.arp, header.packet
    if arp:
        asked = say("who has {}?", arp.target) if arp.is_request else say("{} is at {}", arp.sender, arp.hardware)
        return (asked, say("tell {}", arp.sender)) if arp.is_request else (asked, say("to {}", arp.target))
    if packet is None:
        return header.source_mac, header.destination_mac
    return _end(packet.source, packet.source_port), _end(packet.destination, packet.destination_port)


def _end(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address and port else address
    return f"{host}:{port}" if port else host


def flow_of(header: Header, say: Language) -> str:
    """The two ends in one line."""
    source, destination = ends_of(header, say)
    return f"{source}, {destination}" if header.arp else f"{source} → {destination}"


def changes_of(packet: CapturedPacket, say: Language) -> list[str]:
    """What NAT changed between two sightings, and at which place that was seen first."""
    pairs = zip(packet.sightings, packet.sightings[1:], strict=False)
    return [change for one, other in pairs for change in _changes(one, other, say)]


def _changes(one: Sighting, other: Sighting, say: Language) -> Iterator[str]:
    if one.header.packet is None or other.header.packet is None:
        return
    (source, destination), (new_source, new_destination) = ends_of(one.header, say), ends_of(other.header, say)
    if source != new_source:
        yield say("at {} the source is {}", other.at, new_source)
    if destination != new_destination:
        yield say("at {} the destination is {}", other.at, new_destination)
