"""What could disturb a probe in a correct network: links and addresses that are not ready, and the effects of earlier packets."""

from collections.abc import Container
from contextlib import ExitStack
from typing import Self

from netlab_magic.engines.host.netlink.rtnetlink import RouteSocket
from netlab_magic.engines.host.state.observe import Namespaces, read_sysctl, write_sysctl

__all__ = ["UnlimitedErrors", "getting_ready"]

_IFF_UP, _IF_OPER_UP = 1, 6
_IFLA_LINK, _IFLA_OPERSTATE, _IFLA_CARRIER = 5, 16, 33
_RT_SCOPE_LINK, _IFA_F_DADFAILED, _IFA_F_TENTATIVE = 253, 0x08, 0x40
"""From linux/if.h, linux/if_link.h, linux/rtnetlink.h and linux/if_addr.h."""

_LIMITED = {"net.ipv4.icmp_ratemask": "0", "net.ipv6.icmp.ratemask": "0"}
"""Which types of ICMP messages are limited, and a mask in which there is no error."""


def getting_ready(netlink: RouteSocket, six: bool) -> bool:
    """Whether a link in a namespace, or for IPv6 an address on a working link, is about to be ready but is not yet."""
    plugged = [(header, held) for header, held in netlink.links() if header.ifi_flags & _IFF_UP and held.get(_IFLA_CARRIER, b"\0")[0]]
    # A veth that is up and connected gets its queue a moment later (net/core/link_watch.c).
    if any(_IFLA_LINK in held and held.get(_IFLA_OPERSTATE, b"\6")[0] != _IF_OPER_UP for _, held in plugged):
        return True
    return six and _tentative(netlink, {header.ifi_index for header, _ in plugged})


def _tentative(netlink: RouteSocket, devices: Container[int]) -> bool:
    """Whether duplicate address detection is still running, which takes up to two seconds (RFC 4862, 5.4)."""
    addresses = (header for header, _ in netlink.addresses() if header.ifa_scope != _RT_SCOPE_LINK and header.ifa_index in devices)
    return any(header.ifa_flags & (_IFA_F_TENTATIVE | _IFA_F_DADFAILED) == _IFA_F_TENTATIVE for header in addresses)


class UnlimitedErrors:
    """Lifts the rate limit of ICMP errors in the lab's namespaces for the duration of a `with` block.

    After six errors to the same address within a few seconds, the kernel sends no more (icmpv4_xrlim_allow() in net/ipv4/icmp.c):
    a refusal would then look like silence.
    """

    def __init__(self, namespaces: Namespaces) -> None:
        self._namespaces = namespaces
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        for name in self._namespaces.descriptors:
            with self._namespaces.inside(name):
                for key, unlimited in _LIMITED.items():
                    before = read_sysctl(key)
                    if before not in (None, unlimited):
                        write_sysctl(key, unlimited)
                        self._stack.callback(self._put_back, name, key, before)
        return self

    def _put_back(self, name: str, key: str, value: str) -> None:
        with self._namespaces.inside(name):
            write_sysctl(key, value)

    def __exit__(self, *exception: object) -> None:
        self._stack.close()
