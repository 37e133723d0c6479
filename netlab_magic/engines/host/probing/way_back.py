"""Whether a receiver has a route back to a sender on its own network: if not, a missing answer is not the firewall's fault."""

import errno
import socket

from netlab_magic.engines.host.netlink.rtnetlink import RouteSocket
from netlab_magic.engines.host.state.observe import Namespaces
from netlab_magic.model.outcomes import no_way_back
from netlab_magic.model.probe import Outcome, Probe

__all__ = ["WaysBack"]

_RTN_UNICAST, _RTA_DST, _IFA_ADDRESS, _IFA_LOCAL = 1, 1, 1, 2
"""From linux/rtnetlink.h and linux/if_addr.h."""

_REFUSALS = {
    errno.ENETUNREACH: "",
    errno.EINVAL: "blackhole",
    errno.EHOSTUNREACH: "unreachable",
    errno.EACCES: "prohibit",
}
"""The kernel's routing errors, and the kind of route that causes each (fib_props in net/ipv4/fib_semantics.c)."""

_Network = tuple[int, int]
"""A mask, and what the bits of an address under it are."""


class WaysBack:
    """The namespaces' routes, cached for one request: few of thousands of flows need a query to the kernel."""

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._addresses: dict[tuple[str, int], list[int]] = {}
        self._networks: dict[tuple[str, int], list[_Network]] = {}
        self._obvious: dict[tuple[str, str, int], bool] = {}

    def missing(self, probe: Probe) -> Outcome | None:
        """The outcome of an unanswered probe whose receiver has no route back; None if it has one, or if that is unknown.

        Behind a gateway another address may be the sender's for the receiver, so that only neighbours are told apart.
        """
        if probe.target not in self._namespaces.descriptors or self._has_an_obvious_one(probe):
            return None
        try:
            sender = self._namespaces.netlink(probe.source).neighbourly_source(probe.address)
        except OSError:
            return None
        if not sender:
            return None
        try:
            self._namespaces.netlink(probe.target).route_to(sender)
        except OSError as error:
            kind = _REFUSALS.get(error.errno or 0)
            return None if kind is None else no_way_back(probe, sender, kind)
        return None

    def _has_an_obvious_one(self, probe: Probe) -> bool:
        """Whether the receiver's routes are all of the usual kind, and lead to every address that the sender may have."""
        family = socket.AF_INET6 if ":" in probe.address else socket.AF_INET
        key = probe.source, probe.target, family
        if key not in self._obvious:
            networks = self._networks_of(probe.target, family)
            addresses = self._addresses_of(probe.source, family)
            self._obvious[key] = all(any(address & mask == network for mask, network in networks) for address in addresses)
        return self._obvious[key]

    def _addresses_of(self, name: str, family: int) -> list[int]:
        if (name, family) not in self._addresses:
            all_held = (held for header, held in self._namespaces.netlink(name).addresses() if header.ifa_family == family)
            addresses = (held.get(_IFA_LOCAL) or held[_IFA_ADDRESS] for held in all_held)
            self._addresses[name, family] = [int.from_bytes(raw, "big") for raw in addresses if not _is_loopback(raw)]
        return self._addresses[name, family]

    def _networks_of(self, name: str, family: int) -> list[_Network]:
        if (name, family) not in self._networks:
            self._networks[name, family] = _unicast_networks(self._namespaces.netlink(name), family)
        return self._networks[name, family]


def _is_loopback(raw: bytes) -> bool:
    return raw[0] == 127 if len(raw) == 4 else raw == bytes(15) + b"\1"


def _unicast_networks(netlink: RouteSocket, family: int) -> list[_Network]:
    """The networks of a routing table; none where a route is of another kind, since that one may be the more exact."""
    width = 32 if family == socket.AF_INET else 128
    found: list[_Network] = []
    for header, held in netlink.routes(family):
        if header.rtm_type != _RTN_UNICAST:
            return []
        mask = (1 << width) - (1 << (width - header.rtm_dst_len))
        found.append((mask, int.from_bytes(held.get(_RTA_DST, b""), "big")))
    return found
