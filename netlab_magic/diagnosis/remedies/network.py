"""Changes outside the firewall that may let a packet pass: routes, sysctls, servers, devices, masquerading."""

from collections.abc import Iterator
from ipaddress import ip_address, ip_interface

import msgspec

from netlab_magic.diagnosis.remedies.firewall import Change, ruled
from netlab_magic.diagnosis.remedies.remedy import Fix, Scope, World
from netlab_magic.errors import StatementError
from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
from netlab_magic.i18n import message
from netlab_magic.iptables.analysis.generated_chains import USER_CHAIN
from netlab_magic.iptables.ruleset import PROGRAM_OF
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired
from netlab_magic.model.changes import between
from netlab_magic.model.probe import Probe
from netlab_magic.model.topology import HOST, INTERNET, Namespace, Topology, network_of
from netlab_magic.netfilter import Cause

__all__ = ["network_fixes"]

BRIDGED = "net.bridge.bridge-nf-call-iptables"
_FORWARDING = {False: "net.ipv4.ip_forward", True: "net.ipv6.conf.all.forwarding"}
_IGNORED = {False: "net.ipv4.icmp_echo_ignore_all", True: "net.ipv6.icmp.echo_ignore_all"}

_FORWARD = message("Make {namespace} forward packets: forwarding is off, so it drops packets that are not addressed to itself.")
_UNSEEN = message("Let bridged frames bypass iptables; then no rule filters between the ports of a bridge.")
_SEEN = message("Make iptables see bridged frames, so that replies of translated connections are translated back.")
_LOOSE = message("Make {namespace} accept packets that come in through {device} even if answers would leave through another interface.")
_ANSWER = message("Make {namespace} answer echo requests.")
_ROUTE = message("Give {namespace} a route to {destination} via {gateway}.")
_ROUTE_OUT = message("Give {namespace} a default route via {gateway}.")
_MASQUERADE = message("Masquerade {network} on its way out, so that the answers come back to the host.")
_SERVE = message("Start a server on {protocol} port {port} of {namespace}.")
_UP = message("Set the interface {device} of {namespace} up.")
_PLUG = message("Connect {namespace} to the bridge {bridge}, which has its network.")
_HAIRPIN = message("Let the bridge send frames back out of the port they came in on, {port} (hairpin mode).")


def network_fixes(world: World, found: Prediction, trace: Trace) -> Iterator[Change]:
    """The changes of the network that may help if no rule stopped the packet, or if nothing listens."""
    last = trace.hops[-1]
    cause = last.host_trace.cause
    if trace.arrived:
        yield from _served(world, found, last)
        yield from _answering(world, last)
    elif cause == Cause.NOT_FORWARDING:
        yield from _sysctl(world, last.namespace, _FORWARDING[last.host_trace.last.six], "1", _FORWARD)
    elif cause == Cause.NO_ROUTE:
        yield from _masqueraded(world, found)
        if last.namespace != INTERNET or (found.back is None and not _has_docker(world)):  # it knows no routes to private networks
            yield from _routed(world, last, last.host_trace.packet.destination)
    elif cause == Cause.REVERSE_PATH:
        device = last.host_trace.packet.input
        key = f"net.ipv4.conf.{device.replace('.', '/')}.rp_filter"
        yield from _sysctl(world, last.namespace, key, "2", _LOOSE, device=device)
        yield from _routed(world, last, last.host_trace.packet.source)
    elif cause == Cause.HAIRPIN:
        yield from _hairpin(world, last)
    else:
        yield from _linked(world, found.probe, last)
        yield from _masqueraded(world, found)
        yield from _seen(world)


def _has_docker(world: World) -> bool:
    """Whether ports are published on the host, so that no route to the networks behind it is needed."""
    held = world.rulesets.get(HOST)
    return held is not None and held.chain(USER_CHAIN) is not None


def unseen_bridges(world: World, hop: Hop) -> Iterator[Change]:
    """The fix that lets a bridged frame bypass iptables."""
    frame = hop.host_trace.last
    if frame.input and frame.input == frame.output and hop.host_trace.sent.port_in:
        yield from _sysctl(world, hop.namespace, BRIDGED, "0", _UNSEEN)


def _built(world: World, scope: Scope, sentence: str, values: dict[str, str], statement: s.Build, line: str) -> Iterator[Change]:
    """The change that a statement makes; none if the statement is refused or changes nothing."""
    try:
        after = desired(world.topology, statement)
    except StatementError:
        return
    yield from _changed(world, scope, sentence, values, after, line)


def _changed(world: World, scope: Scope, sentence: str, values: dict[str, str], after: Topology, line: str = "") -> Iterator[Change]:
    commands = tuple(command for change in between(world.topology, after) for command in change.commands())
    if commands:
        statements = (line,) if line else commands
        yield Fix(scope, sentence, values, statements, commands), msgspec.structs.replace(world, topology=after)


def _sysctl(world: World, namespace: str, key: str, value: str, sentence: str, **values: str) -> Iterator[Change]:
    where = "" if namespace == HOST else f" in {namespace}"
    statement = s.Sysctl(key, value, namespace)
    yield from _built(world, "sysctl", sentence, {"namespace": namespace, **values}, statement, f"sysctl {key}={value}{where}")


def _served(world: World, found: Prediction, last: Hop) -> Iterator[Change]:
    probe, frame = found.probe, last.host_trace.last
    port = frame.destination_port
    if probe.protocol == "icmp" or any(
        (held.namespace, held.port, held.protocol) == (last.namespace, port, probe.protocol) for held in world.topology.servers
    ):
        return
    kind, suffix = ("echo", "/udp") if probe.protocol == "udp" else ("http", "")
    values = {"protocol": probe.protocol, "port": str(port), "namespace": last.namespace}
    line = f"serve {last.namespace} {port}{suffix}"
    yield from _built(world, "server", _SERVE, values, s.Serve(last.namespace, port, probe.protocol, kind), line)


