"""A lab as the model sees it, now or in a snapshot, and what it says of many flows at once: `matrix --predict`."""

from collections.abc import Mapping, Sequence

import msgspec

from netlab_magic import savefile
from netlab_magic.account import account
from netlab_magic.addressing import matrix_probes
from netlab_magic.engine.wire import Observed
from netlab_magic.flows import predict_all
from netlab_magic.outcome import Outcome, Probe
from netlab_magic.prediction import Prediction
from netlab_magic.result import MatrixResult
from netlab_magic.ruleset import Ruleset
from netlab_magic.runner import Seen
from netlab_magic.topology import HOST, Topology

__all__ = ["Model", "model_of", "model_of_snapshot", "predicted_matrix", "unseen_in"]


class Model(msgspec.Struct, frozen=True):
    """What a prediction needs to know: topology, the rules of each namespace, and where others filter too, with the reason."""

    topology: Topology
    rulesets: Mapping[str, Ruleset]
    unseen: Mapping[str, str]

    def predict(self, probes: Sequence[Probe]) -> tuple[Prediction, ...]:
        """The prediction of each probe, in order."""
        return predict_all(self.topology, self.rulesets, probes, self.unseen)


def unseen_in(observed: Observed) -> dict[str, str]:
    """The namespaces in which others filter too, whose rules the model does not know."""
    foreign = {HOST: observed.foreign, **{name: held.foreign for name, held in observed.inside.items()}}
    return {name: _others(*(one.owner for one in found)) for name, found in foreign.items() if found}


def _others(*owners: str) -> str:
    return f"{' and '.join(owners)} filters there too, with rules that the model does not read"


def model_of(observed: Observed) -> Model:
    """The lab as it was observed with `foreign`."""
    dumps = {HOST: observed.rules, **{name: held.rules for name, held in observed.inside.items() if held.rules}}
    rulesets = {name: savefile.parse(dump, strict=False) for name, dump in dumps.items()}
    return Model(observed.topology, rulesets, unseen_in(observed))


def model_of_snapshot(seen: Seen, now: Model | None = None) -> Model:
    """The lab as it was; a snapshot holds the rules of the host alone, so those inside namespaces are taken as they are `now`."""
    inside = {name: rules for name, rules in now.rulesets.items() if name != HOST} if now else {}
    rulesets = {**inside, HOST: savefile.parse(seen.dump, strict=False)}
    beside = {HOST: _others("nftables")} if seen.dockerd is not None and seen.dockerd.backend == "nftables" else {}
    return Model(seen.topology, rulesets, beside)


def predicted_matrix(model: Model, names: Sequence[str], language: str = "en") -> MatrixResult:
    """What the model says of every pair, with reasons in `language` (a name of messages.LANGUAGES); no packet is sent."""
    predictions = model.predict(matrix_probes(model.topology, names))
    return MatrixResult([_outcome(found, model.rulesets, language) for found in predictions], predicted=True)


def _outcome(found: Prediction, rulesets: Mapping[str, Ruleset], language: str) -> Outcome:
    why = "" if found else found.unknown or account(found, rulesets, language_name=language).where
    return Outcome(found.probe, found.verdict, why=why)
