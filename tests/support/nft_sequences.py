"""Random sequences of nft commands, of which most are taken and some refused."""

from random import Random

__all__ = ["sequence"]

_FAMILIES = ("ip", "ip", "inet", "inet", "ip6", "bridge", "netdev")
_WITHOUT_CONNECTIONS = ("bridge", "netdev")
_TABLES = ("alpha", "beta")
_CHAINS = ("input", "forward", "web-in", "helper", "postrouting")
_SETS = ("blocked", "ports", "ranges", "nets", "pairs", "verdicts")
_HOOKS = {
    "input": "type filter hook input priority {p};", "forward": "type filter hook forward priority {p}; policy drop;",
    "postrouting": "type nat hook postrouting priority srcnat;",
}  # fmt: skip
_DECLARED = {
    "blocked": "set {t} blocked {{ type ipv4_addr; }}",
    "ports": "set {t} ports {{ type inet_service; size 6; }}",
    "ranges": "set {t} ranges {{ type inet_service; flags interval; }}",
    "nets": "set {t} nets {{ type ipv4_addr; flags interval; auto-merge; }}",
    "pairs": "set {t} pairs {{ type ipv4_addr . inet_service; }}",
    "verdicts": "map {t} verdicts {{ type inet_service : verdict; }}",
}


def _address(random: Random) -> str:
    return f"10.{random.randrange(3)}.{random.randrange(3)}.{random.randrange(6)}"


def _network(random: Random) -> str:
    kind = random.randrange(4)
    if kind == 0:
        return f"{_address(random)}-10.{random.randrange(3, 5)}.0.9"
    return f"{_address(random)}/{random.choice((8, 16, 24, 30, 31, 32))}" if kind < 3 else _address(random)


def _port(random: Random) -> str:
    return str(random.choice((22, 53, 80, 443, 1, 2, 3, 4, 5, 8080, 256, 65535)))


def _ports(random: Random) -> str:
    if random.random() < 0.6:
        return _port(random)
    low = random.randrange(1, 30)
    return f"{low}-{low + random.randrange(1, 20)}"


def _several(random: Random, one: object) -> str:
    return ", ".join(one(random) for _ in range(random.randrange(1, 5)))  # type: ignore[operator]


def _element(random: Random, name: str) -> str:
    match name:
        case "blocked":
            return _several(random, _address)
        case "ports":
            return _several(random, _port)
        case "ranges":
            return _several(random, _ports)
        case "nets":
            return _several(random, _network)
        case "pairs":
            return _several(random, lambda each: f"{_address(each)} . {_port(each)}")
    return _several(random, lambda each: f"{_port(each)} : {each.choice(('accept', 'drop', 'jump helper', 'goto web-in'))}")


def _match(random: Random, family: str) -> str:
    r = random
    if family in _WITHOUT_CONNECTIONS and r.random() < 0.5:
        return f"iifname {r.choice(('lo', '{ lo, eth1 }'))}"
    protocol = r.choice(("tcp", "udp", "th"))
    end = r.choice(("sport", "dport"))
    return r.choice(
        (
            f"{protocol} {end} {_ports(r)}",
            f"{protocol} {end} != {_port(r)}",
            f"{protocol} {end} {{ {_several(r, _ports)} }}",
            f"{protocol} {end} @{r.choice(('ports', 'ranges'))}",
            f"meta l4proto {r.choice(('tcp', 'udp', '{ tcp, udp }', 'icmp', '!= tcp'))}",
            f"ip protocol {r.choice(('tcp', 'udp', 'icmp', '{ tcp, udp }', '!= icmp'))}",
            f"ip {r.choice(('saddr', 'daddr'))} {r.choice(('', '!= '))}{_network(r)}",
            f"ip {r.choice(('saddr', 'daddr'))} {{ {_several(r, _network)} }}",
            f"ip saddr @{r.choice(('blocked', 'nets'))}",
            f"ip saddr . tcp dport {r.choice(('@pairs', '{ 10.0.0.1 . 22, 10.0.0.2 . 80, 10.0.0.1 . 256 }'))}",
            f"ip ttl {r.choice(('64', '> 5', '< 200', '!= 1'))}",
            "ip6 saddr fe80::/10",
            "ip6 nexthdr tcp",
            f"ip saddr & 255.255.255.0 == 10.0.{r.randrange(3)}.0",
            f"ct state {r.choice(('new', 'established,related', '{ new, established }', '!= invalid', 'new,invalid,established'))}",
            f"meta mark {r.choice(('1', '!= 0', '{ 5, 1-3 }', '& 0xff == 0x10', '1-5'))}",
            f"iifname {r.choice(('lo', '!= eth0', 'veth*', '{ eth1, lo, wlan0 }'))}",
            "iif lo",
            f"icmp type {r.choice(('echo-request', '{ echo-request, echo-reply }', 'destination-unreachable icmp code 1'))}",
            "icmpv6 type nd-neighbor-solicit",
            f"tcp flags {r.choice(('syn', '& (fin|syn|rst|ack) == syn', '== syn', '& (fin|syn) == 0', 'syn,ack'))}",
            f"meta nfproto {r.choice(('ipv4', 'ipv6'))}",
            "meta protocol ip",
            "ether type ip",
            "fib daddr type local",
            "udp length 8",
            "ip dscp cs1",
        )
    )


