"""What dockerd makes besides rules: bridges, the containers' namespaces with what answers in them, the userland proxy, sysctls."""

import msgspec

from netlab_magic.docker.state import ANY_ADDRESS, Container, Daemon, Network
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired, host_end
from netlab_magic.model.topology import HOST, Namespace, Server, Topology

__all__ = [
    "BRIDGES_MEET_IPTABLES",
    "local_routing",
    "proxies_of",
    "with_container",
    "with_network",
    "without_container",
    "without_network",
]

BRIDGES_MEET_IPTABLES = "net.bridge.bridge-nf-call-iptables"


def local_routing(bridge: str) -> str:
    """The sysctl that lets packets with addresses of 127.0.0.0/8 pass a bridge; a dot of the name is written as a slash (sysctl(8)).

    >>> local_routing("docker0")
    'net.ipv4.conf.docker0.route_localnet'
    """
    return f"net.ipv4.conf.{bridge.replace('.', '/')}.route_localnet"


def with_network(topology: Topology, daemon: Daemon, network: Network) -> Topology:
    """The topology with a network's bridge and what it needs of the host. Raises StatementError when a device is in the way."""
    topology = desired(topology, s.Bridge(network.bridge, (network.gateway_cidr,)))
    if not daemon.userland_proxy:
        topology = desired(topology, s.Sysctl(local_routing(network.bridge), "1", HOST))
    if daemon.release.filters_bridges(network.icc, daemon.userland_proxy):
        topology = desired(topology, s.Sysctl(BRIDGES_MEET_IPTABLES, "1", HOST))
    return topology


def without_network(topology: Topology, network: Network) -> Topology:
    """The topology without a network's bridge, and without the sysctl that goes with it."""
    if topology.host.interface(network.bridge):
        topology = desired(topology, s.Delete((network.bridge,)))
    host = topology.host
    sysctls = {key: value for key, value in host.sysctls.items() if key != local_routing(network.bridge)}
    return topology.with_namespace(msgspec.structs.replace(host, sysctls=sysctls))


def with_container(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology with a container: a namespace on the bridge, a small server behind each of its ports, the proxy in front of them."""
    network = daemon.network_of(container)
    prefix = network.gateway_cidr.partition("/")[2]
    topology = desired(topology, s.NetworkNamespace(container.name, (f"{container.address}/{prefix}",), on=network.bridge))
    if network.internal:
        topology = topology.with_namespace(_without_gateway(topology.namespaces[container.name]))
    if not daemon.userland_proxy:
        port = topology.host.interface(host_end(container.name))
        if port is not None:
            topology = topology.with_namespace(topology.host.with_interface(msgspec.structs.replace(port, hairpin=True)))
    topology = _answering(topology, container)
    proxies = proxies_of(container) if daemon.userland_proxy else ()
    missing = tuple(proxy for proxy in proxies if proxy not in topology.servers)
    return msgspec.structs.replace(topology, servers=(*topology.servers, *missing)) if missing else topology


def _answering(topology: Topology, container: Container) -> Topology:
    """The topology with something behind each of a container's ports: http, or echo over UDP, where nothing listens yet."""
    listening = {(server.namespace, server.port, server.protocol) for server in topology.servers}
    for port in container.ports:
        if (container.name, port.container_port, port.protocol) not in listening:
            kind = "http" if port.protocol == "tcp" else "echo"
            topology = desired(topology, s.Serve(container.name, port.container_port, port.protocol, kind))
    return topology


def without_container(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology without a container and its proxies."""
    gone = set(proxies_of(container)) if daemon.userland_proxy else set()
    topology = msgspec.structs.replace(topology, servers=tuple(server for server in topology.servers if server not in gone))
    return topology.without_namespace(container.name) if container.name in topology.namespaces else topology


def proxies_of(container: Container) -> tuple[Server, ...]:
    """The userland proxies of a container, one for each port that is bound on the host."""
    return tuple(
        Server(
            HOST,
            port.host_port,
            port.protocol,
            "proxy",
            "" if port.host_address == ANY_ADDRESS else port.host_address,
            f"{container.address}:{port.container_port}",
        )
        for port in container.ports
        if port.is_bound
    )


def _without_gateway(namespace: Namespace) -> Namespace:
    """An internal network's container has no way out."""
    return msgspec.structs.replace(namespace, routes=tuple(route for route in namespace.routes if route.destination != "default"))
