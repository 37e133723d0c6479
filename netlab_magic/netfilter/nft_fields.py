"""What an nft expression gives for a packet, compiled: the value, and the conditions under which there is one.

A value that is not known to the model is None.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from operator import and_, lshift, or_, rshift, xor

import msgspec

from netlab_magic.iptables.numbers import shown
from netlab_magic.netfilter.condition import Condition
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.matches import is_destined, is_sourced
from netlab_magic.netfilter.nft_headers import (
    FAMILY_BITS,
    NETWORK,
    Get,
    family_is,
    has_no_fragment_bits,
    header_field,
    option_field,
)
from netlab_magic.netfilter.nft_sets import Index, Value, ValueRange, plain, span, with_ranges
from netlab_magic.netfilter.targets import MOST_OPTIONS
from netlab_magic.nftables.datatypes import Bitmask
from netlab_magic.nftables.expressions import (
    CONSTANTS,
    AnonymousSet,
    Binary,
    Concatenation,
    Ct,
    Expression,
    ExtensionHeader,
    Fib,
    IpOption,
    JHash,
    MapLookup,
    Meta,
    NamedSet,
    Numgen,
    Payload,
    Prefix,
    Range,
    Rt,
    SctpChunk,
    SymHash,
    TcpOption,
)
from netlab_magic.nftables.fields import datatypes_of
from netlab_magic.nftables.ruleset import Table
from netlab_magic.nftables.statements import ConnectionLimit, Limit, Quota, SetUpdate
from netlab_magic.nftables.text.expression_printer import Style, expression_text

__all__ = ["TRACKED", "Operand", "Sets", "is_limited", "operand"]

_STATES = {"INVALID": 1, "ESTABLISHED": 2, "RELATED": 4, "NEW": 8, "UNTRACKED": 64}
_STATUSES = {"EXPECTED": 1, "SEEN_REPLY": 2, "ASSURED": 4, "CONFIRMED": 8}
_ADDRESS_TYPES = {
    "UNICAST": 1, "LOCAL": 2, "BROADCAST": 3, "ANYCAST": 4, "MULTICAST": 5, "BLACKHOLE": 6, "UNREACHABLE": 7, "PROHIBIT": 8,
}  # fmt: skip
"""The numbers of linux/rtnetlink.h."""
_OPERATORS: dict[str, Callable[[int, int], int]] = {"&": and_, "|": or_, "^": xor, "<<": lshift, ">>": rshift}
_STYLE = Style()


class Operand(msgspec.Struct, frozen=True):
    """An expression: `get` gives its value, where the conditions `needs` hold; `field` is as in Condition.

    `several` gives the values that it may have, where the kernel chooses one of them; `get` gives None then.
    """

    get: Get
    text: str
    seen: Callable[[Frame], str]
    needs: tuple[Condition, ...] = ()
    field: str = ""
    several: Callable[[Frame], Sequence[Value]] | None = None

    def possible(self, frame: Frame) -> Sequence[Value]:
        """The value, or each that it may have; none where that is not known."""
        value = self.get(frame)
        if value is not None:
            return (value,)
        return self.several(frame) if self.several is not None else ()


def _text(expression: object) -> str:
    """An expression as nft prints it."""
    return expression_text(expression, _STYLE)


def _is_tracked(frame: Frame) -> bool:
    return frame.state not in ("INVALID", "UNTRACKED")


TRACKED = Condition("ct state", "that of a connection", _is_tracked, lambda frame: frame.state)
"""Of a packet without a connection, only the state can be tested: other keys end the rule, negated or not (nft_ct_get_eval)."""


_SOCKET = Condition("socket", "of this host", lambda f: False if f.input and f.output else None, lambda _: "that of another host")
"""A forwarded packet has no socket here, and so no owner: the rule ends, negated or not (nft_meta_get_eval_skugid)."""


class Sets:
    """The sets and maps of a table, indexed on first use. The elements of one that rules fill are not known.

    On a bridge, what a rule sees of connections depends on modules of the kernel (nf_conntrack_bridge), and is not known.
    """

    def __init__(self, table: Table) -> None:
        self._held = {found.name: found for found in table.sets}
        self.knows_connections = table.family != "bridge"
        self._changing = {
            changed.set for chain in table.chains for rule in chain.rules for changed in rule.statements if isinstance(changed, SetUpdate)
        }
        self._made: dict[str, Index] = {}

    def index(self, mapping: NamedSet | AnonymousSet) -> Index | None:
        """The elements of a set; None if they are not known."""
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
    """The operand for an expression; None if the model does not know its value."""
    match expression:
        case Payload(tunnel="") if (found := header_field(expression)) is not None:
            return _made(expression, *found)
        case ExtensionHeader() | IpOption() | TcpOption() | SctpChunk():
            return _made(expression, *option_field(expression))
        case Binary("&", left, right) if has_no_fragment_bits(left, right):
            return _made(expression, lambda _: 0, (family_is(False),))
        case Meta(key) if key in _META:
            field = {"iif": "input", "iifname": "input", "oif": "output", "oifname": "output", "l4proto": "protocol"}.get(key, "")
            return _made(expression, _META[key], field=field)
        case Meta("skuid" | "skgid"):
            return _made(expression, lambda _: None, (_SOCKET,))
        case Ct() if not sets.knows_connections:
            return None
        case Ct(key, direction):
            return _connection(expression, key, direction)
        case Rt("nexthop", family):
            return _made(expression, _next_hop, (family_is(FAMILY_BITS[family]),) if family in FAMILY_BITS else ())
        case Fib():
            get = _route(expression)
            return _made(expression, get) if get else None
        case Binary(operator, left, right):
            return _joined(expression, operator, operand(left, sets), operand(right, sets))
        case Concatenation(parts):
            return _beside(expression, [operand(part, sets) for part in parts])
        case Numgen(_, modulus, offset) | SymHash(modulus, offset):
            return _one_of(expression, modulus, offset)
        case JHash(hashed, modulus, _, offset) if (inner := operand(hashed, sets)) is not None:
            return _one_of(expression, modulus, offset, inner.needs)
        case Range() | Prefix() if (bounds := span(expression)) is not None:
            limits = ValueRange(*bounds)
            return Operand(lambda _: limits, _text(expression), lambda _: _text(expression))
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


# --- what the kernel knows besides the bytes ---------------------------------------------------------------------------------------



def _packet_type(frame: Frame) -> Value | None:
    """Whom the frame was addressed to: neighbours broadcast only packets to broadcast addresses. What the host sends is of type 0, host."""
    if not frame.input:
        return 0
    if frame.routing is None:
        return None
    return {"BROADCAST": 1, "MULTICAST": 2}.get(frame.routing.address_type(frame.destination), 0)


_ETHERNET, _LOOPBACK = 1, 772
"""Types of devices (linux/if_arp.h)."""
_LIKE_ETHERNET = frozenset(("bridge", "dummy", "macvlan", "veth", "vlan"))


def _device_type(frame: Frame, name: str) -> Value | None:
    device = frame.routing.devices.get(name) if frame.routing else None
    if name == "lo":
        return _LOOPBACK
    return _ETHERNET if device is not None and device.kind in _LIKE_ETHERNET else None


def _next_hop(frame: Frame) -> Value | None:
    """Where the packet's route leads: its gateway, or the destination (rt_nexthop). Bridged frames and those that come in have none yet."""
    routing = frame.routing
    if routing is None or routing.policy is not None or not frame.output or frame.port_out:
        return None
    hop = routing.route(frame.destination)
    return None if hop is None or hop.others else hop.next


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
    "pkttype": _packet_type,
    "iiftype": lambda f: _device_type(f, f.input),
    "oiftype": lambda f: _device_type(f, f.output),
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


