"""What may be so or otherwise on a host of which not everything was read: each open question that a packet meets, with its answers.

A question has a command whose output would answer it. `any_address` follows a packet under every answer.
"""

from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address

import msgspec

from netlab_magic.forwarding.placement import gateway_on, hop_to, is_card, is_outer
from netlab_magic.forwarding.possibility import Answer, Possibility, Question
from netlab_magic.forwarding.possible_routes import by_policy, own_address, own_network, tables
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.topology import HOST, Interface, Route, Topology
from netlab_magic.model.unread import Unread, unread_sysctl
from netlab_magic.netfilter import Cause
from netlab_magic.netfilter.routing import Routing, host_of

__all__ = ["first_questions", "further_questions", "is_reached_by", "strange_source", "twins_of", "unreturned"]

_ENTRY = message("It is not known which device packets from {} come in through")
_BY = message("packets from {} come in through {}")
_HOME = message("It is not known which of the devices with its network {} is behind")
_AT = message("{} is behind {}")
_RETURNS = message("It is not known whether {} has a route back to {}")
_HAS_ROUTE = message("{} has a route to {} through this host")
_HAS_NO_ROUTE = message("{} has no route to {}")
_BRIDGED = message("It is not known whether bridged frames pass iptables")
_IS = message("{} is {}")
_PORT = message("It is not known whether {} is a guest on {} or behind its network card")
_GUEST = message("{} is a guest on {}")
_LAN = message("{} is behind the network card of {}")
_REVERSE = message("It is not known whether reverse path filtering is on")

_BRIDGE_NF = {False: "net.bridge.bridge-nf-call-iptables", True: "net.bridge.bridge-nf-call-ip6tables"}


def first_questions(here: Possibility, source: str, destination: str, towards: str) -> Iterator[Question]:
    """What has to be answered before a packet can be followed; the ends are addresses, or names, which raise no questions.

    `towards` is the address of a destination that is not the host's, else "".
    """
    ends = [word for word in (source, destination) if _is_unknown(here.topology, word)]
    yield from tables(here, ends)
    if not here.entry and source in ends:
        yield from _entry(here.topology, source, towards)
    if len(ends) == len((source, destination)) and not (_is_private(source) and not _is_private(destination)):
        yield from own_address(here, source, destination)
    if not here.home and destination in ends:
        yield from _home(here.topology, destination)


def further_questions(here: Possibility, found: Prediction, source: str) -> Iterator[Question]:
    """What else the predicted path depends on."""
    yield from _way_back(found)
    yield from _bridging(here, found)
    yield from _port(here, source)
    yield from _reverse_path(here, found)
    yield from own_network(here, found)


def _is_unknown(topology: Topology, word: str) -> bool:
    """Whether it is the address of a machine that was not read."""
    try:
        address = ip_address(word)
    except ValueError:
        return False
    return word not in topology.namespaces and topology.owner(str(address)) is None and not address.is_loopback


# --- where a packet comes in ----------------------------------------------------------------------------------------------------


def _entry(topology: Topology, source: str, towards: str) -> Iterator[Question]:
    """Which device a sender is behind: one with its network, or one of those whose networks are not known.

    It is not the one that the host would send the packet out of: then the packet would not pass the host.
    """
    near = _with_network(topology, source)
    if len(near) > 1:
        yield _which(f"entry {source}", _ENTRY, _BY, source, near, _enters, Unread.ROUTES)
    if not near and (devices := by_policy(topology, source)):
        yield _which(f"entry {source}", _ENTRY, _BY, source, devices, _enters, f"tcpdump -ni any host {source}")
    if near or not _is_private(source) or Unread.ADDRESSES not in topology.host.unread:
        return
    hop = hop_to(topology, source)
    if hop is not None and not is_outer(topology, hop.device, ":" in source):
        return
    unknown = [held.name for held in topology.host.interfaces if not held.addresses and not held.master and held.up and held.name != "lo"]
    routed = {route.device for route in topology.host.routes}
    ahead = hop_to(topology, towards) if towards else None
    candidates = dict.fromkeys([*([hop.device] if hop else []), *(name for name in unknown if name not in routed)])
    names = tuple(name for name in candidates if ahead is None or name != ahead.device)
    if names and tuple(candidates) != (hop.device if hop else "",):
        yield _which(f"entry {source}", _ENTRY, _BY, source, names, partial(is_reached_by, address=source), Unread.ADDRESSES)


