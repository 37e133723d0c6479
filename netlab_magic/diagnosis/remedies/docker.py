"""Docker's own remedies for an unreachable container: its published port, a port to publish, or a shared network."""

from collections.abc import Iterator, Sequence

import msgspec

from netlab_magic.diagnosis.remedies.firewall import Change
from netlab_magic.diagnosis.remedies.remedy import Fix, World
from netlab_magic.docker import TABLE, Container, Daemon, Published, nft_table_text, plan
from netlab_magic.docker.state import ANY_ADDRESS, DEFAULT_NETWORK
from netlab_magic.errors import StatementError
from netlab_magic.forwarding.endpoints import probe_for
from netlab_magic.forwarding.other_filters import NO_OTHER_FILTERS, OtherFilters
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import message
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language.docker_statements import Docker
from netlab_magic.language.parser import parse
from netlab_magic.language.statements import Destination
from netlab_magic.model.topology import HOST
from netlab_magic.nftables import parse as parse_nft

__all__ = ["container_port", "docker_fixes", "host_ports"]

_ASK = message("Connect to port {host_port} of the host, where port {port} of {container} is published.")
_PUBLISH = message("Publish port {port} of {container}, and connect to port {host_port} of the host instead of the container.")
_EVERYWHERE = message("Publish port {host_port} on all addresses of the host: {container} has published it on {address} only.")
_JOIN = message("Connect {source} to the network {network} of {container}: Docker isolates its networks from each other.")

_OTHER_PORTS = 8000
"""If the same port of the host is taken, this is added: 8080 for 80."""


def docker_fixes(world: World, found: Prediction) -> Iterator[Change]:
    """The remedies that dockerd could carry out for this packet; none without a dockerd."""
    daemon, probe = world.dockerd, found.probe
    if daemon is None and not found.request.arrived:
        yield from _asked(world, probe.address, host_ports(world, probe.address, probe.port, probe.protocol))
    if daemon is None or HOST not in world.rulesets:
        return
    container = daemon.container(probe.target)
    if container is None:
        yield from _everywhere(world, daemon, found)
    elif not found.request.arrived:
        if probe.protocol != "icmp":
            yield from _asked(
                world,
                container.name,
                list(dict.fromkeys(held.host_port for held in container.ports if held.is_bound and _is_asked_for(world, held))),
            )
            yield from _published(world, container)
        yield from _joined(world, daemon, container)


def _asked(world: World, container: str, host_ports: Sequence[int]) -> Iterator[Change]:
    """The fix that uses a port that is already published."""
    for host_port in host_ports:
        try:
            asking = _asking(world, host_port)
        except StatementError:  # a dump of rules alone does not contain the host's addresses
            return
        yield Fix("ask", _ASK, {"host_port": str(host_port), "port": str(world.probe.port), "container": container}, (), ()), asking


def host_ports(world: World, address: str, port: int, protocol: str) -> list[int]:
    """The host ports that Docker's rules translate to this address and port."""
    return [asked for asked, to in _translated(world, protocol) if to == f"{address}:{port}"]


def container_port(world: World, host_port: int, protocol: str) -> str:
    """The container's port that Docker's rules translate this port of the host to; "" if they do not."""
    return next((to.rpartition(":")[2] for asked, to in _translated(world, protocol) if asked == host_port), "")


def _translated(world: World, protocol: str) -> Iterator[tuple[int, str]]:
    """The ports of the host that Docker's rules translate, each with its container's address and port."""
    chain = world.rulesets.get(HOST, Ruleset()).chain("DOCKER", "nat")
    for rule in chain.rules if chain else ():
        to = rule.target.option("--to-destination") if rule.target else None
        ports = rule.match(protocol)
        asked = ports.option("--dport") if ports else None
        if to and asked and asked.values[0].isdecimal():
            yield int(asked.values[0]), to.values[0]


def _is_asked_for(world: World, port: Published) -> bool:
    return (port.container_port, port.protocol) == (world.probe.port, world.probe.protocol)


def _asking(world: World, port: int) -> World:
    """The same probe, to a port of the host."""
    asked = probe_for(world.topology, world.probe.source, Destination(HOST, port, world.probe.protocol))
    return msgspec.structs.replace(world, probe=asked)


