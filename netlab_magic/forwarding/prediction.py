"""What the model expects of a probe: the path of the request and of the answer through every namespace."""

import msgspec

from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import End
from netlab_magic.netfilter import HostTrace

__all__ = ["Hop", "Prediction", "Trace"]


class Hop(msgspec.Struct, frozen=True):
    """A packet in one namespace: `host_trace` is its path through that namespace's firewall.

    `enters` and `leaves` are the interfaces on the wire (a bridge's port, not the bridge); None where the packet was sent or delivered.
    """

    namespace: str
    host_trace: HostTrace
    enters: End | None = None
    leaves: End | None = None


class Trace(msgspec.Struct, frozen=True):
    """A packet from its sender to where it ended, namespace by namespace.

    `arrived` is set if a program or the receiver's kernel got it. Otherwise the last hop's `host_trace` says why not or, if the firewall
    let it pass, `lost` does: no neighbour answers, a device is down, nothing listens. `lost` is a message, and `values` fill it in.
    """

    hops: tuple[Hop, ...]
    arrived: bool
    lost: str = ""
    values: dict[str, str] = {}


class Prediction(msgspec.Struct, frozen=True):
    """The traces of the request and of what comes back (a reply, an ICMP error or a reset), and the verdict.

    `later` holds the traces of what follows a SYN/ACK, in order: the third packet of the handshake (ACK), the end of the connection
    (FIN/ACK), and the answer to those: a FIN/ACK, an ICMP error or a reset. To conntrack these are ESTABLISHED, so other rules may match.

    `unknown` says why the model cannot tell, or is "" if it can; the verdict is then `Verdict.NOT_MEASURED`. `others` are the alternatives
    if some rule cannot be evaluated: with the same verdict or, if this one is unknown, with different ones.
    """

    probe: Probe
    request: Trace
    back: Trace | None
    verdict: Verdict
    unknown: str = ""
    others: tuple["Prediction", ...] = ()
    later: tuple[Trace, ...] = ()

    @property
    def answered(self) -> bool:
        """Whether the verdict is `ANSWERED`."""
        return self.verdict == Verdict.ANSWERED

    @property
    def traces(self) -> tuple[Trace, ...]:
        """All traces, in order."""
        return self.request, *([] if self.back is None else [self.back]), *self.later

    @property
    def cut(self) -> Trace | None:
        """For a connection that was made but failed afterwards: the trace of the first packet that was lost or refused."""
        told = self.verdict in (Verdict.REFUSED, Verdict.NO_ROUTE)
        lost = (trace for trace in self.later if not trace.arrived and (not told or trace.hops[-1].host_trace.answer))
        return None if self.answered else next(lost, None)
