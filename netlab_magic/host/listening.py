"""Listens to what the kernel does with one probe's packets in a namespace, and leaves no trace of its own.

An nftables table *with an owner* (NFT_TABLE_F_OWNER, Linux 5.12) belongs to a netlink socket: no other socket may change it, neither
program of iptables shows it, and the kernel removes it with the socket, however its process ends (nft_rcv_nl_event in
net/netfilter/nf_tables_api.c). Ours has a chain first and last at every hook, which tell that the probe's packets come by, and
nobody else's. The first ones also set the packet's trace bit (skb->nf_trace): then legacy tables tell of every rule that matches
(trace_packet in net/ipv4/netfilter/ip_tables.c, through nfnetlink_log), and nftables tables of every step (nf_tables_trace.c).
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

from netlab_magic.host import nfnetlink
from netlab_magic.host.nfnetlink import Message, NetfilterSocket, attribute, nested, number, text
from netlab_magic.host.nftables import TRACING_TABLE

__all__ = ["ENTERS", "HOOKS", "LEAVES", "Listener"]

ENTERS, LEAVES = "netlab enters", "netlab leaves"
"""The prefixes of the log messages of our chains."""

HOOKS = ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING")
"""The hooks in the order of their numbers (enum nf_inet_hooks in linux/netfilter.h)."""

_PRIORITIES = {ENTERS: -500, LEAVES: 500}
"""Before defragmentation (-400) and raw (-300), and behind security (50) and source NAT (100)."""

_NEWTABLE, _NEWCHAIN, _NEWRULE = ((nfnetlink.NFTABLES << 8) + kind for kind in (0, 3, 6))
_OWNED = 2
_ELEMENT = 1
_META_PROTOCOL, _META_TRACE = 16, 12
_TRANSPORT, _EQUAL, _REGISTER = 2, 0, 1

_CONFIGURE_LOG = 4 << 8 | 1
_BIND, _SET_MODE, _SET_BUFFER, _SET_THRESHOLD = 1, 2, 3, 5
_COPY_PACKET, _ENOUGH, _BUFFER = 2, 128, 512
_TRACE_EVENTS = 9
_TRACE_GROUP, OUR_GROUP = 0, 20_037
"""The group of nfnetlink_log that legacy tables report a trace to, which cannot be chosen, and the one for our own chains."""

_LOGGER = "nfnetlink_log"
_RECEIVE_BUFFER = 1 << 22

_PROTOCOLS = {"icmp": socket.IPPROTO_ICMP, "tcp": socket.IPPROTO_TCP, "udp": socket.IPPROTO_UDP}
_NO_OWNER = "this kernel cannot trace packets: it has no nftables tables that end with their owner (nf_tables, Linux 5.12 or later)"
_NO_LOG = "this kernel cannot trace packets: it has no nfnetlink_log, or nft_log, module"
_TAKEN = "somebody else listens to the packet log of this namespace (NFLOG group {}); end that program, then trace again"


class Listener:
    """Listens in the namespace in which it is made, until it is closed. Raises OSError with a sentence where the kernel cannot.

    `identifier` is the source port of the probe, or the identifier of its echo request; `legacy` tells that legacy tables are there.
    """

    def __init__(self, protocol: str, six: bool, identifier: int, legacy: bool) -> None:
        self._logger_before: str | None = None
        self._family = socket.AF_INET6 if six else socket.AF_INET
        self._socket = NetfilterSocket()
        self.lost = False
        try:
            self._listen(_Wanted(protocol, six, identifier), legacy)
        except OSError:
            self.close()
            raise

    def _listen(self, wanted: "_Wanted", legacy: bool) -> None:
        self._socket.enlarge(_RECEIVE_BUFFER)
        _open_log(self._socket, OUR_GROUP)
        if legacy:
            _open_log(self._socket, _TRACE_GROUP)
        try:
            self._socket.join(_TRACE_EVENTS)
            self._socket.change(list(_table(self._family, wanted)))
        except OSError as error:
            known = {errno.EINVAL: _NO_OWNER, errno.EOPNOTSUPP: _NO_OWNER, errno.ENOENT: _NO_LOG}
            raise OSError(error.errno, known.get(error.errno or 0, f"this kernel cannot trace packets: {error.strerror}")) from None

    def log_legacy(self) -> None:
        """Lets the legacy tables of this namespace, which the process must be in, report traces to us."""
        logger = _logger(self._family)
        before = logger.read_text().strip()
        if before != _LOGGER:
            logger.write_text(_LOGGER)
            self._logger_before = before

    def unlog_legacy(self) -> None:
        """Puts back who had the reports before; the process must be in the namespace."""
        if self._logger_before is not None:
            _logger(self._family).write_text(self._logger_before)
            self._logger_before = None

    def reports(self) -> Iterator[tuple[int, bytes]]:
        """What has been reported so far, in order; `lost` tells that it was more than could be kept."""
        try:
            yield from self._socket.reports()
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            self.lost = True
            yield from self.reports()

    def close(self) -> None:
        """Ends the table and the log. The kernel waits for all packets on their way meanwhile, some milliseconds."""
        self._socket.close()


def _logger(family: int) -> Path:
    return Path(f"/proc/sys/net/netfilter/nf_log/{int(family)}")


def _open_log(netfilter: NetfilterSocket, group: int) -> None:
    """Has the log messages of a group come to this socket, each at once, with the first bytes of the packet."""
    settings = (
        attribute(_BIND, b"\1"),
        attribute(_SET_MODE, struct.pack("!IBx", _ENOUGH, _COPY_PACKET)),
        attribute(_SET_BUFFER, number(_BUFFER)),
        attribute(_SET_THRESHOLD, number(1)),
    )
    for setting in settings:
        try:
            netfilter.configure(Message(_CONFIGURE_LOG, 0, socket.AF_INET, setting, group))
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EBUSY):
                raise OSError(error.errno, _TAKEN.format(group)) from None
            raise OSError(error.errno, _NO_LOG if error.errno == errno.EINVAL else os.strerror(error.errno or 0)) from None


class _Wanted:
    """Which packets are the probe's: conditions, each a list of (offset in the transport header, bytes that are there)."""

    def __init__(self, protocol: str, six: bool, identifier: int) -> None:
        self._icmp = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
        self._echo, self._reply = (128, 129) if six else (8, 0)
        self._protocol = self._icmp if protocol == "icmp" else _PROTOCOLS[protocol]
        self._at_protocol, self._inner = (14, 48) if six else (17, 28)
        self._identifier = struct.pack("!H", identifier)

    def conditions(self) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
        """The transport protocol of each kind of packet that is wanted, and its conditions: the probe's own, its answers, and the
        errors that quote one of these (the quoted header has no options, as ours have none).
        """
        quotes = (self._at_protocol, bytes([self._protocol]))
        if self._protocol == self._icmp:
            for kind in (self._echo, self._reply):
                yield self._icmp, [(0, bytes([kind])), (4, self._identifier)]
            yield self._icmp, [quotes, (self._inner + 4, self._identifier)]
            return
        for at in (0, 2):
            yield self._protocol, [(at, self._identifier)]
            yield self._icmp, [quotes, (self._inner + at, self._identifier)]


