"""The stops of a packet's predicted path, and each of them in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.i18n import Language, message
from netlab_magic.model.packet_path import FATAL, Event, PacketPath, PathStep, Unmet
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import Cause, RuleVisit

__all__ = ["Sentence", "chain_words", "lost_words", "path_of_prediction", "said", "stopped_by", "unmet_by", "why_not"]

Sentence = Callable[[str, str, int], str]
"""Explains a rule, given its table, chain and number, in a sentence."""

_MOST_PASSED = 12
"""Longer runs of rules that do not match become one stop."""

_TURNED_BACK = message("{namespace} refuses it with {answer}.")
_TTL_SET = message(
    "The packet's TTL expired in {namespace}: rule {number} of {chain} in the table {table} had set it to {ttl}."
)
_CAUSES = {
    Cause.NO_ROUTE: message("{namespace} has no route to {address}, so the packet goes no further; no rule dropped it."),
    Cause.BLACKHOLE: message("{namespace} has a blackhole route for {address} that discards the packet; no rule dropped it."),
    Cause.UNREACHABLE: message("{namespace} has an unreachable route for {address}; no rule dropped the packet."),
    Cause.PROHIBIT: message("{namespace} has a prohibit route for {address}; no rule dropped the packet."),
    Cause.NOT_FORWARDING: message("{namespace} does not forward packets (its {sysctl} is 0), so this one goes no further."),
    Cause.TTL: message("The packet's TTL expired in {namespace}: is there a routing loop?"),
    Cause.HAIRPIN: message("The bridge {bridge} in {namespace} does not send a frame back out of the port it came in on (hairpin is off)."),
    Cause.LOOPBACK_DOWN: message("{namespace} sends to itself through lo, and its lo is down."),
    Cause.REVERSE_PATH: message(
        "{namespace} drops the packet: by its routes, an answer to the sender would not leave through {device} (rp_filter)."
    ),
    Cause.MARTIAN: message("{namespace} drops the packet: packets with these addresses may not come in from outside (a martian)."),
}


def path_of_prediction(prediction: Prediction, *, every: bool = True) -> PacketPath:
    """The stops of a predicted probe and of its answer; with `every`, also the rules that were checked and did not match."""
    back = _steps(prediction.back, back=True, every=every) if prediction.back is not None else ()
    cut = _steps(prediction.cut, back=_is_back(prediction.cut), every=every) if prediction.cut is not None else ()
    return PacketPath((*_steps(prediction.request, back=False, every=every), *back, *cut), str(prediction.probe))


def _is_back(trace: Trace) -> bool:
    return trace.hops[0].host_trace.sent.direction == "REPLY"


def _steps(trace: Trace, *, back: bool, every: bool) -> Iterator[PathStep]:
    for place, hop in enumerate(trace.hops):
        last = place == len(trace.hops) - 1
        yield from _of_leg(hop, back=back, every=every, died=last and not trace.arrived and not trace.lost)
    if trace.hops:
        namespace, packet = trace.hops[-1].namespace, str(trace.hops[-1].host_trace.packet)
        if trace.lost:
            yield PathStep(Event.LOST, namespace, packet=packet, lost=trace.lost, values=trace.values, fatal=True, back=back)
        elif trace.arrived:
            yield PathStep(Event.ARRIVES, namespace, packet=packet, back=back)


def _of_leg(hop: Hop, *, back: bool, every: bool, died: bool) -> Iterator[PathStep]:
    walk = hop.host_trace
    if hop.enters:
        yield PathStep(Event.ENTERS, hop.namespace, hop.enters.interface, packet=str(walk.sent), back=back)
    inside = list(_rules(hop, back=back, every=every))
    yield from inside
    if hop.leaves and walk.passed:
        yield PathStep(Event.LEAVES, hop.namespace, hop.leaves.interface, packet=str(walk.packet), back=back)
    if died and not walk.passed and not (inside and inside[-1].fatal):
        why, values = stopped_by(hop)
        yield PathStep(Event.LOST, hop.namespace, packet=str(walk.packet), lost=why, values=values, fatal=True, back=back)


def stopped_by(hop: Hop) -> tuple[str, dict[str, str]]:
    """Why the host itself stopped a packet, or a rule of which only the answer is known: a message and its values."""
    walk = hop.host_trace
    if walk.cause not in _CAUSES:
        return _TURNED_BACK, {"namespace": hop.namespace, "answer": walk.answer}
    set_by = next((visit for visit in reversed(walk.matched) if visit.changed and visit.changed.ttl != visit.frame.ttl), None)
    if walk.cause == Cause.TTL and set_by is not None:
        place = {"number": str(set_by.rule), "chain": set_by.chain, "table": set_by.table}
        return _TTL_SET, {"namespace": hop.namespace, **place, "ttl": str(set_by.changed.ttl if set_by.changed else 0)}
    came, sysctl = walk.packet.input, "net.ipv6.conf.all.forwarding" if walk.last.six else "net.ipv4.ip_forward"
    values = {"namespace": hop.namespace, "address": walk.packet.destination, "bridge": came, "device": came, "sysctl": sysctl}
    return _CAUSES[walk.cause], values


def _rules(hop: Hop, *, back: bool, every: bool) -> Iterator[PathStep]:
    shown = [visit for visit in hop.host_trace.visits if (every or visit.matched) and not _says_nothing(hop, visit)]
    for (passed, _), group in groupby(shown, key=lambda visit: (not visit.matched, (visit.hook, visit.table, visit.chain))):
        visits = list(group)
        if passed and len(visits) > _MOST_PASSED:
            yield _many_passed(hop, visits, back=back)
        else:
            yield from (_stop(hop, visit, back=back) for visit in visits)


def _says_nothing(hop: Hop, visit: RuleVisit) -> bool:
    """Whether a visit is to the accepting policy of a chain without rules; those of the host's filter table and of its nft are shown."""
    if visit.rule is not None or visit.outcome in FATAL:
        return False
    if hop.namespace == HOST and (visit.table == "filter" or " " in visit.table):
        return False
    return not any(other.rule and (other.table, other.chain) == (visit.table, visit.chain) for other in hop.host_trace.visits)


