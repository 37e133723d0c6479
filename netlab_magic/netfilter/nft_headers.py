"""Fields of headers, compiled: how a field's value is read from a packet, and what the kernel tests before it reads it.

nft does not print such tests (`meta l4proto tcp` before `tcp dport`), but the rule has them (nftables, src/payload.c,
payload_gen_dependency). So a rule about a protocol that a packet does not have never matches, even if the model
does not know the field.
"""

from collections.abc import Callable, Mapping

from netlab_magic.iptables.numbers import word_of
from netlab_magic.netfilter.condition import Condition
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.nft_sets import Value
from netlab_magic.nftables.expressions import ExtensionHeader, IpOption, Payload, SctpChunk, TcpOption

__all__ = ["FAMILY_BITS", "NETWORK", "Field", "Get", "family_is", "has_no_fragment_bits", "header_field", "option_field", "protocol_is"]

Get = Callable[[Frame], Value | None]
Field = tuple[Get, tuple[Condition, ...], str]
"""How a field is read, None if its value is unknown; what the kernel tests first; and its name in a Condition."""

FAMILY_BITS = {"ip": False, "ip6": True}
"""The families of addresses, and whether that is IPv6."""

_WITH_PORTS = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}
_OTHERS = {"igmp": 2, "esp": 50, "ah": 51, "comp": 108}
_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
_FRAGMENT_BITS = 0x3FFF
"""More fragments, and the offset of this one. The bit next to them, don't fragment, is the sender's choice."""


def protocol_is(number: int) -> Condition:
    """The condition that a packet is of a protocol."""
    return Condition("protocol", word_of(number), lambda f: f.protocol == number, lambda f: word_of(f.protocol), field="protocol")


def family_is(six: bool) -> Condition:
    """The condition that a packet is of a family."""
    names = "IPv4", "IPv6"
    return Condition("family", names[six], lambda f: f.six == six, lambda f: names[f.six])


def _ports(get: Callable[[Frame], int]) -> Get:
    """The first bytes after the network header, which are ports only in some protocols."""
    numbers = frozenset(_WITH_PORTS.values())
    return lambda f: get(f) if f.protocol in numbers else None


def _unknown(_: Frame) -> None:
    return None


NETWORK: Mapping[str, Get] = {
    "saddr": lambda f: f.source,
    "daddr": lambda f: f.destination,
    "dscp": lambda f: f.tos >> 2,
    "ecn": lambda f: f.tos & 3,
}
_PORTS: Mapping[str, Get] = {"sport": _ports(lambda f: f.source_port), "dport": _ports(lambda f: f.destination_port)}
_ICMP: Mapping[str, Get] = {"type": lambda f: f.icmp[0], "code": lambda f: f.icmp[1]}
_HEADERS: Mapping[str, Mapping[str, Get]] = {
    "ip": {**NETWORK, "protocol": lambda f: f.protocol, "ttl": lambda f: f.ttl, "length": lambda f: f.length, "version": lambda _: 4},
    "ip6": {**NETWORK, "nexthdr": lambda f: f.protocol, "hoplimit": lambda f: f.ttl, "version": lambda _: 6},
    "icmp": _ICMP,
    "icmpv6": _ICMP,
    "th": _PORTS,
    **dict.fromkeys(_WITH_PORTS, _PORTS),
    "tcp": {**_PORTS, "flags": lambda f: sum(_FLAGS.get(flag, 0) for flag in f.flags)},
}
_CALLED = {"saddr": "source", "daddr": "destination", "protocol": "protocol", "nexthdr": "protocol"}


def header_field(payload: Payload) -> Field | None:
    """A field of a header; None if it is not known what the kernel tests before it."""
    protocol, field = payload.protocol, payload.field
    get = _HEADERS.get(protocol, {}).get(field, _unknown)
    if protocol in FAMILY_BITS:
        return get, (family_is(FAMILY_BITS[protocol]),), _CALLED.get(field, "")
    if protocol in ("icmp", "icmpv6"):
        return get, (family_is(protocol == "icmpv6"), protocol_is(58 if protocol == "icmpv6" else 1)), ""
    if protocol in _WITH_PORTS or protocol in _OTHERS:
        return get, (protocol_is(_WITH_PORTS.get(protocol) or _OTHERS[protocol]),), ""
    return (get, (), "") if protocol == "th" else None


def has_no_fragment_bits(left: object, mask: object) -> bool:
    """Whether these are the fragment bits: the packets that the model follows are whole, and conntrack reassembles others."""
    return left == Payload("ip", "frag-off") and isinstance(mask, int) and not mask & ~_FRAGMENT_BITS


def option_field(option: ExtensionHeader | IpOption | TcpOption | SctpChunk) -> Field:
    """An extension header, option or chunk, or a field of it (net/netfilter/nft_exthdr.c).

    Whether one exists can be tested for any packet of the family and any protocol. If it does not, its fields end the rule.
    """
    about_presence = not option.field and not option.name.startswith("@")
    if isinstance(option, ExtensionHeader | IpOption):
        family = family_is(isinstance(option, ExtensionHeader))
        return (lambda _: 0), (family,) if about_presence else (family, _absent(str(option.name))), ""
    number = 6 if isinstance(option, TcpOption) else 132
    if about_presence:
        return (lambda f: None if f.protocol == number else 0), (), ""
    return _unknown, (protocol_is(number),), ""


def _absent(name: str) -> Condition:
    """The packets that the model follows have neither extension headers nor IP options."""
    return Condition(name, "present", lambda _: False, lambda _: "absent")
