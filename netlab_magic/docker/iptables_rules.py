"""dockerd's iptables rules: which ones a start, a network, a container and a published port have, and where dockerd puts them.

Rules are written as `iptables-save` prints them. "In" and "out" are meant as in iptables: `-o docker0` is what goes into the network.
Those of ip6tables are the same, but for what FAMILIES says and a few exceptions; each is for the IP version of the firewall they go into.
"""

from collections.abc import Iterator

import msgspec

from netlab_magic.docker.ruleset_edits import Firewall, Placed
from netlab_magic.docker.state import Attachment, Daemon, Network, Published, Subnet, at_port
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset

__all__ = [
    "FAMILIES",
    "add_endpoint",
    "add_network",
    "drop_forward",
    "drop_forward6",
    "publish",
    "remove_endpoint",
    "remove_network",
    "ruleset",
    "start",
    "stop",
    "withdraw",
]


class Family(msgspec.Struct, frozen=True):
    """What differs between rules for IPv4 and IPv6: `ipset` is the set in which 28.0.0 keeps the subnets of all networks that are not
    internal (hash:net), `width` the bits of an address.
    """

    name: str
    loopback: str
    icmp: str
    width: int
    ipset: str

    @property
    def to_set(self) -> str:
        """The match of what goes to a container."""
        return f"-m set --match-set {self.ipset} dst"


FAMILIES = {
    4: Family("ipv4", "127.0.0.0/8", "icmp", 32, "docker-ext-bridges-v4"),
    6: Family("ipv6", "::1/128", "ipv6-icmp", 128, "docker-ext-bridges-v6"),
}
"""What differs, by the IP version."""

_STAGE_1, _STAGE_2 = "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2"
_REPLIES = "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"


def _first(table: str, chain: str, spec: str) -> Placed:
    return Placed(table, chain, spec, first=True)


def _last(table: str, chain: str, spec: str) -> Placed:
    return Placed(table, chain, spec)


def _chains(daemon: Daemon, version: int) -> Iterator[tuple[str, str]]:
    """Docker's own chains with their tables, in an order in which they can be deleted: a chain's jumps go with it."""
    release = daemon.release
    if release.has_forward_chain:
        yield from (("filter", name) for name in ("DOCKER-FORWARD", "DOCKER-BRIDGE", "DOCKER-CT"))
    if release.has_isolation_stages:
        yield from (("filter", name) for name in (_STAGE_1, _STAGE_2))
    else:
        yield "filter", "DOCKER-INTERNAL"
    yield "filter", "DOCKER"
    if _has_user_chain(daemon, version):
        yield "filter", "DOCKER-USER"
    yield "nat", "DOCKER"


def _has_user_chain(daemon: Daemon, version: int) -> bool:
    return version == 4 or daemon.release.has_user_chain6


def _nat_jumps(daemon: Daemon, version: int) -> Iterator[Placed]:
    """With the proxy running, the host's own packets to its loopback addresses are left to it."""
    local = "-m addrtype --dst-type LOCAL -j DOCKER"
    yield _last("nat", "PREROUTING", local)
    yield _last("nat", "OUTPUT", f"! -d {FAMILIES[version].loopback} {local}" if daemon.userland_proxy else local)


def _forward_jumps(daemon: Daemon, version: int) -> Iterator[Placed]:
    """The jumps that dockerd puts first in their chain, in that order: the last one ends up on top."""
    release, to_set = daemon.release, FAMILIES[version].to_set
    if release.is_classic:
        yield _first("filter", "FORWARD", f"-j {_STAGE_1}")
    elif release.uses_ipset:
        yield _first("filter", "FORWARD", f"{to_set} -j DOCKER")
        yield _first("filter", "FORWARD", f"-j {_STAGE_1}")
        yield _first("filter", "FORWARD", f"{to_set} {_REPLIES}")
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
    version = firewall.version
    for table, chain in _chains(daemon, version):
        firewall.new_chain(table, chain)
    if daemon.release.is_classic:
        firewall.place(_last("filter", _STAGE_1, "-j RETURN"))
        firewall.place(_last("filter", _STAGE_2, "-j RETURN"))
    else:
        for rule in _nat_jumps(daemon, version):
            firewall.place(rule)
        for rule in _forward_jumps(daemon, version):
            firewall.put_first(rule)
    if _has_user_chain(daemon, version):
        if daemon.release.returns_to_user_chain:
            firewall.place(_last("filter", "DOCKER-USER", "-j RETURN"))
        firewall.put_first(_USER_JUMP)


def drop_forward(firewall: Firewall, daemon: Daemon) -> None:
    """The policy of FORWARD becomes DROP, when dockerd is the one that switches IP forwarding on."""
    if daemon.drops_forward if firewall.version == 4 else daemon.release.always_drops_forward6:
        firewall.set_policy("FORWARD", "DROP")


