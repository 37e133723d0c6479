"""The statements about networks: `docker network create|rm|prune|connect|disconnect`. Each gives the sentence to say."""

from hashlib import sha256

import msgspec

from netlab_magic.docker.events import DockerHost
from netlab_magic.docker.ipam import chosen_pool, gateway_for, ip_range_for, wanted_subnet
from netlab_magic.docker.known import container_called, gone, network_called
from netlab_magic.docker.plan_containers import takes_address
from netlab_magic.docker.state import ANY_ADDRESS, DEFAULT_NETWORK, Container, Daemon, Endpoint, Network
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.text import suggest

__all__ = ["bridge_called_after", "connected", "created", "disconnected", "networks_removed", "pruned_networks"]

PREDEFINED = (DEFAULT_NETWORK, "host", "none")
"""The networks that Docker itself has."""


def bridge_called_after(network: str) -> str:
    """A network's bridge: called as the network is, or as docker's are, where that is longer than an interface's name may be.

    >>> bridge_called_after("back"), bridge_called_after("shop_default_network")
    ('back', 'br-cc918f6910b5')
    """
    return str(network) if len(network) <= 15 else f"br-{sha256(network.encode()).hexdigest()[:12]}"


def created(host: DockerHost, statement: d.DockerNetwork) -> str:
    """`docker network create`. Raises StatementError."""
    daemon, name = host.daemon, str(statement.name)
    if name in PREDEFINED:
        refuse(f"{name} is a network that Docker itself has; give another name", statement.name, statement.place)
    mode = _gateway_mode(daemon, statement)
    held = daemon.network(name)
    if held is not None:
        if held != _as_asked(held, statement, mode):
            other = f"there is a network {name} already, with other settings; take it away first: docker network rm {name}"
            refuse(other, statement.name, statement.place)
        host.add_network(held)
        return _created(held, statement)
    network = _as_asked(_blank(host, statement), statement, mode)
    if host.topology.host.interface(network.bridge):
        refuse(f"the host already has a device {network.bridge}", statement.bridge or statement.name, statement.place)
    host.add_network(network)
    return _created(network, statement)


def _blank(host: DockerHost, statement: d.DockerNetwork) -> Network:
    """A new network as far as its subnet goes."""
    if statement.cidr is None:
        for missing in filter(None, (statement.gateway, statement.ip_range)):
            refuse(f"{missing} needs a subnet around it: --subnet CIDR", missing, statement.place)
        subnet, next_pool = chosen_pool(host.topology, host.daemon, statement)
        host.daemon = msgspec.structs.replace(host.daemon, next_pool=next_pool)
    else:
        subnet = wanted_subnet(host.topology, host.daemon, statement)
    name, bridge = str(statement.name), str(statement.bridge or bridge_called_after(statement.name))
    ip_range = ip_range_for(subnet, statement.ip_range)
    return Network(name, bridge, str(subnet), gateway_for(subnet, statement.gateway), ip_range=ip_range)


def _created(network: Network, statement: d.DockerNetwork) -> str:
    kind = "internal network" if network.internal else "network"
    said = [f"{kind} {network.name}: the bridge {network.bridge} with {network.gateway_cidr}"]
    said += [f"no effect on rules and addresses: {' '.join(statement.ignored)}"] if statement.ignored else []
    return "; ".join(said)


def _as_asked(network: Network, statement: d.DockerNetwork, mode: str) -> Network:
    """A network with the settings of a statement; what the statement leaves open stays as it is."""
    return Network(
        network.name,
        str(statement.bridge or network.bridge),
        str(statement.cidr or network.subnet),
        str(statement.gateway or network.gateway),
        statement.internal,
        statement.icc,
        mode,
        statement.masquerade,
        str(statement.source) if statement.source else None,
        str(statement.ip_range or network.ip_range),
        str(statement.binding or ANY_ADDRESS),
        statement.cidr is not None or network.configured,
    )


def _gateway_mode(daemon: Daemon, statement: d.DockerNetwork) -> str:
    mode, known = statement.mode, daemon.release.gateway_modes
    if mode is None:
        return "nat"
    if not known:
        refuse(f"Docker Engine {daemon.release} has no gateway modes; 27.0 brought them", mode, statement.place)
    if mode not in known:
        refuse(f"Docker Engine {daemon.release} has no gateway mode {mode}{suggest(mode, known)}", mode, statement.place)
    return str(mode)


