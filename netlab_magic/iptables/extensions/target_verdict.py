"""Verdicts, and the targets that answer, log or hand a packet on."""

from netlab_magic.iptables.extensions.schema import Extension, Parameter
from netlab_magic.iptables.extensions.types import ADDRESS, TEXT, choice, number, text
from netlab_magic.iptables.extensions.types_compound import QUEUES, cut
from netlab_magic.iptables.extensions.types_symbolic import LOG_LEVEL, REJECT_WITH

__all__ = ["VERDICTS", "VERDICT_TARGETS"]

VERDICTS = ("ACCEPT", "DROP", "RETURN", "QUEUE")
"""The targets that x_tables itself knows; any other name is an extension or a chain."""


VERDICT_TARGETS = (
    *(Extension(name) for name in VERDICTS),
    Extension(
        "REJECT",
        (Parameter("--reject-with", "answer", (REJECT_WITH,), listed=" reject-with {}", says="(the answer is {})"),),
        says="is refused, and its sender is told so",
    ),
    Extension(
        "LOG",
        (
            Parameter("--log-prefix", "prefix", (cut("a prefix", 29, 1),), says="(with the prefix “{}”)"),
            Parameter("--log-level", "level", (LOG_LEVEL,), says="(at level {})"),
            Parameter("--log-tcp-sequence", "TCP sequence numbers", says="(with the TCP sequence numbers)"),
            Parameter("--log-tcp-options", "TCP options", says="(with the TCP options)"),
            Parameter("--log-ip-options", "IP options", says="(with the IP options)"),
            Parameter("--log-uid", "user", says="(with the user that sent it)"),
            Parameter("--log-macdecode", "hardware addresses, decoded", says="(with its hardware addresses in words)"),
        ),
        says="is written to the kernel log",
    ),
    Extension(
        "NFLOG",
        (
            Parameter("--nflog-prefix", "prefix", (cut("a prefix", 127),), listed=" nflog-prefix {}", says="(with the prefix “{}”)"),
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
    ),
    Extension(
        "ULOG",
        (
            Parameter("--ulog-prefix", "prefix", (text("a prefix", 31),), listed=' prefix "{}"', says="(with the prefix “{}”)"),
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
    ),
    Extension(
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
                "--queue-bypass", "packets pass when nobody listens", listed=" bypass", says="(and is accepted where nobody listens)"
            ),
            Parameter("--queue-cpu-fanout", "queue by processor", listed=" cpu-fanout", says="(the queue is chosen by processor)"),
        ),
        listed=" NFQUEUE",
        says="is handed to the program that listens on the queue 0",
    ),
    Extension("TRACE", says="is followed: every rule that it meets from here on is written to a trace"),
    Extension(
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
    ),
    Extension(
        "TEE",
        (
            Parameter("--gateway", "address that gets a copy", (ADDRESS,), listed=" gw:{}", says="is copied, and the copy is sent to {}"),
            Parameter("--oif", "interface for the copy", (TEXT,), listed=" oif={}", says="(through {})"),
        ),
        listed=" TEE",
    ),
    Extension(
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
        says="has its TCP handshake answered by this host, which opens the connection to the server only when the client has proved itself",
    ),
)
"""Targets that decide, report or copy."""
