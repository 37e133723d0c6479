"""Why packets are lost outside the firewall: the kinds of `DropCause`, and a sentence for each."""

from netlab_magic.i18n import Language, message
from netlab_magic.model.kernel_trace import DropCause

__all__ = ["FACTS", "fact_sentence", "fact_values"]

FACTS: dict[str, str] = {
    "no route": message("{namespace} has no route to {address}."),
    "blackhole": message("A blackhole route of {namespace} discards packets to {address}."),
    "not forwarding": message(
        "{address} is not an address of {namespace}, and {namespace} does not forward packets from {device} (forwarding is off)."
    ),
    "rp_filter": message(
        "{namespace} dropped it: it came in through {device}, but a packet to {address} would leave through another interface (rp_filter)."
    ),
    "martian": message("{namespace} dropped it: {address} is not a valid source for packets that come in through {device} (a martian)."),
    "ttl": message("Its TTL expired in {namespace}: the routes form a loop, or the initial TTL was too low."),
    "no neighbour": message("No host answers when {namespace} asks on {device} for the hardware address of {address}."),
    "no carrier": message("{device} of {namespace} has no carrier: the other end of its link is down."),
    "loopback down": message("{namespace} sends to itself through lo, and its lo is down."),
    "no listener": message("Nothing listens on {protocol} port {port} of {namespace}."),
    "listener busy": message("The server on {protocol} port {port} of {namespace} does not accept its connections: its queue is full."),
    "echo ignored": message("{namespace} ignores echo requests ({sysctl} is 1)."),
    "reports lost": message("Some of the kernel's reports from {namespace} were lost, so this explanation has gaps."),
}
"""The sentence for each kind. `namespace` is where the packet was last seen.

- "no route": the routing table has no route to the address, or an unreachable or prohibit route.
- "blackhole": a blackhole route.
- "not forwarding": the counter InAddrErrors rose, and the interface's `forwarding` is 0; also for a packet that reached the wrong host.
- "rp_filter": the counter IPReversePathFilter rose.
- "martian": the routing decision rejects the source: it is the host's own address, or an invalid one (fib_validate_source()).
- "ttl": the counter InHdrErrors rose, at a time to live of 1.
- "no neighbour": the neighbour table's entry of the next hop is INCOMPLETE or FAILED.
- "no carrier": the outgoing interface has no carrier.
- "loopback down": the packet was to leave through lo, which is down.
- "no listener": a reset came from the receiver after the packet had passed its INPUT; for UDP, the counter NoPorts rose.
- "listener busy": the counter ListenOverflows rose.
- "echo ignored": the sysctl icmp_echo_ignore_all is set.
- "reports lost": not about the packet: reports of the trace itself were lost.
"""


def fact_values(cause: DropCause) -> dict[str, str]:
    """The values for a cause's sentence."""
    return {"namespace": cause.namespace, **cause.values}


def fact_sentence(cause: DropCause, say: Language) -> str:
    """A cause as a sentence."""
    return say(FACTS[cause.kind], **fact_values(cause))
