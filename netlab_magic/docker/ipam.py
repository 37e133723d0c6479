"""Which subnets and which addresses dockerd gives when it is not told: those that are free."""

from collections.abc import Iterator
from hashlib import sha256
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from itertools import islice

import msgspec

from netlab_magic.docker.state import DEFAULT_NETWORK, Daemon, Endpoint, Network, Subnet, version_of
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import Topology

__all__ = ["chosen_pool", "chosen_pool6", "subnet_of", "wanted_subnet", "with_addresses"]

_HOST_ID = "netlab"
"""What a real dockerd reads in /var/lib/docker/engine-id, and derives its ULA prefix from."""

AnyNetwork = IPv4Network | IPv6Network


def _default_pools() -> list[IPv4Network]:
    """Docker's default address pools (moby, libnetwork/ipamutils): /16 from 172.17 to 172.31, then /20 of 192.168.0.0/16."""
    broad = [IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32)]
    return [*broad, *IPv4Network("192.168.0.0/16").subnets(new_prefix=20)]


def _own_prefix() -> IPv6Network:
    """The ULA prefix (RFC 4193) of this dockerd: its global identifier is the end of the first 8 bytes of a hash (moby#47853)."""
    identifier = sha256(_HOST_ID.encode()).digest()[3:8]
    return IPv6Network((b"\xfd" + identifier + bytes(10), 48))


def _taken(topology: Topology, daemon: Daemon, version: int) -> Iterator[tuple[AnyNetwork, str]]:
    """The networks of an IP version that are in use on the host, and by what."""
    for network in daemon.networks:
        subnet = network.subnet(version)
        if subnet is not None:
            yield subnet.network, f"the network {network.name}"
    for interface in topology.host.interfaces:
        yield from ((parsed.network, interface.name) for parsed in interface.parsed() if parsed.version == version)


def _overlap(one: AnyNetwork, other: AnyNetwork) -> bool:
    return one.version == other.version and one.overlaps(other)


def chosen_pool(topology: Topology, daemon: Daemon, word: str) -> tuple[IPv4Network, int]:
    """The first default pool that is free, and where the next search begins. Raises StatementError, at `word`, when none is left.

    Up to 26 the search goes on behind the pool that was given last, so that one which was given back is not used again at once
    (libnetwork#2177); from 27.0 on the lowest is taken.
    """
    pools, taken = _default_pools(), [network for network, _ in _taken(topology, daemon, 4)]
    first = daemon.next_pool % len(pools) if daemon.release.goes_on_in_pools else 0
    for at in (*range(first, len(pools)), *range(first)):
        if not any(_overlap(pools[at], other) for other in taken):
            return pools[at], at + 1
    return refuse("no subnet is left in Docker's default address pools; give one: … CIDR", word)


def chosen_pool6(topology: Topology, daemon: Daemon, word: str) -> IPv6Network:
    """The first /64 of dockerd's own prefix that is free. Raises StatementError, at `word`, in releases that have none."""
    if not daemon.release.has_ipv6_pools:
        refuse(f"Docker Engine {daemon.release} has no IPv6 address pools; give a subnet: --subnet fd00:1::/64", word)
    taken = [network for network, _ in _taken(topology, daemon, 6)]
    return next(pool for pool in _own_prefix().subnets(new_prefix=64) if not any(_overlap(pool, other) for other in taken))


def wanted_subnet(topology: Topology, daemon: Daemon, word: str) -> AnyNetwork:
    """The subnet that was asked for. Raises StatementError when it overlaps another one."""
    wanted = ip_network(str(word))
    for other, owner in _taken(topology, daemon, wanted.version):
        if _overlap(wanted, other):
            refuse(f"{wanted} overlaps {other}, which is that of {owner}", word)
    return wanted


def subnet_of(network: AnyNetwork, gateway: str | None, ip_range: str | None) -> Subnet:
    """A subnet with its gateway: the one given, or the first address that may be. Raises StatementError for what lies outside of it."""
    if gateway is not None and not _is_host(network, gateway):
        refuse(f"the gateway {gateway} is not an address of {network}", gateway)
    if ip_range is not None and not _is_part(ip_network(str(ip_range)), network):
        refuse(f"the range {ip_range} does not lie within the subnet {network}", ip_range)
    pool = ip_network(str(ip_range)) if ip_range is not None else network
    first = pool[1] if pool[0] == network[0] else pool[0]
    return Subnet(str(network), str(gateway or first), ip_range=str(ip_range or ""))


def _is_host(network: AnyNetwork, address: str) -> bool:
    found = ip_address(str(address))
    return found in network and found not in (network[0], network[-1])


def _is_part(part: AnyNetwork, whole: AnyNetwork) -> bool:
    return part.version == whole.version and part[0] in whole and part.prefixlen >= whole.prefixlen


def with_addresses(daemon: Daemon, network: Network, endpoint: Endpoint) -> Endpoint:
    """An endpoint with its addresses: those that it wants, or the lowest that are free. Raises StatementError."""
    address = _address_for(daemon, network, network.ipv4, endpoint.wanted) if network.ipv4 else ""
    address6 = ""
    if network.ipv6 is not None:
        from_mac = _from_mac(daemon, network, network.ipv6, address) if endpoint.wanted6 is None else ""
        address6 = from_mac or _address_for(daemon, network, network.ipv6, endpoint.wanted6)
    return msgspec.structs.replace(endpoint, address=address, address6=address6)


def _from_mac(daemon: Daemon, network: Network, subnet: Subnet, address: str) -> str:
    """The address that ends with the container's hardware address (02:42 and its IPv4 address); "" where dockerd does not do that."""
    if network.name != DEFAULT_NETWORK or not daemon.release.takes_ipv6_from_macs or subnet.prefix > 80 or not address:
        return ""
    return str(IPv6Address(int(subnet.network[0]) + (0x0242 << 32) + int(IPv4Address(address))))


def _address_for(daemon: Daemon, network: Network, subnet: Subnet, wanted: str | None) -> str:
    version, whole = subnet.version, subnet.network
    owners = {subnet.gateway: "the gateway"} if subnet.mode != "isolated" else {}
    owners |= {held.address(version): held.container.name for held in daemon.members(network.name)}
    if wanted is None:
        pool = ip_network(subnet.ip_range or subnet.cidr)
        usable = (str(address) for address in pool if address not in (whole[0], whole[-1]))
        free = next((address for address in islice(usable, len(owners) + 1) if address not in owners), None)
        return free or refuse(f"no address is left in {pool} of the network {network.name}", "")
    if version_of(wanted) != version or not _is_host(whole, wanted):
        refuse(f"{wanted} is not an address of {whole}, the subnet of {network.name}", wanted)
    if str(wanted) in owners:
        refuse(f"{wanted} is already the address of {owners[str(wanted)]}", wanted)
    return str(wanted)
