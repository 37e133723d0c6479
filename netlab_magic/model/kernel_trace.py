"""The kernel's report of one probe's packets: where it saw them, and which rules they met there. Values only."""

from enum import StrEnum

import msgspec

from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome

__all__ = ["Direction", "DropCause", "DropKind", "HookReport", "KernelTrace", "ReportEvent", "TracedHop", "WatchedPacket", "WatchedTraffic"]


class Direction(StrEnum):
    """Which packet of a probe it is; ERROR is an ICMP error about one of the others, ACK the third packet of a TCP handshake."""

    REQUEST = "request"
    REPLY = "reply"
    ACK = "acknowledgement"
    ERROR = "error"


class ReportEvent(StrEnum):
    """What a report says about a packet.

    ENTERS: it enters the hook; no iptables table has seen it there yet. LEAVES: all tables of the hook let it pass. RULE: it matched
    a rule. RETURN: it reached the end of a user chain. POLICY: it reached the end of a built-in chain, and the policy decided.
    """

    ENTERS = "enters"
    LEAVES = "leaves"
    RULE = "rule"
    RETURN = "return"
    POLICY = "policy"



class HookReport(msgspec.Struct, frozen=True):
    """One report about a packet, at a hook of a namespace.

    `table` and `chain` are "" and `rule` is None if the event has none. `verdict` is what follows according to the kernel (ACCEPT, DROP,
    the chain that is entered, RETURN), or "" if the kernel does not say; the legacy variant never does.
    `packet` is the packet at that point, without conntrack's fields, which reports do not contain.
    """

    event: ReportEvent
    hook: str
    packet: Packet
    table: str = ""
    chain: str = ""
    rule: int | None = None
    verdict: str = ""


class TracedHop(msgspec.Struct, frozen=True):
    """One packet in one namespace, with its reports in the order of arrival."""

    namespace: str
    direction: Direction
    reports: tuple[HookReport, ...]


class WatchedPacket(msgspec.Struct, frozen=True):
    """One packet of real traffic in the namespace that was watched: its reports, and how many seconds after the beginning it came."""

    seconds: float
    reports: tuple[HookReport, ...]


class WatchedTraffic(msgspec.Struct, frozen=True):
    """The packets that were watched, in their order, and the dump that the rule numbers refer to.

    `lost`: the kernel had more to report than could be read, so that packets are missing. `enough`: the watch ended before its time,
    because it had seen as many packets as it keeps.
    """

    packets: tuple[WatchedPacket, ...] = ()
    rules: str = ""
    lost: bool = False
    enough: bool = False


class DropKind(StrEnum):
    """The kinds of `DropCause`; `diagnosis/kernel_causes` says how each is recognised."""

    NO_ROUTE = "no route"
    BLACKHOLE = "blackhole"
    NOT_FORWARDING = "not forwarding"
    REVERSE_PATH = "rp_filter"
    MARTIAN = "martian"
    TTL = "ttl"
    NO_NEIGHBOUR = "no neighbour"
    NO_CARRIER = "no carrier"
    LOOPBACK_DOWN = "loopback down"
    NO_LISTENER = "no listener"
    LISTENER_BUSY = "listener busy"
    ECHO_IGNORED = "echo ignored"
    REPORTS_LOST = "reports lost"


class DropCause(msgspec.Struct, frozen=True):
    """A reason outside the firewall why a packet was lost, as seen in the kernel's counters and tables; `values` fill its sentence."""

    kind: DropKind
    namespace: str
    values: dict[str, str] = {}


class KernelTrace(msgspec.Struct, frozen=True):
    """Everything seen of a probe: its outcome, its hops in the order in which they were first seen, and known causes of its loss.

    `rules` holds, by namespace, the dump (`iptables-save`) that the rule numbers in the reports refer to. `simulated` is set if the report
    comes from a model instead of a kernel.
    """

    outcome: Outcome
    hops: tuple[TracedHop, ...] = ()
    causes: tuple[DropCause, ...] = ()
    rules: dict[str, str] = {}
    simulated: bool = False
