"""A rule's own options, and the matches of the transport protocols."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of, one_of
from netlab_magic.iptables.extensions.schema import Extension, MatchExtension, Parameter
from netlab_magic.iptables.extensions.types import INTERFACE, PORT_LIST, PORT_RANGE, PROTOCOL, choice, number, number_range, words
from netlab_magic.iptables.extensions.types_address import NETWORK
from netlab_magic.iptables.extensions.types_compound import CHUNKS
from netlab_magic.iptables.extensions.types_symbolic import ICMP6_TYPE, ICMP_TYPE

__all__ = ["BASIC", "HEADER"]

HEADER = Extension(
    "",
    (
        Parameter(
            "-s",
            "source",
            (NETWORK,),
            negatable=True,
            aliases=("--source", "--src"),
            says="come from {}",
            denies="come from anywhere other than {}",
        ),
        Parameter(
            "-d",
            "destination",
            (NETWORK,),
            negatable=True,
            aliases=("--destination", "--dst"),
            says="go to {}",
            denies="go anywhere other than to {}",
        ),
        Parameter(
            "-i",
            "incoming interface",
            (INTERFACE,),
            negatable=True,
            aliases=("--in-interface",),
            says="come in through {}",
            denies="come in through any interface other than {}",
        ),
        Parameter(
            "-o",
            "outgoing interface",
            (INTERFACE,),
            negatable=True,
            aliases=("--out-interface",),
            says="leave through {}",
            denies="leave through any interface other than {}",
        ),
        Parameter(
            "-p",
            "protocol",
            (PROTOCOL,),
            negatable=True,
            aliases=("--protocol", "--proto"),
            says="are {} packets",
            denies="are not {} packets",
        ),
        Parameter(
            "-f",
            "fragment",
            negatable=True,
            aliases=("--fragments", "--fragment"),
            says="are second or further fragments",
            denies="are whole packets or first fragments",
        ),
    ),
)
"""What every rule can say without a match, in the order in which iptables-save prints it."""

_FLAGS = words("a list of TCP flags", "FIN", "SYN", "RST", "PSH", "ACK", "URG", everything="ALL", nothing="NONE")
_SPORT = Parameter(
    "--sport",
    "source port",
    (PORT_RANGE,),
    negatable=True,
    aliases=("--source-port",),
    listed=" spt{s}:!{}",
    says="come from port {}",
    denies="come from any port other than {}",
)
_DPORT = Parameter(
    "--dport",
    "destination port",
    (PORT_RANGE,),
    negatable=True,
    aliases=("--destination-port",),
    listed=" dpt{s}:!{}",
    says="go to port {}",
    denies="go to any port other than {}",
)
_ICMP = Parameter(
    "--icmp-type",
    "ICMP type",
    (ICMP_TYPE,),
    negatable=True,
    default=("any",),
    listed=" icmptype {}| icmp !type {}",
    lists=listing_rules.icmp,
    says="are of type {}",
    denies="are of any type other than {}",
)
_ICMP6 = Parameter(
    "--icmpv6-type",
    "ICMPv6 type",
    (ICMP6_TYPE,),
    negatable=True,
    aliases=("--icmp6-type",),
    listed=" ipv6-icmptype {}| ipv6-icmp !type {}",
    lists=listing_rules.icmp,
    says="are of type {}",
    denies="are of any type other than {}",
)
_DCCP_TYPES = words(
    "a list of DCCP packet types",
    *("REQUEST", "RESPONSE", "DATA", "ACK", "DATAACK", "CLOSEREQ", "CLOSE", "RESET", "SYNC", "SYNCACK", "INVALID"),
)

BASIC = (
    MatchExtension(
        "tcp",
        (
            _SPORT,
            _DPORT,
            Parameter(
                "--tcp-option",
                "TCP option",
                (number("a TCP option's number", 255, 1),),
                negatable=True,
                listed=" option=!{}",
                says="carry the TCP option {}",
                denies="do not carry the TCP option {}",
            ),
            Parameter(
                "--tcp-flags",
                "TCP flags",
                (_FLAGS, _FLAGS),
                negatable=True,
                listed=" flags:!{0}/{1}",
                says="have, among TCP flags, {0} set and {1} clear",
                denies="do not have, among TCP flags, {0} set and {1} clear",
                lists=listing_rules.tcp_flags,
            ),
            Parameter(
                "--syn",
                "first packet of a TCP connection",
                negatable=True,
                says="open a TCP connection (SYN is set; ACK, RST and FIN are not)",
                denies="do not open a TCP connection (they are not a bare SYN)",
            ),
        ),
        protocols=("tcp",),
        listed=" tcp",
        demand=Demand(excludes=(("--syn", "--tcp-flags"),)),
        canonical=canonical_rules.tcp,
        steady=True,
    ),
    MatchExtension(
        "udp",
        (_SPORT, _DPORT),
        protocols=("udp",),
        listed=" udp",
        canonical=canonical_rules.ports,
        steady=True,
    ),
    MatchExtension(
        "sctp",
        (
            _SPORT,
            _DPORT,
            Parameter(
                "--chunk-types",
                "SCTP chunk types",
                (choice("all, any or only", "all", "any", "only"), CHUNKS),
                negatable=True,
                listed=" ! {0} {1}",
                says="contain SCTP chunks so that this holds: {0} {1}",
                denies="contain SCTP chunks so that this does not hold: {0} {1}",
                lists=listing_rules.chunk_types,
            ),
        ),
        protocols=("sctp",),
        listed=" sctp",
        steady=True,
    ),
    MatchExtension(
        "dccp",
        (
            _SPORT,
            _DPORT,
            Parameter(
                "--dccp-types",
                "DCCP packet types",
                (_DCCP_TYPES,),
                negatable=True,
                listed=" ! {}",
                says="are of DCCP type {}",
                denies="are of a DCCP type other than {}",
                lists=listing_rules.dccp_types,
            ),
            Parameter(
                "--dccp-option",
                "DCCP option",
                (number("a DCCP option's number", 255, 1),),
                negatable=True,
                listed=" option=!{}",
                says="carry the DCCP option {}",
                denies="do not carry the DCCP option {}",
            ),
        ),
        protocols=("dccp",),
        listed=" dccp",
        steady=True,
    ),
    MatchExtension(
        "icmp",
        (_ICMP,),
        protocols=("icmp",),
        family="ipv4",
        demand=all_of("--icmp-type"),
        steady=True,
    ),
    MatchExtension(
        "icmp6",
        (_ICMP6,),
        protocols=("ipv6-icmp",),
        family="ipv6",
        demand=all_of("--icmpv6-type"),
        steady=True,
        aliases=("icmpv6", "ipv6-icmp"),
    ),
    MatchExtension(
        "multiport",
        (
            Parameter(
                "--sports",
                "source ports",
                (PORT_LIST,),
                negatable=True,
                aliases=("--source-ports", "--sport", "--source-port"),
                listed=" multiport sports {}| multiport sports  !{}",
                says="come from port {}",
                denies="come from any port other than {}",
            ),
            Parameter(
                "--dports",
                "destination ports",
                (PORT_LIST,),
                negatable=True,
                aliases=("--destination-ports", "--dport", "--destination-port"),
                listed=" multiport dports {}| multiport dports  !{}",
                says="go to port {}",
                denies="go to any port other than {}",
            ),
            Parameter(
                "--ports",
                "source or destination ports",
                (PORT_LIST,),
                negatable=True,
                aliases=("--port",),
                listed=" multiport ports {}| multiport ports  !{}",
                says="come from or go to port {}",
                denies="neither come from nor go to port {}",
            ),
        ),
        protocols=("tcp", "udp", "udplite", "dccp", "sctp"),
        demand=one_of("--sports", "--dports", "--ports"),
        steady=True,
    ),
    MatchExtension(
        "ah",
        (
            Parameter(
                "--ahspi",
                "SPI of the AH header",
                (number_range("an SPI or a range of them"),),
                negatable=True,
                listed="spi{s}:!{}",
                says="have an AH header with the SPI {}",
                denies="have an AH header with any SPI other than {}",
            ),
            Parameter(
                "--ahlen",
                "length of the AH header",
                (number("a length"),),
                negatable=True,
                listed="length:!{}",
                says="have an AH header of length {}",
                denies="have an AH header of any length other than {}",
            ),
            Parameter(
                "--ahres",
                "reserved field of the AH header is zero",
                listed=" reserved",
                says="have an AH header whose reserved field is zero",
            ),
        ),
        listed=" ah ",
        says="have an AH header",
        canonical=canonical_rules.dropping(ahspi=("0:4294967295",)),
        steady=True,
    ),
    MatchExtension(
        "esp",
        (
            Parameter(
                "--espspi",
                "SPI of the ESP header",
                (number_range("an SPI or a range of them"),),
                negatable=True,
                listed=" spi{s}:!{}",
                says="have an ESP header with the SPI {}",
                denies="have an ESP header with any SPI other than {}",
            ),
        ),
        protocols=("esp",),
        listed=" esp",
        says="have an ESP header",
        canonical=canonical_rules.dropping(espspi=("0:4294967295",)),
        steady=True,
    ),
    MatchExtension(
        "ipcomp",
        (
            Parameter(
                "--ipcompspi",
                "CPI of the IPComp header",
                (number_range("a CPI or a range of them"),),
                negatable=True,
                listed=" spi{s}:!{}",
                says="have an IPComp header with the CPI {}",
                denies="have an IPComp header with any CPI other than {}",
            ),
            Parameter(
                "--compres",
                "reserved field of the IPComp header is zero",
                listed=" reserved",
                says="have an IPComp header whose reserved field is zero",
            ),
        ),
        protocols=("ipcomp",),
        listed=" comp",
        says="have an IPComp header",
    ),
)
"""Matches that look at the transport protocol's header."""
