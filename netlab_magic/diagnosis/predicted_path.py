"""The stops of a packet's way from what the model predicts, and each of them in words."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from netlab_magic.forwarding.prediction import Leg, Prediction, Trip
from netlab_magic.i18n import Language, message
from netlab_magic.model.packet_path import FATAL, Event, Stop, Unmet, Voyage
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import Cause, Visit

__all__ = ["Sentence", "chain_words", "lost_words", "said", "stopped_by", "unmet_by", "voyage_of", "why_not"]

Sentence = Callable[[str, str, int], str]
"""What the rule of a table, chain and number does, in a sentence."""

_MOST_PASSED = 12
"""More rules in a row that do not match are one stop."""

_TURNED_BACK = message("{namespace} refuses it with {answer}.")
_TTL_SET = message(
    "The TTL of the packet has come to its end in {namespace}: rule {number} of {chain} in the table {table} had made it {ttl}."
)
_CAUSES = {
    Cause.NO_ROUTE: message("{namespace} has no route to {address}, so the packet gets no further; no rule has dropped it."),
    Cause.BLACKHOLE: message("{namespace} has a blackhole route for {address}, in which the packet vanishes; no rule has dropped it."),
    Cause.UNREACHABLE: message("{namespace} has a route that says that {address} is unreachable; no rule has dropped the packet."),
    Cause.PROHIBIT: message("{namespace} has a route that prohibits the way to {address}; no rule has dropped the packet."),
    Cause.NOT_FORWARDING: message("{namespace} does not forward packets (its net.ipv4.ip_forward is 0), so this one gets no further."),
    Cause.TTL: message("The TTL of the packet has come to its end in {namespace}: is there a loop of routes?"),
    Cause.HAIRPIN: message("The bridge {bridge} in {namespace} sends no frame back through the port that it came from (hairpin is off)."),
    Cause.REVERSE_PATH: message(
        "{namespace} throws the packet away: by its routes, no answer to the sender would leave through {device} (rp_filter)."
    ),
    Cause.MARTIAN: message("{namespace} throws the packet away: none with these addresses may come in from outside."),
}


def voyage_of(prediction: Prediction, *, every: bool = True) -> Voyage:
    """The stops of a predicted probe and of what comes back; `every` counts the rules that were looked at and did not match as well."""
    back = _stops(prediction.back, back=True, every=every) if prediction.back is not None else ()
    return Voyage((*_stops(prediction.request, back=False, every=every), *back), str(prediction.probe))


def _stops(trip: Trip, *, back: bool, every: bool) -> Iterator[Stop]:
    for place, leg in enumerate(trip.legs):
        last = place == len(trip.legs) - 1
        yield from _of_leg(leg, back=back, every=every, died=last and not trip.arrived and not trip.lost)
    if trip.legs:
        namespace, packet = trip.legs[-1].namespace, str(trip.legs[-1].walk.packet)
        if trip.lost:
            yield Stop(Event.LOST, namespace, packet=packet, lost=trip.lost, values=trip.values, fatal=True, back=back)
        elif trip.arrived:
            yield Stop(Event.ARRIVES, namespace, packet=packet, back=back)


def _of_leg(leg: Leg, *, back: bool, every: bool, died: bool) -> Iterator[Stop]:
    walk = leg.walk
    if leg.enters:
        yield Stop(Event.ENTERS, leg.namespace, leg.enters.interface, packet=str(walk.sent), back=back)
    inside = list(_rules(leg, back=back, every=every))
    yield from inside
    if leg.leaves and walk:
        yield Stop(Event.LEAVES, leg.namespace, leg.leaves.interface, packet=str(walk.packet), back=back)
    if died and not walk and not (inside and inside[-1].fatal):
        why, values = stopped_by(leg)
        yield Stop(Event.LOST, leg.namespace, packet=str(walk.packet), lost=why, values=values, fatal=True, back=back)


def stopped_by(leg: Leg) -> tuple[str, dict[str, str]]:
    """Why the host itself ended a packet's way, or a rule whose answer alone is known: a sentence for the catalogue, and its values."""
    walk = leg.walk
    if walk.cause not in _CAUSES:
        return _TURNED_BACK, {"namespace": leg.namespace, "answer": walk.answer}
    set_by = next((visit for visit in reversed(walk.matched) if visit.changed and visit.changed.ttl != visit.frame.ttl), None)
    if walk.cause == Cause.TTL and set_by is not None:
        place = {"number": str(set_by.rule), "chain": set_by.chain, "table": set_by.table}
        return _TTL_SET, {"namespace": leg.namespace, **place, "ttl": str(set_by.changed.ttl if set_by.changed else 0)}
    came = walk.packet.input
    return _CAUSES[walk.cause], {"namespace": leg.namespace, "address": walk.packet.destination, "bridge": came, "device": came}


def _rules(leg: Leg, *, back: bool, every: bool) -> Iterator[Stop]:
    shown = [visit for visit in leg.walk.steps if (every or visit.matched) and not _says_nothing(leg, visit)]
    for (passed, _), group in groupby(shown, key=lambda visit: (not visit.matched, (visit.hook, visit.table, visit.chain))):
        visits = list(group)
        if passed and len(visits) > _MOST_PASSED:
            yield _many_passed(leg, visits, back=back)
        else:
            yield from (_stop(leg, visit, back=back) for visit in visits)


