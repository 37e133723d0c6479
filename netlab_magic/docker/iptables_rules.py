"""dockerd's iptables rules: which ones a start, a network, a container and a published port have, and where dockerd puts them.

Rules are written as `iptables-save` prints them. "In" and "out" are meant as in iptables: `-o docker0` is what goes into the network.
"""

from collections.abc import Iterator

from netlab_magic.docker.ruleset_edits import Firewall, Placed
from netlab_magic.docker.state import ANY_ADDRESS, Attachment, Daemon, Network, Published
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset

__all__ = [
    "IPSET",
    "add_endpoint",
    "add_network",
    "drop_forward",
    "publish",
    "remove_endpoint",
    "remove_network",
    "ruleset",
    "start",
    "stop",
    "withdraw",
]

IPSET = "docker-ext-bridges-v4"
"""The set in which 28.0.0 keeps the subnets of all networks that are not internal (hash:net)."""

_STAGE_1, _STAGE_2 = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"
_REPLIES = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
_TO_SET = f"-m set --match-set {IPSET} dst"


def _first(table: str, chain: str, spec: str) -> Placed:
    return Placed(table, chain, spec, first=True)


def _last(table: str, chain: str, spec: str) -> Placed:
    return Placed(table, chain, spec)


def _chains(daemon: Daemon) -> Iterator[tuple[str, str]]:
    """Docker's own chains with their tables, in an order in which they can be deleted: a chain's jumps go with it."""
    release = daemon.release
    if release.has_forward_chain:
        yield from (("filter", name) for name in ("DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT"))
    if release.has_isolation_stages:
        yield from (("filter", name) for name in (_STAGE_1, _STAGE_2))
    else:
        yield "filter", "DOCKER-INTERNAL"
    yield from (("filter", "DOCKER"), ("filter", "DOCKER-USER"), ("nat", "DOCKER"))


def _nat_jumps(daemon: Daemon) -> Iterator[Placed]:
    """With the proxy running, the host's own packets to 127.0.0.0/8 are left to it."""
    local = "-m addrtype --dst-type LOCAL -j DOCKER"
    yield _last("nat", "PREROUTING", local)
    yield _last("nat", "OUTPUT", f"! -d 127.0.0.0/8 {local}" if daemon.userland_proxy else local)


def _forward_jumps(daemon: Daemon) -> Iterator[Placed]:
    """The jumps that dockerd puts first in their chain, in that order: the last one ends up on top."""
    release = daemon.release
    if release.is_classic:
        yield _first("filter", "FORWARD", f"-j {_STAGE_1}")
    elif release.uses_ipset:
        yield _first("filter", "FORWARD", f"{_TO_SET} -j DOCKER")
        yield _first("filter", "FORWARD", f"-j {_STAGE_1}")
        yield _first("filter", "FORWARD", f"{_TO_SET} {_REPLIES}")
    else:
        yield _first("filter", "FORWARD", "-j DOCKER-FORWARD")
        yield _first("filter", "DOCKER-FORWARD", "-j DOCKER-BRIDGE")
        yield _first("filter", "DOCKER-FORWARD", f"-j {_internal_chain(daemon)}")
        yield _first("filter", "DOCKER-FORWARD", "-j DOCKER-CT")


_USER_JUMP = _first("filter", "FORWARD", "-j DOCKER-USER")


def _internal_chain(daemon: Daemon) -> str:
    return _STAGE_1 if daemon.release.has_isolation_stages else "DOCKER-INTERNAL"


def _forward_chain(daemon: Daemon) -> str:
    return "DOCKER-FORWARD" if daemon.release.has_forward_chain else "FORWARD"


def start(firewall: Firewall, daemon: Daemon) -> None:
    """Chains and jumps, before the first network; DOCKER-USER and what users have in it are left as they are."""
    for table, chain in _chains(daemon):
        firewall.new_chain(table, chain)
    if daemon.release.is_classic:
        firewall.place(_last("filter", _STAGE_1, "-j RETURN"))
        firewall.place(_last("filter", _STAGE_2, "-j RETURN"))
    else:
        for rule in _nat_jumps(daemon):
            firewall.place(rule)
        for rule in _forward_jumps(daemon):
            firewall.put_first(rule)
    if daemon.release.returns_to_user_chain:
        firewall.place(_last("filter", "DOCKER-USER", "-j RETURN"))
    firewall.put_first(_USER_JUMP)


