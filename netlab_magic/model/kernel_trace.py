"""What the kernel reported of one probe's packets: where it saw them, and which rules they met there. Values only."""

from enum import StrEnum

import msgspec

from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome

__all__ = ["Direction", "DropCause", "HookReport", "KernelTrace", "ReportEvent", "TracedHop"]


class Direction(StrEnum):
    """Which packet of a probe it is; an error is an ICMP error about one of the others, an ACK the third packet of a TCP handshake."""

    REQUEST = "request"
    REPLY = "reply"
    ACK = "acknowledgement"
    ERROR = "error"


class ReportEvent(StrEnum):
    """What a report says of a packet.

    ENTERS: it begins this hook; no table of iptables has seen it there yet. LEAVES: all tables of this hook let it go on. RULE: it matched
    a rule. RETURN: it came to the end of a user chain. POLICY: it came to the end of a built-in chain, whose policy decided.
    """

    ENTERS = "enters"
    LEAVES = "leaves"
    RULE = "rule"
    RETURN = "return"
    POLICY = "policy"



class HookReport(msgspec.Struct, frozen=True):
    """One report about a packet, at a hook of a namespace.

    `table`, `chain` and `rule` are "" and None where the event has none. `verdict` is what the kernel said follows (ACCEPT, DROP, the
    chain that is entered, RETURN), and "" where it does not say; the legacy variant never does.
    `packet` is the packet as it was then; without conntrack's fields, which no report holds.
    """

    event: ReportEvent
    hook: str
    packet: Packet
    table: str = ""
    chain: str = ""
    rule: int | None = None
    verdict: str = ""


class TracedHop(msgspec.Struct, frozen=True):
    """One packet in one namespace, with its reports in the order in which they came."""

    namespace: str
    direction: Direction
    reports: tuple[HookReport, ...]


class DropCause(msgspec.Struct, frozen=True):
    """Something outside the firewall that ended a packet's way, as the kernel's counters and tables tell it.

    `kind` is a word such as "no route", "no neighbour", "rp_filter", "not forwarding", "no listener"; `values` fill its sentence.
    """

    kind: str
    namespace: str
    values: dict[str, str] = {}


class KernelTrace(msgspec.Struct, frozen=True):
    """All that was seen of a probe: its outcome, its hops in the order in which they were first seen, and what is known of where it ended.

    `rules` holds, by namespace, the dump (`iptables-save`) that the numbers of the sightings refer to. `simulated` tells that it was not
    the kernel that reported, but a model of it.
    """

    outcome: Outcome
    hops: tuple[TracedHop, ...] = ()
    causes: tuple[DropCause, ...] = ()
    rules: dict[str, str] = {}
    simulated: bool = False
