"""The statements about networks: `docker network create|rm|prune|connect|disconnect`. Each gives the sentence to say."""

from hashlib import sha256

import msgspec

from netlab_magic.docker.events import DockerHost
from netlab_magic.docker.ipam import chosen_pool, chosen_pool6, subnet_of, wanted_subnet
from netlab_magic.docker.known import container_called, gone, network_called
from netlab_magic.docker.plan_containers import plain_endpoints, takes_address
from netlab_magic.docker.state import ANY_ADDRESS, DEFAULT_NETWORK, Container, Daemon, Endpoint, Network, Subnet
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
    if statement.ipv4 is None and not daemon.release.may_lack_ipv4:
        refuse(f"Docker Engine {daemon.release} makes no network without IPv4; 28.0 brought them", statement.name, statement.place)
    for asked in filter(None, (statement.ipv4, statement.ipv6)):
        _check_mode(daemon, statement, asked.mode)
    held = daemon.network(name)
    if held is not None:
        if held != _as_asked(held, statement):
            other = f"there is a network {name} already, with other settings; take it away first: docker network rm {name}"
            refuse(other, statement.name, statement.place)
        host.add_network(held)
        return _created(host, held, statement)
    network = _as_asked(_blank(host, statement), statement)
    if host.topology.host.interface(network.bridge):
        refuse(f"the host already has a device {network.bridge}", statement.bridge or statement.name, statement.place)
    host.add_network(network)
    return _created(host, network, statement)


def _blank(host: DockerHost, statement: d.DockerNetwork) -> Network:
    """A new network as far as its subnets go."""
    name, bridge = str(statement.name), str(statement.bridge or bridge_called_after(statement.name))
    ipv4, ipv6 = (_new_subnet(host, statement, asked, version) for asked, version in ((statement.ipv4, 4), (statement.ipv6, 6)))
    return Network(name, bridge, ipv4, ipv6)


def _new_subnet(host: DockerHost, statement: d.DockerNetwork, asked: d.AskedSubnet | None, version: int) -> Subnet | None:
    if asked is None:
        return None
    if asked.cidr is not None:
        return subnet_of(wanted_subnet(host.topology, host.daemon, asked.cidr), asked.gateway, asked.ip_range)
    for missing in filter(None, (asked.gateway, asked.ip_range)):
        refuse(f"{missing} needs a subnet around it: --subnet CIDR", missing, statement.place)
    if version == 6:
        return subnet_of(chosen_pool6(host.topology, host.daemon, statement.name), None, None)
    pool, next_pool = chosen_pool(host.topology, host.daemon, statement.name)
    host.daemon = msgspec.structs.replace(host.daemon, next_pool=next_pool)
    return subnet_of(pool, None, None)


def _created(host: DockerHost, network: Network, statement: d.DockerNetwork) -> str:
    kind = "internal network" if network.internal else "network"
    with_addresses = f" with {' and '.join(network.gateway_cidrs)}" if network.gateway_cidrs else ", which has no address"
    said = [f"{kind} {network.name}: the bridge {network.bridge}{with_addresses}"]
    if network.ipv6 is not None and host.daemon.backend == "nftables":
        said.append("IPv6 forwarding is on, which dockerd with nftables leaves to you")
    elif network.ipv6 is not None and not host.daemon.ip6tables:
        said.append("without ip6tables, so that IPv6 is neither filtered nor translated")
    said += [f"no effect on rules and addresses: {' '.join(statement.ignored)}"] if statement.ignored else []
    return "; ".join(said)


def _as_asked(network: Network, statement: d.DockerNetwork) -> Network:
    """A network with the settings of a statement; what the statement leaves open stays as it is."""
    return Network(
        network.name,
        str(statement.bridge or network.bridge),
        _subnet_as_asked(network.ipv4, statement.ipv4),
        _subnet_as_asked(network.ipv6, statement.ipv6),
        statement.internal,
        statement.icc,
        statement.masquerade,
        str(statement.binding or ANY_ADDRESS),
    )


def _subnet_as_asked(subnet: Subnet | None, asked: d.AskedSubnet | None) -> Subnet | None:
    if asked is None:
        return None
    if subnet is None:
        return Subnet("", "")  # which no network has
    return Subnet(
        str(asked.cidr or subnet.cidr),
        str(asked.gateway or subnet.gateway),
        str(asked.mode or "nat"),
        str(asked.source) if asked.source else None,
        str(asked.ip_range or subnet.ip_range),
        asked.cidr is not None or subnet.configured,
    )


def _check_mode(daemon: Daemon, statement: d.DockerNetwork, mode: str | None) -> None:
    """Refuses a gateway mode that the release does not have, or not for such a network."""
    known = daemon.release.gateway_modes
    if mode is None:
        return
    if not known:
        refuse(f"Docker Engine {daemon.release} has no gateway modes; 27.0 brought them", mode, statement.place)
    if mode not in known:
        refuse(f"Docker Engine {daemon.release} has no gateway mode {mode}{suggest(mode, known)}", mode, statement.place)
    if mode == "isolated" and not statement.internal:
        refuse("the gateway mode isolated is for internal networks only; add --internal", mode, statement.place)


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
    for wanted in (statement.address, statement.address6):
        takes_address(network, wanted)
    held = container.endpoint(network.name)
    if held is None:
        host.connect(container.name, Endpoint(network.name, wanted=statement.address, wanted6=statement.address6))
        _without_place(host, container.name)
    else:
        for asked, has in ((statement.address, held.wanted), (statement.address6, held.wanted6)):
            if asked not in (None, has):
                refuse(f"{container.name} is on {network.name} already, with another address", asked or "", statement.place)
    now = container_called(host.daemon, statement.container)
    endpoint = now.endpoint(network.name)
    addresses = " and ".join(endpoint.addresses) if endpoint else ""
    said = [f"{now.name} has {addresses} on {network.bridge}" if addresses else f"{now.name} will join {network.name} when it starts"]
    said += _moved(host.daemon, container, now)
    said += [f"not supported in a lab: {' '.join(statement.undone)}"] if statement.undone else []
    return "; ".join(said)


def _moved(daemon: Daemon, before: Container, now: Container) -> list[str]:
    """What has become of published ports, which follow the default routes."""
    ways = [daemon.gateway(now, version) for version in (4, 6)]
    before_at, at = (next((way for way in found if way is not None), None) for found in (_ways(daemon, before), ways))
    if at is None:
        return ["its published ports cannot be reached any more"] if before.ports and before_at is not None else []
    if not now.ports or (before_at is not None and before_at.network == at.network):
        return []
    ports = ", ".join(dict.fromkeys(map(str, now.ports)))
    return [f"its default route and its published ports have moved to {at.network}: {ports}"]


def _ways(daemon: Daemon, container: Container) -> list[Endpoint | None]:
    return [daemon.published_at(container, version) for version in (4, 6)]


def _without_place(host: DockerHost, name: str) -> None:
    """An address that is asked for is a word of this statement; what dockerd remembers is its text."""
    container = container_called(host.daemon, name)
    host.daemon = host.daemon.with_container(msgspec.structs.replace(container, endpoints=plain_endpoints(container)))


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
