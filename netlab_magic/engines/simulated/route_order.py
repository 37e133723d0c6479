"""The order in which the kernel lists routes."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from netlab_magic.model.topology import Route

__all__ = ["network_of_route", "place_among_routes"]


def network_of_route(route: Route) -> IPv4Network | IPv6Network:
    """The destination of a route; a default route is of the IP version of its gateway."""
    everything = "::/0" if ":" in (route.via or "") else "0.0.0.0/0"
    return ip_network(everything if route.destination == "default" else route.destination, strict=False)


def place_among_routes(network: IPv4Network | IPv6Network) -> tuple[bool, str, int]:
    """For sorting destinations: in IPv6 the more specific come before the less specific (fib6_walk_continue)."""
    if network.version == 6:
        return True, f"{int(network.network_address):0128b}"[: network.prefixlen] + "2", 0
    return network.prefixlen > 0, f"{int(network.network_address):032b}", network.prefixlen
