"""What dockerd knows: networks, containers and published ports."""

from ipaddress import ip_network

import msgspec

from netlab_magic.docker.releases import Release

__all__ = ["ANY_ADDRESS", "DEFAULT_NETWORK", "Container", "Daemon", "Network", "Published"]

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


class Container(msgspec.Struct, frozen=True):
    """A container on one network."""

    name: str
    network: str
    address: str
    ports: tuple[Published, ...] = ()


class Network(msgspec.Struct, frozen=True):
    """A bridge network. `mode` is nat, nat-unprotected or routed; `source` is the address for SNAT in place of MASQUERADE."""

    name: str
    bridge: str
    subnet: str
    gateway: str
    internal: bool = False
    icc: bool = True
    mode: str = "nat"
    masquerade: bool = True
    source: str | None = None

    @property
    def gateway_cidr(self) -> str:
        """The bridge's address with its prefix length."""
        return f"{self.gateway}/{ip_network(self.subnet).prefixlen}"


class Daemon(msgspec.Struct, frozen=True):
    """dockerd and what it has made. `backend` is iptables or nftables; `drops_forward` tells that it set FORWARD's policy to DROP,
    which dockerd does when it was itself that switched IP forwarding on; `policy_before` is what the policy was before.
    """

    release: Release
    userland_proxy: bool = True
    backend: str = "iptables"
    drops_forward: bool = True
    policy_before: str = "ACCEPT"
    networks: tuple[Network, ...] = ()
    containers: tuple[Container, ...] = ()

    def network(self, name: str) -> Network | None:
        """The network called `name`, or None."""
        return next((network for network in self.networks if network.name == name), None)

    def container(self, name: str) -> Container | None:
        """The container called `name`, or None."""
        return next((container for container in self.containers if container.name == name), None)

    def members(self, network: str) -> tuple[Container, ...]:
        """The containers of a network."""
        return tuple(container for container in self.containers if container.network == network)

    def network_of(self, container: Container) -> Network:
        """The network that a container is on."""
        return next(network for network in self.networks if network.name == container.network)
