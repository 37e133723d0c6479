"""The effect of each change on a simulated lab, with the kernel's side effects: routes and addresses go with their device."""


from collections.abc import Iterator
from ipaddress import ip_address, ip_interface

import msgspec

from netlab_magic.engines.simulated.route_order import network_of_route, place_among_routes
from netlab_magic.engines.simulated.sysctls import written
from netlab_magic.engines.simulated.world import World, hardware_address, loopback
from netlab_magic.model import changes as c
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Route, Server

__all__ = [
    "EXISTS",
    "INVALID",
    "MISSING",
    "UNREACHABLE",
    "KernelSaysNo",
    "applied",
    "moved",
]


def applied(world: World, change: c.Change) -> World:
    """The lab after a change. Raises KernelSaysNo."""
    match change:
        case c.AddNamespace(name):
            return _new_namespace(world, name)
        case c.DeleteNamespace(name):
            return _without_namespace(world, name)
        case c.AddLink(namespace, name, kind):
            return _new_link(world, End(namespace, name), kind)
        case c.AddVeth(left, right, right_up):
            return _new_pair(world, left, right, right_up)
        case c.DeleteLink(namespace, name):
            return _without_link(world, End(namespace, name))
        case c.SetLink(namespace, name, master, up):
            return _set_link(world, End(namespace, name), master, up)
        case c.SetHairpin(namespace, name, on):
            return _settled(world.with_device(namespace, msgspec.structs.replace(_device_of(world, End(namespace, name)), hairpin=on)))
        case c.AddAddress(namespace, name, cidr):
            return _new_address(world, End(namespace, name), cidr)
        case c.DeleteAddress(namespace, name, cidr):
            return _without_address(world, End(namespace, name), cidr)
        case c.AddRoute(namespace, route):
            return _new_route(world, namespace, route)
        case c.DeleteRoute(namespace, route):
            return _without_route(world, namespace, route)
        case c.SetSysctl(namespace, key, value):
            return _set_sysctl(world, namespace, key, value)
        case c.StartServer(server):
            return _new_server(world, server)
        case c.StopServer(server):
            return _with_servers(world, tuple(other for other in world.topology.servers if other != server))


def _namespace(world: World, name: str) -> Namespace:
    found = world.topology.namespaces.get(name)
    if found is None:
        raise KernelSaysNo((MISSING[0], f"there is no namespace {name}"))
    return found


def _device_of(world: World, end: End) -> Interface:
    """A device. Raises KernelSaysNo if it does not exist."""
    found = _namespace(world, end.namespace).interface(end.interface)
    if found is None:
        raise KernelSaysNo(_DEVICE_MISSING)
    return found


def _new_namespace(world: World, name: str) -> World:
    """A namespace whose lo is up, as the statements of a cell create it."""
    if name in world.topology.namespaces:
        raise KernelSaysNo(EXISTS)
    made = msgspec.structs.replace(world, numbers={**world.numbers, name: 1})
    return made.with_namespace(Namespace(name, (loopback(up=True),)))


def _without_namespace(world: World, name: str) -> World:
    if name == HOST:
        raise KernelSaysNo(INVALID)
    _namespace(world, name)
    left = msgspec.structs.replace(
        world,
        topology=world.topology.without_namespace(name),
        rules={key: value for key, value in world.rules.items() if key[0] != name},
        nft={key: value for key, value in world.nft.items() if key != name},
        neighbours={key: value for key, value in world.neighbours.items() if key != name},
        tracked={key: value for key, value in world.tracked.items() if key != name},
        numbers={key: value for key, value in world.numbers.items() if key != name},
        seen={key: {other: number for other, number in held.items() if other != name} for key, held in world.seen.items() if key != name},
    )
    return _settled(left)


def _next_number(world: World, namespace: str) -> int:
    taken = {device.index for device in world.topology.namespaces[namespace].interfaces}
    number = world.numbers.get(namespace, 1) + 1
    while number in taken:
        number += 1
    return number


def _with_new_device(world: World, end: End, kind: str, peer: End | None = None, up: bool = True) -> World:
    if _namespace(world, end.namespace).interface(end.interface):
        raise KernelSaysNo(EXISTS)
    number = _next_number(world, end.namespace)
    device = Interface(end.interface, kind, up=up, peer=peer, index=number, mac=hardware_address(world.made, end))
    counted = msgspec.structs.replace(world, made=world.made + 1, numbers={**world.numbers, end.namespace: number})
    return counted.with_device(end.namespace, device)


