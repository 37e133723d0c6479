"""What ends a packet's way outside the firewall: the kinds of `report.DropCause`, and each in a sentence."""

from netlab_magic.i18n import Language, message
from netlab_magic.model.kernel_trace import DropCause

__all__ = ["FACTS", "fact_sentence", "fact_values"]

FACTS: dict[str, str] = {
    "no route": message("{namespace} has no route to {address}."),
    "blackhole": message("A blackhole route of {namespace} swallows what goes to {address}."),
    "not forwarding": message(
        "{address} is not an address of {namespace}, and {namespace} does not forward what comes in through {device} (forwarding is off)."
    ),
    "rp_filter": message(
        "{namespace} dropped it: a packet to {address} would not leave through {device}, where this one came in (rp_filter)."
    ),
    "martian": message("{namespace} dropped it: nothing that comes in through {device} can have the source {address} (a martian)."),
    "ttl": message("Its time to live ended in {namespace}: the routes form a loop, or it began too low."),
    "no neighbour": message("Nobody answers when {namespace} asks on {device} for the hardware address of {address}."),
    "no carrier": message("{device} of {namespace} has no carrier: the other end of its link is down."),
    "loopback down": message("{namespace} sends to itself through lo, and its lo is down."),
    "no listener": message("Nothing listens on {protocol} port {port} of {namespace}."),
    "listener busy": message("What listens on {protocol} port {port} in {namespace} does not take its connections: its queue is full."),
    "echo ignored": message("{namespace} answers no echo request ({sysctl} is 1)."),
    "reports lost": message("The kernel reported more in {namespace} than could be kept: this account has gaps."),
}
"""Each kind with its sentence. `namespace` is where the packet was seen last.

- "no route": the routing table has nothing for the address, or an unreachable or prohibit route.
- "blackhole": a blackhole route.
- "not forwarding": the counter InAddrErrors rose, and the interface's `forwarding` is 0; also for a packet that came to the wrong host.
- "rp_filter": the counter IPReversePathFilter rose.
- "martian": the routing decision refuses the source: it is the host's own, or none that can be (fib_validate_source()).
- "ttl": the counter InHdrErrors rose, at a time to live of 1.
- "no neighbour": the neighbour table's entry of the next hop is INCOMPLETE or FAILED.
- "no carrier": the outgoing interface has none.
- "loopback down": the packet's way led out through lo, which is down.
- "no listener": a reset came from the receiver after the packet had passed its INPUT; for UDP, the counter NoPorts rose.
- "listener busy": the counter ListenOverflows rose.
- "echo ignored": the sysctl says so.
- "reports lost": not about the packet, but about the account.
"""


def fact_values(cause: DropCause) -> dict[str, str]:
    """What fills the sentence of a fact."""
    return {"namespace": cause.namespace, **cause.values}


def fact_sentence(cause: DropCause, say: Language) -> str:
    """A fact in a sentence."""
    return say(FACTS[cause.kind], **fact_values(cause))
