"""What the model expects of a probe: the way of the request, and of what comes back, through every namespace on it."""

import msgspec

from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import End
from netlab_magic.netfilter import HostTrace

__all__ = ["Hop", "Prediction", "Trace"]


class Hop(msgspec.Struct, frozen=True):
    """A packet in one namespace: `host_trace` is its way through that namespace's firewall.

    `enters` and `leaves` are the interfaces on the wire (a bridge's port, not the bridge); None where the packet was made, or ends, here.
    """

    namespace: str
    host_trace: HostTrace
    enters: End | None = None
    leaves: End | None = None


class Trace(msgspec.Struct, frozen=True):
    """A packet from where it was made to where it ended, namespace after namespace.

    `arrived` tells that a program or the kernel of the receiver got it. Where it ended on the way, the last leg's walk says why, or, when
    that walk let it go, `lost` does: no neighbour answers, a device is down, nobody listens. `lost` is a sentence for the catalogue of
    `messages`, and `values` fill it.
    """

    hops: tuple[Hop, ...]
    arrived: bool
    lost: str = ""
    values: dict[str, str] = {}


class Prediction(msgspec.Struct, frozen=True):
    """The request's trip, the trip of what comes back (a reply, or an ICMP error or reset), and the verdict in the words of `Verdict`.

    `later` are the trips of what follows a SYN/ACK that came back, in order: the third packet of the handshake (ACK), the first behind it
    (FIN/ACK), and what comes back to those: a FIN/ACK, or an error or reset. Connection tracking knows their connection, so that other
    rules may decide.

    `unknown` is why the model cannot tell, and `verdict` then `Verdict.NOT_MEASURED`; it is "" when it can. `others` are what else may
    become of it, where some rule cannot be judged: with the same verdict, or, where this one is unknown, with different ones.
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
        """All trips, in order."""
        return self.request, *([] if self.back is None else [self.back]), *self.later

    @property
    def cut(self) -> Trace | None:
        """The trip with which a connection ended that was made and is not answered: of the first packet that was lost, or refused."""
        told = self.verdict in (Verdict.REFUSED, Verdict.NO_ROUTE)
        lost = (trace for trace in self.later if not trace.arrived and (not told or trace.hops[-1].host_trace.answer))
        return None if self.answered else next(lost, None)