def _stop(hop: Hop, visit: RuleVisit, *, back: bool) -> PathStep:
    after = str(visit.after) if visit.after else ""
    before = str(visit.before)
    return PathStep(
        Event.PASSED if not visit.matched else Event.END if visit.rule is None else Event.RULE,
        hop.namespace,
        hook=visit.hook,
        table=visit.table,
        chain=visit.chain,
        rule=visit.rule,
        outcome=visit.outcome,
        packet=before,
        after=after if after != before else "",
        unmet=unmet_by(visit),
        fatal=visit.outcome in FATAL,
        back=back,
        text=visit.line.text,
    )


def _many_passed(hop: Hop, visits: Sequence[RuleVisit], *, back: bool) -> PathStep:
    first, last = visits[0], visits[-1]
    packet = str(first.before)
    return PathStep(Event.PASSED, hop.namespace, "", first.hook, first.table, first.chain, first.rule, last.rule, packet=packet, back=back)


def unmet_by(visit: RuleVisit) -> Unmet | None:
    """The condition that a packet did not meet; None if the rule matched."""
    if visit.matched:
        return None
    condition = visit.line.conditions[visit.failed]
    if not visit.is_judged:
        return Unmet(condition.about, judged=False)
    return Unmet(condition.about, condition.seen(visit.frame), condition.wanted, condition.negated)


def lost_words(text: str, values: Mapping[str, str], say: Language) -> str:
    """A sentence about a lost packet from its message and values; the host is called "the host"."""
    named = say("the host") if values.get("namespace") == HOST else values.get("namespace", "")
    told = say(text, **{**values, "namespace": named})
    return told[:1].upper() + told[1:] if named != values.get("namespace") else told


def said(step: PathStep, say: Language, sentence: Sentence | None = None) -> str:
    """What happens at a stop, in whole sentences; `sentence` explains a rule."""
    return say.paragraph([text for text in _sentences(step, say, sentence) if text])


def _sentences(step: PathStep, say: Language, sentence: Sentence | None) -> Iterable[str]:
    match step.event:
        case Event.ENTERS:
            yield say("It comes into {} through {}.", step.namespace, step.interface)
        case Event.LEAVES:
            yield say("It leaves {} through {}.", step.namespace, step.interface)
        case Event.ARRIVES:
            yield say("{} gets the answer.", step.namespace) if step.back else say("{} gets the packet.", step.namespace)
        case Event.LOST:
            yield lost_words(step.lost, step.values, say)
        case Event.END:
            yield _end(step, say)
        case Event.PASSED:
            yield _passed(step, say)
        case _:
            place = step.rule, chain_words(step.table, step.chain, say)
            yield say("Rule {} of {} matches: {}.", *place, step.text) if step.text else say("Rule {} of {} matches.", *place)
            yield sentence(step.table, step.chain, step.rule or 0) if sentence else ""
            yield _follows(step, say)
    if step.after:
        yield say("The packet is now {}.", step.after)


def chain_words(table: str, chain: str, say: Language) -> str:
    """A chain's name, with its table where that is not filter."""
    if " " in table:  # nft names a table with its family
        return say("chain {} in table {}", chain, table)
    return chain if table == "filter" else say("{} (table {})", chain, table)


def _end(step: PathStep, say: Language) -> str:
    chain = chain_words(step.table, step.chain, say)
    if step.outcome == "RETURN":
        return say("No rule of {} decided, so the packet returns to the calling chain.", chain)
    if step.fatal:
        return say("No rule of {} decided, so its policy applies: {}. The packet stops here.", chain, step.outcome)
    return say("No rule of {} decided, so its policy applies: {}.", chain, step.outcome)


def _passed(step: PathStep, say: Language) -> str:
    if step.last is not None:
        return say("Rules {} to {} of {} do not match.", step.rule, step.last, chain_words(step.table, step.chain, say))
    head, unmet = (step.rule, chain_words(step.table, step.chain, say)), step.unmet
    if unmet is None:
        return say("Rule {} of {} does not match.", *head)
    if not unmet.judged:
        return say("Rule {} of {} checks {}, which is not known here; it does not decide.", *head, unmet.about)
    return say("Rule {} of {} does not match: {}.", *head, why_not(unmet, say))


def why_not(unmet: Unmet, say: Language) -> str:
    """Why a rule does not match, as a clause: `ctstate is NEW, not RELATED,ESTABLISHED`."""
    if not unmet.judged:
        return say("the rules alone do not say whether {} holds", unmet.about)
    seen = unmet.seen or say("none")
    if unmet.negated:
        return say("{} is {}, which it excludes", unmet.about, seen)
    if unmet.wanted.startswith(("@", "{")):
        return say("{} is {}, which is not in {}", unmet.about, seen, unmet.wanted)
    return say("{} is {}, not {}", unmet.about, seen, unmet.wanted)


def _follows(step: PathStep, say: Language) -> str:
    if step.fatal:
        return say("The packet stops here.")
    if step.outcome == "ACCEPT" and not step.after:
        return say("This table lets it pass.")
    return "" if step.outcome else say("It goes on to the next rule.")
