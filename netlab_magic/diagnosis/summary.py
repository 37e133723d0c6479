"""Explains a probe in words: what happened to it, where and why."""

from collections.abc import Mapping, Sequence

import msgspec

from netlab_magic.diagnosis.bystanders import bystanders
from netlab_magic.diagnosis.compare import Difference, crosscheck
from netlab_magic.diagnosis.kernel_causes import fact_sentence
from netlab_magic.diagnosis.predicted_path import chain_words, lost_words, said, stopped_by, unmet_by, why_not
from netlab_magic.diagnosis.traced_path import path_of_trace
from netlab_magic.explain import rule_sentence, rule_situation
from netlab_magic.forwarding.any_address import DEPENDS
from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.kernel_trace import KernelTrace
from netlab_magic.model.packet import Packet
from netlab_magic.model.packet_path import Event
from netlab_magic.model.probe import Outcome, Verdict
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import Cause, RuleVisit

__all__ = ["Account", "account"]

_ECHOES = {8: message("the echo request"), 0: message("the echo reply"), 128: message("the echo request"), 129: message("the echo reply")}

_FEW = 4
"""Up to this many rules of a chain, the reason why each did not match is given; otherwise only that of the nearest."""

_WHAT = {
    Verdict.ANSWERED: message("{flow} is answered: {request} arrives, and so does {answer}."),
    Verdict.BLOCKED: message("{flow} is blocked: {request} is lost on its way."),
    Verdict.REFUSED: message("{flow} is refused: {answer} came back."),
    Verdict.NO_ROUTE: message("{flow} has no route: {request} cannot get there."),
    Verdict.NOBODY: message("{flow}: no machine has the address {address}."),
    Verdict.NOT_MEASURED: message("{flow} could not be measured."),
}
_NO_ANSWER = message("{flow} is blocked: no answer came back.")
_CUT = {
    Verdict.BLOCKED: message("{flow} is blocked: the connection is made, but {packet} is lost."),
    Verdict.REFUSED: message("{flow} is refused: the connection is made, but {packet} is rejected."),
    Verdict.NO_ROUTE: message("{flow} has no route: the connection is made, but {packet} is rejected."),
}
_REPLY_LOST = message("{flow} is blocked: {request} arrives, but {answer} is lost on its way back.")


class Account(msgspec.Struct, frozen=True):
    """The explanation of a probe. `what` and `where` are one or two sentences each; `differences` is empty if model and kernel agree."""

    verdict: Verdict
    what: str
    where: str
    differences: tuple[Difference, ...] = ()
    alarm: str = ""


def account(
    prediction: Prediction,
    rulesets: Mapping[str, Ruleset],
    traced: KernelTrace | None = None,
    language_name: str = "en",
) -> Account:
    """Explains a probe: the measured outcome if there is a trace, otherwise the model's prediction."""
    say = language(language_name)
    outcome = traced.outcome if traced else None
    verdict = prediction.verdict if outcome is None else outcome.verdict  # an outcome is false when nothing was answered
    differences = crosscheck(prediction, traced, rulesets) if traced else ()
    is_wrong = outcome is not None and not prediction.unknown and outcome.verdict not in (prediction.verdict, Verdict.NOT_MEASURED)
    where = [] if is_wrong else [_where(prediction, rulesets, outcome, say)]
    if not is_wrong and not prediction.unknown:
        where += bystanders(prediction, rulesets, say)
    if traced and (prediction.unknown or differences):
        where += [_seen_last(traced, rulesets, say), *(fact_sentence(fact, say) for fact in traced.causes)]
    return Account(verdict, _what(prediction, outcome, verdict, say), say.paragraph(where), differences, _alarm(differences, say))


def _what(prediction: Prediction, outcome: Outcome | None, verdict: Verdict, say: Language) -> str:
    probe = prediction.probe
    if outcome is None and prediction.unknown:
        why = say(DEPENDS) if prediction.unknown == DEPENDS else prediction.unknown
        return say("The rules alone do not say whether {flow} is answered: {why}.", flow=probe, why=why)
    request = _kind_words(prediction.request.hops[0].host_trace.sent, say) if prediction.request.hops else say("the packet")
    back = prediction.back
    answer = _kind_words(back.hops[0].host_trace.sent, say) if back is not None and back.hops else say("the answer")
    reply_lost = verdict == Verdict.BLOCKED and prediction.verdict == verdict and prediction.request.arrived and back is not None
    untold = verdict == Verdict.BLOCKED and prediction.verdict != verdict
    cut = prediction.cut if verdict == prediction.verdict else None
    packet = _kind_words(cut.hops[0].host_trace.sent, say) if cut is not None else say("what follows")
    if cut is not None or (outcome is not None and outcome.connected):
        text = _CUT[verdict]
    else:
        text = _REPLY_LOST if reply_lost else _NO_ANSWER if untold else _WHAT[verdict]
    sentence = say(text, flow=probe, request=request, answer=answer, packet=packet, address=probe.address)
    if cut is not None and cut is prediction.later[0] and verdict == Verdict.BLOCKED:
        sentence = say.paragraph([sentence, say("{source} believes that it is connected, but no data ever arrives.", source=probe.source)])
    if outcome is not None and verdict == Verdict.NOT_MEASURED and outcome.why:
        return say.paragraph([sentence, f"{outcome.why[:1].upper()}{outcome.why[1:]}."])
    return sentence if outcome is not None else say.paragraph([sentence, say("This is a prediction; nothing was sent.")])


