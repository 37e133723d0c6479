"""The flows of a lab: every pair of a matrix and every server; and what the model predicts for them."""

from collections.abc import Iterator, Mapping, Sequence

from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import matrix_probes, members, probes_between
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Prediction, Trace
from netlab_magic.iptables.ruleset import RulePosition, Ruleset
from netlab_magic.language.statements import Destination
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import INTERNET, Server, Topology
from netlab_magic.netfilter import Outcome

__all__ = ["hit_by_no_flow", "lab_flows", "predict_all"]

_NOTHING: Mapping[str, OtherFilters] = {}


def lab_flows(topology: Topology) -> list[Probe]:
    """A probe for each pair of a matrix, including the internet as a target, and one to each server from every other namespace."""
    found = matrix_probes(topology, ())
    sources = [*members(topology), *([INTERNET] if INTERNET in topology.namespaces else [])]
    for server in topology.servers:
        address = _address(topology, server)
        if address:
            wanted = Destination(address, server.port, server.protocol, "ipv4" if server.address == "0.0.0.0" else "")
            found += [probe for source in sources if source != server.namespace for probe in probes_between(topology, source, wanted)]
    return list(dict.fromkeys(found))


def _address(topology: Topology, server: Server) -> str:
    """Where a server is asked: at the address that it listens on, or at its namespace's; "" for one that has no such address."""
    if server.address == "::":
        own = (parsed.ip for interface in topology.namespaces[server.namespace].interfaces for parsed in interface.parsed())
        return next((str(ip) for ip in own if ip.version == 6 and not ip.is_loopback and not ip.is_link_local), "")
    return server.namespace if server.address in ("", "0.0.0.0") else server.address


def predict_all(
    topology: Topology, rulesets: Mapping[str, Ruleset], probes: Sequence[Probe], other_filters: Mapping[str, OtherFilters] = _NOTHING
) -> tuple[Prediction, ...]:
    """The prediction of each probe, in order; see `predict`."""
    return tuple(predict(topology, rulesets, probe, other_filters) for probe in probes)


def hit_by_no_flow(
    topology: Topology, rulesets: Mapping[str, Ruleset], other_filters: Mapping[str, OtherFilters] = _NOTHING
) -> dict[str, tuple[RulePosition, ...]]:
    """The rules, by namespace, that according to the model match no packet of any of the lab's flows of their family, request or reply.

    Namespaces in which the model cannot follow every packet to its end are left out.
    """
    hit: dict[str, set[RulePosition]] = {name: set() for name in rulesets}
    untold = {name for name, held in other_filters.items() if held.unread}
    six = any(ruleset.family == "ipv6" for ruleset in rulesets.values())
    probes = [probe for probe in lab_flows(topology) if probe.six == six]
    for found in predict_all(topology, rulesets, probes, other_filters):
        for trace in (trace for prediction in (found, *found.others) for trace in prediction.traces):
            untold |= {hop.namespace for hop in trace.hops if hop.host_trace.outcome == Outcome.UNKNOWN}
            for name, place in _met(trace):
                hit.setdefault(name, set()).add(place)
    return {name: tuple(_rest(ruleset, hit[name])) for name, ruleset in rulesets.items() if name not in untold}


def _met(trace: Trace) -> Iterator[tuple[str, RulePosition]]:
    for hop in trace.hops:
        for visit in hop.host_trace.visits:
            if visit.matched is not False and visit.rule is not None:
                yield hop.namespace, RulePosition(visit.table, visit.chain, visit.rule)


def _rest(ruleset: Ruleset, hit: set[RulePosition]) -> Iterator[RulePosition]:
    for table in ruleset.tables:
        for chain in table.chains:
            for number in range(1, len(chain.rules) + 1):
                place = RulePosition(table.name, chain.name, number)
                if place not in hit:
                    yield place
