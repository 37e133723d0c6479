"""What dockerd makes besides rules: bridges, the containers' namespaces with what answers in them, the userland proxy, sysctls."""

import msgspec

from netlab_magic.docker.images import exposed_by
from netlab_magic.docker.state import ANY_ADDRESSES, Attachment, Container, Daemon, Network, Published, at_port, version_of
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired, host_end, refuse
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Route, Server, Topology

__all__ = [
    "local_routing",
    "with_container",
    "with_network",
    "without_container",
    "without_network",
    "without_proxies",
]

_BRIDGES_MEET_IPTABLES = {4: "net.bridge.bridge-nf-call-iptables", 6: "net.bridge.bridge-nf-call-ip6tables"}
"""The sysctl by which bridged frames meet the rules of an IP version."""

FORWARDING6 = "net.ipv6.conf.all.forwarding"


def local_routing(bridge: str) -> str:
    """The sysctl that lets packets with addresses of 127.0.0.0/8 pass a bridge; a dot of the name is written as a slash (sysctl(8)).

    >>> local_routing("docker0")
    'net.ipv4.conf.docker0.route_localnet'
    """
    return f"net.ipv4.conf.{bridge.replace('.', '/')}.route_localnet"


def with_network(topology: Topology, daemon: Daemon, network: Network) -> Topology:
    """The topology with a network's bridge and what it needs of the host. Raises StatementError when a device is in the way."""
    topology = desired(topology, s.Bridge(network.bridge, network.gateway_cidrs))
    if network.ipv6 is not None and daemon.backend == "iptables":
        topology = desired(topology, s.Sysctl(FORWARDING6, "1", HOST))
    if network.ipv4 is not None and not daemon.userland_proxy:
        topology = desired(topology, s.Sysctl(local_routing(network.bridge), "1", HOST))
    if daemon.release.filters_bridges(network.icc, daemon.userland_proxy):
        for subnet in network.subnets:
            topology = desired(topology, s.Sysctl(_BRIDGES_MEET_IPTABLES[subnet.version], "1", HOST))
    return topology


def without_network(topology: Topology, network: Network) -> Topology:
    """The topology without a network's bridge, and without the sysctl that goes with it."""
    host = topology.host.without_interface(network.bridge)  # which a namespace may be called like
    sysctls = {key: value for key, value in host.sysctls.items() if key != local_routing(network.bridge)}
    return topology.with_namespace(msgspec.structs.replace(host, sysctls=sysctls))


