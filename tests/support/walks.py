"""A host with a bridge and a way out, and packets that walk through it: what the tests of both kinds of rules share."""

import re

from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.save_format import parse
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import Route
from netlab_magic.netfilter import Device, Host

__all__ = ["FROM_HOST", "HOST", "NEXT_DOOR", "OUT", "TO_HOST", "ended", "packet", "rules"]

HOST = Host(
    (
        Device("lo", ("127.0.0.1/8",)),
        Device("docker1", ("172.18.0.1/16",)),
        Device("veth0", bridge="docker1", behind=("172.18.0.2",)),
        Device("veth1", bridge="docker1", behind=("172.18.0.3",)),
        Device("eth0", ("10.0.0.5/24",)),
    ),
    (Route("default", "10.0.0.1", "eth0"),),
)
PACKET = re.compile(r"(?P<protocol>\w+) (?P<source>[\d.]+)(?::(?P<sport>\d+))? > (?P<destination>[\d.]+)(?::(?P<dport>\d+))?(?P<more>.*)")
PORTS = {"172.18.0.2": "veth0", "172.18.0.3": "veth1"}


def packet(text: str, **values) -> Packet:
    """`tcp 10.0.0.9:4000 > 10.0.0.5:80 FIELD=VALUE…`; where it comes in follows from its source, unless it says."""
    found = PACKET.fullmatch(text)
    more = dict(word.split("=") for word in found["more"].split())
    source = found["source"]
    arrival = "docker1" if source in PORTS else "" if source in ("172.18.0.1", "10.0.0.5", "127.0.0.1") else "eth0"
    made = Packet(
        source,
        found["destination"],
        found["protocol"],
        int(found["sport"] or 0),
        int(found["dport"] or 0),
        icmp_type=8 if found["protocol"] == "icmp" else 0,
        flags=frozenset({"SYN"} if found["protocol"] == "tcp" else ()),
        input=arrival,
        port_in=PORTS.get(source, ""),
    )
    given_values = {
        name: int(word, 0) if name in ("mark", "ttl", "length", "tos", "connection_mark", "icmp_type") else word
        for name, word in more.items()
    }
    return Packet(**{**{name: getattr(made, name) for name in made.__struct_fields__}, **given_values, **values})


def ended(found) -> str:
    """How a walk ended, and where: `dropped @ filter FORWARD 2`."""
    last = found.decided_by
    return found.outcome + (f" @ {last.table} {last.chain} {last.rule or 'policy'}" if last else "")


def rules(*lines: str, strict: bool = True, **policies: str) -> Ruleset:
    """A ruleset of `TABLE CHAIN RULE` or `CHAIN RULE` lines (filter); chains that are not built in are declared by being named."""
    tables = {"filter": {chain: policies.get(chain, "ACCEPT") for chain in BUILT_IN["filter"]}}
    added: dict[str, list[str]] = {"filter": []}
    for line in lines:
        first, _, rest = line.partition(" ")
        table, text = (first, rest) if first in BUILT_IN else ("filter", line)
        chains = tables.setdefault(table, dict.fromkeys(BUILT_IN[table], "ACCEPT"))
        chains.setdefault(text.split()[0], "-")
        added.setdefault(table, []).append(f"-A {text}")
    written = []
    for table, chains in tables.items():
        declared = [f":{chain} {policy} [0:0]" for chain, policy in chains.items()]
        written += [f"*{table}", *declared, *added[table], "COMMIT"]
    return parse("\n".join(written) + "\n", strict=strict)


OUT = "tcp 172.18.0.2:4000 > 8.8.8.8:80"
NEXT_DOOR = "tcp 172.18.0.2:4000 > 172.18.0.3:80"
TO_HOST = "tcp 10.0.0.9:4000 > 10.0.0.5:80"
FROM_HOST = "tcp 10.0.0.5:4000 > 8.8.8.8:80"
