"""Reads the headers of a captured frame: Ethernet, VLAN, ARP, IP, ICMP, TCP and UDP. What is cut short is read as far as it goes."""

import struct
from ipaddress import ip_address

import msgspec

from netlab_magic.model.capture.frame import ETHERNET, Frame
from netlab_magic.model.packet import Packet

__all__ = ["ARP", "ECHOES", "IPV4", "IPV6", "Arp", "Header", "read_header"]

IPV4, ARP, IPV6, _VLAN = 0x0800, 0x0806, 0x86DD, (0x8100, 0x88A8)
"""EtherTypes (https://www.iana.org/assignments/ieee-802-numbers)."""

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
_EXTENSIONS = (0, 43, 60)
"""IPv6 headers before the transport's that say their own length: hop-by-hop options, routing, destination options (RFC 8200, 4)."""

_MULTICAST_6 = 0xFF
"""How an IPv6 address of a group begins (RFC 4291, 2.7); an IPv4 address of 255.255.255.255 too."""

ECHOES = (("icmp", 8), ("icmp", 0), ("ipv6-icmp", 128), ("ipv6-icmp", 129))
"""Echo requests and replies."""


class Arp(msgspec.Struct, frozen=True):
    """What an ARP packet says: a request asks who has `target`, a reply tells `sender` that `owner` has it at `hardware`."""

    is_request: bool
    sender: str
    target: str
    hardware: str


class Header(msgspec.Struct, frozen=True):
    """The headers of one frame.

    `packet` is None for what is not IP, `arp` for what is not ARP. `vlan` is the tag's number, 0 without one. `same` is equal wherever the
    same packet is seen, also after NAT and routing, which change addresses, ports and the TTL. `is_fragment` is set for all but the first
    fragment of an IP packet, which has no ports.
    """

    ether_type: int
    source_mac: str = ""
    destination_mac: str = ""
    vlan: int = 0
    packet: Packet | None = None
    arp: Arp | None = None
    same: tuple[object, ...] = ()
    is_fragment: bool = False


def read_header(frame: Frame) -> Header:
    """The headers of a frame."""
    data = frame.data
    if frame.link != ETHERNET:
        kind = IPV6 if data and data[0] >> 4 == 6 else IPV4
        return _network(Header(kind), data)
    if len(data) < 14:
        return Header(0, same=(data,))
    kind, at, vlan = int.from_bytes(data[12:14], "big"), 14, 0
    if kind in _VLAN and len(data) >= 18:
        vlan, kind, at = int.from_bytes(data[14:16], "big") & 0xFFF, int.from_bytes(data[16:18], "big"), 18
    return _network(Header(kind, _hardware(data[6:12]), _hardware(data[:6]), vlan), data[at:])


def _hardware(octets: bytes) -> str:
    return octets.hex(":")


def _network(header: Header, data: bytes) -> Header:
    found = _arp(header, data) if header.ether_type == ARP else _ip(header, data) if header.ether_type in (IPV4, IPV6) else None
    return found or msgspec.structs.replace(header, same=(header.ether_type, data))


def _arp(header: Header, data: bytes) -> Header | None:
    """RFC 826, for IPv4 over Ethernet."""
    if len(data) < 28:
        return None
    operation, mac, sender, target = struct.unpack_from("!6xH6s4s6x4s", data)
    arp = Arp(operation == 1, str(ip_address(sender)), str(ip_address(target)), _hardware(mac))
    return msgspec.structs.replace(header, arp=arp, same=("arp", arp))


def _ip(header: Header, data: bytes) -> Header | None:
    if len(data) < (40 if header.ether_type == IPV6 else 20):
        return None
    offset = identification = 0
    if header.ether_type == IPV6:
        length, number, ttl, source, destination = struct.unpack_from("!4xHBB16s16s", data)
        length, at, tos = length + 40, 40, (data[0] & 15) << 4 | data[1] >> 4
        while number in _EXTENSIONS and len(data) >= at + 8:
            number, at = data[at], at + 8 + 8 * data[at + 1]
    else:
        tos, length, identification, fragment, ttl, number, source, destination = struct.unpack_from("!xBHHHBBxx4s4s", data)
        at, offset = (data[0] & 15) * 4, fragment & 0x1FFF
    packet = Packet(
        str(ip_address(source)), str(ip_address(destination)), _PROTOCOLS.get(number, str(number)),
        state="", length=length, ttl=ttl, tos=tos,
    )  # fmt: skip
    body = data[at : max(length, at)]
    if offset:
        return msgspec.structs.replace(header, packet=packet, is_fragment=True, same=(number, identification, offset))
    packet = _with_transport(packet, body)
    to_many = (packet.source, packet.destination) if destination[0] == _MULTICAST_6 else ()  # nobody changes those
    return msgspec.structs.replace(header, packet=packet, same=(number, identification, *to_many, *_sameness(packet, body)))


def _with_transport(packet: Packet, body: bytes) -> Packet:
    if "icmp" in packet.protocol and len(body) >= 2:
        return msgspec.structs.replace(packet, icmp_type=body[0], icmp_code=body[1])
    if packet.protocol not in ("tcp", "udp") or len(body) < 4:
        return packet
    source, destination = struct.unpack_from("!HH", body)
    flags = frozenset(name for bit, name in enumerate(_FLAGS) if len(body) > 13 and packet.protocol == "tcp" and body[13] >> bit & 1)
    return msgspec.structs.replace(packet, source_port=source, destination_port=destination, flags=flags)


def _sameness(packet: Packet, body: bytes) -> tuple[object, ...]:
    """What of a packet's contents no NAT changes."""
    match packet.protocol:
        case "tcp" if len(body) >= 14:
            return (body[4:14], packet.length)  # the numbers, the length of the header, and the flags
        case "udp":
            return (body[8:],)
        case "icmp" | "ipv6-icmp" if (packet.protocol, packet.icmp_type) not in ECHOES and len(body) >= 28:
            return (packet.icmp_type, packet.icmp_code, body[10:14])  # the length and the number of the packet that it quotes
    return (body[:2], body[4:])  # all but the checksum
