"""What decides about packets in a namespace besides its topology: rules of its own, sysctls, and the sockets that listen there."""

import os
import sys
from collections.abc import Iterator
from ipaddress import ip_address

from netlab_magic.engine.wire import Inside
from netlab_magic.host.firewall import NONE, Firewall, dump_of
from netlab_magic.host.observe import Namespaces, read_sysctl
from netlab_magic.topology import HOST, Server

__all__ = ["inside"]

_KEYS = (
    "net.ipv4.ip_forward",
    "net.ipv6.conf.all.forwarding",
    "net.bridge.bridge-nf-call-iptables",
    "net.bridge.bridge-nf-call-ip6tables",
    "net.ipv4.icmp_echo_ignore_all",
    "net.ipv6.icmp.echo_ignore_all",
)
_OF_DEVICES = ("rp_filter", "route_localnet")
_CONF = "/proc/sys/net/ipv4/conf"

# The states of sockets in /proc/net: TCP_LISTEN, and TCP_CLOSE for a datagram socket that is not connected (net/tcp_states.h).
_LISTENING = {"tcp": "0A", "udp": "07"}


def inside(namespaces: Namespaces, variant: str) -> dict[str, Inside]:
    """What there is in every namespace; of the host its rules are left out, which are observed anyway. Raises OSError, RuleRefused."""
    found: dict[str, Inside] = {}
    for name in namespaces.descriptors:
        with namespaces.inside(name):
            sysctls, sockets = dict(_sysctls()), tuple(_sockets(name))
            if name == HOST or variant == NONE:
                found[name] = Inside(sysctls=sysctls, listening=sockets)
            else:
                dump = dump_of(variant)
                found[name] = Inside(dump() if dump else "", Firewall(variant).foreign(), sysctls, sockets)
    return found


def _sysctls() -> Iterator[tuple[str, str]]:
    devices = [f"net.ipv4.conf.{device.replace('.', '/')}.{key}" for device in os.listdir(_CONF) for key in _OF_DEVICES]
    for key in (*_KEYS, *devices):
        value = read_sysctl(key)
        if value is not None:
            yield key, value


def _sockets(namespace: str) -> Iterator[Server]:
    """The listening sockets of this namespace, once each; those for all addresses have none."""
    found: dict[Server, None] = {}
    for protocol, state in _LISTENING.items():
        for suffix in ("", "6"):
            path = f"/proc/self/net/{protocol}{suffix}"
            with open(path) as file:
                rows = [line.split() for line in file][1:]
            for row in rows:
                address, _, port = row[1].partition(":")
                if row[3] == state:
                    found[Server(namespace, int(port, 16), protocol, "other", _address(address))] = None
    return iter(found)


def _address(hexadecimal: str) -> str:
    """An address as /proc/net/tcp has it: 32-bit words in the byte order of the machine."""
    if not int(hexadecimal, 16):
        return ""
    words = [int(hexadecimal[at : at + 8], 16).to_bytes(4, sys.byteorder) for at in range(0, len(hexadecimal), 8)]
    return str(ip_address(b"".join(words)))