def with_container(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology with a running container: its namespace on its bridges, small servers behind its ports, the proxies in front of them.

    Raises StatementError when something else is in the way.
    """
    if container.has_own_namespace:
        topology = _namespace(topology, daemon, container)
    namespace = daemon.namespace_of(container)
    if namespace is None or namespace not in topology.namespaces:
        return topology
    topology = _answering(topology, container, namespace)
    missing = tuple(proxy for proxy in _proxies_of(daemon, container) if proxy not in topology.servers)
    return msgspec.structs.replace(topology, servers=(*topology.servers, *missing)) if missing else topology


def _namespace(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology with a container's namespace: an interface in the bridge of each network, one default route at most."""
    name = container.name
    topology = desired(topology, s.NetworkNamespace(name))
    missing = list(daemon.attached(container))
    own_bridges = {network.bridge for network in daemon.networks}
    for interface in topology.namespaces[name].interfaces:
        port = topology.interface(interface.peer) if interface.peer and interface.peer.namespace == HOST else None
        if port is None:
            continue
        held = next((one for one in missing if set(one.cidrs) & set(interface.addresses) or one.network.bridge == port.master), None)
        if held is not None:
            missing.remove(held)
            topology = _addressed(topology, daemon, End(name, interface.name), port, held)
        elif port.master in own_bridges:
            topology = desired(topology, s.Delete((port.name,)))
    for held in missing:
        topology = _plugged(topology, daemon, held)
    return _with_default_route(topology, daemon, container)


def _plugged(topology: Topology, daemon: Daemon, held: Attachment) -> Topology:
    """The topology with a new veth pair between a container and a bridge: eth0, eth1 … inside, as docker names them."""
    name = held.container.name
    inside = topology.namespaces[name]
    number = next(number for number in range(4096) if inside.interface(f"eth{number}") is None)
    outer = host_end(name if number == 0 else f"{name}.{number}")
    if topology.host.interface(outer):
        refuse(f"the host already has an interface {outer}, which {name} needs", "")
    inner_end, outer_end = End(name, f"eth{number}"), End(HOST, outer)
    port = Interface(outer, master=held.network.bridge, peer=inner_end)
    topology = topology.with_namespace(inside.with_interface(Interface(inner_end.interface, peer=outer_end)))
    return _addressed(topology.with_namespace(topology.host.with_interface(port)), daemon, inner_end, port, held)


def _addressed(topology: Topology, daemon: Daemon, end: End, port: Interface, held: Attachment) -> Topology:
    """The topology with an endpoint's address and its port in the bridge; without the proxy, frames may go back through their port."""
    if topology.host.interface(held.network.bridge) is None:
        refuse(f"the host has no bridge {held.network.bridge} any more; docker install makes it again", "")
    inside = topology.namespaces[end.namespace]
    interface = inside.interface(end.interface)
    if interface is not None and not set(held.cidrs) <= set(interface.addresses):
        kept = (address for address in interface.addresses if not held.cidr(version_of(address)))
        topology = topology.with_namespace(inside.with_interface(msgspec.structs.replace(interface, addresses=(*held.cidrs, *kept))))
    hairpin = port.hairpin or not daemon.userland_proxy
    wanted = msgspec.structs.replace(port, master=held.network.bridge, up=True, hairpin=hairpin)
    return topology if wanted == port else topology.with_namespace(topology.host.with_interface(wanted))


def _with_default_route(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology with a container's default routes through its gateway endpoints; internal networks have no way out."""
    inside = topology.namespaces[container.name]
    own = {subnet.gateway for network in daemon.networks for subnet in network.subnets}
    kept = [route for route in inside.routes if not (route.destination == "default" and route.via in own)]
    wanted = [route for version in (4, 6) if (route := _default_route(daemon, container, inside, version)) is not None]
    if set(wanted) <= set(inside.routes) and len(inside.routes) == len(kept) + len(wanted):
        return topology
    return topology.with_namespace(msgspec.structs.replace(inside, routes=(*kept, *wanted)))


def _default_route(daemon: Daemon, container: Container, inside: Namespace, version: int) -> Route | None:
    gateway = daemon.gateway(container, version)
    held = next((one for one in daemon.attached(container) if gateway is not None and one.network.name == gateway.network), None)
    subnet = held.network.subnet(version) if held is not None else None
    if held is None or subnet is None:
        return None
    device = next(interface.name for interface in inside.interfaces if held.cidr(version) in interface.addresses)
    return Route("default", subnet.gateway, device)


def _answering(topology: Topology, container: Container, namespace: str) -> Topology:
    """The topology with something behind each of a container's ports: http, or echo over UDP, where nothing listens yet."""
    listening = {(server.namespace, server.port, server.protocol) for server in topology.servers}
    for port, protocol in served_ports(container):
        if (namespace, port, protocol) not in listening:
            topology = desired(topology, s.Serve(namespace, port, protocol, "http" if protocol == "tcp" else "echo"))
    return topology


def served_ports(container: Container) -> list[tuple[int, str]]:
    """The ports behind which something answers: those that are published or that its image exposes; there is no server for SCTP."""
    found = [(port.container_port, port.protocol) for port in container.ports]
    found += [(int(text.partition("/")[0]), text.partition("/")[2]) for text in exposed_by(container.image)]
    return [port for port in dict.fromkeys(found) if port[1] != "sctp"]


def without_proxies(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology without a container's proxies, before its ports lead somewhere else."""
    gone = set(_proxies_of(daemon, container))
    return (
        msgspec.structs.replace(topology, servers=tuple(server for server in topology.servers if server not in gone)) if gone else topology
    )


def without_container(topology: Topology, daemon: Daemon, container: Container) -> Topology:
    """The topology without a container and its proxies; `daemon` is as it was while the container ran."""
    topology, gone = without_proxies(topology, daemon, container), set[Server]()
    namespace = daemon.namespace_of(container)
    if namespace is not None and not container.has_own_namespace:
        served = served_ports(container)
        gone = {held for held in topology.servers if held.namespace == namespace and (held.port, held.protocol) in served}
    topology = msgspec.structs.replace(topology, servers=tuple(server for server in topology.servers if server not in gone))
    has_namespace = container.has_own_namespace and container.name in topology.namespaces
    return topology.without_namespace(container.name) if has_namespace else topology


def _proxies_of(daemon: Daemon, container: Container) -> tuple[Server, ...]:
    """The userland proxies of a container, one for each port that is bound on the host.

    One that is bound on all addresses of both IP versions and leads to one address of the container is a single server.
    """
    if not daemon.userland_proxy:
        return ()
    proxies: list[Server] = []
    for held in daemon.attached(container):
        bound = [port for port in held.ports if port.is_bound and port.protocol != "sctp"]
        for port in bound:
            twin = msgspec.structs.replace(port, host_address=ANY_ADDRESSES[10 - version_of(port.host_address)])
            both = port.on_any_address and twin in bound
            proxies.append(_proxy(held, port, "" if both else port.host_address))
    return tuple(dict.fromkeys(proxies))


def _proxy(held: Attachment, port: Published, address: str) -> Server:
    return Server(HOST, port.host_port, port.protocol, "proxy", address, at_port(held.address(port.version), port.container_port))
