"""What `--json` prints: fields with stable names, which docs/cli.md describes. New ones may come; none changes its meaning."""

from collections.abc import Mapping
from typing import Any

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import PathStep
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.session.expectations import Judged
from netlab_magic.session.results.diff import BlockDiff, ChainDiff, Compared
from netlab_magic.session.results.probe import MatrixResult
from netlab_magic.session.results.why import Why
from netlab_magic.session.state import Seen

__all__ = ["of_diff", "of_host", "of_judged", "of_matrix", "of_why"]

Fields = dict[str, Any]


def of_why(found: Why) -> Fields:
    """Of `why`."""
    return {
        **_of_outcome(found.outcome),
        "sentences": list(found.sentences),
        "ends": list(found.ends),
        "settled_by": list(found.settled_by),
        "stopped_by": of_step(found.packet_path.fatal, found.case.rulesets),
        "path": [_of_stop(step, told) for step, told in zip(found.packet_path.steps, found.steps, strict=True)],
        "assumptions": list(found.assumptions),
        "remedies": [{"sentence": one.sentence(found.language), "commands": list(one.commands)} for one in found.remedies],
    }


def _of_outcome(outcome: Outcome) -> Fields:
    """A flow and its verdict; a verdict that is not known is `unknown`, and `answered` is then null."""
    known = outcome.verdict != Verdict.NOT_MEASURED
    return {
        **_of_probe(outcome.probe),
        "verdict": str(outcome.verdict) if known else "unknown",
        "answered": outcome.answered if known else None,
        "why": outcome.why,
    }


def _of_probe(probe: Probe) -> Fields:
    return {
        "source": probe.source,
        "destination": probe.name,
        "address": probe.address,
        "protocol": probe.protocol,
        "port": probe.port or None,
        "family": "ipv6" if probe.six else "ipv4",
    }


def of_step(step: PathStep | None, rulesets: Mapping[str, Ruleset]) -> Fields | None:
    """A step that decided about a packet, and its rule; None if there is none."""
    if step is None:
        return None
    return {
        "namespace": step.namespace,
        "table": step.table or None,
        "chain": step.chain or None,
        "rule": step.rule,
        "policy": step.inside and step.rule is None,
        "text": rule_text(step, rulesets) or None,
        "packet": step.packet or None,
    }


def rule_text(step: PathStep, rulesets: Mapping[str, Ruleset]) -> str:
    """The rule at a step, as iptables-save or nft writes it; "" at a policy, and where there is no rule."""
    held = rulesets.get(step.namespace, Ruleset()).table(step.table).chain(step.chain) if step.rule and not step.text else None
    return step.text or (f"-A {step.chain} {held.rules[step.rule - 1].spec}" if held and step.rule else "")


def _of_stop(step: PathStep, told: str) -> Fields:
    return {
        "event": str(step.event),
        "namespace": step.namespace,
        "interface": step.interface or None,
        "table": step.table or None,
        "chain": step.chain or None,
        "rule": step.rule,
        "outcome": step.outcome or None,
        "reply": step.back,
        "sentence": told,
    }


def of_matrix(found: MatrixResult) -> Fields:
    """Of `matrix`."""
    return {"sources": list(found.sources), "destinations": list(found.targets), "flows": [_of_outcome(one) for one in found.outcomes]}


def of_diff(found: Compared) -> Fields:
    """Of `diff`."""
    return {
        "before": found.before,
        "after": found.after,
        "changed": found.changed,
        "network": list(found.network),
        "chains": [_of_chain(one) for one in found.chains],
        "blocks": [_of_block(one) for one in found.blocks],
    }


def _of_chain(chain: ChainDiff) -> Fields:
    changed = [row for row in chain.rows if not row.stayed]
    return {
        "table": chain.table,
        "chain": chain.name,
        "heading": chain.heading,
        "removed": [{"rule": row.before, "text": row.text} for row in changed if row.before],
        "added": [{"rule": row.after, "text": row.text, "sentence": row.words} for row in changed if row.after],
    }


def _of_block(block: BlockDiff) -> Fields:
    return {"table": block.table, "kind": block.kind, "name": block.name, "removed": list(block.removed), "added": list(block.added)}


def of_host(seen: Seen) -> Fields:
    """Of `show topology` and `show routes`: each namespace with its interfaces and routes."""
    return {
        "namespaces": [
            {
                "name": name,
                "interfaces": [
                    {
                        "name": one.name,
                        "kind": one.kind,
                        "addresses": list(one.addresses),
                        "up": one.up,
                        "bridge": one.master,
                        "peer": str(one.peer) if one.peer else None,
                    }
                    for one in held.interfaces
                ],
                "routes": [str(route) for route in held.routes],
            }
            for name, held in seen.topology.namespaces.items()
        ]
    }


def of_judged(one: Judged) -> Fields:
    """Of one line of `test`."""
    return {
        "file": one.expectation.file,
        "line": one.expectation.place.line,
        "expected": "ok" if one.expectation.reachable else "blocked",
        "result": str(one.result),
        **_of_outcome(one.outcome),
        "sentences": list(one.sentences),
        "decided_by": of_step(one.decided_by, one.rulesets),
        "assumptions": list(one.assumptions),
    }
