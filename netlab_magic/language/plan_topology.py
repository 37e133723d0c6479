"""What each build statement means: from the topology as it is to the topology as it should be.

Every function here is pure. Statements converge because `between(now, desired)` is empty when nothing differs.
"""

import zlib
from collections.abc import Iterator
from ipaddress import ip_network
from typing import NoReturn

import msgspec

from netlab_magic.errors import Place, StatementError, Word, place_of
from netlab_magic.language import statements as s
from netlab_magic.model.topology import (
    HOST,
    INTERNET,
    End,
    Interface,
    Namespace,
    Route,
    Server,
    Topology,
    interface_address,
    network_of,
    parsed_address,
)
from netlab_magic.text import suggest

__all__ = ["desired", "host_end", "known_namespace"]

_OUTER_NETWORK = ("203.0.113.2/24", "203.0.113.1/24")
"""The addresses of the host's eth0 and of the internet's end: documentation addresses (RFC 5737), never routed for real."""

OUTER_NETWORK_6 = ("2001:db8:203:113::2/64", "2001:db8:203:113::1/64")
"""The same for IPv6 (RFC 3849)."""

_INTERNET = ("8.8.8.8", "2001:4860:4860::8888")
"""What the internet answers at where nobody says."""


def host_end(namespace: str) -> str:
    """The name of the host's end of a namespace's veth pair: `veth-NAME`, cut to the kernel's 15 characters when too long.

    >>> host_end("ns0"), host_end("frontend-web-01")
    ('veth-ns0', 'veth-front-0ebb')
    """
    name = f"veth-{namespace}"
    return name if len(name) <= 15 else f"veth-{namespace[:5]}-{zlib.crc32(namespace.encode()) & 0xFFFF:04x}"


def desired(topology: Topology, statement: s.Build) -> Topology:
    """The topology after `statement`. Raises StatementError, at the word that is wrong, when it cannot be."""
    match statement:
        case s.Bridge():
            return _bridge(topology, statement)
        case s.NetworkNamespace():
            return _namespace(topology, statement)
        case s.Link():
            return _link(topology, statement)
        case s.Internet():
            return _internet(topology, statement)
        case s.RouteVia():
            return _route(topology, statement)
        case s.Serve():
            return _serve(topology, statement)
        case s.Sysctl():
            return _sysctl(topology, statement)
        case s.Delete():
            for name in statement.names:
                topology = _delete(topology, name)
            return topology
    raise TypeError(f"not a build statement: {statement!r}")


def refuse(message: str, word: str, place: Place | None = None) -> NoReturn:
    """Raises StatementError at a word, or at the statement when the word did not come from a cell."""
    raise StatementError(message, place_of(word) or place)


def known_namespace(topology: Topology, name: str) -> Namespace:
    """The namespace called `name`. Raises StatementError when there is none."""
    namespace = topology.namespaces.get(name)
    if namespace is None:
        refuse(f"there is no namespace {name}{suggest(name, topology.namespaces)}", name)
    return namespace


def _known_bridge(topology: Topology, name: str) -> Interface:
    bridge = topology.host.interface(name)
    if bridge is None or bridge.kind != "bridge":
        what = "no bridge" if bridge is None else f"a {bridge.kind or 'device'}, not a bridge, called"
        bridges = [bridge.name for bridge in topology.host.bridges]
        refuse(f"there is {what} {name}{suggest(name, bridges) or '; make one with: bridge ' + str(name)}", name)
    return bridge


def _unused(topology: Topology, cidr: str, end: End) -> None:
    """Refuses an address that another interface has, or that lies in another interface's network with another prefix length."""
    owner = topology.owner(cidr.partition("/")[0])
    if owner and owner != end:
        refuse(f"{cidr.partition('/')[0]} is already the address of {owner}; give another one", cidr)


def _with_addresses(topology: Topology, end: End, cidrs: tuple[str, ...]) -> Topology:
    """The topology with exactly `cidrs` on the interface at `end`, and without the routes that lose their gateway thereby."""
    texts = tuple(str(interface_address(str(cidr))) for cidr in cidrs)
    for index, cidr in enumerate(cidrs):
        _unused(topology, cidr, end)
        if texts[index] in texts[:index]:
            refuse(f"{cidr} is given twice", cidr)
    namespace = topology.namespaces[end.namespace]
    interface = namespace.interface(end.interface)
    if interface is None or set(interface.addresses) == set(texts):
        return topology
    changed = namespace.with_interface(msgspec.structs.replace(interface, addresses=texts))
    return topology.with_namespace(msgspec.structs.replace(changed, routes=tuple(_reachable(changed))))


