"""Where the fields of headers are: in which of a packet's headers, at which bit, and how long (nftables, src/proto.c)."""

from collections.abc import Mapping

import msgspec

from netlab_magic.nftables.expressions import Payload

__all__ = ["LINK", "NETWORK", "TRANSPORT", "Field", "base_of", "field_of", "named_field"]

LINK, NETWORK, TRANSPORT = "ll", "nh", "th"

# fmt: off
_FIELDS: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "ether": {"daddr": (0, 48), "saddr": (48, 48), "type": (96, 16)},
    "arp": {"htype": (0, 16), "ptype": (16, 16), "hlen": (32, 8), "plen": (40, 8), "operation": (48, 16)},
    "ip": {
        "length": (16, 16), "id": (32, 16), "frag-off": (48, 16), "ttl": (64, 8), "protocol": (72, 8), "checksum": (80, 16),
        "saddr": (96, 32), "daddr": (128, 32),
    },
    "ip6": {"length": (32, 16), "nexthdr": (48, 8), "hoplimit": (56, 8), "saddr": (64, 128), "daddr": (192, 128)},
    "tcp": {
        "sport": (0, 16), "dport": (16, 16), "sequence": (32, 32), "ackseq": (64, 32), "flags": (104, 8), "window": (112, 16),
        "checksum": (128, 16), "urgptr": (144, 16),
    },
    "udp": {"sport": (0, 16), "dport": (16, 16), "length": (32, 16), "checksum": (48, 16)},
    "udplite": {"sport": (0, 16), "dport": (16, 16), "csumcov": (32, 16), "checksum": (48, 16)},
    "sctp": {"sport": (0, 16), "dport": (16, 16), "vtag": (32, 32), "checksum": (64, 32)},
    "dccp": {"sport": (0, 16), "dport": (16, 16)},
    "th": {"sport": (0, 16), "dport": (16, 16)},
    "icmp": {
        "type": (0, 8), "code": (8, 8), "checksum": (16, 16), "id": (32, 16), "sequence": (48, 16), "gateway": (32, 32), "mtu": (48, 16),
    },
    "icmpv6": {"type": (0, 8), "code": (8, 8), "checksum": (16, 16), "id": (32, 16), "sequence": (48, 16)},
    "ah": {"nexthdr": (0, 8), "hdrlength": (8, 8), "reserved": (16, 16), "spi": (32, 32), "sequence": (64, 32)},
    "esp": {"spi": (0, 32), "sequence": (32, 32)},
}
# fmt: on
_BASES = {"ether": LINK, "vlan": LINK, "arp": NETWORK, "ip": NETWORK, "ip6": NETWORK}


class Field(msgspec.Struct, frozen=True):
    """A field of whole bytes: the header that it is in, and its place and length in bits."""

    base: str
    offset: int
    length: int


def base_of(protocol: str) -> str:
    """In which of a packet's headers a protocol is."""
    return _BASES.get(protocol, TRANSPORT)


def field_of(payload: Payload) -> Field | None:
    """Where a field is; None where it is not made of whole bytes, or not known."""
    found = _FIELDS.get(payload.protocol, {}).get(payload.field)
    return Field(base_of(payload.protocol), *found) if found and not payload.tunnel else None


def named_field(protocol: str, offset: int, length: int) -> Payload | None:
    """The field of a protocol at this place; None where it has none."""
    fields = _FIELDS.get(protocol, {})
    return next((Payload(protocol, name) for name, place in fields.items() if place == (offset, length)), None)
