"""nfnetlink, the kernel's netlink family for netfilter: its header, its batches, and a socket in the current namespace."""

import errno
import socket
import struct
from collections.abc import Iterator, Sequence

from netlab_magic.engines.host.netlink.codec import NLM_F_ACK, NLM_F_DUMP, Attributes, Message, attribute, attributes, be32, nested, string
from netlab_magic.engines.host.netlink.kernel_modules import has_module
from netlab_magic.engines.host.netlink.netlink_socket import NetlinkSocket, refused

__all__ = [
    "NFNL_SUBSYS_ULOG",
    "NFT_MSG_GETCHAIN",
    "NFT_MSG_GETRULE",
    "NFT_MSG_GETTABLE",
    "NFT_MSG_NEWRULE",
    "NFT_MSG_NEWTABLE",
    "NFT_MSG_TRACE",
    "NetfilterSocket",
    "base_chain",
    "dump",
    "netfilter_message",
    "raw_dump",
    "read_netfilter",
]

_NETLINK_NETFILTER = 12
"""From linux/netlink.h."""

NFNL_SUBSYS_ULOG, _NFNL_SUBSYS_NFTABLES = 4, 10
_NFNL_MSG_BATCH_BEGIN, _NFNL_MSG_BATCH_END = 0x10, 0x11
_NFGENMSG = struct.Struct("!BBH")
"""nfgen_family, version, res_id. All from linux/netfilter/nfnetlink.h."""

NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE, _NFT_MSG_NEWCHAIN, NFT_MSG_GETCHAIN, NFT_MSG_NEWRULE, NFT_MSG_GETRULE, NFT_MSG_TRACE = (
    _NFNL_SUBSYS_NFTABLES << 8 | kind for kind in (0, 1, 3, 4, 6, 7, 17)
)
"""Message types of nf_tables, from linux/netfilter/nf_tables.h, with their subsystem in the high byte."""

_NFTA_CHAIN_TABLE, _NFTA_CHAIN_NAME, _NFTA_CHAIN_HOOK, _NFTA_CHAIN_TYPE = 1, 3, 4, 7
_NFTA_HOOK_HOOKNUM, _NFTA_HOOK_PRIORITY = 1, 2
"""Attributes of chains and their hooks, from linux/netfilter/nf_tables.h."""

_NO_SUBSYSTEM = {errno.EINVAL, errno.EOPNOTSUPP, errno.EPROTONOSUPPORT}
"""The errors of nfnetlink if the kernel has no nf_tables, and therefore no tables."""


def netfilter_message(kind: int, flags: int, family: int, *held: bytes, resource: int = 0) -> Message:
    """A message with struct nfgenmsg and attributes; `resource` is a group, or a subsystem."""
    return Message(kind, flags, _NFGENMSG.pack(family, 0, resource) + b"".join(held))


def read_netfilter(payload: bytes) -> tuple[int, Attributes]:
    """The family and the attributes of a message."""
    return payload[0], attributes(payload, _NFGENMSG.size)


def base_chain(flags: int, family: int, table: str, name: str, hook: int, priority: int, *held: bytes) -> Message:
    """A message about a base chain of the type filter; `held` are further attributes."""
    at = nested(_NFTA_CHAIN_HOOK, attribute(_NFTA_HOOK_HOOKNUM, be32(hook)), attribute(_NFTA_HOOK_PRIORITY, be32(priority)))
    known = attribute(_NFTA_CHAIN_TABLE, string(table)), attribute(_NFTA_CHAIN_NAME, string(name))
    return netfilter_message(_NFT_MSG_NEWCHAIN, flags, family, *known, at, attribute(_NFTA_CHAIN_TYPE, string("filter")), *held)


class NetfilterSocket(NetlinkSocket):
    """A socket for netfilter; a table that it owns goes with it."""

    def __init__(self) -> None:
        super().__init__(_NETLINK_NETFILTER)

    def change(self, messages: Sequence[Message]) -> None:
        """Makes all changes to nf_tables, or none (nfnetlink_rcv_batch() in nfnetlink.c). Raises the kernel's OSError.

        Only the last change asks for an acknowledgement: older kernels give none for the end of a batch.
        """
        begin, end = (
            netfilter_message(kind, 0, socket.AF_UNSPEC, resource=_NFNL_SUBSYS_NFTABLES)
            for kind in (_NFNL_MSG_BATCH_BEGIN, _NFNL_MSG_BATCH_END)
        )
        first = self._transmit([begin, *messages[:-1], messages[-1]._replace(flags=messages[-1].flags | NLM_F_ACK), end])
        for answer in self._answers(first, first + len(messages)):
            if error := refused(answer):
                raise error


def dump(kind: int) -> Iterator[tuple[int, Attributes]]:
    """Family and attributes of each object of a dump request in the current namespace. Raises OSError like `raw_dump`."""
    return map(read_netfilter, raw_dump(kind))


def raw_dump(*kinds: int, family: int = socket.AF_UNSPEC) -> list[bytes]:
    """The messages of dump requests in the current namespace, of one family or all; none if the kernel has no nf_tables.

    Raises OSError if the kernel refuses.
    """
    if not has_module("nf_tables"):
        return []
    with NetfilterSocket() as netfilter:
        try:
            return [message for kind in kinds for message in netfilter.ask(netfilter_message(kind, NLM_F_DUMP, family))]
        except OSError as error:
            if error.errno not in _NO_SUBSYSTEM:
                raise
            return []