_DEVICE_OF: Mapping[frozenset[str], Callable[[Frame], str]] = {
    frozenset(("iif",)): lambda f: f.input,
    frozenset(("oif",)): lambda f: f.output,
}


def _address_type(get: Get, device: Callable[[Frame], str] | None, frame: Frame) -> Value | None:
    """The number of an address's type; IPv6 also looks up a route (nft_fib4_eval_type, nft_fib6_eval_type)."""
    address, routing = get(frame), frame.routing
    if routing is None or not isinstance(address, int) or (frame.six and routing.policy is not None):
        return None
    kind = routing.address_type_at(name, address) if device and (name := device(frame)) else routing.address_type(address)
    if frame.six and kind in ("UNICAST", "MULTICAST") and routing.route(address) is None:
        kind = routing.barrier(address).upper() or "UNREACHABLE"
    return _ADDRESS_TYPES.get(kind)


def _route(expression: Fib) -> Get | None:
    """A route lookup: the type of an address, or whether replies would leave through the input device (nft_fib)."""
    flags = frozenset(expression.flags)
    if expression.result == "type" and len(flags & {"saddr", "daddr"}) == 1 and flags <= {"saddr", "daddr", "iif", "oif"}:
        return partial(_address_type, NETWORK["saddr" if "saddr" in flags else "daddr"], _DEVICE_OF.get(flags & {"iif", "oif"}))
    if expression.result == "check" and "saddr" in flags and flags <= {"saddr", "iif", "mark"}:

        def exists(frame: Frame) -> Value | None:
            if frame.routing is None or frame.routing.policy is not None:
                return None
            if frame.input == "lo":  # packets through lo skip the route lookup (nft_fib_can_skip)
                return 1
            hop = frame.routing.route(frame.source)  # a route to the host itself does not count (nft_fib4_eval, nft_fib6_eval)
            return int(hop is not None and not hop.local and ("iif" not in flags or hop.device == frame.input))

        return exists
    if expression.result in ("oif", "oifname") and flags in ({"saddr"}, {"daddr"}):
        get = NETWORK["saddr" if "saddr" in flags else "daddr"]

        def device(frame: Frame) -> Value | None:
            address = get(frame)
            if frame.routing is None or frame.routing.policy is not None or not isinstance(address, int):
                return None
            if frame.input == "lo":
                return "lo"
            hop = frame.routing.route(address)
            return None if hop is None or hop.local or hop.others else hop.device  # of others nothing may be stored (nft_fib4_eval)

        return device
    return None