def drop_forward6(firewall: Firewall, daemon: Daemon) -> None:
    """The policy of ip6tables' FORWARD becomes DROP with the first network that has IPv6."""
    if firewall.version == 6 and daemon.drops_forward:
        firewall.set_policy("FORWARD", "DROP")


def stop(firewall: Firewall, daemon: Daemon) -> None:
    """Everything that `start` made goes, DOCKER-USER with what users put there too; networks must be gone."""
    version = firewall.version
    for rule in (*_nat_jumps(daemon, version), *_forward_jumps(daemon, version), _USER_JUMP):
        firewall.remove(rule)
    for table, chain in _chains(daemon, version):
        firewall.drop_chain(table, chain)
    if version == 6:
        firewall.set_policy("FORWARD", daemon.policy6_before)
    elif daemon.drops_forward:
        firewall.set_policy("FORWARD", daemon.policy_before)


def add_network(firewall: Firewall, daemon: Daemon, network: Network) -> None:
    """The rules of a new network."""
    version = firewall.version
    for rule in _network_rules(daemon, network, version):
        firewall.place(rule)
    if daemon.release.is_classic and network.subnet(version) is not None:
        if not network.internal:
            for rule in _nat_jumps(daemon, version):
                firewall.place(rule)
        for rule in _forward_jumps(daemon, version):
            firewall.put_first(rule)
    if daemon.release.keeps_user_chain_first and _has_user_chain(daemon, version):
        firewall.put_first(_USER_JUMP)


def remove_network(firewall: Firewall, daemon: Daemon, network: Network) -> None:
    """The rules of a network go; its containers must be gone."""
    for rule in _network_rules(daemon, network, firewall.version):
        firewall.remove(rule)