def _reachable(namespace: Namespace) -> Iterator[Route]:
    for route in namespace.routes:
        if route.via is None or _connected(namespace, route.via):
            yield route


def _connected(namespace: Namespace, address: str) -> Interface | None:
    """The interface in whose network `address` lies, or None."""
    wanted = parsed_address(str(address))
    for interface in namespace.interfaces:
        if any(wanted in parsed.network for parsed in interface.parsed()):
            return interface
    return None


def _bridge(topology: Topology, statement: s.Bridge) -> Topology:
    name = str(statement.name)
    known = topology.host.interface(name)
    if known and known.kind != "bridge":
        refuse(f"{name} is already a {known.kind or 'device'} of the host", statement.name)
    if known is None:
        topology = topology.with_namespace(topology.host.with_interface(Interface(name, "bridge")))
    topology = _raised(topology, HOST, name)
    return _with_addresses(topology, End(HOST, name), statement.cidrs) if statement.cidrs else topology


def _namespace(topology: Topology, statement: s.NetworkNamespace) -> Topology:
    name = str(statement.name)
    if name not in topology.namespaces:
        topology = topology.with_namespace(Namespace(name, (Interface("lo", "loopback", ("127.0.0.1/8",)),)))
    topology = _raised(topology, name, "lo")
    if statement.on is not None:
        _inside_network(_known_bridge(topology, statement.on), statement.cidrs)
        topology = _plugged(topology, name, str(statement.on), statement.on)
    eth0 = topology.namespaces[name].interface("eth0")
    if statement.cidrs:
        if eth0 is None:
            refuse(f"{name} has no interface for {statement.cidrs[0]}; say on which bridge: … on BRIDGE", statement.cidrs[0])
        topology = _with_addresses(topology, End(name, "eth0"), statement.cidrs)
    return _default_route(topology, name, statement)


def _raised(topology: Topology, namespace: str, interface: str) -> Topology:
    """The topology with an interface up."""
    known = topology.namespaces[namespace].interface(interface)
    if known is None or known.up:
        return topology
    up = msgspec.structs.replace(known, up=True)
    return topology.with_namespace(topology.namespaces[namespace].with_interface(up))


def _inside_network(bridge: Interface, cidrs: tuple[str, ...]) -> None:
    """Refuses an address that is in none of the bridge's networks of its IP version, when the bridge has any."""
    for cidr in cidrs:
        mine = interface_address(str(cidr))
        networks = [parsed.network for parsed in bridge.parsed() if parsed.version == mine.version]
        if networks and not any(mine.ip in network for network in networks):
            refuse(f"{cidr} lies outside the network of {bridge.name}, {', '.join(map(str, networks))}", cidr)


def _plugged(topology: Topology, name: str, bridge: str, word: str) -> Topology:
    """The topology with eth0 of a namespace in a bridge of the host."""
    eth0 = topology.namespaces[name].interface("eth0")
    if eth0 is None:
        outer = host_end(name)
        if topology.host.interface(outer):
            refuse(f"the host already has an interface {outer}, which {name} needs", word)
        inner_end, outer_end = End(name, "eth0"), End(HOST, outer)
        topology = topology.with_namespace(topology.namespaces[name].with_interface(Interface("eth0", peer=outer_end)))
        return topology.with_namespace(topology.host.with_interface(Interface(outer, master=bridge, peer=inner_end)))
    if eth0.peer is None or eth0.peer.namespace != HOST:
        refuse(f"eth0 of {name} is linked to {eth0.peer or 'something else'}, not to the host; delete it first", word)
    port = topology.interface(eth0.peer)
    if port is None or (port.master == bridge and port.up):
        return topology
    return topology.with_namespace(topology.host.with_interface(msgspec.structs.replace(port, master=bridge, up=True)))


