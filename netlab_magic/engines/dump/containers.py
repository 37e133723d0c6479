"""The containers that were read, as machines with names: each on the bridge of its network, or nowhere if that is not known."""

from collections.abc import Iterator
from ipaddress import ip_interface, ip_network

from netlab_magic.engines.dump.host_dump import ContainerNetwork, HostDump, RunningContainer
from netlab_magic.forwarding.placement import Placing, hop_to, place
from netlab_magic.model.topology import HOST, Interface, Server, Topology

__all__ = ["bridges_of_networks", "proxies", "with_containers"]

_LETTERS_OF_ID = 12


def bridges_of_networks(dump: HostDump) -> Iterator[Interface]:
    """The bridges that `docker network inspect` describes, as dockerd names them and gives them addresses."""
    for network in dump.networks:
        name = network.bridge or (f"br-{network.id[:_LETTERS_OF_ID]}" if network.id else "")
        if network.driver in ("", "bridge") and name and network.subnets:
            yield Interface(name, "bridge", tuple(_gateways(network)))


def _gateways(network: ContainerNetwork) -> Iterator[str]:
    for subnet in network.subnets:
        held = ip_network(subnet, strict=False)
        known = (ip_interface(gateway).ip for gateway in network.gateways)
        gateway = next((address for address in known if address.version == held.version and address in held), held[1])
        yield f"{gateway}/{held.prefixlen}"


def proxies(dump: HostDump) -> Iterator[Server]:
    """docker-proxy for each port that a running container publishes: it listens where the port is published."""
    for container in dump.containers:
        target = next(_addresses(container), "")
        for port in container.ports if _runs(container) else ():
            if port.is_bound and (target or port.protocol == "tcp"):
                address = "" if port.host_address in ("0.0.0.0", "::") else port.host_address
                behind = f"{target}:{port.container_port}" if target else ""
                yield Server(HOST, port.host_port, port.protocol, "proxy", address, behind)


def with_containers(topology: Topology, dump: HostDump) -> Topology:
    """The topology with a namespace for each container that runs and whose address is on a network of the host."""
    for container in dump.containers:
        address = next(_addresses(container), "")
        usable = address and container.name and container.name not in topology.namespaces and topology.owner(address) is None
        if usable and _runs(container) and hop_to(topology, address) is not None:
            topology = place(topology, container.name, address, Placing())
    return topology


def _runs(container: RunningContainer) -> bool:
    return container.state in ("", "running") and container.name != HOST


def _addresses(container: RunningContainer) -> Iterator[str]:
    for network in container.networks:
        for address in network.addresses:
            found = ip_interface(address).ip
            if not found.is_unspecified:
                yield str(found)