def _new_link(world: World, end: End, kind: str) -> World:
    return _settled(_with_new_device(world, end, kind))


def _new_pair(world: World, left: End, right: End, right_up: bool) -> World:
    _namespace(world, right.namespace)
    if left == right or _namespace(world, right.namespace).interface(right.interface):
        raise KernelSaysNo(EXISTS)
    _namespace(world, left.namespace)
    made = _with_new_device(world, right, "veth", left, right_up)  # the peer comes first (veth_newlink)
    made = _with_new_device(made, left, "veth", right)
    return _settled(_acquainted(made, left.namespace, right.namespace))


def _acquainted(world: World, one: str, other: str) -> World:
    """Two namespaces that share a link have a number (nsid) for each other, which `ip` shows."""
    if one == other:
        return world
    seen = dict(world.seen)
    for mine, theirs in ((one, other), (other, one)):
        held = seen.get(mine, {})
        if theirs not in held:
            seen[mine] = {**held, theirs: next(number for number in range(len(held) + 1) if number not in held.values())}
    return msgspec.structs.replace(world, seen=seen)


def _without_link(world: World, end: End) -> World:
    """Deletes a device and its peer; it may already have gone with a namespace."""
    namespace = _namespace(world, end.namespace)
    device = namespace.interface(end.interface)
    if device is None:
        return world
    if device.kind == "loopback":
        raise KernelSaysNo((95, "Operation not supported"))
    for gone in filter(None, (end, device.peer)):
        if gone.namespace in world.topology.namespaces:
            held = world.topology.namespaces[gone.namespace].without_interface(gone.interface)
            sysctls = {key: value for key, value in held.sysctls.items() if f".conf.{gone.interface}." not in key}
            world = world.with_namespace(msgspec.structs.replace(held, sysctls=sysctls))
    return _settled(world)


def _set_link(world: World, end: End, master: str | None, up: bool) -> World:
    device = _device_of(world, end)
    if master:
        above = _namespace(world, end.namespace).interface(master)
        if above is None:
            raise KernelSaysNo(_DEVICE_MISSING)
        if above.kind != "bridge":
            raise KernelSaysNo((95, "Operation not supported"), "Device does not allow enslaving to a master device")
        if device.kind in ("bridge", "loopback"):
            raise KernelSaysNo((40, "Too many levels of symbolic links") if device.kind == "bridge" else INVALID)
    hairpin = device.hairpin and master == device.master
    addresses = device.addresses
    if device.kind == "loopback" and up and not addresses:
        addresses = ("127.0.0.1/8",)
    changed = msgspec.structs.replace(device, master=master, up=up, hairpin=hairpin, addresses=addresses)
    world = world.with_device(end.namespace, changed)
    if not up:  # the routes through a device that goes down are gone (fib_sync_down_dev)
        namespace = world.topology.namespaces[end.namespace]
        left = tuple(route for route in namespace.routes if route.device != end.interface)
        world = world.with_namespace(msgspec.structs.replace(namespace, routes=left))
    return _settled(world)


def moved(world: World, end: End, to: End) -> World:
    """Moves a device to another namespace or renames it: it goes down and loses its master, addresses and routes."""
    device = _device_of(world, end)
    there = _namespace(world, to.namespace)
    if there.interface(to.interface):
        raise KernelSaysNo(EXISTS)
    namespace = world.topology.namespaces[end.namespace]
    if end.namespace == to.namespace:
        changed = msgspec.structs.replace(device, name=to.interface)
        world = world.with_namespace(_renamed(namespace, changed, end.interface))
    else:
        free = all(held.index != device.index for held in there.interfaces)
        index = device.index if free else _next_number(world, to.namespace)
        changed = msgspec.structs.replace(device, name=to.interface, up=False, master=None, addresses=(), index=index, hairpin=False)
        world = world.with_namespace(namespace.without_interface(end.interface)).with_device(to.namespace, changed)
    if device.peer:
        far = _device_of(world, device.peer)
        world = world.with_device(device.peer.namespace, msgspec.structs.replace(far, peer=to))
        world = _acquainted(world, to.namespace, device.peer.namespace)
    return _settled(world)


