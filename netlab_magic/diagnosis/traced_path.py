"""The kernel's account of a packet, joined to the rules that its numbers refer to: as rows to read, and as the stops of a voyage."""

from collections.abc import Iterator
from itertools import groupby

import msgspec

from netlab_magic.diagnosis.kernel_causes import FACTS, fact_values
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Rule, Ruleset
from netlab_magic.model.kernel_trace import Passage, Sighting, Traced
from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import FATAL, Event, Stop, Voyage

__all__ = ["Row", "followed", "rows_of", "rule_of", "rulesets_of", "source_port_of", "voyage_of_trace"]


class Row(msgspec.Struct, frozen=True):
    """What happened at one place of a passage.

    `kind` is "rule", "return" or "policy"; "quiet" for hooks in which no rule was met; "source" or "destination" where a hook gave the
    packet another one (`text` tells from what to what); "lost" for a hook that the packet entered and, for all we saw, never left.
    """

    kind: str
    hook: str
    table: str = ""
    chain: str = ""
    rule: int | None = None
    text: str = ""
    followed: str = ""

    @property
    def fatal(self) -> bool:
        """Whether the packet's way ended here."""
        return self.followed in FATAL


def source_port_of(traced: Traced) -> int | None:
    """The port that the probe was sent from; None where it has none, or was not seen."""
    seen = next((one.packet for passage in traced.passages if passage.direction == "request" for one in passage.sightings), None)
    return (seen.source_port or None) if seen else None


def rulesets_of(traced: Traced) -> dict[str, Ruleset]:
    """The rules of each namespace that has some, as values."""
    return {name: save_format.parse(text, strict=False) for name, text in traced.rules.items()}


def rule_of(sighting: Sighting, ruleset: Ruleset) -> Rule | None:
    """The rule that a sighting tells of; None for a chain's end, and for a table of somebody else."""
    chain = ruleset.table(sighting.table).chain(sighting.chain)
    return chain.rules[sighting.rule - 1] if chain and sighting.rule and sighting.rule <= len(chain.rules) else None


def followed(sighting: Sighting, ruleset: Ruleset) -> str:
    """What followed in iptables' words: the rule's target, the policy, RETURN; "" when the packet went on to the next rule."""
    rule = rule_of(sighting, ruleset)
    if rule is not None:
        return rule.jump
    if sighting.event == "return":
        return "RETURN"
    chain = ruleset.table(sighting.table).chain(sighting.chain)
    policy = chain.policy if sighting.event == "policy" and chain else None
    return policy or sighting.verdict.replace("CONTINUE", "")


def rows_of(passage: Passage, ruleset: Ruleset) -> list[Row]:
    """A passage from its first hook to its last; hooks in which nothing happened are one row."""
    rows: list[Row] = []
    for hook, group in groupby(passage.sightings, key=lambda seen: seen.hook):
        found = list(_in_hook(hook, list(group), ruleset))
        if rows and rows[-1].kind == "quiet" and [row.kind for row in found] == ["quiet"]:
            rows[-1] = Row("quiet", f"{rows[-1].hook}, {hook}")
        else:
            rows += found
    return rows


def _in_hook(hook: str, seen: list[Sighting], ruleset: Ruleset) -> Iterator[Row]:
    told = [one for one in seen if one.event not in ("enters", "leaves")]
    for one in told:
        rule = rule_of(one, ruleset)
        yield Row(one.event, hook, one.table, one.chain, one.rule, rule.spec if rule else "", followed(one, ruleset))
    left = seen[-1].event == "leaves"
    changes = _changes(seen[0].packet, seen[-1].packet)
    for end, change in changes.items():
        yield Row(end, hook, text=change)
    if not told and not changes and left:
        yield Row("quiet", hook)
    if not left and not (told and followed(told[-1], ruleset) in FATAL):
        yield Row("lost", hook)


def _changes(before: Packet, after: Packet) -> dict[str, str]:
    """What is different: `172.18.0.3 → 203.0.113.2` for the source, the destination, or both."""
    ends = {
        "source": (_end(before.source, before.source_port), _end(after.source, after.source_port)),
        "destination": (_end(before.destination, before.destination_port), _end(after.destination, after.destination_port)),
    }
    return {name: f"{old} → {new}" for name, (old, new) in ends.items() if old != new}


def _end(address: str, port: int) -> str:
    if not port:
        return address
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def voyage_of_trace(traced: Traced) -> Voyage:
    """The stops of a traced packet and of what came back, as those of a prediction (`stops.voyage_of`): what was seen, and nothing else."""
    rulesets = rulesets_of(traced)
    stops: list[Stop] = []
    for passage in traced.passages:
        stops += _stops(passage, rulesets.get(passage.namespace, Ruleset()))
    for fact in traced.facts:
        if fact.kind != "reports lost":
            stops.append(Stop(Event.LOST, fact.namespace, lost=FACTS[fact.kind], values=fact_values(fact), fatal=True))
    return Voyage(tuple(stops), str(traced.outcome.probe))


def _stops(passage: Passage, ruleset: Ruleset) -> Iterator[Stop]:
    first, last = passage.sightings[0], passage.sightings[-1]
    namespace, back = passage.namespace, passage.direction != "request"
    if first.hook == "PREROUTING":
        came = first.packet.port_in or first.packet.input
        yield Stop(Event.ENTERS, namespace, came, packet=str(first.packet), back=back)
    for one, following in zip(passage.sightings, (*passage.sightings[1:], last), strict=True):
        if one.event in ("rule", "return", "policy") and not _says_nothing(one, ruleset):
            outcome = followed(one, ruleset)
            after = str(following.packet) if following.event == "leaves" and _changes(one.packet, following.packet) else ""
            yield Stop(
                Event.RULE if one.event == "rule" else Event.END, namespace, hook=one.hook, table=one.table, chain=one.chain, rule=one.rule,
                outcome=outcome, packet=str(one.packet), after=after, fatal=outcome in FATAL, back=back,
            )  # fmt: skip
    if (last.event, last.hook) == ("leaves", "POSTROUTING"):
        yield Stop(Event.LEAVES, namespace, last.packet.port_out or last.packet.output, packet=str(last.packet), back=back)
    if (last.event, last.hook) == ("leaves", "INPUT"):
        yield Stop(Event.ARRIVES, namespace, packet=str(last.packet), back=back)


def _says_nothing(sighting: Sighting, ruleset: Ruleset) -> bool:
    """Whether it is the policy of a chain without rules that lets everything on."""
    chain = ruleset.table(sighting.table).chain(sighting.chain)
    return sighting.event == "policy" and chain is not None and not chain.rules and followed(sighting, ruleset) not in FATAL


