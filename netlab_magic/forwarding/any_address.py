"""A probe where no packet can be sent: the model alone, with an unknown host in the place of everybody whom nobody has looked at."""

from collections.abc import Mapping

import msgspec

from netlab_magic.forwarding import predict
from netlab_magic.forwarding.beside import Beside
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.forwarding.unknown_hosts import answers, assumed_of, with_unknown_hosts
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.plan_topology import refuse
from netlab_magic.language.statements import Destination
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, Topology

__all__ = ["Foreseen", "foresee"]

_ELSEWHERE = message("Both are on the same side of the host: their packets do not come through it.")
_ONE_OF_SEVERAL = message(
    "Some rules decide by chance or by what came before: of {} ways that the packet may take, all end alike, and one is shown."
)
_MOST_TRANSLATIONS = 8
"""So often may a packet get another receiver on its way, whom nobody has looked at either."""


class Foreseen(msgspec.Struct, frozen=True):
    """What the model expects, the topology with the unknown hosts that it took, and what had to be assumed of them."""

    topology: Topology
    probe: Probe
    prediction: Prediction
    assumptions: tuple[Assumption, ...] = ()


def foresee(
    topology: Topology, rulesets: Mapping[str, Ruleset], source: str, destination: Destination, beside: Mapping[str, Beside] | None = None
) -> Foreseen:
    """What becomes of a probe between any two machines that the host can reach; `source` may be an address, as the destination may.

    For `beside` see `predict`. Raises StatementError for a name that is none, and for a sender whose device the host does not know.
    """
    with_ends = with_unknown_hosts(topology, (source, destination.name))
    if looks_like_address(source) and source not in with_ends.namespaces and not with_ends.owner(source):
        refuse(f"the host has no route to {source}: through which of its devices packets from there come in is not known", source)
    probe = probe_for(with_ends, source, destination)
    found = predict(with_ends, rulesets, probe, beside or {})
    for _ in range(_MOST_TRANSLATIONS):
        further = with_unknown_hosts(with_ends, _receivers(found))
        if len(further.namespaces) == len(with_ends.namespaces):
            break
        with_ends = further
        found = predict(with_ends, rulesets, probe, beside or {})
    if found.request.arrived:
        receiver = found.request.hops[-1].namespace
        taken = assumed_of(topology, with_ends, (probe.source, receiver))
        if with_ends.namespaces[receiver].answers_all:
            taken = (*taken, answers(receiver))
    else:
        taken = assumed_of(topology, with_ends, (probe.source, probe.target))
    if all(hop.namespace != HOST for hop in found.request.hops):
        taken = (*taken, Assumption(_ELSEWHERE))
    if found.others and not found.unknown:
        taken = (*taken, Assumption(_ONE_OF_SEVERAL, (str(len(found.others) + 1),)))
    return Foreseen(with_ends, probe, found, taken)


def _receivers(found: Prediction) -> list[str]:
    """Whom the last packets were on their way to: DNAT may have led them to somebody who is not in the topology yet."""
    traces = [trace for way in (found, *found.others) for trace in way.traces if trace.hops]
    return [trace.hops[-1].host_trace.packet.destination for trace in traces]
