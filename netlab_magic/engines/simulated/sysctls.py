"""The network sysctls that a simulated namespace has, with the values that a new namespace begins with (Linux 6.1)."""

import re
from collections.abc import Iterator

from netlab_magic.model.topology import Namespace

__all__ = ["key_of", "keys", "read", "written"]

_DEFAULTS = {
    "net.bridge.bridge-nf-call-arptables": "1",
    "net.bridge.bridge-nf-call-ip6tables": "1",
    "net.bridge.bridge-nf-call-iptables": "1",
    "net.bridge.bridge-nf-filter-pppoe-tagged": "0",
    "net.bridge.bridge-nf-filter-vlan-tagged": "0",
    "net.bridge.bridge-nf-pass-vlan-input-dev": "0",
    "net.core.somaxconn": "4096",
    "net.ipv4.icmp_echo_ignore_all": "0",
    "net.ipv4.icmp_echo_ignore_broadcasts": "1",
    "net.ipv4.ip_default_ttl": "64",
    "net.ipv4.ip_forward": "0",
    "net.ipv4.ip_local_port_range": "32768 60999",
    "net.ipv4.ip_nonlocal_bind": "0",
    "net.ipv4.ip_unprivileged_port_start": "1024",
    "net.ipv4.ping_group_range": "1 0",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv6.icmp.echo_ignore_all": "0",
    "net.netfilter.nf_conntrack_tcp_be_liberal": "0",
    "net.netfilter.nf_conntrack_tcp_loose": "1",
    "net.netfilter.nf_conntrack_icmp_timeout": "30",
    "net.netfilter.nf_conntrack_udp_timeout": "30",
    "net.netfilter.nf_conntrack_tcp_timeout_established": "432000",
}
_OF_DEVICES = {
    "ipv4": {
        "accept_local": "0", "accept_redirects": "1", "arp_announce": "0", "arp_ignore": "0", "forwarding": "0", "log_martians": "0",
        "proxy_arp": "0", "route_localnet": "0", "rp_filter": "0", "send_redirects": "1", "src_valid_mark": "0",
    },
    "ipv6": {"accept_ra": "1", "disable_ipv6": "0", "forwarding": "0", "accept_dad": "1", "autoconf": "1", "proxy_ndp": "0"},
}  # fmt: skip
_OF_DEVICE = re.compile(r"net\.(ipv[46])\.conf\.(?P<device>.+)\.(?P<name>[a-z0-9_]+)")
_ALIKE = {"net.ipv4.conf.all.forwarding": "net.ipv4.ip_forward"}


def key_of(path: str) -> str:
    """The key of a file below /proc/sys; a dot in a device's name is written as a slash (sysctl(8)).

    >>> key_of("/proc/sys/net/ipv4/ip_forward"), key_of("/proc/sys/net/ipv4/conf/eth0.5/rp_filter")
    ('net.ipv4.ip_forward', 'net.ipv4.conf.eth0/5.rp_filter')
    """
    return path.removeprefix("/proc/sys/").strip("/").translate(str.maketrans("./", "/."))


def _known(namespace: Namespace, key: str) -> str | None:
    """The value that a key has when nobody has set it; None where there is no such key."""
    if key in _DEFAULTS:
        return _DEFAULTS[key]
    found = _OF_DEVICE.fullmatch(key)
    if found is None:
        return None
    device = found["device"].replace("/", ".")
    if device not in ("all", "default") and namespace.interface(device) is None:
        return None
    if found["name"] == "forwarding" and device != "all":
        return read(namespace, "net.ipv4.ip_forward" if found[1] == "ipv4" else "net.ipv6.conf.all.forwarding")
    if found["name"] == "accept_dad" and device not in ("all", "default"):
        return read(namespace, "net.ipv6.conf.default.accept_dad")
    return _OF_DEVICES[found[1]].get(found["name"])


def read(namespace: Namespace, key: str) -> str | None:
    """The value of a sysctl, None where there is no such key."""
    key = _ALIKE.get(key, key)
    known = _known(namespace, key)
    return None if known is None else namespace.sysctls.get(key, known)


def written(namespace: Namespace, key: str, value: str) -> dict[str, str]:
    """The namespace's sysctls with another value. Raises KeyError where there is no such key, ValueError for what is no number."""
    key = _ALIKE.get(key, key)
    if _known(namespace, key) is None:
        raise KeyError(key)
    words = value.split()
    if not words or not all(re.fullmatch(r"-?\d+", word) for word in words):
        raise ValueError(value)
    return {**namespace.sysctls, key: " ".join(words)}


def keys(namespace: Namespace) -> Iterator[str]:
    """All keys of a namespace, sorted as sysctl lists them."""
    devices = sorted(["all", "default", *(device.name.replace(".", "/") for device in namespace.interfaces)])
    made = [f"net.{family}.conf.{device}.{name}" for family, names in _OF_DEVICES.items() for device in devices for name in names]
    yield from sorted([*_DEFAULTS, *made])
