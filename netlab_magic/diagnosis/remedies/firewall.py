"""Changes of a firewall that may let a packet pass, made where it was dropped, before the rule that dropped it."""

from collections.abc import Iterator

import msgspec

from netlab_magic.diagnosis.remedies.placement import WITH_COMMANDS, manager_of, own_place
from netlab_magic.diagnosis.remedies.remedy import Fix, Scope, World
from netlab_magic.forwarding.prediction import Hop, Trace
from netlab_magic.i18n import message
from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN
from netlab_magic.iptables.command import read_command
from netlab_magic.iptables.command_changes import changes
from netlab_magic.iptables.diff import apply
from netlab_magic.iptables.ruleset import Chain, Ruleset, Table
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import HOST
from netlab_magic.model.unread import is_stand_in
from netlab_magic.netfilter import Cause, RuleVisit

__all__ = [
    "NEIGHBOURS",
    "OUTWARDS",
    "SERVICE",
    "Change",
    "by_interfaces",
    "edited",
    "firewall_fixes",
    "killer_of",
    "neighbour_fixes",
    "ruled",
    "service_of",
]

Change = tuple[Fix, World]

_KNOWN = "-m conntrack --ctstate RELATED,ESTABLISHED"

_FLOW = message("Accept only these packets: {spec}.")
_FLOW_USER = message("Accept only these packets in DOCKER-USER, the chain that Docker leaves to its users: {spec}.")
_FLOW_RAW = message("Accept only these packets in the table raw, since a rule in DOCKER-USER would come too late: {spec}.")
_REPLY = message("Accept packets of established connections (replies) before the rule that dropped this one.")
_REPLY_TO = message("Accept packets of established connections (replies) that leave through {device}.")
_REPLY_USER = message("Accept packets of established connections (replies) in DOCKER-USER.")
_BETWEEN = message("Accept everything that comes in through {input} and leaves through {output}.")
OUTWARDS = message("Accept everything that comes in through {input} and leaves through another interface.")
_INWARDS = message("Accept everything that comes in through {input}.")
SERVICE = message("Accept {protocol} to port {port} of the host that comes in through {input}.")
_LEAVING = message("Accept everything that leaves through {output}.")
_DELETE = message("Delete the rule that stops these packets: rule {number} of {chain} in the table {table}.")
NEIGHBOURS = message("Accept ICMPv6: without it, hosts cannot find each other over IPv6.")
_PASSING = message("This rule does not last: {manager} does not know it, and it is gone at the next boot at the latest.")
_POLICY = message("Set the policy of {chain} to ACCEPT, so that it accepts every packet that no rule decides about.")


def killer_of(hop: Hop) -> RuleVisit | None:
    """The rule or policy that stopped a packet; None if something else did."""
    walk = hop.host_trace
    if walk.passed or not walk.entries or walk.cause not in (Cause.RULE, None):
        return None
    last = walk.entries[-1]
    return last if isinstance(last, RuleVisit) and last.matched and last.outcome in ("DROP", "REJECT") else None


def firewall_fixes(world: World, hop: Hop, killer: RuleVisit) -> Iterator[Change]:
    """The changes that would let this packet go on from where it was stopped, the smallest in effect first."""
    place = _BeforeTheKiller(world, hop, killer)
    yield from place.replies()
    yield from place.flow()
    yield from place.interfaces()
    yield from place.without()


