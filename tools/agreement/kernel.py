"""The kernel's side: namespaces that end with the process, rules loaded into the host, and connections of programs in them."""

import ctypes
import fcntl
import os
import select
import socket
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

from agreement.cases import Case
from agreement.reporting import LegacyReporter, NftReporter, Place
from agreement.world import ADDRESSES, PORTS, SETUP, Setting
from netlab_magic.iptables.ruleset import Ruleset

__all__ = ["Kernel", "Talk"]

_IP_PKTINFO = 8  # linux/in.h; Python names it from 3.14 on
_UNACKNOWLEDGED = 0x5411  # SIOCOUTQ, linux/sockios.h
_REFUSED = (101, 111, 113)  # what an ICMP error makes of a send: network unreachable, connection refused, no route to host
_SYSCTLS = {"ipv4/ip_forward": "forwards", "bridge/bridge-nf-call-iptables": "shows_bridged", "ipv4/conf/all/rp_filter": "reverse_path"}
_RESET = struct.pack("ii", 1, 0)  # a linger of no seconds: close() sends a reset


class Kernel:
    """The namespaces, with the sockets that ask and answer in them. A socket belongs to the namespace in which it was made."""

    def __init__(self, variant: str) -> None:
        self.variant = variant
        self.restore = f"iptables-{variant}-restore"
        done = subprocess.run(["sh", "-c", SETUP], capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        self.setting = Setting()
        self.reporter = LegacyReporter() if variant == "legacy" else NftReporter()
        self.echoes: dict[str, socket.socket] = {}
        self.servers: list[socket.socket] = []
        self.listeners: list[socket.socket] = []
        self.accepted: list[socket.socket] = []
        for name in ADDRESSES:
            with _inside(name):
                self.echoes[name] = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
                for port in PORTS:
                    self._serve(port)

    def _serve(self, port: int) -> None:
        server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        server.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for one in (server, listener):
            one.bind(("0.0.0.0", port))
            one.setblocking(False)
        listener.listen(64)
        self.servers.append(server)
        self.listeners.append(listener)

    def load(self, rules: str, ruleset: Ruleset, setting: Setting) -> None:
        """Makes these the host's rules; all tables are in the text, so that nothing is left of those before."""
        done = subprocess.run([self.restore], input=rules, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"{done.stderr}\n{rules}")
        lengths = {(table.name, chain.name): len(chain.rules) for table in ruleset.tables for chain in table.chains}
        self.reporter.learn(lambda table, chain: lengths.get((table, chain), 0))
        for path, field in _SYSCTLS.items():
            if getattr(setting, field) != getattr(self.setting, field):
                Path(f"/proc/sys/net/{path}").write_text(str(int(getattr(setting, field))))
        self.setting = setting

    def quiet(self) -> None:
        """Takes in whatever is still on its way from a connection before."""
        for there in self.accepted:
            there.close()
        self.accepted.clear()
        self.serve()
        for server in [*self.servers, *self.echoes.values()]:
            _emptied(server)
        for there in self.accepted:
            there.close()
        self.accepted.clear()
        self.reporter.places()

    def places(self) -> list[Place]:
        """The rules that matched since the last time."""
        return self.reporter.places()

    def serve(self) -> bool:
        """Answers datagrams from the address that they were sent to, and takes connections; whether there was any."""
        busy = False
        for server in select.select(self.servers, [], [], 0)[0]:
            data, extra, _, peer = server.recvmsg(2048, 256)
            mine = struct.unpack("=I4s4s", extra[0][2])[1] if extra else b"\0" * 4
            _send(server, data, *peer, source=socket.inet_ntoa(mine))
            busy = True
        for listener in select.select(self.listeners, [], [], 0)[0]:
            there, _ = listener.accept()
            there.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.accepted.append(there)
            busy = True
        return busy

    def talk(self, case: Case) -> "Talk":
        """A program that has a socket for the connection of the case, and has sent nothing yet."""
        kind = {"icmp": _Echo, "udp": _Datagram, "tcp": _Stream}[case.packet.protocol]
        return kind(self, case)


class Talk:
    """One connection: `send` sends its next packet, `answered` tells whether the answer to that has come."""

    def __init__(self, kernel: Kernel, case: Case) -> None:
        self.kernel, self.case, self.sent = kernel, case, 0
        self.body = b"x" * case.size
        self.open()

    def open(self) -> None:
        raise NotImplementedError

    def made(self, kind: int) -> socket.socket:
        """A socket with the address, TTL, TOS and mark that the packet shall have."""
        packet = self.case.packet
        with _inside(self.case.source):
            made = socket.socket(socket.AF_INET, kind)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.mark(made)
        made.bind((packet.source, packet.source_port))
        made.setblocking(False)
        return made

    def mark(self, made: socket.socket) -> None:
        packet = self.case.packet
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
        self.socket = self.kernel.echoes[self.case.source]
        self.mark(self.socket)

    def send(self) -> None:
        self.sent += 1
        body = struct.pack("!BBHHH", 8, 0, 0, self.number, self.sent) + self.body
        body = body[:2] + struct.pack("!H", _checksum(body)) + body[4:]
        packet = self.case.packet
        _send(self.socket, body, packet.destination, 0, "" if self.case.source else packet.source)

    def answered(self) -> bool:
        expected = socket.inet_aton(self.case.packet.destination)
        for got in _received(self.socket):
            if got[20:21] == b"\0" and struct.unpack("!HH", got[24:28]) == (self.number, self.sent) and got[12:16] == expected:
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
        _send(self.socket, struct.pack("B", self.sent) + self.body[1:])

    def answered(self) -> bool:
        return any(got[0] == self.sent for got in _received(self.socket))

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
            _send(self.socket, self.body)

    def answered(self) -> bool:
        try:
            self.socket.getpeername()
        except OSError:
            return False
        return struct.unpack("i", fcntl.ioctl(self.socket, _UNACKNOWLEDGED, b"\0" * 4))[0] == 0

    def close(self) -> None:
        self.socket.close()


def _send(sender: socket.socket, data: bytes, address: str = "", port: int = 0, source: str = "") -> None:
    """Sends a datagram; a refusal by the sender's own rules is what the report and the missing answer tell."""
    extra = [(socket.IPPROTO_IP, _IP_PKTINFO, struct.pack("=I4s4s", 0, socket.inet_aton(source), b"\0" * 4))] if source else []
    try:
        sender.sendmsg([data], extra, 0, (address, port) if address else None)
    except PermissionError:
        return
    except OSError as error:
        if error.errno not in (*_REFUSED, 22):  # 22: the route that OUTPUT's translation leads to is none for a loopback source
            raise


def _received(asker: socket.socket) -> Iterator[bytes]:
    while True:
        try:
            yield asker.recv(2048, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:  # refused by an ICMP error
            continue


def _emptied(asker: socket.socket) -> None:
    for _ in _received(asker):
        pass


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


_LIBRARY = ctypes.CDLL(None, use_errno=True)


class _inside:  # noqa: N801
    """Runs a block in a named namespace, "" being the host."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __enter__(self) -> None:
        self.home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        if self.name:
            there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
            _enter(there)
            os.close(there)

    def __exit__(self, *_: object) -> None:
        _enter(self.home)
        os.close(self.home)


def _enter(descriptor: int) -> None:
    if _LIBRARY.setns(descriptor, 0):
        raise OSError(ctypes.get_errno(), "setns")
