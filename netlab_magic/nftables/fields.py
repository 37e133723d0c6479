"""Every field, key and option that nft knows, with its data type (nft(8); `nft describe`)."""

from netlab_magic.nftables.datatypes import DATATYPES, Bitmask, Datatype
from netlab_magic.nftables.expressions import (
    Binary,
    Concatenation,
    Ct,
    DccpOption,
    Expression,
    ExtensionHeader,
    Fib,
    IpOption,
    Ipsec,
    JHash,
    Meta,
    Numgen,
    Osf,
    Payload,
    RawPayload,
    Rt,
    SctpChunk,
    Socket,
    SymHash,
    TcpOption,
)

__all__ = ["BARE_META", "BY_WORDS", "CT", "EXTENSION_HEADERS", "META", "PAYLOADS", "TUNNELS", "datatype_of", "datatypes_of", "is_flags"]


def _of(default: str, names: str, **types: str) -> dict[str, str]:
    return {**dict.fromkeys(names.split(), default), **{name.replace("_", "-"): kind for name, kind in types.items()}}


_PORTS = {"sport": "inet_service", "dport": "inet_service"}

# fmt: off
PAYLOADS: dict[str, dict[str, str]] = {
    "ether": {"saddr": "ether_addr", "daddr": "ether_addr", "type": "ether_type"},
    "vlan": _of("integer", "id cfi dei pcp", type="ether_type"),
    "arp": {
        **_of("integer", "htype hlen plen", ptype="ether_type", operation="arp_op"),
        **{f"{end} ether": "ether_addr" for end in ("saddr", "daddr")},
        **{f"{end} ip": "ipv4_addr" for end in ("saddr", "daddr")},
    },
    "ip": _of(
        "integer", "version hdrlength length id ttl checksum", frag_off="hexadecimal", dscp="dscp", ecn="ecn", protocol="inet_proto",
        saddr="ipv4_addr", daddr="ipv4_addr",
    ),
    "ip6": _of(
        "integer", "version flowlabel length hoplimit", dscp="dscp", ecn="ecn", nexthdr="inet_proto", saddr="ipv6_addr", daddr="ipv6_addr",
    ),
    "icmp": _of("integer", "checksum id sequence gateway mtu", type="icmp_type", code="icmp_code"),
    "icmpv6": _of(
        "integer", "checksum parameter-problem packet-too-big mtu id sequence max-delay", type="icmpv6_type", code="icmpv6_code",
        taddr="ipv6_addr", daddr="ipv6_addr",
    ),
    "igmp": _of("integer", "mrt checksum group", type="igmp_type"),
    "tcp": {**_of("integer", "sequence ackseq doff reserved window checksum urgptr", flags="tcp_flag"), **_PORTS},
    "udp": {**_of("integer", "length checksum"), **_PORTS},
    "udplite": {**_of("integer", "checksum csumcov"), **_PORTS},
    "sctp": {**_of("integer", "vtag checksum"), **_PORTS},
    "dccp": {"type": "dccp_pkttype", **_PORTS},
    "th": dict(_PORTS),
    "ah": _of("integer", "hdrlength reserved spi sequence", nexthdr="inet_proto"),
    "esp": _of("integer", "spi sequence"),
    "comp": _of("integer", "cpi", flags="bitmask", nexthdr="inet_proto"),
    "gre": _of("integer", "version flags hdrversion", protocol="ether_type"),
    "vxlan": _of("integer", "vni", flags="bitmask"),
    "geneve": _of("integer", "vni", type="ether_type"),
    "gretap": {},
}
# fmt: on
"""For each protocol its fields, with their types."""

TUNNELS = frozenset(("vxlan", "geneve", "gre", "gretap"))
"""Tunnels, after whose name a field of the inner packet can follow: `vxlan ip saddr`."""

META: dict[str, str] = _of(
    "integer",
    "length cpu cgroup nftrace random ibrpvid secmark ibrhwaddr broute",
    protocol="ether_type",
    nfproto="nf_proto",
    l4proto="inet_proto",
    priority="classid",
    mark="mark",
    iif="ifindex",
    oif="ifindex",
    iifname="ifname",
    oifname="ifname",
    iiftype="iface_type",
    oiftype="iface_type",
    iifkind="ifname",
    oifkind="ifname",
    iifgroup="devgroup",
    oifgroup="devgroup",
    sdif="ifindex",
    sdifname="ifname",
    skuid="uid",
    skgid="gid",
    rtclassid="realm",
    ibrname="ifname",
    obrname="ifname",
    ibrvproto="ether_type",
    pkttype="pkt_type",
    ipsec="boolean",
    secpath="boolean",
    time="date",
    day="day",
    hour="hour",
)
"""The keys of `meta`, with their types."""
META["ibrhwaddr"] = "ether_addr"

BARE_META = frozenset(("iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup"))
"""Keys that nft prints without the word meta (meta.c, meta_key_is_unqualified)."""

