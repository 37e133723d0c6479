"""Packets in a simulated lab: sent through its namespaces, counted by the rules that they pass, remembered by connection tracking."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.engines.simulated.capture import Recorder
from netlab_magic.engines.simulated.nft import counted
from netlab_magic.engines.simulated.sysctls import read
from netlab_magic.engines.simulated.world import Connection, Neighbour, World
from netlab_magic.forwarding.conntrack import flow_of
from netlab_magic.forwarding.links import Ahead, links_of
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.packets import segment
from netlab_magic.forwarding.prediction import Prediction, Trace
from netlab_magic.forwarding.probe import ModelledProbe
from netlab_magic.forwarding.trace import NOBODY_ANSWERS, InFlight, Unknown
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.iptables.ruleset import PROGRAM_OF, Chain, Counters, Ruleset, Table
from netlab_magic.model import outcomes
from netlab_magic.model.packet import Packet
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import End, Topology
from netlab_magic.netfilter import NO_SETS, Cause, HostTrace, IpSets
from netlab_magic.netfilter.frame import Ends
from netlab_magic.netfilter.rule_index import Place
from netlab_magic.nftables.commands.draft import Tables

__all__ = ["Road", "Segment", "connection", "measured", "predicted_now"]

_ACK, _FIN, _DATA = ("ACK",), ("FIN", "ACK"), ("PSH", "ACK")
_TRIES = 2
"""How often a probe without an answer is sent."""

_REMEMBERED = 1000
"""So many connections of a namespace are remembered, for conntrack -L."""

_OTHER_REFUSALS = {
    ("icmp", 3, 2): outcomes.protocol_unreachable,
    **dict.fromkeys((("ipv6-icmp", 1, code) for code in (1, 5, 6)), outcomes.prohibited),
}
"""ICMP errors about a connection or a datagram that say something else than that nothing listens there."""

_IGNORE = {False: "net.ipv4.icmp_echo_ignore_all", True: "net.ipv6.icmp.echo_ignore_all"}


class Segment(msgspec.Struct, frozen=True):
    """A packet of a TCP connection after its first two: who sends it, its flags, and how many bytes of data it has."""

    is_from_client: bool
    flags: tuple[str, ...] = _ACK
    data: int = 0


def connection(asked: int = 0, answered: int = 0) -> tuple[Segment, ...]:
    """What follows SYN and SYN/ACK: where bytes are `asked` and `answered` they come first, then both sides close."""
    talk = (Segment(True, _DATA, asked), Segment(False), Segment(False, _DATA, answered), Segment(True)) if asked else ()
    return (Segment(True), *talk, Segment(True, _FIN), Segment(False, _FIN), Segment(True))


_Counts = dict[Place, tuple[int, int]]


class Road:
    """The packets of one request. `world` is the lab with what they have changed, once `arrived` has been asked."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._rules = {
            six: {name: rules for (name, family), rules in world.rules.items() if (family == "ipv6") == six} for six in (False, True)
        }
        sets = {name: IpSets(held) for name, held in world.sets.items()}
        self._other_filters = {
            name: OtherFilters(world.native(name), ordered=True, sets=sets.get(name, NO_SETS)) for name in (*world.nft, *sets)
        }
        self._counts: dict[tuple[str, str], _Counts] = {}
        self._reached: dict[str, dict[tuple[Place, int], tuple[int, int]]] = {}
        """What counters of rules of nft have counted that did not match."""
        self._neighbours: dict[str, dict[tuple[str, str], Neighbour]] = {}
        self._tracked: dict[str, dict[tuple[int, Ends], Connection]] = {}
        self._sent = world.sent
        self._recorder = Recorder(world)

    @property
    def topology(self) -> Topology:
        """The topology in which the packets are."""
        return self._world.topology

    def exchange(self, probe: Probe, segments: Sequence[Segment] = ()) -> Prediction:
        """Sends a probe's packet and what comes back, with the `segments` of a TCP connection that was made."""
        return self._exchange(self._begin(probe), segments)

    def round(self, probes: Sequence[Probe]) -> list[Prediction]:
        """Sends probes together: the echo requests of one namespace to one address have one identifier, and are one connection."""
        echoes: dict[tuple[str, str], ModelledProbe] = {}
        found = []
        for probe in probes:
            begun = self._begin(probe)
            if probe.protocol == "icmp":
                begun = echoes.setdefault((probe.source, probe.address), begun)
            found.append(msgspec.structs.replace(self._exchange(begun, connection()), probe=probe))
        return found

    def echoes(self, probe: Probe, count: int, length: int, ttl: int) -> list[Prediction]:
        """Sends as many echo requests of this length, which belong together; `ttl` 0 is the usual one."""
        begun = self._begin(probe)
        begun.packet = msgspec.structs.replace(begun.packet, length=length, ttl=ttl or begun.packet.ttl)
        return [self._exchange(begun) for _ in range(count)]

    def asked_in_vain(self, namespace: str) -> None:
        """So much time has passed that a namespace no longer asks for the neighbours that did not answer."""
        held = self._neighbours.get(namespace, {})
        held.update({key: msgspec.structs.replace(one, failed=True) for key, one in held.items() if not one.mac})

    def _begin(self, probe: Probe) -> ModelledProbe:
        self._sent += 1
        return ModelledProbe(self.topology, self._rules[probe.six], probe, self._other_filters, knows=self._knows)

    def _knows(self, namespace: str, ahead: Ahead) -> bool:
        """Whether a namespace knows a hardware address already, from before or from a packet of this request."""
        learnt = self._neighbours.get(namespace, {}).get((ahead.device, ahead.address))
        before = self._world.neighbours.get(namespace, ())
        return any(one.mac for one in ([learnt] if learnt else before) if (one.device, one.address) == (ahead.device, ahead.address))

    def _exchange(self, begun: ModelledProbe, segments: Sequence[Segment] = ()) -> Prediction:
        found = begun.predict()
        is_made = found.answered and found.later
        for trace in (*found.traces[:2], *self._talk(begun, found, segments)) if is_made else found.traces:
            self._pass(trace)
        if found.request.lost == NOBODY_ANSWERS:
            self._ask_in_vain(found.request)
        return found

    def _talk(self, begun: ModelledProbe, found: Prediction, segments: Sequence[Segment]) -> Iterator[Trace]:
        far = found.request.hops[-1]
        asked, answered = begun.packet, _reply(far.host_trace)
        for one in segments:
            pattern, namespace = (asked, found.probe.source) if one.is_from_client else (answered, far.namespace)
            packet = segment(pattern, *one.flags, data=one.data)
            try:
                yield begun.forwarder.send(InFlight(packet), namespace)
            except Unknown:
                return

    # --- what packets leave behind ----------------------------------------------------------------------------------------

    def _pass(self, trace: Trace) -> None:
        self._recorder.begin(trace)
        for at, hop in enumerate(trace.hops):
            self._recorder.came(trace, at)
            self._count(hop.namespace, hop.host_trace)
            self._track(hop.namespace, hop.host_trace)
            if hop.leaves and hop.host_trace.passed:
                self._ask(hop.leaves, hop.host_trace)
                self._recorder.went(trace, at)

    def _count(self, namespace: str, walk: HostTrace) -> None:
        counts = self._counts.setdefault((namespace, "ipv6" if walk.last.six else "ipv4"), {})
        for visit in walk.visits:
            if visit.matched:
                packets, size = counts.get(visit.line.place, (0, 0))
                counts[visit.line.place] = packets + 1, size + visit.frame.length
            elif visit.matched is False:
                for number, needed in enumerate(visit.line.counters):
                    if needed <= visit.failed:
                        reached = self._reached.setdefault(namespace, {})
                        packets, size = reached.get((visit.line.place, number), (0, 0))
                        reached[visit.line.place, number] = packets + 1, size + visit.frame.length

    def _track(self, namespace: str, walk: HostTrace) -> None:
        frame = walk.last
        if not walk.passed or not walk.hooks or frame.state in ("INVALID", "UNTRACKED", "RELATED"):
            return
        held = self._tracked.setdefault(namespace, {})
        key = frame.protocol, frame.original
        replied = frame.direction == "REPLY" or (key in held and held[key].replied)
        held[key] = Connection(frame.protocol, frame.original, frame.reply, self._sent, replied, frame.six)

    def _ask(self, leaves: End, walk: HostTrace) -> None:
        """A sender on a link first asks for the hardware address and learns it from the answer; so does the receiver."""
        frame = walk.last
        if frame.port_out:
            return
        ahead = links_of(self.topology).ahead(leaves.namespace, walk)
        if not ahead.cables:
            return
        near, far = End(leaves.namespace, ahead.device), self._above(ahead.cables[-1])
        if not self._has_asked(leaves.namespace, ahead):
            self._recorder.asked(leaves.namespace, ahead)
        self._learn_from(near, ahead.address, far)
        self._learn_from(far, ahead.asker, near)

    def _ask_in_vain(self, request: Trace) -> None:
        """A sender asked for a hardware address, and nobody answered."""
        last = request.hops[-1]
        ahead = links_of(self.topology).ahead(last.namespace, last.host_trace)
        if not self._has_asked(last.namespace, ahead):
            self._recorder.asked(last.namespace, ahead)
        self._learn(last.namespace, Neighbour(request.values["address"], request.values["device"]))

    def _has_asked(self, namespace: str, ahead: Ahead) -> bool:
        """Whether a namespace has asked for an address before, with or without an answer."""
        before = {(one.device, one.address) for one in self._world.neighbours.get(namespace, ())}
        return (ahead.device, ahead.address) in before or (ahead.device, ahead.address) in self._neighbours.get(namespace, {})

    def _above(self, end: End) -> End:
        device = self.topology.interface(end)
        return End(end.namespace, device.master) if device and device.master else end

    def _learn_from(self, mine: End, address: str, theirs: End) -> None:
        device = self.topology.interface(theirs)
        self._learn(mine.namespace, Neighbour(address, mine.interface, device.mac if device else ""))

    def _learn(self, namespace: str, neighbour: Neighbour) -> None:
        self._neighbours.setdefault(namespace, {})[neighbour.device, neighbour.address] = neighbour

    def _counted_tables(self, namespace: str, tables: Tables) -> Tables:
        """The tables of nft of a namespace with what packets have counted there."""
        ruleset = tables.ruleset
        for family in PROGRAM_OF if ruleset.tables else ():
            ruleset = counted(ruleset, self._counts.get((namespace, family), {}), {})
        return msgspec.structs.replace(tables, ruleset=counted(ruleset, {}, self._reached.get(namespace, {})))

    def arrived(self) -> World:
        """The lab after all these packets."""
        rules = dict(self._world.rules)
        for key, counts in self._counts.items():
            if key in rules and counts:
                rules[key] = _counted(rules[key], counts)
        nft = {name: self._counted_tables(name, tables) for name, tables in self._world.nft.items()}
        known = {name: {(one.device, one.address): one for one in held} for name, held in self._world.neighbours.items()}
        for name, learnt in self._neighbours.items():
            known[name] = {**known.get(name, {}), **learnt}
        tracked = {name: {(one.protocol, one.original): one for one in held} for name, held in self._world.tracked.items()}
        for name, seen in self._tracked.items():
            tracked[name] = {**tracked.get(name, {}), **seen}
        return msgspec.structs.replace(
            self._world,
            rules=rules,
            nft=nft,
            neighbours={name: tuple(held.values()) for name, held in known.items()},
            tracked={name: tuple(held.values())[-_REMEMBERED:] for name, held in tracked.items()},
            sent=self._sent,
            captured=(*self._world.captured, *self._recorder.frames),
            passed=self._recorder.passed,
        )


