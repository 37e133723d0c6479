"""Of the ways that the model leaves open to a probe, the one that the kernel reported."""

from collections.abc import Mapping

import msgspec

from netlab_magic.diagnosis.compare import crosscheck
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import Traced
from netlab_magic.model.probe import Verdict

__all__ = ["as_reported"]


def as_reported(prediction: Prediction, traced: Traced, rulesets: Mapping[str, Ruleset]) -> Prediction:
    """The prediction, or that of its `others` with which the kernel's report agrees.

    A rule that the model cannot judge has matched or not by then. Where no way agrees, the prediction stays what it was.
    """
    if not prediction.others or traced.outcome.verdict == Verdict.NOT_MEASURED:
        return prediction
    ways = prediction.others if prediction.unknown else (prediction, *prediction.others)
    found = next((way for way in ways if not crosscheck(way, traced, rulesets)), None)
    return prediction if found is None else msgspec.structs.replace(found, others=())
