"""A lab as the model sees it, now or in a snapshot, and what it says of many flows at once: `matrix --predict`."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from netlab_magic.diagnosis.summary import account
from netlab_magic.engines.protocol import ForeignRules, Observed
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import matrix_probes
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS, OtherFilters
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.iptables.ipset.listing import read_sets
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.model.unread import Unread
from netlab_magic.netfilter import IpSets
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.results.probe import MatrixResult
from netlab_magic.session.state import Seen, parsed

__all__ = ["Model", "full_topology", "model_of", "other_filters_in", "outcome_of", "predicted_matrix", "predicted_outcomes"]


class Model(msgspec.Struct, frozen=True):
    """The input of a prediction: the topology, the rules of each namespace, and what else filters there.

    `rulesets` are iptables' rules, `rulesets6` those of ip6tables.
    """

    topology: Topology
    rulesets: Mapping[str, Ruleset]
    other_filters: Mapping[str, OtherFilters]
    rulesets6: Mapping[str, Ruleset] = {}

    def rules_for(self, probe: Probe) -> Mapping[str, Ruleset]:
        """The rules of each namespace in the family of a probe."""
        return self.rulesets6 if probe.six else self.rulesets

    def predict(self, probes: Sequence[Probe]) -> tuple[Prediction, ...]:
        """The prediction of each probe, in order."""
        return tuple(predict(self.topology, self.rules_for(probe), probe, self.other_filters) for probe in probes)


_SAVING = {"legacy": Unread.LEGACY_BACKEND, "nft": Unread.NFT_BACKEND, "nftables": Unread.NFT}
"""The command that prints the rules of each owner."""


def other_filters_in(observed: Observed) -> dict[str, OtherFilters]:
    """What filters in each namespace besides the rules of this lab's iptables."""
    foreign = {**{name: held.foreign for name, held in observed.inside.items()}, HOST: observed.foreign}
    sets = {name: ip_sets(held.sets) for name, held in observed.inside.items() if held.sets}
    found = {name: _other_filters(rules) for name, rules in foreign.items() if rules}
    return found | {name: msgspec.structs.replace(found.get(name, NO_OTHER_FILTERS), sets=held) for name, held in sets.items()}


@lru_cache(maxsize=32)
def ip_sets(text: str) -> IpSets:
    """The sets of a text that ipset printed, indexed."""
    return IpSets(read_sets(text))


def _other_filters(foreign: Sequence[ForeignRules]) -> OtherFilters:
    native = next((one for one in foreign if one.owner == "nftables"), None)
    others = _others(*(one.owner for one in foreign if one is not native)) if len(foreign) > (native is not None) else ""
    missing = next((_SAVING[one.owner] for one in foreign if one is not native), "")
    if native is None:
        return OtherFilters(unread=others, settled_by=missing)
    ruleset = parsed(native.text)
    if len(ruleset.tables) < len(native.tables):  # nft is missing, or a table was deleted meanwhile
        return OtherFilters(unread=others or _others("nftables"), settled_by=missing)
    return OtherFilters(ruleset, others or _not_understood(ruleset), missing)


def _others(*owners: str) -> str:
    named = [owner if owner == "nftables" else f"iptables-{owner}" for owner in owners]
    return f"{' and '.join(named)} filters there too, with rules that the model does not read"


def _not_understood(ruleset: NftRuleset) -> str:
    """Why a listing of nft is not fully understood; single rules that are not are reported only where a packet meets them."""
    blocks = [f"{table.title}: {block.lines[0].strip()}" for table in ruleset.tables for block in table.verbatim]
    wrong = next(iter((*ruleset.problems, *blocks)), "")
    return f"not everything that nft lists there is understood ({wrong})" if wrong else ""


def model_of(seen: Seen) -> Model:
    """The model of the lab as it was read back, with everything in its namespaces."""
    return Model(full_topology(seen.observed), seen.rulesets, other_filters_in(seen.observed), seen.rulesets6)


def full_topology(observed: Observed) -> Topology:
    """The topology with all sysctls and listening sockets that matter to packets, whoever set or opened them.

    What the topology itself says takes precedence.
    """
    topology = observed.topology
    there = {name: held for name, held in observed.inside.items() if name in topology.namespaces}
    for name, held in there.items():
        namespace = topology.namespaces[name]
        topology = topology.with_namespace(msgspec.structs.replace(namespace, sysctls={**held.sysctls, **namespace.sysctls}))
    known = {(server.namespace, server.port, server.protocol) for server in observed.topology.servers}
    sockets = [socket for held in there.values() for socket in held.listening]
    others = [one for one in sockets if (one.namespace, one.port, one.protocol) not in known]
    return msgspec.structs.replace(topology, servers=(*topology.servers, *others))


def predicted_matrix(model: Model, names: Sequence[str], language: str = "en", family: str = "") -> MatrixResult:
    """What the model says of every pair, with reasons in `language` (a name of messages.LANGUAGES); no packet is sent."""
    return MatrixResult(predicted_outcomes(model, names, language, family), predicted=True)


def predicted_outcomes(model: Model, names: Sequence[str], language: str, family: str = "") -> list[Outcome]:
    """What the model says of every pair, one by one."""
    predictions = model.predict(matrix_probes(model.topology, names, family))
    return [outcome_of(found, model.rules_for(found.probe), language) for found in predictions]


def outcome_of(found: Prediction, rulesets: Mapping[str, Ruleset], language: str) -> Outcome:
    """A prediction as the outcome of its probe, with the reason in `language`."""
    why = "" if found.answered else found.unknown or account(found, rulesets, language_name=language).where
    return Outcome(found.probe, found.verdict, why=why)