def drop_forward(firewall: Firewall, daemon: Daemon) -> None:
    """The policy of FORWARD becomes DROP, when dockerd is the one that switches IP forwarding on."""
    if daemon.drops_forward:
        firewall.set_policy("FORWARD", "DROP")


def stop(firewall: Firewall, daemon: Daemon) -> None:
    """Everything that `start` made goes, DOCKER-USER with what users put there too; networks must be gone."""
    for rule in (*_nat_jumps(daemon), *_forward_jumps(daemon), _USER_JUMP):
        firewall.remove(rule)
    for table, chain in _chains(daemon):
        firewall.drop_chain(table, chain)
    if daemon.drops_forward:
        firewall.set_policy("FORWARD", daemon.policy_before)


def add_network(firewall: Firewall, daemon: Daemon, network: Network) -> None:
    """The rules of a new network."""
    for rule in _network_rules(daemon, network):
        firewall.place(rule)
    if daemon.release.is_classic:
        if not network.internal:
            for rule in _nat_jumps(daemon):
                firewall.place(rule)
        for rule in _forward_jumps(daemon):
            firewall.put_first(rule)
    if daemon.release.keeps_user_chain_first:
        firewall.put_first(_USER_JUMP)


def remove_network(firewall: Firewall, daemon: Daemon, network: Network) -> None:
    """The rules of a network go; its containers must be gone."""
    for rule in _network_rules(daemon, network):
        firewall.remove(rule)


