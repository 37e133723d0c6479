"""Puts a placeholder host for an address where the host's routes lead: on a bridge, at the other end of a cable, behind a gateway."""

from collections.abc import Iterable
from ipaddress import ip_address

import msgspec

from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.language.plan_topology import host_end
from netlab_magic.model.device_names import is_named_like_card
from netlab_magic.model.topology import HOST, End, Interface, Namespace, Route, Topology, uncertain
from netlab_magic.netfilter.routing import NextHop, Routing, host_of

__all__ = ["Placing", "gateway_on", "hop_to", "is_outer", "only_way_out", "place"]


class Placing(msgspec.Struct, frozen=True):
    """How a placeholder host is put into the network.

    `entry` is the device that its packets come in through, "" for the one that the host's routes lead to. `towards` is the address that it
    sends to: if the host would send that out where it came from, the placeholder uses the gateway there, not the host. `unreturned` are
    addresses that it has no route to. With `outside`, it is behind the network card of a bridge, not one of the guests. A machine that
    `receives` answers through the gateway there, if the host has one on that side.
    """

    entry: str = ""
    towards: str = ""
    unreturned: tuple[str, ...] = ()
    outside: bool = False
    receives: bool = False


def hop_to(topology: Topology, address: str) -> NextHop | None:
    """The host's next hop on the way to an address; None without a route, and for its own addresses."""
    found = Routing(host_of(topology), ":" in address).route(number_of(address))
    return None if found is None or found.local else found


def gateway_on(topology: Topology, device: str, six: bool) -> str:
    """The gateway of the host's default route if that leads out of this device, "" if there is none."""
    for route in topology.host.routes:
        if route.destination in ("default", "::/0") and (route.family == "ipv6") == six:
            hop = hop_to(topology, route.via) if route.via else None
            if route.via and device in (route.device, hop.device if hop and not route.device else ""):
                return route.via
    return ""


def is_outer(topology: Topology, device: str, six: bool) -> bool:
    """Whether the host's default route leads out of this device, so that machines behind it have other gateways than the host."""
    if gateway_on(topology, device, six):
        return True
    defaults = (route for route in topology.host.routes if route.destination in ("default", "::/0"))
    return any(route.device == device and (route.family == "ipv6") == six for route in defaults)


def only_way_out(host: Namespace) -> Interface | None:
    """The only device that can lead to other hosts if no route says which."""
    found = [held for held in host.interfaces if held.up and held.kind not in ("loopback", "bridge", "veth") and not held.master]
    return found[0] if len(found) == 1 else None


def place(topology: Topology, name: str, address: str, placing: Placing) -> Topology:
    """The topology with a placeholder host; unchanged if the host has no device for it."""
    return _Placement(topology, name, address, placing).taken()


