"""What a rule does with a packet that matches, compiled: a verdict, a chain to go to, or a change of the frame."""

from collections.abc import Callable
from copy import copy

import msgspec

from netlab_magic.iptables import extensions
from netlab_magic.iptables.numbers import network_of, number_of
from netlab_magic.iptables.ruleset import Target
from netlab_magic.netfilter.frame import Ends, Frame

__all__ = ["Action", "Change", "Unjudged", "action", "unknowable"]

Change = Callable[[Frame], Frame]


class Unjudged(Exception):
    """What a target does to this packet cannot be known; the text says why, after "rule 4 of FORWARD "."""


class Action(msgspec.Struct, frozen=True):
    """What follows a match. `verdict` is ACCEPT, DROP, RETURN or REJECT; `chain` the chain to enter; `change` makes another frame.

    With none of them the packet goes on to the next rule; after a change it does too, unless there is a verdict. A change raises
    Unjudged where nobody can tell what follows.
    """

    verdict: str = ""
    chain: str = ""
    goto: bool = False
    change: Change | None = None
    answer: str = ""


def unknowable(why: str) -> Action:
    """What follows a match when nobody can tell."""

    def change(_: Frame) -> Frame:
        raise Unjudged(why)

    return Action(change=change)


def action(target: Target | None, chains: frozenset[str]) -> Action:
    """The action of a target in its canonical form; `chains` are those of its table."""
    if target is None:
        return Action()
    if target.name in chains:
        return Action(chain=target.name, goto=target.goto)
    if target.name in ("ACCEPT", "DROP", "RETURN"):
        return Action(verdict=target.name)
    if target.name == "REJECT":
        answer = target.option("--reject-with")
        return Action(verdict="REJECT", answer=answer.values[0] if answer else "")
    extension = extensions.target(target.name)
    if extension and extension.only_looks:
        return Action()
    make = _CHANGES.get(target.name)
    return make(target) if make else unknowable(f"goes to {target.name}")


def _word(target: Target, name: str) -> str:
    option = target.option(name)
    return option.values[0] if option and option.values else ""


def _masked(word: str) -> tuple[int, int]:
    value, _, mask = word.partition("/")
    return int(value, 0), int(mask or "0xffffffff", 0)


def _mark(target: Target) -> Action:
    """Clears the bits of the mask, then turns over those of the value (mark_tg in xt_mark.c)."""
    value, mask = _masked(_word(target, "--set-xmark"))

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        after.mark = (frame.mark & ~mask) ^ value
        return after

    return Action(change=change)


def _connmark(target: Target) -> Action:
    """Sets the connection's mark, saves the packet's in it, or brings it back (connmark_tg in xt_connmark.c)."""
    copied = int(_word(target, "--nfmask") or "0", 0), int(_word(target, "--ctmask") or "0", 0)
    value, mask = _masked(_word(target, "--set-xmark") or "0")

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        if frame.state in ("INVALID", "UNTRACKED"):
            return frame
        if target.option("--save-mark"):
            after.connection_mark = (frame.connection_mark & ~copied[1]) ^ (frame.mark & copied[0])
        elif target.option("--restore-mark"):
            after.mark = (frame.mark & ~copied[0]) ^ (frame.connection_mark & copied[1])
        else:
            after.connection_mark = (frame.connection_mark & ~mask) ^ value
        return after

    return Action(change=change)


def _ttl(target: Target) -> Action:
    option = target.options[0]
    number = int(option.values[0])

    def change(frame: Frame) -> Frame:
        after = copy(frame)
        step = {"set": number, "inc": frame.ttl + number, "dec": frame.ttl - number}[option.name.rpartition("-")[2]]
        after.ttl = min(255, max(0, step))
        return after

    return Action(change=change)


def _tos(target: Target) -> Action:
    """Clears the bits of the mask, then turns over those of the value (tos_tg in xt_DSCP.c)."""
    value, mask = _masked(_word(target, "--set-tos"))
    return Action(change=_with_tos(lambda tos: ((tos & ~mask) ^ value) & 0xFF))


def _dscp(target: Target) -> Action:
    value = int(_word(target, "--set-dscp"), 0)
    return Action(change=_with_tos(lambda tos: (tos & 3) | value << 2))


def _with_tos(compute: Callable[[int], int]) -> Change:
    def change(frame: Frame) -> Frame:
        after = copy(frame)
        after.tos = compute(frame.tos)
        return after

    return change


def _untrack(frame: Frame) -> Frame:
    """A packet that has a connection already keeps it (xt_ct_target)."""
    if frame.state != "INVALID" or frame.attached:
        return frame
    after = copy(frame)
    after.state = "UNTRACKED"
    return after


