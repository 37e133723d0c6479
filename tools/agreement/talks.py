"""The programs of the connections that are compared, each with a socket in the namespace that it runs in."""

import fcntl
import socket
import struct
from collections.abc import Iterator

from agreement.cases import Case
from agreement.namespaces import inside

__all__ = ["Talk", "emptied", "sent", "source_option", "talk"]

_IP_PKTINFO = 8  # linux/in.h; Python names it from 3.14 on
_UNACKNOWLEDGED = 0x5411  # SIOCOUTQ, linux/sockios.h
_REFUSED = (101, 111, 113)  # what an ICMP error makes of a send: network unreachable, connection refused, no route to host
_RESET = struct.pack("ii", 1, 0)  # a linger of no seconds: close() sends a reset


class Talk:
    """One connection: `send` sends its next packet, `answered` tells whether the answer to that has come."""

    def __init__(self, case: Case, echoes: dict[str, socket.socket]) -> None:
        self.case, self.echoes, self.sent = case, echoes, 0
        self.family = socket.AF_INET6 if case.six else socket.AF_INET
        self.body = b"x" * case.size
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def made(self, kind: int) -> socket.socket:
        """A socket with the address, TTL, TOS and mark that the packet shall have."""
        packet = self.case.packet
        with inside(self.case.source):
            made = socket.socket(self.family, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.mark(made)
        made.bind((packet.source, packet.source_port))
        made.setblocking(False)
        return made

    def mark(self, made: socket.socket) -> None:
        packet = self.case.packet
        if self.case.six:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, packet.ttl)
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, packet.tos)
        else:
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, packet.ttl)
            made.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, packet.tos)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, packet.mark)

    def send(self) -> None:
        raise NotImplementedError

    def answered(self) -> bool:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class _Echo(Talk):
    _last = 0

    def open(self) -> None:
        _Echo._last = _Echo._last % 65000 + 1
        self.number = _Echo._last
        self.socket = self.echoes[self.case.source]
        self.mark(self.socket)

    def send(self) -> None:
        self.sent += 1
        body = struct.pack("!BBHHH", 128 if self.case.six else 8, 0, 0, self.number, self.sent) + self.body
        if not self.case.six:  # the kernel fills in ICMPv6's
            body = body[:2] + struct.pack("!H", _checksum(body)) + body[4:]
        packet = self.case.packet
        sent(self.socket, body, packet.destination, 0, "" if self.case.source else packet.source)

    def answered(self) -> bool:
        kind, start = (b"\x81", 0) if self.case.six else (b"\0", 20)  # only IPv4's raw sockets hear the IP header too
        for got, peer in _received(self.socket):
            mine = got[start : start + 1] == kind and struct.unpack_from("!HH", got, start + 4) == (self.number, self.sent)
            if mine and peer == self.case.packet.destination:
                return True
        return False

    def close(self) -> None:
        pass


class _Datagram(Talk):
    def open(self) -> None:
        self.socket = self.made(socket.SOCK_DGRAM)
        self.socket.connect((self.case.packet.destination, self.case.packet.destination_port))

    def send(self) -> None:
        self.sent += 1
        self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)  # an error that came back would be told instead of sending
        sent(self.socket, struct.pack("B", self.sent) + self.body[1:])

    def answered(self) -> bool:
        return any(got[0] == self.sent for got, _ in _received(self.socket))

    def close(self) -> None:
        self.socket.close()


class _Stream(Talk):
    def open(self) -> None:
        self.socket = self.made(socket.SOCK_STREAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)

    def send(self) -> None:
        self.sent += 1
        if self.sent == 1:
            self.socket.connect_ex((self.case.packet.destination, self.case.packet.destination_port))
        else:
            sent(self.socket, self.body)

    def answered(self) -> bool:
        try:
            self.socket.getpeername()
        except OSError:
            return False
        return struct.unpack("i", fcntl.ioctl(self.socket, _UNACKNOWLEDGED, b"\0" * 4))[0] == 0

    def close(self) -> None:
        self.socket.close()


_KINDS = {"icmp": _Echo, "ipv6-icmp": _Echo, "udp": _Datagram, "tcp": _Stream}


def talk(case: Case, echoes: dict[str, socket.socket]) -> Talk:
    """A program that has a socket for the connection of the case, and has sent nothing yet; `echoes` are raw sockets by namespace."""
    return _KINDS[case.packet.protocol](case, echoes)


def source_option(address: str) -> list[tuple[int, int, bytes]]:
    """What makes a datagram come from one of several addresses."""
    if not address:
        return []
    if ":" in address:
        return [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, socket.inet_pton(socket.AF_INET6, address) + b"\0" * 4)]
    return [(socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("=I4s4s", 0, socket.inet_aton(address), b"\0" * 4))]


def sent(sender: socket.socket, data: bytes, address: str = "", port: int = 0, source: str = "") -> None:
    """Sends a datagram; a refusal by the sender's own rules is what the report and the missing answer tell."""
    try:
        sender.sendmsg([data], source_option(source), 0, (address, port) if address else None)
    except PermissionError:
        return
    except OSError as error:
        if error.errno not in (*_REFUSED, 22):  # 22: the route that OUTPUT's translation leads to is none for a loopback source
            raise


def _received(asker: socket.socket) -> Iterator[tuple[bytes, str]]:
    while True:
        try:
            got, peer = asker.recvfrom(2048, socket.MSG_DONTWAIT)
            yield got, peer[0]
        except BlockingIOError:
            return
        except OSError:  # refused by an ICMP error
            continue


def emptied(asker: socket.socket) -> None:
    """Takes in what is left in a socket."""
    for _ in _received(asker):
        pass


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF
