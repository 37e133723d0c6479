"""conntrack -L: the connections that a namespace remembers."""

from collections.abc import Iterator

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.world import Connection
from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.netfilter.frame import Ends

__all__ = ["conntrack"]

_ECHO = {"icmp": (8, 0), "icmpv6": (128, 129)}
"""The types of an echo request and of its reply."""

_SECONDS = {"icmp": 29, "icmpv6": 29, "tcp": 119, "udp": 29}
"""Seconds until a connection without more packets is forgotten: for a closed TCP connection, 120 s."""


def conntrack(call: Call) -> int:
    """See conntrack(8); -L and -F are there."""
    held = call.world.tracked.get(call.namespace, ())
    action = next((word for word in call.words if word in ("-L", "--dump", "-F", "--flush", "-C", "--count")), "")
    if action in ("-F", "--flush"):
        call.world = msgspec.structs.replace(call.world, tracked={**call.world.tracked, call.namespace: ()})
        call.err("conntrack v1.4.7 (conntrack-tools): connection tracking table has been emptied.\n")
        return 0
    if action in ("-C", "--count"):
        call.out(f"{len(held)}\n")
        return 0
    if not action:
        raise Ended(2, "conntrack: in a simulated lab there are -L, -C and -F\n")
    given = dict(zip(call.words, call.words[1:], strict=False))
    wanted, six = given.get("-p", ""), "ipv6" in (given.get("-f"), given.get("--family"))
    ends = given.get("-s", given.get("--src", "")), given.get("-d", given.get("--dst", ""))
    lines = [_line(one) for one in held if one.six == six and wanted in ("", _name(one)) and _is_between(one, *ends)]
    call.out("".join(f"{line}\n" for line in lines))
    call.err(f"conntrack v1.4.7 (conntrack-tools): {len(lines)} flow entries have been shown.\n")
    return 0


def _is_between(one: Connection, source: str, destination: str) -> bool:
    """Whether the request went from one address to the other, where they are given."""
    first = one.original
    return source in ("", shown(first.source, one.six)) and destination in ("", shown(first.destination, one.six))


def _name(one: Connection) -> str:
    """The protocol, as conntrack calls it."""
    return "icmpv6" if one.six and word_of(one.protocol) == "ipv6-icmp" else word_of(one.protocol)


def _line(one: Connection) -> str:
    protocol = _name(one)
    words = [protocol.ljust(8), str(one.protocol), str(_SECONDS.get(protocol, 29))]
    if protocol == "tcp":
        words.append("TIME_WAIT" if one.replied else "SYN_SENT")
    words += _flow(one, one.original, first=True)
    words += [] if one.replied else ["[UNREPLIED]"]
    words += _flow(one, one.reply, first=False)
    words += ["[ASSURED]"] if protocol == "tcp" and one.replied else []
    return " ".join([*words, "mark=0", "use=1"])


def _flow(one: Connection, flow: Ends, first: bool) -> Iterator[str]:
    yield f"src={shown(flow.source, one.six)}"
    yield f"dst={shown(flow.destination, one.six)}"
    if _name(one) in _ECHO:
        yield from (f"type={_ECHO[_name(one)][not first]}", "code=0", f"id={one.identifier}")
    else:
        yield from (f"sport={flow.source_port}", f"dport={flow.destination_port}")
