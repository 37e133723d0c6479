"""Advice where no change can be tried in the model: one sentence, which does not claim that it was tried, and perhaps a command."""

import re
from collections.abc import Iterator

from netlab_magic.diagnosis.remedies.docker import container_port, host_ports
from netlab_magic.diagnosis.remedies.firewall import killer_of
from netlab_magic.diagnosis.remedies.nft import stopped_in
from netlab_magic.diagnosis.remedies.placement import manager_of
from netlab_magic.diagnosis.remedies.remedy import Fix, Remedy, World
from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS
from netlab_magic.forwarding.prediction import Prediction, Trace
from netlab_magic.i18n import message
from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN, is_generated
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import RuleVisit

__all__ = ["advice", "refuses_a_service"]

_ELSEWHERE = message("The server on {protocol} port {port} of {namespace} listens on {address} only: make it listen on all addresses.")
_PUBLISHED_ON = message(
    "Docker has published port {port} on {address} only: start the container again with -p {port}:{container_port}, which publishes it on "
    "all addresses."
)
_NO_ENDPOINTS = message("{address} is a service without endpoints, so kube-proxy rejects packets to it: give it a pod that is ready.")
_OWNED = message(
    "The table {table} belongs to {owner}: let {owner} allow it. Rules of your own do not last in that table, and an accept in another "
    "table does not save a packet that this one drops."
)
_RESTART = message(
    "Let {program} write its rules again: the host has none of them, though {device} is one of its bridges. "
    "(Nothing was tried in the model here: which rules they will be is not known.)"
)
_UNPUBLISHED = message(
    "Docker has not published port {port} of {address}: start the container again with -p {port}:{port} and ask the host, "
    "or let both containers be on one network."
)

_REWRITTEN = (
    ("Docker", r"docker0|br-[0-9a-f]{12}", r"DOCKER", "systemctl restart docker"),
    ("Podman", r"(cni-)?podman\d+", r"(NETAVARK|CNI)[-_].+", "podman network reload --all"),
)
"""Programs that write their rules when they start: the names of their bridges and of their chains, and the command."""


def advice(world: World, found: Prediction, trace: Trace, is_solved: bool) -> Iterator[Remedy]:
    """Advice for a packet for which a change of the firewall or the network would not be the right remedy.

    `is_solved` tells that there is a remedy already, so that nobody needs to be sent to the program that owns the rules.
    """
    last, probe = trace.hops[-1], found.probe
    frame, killer = last.host_trace.last, killer_of(last)
    port = str(frame.destination_port)
    if trace.arrived and killer is None and found.request is trace:
        addresses = [
            held.address
            for held in world.topology.servers
            if held.address and (held.namespace, str(held.port), held.protocol) == (last.namespace, port, probe.protocol)
        ]
        published = container_port(world, frame.destination_port, probe.protocol) if last.namespace == HOST else ""
        if addresses and world.dockerd is None and published:
            yield _said(_PUBLISHED_ON, {"port": port, "address": ", ".join(addresses), "container_port": published})
        elif addresses and world.dockerd is None:
            values = {"protocol": probe.protocol, "port": port, "namespace": last.namespace, "address": ", ".join(addresses)}
            yield _said(_ELSEWHERE, values)
    if killer is None:
        return
    if killer.hook == "FORWARD":
        yield from _restarted(world, trace, killer)
    address = killer.before.destination
    table = stopped_in(world, last, killer)
    if killer.line.is_native and world.dockerd is None:
        if table is not None and owner_of(table) and not is_solved:
            yield _said(_OWNED, {"table": killer.table, "owner": owner_of(table)})
    elif refuses_a_service(trace):
        yield _said(_NO_ENDPOINTS, {"address": address})
    elif trace is found.request and probe.protocol != "icmp" and world.dockerd is None and _is_dockers(world, trace):
        if host_ports(world, address, frame.destination_port, probe.protocol):
            return
        yield _said(_UNPUBLISHED, {"address": address, "port": port})


def _restarted(world: World, trace: Trace, killer: RuleVisit) -> Iterator[Remedy]:
    """The program to start again whose bridge it is, and whose rules are gone."""
    last = trace.hops[-1]
    frame = last.host_trace.last
    others = world.other_filters.get(last.namespace, NO_OTHER_FILTERS)
    if killer.line.is_native or manager_of(world.rulesets[last.namespace], killer.table, killer.chain):
        return
    if not world.is_foreign or last.namespace != HOST or any(owner_of(table) in ("Docker", "netavark") for table in others.native.tables):
        return
    chains = {chain.name for table in world.rulesets[HOST].tables for chain in table.chains}
    for program, bridges, made, command in _REWRITTEN:
        device = next((name for name in (frame.output, frame.input) if re.fullmatch(bridges, name)), "")
        if device and not any(re.fullmatch(made, chain) for chain in chains):
            yield Remedy((Fix("restart", _RESTART, {"program": program, "device": device}, (command,), (command,)),))


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
