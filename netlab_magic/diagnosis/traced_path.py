"""The kernel's report of a packet, joined with the rules that its numbers refer to: as rows of text, and as the steps of a path."""

from collections.abc import Iterator
from enum import StrEnum
from itertools import groupby

import msgspec

from netlab_magic.diagnosis.kernel_causes import FACTS, fact_values
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Rule, Ruleset
from netlab_magic.model.kernel_trace import Direction, DropKind, HookReport, KernelTrace, ReportEvent, TracedHop
from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import FATAL, Event, PacketPath, PathStep

__all__ = ["Row", "RowKind", "followed", "path_of_trace", "rows_of", "rulesets_of", "source_port_of"]


class RowKind(StrEnum):
    """What a row says; for a rule or the end of a chain as in ReportEvent.

    QUIET: hooks in which no rule matched. SOURCE, DESTINATION: a hook changed it. LOST: the packet entered a hook and was not seen to
    leave it.
    """

    RULE = "rule"
    RETURN = "return"
    POLICY = "policy"
    QUIET = "quiet"
    SOURCE = "source"
    DESTINATION = "destination"
    LOST = "lost"


class Row(msgspec.Struct, frozen=True):
    """What happened at one point of a packet's path through a namespace; `text` is the rule, or the address before and after a change."""

    kind: RowKind
    hook: str
    table: str = ""
    chain: str = ""
    rule: int | None = None
    text: str = ""
    followed: str = ""

    @property
    def fatal(self) -> bool:
        """Whether the packet was stopped here."""
        return self.followed in FATAL


def source_port_of(traced: KernelTrace) -> int | None:
    """The source port of the probe; None if it has none, or was not seen."""
    seen = next((one.packet for traced_hop in traced.hops if traced_hop.direction == Direction.REQUEST for one in traced_hop.reports), None)
    return (seen.source_port or None) if seen else None


def rulesets_of(traced: KernelTrace) -> dict[str, Ruleset]:
    """The parsed rules of each namespace that has any."""
    return {name: save_format.parse(text, strict=False) for name, text in traced.rules.items()}


def _rule_of(report: HookReport, ruleset: Ruleset) -> Rule | None:
    """The rule that a report is about; None for the end of a chain, and for a table of another program."""
    chain = ruleset.table(report.table).chain(report.chain)
    return chain.rules[report.rule - 1] if chain and report.rule and report.rule <= len(chain.rules) else None


def followed(report: HookReport, ruleset: Ruleset) -> str:
    """What followed in iptables' words: the rule's target, the policy, RETURN; "" when the packet went on to the next rule."""
    rule = _rule_of(report, ruleset)
    if rule is not None:
        return rule.jump
    if report.event == ReportEvent.RETURN:
        return "RETURN"
    chain = ruleset.table(report.table).chain(report.chain)
    policy = chain.policy if report.event == ReportEvent.POLICY and chain else None
    return policy or report.verdict.replace("CONTINUE", "")


def rows_of(traced_hop: TracedHop, ruleset: Ruleset) -> list[Row]:
    """The rows of a traced hop, from its first hook to its last; hooks in which nothing happened share one row."""
    rows: list[Row] = []
    for hook, group in groupby(traced_hop.reports, key=lambda seen: seen.hook):
        found = list(_in_hook(hook, list(group), ruleset))
        if rows and rows[-1].kind == RowKind.QUIET and [row.kind for row in found] == [RowKind.QUIET]:
            rows[-1] = Row(RowKind.QUIET, f"{rows[-1].hook}, {hook}")
        else:
            rows += found
    return rows


def _in_hook(hook: str, seen: list[HookReport], ruleset: Ruleset) -> Iterator[Row]:
    told = [one for one in seen if one.event not in (ReportEvent.ENTERS, ReportEvent.LEAVES)]
    for one in told:
        rule = _rule_of(one, ruleset)
        yield Row(RowKind(one.event), hook, one.table, one.chain, one.rule, rule.spec if rule else "", followed(one, ruleset))
    left = seen[-1].event == ReportEvent.LEAVES
    changes = _changes(seen[0].packet, seen[-1].packet)
    for end, change in changes.items():
        yield Row(end, hook, text=change)
    if not told and not changes and left:
        yield Row(RowKind.QUIET, hook)
    if not left and not (told and followed(told[-1], ruleset) in FATAL):
        yield Row(RowKind.LOST, hook)


def _changes(before: Packet, after: Packet) -> dict[RowKind, str]:
    """What is different: `172.18.0.3 → 203.0.113.2` for the source, the destination, or both."""
    ends = {
        RowKind.SOURCE: (_end(before.source, before.source_port), _end(after.source, after.source_port)),
        RowKind.DESTINATION: (_end(before.destination, before.destination_port), _end(after.destination, after.destination_port)),
    }
    return {name: f"{old} → {new}" for name, (old, new) in ends.items() if old != new}


def _end(address: str, port: int) -> str:
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def path_of_trace(traced: KernelTrace) -> PacketPath:
    """The path of a traced packet and its answer: only what was seen (compare `predicted_path`)."""
    rulesets = rulesets_of(traced)
    steps: list[PathStep] = []
    for traced_hop in traced.hops:
        steps += _steps(traced_hop, rulesets.get(traced_hop.namespace, Ruleset()))
    for cause in traced.causes:
        if cause.kind != DropKind.REPORTS_LOST:
            steps.append(PathStep(Event.LOST, cause.namespace, lost=FACTS[cause.kind], values=fact_values(cause), fatal=True))
    return PacketPath(tuple(steps), str(traced.outcome.probe))


def _steps(traced_hop: TracedHop, ruleset: Ruleset) -> Iterator[PathStep]:
    first, last = traced_hop.reports[0], traced_hop.reports[-1]
    namespace, back = traced_hop.namespace, traced_hop.direction not in (Direction.REQUEST, Direction.ACK)
    if first.hook == "PREROUTING":
        came = first.packet.port_in or first.packet.input
        yield PathStep(Event.ENTERS, namespace, came, packet=str(first.packet), back=back)
    for one, following in zip(traced_hop.reports, (*traced_hop.reports[1:], last), strict=True):
        if one.event not in (ReportEvent.ENTERS, ReportEvent.LEAVES) and not _says_nothing(one, ruleset):
            outcome = followed(one, ruleset)
            after = str(following.packet) if following.event == ReportEvent.LEAVES and _changes(one.packet, following.packet) else ""
            event = Event.RULE if one.event == ReportEvent.RULE else Event.END
            yield PathStep(
                event, namespace, hook=one.hook, table=one.table, chain=one.chain, rule=one.rule,
                outcome=outcome, packet=str(one.packet), after=after, fatal=outcome in FATAL, back=back,
            )  # fmt: skip
    if (last.event, last.hook) == (ReportEvent.LEAVES, "POSTROUTING"):
        yield PathStep(Event.LEAVES, namespace, last.packet.port_out or last.packet.output, packet=str(last.packet), back=back)
    if (last.event, last.hook) == (ReportEvent.LEAVES, "INPUT"):
        yield PathStep(Event.ARRIVES, namespace, packet=str(last.packet), back=back)


def _says_nothing(report: HookReport, ruleset: Ruleset) -> bool:
    """Whether it is the accepting policy of a chain without rules."""
    chain = ruleset.table(report.table).chain(report.chain)
    return report.event == ReportEvent.POLICY and chain is not None and not chain.rules and followed(report, ruleset) not in FATAL


