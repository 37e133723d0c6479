"""The possible outcomes of a probe, in the same words whether the kernel or the model found them."""

from netlab_magic.model.probe import Outcome, Probe, Verdict

__all__ = [
    "blocked",
    "blocked_without_canary",
    "canary_of",
    "connected_in_vain",
    "connection_refused",
    "could_not_send",
    "cut_off",
    "echo_error",
    "left_without_answer",
    "mute",
    "mute_by_its_own_firewall",
    "no_route",
    "no_way_back",
    "nobody_answers",
    "nobody_has",
    "own_loopback_down",
    "prohibited",
    "protocol_unreachable",
    "spoke",
    "stopped_at_home",
    "taken_without_answer",
    "unanswered",
    "unknown_source",
]

_PROHIBITED = "communication administratively prohibited"
_WORDS = {
    0: "network unreachable",
    1: "host unreachable",
    2: "protocol unreachable",
    3: "port unreachable",
    9: "network prohibited",
    10: "host prohibited",
    13: _PROHIBITED,
}
_WORDS_6 = {0: "no route", 1: _PROHIBITED, 3: "address unreachable", 4: "port unreachable", 5: "policy failure", 6: "reject route"}
_ROUTING = ("network unreachable", "host unreachable", "no route", "address unreachable")
_TIME_EXCEEDED, _TIME_EXCEEDED_6 = 11, 3


def canary_of(probe: Probe) -> Probe:
    """The same probe, sent by the receiver to itself: if it does not answer even that, its silence says nothing about the path to it."""
    return Probe(probe.target, probe.target, probe.address, probe.target, probe.protocol, probe.port)


def spoke(canary: Outcome | None) -> bool:
    """Whether a receiver answered itself; a refusal is an answer too."""
    return canary is not None and canary.verdict in (Verdict.ANSWERED, Verdict.REFUSED)


def unknown_source(probe: Probe) -> Outcome:
    """The sender does not exist."""
    return Outcome(probe, Verdict.NOT_MEASURED, why=f"there is no namespace {probe.source}")


def no_route(probe: Probe) -> Outcome:
    """The sender's kernel has no route, or an ICMP error said that a router has none."""
    return Outcome(probe, Verdict.NO_ROUTE, why=f"{probe.source} has no route to {probe.address}")


def stopped_at_home(probe: Probe) -> Outcome:
    """The sender's own firewall dropped it."""
    return Outcome(probe, Verdict.BLOCKED, why=f"{probe.source}'s own OUTPUT rules dropped it")


def connection_refused(probe: Probe) -> Outcome:
    """A reset came back, or an ICMP error that says the same."""
    said = "a reset" if probe.protocol == "tcp" else "port unreachable"
    return Outcome(probe, Verdict.REFUSED, why=f"the answer was {said}: nothing listens on port {probe.port}, or a rule rejects it")


def could_not_send(probe: Probe, reason: str) -> Outcome:
    """The sender's kernel refused to send, for a `reason` (strerror(3)) that has nothing to do with routes or rules."""
    return Outcome(probe, Verdict.NOT_MEASURED, why=f"{probe.source} could not send: {reason}")


def protocol_unreachable(probe: Probe) -> Outcome:
    """An ICMP error came back that says that the receiver does not support the protocol."""
    return Outcome(probe, Verdict.REFUSED, why="the answer was protocol unreachable: a rule rejects it")


def prohibited(probe: Probe) -> Outcome:
    """An ICMPv6 error came back that says that somebody does not allow it (EACCES; tab_unreach in net/ipv6/icmp.c)."""
    return Outcome(probe, Verdict.REFUSED, why=f"the answer was {_PROHIBITED}: a rule rejects it")


def echo_error(probe: Probe, sender: str, kind: int, code: int) -> Outcome:
    """An ICMP error came back about an echo request; `kind` and `code` are its type and code."""
    six = ":" in probe.address
    if kind == (_TIME_EXCEEDED_6 if six else _TIME_EXCEEDED):
        return Outcome(probe, Verdict.NO_ROUTE, why=f"{sender} answered: time to live exceeded (a routing loop?)")
    words = (_WORDS_6 if six else _WORDS).get(code, f"unreachable, code {code}")
    verdict = Verdict.NO_ROUTE if words in _ROUTING else Verdict.REFUSED
    return Outcome(probe, verdict, why=f"{sender} answered: {words}")