def _where(prediction: Prediction, rulesets: Mapping[str, Ruleset], outcome: Outcome | None, say: Language) -> str:
    """Where the packet was stopped and why, or which rules let the packets pass."""
    if prediction.unknown:
        return "" if outcome is None else say("The rules alone do not say how it goes on: {why}.", why=prediction.unknown)
    back = prediction.back
    request = prediction.request
    if not request.arrived:
        death = _death(request, rulesets, say)
        if back is None or back.arrived:
            return death
        answer = _kind_words(back.hops[0].host_trace.sent, say)
        return say.paragraph([death, say("The answer to that, {answer}, is lost too.", answer=answer), _death(back, rulesets, say)])
    told = [_translated(prediction, say), lost_words(request.lost, request.values, say) if request.lost else ""]
    if prediction.cut is not None:
        told.append(_death(prediction.cut, rulesets, say))
    elif back is not None and not back.arrived:
        told.append(_death(back, rulesets, say))
    elif not request.lost:
        told.append(_passed(prediction, say))
    return say.paragraph(told)


def _translated(prediction: Prediction, say: Language) -> str:
    """How NAT changed the request's destination, and who gets it if that is not the target that was named."""
    told = []
    for hop in prediction.request.hops:
        for visit in hop.host_trace.matched:
            before, after = visit.before, visit.after
            translates = visit.table == "nat" or visit.line.is_native
            if translates and visit.rule and after and (before.destination, before.destination_port) != _to(after):
                text = message("On {namespace}, rule {number} of {chain} gives {packet} another destination: {address}.")
                address = f"{after.destination}:{after.destination_port}" if after.destination_port else after.destination
                told.append(say(text, packet=_kind_words(before, say), address=address, **_site(hop.namespace, visit, say)))
    last = prediction.request.hops[-1].namespace
    if prediction.probe.target not in ("", last):
        told.append(say("So {namespace} gets it instead.", namespace=_place(last, say)))
    return say.paragraph(told)


def _to(packet: Packet) -> tuple[str, int]:
    return packet.destination, packet.destination_port


def _site(namespace: str, visit: RuleVisit, say: Language) -> dict[str, object]:
    """The values for a sentence that say where a rule is."""
    return {"namespace": _place(namespace, say), "number": visit.rule, "chain": chain_words(visit.table, visit.chain, say)}


def _seen_last(traced: KernelTrace, rulesets: Mapping[str, Ruleset], say: Language) -> str:
    """The kernel's last report, for when the model is of no help; the causes that its counters show follow it."""
    steps = [step for step in path_of_trace(traced).steps if step.event != Event.LOST]
    if not steps:
        return say("The kernel reported nothing about its packets.")
    last = steps[-1]
    ruleset = rulesets.get(last.namespace, Ruleset())

    def sentence(table: str, chain: str, number: int) -> str:
        return rule_sentence(ruleset, table, chain, number, say.name) if ruleset.table(table).chain(chain) else ""

    what = said(last, say, sentence)
    return say("The kernel's last report is from {namespace}: {what}", namespace=_place(last.namespace, say), what=what)


def _passed(prediction: Prediction, say: Language) -> str:
    """The rules, or policies if no rule decided, that let request and reply pass."""
    said = []
    for trace in (prediction.request, prediction.back):
        if trace is None:
            continue
        rules = [rule for hop in trace.hops for rule in _deciders(hop, say)]
        packet = _kind_words(trace.hops[0].host_trace.sent, say)
        if rules:
            joined = say.several(message("{}, {}"), message("{} and {}"), rules)
            said.append(say("{packet} is accepted by {rules}.", packet=f"{packet[:1].upper()}{packet[1:]}", rules=joined))
    return say.paragraph(said) or say("No rule or policy stops it.")


def _deciders(hop: Hop, say: Language) -> list[str]:
    """The rules and policies that decided in a namespace's filter table and nft tables; not the policies of chains without rules."""
    found = []
    for visit in hop.host_trace.matched:
        filters = visit.table == "filter" or (visit.line.is_native and visit.hook in BUILT_IN["filter"] and not visit.changed)
        if visit.outcome != "ACCEPT" or not filters:
            continue
        chain, namespace = chain_words(visit.table, visit.chain, say), _place(hop.namespace, say)
        if visit.rule:
            found.append(say("rule {number} of {chain} on {namespace}", number=visit.rule, chain=chain, namespace=namespace))
        elif any((other.table, other.chain) == (visit.table, visit.chain) and other.rule for other in hop.host_trace.visits):
            found.append(say("the policy of {chain} on {namespace}", chain=chain, namespace=namespace))
    return found


