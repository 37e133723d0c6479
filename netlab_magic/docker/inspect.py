"""`docker inspect` and `docker network inspect`: the network part of what docker prints, in the shape of its JSON."""

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from netlab_magic.docker.go_template import filled
from netlab_magic.docker.ports import asked_ports
from netlab_magic.docker.state import Attachment, Container, Daemon, Network, Subnet
from netlab_magic.language import docker_statements as d
from netlab_magic.language.plan_topology import refuse
from netlab_magic.model.topology import Topology
from netlab_magic.text import suggest

__all__ = ["inspected"]

Json = dict[str, Any]


def inspected(daemon: Daemon, statement: d.DockerInspect, topology: Topology) -> str:
    """The text of `docker inspect`: a JSON list, or a line an object where there is a template. Raises StatementError."""
    found = [_object(daemon, statement, name, topology) for name in statement.names]
    if statement.template is None:
        return json.dumps(found, indent=4)
    return "\n".join(filled(statement.template, one) for one in found)


def _object(daemon: Daemon, statement: d.DockerInspect, name: str, topology: Topology) -> Json:
    container = daemon.container(str(name)) if statement.what != "network" else None
    if container is not None:
        return _container(daemon, container, topology)
    network = daemon.network(str(name)) if statement.what != "container" else None
    if network is not None:
        return _network(daemon, network, topology)
    names = [] if statement.what == "network" else [held.name for held in daemon.containers]
    names += [] if statement.what == "container" else [held.name for held in daemon.networks]
    return refuse(f"there is no {statement.what or 'container or network'} {name}{suggest(str(name), names)}", name)


def _id(kind: str, name: str) -> str:
    """An identifier of docker's form; a lab's follows from the name."""
    return hashlib.sha256(f"{kind} {name}".encode()).hexdigest()


def _mac(topology: Topology, held: Attachment) -> str:
    inside = topology.namespaces.get(held.container.name)
    return next((interface.mac for interface in (inside.interfaces if inside else ()) if set(held.cidrs) & set(interface.addresses)), "")


def _container(daemon: Daemon, container: Container, topology: Topology) -> Json:
    bindings: dict[str, list[Json]] = {}
    for one in container.wanted:
        host_port = f"{one.host_port}-{one.host_port_end}" if one.host_port_end > one.host_port else str(one.host_port or "")
        entry = {"HostIp": str(one.host_address or ""), "HostPort": host_port}
        bindings.setdefault(f"{one.container_port}/{one.protocol}", []).append(entry)
    exposed = sorted({*bindings, *container.open_ports})
    return {
        "Id": _id("container", container.name),
        "Name": f"/{container.name}",
        "State": {"Status": container.status, "Running": container.is_running, "Paused": container.status == "paused"},
        "HostConfig": {
            "NetworkMode": container.mode,
            "PortBindings": bindings,
            "AutoRemove": container.removed_at_stop,
            "PublishAllPorts": container.publish_all,
        },
        "Config": {
            "Hostname": container.hostname or _id("container", container.name)[:12],
            "ExposedPorts": {port: {} for port in exposed},
            "Image": container.image,
        },
        "NetworkSettings": _settings(daemon, container, topology),
    }


def _settings(daemon: Daemon, container: Container, topology: Topology) -> Json:
    attached = {held.network.name: held for held in daemon.attached(container)}
    networks = {held.network: attached.get(held.network) for held in container.endpoints}
    return {
        "Ports": _ports(container),
        **_addresses(topology, attached.get("bridge")),
        "Networks": {
            name: {
                "IPAMConfig": _wanted(container, name) or None,
                "NetworkID": _id("network", name),
                "EndpointID": _id("endpoint", f"{container.name} {name}") if held else "",
                **_addresses(topology, held),
            }
            for name, held in sorted(networks.items())
        },
    }


def _addresses(topology: Topology, held: Attachment | None) -> Json:
    """The addresses of an endpoint and its gateways; empty where there is none."""
    ipv4, ipv6 = (_address(held, version) for version in (4, 6))
    return {
        **dict(zip(("Gateway", "IPAddress", "IPPrefixLen"), ipv4, strict=True)),
        **dict(zip(("IPv6Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen"), ipv6, strict=True)),
        "MacAddress": _mac(topology, held) if held else "",
    }


def _address(held: Attachment | None, version: int) -> tuple[str, str, int]:
    subnet = held.network.subnet(version) if held else None
    if held is None or subnet is None:
        return "", "", 0
    return "" if held.network.internal else subnet.gateway, held.address(version), subnet.prefix


def _wanted(container: Container, network: str) -> Json:
    endpoint = container.endpoint(network)
    wanted = {"IPv4Address": endpoint.wanted, "IPv6Address": endpoint.wanted6} if endpoint else {}
    return {key: address for key, address in wanted.items() if address}


def _ports(container: Container) -> Json:
    """Each port with where it is published on the host; null for one that is only exposed. Nothing while the container does not run."""
    if not container.is_running or not container.endpoints:
        return {}
    named = [f"{one.container_port}/{one.protocol}" for one in asked_ports(container)]
    found: dict[str, list[Json] | None] = dict.fromkeys(sorted({*container.open_ports, *named}))
    for port in container.ports:
        if port.is_bound:
            key = f"{port.container_port}/{port.protocol}"
            found[key] = [*(found.get(key) or []), {"HostIp": port.host_address, "HostPort": str(port.host_port)}]
    return found


def _network(daemon: Daemon, network: Network, topology: Topology) -> Json:
    return {
        "Name": network.name,
        "Id": _id("network", network.name),
        "Scope": "local",
        "Driver": "bridge",
        "EnableIPv4": network.ipv4 is not None,
        "EnableIPv6": network.ipv6 is not None,
        "IPAM": {"Driver": "default", "Config": list(map(_pool, network.subnets))},
        "Internal": network.internal,
        "Containers": {
            _id("container", held.container.name): {
                "Name": held.container.name,
                "EndpointID": _id("endpoint", f"{held.container.name} {network.name}"),
                "MacAddress": _mac(topology, held),
                "IPv4Address": held.cidr(4),
                "IPv6Address": held.cidr(6),
            }
            for held in daemon.members(network.name)
        },
        "Options": dict(_options(network)),
    }


def _pool(subnet: Subnet) -> Json:
    gateway = {} if subnet.mode == "isolated" else {"Gateway": subnet.gateway}
    return {"Subnet": subnet.cidr, **({"IPRange": subnet.ip_range} if subnet.ip_range else {}), **gateway}


def _options(network: Network) -> Iterator[tuple[str, str]]:
    bridge = "com.docker.network.bridge"
    if network.name == "bridge":
        yield f"{bridge}.default_bridge", "true"
    yield f"{bridge}.enable_icc", str(network.icc).lower()
    yield f"{bridge}.enable_ip_masquerade", str(network.masquerade).lower()
    yield f"{bridge}.host_binding_ipv4", network.binding
    yield f"{bridge}.name", network.bridge
    for subnet in network.subnets:
        if subnet.mode != "nat":
            yield f"{bridge}.gateway_mode_ipv{subnet.version}", subnet.mode
        if subnet.source:
            yield f"com.docker.network.host_ipv{subnet.version}", subnet.source
