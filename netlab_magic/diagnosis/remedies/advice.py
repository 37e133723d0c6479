"""Advice where no change can be tried in the model: one sentence, which does not claim that it was tried."""

from collections.abc import Iterator

from netlab_magic.diagnosis.remedies.docker import host_ports
from netlab_magic.diagnosis.remedies.firewall import killer_of
from netlab_magic.diagnosis.remedies.nft import stopped_in
from netlab_magic.diagnosis.remedies.remedy import Fix, Remedy, World
from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.forwarding.prediction import Prediction, Trace
from netlab_magic.i18n import message
from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN, is_generated
from netlab_magic.iptables.ruleset import Ruleset

__all__ = ["advice", "refuses_a_service"]

_ELSEWHERE = message("The server on {protocol} port {port} of {namespace} listens on {address} only: make it listen on all addresses.")
_NO_ENDPOINTS = message("{address} is a service without endpoints, so kube-proxy rejects packets to it: give it a pod that is ready.")
_OWNED = message(
    "The table {table} belongs to {owner}: let {owner} allow it. Rules of your own do not last in that table, and an accept in another "
    "table does not save a packet that this one drops."
)
_UNPUBLISHED = message(
    "Docker has not published port {port} of {address}: start the container again with -p {port}:{port} and ask the host, "
    "or let both containers be on one network."
)


def advice(world: World, found: Prediction, trace: Trace) -> Iterator[Remedy]:
    """Advice for a packet for which a change of the firewall or the network would not be the right remedy."""
    last, probe = trace.hops[-1], found.probe
    frame, killer = last.host_trace.last, killer_of(last)
    port = str(frame.destination_port)
    if trace.arrived and killer is None and found.request is trace:
        addresses = [
            held.address
            for held in world.topology.servers
            if held.address and (held.namespace, str(held.port), held.protocol) == (last.namespace, port, probe.protocol)
        ]
        if addresses and world.dockerd is None:
            values = {"protocol": probe.protocol, "port": port, "namespace": last.namespace, "address": ", ".join(addresses)}
            yield _said(_ELSEWHERE, values)
    if killer is None:
        return
    address = killer.before.destination
    table = stopped_in(world, last, killer)
    if killer.line.is_native and world.dockerd is None:
        if table is not None and owner_of(table):
            yield _said(_OWNED, {"table": killer.table, "owner": owner_of(table)})
    elif refuses_a_service(trace):
        yield _said(_NO_ENDPOINTS, {"address": address})
    elif trace is found.request and probe.protocol != "icmp" and world.dockerd is None and _is_dockers(world, trace):
        if host_ports(world, address, frame.destination_port, probe.protocol):
            return
        yield _said(_UNPUBLISHED, {"address": address, "port": port})


def _said(sentence: str, values: dict[str, str]) -> Remedy:
    return Remedy((Fix("advice", sentence, values, (), ()),))


def refuses_a_service(trace: Trace) -> bool:
    """Whether kube-proxy rejected a packet to a service address: no machine has that address, so accepting the packet would not help."""
    killer = killer_of(trace.hops[-1])
    return killer is not None and killer.outcome == "REJECT" and killer.chain.startswith("KUBE-") and is_generated(killer.chain)


def _is_dockers(world: World, trace: Trace) -> bool:
    """Whether Docker blocks packets to a container: by one of its chains, its rules in the table raw, or a policy."""
    last = trace.hops[-1]
    killer = killer_of(last)
    held = world.rulesets.get(last.namespace, Ruleset())
    if killer is None or held.chain(USER_CHAIN) is None or held.chain("DOCKER") is None:
        return False
    if killer.chain.startswith("DOCKER"):
        return killer.chain != USER_CHAIN
    if killer.table == "raw":
        return killer.rule is not None
    at_forward = [visit.chain for visit in last.host_trace.matched if (visit.table, visit.hook) == ("filter", "FORWARD")]
    return killer.rule is None and any(chain.startswith("DOCKER") and chain != USER_CHAIN for chain in at_forward)
