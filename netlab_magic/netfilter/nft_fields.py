"""What an nft expression gives for a packet, compiled: the value, and the conditions under which there is one.

The kernel's rule tests what a field needs before it reads it, `meta l4proto tcp` before `tcp dport`, though nft prints no such test
(nftables, src/payload.c, payload_gen_dependency). A value that this program cannot tell is None.
"""

from collections.abc import Callable, Mapping
from operator import and_, lshift, or_, rshift, xor

import msgspec

from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.matches import Condition, is_destined, is_sourced
from netlab_magic.netfilter.nft_sets import Index, Value, plain
from netlab_magic.nftables.datatypes import Bitmask
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Binary,
    Concatenation,
    Ct,
    Expression,
    Fib,
    MapLookup,
    Meta,
    NamedSet,
    Payload,
)
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.ruleset import Table
from netlab_magic.nftables.statements import ConnectionLimit, Limit, Quota, SetUpdate
from netlab_magic.nftables.text.expression_printer import Style, expression_text

__all__ = ["FAMILY_BITS", "TRACKED", "Operand", "Sets", "family_is", "is_limited", "operand", "protocol_is"]

Get = Callable[[Frame], Value | None]

FAMILY_BITS = {"ip": False, "ip6": True}
"""The families of addresses, and whether that is IPv6."""

_PROTOCOLS = {"tcp": 6, "udp": 17, "dccp": 33, "sctp": 132, "udplite": 136}
_WITH_PORTS = frozenset((6, 17, 33, 132, 136))
_STATES = {"INVALID": 1, "ESTABLISHED": 2, "RELATED": 4, "NEW": 8, "UNTRACKED": 64}
_STATUSES = {"EXPECTED": 1, "SEEN_REPLY": 2, "ASSURED": 4, "CONFIRMED": 8}
_FLAGS = {"FIN": 1, "SYN": 2, "RST": 4, "PSH": 8, "ACK": 16, "URG": 32, "ECE": 64, "CWR": 128}
_ADDRESS_TYPES = {"UNICAST": 1, "LOCAL": 2, "BROADCAST": 3, "MULTICAST": 5}
_OPERATORS: dict[str, Callable[[int, int], int]] = {"&": and_, "|": or_, "^": xor, "<<": lshift, ">>": rshift}
_STYLE = Style()


class Operand(msgspec.Struct, frozen=True):
    """An expression: `get` gives its value, where the conditions `needs` hold; `field` is as in Condition."""

    get: Get
    text: str
    seen: Callable[[Frame], str]
    needs: tuple[Condition, ...] = ()
    field: str = ""


def _text(expression: object) -> str:
    """An expression as nft prints it."""
    return expression_text(expression, _STYLE)


def _is_tracked(frame: Frame) -> bool:
    return frame.state not in ("INVALID", "UNTRACKED")


TRACKED = Condition("ct state", "that of a connection", _is_tracked, lambda frame: frame.state)
"""Of a packet without a connection, only the state can be asked: other keys end the rule, negated or not (nft_ct_get_eval)."""


def protocol_is(number: int) -> Condition:
    """The condition that a packet is of a protocol."""
    return Condition("protocol", word_of(number), lambda f: f.protocol == number, lambda f: word_of(f.protocol), field="protocol")


def family_is(six: bool) -> Condition:
    """The condition that a packet is of a family."""
    names = "IPv4", "IPv6"
    return Condition("family", names[six], lambda f: f.six == six, lambda f: names[f.six])


class Sets:
    """The sets and maps of a table, indexed when first asked. One that rules fill while packets pass cannot be known."""

    def __init__(self, table: Table) -> None:
        self._held = {found.name: found for found in table.sets}
        self._changing = {
            changed.set for chain in table.chains for rule in chain.rules for changed in rule.statements if isinstance(changed, SetUpdate)
        }
        self._made: dict[str, Index] = {}

    def index(self, mapping: NamedSet | AnonymousSet) -> Index | None:
        """The elements of a set; None where they are not known."""
        if isinstance(mapping, AnonymousSet):
            return Index(mapping.elements)
        found = self._held.get(mapping.name)
        if found is None or mapping.name in self._changing or "dynamic" in found.flags:
            return None
        if mapping.name not in self._made:
            self._made[mapping.name] = Index(found.elements)
        return self._made[mapping.name]


