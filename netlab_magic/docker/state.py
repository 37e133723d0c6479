"""What dockerd knows: networks, containers with their endpoints, published ports, and where its choices go on."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec

from netlab_magic.docker.images import exposed_by
from netlab_magic.docker.releases import Release
from netlab_magic.language.docker_statements import Publish
from netlab_magic.model.topology import HOST

__all__ = [
    "ANY_ADDRESS",
    "ANY_ADDRESSES",
    "DEFAULT_NETWORK",
    "Attachment",
    "Container",
    "Daemon",
    "Endpoint",
    "Network",
    "Published",
    "Subnet",
    "at_port",
    "version_of",
]

ANY_ADDRESS = "0.0.0.0"
"""Where a port is published that names no address of the host: on all of them, those of IPv6 too."""

ANY_ADDRESSES = {4: ANY_ADDRESS, 6: "::"}
"""All of the host's addresses of one IP version."""

DEFAULT_NETWORK = "bridge"
"""The name of the network that a container joins without `--network`; its bridge is docker0."""


def version_of(address: str) -> int:
    """The IP version of an address or a network, 4 or 6.

    >>> version_of("fd00::/64")
    6
    """
    return 6 if ":" in address else 4


def at_port(address: str, port: int | str) -> str:
    """An address with a port, as URLs and dockerd write it.

    >>> at_port("::", 80)
    '[::]:80'
    """
    return f"[{address}]:{port}" if version_of(address) == 6 else f"{address}:{port}"


class Published(msgspec.Struct, frozen=True):
    """A published port. `host_port` 0 means that nothing is bound on the host: the network is routed, not translated.

    `version` is the IP version of the container's address behind it. Where the host's address is of the other one, the proxy alone leads
    to the container, without any rules.
    """

    container_port: int
    host_port: int
    protocol: str = "tcp"
    host_address: str = ANY_ADDRESS
    version: int = 4

    @property
    def is_bound(self) -> bool:
        """Whether one of the host's ports leads to it."""
        return self.host_port != 0

    @property
    def is_translated(self) -> bool:
        """Whether rules lead to it from one of the host's ports."""
        return self.is_bound and version_of(self.host_address) == self.version

    @property
    def on_any_address(self) -> bool:
        """Whether it is published on all of the host's addresses of an IP version."""
        return self.host_address in ANY_ADDRESSES.values()

    @property
    def on_loopback(self) -> bool:
        """Whether the port is published on a loopback address of the host only."""
        return self.host_address.startswith("127.")

    def __str__(self) -> str:
        arrow = f"{at_port(self.host_address, self.host_port)}->" if self.is_bound else ""
        return f"{arrow}{self.container_port}/{self.protocol}"


