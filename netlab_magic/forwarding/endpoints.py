"""Turns names into addresses: the address of a namespace that a probe goes to, and the probes of a matrix."""

from collections.abc import Sequence
from ipaddress import IPv4Interface, IPv6Interface, ip_address

import msgspec

from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.language.plan_topology import known_namespace, refuse
from netlab_magic.language.statements import Destination
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, INTERNET, Namespace, Topology, interface_address
from netlab_magic.netfilter.routing import Routing, host_of
from netlab_magic.text import suggest

__all__ = ["FAMILIES", "matrix_probes", "members", "probe_for", "probes_between"]

FAMILIES = {"ipv4": 4, "ipv6": 6}
"""The families of addresses, with the version of IP that each belongs to."""


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
        address, target = _address(topology, topology.namespaces[name], sender, destination), name
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


def _address(topology: Topology, target: Namespace, sender: Namespace, destination: Destination) -> str:
    """The target's address in one of the sender's networks, else that of the device towards the sender, else its first one.

    The internet's addresses are those on its loopback interface. All are of the destination's family, where it has one; else the sender's
    come first.
    """
    wanted = FAMILIES.get(destination.family)
    senders = [held for held in _parsed(sender) if wanted in (None, held.version)]
    candidates = [held for held in _reached_by(target, sender) if wanted in (None, held.version)]
    if not candidates:
        refuse(f"{target.name} has no {f'IPv{wanted} ' if wanted else ''}address to send to", destination.name)
    near = next((held for held in candidates if any(held.ip in one.network for one in senders)), None)
    facing = near or (None if target.name == INTERNET else _facing(topology, target, senders))
    versions = {held.version for held in senders}
    return str((facing or next((held for held in candidates if held.version in versions), None) or candidates[0]).ip)


def _reached_by(target: Namespace, sender: Namespace) -> list[IPv4Interface | IPv6Interface]:
    """The addresses by which a namespace is known: the internet's to others are those on its loopback."""
    if target.name == INTERNET and sender.name != INTERNET:
        outer = [interface_address(cidr) for cidr in _addresses(target, "lo") if not cidr.startswith("127.") and cidr != "::1/128"]
        if outer:
            return outer
    return _parsed(target)


def _facing(
    topology: Topology, target: Namespace, senders: Sequence[IPv4Interface | IPv6Interface]
) -> IPv4Interface | IPv6Interface | None:
    """The first address of the device through which the target reaches the sender, who has these addresses."""
    for held in senders:
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


def matrix_probes(topology: Topology, names: Sequence[str], family: str = "", *, once: bool = False) -> list[Probe]:
    """Probes for each pair of different namespaces; without names, between all of them, and from each to the internet.

    Each pair is asked over IPv4 and over IPv6 if both ends have it, over one of them with `once`; or in one `family` alone, by those who
    have that. A pair with nothing in common is asked all the same, as `ping` would.
    """
    sources = [str(known_namespace(topology, name).name) for name in names] if names else members(topology)
    targets = [*sources, *([INTERNET] if not names and INTERNET in topology.namespaces and sources else [])]
    spoken = {name: _spoken(topology.namespaces[name]) for name in targets}
    words = {str(name): name for name in names}
    pairs = [(source, target) for source in sources for target in targets if source != target]
    return [
        probe_for(topology, source, Destination(words.get(target, target), family=one))
        for source, target in pairs
        for one in _asked([held for held in FAMILIES if held in spoken[source] and held in spoken[target]], family, once)
    ]


def probes_between(topology: Topology, source: str, destination: Destination) -> list[Probe]:
    """The probes from one namespace to another, over each family that both have, or that the destination is asked for in."""
    if str(destination.name) not in topology.namespaces:
        return [probe_for(topology, source, destination)]
    ends = [_spoken(topology.namespaces[str(name)]) for name in (source, destination.name)]
    common = [family for family in FAMILIES if all(family in end for end in ends)]
    asked = _asked(common, destination.family, once=False)
    return [probe_for(topology, source, msgspec.structs.replace(destination, family=family)) for family in asked]


def _asked(common: Sequence[str], family: str, once: bool) -> Sequence[str]:
    """In which families a pair is asked that has these in common; "" leaves that to `probe_for`."""
    if family:
        return [family] if family in common else []
    return common if len(common) > 1 and not once else [""]


def _spoken(namespace: Namespace) -> set[str]:
    """The families of a namespace's addresses; of the internet's, those by which it is known."""
    held = _reached_by(namespace, Namespace(""))
    return {family for family, version in FAMILIES.items() if any(address.version == version for address in held)}