def _action(random: Random, family: str) -> str:
    if family in _WITHOUT_CONNECTIONS:
        return random.choice(("accept", "drop", "return", "continue", "meta mark set 0x1", "jump helper", "counter name hits"))
    return random.choice(
        (
            "accept",
            "drop",
            "return",
            "continue",
            f"{random.choice(('jump', 'goto'))} {random.choice(_CHAINS)}",
            "reject",
            f"reject with {random.choice(('tcp reset', 'icmp host-unreachable', 'icmpx admin-prohibited'))}",
            "masquerade",
            "meta mark set 0x1",
            "meta mark set mark and 0xff or 0x100",
            'log prefix "x: " level info',
            f"tcp dport vmap {random.choice(('@verdicts', '{ 22 : accept, 80-90 : drop, 5 : jump helper }'))}",
            "ct state vmap { invalid : drop, established : accept, related : accept }",
            "limit rate 5/minute burst 7 packets",
            "meta mark set ip saddr map { 10.0.0.1 : 1, 10.0.0.2 : 2 }",
            "notrack",
            "counter name hits",
        )
    )


def _rule(random: Random, family: str) -> str:
    parts = [_match(random, family) for _ in range(random.randrange(4))]
    if family in _WITHOUT_CONNECTIONS:  # what else these families can do depends on the kernel's modules
        parts = [part for part in parts if not part.startswith(("ct", "fib"))]
    if random.random() < 0.4:
        parts.insert(random.randrange(len(parts) + 1), "counter")
    parts.append(_action(random, family))
    return " ".join(parts) + (' comment "said"' if random.random() < 0.1 else "")


def _command(random: Random) -> str:
    r = random
    family = r.choice(_FAMILIES)
    table = f"{family} {r.choice(_TABLES)}"
    chain, name = r.choice(_CHAINS), r.choice(_SETS)
    kind = r.random()
    if kind < 0.45:
        place = r.choice(("", "", "", f"index {r.randrange(4)} ", f"handle {r.randrange(1, 20)} "))
        return f"{r.choice(('add', 'add', 'insert'))} rule {table} {chain} {place}{_rule(r, family)}"
    if kind < 0.50:
        rule = _rule(r, family)
        if "{" in rule:  # nft 1.0.6 aborts where a rule with intervals in braces replaces another one
            rule = "counter drop"
        return f"replace rule {table} {chain} handle {r.randrange(1, 20)} {rule}"
    if kind < 0.56:
        return f"delete rule {table} {chain} handle {r.randrange(1, 20)}"
    if kind < 0.74:
        return f"{r.choice(('add', 'add', 'add', 'create', 'delete'))} element {table} {name} {{ {_element(r, name)} }}"
    if kind < 0.80:
        return f"{r.choice(('flush', 'delete'))} chain {table} {chain}"
    if kind < 0.84:
        return f"{r.choice(('flush', 'delete'))} {'map' if name == 'verdicts' else 'set'} {table} {name}"
    if kind < 0.88:
        return f"{r.choice(('add', 'create', 'delete'))} counter {table} hits"
    if kind < 0.93:
        return f"{r.choice(('add', 'create'))} chain {table} {chain} {{ {_hook(r, chain)} }}"
    if kind < 0.96:
        return f"{r.choice(('add', 'create'))} {_DECLARED[name].format(t=table)}"
    return r.choice((f"flush table {table}", f"delete table {table}", f"create table {table}", f"rename chain {table} {chain} other"))


def _hook(random: Random, chain: str) -> str:
    return _HOOKS.get(chain, "").format(p=random.choice(("filter", "0", "-5", "filter + 3", "mangle")))


def _script(random: Random) -> str:
    """Several commands as one transaction."""
    return "; ".join(_command(random) for _ in range(random.randrange(2, 4)))


def sequence(seed: int, length: int = 25) -> list[str]:
    """Commands that begin with two tables and what is in them."""
    random = Random(seed)  # noqa: S311 – the same sequence each time
    made = ["flush ruleset"]
    for family in random.sample(sorted({*_FAMILIES} - {"netdev", "bridge"}), 2) + random.choices(("bridge", "netdev", "ip"), k=1):
        table = f"{family} {random.choice(_TABLES)}"
        made.append(f"add table {table}")
        hooks = {"netdev": {}}.get(family, _HOOKS)
        for chain in random.sample(_CHAINS, 4):
            body = hooks[chain].format(p="filter") if chain in hooks and random.random() < 0.6 else ""
            made.append(f"add chain {table} {chain}" + (f" {{ {body} }}" if body else ""))
        made += [f"add {_DECLARED[name].format(t=table)}" for name in random.sample(_SETS, 4)]
        made.append(f"add counter {table} hits")
    return [*made, *(_command(random) if random.random() < 0.85 else _script(random) for _ in range(length))]