def _says_nothing(leg: Leg, visit: Visit) -> bool:
    """Whether a visit is to the policy of a chain without rules that lets everything on; the host's own filter is worth a look even so."""
    if visit.rule is not None or visit.outcome in FATAL:
        return False
    if visit.table == "filter" and leg.namespace == HOST:
        return False
    return not any(other.rule and (other.table, other.chain) == (visit.table, visit.chain) for other in leg.walk.steps)


def _stop(leg: Leg, visit: Visit, *, back: bool) -> Stop:
    after = str(visit.after) if visit.after else ""
    before = str(visit.before)
    return Stop(
        Event.PASSED if not visit.matched else Event.END if visit.rule is None else Event.RULE,
        leg.namespace,
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
    )


def _many_passed(leg: Leg, visits: Sequence[Visit], *, back: bool) -> Stop:
    first, last = visits[0], visits[-1]
    packet = str(first.before)
    return Stop(Event.PASSED, leg.namespace, "", first.hook, first.table, first.chain, first.rule, last.rule, packet=packet, back=back)


def unmet_by(visit: Visit) -> Unmet | None:
    """The condition that a packet did not fulfil, None where the rule matched."""
    if visit.matched:
        return None
    condition = visit.line.conditions[visit.failed]
    if not visit.is_judged:
        return Unmet(condition.about, judged=False)
    return Unmet(condition.about, condition.seen(visit.frame), condition.wanted, condition.negated)


def lost_words(text: str, values: Mapping[str, str], say: Language) -> str:
    """A sentence about a packet that was lost, from its message and its values; the host is spoken of as such."""
    named = say("the host") if values.get("namespace") == HOST else values.get("namespace", "")
    told = say(text, **{**values, "namespace": named})
    return told[:1].upper() + told[1:] if named != values.get("namespace") else told


def said(stop: Stop, say: Language, sentence: Sentence | None = None) -> str:
    """What happens at a stop, in whole sentences; `sentence` explains a rule."""
    return say.paragraph([text for text in _sentences(stop, say, sentence) if text])


def _sentences(stop: Stop, say: Language, sentence: Sentence | None) -> Iterable[str]:
    match stop.event:
        case Event.ENTERS:
            yield say("It comes into {} through {}.", stop.namespace, stop.interface)
        case Event.LEAVES:
            yield say("It leaves {} through {}.", stop.namespace, stop.interface)
        case Event.ARRIVES:
            yield say("{} gets the answer.", stop.namespace) if stop.back else say("{} gets the packet.", stop.namespace)
        case Event.LOST:
            yield lost_words(stop.lost, stop.values, say)
        case Event.END:
            yield _end(stop, say)
        case Event.PASSED:
            yield _passed(stop, say)
        case _:
            yield say("Rule {} of {} matches.", stop.rule, chain_words(stop.table, stop.chain, say))
            yield sentence(stop.table, stop.chain, stop.rule or 0) if sentence else ""
            yield _follows(stop, say)
    if stop.after:
        yield say("The packet is now {}.", stop.after)


def chain_words(table: str, chain: str, say: Language) -> str:
    """A chain's name, with its table where that is not filter."""
    return chain if table == "filter" else say("{} (table {})", chain, table)


def _end(stop: Stop, say: Language) -> str:
    if stop.outcome == "RETURN":
        return say("No rule of {} decided; it goes back to the chain before.", chain_words(stop.table, stop.chain, say))
    if stop.fatal:
        return say(
            "No rule of {} decided, so its policy does: {}. The packet dies here.", chain_words(stop.table, stop.chain, say), stop.outcome
        )
    return say("No rule of {} decided, so its policy does: {}.", chain_words(stop.table, stop.chain, say), stop.outcome)


def _passed(stop: Stop, say: Language) -> str:
    if stop.last is not None:
        return say("Rules {} to {} of {} do not match.", stop.rule, stop.last, chain_words(stop.table, stop.chain, say))
    head, unmet = (stop.rule, chain_words(stop.table, stop.chain, say)), stop.unmet
    if unmet is None:
        return say("Rule {} of {} does not match.", *head)
    if not unmet.judged:
        return say("Rule {} of {} asks for {}, which nobody can tell here; it decides nothing.", *head, unmet.about)
    return say("Rule {} of {} does not match: {}.", *head, why_not(unmet, say))


def why_not(unmet: Unmet, say: Language) -> str:
    """Why a rule does not match, as a clause: `ctstate is NEW, not RELATED,ESTABLISHED`."""
    if not unmet.judged:
        return say("whether {} holds cannot be told from the rules", unmet.about)
    seen = unmet.seen or say("none")
    if unmet.negated:
        return say("{} is {}, which it excludes", unmet.about, seen)
    return say("{} is {}, not {}", unmet.about, seen, unmet.wanted)


def _follows(stop: Stop, say: Language) -> str:
    if stop.fatal:
        return say("The packet dies here.")
    if stop.outcome == "ACCEPT" and not stop.after:
        return say("This table lets it through.")
    return "" if stop.outcome else say("It goes on to the next rule.")
