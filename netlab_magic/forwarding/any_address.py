"""Predicts a probe in a network where no packet can be sent: the model alone, with a placeholder host for each unknown address.

What was not read and matters is followed every way: if all end alike, the verdict is definite.
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from netlab_magic.forwarding import predict
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.placement import hop_to
from netlab_magic.forwarding.possibilities import first_questions, further_questions, is_reached_by, strange_source, twins_of, unreturned
from netlab_magic.forwarding.possibility import Answer, Possibility, Question
from netlab_magic.forwarding.possible_routes import missing_table
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.forwarding.settling import settling
from netlab_magic.forwarding.unknown_hosts import answers, assumed_of, with_unknown_hosts
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.plan_topology import refuse
from netlab_magic.language.statements import Destination
from netlab_magic.language.word_reader import looks_like_address
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import HOST, INTERNET, Interface, Topology
from netlab_magic.model.unread import Unread, unread_sysctl
from netlab_magic.text import suggest

__all__ = ["DEPENDS", "End", "Foreseen", "foresee"]

_ELSEWHERE = message("Both are on the same side of the host, so their packets do not pass through it.")
_ONE_OF_SEVERAL = message(
    "Some rules depend on chance or on earlier packets. The packet can take {} different paths; all end the same, and one is shown."
)
_WHICHEVER = message("{}, but it ends the same whichever holds ({} would tell).")
_STATED = message("Packets from {} come in through {}, as the question says.")
_PUBLISHED = message("By Docker's rules, port {} is published on {} only.")
_TWINS = message("{} have the same network, which {} is in. The host sends to the first that its routes name, {}.")
_MISSING = message("Not read, and assumed to change nothing here: {}.")
DEPENDS = message("it depends on what was not read")
"""Why a prediction is unknown whose possibilities end differently."""

_MOST_TRANSLATIONS = 8
"""How many times DNAT may redirect a packet to yet another unknown host before the search stops."""

_MOST_POSSIBILITIES = 32
"""How many possibilities are followed; with more, nothing is claimed."""


class End(msgspec.Struct, frozen=True):
    """How it ends if all of these clauses hold; `where` it ended is in the prediction."""

    clauses: tuple[Assumption, ...]
    prediction: Prediction


class Foreseen(msgspec.Struct, frozen=True):
    """What the model expects, the topology with the placeholder hosts that were added, and what was assumed about them.

    If the outcome depends on something that was not read, `ends` has each outcome, and `settled_by` the commands that would tell.
    """

    topology: Topology
    probe: Probe
    prediction: Prediction
    assumptions: tuple[Assumption, ...] = ()
    ends: tuple[End, ...] = ()
    settled_by: tuple[str, ...] = ()


def foresee(
    topology: Topology,
    rulesets: Mapping[str, Ruleset],
    source: str,
    destination: Destination,
    other_filters: Mapping[str, OtherFilters] | None = None,
    device: str = "",
) -> Foreseen:
    """Predicts a probe between any two machines that the host can reach; source and destination may be names or addresses.

    `device` is the one that the packets come in through, if the question says so. For `other_filters` see `predict`. Raises StatementError
    for an unknown name, and for a source address that the host has no route to.
    """
    if device and topology.host.interface(device) is None:
        refuse(f"the host has no device {device}{suggest(device, [held.name for held in topology.host.interfaces])}", device)
    here = Possibility(topology, device)
    if device and Unread.ROUTES in topology.host.unread and looks_like_address(source):
        here = is_reached_by(here, device, source)
    return _Search(rulesets, source, destination, other_filters or {}).among(here)


class _Branch(msgspec.Struct, frozen=True):
    """A possibility that was followed to its end, with the answers that led to it."""

    answers: tuple[tuple[Question, Answer], ...]
    foreseen: Foreseen


class _Search:
    """One question about one packet, asked of every possibility."""

    def __init__(
        self, rulesets: Mapping[str, Ruleset], source: str, destination: Destination, other_filters: Mapping[str, OtherFilters]
    ) -> None:
        self.rulesets = rulesets
        self.source = source
        self.destination = destination
        self.other_filters = other_filters
        self.six = destination.family == "ipv6" or any(str(word).count(":") > 1 for word in (source, destination.name))

    def among(self, here: Possibility) -> Foreseen:
        """What holds in all possibilities, or how each of them ends."""
        found: list[_Branch] = []
        for branch in self.branches(here, ()):
            found.append(branch)
            if len(found) > _MOST_POSSIBILITIES:
                break
        first = found[0].foreseen
        if here.entry:
            stated = Assumption(_STATED, (self.source, here.entry))
            first = msgspec.structs.replace(first, assumptions=(*first.assumptions, stated))
        return _together(first, found) if len(found) > 1 else first

    def branches(self, here: Possibility, answered: tuple[tuple[Question, Answer], ...]) -> Iterator[_Branch]:
        """Every possibility from here on, each as soon as no question is open in it."""
        keys = {question.key for question, _ in answered}
        early = first_questions(here, self.source, str(self.destination.name), self.towards(here.topology))
        question = next((one for one in early if one.key not in keys), None)
        foreseen = None if question else self.follow(here)
        if foreseen is not None:
            late = further_questions(here, foreseen.prediction, self.source)
            question = next((one for one in late if one.key not in keys), None)
        if question is None:
            assert foreseen is not None
            yield _Branch(answered, foreseen)
            return
        for answer in question.answers:
            yield from self.branches(answer.apply(here), (*answered, (question, answer)))

    def follow(self, here: Possibility) -> Foreseen:
        """The prediction in one possibility."""
        topology, source = here.topology, self.source
        target = str(self.destination.name)
        with_source = with_unknown_hosts(topology, (source,), self.six, here.placing(sender=True, towards=self.towards(topology)))
        if looks_like_address(source) and source not in with_source.namespaces and not with_source.owner(source):
            refuse(f"the host has no route to {source}, so it is not known through which device packets from there come in", source)
        with_ends = self.with_receivers(here, with_source, (target,))
        probe = probe_for(with_ends, source, self.destination)
        found = predict(with_ends, self.rulesets, probe, self.other_filters)
        for _ in range(_MOST_TRANSLATIONS):
            further = self.with_receivers(here, with_ends, _receivers(found))
            if len(further.namespaces) == len(with_ends.namespaces):
                break
            with_ends = further
            found = predict(with_ends, self.rulesets, probe, self.other_filters)
        if lost := self.lost_on_the_way(topology, with_ends, found):
            return self.follow(msgspec.structs.replace(here, unknown_outside=(*here.unknown_outside, lost)))
        settled = settling(found, self.rulesets, self.other_filters) if found.unknown else ()
        if (table := missing_table(topology, found)) and not found.unknown:
            why = f"ip rule leads to a table whose routes were not read{f' ({table})' if table < 1 << 32 else ''}"
            found = msgspec.structs.replace(found, verdict=Verdict.NOT_MEASURED, unknown=why)
            settled = (f"ip route show table {table if table < 1 << 32 else 'all'}",)
        return Foreseen(with_ends, probe, found, tuple(_assumed(here, with_ends, probe, found)), settled_by=settled)

    def lost_on_the_way(self, before: Topology, after: Topology, found: Prediction) -> str:
        """A private source that NAT on the host has made up, to which nobody outside has a route; "" if there is none."""
        last = found.request.hops[-1] if found.request.arrived else None
        if last is None or last.namespace in before.namespaces or found.back is None or not found.back.arrived:
            return ""
        return strange_source(after, self.source, last.host_trace.sent.source, last.host_trace.sent.destination)

    def towards(self, topology: Topology) -> str:
        """The address that the sender sends to, as far as it is known before there is a receiver."""
        name = str(self.destination.name)
        if name == INTERNET:
            return "2001:4860:4860::8888" if self.six else "8.8.8.8"
        return name if looks_like_address(name) and topology.owner(name) is None else ""

    def with_receivers(self, here: Possibility, topology: Topology, names: Sequence[str]) -> Topology:
        for name in names:
            address = self.towards(topology) if name == INTERNET else name
            lost = unreturned(here, topology, self.source, address) if looks_like_address(address) else ()
            lost = (*lost, *here.unknown_outside)
            topology = with_unknown_hosts(topology, (name,), self.six, here.placing(sender=False, unreturned=lost))
        return topology


def _together(first: Foreseen, found: Sequence[_Branch]) -> Foreseen:
    """What several possibilities come to."""
    ends = {_kind_of(branch) for branch in found}
    if len(ends) == 1 and len(found) <= _MOST_POSSIBILITIES:
        asked = dict.fromkeys(question for branch in found for question, _ in branch.answers if _is_told(question))
        told = tuple(Assumption(_WHICHEVER, (question.about, question.command)) for question in asked)
        return msgspec.structs.replace(first, assumptions=(*first.assumptions, *told))
    deciding = set(_deciding(found, 0)) or {question.key for branch in found for question, _ in branch.answers}
    listed = {
        tuple(answer.clause for question, answer in branch.answers if question.key in deciding): branch.foreseen.prediction
        for branch in reversed(found)
    }
    commands = (question.command for branch in found for question, _ in branch.answers if question.key in deciding)
    others = tuple(branch.foreseen.prediction for branch in found if not branch.foreseen.prediction.unknown)
    undecided = msgspec.structs.replace(first.prediction, verdict=Verdict.NOT_MEASURED, unknown=DEPENDS, others=others)
    return msgspec.structs.replace(
        first,
        prediction=undecided,
        ends=tuple(End(clauses, prediction) for clauses, prediction in reversed(listed.items())),
        settled_by=tuple(dict.fromkeys(commands)),
    )


def _kind_of(branch: _Branch) -> str:
    """How a possibility ends, as far as it matters: whether an address is nobody's or its owner is not reached is the same."""
    prediction = branch.foreseen.prediction
    if prediction.unknown:
        return prediction.unknown
    return Verdict.BLOCKED if prediction.verdict == Verdict.NOBODY else prediction.verdict


