"""The pictures of a `why`: topology and chains, with one packet's path over them."""

from collections.abc import Iterator

from netlab_magic.diagnosis.case import Case
from netlab_magic.draw import Picture, hooks_picture, topology_picture
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.explain import sentences_of
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import PacketPath
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["why_pictures"]


def why_pictures(case: Case, packet_path: PacketPath, language_name: str) -> Iterator[Picture]:
    """The topology, and the chains of each namespace in which the packet met rules; those of a simulated lab say so."""
    for picture in _pictures(case, packet_path, language_name):
        yield picture.marked(SIMULATED) if case.is_simulated else picture


def _pictures(case: Case, packet_path: PacketPath, language_name: str) -> Iterator[Picture]:
    yield topology_picture(case.topology, case.rulesets.get(HOST, Ruleset()), [case.outcome], packet_path=packet_path)
    family = "ipv6" if case.outcome.probe.six else "ipv4"
    for namespace in packet_path.namespaces:
        ruleset, path = case.rulesets.get(namespace, Ruleset(family=family)), packet_path.path(namespace)
        if path.steps:
            native = case.other_filters[namespace].native if namespace in case.other_filters else NftRuleset()
            explain = sentences_of(ruleset, native, language_name)
            yield hooks_picture(ruleset, _way(case.prediction, namespace), native=native, path=path, explain=explain)


def _way(prediction: Prediction, namespace: str) -> str:
    """Which path through a namespace its packets took: forward, in or out."""
    hooks = {hook for trace in prediction.traces for hop in trace.hops if hop.namespace == namespace for hook in hop.host_trace.hooks}
    if "FORWARD" not in hooks and "INPUT" in hooks:
        return "in"
    return "out" if "FORWARD" not in hooks and "OUTPUT" in hooks else "forward"
