"""What the walk expects of a connection, round after round, and what the kernel did: the two side by side."""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from agreement.cases import Case
from agreement.kernel import Kernel
from agreement.reporting import Place
from agreement.talks import Talk
from agreement.world import IPV4, IPV6, PORTS, host
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter import Conversation, Host, HostTrace, Outcome, RuleVisit, every_branch, refusal_of, reply_to, walk
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["Expected", "Judged", "expectations", "judged"]

Walker = Callable[[Packet], Iterable[HostTrace]]
_PATIENCE = 12
_UNTRACKED = ("INVALID", "UNTRACKED")


class Expected(msgspec.Struct):
    """One round of a connection: packets and what they bring about, until the next answer; None in `answered` allows for both.

    `more` allows for packets that are nobody's business here: a reply that its receiver does not recognise is refused by it.
    """

    walks: list[HostTrace]
    answered: bool | None
    more: bool = False

    def orders(self, variant: str) -> list[list[RuleVisit]]:
        """The steps as the kernel may tell them: nft tells a rule that rejects after what the answer met, which goes out meanwhile, and
        which may come in again, through lo, before or after.
        """
        if not any(_is_told_late(found, variant) for found in self.walks):
            return [[step for found in self.walks for step in found.visits]]
        return [_nested(self.walks, variant, whole=whole) for whole in (False, True)]

    def differs_at(self, order: list[RuleVisit], seen: list[Place], *, ends: bool) -> tuple[list[Place], list[Place]] | None:
        """What is left of the walk's and of the kernel's steps where the two go apart; None when they do not.

        A rule of which nobody can tell whether it matches, and which does nothing but look at packets, may be there or not. Without
        `ends`, those of chains are not compared.
        """
        wanted, at = [step for step in order if step.matched is not False and (ends or step.rule)], 0
        seen = seen if ends else [place for place in seen if place[2]]
        for number, step in enumerate(wanted):
            if seen[at : at + 1] == [_place(step)]:
                at += 1
            elif step.matched:
                return [_place(each) for each in wanted[number:]], seen[at:]
        return None if self.more or at == len(seen) else ([], seen[at:])


def _place(step: RuleVisit) -> Place:
    return step.table, step.chain, step.rule or 0


def _is_told_late(found: HostTrace, variant: str) -> bool:
    """Whether a rule of nft rejects: legacy tells of a rule before it does what that says."""
    return found.outcome == Outcome.REJECTED and (variant == "nft" or found.visits[-1].line.is_native)


def _nested(walks: list[HostTrace], variant: str, *, whole: bool) -> list[RuleVisit]:
    steps = list(walks[0].visits) if walks else []
    if not walks or not walks[1:]:
        return steps
    after = _nested(walks[1:], variant, whole=whole)
    if not _is_told_late(walks[0], variant):
        return steps + after
    if walks[-1].outcome == Outcome.UNKNOWN:  # and so is when the rule is told
        return [*steps[:-1], *after]
    comes_in = ("INGRESS", "PREROUTING", "INPUT")
    meanwhile = len(after) if whole else next((at for at, step in enumerate(after) if step.hook in comes_in), len(after))
    return [*steps[:-1], *after[:meanwhile], steps[-1], *after[meanwhile:]]


class Judged(msgspec.Struct):
    """A round in model and kernel."""

    expected: Expected
    answered: bool
    places: list[Place]
    variant: str
    ordered: bool

    @property
    def difference(self) -> tuple[list[Place], list[Place]] | None:
        """What the walk and what the kernel has left where they go apart."""
        orders = self.expected.orders(self.variant)
        found = [self.expected.differs_at(order, self.places, ends=self.ordered) for order in orders]
        return None if None in found else found[0]

    @property
    def agrees(self) -> bool:
        return self.expected.answered in (None, self.answered) and self.difference is None


_MOST_BRANCHES = 256

Sequel = tuple[Expected, Packet | None]
"""A round, and the packet that the next one begins with, None after the last."""


