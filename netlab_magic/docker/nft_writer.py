"""dockerd's nftables backend: the table `ip docker-bridges`, written as a script for `nft -f`.

The table is dockerd's alone and is made anew whenever dockerd starts, so it follows from the state and not from a history. Rules
stand in the order of their groups: replies, ICC, published ports, what is left (moby, daemon/libnetwork/drivers/bridge/internal/nftabler).
"""

from collections.abc import Iterator, Sequence

from netlab_magic.docker.state import ANY_ADDRESS, Attachment, Daemon, Network, Published

__all__ = ["TABLE", "nft_script"]

TABLE = "docker-bridges"
"""The name of dockerd's nftables table; its family is ip."""

_MAPS = ("filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out")
_REPLIES = "ct state established,related counter accept"
_TO_HOST = "fib daddr type local counter jump nat-prerouting-and-output"


def nft_script(daemon: Daemon | None) -> str:
    """What `nft -f` must get so that there is this dockerd's table, and nothing of another one; without a daemon, no table."""
    gone = f"table ip {TABLE}\ndelete table ip {TABLE}\n"
    if daemon is None or daemon.backend != "nftables":
        return gone
    return f"{gone}table ip {TABLE} {{\n" + "\n\n".join((*_maps(daemon.networks), *_base_chains(daemon), *_bridges(daemon))) + "\n}\n"


def _block(head: str, lines: Sequence[str]) -> str:
    return "\n".join([f"\t{head} {{", *(f"\t\t{line}" for line in lines), "\t}"])


def _maps(networks: Sequence[Network]) -> Iterator[str]:
    """A verdict map for each direction: from a bridge's name to the chain of its network."""
    for name in _MAPS:
        elements = ", ".join(f'"{network.bridge}" : jump {name}__{network.bridge}' for network in networks)
        yield _block(f"map {name}-jumps", ["type ifname : verdict", *([f"elements = {{ {elements} }}"] if elements else [])])


def _base_chains(daemon: Daemon) -> Iterator[str]:
    def base(name: str, kind: str, hook: str, priority: str, rules: Sequence[str]) -> str:
        return _block(f"chain {name}", [f"type {kind} hook {hook} priority {priority}; policy accept;", *rules])

    bound = [(held, port) for held in daemon.attachments() for port in held.ports if port.is_bound and not held.network.internal]
    not_loopback = "ip daddr != 127.0.0.0/8 " if daemon.userland_proxy else ""
    into, out = "oifname vmap @filter-forward-in-jumps", "iifname vmap @filter-forward-out-jumps"
    yield base("filter-FORWARD", "filter", "forward", "filter", [into, out])
    # The same priority as in prerouting; nft before 1.0.9 knows no name for it in the output hook.
    yield base("nat-OUTPUT", "nat", "output", "-100", [not_loopback + _TO_HOST])
    translated = ["iifname vmap @nat-postrouting-out-jumps", "oifname vmap @nat-postrouting-in-jumps"]
    yield base("nat-POSTROUTING", "nat", "postrouting", "srcnat", translated)
    yield base("nat-PREROUTING", "nat", "prerouting", "dstnat", [_TO_HOST])
    yield _block("chain nat-prerouting-and-output", [_dnat(daemon, *one) for one in bound])
    yield base("raw-PREROUTING", "filter", "prerouting", "raw", list(_raw_rules(daemon)))


def _dnat(daemon: Daemon, held: Attachment, port: Published) -> str:
    elsewhere = f'iifname != "{held.network.bridge}" ' if daemon.userland_proxy else ""
    at = "" if port.host_address == ANY_ADDRESS else f"ip daddr {port.host_address} "
    target = f"{held.address}:{port.container_port}"
    return f'{elsewhere}{at}{port.protocol} dport {port.host_port} counter dnat to {target} comment "DNAT"'


def _raw_rules(daemon: Daemon) -> Iterator[str]:
    for held in daemon.attachments():
        network = held.network
        if network.internal:
            continue
        if network.mode == "nat":
            yield f'ip daddr {held.address} iifname != "{network.bridge}" counter drop comment "DROP DIRECT ACCESS"'
        for port in held.ports:
            if port.is_bound and port.on_loopback:
                to = f"ip daddr {port.host_address} {port.protocol} dport {port.host_port}"
                yield f'iifname != "lo" {to} counter drop comment "DROP REMOTE LOOPBACK"'


def _bridges(daemon: Daemon) -> Iterator[str]:
    """The four chains of each network."""
    for network in daemon.networks:
        members = daemon.members(network.name)
        for name, rules in zip(_MAPS, _of_network(daemon, network, members), strict=True):
            yield _block(f"chain {name}__{network.bridge}", list(rules))


def _of_network(daemon: Daemon, network: Network, members: Sequence[Attachment]) -> tuple[Iterator[str], ...]:
    if network.internal:
        return _into_internal(network), _out_of_internal(network), iter(()), iter(())
    return _into(network, members), _out_of(), _own_ports(daemon, network, members), _source_nat(network)


def _into_internal(network: Network) -> Iterator[str]:
    yield _REPLIES
    yield f'iifname != "{network.bridge}" counter drop comment "INTERNAL NETWORK INGRESS"'
    yield f'counter {"accept" if network.icc else "drop"} comment "ICC"'


def _out_of_internal(network: Network) -> Iterator[str]:
    yield _REPLIES
    yield f'oifname != "{network.bridge}" counter drop comment "INTERNAL NETWORK EGRESS"'


def _into(network: Network, members: Sequence[Attachment]) -> Iterator[str]:
    yield _REPLIES
    if network.mode == "routed":
        yield 'ip protocol icmp counter accept comment "ICMP"'
    yield f'iifname "{network.bridge}" counter {"accept" if network.icc else "drop"} comment "ICC"'
    if network.mode == "nat-unprotected":
        yield 'counter accept comment "UNPROTECTED"'
        return
    open_ports = (f"ip daddr {held.address} {port.protocol} dport {port.container_port}" for held in members for port in held.ports)
    yield from (f"{port} counter accept" for port in dict.fromkeys(open_ports))
    yield 'counter drop comment "UNPUBLISHED PORT DROP"'


def _out_of() -> Iterator[str]:
    yield _REPLIES
    yield 'counter accept comment "OUTGOING"'


def _translate(network: Network) -> tuple[str, str]:
    """The source NAT of a network as a verdict and a comment."""
    return (f"snat to {network.source}", "SNAT") if network.source else ("masquerade", "MASQUERADE")


def _own_ports(daemon: Daemon, network: Network, members: Sequence[Attachment]) -> Iterator[str]:
    """Without the proxy: the host's own connections, and a container's to its own published port."""
    if daemon.userland_proxy:
        return
    verdict, comment = _translate(network)
    yield f'fib saddr type local counter {verdict} comment "{comment} FROM HOST"'
    own = (
        f"ip saddr {held.address} ip daddr {held.address} {port.protocol} dport {port.container_port}"
        for held in members
        for port in held.ports
        if port.is_bound
    )
    yield from (f'{port} counter masquerade comment "MASQ TO OWN PORT"' for port in dict.fromkeys(own))


def _source_nat(network: Network) -> Iterator[str]:
    verdict, comment = _translate(network)
    if network.masquerade and network.mode != "routed":
        yield f'oifname != "{network.bridge}" ip saddr {network.subnet} counter {verdict} comment "{comment}"'
