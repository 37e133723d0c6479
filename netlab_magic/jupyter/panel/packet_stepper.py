"""One packet being stepped through: what became of it, its way, and the step that is looked at."""

from collections.abc import Mapping

from netlab_magic.diagnosis.predicted_path import path_of_prediction
from netlab_magic.diagnosis.remedies import Remedy
from netlab_magic.draw import Explain, Picture, chains_picture, topology_picture
from netlab_magic.engines.protocol import Observed
from netlab_magic.explain import rule_sentence
from netlab_magic.forwarding import predict
from netlab_magic.i18n import Language
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.jupyter.panel import page_state
from netlab_magic.model.packet_path import PacketPath, PathStep
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.session.results.why import Why

__all__ = ["Stepping"]


class Stepping:
    """The way of the packet that `why` sent. It follows the lab: after a change it is the way that the packet would take now."""

    def __init__(self, why: Why, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.probe: Probe = why.outcome.probe
        self.outcome: Outcome | None = why.outcome
        self.sentences = list(why.sentences)
        self.topology_then: Topology = why.case.topology
        self.rulesets: Mapping[str, Ruleset] = why.case.rulesets
        self.packet_path: PacketPath = why.packet_path
        self.unseen = why.case.unseen
        self.remedies: tuple[Remedy, ...] = why.remedies
        self.measured = why.case.traced is not None
        self.good = bool(why)
        self.number = 1

    def changed(self, observed: Observed) -> None:
        """The lab is not what it was when the packet was sent: the way is what the rules say now, and nothing is measured about it."""
        self.topology_then, self.remedies = observed.topology, ()
        if not self.probe.six:
            self.rulesets = {**self.rulesets, HOST: save_format.parse(observed.rules, strict=False)}
        if self.probe.source not in observed.topology.namespaces:
            self.packet_path, self.good, self.outcome, self.sentences = PacketPath((), str(self.probe)), False, None, []
            return
        expected = predict(observed.topology, self.rulesets, self.probe, self.unseen)
        self.packet_path, self.good, self.outcome = path_of_prediction(expected), expected.answered, None
        self.sentences = [expected.unknown] if expected.unknown else []
        self.go(self.number)

    def go(self, number: int) -> None:
        """To a step, as far as there are any."""
        self.number = max(1, min(number, len(self.packet_path.steps)))

    def part(self, say: Language) -> dict[str, object]:
        """What the page shows of it."""
        measured = say("the lab has changed since it was sent; its way would now be this one")
        if self.outcome is not None:
            told = page_state.told(self.outcome, say)
            measured = told if self.measured else say("expected from the rules: {}", told)
        return {
            "question": str(self.probe),
            "measured": measured,
            "good": self.good,
            "note": " ".join(self.sentences),
            "remedies": [
                {"words": remedy.sentence(say.name), "lines": list(remedy.statements)} for remedy in self.remedies if remedy.statements
            ],
            "steps": page_state.way(self.packet_path, self._explained(say), say),
        }

    def _explained(self, say: Language) -> Mapping[str, Explain]:
        """For each namespace that has rules, what a rule there does in a sentence."""

        def explain(ruleset: Ruleset) -> Explain:
            return lambda table, chain, number: rule_sentence(ruleset, table, chain, number, say.name)

        return {name: explain(ruleset) for name, ruleset in self.rulesets.items()}

    def topology(self) -> Picture:
        """The topology with the way as far as the step."""
        return topology_picture(self.topology_then, self.rulesets.get(HOST, Ruleset()), packet_path=self.packet_path.upto(self.number))

    def chains(self, say: Language) -> Picture:
        """The chain that the step is in, or that the way was in last, with the way as far as the step."""
        step = self._last_inside()
        namespace, table, hook = (step.namespace, step.table, step.hook) if step else (HOST, "filter", "FORWARD")
        ruleset = self.rulesets.get(namespace, Ruleset())
        path = self.packet_path.upto(self.number).path(namespace)
        return chains_picture(ruleset, table, hook, path=path, explain=self._explained(say).get(namespace))

    def _last_inside(self) -> PathStep | None:
        return next((step for step in reversed(self.packet_path.steps[: self.number]) if step.inside), None)

    def summary(self, say: Language) -> str:
        """What became of it, for the status line."""
        words = say(self.outcome.verdict) if self.outcome is not None else ""
        return "\n".join([say("{}: {}", str(self.probe), words), *self.sentences])