def _answering(world: World, last: Hop) -> Iterator[Change]:
    key = _IGNORED[last.host_trace.last.six]
    if world.topology.namespaces[last.namespace].sysctls.get(key, "0") != "0":
        yield from _sysctl(world, last.namespace, key, "0", _ANSWER)


def _routed(world: World, last: Hop, address: str) -> Iterator[Change]:
    """A route via each neighbour of the namespace: to the network of an address, or else a default route."""
    namespace = world.topology.namespaces[last.namespace]
    for destination in dict.fromkeys([*_networks_of(world.topology, address), "default"]):
        for gateway in _neighbours(world.topology, namespace, ":" in address):
            statement = s.RouteVia(namespace.name, destination, gateway)
            values = {"namespace": namespace.name, "destination": destination, "gateway": gateway}
            sentence = _ROUTE_OUT if destination == "default" else _ROUTE
            yield from _built(world, "route", sentence, values, statement, f"route {namespace.name} {destination} via {gateway}")


def _networks_of(topology: Topology, address: str) -> Iterator[str]:
    for cidr, _ in topology.addresses():
        if cidr.partition("/")[0] == address:
            yield network_of(cidr)


def _neighbours(topology: Topology, namespace: Namespace, six: bool) -> Iterator[str]:
    """The addresses of other hosts in the networks of a namespace, those of bridges and forwarding hosts first."""
    own = [held for interface in namespace.interfaces if interface.kind != "loopback" for held in interface.parsed()]
    near = []
    for cidr, end in topology.addresses():
        other = ip_interface(cidr)
        if end.namespace != namespace.name and (other.version == 6) == six and any(other.ip in held.network for held in own):
            forwards = topology.namespaces[end.namespace].sysctls.get(_FORWARDING[six], "0") != "0"
            near.append((not forwards, cidr.partition("/")[0]))
    yield from dict.fromkeys(address for _, address in sorted(near, key=lambda held: held[0]))


def _masqueraded(world: World, found: Prediction) -> Iterator[Change]:
    """Masquerading on a host that the request passed, for the network that it came from."""
    if found.back is None:
        return
    for hop in found.request.hops:
        frame, walk = hop.host_trace.last, hop.host_trace
        place = world.topology.namespaces[hop.namespace]
        if not hop.enters or not hop.leaves or frame.port_out or (place.answers_all and hop.namespace != HOST):
            continue
        came = world.topology.namespaces[hop.namespace].interface(walk.sent.input)
        for held in came.parsed() if came else ():
            if ip_address(walk.sent.source) in held.network:
                yield _masquerade(world, hop, str(held.network), came.name if came and came.kind == "bridge" else "")


def _masquerade(world: World, hop: Hop, network: str, bridge: str) -> Change:
    program = PROGRAM_OF["ipv6" if ":" in network else "ipv4"]
    way = f" ! -o {bridge}" if bridge else f" -o {hop.host_trace.packet.output}" if world.topology.host.answers_all else ""
    command = f"{program} -t nat -A POSTROUTING -s {network}{way} -j MASQUERADE"
    line = f"masquerade {network}{f' except {bridge}' if bridge else ''}" if hop.namespace == HOST else ""
    return ruled(world, hop.namespace, Fix("masquerade", _MASQUERADE, {"network": network}, (line,), (command,)))


def _hairpin(world: World, last: Hop) -> Iterator[Change]:
    namespace = world.topology.namespaces[last.namespace]
    port = namespace.interface(last.host_trace.sent.port_in)
    if port is not None:
        after = world.topology.with_namespace(namespace.with_interface(msgspec.structs.replace(port, hairpin=True)))
        yield from _changed(world, "link", _HAIRPIN, {"port": port.name}, after)


def _seen(world: World) -> Iterator[Change]:
    for namespace in world.topology.namespaces.values():
        if namespace.sysctls.get(BRIDGED) == "0":
            yield from _sysctl(world, namespace.name, BRIDGED, "1", _SEEN)


def _linked(world: World, probe: Probe, last: Hop) -> Iterator[Change]:
    """Devices on the path that are down; a namespace that is connected to another bridge than that of its network."""
    for name in dict.fromkeys((last.namespace, probe.source, probe.target, HOST)):
        namespace = world.topology.namespaces.get(name)
        for interface in namespace.interfaces if namespace else ():
            if not interface.up and namespace:
                after = world.topology.with_namespace(namespace.with_interface(msgspec.structs.replace(interface, up=True)))
                yield from _changed(world, "link", _UP, {"device": interface.name, "namespace": name}, after)
    for name in dict.fromkeys((probe.target, probe.source)):
        if name in world.topology.namespaces and name not in (HOST, INTERNET) and not world.topology.namespaces[name].answers_all:
            yield from _plugged(world, world.topology.namespaces[name])


def _plugged(world: World, namespace: Namespace) -> Iterator[Change]:
    cidrs = tuple(cidr for interface in namespace.interfaces if interface.kind != "loopback" for cidr in interface.addresses)
    for bridge in world.topology.host.bridges:
        if any(held.network == ip_interface(cidr).network for held in bridge.parsed() for cidr in cidrs):
            values = {"namespace": namespace.name, "bridge": bridge.name}
            statement = s.NetworkNamespace(namespace.name, cidrs, bridge.name)
            line = f"ns {namespace.name} {' '.join(cidrs)} on {bridge.name}"
            yield from _built(world, "link", _PLUG, values, statement, line)
