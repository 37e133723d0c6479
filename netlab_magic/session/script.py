"""`show script`: a whole lab as a shell script."""

import re
from collections.abc import Iterator

import msgspec

from netlab_magic.engines.protocol import Inside
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.changes import SetSysctl, between
from netlab_magic.model.topology import HOST, Interface, Namespace, Topology, possible_names
from netlab_magic.nftables.listing import listing
from netlab_magic.nftables.reload import is_owned
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.nftables.state import stateless
from netlab_magic.session.program_output import with_text
from netlab_magic.session.state import Seen

__all__ = ["script", "without_counters"]

_FOR_IPV6 = tuple(SetSysctl(HOST, key, "1") for key in ("net.ipv6.conf.all.forwarding", "net.bridge.bridge-nf-call-ip6tables"))
"""What is not needed in a lab without IPv6 addresses."""

_CHOSEN_BY_KERNEL = re.compile(r" bucketsize \d+ initval \w+$", re.MULTILINE)
"""What of a set of ipset older releases do not read, and nobody chooses."""

_BUILDABLE = ("bridge", "dummy", "loopback")
_HEAD = """\
#!/bin/sh
# Made by netlab_magic. Run as root in an empty network namespace (unshare -nm, with a private /run).
set -e"""


def script(seen: Seen) -> str:
    """The whole lab as a shell script, which builds the same lab when root runs it in an empty network namespace.

    Counters start at 0; tables owned by a program are left out.
    """
    topology = seen.topology
    lo = Interface("lo", "loopback", ("127.0.0.1/8",), up=False)
    changes = between(Topology({HOST: Namespace(HOST, (lo,))}), _buildable(topology))
    has_ipv6 = any(":" in cidr for cidr, _ in topology.addresses())
    commands = (command for change in changes if has_ipv6 or change not in _FOR_IPV6 for command in change.commands())
    lines = [_HEAD, *commands]
    for name in topology.namespaces:
        into = "" if name == HOST else f"ip netns exec {name} "
        lines += [f"{into}{command}" for command in _rules(seen, name)]
    return "\n".join(lines) + "\n"


def _rules(seen: Seen, namespace: str) -> Iterator[str]:
    """Commands for all rules of a namespace; nft's come last, because iptables-restore recreates its tables."""
    held = seen.observed.inside.get(namespace, Inside()).sets
    if held:
        yield with_text("ipset -exist restore", _CHOSEN_BY_KERNEL.sub("", held))
    for rulesets in (seen.rulesets, seen.rulesets6):
        ruleset = rulesets.get(namespace, Ruleset())
        kept = [table for table in ruleset.tables if any(chain.rules or chain.policy in (None, "DROP") for chain in table.chains)]
        if kept:
            yield with_text(f"{ruleset.program}-restore", without_counters(Ruleset(tuple(kept))))
    tables = tuple(table for table in stateless(seen.native.get(namespace, NftRuleset())).tables if not is_owned(table))
    if tables:
        yield with_text("nft -f -", listing(NftRuleset(tables, "1.0")))  # later releases read what earlier ones print


def _buildable(topology: Topology) -> Topology:
    """With a dummy in place of every device that no command creates: a network card, or a veth whose peer is elsewhere."""

    def known(name: str) -> str:
        return possible_names(name)[0]

    def device(held: Interface) -> Interface:
        kind = held.kind if held.kind in _BUILDABLE or held.peer else "dummy"
        return msgspec.structs.replace(held, name=known(held.name), kind=kind)

    for namespace in topology.namespaces.values():
        routes = tuple(msgspec.structs.replace(route, device=route.device and known(route.device)) for route in namespace.routes)
        found = msgspec.structs.replace(namespace, interfaces=tuple(map(device, namespace.interfaces)), routes=routes)
        topology = topology.with_namespace(found)
    return topology


def without_counters(ruleset: Ruleset) -> str:
    """The rules as iptables-save prints them, without counters and comments."""
    lines: list[str] = []
    for table in ruleset.tables:
        lines.append(f"*{table.name}")
        lines += [f":{chain.name} {chain.policy or '-'} [0:0]" for chain in table.chains]
        lines += [f"-A {chain.name} {rule.spec}".rstrip() for chain in table.chains for rule in chain.rules]
        lines.append("COMMIT")
    return "\n".join(lines)
