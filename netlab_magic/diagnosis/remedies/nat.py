"""Changes of NAT: for the host's own connections, for packets that return into their network, for untracked packets."""

from collections.abc import Iterator

import msgspec

from netlab_magic.diagnosis.remedies.firewall import Change, ruled
from netlab_magic.diagnosis.remedies.remedy import Fix, World
from netlab_magic.forwarding.prediction import Hop, Prediction
from netlab_magic.i18n import message
from netlab_magic.iptables.analysis.generated_chains import is_generated
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.ruleset import Option, Rule, Ruleset
from netlab_magic.model.probe import Verdict
from netlab_magic.model.topology import HOST
from netlab_magic.netfilter import RuleVisit

__all__ = ["translation_fixes"]

_TWIN = message("Translate connections from {namespace} itself too: they pass OUTPUT of the table nat, never PREROUTING.")
_TURNED = message("Masquerade packets that return into {network}, so that the answers come back through {namespace}.")
_TRACKED = message(
    "Delete the rule that exempts these packets from connection tracking: rule {number} of {chain} in the table raw. "
    "What is not tracked is not translated, and its replies are not known as such."
)
_UNTRANSLATED = message("Delete the rule that redirects these packets to another port: rule {number} of {chain} in the table nat.")

_MOST_TWINS = 2


def translation_fixes(world: World, found: Prediction) -> Iterator[Change]:
    """The changes that may help a packet if its translation is missing, or leads to a port that does not answer."""
    yield from _twins(world, found)
    yield from _turned(world, found)
    for trace in found.traces:
        for hop in trace.hops:
            yield from _without(world, hop, found)


def _twins(world: World, found: Prediction) -> Iterator[Change]:
    """The rules of PREROUTING that translate connections to this port, repeated for connections from the host itself."""
    first, probe = found.request.hops[0], found.probe
    chain = world.rulesets.get(first.namespace, Ruleset()).chain("PREROUTING", "nat")
    is_untouched = not _was_translated(first)
    fitting = [rule for rule in chain.rules if _leads(rule, probe.protocol, probe.port, probe.address)] if chain and is_untouched else []
    for rule in fitting[:_MOST_TWINS]:
        options = tuple(option for option in rule.options if option.name != "-i")
        if not any(option.name == "-d" for option in options):
            options = (Option("-d", (probe.address,)), *options)
        spec = msgspec.structs.replace(rule, options=options, raw="")
        statement = f"rule -t nat OUTPUT {spec}" if first.namespace == HOST else ""
        fix = Fix("translation", _TWIN, {"namespace": first.namespace}, (statement,), (f"iptables -t nat -A OUTPUT {spec}",))
        yield ruled(world, first.namespace, fix)


def _was_translated(hop: Hop) -> bool:
    """Whether a packet's destination was changed in a namespace."""
    return any(visit.table == "nat" and visit.hook != "POSTROUTING" and visit.line.action.change for visit in hop.host_trace.matched)


def _leads(rule: Rule, protocol: str, port: int, address: str) -> bool:
    """Whether a rule translates the destination of packets to this port and address."""
    done = target(rule.jump)
    if done is None or done.translates != "destination":
        return False
    ports = rule.match(protocol)
    asked = ports.option("--dport") if ports else None
    to = rule.option("-d")
    near = to is None or (not to.negated and to.values[0].partition("/")[0] == address)
    return near and (asked is None or asked.values == (str(port),))


def _turned(world: World, found: Prediction) -> Iterator[Change]:
    """Masquerading for packets whose destination was translated and that leave a host through the device they came in by."""
    for hop in found.request.hops:
        frame, sent = hop.host_trace.last, hop.host_trace.sent
        if not (hop.enters and sent.input and sent.input == frame.output and _was_translated(hop)) or frame.six:
            continue
        device = world.topology.namespaces[hop.namespace].interface(sent.input)
        for held in device.parsed() if device else ():
            if held.version == 4:
                network = str(held.network)
                command = f"iptables -t nat -A POSTROUTING -s {network} -d {network} -j MASQUERADE"
                statement = f"rule -t nat POSTROUTING -s {network} -d {network} -j MASQUERADE" if hop.namespace == HOST else ""
                values = {"network": network, "namespace": hop.namespace}
                yield ruled(world, hop.namespace, Fix("masquerade", _TURNED, values, (statement,), (command,)))


def _without(world: World, hop: Hop, found: Prediction) -> Iterator[Change]:
    """The fixes that delete the rule that keeps a packet from being tracked, or one that redirects it to a port without a server."""
    for visit in hop.host_trace.matched:
        if visit.rule is None or visit.changed is None or is_generated(visit.chain):
            continue
        values = {"number": str(visit.rule), "chain": visit.chain}
        if visit.table == "raw" and visit.changed.state == "UNTRACKED":
            yield _deleted(world, hop, visit, _TRACKED, values)
        elif visit.table == "nat" and found.verdict == Verdict.REFUSED and visit.changed.destination_port != visit.frame.destination_port:
            yield _deleted(world, hop, visit, _UNTRANSLATED, values)


def _deleted(world: World, hop: Hop, visit: RuleVisit, sentence: str, values: dict[str, str]) -> Change:
    command = f"iptables -t {visit.table} -D {visit.chain} {visit.rule}"
    return ruled(world, hop.namespace, Fix("delete rule", sentence, values, ("",), (command,)))
