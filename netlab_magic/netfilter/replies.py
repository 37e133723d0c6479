"""The answer to a packet: the receiver's reply, or the refusal of the host that rejected it."""

import msgspec

from netlab_magic.iptables.numbers import number_of, shown, word_of
from netlab_magic.model.packet import Packet
from netlab_magic.netfilter.frame import Ends, Frame
from netlab_magic.netfilter.pipeline import routing_of
from netlab_magic.netfilter.result import HostTrace, Outcome
from netlab_magic.netfilter.routing import Host

__all__ = ["refusal_of", "reply_to"]

_ECHO_REPLIES = {8: 0, 128: 129}
_ERROR_TYPES = (3, 4, 5, 11, 12)  # icmp_pointers in net/ipv4/icmp.c
# Type and code of the ICMP errors that REJECT sends (RFC 792 and 1812, RFC 4443); tcp-reset is no ICMP error.
_ERRORS = {
    "icmp-net-unreachable": (3, 0),
    "icmp-host-unreachable": (3, 1),
    "icmp-proto-unreachable": (3, 2),
    "icmp-port-unreachable": (3, 3),
    "icmp-net-prohibited": (3, 9),
    "icmp-host-prohibited": (3, 10),
    "icmp-admin-prohibited": (3, 13),
    "icmp-time-exceeded": (11, 0),
    "icmp6-no-route": (1, 0),
    "icmp6-adm-prohibited": (1, 1),
    "icmp6-addr-unreachable": (1, 3),
    "icmp6-port-unreachable": (1, 4),
    "icmp6-policy-fail": (1, 5),
    "icmp6-reject-route": (1, 6),
    "icmp6-time-exceeded": (3, 0),
}


def reply_to(request: HostTrace, host: Host | None) -> Packet:
    """The first packet back, where the request was last seen: an echo reply, a SYN/ACK, a datagram."""
    frame = request.last
    local = request.outcome == Outcome.DELIVERED
    tracked = frame.state != "UNTRACKED"
    flow = frame.reply if tracked else Ends(frame.source, frame.destination, frame.source_port, frame.destination_port).turned()
    kind = _ECHO_REPLIES.get(frame.icmp[0], frame.icmp[0])
    return msgspec.structs.replace(
        frame.packet(),
        source=shown(flow.source, frame.six),
        destination=shown(flow.destination, frame.six),
        source_port=flow.source_port,
        destination_port=flow.destination_port,
        icmp_type=kind,
        flags=frozenset(("SYN", "ACK")) if frame.flags else frame.flags,
        input="" if local else frame.output,
        port_in="" if local else _port_back(request, host),
        output="" if host else request.sent.input,
        port_out="" if host else request.sent.port_in if frame.port_out else "",
        # Without a first packet that was tracked, only UDP begins a connection: SYN/ACK and echo replies are invalid by themselves.
        state="ESTABLISHED" if tracked else "NEW" if frame.packet().protocol == "udp" else "INVALID",
        connection_mark=frame.connection_mark if tracked else 0,
        direction="REPLY" if tracked else "ORIGINAL",
        status=frame.status | {"SEEN_REPLY", "CONFIRMED"} if tracked else frozenset(),
        original=None if not tracked else frame.packet().original,
        reply=None if not tracked else frame.packet().reply,
        mark=0,
        ttl=64,
        tos=frame.tos if "icmp" in frame.packet().protocol else 0,
    )


def _port_back(request: HostTrace, host: Host | None) -> str:
    """The bridge port that the reply comes in through: the request's, or the one behind which its next hop is."""
    frame = request.last
    if frame.port_out:
        return frame.port_out
    routing = routing_of(host, frame.six)
    hop = routing.route(frame.destination) if routing else None
    return routing.port_to(hop.device, hop.next) if routing and hop else ""