def _renamed(namespace: Namespace, device: Interface, old: str) -> Namespace:
    """A namespace in which a device has another name, which its ports and routes follow."""

    def following(held: Interface) -> Interface:
        if held.name == old:
            return device
        return msgspec.structs.replace(held, master=device.name) if held.master == old else held

    routes = tuple(msgspec.structs.replace(route, device=device.name) if route.device == old else route for route in namespace.routes)
    return msgspec.structs.replace(namespace, interfaces=tuple(map(following, namespace.interfaces)), routes=routes)


def _new_address(world: World, end: End, cidr: str) -> World:
    device = _device_of(world, end)
    address = str(ip_interface(cidr))
    if address in device.addresses:
        raise KernelSaysNo(EXISTS, f"ipv{ip_interface(cidr).version}: Address already assigned")
    changed = msgspec.structs.replace(device, addresses=(*device.addresses, address))
    return _settled(world.with_device(end.namespace, changed))


def _without_address(world: World, end: End, cidr: str) -> World:
    """Deletes an address; with a device's last IPv4 address go its IPv4 routes (fib_inetaddr_event() in net/ipv4/fib_frontend.c)."""
    device = _device_of(world, end)
    address = str(ip_interface(cidr))
    if address not in device.addresses:
        raise KernelSaysNo(_NO_ADDRESS, f"ipv{ip_interface(cidr).version}: Address not found")
    left = tuple(held for held in device.addresses if held != address)
    world = world.with_device(end.namespace, msgspec.structs.replace(device, addresses=left))
    namespace = world.topology.namespaces[end.namespace]
    if ":" in address or any(":" not in held for held in left):
        return _settled(world)
    routes = tuple(route for route in namespace.routes if (route.device, route.family) != (end.interface, "ipv4"))
    return _settled(world.with_namespace(msgspec.structs.replace(namespace, routes=routes)))


def _is_held(namespace: Namespace, route: Route) -> bool:
    """Whether the device of a route can still lead to its gateway; one without gateway needs an address of its family."""
    version = network_of_route(route).version
    device = namespace.interface(route.device or "")
    own = [held for held in device.parsed() if held.version == version] if device else []
    return any(ip_address(route.via) in held.network for held in own) if route.via else bool(own)


def _on_link(namespace: Namespace, address: str) -> Interface | None:
    wanted = ip_address(address)
    return next((held for held in namespace.interfaces if held.up and any(wanted in one.network for one in held.parsed())), None)


def _new_route(world: World, name: str, route: Route) -> World:
    """A route; its gateway must be in a network of a device that is up (fib_check_nh)."""
    namespace = _namespace(world, name)
    made = route if route.kind != "unicast" else _through_device(namespace, route)
    if any(network_of_route(held) == network_of_route(made) for held in (*namespace.routes, *_connected(namespace))):
        raise KernelSaysNo(EXISTS)
    four, six = ([held for held in (*namespace.routes, made) if network_of_route(held).version == version] for version in (4, 6))
    six.sort(key=lambda held: place_among_routes(network_of_route(held)))
    return world.with_namespace(msgspec.structs.replace(namespace, routes=(*four, *six)))


def _through_device(namespace: Namespace, route: Route) -> Route:
    """The route with its device."""
    device = namespace.interface(route.device) if route.device else None
    if route.device and device is None:
        raise KernelSaysNo(_DEVICE_MISSING)
    if route.via:
        towards = _on_link(namespace, route.via)
        if towards is None or (device and device.name != towards.name and not _is_held(namespace, route)):
            raise KernelSaysNo(UNREACHABLE, "Nexthop has invalid gateway")
        device = device or towards
    if device is None:
        raise KernelSaysNo(_DEVICE_MISSING)
    if not device.up:
        raise KernelSaysNo((100, "Network is down"), "Device for nexthop is not up")
    return msgspec.structs.replace(route, device=device.name)


def _connected(namespace: Namespace) -> Iterator[Route]:
    for device in namespace.interfaces:
        if device.up and device.kind != "loopback":
            yield from (Route(str(held.network), None, device.name) for held in device.parsed() if held.network.num_addresses > 1)


