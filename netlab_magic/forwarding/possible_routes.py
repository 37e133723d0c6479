"""Questions about a host's own routing: which tables its packets are routed by, and whether an address is its own."""

from collections.abc import Iterator, Sequence
from functools import partial
from ipaddress import ip_address, ip_network

import msgspec

from netlab_magic.forwarding.placement import hop_to, is_outer
from netlab_magic.forwarding.possibility import Answer, Possibility, Question
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import Assumption, message
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.model.topology import HOST, Interface, Namespace, Route, RoutingRule, Topology
from netlab_magic.model.unread import STAND_INS, Unread, is_stand_in
from netlab_magic.netfilter.policy import Asked, met_by

__all__ = ["by_policy", "missing_table", "own_address", "own_network", "tables"]

_TABLE = message("It is not known whether a rule of ip rule leads to the table {}, which has a route for {}")
_LEADS = message("a rule of ip rule leads to the table {}")
_LEADS_NOT = message("no rule of ip rule leads to the table {}")
_OWN = message("It is not known whether {} is the host's own address")
_IS_OWN = message("{} is the host's own address")
_IS_NOT = message("{} is another machine's address")

_OWN_NETWORK = message("It is not known whether the host's own address is in {}")
_IS_INSIDE = message("the host's own address is in {}")
_IS_OUTSIDE = message("the host's own address is not in {}")

_DEFAULTS = ((0, 255), (32766, 254), (32767, 253))
"""The priorities of the rules that the kernel makes, and the tables that they lead to (fib_default_rules_init)."""

_DEFAULT = ("default", "0.0.0.0/0", "::/0")
_BEFORE_MAIN = 5000
_MOST_TABLES = 3


def tables(here: Possibility, addresses: Sequence[str]) -> Iterator[Question]:
    """Whether tables beside main apply, if `ip rule` was not read and they have routes for one of these addresses."""
    host = here.topology.host
    if Unread.RULES not in host.unread:
        return
    concerned = [(number, address) for number, routes in host.tables.items() for address in addresses if _best(routes, address)]
    for number, address in list(dict(concerned).items())[:_MOST_TABLES]:
        source = addresses[0]
        answers = (
            Answer(Assumption(_LEADS, (str(number),)), partial(_with_rule, number=number, six=":" in address)),
            Answer(Assumption(_LEADS_NOT, (str(number),)), partial(_without_rule, number=number, source=source)),
        )
        yield Question(f"table {number}", Assumption(_TABLE, (str(number), address)), Unread.RULES, answers)


def by_policy(topology: Topology, source: str) -> tuple[str, ...]:
    """The devices that a sender may be behind if `ip rule` leads answers elsewhere than main would, and no table knows it exactly."""
    host = topology.host
    if not host.rules or any((best := _best(routes, source)) and best.destination not in _DEFAULT for routes in host.tables.values()):
        return ()
    plain = topology.with_namespace(msgspec.structs.replace(host, rules=(), has_rules=False))
    hops = [hop for hop in (hop_to(plain, source), hop_to(topology, source)) if hop is not None]
    devices = tuple(dict.fromkeys(hop.device for hop in hops))
    return devices if len(devices) > 1 else ()


def missing_table(topology: Topology, found: Prediction) -> int:
    """The number of the first table that `ip rule` leads one of the host's packets to although its routes were not read; 0 for none."""
    host, six = topology.host, found.probe.six
    known = {255: (), 253: (), **host.tables, 254: _main_routes(host)}
    for trace in found.traces:
        for hop in trace.hops:
            if hop.namespace == HOST and hop.host_trace.hooks:
                frame, sent = hop.host_trace.last, hop.host_trace.sent
                asked = Asked(frame.destination, number_of(sent.source), sent.input or "lo", frame.mark, frame.tos)
                for rule in met_by(host.rules, asked, six):
                    if rule.table not in known:
                        return rule.table
                    route = _best(known[rule.table], shown(frame.destination, six))
                    if route is not None and (rule.suppressed < 0 or route.destination not in _DEFAULT):
                        break
    return 0


def _main_routes(host: Namespace) -> tuple[Route, ...]:
    """The routes of the table main, with those that follow from the addresses."""
    connected = (Route(str(held.network), None, one.name) for one in host.interfaces if one.up for held in one.parsed())
    return (*connected, *host.routes)


