"""Why packets are lost outside the firewall: the kinds of `DropCause`, and a sentence for each."""

from netlab_magic.i18n import Language, message
from netlab_magic.model.kernel_trace import DropCause, DropKind

__all__ = ["FACTS", "fact_sentence", "fact_values"]

FACTS: dict[DropKind, str] = {
    DropKind.NO_ROUTE: message("{namespace} has no route to {address}."),
    DropKind.BLACKHOLE: message("A blackhole route of {namespace} discards packets to {address}."),
    DropKind.NOT_FORWARDING: message(
        "{address} is not an address of {namespace}, and {namespace} does not forward packets from {device} (forwarding is off)."
    ),
    DropKind.REVERSE_PATH: message(
        "{namespace} dropped it: it came in through {device}, but a packet to {address} would leave through another interface (rp_filter)."
    ),
    DropKind.MARTIAN: message(
        "{namespace} dropped it: {address} is not a valid source for packets that come in through {device} (a martian)."
    ),
    DropKind.TTL: message("Its TTL expired in {namespace}: the routes form a loop, or the initial TTL was too low."),
    DropKind.NO_NEIGHBOUR: message("No host answers when {namespace} asks on {device} for the hardware address of {address}."),
    DropKind.NO_CARRIER: message("{device} of {namespace} has no carrier: the other end of its link is down."),
    DropKind.LOOPBACK_DOWN: message("{namespace} sends to itself through lo, and its lo is down."),
    DropKind.NO_LISTENER: message("Nothing listens on {protocol} port {port} of {namespace}."),
    DropKind.LISTENER_BUSY: message(
        "The server on {protocol} port {port} of {namespace} does not accept its connections: its queue is full."
    ),
    DropKind.ECHO_IGNORED: message("{namespace} ignores echo requests ({sysctl} is 1)."),
    DropKind.REPORTS_LOST: message("Some of the kernel's reports from {namespace} were lost, so this explanation has gaps."),
}
"""The sentence for each kind. `namespace` is where the packet was last seen.

- NO_ROUTE: the routing table has no route to the address, or an unreachable or prohibit route.
- BLACKHOLE: a blackhole route.
- NOT_FORWARDING: the counter InAddrErrors rose, and the interface's `forwarding` is 0; also for a packet that reached the wrong host.
- REVERSE_PATH: the counter IPReversePathFilter rose.
- MARTIAN: the routing decision rejects the source: it is the host's own address, or an invalid one (fib_validate_source()).
- TTL: the counter InHdrErrors rose, at a time to live of 1.
- NO_NEIGHBOUR: the neighbour table's entry of the next hop is INCOMPLETE or FAILED.
- NO_CARRIER: the outgoing interface has no carrier.
- LOOPBACK_DOWN: the packet was to leave through lo, which is down.
- NO_LISTENER: a reset came from the receiver after the packet had passed its INPUT; for UDP, the counter NoPorts rose.
- LISTENER_BUSY: the counter ListenOverflows rose.
- ECHO_IGNORED: the sysctl icmp_echo_ignore_all is set.
- REPORTS_LOST: not about the packet: reports of the trace itself were lost.
"""


def fact_values(cause: DropCause) -> dict[str, str]:
    """The values for a cause's sentence."""
    return {"namespace": cause.namespace, **cause.values}


def fact_sentence(cause: DropCause, say: Language) -> str:
    """A cause as a sentence."""
    return say(FACTS[cause.kind], **fact_values(cause))