class _BeforeTheKiller:
    """The place where a packet was stopped, and the rules that could be inserted before it."""

    def __init__(self, world: World, hop: Hop, killer: RuleVisit) -> None:
        self.world = world
        self.namespace = hop.namespace
        self.killer = killer
        self.packet = killer.before
        self.ruleset = world.rulesets[hop.namespace]
        self.program = self.ruleset.program
        self.family = "-6 " if self.ruleset.family == "ipv6" else ""
        self.chain, self.number = own_place(hop.host_trace.matched, killer)
        self.in_user_chain = self.chain == USER_CHAIN
        self.manager = manager_of(self.ruleset, killer.table, killer.chain)
        self.too_late = killer.table == "raw" and self.ruleset.chain(USER_CHAIN) is not None

    @property
    def is_reply(self) -> bool:
        return self.packet.direction == "REPLY" and self.packet.state in ("ESTABLISHED", "RELATED")

    def replies(self) -> Iterator[Change]:
        if not self.is_reply or self.killer.table == "raw":
            return
        device = self.packet.output if self.killer.hook == "FORWARD" else ""
        spec = f"-o {device} {_KNOWN}" if device else _KNOWN
        sentence = _REPLY_USER if self.in_user_chain else _REPLY_TO if device else _REPLY
        yield from self.inserted("reply", sentence, {"device": device}, spec)

    def flow(self) -> Iterator[Change]:
        if self.is_reply and self.killer.table != "raw":
            return
        spec = self.exactly()
        sentence = _FLOW_RAW if self.too_late else _FLOW_USER if self.in_user_chain else _FLOW
        yield from self.inserted("flow", sentence, {"spec": spec}, spec)

    def exactly(self) -> str:
        """The match for packets like this one."""
        packet = self.packet
        ends = (("-s", packet.source), ("-d", packet.destination))
        words = " ".join([*(f"{word} {address}" for word, address in ends if not is_stand_in(address)), f"-p {packet.protocol}"])
        if packet.protocol in ("tcp", "udp"):
            replies = packet.direction == "REPLY" or packet.source_port < packet.destination_port
            return f"{words} --sport {packet.source_port}" if replies else f"{words} --dport {packet.destination_port}"
        option = "--icmpv6-type" if packet.protocol == "ipv6-icmp" else "--icmp-type"
        return f"{words} {option} {packet.icmp_type}"

    def interfaces(self) -> Iterator[Change]:
        if self.manager in WITH_COMMANDS:  # who opens more than this one flow shall do it with that program
            return
        if self.killer.table != "raw" and (service := service_of(self.packet)):
            spec = f"-i {service['input']} -p {service['protocol']} --dport {service['port']}"
            yield from self.inserted("interfaces", SERVICE, service, spec)
            return
        sentence, came, leaves = by_interfaces(self.world, self.namespace, self.packet)
        if self.killer.table == "raw" or not sentence:
            return
        ways = (f"-i {came}" if came else "", f"! -o {came}" if sentence == OUTWARDS else f"-o {leaves}" if leaves else "")
        yield from self.inserted("interfaces", sentence, {"input": came, "output": leaves}, " ".join(filter(None, ways)))

    def without(self) -> Iterator[Change]:
        """The fixes that delete the rule that stopped the packet, or change the policy: not where a program would restore them."""
        line = self.killer.line
        if self.manager:
            return
        if line.number is None:
            command = self.command("-P", f"{line.chain} ACCEPT")
            is_stated = self.namespace == HOST and line.table == "filter"
            statement = f"policy {self.family}{line.chain} ACCEPT" if is_stated else ""
            yield self.made("policy", _POLICY, {"chain": line.chain}, command, statement)
        elif not self.too_late:  # Docker would restore its rule
            values = {"number": str(line.number), "chain": line.chain, "table": line.table}
            yield self.made("delete rule", _DELETE, values, self.command("-D", f"{line.chain} {line.number}"), "")

    def inserted(self, scope: Scope, sentence: str, values: dict[str, str], spec: str) -> Iterator[Change]:
        """An accepting rule before the rule that stopped the packet, or at the end of the chain whose policy did."""
        held = self.ruleset.chain(self.chain, self.killer.table)
        if held is not None:
            rule = f"{spec} -j ACCEPT"
            place = "" if self.number is None else f"{self.number} "
            command = self.command("-I" if place else "-A", f"{self.chain} {place}{rule}")
            fix, after = self.made(scope, sentence, values, command, self.statement(held, rule))
            if self.manager and not self.in_user_chain:
                values = {**fix.values, "manager": self.manager}
                fix = msgspec.structs.replace(fix, values=values, remark=_PASSING)
            yield fix, after

    def statement(self, chain: Chain, rule: str) -> str:
        """The rule as a statement, which ensures one copy of it at the head or the end of a chain; "" for any other position."""
        table = self.killer.table
        if self.namespace != HOST or self.number not in (None, 1):
            return ""
        empty = msgspec.structs.replace(self.ruleset, tables=(Table(table, (msgspec.structs.replace(chain, rules=()),)),))
        alone = edited(empty, f"{self.program} -t {table} -A {chain.name} {rule}").chain(chain.name, table)
        if alone is None or any(held.same_rule(alone.rules[0]) for held in chain.rules):
            return ""
        insert = "insert " if self.number else ""
        if (table, chain.name) == ("filter", "FORWARD"):
            return f"forward {self.family}{insert}{rule}"
        return f"rule {self.family}{'' if table == 'filter' else f'-t {table} '}{chain.name} {insert}{rule}"

    def command(self, action: str, words: str) -> str:
        table = "" if self.killer.table == "filter" else f"-t {self.killer.table} "
        return f"{self.program} {table}{action} {words}"

    def made(self, scope: Scope, sentence: str, values: dict[str, str], command: str, statement: str) -> Change:
        return ruled(self.world, self.namespace, Fix(scope, sentence, values, (statement,), (command,)))