class Endpoint(msgspec.Struct, frozen=True):
    """A container's place on a network. `address` and `address6` are "" while the container does not run, and where the network has
    no such addresses; `wanted` and `wanted6` are those of `--ip` and `--ip6`.
    """

    network: str
    address: str = ""
    wanted: str | None = None
    address6: str = ""
    wanted6: str | None = None

    @property
    def is_joined(self) -> bool:
        """Whether it has an address."""
        return bool(self.address or self.address6)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Its addresses, IPv4 first."""
        return tuple(filter(None, (self.address, self.address6)))

    def without_addresses(self) -> "Endpoint":
        """The endpoint of a container that does not run."""
        return msgspec.structs.replace(self, address="", address6="")


class Container(msgspec.Struct, frozen=True):
    """A container. `mode` is the network that it was made with, or `host`, `none` or `container:NAME`, which have no endpoints.

    `endpoints` are in the order in which they were connected. `wanted` is what `-p` asked for, `ports` what came of it while the container
    runs; `exposed` are the ports of `--expose`, as `PORT/PROTOCOL`. `status` is docker's word: created, running, paused, exited.
    """

    name: str
    mode: str = DEFAULT_NETWORK
    endpoints: tuple[Endpoint, ...] = ()
    wanted: tuple[Publish, ...] = ()
    ports: tuple[Published, ...] = ()
    image: str = ""
    exposed: tuple[str, ...] = ()
    publish_all: bool = False
    hostname: str = ""
    removed_at_stop: bool = False
    status: str = "created"

    @property
    def is_running(self) -> bool:
        """Whether it has its namespace: paused ones have."""
        return self.status in ("running", "paused")

    @property
    def open_ports(self) -> tuple[str, ...]:
        """The ports that are exposed, by `--expose` and by its image."""
        return tuple(dict.fromkeys((*self.exposed, *exposed_by(self.image))))

    @property
    def shares(self) -> str | None:
        """The container whose namespace it shares, or None."""
        return self.mode.partition(":")[2] or None if self.mode.startswith("container:") else None

    @property
    def has_own_namespace(self) -> bool:
        """Whether a namespace is made for it."""
        return self.mode != HOST and self.shares is None

    def endpoint(self, network: str) -> Endpoint | None:
        """Its endpoint on a network, or None."""
        return next((held for held in self.endpoints if held.network == network), None)

    def with_endpoint(self, endpoint: Endpoint) -> "Container":
        """The container with an endpoint added, or in the place of the one on the same network."""
        if self.endpoint(endpoint.network) is None:
            return msgspec.structs.replace(self, endpoints=(*self.endpoints, endpoint))
        replaced = tuple(endpoint if held.network == endpoint.network else held for held in self.endpoints)
        return msgspec.structs.replace(self, endpoints=replaced)

    def without_endpoint(self, network: str) -> "Container":
        """The container without its endpoint on a network."""
        return msgspec.structs.replace(self, endpoints=tuple(held for held in self.endpoints if held.network != network))


class Subnet(msgspec.Struct, frozen=True):
    """A network's addresses of one IP version.

    `mode` is the gateway mode: nat, nat-unprotected, routed, or isolated, where the bridge has no address. `source` is the address for
    SNAT in place of MASQUERADE. Addresses are given from `ip_range`, "" for all of the subnet. `configured` tells that the subnet was
    asked for, without which docker takes no `--ip`.
    """

    cidr: str
    gateway: str
    mode: str = "nat"
    source: str | None = None
    ip_range: str = ""
    configured: bool = False

    @property
    def version(self) -> int:
        """The IP version, 4 or 6."""
        return version_of(self.cidr)

    @property
    def network(self) -> IPv4Network | IPv6Network:
        """The subnet as `ipaddress` reads it."""
        return ip_network(self.cidr)

    @property
    def prefix(self) -> int:
        """The prefix length."""
        return self.network.prefixlen

    @property
    def gateway_cidr(self) -> str:
        """The bridge's address with its prefix length."""
        return f"{self.gateway}/{self.prefix}"


class Network(msgspec.Struct, frozen=True):
    """A bridge network, with subnets of one IP version or of both.

    `binding` is the host's address at which ports are published that name none.
    """

    name: str
    bridge: str
    ipv4: Subnet | None
    ipv6: Subnet | None = None
    internal: bool = False
    icc: bool = True
    masquerade: bool = True
    binding: str = ANY_ADDRESS

    @property
    def subnets(self) -> tuple[Subnet, ...]:
        """Its subnets, IPv4 first."""
        return tuple(subnet for subnet in (self.ipv4, self.ipv6) if subnet is not None)

    def subnet(self, version: int) -> Subnet | None:
        """Its subnet of an IP version, or None."""
        return self.ipv6 if version == 6 else self.ipv4

    @property
    def gateway_cidrs(self) -> tuple[str, ...]:
        """The bridge's addresses with their prefix lengths."""
        return tuple(subnet.gateway_cidr for subnet in self.subnets if subnet.mode != "isolated")

    def is_routed(self, version: int) -> bool:
        """Whether its addresses of an IP version are routed, not translated."""
        subnet = self.subnet(version)
        return subnet is not None and subnet.mode == "routed"


class Attachment(msgspec.Struct, frozen=True):
    """A running container's endpoint with its network; `ports` are those of the endpoint that leads to the default gateway."""

    network: Network
    container: Container
    endpoint: Endpoint
    ports: tuple[Published, ...]

    def address(self, version: int) -> str:
        """The container's address of an IP version there, "" where it has none."""
        return self.endpoint.address6 if version == 6 else self.endpoint.address

    def cidr(self, version: int) -> str:
        """The address with the prefix length of its network, "" where there is none."""
        subnet = self.network.subnet(version)
        return f"{self.address(version)}/{subnet.prefix}" if subnet is not None and self.address(version) else ""

    @property
    def cidrs(self) -> tuple[str, ...]:
        """The addresses with the prefix lengths of their networks, IPv4 first."""
        return tuple(filter(None, map(self.cidr, (4, 6))))