def _reply(walk: HostTrace) -> Packet:
    """A packet back to who sent the one that was delivered at the end of a walk."""
    frame = walk.last
    flow = flow_of(frame.packet()).turned()
    return Packet(flow.source, flow.destination, "tcp", flow.source_port, flow.destination_port)


def _counted(ruleset: Ruleset, counts: _Counts) -> Ruleset:
    tables = tuple(
        Table(table.name, tuple(_counted_chain(table.name, chain, counts) for chain in table.chains)) for table in ruleset.tables
    )
    return Ruleset(tables, ruleset.family)


def _counted_chain(table: str, chain: Chain, counts: _Counts) -> Chain:
    rules = tuple(
        msgspec.structs.replace(rule, counters=_more(rule.counters, counts[table, chain.name, number]))
        if (table, chain.name, number) in counts
        else rule
        for number, rule in enumerate(chain.rules, 1)
    )
    ended = counts.get((table, chain.name, 0))
    counters = _more(chain.counters, ended) if ended and chain.policy and chain.counters is not None else chain.counters
    return msgspec.structs.replace(chain, rules=rules, counters=counters)


def _more(counters: Counters | None, more: tuple[int, int]) -> Counters:
    held = counters or Counters()
    return Counters(held.packets + more[0], held.bytes + more[1])


