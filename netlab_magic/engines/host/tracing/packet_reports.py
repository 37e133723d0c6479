"""Reads the kernel's reports about packets, log messages and nftables trace events, as values."""

import re
import socket
import struct
from collections.abc import Callable, Mapping

import msgspec

from netlab_magic.engines.host.netlink.codec import Attributes, Received, attributes, text
from netlab_magic.engines.host.netlink.nfnetlink import NFNL_SUBSYS_ULOG, NFT_MSG_TRACE, read_netfilter
from netlab_magic.engines.host.tracing.trace_table import ENTERS, LEAVES
from netlab_magic.model.hooks import HOOKS
from netlab_magic.model.kernel_trace import ReportEvent
from netlab_magic.model.packet import Packet

__all__ = ["Headers", "Report", "read_report"]

# linux/netfilter/nfnetlink_log.h
_NFULNL_MSG_PACKET = NFNL_SUBSYS_ULOG << 8 | 0
_NFULA_PACKET_HDR, _NFULA_MARK, _NFULA_TIMESTAMP, _NFULA_PAYLOAD, _NFULA_PREFIX = 1, 2, 3, 9, 10
_NFULA_IFINDEX_INDEV, _NFULA_IFINDEX_OUTDEV, _NFULA_IFINDEX_PHYSINDEV, _NFULA_IFINDEX_PHYSOUTDEV = 4, 5, 6, 7
_LOG_DEVICES = {
    "input": _NFULA_IFINDEX_INDEV,
    "output": _NFULA_IFINDEX_OUTDEV,
    "port_in": _NFULA_IFINDEX_PHYSINDEV,
    "port_out": _NFULA_IFINDEX_PHYSOUTDEV,
}

# linux/netfilter/nf_tables.h
_NFTA_TRACE_TABLE, _NFTA_TRACE_CHAIN, _NFTA_TRACE_RULE_HANDLE, _NFTA_TRACE_TYPE, _NFTA_TRACE_VERDICT, _NFTA_TRACE_ID = 1, 2, 3, 4, 5, 6
_NFTA_TRACE_NETWORK_HEADER, _NFTA_TRACE_TRANSPORT_HEADER, _NFTA_TRACE_IIF, _NFTA_TRACE_OIF = 8, 9, 10, 12
_NFTA_TRACE_MARK, _NFTA_TRACE_POLICY = 14, 16
_NFT_TRACETYPE_POLICY = 1
_NFTA_VERDICT_CODE, _NFTA_VERDICT_CHAIN = 1, 2
_TRACE_DEVICES = {"input": _NFTA_TRACE_IIF, "output": _NFTA_TRACE_OIF}

_VERDICTS = {0: "DROP", 1: "ACCEPT", 2: "STOLEN", 3: "QUEUE", 4: "REPEAT", -1: "CONTINUE", -5: "RETURN"}
"""NF_DROP and so on, and enum nft_verdicts; NFT_JUMP (-3) and NFT_GOTO (-4) name a chain instead."""

_TRACED = re.compile(r"TRACE: ([^:]+):(.+):(rule|return|policy):(\d+)")

_PROTOCOLS = {1: "icmp", 6: "tcp", 17: "udp", 58: "ipv6-icmp"}
_ECHOES = {("icmp", 8), ("icmp", 0), ("ipv6-icmp", 128), ("ipv6-icmp", 129)}
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")

Device = Callable[[bytes], str]
"""The name of an interface by its index."""


class Headers(msgspec.Struct, frozen=True):
    """What a report says about a packet. `same` is equal in all reports about one packet, and differs from that of other packets.

    `ends` are the source and destination ports, or twice the identifier of an echo; for an ICMP error, those of the quoted packet.
    """

    packet: Packet
    same: tuple[object, ...]
    ends: tuple[int, int]


class Report(msgspec.Struct, frozen=True):
    """One report. `event` is as in HookReport; `handle` or `number` identifies the rule. `family` is 0 for legacy tables.

    `headers` are None in all but the first event of an nftables chain; `thread` is shared by all events about one packet there.
    """

    event: ReportEvent
    hook: str = ""
    headers: "Headers | None" = None
    table: str = ""
    chain: str = ""
    number: int = 0
    handle: int = 0
    verdict: str = ""
    family: int = 0
    thread: int = 0
    mark: int = 0
    seconds: float = 0.0


def read_report(message: Received, device: Device) -> Report | None:
    """The report in a message; None if it has none, or for a packet that cannot be read here."""
    if message.kind == _NFULNL_MSG_PACKET:
        return _logged(read_netfilter(message.payload)[1], device)
    return _event(*read_netfilter(message.payload), device) if message.kind == NFT_MSG_TRACE else None