def expectations(
    case: Case, ruleset: Ruleset, native: NftRuleset, kernel: Kernel, *, branching: bool
) -> Iterator[list[Expected]]:
    """What may happen, one list of rounds each: just one when nothing has to be guessed, else all that may be."""
    there = host(case.setting, kernel.firewall.variant)

    def walker(packet: Packet) -> Iterable[HostTrace]:
        def follow(assumed: tuple[bool, ...]) -> tuple[HostTrace, bool]:
            found = walk(packet, ruleset, there, assumed=assumed, native=native, ordered=case.ordered, sets=kernel.sets)
            return found, found.forks

        return every_branch(follow, _MOST_BRANCHES)[0] if branching else (follow(())[0],)

    for first, packet in _round(case, case.packet, walker, there):
        if packet is None or branching:
            yield [first]
        else:
            yield from ([first, second] for second, _ in _round(case, packet, walker, there))


def _round(case: Case, packet: Packet, walker: Walker, there: Host) -> Iterator[Sequel]:
    again = case.packet.protocol == "udp"
    for request in walker(packet):
        if request.outcome == Outcome.UNKNOWN or _is_lost(request):
            yield Expected([request], answered=None, more=True), None
        elif not request.passed:
            for walks in _refused(request, walker, there):
                told = walks[-1].outcome != Outcome.UNKNOWN
                yield Expected(walks, answered=False, more=not told), _next(case.packet, walks) if again and told else None
        elif not _is_received(request):
            yield Expected([request], answered=False), _next(case.packet, [request]) if again else None
        else:
            yield from _answered(case, request, walker, there)


def _port_closed(request: HostTrace, there: Host) -> Packet:
    """What the receiver sends back where nobody listens: a reset, which keeps the type of service (tcp_v4_send_reset), or an ICMP error,
    which is internetwork control (icmp_send).
    """
    back, last = reply_to(request, there), request.last
    if back.protocol == "tcp":
        return msgspec.structs.replace(back, flags=frozenset(("RST", "ACK")), length=60 if last.six else 40, tos=last.tos & 0xFC)
    header, most = (48, 1280) if last.six else (28, 576)
    return msgspec.structs.replace(
        back,
        protocol="ipv6-icmp" if last.six else "icmp",
        connection_protocol=back.protocol,
        source_port=0,
        destination_port=0,
        icmp_type=1 if last.six else 3,
        icmp_code=4 if last.six else 3,
        length=min(last.length + header, most),
        tos=0 if last.six else last.tos & 0x1E | 0xC0,
        state="RELATED" if back.state == "ESTABLISHED" else "INVALID",
        status=back.status - {"SEEN_REPLY"},
    )


def _answered(case: Case, request: HostTrace, walker: Walker, there: Host) -> Iterator[Sequel]:
    """The rounds whose request has arrived."""
    tcp, closed = case.packet.protocol == "tcp", "icmp" not in request.packet.protocol and request.packet.destination_port not in PORTS
    answer = _port_closed(request, there) if closed else reply_to(request, there)
    if request.sent.flags >= {"ACK"}:
        answer = msgspec.structs.replace(answer, flags=frozenset(("ACK",)), length=_segment(case))
    for reply in walker(answer):
        answered = Conversation(request, reply).answered and not closed
        stray = reply.passed and not answered and not closed
        untracked = request.last.state in _UNTRACKED  # its reply may have begun a connection of its own
        goes_on = not (stray or closed or tcp or untracked) and (answered or case.packet.protocol == "udp")
        for walks in [[reply]] if reply.passed else _refused(reply, walker, there):
            so_far = [request, *walks]
            expected = Expected(so_far, answered, more=stray)
            packet = _next(case.packet, so_far)
            if reply.outcome == Outcome.UNKNOWN:
                expected = Expected(so_far, answered=None, more=True)
            if tcp and answered and request.sent.flags == {"SYN"}:
                third = msgspec.structs.replace(packet, flags=frozenset(("ACK",)), length=_segment(case))
                yield from _shaken(case, so_far, third, walker, there)
            else:
                yield expected, packet if goes_on and expected.answered is not None else None


def _segment(case: Case) -> int:
    """The bytes of a packet of a TCP connection after its first two, without data: the headers, with a time stamp."""
    return 72 if case.six else 52


def _shaken(case: Case, so_far: list[HostTrace], packet: Packet, walker: Walker, there: Host) -> Iterator[Sequel]:
    """The end of TCP's handshake, which is a packet more, before there are data."""
    for third in walker(packet):
        if third.passed:
            data = msgspec.structs.replace(
                packet, flags=frozenset(("PSH", "ACK")), length=_segment(case) + case.size, connection_mark=third.last.connection_mark
            )
            tracked = packet.state == "ESTABLISHED"
            known = tracked and not _is_lost(third)
            yield Expected([*so_far, third], answered=True if known else None, more=not known), data if known else None
        elif third.outcome == Outcome.UNKNOWN:
            yield Expected([*so_far, third], answered=None, more=True), None
        else:
            for walks in _refused(third, walker, there):
                yield Expected([*so_far, *walks], answered=None), None


