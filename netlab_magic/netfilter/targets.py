"""The compiled action of a rule: a verdict, a chain to enter, or a change of the frame."""

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any

import msgspec

from netlab_magic.iptables import extensions
from netlab_magic.iptables.extensions.values import Masked, NatTarget, Span
from netlab_magic.iptables.ruleset import Target
from netlab_magic.netfilter.frame import Ends, Frame

__all__ = [
    "MOST_OPTIONS", "Action", "Change", "Several", "Unjudged", "action", "either", "masquerading", "redirecting", "translated_to",
    "unknowable", "untracked",
]  # fmt: skip

Change = Callable[[Frame], Frame]


class Unjudged(Exception):
    """Raised if the effect of a target on this packet is unknown; the text says why, after "rule 4 of FORWARD "."""


MOST_OPTIONS = 16
"""How many possibilities of one rule are followed."""


class Several(Unjudged):
    """Raised if the kernel chooses among several effects: the frames that may result, or the actions that may follow."""

    def __init__(self, why: str, options: Sequence[Any]) -> None:
        super().__init__(why)
        self.options = options


def either(why: str, options: Sequence[Any]) -> Any:
    """The only one of the options. Raises Several for others, and Unjudged for too many."""
    if len(options) == 1:
        return options[0]
    if not 0 < len(options) <= MOST_OPTIONS:
        raise Unjudged(why)
    raise Several(why, options)


class Action(msgspec.Struct, frozen=True):
    """What follows a match. `verdict` is ACCEPT, DROP, RETURN or REJECT; `chain` is the chain to enter; `change` makes a new frame.

    Without any of them, the packet goes on to the next rule; after a change too, unless there is a verdict. A change raises
    Unjudged if its result is unknown. If the action depends on the packet, as with a verdict map, `choose` returns it for the packet as it
    is after the change.
    """

    verdict: str = ""
    chain: str = ""
    goto: bool = False
    change: Change | None = None
    answer: str = ""
    choose: "Callable[[Frame], Action] | None" = None


def unknowable(why: str) -> Action:
    """The action whose effect is unknown."""

    def change(_: Frame) -> Frame:
        raise Unjudged(why)

    return Action(change=change)


_Values = Mapping[str, tuple[Any, ...]]
"""The options of a target by name, each with the values of its words."""


def action(target: Target | None, chains: frozenset[str], family: str) -> Action:
    """The action of a target in its canonical form; `chains` are those of its table.

    Raises ValueError or LookupError for words that iptables would refuse.
    """
    if target is None:
        return Action()
    if target.name in chains:
        return Action(chain=target.name, goto=target.goto)
    if target.name in ("ACCEPT", "DROP", "RETURN"):
        return Action(verdict=target.name)
    extension, make = extensions.target(target.name), _ACTIONS.get(target.name)
    if extension and extension.only_looks:
        return Action()
    if extension is None or make is None:
        return unknowable(f"goes to {target.name}")
    rows = [(option, extension.parameter(option.name)) for option in target.options]
    return make({option.name: row.read(option.values, family) for option, row in rows if row})


def _reject(said: _Values) -> Action:
    return Action(verdict="REJECT", answer=said["--reject-with"][0])


def _mark(said: _Values) -> Action:
    """Clears the bits of the mask, then turns over those of the value (mark_tg in xt_mark.c)."""
    value, mask = said["--set-xmark"][0]

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        after.mark = (frame.mark & ~mask) ^ value
        return after

    return Action(change=change)


def _connmark(said: _Values) -> Action:
    """Sets the connection's mark, saves the packet's in it, or brings it back (connmark_tg in xt_connmark.c)."""
    packet_bits, connection_bits = (said.get(name, (0,))[0] for name in ("--nfmask", "--ctmask"))
    value, mask = said.get("--set-xmark", (Masked(0, 0),))[0]

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        if frame.state in ("INVALID", "UNTRACKED"):
            return frame
        if "--save-mark" in said:
            after.connection_mark = (frame.connection_mark & ~connection_bits) ^ (frame.mark & packet_bits)
        elif "--restore-mark" in said:
            after.mark = (frame.mark & ~packet_bits) ^ (frame.connection_mark & connection_bits)
        else:
            after.connection_mark = (frame.connection_mark & ~mask) ^ value
        return after

    return Action(change=change)


def _ttl(said: _Values) -> Action:
    name, (number,) = next(iter(said.items()))

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        step = {"set": number, "inc": frame.ttl + number, "dec": frame.ttl - number}[name.rpartition("-")[2]]
        after.ttl = min(255, max(0, step))
        return after

    return Action(change=change)


def _tos(said: _Values) -> Action:
    """Clears the bits of the mask, then turns over those of the value (tos_tg in xt_DSCP.c)."""
    value, mask = said["--set-tos"][0]
    return Action(change=_with_tos(lambda tos: ((tos & ~mask) ^ value) & 0xFF))


def _dscp(said: _Values) -> Action:
    value = said["--set-dscp"][0]
    return Action(change=_with_tos(lambda tos: (tos & 3) | value << 2))


def _with_tos(compute: Callable[[int], int]) -> Change:
    def change(frame: Frame) -> Frame:
        after = copy(frame)
        after.tos = compute(frame.tos)
        return after

    return change


def untracked(frame: Frame) -> Frame:
    """A packet that has a connection already keeps it (xt_ct_target)."""
    if frame.state != "INVALID" or frame.attached:
        return frame
    after = copy(frame)
    after.state = "UNTRACKED"
    return after


def _ct(said: _Values) -> Action:
    return Action(change=untracked) if "--notrack" in said else Action()


