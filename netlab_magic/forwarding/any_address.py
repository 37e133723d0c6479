"""Predicts a probe in a network where no packet can be sent: the model alone, with a placeholder host for each unknown address."""

from collections.abc import Mapping

import msgspec

from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
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

_ELSEWHERE = message("Both are on the same side of the host, so their packets do not pass through it.")
_ONE_OF_SEVERAL = message(
    "Some rules depend on chance or on earlier packets. The packet can take {} different paths; all end the same, and one is shown."
)
_MOST_TRANSLATIONS = 8
"""How many times DNAT may redirect a packet to yet another unknown host before the search stops."""


class Foreseen(msgspec.Struct, frozen=True):
    """What the model expects, the topology with the placeholder hosts that were added, and what was assumed about them."""

    topology: Topology
    probe: Probe
    prediction: Prediction
    assumptions: tuple[Assumption, ...] = ()


def foresee(
    topology: Topology,
    rulesets: Mapping[str, Ruleset],
    source: str,
    destination: Destination,
    other_filters: Mapping[str, OtherFilters] | None = None,
) -> Foreseen:
    """Predicts a probe between any two machines that the host can reach; source and destination may be names or addresses.

    For `other_filters` see `predict`. Raises StatementError for an unknown name, and for a source address that the host has no route to.
    """
    six = destination.family == "ipv6" or any(str(word).count(":") > 1 for word in (source, destination.name))
    with_ends = with_unknown_hosts(topology, (source, destination.name), six)
    if looks_like_address(source) and source not in with_ends.namespaces and not with_ends.owner(source):
        refuse(f"the host has no route to {source}, so it is not known through which device packets from there come in", source)
    probe = probe_for(with_ends, source, destination)
    found = predict(with_ends, rulesets, probe, other_filters or {})
    for _ in range(_MOST_TRANSLATIONS):
        further = with_unknown_hosts(with_ends, _receivers(found))
        if len(further.namespaces) == len(with_ends.namespaces):
            break
        with_ends = further
        found = predict(with_ends, rulesets, probe, other_filters or {})
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


def _receivers(first: Prediction) -> list[str]:
    """The destinations of the last packets: DNAT may have redirected them to a host that is not in the topology yet."""
    traces = [trace for found in (first, *first.others) for trace in found.traces if trace.hops]
    return [trace.hops[-1].host_trace.packet.destination for trace in traces]
