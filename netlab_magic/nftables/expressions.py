"""What a rule looks at: the expressions of nft(8) as values, and the values that they are compared with.

A constant is an `int` (ports, marks, flags, types, protocols: whatever nft has a number for), an `IPv4Address`, an `IPv6Address` or a `str`
(names of interfaces, helpers, users). What it is called depends on what it is compared with: see `datatypes`.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import Union

import msgspec

__all__ = [
    "CONSTANTS",
    "AnonymousSet",
    "Binary",
    "CatchAll",
    "Concatenation",
    "Constant",
    "Ct",
    "Element",
    "Expression",
    "ExtensionHeader",
    "Fib",
    "IpOption",
    "Ipsec",
    "JHash",
    "MapLookup",
    "Meta",
    "NamedSet",
    "Numgen",
    "Osf",
    "Payload",
    "Prefix",
    "Range",
    "RawPayload",
    "Rt",
    "SctpChunk",
    "Socket",
    "SymHash",
    "TcpOption",
]

Constant = int | str | IPv4Address | IPv6Address
"""A single value."""

CONSTANTS = (int, str, IPv4Address, IPv6Address)
"""The classes of Constant."""


class Prefix(msgspec.Struct, frozen=True, gc=False):
    """All addresses (or numbers) that begin with the first `length` bits of `address`, such as 10.0.0.0/8."""

    address: Constant
    length: int


class Range(msgspec.Struct, frozen=True, gc=False):
    """All values from `low` to `high`, both included."""

    low: Constant
    high: Constant


class CatchAll(msgspec.Struct, frozen=True, gc=False):
    """The element `*` of a set or map, which matches whatever no other element does."""


class Payload(msgspec.Struct, frozen=True, gc=False):
    """A field of a header, such as `tcp dport`; `tunnel` names the protocol in which the header is wrapped, such as vxlan."""

    protocol: str
    field: str
    tunnel: str = ""


class RawPayload(msgspec.Struct, frozen=True, gc=False):
    """`length` bits at `offset` bits from the start of a header: `base` is ll, nh, th or ih (link layer, network, transport, inner)."""

    base: str
    offset: int
    length: int


class ExtensionHeader(msgspec.Struct, frozen=True, gc=False):
    """A field of an IPv6 extension header; without `field`, whether the packet has that header."""

    name: str
    field: str = ""


class TcpOption(msgspec.Struct, frozen=True, gc=False):
    """A field of a TCP option; without `field`, whether the packet has it. One without a name is a number or @number,offset,length."""

    name: str
    field: str = ""


class IpOption(msgspec.Struct, frozen=True, gc=False):
    """A field of an IPv4 option; without `field`, whether the packet has it."""

    name: str
    field: str = ""


class SctpChunk(msgspec.Struct, frozen=True, gc=False):
    """A field of an SCTP chunk; without `field`, whether the packet has it."""

    name: str
    field: str = ""


class DccpOption(msgspec.Struct, frozen=True, gc=False):
    """Whether the packet has the DCCP option with this number."""

    number: int


class Meta(msgspec.Struct, frozen=True, gc=False):
    """A property of a packet that is not in its bytes, such as `meta mark` or `iifname`."""

    key: str


class Ct(msgspec.Struct, frozen=True, gc=False):
    """A property of the packet's connection (conntrack); `direction` is original, reply or nothing."""

    key: str
    direction: str = ""


class Fib(msgspec.Struct, frozen=True, gc=False):
    """The result of looking up `flags` in the routing tables: `result` is type, oif, oifname or check (whether there is a route)."""

    result: str
    flags: tuple[str, ...]


class Rt(msgspec.Struct, frozen=True, gc=False):
    """A property of the packet's route; `family` is ip, ip6 or nothing."""

    key: str
    family: str = ""


class Socket(msgspec.Struct, frozen=True, gc=False):
    """A property of the local socket that the packet belongs to; `level` counts for cgroupv2 only."""

    key: str
    level: int | None = None


class Osf(msgspec.Struct, frozen=True, gc=False):
    """The operating system that a SYN looks like: its name or version; `ttl` is skip, loose or nothing."""

    key: str
    ttl: str = ""


class Ipsec(msgspec.Struct, frozen=True, gc=False):
    """A property of the IPsec policy that the packet came through (`in`) or will go through (`out`)."""

    direction: str
    key: str
    spnum: int = 0
    family: str = ""


class Numgen(msgspec.Struct, frozen=True, gc=False):
    """A number from `offset` to `offset + modulus - 1`: the next one (`inc`) or any (`random`)."""

    mode: str
    modulus: int
    offset: int = 0


class JHash(msgspec.Struct, frozen=True, gc=False):
    """The Jenkins hash of what `expression` gives, from `offset` to `offset + modulus - 1`. A `seed` of None is chosen by the kernel."""

    expression: "Expression"
    modulus: int
    seed: int | None = None
    offset: int = 0


class SymHash(msgspec.Struct, frozen=True, gc=False):
    """A hash that is the same for both directions of a connection."""

    modulus: int
    offset: int = 0


class Binary(msgspec.Struct, frozen=True, gc=False):
    """Two values joined bit by bit: `operator` is one of & | ^ << >>."""

    operator: str
    left: "Expression"
    right: "Expression"


class Concatenation(msgspec.Struct, frozen=True, gc=False):
    """A concatenation, `ip saddr . tcp dport`: of expressions on the left, of constants in a set."""

    parts: tuple["Expression", ...]


class NamedSet(msgspec.Struct, frozen=True, gc=False):
    """A set or map of the table, by its name: `@blocked`."""

    name: str


class Element(msgspec.Struct, frozen=True, gc=False):
    """One element of a set; in a map, `data` is what it leads to. Times are milliseconds; statements count or limit it."""

    key: "Expression"
    data: "MapData | None" = None
    timeout: int | None = None
    expires: int | None = None
    statements: tuple[msgspec.Struct, ...] = ()
    comment: str = ""


class AnonymousSet(msgspec.Struct, frozen=True, gc=False):
    """An anonymous set or map: `{ 22, 80 }`."""

    elements: tuple[Element, ...]


class MapLookup(msgspec.Struct, frozen=True, gc=False):
    """What `key` leads to in a map: `ip saddr map @marks`."""

    key: "Expression"
    mapping: NamedSet | AnonymousSet


Expression = Union[  # noqa: UP007 – it names itself
    Constant,
    Prefix,
    Range,
    CatchAll,
    Payload,
    RawPayload,
    ExtensionHeader,
    TcpOption,
    IpOption,
    SctpChunk,
    DccpOption,
    Meta,
    Ct,
    Fib,
    Rt,
    Socket,
    Osf,
    Ipsec,
    Numgen,
    JHash,
    SymHash,
    Binary,
    Concatenation,
    NamedSet,
    AnonymousSet,
    MapLookup,
]
"""An operand of a comparison."""

MapData = Union[Expression, msgspec.Struct]  # noqa: UP007
"""What an element of a map leads to: a value, or a verdict."""
