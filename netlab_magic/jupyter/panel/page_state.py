"""What the page receives: the state of a lab as plain lists and dictionaries, in which everything has a key. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypedDict

from netlab_magic.diagnosis.predicted_path import said
from netlab_magic.draw import Explain
from netlab_magic.forwarding.endpoints import FAMILIES, members
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.jupyter.panel.chain_place import NFT
from netlab_magic.jupyter.panel.labels import outcome_words
from netlab_magic.jupyter.panel.rule_list import RuleList
from netlab_magic.model.packet_path import Event, PacketPath, PathStep
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import HOST, INTERNET, Topology

__all__ = ["endpoints", "marks", "pairs", "rules", "steps", "strips", "summary", "told", "versions"]

_MOST_CELLS = 1600
_MOST_CHAINS = 4

_PRINTED_IN_PART = message("nft prints this rule of iptables only in part, so it could not be put back.")


def marks() -> dict[str, dict[str, object]]:
    """The marks of the verdicts, each with how it looks in the matrix and in a strip; a strip is flat where all goes well."""
    good, bad = Verdict.ANSWERED, [verdict for verdict in Verdict if verdict != Verdict.ANSWERED]
    return {good.mark: {"class": "nl-ok", "strip": "▁"}, **{verdict.mark: {"class": "nl-bad", "strip": verdict.mark} for verdict in bad}}


def rules(listed: RuleList, locked: str, say: Language) -> list[dict[str, object]]:
    """The rules to list; `locked` says why none of them can be changed, "" where they can."""
    found: list[dict[str, object]] = []
    number = 0
    for key, entry in listed.listed.items():
        number += entry.present
        unreadable = say(_PRINTED_IN_PART) if entry.spec in listed.fixed else ""
        found.append({
            "key": key,
            "on": entry.present,
            "number": number if entry.present else 0,
            "spec": entry.spec,
            "said": listed.sentences.get(entry.spec, ""),
            "leads_to": listed.leads_to.get(entry.spec, ())[:_MOST_CHAINS] if entry.present else (),
            "locked": locked or unreadable,
        })
    return found


def pairs(outcomes: Sequence[Outcome], say: Language) -> dict[str, object]:
    """A matrix for each version of IP: who was asked for whom, and of each pair the mark and all in words.

    Of too many pairs, a line for each source.
    """
    tables = {version: _matrix(over, say) for version, over in _by_version(outcomes).items()}
    sizes = (len(table["sources"]) * len(table["targets"]) for table in tables.values())
    if sum(sizes) > _MOST_CELLS:
        return {"tables": [], "by_source": _by_source(outcomes, say)}
    return {"tables": [{"version": version, **table} for version, table in tables.items()], "by_source": []}


class _Matrix(TypedDict):
    sources: list[str]
    targets: list[str]
    cells: dict[str, dict[str, str]]


def _matrix(outcomes: Sequence[Outcome], say: Language) -> _Matrix:
    sources = list(dict.fromkeys(outcome.probe.source for outcome in outcomes))
    return {
        "sources": sources,
        "targets": list(dict.fromkeys([*sources, *(outcome.probe.name for outcome in outcomes)])),
        "cells": {
            f"{outcome.probe.source}>{outcome.probe.name}": {"mark": outcome.verdict.mark, "words": outcome_words(outcome, say)}
            for outcome in outcomes
        },
    }


def _by_version(outcomes: Iterable[Outcome]) -> dict[str, list[Outcome]]:
    """The outcomes of each version of IP that was measured."""
    found: dict[str, list[Outcome]] = {f"IPv{number}": [] for number in FAMILIES.values()}
    for outcome in outcomes:
        found["IPv6" if outcome.probe.six else "IPv4"].append(outcome)
    return {version: over for version, over in found.items() if over}


def _by_source(outcomes: Sequence[Outcome], say: Language) -> list[str]:
    by_version, told = _by_version(outcomes), []
    for version, over in by_version.items():
        count: dict[str, list[int]] = {}
        for outcome in over:
            good, asked = count.get(outcome.probe.source, (0, 0))
            count[outcome.probe.source] = [good + outcome.answered, asked + 1]
        known = f" ({version})" if len(by_version) > 1 else ""
        told += [say("{} reaches {} of {}", f"{name}{known}", good, asked) for name, (good, asked) in count.items() if good < asked]
    return told


def strips(held: Iterable[tuple[Probe, str]], say: Language) -> list[dict[str, str]]:
    """The recent past of pairs: a mark a measurement, and in words how often it was answered."""
    return [{"pair": str(probe), "past": past, "words": _often(probe, past, say)} for probe, past in held]


def _often(probe: Probe, past: str, say: Language) -> str:
    return say("{}: {} of the last {} answered", str(probe), past.count(Verdict.ANSWERED.mark), len(past.strip()))


def summary(chain: str, policy: str, outcomes: Sequence[Outcome], say: Language) -> str:
    """The state of the lab in a sentence that begins with a chain, and with its policy if it has one."""
    head = say("{} policy {}", chain, policy) if policy else chain
    counts = [(sum(outcome.answered for outcome in over), len(over)) for over in _by_version(outcomes).values()]
    if not counts:
        return say("{}: there are not two namespaces to measure between.", head)
    if len(counts) == 1:
        return say("{}: {} of {} flows are answered.", head, *counts[0])
    return say("{}: {} of {} flows are answered over IPv4, {} of {} over IPv6.", head, *counts[0], *counts[1])


def endpoints(topology: Topology) -> list[str]:
    """What can send and be sent to: namespaces, the host, the internet."""
    own = [name for name in topology.namespaces if name not in (HOST, INTERNET)]
    return [*own, *(name for name in (HOST, INTERNET) if name in topology.namespaces)]


def versions(topology: Topology) -> list[str]:
    """The versions of IP that the lab's namespaces have addresses of."""
    devices = [device for name in members(topology) for device in topology.namespaces[name].interfaces if device.kind != "loopback"]
    held = {address.version for device in devices for address in device.parsed()}
    return [f"IPv{number}" for number in FAMILIES.values() if number in held]


def steps(packet_path: PacketPath, explained: Mapping[str, Explain], say: Language, *, six: bool) -> list[dict[str, object]]:
    """The steps of a packet's path: number, place and words of each, and the chain of the host that it is in, if any.

    `explained` says by namespace what its rules do; `six` is for a packet of IPv6.
    """
    return [
        {
            "badge": packet_path.badge(number).text,
            "matched": step.event != Event.PASSED,
            "fatal": step.fatal,
            "site": step.site,
            "words": said(step, say, explained.get(step.namespace)),
            "at": _chain_of(step, six=six),
            "rules": [step.rule, step.last or step.rule] if step.rule else [],
        }
        for number, step in enumerate(packet_path.steps, 1)
    ]


def _chain_of(step: PathStep, *, six: bool) -> dict[str, str] | None:
    if not step.inside or step.namespace != HOST:
        return None
    program = NFT if step.is_native else PROGRAM_OF["ipv6" if six else "ipv4"]
    return {"program": program, "table": step.table, "chain": step.chain}


def told(outcome: Outcome, say: Language) -> str:
    """A single probe's outcome, with its time."""
    words = f"{outcome.verdict.mark} {say(outcome.verdict)}"
    return words if outcome.milliseconds is None else say("{} in {} ms", words, f"{outcome.milliseconds:.2f}")
