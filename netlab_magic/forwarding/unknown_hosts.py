"""Placeholder hosts for unknown addresses: senders and receivers that a loaded or attached network only knows by address.

Each becomes a namespace named after its address, on the device through which the host reaches it: as a port of a bridge, at the other
end of a cable, or behind the gateway of the host's route. It sends everything back through the host and answers on every port.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

import msgspec

from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.analysis.host_evidence import Evidence
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.language.plan_topology import host_end
from netlab_magic.model.topology import HOST, INTERNET, End, Interface, Namespace, Route, Topology, uncertain
from netlab_magic.netfilter.routing import NextHop, Routing, host_of

__all__ = ["answers", "assumed_of", "inhabitants", "with_unknown_hosts"]

_INTERNET_ADDRESS, INTERNET_ADDRESS_6 = "8.8.8.8", "2001:4860:4860::8888"
"""What the internet is asked at; over IPv6 if that is what the question is about."""

_STRANGER = message("{} is not part of what was read; it is assumed to be behind {} and to send its answers back through the host.")
_UNROUTED = message("The host has no route to {}; packets from there are assumed to come in through {}, the only device that leads out.")
_ANSWERS = message("It is not known what listens on {}; it is assumed to answer.")


def with_unknown_hosts(topology: Topology, names: Iterable[str], six: bool = False) -> Topology:
    """The topology with a namespace added for each address that none has; the name `internet` stands for a host behind the default route.

    Names that are not addresses, and addresses that the host has no device for, are skipped. Repeated addresses give one host.
    """
    for name in dict.fromkeys(names):
        wanted = _wanted(topology, name, six)
        if wanted:
            topology = _UnknownHost(topology, *wanted).taken()
    return topology


def assumed_of(before: Topology, after: Topology, names: Iterable[str]) -> tuple[Assumption, ...]:
    """What `with_unknown_hosts` assumed about the namespaces with these names, given the topologies before and after it."""
    return tuple(assumption for name in dict.fromkeys(names) for assumption in _placed(before, after, name))


def answers(name: str) -> Assumption:
    """The assumption that a namespace answers."""
    return Assumption(_ANSWERS, (name,))


def _placed(before: Topology, after: Topology, name: str) -> Iterator[Assumption]:
    if name in before.namespaces or name not in after.namespaces:
        return
    known = "" if name == INTERNET else name
    device = _device_to(after, known or next(iter(_addresses_of(after, name)), _INTERNET_ADDRESS))
    if device:
        yield Assumption(_STRANGER, (name, device))
    elif only := _only_way_out(before.host):
        yield Assumption(_UNROUTED, (name, only.name))


def _addresses_of(topology: Topology, name: str) -> Iterator[str]:
    for cidr, end in topology.addresses():
        if end.namespace == name:
            yield cidr.partition("/")[0]


def _device_to(topology: Topology, address: str) -> str:
    hop = _hop(topology, address)
    return hop.device if hop else ""


def _hop(topology: Topology, address: str) -> NextHop | None:
    found = Routing(host_of(topology), ":" in address).route(number_of(address))
    return None if found is None or found.local else found


def _wanted(topology: Topology, name: str, six: bool) -> tuple[str, str] | None:
    """The name and the address of a placeholder host to add; None if none is needed."""
    if name in topology.namespaces:
        return None
    if name == INTERNET:
        return (INTERNET, _internet(six)) if _hop(topology, _internet(six)) else None
    try:
        address = ip_address(name)
    except ValueError:
        return None
    if topology.owner(str(address)) or not _is_a_machine(topology, address):
        return None
    return str(address), str(address)


def _internet(six: bool) -> str:
    return INTERNET_ADDRESS_6 if six else _INTERNET_ADDRESS


def _is_a_machine(topology: Topology, address: IPv4Address | IPv6Address) -> bool:
    """Whether one machine can have the address: not multicast, not a broadcast address, not loopback."""
    kind = Routing(host_of(topology), address.version == 6).address_type(int(address))
    return kind == "UNICAST" and not (address.is_loopback or address.is_unspecified or address.is_multicast)


def _only_way_out(host: Namespace) -> Interface | None:
    """The only device that can lead to other hosts if no route says which."""
    found = [held for held in host.interfaces if held.up and held.kind not in ("loopback", "bridge", "veth") and not held.master]
    return found[0] if len(found) == 1 else None


def inhabitants(topology: Topology, evidence: Evidence, met: Iterable[str] = (), six: bool = False) -> list[str]:
    """Representatives for a matrix: one machine on each network behind a bridge, the host, and the internet if there is a default route.

    On a network, it is an address named in the rules, else one of the host's neighbours (`met`), else the first free address.
    """
    named = [*evidence.containers, *met]
    found = []
    for bridge in topology.host.bridges:
        own = {str(held.ip) for held in bridge.parsed()}
        for held in bridge.parsed():
            on_it = (address for address in named if address not in own and ip_address(address) in held.network)
            free = (str(address) for address in islice(held.network.hosts(), 3) if str(address) not in own)
            found += [address for address in (next(on_it, None) or next(free, None),) if address]
    return [*found, HOST, *([INTERNET] if _hop(topology, _internet(six)) else [])]


class _UnknownHost:
    """Adds one placeholder host to a topology."""

    def __init__(self, topology: Topology, name: str, address: str) -> None:
        self.topology = topology
        self.name = name
        self.address = address
        self.width = 128 if ":" in address else 32

    def taken(self) -> Topology:
        """The topology with the placeholder host; unchanged if the host has no device for it."""
        hop = _hop(self.topology, self.address)
        host = self.topology.host
        device = host.interface(hop.device) if hop else _only_way_out(host)
        if device is None:
            return self.topology
        gateway = shown(hop.next, self.width == 128) if hop else self.address
        if gateway == self.address:
            self.attach(device, self.name, self.address)
        else:
            self.behind(device, gateway)
        return self.topology

    def attach(self, device: Interface, name: str, address: str) -> None:
        """Adds a namespace on a device of the host, as its peer or as one more machine behind it, with a default route to the host."""
        length, back = _back_to(device, address)
        self.add(name, Interface("eth0", addresses=(f"{address}/{length}",)), back)
        self.wire(device, End(name, "eth0"))

    def behind(self, device: Interface, gateway: str) -> None:
        """Adds a namespace behind a gateway, over an unnumbered link; the gateway is added too if no namespace has its address."""
        owner = self.topology.owner(gateway)
        router = owner.namespace if owner else gateway
        if owner is None:
            self.attach(device, router, gateway)
        port = _free(self.topology.namespaces[router], "to")
        self.add(self.name, Interface("eth0", addresses=(f"{self.address}/{self.width}",), peer=End(router, port)), gateway)
        held = self.topology.namespaces[router].with_interface(Interface(port, peer=End(self.name, "eth0")))
        sysctls = {**held.sysctls, "net.ipv4.ip_forward": "1", "net.ipv6.conf.all.forwarding": "1"}
        routes = (*held.routes, Route(f"{self.address}/{self.width}", None, port))
        self.topology = self.topology.with_namespace(msgspec.structs.replace(held, routes=routes, sysctls=sysctls))

    def add(self, name: str, eth0: Interface, gateway: str | None) -> None:
        lo = Interface("lo", "loopback", ("127.0.0.1/8",))
        default = Route("::/0" if self.width == 128 else "default", gateway, "eth0")
        self.topology = self.topology.with_namespace(Namespace(name, (lo, eth0), (default,), answers_all=True))

    def wire(self, device: Interface, end: End) -> None:
        """Connects a namespace to a device of the host: as a port of a bridge, as the other end of a cable, or to the switch behind it."""
        host = self.topology.host
        if device.kind == "bridge":
            port = self.port_for(device)
            self.link(HOST, msgspec.structs.replace(port, master=device.name), end)
        elif device.peer is None or self.topology.interface(device.peer) is None:
            self.link(HOST, device, end)
        else:
            switch = self.switch(host.interface(device.name) or device)
            port = Interface(_free(self.topology.namespaces[switch], "port"), master="switch")
            self.link(switch, port, end)

    def link(self, namespace: str, interface: Interface, end: End) -> None:
        """Sets both ends of a link."""
        place = self.topology.namespaces[namespace]
        self.topology = self.topology.with_namespace(place.with_interface(msgspec.structs.replace(interface, peer=end)))
        far = self.topology.namespaces[end.namespace]
        held = far.interface(end.interface)
        assert held is not None
        peer = End(namespace, interface.name)
        self.topology = self.topology.with_namespace(far.with_interface(msgspec.structs.replace(held, peer=peer)))

    def port_for(self, bridge: Interface) -> Interface:
        """The port for one more machine; if the bridge has ports whose other ends are unknown, it is one of those, unknown which."""
        host = self.topology.host
        ports = [port for port in host.ports(bridge.name) if port.peer is None]
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


def _back_to(device: Interface, address: str) -> tuple[int, str | None]:
    """The prefix length for a machine on a device, and the host's address there, its default gateway."""
    number = ip_address(address)
    own = [held for held in device.parsed() if held.version == number.version]
    near = next((held for held in own if number in held.network), None)
    if near:
        return near.network.prefixlen, str(near.ip)
    return number.max_prefixlen, str(own[0].ip) if own else None


def _free(namespace: Namespace, start: str) -> str:
    return _unused(f"{start}0", {held.name for held in namespace.interfaces}, start)


def _unused(name: str, taken: Iterable[str], start: str = "veth") -> str:
    names = set(taken)
    return name if name not in names else next(f"{start}{number}" for number in range(len(names) + 1) if f"{start}{number}" not in names)