def refusal_of(walked: HostTrace, host: Host | None) -> Packet | None:
    """What the host sends back about a packet that it stopped: REJECT's answer, or an ICMP error from routing.

    It carries the connection of that packet along, the other way, or that it has none if it was untracked (nf_ct_attach in
    netfilter/core.c, called by nf_send_reset and icmp_glue_bits). A reset about a frame that came through a bridge's port leaves through
    that port, past all rules (nf_send_reset). None where nothing is sent, or where the host's address is unknown.
    """
    frame = walked.last
    made = _reset(frame) if walked.answer == "tcp-reset" else _error(walked, host)
    if made is None:
        return None
    tracked = frame.state not in ("INVALID", "UNTRACKED")
    known = "CONFIRMED" in frame.status and frame.original.turned() == frame.reply  # the quoted flow (nf_conntrack_inet_error)
    found = not tracked and known and made.protocol != "tcp"  # an error about a connection that is
    seen = frame.packet()
    routing = routing_of(host, frame.six)
    direct = made.protocol == "tcp" and (routing is None or routing.shows_bridged)
    return msgspec.structs.replace(
        made,
        output="" if host else walked.sent.input,
        port_out=frame.port_in if direct else "",
        state="RELATED" if tracked or found else "INVALID",
        direction="REPLY" if frame.direction == "ORIGINAL" else "ORIGINAL",
        status=frame.status,
        original=seen.original,
        reply=seen.reply,
        connection_mark=frame.connection_mark,
        attached=frame.state != "INVALID" and not found,
        half_attached=found and frame.state == "UNTRACKED",
        connection_protocol=seen.connection_protocol or seen.protocol,
    )


def _reset(frame: Frame) -> Packet | None:
    """A TCP reset in the name of the receiver, none about another reset (nf_reject_ip_tcphdr_get and _put in nf_reject_ipv4.c)."""
    seen = frame.packet()
    if seen.protocol != "tcp" or "RST" in frame.flags:
        return None
    return Packet(
        seen.destination,
        seen.source,
        "tcp",
        frame.destination_port,
        frame.source_port,
        flags=frozenset(("RST",) if "ACK" in frame.flags else ("RST", "ACK")),
        length=60 if frame.six else 40,
    )


def _error(walked: HostTrace, host: Host | None) -> Packet | None:
    """An ICMP error, none about another error (icmp_send in net/ipv4/icmp.c, icmp6_send in net/ipv6/icmp.c)."""
    frame, source = walked.last, _own_address(walked, host)
    if source is None or walked.answer not in _ERRORS or _is_error(frame) or _is_own_reply(frame):
        return None
    return _made_error(frame, source, _ERRORS[walked.answer])


def _made_error(frame: Frame, source: int, kind: tuple[int, int]) -> Packet:
    return Packet(
        shown(source, frame.six),
        shown(frame.source, frame.six),
        "ipv6-icmp" if frame.six else "icmp",
        icmp_type=kind[0],
        icmp_code=kind[1],
        length=min(frame.length + (48 if frame.six else 28), 1280 if frame.six else 576),
        tos=0 if frame.six else frame.tos & 0x1E | 0xC0,  # internetwork control (icmp_send)
    )


def _is_own_reply(frame: Frame) -> bool:
    """Whether it is an echo reply that the host is just sending: its ICMP socket is busy with that (icmp_xmit_lock)."""
    return not frame.input and (word_of(frame.protocol), frame.icmp[0]) in (("icmp", 0), ("ipv6-icmp", 129))


def _is_error(frame: Frame) -> bool:
    kind = word_of(frame.protocol)
    return (kind == "ipv6-icmp" and frame.icmp[0] < 128) or (kind == "icmp" and frame.icmp[0] in _ERROR_TYPES)


def _own_address(walked: HostTrace, host: Host | None) -> int | None:
    """The address that the host sends an ICMP error from: the packet's destination if it is its own, else that towards the sender.

    IPv6 takes a frame of a bridge that has got another destination for one that came in through the device that leads there (ip6_rcv_core,
    which finds the route that br_nf_pre_routing_finish_ipv6 has left).
    """
    frame = walked.last
    routing = routing_of(host, frame.six)
    if routing is None:
        return None
    if routing.is_local(frame.destination) and _is_taken_for_own(walked):
        return frame.destination
    if frame.six and frame.port_in and frame.destination != number_of(walked.sent.destination):
        ahead = routing.route(frame.destination)
        return routing.source_for(ahead.device, frame.source) if ahead else None
    return routing.source_towards(frame.source)


def _is_taken_for_own(walked: HostTrace) -> bool:
    """Whether a host that is about to refuse a packet knows that it was for itself: in PREROUTING, no route says so yet
    (nf_reject_fill_skb_dst); IPv6 looks at the address (ipv6_chk_addr), of which ::1 belongs to lo only.
    """
    frame = walked.last
    if frame.six:
        return frame.destination != 1 or frame.input in ("", "lo")
    return walked.hooks[-1:] != ("PREROUTING",) or frame.input == "lo"  # what comes back through lo has kept its route
