"""What the kernel reported of one probe's packets: where it saw them, and which rules they met there. Values only."""

import msgspec

from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome

__all__ = ["DropCause", "HookReport", "KernelTrace", "TracedHop"]


class HookReport(msgspec.Struct, frozen=True):
    """One report about a packet, at a hook of a namespace.

    `event` is "enters" (a packet begins this hook; no table of iptables has seen it there yet), "leaves" (all tables of this hook let
    it go on), "rule" (the packet matched rule number `rule`), "return" (it came to the end of a user chain) or "policy" (to that of a
    built-in chain, whose policy decided). `table`, `chain` and `rule` are "" and None where the event has none. `verdict` is what
    the kernel said follows (ACCEPT, DROP, the chain that is entered, RETURN), and "" where it does not say; the legacy variant never does.
    `packet` is the packet as it was then; without conntrack's fields, which no report holds.
    """

    event: str
    hook: str
    packet: Packet
    table: str = ""
    chain: str = ""
    rule: int | None = None
    verdict: str = ""


class TracedHop(msgspec.Struct, frozen=True):
    """One packet in one namespace, in the order in which it was seen.

    `direction` is "request", "reply", or "error" for an ICMP error about the request or about the reply.
    """

    namespace: str
    direction: str
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
