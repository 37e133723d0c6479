"""Remedies by the program that owns the rules: ufw, firewalld, fail2ban. Each is tried in the model as the rule that the program writes.

What ufw writes was recorded from ufw 0.36.2, what firewalld writes from firewalld 2.3.
"""

import re
from collections.abc import Iterator

import msgspec

from netlab_magic.diagnosis.remedies.firewall import Change, edited
from netlab_magic.diagnosis.remedies.nft import exactly, stopped_in, with_block, with_rule
from netlab_magic.diagnosis.remedies.placement import manager_of
from netlab_magic.diagnosis.remedies.remedy import Fix, World
from netlab_magic.explain.known.nft_chains import owner_of
from netlab_magic.forwarding.prediction import Hop
from netlab_magic.i18n import message
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import RuleVisit
from netlab_magic.nftables.ruleset import Set, Table

__all__ = ["program_fixes"]

_UFW = message("Let ufw, whose rules these are, accept these packets.")
_FIREWALLD = message("Let firewalld, whose rules these are, accept these packets in its zone {zone}.")
_POLICY = message("Let firewalld, whose rules these are, accept these packets by a policy of its own for forwarded ones.")
_UNBAN = message("Lift the ban of {source} in the jail {jail} of fail2ban.")


def program_fixes(world: World, hop: Hop, killer: RuleVisit) -> Iterator[Change]:
    """The commands with which a program opens its own rules for this packet; none if no such program stopped it, or for replies."""
    if hop.namespace != HOST or killer.before.direction == "REPLY":
        return
    table = stopped_in(world, hop, killer)
    if table is not None:
        if owner_of(table) == "firewalld":
            yield from _firewalld_nft(world, hop, killer, table)
        elif owner_of(table) == "fail2ban":
            yield from _unbanned_nft(world, killer, table)
        return
    manager = manager_of(world.rulesets[HOST], killer.table, killer.chain)
    if manager == "ufw":
        yield from _ufw(world, killer)
    elif manager == "firewalld":
        yield from _firewalld_iptables(world, hop, killer)
    elif manager == "fail2ban" and killer.rule is not None:
        line = f"{killer.chain} {killer.rule}"
        yield _unbanned(killer, killer.chain.removeprefix("f2b-"), _ruled(world, f"-D {line}"))


def _ruled(world: World, words: str) -> World:
    """The world after a command of iptables, or of ip6tables if the rules are its."""
    held = world.rulesets[HOST]
    return msgspec.structs.replace(world, rulesets={**world.rulesets, HOST: edited(held, f"{held.program} {words}")})


def _fix(sentence: str, values: dict[str, str], *commands: str) -> Fix:
    return Fix("flow", sentence, values, commands, commands)


def _ufw(world: World, killer: RuleVisit) -> Iterator[Change]:
    """`ufw allow`, before a rule of its users that denies, otherwise after their other rules."""
    packet, direction = killer.before, killer.hook.lower()
    chain = f"{'ufw6' if ':' in packet.source else 'ufw'}-user-{direction}"
    if packet.protocol not in ("tcp", "udp") or world.rulesets[HOST].chain(chain) is None:
        return
    words = {"input": "{}", "forward": "route {}", "output": "{} out"}.get(direction)
    if words is None:
        return
    first = killer.chain == chain
    action = words.format("prepend allow" if first else "allow")
    source = "" if direction == "output" else f" from {packet.source}"
    destination = " to any" if direction == "input" else f" to {packet.destination}"
    command = f"ufw {action} proto {packet.protocol}{source}{destination} port {packet.destination_port}"
    spec = "".join(
        [
            f" -s {packet.source}" if source else "",
            "" if direction == "input" else f" -d {packet.destination}",
            f" -p {packet.protocol} --dport {packet.destination_port} -j ACCEPT",
        ]
    )
    yield _fix(_UFW, {}, command), _ruled(world, f"-I {chain} 1{spec}" if first else f"-A {chain}{spec}")


