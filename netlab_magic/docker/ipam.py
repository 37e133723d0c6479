"""Which subnet and which addresses dockerd gives when it is not told: those that are free."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from netlab_magic.docker.state import Daemon, Endpoint, Network
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import Topology

__all__ = ["address_for", "chosen_pool", "gateway_for", "ip_range_for", "wanted_subnet"]


def _default_pools() -> list[IPv4Network]:
    """Docker's default address pools (moby, libnetwork/ipamutils): /16 from 172.17 to 172.31, then /20 of 192.168.0.0/16."""
    broad = [IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32)]
    return [*broad, *IPv4Network("192.168.0.0/16").subnets(new_prefix=20)]


def _taken(topology: Topology, daemon: Daemon) -> Iterator[tuple[IPv4Network, str]]:
    """The networks that are in use on the host, and by what."""
    yield from ((IPv4Network(network.subnet), f"the network {network.name}") for network in daemon.networks)
    for interface in topology.host.interfaces:
        yield from ((parsed.network, interface.name) for parsed in interface.parsed() if isinstance(parsed.network, IPv4Network))


def chosen_pool(topology: Topology, daemon: Daemon, statement: d.DockerNetwork) -> tuple[IPv4Network, int]:
    """The first default pool that is free, and where the next search begins. Raises StatementError when none is left.

    Up to 26 the search goes on behind the pool that was given last, so that one which was given back is not used again at once
    (libnetwork#2177); from 27.0 on the lowest is taken.
    """
    pools, taken = _default_pools(), [network for network, _ in _taken(topology, daemon)]
    first = daemon.next_pool % len(pools) if daemon.release.goes_on_in_pools else 0
    for at in (*range(first, len(pools)), *range(first)):
        if not any(pools[at].overlaps(other) for other in taken):
            return pools[at], at + 1
    return refuse("no subnet is left in Docker's default address pools; give one: … CIDR", statement.name, statement.place)


def wanted_subnet(topology: Topology, daemon: Daemon, statement: d.DockerNetwork) -> IPv4Network:
    """The subnet that was asked for. Raises StatementError when it overlaps another one."""
    wanted = IPv4Network(str(statement.cidr))
    for other, owner in _taken(topology, daemon):
        if wanted.overlaps(other):
            refuse(f"{wanted} overlaps {other}, which is that of {owner}", statement.cidr or "", statement.place)
    return wanted


def gateway_for(subnet: IPv4Network, gateway: str | None) -> str:
    """The bridge's address: the one given, or the subnet's first. Raises StatementError for one outside of the subnet."""
    if gateway is None:
        return str(subnet[1])
    if not subnet[0] < IPv4Address(str(gateway)) < subnet[-1]:
        refuse(f"the gateway {gateway} is not an address of {subnet}", gateway)
    return str(gateway)


def ip_range_for(subnet: IPv4Network, ip_range: str | None) -> str:
    """The part of the subnet that addresses are given from, "" for all of it. Raises StatementError for one outside of the subnet."""
    if ip_range is None:
        return ""
    if not IPv4Network(str(ip_range)).subnet_of(subnet):
        refuse(f"the range {ip_range} does not lie within the subnet {subnet}", ip_range)
    return str(ip_range)


def address_for(daemon: Daemon, network: Network, endpoint: Endpoint) -> str:
    """The address of an endpoint: the one it wants, or the lowest that is free. Raises StatementError."""
    subnet, wanted = IPv4Network(network.subnet), endpoint.wanted
    owners = {network.gateway: "the gateway", **{held.address: held.container.name for held in daemon.members(network.name)}}
    if wanted is None:
        pool = IPv4Network(network.ip_range or network.subnet)
        usable = (str(address) for address in pool if address not in (subnet[0], subnet[-1]))
        free = next((address for address in usable if address not in owners), None)
        return free or refuse(f"no address is left in {pool} of the network {network.name}", "")
    if not subnet[0] < IPv4Address(str(wanted)) < subnet[-1]:
        refuse(f"{wanted} is not an address of {subnet}, the subnet of {network.name}", wanted)
    if str(wanted) in owners:
        refuse(f"{wanted} is already the address of {owners[str(wanted)]}", wanted)
    return str(wanted)