def _next(packet: Packet, walks: list[HostTrace]) -> Packet:
    """The second packet of a program, with what connection tracking remembers of the first and its answer."""
    request = walks[0].last
    if request.state in _UNTRACKED or not (walks[0].passed or "CONFIRMED" in request.status):
        return packet
    mark, seen = request.connection_mark, "SEEN_REPLY" in request.status
    for found in walks[1:]:
        decided = found.decided_by
        stopped_before = not found.passed and decided is not None and len(found.hooks) == 1 and decided.frame.state == "INVALID"
        if found.last.state not in _UNTRACKED and not stopped_before:
            mark, seen = found.last.connection_mark, seen or found.last.state == "ESTABLISHED"
    if packet.protocol == "tcp" and not seen:  # an ACK after nothing but a SYN (sIV of tcp_conntracks in nf_conntrack_proto_tcp.c)
        return msgspec.structs.replace(packet, state="INVALID")
    told = walks[0].packet
    return msgspec.structs.replace(
        packet,
        state="ESTABLISHED" if seen else "NEW",
        status=frozenset(("CONFIRMED", *(("SEEN_REPLY",) if seen else ()), *(("ASSURED",) if packet.protocol == "tcp" else ()))),
        original=told.original,
        reply=told.reply,
        connection_mark=mark,
    )


def _is_lost(request: HostTrace) -> bool:
    """Whether a packet goes on as no part of its connection any more: untranslated, whoever gets it does not know it."""
    return request.passed and request.sent.state == "ESTABLISHED" and request.last.state in _UNTRACKED


def _is_received(request: HostTrace) -> bool:
    """Whether the receiver takes it: it drops what comes from one of its own addresses (fib_validate_source)."""
    packet, network = request.packet, IPV6 if request.last.six else IPV4
    if request.outcome == Outcome.DELIVERED:
        return True
    owner = network.owner(packet.destination)
    known = (*network.addresses.values(), network.second, *network.bridges, network.outside)
    return bool(owner) and packet.source in known and network.owner(packet.source) != owner


def _refused(walked: HostTrace, walker: Walker, there: Host) -> Iterator[list[HostTrace]]:
    """The packet that got no further, with what its sender is told, and what is said about that in turn."""
    refusal = refusal_of(walked, there) if walked.outcome != Outcome.UNKNOWN else None
    if refusal is None:
        yield [walked]
        return
    for answer in walker(refusal):
        if answer.passed or answer.outcome == Outcome.UNKNOWN:
            yield [walked, answer]
        else:
            for more in _refused(answer, walker, there):
                yield [walked, *more]


def judged(case: Case, alternatives: list[list[Expected]], kernel: Kernel) -> list[Judged]:
    """Sends the packets of the case, whose rules are loaded, and compares with the first alternative that fits, else with the first."""
    kernel.quiet()
    talk = kernel.talk(case)
    found: list[Judged] = []
    try:
        for number in range(max(len(rounds) for rounds in alternatives)):
            fitting = [rounds[number] for rounds in alternatives if number < len(rounds)]
            found.append(_one(fitting, talk, kernel))
            if not found[-1].agrees:
                break
    finally:
        talk.close()
        kernel.quiet()
    return found


def _one(fitting: list[Expected], talk: Talk, kernel: Kernel) -> Judged:
    """Sends one packet and waits until what came of it is as expected, or for about 30 ms: packets between namespaces take 0.05."""
    talk.send()
    places: list[Place] = []
    answered = False
    tries = 0

    def judge(one: Expected) -> Judged:
        return Judged(one, answered, places, kernel.firewall.variant, talk.case.ordered)

    while True:
        if kernel.serve():
            tries = 0
        answered = talk.answered() or answered
        places += kernel.places()
        chosen = next((judgement for one in fitting if (judgement := judge(one)).agrees), None)
        if chosen and (tries >= 1 or chosen.expected.answered):
            return chosen
        if tries >= _PATIENCE:
            return chosen or judge(fitting[0])
        tries += 1
        if tries > 1:
            _pause(tries)


def _pause(tries: int) -> None:
    import time

    time.sleep(0.0003 * tries**1.6)
