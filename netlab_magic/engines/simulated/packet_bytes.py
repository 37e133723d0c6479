"""Packets of the model as bytes, as a capture shows them: Ethernet, ARP, IP, ICMP, TCP and UDP, with checksums."""

import struct
from ipaddress import ip_address

import msgspec

from netlab_magic.iptables.numbers import protocol_of
from netlab_magic.model.capture.headers import ECHOES, IPV4, IPV6
from netlab_magic.model.packet import Packet

__all__ = ["Numbers", "arp_bytes", "ether_type", "ethernet", "packet_bytes"]

_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32}
_DO_NOT_FRAGMENT, _WINDOW, _TIMESTAMPS = 0x4000, 64240, bytes((1, 1, 8, 10, *bytes(8)))


class Numbers(msgspec.Struct, frozen=True):
    """What a packet of the model does not have: its number, the number of its echo, TCP's two, and the packet that an ICMP error quotes."""

    identification: int
    echo: int = 0
    sequence: int = 0
    acknowledged: int = 0
    quoted: bytes = b""


def ethernet(source: str, destination: str, kind: int, body: bytes) -> bytes:
    """A frame around its content; the hardware addresses as `ip link` writes them."""
    return b"".join((_octets(destination), _octets(source), kind.to_bytes(2, "big"), body))


def _octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", "")) if mac else bytes(6)


def arp_bytes(is_request: bool, mac: str, sender: str, target_mac: str, target: str) -> bytes:
    """An ARP packet (RFC 826)."""
    return struct.pack(
        "!HHBBH6s4s6s4s", 1, IPV4, 6, 4, 1 if is_request else 2,
        _octets(mac), ip_address(sender).packed, _octets(target_mac), ip_address(target).packed,
    )  # fmt: skip


def packet_bytes(packet: Packet, numbers: Numbers) -> bytes:
    """An IP packet with its whole length; what a program would have written are zeros."""
    source, destination = ip_address(packet.source).packed, ip_address(packet.destination).packed
    number, head = protocol_of(packet.protocol), 20 if len(source) == 4 else 40
    body = _transport(packet, numbers, max(0, packet.length - head))
    pseudo = source + destination + struct.pack("!I3xB", len(body), number) if number != 1 else b""
    body = _with_checksum(body, {1: 2, 6: 16, 17: 6, 58: 2}.get(number), pseudo)
    if head == 40:
        return struct.pack("!IHBB", 6 << 28 | packet.tos << 20, len(body), number, packet.ttl) + source + destination + body
    fields = 0x45, packet.tos, packet.length, numbers.identification & 0xFFFF, _DO_NOT_FRAGMENT, packet.ttl, number, 0
    return _with_checksum(struct.pack("!BBHHHBBH", *fields) + source + destination, 10, b"") + body


def ether_type(packet: Packet) -> int:
    """The EtherType of an IP packet."""
    return IPV6 if ":" in packet.source else IPV4


def _transport(packet: Packet, numbers: Numbers, length: int) -> bytes:
    match packet.protocol:
        case "tcp":
            options = b"\2\4\5\xb4\4\2\10\12" + bytes(8) + b"\1\3\3\7" if "SYN" in packet.flags else _TIMESTAMPS
            options = options[: max(0, length - 20) // 4 * 4]
            flags = (20 + len(options)) // 4 << 12 | sum(_FLAGS[flag] for flag in packet.flags)
            ports = packet.source_port, packet.destination_port
            head = struct.pack("!HHIIHHHH", *ports, numbers.sequence, numbers.acknowledged, flags, _WINDOW, 0, 0) + options
        case "udp":
            head = struct.pack("!HHHH", packet.source_port, packet.destination_port, length, 0)
        case "icmp" | "ipv6-icmp" if (packet.protocol, packet.icmp_type) in ECHOES:
            head = struct.pack("!BBHHH", packet.icmp_type, packet.icmp_code, 0, 1, numbers.echo & 0xFFFF)
        case "icmp" | "ipv6-icmp":
            head = struct.pack("!BBHI", packet.icmp_type, packet.icmp_code, 0, 0) + numbers.quoted
        case _:
            head = b""
    return head[:length].ljust(length, b"\0")


def _with_checksum(data: bytes, at: int | None, pseudo: bytes) -> bytes:
    """The Internet checksum (RFC 1071) put in its place."""
    if at is None or len(data) < at + 2:
        return data
    padded: bytes = pseudo + data + bytes(len(data) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return b"".join((data[:at], struct.pack("!H", ~total & 0xFFFF), data[at + 2 :]))
