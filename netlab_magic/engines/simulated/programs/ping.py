"""ping: echo requests, and what comes back, in the words of iputils' ping."""

import re
from ipaddress import ip_address

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.traffic import Road
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.forwarding.trace import NOBODY_ANSWERS
from netlab_magic.model.probe import Probe, Verdict
from netlab_magic.model.topology import Interface
from netlab_magic.netfilter.result import Cause

__all__ = ["ping"]

_MILLISECONDS = 0.05
"""The round-trip time printed for an answer, in milliseconds: typical within one machine."""

_WITH_VALUE = "cWiIsQtwlMmpTSw"
_ERRORS = {
    (3, 0): "Destination Net Unreachable",
    (3, 1): "Destination Host Unreachable",
    (3, 2): "Destination Protocol Unreachable",
    (3, 3): "Destination Port Unreachable",
    (3, 9): "Destination Net Prohibited",
    (3, 10): "Destination Host Prohibited",
    (3, 13): "Packet filtered",
    (11, 0): "Time to live exceeded",
}
_NAMES = {"localhost": "127.0.0.1"}
_ASKS_FOR = 3.1
"""How long a namespace asks for a neighbour before it gives up, in seconds: three times, one second apart (arp(7), mcast_solicit)."""

_MOST_HELD = 3
"""How many packets wait for a neighbour at most, for whose answer ping prints an error each (measured with 64 bytes of data)."""

_FOREVER = 4
"""How often a ping without -c asks: it would go on until it is interrupted."""


class _Asked(msgspec.Struct):
    """What the command line asks for; times in seconds, `size` in bytes of data."""

    name: str = ""
    count: int = _FOREVER
    interval: float = 1.0
    wait: float = 10.0
    deadline: float = 0.0
    size: int = 56
    ttl: int = 0
    quiet: bool = False

    @property
    def outlasts_neighbours(self) -> bool:
        """Whether it still waits when the namespace gives up a neighbour that does not answer."""
        return self.count <= _MOST_HELD and (self.count - 1) * self.interval + self.wait > _ASKS_FOR


def _asked(call: Call) -> _Asked:
    asked, words = _Asked(), list(call.words)
    while words:
        word = words.pop(0)
        found = re.fullmatch(rf"-([A-Za-z46]*?)([{_WITH_VALUE}])(\S*)", word)
        if found:
            value = found[3] or (words.pop(0) if words else "")
            asked.quiet |= "q" in found[1]
            _set(asked, found[2], value)
        elif word.startswith("-"):
            asked.quiet |= "q" in word
        else:
            asked.name = word
    if not asked.name:
        raise Ended(2, "ping: usage error: Destination address required\n")
    return asked


def _set(asked: _Asked, option: str, value: str) -> None:
    if option not in "cisWwt":
        return
    try:
        number = float(value)
    except ValueError:
        raise Ended(1, f"ping: invalid argument: '{value}'\n") from None
    match option:
        case "c":
            if number < 1:
                raise Ended(1, f"ping: invalid argument: '{value}': out of range: 1 <= value <= 9223372036854775807\n")
            asked.count = int(number)
        case "i":
            asked.interval = number
        case "W":
            asked.wait = number
        case "s":
            asked.size = int(number)
        case "t":
            asked.ttl = int(number)


def ping(call: Call) -> int:
    """See ping(8). Nothing waits: the times that are printed are those that would have passed."""
    asked = _asked(call)
    try:
        address = str(ip_address(_NAMES.get(asked.name, asked.name)))
    except ValueError:
        raise Ended(2, f"ping: {asked.name}: Temporary failure in name resolution\n") from None
    owner = call.world.topology.owner(address)
    target = owner.namespace if owner else call.namespace if ip_address(address).is_loopback else ""
    probe = Probe(call.namespace, asked.name, address, target)
    road = Road(call.world)
    six = ":" in address
    length = asked.size + (48 if six else 28)
    if ip_address(address).is_loopback and not _loopback(call).addresses:
        raise Ended(2, f"ping: connect: {'Cannot assign requested address' if six else 'Network is unreachable'}\n")
    replies = road.echoes(probe, asked.count, length, asked.ttl)
    if asked.outlasts_neighbours:
        road.asked_in_vain(call.namespace)
    if not six and replies[0].verdict == Verdict.NO_ROUTE and replies[0].back is None:
        raise Ended(2, "ping: connect: Network is unreachable\n")
    call.world = road.arrived()
    return _report(call, asked, address, replies, length)


