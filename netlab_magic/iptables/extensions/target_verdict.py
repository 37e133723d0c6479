"""Verdicts, and the targets that answer, log or hand a packet on."""

from netlab_magic.iptables.extensions import canonical_rules, listing_rules
from netlab_magic.iptables.extensions.constraints import Demand, all_of
from netlab_magic.iptables.extensions.schema import Parameter, TargetExtension
from netlab_magic.iptables.extensions.types import TEXT, choice, number, text
from netlab_magic.iptables.extensions.types_address import ADDRESS
from netlab_magic.iptables.extensions.types_compound import QUEUES, cut
from netlab_magic.iptables.extensions.types_symbolic import LOG_LEVEL, REJECT_WITH
from netlab_magic.iptables.option import Option, Quotes

__all__ = ["VERDICT_TARGETS"]

_LOGGED = "The packet {what}, and goes on to {onward}: logging decides nothing."

VERDICT_TARGETS = (
    TargetExtension("ACCEPT", terminates=True),
    TargetExtension("DROP", terminates=True, then="The packet is dropped silently: its sender gets no answer."),
    TargetExtension("RETURN"),
    TargetExtension("QUEUE", terminates=True, then="The packet is handed to the program that listens on queue 0, which decides about it."),
    TargetExtension(
        "REJECT",
        (Parameter("--reject-with", "answer", (REJECT_WITH,), listed=" reject-with {}", says="(the answer is {})"),),
        says="is rejected, and its sender gets an error",
        demand=Demand(protocols=(("--reject-with", "^tcp-", ("tcp",)),)),
        canonical=canonical_rules.reject,
        terminates=True,
        table="filter",
        chains=("INPUT", "FORWARD", "OUTPUT"),
    ),
    TargetExtension(
        "LOG",
        (
            Parameter("--log-prefix", "prefix", (cut("a prefix", 29, 1),), says="(with the prefix “{}”)", quotes=Quotes.TEXT),
            Parameter("--log-level", "level", (LOG_LEVEL,), says="(at level {})"),
            Parameter("--log-tcp-sequence", "TCP sequence numbers", says="(with the TCP sequence numbers)"),
            Parameter("--log-tcp-options", "TCP options", says="(with the TCP options)"),
            Parameter("--log-ip-options", "IP options", says="(with the IP options)"),
            Parameter("--log-uid", "user", says="(with the user that sent it)"),
            Parameter("--log-macdecode", "hardware addresses, decoded", says="(with its hardware addresses in words)"),
        ),
        says="is written to the kernel log",
        canonical=canonical_rules.dropping(log_level=("4",)),
        listed_whole=listing_rules.log,
        only_looks=True,
        then=_LOGGED,
    ),
    TargetExtension(
        "NFLOG",
        (
            Parameter(
                "--nflog-prefix",
                "prefix",
                (cut("a prefix", 127),),
                listed=" nflog-prefix {}",
                says="(with the prefix “{}”)",
                lists=listing_rules.quoted,
                quotes=Quotes.TEXT,
            ),
            Parameter("--nflog-group", "group", (number("a group", 65535),), listed=" nflog-group {}", says="(to the netlink group {})"),
            Parameter("--nflog-size", "bytes copied", (number(),), listed=" nflog-size {}", says="(its first {} bytes)"),
            Parameter("--nflog-range", "bytes copied", (number(),), listed=" nflog-range {}", says="(its first {} bytes)"),
            Parameter(
                "--nflog-threshold",
                "packets sent together",
                (number("a number of packets", 65535),),
                listed=" nflog-threshold {}",
                says="(in batches of {})",
            ),
        ),
        says="is reported to the programs that listen",
        canonical=canonical_rules.dropping(nflog_group=("0",), nflog_threshold=("0",)),
        only_looks=True,
        then=_LOGGED,
    ),
    TargetExtension(
        "ULOG",
        (
            Parameter(
                "--ulog-prefix", "prefix", (text("a prefix", 31),), listed=' prefix "{}"', says="(with the prefix “{}”)", quotes=Quotes.TEXT
            ),
            Parameter("--ulog-nlgroup", "group", (number("a group", 32, 1),), listed=" nlgroup {}", says="(to the netlink group {})"),
            Parameter("--ulog-cprange", "bytes copied", (number(),), listed=" copy_range {}", says="(its first {} bytes)"),
            Parameter(
                "--ulog-qthreshold",
                "packets sent together",
                (number("packets", 50),),
                listed=" queue_threshold {}",
                says="(in batches of {})",
            ),
        ),
        family="ipv4",
        listed=" ULOG",
        says="is reported to the programs that listen",
        canonical=canonical_rules.dropping(ulog_nlgroup=("1",)),
        rearranged=listing_rules.in_order(
            "--ulog-cprange",
            "--ulog-nlgroup",
            "--ulog-prefix",
            "--ulog-qthreshold",
            defaults=[Option("--ulog-cprange", ("0",)), Option("--ulog-nlgroup", ("1",)), Option("--ulog-qthreshold", ("1",))],
        ),
        only_looks=True,
        then=_LOGGED,
    ),
    TargetExtension(
        "NFQUEUE",
        (
            Parameter(
                "--queue-num",
                "queue",
                (number("a queue", 65535),),
                listed=" num {}",
                says="is handed to the program that listens on the queue {}",
            ),
            Parameter(
                "--queue-balance",
                "queues",
                (QUEUES,),
                listed=" balance {}",
                says="is handed to one of the programs that listen on the queues {}",
            ),
            Parameter(
                "--queue-bypass", "packets pass when nobody listens", listed=" bypass", says="(and is accepted if no program listens)"
            ),
            Parameter("--queue-cpu-fanout", "queue by processor", listed=" cpu-fanout", says="(the queue is chosen by processor)"),
        ),
        listed=" NFQUEUE",
        says="is handed to the program that listens on the queue 0",
        demand=Demand(excludes=(("--queue-num", "--queue-balance"),), along=(("--queue-cpu-fanout", ("--queue-balance",)),)),
        canonical=canonical_rules.nfqueue,
        terminates=True,
        then="The packet {what}, and that program decides about it.",
    ),
    TargetExtension(
        "TRACE",
        says="is followed: every rule that it meets from here on is written to a trace",
        only_looks=True,
        then=_LOGGED,
    ),
    TargetExtension(
        "AUDIT",
        (
            Parameter(
                "--type",
                "type of the record",
                (choice("accept, drop or reject", "accept", "drop", "reject"),),
                listed=" {}",
                says="(as {})",
            ),
        ),
        listed=" AUDIT",
        says="is written to the audit log",
        demand=all_of("--type"),
        only_looks=True,
        then=_LOGGED,
    ),
    TargetExtension(
        "TEE",
        (
            Parameter("--gateway", "address that gets a copy", (ADDRESS,), listed=" gw:{}", says="is copied, and the copy is sent to {}"),
            Parameter("--oif", "interface for the copy", (TEXT,), listed=" oif={}", says="(through {})"),
        ),
        listed=" TEE",
        demand=all_of("--gateway"),
        only_looks=True,
    ),
    TargetExtension(
        "SYNPROXY",
        (
            Parameter("--sack-perm", "selective acknowledgements", listed="sack-perm ", says="(with selective acknowledgements)"),
            Parameter("--timestamp", "timestamps", listed="timestamp ", says="(with timestamps)"),
            Parameter("--wscale", "window scale", (number("a window scale", 14),), listed="wscale {} ", says="(with the window scale {})"),
            Parameter(
                "--mss", "maximum segment size", (number("a size", 65535),), listed="mss {} ", says="(with the maximum segment size {})"
            ),
            Parameter("--ecn", "ECN", listed="ecn ", says="(with ECN)"),
        ),
        protocols=("tcp",),
        listed=" SYNPROXY ",
        says="has its TCP handshake answered by this host, which opens the connection to the server only once the client has completed it",
        tracks=True,
        then="The packet {what}.",
    ),
)
"""Targets that decide, report or copy."""