def _best(routes: Sequence[Route], address: str) -> Route | None:
    """The route of a table with the longest prefix for an address."""
    number, found = ip_address(address), []
    for route in routes:
        six = route.family == "ipv6"
        network = ip_network(("::/0" if six else "0.0.0.0/0") if route.destination == "default" else route.destination, strict=False)
        if network.version == number.version and number in network:
            found.append((network.prefixlen, route))
    return max(found, key=lambda held: held[0])[1] if found else None


def _with_rule(here: Possibility, number: int, six: bool) -> Possibility:
    host = here.topology.host
    rules = host.rules or tuple(RoutingRule(priority, family, table=table) for family in (False, True) for priority, table in _DEFAULTS)
    led = msgspec.structs.replace(host, has_rules=True, rules=(*rules, RoutingRule(_BEFORE_MAIN, six, table=number)))
    return msgspec.structs.replace(here, topology=here.topology.with_namespace(led))


def _without_rule(here: Possibility, number: int, source: str) -> Possibility:
    """Where a machine is does not depend on `ip rule`: a route to it alone tells which device it is behind."""
    route = _best(here.topology.host.tables[number], source)
    if route is None or route.destination in _DEFAULT or route.device is None or here.entry:
        return here
    return msgspec.structs.replace(here, entry=route.device)


def own_address(here: Possibility, source: str, destination: str) -> Iterator[Question]:
    """Whether the address that is asked about is the host's own, if no address of the host is known.

    If it is not, the packet passes the host only when sender and receiver are on different sides of it.
    """
    six, host = ":" in destination, here.topology.host
    stand_in = f"{STAND_INS['ipv6' if six else 'ipv4']}/{128 if six else 32}"
    hop = hop_to(here.topology, destination)
    if hop is None or not is_outer(here.topology, hop.device, six) or not any(stand_in in held.addresses for held in host.interfaces):
        return
    came = hop_to(here.topology, source)
    if hop.device != (here.entry or (came.device if came else "")):
        return
    answers = (
        Answer(Assumption(_IS_OWN, (destination,)), partial(_owning, destination=destination, stand_in=stand_in)),
        Answer(Assumption(_IS_NOT, (destination,)), lambda here: here),
    )
    yield Question(f"own {destination}", Assumption(_OWN, (destination,)), Unread.ADDRESSES, answers)


def own_network(here: Possibility, found: Prediction) -> Iterator[Question]:
    """Whether the host's own address, if none is known, is in a network that a rule asked for and that would have been decisive."""
    for trace in found.traces:
        for hop in trace.hops if any(is_stand_in(held.partition("/")[0]) for held in _own(here)) else ():
            for visit in hop.host_trace.visits if hop.namespace == HOST else ():
                condition = visit.line.conditions[visit.failed] if visit.matched is False else None
                if condition is None or condition.negated or condition.only is not None or condition.about not in _ENDS:
                    continue
                address = condition.seen(visit.frame)
                if is_stand_in(address) and visit.line.acts and _is_network(condition.wanted):
                    yield _in_network(condition.wanted, address)
                    return


_ENDS = ("source", "destination")


def _is_network(word: str) -> bool:
    try:
        return bool(ip_network(word, strict=False))
    except ValueError:
        return False


def _own(here: Possibility) -> Iterator[str]:
    return (cidr for held in here.topology.host.interfaces for cidr in held.addresses)


def _in_network(network: str, stand_in: str) -> Question:
    held = ip_network(network, strict=False)
    inside, length = str(held[-2] if held.num_addresses > 2 else held[0]), held.max_prefixlen
    answers = (
        Answer(Assumption(_IS_OUTSIDE, (network,)), lambda here: here),
        Answer(Assumption(_IS_INSIDE, (network,)), partial(_owning, destination=inside, stand_in=f"{stand_in}/{length}")),
    )
    return Question(f"own in {network}", Assumption(_OWN_NETWORK, (network,)), Unread.ADDRESSES, answers)


def _owning(here: Possibility, destination: str, stand_in: str) -> Possibility:
    """The host with this address in place of the one that stands for it."""
    host = here.topology.host
    own = f"{destination}/{stand_in.partition('/')[2]}"


    def renamed(held: Interface) -> Interface:
        return msgspec.structs.replace(held, addresses=tuple(own if cidr == stand_in else cidr for cidr in held.addresses))

    held = tuple(map(renamed, host.interfaces))
    return msgspec.structs.replace(here, topology=here.topology.with_namespace(msgspec.structs.replace(host, interfaces=held)))
