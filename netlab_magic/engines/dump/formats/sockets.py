"""What `ss -ltnup` and `netstat -tulpn` print: the sockets that wait for packets.

A line is recognised by its protocol, its state and its two ends. Sockets with a connection are passed over: they are not asked for.
"""

import re

from netlab_magic.engines.dump.held import Held
from netlab_magic.engines.dump.host_dump import Listener
from netlab_magic.engines.dump.page import Page

__all__ = ["read"]

_PROTOCOLS = r"(?:tcp|udp|raw|sctp|dccp|mptcp|icmp|udplite)[46]?"
_SS_HEAD = re.compile(r"(?:Netid\s+)?State\s+Recv-Q\s+Send-Q\s+Local Address")
_NETSTAT_HEAD = re.compile(r"Active Internet connections|Proto\s+Recv-Q\s+Send-Q\s+Local Address")
_SS = re.compile(
    rf"(?:(?P<protocol>{_PROTOCOLS})\s+)?(?P<state>LISTEN|UNCONN|ESTAB|[A-Z][A-Z0-9-]+)\s+\d+\s+\d+\s+"
    r"(?P<local>\S+):\s?(?P<port>\d+|\*|[a-z][\w-]*)\s+(?P<peer>\S+):\s?(?:\d+|\*|[a-z][\w-]*)(?:\s+(?P<rest>.*))?"
)
_NETSTAT = re.compile(
    rf"(?P<protocol>{_PROTOCOLS})\s+\d+\s+\d+\s+(?P<local>\S+):(?P<port>\d+|\*|[a-z][\w-]*)\s+\S+:(?:\d+|\*|[a-z][\w-]*)"
    r"(?:\s+(?P<state>[A-Z_0-9]+)(?=\s|$))?\s*(?P<rest>.*)"
)
_PROCESS = re.compile(r'users:\(\("(?P<ss>[^"]*)"|(?P<pid>\d+)/(?P<netstat>\S+)')


def read(page: Page, held: Held) -> bool:
    """Reads a line of sockets, or the head above them."""
    line = page.text
    if _SS_HEAD.match(line) or _NETSTAT_HEAD.match(line):
        held.listeners = held.listeners or []
        page.take()
        return True
    found = _NETSTAT.fullmatch(line) or _SS.fullmatch(line)
    if not found:
        return False
    page.take()
    held.count += 1
    held.listeners = held.listeners or []
    state = found["state"] or "UNCONN"
    if state in ("LISTEN", "UNCONN") and found["port"].isdecimal():
        held.listeners.append(_listener(found, page))
    return True


def _listener(found: re.Match[str], page: Page) -> Listener:
    command = page.ran("ss")
    default = "udp" if (command and command.has("-u") and not command.has("-t")) or found["state"] == "UNCONN" else "tcp"
    protocol = (found["protocol"] or default).rstrip("46")
    local, _, device = found["local"].partition("%")
    process = _PROCESS.search(found["rest"] or "")
    name = (process["ss"] or process["netstat"] or "") if process else ""
    return Listener(protocol, _address(local, found["protocol"] or ""), int(found["port"]), name, device.rstrip("]"))


def _address(local: str, protocol: str) -> str:
    """The address that a socket is bound to: "" for all of both families, which ss prints as `*`, and netstat as `:::` of tcp6."""
    bare = local.strip("[]")
    if local in ("*", "::") or (bare == "::" and protocol.endswith("6")):
        return ""
    return bare.removeprefix("::ffff:") if "." in bare else bare
