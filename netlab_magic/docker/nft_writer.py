"""dockerd's nftables backend: the tables `ip docker-bridges` and `ip6 docker-bridges`, written as a script for `nft -f`.

The tables are dockerd's alone and are made anew whenever dockerd starts, so they follow from the state and not from a history. Rules
stand in the order of their groups: replies, ICC, published ports, what is left (moby, daemon/libnetwork/drivers/bridge/internal/nftabler).
"""

from collections.abc import Iterator, Sequence

from netlab_magic.docker.state import Attachment, Daemon, Network, Published, Subnet, at_port

__all__ = ["TABLE", "nft_script", "nft_table_text"]

TABLE = "docker-bridges"
"""The name of dockerd's nftables tables."""

_FAMILIES = {4: "ip", 6: "ip6"}
_LOOPBACK = {4: "127.0.0.0/8", 6: "::1"}
_ICMP = {4: "ip protocol icmp", 6: "meta l4proto ipv6-icmp"}
_MAPS = ("filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out")
_REPLIES = "ct state established,related counter accept"
_TO_HOST = "fib daddr type local counter jump nat-prerouting-and-output"


def nft_script(daemon: Daemon | None, gone: Sequence[int] = ()) -> str:
    """What `nft -f` must get so that there are this dockerd's tables, and nothing of another one; without a daemon, no table.

    `gone` are IP versions whose tables may be there and must not stay.
    """
    wanted = daemon.versions if daemon is not None and daemon.backend == "nftables" else ()
    emptied = "".join(
        f"table {_FAMILIES[version]} {TABLE}\ndelete table {_FAMILIES[version]} {TABLE}\n" for version in sorted({*wanted, *gone})
    )
    return emptied + "".join(nft_table_text(daemon, version) for version in wanted if daemon is not None)


def nft_table_text(daemon: Daemon, version: int) -> str:
    """A dockerd's table for an IP version, as nft prints it."""
    parts = *_maps(daemon.networks, version), *_base_chains(daemon, version), *_bridges(daemon, version)
    return f"table {_FAMILIES[version]} {TABLE} {{\n" + "\n\n".join(parts) + "\n}\n"


def _block(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"\t{head} {{", *(f"\t\t{line}" for line in lines), "\t}"])


def _maps(networks: Sequence[Network], version: int) -> Iterator[str]:
    """A verdict map for each direction: from a bridge's name to the chain of its network."""
    bridges = [network.bridge for network in networks if network.subnet(version) is not None]
    for name in _MAPS:
        elements = ", ".join(f'"{bridge}" : jump {name}__{bridge}' for bridge in bridges)
        yield _block(f"map {name}-jumps", ["type ifname : verdict", *([f"elements = {{ {elements} }}"] if elements else [])])


def _base_chains(daemon: Daemon, version: int) -> Iterator[str]:
    def base(name: str, kind: str, hook: str, priority: str, rules: Sequence[str]) -> str:
        return _block(f"chain {name}", [f"type {kind} hook {hook} priority {priority}; policy accept;", *rules])

    attached = [held for held in daemon.attachments() if held.network.subnet(version) is not None and not held.network.internal]
    bound = [(held, port) for held in attached for port in held.ports if port.version == version and port.is_translated]
    not_loopback = f"{_FAMILIES[version]} daddr != {_LOOPBACK[version]} " if daemon.userland_proxy else ""
    into, out = "oifname vmap @filter-forward-in-jumps", "iifname vmap @filter-forward-out-jumps"
    yield base("filter-FORWARD", "filter", "forward", "filter", [into, out])
    # The same priority as in prerouting; nft before 1.0.9 knows no name for it in the output hook.
    yield base("nat-OUTPUT", "nat", "output", "-100", [not_loopback + _TO_HOST])
    translated = ["iifname vmap @nat-postrouting-out-jumps", "oifname vmap @nat-postrouting-in-jumps"]
    yield base("nat-POSTROUTING", "nat", "postrouting", "srcnat", translated)
    yield base("nat-PREROUTING", "nat", "prerouting", "dstnat", [_TO_HOST])
    yield _block("chain nat-prerouting-and-output", [_dnat(daemon, *one) for one in bound])
    yield base("raw-PREROUTING", "filter", "prerouting", "raw", list(_raw_rules(attached, version)))