def _home(topology: Topology, address: str) -> Iterator[Question]:
    near = _with_network(topology, address)
    if len(near) > 1:
        yield _which(f"home {address}", _HOME, _AT, address, near, _lives_at, Unread.ROUTES)


def _with_network(topology: Topology, address: str) -> tuple[str, ...]:
    """The names of the devices whose network an address is in; those without a carrier only if no other has it."""
    near = twins_of(topology, address)
    return tuple(device.name for device in [held for held in near if held.carrier] or near)


def twins_of(topology: Topology, address: str) -> list[Interface]:
    """The devices that are up and whose networks an address is in, of the longest prefix; several if they have one network."""
    if not looks_like_address(address):
        return []
    number = ip_address(address)
    found = [
        (held.network.prefixlen, device)
        for device in topology.host.interfaces
        if device.up and device.name != "lo"
        for held in device.parsed()
        if held.version == number.version and number in held.network and held.network.prefixlen < number.max_prefixlen
    ]
    longest = max((length for length, _ in found), default=0)
    return list({device.name: device for length, device in found if length == longest}.values())


def _which(
    key: str,
    about: str,
    clause: str,
    address: str,
    names: tuple[str, ...],
    apply: Callable[..., Possibility],
    command: str,
) -> Question:
    answers = (Answer(Assumption(clause, (address, name)), partial(apply, device=name)) for name in names)
    return Question(key, Assumption(about, (address,)), command, tuple(answers))


def _enters(here: Possibility, device: str) -> Possibility:
    return msgspec.structs.replace(here, entry=device)


def _lives_at(here: Possibility, device: str) -> Possibility:
    return msgspec.structs.replace(here, home=device)


def is_reached_by(here: Possibility, device: str, address: str) -> Possibility:
    """A sender behind a device whose network was not read: the host has a route there."""
    host = here.topology.host
    width = 128 if ":" in address else 32
    routed = msgspec.structs.replace(host, routes=(*host.routes, Route(f"{address}/{width}", None, device)))
    through = hop_to(here.topology, address)
    if through is not None and through.device == device:
        return msgspec.structs.replace(here, entry=device)
    return msgspec.structs.replace(here, topology=here.topology.with_namespace(routed), entry=device)


def _is_private(address: str) -> bool:
    """Whether it means nothing in the Internet, so that nobody out there has a route to it."""
    number = ip_address(address)
    documentation = ("192.0.2.", "198.51.100.", "203.0.113.", "2001:db8:")
    return not number.is_global and not address.startswith(documentation)


# --- whether an answer comes back -----------------------------------------------------------------------------------------------


def unreturned(here: Possibility, topology: Topology, source: str, receiver: str) -> tuple[str, ...]:
    """The sender's address if machines where the receiver is do not know it: a private one of another network behind the host.

    The receiver is an address; whom the host reaches through a gateway of a route of its own is taken to have such a route too.
    """
    six = ":" in receiver
    hop = hop_to(topology, receiver)
    if hop is None or not is_outer(topology, hop.device, six):
        return ()
    if (via := shown(hop.next, six)) not in (receiver, gateway_on(topology, hop.device, six)):
        return ()
    own = _address_of(topology, source, receiver)
    if not own or not _is_private(own):
        return ()
    if source == HOST:
        return () if own in _on_side_of(topology, hop.device) else (own,)
    came = here.entry or (back.device if (back := hop_to(topology, own)) else "")
    return () if came in ("", hop.device) or via == own else (own,)


def strange_source(topology: Topology, sender: str, source: str, receiver: str) -> str:
    """The source of a packet that arrived, if NAT made it up: private, not the sender's, and no address of the host's on that side."""
    hop = hop_to(topology, receiver)
    outer = hop is not None and is_outer(topology, hop.device, ":" in receiver) and not _is_private(receiver)
    if hop is None or not outer or source == sender or not _is_private(source) or source in _on_side_of(topology, hop.device):
        return ""
    owner = topology.owner(source)
    return source if owner is None or owner.namespace == HOST else ""


