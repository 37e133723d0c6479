"""What a rule of nft looks at, as a noun: `the destination port`, `the mark of the connection`."""

from netlab_magic.explain.values import anded
from netlab_magic.i18n import Language, message
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables.datatypes import Datatype
from netlab_magic.nftables.text.expression_printer import Style, expression_text

__all__ = ["noun"]

_STYLE = Style()

_FIELDS: dict[tuple[str, str], str] = {
    ("ether", "saddr"): message("the hardware address of the sender"),
    ("ether", "daddr"): message("the hardware address of the receiver"),
    ("ether", "type"): message("the EtherType"),
    ("vlan", "id"): message("the VLAN number"),
    ("vlan", "pcp"): message("the priority in the VLAN tag"),
    ("vlan", "type"): message("the EtherType behind the VLAN tag"),
    ("arp", "operation"): message("the ARP operation"),
    ("arp", "saddr ip"): message("the sender's IP address in the ARP packet"),
    ("arp", "daddr ip"): message("the target's IP address in the ARP packet"),
    ("arp", "saddr ether"): message("the sender's hardware address in the ARP packet"),
    ("arp", "daddr ether"): message("the target's hardware address in the ARP packet"),
    **dict.fromkeys((("ip", "saddr"), ("ip6", "saddr")), message("the source address")),
    **dict.fromkeys((("ip", "daddr"), ("ip6", "daddr")), message("the destination address")),
    ("ip", "ttl"): message("the TTL"),
    ("ip6", "hoplimit"): message("the hop limit"),
    **dict.fromkeys((("ip", "dscp"), ("ip6", "dscp")), message("the DSCP")),
    **dict.fromkeys((("ip", "ecn"), ("ip6", "ecn")), message("the ECN bits")),
    ("ip", "protocol"): message("the protocol"),
    ("ip6", "nexthdr"): message("the header behind the IPv6 header"),
    ("ip", "frag-off"): message("the fragment flags and offset"),
    ("icmp", "type"): message("the ICMP type"),
    ("icmp", "code"): message("the ICMP code"),
    ("icmpv6", "type"): message("the ICMPv6 type"),
    ("icmpv6", "code"): message("the ICMPv6 code"),
    ("icmpv6", "taddr"): message("the address that neighbour discovery asks for"),
    ("igmp", "type"): message("the IGMP type"),
    ("tcp", "flags"): message("the TCP flags"),
    ("dccp", "type"): message("the DCCP type"),
    ("ah", "spi"): message("the SPI of the AH header"),
    ("esp", "spi"): message("the SPI of the ESP header"),
    ("comp", "cpi"): message("the CPI of the IPComp header"),
    ("vxlan", "vni"): message("the number of the VXLAN network (VNI)"),
    ("geneve", "vni"): message("the number of the Geneve network (VNI)"),
}
"""Fields that have a name of their own; any other is the field of a header."""

_PORTS = {"sport": message("the source port"), "dport": message("the destination port")}
_HEADERS = {
    "ether": "Ethernet", "vlan": "VLAN", "arp": "ARP", "ip": "IP", "ip6": "IPv6", "icmp": "ICMP", "icmpv6": "ICMPv6", "igmp": "IGMP",
    "tcp": "TCP", "udp": "UDP", "udplite": "UDP-Lite", "sctp": "SCTP", "dccp": "DCCP", "ah": "AH", "esp": "ESP", "comp": "IPComp",
    "gre": "GRE", "vxlan": "VXLAN", "geneve": "Geneve", "gretap": "GRE",
}  # fmt: skip