def service_of(packet: Packet) -> dict[str, str]:
    """Where a packet for a port of the host itself came in, its protocol and port; nothing for others, or for replies.

    Accepting a port is enough there; accepting everything that comes in would open the host.
    """
    if packet.output or not packet.input or packet.protocol not in ("tcp", "udp") or packet.direction == "REPLY":
        return {}
    return {"input": packet.input, "protocol": packet.protocol, "port": str(packet.destination_port)}


def by_interfaces(world: World, namespace: str, packet: Packet) -> tuple[str, str, str]:
    """What a rule about the interfaces of such a packet accepts, as a message, and the two names: where it came in, and where it leaves.

    The message is that of `OUTWARDS` if such a rule is for every other interface than the bridge that the packet came in through; it is
    "" if the packet has no interfaces.
    """

    def is_bridge(device: str) -> bool:
        found = world.topology.namespaces[namespace].interface(device)
        return found is not None and found.kind == "bridge"

    came, leaves = packet.input, packet.output
    if came and leaves:
        is_outward = came != leaves and is_bridge(came) and not is_bridge(leaves)
        return (OUTWARDS if is_outward else _BETWEEN), came, leaves
    return (_INWARDS if came else _LEAVING if leaves else ""), came, leaves


def neighbour_fixes(world: World, trace: Trace) -> Iterator[Change]:
    """The rule without which ip6tables keeps hosts from finding each other: it drops who-has questions of IPv6, or their answers."""
    values = trace.values
    action = "-A" if values["rule"] == "None" else "-I"
    place = "" if action == "-A" else f"{values['rule']} "
    command = f"ip6tables {action} {values['chain']} {place}-p ipv6-icmp -j ACCEPT"
    yield ruled(world, values["place"], Fix("flow", NEIGHBOURS, {}, ("",), (command,)))
    if action == "-A":
        command = f"ip6tables -P {values['chain']} ACCEPT"
        statement = f"policy -6 {values['chain']} ACCEPT" if values["place"] == HOST else ""
        yield ruled(world, values["place"], Fix("policy", _POLICY, {"chain": values["chain"]}, (statement,), (command,)))


def ruled(world: World, namespace: str, fix: Fix) -> Change:
    """The change that one iptables command makes in a namespace: the fix's first command; its statement may be "".

    Raises StatementError if iptables would refuse it.
    """
    command, statement = fix.commands[0], fix.statements[0]
    typed = command if namespace == HOST else f"ip netns exec {namespace} {command}"
    held = world.rulesets.get(namespace, Ruleset(family="ipv6" if world.probe.six else "ipv4"))
    rulesets = {**world.rulesets, namespace: edited(held, command)}
    fix = msgspec.structs.replace(fix, statements=(statement or typed,), commands=(typed,))
    return fix, msgspec.structs.replace(world, rulesets=rulesets)


def edited(ruleset: Ruleset, command: str) -> Ruleset:
    """The ruleset after an iptables command. Raises StatementError if iptables would refuse it."""
    return apply(ruleset, changes(read_command(command), ruleset))
