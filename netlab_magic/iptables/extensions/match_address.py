"""Matches on addresses and interfaces."""

from netlab_magic.iptables.extensions import canonical_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of
from netlab_magic.iptables.extensions.schema import MatchExtension, Parameter
from netlab_magic.iptables.extensions.types import INTERFACE, MAC, choice, number, text, words
from netlab_magic.iptables.extensions.types_address import ADDRESS_RANGE
from netlab_magic.iptables.extensions.types_compound import DIRECTIONS

__all__ = ["ADDRESSES"]

_KINDS = words(
    "an address type", "UNSPEC", "UNICAST", "LOCAL", "BROADCAST", "ANYCAST", "MULTICAST", "BLACKHOLE", "UNREACHABLE", "PROHIBIT",
    "THROW", "NAT", "XRESOLVE",
)  # fmt: skip
_SET_NAME = text("a set's name", 31)

ADDRESSES = (
    MatchExtension(
        "addrtype",
        (
            Parameter(
                "--src-type",
                "type of the source address",
                (_KINDS,),
                negatable=True,
                listed=" src-type !{}",
                says="have {} as their source",
                denies="have a source other than {}",
            ),
            Parameter(
                "--dst-type",
                "type of the destination address",
                (_KINDS,),
                negatable=True,
                listed=" dst-type !{}",
                says="go to {}",
                denies="go anywhere other than to {}",
            ),
            Parameter(
                "--limit-iface-in", "as seen on the incoming interface", listed=" limit-in", says="(as seen on the incoming interface)"
            ),
            Parameter(
                "--limit-iface-out", "as seen on the outgoing interface", listed=" limit-out", says="(as seen on the outgoing interface)"
            ),
        ),
        listed=" ADDRTYPE match",
        demand=Demand(
            needs=(("--src-type", "--dst-type"),),
            excludes=(("--limit-iface-in", "--limit-iface-out"),),
        ),
        steady=True,
    ),
    MatchExtension(
        "iprange",
        (
            Parameter(
                "--src-range",
                "source",
                (ADDRESS_RANGE,),
                negatable=True,
                listed=" source IP range ! {}",
                says="come from {}",
                denies="come from anywhere other than {}",
            ),
            Parameter(
                "--dst-range",
                "destination",
                (ADDRESS_RANGE,),
                negatable=True,
                listed=" destination IP range ! {}",
                says="go to {}",
                denies="go anywhere other than to {}",
            ),
        ),
        demand=Demand(needs=(("--src-range", "--dst-range"),)),
        steady=True,
    ),
    MatchExtension(
        "set",
        (
            Parameter(
                "--match-set",
                "set of addresses",
                (_SET_NAME, DIRECTIONS),
                negatable=True,
                aliases=("--set",),
                listed=" ! match-set {0} {1}",
                says="have their {1} in the set {0}",
                denies="do not have their {1} in the set {0}",
            ),
            Parameter(
                "--return-nomatch",
                "entries with nomatch count as hits",
                listed=" return-nomatch",
                says="(entries marked nomatch count as hits)",
            ),
            Parameter(
                "--update-counters",
                "counters of the entry",
                negatable=True,
                listed=" ! update-counters",
                says="(the entry's counters are brought up to date)",
                denies="(the entry's counters are left alone)",
            ),
            Parameter(
                "--update-subcounters",
                "counters of the member set's entry",
                negatable=True,
                listed=" ! update-subcounters",
                says="(the counters of the member set's entry are brought up to date)",
                denies="(the counters of the member set's entry are left alone)",
            ),
            Parameter(
                "--packets-eq",
                "packets counted in the set",
                (number(),),
                negatable=True,
                listed=" ! packets-eq {}",
                says="(whose entry has counted {} packets)",
                denies="(whose entry has not counted {} packets)",
            ),
            Parameter(
                "--packets-lt",
                "packets counted in the set, fewer than",
                (number(),),
                listed=" packets-lt {}",
                says="(whose entry has counted fewer than {} packets)",
            ),
            Parameter(
                "--packets-gt",
                "packets counted in the set, more than",
                (number(),),
                listed=" packets-gt {}",
                says="(whose entry has counted more than {} packets)",
            ),
            Parameter(
                "--bytes-eq",
                "bytes counted in the set",
                (number(),),
                negatable=True,
                listed=" ! bytes-eq {}",
                says="(whose entry has counted {} bytes)",
                denies="(whose entry has not counted {} bytes)",
            ),
            Parameter(
                "--bytes-lt",
                "bytes counted in the set, fewer than",
                (number(),),
                listed=" bytes-lt {}",
                says="(whose entry has counted fewer than {} bytes)",
            ),
            Parameter(
                "--bytes-gt",
                "bytes counted in the set, more than",
                (number(),),
                listed=" bytes-gt {}",
                says="(whose entry has counted more than {} bytes)",
            ),
        ),
        demand=Demand(
            needs=(("--match-set",),),
            excludes=(("--packets-eq", "--packets-lt", "--packets-gt"), ("--bytes-eq", "--bytes-lt", "--bytes-gt")),
        ),
        canonical=canonical_rules.set_match,
    ),
    MatchExtension(
        "mac",
        (
            Parameter(
                "--mac-source",
                "source hardware address",
                (MAC,),
                negatable=True,
                listed=" MAC ! {}",
                says="come from the hardware address {}",
                denies="come from any hardware address other than {}",
            ),
        ),
        demand=all_of("--mac-source"),
        steady=True,
    ),
    MatchExtension(
        "physdev",
        (
            Parameter(
                "--physdev-in",
                "bridge port that the packet came in through",
                (INTERFACE,),
                negatable=True,
                listed=" ! --physdev-in {}",
                says="came in through the bridge port {}",
                denies="came in through any bridge port other than {}",
            ),
            Parameter(
                "--physdev-out",
                "bridge port that the packet leaves through",
                (INTERFACE,),
                negatable=True,
                listed=" ! --physdev-out {}",
                says="leave through the bridge port {}",
                denies="leave through any bridge port other than {}",
            ),
            Parameter(
                "--physdev-is-in",
                "packet came in through a bridge port",
                negatable=True,
                listed=" ! --physdev-is-in",
                says="came in through a port of a bridge",
                denies="did not come in through a port of a bridge",
            ),
            Parameter(
                "--physdev-is-out",
                "packet leaves through a bridge port",
                negatable=True,
                listed=" ! --physdev-is-out",
                says="leave through a port of a bridge",
                denies="do not leave through a port of a bridge",
            ),
            Parameter(
                "--physdev-is-bridged",
                "packet is bridged, not routed",
                negatable=True,
                listed=" ! --physdev-is-bridged",
                says="are bridged from port to port, not routed",
                denies="are not bridged from port to port",
            ),
        ),
        listed=" PHYSDEV match",
        demand=Demand(
            needs=(("--physdev-in", "--physdev-out", "--physdev-is-in", "--physdev-is-out", "--physdev-is-bridged"),),
        ),
        steady=True,
    ),
    MatchExtension(
        "pkttype",
        (
            Parameter(
                "--pkt-type",
                "packet type on the link",
                (
                    choice(
                        "a packet type",
                        "unicast",
                        "broadcast",
                        "multicast",
                        "otherhost",
                        host="unicast",
                        bcast="broadcast",
                        mcast="multicast",
                    ),
                ),
                negatable=True,
                listed=" PKTTYPE = {}| PKTTYPE != {}",
                says="arrived on the link as {}",
                denies="arrived on the link as anything other than {}",
            ),
        ),
        demand=all_of("--pkt-type"),
        steady=True,
    ),
    MatchExtension(
        "rpfilter",
        (
            Parameter("--loose", "route back may use any interface", listed=" loose", says="(it may be any interface)"),
            Parameter(
                "--validmark",
                "mark counts in looking for the route back",
                listed=" validmark",
                says="(the route lookup uses the packet's mark)",
            ),
            Parameter(
                "--accept-local",
                "own addresses as source count as right",
                listed=" accept-local",
                says="(this host's own addresses count as right)",
            ),
            Parameter(
                "--invert",
                "route back is wrong",
                listed=" invert",
                says="have an implausible source: the route back to it leaves through another interface",
            ),
        ),
        listed=" rpfilter",
        says="have a source that can be right: the route back to it leads out through the interface that they came in on",
    ),
)
"""Matches that look at where a packet comes from and where it goes."""