def _default_route(topology: Topology, name: str, statement: s.NetworkNamespace) -> Topology:
    namespace = topology.namespaces[name]
    gateways = _first_gateways(topology, namespace, statement)
    if statement.via:
        gateways[parsed_address(str(statement.via)).version] = str(statement.via)
    for via in gateways.values():
        interface = _connected(namespace, via)
        if interface is None:
            refuse(f"the gateway {via} is in none of the networks of {name}{_networks(namespace)}", statement.via or "", statement.place)
        namespace = _routed(namespace, Route("default", via, interface.name))
    return topology.with_namespace(namespace)


def _networks(namespace: Namespace) -> str:
    found = [network_of(cidr) for interface in namespace.interfaces for cidr in interface.addresses if interface.kind != "loopback"]
    return f", {', '.join(found)}" if found else " (it has none)"


def _first_gateways(topology: Topology, namespace: Namespace, statement: s.NetworkNamespace) -> dict[int, str]:
    """The bridge's first address of each IP version that the namespace can reach, for a namespace put on a bridge."""
    bridge = topology.host.interface(str(statement.on)) if statement.on is not None else None
    reached = [held for held in bridge.parsed() if _connected(namespace, str(held.ip))] if bridge else []
    found: dict[int, str] = {}
    for held in reached:
        found.setdefault(held.version, str(held.ip))
    return found


def _routed(namespace: Namespace, route: Route) -> Namespace:
    """The namespace with `route`, in the place of another one to the same destination."""
    if route in namespace.routes:
        return namespace
    version = parsed_address(route.via or "0.0.0.0").version
    kept = tuple(
        old for old in namespace.routes if old.destination != route.destination or (old.via and parsed_address(old.via).version != version)
    )
    return msgspec.structs.replace(namespace, routes=(*kept, route))


def _link(topology: Topology, statement: s.Link) -> Topology:
    left, right = statement.left, statement.right
    for side in (left, right):
        known_namespace(topology, side.namespace)
    if left.namespace == right.namespace and left.device is None:
        refuse("a link from a namespace to itself needs the names of both ends, such as a:x -- a:y", left.namespace)
    ends = _existing_link(topology, left, right)
    if ends is None:
        ends = _free_end(topology, left, right), _free_end(topology, right, left)
        if ends[0] == ends[1]:
            refuse(f"both ends would be {ends[0]}; name them differently", right.device or right.namespace)
        for end, peer in (ends, ends[::-1]):
            topology = topology.with_namespace(topology.namespaces[end.namespace].with_interface(Interface(end.interface, peer=peer)))
    for side, end in zip((left, right), ends, strict=True):
        if side.cidrs:
            topology = _with_addresses(topology, end, side.cidrs)
    return topology


def _existing_link(topology: Topology, left: s.LinkEnd, right: s.LinkEnd) -> tuple[End, End] | None:
    for one, other in topology.links():
        for near, far in ((one, other), (other, one)):
            if (near.namespace, far.namespace) == (left.namespace, right.namespace) and (
                left.device in (None, near.interface) and right.device in (None, far.interface)
            ):
                return near, far
    return None


def _free_end(topology: Topology, side: s.LinkEnd, other: s.LinkEnd) -> End:
    namespace = topology.namespaces[side.namespace]
    if side.device is not None:
        if namespace.interface(side.device):
            refuse(f"{side.namespace} already has an interface {side.device}, linked elsewhere", side.device)
        return End(str(side.namespace), str(side.device))
    if side.namespace == HOST:
        name = host_end(str(other.namespace))
        if namespace.interface(name):
            refuse(f"the host already has an interface {name}; name this end: host:NAME", side.namespace)
        return End(HOST, name)
    free = next(number for number in range(4096) if namespace.interface(f"eth{number}") is None)
    return End(str(side.namespace), f"eth{free}")


def _internet(topology: Topology, statement: s.Internet) -> Topology:
    addresses = tuple(str(address) for address in statement.addresses)
    if INTERNET not in topology.namespaces:
        addresses = addresses or _INTERNET
        topology = _with_uplink(topology, statement)
    if not addresses:
        return topology
    if any(parsed_address(address).version == 6 for address in addresses):
        topology = _led_out(topology, *OUTER_NETWORK_6)
    cidrs = ["127.0.0.1/8"]
    for word, address in zip(statement.addresses or addresses, addresses, strict=True):
        cidr = f"{address}/{parsed_address(address).max_prefixlen}"
        _unused(topology, Word(cidr, place) if (place := place_of(word)) else cidr, End(INTERNET, "lo"))
        cidrs.append(cidr)
    namespace = topology.namespaces[INTERNET]
    lo = namespace.interface("lo") or Interface("lo", "loopback")
    if set(lo.addresses) - {"::1/128"} == set(cidrs):
        return topology
    return topology.with_namespace(namespace.with_interface(msgspec.structs.replace(lo, addresses=tuple(cidrs))))