def _dnat(daemon: Daemon, held: Attachment, port: Published) -> str:
    family = _FAMILIES[port.version]
    elsewhere = f'iifname != "{held.network.bridge}" ' if daemon.userland_proxy else ""
    not_link_local = "ip6 saddr != fe80::/10 " if port.version == 6 else ""
    at = "" if port.on_any_address else f"{family} daddr {port.host_address} "
    target = at_port(held.address(port.version), port.container_port)
    return f'{elsewhere}{not_link_local}{at}{port.protocol} dport {port.host_port} counter dnat to {target} comment "DNAT"'


def _raw_rules(attached: Sequence[Attachment], version: int) -> Iterator[str]:
    for held in attached:
        network, subnet = held.network, held.network.subnet(version)
        if subnet is not None and subnet.mode == "nat":
            to = f"{_FAMILIES[version]} daddr {held.address(version)}"
            yield f'{to} iifname != "{network.bridge}" counter drop comment "DROP DIRECT ACCESS"'
        for port in held.ports:
            if port.version == version and port.is_translated and port.on_loopback:
                to = f"ip daddr {port.host_address} {port.protocol} dport {port.host_port}"
                yield f'iifname != "lo" {to} counter drop comment "DROP REMOTE LOOPBACK"'


def _bridges(daemon: Daemon, version: int) -> Iterator[str]:
    """The four chains of each network."""
    for network in daemon.networks:
        subnet = network.subnet(version)
        if subnet is not None:
            for name, rules in zip(_MAPS, _of_network(daemon, network, subnet), strict=True):
                yield _block(f"chain {name}__{network.bridge}", list(rules))


def _of_network(daemon: Daemon, network: Network, subnet: Subnet) -> tuple[Iterator[str], ...]:
    if network.internal:
        return _into_internal(network), _out_of_internal(network), iter(()), iter(())
    opened = [(held, port) for held in daemon.members(network.name) for port in held.ports if port.version == subnet.version]
    return _into(network, subnet, opened), _out_of(), _own_ports(daemon, subnet, opened), _source_nat(network, subnet)


def _into_internal(network: Network) -> Iterator[str]:
    yield _REPLIES
    yield f'iifname != "{network.bridge}" counter drop comment "INTERNAL NETWORK INGRESS"'
    yield f'counter {"accept" if network.icc else "drop"} comment "ICC"'


def _out_of_internal(network: Network) -> Iterator[str]:
    yield _REPLIES
    yield f'oifname != "{network.bridge}" counter drop comment "INTERNAL NETWORK EGRESS"'


def _into(network: Network, subnet: Subnet, opened: Sequence[tuple[Attachment, Published]]) -> Iterator[str]:
    family = _FAMILIES[subnet.version]
    yield _REPLIES
    if subnet.mode == "routed":
        yield f'{_ICMP[subnet.version]} counter accept comment "ICMP"'
    yield f'iifname "{network.bridge}" counter {"accept" if network.icc else "drop"} comment "ICC"'
    if subnet.mode == "nat-unprotected":
        yield 'counter accept comment "UNPROTECTED"'
        return
    ports = (f"{family} daddr {held.address(subnet.version)} {port.protocol} dport {port.container_port}" for held, port in opened)
    yield from (f"{port} counter accept" for port in dict.fromkeys(ports))
    yield 'counter drop comment "UNPUBLISHED PORT DROP"'


def _out_of() -> Iterator[str]:
    yield _REPLIES
    yield 'counter accept comment "OUTGOING"'


def _translate(subnet: Subnet) -> tuple[str, str]:
    """The source NAT of a subnet as a verdict and a comment."""
    return (f"snat to {subnet.source}", "SNAT") if subnet.source else ("masquerade", "MASQUERADE")


def _own_ports(daemon: Daemon, subnet: Subnet, opened: Sequence[tuple[Attachment, Published]]) -> Iterator[str]:
    """Without the proxy: the host's own connections, and a container's to its own published port."""
    if daemon.userland_proxy:
        return
    verdict, comment = _translate(subnet)
    yield f'fib saddr type local counter {verdict} comment "{comment} FROM HOST"'
    family = _FAMILIES[subnet.version]
    own = (
        f"{family} saddr {address} {family} daddr {address} {port.protocol} dport {port.container_port}"
        for address, port in ((held.address(subnet.version), port) for held, port in opened)
        if port.is_translated
    )
    yield from (f'{port} counter masquerade comment "MASQ TO OWN PORT"' for port in dict.fromkeys(own))


def _source_nat(network: Network, subnet: Subnet) -> Iterator[str]:
    verdict, comment = _translate(subnet)
    if network.masquerade and subnet.mode != "routed":
        saddr = f"{_FAMILIES[subnet.version]} saddr {subnet.cidr}"
        yield f'oifname != "{network.bridge}" {saddr} counter {verdict} comment "{comment}"'
