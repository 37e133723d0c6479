"""The userland proxy: forwards data from a port of the host to a container, and the answers back, like docker-proxy."""

import selectors
import socket
from typing import NoReturn

__all__ = ["relay_connections", "relay_datagrams"]

_SECONDS = 3.0
"""How many seconds a container may take to accept a connection or data."""

_CLIENTS = 256
"""How many senders of datagrams are remembered; a new one replaces the oldest."""

_SIZE = 65535


def relay_connections(own: socket.socket, target: tuple[str, int]) -> NoReturn:
    """Serves a listening socket: connects to `target` for each incoming connection, until both sides have closed."""
    selector = selectors.DefaultSelector()
    selector.register(own, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is own:
                _connect(selector, own.accept()[0], target)
            elif isinstance(key.fileobj, socket.socket):
                _pass_on(selector, key.fileobj, key.data)


def _connect(selector: selectors.BaseSelector, near: socket.socket, target: tuple[str, int]) -> None:
    near.settimeout(_SECONDS)
    try:
        far = socket.create_connection(target, _SECONDS)
    except OSError:
        near.close()
        return
    selector.register(near, selectors.EVENT_READ, far)
    selector.register(far, selectors.EVENT_READ, near)


def _pass_on(selector: selectors.BaseSelector, source: socket.socket, sink: socket.socket) -> None:
    """Forwards data. When one side closes, the other is half-closed and may still send; an error closes both."""
    if source not in selector.get_map():
        return
    try:
        data = source.recv(_SIZE)
        if data:
            sink.sendall(data)
            return
        sink.shutdown(socket.SHUT_WR)
        over = False
    except OSError:
        over = True
    selector.unregister(source)
    if over and sink in selector.get_map():
        selector.unregister(sink)
    if sink not in selector.get_map():
        source.close()
        sink.close()


def relay_datagrams(own: socket.socket, target: tuple[str, int]) -> NoReturn:
    """Serves a datagram socket: each sender gets its own socket towards `target`, so that answers can be returned."""
    selector = selectors.DefaultSelector()
    selector.register(own, selectors.EVENT_READ)
    sockets: dict[object, socket.socket] = {}
    while True:
        for key, _ in selector.select():
            try:
                if key.fileobj is own:
                    data, sender = own.recvfrom(_SIZE)
                    _socket_for(selector, sockets, sender, target).send(data)
                elif isinstance(key.fileobj, socket.socket):
                    own.sendto(key.fileobj.recv(_SIZE), key.data)
            except OSError:  # nothing listens at the moment (ICMP error): datagrams may be lost
                continue


def _socket_for(
    selector: selectors.BaseSelector, sockets: dict[object, socket.socket], sender: object, target: tuple[str, int]
) -> socket.socket:
    if sender not in sockets:
        if len(sockets) >= _CLIENTS:
            oldest = sockets.pop(next(iter(sockets)))
            selector.unregister(oldest)
            oldest.close()
        sockets[sender] = socket.socket(socket.AF_INET6 if ":" in target[0] else socket.AF_INET, socket.SOCK_DGRAM)
        sockets[sender].connect(target)
        selector.register(sockets[sender], selectors.EVENT_READ, sender)
    return sockets[sender]