def _one_of(expression: Expression, modulus: int, offset: int, needs: tuple[Condition, ...] = ()) -> Operand:
    """A number that the kernel chooses, by turns, by chance or by a hash; of very many none is followed."""
    numbers = tuple(range(offset, offset + modulus)) if modulus <= MOST_OPTIONS else ()
    return Operand(lambda _: None, _text(expression), lambda _: "", needs, several=lambda _: numbers)


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
    """The value in a map; a missing key ends the rule (nft_lookup_eval)."""
    if key is None or index is None:
        return None

    def get(frame: Frame) -> Value | None:
        value = key.get(frame)
        found = index.find(value) if value is not None else None
        try:
            return with_ranges(found.data) if found is not None else None
        except ValueError:
            return None

    def several(frame: Frame) -> Sequence[Value]:
        elements = [found for value in key.possible(frame) if (found := index.find(value)) is not None]
        return [with_ranges(found.data) for found in elements]

    def is_there(frame: Frame) -> bool | None:
        answers = {index.find(value) is not None for value in key.possible(frame)}
        return answers.pop() if len(answers) == 1 else None

    there = Condition(key.text, "a key of the map", is_there, key.seen)
    return Operand(get, f"{key.text} map", lambda f: str(get(f)), (*key.needs, there), several=several if key.several else None)