def _deciding(found: Sequence[_Branch], depth: int) -> Iterator[str]:
    """The keys of the questions whose answers lead to different ends; the branches have the same answers up to this depth."""
    if len({_kind_of(branch) for branch in found}) < 2:
        return
    groups: dict[str, list[_Branch]] = {}
    for branch in found:
        groups.setdefault(str(branch.answers[depth][1].clause), []).append(branch)
    if len({frozenset(map(_kind_of, group)) for group in groups.values()}) > 1:
        yield found[0].answers[depth][0].key
    for group in groups.values():
        yield from _deciding(group, depth + 1)


def _is_told(question: Question) -> bool:
    """Whether it is worth a line that a question made no difference: not for settings, which rarely do."""
    return not question.key.startswith(("net.", "port "))


def _assumed(here: Possibility, after: Topology, probe: Probe, found: Prediction) -> Iterator[Assumption]:
    """What was assumed about the machines at both ends, and what else has to be said."""
    before = here.topology
    if found.request.arrived:
        receiver = found.request.hops[-1].namespace
        yield from assumed_of(before, after, (probe.source, receiver))
        wanted = receiver, found.request.hops[-1].host_trace.last.destination_port, probe.protocol
        on_port = [held for held in after.servers if (held.namespace, held.port, held.protocol) == wanted]
        if after.namespaces[receiver].answers_all and probe.protocol not in after.namespaces[receiver].heard and not on_port:
            yield answers(receiver)
        if found.request.lost and on_port and receiver == HOST and Unread.LISTENERS in before.host.unread:
            yield Assumption(_PUBLISHED, (str(wanted[1]), ", ".join(held.address for held in on_port)))
    else:
        yield from assumed_of(before, after, (probe.source, probe.target))
    for address in dict.fromkeys((probe.source, probe.address)):
        twins, hop = twins_of(before, address), hop_to(before, address) if looks_like_address(address) else None
        if len(twins) > 1 and hop is not None:
            yield Assumption(_TWINS, (", ".join(held.name for held in twins), address, _signal(hop.device, twins)))
    if found.answered and (missing := ", ".join(_not_read(before, found))):
        yield Assumption(_MISSING, (missing,))
    if all(hop.namespace != HOST for hop in found.request.hops):
        yield Assumption(_ELSEWHERE)
    if found.others and not found.unknown:
        yield Assumption(_ONE_OF_SEVERAL, (str(len(found.others) + 1),))


def _not_read(before: Topology, found: Prediction) -> Iterator[str]:
    """What was not read and rarely changes anything, of what this packet met on the host."""
    hooks = {hook for hop in found.request.hops if hop.namespace == HOST for hook in hop.host_trace.hooks}
    forwarding = unread_sysctl("net.ipv6.conf.all.forwarding" if found.probe.six else "net.ipv4.ip_forward")
    wanted = [*([forwarding] if "FORWARD" in hooks else []), *([Unread.NFT, Unread.LEGACY_BACKEND] if hooks else []), Unread.RULES]
    return (command for command in wanted if command in before.host.unread)


def _signal(device: str, twins: Sequence[Interface]) -> str:
    """A device, and whether it has a carrier."""
    return f"{device} (NO-CARRIER)" if any(held.name == device and not held.carrier for held in twins) else device


def _receivers(first: Prediction) -> list[str]:
    """The destinations of the last packets: DNAT may have redirected them to a host that is not in the topology yet."""
    traces = [trace for found in (first, *first.others) for trace in found.traces if trace.hops]
    return [trace.hops[-1].host_trace.packet.destination for trace in traces]
