"""The hooks that a packet passes, and what happens to it between them: routing, switching, connection tracking's translation."""

from collections.abc import Iterable

import msgspec

from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.hooks import HOOK_TABLES, NFT_HOOK_TABLES
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter.compile import compiled
from netlab_magic.netfilter.frame import Frame, frame_of
from netlab_magic.netfilter.result import Cause, Entries, HostTrace, Outcome, RuleVisit
from netlab_magic.netfilter.routing import Host, Routing
from netlab_magic.netfilter.table import Decision, Undecided, traverse

__all__ = ["routing_of", "walk"]

_ROUTINGS: Remembered[Host, Routing] = Remembered(Routing, 512)
_NAT_ENDS = {"PREROUTING": "destination", "OUTPUT": "destination", "INPUT": "source", "POSTROUTING": "source"}
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
    packet: Packet, ruleset: Ruleset, host: Host | None = None, towards: str | None = None, assumed: Iterable[bool] = ()
) -> HostTrace:
    """The way of `packet` through `ruleset` on `host`.

    A packet with an input interface comes from outside, one without from a program of the host. Without a host, `packet.output` says
    where routing would send it ("" for the host itself) and `packet.port_out` that it stays on its bridge. `towards` is the bridge's port
    behind which the receiver of the frame is, "" when that is the bridge itself; None to tell it by the destination. `assumed` says of
    one rule after the other of which that cannot be judged whether it matches.

    Not modelled: policy routing, accept_local, ICMP redirects, neighbours that do not answer, fragments, conntrack zones, and the port
    that NAT chooses when it has a choice and the old one will not do. Raises ValueError for an address or protocol that is none.
    """
    return _Pipeline(packet, ruleset, host, assumed, towards).walk()


def _is_icmp_error(frame: Frame) -> bool:
    """Whether it is one about a packet of a connection: other ICMP packets begin or belong to connections themselves."""
    return frame.state == "RELATED" and word_of(frame.protocol) in ("icmp", "ipv6-icmp")


class _Stopped(Exception):
    """The packet gets no further; `why` says what stopped it."""

    def __init__(self, outcome: str, why: str, answer: str = "", cause: str = Cause.RULE) -> None:
        super().__init__(why)
        self.outcome = outcome
        self.why = why
        self.answer = answer
        self.cause = cause


