"""What dockerd knows: networks, containers with their endpoints, published ports, and where its choices go on."""

from collections.abc import Iterator
from ipaddress import ip_network

import msgspec

from netlab_magic.docker.images import exposed_by
from netlab_magic.docker.releases import Release
from netlab_magic.language.docker_statements import Publish
from netlab_magic.model.topology import HOST

__all__ = ["ANY_ADDRESS", "DEFAULT_NETWORK", "Attachment", "Container", "Daemon", "Endpoint", "Network", "Published"]

ANY_ADDRESS = "0.0.0.0"
"""Where a port is published that names no address of the host: on all of them."""

DEFAULT_NETWORK = "bridge"
"""The name of the network that a container joins without `--network`; its bridge is docker0."""


class Published(msgspec.Struct, frozen=True):
    """A published port. `host_port` 0 means that nothing is bound on the host: the network is routed, not translated."""

    container_port: int
    host_port: int
    protocol: str = "tcp"
    host_address: str = ANY_ADDRESS

    @property
    def is_bound(self) -> bool:
        """Whether the port is translated from one of the host's."""
        return self.host_port != 0

    @property
    def on_loopback(self) -> bool:
        """Whether the port is published on a loopback address of the host only."""
        return self.host_address.startswith("127.")

    def __str__(self) -> str:
        arrow = f"{self.host_address}:{self.host_port}->" if self.is_bound else ""
        return f"{arrow}{self.container_port}/{self.protocol}"


class Endpoint(msgspec.Struct, frozen=True):
    """A container's place on a network: `address` is "" while the container does not run, `wanted` the address of `--ip`."""

    network: str
    address: str = ""
    wanted: str | None = None


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


class Network(msgspec.Struct, frozen=True):
    """A bridge network. `mode` is nat, nat-unprotected or routed; `source` is the address for SNAT in place of MASQUERADE.

    Addresses are given from `ip_range`, "" for all of the subnet; `binding` is the host's address at which ports are published that name
    none. `configured` tells that the subnet was asked for, without which docker takes no `--ip`.
    """

    name: str
    bridge: str
    subnet: str
    gateway: str
    internal: bool = False
    icc: bool = True
    mode: str = "nat"
    masquerade: bool = True
    source: str | None = None
    ip_range: str = ""
    binding: str = ANY_ADDRESS
    configured: bool = False

    @property
    def prefix(self) -> int:
        """The subnet's prefix length."""
        return ip_network(self.subnet).prefixlen

    @property
    def gateway_cidr(self) -> str:
        """The bridge's address with its prefix length."""
        return f"{self.gateway}/{self.prefix}"


class Attachment(msgspec.Struct, frozen=True):
    """A running container's endpoint with its network; `ports` are those of the one endpoint that leads to the default gateway."""

    network: Network
    container: Container
    address: str
    ports: tuple[Published, ...]

    @property
    def cidr(self) -> str:
        """The address with the prefix length of its network."""
        return f"{self.address}/{self.network.prefix}"


class Daemon(msgspec.Struct, frozen=True):
    """dockerd and what it has made. `backend` is iptables or nftables; `drops_forward` tells that it set FORWARD's policy to DROP,
    which dockerd does when it was itself that switched IP forwarding on; `policy_before` is what the policy was before.

    Containers are in the order of their last start. `next_pool` is the default address pool at which the search for a free one begins, in
    releases that go on where they were; `last_ports` the host's port that was chosen last, by address, protocol and range.
    """

    release: Release
    userland_proxy: bool = True
    backend: str = "iptables"
    drops_forward: bool = True
    policy_before: str = "ACCEPT"
    networks: tuple[Network, ...] = ()
    containers: tuple[Container, ...] = ()
    next_pool: int = 0
    last_ports: dict[str, int] = {}

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

    def gateway(self, container: Container) -> Endpoint | None:
        """The endpoint through which a running container has its default route, and at which its ports are published.

        Of the networks that are not internal it is the one whose name comes first (endpoint.Less in libnetwork/sandbox.go).
        """
        outwards = [held for held in container.endpoints if held.address and not self.network_of(held).internal]
        return min(outwards, key=lambda held: held.network, default=None)

    def published_at(self, container: Container) -> Endpoint | None:
        """The endpoint that a running container's ports belong to: the gateway's, or where there is none, the first."""
        return self.gateway(container) or next((held for held in container.endpoints if held.address), None)

    def network_of(self, endpoint: Endpoint) -> Network:
        """The network of an endpoint. Raises StopIteration for one that is gone, which a stopped container may still name."""
        return next(network for network in self.networks if network.name == endpoint.network)

    def attachments(self) -> Iterator[Attachment]:
        """The endpoints of all running containers."""
        for container in self.containers:
            yield from self.attached(container)

    def attached(self, container: Container) -> Iterator[Attachment]:
        """The endpoints of a container that have an address."""
        published_at = self.published_at(container)
        for held in (one for one in container.endpoints if one.address):
            yield Attachment(self.network_of(held), container, held.address, container.ports if held == published_at else ())

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