def add_endpoint(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of a new endpoint."""
    for rule in _endpoint_rules(daemon, held, firewall.version):
        firewall.place(rule)


def remove_endpoint(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of an endpoint go."""
    for rule in _endpoint_rules(daemon, held, firewall.version):
        firewall.remove(rule)


def publish(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of the ports that are published at an endpoint."""
    for rule in _published_rules(daemon, held, firewall.version):
        firewall.place(rule)


def withdraw(firewall: Firewall, daemon: Daemon, held: Attachment) -> None:
    """The rules of the ports that are published at an endpoint go."""
    for rule in _published_rules(daemon, held, firewall.version):
        firewall.remove(rule)


def _network_rules(daemon: Daemon, network: Network, version: int) -> Iterator[Placed]:
    subnet = network.subnet(version)
    if subnet is not None and network.internal:
        yield from _internal_rules(daemon, network, subnet)
    if network.internal:
        return
    if subnet is not None:
        yield from _nat_rules(daemon, network, subnet)
        yield from _classic_rules(network) if daemon.release.is_classic else _modern_rules(daemon, network, subnet)
    if daemon.release.has_isolation_stages and (subnet is not None or daemon.release.isolates_without_ipv6):
        yield from _isolation_rules(daemon, network, version)


def _internal_rules(daemon: Daemon, network: Network, subnet: Subnet) -> Iterator[Placed]:
    """Nothing enters or leaves an internal network; ICC is decided in the chain that forwards."""
    bridge, cidr = network.bridge, subnet.cidr
    crosses = subnet.version == 6 and daemon.release.lets_neighbours_talk
    yield _first("filter", _internal_chain(daemon), f"! -d {cidr} -i {bridge}{f' ! -o {bridge}' if crosses else ''} -j DROP")
    yield _first("filter", _internal_chain(daemon), f"! -s {cidr}{f' ! -i {bridge}' if crosses else ''} -o {bridge} -j DROP")
    verdict = "ACCEPT" if network.icc else "DROP"
    spec = f"-i {bridge} -o {bridge} -j {verdict}"
    yield Placed("filter", _forward_chain(daemon), spec, first=daemon.release.is_classic and network.icc)


def _nat_rules(daemon: Daemon, network: Network, subnet: Subnet) -> Iterator[Placed]:
    """Source NAT for what leaves the network; no DNAT for what comes from it, which the proxy serves."""
    bridge, routed = network.bridge, subnet.mode == "routed"
    translate = f"SNAT --to-source {subnet.source}" if subnet.source else "MASQUERADE"
    if network.masquerade and not routed:
        yield _first("nat", "POSTROUTING", f"-s {subnet.cidr} ! -o {bridge} -j {translate}")
    skips = daemon.release.skips_routed(daemon.userland_proxy) if routed else network.masquerade and daemon.userland_proxy
    if daemon.release.has_isolation_stages and skips:
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


def _modern_rules(daemon: Daemon, network: Network, subnet: Subnet) -> Iterator[Placed]:
    bridge, forward = network.bridge, _forward_chain(daemon)
    if not network.icc:
        yield _last("filter", forward, f"-i {bridge} -o {bridge} -j DROP")
    if subnet.mode == "routed":
        yield _last("filter", "DOCKER", f"-o {bridge} -p {FAMILIES[subnet.version].icmp} -j ACCEPT")
    yield _last("filter", forward, f"-i {bridge} -j ACCEPT" if network.icc else f"-i {bridge} ! -o {bridge} -j ACCEPT")
    verdict = "ACCEPT" if subnet.mode == "nat-unprotected" else "DROP"
    yield _last("filter", "DOCKER", f"! -i {bridge} -o {bridge} -j {verdict}")
    if daemon.release.has_forward_chain:
        yield _last("filter", "DOCKER-CT", f"-o {bridge} {_REPLIES}")
        yield _last("filter", "DOCKER-BRIDGE", f"-o {bridge} -j DOCKER")


def _isolation_rules(daemon: Daemon, network: Network, version: int) -> Iterator[Placed]:
    """From one network to another one: through the first stage into the second, which drops."""
    bridge, classic = network.bridge, daemon.release.is_classic
    if network.is_routed(version) and not classic:
        yield _first("filter", _STAGE_1, f"-o {bridge} -j RETURN")
        yield _first("filter", _STAGE_1, f"-i {bridge} {_REPLIES}")
    yield Placed("filter", _STAGE_1, f"-i {bridge} ! -o {bridge} -j {_STAGE_2}", first=classic)
    yield _first("filter", _STAGE_2, f"-o {bridge} -j DROP")


def _endpoint_rules(daemon: Daemon, held: Attachment, version: int) -> Iterator[Placed]:
    network, address = held.network, held.address(version)
    subnet = network.subnet(version)
    if daemon.release.shields_containers and address and subnet is not None and subnet.mode == "nat" and not network.internal:
        yield _last("raw", "PREROUTING", f"-d {address}/{FAMILIES[version].width} ! -i {network.bridge} -j DROP")


def _published_rules(daemon: Daemon, held: Attachment, version: int) -> Iterator[Placed]:
    subnet = held.network.subnet(version)
    if subnet is None or held.network.internal:
        return
    for port in held.ports:
        if port.version == version:
            yield from _port_rules(daemon, held.network, subnet, held.address(version), port)


def _port_rules(daemon: Daemon, network: Network, subnet: Subnet, address: str, port: Published) -> Iterator[Placed]:
    release, bridge, bits = daemon.release, network.bridge, FAMILIES[subnet.version].width
    to_host = f"-p {port.protocol} -m {port.protocol} --dport {port.host_port}"
    to_container = f"-p {port.protocol} -m {port.protocol} --dport {port.container_port}"
    if port.is_bound and port.on_loopback and not release.is_classic:
        yield _last("raw", "PREROUTING", f"-d {port.host_address}/32 ! -i lo {to_host} -j DROP")
    if release.shields_ports and subnet.mode == "nat":
        yield _last("raw", "PREROUTING", f"-d {address}/{bits} ! -i {bridge} {to_container} -j DROP")
    if port.is_bound and not port.is_translated:
        return
    if port.is_bound:
        not_link_local = "! -s fe80::/10 " if port.version == 6 and release.proxies_link_local else ""
        at = "" if port.on_any_address else f"-d {port.host_address}/{bits} "
        elsewhere = f"! -i {bridge} " if daemon.userland_proxy else ""
        to = at_port(address, port.container_port)
        yield _last("nat", "DOCKER", f"{not_link_local}{at}{elsewhere}{to_host} -j DNAT --to-destination {to}")
        if release.is_classic or not daemon.userland_proxy:
            yield _last("nat", "POSTROUTING", f"-s {address}/{bits} -d {address}/{bits} {to_container} -j MASQUERADE")
    if subnet.mode != "nat-unprotected":
        spec = f"-d {address}/{bits} ! -i {bridge} -o {bridge} {to_container} -j ACCEPT"
        yield Placed("filter", "DOCKER", spec, first=not release.is_classic)
    if port.is_bound and port.protocol == "sctp" and release.fills_sctp_checksums:
        yield _last("mangle", "POSTROUTING", f"-p sctp -m sctp --sport {port.container_port} -j CHECKSUM --checksum-fill")


def ruleset(daemon: Daemon, version: int = 4) -> Ruleset:
    """The rules for an IP version of a host on which nothing but this dockerd has made any; none with the nftables backend."""
    firewall = Firewall(Ruleset(family=FAMILIES[version].name))
    if daemon.backend == "iptables" and version in daemon.versions:
        start(firewall, daemon)
        drop_forward(firewall, daemon)
        if daemon.forwards6:
            drop_forward6(firewall, daemon)
        for network in daemon.networks:
            add_network(firewall, daemon, network)
        for held in daemon.attachments():
            add_endpoint(firewall, daemon, held)
            publish(firewall, daemon, held)
    return save_format.parse(str(firewall), family=FAMILIES[version].name)