class _Pipeline:
    """One packet on its way."""

    def __init__(
        self, packet: Packet, ruleset: Ruleset, host: Host | None, assumed: Iterable[bool], towards: str | None = None
    ) -> None:
        self.sent = packet
        self.towards = towards
        self.routing = routing_of(host, ":" in packet.source)
        self.frame = frame_of(packet, self.routing)
        program = compiled(ruleset)
        self.tables, self.asked, self.tracks = program.tables, program.asked, program.tracks
        self.assumed = iter(assumed)
        self.redirected = False
        self.order = NFT_HOOK_TABLES if host and host.variant == "nft" else HOOK_TABLES
        self.entries: Entries = []
        self.hooks: list[str] = []

    def walk(self) -> HostTrace:
        try:
            outcome = self.arrive() if self.frame.input else self.leave()
        except _Stopped as end:
            return self.result(end.outcome, end.why, end.answer, cause=end.cause)
        except Undecided as end:
            doubt = f"{end.line} {end.why}"
            found = self.result(Outcome.UNKNOWN, f"unknown because {doubt}")
            return msgspec.structs.replace(found, doubt=doubt, undecided=end.line.place, forks=end.forks)
        return self.result(outcome, f"it is {outcome}")

    def result(self, outcome: str, why: str, answer: str = "", cause: str = "") -> HostTrace:
        return HostTrace(self.sent, tuple(self.entries), tuple(self.hooks), outcome, why, self.frame, answer, cause=cause)

    def change(self, **values: object) -> None:
        """Another frame with these values, so that the steps keep the frame that they saw."""
        self.frame = frame = self.frame.copied()
        for name, value in values.items():
            setattr(frame, name, value)

    def hook(self, name: str) -> None:
        """All tables of a hook; raises _Stopped when one of them ends the packet's way."""
        self.hooks.append(name)
        for kind in self.order[name]:
            if kind == "nat":
                self.translate(name)
                continue
            for table in self.asked[kind, name]:
                chain = self.tables[table][name]
                if chain.is_open:  # as most are, so that asking them is worth a short way
                    self.entries.append(RuleVisit(name, chain.end[1], True, -1, self.frame))
                elif kind == "raw":
                    self.before_tracking(name, table)
                else:
                    self.obey(self.ask(name, table))

    def before_tracking(self, hook: str, table: str) -> None:
        """The raw table sees no connection yet, unless the packet brings one along: a refusal, or a packet that comes back through lo.

        What the host says about an untracked packet brings the mark of a related one, without a connection: NOTRACK leaves it alone, as
        its _nfct is not 0 (nf_conntrack_attach, xt_ct_target).
        """
        state = self.frame.state
        attached = self.frame.attached or "OUTPUT" in self.hooks[:-1]
        tracked = asked = self.frame
        if not attached:
            self.frame = asked = tracked.copied()
            asked.state = "INVALID"
            asked.attached = _is_icmp_error(tracked) and not tracked.input
        decision = self.ask(hook, table)
        if self.frame is asked:
            self.frame = tracked
        elif not attached and self.frame.state != "UNTRACKED":
            self.change(state=state, attached=False)
        self.obey(decision)

    def ask(self, hook: str, table: str) -> Decision:
        decision = traverse(hook, self.tables[table], self.frame, self.assumed, self.entries)
        self.frame = decision.frame
        return decision

    def obey(self, decision: Decision) -> None:
        if decision.verdict == "ACCEPT":
            return
        table = decision.line.table
        where = f"{decision.line} in {table}" if table != "filter" else str(decision.line)
        if decision.verdict == "REJECT":
            raise _Stopped(Outcome.REJECTED, f"{where} rejects it", decision.line.action.answer)
        raise _Stopped(Outcome.DROPPED, f"{where} drops it")

    def translate(self, hook: str) -> None:
        """The nat table decides about a connection's first packet; all others are translated as it was (nf_nat_inet_fn).

        Where no rule has connection tracking run, there are no connections, and it is never asked. An ICMP error never asks it
        (nf_nat_ipv4_fn). A reset of REJECT may be the first that POSTROUTING sees of its connection: what the table decides then is about
        the other direction, and the reset itself is translated as any reply (nf_nat_packet).
        """
        frame, end = self.frame, _NAT_ENDS[hook]
        if frame.state in ("INVALID", "UNTRACKED") or not self.tracks:
            return
        first = frame.state == "NEW" or (frame.state == "RELATED" and not _is_icmp_error(frame))
        if first and end not in frame.translated:
            for table in self.asked["nat", hook]:
                if end not in self.frame.translated:
                    self.obey(self.ask(hook, table))
            self.frame.translated |= {end}  # no rule can see that, so that the frame need not be another
            if frame.direction == "REPLY":
                self.change(source=frame.source, source_port=frame.source_port)
        self.translate_as_before(end)
        if hook == "OUTPUT" and self.frame.destination != frame.destination:
            self.device_towards(self.frame.destination)  # raises where there is no way (nf_nat_ipv4_local_fn)

    def translate_as_before(self, end: str) -> None:
        """A packet looks, once translated, like the answer to those of the other direction (nf_nat_manip_pkt)."""
        frame = self.frame
        own, other = (frame.original, frame.reply) if frame.direction == "ORIGINAL" else (frame.reply, frame.original)
        has_ports = "icmp" not in word_of(frame.protocol)
        if end == "source" and (own.source, own.source_port) != (other.destination, other.destination_port):
            self.change(source=other.destination, source_port=other.destination_port if has_ports else 0)
        if end == "destination" and (own.destination, own.destination_port) != (other.source, other.source_port):
            self.change(destination=other.source, destination_port=other.source_port if has_ports else 0)

    def arrive(self) -> str:
        """A packet from outside."""
        before, bridge, routing = self.frame.destination, self.frame.input, self.routing
        if not self.frame.port_in:
            port = ""
        elif self.towards is not None:
            port = self.towards
        else:
            port = routing.port_to(bridge, before) if routing else self.frame.port_out
        if port and routing and not routing.shows_bridged:
            self.check_port(port)
            self.change(port_out=port, output=bridge)
            return Outcome.FORWARDED
        if self.frame.output or self.frame.port_out:
            self.change(output="", port_out="")
        if self.frame.port_in and routing and not routing.shows_bridged:
            self.change(port_in="")  # it is br_netfilter that remembers the port (nf_bridge_alloc)
        self.hook("PREROUTING")
        # br_nf_pre_routing_finish: a frame with a new destination is routed, but stays on its bridge if the way leads there
        self.redirected = bool(routing and self.frame.port_in and self.frame.destination != before)
        return self.switch(port) if port and not self.redirected else self.route()

    def check_port(self, port: str) -> None:
        """A bridge sends no frame back through the port that it came from, unless that is a hairpin (should_deliver)."""
        if port == self.frame.port_in and not (self.routing and port in self.routing.hairpins):
            why = f"the bridge {self.frame.input} sends no frame back through {port}, from which it came"
            raise _Stopped(Outcome.DROPPED, why, cause=Cause.HAIRPIN)

    def switch(self, port: str) -> str:
        """A bridged frame: not routed, its TTL stays, and POSTROUTING sees no input (br_nf_forward_ip, br_nf_post_routing)."""
        self.check_port(port)
        self.change(output=self.frame.input, port_out=port)
        self.hook("FORWARD")
        self.change(input="")
        self.hook("POSTROUTING")
        return Outcome.FORWARDED

    def route(self) -> str:
        """The routing decision of a packet from outside."""
        frame = self.frame
        if self.routing is None:
            return self.forward(self.sent.output) if self.sent.output else self.deliver()
        self.refuse_martians()
        if self.routing.address_type(frame.destination) in ("LOCAL", "BROADCAST", "MULTICAST"):
            return self.deliver()
        if not self.routing.forwards:
            raise _Stopped(Outcome.DROPPED, "the host does not forward (net.ipv4.ip_forward is 0)", cause=Cause.NOT_FORWARDING)
        hop = self.routing.route(frame.destination)
        if hop is None:
            raise self.no_way(frame.destination, answers=True)
        return self.forward(hop.device)

    def no_way(self, destination: int, *, answers: bool) -> _Stopped:
        """Why routing lets nothing go to an address, with what it answers senders outside (ip_error, ip6_rt_init_dst_reject)."""
        six = self.frame.six
        cause = self.routing.barrier(destination) if self.routing else ""
        answer = _ROUTING_ANSWERS[cause][six] if answers else ""
        why = f"a route of the host is a {cause} for" if cause else "the host has no route to"
        return _Stopped(Outcome.DROPPED, f"{why} {shown(destination, six)}", answer, cause or Cause.NO_ROUTE)

    def refuse_martians(self) -> None:
        """No packet from outside has a source of the host's own, or comes from or goes to 127.0.0.0/8 (ip_route_input_slow)."""
        frame, routing = self.frame, self.routing
        if routing is None or frame.six:
            return
        loops = routing.is_loopback(frame.source) or routing.is_loopback(frame.destination)
        if frame.source in routing.local or (loops and not routing.takes_loopback(frame.input)):
            wrong = frame.destination if routing.is_loopback(frame.destination) else frame.source
            raise _Stopped(Outcome.DROPPED, f"{shown(wrong, False)} cannot come in from outside (a martian)", cause=Cause.MARTIAN)
        if not routing.expects(frame.source, frame.input):
            why = f"answers to {shown(frame.source, False)} would not leave through {frame.input} (rp_filter)"
            raise _Stopped(Outcome.DROPPED, why, cause=Cause.REVERSE_PATH)

    def forward(self, output: str) -> str:
        """A routed packet: its TTL counts down before the rules see it (ip_forward)."""
        if self.redirected and self.routing and output == self.frame.input:
            hop = self.routing.route(self.frame.destination)
            if hop and (port := self.routing.port_to(output, hop.next)):
                return self.switch(port)
        if self.frame.ttl <= 1:
            answer = "icmp6-time-exceeded" if self.frame.six else "icmp-time-exceeded"
            raise _Stopped(Outcome.DROPPED, "its TTL has come to an end", answer, Cause.TTL)
        self.change(output=output, ttl=self.frame.ttl - 1)
        self.hook("FORWARD")
        self.hook("POSTROUTING")
        return Outcome.FORWARDED

    def deliver(self) -> str:
        self.hook("INPUT")
        return Outcome.DELIVERED

    def leave(self) -> str:
        """A packet that a program of the host sends: routed before OUTPUT, and again when OUTPUT gave it another destination."""
        if self.frame.port_out:
            return Outcome.SENT  # a reset that REJECT sends straight out of a bridge's port (nf_send_reset)
        before = self.frame.destination
        self.change(output=self.device_towards(before))
        self.hook("OUTPUT")
        if self.frame.destination != before:
            self.change(output=self.device_towards(self.frame.destination))
        self.hook("POSTROUTING")
        if self.routing and self.routing.is_local(self.frame.destination):
            return self.loop_back()
        return Outcome.SENT

    def device_towards(self, destination: int) -> str:
        if self.routing is None:
            return self.sent.output
        hop = self.routing.route(destination)
        if hop is None:
            raise self.no_way(destination, answers=False)
        if self.routing.is_loopback(self.frame.source) and not self.routing.takes_loopback(hop.device):  # __mkroute_output
            why = f"nothing leaves the host from its loopback address {shown(self.frame.source, self.frame.six)}"
            raise _Stopped(Outcome.DROPPED, why, cause=Cause.MARTIAN)
        return hop.device

    def loop_back(self) -> str:
        """A packet from the host to itself comes in again through lo, with its connection, about which NAT has settled by then.

        Only packets of the original direction confirm it, answers of REJECT do not (__nf_conntrack_confirm).
        """
        if self.routing and "lo" in self.routing.devices and not self.routing.devices["lo"].up:
            raise _Stopped(Outcome.DROPPED, "lo is down, through which a host sends to itself", cause=Cause.LOOPBACK_DOWN)
        confirms = self.frame.state not in ("INVALID", "UNTRACKED") and self.frame.direction == "ORIGINAL"
        self.change(input="lo", output="", status=self.frame.status | {"CONFIRMED"} if confirms else self.frame.status)
        self.hook("PREROUTING")
        return self.deliver()