_META = {
    "length": message("the length in bytes"),
    "protocol": message("the EtherType"),
    "nfproto": message("the family"),
    "l4proto": message("the protocol"),
    "priority": message("the traffic class"),
    "mark": message("the mark"),
    "random": message("a random number"),
    **dict.fromkeys(("iif", "iifname"), message("the incoming interface")),
    **dict.fromkeys(("oif", "oifname"), message("the outgoing interface")),
    **dict.fromkeys(("iiftype", "iifkind"), message("the kind of the incoming interface")),
    **dict.fromkeys(("oiftype", "oifkind"), message("the kind of the outgoing interface")),
    "iifgroup": message("the group of the incoming interface"),
    "oifgroup": message("the group of the outgoing interface"),
    **dict.fromkeys(("sdif", "sdifname"), message("the device inside the VRF")),
    "skuid": message("the user who sent it"),
    "skgid": message("the group of who sent it"),
    "nftrace": message("the trace bit"),
    "rtclassid": message("the routing realm"),
    "secmark": message("the security mark"),
    "cgroup": message("the class of the sender's control group"),
    "cpu": message("the processor"),
    "pkttype": message("how it arrived on the link"),
    "ibrname": message("the bridge that it came in through"),
    "obrname": message("the bridge that it leaves through"),
    "ibrpvid": message("the VLAN number of the bridge port that it came in through"),
    "ibrvproto": message("the VLAN protocol of the bridge that it came in through"),
    "ibrhwaddr": message("the hardware address of the bridge that it came in through"),
    "broute": message("whether it is routed instead of bridged"),
    "time": message("the date and time"),
    "day": message("the day of the week"),
    "hour": message("the time of day"),
}

_CT = {
    "state": message("the state of the connection"),
    "direction": message("the direction"),
    "status": message("the status of the connection"),
    "mark": message("the mark of the connection"),
    "expiration": message("the time until the connection is forgotten"),
    "helper": message("the helper of the connection"),
    "label": message("the labels of the connection"),
    "l3proto": message("the family of the connection"),
    "protocol": message("the protocol of the connection"),
    "saddr": message("the source address of the connection"),
    "daddr": message("the destination address of the connection"),
    "proto-src": message("the source port of the connection"),
    "proto-dst": message("the destination port of the connection"),
    "bytes": message("the bytes of the connection so far"),
    "packets": message("the packets of the connection so far"),
    "avgpkt": message("the bytes per packet of the connection on average"),
    "zone": message("the conntrack zone"),
    "count": message("the number of connections"),
    "event": message("the events of the connection that are reported"),
    "secmark": message("the security mark of the connection"),
    "id": message("the number of the connection"),
}
_DIRECTIONS = {
    "original": message("{} (in the direction in which it was opened)"),
    "reply": message("{} (in the direction of the replies)"),
}

_FIB_FIELDS = {
    "saddr": message("source address"),
    "daddr": message("destination address"),
    "mark": message("mark"),
    "iif": message("incoming interface"),
    "oif": message("outgoing interface"),
}
_FIB = {
    "type": message("the kind of address that the routing tables have for its {}"),
    "oif": message("the interface to which the routing tables lead for its {}"),
    "oifname": message("the interface to which the routing tables lead for its {}"),
    "check": message("whether the routing tables have a route for its {}"),
}
_RT = {
    "nexthop": message("the next hop of its route"),
    "classid": message("the realm of its route"),
    "mtu": message("the maximum segment size that fits its route"),
    "ipsec": message("whether its route uses IPsec"),
}
_SOCKET = {
    "transparent": message("whether its socket is transparent"),
    "wildcard": message("whether its socket is bound to every address"),
    "mark": message("the mark of its socket"),
    "cgroupv2": message("the control group of its socket"),
}
_IPSEC = {
    "reqid": message("the request number of its IPsec policy"),
    "spi": message("the SPI of its IPsec policy"),
    "saddr": message("the tunnel's source address in its IPsec policy"),
    "daddr": message("the tunnel's destination address in its IPsec policy"),
}
_BASES = {
    "ll": message("the link layer header"),
    "nh": message("the network header"),
    "th": message("the transport header"),
    "ih": message("what follows the transport header"),
}
_JOINED = {
    "&": message("{0} (only the bits {1} count)"),
    "|": message("{0} with the bits {1} set"),
    "^": message("{0} with the bits {1} flipped"),
    "<<": message("{0} shifted left by {1} bits"),
    ">>": message("{0} shifted right by {1} bits"),
}


