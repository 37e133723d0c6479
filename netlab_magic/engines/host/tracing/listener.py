"""Listens to the kernel's reports about one probe's packets in a namespace, and leaves nothing behind.

An nftables table *with an owner* (NFT_TABLE_F_OWNER, Linux 5.12) belongs to a netlink socket: no other socket may change it, neither
variant of iptables shows it, and the kernel removes it with the socket, however its process ends (nft_rcv_nl_event in
net/netfilter/nf_tables_api.c). Ours (see `trace_table`) logs the probe's packets at every hook, and sets their trace bit
(skb->nf_trace): then legacy tables report every rule that matches (trace_packet in net/ipv4/netfilter/ip_tables.c, through
nfnetlink_log), and nftables tables every step (nf_tables_trace.c). One socket receives all of it, in order.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator, Sequence

from netlab_magic.engines.host.netlink.codec import Message, Received, attribute, be32
from netlab_magic.engines.host.netlink.nfnetlink import NFNL_SUBSYS_ULOG, NetfilterSocket, netfilter_message
from netlab_magic.engines.host.tracing.borrowed_logger import BorrowedLogger
from netlab_magic.engines.host.tracing.trace_table import OUR_GROUP

__all__ = ["Listener"]

_NFULNL_MSG_CONFIG, _NFULNL_CFG_CMD_BIND, _NFULNL_COPY_PACKET = NFNL_SUBSYS_ULOG << 8 | 1, 1, 2
_NFULA_CFG_CMD, _NFULA_CFG_MODE, _NFULA_CFG_NLBUFSIZ, _NFULA_CFG_QTHRESH = 1, 2, 3, 5
"""From linux/netfilter/nfnetlink_log.h."""

_NFNLGRP_NFTRACE = 9
"""From linux/netfilter/nfnetlink.h."""

_ENOUGH, _BUFFER = 128, 512
"""How many bytes of a packet are reported, and how many bytes of reports the kernel collects before it sends them."""

_TRACE_GROUP = 0
"""The group of nfnetlink_log that legacy tables report a trace to; it cannot be chosen (default_loginfo in nfnetlink_log.c)."""

_RECEIVE_BUFFER = 1 << 22

_CANNOT = "this kernel cannot trace packets: "
_NO_OWNER = _CANNOT + "it has no nftables tables that end with their owner (nf_tables, Linux 5.12 or later)"
_NO_LOG = _CANNOT + "it has no nfnetlink_log, or no nft_log (on the machine: sudo modprobe -a nfnetlink_log nft_log)"
_NO_LOGGER = _CANNOT + "it does not let nfnetlink_log report traces of legacy tables"
_TAKEN = "another program listens to the packet log of this namespace (NFLOG group {}); end that program, then trace again"


class Listener:
    """Listens in the namespace in which it is created, until it is closed. Raises OSError with a sentence if the kernel cannot trace.

    `messages` make the table, of one address family. `legacy`: the namespace has legacy tables; they are listened to after `log_legacy`.
    `logs`: the table logs packets too.
    """

    def __init__(self, messages: Sequence[Message], family: int, legacy: bool, logs: bool = True) -> None:
        self._family = int(family)
        self._logger: BorrowedLogger | None = None
        self._socket = NetfilterSocket()
        self.lost = False
        try:
            self._socket.enlarge(_RECEIVE_BUFFER)
            for group, is_used in ((OUR_GROUP, logs), (_TRACE_GROUP, legacy)):
                if is_used:
                    self._open_log(group)
            self._make_table(messages)
        except OSError:
            self.close()
            raise

    def _open_log(self, group: int) -> None:
        """Directs the log messages of a group to this socket, each at once, with the first bytes of the packet."""
        settings = (
            attribute(_NFULA_CFG_CMD, bytes([_NFULNL_CFG_CMD_BIND])),
            attribute(_NFULA_CFG_MODE, struct.pack("!IBx", _ENOUGH, _NFULNL_COPY_PACKET)),
            attribute(_NFULA_CFG_NLBUFSIZ, be32(_BUFFER)),
            attribute(_NFULA_CFG_QTHRESH, be32(1)),
        )
        refusal = self._socket.send([netfilter_message(_NFULNL_MSG_CONFIG, 0, socket.AF_INET, one, resource=group) for one in settings])
        if refusal:
            taken = refusal.error.errno in (errno.EPERM, errno.EBUSY)
            raise OSError(refusal.error.errno, _TAKEN.format(group) if taken else _NO_LOG)

    def _make_table(self, messages: Sequence[Message]) -> None:
        self._socket.join(_NFNLGRP_NFTRACE)
        try:
            self._socket.change(messages)
        except OSError as error:
            known = {errno.EINVAL: _NO_OWNER, errno.EOPNOTSUPP: _NO_OWNER, errno.ENOENT: _NO_LOG}
            raise OSError(error.errno, known.get(error.errno or 0, _CANNOT + os.strerror(error.errno or 0))) from None

    def log_legacy(self) -> None:
        """Makes the legacy tables of this namespace, which the process must be in, report traces to us. Raises OSError with a sentence."""
        try:
            self._logger = BorrowedLogger(self._family)
        except OSError as error:
            raise OSError(error.errno, f"{_NO_LOGGER} ({error.strerror})") from None

    def unlog_legacy(self) -> None:
        """Restores the logger that had the reports before."""
        if self._logger is not None:
            self._logger.give_back()
            self._logger = None

    def reports(self) -> Iterator[Received]:
        """What has been reported so far, in order; `lost`: there was more than the kernel could keep."""
        while True:
            try:
                yield from self._socket.reports()
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.lost = True
            else:
                return

    def close(self) -> None:
        """Removes the table and ends the log. Meanwhile the kernel waits for all packets in flight, some milliseconds."""
        self._socket.close()