def _without_route(world: World, name: str, route: Route) -> World:
    namespace = _namespace(world, name)
    doomed = next(
        (
            held
            for held in namespace.routes
            if network_of_route(held) == network_of_route(route) and route.via in (None, held.via) and route.device in (None, held.device)
        ),
        None,
    )
    if doomed is None:
        raise KernelSaysNo(_NO_PROCESS)
    left = tuple(held for held in namespace.routes if held is not doomed)
    return world.with_namespace(msgspec.structs.replace(namespace, routes=left))


def _set_sysctl(world: World, name: str, key: str, value: str) -> World:
    namespace = _namespace(world, name)
    try:
        return world.with_namespace(msgspec.structs.replace(namespace, sysctls=written(namespace, key, value)))
    except KeyError:
        raise KernelSaysNo((MISSING[0], f"this kernel has no sysctl {key}")) from None
    except ValueError:
        raise KernelSaysNo(INVALID) from None


_EVERYWHERE = ("", "0.0.0.0", "::")
"""Where a server listens on all addresses, of both IP versions or of one."""


def _new_server(world: World, server: Server) -> World:
    namespace = _namespace(world, server.namespace)
    if server.address not in _EVERYWHERE and not _is_own(namespace, server.address):
        raise KernelSaysNo(_NO_ADDRESS)
    for held in world.topology.servers:
        same = (held.namespace, held.port, held.protocol) == (server.namespace, server.port, server.protocol)
        if same and (held.listens_on(server.address) or server.listens_on(held.address)):
            raise KernelSaysNo(_ADDRESS_IN_USE)
    return _with_servers(world, (*world.topology.servers, server))


def _with_servers(world: World, servers: tuple[Server, ...]) -> World:
    return msgspec.structs.replace(world, topology=msgspec.structs.replace(world.topology, servers=servers))


def _is_own(namespace: Namespace, address: str) -> bool:
    wanted = ip_address(address)
    return wanted.is_loopback or any(held.ip == wanted for device in namespace.interfaces for held in device.parsed())


def _settled(world: World) -> World:
    """The lab once its links have settled: a link has a signal when both ends are up, and a bridge the lowest address of its ports.

    Unanswered questions for hardware addresses are asked again.
    """
    topology = world.topology
    for namespace in topology.namespaces.values():
        devices = tuple(_with_signal(topology.interface(held.peer) if held.peer else None, held) for held in namespace.interfaces)
        devices = tuple(_as_bridge(held, [port for port in devices if port.master == held.name]) for held in devices)
        if devices != namespace.interfaces:
            world = world.with_namespace(msgspec.structs.replace(world.topology.namespaces[namespace.name], interfaces=devices))
    return msgspec.structs.replace(world, neighbours={})


def _with_signal(far: Interface | None, device: Interface) -> Interface:
    carrier = device.up and far is not None and far.up if device.kind == "veth" else True
    return device if device.carrier == carrier else msgspec.structs.replace(device, carrier=carrier)


def _as_bridge(device: Interface, ports: list[Interface]) -> Interface:
    if device.kind != "bridge" or not ports:
        return device
    carrier, mac = any(port.up and port.carrier for port in ports), min(port.mac for port in ports)
    same = (device.carrier, device.mac) == (carrier, mac)
    return device if same else msgspec.structs.replace(device, carrier=carrier, mac=mac)


# Numbers as Linux has them (include/uapi/asm-generic/errno*.h): those of another system would be other numbers.
MISSING = (2, "No such file or directory")

_NO_PROCESS = (3, "No such process")

EXISTS = (17, "File exists")

_DEVICE_MISSING = (19, "No such device")

INVALID = (22, "Invalid argument")

_ADDRESS_IN_USE = (98, "Address already in use")

_NO_ADDRESS = (99, "Cannot assign requested address")

UNREACHABLE = (101, "Network is unreachable")


class KernelSaysNo(Exception):
    """A change that the kernel would refuse. `detail` is what the kernel adds to the error's own text, if anything."""

    def __init__(self, error: tuple[int, str], detail: str = "") -> None:
        super().__init__(error[1])
        self.errno, self.message = error
        self.detail = detail
