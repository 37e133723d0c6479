"""conntrack -L: the connections that a namespace remembers."""

from collections.abc import Iterator

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.world import Connection
from netlab_magic.iptables.numbers import shown, word_of
from netlab_magic.netfilter.frame import Ends

__all__ = ["conntrack"]

_SECONDS = {"icmp": 29, "tcp": 119, "udp": 29}
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
    wanted = dict(zip(call.words, call.words[1:], strict=False)).get("-p", "")
    lines = [_line(one) for one in held if wanted in ("", word_of(one.protocol))]
    call.out("".join(f"{line}\n" for line in lines))
    call.err(f"conntrack v1.4.7 (conntrack-tools): {len(lines)} flow entries have been shown.\n")
    return 0


def _line(one: Connection) -> str:
    protocol = word_of(one.protocol)
    words = [protocol.ljust(8), str(one.protocol), str(_SECONDS.get(protocol, 29))]
    if protocol == "tcp":
        words.append("TIME_WAIT" if one.replied else "SYN_SENT")
    words += _flow(one, one.original, first=True)
    words += [] if one.replied else ["[UNREPLIED]"]
    words += _flow(one, one.reply, first=False)
    words += ["[ASSURED]"] if protocol == "tcp" and one.replied else []
    return " ".join([*words, "mark=0", "use=1"])


def _flow(one: Connection, flow: Ends, first: bool) -> Iterator[str]:
    yield f"src={shown(flow.source, six=False)}"
    yield f"dst={shown(flow.destination, six=False)}"
    if word_of(one.protocol) == "icmp":
        yield from (f"type={8 if first else 0}", "code=0", f"id={one.identifier}")
    else:
        yield from (f"sport={flow.source_port}", f"dport={flow.destination_port}")
