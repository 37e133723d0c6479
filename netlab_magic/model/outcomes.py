"""The outcomes that a probe can have, whoever found it out, the kernel or the model, in the same words for both."""

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
    "mute",
    "mute_by_its_own_firewall",
    "no_route",
    "no_way_back",
    "nobody_answers",
    "nobody_has",
    "own_loopback_down",
    "protocol_unreachable",
    "spoke",
    "stopped_at_home",
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
_WORDS_6 = {0: "no route", 1: _PROHIBITED, 3: "address unreachable", 4: "port unreachable", 6: "reject route"}
_ROUTING = ("network unreachable", "host unreachable", "no route", "address unreachable")
_TIME_EXCEEDED, _TIME_EXCEEDED_6 = 11, 3


def canary_of(probe: Probe) -> Probe:
    """The same question, which the receiver asks itself: a receiver that does not answer that says nothing about the way to it."""
    return Probe(probe.target, probe.target, probe.address, probe.target, probe.protocol, probe.port)


def spoke(canary: Outcome | None) -> bool:
    """Whether a receiver answered itself; a refusal is an answer too."""
    return canary is not None and canary.verdict in (Verdict.ANSWERED, Verdict.REFUSED)


def unknown_source(probe: Probe) -> Outcome:
    """There is nobody to send it."""
    return Outcome(probe, Verdict.NOT_MEASURED, why=f"there is no namespace {probe.source}")


def no_route(probe: Probe) -> Outcome:
    """The sender's own kernel knows no way, or was told on the way that there is none."""
    return Outcome(probe, Verdict.NO_ROUTE, why=f"{probe.source} has no route to {probe.address}")


def stopped_at_home(probe: Probe) -> Outcome:
    """The sender's own firewall did not let it out."""
    return Outcome(probe, Verdict.BLOCKED, why=f"the OUTPUT rules of {probe.source} itself dropped it")


def connection_refused(probe: Probe) -> Outcome:
    """A reset came back, or an ICMP error that says the same."""
    said = "a reset" if probe.protocol == "tcp" else "port unreachable"
    return Outcome(probe, Verdict.REFUSED, why=f"the answer was {said}: nothing listens on port {probe.port}, or a rule rejects it")


def could_not_send(probe: Probe, reason: str) -> Outcome:
    """The sender's kernel refused, for a `reason` (strerror(3)) that says nothing about routes or rules."""
    return Outcome(probe, Verdict.NOT_MEASURED, why=f"{probe.source} could not send: {reason}")


def protocol_unreachable(probe: Probe) -> Outcome:
    """An ICMP error came back that says that nobody speaks this protocol there."""
    return Outcome(probe, Verdict.REFUSED, why="the answer was protocol unreachable: a rule rejects it")


def echo_error(probe: Probe, sender: str, kind: int, code: int) -> Outcome:
    """An ICMP error came back about an echo request; `kind` and `code` are its type and code."""
    six = ":" in probe.address
    if kind == (_TIME_EXCEEDED_6 if six else _TIME_EXCEEDED):
        return Outcome(probe, Verdict.NO_ROUTE, why=f"{sender} answered: time to live exceeded (a routing loop?)")
    words = (_WORDS_6 if six else _WORDS).get(code, f"unreachable, code {code}")
    verdict = Verdict.NO_ROUTE if words in _ROUTING else Verdict.REFUSED
    return Outcome(probe, verdict, why=f"{sender} answered: {words}")


def nobody_has(probe: Probe) -> Outcome:
    """The address is nobody's in this lab."""
    return Outcome(probe, Verdict.NOBODY, why=f"no interface of this lab has the address {probe.address}")


def nobody_answers(probe: Probe, hop: str) -> Outcome:
    """The sender asked for the hardware address of the next hop in vain."""
    return Outcome(probe, Verdict.NOBODY, why=f"nobody answers when {probe.source} asks who has {hop} (ARP)")


def blocked(probe: Probe) -> Outcome:
    """Silence, from a receiver that answers itself."""
    return Outcome(probe, Verdict.BLOCKED, why=f"no answer in two tries, though {probe.target} is up and answers itself")


def blocked_without_canary(probe: Probe) -> Outcome:
    """Silence, from a receiver that would answer whatever arrives, and that cannot be asked to answer itself."""
    why = f"no answer in two tries; {probe.target} is up, but its loopback (lo) is down, so that it cannot even answer itself"
    return Outcome(probe, Verdict.BLOCKED, why=why)


def own_loopback_down(probe: Probe) -> Outcome:
    """What a namespace sends to itself goes out through lo and comes in there again."""
    return Outcome(probe, Verdict.BLOCKED, why=f"{probe.source} sends to itself through its loopback (lo), which is down")


def connected_in_vain(probe: Probe) -> Outcome:
    """A SYN/ACK came back, and nothing that was sent after it was acknowledged."""
    why = f"{probe.source} was connected, but nothing that it sent then was acknowledged: packets of a known connection are lost"
    return Outcome(probe, Verdict.BLOCKED, why=why, connected=True)


def cut_off(probe: Probe, verdict: Verdict) -> Outcome:
    """A SYN/ACK came back, and then an ICMP error or a reset."""
    why = "a rule rejects packets of a known connection, or a program hung up"
    return Outcome(probe, verdict, why=f"{probe.source} was connected, but what it sent then was refused: {why}", connected=True)


_NO_WAY_BACK = {
    "": "has no route back to",
    "blackhole": "has a blackhole route for",
    "unreachable": "has an unreachable route for",
    "prohibit": "has a prohibit route for",
}


def no_way_back(probe: Probe, sender: str, kind: str) -> Outcome:
    """Silence, from a neighbour on the same network that has no way to the `sender`'s address; `kind` is that of its route, or ""."""
    return Outcome(probe, Verdict.BLOCKED, why=f"no answer in two tries; {probe.target} {_NO_WAY_BACK[kind]} {sender}")


def mute(probe: Probe) -> Outcome:
    """Silence, from a receiver that is silent even to itself, for a reason that is not its firewall."""
    what = "an echo request" if probe.protocol == "icmp" else f"on {probe.protocol} port {probe.port}"
    why = f"{probe.target} does not answer {what} even from itself, so silence says nothing about the way there"
    return Outcome(probe, Verdict.NOT_MEASURED, why=why)


def mute_by_its_own_firewall(probe: Probe) -> Outcome:
    """Silence, from a receiver whose own firewall keeps it silent even to itself."""
    why = f"no answer in two tries; {probe.target} is up, but its own firewall (INPUT, OUTPUT) does not let it answer even itself"
    return Outcome(probe, Verdict.BLOCKED, why=why)