def _destined(frame: Frame, address: int, port: int) -> Frame:
    """The first packet of a connection whose destination is translated: replies will come from there."""
    after = copy(frame)
    after.destination, after.destination_port = address, port
    after.reply = Ends(address, frame.reply.destination, port, frame.reply.destination_port)
    after.translated = frame.translated | {"destination"}
    return after


def _sourced(frame: Frame, address: int, port: int) -> Frame:
    """The first packet of a connection whose source is translated: replies will go there."""
    after = copy(frame)
    after.source, after.source_port = address, port
    after.reply = Ends(frame.reply.source, address, frame.reply.source_port, port)
    after.translated = frame.translated | {"source"}
    return after


def translated_to(frame: Frame, target: str, addresses: Span | None, ports: Span | None) -> Frame:
    """The first packet of a connection with another source or destination: None for the address, or the port, that it has.

    A port stays if it is one of those wanted, and so does a source that is (nf_nat_l4proto_unique_tuple, get_unique_tuple). Raises Several
    where the kernel chooses.
    """
    is_source = target.upper() in ("SNAT", "MASQUERADE")
    make = _sourced if is_source else _destined
    address, port = (frame.source, frame.source_port) if is_source else (frame.destination, frame.destination_port)
    low, high = addresses or (address, address)
    keeps = ports is None or ports.first <= port <= ports.last
    low_port, high_port = (port, port) if ports is None or keeps else ports
    if low == high and low_port == high_port:
        return make(frame, low, low_port)
    if is_source and low <= address <= high and low_port <= port <= high_port:
        return make(frame, address, port)
    why = f"lets {target} choose one of several {'addresses or ports' if low < high else 'ports'}"
    if (high - low + 1) * (high_port - low_port + 1) > MOST_OPTIONS:
        raise Unjudged(why)
    ends = [(one, other) for one in range(low, high + 1) for other in range(low_port, high_port + 1)]
    raise Several(why, [make(frame, *end) for end in ends])


def _dnat(said: _Values) -> Action:
    return _translating("DNAT", said["--to-destination"][0])


def _snat(said: _Values) -> Action:
    return _translating("SNAT", said["--to-source"][0])


def _translating(target: str, to: NatTarget) -> Action:
    """An ACCEPT follows, as the connection is settled (xt_nat.c)."""
    if to.counted_from is not None:
        return unknowable(f"lets {target} count ports from another one")
    addresses = None if to.addresses is None else Span(to.addresses.first, to.addresses.last)

    def change(frame: Frame) -> Frame:
        return translated_to(frame, target, addresses, to.ports)

    return Action(verdict="ACCEPT", change=change)


def _ports(said: _Values) -> Span | None:
    found: Span | None = said.get("--to-ports", (None,))[0]
    return found


def _masquerade(said: _Values) -> Action:
    return masquerading(_ports(said))


def masquerading(ports: Span | None) -> Action:
    """The source becomes the address of the device that the packet leaves through (nf_nat_masquerade_ipv4 and _ipv6)."""

    def change(frame: Frame) -> Frame:
        routing = frame.routing
        if routing and routing.policy is not None and not frame.six and routing.has_several(frame.output):
            raise Unjudged(f"masquerades, and which of the addresses of {frame.output} it takes depends on ip rule")
        hop = routing.route(frame.destination) if routing else None
        hops = (each for each in (hop, *hop.others) if each.device == frame.output) if hop else iter(())
        hop = next(hops, hop)
        towards = hop.next if hop and not frame.six else frame.destination
        address = routing.source_for(frame.output, towards) if routing else None
        if address is None:
            raise Unjudged(f"masquerades, and the address of {frame.output or 'the output interface'} is not known")
        return translated_to(frame, "MASQUERADE", Span(address, address), ports)

    return Action(verdict="ACCEPT", change=change)


def _redirect(said: _Values) -> Action:
    return redirecting(_ports(said))


def redirecting(ports: Span | None) -> Action:
    """The destination becomes the host: loopback for its own packets, else the first address of the input (nf_nat_redirect.c)."""

    def change(frame: Frame) -> Frame:
        address: int | None = 1 if frame.six else 0x7F000001
        if frame.input:
            address = next((own.number for own in frame.routing.own if own.device == frame.input), None) if frame.routing else None
        if address is None:
            raise Unjudged(f"redirects, and the address of {frame.input} is not known")
        return translated_to(frame, "REDIRECT", Span(address, address), ports)

    return Action(verdict="ACCEPT", change=change)


def _netmap(said: _Values) -> Action:
    """The network part of one end becomes another's, the rest stays (netmap_tg4 in xt_NETMAP.c)."""
    network, bits, _ = said["--to"][0]

    def change(frame: Frame) -> Frame:
        if "destination" in frame.translated:
            return _sourced(frame, frame.source & ~bits | network, frame.source_port)
        return _destined(frame, frame.destination & ~bits | network, frame.destination_port)

    return Action(verdict="ACCEPT", change=change)


_ACTIONS: dict[str, Callable[[_Values], Action]] = {
    "CONNMARK": _connmark,
    "CT": _ct,
    "DNAT": _dnat,
    "DSCP": _dscp,
    "HL": _ttl,
    "MARK": _mark,
    "MASQUERADE": _masquerade,
    "NETMAP": _netmap,
    "NOTRACK": lambda _: Action(change=untracked),
    "REDIRECT": _redirect,
    "REJECT": _reject,
    "SNAT": _snat,
    "TOS": _tos,
    "TTL": _ttl,
}