CT: dict[str, str] = _of(
    "integer",
    "bytes packets avgpkt zone count",
    state="ct_state",
    direction="ct_dir",
    status="ct_status",
    mark="mark",
    expiration="time",
    helper="string",
    l3proto="nf_proto",
    protocol="inet_proto",
    label="ct_label",
    event="ct_event",
    id="ct_id",
    secmark="integer",
    proto_src="inet_service",
    proto_dst="inet_service",
)
"""The keys of `ct`, with their types. Addresses have their family before them: `ip saddr`."""
for _family, _type in (("ip", "ipv4_addr"), ("ip6", "ipv6_addr")):
    CT[f"{_family} saddr"] = CT[f"{_family} daddr"] = _type
CT["saddr"] = CT["daddr"] = "address"

EXTENSION_HEADERS: dict[str, dict[str, str]] = {
    "hbh": _of("integer", "hdrlength", nexthdr="inet_proto"),
    "dst": _of("integer", "hdrlength", nexthdr="inet_proto"),
    "rt": _of("integer", "hdrlength type seg-left", nexthdr="inet_proto"),
    "rt0": {"addr": "ipv6_addr"},
    "rt2": {"addr": "ipv6_addr"},
    "srh": _of("integer", "last-entry flags tag", sid="ipv6_addr"),
    "frag": _of("integer", "reserved frag-off reserved2 more-fragments id", nexthdr="inet_proto"),
    "mh": _of("integer", "hdrlength reserved checksum", nexthdr="inet_proto", type="mh_type"),
}
"""The IPv6 extension headers and their fields, with their types."""

_MPTCP = {"subtype": "mptcp_subtype"}
_RT = {"nexthop": "address", "classid": "realm", "mtu": "integer", "ipsec": "boolean"}
_SOCKET = {"transparent": "integer", "wildcard": "integer", "mark": "mark", "cgroupv2": "cgroupsv2"}
_FIB = {"type": "fib_addrtype", "oif": "ifindex", "oifname": "ifname", "check": "boolean"}
_ADDRESSES = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}


def _name_of(expression: object) -> str:
    """The name of the type of an expression."""
    match expression:
        case Payload(protocol, field):
            return PAYLOADS.get(protocol, {}).get(field, "integer")
        case Meta(key):
            return META.get(key, "integer")
        case Ct(key):
            return CT.get(key, "integer")
        case RawPayload():
            return "hexadecimal"
        case ExtensionHeader(name, field) if field:
            return EXTENSION_HEADERS.get(name, {}).get(field.partition("[")[0], "integer")
        case TcpOption("mptcp", field) if field:
            return _MPTCP.get(field, "integer")
        case TcpOption(name, field) if field or name.startswith("@"):
            return "integer"
        case IpOption(_, field) | SctpChunk(_, field) if field:
            return "ipv4_addr" if field == "addr" else "integer"
        case ExtensionHeader() | TcpOption() | IpOption() | SctpChunk() | DccpOption():
            return "boolean"
        case Fib(result):
            return _FIB.get(result, "integer")
        case Rt(key, family):
            return _ADDRESSES[family] if key == "nexthop" and family else _RT.get(key, "integer")
        case Socket(key):
            return _SOCKET.get(key, "integer")
        case Osf():
            return "string"
        case Ipsec(_, _, _, family):
            return _ADDRESSES.get(family, "integer")
        case _:
            return "integer"


_KNOWN: dict[object, tuple[Datatype]] = {}


def datatype_of(expression: Expression) -> Datatype:
    """The type of an expression's value; for a concatenation, that of its first part (`datatypes_of` gives all)."""
    return datatypes_of(expression)[0]


def datatypes_of(expression: Expression) -> tuple[Datatype, ...]:
    """The types of the parts of a concatenation; of another expression, the one that it has."""
    known = _KNOWN.get(expression)
    if known is not None:
        return known
    match expression:
        case Binary(_, left, _):
            return (datatype_of(left),)
        case Concatenation(parts):
            return tuple([datatype_of(part) for part in parts])
        case Numgen() | JHash() | SymHash():
            return (DATATYPES["integer"],)
    if len(_KNOWN) > 10_000:
        _KNOWN.clear()
    known = _KNOWN[expression] = (DATATYPES[_name_of(expression)],)
    return known


BY_WORDS: dict[tuple[str, ...], Expression] = {
    **{(protocol, field): Payload(protocol, field) for protocol, fields in PAYLOADS.items() for field in fields if " " not in field},
    **{("meta", key): Meta(key) for key in META if key != "secpath"},
    **{("ct", key): Ct(key) for key in CT if " " not in key},
}
"""Expressions that are two words, by these."""


def is_flags(datatype: Datatype) -> bool:
    """Whether values of the type are sets of flags; a comparison without operator then matches any of them."""
    return isinstance(datatype, Bitmask)