def _table(family: int, wanted: _Wanted) -> Iterator[Message]:
    """Our table: two chains for each hook."""
    new = nfnetlink.CREATE | nfnetlink.EXCLUSIVE
    yield Message(_NEWTABLE, new, family, attribute(1, text(TRACING_TABLE)) + attribute(2, number(_OWNED)))
    for hook, called in enumerate(HOOKS):
        for prefix, priority in _PRIORITIES.items():
            chain = f"{prefix} {called}".replace(" ", "-")
            place = nested(4, attribute(1, number(hook)), attribute(2, number(priority)))
            named = attribute(1, text(TRACING_TABLE))
            yield Message(_NEWCHAIN, new, family, named + attribute(3, text(chain)) + place + attribute(7, text("filter")))
            first = prefix == ENTERS and called in ("PREROUTING", "OUTPUT")
            for protocol, conditions in wanted.conditions():
                parts = [*_is_protocol(protocol), *(part for at, data in conditions for part in _holds(at, data))]
                rule = nested(4, *parts, *(_traced() if first else ()), _logged(prefix), _accepted())
                flags = nfnetlink.CREATE | nfnetlink.APPEND
                yield Message(_NEWRULE, flags, family, named + attribute(2, text(chain)) + rule)


# The expressions of a rule (linux/netfilter/nf_tables.h): each has a name (1) and its attributes (2).


def _expression(name: str, *data: bytes) -> bytes:
    return nested(_ELEMENT, attribute(1, text(name)), nested(2, *data))


def _compare(data: bytes) -> bytes:
    return _expression("cmp", attribute(1, number(_REGISTER)), attribute(2, number(_EQUAL)), nested(3, attribute(1, data)))


def _is_protocol(protocol: int) -> tuple[bytes, ...]:
    return _expression("meta", attribute(2, number(_META_PROTOCOL)), attribute(1, number(_REGISTER))), _compare(bytes([protocol]))


def _holds(offset: int, data: bytes) -> tuple[bytes, ...]:
    place = (number(_REGISTER), number(_TRANSPORT), number(offset), number(len(data)))
    return _expression("payload", *(attribute(kind, value) for kind, value in enumerate(place, 1))), _compare(data)


def _traced() -> tuple[bytes, ...]:
    one = _expression("immediate", attribute(1, number(_REGISTER)), nested(2, attribute(1, b"\1")))
    return one, _expression("meta", attribute(2, number(_META_TRACE)), attribute(3, number(_REGISTER)))


def _logged(prefix: str) -> bytes:
    return _expression("log", attribute(1, struct.pack("!H", OUR_GROUP)), attribute(2, text(prefix)))


def _accepted() -> bytes:
    return _expression("immediate", attribute(1, number(0)), nested(2, nested(2, attribute(1, number(1)))))
