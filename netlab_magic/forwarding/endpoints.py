"""Turns names into addresses: the address of a namespace that a probe goes to, and the probes of a matrix."""

from collections.abc import Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address

from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.language.plan_topology import known_namespace, refuse
from netlab_magic.language.statements import Destination
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, INTERNET, Namespace, Topology
from netlab_magic.netfilter.routing import Routing, host_of
from netlab_magic.text import suggest

__all__ = ["matrix_probes", "members", "probe_for"]


def probe_for(topology: Topology, source: str, destination: Destination) -> Probe:
    """The probe that a statement asks for. Raises StatementError for names that the lab does not have."""
    sender = known_namespace(topology, _namespace_of(topology, source))
    name = str(destination.name)
    if looks_like_address(name) and name not in topology.namespaces:
        address = str(ip_address(name))
        owner = topology.owner(address)
        target = owner.namespace if owner else ""
        if not owner and ip_address(address).is_loopback:
            target = sender.name
    else:
        if name not in topology.namespaces:
            refuse(f"there is no namespace {name}{suggest(name, topology.namespaces)}", destination.name)
        address, target = _address(topology, topology.namespaces[name], sender, destination.name), name
    _check_source(topology, sender, source, address)
    return Probe(sender.name, name, address, target, destination.protocol, destination.port)


def _check_source(topology: Topology, sender: Namespace, source: str, address: str) -> None:
    """Refuses a source address other than the one that the sender's routes choose: a probe always has that one."""
    if source == sender.name:
        return
    given = Routing(host_of(topology, sender.name), ":" in address).source_towards(number_of(address))
    asked = number_of(str(source))
    if given is not None and (":" in source) == (":" in address) and given != asked:
        routes = f"{sender.name} sends to {address} from {shown(given, ':' in address)}"
        refuse(f"{routes}, not from {source}; use {sender.name} as the source instead", source)


def _namespace_of(topology: Topology, source: str) -> str:
    """The sender's namespace, given by name or by one of its addresses."""
    if source in topology.namespaces or not looks_like_address(source):
        return source
    try:
        owner = topology.owner(str(ip_address(str(source))))
    except ValueError:
        return source
    if owner is None:
        refuse(f"no namespace of this lab has the address {source}; load FILE answers for another host, with any address", source)
    return owner.namespace


def _address(topology: Topology, target: Namespace, sender: Namespace, word: str) -> str:
    """The target's address in one of the sender's networks, else that of the device towards the sender, else its first one.

    The internet's addresses are those on its loopback interface.
    """
    if target.name == INTERNET:
        outer = [cidr for cidr in _addresses(target, "lo") if not cidr.startswith("127.")]
        if outer and sender.name != INTERNET:
            return outer[0].partition("/")[0]
    own = [held.network for held in _parsed(sender)]
    candidates = _parsed(target)
    if not candidates:
        refuse(f"{target.name} has no address to send to", word)
    near = (held for held in candidates if any(held.ip in network for network in own))
    return str((next(near, None) or _facing(topology, target, sender) or candidates[0]).ip)


def _facing(topology: Topology, target: Namespace, sender: Namespace) -> IPv4Interface | IPv6Interface | None:
    """The first address of the device through which the target reaches the sender."""
    for held in _parsed(sender):
        hop = Routing(host_of(topology, target.name), held.version == 6).route(int(held.ip))
        device = target.interface(hop.device) if hop else None
        own = [address for address in device.parsed() if address.version == held.version] if device and device.kind != "loopback" else []
        if own:
            return own[0]
    return None


def _addresses(namespace: Namespace, only: str | None = None) -> list[str]:
    return [
        cidr
        for interface in namespace.interfaces
        if (interface.kind != "loopback" if only is None else interface.name == only)
        for cidr in interface.addresses
    ]


def _parsed(namespace: Namespace) -> list[IPv4Interface | IPv6Interface]:
    return [held for interface in namespace.interfaces if interface.kind != "loopback" for held in interface.parsed()]


def members(topology: Topology) -> list[str]:
    """The sources of a matrix without names: every namespace with an address, except the host and the internet."""
    return [name for name, held in topology.namespaces.items() if name not in (HOST, INTERNET) and _addresses(held)]


def matrix_probes(topology: Topology, names: Sequence[str]) -> list[Probe]:
    """A probe for each pair of different namespaces; without names, between all of them, and from each to the internet."""
    sources = [str(known_namespace(topology, name).name) for name in names] if names else members(topology)
    targets = [*sources, *([INTERNET] if not names and INTERNET in topology.namespaces and sources else [])]
    pairs = [(source, target) for source in sources for target in targets if source != target]
    words = {str(name): name for name in names}
    return [probe_for(topology, source, Destination(words.get(target, target))) for source, target in pairs]
