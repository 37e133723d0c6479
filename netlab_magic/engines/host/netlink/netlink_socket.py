"""A netlink socket for any protocol: sends many messages at once, and reads all replies in one place."""

import errno
import os
import socket
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Self

from netlab_magic.engines.host.netlink.codec import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
    Message,
    Received,
    attributes,
    received,
    text,
)

__all__ = ["NetlinkSocket", "Refusal"]

# linux/netlink.h
_NETLINK_ADD_MEMBERSHIP, _NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK = 1, 10, 11, 12
_NLMSGERR_ATTR_MSG = 1
_ERROR_AND_HEADER, _ERROR = 4 + 16, 4
"""struct nlmsgerr: the error, and the header of the message it is about; NLMSG_DONE has the error alone."""

_SOL_NETLINK = 270
"""From linux/socket.h."""

_RECEIVED_AT_ONCE = 1 << 16
_DUMP_TRIES = 10


class Refusal(NamedTuple):
    """The first message that the kernel refused, by its place from 0, and the error, with the kernel's own sentence if it has one."""

    at: int
    error: OSError


class NetlinkSocket:
    """A socket in the namespace in which it is made, for one protocol (NETLINK_ROUTE …); a context manager."""

    def __init__(self, protocol: int) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK, _NETLINK_GET_STRICT_CHK):
            self._socket.setsockopt(_SOL_NETLINK, option, 1)
        self._sequence = 0
        self._unasked: deque[Received] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()

    def enlarge(self, size: int) -> None:
        """Sets the receive buffer, in bytes; the kernel limits it to net.core.rmem_max."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def join(self, group: int) -> None:
        """Takes part in a multicast group."""
        self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, group)

    def send(self, messages: Sequence[Message]) -> Refusal | None:
        """Sends all messages at once, and gives the first refusal.

        The kernel processes them in order and continues after a refusal, so later messages may have taken effect. It
        reports every error, so that only the last message need ask for an acknowledgement (netlink_rcv_skb() in af_netlink.c).
        """
        first = self._transmit([*messages[:-1], messages[-1]._replace(flags=messages[-1].flags | NLM_F_ACK)])
        for answer in list(self._answers(first, first + len(messages) - 1)):
            if error := refused(answer):
                return Refusal(answer.sequence - first, error)
        return None

    def ask(self, message: Message) -> list[bytes]:
        """The payloads of all answers to a question; with NLM_F_DUMP, of everything there is of a kind. Raises the kernel's OSError.

        A table that changes while it is dumped is dumped again (NLM_F_DUMP_INTR).
        """
        wanted = message if message.flags & NLM_F_DUMP == NLM_F_DUMP else message._replace(flags=message.flags | NLM_F_ACK)
        for _ in range(_DUMP_TRIES):
            number = self._transmit([wanted])
            *answers, end = self._answers(number, number)
            if error := refused(end):
                raise error
            if not any(answer.flags & NLM_F_DUMP_INTR for answer in (*answers, end)):
                return [answer.payload for answer in answers]
        raise OSError(errno.EAGAIN, "the kernel's tables kept changing while they were read")

    def reports(self) -> Iterator[Received]:
        """The notifications received so far, without waiting. Raises OSError (ENOBUFS) if the kernel had to drop some."""
        while self._unasked:
            yield self._unasked.popleft()
        while True:
            try:
                data = self._socket.recv(_RECEIVED_AT_ONCE, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            yield from received(data)

    def _transmit(self, messages: Sequence[Message]) -> int:
        """Sends messages at once; the sequence number of the first."""
        first = self._sequence + 1
        self._sequence += len(messages)
        self._socket.send(b"".join(message.packed(first + at) for at, message in enumerate(messages)))
        return first

    def _answers(self, first: int, last: int) -> Iterator[Received]:
        """All answers to the messages with these sequence numbers, up to the one that ends the answers to the last one."""
        while True:
            for message in received(self._socket.recv(_RECEIVED_AT_ONCE)):
                if message.sequence == 0:
                    self._unasked.append(message)
                if message.sequence < first:
                    continue
                yield message
                if message.sequence == last and message.kind in (NLMSG_ERROR, NLMSG_DONE):
                    return


def refused(message: Received) -> OSError | None:
    """The error that ends the answers to a message, with the kernel's own sentence where it has one (extended acknowledgement)."""
    if message.kind not in (NLMSG_ERROR, NLMSG_DONE) or len(message.payload) < _ERROR:
        return None
    error = -struct.unpack_from("=i", message.payload)[0]
    if error <= 0:
        return None
    said = attributes(message.payload, _ERROR_AND_HEADER if message.kind == NLMSG_ERROR else _ERROR)
    return OSError(error, text(said.get(_NLMSGERR_ATTR_MSG, b"")).rstrip(".") or os.strerror(error))
