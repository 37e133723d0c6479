"""Matches on how often something happens."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of
from netlab_magic.iptables.extensions.schema import MatchExtension, Parameter
from netlab_magic.iptables.extensions.types import AMOUNT, RATE, TEXT, choice, number, words
from netlab_magic.iptables.extensions.types_address import ADDRESS
from netlab_magic.iptables.extensions.types_compound import BURST, FILE_NAME, GROUPING, PREFIX_LENGTH
from netlab_magic.iptables.extensions.types_rates import BITS, HASH_RATE, PROBABILITY
from netlab_magic.iptables.option import Option

__all__ = ["RATES"]

_NAME = FILE_NAME
_MODES = words("a list of srcip, srcport, dstip and dstport", "srcip", "srcport", "dstip", "dstport")

RATES = (
    MatchExtension(
        "limit",
        (
            Parameter("--limit", "rate", (RATE,), default=("3/hour",), listed=" limit: avg {}", says="come at no more than {}"),
            Parameter(
                "--limit-burst",
                "packets allowed before the rate counts",
                (number("a number of packets", 10000),),
                listed=" burst {}",
                says="(after a first burst of {})",
            ),
        ),
        canonical=canonical_rules.dropping(limit_burst=("5",)),
        rearranged=listing_rules.in_order("--limit", "--limit-burst", defaults=[Option("--limit-burst", ("5",))]),
    ),
    MatchExtension(
        "hashlimit",
        (
            Parameter(
                "--hashlimit-upto",
                "rate at most",
                (HASH_RATE,),
                negatable=True,
                aliases=("--hashlimit",),
                listed=" limit: up to {}",
                says="come at no more than {}",
                denies="come at more than {}",
            ),
            Parameter(
                "--hashlimit-above",
                "rate more than",
                (HASH_RATE,),
                negatable=True,
                listed=" limit: above {}",
                says="come at more than {}",
                denies="come at no more than {}",
            ),
            Parameter("--hashlimit-burst", "burst", (BURST,), listed=" burst {}", says="(after a first burst of {})"),
            Parameter(
                "--hashlimit-mode",
                "what each rate is kept for",
                (_MODES,),
                listed=" mode {}",
                says="(counted separately for each {})",
                lists="-".join,
            ),
            Parameter("--hashlimit-name", "name of the table of rates", (FILE_NAME,), says="(in the table {})"),
            Parameter(
                "--hashlimit-htable-size", "buckets of the table", (number(),), listed=" htable-size {}", says="(which has {} buckets)"
            ),
            Parameter(
                "--hashlimit-htable-max",
                "entries of the table",
                (number(),),
                listed=" htable-max {}",
                says="(which holds at most {} entries)",
            ),
            Parameter(
                "--hashlimit-htable-gcinterval",
                "milliseconds between collections",
                (number(),),
                listed=" htable-gcinterval {}",
                says="(cleaned every {} milliseconds)",
            ),
            Parameter(
                "--hashlimit-htable-expire",
                "milliseconds until an idle entry goes",
                (number(),),
                listed=" htable-expire {}",
                says="(idle entries are forgotten after {} milliseconds)",
            ),
            Parameter(
                "--hashlimit-srcmask",
                "prefix length that groups sources",
                (PREFIX_LENGTH,),
                listed=" srcmask {}",
                says="(sources grouped by their first {} bits)",
            ),
            Parameter(
                "--hashlimit-dstmask",
                "prefix length that groups destinations",
                (PREFIX_LENGTH,),
                listed=" dstmask {}",
                says="(destinations grouped by their first {} bits)",
            ),
            Parameter(
                "--hashlimit-rate-match",
                "rate is only measured",
                listed=" rate-match",
                says="(by the measured rate, without a bucket of tokens)",
            ),
            Parameter(
                "--hashlimit-rate-interval",
                "seconds over which the rate is measured",
                (number(),),
                listed=" rate-interval {}",
                says="(measured over {} seconds)",
            ),
        ),
        demand=Demand(
            needs=(("--hashlimit-upto", "--hashlimit-above"), ("--hashlimit-name",)), excludes=(("--hashlimit-upto", "--hashlimit-above"),)
        ),
        canonical=canonical_rules.hashlimit,
        rearranged=listing_rules.hashlimit,
    ),
    MatchExtension(
        "recent",
        (
            Parameter(
                "--set",
                "address is put on the list",
                negatable=True,
                listed=" ! recent: SET",
                says="have their address noted",
                denies="do not get their address noted",
            ),
            Parameter(
                "--rcheck",
                "address is on the list",
                negatable=True,
                listed=" ! recent: CHECK",
                says="have an address that was noted before",
                denies="have an address that was not noted before",
            ),
            Parameter(
                "--update",
                "address is on the list, and is marked as just seen",
                negatable=True,
                listed=" ! recent: UPDATE",
                says="have an address that was noted before, and is noted again now",
                denies="have an address that was not noted before",
            ),
            Parameter(
                "--remove",
                "address is on the list, and is taken from it",
                negatable=True,
                listed=" ! recent: REMOVE",
                says="have an address that was noted before, and is forgotten now",
                denies="have an address that was not noted before",
            ),
            Parameter(
                "--seconds",
                "seconds since last seen, at most",
                (number("seconds", smallest=1),),
                listed=" seconds: {}",
                says="(within the last {} seconds)",
            ),
            Parameter("--reap", "older entries are taken off", listed=" reap", says="(older entries are forgotten)"),
            Parameter(
                "--hitcount",
                "packets seen, at least",
                (number("a number of packets", 65535),),
                listed=" hit_count: {}",
                says="(at least {} times)",
            ),
            Parameter("--rttl", "TTL is the same as before", listed=" TTL-Match", says="(with the same TTL as then)"),
            Parameter("--name", "list", (_NAME,), default=("DEFAULT",), listed=" name: {}", says="(on the list {})"),
            Parameter("--mask", "mask on addresses", (ADDRESS,), listed=" mask: {}", says="(addresses are compared under the mask {})"),
            Parameter("--rsource", "by source address", listed=" side: source", says="(by their source address)"),
            Parameter("--rdest", "by destination address", listed=" side: dest", says="(by their destination address)"),
        ),
        demand=Demand(
            needs=(("--set", "--rcheck", "--update", "--remove"),),
            excludes=(
                ("--set", "--rcheck", "--update", "--remove"),
                *((name, option) for name in ("--set", "--remove") for option in ("--seconds", "--hitcount", "--rttl")),
            ),
            along=(("--reap", ("--seconds",)),),
        ),
        canonical=canonical_rules.recent,
        rearranged=listing_rules.in_order(
            "--set", "--rcheck", "--update", "--remove", "--seconds", "--reap", "--hitcount", "--rttl", "--name", "--rsource", "--rdest"
        ),
    ),
    MatchExtension(
        "quota",
        (
            Parameter(
                "--quota",
                "bytes until the quota is used up",
                (number("bytes", 2**64 - 1),),
                negatable=True,
                listed=" quota: {} bytes",
                says="come before the quota of {} bytes is used up",
                denies="come after the quota of {} bytes was used up",
            ),
        ),
        demand=all_of("--quota"),
    ),
    MatchExtension(
        "nfacct",
        (
            Parameter(
                "--nfacct-name",
                "accounting object",
                (TEXT,),
                listed=" nfacct-name  {}",
                says="are counted in the accounting object {}",
                lists=listing_rules.quoted,
            ),
        ),
        demand=all_of("--nfacct-name"),
    ),
    MatchExtension(
        "rateest",
        (
            Parameter("--rateest-delta", "difference of two rates", says="(as the difference to the limit)"),
            Parameter("--rateest", "rate estimator", (TEXT,), says="come while the rate estimator {} compares as follows"),
            Parameter("--rateest1", "first rate estimator", (TEXT,), says="come while the rate estimator {} compares as follows"),
            Parameter("--rateest-bps1", "first bytes a second", (BITS,), says="({} per second, for the first one)"),
            Parameter(
                "--rateest-pps1", "first packets a second", (number("packets a second"),), says="({} packets per second, for the first one)"
            ),
            Parameter("--rateest-lt", "rate is less", negatable=True, says="(it is less)", denies="(it is not less)"),
            Parameter("--rateest-gt", "rate is more", negatable=True, says="(it is more)", denies="(it is not more)"),
            Parameter("--rateest-eq", "rate is equal", negatable=True, says="(it is equal)", denies="(it is not equal)"),
            Parameter("--rateest-bps", "bytes a second", (BITS,), says="({} per second)"),
            Parameter("--rateest-pps", "packets a second", (number("packets a second"),), says="({} packets per second)"),
            Parameter("--rateest-bps2", "second bytes a second", (BITS,), says="({} per second, for the second one)"),
            Parameter(
                "--rateest-pps2",
                "second packets a second",
                (number("packets a second"),),
                says="({} packets per second, for the second one)",
            ),
            Parameter("--rateest2", "second rate estimator", (TEXT,), says="(compared with the rate estimator {})"),
        ),
        demand=Demand(
            needs=(
                ("--rateest", "--rateest1"),
                ("--rateest-lt", "--rateest-gt", "--rateest-eq"),
                ("--rateest-bps", "--rateest-pps", "--rateest-bps1", "--rateest-pps1"),
            ),
            excludes=(("--rateest", "--rateest1"),),
        ),
        listed_whole=listing_rules.rateest,
    ),
    MatchExtension(
        "statistic",
        (
            Parameter(
                "--mode",
                "how packets are picked",
                (choice("random or nth", "random", "nth"),),
                listed=" statistic mode {}",
                says="(mode {})",
            ),
            Parameter(
                "--probability",
                "probability",
                (PROBABILITY,),
                negatable=True,
                listed=" ! probability {}",
                says="are picked at random, each with a probability of {}",
                denies="are not picked at random, each with a probability of {}",
            ),
            Parameter(
                "--every",
                "every so many packets",
                (number(),),
                negatable=True,
                listed=" ! every {}",
                says="are every {}th one to get here",
                denies="are not every {}th one to get here",
            ),
            Parameter("--packet", "first of them", (number(),), listed=" packet {}", says="(beginning with number {}, counted from 0)"),
        ),
        says="are picked by chance or count",
        demand=Demand(  # --packet is not asked for: iptables 1.4 left it out where it was 0
            needs=(("--mode",), ("--probability", "--every")),
            excludes=(("--probability", "--every"), ("--probability", "--packet")),
        ),
        rearranged=listing_rules.statistic,
    ),
    MatchExtension(
        "connlimit",
        (
            Parameter(
                "--connlimit-upto",
                "connections at most",
                (number(),),
                negatable=True,
                says="come when there are at most {} connections",
                denies="come when there are more than {} connections",
            ),
            Parameter(
                "--connlimit-above",
                "connections more than",
                (number(),),
                negatable=True,
                says="come when there are more than {} connections",
                denies="come when there are at most {} connections",
            ),
            Parameter(
                "--connlimit-mask",
                "prefix length that groups addresses",
                (GROUPING,),
                says="(of addresses with the same first {} bits)",
            ),
            Parameter("--connlimit-saddr", "connections counted by source", says="(counted by source address)"),
            Parameter("--connlimit-daddr", "connections counted by destination", says="(counted by destination address)"),
        ),
        demand=Demand(
            needs=(("--connlimit-upto", "--connlimit-above"),),
            excludes=(("--connlimit-upto", "--connlimit-above"), ("--connlimit-saddr", "--connlimit-daddr")),
        ),
        canonical=canonical_rules.connlimit,
        listed_whole=listing_rules.connlimit,
        tracks=True,
    ),
    MatchExtension(
        "connbytes",
        (
            Parameter(
                "--connbytes",
                "amount that the connection has moved",
                (AMOUNT,),
                negatable=True,
                listed=" ! connbytes {}",
                says="belong to a connection that has moved so much: {}",
                denies="belong to a connection that has not moved so much: {}",
            ),
            Parameter(
                "--connbytes-mode",
                "what is counted",
                (choice("packets, bytes or avgpkt", "packets", "bytes", "avgpkt"),),
                listed=" connbytes mode {}",
                says="(in {})",
            ),
            Parameter(
                "--connbytes-dir",
                "direction that is counted",
                (choice("original, reply or both", "original", "reply", "both"),),
                listed=" connbytes direction {}",
                says="(in {})",
            ),
        ),
        demand=all_of("--connbytes", "--connbytes-dir", "--connbytes-mode"),
        tracks=True,
    ),
)
"""Matches that count."""