def _loopback(call: Call) -> Interface:
    return next(device for device in call.world.topology.namespaces[call.namespace].interfaces if device.name == "lo")


def _report(call: Call, asked: _Asked, address: str, replies: list[Prediction], length: int) -> int:
    sizes = f"{asked.size} data bytes" if ":" in address else f"{asked.size}({length}) bytes of data."
    call.out(f"PING {asked.name}({asked.name}) {sizes}\n" if ":" in address else f"PING {asked.name} ({address}) {sizes}\n")
    answered = errors = 0
    for number, reply in enumerate(replies, 1):
        if reply.unknown:
            call.err(f"the model cannot tell what happens to this packet: {reply.unknown}\n")
        elif reply.answered:
            answered += 1
            if not asked.quiet:
                call.out(_answer_line(asked, address, reply, number))
        elif error := _error(reply) or _unreachable(call, asked, reply):
            errors += 1
            call.out("" if asked.quiet else error.format(number=number))
        elif _is_kept_back(reply):
            call.err("ping: sendmsg: Operation not permitted\n")
    call.out(_statistics(asked, len(replies), answered, errors))
    return 0 if answered else 1


def _is_kept_back(reply: Prediction) -> bool:
    first = reply.request.hops[0].host_trace
    return len(reply.request.hops) == 1 and not first.passed and first.cause != Cause.LOOPBACK_DOWN and reply.back is None


def _answer_line(asked: _Asked, address: str, reply: Prediction, number: int) -> str:
    named = f"{asked.name} ({address})" if asked.name in _NAMES else address
    ttl = reply.back.hops[-1].host_trace.sent.ttl if reply.back is not None else 64
    return f"{asked.size + 8} bytes from {named}: icmp_seq={number} ttl={ttl} time={_MILLISECONDS:.3f} ms\n"


def _error(reply: Prediction) -> str:
    """The line for an ICMP error that came back, "" for silence."""
    if reply.back is None or reply.verdict not in (Verdict.REFUSED, Verdict.NO_ROUTE):
        return ""
    packet = reply.back.hops[-1].host_trace.packet
    words = _ERRORS.get((packet.icmp_type, packet.icmp_code), f"Destination unreachable, Bad Code: {packet.icmp_code}")
    return f"From {packet.source} icmp_seq={{number}} {words}\n"


def _unreachable(call: Call, asked: _Asked, reply: Prediction) -> str:
    """The line for a neighbour that its own kernel has asked for in vain, which comes through lo; "" while that still asks."""
    asker = reply.request.values.get("namespace") if reply.request.lost == NOBODY_ANSWERS else ""
    if not asked.outlasts_neighbours or asker != call.namespace or not _loopback(call).up or ":" in reply.probe.address:
        return ""
    return f"From {reply.request.hops[0].host_trace.packet.source} icmp_seq={{number}} Destination Host Unreachable\n"


def _statistics(asked: _Asked, sent: int, answered: int, errors: int) -> str:
    lost = 100 * (sent - answered) // sent
    passed = int((sent - 1) * asked.interval * 1000)
    failed = f", +{errors} errors" if errors else ""
    head = f"\n--- {asked.name} ping statistics ---\n{sent} packets transmitted, {answered} received{failed}"
    head += f", {lost}% packet loss, time {passed}ms\n"
    times = f"{_MILLISECONDS:.3f}"
    pipe = f"pipe {errors}\n" if errors > 1 else "\n"
    return head + (f"rtt min/avg/max/mdev = {times}/{times}/{times}/0.000 ms\n" if answered else pipe)