def _ct(target: Target) -> Action:
    return Action(change=_untrack) if target.option("--notrack") else Action()


def _span(text: str, separator: str = "-") -> tuple[str, str]:
    first, found, last = text.partition(separator)
    return first, last if found else first


def _port(current: int, wanted: tuple[int, int] | None, target: str) -> int:
    """The port after translation: the old one where it is allowed, else the only one there is (nf_nat_l4proto_unique_tuple)."""
    if wanted is None or wanted[0] <= current <= wanted[1]:
        return current
    if wanted[0] != wanted[1]:
        raise Unjudged(f"lets {target} choose one of several ports")
    return wanted[0]


def _ports(text: str) -> tuple[int, int] | None:
    first, last = _span(text)
    return (int(first), int(last)) if first else None


def _to(word: str, target: str) -> tuple[int | None, tuple[int, int] | None]:
    """The address, None for the old one, and the ports of `ADDRESS[-ADDRESS][:PORT[-PORT]]`."""
    if word.startswith("["):
        addresses, _, ports = word[1:].partition("]")
        ports = ports.lstrip(":")
    elif word.count(":") > 1:
        addresses, ports = word, ""
    else:
        addresses, _, ports = word.partition(":")
    first, last = _span(addresses)
    if first != last or "/" in ports:
        raise Unjudged(f"lets {target} choose one of several addresses or ports")
    return (number_of(first) if first else None), _ports(ports)


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


def _nat(target: Target) -> Action:
    """DNAT and SNAT to one address and port; an ACCEPT follows, as the connection is settled (xt_nat.c)."""
    word = _word(target, "--to-destination" if target.name == "DNAT" else "--to-source")
    try:
        address, ports = _to(word, target.name)
    except Unjudged as reason:
        return unknowable(str(reason))

    def change(frame: Frame) -> Frame:
        if target.name == "DNAT":
            here = frame.destination if address is None else address
            return _destined(frame, here, _port(frame.destination_port, ports, target.name))
        here = frame.source if address is None else address
        return _sourced(frame, here, _port(frame.source_port, ports, target.name))

    return Action(verdict="ACCEPT", change=change)


def _masquerade(target: Target) -> Action:
    """The source becomes the address of the device that the packet leaves through (nf_nat_masquerade_ipv4)."""
    ports = _ports(_word(target, "--to-ports"))

    def change(frame: Frame) -> Frame:
        routing = frame.routing
        hop = routing.route(frame.destination) if routing else None
        address = routing.source_for(frame.output, hop.next if hop else frame.destination) if routing else None
        if address is None:
            raise Unjudged(f"masquerades, and the address of {frame.output or 'the output interface'} is not known")
        return _sourced(frame, address, _port(frame.source_port, ports, target.name))

    return Action(verdict="ACCEPT", change=change)


def _redirect(target: Target) -> Action:
    """The destination becomes the host: loopback for its own packets, else the first address of the input (nf_nat_redirect.c)."""
    ports = _ports(_word(target, "--to-ports"))

    def change(frame: Frame) -> Frame:
        address: int | None = 1 if frame.six else 0x7F000001
        if frame.input:
            address = next((own.number for own in frame.routing.own if own.device == frame.input), None) if frame.routing else None
        if address is None:
            raise Unjudged(f"redirects, and the address of {frame.input} is not known")
        return _destined(frame, address, _port(frame.destination_port, ports, target.name))

    return Action(verdict="ACCEPT", change=change)


def _netmap(target: Target) -> Action:
    """The network part of one end becomes another's, the rest stays (netmap_tg4 in xt_NETMAP.c)."""
    network, bits = network_of(_word(target, "--to"))

    def change(frame: Frame) -> Frame:
        if "destination" in frame.translated:
            return _sourced(frame, frame.source & ~bits | network, frame.source_port)
        return _destined(frame, frame.destination & ~bits | network, frame.destination_port)

    return Action(verdict="ACCEPT", change=change)


_CHANGES: dict[str, Callable[[Target], Action]] = {
    "CONNMARK": _connmark,
    "CT": _ct,
    "DNAT": _nat,
    "DSCP": _dscp,
    "HL": _ttl,
    "MARK": _mark,
    "MASQUERADE": _masquerade,
    "NETMAP": _netmap,
    "NOTRACK": lambda _: Action(change=_untrack),
    "REDIRECT": _redirect,
    "SNAT": _nat,
    "TOS": _tos,
    "TTL": _ttl,
}