def _address_of(topology: Topology, source: str, receiver: str) -> str:
    """The address that a sender has towards a receiver; "" if it has none."""
    if source not in topology.namespaces:
        return source if _is_unknown(topology, source) else ""
    six = ":" in receiver
    found = Routing(host_of(topology, source), six).source_towards(number_of(receiver))
    return shown(found, six) if found is not None else ""


def _on_side_of(topology: Topology, device: str) -> set[str]:
    held = topology.host.interface(device)
    return {str(one.ip) for one in held.parsed()} if held else set()


def _way_back(found: Prediction) -> Iterator[Question]:
    """Whether a machine in a private network, whose answer found no way, has a route back after all."""
    last = found.back.hops[-1] if found.back is not None and not found.back.arrived and found.back.hops else None
    if last is None or len(found.back.hops if found.back else ()) != 1 or last.host_trace.cause != Cause.NO_ROUTE or last.namespace == HOST:
        return
    receiver, lost = last.host_trace.sent.source, last.host_trace.sent.destination
    if not _is_private(receiver):
        return
    answers = (
        Answer(Assumption(_HAS_NO_ROUTE, (receiver, lost)), lambda here: here),
        Answer(Assumption(_HAS_ROUTE, (receiver, lost)), lambda here: msgspec.structs.replace(here, returns=True)),
    )
    yield Question("returns", Assumption(_RETURNS, (receiver, lost)), f"ip route get {lost} (on {receiver})", answers)


# --- what the host itself does --------------------------------------------------------------------------------------------------


def _bridging(here: Possibility, found: Prediction) -> Iterator[Question]:
    """Whether the bridged frames of this packet pass iptables."""
    key = _BRIDGE_NF[found.probe.six]
    bridged = any(hop.namespace == HOST and hop.host_trace.last.port_out for trace in found.traces for hop in trace.hops)
    if bridged and unread_sysctl(key) in here.topology.host.unread:
        yield _sysctl(key, Assumption(_BRIDGED), ("1", "0"))


def _reverse_path(here: Possibility, found: Prediction) -> Iterator[Question]:
    """Whether the host takes a packet from a device that is not the one it would answer through."""
    hop = next((hop for hop in found.request.hops if hop.namespace == HOST and hop.enters), None)
    sent = hop.host_trace.sent if hop else None
    if sent is None or ":" in sent.source or not here.entry:
        return
    back = hop_to(here.topology, sent.source)
    keys = [f"net.ipv4.conf.{name}.rp_filter" for name in ("all", sent.input)]
    if back is not None and back.device != sent.input and not any(key in here.topology.host.sysctls for key in keys):
        yield _sysctl(keys[0], Assumption(_REVERSE), ("0", "1"))


def _sysctl(key: str, about: Assumption, values: tuple[str, ...]) -> Question:
    def having(here: Possibility, value: str) -> Possibility:
        host = here.topology.host
        held = msgspec.structs.replace(host, sysctls={**host.sysctls, key: value})
        return msgspec.structs.replace(here, topology=here.topology.with_namespace(held))

    answers = (Answer(Assumption(_IS, (key, value)), partial(having, value=value)) for value in values)
    return Question(key, about, unread_sysctl(key), tuple(answers))


def _port(here: Possibility, source: str) -> Iterator[Question]:
    """Whether a machine on a bridge with a network card is one of the guests, or somewhere in the network behind that card."""
    hop = hop_to(here.topology, source) if _is_unknown(here.topology, source) and not here.entry else None
    if hop is None or shown(hop.next, ":" in source) != source or not is_outer(here.topology, hop.device, ":" in source):
        return
    if any(is_card(port) for port in here.topology.host.ports(hop.device)):
        answers = (
            Answer(Assumption(_GUEST, (source, hop.device)), lambda here: here),
            Answer(Assumption(_LAN, (source, hop.device)), lambda here: msgspec.structs.replace(here, outside=True)),
        )
        yield Question(f"port {source}", Assumption(_PORT, (source, hop.device)), f"bridge fdb show br {hop.device}", answers)