def is_limited(statements: object) -> bool:
    """Whether an element of a set limits those that it lets match."""
    return any(isinstance(one, Limit | Quota | ConnectionLimit) for one in statements)  # type: ignore[attr-defined]


def operand(expression: Expression, sets: Sets) -> Operand | None:
    """The operand that an expression is; None where this program cannot tell its value."""
    match expression:
        case Payload(protocol, field, "") if (found := _payload(protocol, field)) is not None:
            return _made(expression, *found)
        case Meta(key) if key in _META:
            field = {"iif": "input", "iifname": "input", "oif": "output", "oifname": "output", "l4proto": "protocol"}.get(key, "")
            return _made(expression, _META[key], field=field)
        case Ct(key, direction):
            return _connection(expression, key, direction)
        case Fib():
            get = _route(expression)
            return _made(expression, get) if get else None
        case Binary(operator, left, right):
            return _joined(expression, operator, operand(left, sets), operand(right, sets))
        case Concatenation(parts):
            return _beside(expression, [operand(part, sets) for part in parts])
        case MapLookup(key, mapping):
            return _looked_up(operand(key, sets), sets.index(mapping))
    if isinstance(expression, CONSTANTS):
        value = plain(expression)
        return Operand(lambda _: value, _text(expression), lambda _: _text(expression))
    return None


def _made(expression: Expression, get: Get, needs: tuple[Condition, ...] = (), field: str = "") -> Operand:
    kind = datatypes_of(expression)[0]

    def seen(frame: Frame) -> str:
        value = get(frame)
        if isinstance(value, int):
            if kind.name in ("ipv4_addr", "ipv6_addr"):
                return shown(value, frame.six)
            return ",".join(kind.flags(value)) if isinstance(kind, Bitmask) else kind.show(value)
        return str(value or "")

    return Operand(get, _text(expression), seen, needs, field)


# --- fields of headers ------------------------------------------------------------------------------------------------------------


def _ports(get: Callable[[Frame], int]) -> Get:
    """The first bytes behind the network header, which are ports only in some protocols."""
    return lambda f: get(f) if f.protocol in _WITH_PORTS else None


_NETWORK: Mapping[str, Get] = {
    "saddr": lambda f: f.source,
    "daddr": lambda f: f.destination,
    "dscp": lambda f: f.tos >> 2,
    "ecn": lambda f: f.tos & 3,
}
_HEADERS: Mapping[str, Mapping[str, Get]] = {
    "ip": {**_NETWORK, "protocol": lambda f: f.protocol, "ttl": lambda f: f.ttl, "length": lambda f: f.length, "version": lambda _: 4},
    "ip6": {**_NETWORK, "nexthdr": lambda f: f.protocol, "hoplimit": lambda f: f.ttl, "version": lambda _: 6},
    "icmp": {"type": lambda f: f.icmp[0], "code": lambda f: f.icmp[1]},
    "icmpv6": {"type": lambda f: f.icmp[0], "code": lambda f: f.icmp[1]},
    "th": {"sport": _ports(lambda f: f.source_port), "dport": _ports(lambda f: f.destination_port)},
    "tcp": {"flags": lambda f: sum(_FLAGS.get(flag, 0) for flag in f.flags)},
}


def _payload(protocol: str, field: str) -> tuple[Get, tuple[Condition, ...], str] | None:
    """How a field is read, what that needs, and the name of the field in a Condition."""
    get = _HEADERS.get(protocol, {}).get(field)
    if get is None and protocol in ("tcp", "udp", "udplite", "sctp", "dccp"):
        get = _HEADERS["th"].get(field)
    if get is None:
        return None
    if protocol in FAMILY_BITS:
        known = {"saddr": "source", "daddr": "destination", "protocol": "protocol", "nexthdr": "protocol"}.get(field, "")
        return get, (family_is(FAMILY_BITS[protocol]),), known
    if protocol == "icmpv6":
        return get, (family_is(True), protocol_is(58)), ""
    if protocol == "icmp":
        return get, (family_is(False), protocol_is(1)), ""
    return get, (protocol_is(_PROTOCOLS[protocol]),) if protocol in _PROTOCOLS else (), ""


# --- what the kernel knows beside the bytes ---------------------------------------------------------------------------------------