def noun(expression: e.Expression, say: Language) -> str:
    """An expression as a noun with its article. What has no words of its own is quoted as nft writes it."""
    match expression:
        case e.Payload(protocol, field, tunnel):
            inner = _field(protocol, field, say)
            return say("{} inside the tunnel of {}", inner, _HEADERS.get(tunnel, tunnel)) if tunnel else inner
        case e.Meta(key) if key in _META:
            return say(_META[key])
        case e.Ct(key, direction):
            return _of_connection(key, direction, say)
        case e.Concatenation(parts):
            return say.several(message("{}, {}"), message("{} together with {}"), [noun(part, say) for part in parts])
        case e.Binary(operator, left, right):
            shown = str(right) if operator in ("<<", ">>") else expression_text(right, _STYLE, _kinds(left))
            return say(_JOINED[operator], noun(left, say), shown)
        case e.Fib(result, flags):
            return say(_FIB.get(result, _FIB["check"]), anded([say(_FIB_FIELDS.get(flag, flag)) for flag in flags], say))
        case e.MapLookup(key, e.NamedSet(name)):
            return say("what the map {} has for {}", name, noun(key, say))
        case e.MapLookup(key):
            return say("what a map in the rule has for {}", noun(key, say))
    return _special(expression, say)


def _special(expression: e.Expression, say: Language) -> str:
    match expression:
        case e.RawPayload(base, offset, length):
            return say("{length} bits at bit {offset} of {header}", length=length, offset=offset, header=say(_BASES.get(base, base)))
        case e.ExtensionHeader(name, field) if field:
            return say("the field {} of the IPv6 extension header {}", field, name)
        case e.TcpOption(name, field) if field:
            return say("the maximum segment size") if (name, field) == ("maxseg", "size") else say("{} of the TCP option {}", field, name)
        case e.IpOption(name, field) if field:
            return say("{} of the IP option {}", field, name)
        case e.SctpChunk(name, field) if field:
            return say("{} of the SCTP chunk {}", field, name)
        case e.Rt(key) if key in _RT:
            return say(_RT[key])
        case e.Socket(key) if key in _SOCKET:
            return say(_SOCKET[key])
        case e.Ipsec(_, key) if key in _IPSEC:
            return say(_IPSEC[key])
        case e.Numgen("inc", modulus, offset):
            return say("a number that counts from {} to {} and begins again", offset, offset + modulus - 1)
        case e.Numgen(_, modulus, offset):
            return say("a random number from {} to {}", offset, offset + modulus - 1)
        case e.SymHash(modulus, offset):
            return say("a number from {} to {} that is the same for both directions of a connection", offset, offset + modulus - 1)
        case e.JHash(of, modulus, _, offset):
            return say("a number from {} to {} by the hash of {}", offset, offset + modulus - 1, noun(of, say))
    return f"“{expression_text(expression, _STYLE)}”"


def _field(protocol: str, field: str, say: Language) -> str:
    if (protocol, field) in _FIELDS:
        return say(_FIELDS[protocol, field])
    if field in _PORTS:
        return say(_PORTS[field])
    return say("the field {field} of the {header} header", field=field, header=_HEADERS.get(protocol, protocol))


def _of_connection(key: str, direction: str, say: Language) -> str:
    known = say(_CT.get(key.rsplit(maxsplit=1)[-1], message("a property of the connection")))
    return say(_DIRECTIONS[direction], known) if direction in _DIRECTIONS else known


def _kinds(left: e.Expression) -> tuple[Datatype, ...]:
    return tuple(map(_STYLE.datatype, left.parts if isinstance(left, e.Concatenation) else (left,)))
