"""What the page is told: the state of a lab as plain lists and dictionaries. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence

from netlab_magic.diagnosis.predicted_path import said
from netlab_magic.draw import Explain
from netlab_magic.errors import NetlabError
from netlab_magic.explain import rule_sentence
from netlab_magic.i18n import Language
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.jupyter.panel.labels import outcome_words
from netlab_magic.jupyter.panel.rule_list import Entry
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.packet_path import Event, PacketPath
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, INTERNET, Topology

__all__ = ["MOST_RULES", "counters", "keys_of", "pairs", "places", "policies", "rules", "strips", "summary", "told", "verdicts", "way"]

MOST_RULES = 60
"""How many rules are listed; of more, the picture of the chain gives an account."""

_MOST_CELLS = 1600
_COUNTED = re.compile(r"^\[(\d+):\d+\] -A FORWARD(?: |$)", re.MULTILINE)
_POLICY = re.compile(r"^:(INPUT|FORWARD|OUTPUT) \w+ \[(\d+):\d+\]$", re.MULTILINE)


def policies(ruleset: Ruleset) -> dict[str, str]:
    """The policy of each chain that has a switch."""
    found = ((name, ruleset.chain(name)) for name in BUILT_IN["filter"])
    return {name: (chain.policy if chain and chain.policy else "ACCEPT") for name, chain in found}


def keys_of(entries: Sequence[Entry]) -> list[str]:
    """A name for each entry that stays while others come and go: its text, and which of the equal ones it is."""
    met: dict[str, int] = {}
    keys = []
    for entry in entries:
        met[entry.spec] = met.get(entry.spec, 0) + 1
        keys.append(f"{entry.spec}#{met[entry.spec]}")
    return keys


def rules(entries: Sequence[Entry], ruleset: Ruleset, say: Language, known: dict[str, str]) -> list[dict[str, object]]:
    """The rules to list; `known` remembers in words what each does, for when it is taken out."""
    listed: list[dict[str, object]] = []
    number = 0
    for key, entry in list(zip(keys_of(entries), entries, strict=True))[:MOST_RULES]:
        if entry.present:
            number += 1
            known[entry.spec] = _sentence(ruleset, number, say)
        listed.append({
            "key": key,
            "on": entry.present,
            "number": number if entry.present else 0,
            "spec": entry.spec,
            "said": known.get(entry.spec, ""),
        })
    return listed


def _sentence(ruleset: Ruleset, number: int, say: Language) -> str:
    try:
        return rule_sentence(ruleset, "filter", "FORWARD", number, say.name)
    except NetlabError:
        return ""  # the list is ahead of what was read: the next look brings it


def counters(dump: str) -> dict[str, list[int]]:
    """The packets that each rule of FORWARD, and the policies of INPUT, FORWARD and OUTPUT, have counted; read without reading all."""
    start = dump.find("*filter")
    table = dump[start : dump.find("COMMIT", start)] if start >= 0 else ""
    by_name = dict(_POLICY.findall(table))
    return {
        "rules": [int(count) for count in _COUNTED.findall(table)[:MOST_RULES]],
        "policies": [int(by_name.get(name, 0)) for name in BUILT_IN["filter"]],
    }


def pairs(outcomes: Sequence[Outcome], say: Language) -> dict[str, object]:
    """The matrix: who was asked for whom, and of each pair the mark, whether it is good, and all in words."""
    sources = list(dict.fromkeys(outcome.probe.source for outcome in outcomes))
    targets = list(dict.fromkeys([*sources, *(outcome.probe.name for outcome in outcomes)]))
    if len(sources) * len(targets) > _MOST_CELLS:
        return {"sources": [], "targets": [], "cells": {}, "much": _by_source(outcomes, sources, say)}
    cells = {
        f"{outcome.probe.source}>{outcome.probe.name}": [outcome.verdict.mark, outcome.answered, outcome_words(outcome, say)]
        for outcome in outcomes
    }
    return {"sources": sources, "targets": targets, "cells": cells, "much": []}


def _by_source(outcomes: Sequence[Outcome], sources: Sequence[str], say: Language) -> list[str]:
    count = {name: [0, 0] for name in sources}
    for outcome in outcomes:
        count[outcome.probe.source][0] += outcome.answered
        count[outcome.probe.source][1] += 1
    return [say("{} reaches {} of {}", name, good, asked) for name, (good, asked) in count.items() if good < asked]


def strips(held: Iterable[tuple[Probe, str]], say: Language) -> list[list[str]]:
    """The recent past of pairs: source, destination, a letter a measurement, and in words how often it was answered."""
    return [
        [probe.source, probe.name, past, say("{}: {} of the last {} answered", str(probe), past.count("a"), len(past.strip()))]
        for probe, past in held
    ]


def summary(policy: str, outcomes: Sequence[Outcome], say: Language) -> str:
    """The state of the lab in a sentence."""
    if not outcomes:
        return say("FORWARD policy {}: there are no two namespaces to measure between.", policy)
    return say("FORWARD policy {}: {} of {} flows are answered.", policy, sum(outcome.answered for outcome in outcomes), len(outcomes))


def places(topology: Topology) -> list[str]:
    """What can send and be sent to: namespaces, the host, the internet."""
    own = [name for name in topology.namespaces if name not in (HOST, INTERNET)]
    return [*own, *(name for name in (HOST, INTERNET) if name in topology.namespaces)]


def way(packet_path: PacketPath, explained: Mapping[str, Explain], say: Language) -> list[dict[str, object]]:
    """The steps of a packet's way: number, place and words of each; `explained` says by namespace what its rules do."""
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


def verdicts(outcomes: Iterable[Outcome]) -> Mapping[str, str]:
    """Each flow's verdict, without the times that differ at every measurement."""
    return {str(outcome.probe): outcome.verdict for outcome in outcomes}


def told(outcome: Outcome, say: Language) -> str:
    """A single probe's outcome, with its time."""
    words = f"{outcome.verdict.mark} {say(outcome.verdict)}"
    return words if outcome.milliseconds is None else say("{} in {} ms", words, f"{outcome.milliseconds:.2f}")
