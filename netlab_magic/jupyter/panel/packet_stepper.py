"""Stepping through one packet: what happened to it, its path, and the current step."""

from collections.abc import Mapping

import msgspec

from netlab_magic.diagnosis.predicted_path import path_of_prediction
from netlab_magic.diagnosis.remedies import Remedy
from netlab_magic.draw import Explain, Picture, chains_picture
from netlab_magic.explain import sentences_of
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.i18n import Language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.jupyter.panel import page_state
from netlab_magic.jupyter.panel.chain_place import ChainPlace
from netlab_magic.model.packet_path import PacketPath, PathStep
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.lab_model import model_of
from netlab_magic.session.results.why import Why
from netlab_magic.session.state import Seen

__all__ = ["PacketStepper"]


class _Account(msgspec.Struct, frozen=True):
    """What is known of the packet, and the rules in each namespace that it is known from.

    Without an `outcome` the packet was sent in another state, and this is what the rules would do with it now. `measured` tells whether
    it was sent at all.
    """

    rulesets: Mapping[str, Ruleset]
    other_filters: Mapping[str, OtherFilters]
    packet_path: PacketPath
    answered: bool = False
    outcome: Outcome | None = None
    measured: bool = False
    sentences: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()


class PacketStepper:
    """Steps along the path of the packet that a `why` sent. It follows the lab: after a change it is the path the packet would take now.

    `number` is the step that is looked at, from 1. While it `is_followed`, the picture of chains is of the chain that the packet is in.
    """

    def __init__(self, why: Why, source: str, target: str) -> None:
        self.source, self.target = source, target
        self.number = 1
        self.is_followed = True
        self._probe: Probe = why.outcome.probe
        self._account = _account_of(why)

    @property
    def six(self) -> bool:
        """Whether it is a packet of IPv6."""
        return self._probe.six

    @property
    def so_far(self) -> PacketPath:
        """The path as far as the step."""
        return self._account.packet_path.upto(self.number)

    def meets(self, chain: ChainPlace) -> bool:
        """Whether packets like this one can be in a chain of the host: those of IPv6 meet no rule of iptables."""
        return not chain.family or chain.six == self.six

    @property
    def remedies(self) -> dict[str, Remedy]:
        """What would let the packet pass and can be done here, by its statements, a line each."""
        return {"\n".join(remedy.statements): remedy for remedy in self._account.remedies if remedy.statements}

    def follow(self, seen: Seen) -> None:
        """The lab is not what it was when the packet was sent: the path is what the rules say now, and nothing is measured about it."""
        model = model_of(seen)
        rulesets, others = model.rules_for(self._probe), model.other_filters
        if self._probe.source not in seen.topology.namespaces:
            self._account = _Account(rulesets, others, PacketPath((), str(self._probe)))
            return
        expected = predict(model.topology, rulesets, self._probe, others)
        sentences = (expected.unknown,) if expected.unknown else ()
        self._account = _Account(rulesets, others, path_of_prediction(expected), expected.answered, sentences=sentences)
        self.go(self.number)

    def go(self, number: int) -> None:
        """To a step, as far as there are any."""
        self.number = max(1, min(number, len(self._account.packet_path.steps)))

    def part(self, say: Language) -> dict[str, object]:
        """What the page shows of it."""
        account = self._account
        return {
            "question": str(self._probe),
            "measured": self._measured(say),
            "answered": account.answered,
            "note": " ".join(account.sentences),
            "remedies": [{"words": remedy.sentence(say.name), "lines": lines} for lines, remedy in self.remedies.items()],
            "steps": page_state.steps(account.packet_path, self._explained(say), say, six=self.six),
        }

    def _measured(self, say: Language) -> str:
        if self._account.outcome is None:
            return say("the lab has changed since it was sent; this is the path it would take now")
        told = page_state.told(self._account.outcome, say)
        return told if self._account.measured else say("expected from the rules: {}", told)

    def _explained(self, say: Language) -> Mapping[str, Explain]:
        """For each namespace that has rules, what a rule there does in a sentence."""
        names = {*self._account.rulesets, *self._account.other_filters}
        return {name: sentences_of(self._rules(name), self._native(name), say.name) for name in names}

    def _rules(self, namespace: str) -> Ruleset:
        return self._account.rulesets.get(namespace, Ruleset())

    def _native(self, namespace: str) -> NftRuleset:
        others = self._account.other_filters
        return others[namespace].native if namespace in others else NftRuleset()

    def chains(self, say: Language) -> Picture:
        """The chain that the step is in, or that the packet was in last, with the path as far as the step."""
        step = self._last_inside()
        namespace, table, hook = (step.namespace, step.table, step.hook) if step else (HOST, "filter", "FORWARD")
        path, explain = self.so_far.path(namespace), self._explained(say).get(namespace)
        if step and step.is_native:
            return chains_picture(self._native(namespace), table, step.chain, path=path, explain=explain)
        return chains_picture(self._rules(namespace), table, hook, path=path, explain=explain)

    def _last_inside(self) -> PathStep | None:
        return next((step for step in reversed(self._account.packet_path.steps[: self.number]) if step.inside), None)

    def summary(self, say: Language) -> str:
        """What became of it, for the status line."""
        outcome = self._account.outcome
        return "\n".join([say("{}: {}", str(self._probe), say(outcome.verdict) if outcome else ""), *self._account.sentences])


def _account_of(why: Why) -> _Account:
    return _Account(
        rulesets=why.case.rulesets,
        other_filters=why.case.other_filters,
        packet_path=why.packet_path,
        answered=bool(why),
        outcome=why.outcome,
        measured=why.measured,
        sentences=why.sentences,
        remedies=why.remedies,
    )