def _published(world: World, container: Container) -> Iterator[Change]:
    port = world.probe.port
    if any(_is_asked_for(world, held) for held in container.ports):
        return
    for host_port in (port, _OTHER_PORTS + port):
        wanted = (*container.ports, Published(port, host_port, world.probe.protocol))
        after = _again(world, container, wanted)
        if after is not None:
            values = {"port": str(port), "container": container.name, "host_port": str(host_port)}
            yield Fix("publish", _PUBLISH, values, _lines(container, wanted), _real(container, wanted)), _asking(after, host_port)
            return


def _everywhere(world: World, daemon: Daemon, found: Prediction) -> Iterator[Change]:
    """The fix for a port that is published only on another address of the host than the packet's destination."""
    if found.request.hops[-1].namespace != HOST:
        return
    for container in daemon.containers:
        for port in container.ports:
            if (port.host_port, port.protocol) != (world.probe.port, world.probe.protocol) or port.on_any_address:
                continue
            everywhere = msgspec.structs.replace(port, host_address=ANY_ADDRESS)
            wanted = tuple(everywhere if held is port else held for held in container.ports)
            after = _again(world, container, wanted)
            if after is not None:
                values = {"host_port": str(port.host_port), "container": container.name, "address": port.host_address}
                yield Fix("publish", _EVERYWHERE, values, _lines(container, wanted), _real(container, wanted)), after


def _joined(world: World, daemon: Daemon, container: Container) -> Iterator[Change]:
    source = daemon.container(world.probe.source)
    if source is None or not source.endpoints or any(source.endpoint(held.network) for held in container.endpoints):
        return
    for held in container.endpoints:
        line = f"docker network connect {held.network} {source.name}"
        after = _after(world, (line,))
        if after is not None:
            values = {"source": source.name, "network": held.network, "container": container.name}
            yield Fix("network", _JOIN, values, (line,), (line,)), after


def _again(world: World, container: Container, ports: Sequence[Published]) -> World | None:
    """The world after the container was removed and started again; None if dockerd would refuse."""
    return _after(world, _lines(container, ports))


def _after(world: World, lines: Sequence[str]) -> World | None:
    """The world after the statements; None if dockerd would refuse one."""
    daemon, topology, held = world.dockerd, world.topology, world.rulesets[HOST]
    of_family = {"ipv4": Ruleset(), "ipv6": Ruleset(family="ipv6"), held.family: held}
    try:
        for statement in parse("\n".join(lines)):
            if isinstance(statement, Docker):
                planned = plan(daemon, statement, topology, of_family["ipv4"], of_family["ipv6"])
                daemon, topology = planned.daemon, planned.topology
                of_family = {"ipv4": planned.ruleset, "ipv6": planned.ruleset6}
    except StatementError:
        return None
    rulesets = {**world.rulesets, HOST: of_family[held.family]}
    others = world.other_filters.get(HOST, NO_OTHER_FILTERS)
    other_filters = world.other_filters if daemon is None else {**world.other_filters, HOST: _other_filters(others, daemon)}
    return msgspec.structs.replace(world, topology=topology, rulesets=rulesets, dockerd=daemon, other_filters=other_filters)


def _other_filters(held: OtherFilters, daemon: Daemon) -> OtherFilters:
    """What filters besides the rules of iptables once dockerd has made its tables of nft anew."""
    if daemon.backend != "nftables":
        return held
    dockers = [table for version in daemon.versions for table in parse_nft(nft_table_text(daemon, version)).tables]
    others = [table for table in held.native.tables if table.name != TABLE]
    return msgspec.structs.replace(held, native=msgspec.structs.replace(held.native, tables=(*others, *dockers)))


def _lines(container: Container, ports: Sequence[Published]) -> tuple[str, ...]:
    return f"docker rm -f {container.name}", f"docker run {container.name}{_options(container, ports)}"


def _real(container: Container, ports: Sequence[Published]) -> tuple[str, ...]:
    started = f"docker run --detach --name {container.name}{_options(container, ports)} IMAGE"
    return f"docker rm --force {container.name}", started


def _options(container: Container, ports: Sequence[Published]) -> str:
    network = "" if container.mode == DEFAULT_NETWORK else f" --network {container.mode}"
    return network + "".join(f" -p {port}" for port in dict.fromkeys(map(_port, ports)))


def _port(port: Published) -> str:
    at = "" if port.on_any_address else f"[{port.host_address}]:" if ":" in port.host_address else f"{port.host_address}:"
    host = f"{port.host_port}:" if port.host_port else ":" if at else ""
    return f"{at}{host}{port.container_port}{'/udp' if port.protocol == 'udp' else ''}"
