"""The network in which walk and kernel are compared: as commands that make it, and as the value that the walk takes."""

from functools import lru_cache

import msgspec

from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host

__all__ = ["ADDRESSES", "ARRIVALS", "CLOSED", "DESTINATIONS", "PORTS", "SETUP", "Setting", "host", "sources"]

SETUP = """
set -e
mount -t tmpfs tmpfs /run && mkdir /run/netns
for name in ns0 ns1 ns2 ext; do ip netns add $name; ip -n $name link set lo up; done
ip link set lo up
for bridge in 1 2; do
  ip link add docker$bridge type bridge ageing_time 100000000
  ip addr add 172.$((bridge+17)).0.1/16 dev docker$bridge && ip link set docker$bridge up
done
attach() {
  ip link add br-veth$1 type veth peer name eth0 netns ns$1 && ip link set br-veth$1 master $2 up
  ip -n ns$1 addr add $3/16 dev eth0 && ip -n ns$1 link set eth0 up && ip -n ns$1 route add default via $4
}
attach 0 docker1 172.18.0.2 172.18.0.1
attach 1 docker1 172.18.0.3 172.18.0.1
attach 2 docker2 172.19.0.2 172.19.0.1
ip link set br-veth1 type bridge_slave hairpin on
ip link add eth0 type veth peer name eth0 netns ext && ip addr add 10.0.0.5/24 dev eth0 && ip addr add 10.0.0.6/24 dev eth0
ip link set eth0 up
ip -n ext addr add 10.0.0.1/24 dev eth0 && ip -n ext link set eth0 up && ip -n ext addr add 8.8.8.8/32 dev lo
ip -n ext route add 172.16.0.0/12 via 10.0.0.5
ip route add default via 10.0.0.1
echo 1 > /proc/sys/net/ipv4/ip_forward
for name in all default docker1 docker2 eth0; do
  echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/$name/send_redirects
done
echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables
quiet='for name in tcp_synack_retries icmp_ratelimit icmp_ratemask; do echo 0 > /proc/sys/net/ipv4/$name; done
for name in all default eth0; do echo 0 > /proc/sys/net/ipv4/conf/$name/rp_filter; done'
sh -c "$quiet"
for name in ns0 ns1 ns2 ext; do ip netns exec $name sh -c "$quiet"; done
for name in ns0 ns1 ns2; do ip netns exec $name ping -qc1 -W1 8.8.8.8; done
ip netns exec ns0 ping -qc1 -W1 172.18.0.3
for where in "" "-n ns0" "-n ns1" "-n ns2" "-n ext"; do
  ip $where -4 neigh show | while read address dev device lladdr mac rest; do ip $where neigh replace $address dev $device lladdr $mac; done
done
"""

PORTS = (80, 8080)
"""Where somebody listens, everywhere."""

CLOSED = 9
"""Where nobody does."""

ADDRESSES = {"ns0": "172.18.0.2", "ns1": "172.18.0.3", "ns2": "172.19.0.2", "ext": "10.0.0.1", "": "10.0.0.5"}
ARRIVALS = {
    "ns0": ("docker1", "br-veth0"),
    "ns1": ("docker1", "br-veth1"),
    "ns2": ("docker2", "br-veth2"),
    "ext": ("eth0", ""),
    "": ("", ""),
}
DESTINATIONS = {
    "ns0": ("172.18.0.3", "172.18.0.3", "172.18.0.1", "8.8.8.8", "10.0.0.5", "172.19.0.2"),
    "ns1": ("172.18.0.2", "172.18.0.2", "8.8.8.8", "172.19.0.1", "172.19.0.2"),
    "ns2": ("172.18.0.2", "172.18.0.3", "8.8.8.8", "172.19.0.1", "10.0.0.6"),
    "ext": ("172.18.0.2", "172.18.0.3", "10.0.0.5", "10.0.0.6", "172.19.0.2"),
    "": ("172.18.0.2", "172.19.0.2", "8.8.8.8", "10.0.0.5", "127.0.0.1", "172.18.0.1"),
}


def sources(source: str, destination: str) -> tuple[str, ...]:
    """The addresses that a program there sends from: the host has several."""
    if source:
        return (ADDRESSES[source],)
    if destination == "127.0.0.1":
        return ("127.0.0.1", "127.0.0.1", "10.0.0.5")
    return ("10.0.0.5", "172.18.0.1") if destination.startswith("172.18") else ("10.0.0.5", "10.0.0.6")


class Setting(msgspec.Struct, frozen=True):
    """What differs from case to case: net.ipv4.ip_forward, bridge-nf-call-iptables, and rp_filter of all devices."""

    forwards: bool = True
    shows_bridged: bool = True
    reverse_path: int = 0


@lru_cache
def host(setting: Setting, variant: str) -> Host:
    """The host as the walk knows it."""
    devices = (
        Device("lo", ("127.0.0.1/8",)),
        Device("docker1", ("172.18.0.1/16",)),
        Device("docker2", ("172.19.0.1/16",)),
        Device("br-veth0", bridge="docker1", behind=("172.18.0.2",)),
        Device("br-veth1", bridge="docker1", behind=("172.18.0.3",), hairpin=True),
        Device("br-veth2", bridge="docker2", behind=("172.19.0.2",)),
        Device("eth0", ("10.0.0.5/24", "10.0.0.6/24")),
    )
    filtering = tuple(msgspec.structs.replace(device, reverse_path=setting.reverse_path) for device in devices)
    routes = (Route("default", "10.0.0.1", "eth0"),)
    return Host(filtering, routes, forwarding=setting.forwards, bridge_nf=setting.shows_bridged, variant=variant)
