"""The hooks that a packet passes, and what happens to it between them: routing, switching, connection tracking's translation."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.numbers import shown
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter.hook import Stopped
from netlab_magic.netfilter.ip_sets import NO_SETS, IpSets
from netlab_magic.netfilter.links import AtLinks
from netlab_magic.netfilter.policy import Asked
from netlab_magic.netfilter.result import Cause, HostTrace, Outcome
from netlab_magic.netfilter.routing import Host, NextHop, Routing
from netlab_magic.netfilter.table import Undecided
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["routing_of", "walk"]

_ROUTINGS: Remembered[Host, Routing] = Remembered(Routing, 512)
_ROUTING_ANSWERS = {
    "": ("icmp-net-unreachable", "icmp6-no-route"),
    Cause.BLACKHOLE: ("", ""),
    Cause.UNREACHABLE: ("icmp-host-unreachable", "icmp6-no-route"),
    Cause.PROHIBIT: ("icmp-admin-prohibited", "icmp6-adm-prohibited"),
}


def routing_of(host: Host | None, six: bool) -> Routing | None:
    """The routes of a host in one family; None where no host is known."""
    return None if host is None else _ROUTINGS.of(host, six)


def walk(
    packet: Packet,
    ruleset: Ruleset,
    host: Host | None = None,
    towards: str | None = None,
    assumed: Iterable[bool] = (),
    native: NftRuleset | None = None,
    ordered: bool = False,
    sets: IpSets = NO_SETS,
) -> HostTrace:
    """The trace of `packet` through `ruleset`, the rules of iptables, and `native`, those of nft, on `host`.

    A packet with an input interface comes from outside, one without is sent by a program on the host. Without a host, `packet.output`
    says where routing would send it ("" for the host itself), and `packet.port_out` that it stays on its bridge. `towards` is the bridge
    port that leads to the frame's receiver, "" for the bridge itself, None to find it by the destination. `assumed` says, for each
    undecidable rule in order, whether it is taken to match, and for base chains with one priority, whether the order followed is right:
    the kernel runs the youngest first, which a listing does not show. With `ordered`, the order is known. `sets` are those of ipset.

    Not modelled: accept_local, ICMP redirects, neighbours that do not answer, fragments, conntrack zones, and the port
    that NAT chooses when the old one is not possible. Raises ValueError for an invalid address or protocol.
    """
    pipeline = _Pipeline(packet, ruleset, host, assumed, towards, native, sets)
    pipeline.ordered = ordered
    return pipeline.walk()


class _Unrouted(Exception):
    """Which route a packet takes cannot be told; with `forks`, the answer to one question would tell."""

    def __init__(self, why: str, *, forks: bool = False) -> None:
        super().__init__(why)
        self.forks = forks


class _Pipeline(AtLinks):
    """One packet on its path through the hooks."""

    def __init__(
        self,
        packet: Packet,
        ruleset: Ruleset,
        host: Host | None,
        assumed: Iterable[bool],
        towards: str | None,
        native: NftRuleset | None,
        sets: IpSets,
    ) -> None:
        super().__init__(packet, ruleset, native, routing_of(host, ":" in packet.source), host.variant if host else "", assumed, sets)
        self.sent = packet
        self.towards = towards
        self.redirected = False
        self.hop: NextHop | None = None

    def rerouted(self) -> None:
        """See AtHooks (nf_nat_ipv4_local_fn)."""
        self.device_towards(self.frame.destination)

    def walk(self) -> HostTrace:
        try:
            outcome = self.arrive() if self.frame.input else self.leave()
        except Stopped as end:
            return self.result(end.outcome, end.why, end.answer, cause=end.cause)
        except Undecided as end:
            doubt = f"{end.line} {end.why}"
            found = self.result(Outcome.UNKNOWN, f"unknown because {doubt}")
            return msgspec.structs.replace(found, doubt=doubt, undecided=end.line.place, forks=end.forks)
        except _Unrouted as end:
            found = self.result(Outcome.UNKNOWN, f"unknown because {end}")
            return msgspec.structs.replace(found, doubt=str(end), forks=end.forks)
        return self.result(outcome, f"it is {outcome}")

    def result(self, outcome: Outcome, why: str, answer: str = "", cause: Cause | None = None) -> HostTrace:
        steps = tuple(self.entries), tuple(self.hooks)
        lost = self.keeps_from_neighbours
        return HostTrace(self.sent, *steps, outcome, why, self.frame, answer, cause=cause, hop=self.hop, keeps_from_neighbours=lost)

    def arrive(self) -> Outcome:
        """A packet from outside."""
        self.enter()
        before, bridge, routing = self.frame.destination, self.frame.input, self.routing
        if not self.frame.port_in:
            port = ""
        elif self.towards is not None:
            port = self.towards
        else:
            port = routing.port_to(bridge, before) if routing else self.frame.port_out
        if self.frame.output or self.frame.port_out:
            self.change(output="", port_out="")
        if self.frame.port_in and routing and not routing.shows_bridged:
            self.on_bridge("PREROUTING")
            if port:
                self.check_port(port)
                self.change(port_out=port, output=bridge)
                self.on_bridge("FORWARD")
                self.on_bridge("POSTROUTING")
                self.through_device("EGRESS", port)
                return Outcome.FORWARDED
            self.pass_up()
            self.change(port_in="")  # it is br_netfilter that remembers the port (nf_bridge_alloc)
        if self.frames:
            self.on_bridge("PREROUTING", lambda: self.prerouting_of_ip(before))
        else:
            self.hook("PREROUTING")
        # br_nf_pre_routing_finish: a frame with a new destination is routed, but stays on its bridge if the way leads there
        self.redirected = bool(routing and self.frame.port_in and self.frame.destination != before)
        return self.switch(port) if port and not self.redirected else self.route()

    def prerouting_of_ip(self, before: int) -> None:
        """IP's hook in that of the bridge: a frame with a new destination is routed at once (br_nf_pre_routing_finish)."""
        self.hook("PREROUTING")
        if self.routing and self.frame.port_in and self.frame.destination != before:
            self.refuse_martians()

    def check_port(self, port: str) -> None:
        """A bridge does not send a frame back out of the port it came in on, unless hairpin mode is on (should_deliver)."""
        if port == self.frame.port_in and not (self.routing and port in self.routing.hairpins):
            why = f"the bridge {self.frame.input} does not send a frame back out of {port}, the port it came in on"
            raise Stopped(Outcome.DROPPED, why, cause=Cause.HAIRPIN)

    def switch(self, port: str) -> Outcome:
        """A bridged frame: not routed, its TTL stays, and POSTROUTING sees no input (br_nf_forward_ip, br_nf_post_routing)."""
        self.check_port(port)
        self.change(output=self.frame.input, port_out=port)
        self.on_bridge("FORWARD", lambda: self.hook("FORWARD"))
        self.on_bridge("POSTROUTING")
        self.change(input="")
        self.hook("POSTROUTING")
        self.confirm()
        self.through_device("EGRESS", port)
        return Outcome.FORWARDED

    def route(self) -> Outcome:
        """The routing decision of a packet from outside: IPv6 looks for a route before it asks whether the host forwards (ip6_pkt_drop)."""
        frame = self.frame
        if self.routing is None:
            return self.forward(self.sent.output) if self.sent.output else self.deliver()
        if not self.redirected:
            self.pass_up()
        self.refuse_martians()
        if self.redirected and self.frames and not self.port_back_to_bridge():
            self.pass_up()
        # To ::1, only routes of the input device count, whatever NAT has made of the packet (rt6_need_strict in ip6_route_input_lookup).
        strict = frame.six and self.routing.is_loopback(frame.destination) and frame.input != "lo"
        if not strict and self.routing.address_type(frame.destination) in ("LOCAL", "BROADCAST", "MULTICAST", "ANYCAST"):
            return self.deliver()
        if frame.six and self.redirected and (port := self.port_back_to_bridge()):
            return self.switch(port)  # before the kernel checks whether the host forwards (br_nf_pre_routing_finish_ipv6)
        hop = self.routing.route_through(frame.input, frame.destination) if strict else self.hop_towards(frame.destination)
        if not self.routing.forwards and (hop is not None or not frame.six):
            key = "net.ipv6.conf.all.forwarding" if frame.six else "net.ipv4.ip_forward"
            raise Stopped(Outcome.DROPPED, f"the host does not forward ({key} is 0)", cause=Cause.NOT_FORWARDING)
        if hop is None:  # a frame with a new destination and no route is freed in silence (br_nf_pre_routing_finish_ipv6)
            raise self.no_way(frame.destination, answers=not (frame.six and self.redirected))
        return self.forward(hop.device)

    def no_way(self, destination: int, *, answers: bool) -> Stopped:
        """Why routing refuses an address, and the ICMP error for outside senders (ip_error, ip6_rt_init_dst_reject)."""
        six = self.frame.six
        cause = self.routing.barrier(destination, self.question(destination)) if self.routing else ""
        answer = _ROUTING_ANSWERS[cause][six] if answers else ""
        why = f"a route of the host is a {cause} for" if cause else "the host has no route to"
        return Stopped(Outcome.DROPPED, f"{why} {shown(destination, six)}", answer, Cause(cause) if cause else Cause.NO_ROUTE)

    def refuse_martians(self) -> None:
        """No packet from outside has a source of the host's own, or comes from or goes to 127.0.0.0/8 (ip_route_input_slow)."""
        frame, routing = self.frame, self.routing
        if routing is None or frame.six:
            return
        loops = routing.is_loopback(frame.source) or routing.is_loopback(frame.destination)
        if frame.source in routing.local or (loops and not routing.takes_loopback(frame.input)):
            wrong = frame.destination if routing.is_loopback(frame.destination) else frame.source
            raise Stopped(Outcome.DROPPED, f"{shown(wrong, False)} cannot come in from outside (a martian)", cause=Cause.MARTIAN)
        device = routing.devices.get(frame.input)
        if device is not None and device.reverse_path and not self.is_expected(routing):
            why = f"answers to {shown(frame.source, False)} would not leave through {frame.input} (rp_filter)"
            raise Stopped(Outcome.DROPPED, why, cause=Cause.REVERSE_PATH)

    def is_expected(self, routing: Routing) -> bool:
        """Whether rp_filter lets the packet in. A mark counts only with the sysctl src_valid_mark."""
        frame, output = self.frame, "lo"
        if routing.policy is not None and routing.address_type(frame.destination) == "UNICAST":
            hop = routing.hop_for(self.question(frame.destination))
            if hop is None:
                return True  # it has no way on, which is found out before
            output = hop.device
        asked = (Asked(frame.source, frame.destination, output, mark, frame.tos) for mark in {0, frame.mark})
        answers = {routing.expects(one, frame.input) for one in asked}
        if len(answers) > 1:
            raise _Unrouted(f"rp_filter is on for {frame.input}, and whether the mark counts for it depends on src_valid_mark")
        return answers.pop()

    def forward(self, output: str) -> Outcome:
        """A routed packet: its TTL counts down before the rules see it (ip_forward)."""
        if self.redirected and (port := self.port_back_to_bridge()):
            return self.switch(port)
        if self.frame.ttl <= 1:
            answer = "icmp6-time-exceeded" if self.frame.six else "icmp-time-exceeded"
            raise Stopped(Outcome.DROPPED, "its TTL has expired", answer, Cause.TTL)
        self.change(output=output, ttl=self.frame.ttl - 1)
        self.hook("FORWARD")
        self.hook("POSTROUTING")
        self.send_out()
        return Outcome.FORWARDED

    def port_back_to_bridge(self) -> str:
        """The port of the incoming bridge through which the new destination is reached; "" if it is reached elsewhere."""
        hop = self.hop_towards(self.frame.destination) if self.routing else None
        return self.routing.port_to(hop.device, hop.next) if self.routing and hop and hop.device == self.frame.input else ""

    def deliver(self) -> Outcome:
        self.hook("INPUT")
        return Outcome.DELIVERED

    def leave(self) -> Outcome:
        """A packet that a program on the host sends: routed before OUTPUT, and again if OUTPUT changed its destination."""
        if self.frame.port_out:
            return Outcome.SENT  # a reset that REJECT sends straight out of a bridge's port (nf_send_reset)
        before = self.frame.destination
        self.change(output=self.device_towards(before))
        self.hook("OUTPUT")
        if self.frame.destination != before:
            self.change(output=self.device_towards(self.frame.destination))
        elif self.hop is not None and self.hop.device != self.frame.output:  # another table of routes, for its mark or type of service
            self.change(output=self.hop.device)
        self.hook("POSTROUTING")
        if self.routing and self.routing.is_local(self.frame.destination):
            return self.loop_back()
        self.send_out()
        return Outcome.SENT

    def marked_in_output(self) -> None:
        """See AtHooks (ip_route_me_harder). The source stays."""
        if self.routing is not None and self.routing.policy is not None and self.hop_towards(self.frame.destination) is None:
            raise self.no_way(self.frame.destination, answers=False)

    def question(self, destination: int) -> Asked:
        """What a route to an address is looked up for."""
        return Asked(destination, self.frame.source, self.frame.input or "lo", self.frame.mark, self.frame.tos)

    def hop_towards(self, destination: int) -> NextHop | None:
        """The next hop on the way to an address, by the routes and `ip rule`."""
        if self.routing is not None:
            plain = self.routing.policy is None
            self.hop = self.routing.route(destination) if plain else self.routing.hop_for(self.question(destination))
            if self.hop is not None and self.hop.others:
                self.hop = self.one_of(self.hop, destination)
        return self.hop

    def one_of(self, hop: NextHop, destination: int) -> NextHop:
        """One of several next hops: the kernel chooses by a hash of the addresses (fib_multipath_hash), the model follows each."""
        why = f"a route of the host to {shown(destination, self.frame.six)} has several next hops"
        if not self.frame.input and self.frame.direction == "ORIGINAL" and len(set(self.sources((hop, *hop.others)))) > 1:
            raise _Unrouted(why)  # the source that a program gets depends on the choice
        *first, last = hop, *hop.others
        for each in first:
            is_chosen = next(self.assumed, None)
            if is_chosen is None:
                raise _Unrouted(why, forks=True)
            if is_chosen:
                return each
        return last

    def sources(self, hops: Sequence[NextHop]) -> Iterator[int | None]:
        """The source that a program gets on each way."""
        for hop in hops if self.routing else ():
            towards = self.frame.destination if self.frame.six else hop.next
            yield hop.source if hop.source is not None else self.routing.source_for(hop.device, towards) if self.routing else None

    def device_towards(self, destination: int) -> str:
        if self.routing is None:
            return self.sent.output
        hop = self.hop_towards(destination)
        if self.routing.policy and self.frame.direction == "ORIGINAL":
            early = msgspec.structs.replace(self.question(destination), source=0)
            if self.routing.hop_for(early) != hop:  # a program that is bound to no address asks without one first (ip_route_connect)
                raise _Unrouted("ip rule chooses another table once the packet has a source address")
        if hop is None:
            raise self.no_way(destination, answers=False)
        from_loopback = not self.frame.six and self.routing.is_loopback(self.frame.source)
        if from_loopback and not self.routing.takes_loopback(hop.device):  # __mkroute_output
            why = f"nothing leaves the host from its loopback address {shown(self.frame.source, self.frame.six)}"
            raise Stopped(Outcome.DROPPED, why, cause=Cause.MARTIAN)
        return hop.device

    def loop_back(self) -> Outcome:
        """A packet from the host to itself comes in again through lo, with its connection, whose NAT is already decided.

        Only packets of the original direction confirm it, answers of REJECT do not (__nf_conntrack_confirm).
        """
        if self.routing and "lo" in self.routing.devices and not self.routing.devices["lo"].up:
            raise Stopped(Outcome.DROPPED, "lo is down, through which a host sends to itself", cause=Cause.LOOPBACK_DOWN)
        confirms = self.frame.state not in ("INVALID", "UNTRACKED") and self.frame.direction == "ORIGINAL"
        self.through_device("EGRESS", "lo")
        self.through_device("INGRESS", "lo")
        self.change(input="lo", output="", status=self.frame.status | {"CONFIRMED"} if confirms else self.frame.status)
        self.hook("PREROUTING")
        return self.deliver()