class _Placement:
    """Adds one placeholder host to a topology."""

    def __init__(self, topology: Topology, name: str, address: str, placing: Placing) -> None:
        self.topology = topology
        self.name = name
        self.address = address
        self.placing = placing
        self.six = ":" in address
        self.width = 128 if self.six else 32

    def taken(self) -> Topology:
        hop = hop_to(self.topology, self.address)
        host = self.topology.host
        device = host.interface(self.placing.entry or (hop.device if hop else "")) or (None if hop else only_way_out(host))
        device = device and self.with_signal(device)
        if device is None:
            return self.topology
        gateway = self.address
        if hop is not None and hop.device == device.name:
            gateway = shown(hop.next, self.six)
        elif self.placing.entry and not self.is_near(device):
            gateway = gateway_on(self.topology, device.name, self.six) or self.address
        if gateway == self.address:
            self.attach(device, self.name, self.address)
        else:
            self.behind(device, gateway)
            for other in hop.others if hop and hop.device == device.name else ():
                self.reach_by(other)
        return self.topology

    def is_near(self, device: Interface) -> bool:
        """Whether its address is in a network of the device."""
        number = ip_address(self.address)
        return any(number in held.network for held in device.parsed() if held.version == number.version)

    def with_signal(self, device: Interface) -> Interface | None:
        """The device, or another one with the same network if this one has no carrier; a sender's has one by now."""
        if device.carrier:
            return device
        networks = {held.network for held in device.parsed()}
        others = (held for held in self.topology.host.interfaces if held.up and held.carrier)
        other = next((held for held in others if networks & {one.network for one in held.parsed()}), None)
        return other or (device if self.placing.towards else None)

    def attach(self, device: Interface, name: str, address: str) -> None:
        """Adds a namespace on a device of the host, as its peer or as one more machine behind it, with a default route to the host.

        On the way out, machines have the same gateway as the host: what they receive they answer through it, and what they send to a place
        on the same side of the host too.
        """
        length, back = self.back_to(device, address)
        gateway = gateway_on(self.topology, device.name, self.six)
        if name == self.name and gateway and gateway != address and (self.placing.receives or self.stays_on(device)):
            if self.topology.owner(gateway) is None:
                self.attach(device, gateway, gateway)
            self.let_forward(gateway)
            back = gateway
        self.add(name, Interface("eth0", addresses=(f"{address}/{length}",)), back)
        self.wire(self.topology.host.interface(device.name) or device, End(name, "eth0"), outside=name != self.name or self.placing.outside)

    def stays_on(self, device: Interface) -> bool:
        """Whether what it sends would leave the host through the device that it came in by."""
        if not self.placing.towards or self.placing.entry:
            return False
        hop = hop_to(self.topology, self.placing.towards)
        return hop is not None and hop.device == device.name

    def let_forward(self, gateway: str) -> None:
        owner = self.topology.owner(gateway)
        if owner is not None and owner.namespace != HOST:
            held = self.topology.namespaces[owner.namespace]
            sysctls = {**held.sysctls, "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}
            self.topology = self.topology.with_namespace(msgspec.structs.replace(held, sysctls=sysctls))

    def back_to(self, device: Interface, address: str) -> tuple[int, str | None]:
        """The prefix length for a machine on a device, and the host's address there, its default gateway; a host answers on each of its
        devices for all of its addresses.
        """
        number = ip_address(address)
        own = [held for held in device.parsed() if held.version == number.version]
        near = next((held for held in own if number in held.network), None)
        if near:
            return near.network.prefixlen, str(near.ip)
        others = (held for one in self.topology.host.interfaces if one.kind != "loopback" for held in one.parsed())
        any_own = next((held for held in (*own, *others) if held.version == number.version and not held.is_loopback), None)
        return number.max_prefixlen, str(any_own.ip) if any_own else None

    def behind(self, device: Interface, gateway: str) -> None:
        """Adds a namespace behind a gateway, over an unnumbered link; the gateway is added too if no namespace has its address."""
        owner = self.topology.owner(gateway)
        router = owner.namespace if owner else gateway
        if owner is None:
            self.attach(device, router, gateway)
        self.let_forward(gateway)
        port = _free(self.topology.namespaces[router], "to")
        self.add(self.name, Interface("eth0", addresses=(f"{self.address}/{self.width}",), peer=End(router, port)), gateway)
        held = self.topology.namespaces[router].with_interface(Interface(port, peer=End(self.name, "eth0")))
        routes = (*held.routes, Route(f"{self.address}/{self.width}", None, port))
        self.topology = self.topology.with_namespace(msgspec.structs.replace(held, routes=routes))

    def reach_by(self, hop: NextHop) -> None:
        """One more gateway that it is behind, as one of several next hops of the host's route; it answers the networks there that way."""
        device, gateway = self.topology.host.interface(hop.device), shown(hop.next, self.six)
        if device is None or gateway == self.address or self.name not in self.topology.namespaces:
            return
        owner = self.topology.owner(gateway)
        if owner is None:
            self.attach(device, gateway, gateway)
        self.let_forward(gateway)
        router = self.topology.namespaces[owner.namespace if owner else gateway]
        port, inner = _free(router, "to"), _free(self.topology.namespaces[self.name], "eth")
        own = Route(f"{self.address}/{self.width}", None, port)
        self.topology = self.topology.with_namespace(
            msgspec.structs.replace(router.with_interface(Interface(port, peer=End(self.name, inner))), routes=(*router.routes, own))
        )
        held = self.topology.namespaces[self.name]
        networks = [str(one.network) for one in device.parsed() if (one.version == 6) == self.six]
        routes = (*held.routes, *(Route(network, gateway, inner) for network in networks))
        wired = held.with_interface(Interface(inner, peer=End(router.name, port)))
        self.topology = self.topology.with_namespace(msgspec.structs.replace(wired, routes=routes))

    def add(self, name: str, eth0: Interface, gateway: str | None) -> None:
        lo = Interface("lo", "loopback", ("127.0.0.1/8",))
        routes = [Route("::/0" if self.six else "default", gateway, "eth0")]
        if name == self.name:
            lost = (address for address in self.placing.unreturned if (":" in address) == self.six)
            routes += [Route(f"{address}/{self.width}", kind="throw") for address in lost]
        self.topology = self.topology.with_namespace(Namespace(name, (lo, eth0), tuple(routes), answers_all=True))

    def wire(self, device: Interface, end: End, *, outside: bool) -> None:
        """Connects a namespace to a device of the host: as a port of a bridge, as the other end of a cable, or to the switch behind it."""
        host = self.topology.host
        if device.kind == "bridge":
            cards = [port for port in host.ports(device.name) if is_card(port)]
            if outside and cards:
                self.wire(cards[0], end, outside=False)
                return
            self.link(HOST, msgspec.structs.replace(self.port_for(device), master=device.name), end)
        elif device.peer is None or self.topology.interface(device.peer) is None:
            self.link(HOST, device, end)
        else:
            switch = self.switch(device)
            port = Interface(_free(self.topology.namespaces[switch], "port"), master="switch")
            self.link(switch, port, end)

    def link(self, namespace: str, interface: Interface, end: End) -> None:
        """Sets both ends of a link."""
        there = self.topology.namespaces[namespace]
        self.topology = self.topology.with_namespace(there.with_interface(msgspec.structs.replace(interface, peer=end)))
        far = self.topology.namespaces[end.namespace]
        held = far.interface(end.interface)
        assert held is not None
        peer = End(namespace, interface.name)
        self.topology = self.topology.with_namespace(far.with_interface(msgspec.structs.replace(held, peer=peer)))

    def port_for(self, bridge: Interface) -> Interface:
        """The port for one more machine; if the bridge has ports whose other ends are unknown, it is one of those, unknown which."""
        host = self.topology.host
        ports = [port for port in host.ports(bridge.name) if port.peer is None and not is_card(port)]
        if len(ports) == 1:
            return ports[0]
        name = uncertain([port.name for port in ports])
        taken = {port.name for port in host.interfaces}
        return Interface(name if ports and name not in taken else _unused(host_end(self.name), taken))

    def switch(self, device: Interface) -> str:
        """Replaces the single machine at the other end of a device by a switch, and gives the switch's namespace."""
        assert device.peer is not None
        there = device.peer
        name = f"behind {device.name}"
        if there.namespace == name:
            return name
        switch = Namespace(name, (Interface("switch", "bridge"),), sysctls={"net.bridge.bridge-nf-call-iptables": "0"})
        self.topology = self.topology.with_namespace(switch)
        self.link(name, Interface("port0", master="switch"), there)
        uplink = Interface("uplink", master="switch", peer=End(HOST, device.name))
        self.topology = self.topology.with_namespace(self.topology.namespaces[name].with_interface(uplink))
        self.link(HOST, device, End(name, "uplink"))
        return name


def is_card(port: Interface) -> bool:
    """Whether a port of a bridge is a network card, behind which the bridge's network goes on."""
    return port.kind in ("", "bond", "vlan") and is_named_like_card(port.name)


def _free(namespace: Namespace, start: str) -> str:
    return _unused(f"{start}0", {held.name for held in namespace.interfaces}, start)


def _unused(name: str, taken: Iterable[str], start: str = "veth") -> str:
    names = set(taken)
    return name if name not in names else next(f"{start}{number}" for number in range(len(names) + 1) if f"{start}{number}" not in names)
