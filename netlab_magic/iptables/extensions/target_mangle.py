"""Targets that change a packet, its mark or its connection."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of, one_of
from netlab_magic.iptables.extensions.schema import Parameter, TargetExtension
from netlab_magic.iptables.extensions.types import MARK, MASK, TEXT, TRAFFIC_CLASS, XMARK, hexadecimal, number, text, words
from netlab_magic.iptables.extensions.types_compound import DIRECTIONS, LED_DELAY, PREFIX_LENGTH, TUPLE_MASK, ZONE
from netlab_magic.iptables.extensions.types_rates import TICKS
from netlab_magic.iptables.extensions.types_symbolic import DSCP_CLASS, TCP_OPTIONS, TOS, TOS_SET
from netlab_magic.iptables.option import Option, Quotes

__all__ = ["MARKING"]

_SHIFTED = (
    Parameter("--set-xmark", "mark", (XMARK,), says="gets the mark {}"),
    Parameter("--set-mark", "mark", (MARK,), says="gets the mark {}"),
    Parameter("--and-mark", "bits kept", (MASK,), says="keeps only the bits {} of its mark"),
    Parameter("--or-mark", "bits set", (MASK,), says="has the bits {} of its mark set"),
    Parameter("--xor-mark", "bits turned over", (MASK,), says="has the bits {} of its mark flipped"),
)
_SET_MARK = ("--set-mark", "--set-xmark", "--and-mark", "--or-mark", "--xor-mark")
_COPY_MARK = ("--save-mark", "--restore-mark")
_SET = (text("a set's name", 31), DIRECTIONS)
_EVENTS = words(
    "a list of events",
    *("new", "related", "destroy", "reply", "assured", "protoinfo", "helper", "mark", "natseqinfo", "secmark"),
)

_WORD = hexadecimal("a number (0xdeadbeef)", digits=8)

MARKING = (
    TargetExtension(
        "MARK",
        _SHIFTED,
        demand=one_of(*_SET_MARK),
        canonical=canonical_rules.mark,
        listed_whole=listing_rules.mark,
    ),
    TargetExtension(
        "CONNMARK",
        (
            *_SHIFTED,
            Parameter("--save-mark", "packet's mark is kept with the connection", says="saves its mark with its connection"),
            Parameter("--restore-mark", "packet gets the connection's mark", says="gets the mark that was saved with its connection"),
            Parameter("--nfmask", "bits of the packet's mark", (MASK,), says="(of the packet's mark, the bits {})"),
            Parameter("--ctmask", "bits of the connection's mark", (MASK,), says="(of the connection's mark, the bits {})"),
            Parameter("--mask", "bits of both marks", (MASK,), says="(of both marks, the bits {})"),
            Parameter("--left-shift-mark", "bits shifted left", (number(),), says="(shifted to the left by {} bits)"),
            Parameter("--right-shift-mark", "bits shifted right", (number(),), says="(shifted to the right by {} bits)"),
        ),
        says="has its connection's mark changed",
        demand=Demand(
            needs=((*_SET_MARK, *_COPY_MARK),),
            excludes=((*_SET_MARK, *_COPY_MARK), ("--mask", "--nfmask"), ("--mask", "--ctmask")),
        ),
        canonical=canonical_rules.connmark,
        listed_whole=listing_rules.connmark,
        tracks=True,
    ),
    TargetExtension(
        "CONNSECMARK",
        (
            Parameter(
                "--save", "security mark is kept with the connection", listed=" save", says="leaves its security mark with its connection"
            ),
            Parameter(
                "--restore",
                "packet gets the connection's security mark",
                listed=" restore",
                says="gets the security mark that was left with its connection",
            ),
        ),
        listed=" CONNSECMARK",
        demand=one_of("--save", "--restore"),
        tracks=True,
        only_looks=True,
    ),
    TargetExtension(
        "SECMARK",
        (Parameter("--selctx", "security context", (TEXT,), listed=" selctx {}", says="gets the security context {}"),),
        listed=" SECMARK",
        demand=all_of("--selctx"),
        only_looks=True,
    ),
    TargetExtension(
        "CT",
        (
            Parameter("--notrack", "connection is not tracked", listed=" notrack", says="is exempt from connection tracking"),
            Parameter(
                "--helper", "conntrack helper", (TEXT,), listed=" helper {}", says="has its connection watched by the conntrack helper {}"
            ),
            Parameter(
                "--timeout", "timeout policy", (TEXT,), listed=" timeout {}", says="has its connection forgotten by the timeout policy {}"
            ),
            Parameter(
                "--ctevents",
                "connection events",
                (_EVENTS,),
                listed=" ctevents {}",
                says="has only these events of its connection reported: {}",
            ),
            Parameter(
                "--expevents",
                "expectation events",
                (_EVENTS,),
                listed=" expevents {}",
                says="has only these events of expected connections reported: {}",
            ),
            Parameter(
                "--zone-orig",
                "zone of first packets",
                (ZONE,),
                listed=" zone-orig {}",
                says="has its connection's first direction tracked in the conntrack zone {}",
            ),
            Parameter(
                "--zone-reply",
                "zone of replies",
                (ZONE,),
                listed=" zone-reply {}",
                says="has its connection's replies tracked in the conntrack zone {}",
            ),
            Parameter("--zone", "conntrack zone", (ZONE,), listed=" zone {}", says="has its connection tracked in the conntrack zone {}"),
        ),
        listed=" CT",
        says="has its connection tracked with special settings",
        demand=Demand(protocols=(("--helper", "", ("tcp", "udp", "sctp", "dccp")),)),
        canonical=canonical_rules.dropping(zone=("0",)),
        tracks=True,
        table="raw",
    ),
    TargetExtension(
        "NOTRACK",
        listed=" NOTRACK",
        says="is exempt from connection tracking",
        table="raw",
        listed_name="CT",
    ),
    TargetExtension(
        "TCPMSS",
        (
            Parameter(
                "--set-mss",
                "maximum segment size",
                (number("a size", 65535),),
                listed=" set {}",
                says="has its TCP maximum segment size set to {}",
            ),
            Parameter(
                "--clamp-mss-to-pmtu",
                "maximum segment size that fits the path",
                listed=" clamp to PMTU",
                says="has its TCP maximum segment size lowered to what fits the path's MTU",
            ),
        ),
        protocols=("tcp",),
        listed=" TCPMSS",
        demand=Demand(needs=(("--set-mss", "--clamp-mss-to-pmtu"),)),
        only_looks=True,
    ),
    TargetExtension(
        "TCPOPTSTRIP",
        (
            Parameter(
                "--strip-options",
                "TCP options",
                (TCP_OPTIONS,),
                listed=" TCPOPTSTRIP options {}",
                says="has these TCP options blanked out: {}",
            ),
        ),
        protocols=("tcp",),
        only_looks=True,
    ),
    TargetExtension(
        "CHECKSUM",
        (Parameter("--checksum-fill", "checksum is filled in", listed=" fill", says="has its checksum filled in"),),
        listed=" CHECKSUM",
        says="has its checksum filled in",
        demand=all_of("--checksum-fill"),
        only_looks=True,
        table="mangle",
    ),
    TargetExtension(
        "SET",
        (
            Parameter("--add-set", "set that gets the address", _SET, listed=" add-set {0} {1}", says="has its {1} put into the set {0}"),
            Parameter(
                "--del-set", "set that loses the address", _SET, listed=" del-set {0} {1}", says="has its {1} taken out of the set {0}"
            ),
            Parameter(
                "--map-set", "set that gives the mark", _SET, listed=" map-set {0} {1}", says="gets what the set {0} holds for its {1}"
            ),
            Parameter(
                "--exist", "entry's timeout starts anew", listed=" exist", says="(the timeout of an existing entry restarts)"
            ),
            Parameter("--timeout", "seconds", (number("seconds"),), listed=" timeout {}", says="(for {} seconds)"),
            Parameter("--map-mark", "mark comes from the set", listed=" map-mark", says="(as its mark)"),
            Parameter("--map-prio", "priority comes from the set", listed=" map-prio", says="(as its priority)"),
            Parameter("--map-queue", "queue comes from the set", listed=" map-queue", says="(as its hardware queue)"),
        ),
        demand=Demand(
            needs=(("--add-set", "--del-set", "--map-set"),),
            along=(("--timeout", ("--add-set",)), ("--exist", ("--add-set",)), ("--map-set", ("--map-mark", "--map-prio", "--map-queue"))),
        ),
        only_looks=True,
    ),
    TargetExtension(
        "CLASSIFY",
        (
            Parameter(
                "--set-class",
                "class",
                (TRAFFIC_CLASS,),
                listed=" CLASSIFY set {}",
                says="gets the traffic class {}",
                lists=listing_rules.traffic_class,
            ),
        ),
        demand=all_of("--set-class"),
        only_looks=True,
        table="mangle",
        chains=("FORWARD", "OUTPUT", "POSTROUTING"),
    ),
    TargetExtension(
        "DSCP",
        (
            Parameter("--set-dscp", "DSCP", (hexadecimal("a DSCP", 63, 2),), listed=" DSCP set {}", says="gets the DSCP {}"),
            Parameter("--set-dscp-class", "DSCP class", (DSCP_CLASS,), says="gets the DSCP class {}"),
        ),
        demand=one_of("--set-dscp", "--set-dscp-class"),
        canonical=canonical_rules.dscp,
        table="mangle",
    ),
    TargetExtension(
        "TOS",
        (
            Parameter("--set-tos", "type of service", (TOS,), listed=" TOS set {}", says="gets the type of service {}"),
            Parameter("--and-tos", "bits kept", (TOS_SET,), says="keeps only the bits {} of its type of service"),
            Parameter("--or-tos", "bits set", (TOS_SET,), says="has the bits {} of its type of service set"),
            Parameter("--xor-tos", "bits turned over", (TOS_SET,), says="has the bits {} of its type of service flipped"),
        ),
        demand=one_of("--set-tos", "--and-tos", "--or-tos", "--xor-tos"),
        canonical=canonical_rules.tos,
        table="mangle",
    ),
    TargetExtension(
        "TTL",
        (
            Parameter("--ttl-set", "TTL", (number("a TTL", 255),), listed=" TTL set to {}", says="has its TTL set to {}"),
            Parameter("--ttl-dec", "TTL less", (number("a TTL", 255, 1),), listed=" TTL decrement by {}", says="has its TTL lowered by {}"),
            Parameter("--ttl-inc", "TTL more", (number("a TTL", 255, 1),), listed=" TTL increment by {}", says="has its TTL raised by {}"),
        ),
        family="ipv4",
        demand=one_of("--ttl-set", "--ttl-inc", "--ttl-dec"),
        table="mangle",
    ),
    TargetExtension(
        "HL",
        (
            Parameter("--hl-set", "hop limit", (number("a hop limit", 255),), listed=" HL set to {}", says="has its hop limit set to {}"),
            Parameter(
                "--hl-dec",
                "hop limit less",
                (number("a hop limit", 255, 1),),
                listed=" HL decrement by {}",
                says="has its hop limit lowered by {}",
            ),
            Parameter(
                "--hl-inc",
                "hop limit more",
                (number("a hop limit", 255, 1),),
                listed=" HL increment by {}",
                says="has its hop limit raised by {}",
            ),
        ),
        family="ipv6",
        demand=one_of("--hl-set", "--hl-inc", "--hl-dec"),
        table="mangle",
    ),
    TargetExtension(
        "ECN",
        (
            Parameter(
                "--ecn-tcp-remove", "ECN bits of TCP are cleared", listed=" TCP remove", says="has the ECN bits of its TCP header cleared"
            ),
            Parameter("--ecn-tcp-cwr", "CWR", (number("0 or 1", 1),), listed=" CWR={}", says="has its TCP flag CWR set to {}"),
            Parameter("--ecn-tcp-ece", "ECE", (number("0 or 1", 1),), listed=" ECE={}", says="has its TCP flag ECE set to {}"),
            Parameter(
                "--ecn-ip-ect",
                "ECN bits",
                (number("0 to 3", 3),),
                listed=" ECT codepoint={}",
                says="has the ECN bits of its IP header set to {}",
            ),
        ),
        family="ipv4",
        listed=" ECN",
        demand=Demand(needs=(("--ecn-tcp-remove",),), protocols=(("--ecn-tcp-remove", "", ("tcp",)),)),
        rearranged=listing_rules.in_order("--ecn-tcp-remove", "--ecn-tcp-ece", "--ecn-tcp-cwr"),
        table="mangle",
    ),
    TargetExtension(
        "HMARK",
        tuple(
            Parameter(name, field, (kind,), says=says)
            for name, field, kind, says in (
                ("--hmark-src-prefix", "prefix of the source", PREFIX_LENGTH, "(the source up to the prefix length {})"),
                ("--hmark-dst-prefix", "prefix of the destination", PREFIX_LENGTH, "(the destination up to the prefix length {})"),
                ("--hmark-sport", "source port", TUPLE_MASK, "(with the source port set to {})"),
                ("--hmark-dport", "destination port", TUPLE_MASK, "(with the destination port set to {})"),
                ("--hmark-sport-mask", "mask of the source port", TUPLE_MASK, "(the source port under the mask {})"),
                ("--hmark-dport-mask", "mask of the destination port", TUPLE_MASK, "(the destination port under the mask {})"),
                ("--hmark-spi-mask", "mask of the SPI", _WORD, "(the SPI under the mask {})"),
                ("--hmark-spi", "SPI", _WORD, "(with the SPI set to {})"),
                ("--hmark-proto-mask", "mask of the protocol", TOS_SET, "(the protocol under the mask {})"),
                ("--hmark-rnd", "seed", _WORD, "(the hash begins from {})"),
                ("--hmark-mod", "number of marks", number("a number of marks", smallest=1), "(there are {} marks)"),
                ("--hmark-offset", "first mark", number(), "(beginning with {})"),
                (
                    "--hmark-tuple",
                    "what is hashed",
                    words("a list of what is hashed", "src", "dst", "sport", "dport", "spi", "ct"),
                    "(over {})",
                ),
            )
        ),
        says="gets a mark from the hash of its addresses and ports",
        demand=all_of("--hmark-mod"),
        canonical=canonical_rules.hmark,
        listed_whole=listing_rules.hmark,
    ),
    TargetExtension(
        "IDLETIMER",
        (
            Parameter(
                "--timeout", "seconds", (number("seconds", smallest=1),), listed=" timeout:{}", says="restarts a timer of {} seconds"
            ),
            Parameter("--label", "label", (TEXT,), listed=" label:{}", says="(called {})"),
            Parameter("--alarm", "timer wakes the machine", listed=" alarm", says="(which wakes the machine)"),
        ),
        demand=all_of("--timeout", "--label"),
        only_looks=True,
    ),
    TargetExtension(
        "LED",
        (
            Parameter(
                "--led-trigger-id",
                "LED trigger",
                (TEXT,),
                listed=' led-trigger-id:"{}"',
                says="makes the LED of the trigger {} light up",
                lists=listing_rules.escaped,
                quotes=Quotes.ALWAYS,
            ),
            Parameter(
                "--led-delay",
                "milliseconds that it stays on",
                (LED_DELAY,),
                listed=" led-delay:{}",
                says="(for {} milliseconds)",
                lists=listing_rules.delay,
            ),
            Parameter("--led-always-blink", "LED blinks at each packet", listed=" led-always-blink", says="(it blinks at every packet)"),
        ),
        demand=all_of("--led-trigger-id"),
        rearranged=listing_rules.in_order("--led-trigger-id", "--led-delay", defaults=[Option("--led-delay", ("0",))]),
        only_looks=True,
    ),
    TargetExtension(
        "RATEEST",
        (
            Parameter("--rateest-name", "estimator", (TEXT,), listed=" name {}", says="counts for the rate estimator {}"),
            Parameter("--rateest-interval", "interval", (TICKS,), listed=" interval {}", says="(measured every {})"),
            Parameter("--rateest-ewmalog", "averaging time", (TICKS,), listed=" ewmalog {}", says="(averaged over {})"),
        ),
        demand=all_of("--rateest-name", "--rateest-interval", "--rateest-ewmalog"),
        only_looks=True,
    ),
)
"""Targets after which a packet goes on, changed."""