# --- probes --------------------------------------------------------------------------------------------------------------------


def predicted_now(world: World, probe: Probe) -> tuple[World, Outcome, Prediction]:
    """The lab after one probe, its outcome, and what the model says of its packets."""
    after, (outcome,) = measured(world, [probe])
    return after, outcome, Road(world).exchange(probe)


def measured(world: World, probes: Sequence[Probe]) -> tuple[World, tuple[Outcome, ...]]:
    """The outcomes of probes, with the same packets as real ones: receivers ask themselves first, and silence is asked twice."""
    road = Road(world)
    known = [probe for probe in probes if probe.source in world.topology.namespaces]
    canaries = dict.fromkeys(outcomes.canary_of(probe) for probe in known if probe.target in world.topology.namespaces)
    alive = {found.probe: found for found in _asked(road, sorted(canaries, key=str))}
    found = iter(_asked(road, known))
    seen = tuple(
        _judged(world, next(found), alive) if probe.source in world.topology.namespaces else outcomes.unknown_source(probe)
        for probe in probes
    )
    return road.arrived(), seen


def _asked(road: Road, probes: Sequence[Probe]) -> list[Prediction]:
    found = road.round(probes)
    for _ in range(_TRIES - 1):
        silent = [at for at, one in enumerate(found) if _answer(one) is None and not one.unknown]
        for at, again in zip(silent, road.round([probes[at] for at in silent]), strict=True):
            found[at] = again
    return found


