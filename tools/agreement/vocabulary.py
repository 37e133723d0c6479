"""What random rules are made of, in either family."""

import msgspec

__all__ = ["DEVICES", "Vocabulary", "vocabulary"]

DEVICES = ("docker1", "docker2", "docker+", "eth0", "e+", "lo", "br-veth0", "+")
"""Devices as iptables' rules name them: + stands for any continuation."""


class Vocabulary(msgspec.Struct, frozen=True):
    """Words of one family. Destinations are translated to `targets`, sources to `sources` by POSTROUTING, to `late_sources` and
    `late_network` by INPUT, or to one of `target_ranges` and of `source_range`;
    `spread` is a network that another one is mapped to, which is `spread_from`.
    """

    six: bool
    addresses: tuple[str, ...]
    networks: tuple[str, ...]
    types: tuple[str, ...]
    source_ranges: tuple[str, ...]
    destination_ranges: tuple[str, ...]
    icmp: tuple[str, ...]
    refusals: tuple[str, ...]
    targets: tuple[str, ...]
    target_ranges: tuple[str, ...]
    singles: tuple[str, ...]
    sources: tuple[str, ...]
    source_range: str
    late_sources: tuple[str, ...]
    late_network: str
    spread: str
    spread_from: str

    @property
    def icmp_name(self) -> str:
        """The name of ICMP."""
        return "ipv6-icmp" if self.six else "icmp"

    @property
    def icmp_match(self) -> str:
        """The match of ICMP with its option."""
        return "-m icmp6 --icmpv6-type" if self.six else "-m icmp --icmp-type"

    @property
    def ttl(self) -> str:
        """The name of the match on the time to live."""
        return "hl" if self.six else "ttl"

    def at_port(self, address: str, ports: str) -> str:
        """An address with ports, as DNAT takes it."""
        return f"[{address}]{ports}" if self.six and ports else f"{address}{ports}"


_IPV4 = Vocabulary(
    six=False,
    addresses=("172.18.0.2", "172.18.0.3", "172.18.0.1", "172.19.0.2", "10.0.0.1", "10.0.0.5", "8.8.8.8", "127.0.0.1"),
    networks=("172.18.0.0/16", "172.16.0.0/12", "10.0.0.0/8", "172.18.0.2/31", "172.0.0.2/255.0.0.255", "127.0.0.0/8"),
    types=("LOCAL", "UNICAST", "BROADCAST", "MULTICAST"),
    source_ranges=("172.18.0.1-172.18.0.2", "8.0.0.0-10.0.0.4"),
    destination_ranges=("172.18.0.3-172.19.0.2", "8.8.8.8-8.8.8.8"),
    icmp=("8", "0", "3", "3/1", "3/3", "3/13", "11", "11/0", "any", "echo-request", "port-unreachable"),
    refusals=(
        *("icmp-port-unreachable", "icmp-host-prohibited", "icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable"),
        *("icmp-net-prohibited", "icmp-admin-prohibited"),
    ),
    target_ranges=("172.18.0.2-172.18.0.3", "10.0.0.5-10.0.0.6", "172.18.0.1-172.18.0.3"),
    targets=("172.18.0.3", "172.18.0.2", "10.0.0.5", "172.19.0.2", "8.8.8.8", "172.18.0.1", "127.0.0.1"),
    singles=("172.18.0.3", "10.0.0.5/32"),
    sources=("10.0.0.5", "10.0.0.6"),
    source_range="10.0.0.5-10.0.0.6",
    late_sources=("10.0.0.77", "10.0.0.6"),
    late_network="10.0.0.0/24",
    spread="172.18.0.0/16",
    spread_from="172.19.0.0/16",
)
_IPV6 = Vocabulary(
    six=True,
    addresses=("fd18::2", "fd18::3", "fd18::1", "fd19::2", "fd10::1", "fd10::5", "2001:4860:4860::8888", "::1"),
    networks=("fd18::/64", "fd00::/8", "fd10::/16", "fd18::2/127", "fd18::2/ff00::ffff", "::1/128", "2000::/3"),
    types=("LOCAL", "UNICAST", "MULTICAST", "ANYCAST", "UNREACHABLE"),
    source_ranges=("fd18::1-fd18::2", "2001::-fd10::4"),
    destination_ranges=("fd18::3-fd19::2", "fd18::2-fd18::2"),
    icmp=("128", "129", "1", "1/1", "1/3", "1/4", "3", "3/0", "2", "echo-request", "echo-reply", "port-unreachable"),
    refusals=(
        *("icmp6-port-unreachable", "icmp6-addr-unreachable", "icmp6-no-route", "icmp6-adm-prohibited"),
        *("icmp6-policy-fail", "icmp6-reject-route"),
    ),
    target_ranges=("fd18::2-fd18::3", "fd10::5-fd10::6", "fd18::1-fd18::3"),
    targets=("fd18::3", "fd18::2", "fd10::5", "fd19::2", "2001:4860:4860::8888", "fd18::1"),
    singles=("fd18::3", "fd10::5/128"),
    sources=("fd10::5", "fd10::6"),
    source_range="fd10::5-fd10::6",
    late_sources=("fd10::77", "fd10::6"),
    late_network="fd10::/64",
    spread="fd18::/64",
    spread_from="fd19::/64",
)


def vocabulary(*, six: bool) -> Vocabulary:
    """The words of a family."""
    return _IPV6 if six else _IPV4