def _death(trace: Trace, rulesets: Mapping[str, Ruleset], say: Language) -> str:
    """Where and why a packet was stopped."""
    hop = trace.hops[-1]
    if trace.lost:
        return lost_words(trace.lost, trace.values, say)
    packet = _kind_words(hop.host_trace.sent, say)
    decided = hop.host_trace.decided_by
    if hop.host_trace.cause != Cause.RULE or decided is None:
        return lost_words(*stopped_by(hop), say)
    values = {"packet": packet, "how": _how(decided, say), **_site(hop.namespace, decided, say)}
    if decided.rule:
        text = message("On {namespace}, rule {number} of {chain} drops {packet}, which {how}.")
        if decided.outcome == "REJECT":
            text = message("On {namespace}, rule {number} of {chain} rejects {packet}, which {how}.")
        return say.paragraph([say(text, **values), _situation(hop.namespace, decided, rulesets, say)])
    said = say("On {namespace}, the policy DROP of {chain} drops {packet}, which {how}.", **values)
    return say.paragraph([said, _nobody_let_it(hop, decided, say)])


def _situation(namespace: str, visit: RuleVisit, rulesets: Mapping[str, Ruleset], say: Language) -> str:
    """The purpose of a rule if its form is known; an nft rule as it is printed."""
    if visit.line.text:
        return say("It reads: {rule}.", rule=visit.line.text)
    ruleset = rulesets.get(namespace)
    if ruleset is None or visit.rule is None:
        return ""
    return rule_situation(ruleset, visit.table, visit.chain, visit.rule, say.name)


def _how(visit: RuleVisit, say: Language) -> str:
    """The packet's interfaces and conntrack state, which most rules match on; before conntrack, the state is left out."""
    packet, state = visit.before, visit.before.state
    if visit.table == "raw" or (visit.line.is_native and state == "INVALID" and visit.hook in ("INGRESS", "PREROUTING", "OUTPUT")):
        return say("comes in through {input}", input=packet.input) if packet.input else say("is sent from here")
    if packet.input and packet.output:
        text = message("comes in through {input}, leaves through {output} and is {state} to conntrack")
    elif packet.input:
        text = message("comes in through {input} and is {state} to conntrack")
    else:
        text = message("leaves through {output} and is {state} to conntrack")
    return say(text, input=packet.input, output=packet.output, state=state)


def _nobody_let_it(hop: Hop, end: RuleVisit, say: Language) -> str:
    """Why no rule of a chain decided about a packet, so that the policy did."""
    asked = [visit for visit in hop.host_trace.visits if (visit.hook, visit.table) == (end.hook, end.table) and visit.rule]
    sent_back = [visit for visit in asked if visit.matched and visit.outcome == "RETURN"]
    turned = [say("Rule {number} of {chain} returns it to the calling chain.", number=visit.rule, chain=visit.chain) for visit in sent_back]
    misses = [visit for visit in asked if visit.matched is False and visit.line.action.verdict in ("", "ACCEPT")]
    if not misses:
        none = say("{chain} has no rule that could accept it.", chain=end.chain)
        return say.paragraph(turned) or none
    if len(misses) <= _FEW:
        told = [_miss(visit, end, say) for visit in misses]
        return say.paragraph(
            [*turned, say("None of its rules matches ({rules}).", rules=say.several(message("{}; {}"), message("{}; {}"), told))]
        )
    nearest = max(misses, key=lambda visit: (visit.line.action.verdict == "ACCEPT", visit.failed))
    none = say("None of its {count} rules matches (the nearest is {rule}).", count=len(misses), rule=_miss(nearest, end, say))
    return say.paragraph([*turned, none])


def _miss(visit: RuleVisit, end: RuleVisit, say: Language) -> str:
    """A rule that did not match, and why; with the name of its chain if that is another one."""
    unmet = unmet_by(visit)
    why = why_not(unmet, say) if unmet else ""
    if visit.chain == end.chain:
        return say("rule {number}: {why}", number=visit.rule, why=why)
    return say("rule {number} of {chain}: {why}", number=visit.rule, chain=visit.chain, why=why)


def _alarm(differences: Sequence[Difference], say: Language) -> str:
    if not differences:
        return ""
    return say(
        "The model and the kernel disagree about this packet. This is a bug in netlab_magic: please report it together with this output."
    )


def _kind_words(packet: Packet, say: Language) -> str:
    """A packet as a noun: the echo request, the SYN, the datagram, the ICMP error."""
    if "icmp" in packet.protocol:
        return say(_ECHOES.get(packet.icmp_type, message("the ICMP error")))
    if packet.protocol == "udp":
        return say("the answer") if packet.direction == "REPLY" else say("the datagram")
    if packet.protocol != "tcp":
        return say("the packet")
    if "RST" in packet.flags:
        return say("the reset (RST)")
    if "SYN" in packet.flags:
        return say("the SYN/ACK") if "ACK" in packet.flags else say("the SYN")
    if "FIN" in packet.flags:
        return say("the FIN/ACK") if packet.direction == "REPLY" else say("the end of the connection (FIN/ACK)")
    return say("the handshake's third packet (ACK)")


def _place(namespace: str, say: Language) -> str:
    """A namespace as a noun: its name, or "the host"."""
    return say("the host") if namespace == HOST else namespace
