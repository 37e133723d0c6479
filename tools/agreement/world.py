"""The network in which walk and kernel are compared: as commands that make it, and as the value that the walk takes."""

from functools import lru_cache

import msgspec

from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host

__all__ = ["ARRIVALS", "CLOSED", "DEVICES", "IPV4", "IPV6", "NAMES", "PORTS", "SETUP", "Network", "Setting", "host"]

SETUP = """
set -e
mount -t tmpfs tmpfs /run && mkdir /run/netns
for name in all default; do
  echo 0 > /proc/sys/net/ipv6/conf/$name/accept_dad; echo 0 > /proc/sys/net/ipv6/conf/$name/router_solicitations
done
for name in ns0 ns1 ns2 ext; do
  ip netns add $name
  ip netns exec $name sh -c 'for key in accept_dad router_solicitations; do echo 0 > /proc/sys/net/ipv6/conf/default/$key; done'
  ip -n $name link set lo up
done
ip link set lo up
for bridge in 1 2; do
  ip link add docker$bridge type bridge ageing_time 100000000 mcast_snooping 0
  ip addr add 172.$((bridge+17)).0.1/16 dev docker$bridge && ip addr add fd1$((bridge+7))::1/64 dev docker$bridge
  ip link set docker$bridge up
done
attach() {
  ip link add br-veth$1 type veth peer name eth0 netns ns$1 && ip link set br-veth$1 master $2 up
  ip -n ns$1 addr add $3/16 dev eth0 && ip -n ns$1 addr add $5/64 dev eth0 && ip -n ns$1 link set eth0 up
  ip -n ns$1 route add default via $4 && ip -n ns$1 route add default via $6
}
attach 0 docker1 172.18.0.2 172.18.0.1 fd18::2 fd18::1
attach 1 docker1 172.18.0.3 172.18.0.1 fd18::3 fd18::1
attach 2 docker2 172.19.0.2 172.19.0.1 fd19::2 fd19::1
ip link set br-veth1 type bridge_slave hairpin on
ip link add eth0 type veth peer name eth0 netns ext
for address in 10.0.0.5/24 10.0.0.6/24 fd10::5/64 fd10::6/64; do ip addr add $address dev eth0; done
ip link set eth0 up
for address in 10.0.0.1/24 fd10::1/64; do ip -n ext addr add $address dev eth0; done
ip -n ext link set eth0 up
for address in 8.8.8.8/32 2001:4860:4860::8888/128; do ip -n ext addr add $address dev lo; done
ip -n ext route add 172.16.0.0/12 via 10.0.0.5
for network in fd18::/64 fd19::/64; do ip -n ext route add $network via fd10::5; done
ip route add default via 10.0.0.1 && ip route add default via fd10::1
echo 1 > /proc/sys/net/ipv4/ip_forward
echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
for name in all default docker1 docker2 eth0; do
  echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/$name/send_redirects
done
for family in ip ip6; do echo 1 > /proc/sys/net/bridge/bridge-nf-call-${family}tables; done
quiet='for name in tcp_synack_retries icmp_ratelimit icmp_ratemask; do echo 0 > /proc/sys/net/ipv4/$name; done
echo 0 > /proc/sys/net/ipv6/icmp/ratelimit
for name in all default eth0; do
  echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 0 > /proc/sys/net/ipv6/conf/$name/accept_redirects
done'
sh -c "$quiet"
for name in ns0 ns1 ns2 ext; do ip netns exec $name sh -c "$quiet"; done
for name in ns0 ns1 ns2; do for address in 8.8.8.8 2001:4860:4860::8888; do ip netns exec $name ping -qc1 -W5 $address; done; done
for address in 172.18.0.3 fd18::3; do ip netns exec ns0 ping -qc1 -W5 $address; done
for address in 10.0.0.5 10.0.0.6 fd10::5 fd10::6; do ip netns exec ext ping -qc1 -W5 $address; done
for where in "" "-n ns0" "-n ns1" "-n ns2" "-n ext"; do
  ip $where neigh show | while read address dev device lladdr mac rest; do ip $where neigh replace $address dev $device lladdr $mac; done
done
"""

PORTS = (80, 8080)
"""Where somebody listens, everywhere."""

CLOSED = 9
"""Where nobody does."""

NAMES = ("ns0", "ns1", "ns2", "ext", "")
"""The namespaces; "" is the host."""

DEVICES = ("br-veth0", "br-veth1", "br-veth2", "eth0", "lo")
"""Those of the host through which packets come in."""

ARRIVALS = {
    "ns0": ("docker1", "br-veth0"),
    "ns1": ("docker1", "br-veth1"),
    "ns2": ("docker2", "br-veth2"),
    "ext": ("eth0", ""),
    "": ("", ""),
}


