"""Which subnet, address and host port dockerd gives when it is not told: the lowest that is free."""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network

from netlab_magic.docker.state import ANY_ADDRESS, Container, Daemon, Network, Published
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import HOST, Topology

__all__ = ["address_for", "gateway_for", "published", "same_ports", "subnet_for"]

FIRST_CHOSEN_PORT = 32768
"""Where Docker begins to choose host ports: the start of net.ipv4.ip_local_port_range."""


def _default_pools() -> Iterator[IPv4Network]:
    """Docker's default address pools (moby, libnetwork/ipamutils): /16 from 172.17 to 172.31, then /20 of 192.168.0.0/16."""
    yield from (IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32))
    yield from IPv4Network("192.168.0.0/16").subnets(new_prefix=20)


def subnet_for(topology: Topology, networks: Sequence[Network], statement: s.DockerNetwork) -> IPv4Network:
    """The subnet of a new network. Raises StatementError when it overlaps another one, or when none is left."""
    taken = [(IPv4Network(network.subnet), f"the network {network.name}") for network in networks]
    for interface in topology.host.interfaces:
        taken += [(parsed.network, interface.name) for parsed in interface.parsed() if isinstance(parsed.network, IPv4Network)]
    if statement.cidr is None:
        free = (pool for pool in _default_pools() if not any(pool.overlaps(other) for other, _ in taken))
        found = next(free, None)
        return found or refuse("no subnet is left in Docker's default address pools; give one: … CIDR", statement.name, statement.place)
    wanted = IPv4Network(str(statement.cidr))
    for other, owner in taken:
        if wanted.overlaps(other):
            refuse(f"{wanted} overlaps {other}, which is that of {owner}", statement.cidr, statement.place)
    return wanted


def gateway_for(subnet: IPv4Network, gateway: str | None) -> str:
    """The bridge's address: the one given, or the subnet's first. Raises StatementError for one outside of the subnet."""
    if gateway is None:
        return str(subnet[1])
    if not subnet[0] < IPv4Address(str(gateway)) < subnet[-1]:
        refuse(f"the gateway {gateway} is no address of {subnet}", gateway)
    return str(gateway)


def address_for(daemon: Daemon, network: Network, address: str | None) -> str:
    """A container's address: the one given, or the lowest that is free. Raises StatementError."""
    subnet = IPv4Network(network.subnet)
    owners = {network.gateway: "the gateway", **{held.address: held.name for held in daemon.members(network.name)}}
    if address is None:
        free = next((str(candidate) for candidate in subnet.hosts() if str(candidate) not in owners), None)
        return free or refuse(f"no address is left in {subnet} of the network {network.name}", "")
    if not subnet[0] < IPv4Address(str(address)) < subnet[-1]:
        refuse(f"{address} is no address of {subnet}, the subnet of {network.name}", address)
    if str(address) in owners:
        refuse(f"{address} is already the address of {owners[str(address)]}", address)
    return str(address)


def published(topology: Topology, daemon: Daemon, network: Network, wanted: Sequence[s.Publish]) -> tuple[Published, ...]:
    """The ports of a new container, in the order in which Docker takes them: those with a host port first, then by container port.

    Raises StatementError for a host port that is taken. On routed and internal networks nothing is bound on the host.
    """
    ports: list[Published] = []
    bound = network.mode != "routed" and not network.internal
    for one in sorted(wanted, key=lambda one: (one.host_port == 0, one.container_port, one.protocol, one.host_port)):
        address = str(one.host_address or ANY_ADDRESS)
        if not bound:
            ports.append(Published(one.container_port, 0, one.protocol, address))
            continue
        _own_address(topology, address, one)
        taken = dict(_taken(topology, daemon, ports, one.protocol, address))
        if one.host_port in taken:
            refuse(f"port {one.host_port}/{one.protocol} of the host is already taken by {taken[one.host_port]}", one.word)
        host_port = one.host_port or next((port for port in range(FIRST_CHOSEN_PORT, 61000) if port not in taken), 0)
        ports.append(Published(one.container_port, host_port, one.protocol, address))
    return tuple(ports)


def _own_address(topology: Topology, address: str, one: s.Publish) -> None:
    own = {str(parsed.ip) for interface in topology.host.interfaces for parsed in interface.parsed()}
    if address not in own and address != ANY_ADDRESS and not address.startswith("127."):
        refuse(f"{address} is no address of the host, so nothing can be published on it", one.word)


def _taken(topology: Topology, daemon: Daemon, ports: Sequence[Published], protocol: str, address: str) -> Iterator[tuple[int, str]]:
    """The host ports that are in use at an address, and by whom."""

    def meets(other: str) -> bool:
        return ANY_ADDRESS in (address, other) or address == other

    docker: list[tuple[str, Published]] = [(held.name, port) for held in daemon.containers for port in held.ports]
    docker += [("the same container", port) for port in ports]
    for owner, port in docker:
        if port.is_bound and port.protocol == protocol and meets(port.host_address):
            yield port.host_port, f"{owner} ({port})"
    for server in topology.servers:
        if server.namespace == HOST and server.kind != "proxy" and server.protocol == protocol and meets(server.address or ANY_ADDRESS):
            yield server.port, f"the server on {server}"


def same_ports(container: Container, wanted: Sequence[s.Publish]) -> bool:
    """Whether a container publishes what is wanted; a port that Docker chose is as good as any."""

    def asked(one: s.Publish, port: Published) -> bool:
        fits = one.host_port in (0, port.host_port) or not port.is_bound
        same = (one.container_port, one.protocol, str(one.host_address or ANY_ADDRESS))
        return fits and same == (port.container_port, port.protocol, port.host_address)

    return len(wanted) == len(container.ports) and all(any(asked(one, port) for port in container.ports) for one in wanted)
