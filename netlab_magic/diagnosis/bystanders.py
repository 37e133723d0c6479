"""Rules that were meant for a packet and do nothing about it: it never meets them, NAT has changed it before, or they translate others."""

from collections.abc import Iterator, Mapping
from itertools import groupby

from netlab_magic.diagnosis.predicted_path import chain_words, unmet_by, why_not
from netlab_magic.forwarding.prediction import Hop, Prediction
from netlab_magic.i18n import Language, message
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import Cause, Outcome, RuleVisit
from netlab_magic.netfilter.compile import compiled
from netlab_magic.netfilter.frame import Frame
from netlab_magic.netfilter.rule_index import Line

__all__ = ["bystanders"]

_NAMES = frozenset(("source", "destination port", "dport"))
"""What a rule that is meant for a packet is about."""

_STOPS, _LETS = frozenset(("DROP", "REJECT")), frozenset(("ACCEPT",))
_MOST = 4
"""How many rules of a chain are named."""

_TRANSLATED = message("It is forwarded after DNAT, so INPUT, which is asked about packets for the host itself, is not asked.")
_FORWARDED = message("It is forwarded, so INPUT, which is asked about packets for the host itself, is not asked.")
_DELIVERED = message("It is for the host itself, so FORWARD, which is asked about packets for other machines, is not asked.")
_NEVER = message("The packet never meets rule {numbers} of {chain}, which names its source or port.")
_NEVER_SEVERAL = message("The packet never meets rules {numbers} of {chain}, which name its source or port.")
_TOO_LATE = message("Rule {number} of {chain} names what the packet was before DNAT: now {why}.")
_AS_IT_IS = message(
    "The packet leaves the host through {device} with the source {address}, to which nobody out there has a route: no rule translates it."
)
_MISSES = message("Rule {number} of {chain} translates sources, but not this one: {why}.")


def bystanders(prediction: Prediction, rulesets: Mapping[str, Ruleset], say: Language) -> Iterator[str]:
    """A sentence about each kind of them, for what happens on the host."""
    ruleset = rulesets.get(HOST)
    hop = next((hop for hop in prediction.request.hops if hop.namespace == HOST), None)
    if hop is None:
        return
    yield from _untranslated(prediction, hop, rulesets, say)
    if ruleset is not None and hop.enters and hop.host_trace.entries:
        yield from _never_asked(prediction, hop, ruleset, say)
        yield from _too_late(prediction, hop, say)


# --- rules that a packet never meets, or too late -------------------------------------------------------------------------------


def _never_asked(prediction: Prediction, hop: Hop, ruleset: Ruleset, say: Language) -> Iterator[str]:
    walk, first = hop.host_trace, hop.host_trace.entries[0].frame
    if "FORWARD" in walk.hooks and not walk.last.port_out:
        base, why = "INPUT", _TRANSLATED if _is_translated(hop) else _FORWARDED
    elif walk.outcome == Outcome.DELIVERED or "INPUT" in walk.hooks:
        base, why = "FORWARD", _DELIVERED
    else:
        return
    found = list(_meant_for(ruleset, base, _seen_there(first), _STOPS if prediction.request.arrived else _LETS))
    for chain, lines in groupby(found, key=lambda line: line.chain):
        numbers = [str(line.number) for line in lines][:_MOST]
        listed = say.several(message("{}, {}"), message("{} and {}"), numbers)
        yield say(_NEVER if len(numbers) == 1 else _NEVER_SEVERAL, numbers=listed, chain=chain_words("filter", chain, say))
    if found:
        yield say(why)


def _is_translated(hop: Hop) -> bool:
    first, last = hop.host_trace.entries[0].frame, hop.host_trace.last
    return (first.destination, first.destination_port) != (last.destination, last.destination_port)


def _seen_there(frame: Frame) -> Frame:
    """The packet as a chain of the table filter would see it before NAT."""
    seen = frame.copied()
    seen.output = ""
    seen.state = "NEW"
    return seen


def _meant_for(ruleset: Ruleset, base: str, frame: Frame, verdicts: frozenset[str]) -> Iterator[Line]:
    """The rules of the table filter behind a base chain that match the packet, and name its source or its port."""
    chains = compiled(ruleset).tables.get("filter")
    waiting, seen = [base], {base}
    while chains is not None and waiting:
        name = waiting.pop(0)
        if name not in chains:
            continue
        for line in chains[name].lines:
            if line.action.chain and line.action.chain not in seen and line.match(frame)[0] is not False:
                seen.add(line.action.chain)
                waiting.append(line.action.chain)
            if line.action.verdict in verdicts and _is_meant(line) and line.match(frame)[0]:
                yield line


def _is_meant(line: Line) -> bool:
    return line.number is not None and any(one.about in _NAMES and not one.negated for one in line.conditions)


def _too_late(prediction: Prediction, hop: Hop, say: Language) -> Iterator[str]:
    """Rules of the table filter that would have matched the packet as it came."""
    if not _is_translated(hop):
        return
    first, verdicts = hop.host_trace.entries[0].frame, _STOPS if prediction.request.arrived else _LETS
    for visit in hop.host_trace.visits:
        if visit.table == "filter" and visit.matched is False and visit.line.action.verdict in verdicts and _is_meant(visit.line):
            as_it_came = visit.frame.copied()
            as_it_came.destination, as_it_came.destination_port = first.destination, first.destination_port
            unmet = unmet_by(visit)
            if visit.line.match(as_it_came)[0] and unmet is not None:
                yield say(_TOO_LATE, number=visit.rule, chain=visit.chain, why=why_not(unmet, say))


# --- rules that translate others ------------------------------------------------------------------------------------------------


def _untranslated(prediction: Prediction, hop: Hop, rulesets: Mapping[str, Ruleset], say: Language) -> Iterator[str]:
    """Why an answer finds no way back to a source that the host let out as it was."""
    back, walk = prediction.back, hop.host_trace
    if back is None or back.arrived or not back.hops or back.hops[-1].host_trace.cause != Cause.NO_ROUTE or back.hops[-1].namespace == HOST:
        return
    if not walk.passed or back.hops[-1].host_trace.sent.destination != walk.sent.source or walk.packet.source != walk.sent.source:
        return
    yield say(_AS_IT_IS, device=walk.packet.output, address=walk.sent.source)
    for visit in [visit for visit in walk.visits if _translates(visit, rulesets)][:_MOST]:
        unmet = unmet_by(visit)
        if unmet is not None:
            yield say(_MISSES, number=visit.rule, chain=chain_words(visit.table, visit.chain, say), why=why_not(unmet, say))


def _translates(visit: RuleVisit, rulesets: Mapping[str, Ruleset]) -> bool:
    """Whether the rule gives packets another source."""
    if visit.line.is_native:
        return any(word in ("masquerade", "snat") for word in visit.line.text.split())
    held = rulesets.get(HOST)
    chain = held.table("nat").chain(visit.chain) if held is not None and visit.table == "nat" and visit.hook == "POSTROUTING" else None
    if chain is None or visit.rule is None:
        return False
    done = target(chain.rules[visit.rule - 1].jump)
    return done is not None and done.translates == "source"