def _firewalld_nft(world: World, hop: Hop, killer: RuleVisit, table: Table) -> Iterator[Change]:
    packet = killer.before
    if packet.protocol not in ("tcp", "udp"):
        return
    if killer.hook == "INPUT":
        zone = _zone(hop, r"filter_IN_(?P<zone>(?!policy_).+)_allow")
        allowed = table.chain(f"filter_IN_{zone}_allow")
        words = f"{'ip6' if ':' in packet.source else 'ip'} saddr {packet.source} {packet.protocol} dport {packet.destination_port}"
        if zone and allowed is not None:
            after = with_rule(table, allowed, len(allowed.rules), f"{words} accept")
            yield _opened_zone(packet, zone), with_block(world, HOST, table, allowed, after)
    elif killer.hook == "FORWARD":
        first = table.chain("filter_FORWARD_POLICIES_pre") or table.chain("filter_FORWARD_dispatch")
        if first is not None:
            after = with_rule(table, first, 0, f"{exactly(packet)} accept")
            yield _opened_policy(packet), with_block(world, HOST, table, first, after)


def _firewalld_iptables(world: World, hop: Hop, killer: RuleVisit) -> Iterator[Change]:
    packet, ruleset = killer.before, world.rulesets[HOST]
    if packet.protocol not in ("tcp", "udp"):
        return
    spec = f"-s {packet.source} -p {packet.protocol} --dport {packet.destination_port} -j ACCEPT"
    if killer.hook == "INPUT":
        zone = _zone(hop, r"IN_(?P<zone>(?!policy_).+)_allow")
        if zone and ruleset.chain(f"IN_{zone}_allow") is not None:
            yield _opened_zone(packet, zone), _ruled(world, f"-A IN_{zone}_allow {spec}")
    elif killer.hook == "FORWARD" and ruleset.chain("FORWARD_POLICIES_pre") is not None:
        yield _opened_policy(packet), _ruled(world, f"-I FORWARD_POLICIES_pre 1 -d {packet.destination} {spec}")


def _zone(hop: Hop, entered: str) -> str:
    """The zone whose chain a packet was sent into; "" if it was in none."""
    found = (re.fullmatch(entered, visit.line.action.chain or "") for visit in hop.host_trace.matched)
    return next((match["zone"] for match in found if match), "")


def _opened_zone(packet: Packet, zone: str) -> Fix:
    rule = _rich_rule(packet, "")
    command = f"firewall-cmd --permanent --zone={zone} --add-rich-rule='{rule}'"
    return _fix(_FIREWALLD, {"zone": zone}, command, "firewall-cmd --reload")


def _opened_policy(packet: Packet) -> Fix:
    """A policy between any two zones, whose rich rule names both addresses."""
    name = f"allow-{packet.protocol}-{packet.destination_port}"
    permanent = "firewall-cmd --permanent"
    return _fix(
        _POLICY,
        {},
        f"{permanent} --new-policy={name}",
        f"{permanent} --policy={name} --add-ingress-zone=ANY",
        f"{permanent} --policy={name} --add-egress-zone=ANY",
        f"{permanent} --policy={name} --add-rich-rule='{_rich_rule(packet, packet.destination)}'",
        "firewall-cmd --reload",
    )


def _rich_rule(packet: Packet, destination: str) -> str:
    family = "ipv6" if ":" in packet.source else "ipv4"
    to = f' destination address="{destination}"' if destination else ""
    port = f'port port="{packet.destination_port}" protocol="{packet.protocol}"'
    return f'rule family="{family}" source address="{packet.source}"{to} {port} accept'


def _unbanned_nft(world: World, killer: RuleVisit, table: Table) -> Iterator[Change]:
    """The ban is an element of the jail's set (fail2ban's action nftables)."""
    source = killer.before.source
    for banned in table.blocks:
        jail = re.fullmatch(r"addr6?-set-(?P<jail>.+)", banned.name) if isinstance(banned, Set) else None
        if jail and isinstance(banned, Set):
            left = tuple(element for element in banned.elements if str(element.key) != source)
            if len(left) < len(banned.elements):
                after = msgspec.structs.replace(banned, elements=left)
                yield _unbanned(killer, jail["jail"], with_block(world, HOST, table, banned, after))


def _unbanned(killer: RuleVisit, jail: str, after: World) -> Change:
    source = killer.before.source
    return _fix(_UNBAN, {"source": source, "jail": jail}, f"fail2ban-client set {jail} unbanip {source}"), after
