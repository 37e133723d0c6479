"""Compares the model's prediction of a probe with the kernel's report, namespace by namespace."""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netlab_magic.forwarding.prediction import Hop, Prediction
from netlab_magic.iptables.ruleset import RulePosition, Ruleset
from netlab_magic.model.kernel_trace import Direction, HookReport, KernelTrace, ReportEvent, TracedHop
from netlab_magic.model.probe import Verdict

__all__ = ["Difference", "as_reported", "crosscheck"]

_REQUEST, _ACK, _BACK = (Direction.REQUEST,), (Direction.ACK,), (Direction.REPLY, Direction.ERROR)


class Difference(msgspec.Struct, frozen=True):
    """A packet about which model and kernel disagree: the rules it matched, and the policy that dropped it.

    `direction` is "request", "reply" or "acknowledgement", `predicted` what the model expected, `seen` what the kernel reported.
    `namespace` and `direction` are "" if even the verdicts differ; `predicted` and `seen` then hold the verdicts.
    """

    namespace: str
    direction: str
    predicted: tuple[RulePosition, ...] | Verdict
    seen: tuple[RulePosition, ...] | Verdict


def crosscheck(prediction: Prediction, traced: KernelTrace, rulesets: Mapping[str, Ruleset]) -> tuple[Difference, ...]:
    """Where prediction and report of one probe differ; empty if they agree, or if one of them says nothing.

    Accepting policies and the ends of user chains are not compared: the kernel reports them only for tables that exist. Nor are chains that
    see frames: some of them come before the hook at which the report begins.
    """
    if prediction.unknown or traced.outcome.verdict == Verdict.NOT_MEASURED:
        return ()
    found = []
    if prediction.verdict != traced.outcome.verdict:
        found.append(Difference("", "", prediction.verdict, traced.outcome.verdict))
    seen = {which: [traced_hop for traced_hop in traced.hops if traced_hop.direction in which] for which in (_REQUEST, _ACK, _BACK)}
    found += _compared(Direction.REQUEST, prediction.request.hops, seen[_REQUEST], rulesets)
    if prediction.back is not None:
        found += _compared(Direction.REPLY, prediction.back.hops, seen[_BACK], rulesets)
    if prediction.later and seen[_ACK]:
        found += _compared(Direction.ACK, prediction.later[0].hops, seen[_ACK], rulesets)
    return tuple(found)


def _compared(
    direction: Direction, hops: Sequence[Hop], waiting: list[TracedHop], rulesets: Mapping[str, Ruleset]
) -> Iterator[Difference]:
    for hop in hops:
        predicted = _predicted(hop)
        seen = tuple(spot for traced_hop in _taken(waiting, hop) for spot in _seen(traced_hop, rulesets.get(hop.namespace)))
        if predicted != seen and not (hop.host_trace.meets_native and _by_table(predicted) == _by_table(seen)):
            yield Difference(hop.namespace, direction, predicted, seen)


def _by_table(met: tuple[RulePosition, ...]) -> list[RulePosition]:
    """The rules of each table in order; the order of tables with the same priority is not known (see `walk`)."""
    return sorted(met, key=lambda one: one.table)


def _taken(waiting: list[TracedHop], hop: Hop) -> list[TracedHop]:
    """Takes the traced hops of one predicted hop from `waiting`: two if the packet left through lo and came in again."""
    first = next((at for at, held in enumerate(waiting) if held.namespace == hop.namespace), None)
    if first is None:
        return []
    loops = {"OUTPUT", "PREROUTING"} <= set(hop.host_trace.hooks)
    again = loops and len(waiting) > first + 1 and waiting[first + 1].namespace == hop.namespace
    end = first + (2 if again else 1)
    taken = waiting[first:end]
    del waiting[:end]
    return taken


def _predicted(hop: Hop) -> tuple[RulePosition, ...]:
    met = (step for step in hop.host_trace.matched if (step.rule or step.outcome == "DROP") and not _sees_frames(step.table, step.hook))
    return tuple(RulePosition(step.table, step.chain, step.rule or 0) for step in met)


def _seen(traced_hop: TracedHop, ruleset: Ruleset | None) -> Iterator[RulePosition]:
    for report in traced_hop.reports:
        if _sees_frames(report.table, report.hook):
            continue
        if report.event == ReportEvent.RULE and report.rule:
            yield RulePosition(report.table, report.chain, report.rule)
        elif report.event == ReportEvent.POLICY and _drops(report, ruleset):
            yield RulePosition(report.table, report.chain, 0)


def _sees_frames(table: str, hook: str) -> bool:
    return table.startswith(("bridge ", "netdev ")) or hook in ("INGRESS", "EGRESS")


def _drops(report: HookReport, ruleset: Ruleset | None) -> bool:
    """Whether a policy drops, according to the kernel or, if it does not say, to the ruleset."""
    chain = ruleset.table(report.table).chain(report.chain) if ruleset else None
    return (report.verdict or (chain.policy if chain else "")) == "DROP"


def as_reported(prediction: Prediction, traced: KernelTrace, rulesets: Mapping[str, Ruleset]) -> Prediction:
    """The prediction, or the one of its `others` that the kernel's report agrees with.

    Rules that the model could not evaluate have matched or not by then. If no alternative agrees, the prediction is returned as it is.
    """
    if not prediction.others or traced.outcome.verdict == Verdict.NOT_MEASURED:
        return prediction
    branches = prediction.others if prediction.unknown else (prediction, *prediction.others)
    found = next((branch for branch in branches if not crosscheck(branch, traced, rulesets)), None)
    return prediction if found is None else msgspec.structs.replace(found, others=())
