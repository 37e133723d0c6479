"""Placeholder hosts for unknown addresses: senders and receivers that a loaded or attached network only knows by address.

Each becomes a namespace named after its address, where the host's routes lead (`placement`), and answers on every port.
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice

from netlab_magic.forwarding.endpoints import members
from netlab_magic.forwarding.placement import Placing, hop_to, only_way_out, place
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.analysis.host_evidence import Evidence
from netlab_magic.model.topology import HOST, INTERNET, Topology
from netlab_magic.netfilter.routing import Routing, host_of

__all__ = ["answers", "assumed_of", "inhabitants", "with_unknown_hosts"]

_INTERNET_ADDRESS, INTERNET_ADDRESS_6 = "8.8.8.8", "2001:4860:4860::8888"
"""What the internet is asked at; over IPv6 if that is what the question is about."""

_STRANGER = message("{} is not part of what was read; it is assumed to be behind {} and to send its answers back through the host.")
_UNROUTED = message("The host has no route to {}; packets from there are assumed to come in through {}, the only device that leads out.")
_ANSWERS = message("It is not known what listens on {}; it is assumed to answer.")


def with_unknown_hosts(topology: Topology, names: Iterable[str], six: bool = False, placing: Placing | None = None) -> Topology:
    """The topology with a namespace added for each address that none has; the name `internet` stands for a host behind the default route.

    Names that are not addresses, and addresses that the host has no device for, are skipped. Repeated addresses give one host.
    """
    for name in dict.fromkeys(names):
        wanted = _wanted(topology, name, six)
        if wanted:
            topology = place(topology, *wanted, placing or Placing())
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
    device = _device_before(after, name)
    only = only_way_out(before.host)
    is_routed = name == INTERNET or hop_to(before, name) is not None
    if device and (is_routed or only is None or only.name != device):
        yield Assumption(_STRANGER, (name, device))
    elif device:
        yield Assumption(_UNROUTED, (name, device))


def _device_before(topology: Topology, name: str) -> str:
    """The host's device that a machine is behind, perhaps with other machines in between."""
    waiting, seen = [name], {name}
    while waiting:
        for interface in topology.namespaces[waiting.pop(0)].interfaces:
            far = interface.peer
            if far is not None and far.namespace == HOST:
                port = topology.interface(far)
                return (port.master if port else None) or far.interface
            if far is not None and far.namespace not in seen:
                seen.add(far.namespace)
                waiting.append(far.namespace)
    return ""


def _wanted(topology: Topology, name: str, six: bool) -> tuple[str, str] | None:
    """The name and the address of a placeholder host to add; None if none is needed."""
    if name in topology.namespaces:
        return None
    if name == INTERNET:
        return (INTERNET, _internet(six)) if hop_to(topology, _internet(six)) else None
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


def inhabitants(topology: Topology, evidence: Evidence, met: Iterable[str] = (), six: bool = False) -> list[str]:
    """For a matrix: the namespaces that have an address, the host, and the internet if there is a default route; and a machine on each
    network behind a bridge that none of the namespaces is on, unless the bridge has no carrier: then no machine is on it.

    That is an address named in the rules, else one of the host's neighbours (`met`), else the first free address.
    """
    named = [*evidence.containers, *met]
    found = members(topology)
    for bridge in topology.host.bridges:
        if not bridge.carrier or any(port.peer and port.peer.namespace in found for port in topology.host.ports(bridge.name)):
            continue
        own = {str(held.ip) for held in bridge.parsed()}
        for held in bridge.parsed():
            on_it = (address for address in named if address not in own and ip_address(address) in held.network)
            free = (str(address) for address in islice(held.network.hosts(), 3) if str(address) not in own)
            found += [address for address in (next(on_it, None) or next(free, None),) if address]
    return [*found, HOST, *([INTERNET] if hop_to(topology, _internet(six)) else [])]