def add_endpoint(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of a new endpoint."""
    for rule in _endpoint_rules(daemon, held):
        firewall.place(rule)


def remove_endpoint(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of an endpoint go."""
    for rule in _endpoint_rules(daemon, held):
        firewall.remove(rule)


def publish(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of the ports that are published at an endpoint."""
    for rule in _published_rules(daemon, held):
        firewall.place(rule)


def withdraw(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of the ports that are published at an endpoint go."""
    for rule in _published_rules(daemon, held):
        firewall.remove(rule)


def _network_rules(daemon: Daemon, network: Network) -> Iterator[Placed]:
    if network.internal:
        yield from _internal_rules(daemon, network)
        return
    yield from _nat_rules(daemon, network)
    yield from _classic_rules(network) if daemon.release.is_classic else _modern_rules(daemon, network)
    if daemon.release.has_isolation_stages:
        yield from _isolation_rules(daemon, network)


def _internal_rules(daemon: Daemon, network: Network) -> Iterator[Placed]:
    """Nothing enters or leaves an internal network; ICC is decided in the chain that forwards."""
    bridge, subnet = network.bridge, network.subnet
    yield _first("filter", _internal_chain(daemon), f"! -d {subnet} -i {bridge} -j DROP")
    yield _first("filter", _internal_chain(daemon), f"! -s {subnet} -o {bridge} -j DROP")
    verdict = "ACCEPT" if network.icc else "DROP"
    spec = f"-i {bridge} -o {bridge} -j {verdict}"
    yield Placed("filter", _forward_chain(daemon), spec, first=daemon.release.is_classic and network.icc)


def _nat_rules(daemon: Daemon, network: Network) -> Iterator[Placed]:
    """Source NAT for what leaves the network; no DNAT for what comes from it, which the proxy serves."""
    bridge, routed = network.bridge, network.mode == "routed"
    translate = f"SNAT --to-source {network.source}" if network.source else "MASQUERADE"
    if network.masquerade and not routed:
        yield _first("nat", "POSTROUTING", f"-s {network.subnet} ! -o {bridge} -j {translate}")
    proxied = network.masquerade and daemon.userland_proxy
    if daemon.release.has_isolation_stages and ((proxied and not routed) or (routed and not daemon.release.is_classic)):
        yield _first("nat", "DOCKER", f"-i {bridge} -j RETURN")
    if not daemon.userland_proxy:
        yield _first("nat", "POSTROUTING", f"-o {bridge} -m addrtype --src-type LOCAL -j {translate}")


def _classic_rules(network: Network) -> Iterator[Placed]:
    bridge = network.bridge
    if network.icc:
        yield _first("filter", "FORWARD", f"-i {bridge} -o {bridge} -j ACCEPT")
    else:
        yield _last("filter", "FORWARD", f"-i {bridge} -o {bridge} -j DROP")
    yield _first("filter", "FORWARD", f"-i {bridge} ! -o {bridge} -j ACCEPT")
    yield _first("filter", "FORWARD", f"-o {bridge} -j DOCKER")
    yield _first("filter", "FORWARD", f"-o {bridge} {_REPLIES}")


def _modern_rules(daemon: Daemon, network: Network) -> Iterator[Placed]:
    bridge, forward = network.bridge, _forward_chain(daemon)
    if not network.icc:
        yield _last("filter", forward, f"-i {bridge} -o {bridge} -j DROP")
    if network.mode == "routed":
        yield _last("filter", "DOCKER", f"-o {bridge} -p icmp -j ACCEPT")
    yield _last("filter", forward, f"-i {bridge} -j ACCEPT" if network.icc else f"-i {bridge} ! -o {bridge} -j ACCEPT")
    verdict = "ACCEPT" if network.mode == "nat-unprotected" else "DROP"
    yield _last("filter", "DOCKER", f"! -i {bridge} -o {bridge} -j {verdict}")
    if daemon.release.has_forward_chain:
        yield _last("filter", "DOCKER-CT", f"-o {bridge} {_REPLIES}")
        yield _last("filter", "DOCKER-BRIDGE", f"-o {bridge} -j DOCKER")


def _isolation_rules(daemon: Daemon, network: Network) -> Iterator[Placed]:
    """From one network to another one: through the first stage into the second, which drops."""
    bridge, classic = network.bridge, daemon.release.is_classic
    if network.mode == "routed" and not classic:
        yield _first("filter", _STAGE_1, f"-o {bridge} -j RETURN")
        yield _first("filter", _STAGE_1, f"-i {bridge} {_REPLIES}")
    yield Placed("filter", _STAGE_1, f"-i {bridge} ! -o {bridge} -j {_STAGE_2}", first=classic)
    yield _first("filter", _STAGE_2, f"-o {bridge} -j DROP")


def _endpoint_rules(daemon: Daemon, held: Attachment) -> Iterator[Placed]:
    network = held.network
    if daemon.release.shields_containers and network.mode == "nat" and not network.internal:
        yield _last("raw", "PREROUTING", f"-d {held.address}/32 ! -i {network.bridge} -j DROP")


def _published_rules(daemon: Daemon, held: Attachment) -> Iterator[Placed]:
    for port in () if held.network.internal else held.ports:
        yield from _port_rules(daemon, held.network, held.address, port)


def _port_rules(daemon: Daemon, network: Network, address: str, port: Published) -> Iterator[Placed]:
    release, bridge = daemon.release, network.bridge
    to_host = f"-p {port.protocol} -m {port.protocol} --dport {port.host_port}"
    to_container = f"-p {port.protocol} -m {port.protocol} --dport {port.container_port}"
    if port.is_bound and port.on_loopback and not release.is_classic:
        yield _last("raw", "PREROUTING", f"-d {port.host_address}/32 ! -i lo {to_host} -j DROP")
    if release.shields_ports and network.mode == "nat":
        yield _last("raw", "PREROUTING", f"-d {address}/32 ! -i {bridge} {to_container} -j DROP")
    if port.is_bound:
        at = "" if port.host_address == ANY_ADDRESS else f"-d {port.host_address}/32 "
        elsewhere = f"! -i {bridge} " if daemon.userland_proxy else ""
        yield _last("nat", "DOCKER", f"{at}{elsewhere}{to_host} -j DNAT --to-destination {address}:{port.container_port}")
        if release.is_classic or not daemon.userland_proxy:
            yield _last("nat", "POSTROUTING", f"-s {address}/32 -d {address}/32 {to_container} -j MASQUERADE")
    if network.mode != "nat-unprotected":
        spec = f"-d {address}/32 ! -i {bridge} -o {bridge} {to_container} -j ACCEPT"
        yield Placed("filter", "DOCKER", spec, first=not release.is_classic)
    if port.is_bound and port.protocol == "sctp" and release.fills_sctp_checksums:
        yield _last("mangle", "POSTROUTING", f"-p sctp -m sctp --sport {port.container_port} -j CHECKSUM --checksum-fill")


def ruleset(daemon: Daemon) -> Ruleset:
    """The rules of a host on which nothing but this dockerd has made any; no iptables rules at all with the nftables backend."""
    firewall = Firewall(Ruleset())
    if daemon.backend == "iptables":
        start(firewall, daemon)
        drop_forward(firewall, daemon)
        for network in daemon.networks:
            add_network(firewall, daemon, network)
        for held in daemon.attachments():
            add_endpoint(firewall, daemon, held)
            publish(firewall, daemon, held)
    return save_format.parse(str(firewall))