def networks_removed(host: DockerHost, statement: d.DockerRemoveNetwork) -> str:
    """`docker network rm`. Raises StatementError."""
    for name in statement.names:
        network = network_called(host.daemon, name)
        if network.name == DEFAULT_NETWORK:
            refuse("the network bridge is Docker's own and stays until: docker uninstall", name, statement.place)
        members = host.daemon.members(network.name)
        if members:
            used = ", ".join(held.container.name for held in members)
            refuse(f"the network {name} is in use by {used}; take {'it' if len(members) == 1 else 'them'} away first", name)
        host.remove_network(network)
    return gone("network", statement.names)


def pruned_networks(host: DockerHost) -> str:
    """`docker network prune`: networks that no container names go, Docker's own stay."""
    named = {held.network for container in host.daemon.containers for held in container.endpoints}
    unused = [network for network in host.daemon.networks if network.name not in (*named, *PREDEFINED)]
    for network in unused:
        host.remove_network(network)
    return gone("network", [network.name for network in unused]) if unused else "every network is in use"


def connected(host: DockerHost, statement: d.DockerConnect) -> str:
    """`docker network connect`. Raises StatementError."""
    container = container_called(host.daemon, statement.container)
    if statement.network in ("host", "none"):
        refuse(f"a container joins the network {statement.network} when it is created, not later", statement.network, statement.place)
    network = network_called(host.daemon, statement.network)
    _has_networks(container, statement.container)
    takes_address(network, statement.address)
    held, wanted = container.endpoint(network.name), str(statement.address) if statement.address else None
    if held is None:
        host.connect(container.name, Endpoint(network.name, wanted=statement.address))
        _without_place(host, container.name)
    elif wanted not in (None, held.wanted):
        refuse(f"{container.name} is on {network.name} already, with another address", statement.address or "", statement.place)
    now = container_called(host.daemon, statement.container)
    endpoint = now.endpoint(network.name)
    address = endpoint.address if endpoint else ""
    said = [f"{now.name} has {address} on {network.bridge}" if address else f"{now.name} will join {network.name} when it starts"]
    said += _moved(host.daemon, container, now)
    said += [f"not supported in a lab: {' '.join(statement.undone)}"] if statement.undone else []
    return "; ".join(said)


def _moved(daemon: Daemon, before: Container, now: Container) -> list[str]:
    """What has become of published ports, which follow the default route: it goes through the network whose name comes first."""
    at, was_at = daemon.gateway(now), daemon.published_at(before)
    if at is None:
        return ["its published ports cannot be reached any more"] if before.ports and was_at is not None and was_at.address else []
    if not now.ports or (was_at is not None and was_at.network == at.network):
        return []
    return [f"its default route and its published ports have moved to {at.network}: {', '.join(map(str, now.ports))}"]


def _without_place(host: DockerHost, name: str) -> None:
    """An address that is asked for is a word of this statement; what dockerd remembers is its text."""
    container = container_called(host.daemon, name)
    endpoints = tuple(
        msgspec.structs.replace(held, wanted=None if held.wanted is None else str(held.wanted)) for held in container.endpoints
    )
    host.daemon = host.daemon.with_container(msgspec.structs.replace(container, endpoints=endpoints))


def _has_networks(container: Container, word: str) -> None:
    if container.mode in ("host", "none") or container.shares:
        refuse(f"{container.name} was created with --network {container.mode} and cannot join networks", word)


def disconnected(host: DockerHost, statement: d.DockerDisconnect) -> str:
    """`docker network disconnect`. Raises StatementError."""
    container = container_called(host.daemon, statement.container)
    network = network_called(host.daemon, statement.network)
    if container.endpoint(network.name) is None:
        held = [endpoint.network for endpoint in container.endpoints]
        refuse(f"{container.name} is not on {network.name}{suggest(network.name, held)}", statement.network, statement.place)
    host.disconnect(container.name, network.name)
    now = container_called(host.daemon, statement.container)
    return "; ".join([f"{container.name} has left {network.name}", *_moved(host.daemon, container, now)])