def _logged(held: Attributes, device: Device) -> Report | None:
    devices = {name: device(held[kind]) for name, kind in _LOG_DEVICES.items() if kind in held}
    headers = _headers_of(held.get(_NFULA_PAYLOAD, b""), b"", _number(held, _NFULA_MARK), devices)
    if headers is None:
        return None
    hook = HOOKS[held[_NFULA_PACKET_HDR][2]]
    prefix = text(held.get(_NFULA_PREFIX, b"")).strip()
    seconds = 0.0
    if _NFULA_TIMESTAMP in held:
        whole, parts = struct.unpack("!QQ", held[_NFULA_TIMESTAMP])
        seconds = whole + parts / 1e6
    mark = headers.packet.mark
    if prefix in (ENTERS, LEAVES):
        return Report(ReportEvent(prefix.split()[1]), hook, headers, mark=mark, seconds=seconds)
    traced = _TRACED.fullmatch(prefix)
    if traced is None:
        return None
    table, chain, event, number = traced.groups()
    return Report(ReportEvent(event), hook, headers, table, chain, int(number), mark=mark, seconds=seconds)


def _event(family: int, held: Attributes, device: Device) -> Report:
    headers = None
    if _NFTA_TRACE_NETWORK_HEADER in held:
        devices = {name: device(held[kind]) for name, kind in _TRACE_DEVICES.items() if kind in held}
        transport = held.get(_NFTA_TRACE_TRANSPORT_HEADER, b"")
        headers = _headers_of(held[_NFTA_TRACE_NETWORK_HEADER], transport, _number(held, _NFTA_TRACE_MARK), devices)
    is_policy, is_rule = _number(held, _NFTA_TRACE_TYPE) == _NFT_TRACETYPE_POLICY, _NFTA_TRACE_RULE_HANDLE in held
    event = ReportEvent.POLICY if is_policy else ReportEvent.RULE if is_rule else ReportEvent.RETURN
    return Report(
        event,
        headers=headers,
        table=text(held.get(_NFTA_TRACE_TABLE, b"")),
        chain=text(held.get(_NFTA_TRACE_CHAIN, b"")),
        handle=int.from_bytes(held[_NFTA_TRACE_RULE_HANDLE], "big") if _NFTA_TRACE_RULE_HANDLE in held else 0,
        verdict=_verdict(held),
        family=family,
        thread=_number(held, _NFTA_TRACE_ID),
        mark=_number(held, _NFTA_TRACE_MARK),
    )


def _verdict(held: Attributes) -> str:
    if _NFTA_TRACE_POLICY in held:
        return _VERDICTS.get(_number(held, _NFTA_TRACE_POLICY), "")
    said = attributes(held.get(_NFTA_TRACE_VERDICT, b""))
    if _NFTA_VERDICT_CHAIN in said:
        return text(said[_NFTA_VERDICT_CHAIN])
    return _VERDICTS.get(int.from_bytes(said[_NFTA_VERDICT_CODE], "big", signed=True), "") if _NFTA_VERDICT_CODE in said else ""


def _number(held: Attributes, kind: int) -> int:
    return int.from_bytes(held.get(kind, b""), "big")


def _headers_of(network: bytes, transport: bytes, mark: int, devices: Mapping[str, str]) -> Headers | None:
    """A packet from its headers; None if they are cut short. Nothing is known about its connection: the packet's `state` is empty.

    `transport` may be empty if it follows in `network`.
    """
    version = network[0] >> 4 if network else 0
    if len(network) < (40 if version == 6 else 20):
        return None
    if version == 6:
        length, number, ttl, source, destination = struct.unpack_from("!4xHBB16s16s", network)
        at, family, length, identification = 40, socket.AF_INET6, length + 40, 0
        tos = (network[0] & 15) << 4 | network[1] >> 4
    else:
        tos, length, identification, ttl, number, source, destination = struct.unpack_from("!xBHHxxBBxx4s4s", network)
        at, family = (network[0] & 15) * 4, socket.AF_INET
    packet = Packet(
        socket.inet_ntop(family, source), socket.inet_ntop(family, destination), _PROTOCOLS.get(number, str(number)),
        state="", mark=mark, length=length, ttl=ttl, tos=tos,
    )  # fmt: skip
    header = transport or network[at:]
    packet = _with_transport(msgspec.structs.replace(packet, **devices), header)
    return Headers(packet, (packet.protocol, identification, packet.icmp_type, packet.flags), _ends(packet, header))


def _with_transport(packet: Packet, header: bytes) -> Packet:
    if "icmp" in packet.protocol and len(header) >= 2:
        return msgspec.structs.replace(packet, icmp_type=header[0], icmp_code=header[1])
    if packet.protocol not in ("tcp", "udp") or len(header) < 4:
        return packet
    source, destination = struct.unpack_from("!HH", header)
    flags = frozenset(name for bit, name in enumerate(_FLAGS) if len(header) > 13 and packet.protocol == "tcp" and header[13] >> bit & 1)
    return msgspec.structs.replace(packet, source_port=source, destination_port=destination, flags=flags)


def _ends(packet: Packet, header: bytes) -> tuple[int, int]:
    if packet.source_port or packet.destination_port:
        return packet.source_port, packet.destination_port
    if (packet.protocol, packet.icmp_type) in _ECHOES and len(header) >= 8:
        return (struct.unpack_from("!H", header, 4)[0],) * 2
    quoted = _headers_of(header[8:], b"", 0, {}) if "icmp" in packet.protocol else None
    return quoted.ends if quoted else (0, 0)
