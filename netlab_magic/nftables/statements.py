"""What a rule does: the statements of nft(8) as values. A rule is a sequence of them, and ends at the first that does not match."""

from typing import Union

import msgspec

from netlab_magic.nftables.expressions import AnonymousSet, Element, Expression, MapLookup, NamedSet, TcpOption

__all__ = [
    "Assignment",
    "ConnectionLimit",
    "Counter",
    "Dup",
    "FlowAdd",
    "Forward",
    "Last",
    "Limit",
    "Log",
    "Masquerade",
    "Match",
    "Meter",
    "Nat",
    "Notrack",
    "ObjectReference",
    "Queue",
    "Quota",
    "Redirect",
    "Reject",
    "ResetOption",
    "SetUpdate",
    "Statement",
    "Synproxy",
    "Tproxy",
    "Unknown",
    "Verdict",
    "VerdictMap",
    "Xt",
    "bare_reject",
]


class Match(msgspec.Struct, frozen=True, gc=False):
    """A comparison. `operator` is == != < > <= >=, or `in` (one of these flags is set) or ! (none of them is).

    `right` may be a constant, a prefix, a range, a set that is written there, or a set of the table.
    """

    left: Expression
    operator: str
    right: Expression


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """accept, drop, continue, return; or jump or goto a `chain`."""

    name: str
    chain: str = ""


class VerdictMap(msgspec.Struct, frozen=True, gc=False):
    """`tcp dport vmap { 22 : accept }`: the map's verdict for `key`; none if the key is not in the map."""

    key: Expression
    mapping: NamedSet | AnonymousSet


class Counter(msgspec.Struct, frozen=True, gc=False):
    """Counts packets and bytes; None if the listing omits the counts (`nft -s`)."""

    packets: int | None = None
    bytes: int | None = None


class Last(msgspec.Struct, frozen=True, gc=False):
    """Remembers when a packet last reached it: milliseconds ago, None for never."""

    used: int | None = None


class Limit(msgspec.Struct, frozen=True, gc=False):
    """A token bucket: holds up to `rate` packets (or bytes) per `per`, after a `burst`; with `over`, what exceeds that."""

    rate: int
    per: str
    burst: int = 5
    over: bool = False
    in_bytes: bool = False


class Quota(msgspec.Struct, frozen=True, gc=False):
    """Matches until `bytes` have passed; with `over`, after that. `used` is None if the listing omits it."""

    bytes: int
    over: bool = False
    used: int | None = None


class ConnectionLimit(msgspec.Struct, frozen=True, gc=False):
    """`ct count`: holds up to `count` connections at the same time; with `over`, beyond that."""

    count: int
    over: bool = False


class Log(msgspec.Struct, frozen=True, gc=False):
    """Logs the packet: to the kernel's log, or to a netlink `group`. `level` is warn by default."""

    prefix: str | None = None
    level: str = "warn"
    group: int | None = None
    snaplen: int | None = None
    queue_threshold: int | None = None
    flags: tuple[str, ...] = ()


class Reject(msgspec.Struct, frozen=True, gc=False):
    """Drops the packet and answers: `kind` is icmp, icmpv6, icmpx (either, by the packet) or "tcp reset", which has no `code`."""

    kind: str
    code: int | None = None


class Nat(msgspec.Struct, frozen=True, gc=False):
    """`kind` is snat or dnat. `modes`: the kind of the address map, if given (prefix, interval, concat)."""

    kind: str
    address: Expression | None = None
    port: Expression | None = None
    family: str = ""
    flags: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()


class Masquerade(msgspec.Struct, frozen=True, gc=False):
    """Source NAT to the address of the device that the packet leaves by."""

    port: Expression | None = None
    flags: tuple[str, ...] = ()


class Redirect(msgspec.Struct, frozen=True, gc=False):
    """Destination NAT to the host itself."""

    port: Expression | None = None
    flags: tuple[str, ...] = ()


class Assignment(msgspec.Struct, frozen=True, gc=False):
    """`meta mark set 1`: sets a field, a mark or another property of the packet or connection."""

    target: Expression
    value: Expression


class ResetOption(msgspec.Struct, frozen=True, gc=False):
    """Removes a TCP option from the packet."""

    option: TcpOption


class Notrack(msgspec.Struct, frozen=True, gc=False):
    """Exempts the packet from connection tracking."""


class Tproxy(msgspec.Struct, frozen=True, gc=False):
    """Hands the packet to a local socket without changing it."""

    family: str = ""
    address: Expression | None = None
    port: Expression | None = None


class Synproxy(msgspec.Struct, frozen=True, gc=False):
    """Answers SYN packets on behalf of the server; also the value of a synproxy object."""

    mss: int | None = None
    wscale: int | None = None
    flags: tuple[str, ...] = ()


class Queue(msgspec.Struct, frozen=True, gc=False):
    """Hands the packet to a program: `number` is a queue, a range of them, or an expression that gives one."""

    number: Expression = 0
    flags: tuple[str, ...] = ()


class Dup(msgspec.Struct, frozen=True, gc=False):
    """Sends a copy to an address, or (netdev) out of a device."""

    to: Expression
    device: Expression | None = None


class Forward(msgspec.Struct, frozen=True, gc=False):
    """`fwd`: sends the packet out of a device; with `address`, to that neighbour."""

    device: Expression
    family: str = ""
    address: Expression | None = None


class FlowAdd(msgspec.Struct, frozen=True, gc=False):
    """Moves the connection to a flowtable; its packets then bypass the rules."""

    flowtable: str


class SetUpdate(msgspec.Struct, frozen=True, gc=False):
    """Changes a set from a packet: `operation` is add, update or delete."""

    operation: str
    set: str
    element: Element


class Meter(msgspec.Struct, frozen=True, gc=False):
    """A set that packets fill and only this rule uses; its element has what counts or limits each of them."""

    name: str
    element: Element
    size: int | None = None


class ObjectReference(msgspec.Struct, frozen=True, gc=False):
    """Uses an object of the table, such as `counter name "x"` or `ct helper set "ftp"`: its name, or a map that gives one."""

    kind: str
    name: str | MapLookup


class Xt(msgspec.Struct, frozen=True, gc=False):
    """A match or target of iptables-nft, of which nft prints only the name (`iptables-save` prints the rest)."""

    kind: str
    name: str


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A part of a rule that was not understood, kept as it was written."""

    text: str


Statement = Union[  # noqa: UP007
    Match,
    Verdict,
    VerdictMap,
    Counter,
    Last,
    Limit,
    Quota,
    ConnectionLimit,
    Log,
    Reject,
    Nat,
    Masquerade,
    Redirect,
    Assignment,
    ResetOption,
    Notrack,
    Tproxy,
    Synproxy,
    Queue,
    Dup,
    Forward,
    FlowAdd,
    SetUpdate,
    Meter,
    ObjectReference,
    Xt,
    Unknown,
]
"""Whatever a rule can do."""


def bare_reject(family: str) -> Reject:
    """What `reject` alone says in a table of this family: port-unreachable, in the ICMP of the family or of the packet."""
    return {"ip": Reject("icmp", 3), "ip6": Reject("icmpv6", 4)}.get(family, Reject("icmpx", 1))
