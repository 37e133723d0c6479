"""Matches on what is in a packet, and on the time it passes."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of, one_of
from netlab_magic.iptables.extensions.schema import MatchExtension, Parameter
from netlab_magic.iptables.extensions.types import TEXT, choice, hexadecimal, number, number_range, text
from netlab_magic.iptables.extensions.types_compound import BYTES, FILTER
from netlab_magic.iptables.extensions.types_rates import CLOCK, DATE, MONTHDAYS, U32, WEEKDAYS
from netlab_magic.iptables.extensions.types_symbolic import DSCP_CLASS, TOS
from netlab_magic.iptables.option import Quotes

__all__ = ["PACKET"]

_ECT = choice("0, 1, 2 or 3", "0", "1", "2", "3")

PACKET = (
    MatchExtension(
        "comment",
        (
            Parameter(
                "--comment", "comment", (text("a comment", 255),), listed=" /* {} */", says="Its comment reads “{}”.", quotes=Quotes.TEXT
            ),
        ),
        demand=all_of("--comment"),
        steady=True,
        holds_always=True,
    ),
    MatchExtension(
        "length",
        (
            Parameter(
                "--length",
                "length of the packet",
                (number_range("a length or a range of them", 65535),),
                negatable=True,
                listed=" length !{}",
                says="are {} bytes long",
                denies="are not {} bytes long",
            ),
        ),
        demand=all_of("--length"),
    ),
    MatchExtension(
        "ttl",
        (
            Parameter(
                "--ttl-eq",
                "TTL",
                (number("a TTL", 255),),
                negatable=True,
                aliases=("--ttl",),
                listed=" TTL match TTL == {}| TTL match TTL != {}",
                says="have a TTL of {}",
                denies="have a TTL other than {}",
            ),
            Parameter(
                "--ttl-lt", "TTL less than", (number("a TTL", 255),), listed=" TTL match TTL < {}", says="have a TTL of less than {}"
            ),
            Parameter(
                "--ttl-gt", "TTL more than", (number("a TTL", 255),), listed=" TTL match TTL > {}", says="have a TTL of more than {}"
            ),
        ),
        family="ipv4",
        demand=one_of("--ttl-eq", "--ttl-lt", "--ttl-gt"),
    ),
    MatchExtension(
        "hl",
        (
            Parameter(
                "--hl-eq",
                "hop limit",
                (number("a hop limit", 255),),
                negatable=True,
                aliases=("--hl",),
                listed=" HL match HL == {}| HL match HL != {}",
                says="have a hop limit of {}",
                denies="have a hop limit other than {}",
            ),
            Parameter(
                "--hl-lt",
                "hop limit less than",
                (number("a hop limit", 255),),
                listed=" HL match HL < {}",
                says="have a hop limit of less than {}",
            ),
            Parameter(
                "--hl-gt",
                "hop limit more than",
                (number("a hop limit", 255),),
                listed=" HL match HL > {}",
                says="have a hop limit of more than {}",
            ),
        ),
        family="ipv6",
        demand=one_of("--hl-eq", "--hl-lt", "--hl-gt"),
    ),
    MatchExtension(
        "string",
        (
            Parameter(
                "--string",
                "text in the packet",
                (text("a pattern", 128, 1),),
                negatable=True,
                listed=' STRING match  "{}"| STRING match ! "{}"',
                says="contain the text “{}”",
                denies="do not contain the text “{}”",
                lists=listing_rules.escaped,
                quotes=Quotes.ALWAYS,
            ),
            Parameter(
                "--hex-string",
                "bytes in the packet",
                (BYTES,),
                negatable=True,
                listed=' STRING match  "{}"| STRING match ! "{}"',
                says="contain the bytes “{}”",
                denies="do not contain the bytes “{}”",
                quotes=Quotes.ALWAYS,
            ),
            Parameter(
                "--algo",
                "search algorithm",
                (choice("bm or kmp", "bm", "kmp"),),
                listed=" ALGO name {}",
                says="(searched with the {} algorithm)",
            ),
            Parameter("--from", "first byte searched", (number("an offset", 65535),), listed=" FROM {}", says="(from byte {} on)"),
            Parameter("--to", "last byte searched", (number("an offset", 65535),), listed=" TO {}", says="(up to byte {})"),
            Parameter("--icase", "case is ignored", listed=" ICASE", says="(upper and lower case are the same)"),
        ),
        demand=Demand(needs=(("--string", "--hex-string"), ("--algo",)), excludes=(("--string", "--hex-string"),)),
        canonical=canonical_rules.string,
    ),
    MatchExtension(
        "u32",
        (
            Parameter(
                "--u32",
                "words of the packet",
                (U32,),
                negatable=True,
                listed=' u32 ! "{}"',
                says="pass the test “{}” of their bytes",
                denies="fail the test “{}” of their bytes",
                quotes=Quotes.ALWAYS,
            ),
        ),
        demand=all_of("--u32"),
    ),
    MatchExtension(
        "bpf",
        (
            Parameter(
                "--bytecode",
                "BPF program",
                (FILTER,),
                listed="match bpf {}\0",
                says="are taken by the BPF program “{}”",
                lists=listing_rules.without_length,
                quotes=Quotes.ALWAYS,
            ),
            Parameter(
                "--object-pinned",
                "pinned BPF program",
                (TEXT,),
                aliases=("--path",),
                listed="match bpf pinned {}",
                says="are taken by the BPF program that is pinned at {}",
            ),
        ),
        demand=one_of("--bytecode", "--object-pinned"),
    ),
    MatchExtension(
        "tcpmss",
        (
            Parameter(
                "--mss",
                "TCP maximum segment size",
                (number_range("a size or a range of them", 65535),),
                negatable=True,
                listed=" tcpmss match !{}",
                says="announce a TCP maximum segment size of {}",
                denies="announce a TCP maximum segment size other than {}",
            ),
        ),
        protocols=("tcp",),
        demand=all_of("--mss"),
    ),
    MatchExtension(
        "dscp",
        (
            Parameter(
                "--dscp",
                "DSCP",
                (hexadecimal("a DSCP", 63, 2),),
                negatable=True,
                listed=" DSCP match !{}",
                says="carry the DSCP {}",
                denies="carry any DSCP other than {}",
            ),
            Parameter(
                "--dscp-class",
                "DSCP class",
                (DSCP_CLASS,),
                negatable=True,
                says="carry the DSCP class {}",
                denies="carry any DSCP class other than {}",
            ),
        ),
        demand=one_of("--dscp", "--dscp-class"),
        canonical=canonical_rules.dscp,
    ),
    MatchExtension(
        "tos",
        (
            Parameter(
                "--tos",
                "type of service",
                (TOS,),
                negatable=True,
                listed=" tos match!{}",
                says="carry the type of service {}",
                denies="carry any type of service other than {}",
            ),
        ),
        demand=all_of("--tos"),
    ),
    MatchExtension(
        "ecn",
        (
            Parameter(
                "--ecn-tcp-ece",
                "ECE flag",
                negatable=True,
                listed=" !ECE",
                says="have the TCP flag ECE set",
                denies="do not have the TCP flag ECE set",
            ),
            Parameter(
                "--ecn-tcp-cwr",
                "CWR flag",
                negatable=True,
                listed=" !CWR",
                says="have the TCP flag CWR set",
                denies="do not have the TCP flag CWR set",
            ),
            Parameter(
                "--ecn-ip-ect",
                "ECN bits of the IP header",
                (_ECT,),
                negatable=True,
                listed=" !ECT={}",
                says="have {} in the ECN bits of their IP header",
                denies="do not have {} in the ECN bits of their IP header",
            ),
        ),
        listed=" ECN match",
        demand=Demand(
            needs=(("--ecn-tcp-cwr", "--ecn-tcp-ece", "--ecn-ip-ect"),),
            protocols=(("--ecn-tcp-cwr", "", ("tcp",)), ("--ecn-tcp-ece", "", ("tcp",))),
        ),
    ),
    MatchExtension(
        "osf",
        (
            Parameter(
                "--genre",
                "operating system of the sender",
                (TEXT,),
                negatable=True,
                listed=" OS fingerprint match ! {}",
                says="look as if {} had sent them",
                denies="do not look as if {} had sent them",
            ),
            Parameter("--ttl", "how the TTL is compared", (number("0, 1 or 2", 2),), says="(TTL compared in the way {})"),
            Parameter("--log", "what is logged", (number("0, 1 or 2", 2),), says="(logged at level {})"),
        ),
        protocols=("tcp",),
        demand=all_of("--genre"),
    ),
    MatchExtension(
        "time",
        (
            Parameter("--timestart", "start of the day's window", (CLOCK,), listed=" from {}", says="come at {} or later in the day"),
            Parameter("--timestop", "end of the day's window", (CLOCK,), listed=" to {}", says="come at {} or earlier in the day"),
            Parameter(
                "--monthdays",
                "days of the month",
                (MONTHDAYS,),
                negatable=True,
                listed=" on {}",
                says="come on these days of the month: {}",
                denies="do not come on these days of the month: {}",
                lists=listing_rules.month_days,
            ),
            Parameter(
                "--weekdays",
                "days of the week",
                (WEEKDAYS,),
                negatable=True,
                aliases=("--days",),
                listed=" on {}",
                says="come on {}",
                denies="come on any day other than {}",
            ),
            Parameter(
                "--datestart",
                "start date",
                (DATE,),
                listed=" starting from {}",
                says="come at {} or later",
                lists=listing_rules.date,
            ),
            Parameter(
                "--datestop",
                "end date",
                (DATE,),
                listed=" until date {}",
                says="come at {} or earlier",
                lists=listing_rules.date,
            ),
            Parameter("--kerneltz", "kernel's time zone", says="(in the kernel's time zone)"),
            Parameter(
                "--contiguous",
                "window that passes midnight is one",
                listed=" contiguous",
                says="(a window that passes midnight is one window)",
            ),
            Parameter("--utc", "UTC", listed=" UTC", says="(in UTC)"),
            Parameter("--localtz", "kernel's time zone", says="(in the kernel's time zone)"),
        ),
        listed=" TIME",
        demand=Demand(
            excludes=(("--kerneltz", "--utc"),),
            along=(("--contiguous", ("--timestart", "--timestop")),),
        ),
        canonical=canonical_rules.time,
        rearranged=listing_rules.time,
    ),
)
"""Matches that look at one packet alone."""
