"""Predicts a probe: the path of the request and of what comes back, and the verdict that the lab would measure."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from netlab_magic.forwarding.conntrack import flow_of
from netlab_magic.forwarding.links import Links, links_of
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.packets import SOME_PORT, first_packet, reply_to, reset_for, segment, unreachable_port, verdict_of_error
from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.forwarding.trace import NOBODY_ANSWERS, Forwarder, InFlight, Knows, Unknown
from netlab_magic.i18n import message
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import End, Server, Topology
from netlab_magic.netfilter import Cause, HostTrace, every_branch, is_answer, refusal_of

__all__ = ["NO_LISTENER", "ModelledProbe", "predict"]

NO_LISTENER = message("Nothing listens on {protocol} port {port} of {namespace}.")
_OTHER_ADDRESS = message("In {namespace}, the server on {protocol} port {port} listens on {address} only.")
_NO_ANSWER = message("{namespace} ignores echo requests (net.ipv4.icmp_echo_ignore_all).")
_PROXY_SILENT = message("The proxy forwards port {port} to {target} and gets no answer from there.")
_STRANGE = message("The answer comes from {source} instead of {address}, so {namespace} does not accept it.")
_MOST_BRANCHES = 128
_NO_WAY = (Cause.NO_ROUTE, Cause.BLACKHOLE, Cause.UNREACHABLE, Cause.PROHIBIT)
_NOTHING: Mapping[str, OtherFilters] = {}


def predict(
    topology: Topology,
    rulesets: Mapping[str, Ruleset],
    probe: Probe,
    other_filters: Mapping[str, OtherFilters] = _NOTHING,
    source_port: int = SOME_PORT,
) -> Prediction:
    """Follows a probe's packet from the source's OUTPUT through each namespace to the target, and the answer back.

    A TCP connection is followed to its end, since packets after the SYN/ACK are ESTABLISHED to conntrack and may meet other rules; of echo
    requests and datagrams, only the first is.

    `rulesets` holds the iptables rules by namespace; a namespace without an entry has none. `other_filters` is what else filters there: nft
    tables, and filters that cannot be followed, which make the prediction unknown if a packet reaches them. The verdict is the one that
    the lab would measure: it waits 0.15 s, too short for a router's error about an address that no neighbour answers for. If the lab says
    "not measured" because the receiver does not even answer itself, the model still says what happens to the packets. Not modelled:
    tunnels. Raises KeyError for a source that is not in the topology.

    If a rule cannot be evaluated, for example with `-m limit` or `-m statistic`, both cases are followed, up to 128 paths in all; the
    verdict is known if all of them lead to the same one.
    """

    def follow(assumed: tuple[bool, ...]) -> tuple[Prediction, bool]:
        modelled = ModelledProbe(topology, rulesets, probe, other_filters, source_port, assumed)
        return modelled.predict(), modelled.forks

    found, forks = follow(())
    if not forks:
        return found
    branches, are_all = every_branch(follow, _MOST_BRANCHES)
    known = tuple(branch for branch in branches if not branch.unknown)
    if not are_all or len(known) < len(branches) or len({branch.verdict for branch in known}) > 1:
        return msgspec.structs.replace(found, others=known)
    return msgspec.structs.replace(known[0], others=known[1:])


class ModelledProbe:
    """One probe and what comes back. `forwarder` remembers the connection for the packets that follow.

    For `assumed` and `knows` see Forwarder; after `predict`, `forks` is set if it met an undecidable rule that `assumed` does not cover.
    """

    def __init__(
        self,
        topology: Topology,
        rulesets: Mapping[str, Ruleset],
        probe: Probe,
        other_filters: Mapping[str, OtherFilters],
        source_port: int = SOME_PORT,
        assumed: Iterable[bool] = (),
        knows: Knows | None = None,
    ) -> None:
        self.topology = topology
        self.rulesets = rulesets
        self.probe = probe
        self.other_filters = other_filters
        self.links: Links = links_of(topology)
        self.forwarder = Forwarder(self.links, rulesets, other_filters, assumed, knows)
        self.packet = first_packet(probe, self._source(), source_port)
        self.forks = False

    def _source(self) -> str:
        six = ":" in self.probe.address
        routing = self.links.routing(self.probe.source, six)
        found = routing.source_towards(number_of(self.probe.address))
        return shown(found, six) if found is not None else "::" if six else "0.0.0.0"

    def predict(self) -> Prediction:
        kind = self.links.routing(self.probe.source, ":" in self.probe.address).address_type(number_of(self.probe.address))
        if kind in ("BROADCAST", "MULTICAST"):
            why = f"{self.probe.address} is a {kind.lower()} address: several hosts may answer, or none"
            return Prediction(self.probe, Trace((), False), None, Verdict.NOT_MEASURED, why)
        try:
            request = self.forwarder.send(InFlight(self.packet), self.probe.source)
        except Unknown as end:
            self.forks = end.forks
            return Prediction(self.probe, Trace(end.hops, False), None, Verdict.NOT_MEASURED, end.why)
        try:
            return self._delivered(request) if request.arrived else self._lost(request)
        except Unknown as end:
            self.forks = end.forks
            return Prediction(self.probe, request, Trace(end.hops, False), Verdict.NOT_MEASURED, end.why)

    # --- a request that was lost ---------------------------------------------------------------------------------------

    def _lost(self, request: Trace) -> Prediction:
        last = request.hops[-1]
        own = len(request.hops) == 1
        if own and last.host_trace.cause in _NO_WAY:
            return Prediction(self.probe, request, None, Verdict.NO_ROUTE)
        if last.host_trace.answer:
            return self._refused(request, last, last.host_trace.answer)
        return Prediction(self.probe, request, None, self._silence(request))

    def _silence(self, request: Trace) -> Verdict:
        """The verdict where nothing comes back."""
        own = len(request.hops) == 1
        stopped_at_home = own and not request.hops[0].host_trace.passed
        if stopped_at_home and self.probe.protocol != "tcp":
            return Verdict.BLOCKED  # the kernel tells the program: EPERM
        if not self.probe.target or (own and request.lost == NOBODY_ANSWERS):
            return Verdict.NOBODY
        return Verdict.BLOCKED

    def _refused(self, request: Trace, last: Hop, answer: str, *, by_socket: bool = False) -> Prediction:
        back, verdict = self._refusal(request, last, answer, by_socket=by_socket)
        return Prediction(self.probe, request, back, verdict or self._silence(request))

    def _refusal(self, request: Trace, last: Hop, answer: str, *, by_socket: bool = False) -> tuple[Trace | None, Verdict | None]:
        """The ICMP error or reset with which a rule or router rejects a packet, and the verdict if it reaches the sender.

        An ICMP error sent for a closed port (`by_socket`) has no connection: UDP drops the reference first (nf_reset_ct in __udp4_lib_rcv).
        """
        refusal = refusal_of(last.host_trace, self.links.hosts[last.namespace])
        if refusal is None:
            return None, None
        if answer == "tcp-reset":
            cables = self._straight_back(last)
            reset = InFlight(refusal, attached=not cables and refusal.state == "RELATED")
            back = self._taken(self.forwarder.send(reset, last.namespace, cables))
            return back, Verdict.REFUSED if back.arrived else None
        if by_socket:
            refusal = msgspec.structs.replace(refusal, attached=False, half_attached=False)
        error = InFlight(refusal, flow_of(last.host_trace.packet), attached=refusal.state == "RELATED" and not by_socket)
        back, arrived = self.forwarder.sent(error, last.namespace)
        unsent = self.probe.protocol == "udp" and len(request.hops) == 1 and last.host_trace.hooks[-1] in ("OUTPUT", "POSTROUTING")
        verdict = None if unsent and not request.arrived else verdict_of_error(self.probe.protocol, answer)  # send() fails (ip_send_skb)
        mine = back.arrived and back.hops[-1].namespace == self.probe.source and arrived.quoted == flow_of(self.packet)
        return back, verdict if mine else None

    def _straight_back(self, last: Hop) -> tuple[End, ...]:
        """A reset for a frame from a bridge's port leaves through that port and passes no rules (nf_send_reset in nf_reject_ipv4.c)."""
        if last.enters is None or not last.host_trace.sent.port_in or not self.links.hosts[last.namespace].bridge_nf:
            return ()
        return self.links.cables(last.enters, last.host_trace.packet.source, last.host_trace.packet.destination) or ()

    # --- a request that was delivered ------------------------------------------------------------------------------------

    def _delivered(self, request: Trace) -> Prediction:
        last = request.hops[-1]
        if self.probe.protocol == "icmp":
            return self._echoed(request, last)
        server = self._listener(last)
        if server is None:
            values = {"protocol": self.probe.protocol, "port": str(last.host_trace.last.destination_port), "namespace": last.namespace}
            elsewhere = next((other.address for other in self._on_port(last)), "")
            refused = Trace(request.hops, True, _OTHER_ADDRESS if elsewhere else NO_LISTENER, {**values, "address": elsewhere})
            if self.probe.protocol == "udp":
                return self._port_unreachable(refused, last)
            back = self.forwarder.send(InFlight(reset_for(last.host_trace)), last.namespace)
            return self._answered(refused, back, Verdict.REFUSED)
        return self._served(request, last, server)

    def _echoed(self, request: Trace, last: Hop) -> Prediction:
        sysctls = self.topology.namespaces[last.namespace].sysctls
        ignore = "net.ipv6.icmp.echo_ignore_all" if last.host_trace.last.six else "net.ipv4.icmp_echo_ignore_all"
        if sysctls.get(ignore, "0") != "0":
            silent = Trace(request.hops, True, _NO_ANSWER, {"namespace": last.namespace})
            return Prediction(self.probe, silent, None, self._silence(silent))
        back = self.forwarder.send(InFlight(reply_to(last.host_trace)), last.namespace)
        verdict = Verdict.ANSWERED if back.arrived else self._silence(request)
        return Prediction(self.probe, request, back, verdict)

    def _listener(self, last: Hop) -> Server | None:
        frame = last.host_trace.last
        address = shown(frame.destination, frame.six)
        place = self.topology.namespaces[last.namespace]
        if place.answers_all and self.probe.protocol not in place.heard and not any(self._on_port(last)):
            return Server(last.namespace, frame.destination_port, self.probe.protocol)
        return next((server for server in self._on_port(last) if server.listens_on(address)), None)

    def _on_port(self, last: Hop) -> Iterator[Server]:
        """The server that listens on the port, on any address."""
        wanted = last.namespace, last.host_trace.last.destination_port, self.probe.protocol
        return (server for server in self.topology.servers if (server.namespace, server.port, server.protocol) == wanted)

    def _port_unreachable(self, request: Trace, last: Hop) -> Prediction:
        answer = unreachable_port(last.host_trace.last.six)
        refused = Hop(last.namespace, _answering(last.host_trace, answer), last.enters)
        return self._refused(request, refused, answer, by_socket=True)

    def _served(self, request: Trace, last: Hop, server: Server) -> Prediction:
        source = None
        if server.protocol == "udp":
            if server.kind == "other":
                raise Unknown(f"the server on udp port {server.port} of {server.namespace} may or may not answer")
            if server.kind == "proxy" and not self._passed_on(server):
                silent = Trace(request.hops, True, _PROXY_SILENT, {"target": server.target, "port": str(server.port)})
                return Prediction(self.probe, silent, None, self._silence(silent))
            source = self._proxy_address(last, server) if server.kind == "proxy" else None
        back = self.forwarder.send(InFlight(reply_to(last.host_trace, source)), last.namespace)
        return self._answered(request, back, Verdict.ANSWERED)

    def _proxy_address(self, last: Hop, server: Server) -> str | None:
        """The address that docker-proxy answers a datagram from: the one it listens on, or the one that routing chooses."""
        frame = last.host_trace.last
        towards = self.links.routing(last.namespace, frame.six).source_towards(frame.source)
        bound = server.address not in ("", "0.0.0.0", "::")
        return server.address if bound else (shown(towards, frame.six) if towards is not None else None)

    def _passed_on(self, server: Server) -> bool:
        """Whether the container behind a proxy answers it."""
        address, port = server.behind
        owner = self.topology.owner(address)
        further = Probe(server.namespace, address, address, owner.namespace if owner else "", server.protocol, port)
        found = predict(self.topology, self.rulesets, further, self.other_filters)
        if found.unknown:
            raise Unknown(found.unknown)
        return found.answered

    # --- what comes back -----------------------------------------------------------------------------------------------

    def _answered(self, request: Trace, back: Trace, verdict: Verdict) -> Prediction:
        """The verdict if the answer reaches the sender."""
        back = self._taken(back)
        if not back.arrived:
            return Prediction(self.probe, request, back, self._silence(request))
        if self.probe.protocol == "tcp" and verdict == Verdict.ANSWERED:
            return self._connected(request, back)
        return Prediction(self.probe, request, back, verdict)

    def _taken(self, back: Trace) -> Trace:
        """The trace of the answer; the sender discards it if it does not belong to the request."""
        if not back.arrived:
            return back
        final = back.hops[-1]
        if is_answer(final.host_trace.packet, self.packet) and final.namespace == self.probe.source:
            return back
        values = {"source": _place(final.host_trace), "address": self.probe.address, "namespace": final.namespace}
        return Trace(back.hops, False, _STRANGE, values)

    # --- a connection that was made ----------------------------------------------------------------------------------------

    def _connected(self, request: Trace, back: Trace) -> Prediction:
        """Follows the rest of a connection: it succeeds when its end is acknowledged, as for the lab's own probe.

        The server closes at once too, as the lab's servers do, so the acknowledgement is a FIN/ACK.
        """
        later: list[Trace] = []
        try:
            verdict = self._talk(later)
        except Unknown as end:
            self.forks = end.forks
            return Prediction(self.probe, request, back, Verdict.NOT_MEASURED, end.why, later=(*later, Trace(end.hops, False)))
        return Prediction(self.probe, request, back, verdict, later=tuple(later))

    def _talk(self, later: list[Trace]) -> Verdict:
        """Sends the third packet of the handshake and the end of the connection, until one is refused; the traces go into `later`."""
        for flags in ("ACK",), ("FIN", "ACK"):
            trip = self.forwarder.send(InFlight(segment(self.packet, *flags)), self.probe.source)
            later.append(trip)
            last = trip.hops[-1]
            if not trip.arrived and last.host_trace.answer:
                error, verdict = self._refusal(trip, last, last.host_trace.answer)
                later += [] if error is None else [error]
                if verdict:
                    return verdict
        if not trip.arrived:
            return Verdict.BLOCKED
        closing = InFlight(segment(reply_to(last.host_trace), "FIN", "ACK"))
        later.append(self._taken(self.forwarder.send(closing, last.namespace)))
        return Verdict.ANSWERED if later[-1].arrived else Verdict.BLOCKED


def _place(walk: HostTrace) -> str:
    return f"{walk.packet.source}:{walk.packet.source_port}"


def _answering(walk: HostTrace, answer: str) -> HostTrace:
    return msgspec.structs.replace(walk, answer=answer)