def _answer(found: Prediction) -> Outcome | None:
    """The outcome if the sender gets an answer, a refusal or an error; None for no answer."""
    probe = found.probe
    if found.verdict == Verdict.ANSWERED:
        return Outcome(probe, Verdict.ANSWERED)
    if found.request.hops and found.request.hops[-1].host_trace.cause == Cause.LOOPBACK_DOWN:
        return None
    at_home = len(found.request.hops) == 1 and not found.request.hops[0].host_trace.passed
    if found.later and found.verdict in (Verdict.REFUSED, Verdict.NO_ROUTE):
        return outcomes.cut_off(probe, found.verdict)
    if found.back is None and found.verdict == Verdict.NO_ROUTE:
        return outcomes.no_route(probe)
    if at_home and found.back is None and found.verdict == Verdict.BLOCKED and probe.protocol != "tcp":
        return outcomes.stopped_at_home(probe)
    if found.back is None or found.verdict not in (Verdict.REFUSED, Verdict.NO_ROUTE):
        return None
    last = found.back.hops[-1].host_trace.packet
    if probe.protocol == "icmp":
        return outcomes.echo_error(probe, last.source, last.icmp_type, last.icmp_code)
    error = last.protocol, last.icmp_type, last.icmp_code
    if error in _OTHER_REFUSALS:
        return _OTHER_REFUSALS[error](probe)
    return outcomes.connection_refused(probe) if found.verdict == Verdict.REFUSED else outcomes.no_route(probe)


def _judged(world: World, found: Prediction, alive: "dict[Probe, Prediction]") -> Outcome:
    probe = found.probe
    if found.unknown:
        return Outcome(probe, Verdict.NOT_MEASURED, why=f"the model cannot tell: {found.unknown}")
    answer = _answer(found)
    if answer is not None:
        return answer
    if found.later:
        return outcomes.connected_in_vain(probe)
    if not probe.target:
        return outcomes.nobody_has(probe)
    canary = alive.get(outcomes.canary_of(probe))
    answers_itself = canary is not None and outcomes.spoke(_answer(canary))
    if not answers_itself and (silent := _silent_to_itself(world.topology, probe)):
        return silent
    if len(found.request.hops) == 1 and found.request.lost == NOBODY_ANSWERS:
        return outcomes.nobody_answers(probe, found.request.values["address"])
    if len(found.request.hops) == 1 and not found.request.hops[0].host_trace.passed and not _knows_next_hop(world, probe):
        return outcomes.stopped_at_home(probe)
    return _no_way_back(world.topology, probe) or (outcomes.blocked if answers_itself else outcomes.blocked_without_canary)(probe)


def _knows_next_hop(world: World, probe: Probe) -> bool:
    """Whether the sender already knows the next hop's hardware address: TCP does not show where a packet was stopped then."""
    six = ":" in probe.address
    hop = links_of(world.topology).routing(probe.source, six).route(number_of(probe.address))
    known = {neighbour.address for neighbour in world.neighbours.get(probe.source, ())}
    return six or hop is None or hop.local or shown(hop.next, six) in known


def _no_way_back(topology: Topology, probe: Probe) -> Outcome | None:
    """Whether the receiver has no route back to a sender on its own network."""
    six, address = ":" in probe.address, number_of(probe.address)
    routing = links_of(topology).routing(probe.source, six)
    hop, sender = routing.route(address), routing.source_towards(address)
    if hop is None or hop.local or hop.next != address or sender is None:
        return None
    back = links_of(topology).routing(probe.target, six)
    return None if back.route(sender) else outcomes.no_way_back(probe, shown(sender, six), back.barrier(sender))


def _silent_to_itself(topology: Topology, probe: Probe) -> Outcome | None:
    """Why the receiver does not answer even itself; None if that is only because its lo is down: it would still answer others."""
    six = ":" in probe.address
    namespace = topology.namespaces.get(probe.target)
    if namespace is None or not links_of(topology).routing(probe.target, six).is_local(number_of(probe.address)):
        return outcomes.mute(probe)
    if probe.protocol == "udp" or (probe.protocol == "icmp" and read(namespace, _IGNORE[six]) != "0"):
        return outcomes.mute(probe)
    loopback = next((device for device in namespace.interfaces if device.kind == "loopback"), None)
    if loopback is None or loopback.up:
        return outcomes.mute_by_its_own_firewall(probe)
    return outcomes.own_loopback_down(probe) if probe.source == probe.target else None
