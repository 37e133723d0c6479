"""What the page receives: the state of a lab as plain lists and dictionaries, in which everything has a key. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from netlab_magic.diagnosis.predicted_path import said
from netlab_magic.draw import Explain
from netlab_magic.draw.base.rule_label import verdict as end
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.ruleset import Counters, Ruleset
from netlab_magic.jupyter.panel.labels import outcome_words
from netlab_magic.jupyter.panel.rule_list import RuleList
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.packet_path import Event, PacketPath
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import HOST, INTERNET, Topology

__all__ = ["counters", "endpoints", "marks", "pairs", "policies", "rules", "steps", "strips", "summary", "switches", "told"]

_MOST_CELLS = 1600

_SWITCHED = ("FORWARD", "INPUT", "OUTPUT")
"""The chains whose policies have a switch, in this order."""

_POLICIES = {"ACCEPT": message("let through"), "DROP": message("thrown away")}


def marks() -> dict[str, dict[str, object]]:
    """The marks of the verdicts, each with how it looks in the matrix and in a strip; a strip is flat where all goes well."""
    good, bad = Verdict.ANSWERED, [verdict for verdict in Verdict if verdict != Verdict.ANSWERED]
    return {good.mark: {"class": "nl-ok", "strip": "▁"}, **{verdict.mark: {"class": "nl-bad", "strip": verdict.mark} for verdict in bad}}


def switches(say: Language) -> dict[str, object]:
    """The chains that have a switch for their policy, and what it can be set to."""
    choices = [{"policy": policy, "mark": end(policy).symbol, "words": say(words)} for policy, words in _POLICIES.items()]
    return {"chains": list(_SWITCHED), "choices": choices}


def policies(ruleset: Ruleset) -> dict[str, str]:
    """The policy of each chain that has a switch."""
    found = ((name, ruleset.chain(name)) for name in BUILT_IN["filter"])
    return {name: (chain.policy if chain and chain.policy else "ACCEPT") for name, chain in found}


def rules(listed: RuleList) -> list[dict[str, object]]:
    """The rules to list."""
    found: list[dict[str, object]] = []
    number = 0
    for key, entry in listed.listed.items():
        number += entry.present
        found.append({
            "key": key,
            "on": entry.present,
            "number": number if entry.present else 0,
            "spec": entry.spec,
            "said": listed.sentences.get(entry.spec, ""),
        })
    return found


def counters(ruleset: Ruleset, listed: RuleList) -> dict[str, dict[str, int]]:
    """The packets that each listed rule has counted, by its key, and the policies of the chains that have a switch."""
    chain = ruleset.chain(listed.chain)
    present = [key for key, entry in listed.listed.items() if entry.present]
    policies = ((name, ruleset.chain(name)) for name in _SWITCHED)
    return {
        "rules": {key: _packets(rule.counters) for key, rule in zip(present, chain.rules if chain else (), strict=False)},
        "policies": {name: _packets(chain.counters if chain else None) for name, chain in policies},
    }


def _packets(counted: Counters | None) -> int:
    return counted.packets if counted else 0


def pairs(outcomes: Sequence[Outcome], say: Language) -> dict[str, object]:
    """The matrix: who was asked for whom, and of each pair the mark and all in words; of too many pairs, a line for each source."""
    sources = list(dict.fromkeys(outcome.probe.source for outcome in outcomes))
    targets = list(dict.fromkeys([*sources, *(outcome.probe.name for outcome in outcomes)]))
    if len(sources) * len(targets) > _MOST_CELLS:
        return {"sources": [], "targets": [], "cells": {}, "by_source": _by_source(outcomes, sources, say)}
    cells = {
        f"{outcome.probe.source}>{outcome.probe.name}": {"mark": outcome.verdict.mark, "words": outcome_words(outcome, say)}
        for outcome in outcomes
    }
    return {"sources": sources, "targets": targets, "cells": cells, "by_source": []}


def _by_source(outcomes: Sequence[Outcome], sources: Sequence[str], say: Language) -> list[str]:
    count = {name: [0, 0] for name in sources}
    for outcome in outcomes:
        count[outcome.probe.source][0] += outcome.answered
        count[outcome.probe.source][1] += 1
    return [say("{} reaches {} of {}", name, good, asked) for name, (good, asked) in count.items() if good < asked]


def strips(held: Iterable[tuple[Probe, str]], say: Language) -> list[dict[str, str]]:
    """The recent past of pairs: a mark a measurement, and in words how often it was answered."""
    return [{"pair": f"{probe.source} → {probe.name}", "past": past, "words": _often(probe, past, say)} for probe, past in held]


def _often(probe: Probe, past: str, say: Language) -> str:
    return say("{}: {} of the last {} answered", str(probe), past.count(Verdict.ANSWERED.mark), len(past.strip()))


def summary(policy: str, outcomes: Sequence[Outcome], say: Language) -> str:
    """The state of the lab in a sentence."""
    if not outcomes:
        return say("FORWARD policy {}: there are not two namespaces to measure between.", policy)
    return say("FORWARD policy {}: {} of {} flows are answered.", policy, sum(outcome.answered for outcome in outcomes), len(outcomes))


def endpoints(topology: Topology) -> list[str]:
    """What can send and be sent to: namespaces, the host, the internet."""
    own = [name for name in topology.namespaces if name not in (HOST, INTERNET)]
    return [*own, *(name for name in (HOST, INTERNET) if name in topology.namespaces)]


def steps(packet_path: PacketPath, explained: Mapping[str, Explain], say: Language) -> list[dict[str, object]]:
    """The steps of a packet's path: number, place and words of each; `explained` says by namespace what its rules do."""
    return [
        {
            "badge": packet_path.badge(number).text,
            "matched": step.event != Event.PASSED,
            "fatal": step.fatal,
            "site": step.site,
            "words": said(step, say, explained.get(step.namespace)),
        }
        for number, step in enumerate(packet_path.steps, 1)
    ]


def told(outcome: Outcome, say: Language) -> str:
    """A single probe's outcome, with its time."""
    words = f"{outcome.verdict.mark} {say(outcome.verdict)}"
    return words if outcome.milliseconds is None else say("{} in {} ms", words, f"{outcome.milliseconds:.2f}")