_META: Mapping[str, Get] = {
    "iif": lambda f: f.input,
    "iifname": lambda f: f.input,
    "oif": lambda f: f.output,
    "oifname": lambda f: f.output,
    "l4proto": lambda f: f.protocol,
    "nfproto": lambda f: 10 if f.six else 2,
    "protocol": lambda f: 0x86DD if f.six else 0x0800,
    "mark": lambda f: f.mark,
    "length": lambda f: f.length,
}


def _status(frame: Frame) -> int:
    found = sum(_STATUSES.get(status, 0) for status in frame.status)
    return found | 16 * is_sourced(frame) | 32 * is_destined(frame)


_CONNECTION: Mapping[str, Get] = {
    "status": _status,
    "direction": lambda f: 0 if f.direction == "ORIGINAL" else 1,
    "mark": lambda f: f.connection_mark,
    "l3proto": lambda f: 10 if f.six else 2,
    "protocol": lambda f: f.connection_protocol,
}
_ENDS: Mapping[str, str] = {"saddr": "source", "daddr": "destination", "proto-src": "source_port", "proto-dst": "destination_port"}


def _connection(expression: Ct, key: str, direction: str) -> Operand | None:
    if key == "state":
        return _made(expression, lambda f: _STATES.get(f.state))
    if not direction:
        return _made(expression, _CONNECTION[key], (TRACKED,)) if key in _CONNECTION else None
    family, _, end = key.rpartition(" ")
    if end not in _ENDS or direction not in ("original", "reply"):
        return None
    name = _ENDS[end]
    needs = (family_is(FAMILY_BITS[family]), TRACKED) if family in FAMILY_BITS else (TRACKED,)
    return _made(expression, lambda f: getattr(getattr(f, direction), name), needs)


def _route(expression: Fib) -> Get | None:
    """A look-up in the routes: the type of an address, or whether answers would leave through the input device (nft_fib)."""
    flags = frozenset(expression.flags)
    if expression.result == "type" and flags in ({"saddr"}, {"daddr"}):
        get = _NETWORK["saddr" if "saddr" in flags else "daddr"]

        def kind(frame: Frame) -> Value | None:
            address = get(frame)
            return _ADDRESS_TYPES.get(frame.routing.address_type(address)) if frame.routing and isinstance(address, int) else None

        return kind
    if expression.result == "check" and "saddr" in flags and flags <= {"saddr", "iif", "mark"}:

        def exists(frame: Frame) -> Value | None:
            hop = frame.routing.route(frame.source) if frame.routing else None
            if frame.routing is None:
                return None
            return int(hop is not None and ("iif" not in flags or hop.device == frame.input))

        return exists
    return None


# --- expressions made of others ---------------------------------------------------------------------------------------------------


def _joined(expression: Binary, operator: str, left: Operand | None, right: Operand | None) -> Operand | None:
    if left is None or right is None:
        return None
    compute, one, other = _OPERATORS[operator], left.get, right.get

    def get(frame: Frame) -> Value | None:
        a, b = one(frame), other(frame)
        return compute(a, b) if isinstance(a, int) and isinstance(b, int) else None

    made = _made(expression, get)
    return msgspec.structs.replace(made, needs=(*left.needs, *right.needs))


def _beside(expression: Concatenation, parts: list[Operand | None]) -> Operand | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    gets = [part.get for part in known]

    def get(frame: Frame) -> Value | None:
        values = [one(frame) for one in gets]
        return None if None in values else tuple(values)  # type: ignore[arg-type]

    needs = tuple(need for part in known for need in part.needs)
    return Operand(get, _text(expression), lambda f: " . ".join(part.seen(f) for part in known), needs)


def _looked_up(key: Operand | None, index: Index | None) -> Operand | None:
    """What a map leads to; a key that is not there ends the rule (nft_lookup_eval)."""
    if key is None or index is None:
        return None

    def get(frame: Frame) -> Value | None:
        value = key.get(frame)
        found = index.find(value) if value is not None else None
        try:
            return plain(found.data) if found is not None else None
        except ValueError:  # a range of addresses, of which the kernel chooses one
            return None

    def is_there(frame: Frame) -> bool | None:
        value = key.get(frame)
        return None if value is None else index.find(value) is not None

    there = Condition(key.text, "a key of the map", is_there, key.seen)
    return Operand(get, f"{key.text} map", lambda f: str(get(f)), (*key.needs, there))