class Network(msgspec.Struct, frozen=True):
    """The addresses of one family: of each namespace, of the host's bridges, and whom each namespace sends to. `outside` is on ext."""

    six: bool
    addresses: dict[str, str]
    destinations: dict[str, tuple[str, ...]]
    bridges: tuple[str, str]
    second: str
    outside: str
    loopback: str

    def sources(self, source: str, destination: str) -> tuple[str, ...]:
        """The addresses that a program there sends from: the host has several."""
        own = self.addresses[""]
        if source:
            return (self.addresses[source],)
        if destination == self.loopback:
            return self.loopback, self.loopback, own
        return (own, self.bridges[0]) if destination in (self.addresses["ns0"], self.bridges[0]) else (own, self.second)

    def owner(self, address: str) -> str:
        """The namespace that has an address; the host where it is nobody else's."""
        return "ext" if address == self.outside else next((name for name, own in self.addresses.items() if own == address), "")


IPV4 = Network(
    six=False,
    addresses={"ns0": "172.18.0.2", "ns1": "172.18.0.3", "ns2": "172.19.0.2", "ext": "10.0.0.1", "": "10.0.0.5"},
    destinations={
        "ns0": ("172.18.0.3", "172.18.0.3", "172.18.0.1", "8.8.8.8", "10.0.0.5", "172.19.0.2"),
        "ns1": ("172.18.0.2", "172.18.0.2", "8.8.8.8", "172.19.0.1", "172.19.0.2"),
        "ns2": ("172.18.0.2", "172.18.0.3", "8.8.8.8", "172.19.0.1", "10.0.0.6"),
        "ext": ("172.18.0.2", "172.18.0.3", "10.0.0.5", "10.0.0.6", "172.19.0.2"),
        "": ("172.18.0.2", "172.19.0.2", "8.8.8.8", "10.0.0.5", "127.0.0.1", "172.18.0.1"),
    },
    bridges=("172.18.0.1", "172.19.0.1"),
    second="10.0.0.6",
    outside="8.8.8.8",
    loopback="127.0.0.1",
)
_OUTSIDE = "2001:4860:4860::8888"
IPV6 = Network(
    six=True,
    addresses={"ns0": "fd18::2", "ns1": "fd18::3", "ns2": "fd19::2", "ext": "fd10::1", "": "fd10::5"},
    destinations={
        "ns0": ("fd18::3", "fd18::3", "fd18::1", _OUTSIDE, "fd10::5", "fd19::2"),
        "ns1": ("fd18::2", "fd18::2", _OUTSIDE, "fd19::1", "fd19::2"),
        "ns2": ("fd18::2", "fd18::3", _OUTSIDE, "fd19::1", "fd10::6"),
        "ext": ("fd18::2", "fd18::3", "fd10::5", "fd10::6", "fd19::2"),
        "": ("fd18::2", "fd19::2", _OUTSIDE, "fd10::5", "::1", "fd18::1"),
    },
    bridges=("fd18::1", "fd19::1"),
    second="fd10::6",
    outside=_OUTSIDE,
    loopback="::1",
)


class Setting(msgspec.Struct, frozen=True):
    """What differs from case to case: whether the host forwards and shows bridged frames, in the family of the case, and rp_filter of
    all devices.
    """

    forwards: bool = True
    shows_bridged: bool = True
    reverse_path: int = 0


@lru_cache
def host(setting: Setting, variant: str) -> Host:
    """The host as the walk knows it. The kernel lists the newest of a device's IPv6 addresses first."""
    devices = (
        Device("lo", kind="loopback", addresses=("127.0.0.1/8", "::1/128")),
        Device("docker1", kind="bridge", addresses=("172.18.0.1/16", "fd18::1/64")),
        Device("docker2", kind="bridge", addresses=("172.19.0.1/16", "fd19::1/64")),
        Device("br-veth0", bridge="docker1", behind=("172.18.0.2", "fd18::2")),
        Device("br-veth1", bridge="docker1", behind=("172.18.0.3", "fd18::3"), hairpin=True),
        Device("br-veth2", bridge="docker2", behind=("172.19.0.2", "fd19::2")),
        Device("eth0", kind="veth", addresses=("10.0.0.5/24", "10.0.0.6/24", "fd10::6/64", "fd10::5/64")),
    )
    filtering = tuple(msgspec.structs.replace(device, reverse_path=setting.reverse_path) for device in devices)
    routes = Route("default", "10.0.0.1", "eth0"), Route("default", "fd10::1", "eth0")
    return Host(
        filtering, routes, setting.forwards, setting.forwards, setting.shows_bridged, setting.shows_bridged, variant
    )