def _with_uplink(topology: Topology, statement: s.Internet) -> Topology:
    """The topology with a namespace for the internet, and a cable from there to the host's eth0."""
    outer, inner = End(HOST, "eth0"), End(INTERNET, "eth0")
    if topology.host.interface("eth0"):
        refuse("the host already has an eth0, which the internet needs", "", statement.place)
    topology = topology.with_namespace(Namespace(INTERNET, (Interface("lo", "loopback", ("127.0.0.1/8",)), Interface("eth0", peer=outer))))
    topology = topology.with_namespace(topology.host.with_interface(Interface("eth0", peer=inner)))
    return _led_out(topology, *_OUTER_NETWORK)


def _led_out(topology: Topology, own: str, far: str) -> Topology:
    """The topology with these addresses on the host's uplink and on its far end, and a default route there, unless they have them."""
    for end, cidr in ((End(HOST, "eth0"), own), (End(INTERNET, "eth0"), far)):
        device = topology.interface(end)
        if device is None or cidr in device.addresses:
            return topology
        addressed = msgspec.structs.replace(device, addresses=(*device.addresses, cidr))
        topology = topology.with_namespace(topology.namespaces[end.namespace].with_interface(addressed))
    return topology.with_namespace(_routed(topology.host, Route("default", far.partition("/")[0], "eth0")))


def _route(topology: Topology, statement: s.RouteVia) -> Topology:
    namespace = known_namespace(topology, statement.namespace)
    interface = _connected(namespace, statement.via)
    if interface is None:
        refuse(f"the gateway {statement.via} is in none of the networks of {namespace.name}{_networks(namespace)}", statement.via)
    destination = str(statement.destination)
    if destination in ("0.0.0.0/0", "::/0"):
        destination = "default"
    if destination != "default" and ip_network(destination).version != parsed_address(str(statement.via)).version:
        refuse(f"{destination} and {statement.via} are of different IP versions", statement.via)
    return topology.with_namespace(_routed(namespace, Route(destination, str(statement.via), interface.name)))


def _serve(topology: Topology, statement: s.Serve) -> Topology:
    namespace = known_namespace(topology, statement.namespace)
    server = Server(namespace.name, statement.port, statement.protocol, statement.kind)
    if server in topology.servers:
        return topology
    others = tuple(old for old in topology.servers if str(old) != str(server))
    return msgspec.structs.replace(topology, servers=(*others, server))


def _sysctl(topology: Topology, statement: s.Sysctl) -> Topology:
    namespace = known_namespace(topology, statement.namespace)
    if namespace.sysctls.get(str(statement.key)) == statement.value:
        return topology
    return topology.with_namespace(
        msgspec.structs.replace(namespace, sysctls={**namespace.sysctls, str(statement.key): str(statement.value)})
    )


def _delete(topology: Topology, name: str) -> Topology:
    servers = {str(server): server for server in topology.servers}
    interfaces = {interface.name: interface for interface in topology.host.interfaces if interface.kind != "loopback"}
    if name == HOST:
        refuse("the host cannot be deleted; end the lab with: down", name)
    if str(name) in topology.namespaces:
        return topology.without_namespace(str(name))
    if str(name) in servers:
        kept = tuple(server for server in topology.servers if server != servers[str(name)])
        return msgspec.structs.replace(topology, servers=kept)
    if str(name) not in interfaces:
        things = [*(key for key in topology.namespaces if key != HOST), *interfaces, *servers]
        refuse(f"there is nothing called {name}{suggest(name, things)}", name)
    peer = interfaces[str(name)].peer
    topology = topology.with_namespace(topology.host.without_interface(str(name)))
    if peer and peer.namespace in topology.namespaces:
        topology = topology.with_namespace(topology.namespaces[peer.namespace].without_interface(peer.interface))
    return topology