class Daemon(msgspec.Struct, frozen=True):
    """dockerd and what it has made. `backend` is iptables or nftables; `drops_forward` tells that it set FORWARD's policy to DROP,
    which dockerd does when it was itself that switched IP forwarding on; `policy_before` is what the policy was before, `policy6_before`
    that of ip6tables. `ip6tables` tells that it writes rules for IPv6, `forwards6` that it has switched IPv6 forwarding on.

    Containers are in the order of their last start. `next_pool` is the default address pool at which the search for a free one begins, in
    releases that go on where they were; `last_ports` the host's port that was chosen last, by address, protocol and range.
    """

    release: Release
    userland_proxy: bool = True
    backend: str = "iptables"
    drops_forward: bool = True
    policy_before: str = "ACCEPT"
    ip6tables: bool = False
    forwards6: bool = False
    policy6_before: str = "ACCEPT"
    networks: tuple[Network, ...] = ()
    containers: tuple[Container, ...] = ()
    next_pool: int = 0
    last_ports: dict[str, int] = {}

    @property
    def versions(self) -> tuple[int, ...]:
        """The IP versions for which it writes rules."""
        return (4, 6) if self.ip6tables else (4,)

    def network(self, name: str) -> Network | None:
        """The network called `name`, or None."""
        return next((network for network in self.networks if network.name == name), None)

    def container(self, name: str) -> Container | None:
        """The container called `name`, or None."""
        return next((container for container in self.containers if container.name == name), None)

    def with_container(self, container: Container) -> "Daemon":
        """This daemon with a container added, or in the place of the one with the same name."""
        if self.container(container.name) is None:
            return msgspec.structs.replace(self, containers=(*self.containers, container))
        replaced = tuple(container if held.name == container.name else held for held in self.containers)
        return msgspec.structs.replace(self, containers=replaced)

    def without_container(self, name: str) -> "Daemon":
        """This daemon without the container called `name`."""
        return msgspec.structs.replace(self, containers=tuple(held for held in self.containers if held.name != name))

    def gateway(self, container: Container, version: int) -> Endpoint | None:
        """The endpoint through which a running container has its default route of an IP version, and at which its ports are published.

        Of the networks that are not internal it is one with both IP versions, if there is any, and then the one whose name comes first
        (endpoint.Less in libnetwork/sandbox.go).
        """

        def place(held: Endpoint) -> tuple[bool, str]:
            return len(held.addresses) < 2, held.network

        networks = {network.name: network for network in self.networks}
        outwards = [held for held in container.endpoints if held.is_joined and not networks[held.network].internal]
        return min((held for held in outwards if (held.address6 if version == 6 else held.address)), key=place, default=None)

    def published_at(self, container: Container, version: int) -> Endpoint | None:
        """The endpoint that a running container's ports of an IP version belong to: the gateway's, or without any gateway the first."""
        if any(self.gateway(container, either) for either in (4, 6)):
            return self.gateway(container, version)
        return next((held for held in container.endpoints if (held.address6 if version == 6 else held.address)), None)

    def network_of(self, endpoint: Endpoint) -> Network:
        """The network of an endpoint. Raises StopIteration for one that is gone, which a stopped container may still name."""
        return next(network for network in self.networks if network.name == endpoint.network)

    def attachments(self) -> Iterator[Attachment]:
        """The endpoints of all running containers."""
        for container in self.containers:
            yield from self.attached(container)

    def attached(self, container: Container) -> Iterator[Attachment]:
        """The endpoints of a container that have an address."""
        published_at = {version: self.published_at(container, version) for version in (4, 6)}
        for held in (one for one in container.endpoints if one.is_joined):
            ports = tuple(port for port in container.ports if published_at[port.version] == held)
            yield Attachment(self.network_of(held), container, held, ports)

    def members(self, network: str) -> tuple[Attachment, ...]:
        """The endpoints of running containers on a network."""
        return tuple(held for held in self.attachments() if held.network.name == network)

    def namespace_of(self, container: Container) -> str | None:
        """The namespace that a running container lives in; None when that of the container whose namespace it shares is gone."""
        if container.mode == HOST:
            return HOST
        if container.shares is None:
            return container.name
        shared = self.container(container.shares)
        return self.namespace_of(shared) if shared is not None and shared.is_running else None