def nobody_has(probe: Probe) -> Outcome:
    """No interface in the lab has the address."""
    return Outcome(probe, Verdict.NOBODY, why=f"no interface of this lab has the address {probe.address}")


def nobody_answers(probe: Probe, hop: str) -> Outcome:
    """The sender's ARP requests for the next hop were not answered."""
    return Outcome(probe, Verdict.NOBODY, why=f"no host answers when {probe.source} asks who has {hop} (ARP)")


def blocked(probe: Probe) -> Outcome:
    """No answer from a receiver that does answer itself."""
    return Outcome(probe, Verdict.BLOCKED, why=f"no answer in two tries, although {probe.target} is up and answers its own probe")


def unanswered(probe: Probe, seconds: float) -> Outcome:
    """No answer to the only try, from a receiver that was asked nothing else."""
    return Outcome(probe, Verdict.BLOCKED, why=f"no answer within {seconds:g} s")


def left_without_answer(probe: Probe, device: str, seconds: float) -> Outcome:
    """No answer from outside of the machine, where nothing is seen."""
    why = f"the packet left the machine through {device}, and no answer came within {seconds:g} s: what happens outside is not seen"
    return Outcome(probe, Verdict.NOT_MEASURED, why=why)


def taken_without_answer(probe: Probe) -> Outcome:
    """A UDP datagram arrived, and no program answered."""
    return Outcome(probe, Verdict.NOT_MEASURED, why="the datagram arrived, and nothing answered it, which no program has to")


def blocked_without_canary(probe: Probe) -> Outcome:
    """No answer from a receiver that would answer anything that arrives, but cannot answer itself because its loopback is down."""
    why = f"no answer in two tries; {probe.target} is up, but its loopback (lo) is down, so it cannot answer its own probe"
    return Outcome(probe, Verdict.BLOCKED, why=why)


def own_loopback_down(probe: Probe) -> Outcome:
    """A namespace sends to itself through lo, and lo is down."""
    return Outcome(probe, Verdict.BLOCKED, why=f"{probe.source} sends to itself through its loopback (lo), which is down")


def connected_in_vain(probe: Probe) -> Outcome:
    """A SYN/ACK came back, but nothing that was sent afterwards was acknowledged."""
    why = f"{probe.source} was connected, but nothing it sent afterwards was acknowledged: packets of established connections are lost"
    return Outcome(probe, Verdict.BLOCKED, why=why, connected=True)


def cut_off(probe: Probe, verdict: Verdict) -> Outcome:
    """A SYN/ACK came back, and then an ICMP error or a reset."""
    why = "a rule rejects packets of established connections, or a program closed the connection"
    return Outcome(probe, verdict, why=f"{probe.source} was connected, but what it sent afterwards was refused: {why}", connected=True)


_NO_WAY_BACK = {
    "": "has no route back to",
    "blackhole": "has a blackhole route for",
    "unreachable": "has an unreachable route for",
    "prohibit": "has a prohibit route for",
}


def no_way_back(probe: Probe, sender: str, kind: str) -> Outcome:
    """No answer from a neighbour on the same network that cannot reach the `sender`'s address; `kind` is that of its route, or ""."""
    return Outcome(probe, Verdict.BLOCKED, why=f"no answer in two tries; {probe.target} {_NO_WAY_BACK[kind]} {sender}")


def mute(probe: Probe) -> Outcome:
    """No answer from a receiver that does not answer itself either, for a reason other than its firewall."""
    what = "an echo request" if probe.protocol == "icmp" else f"on {probe.protocol} port {probe.port}"
    why = f"{probe.target} does not answer {what} even from itself, so its silence says nothing about the path to it"
    return Outcome(probe, Verdict.NOT_MEASURED, why=why)


def mute_by_its_own_firewall(probe: Probe) -> Outcome:
    """No answer from a receiver whose own firewall keeps it from answering even itself."""
    why = f"no answer in two tries; {probe.target} is up, but its own firewall (INPUT, OUTPUT) blocks even its own probe"
    return Outcome(probe, Verdict.BLOCKED, why=why)
