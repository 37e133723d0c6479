"""Small servers for `serve`: the host process binds the port (so that errors are seen at once), and a child process serves it."""

import os
import selectors
import signal
import socket
import struct
from typing import NoReturn

from netlab_magic.engines.host.commands.docker_proxy import relay_connections, relay_datagrams
from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.model.topology import Server

__all__ = ["Servers"]

_BACKLOG = 64
_PKTINFO = struct.Struct("=16sI")
"""struct in6_pktinfo: an address, and the index of an interface."""


class Servers:
    """The servers of the lab and their processes."""

    def __init__(self) -> None:
        self._pids: dict[Server, int] = {}

    def running(self) -> tuple[Server, ...]:
        """The servers whose processes are alive; a server ends with its namespace, or when a user kills it."""
        self._pids = {server: pid for server, pid in self._pids.items() if _lives(pid)}
        return tuple(self._pids)

    def start(self, namespaces: Namespaces, server: Server) -> None:
        """Starts a server. Raises OSError when the port is taken."""
        kind = socket.SOCK_DGRAM if server.protocol == "udp" else socket.SOCK_STREAM
        six = ":" in server.address or (socket.has_ipv6 and not server.address)
        with namespaces.inside(server.namespace):
            listener = socket.socket(socket.AF_INET6 if six else socket.AF_INET, kind)
        with listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if listener.family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(bool(server.address)))
            listener.bind((server.address, server.port))
            if server.protocol == "tcp":
                listener.listen(_BACKLOG)
            pid = os.fork()
            if pid == 0:
                _serve(namespaces, server, listener)
            self._pids[server] = pid

    def stop(self, server: Server) -> None:
        """Ends a server."""
        pid = self._pids.pop(server)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _lives(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


def _serve(namespaces: Namespaces, server: Server, listener: socket.socket) -> NoReturn:
    """The server's process: in the server's namespace, with only its own socket open."""
    os.setsid()
    namespaces.inside(server.namespace).__enter__()
    kept = os.dup2(listener.fileno(), 3)
    os.closerange(4, min(1 << 20, os.sysconf("SC_OPEN_MAX")))
    own = socket.socket(fileno=kept)
    try:
        if server.kind == "proxy":
            relay = relay_datagrams if server.protocol == "udp" else relay_connections
            relay(own, server.behind)
        if server.protocol == "udp":
            _echo_datagrams(own)
        _answer_connections(own, server)
    finally:
        os._exit(1)


def _echo_datagrams(own: socket.socket) -> NoReturn:
    """Answers from the address that was asked: clients ignore answers from another address (ipv6(7), IPV6_PKTINFO)."""
    six = own.family == socket.AF_INET6
    if six:
        own.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    while True:
        data, told, _, sender = own.recvmsg(65535, socket.CMSG_SPACE(_PKTINFO.size))
        asked = [(level, kind, _PKTINFO.pack(_PKTINFO.unpack(value)[0], 0)) for level, kind, value in told if six]
        try:
            own.sendmsg([data], asked, 0, sender)
        except OSError:
            continue


def _answer_connections(own: socket.socket, server: Server) -> NoReturn:
    selector = selectors.DefaultSelector()
    selector.register(own, selectors.EVENT_READ)
    greeting = f"hello from {server.namespace}\n".encode()
    response = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (len(greeting), greeting)
    while True:
        for key, _ in selector.select():
            if key.fileobj is own:
                connection, _ = own.accept()
                connection.settimeout(1)
                selector.register(connection, selectors.EVENT_READ)
            elif isinstance(key.fileobj, socket.socket):
                _answer(selector, key.fileobj, response if server.kind == "http" else None)


def _answer(selector: selectors.BaseSelector, connection: socket.socket, response: bytes | None) -> None:
    """Echoes data, or answers one HTTP request and closes."""
    try:
        data = connection.recv(65535)
        if data:
            connection.sendall(response or data)
        if data and not response:
            return
    except OSError:
        data = b""
    selector.unregister(connection)
    connection.close()
