"""ip route and ip neighbour: where packets go, and who was asked for a hardware address."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from netlab_magic.engines.simulated.programs.call import Call, Ended
from netlab_magic.engines.simulated.programs.ip_common import Asked, attempt, known_device, operands, verb
from netlab_magic.engines.simulated.route_order import network_of_route, place_among_routes
from netlab_magic.forwarding.links import links_of
from netlab_magic.iptables.numbers import number_of, shown
from netlab_magic.model.changes import AddRoute, DeleteRoute
from netlab_magic.model.topology import ROUTE_KINDS, Route

__all__ = ["neighbour", "route"]

_TAKES = {
    "via": "via", "dev": "dev", "src": "src", "proto": "proto", "metric": "metric", "scope": "scope", "table": "table", "to": "to",
    "mtu": "mtu", "onlink": "", "type": "type",
}  # fmt: skip


def route(call: Call, asked: Asked) -> int:
    """See ip-route(8)."""
    match verb(call):
        case "show":
            return _show(call, asked)
        case "add" | "append":
            return attempt(call, AddRoute(call.namespace, _read(call)))
        case "replace" | "change":
            made = _read(call)
            held = [one for one in call.here.routes if one.destination == made.destination]
            return attempt(call, *(DeleteRoute(call.namespace, one) for one in held), AddRoute(call.namespace, made))
        case "delete":
            return attempt(call, DeleteRoute(call.namespace, _read(call)))
        case "get":
            return _get(call)
        case "flush":
            return attempt(call, *(DeleteRoute(call.namespace, one) for one in call.here.routes))
    word = call.words[0] if call.words else ""
    raise Ended(255, f'Command "{word}" is unknown, try "ip route help".\n')


_LINK_LOCAL = IPv6Network("fe80::/64")
_PREFERENCE = {4: "", 6: "pref medium"}
"""What `ip` prints last of a route (RTA_PREF in linux/rtnetlink.h)."""


def _read(call: Call) -> Route:
    kind = call.words.pop(0) if call.words and call.words[0] in ROUTE_KINDS else "unicast"
    found = operands(call, _TAKES, "to")
    text = found.get("to", "")
    destination = "default"
    if text not in ("default", "0.0.0.0/0", "::/0", "0/0"):
        try:
            found_network = ip_network(text, strict=False)
        except ValueError:
            raise Ended(1, f'Error: any valid prefix is expected rather than "{text}".\n') from None
        if found_network.network_address != ip_address(text.partition("/")[0]):
            raise Ended(2, "Error: Invalid prefix for given prefix length.\n")
        destination = str(found_network)
    via = found.get("via")
    if via:
        try:
            via = str(ip_address(via))
        except ValueError:
            raise Ended(1, f'Error: any valid address is expected rather than "{via}".\n') from None
    if "dev" in found:
        known_device(call, found["dev"])
    return Route(destination, via, found.get("dev"), found.get("src"), kind)


def _show(call: Call, asked: Asked) -> int:
    found = operands(call, _TAKES, "to")
    if "dev" in found:
        known_device(call, found["dev"])
    if found.get("table", "main") != "main":
        raise Ended(1, "the simulated engine has the routing table main only\n")
    version = asked.family or 4
    wanted = found.get("to")
    lines = sorted(_lines(call, version), key=lambda line: place_among_routes(line[0]))
    for network, text in lines:
        device = text.partition(" dev ")[2].partition(" ")[0]
        named = str(network) if network.prefixlen < network.max_prefixlen else str(network.network_address)
        if wanted not in (None, "default" if not network.prefixlen else str(network), named) or found.get("dev", device) != device:
            continue
        call.out(f"{text.replace(f' dev {device}', '') if 'dev' in found else text}\n")
    return 0


def _lines(call: Call, version: int) -> "Iterator[tuple[IPv4Network | IPv6Network, str]]":
    for held in call.here.routes:
        network = network_of_route(held)
        if network.version == version:
            shown_as = str(network.network_address) if network.prefixlen == network.max_prefixlen else held.destination
            if held.kind != "unicast":
                yield network, f"{held.kind} {shown_as} "
                continue
            via = f" via {held.via}" if held.via else ""
            scope = "" if held.via or version == 6 else " scope link"
            source = f" src {held.source}" if held.source else ""
            down = "" if _has_signal(call, held.device) else " linkdown"
            rank = " metric 1024" if version == 6 else ""
            yield network, f"{shown_as}{via} dev {held.device}{rank}{scope}{source}{down} {_PREFERENCE[version]}"
    for device in call.here.interfaces:
        if not device.up or device.kind == "loopback":
            continue
        if version == 6 and device.carrier:
            yield _LINK_LOCAL, f"{_LINK_LOCAL} dev {device.name} proto kernel metric 256 {_PREFERENCE[version]}"
        for own in device.parsed():
            if own.version == version and own.network.prefixlen < own.max_prefixlen:
                source = f" scope link src {own.ip}" if version == 4 else " metric 256"
                down = "" if device.carrier else " linkdown"
                yield own.network, f"{own.network} dev {device.name} proto kernel{source}{down} {_PREFERENCE[version]}"


def _has_signal(call: Call, name: str | None) -> bool:
    device = call.here.interface(name or "")
    return device is None or device.carrier


def _get(call: Call) -> int:
    text = operands(call, _TAKES, "to").get("to", "")
    try:
        wanted = ip_address(text)
    except ValueError:
        raise Ended(1, f'Error: any valid prefix is expected rather than "{text}".\n') from None
    routing = links_of(call.world.topology).routing(call.namespace, wanted.version == 6)
    number = number_of(text)
    hop = routing.route(number)
    if hop is None:
        raise Ended(2, "RTNETLINK answers: Network is unreachable\n")
    source = routing.source_towards(number)
    src = f" src {shown(source, wanted.version == 6)}" if source is not None else ""
    via = "" if hop.local or hop.next == number else f" via {shown(hop.next, wanted.version == 6)}"
    call.out(f"{'local ' if hop.local else ''}{text}{via} dev {hop.device}{src} uid 0 \n    cache {'<local> ' if hop.local else ''}\n")
    return 0


def neighbour(call: Call, asked: Asked) -> int:
    """See ip-neighbour(8); entries are made by packets, and taken away by flush."""
    action = verb(call)
    held = call.world.neighbours.get(call.namespace, ())
    found = operands(call, {"dev": "dev", "nud": "nud", "to": "to", "lladdr": "lladdr", "all": ""}, "to")
    if action == "show":
        for one in held:
            wanted = (found.get("dev", one.device), found.get("to", one.address)) == (one.device, one.address)
            if wanted and (not asked.family or (asked.family == 6) == (":" in one.address)):
                state = f"lladdr {one.mac} REACHABLE" if one.mac else "FAILED" if one.failed else "INCOMPLETE"
                device = "" if "dev" in found else f"dev {one.device} "
                call.out(f"{one.address} {device}{state} \n")
        return 0
    if action in ("flush", "delete"):
        left = tuple(one for one in held if found.get("dev", one.device) != one.device or found.get("to", one.address) != one.address)
        call.world = msgspec.structs.replace(call.world, neighbours={**call.world.neighbours, call.namespace: left})
        return 0
    raise Ended(1, "the simulated engine does not have this command of ip neighbour\n")
