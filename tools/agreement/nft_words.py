"""Random rules of nft, out of everything that the walk supports."""

import random
from collections.abc import Callable, Sequence

import msgspec

from agreement.vocabulary import vocabulary

__all__ = ["NftWords", "Use"]

_PORTS = ("80", "8080", "9", "1-1023", "1024-65535", "8000-9000", "20000-65535")
_DEVICES = ('"docker1"', '"docker2"', '"docker*"', '"eth0"', '"e*"', '"lo"', '"br-veth0"')
_INDEXED = ("docker1", "docker2", "eth0", "lo")
_STATES = ("new", "established", "related", "invalid", "untracked")
_STATUSES = ("expected", "seen-reply", "assured", "confirmed", "snat", "dnat")
_FLAGS = ("fin", "syn", "rst", "psh", "ack", "urg")
_ICMP = ("echo-request", "echo-reply", "!= echo-reply", "{ echo-request, destination-unreachable }")
_CHOICES = (
    *("numgen random mod 2", "numgen inc mod 3", "symhash mod 2"),
    *("jhash {} saddr mod 2", "jhash {} saddr . {} daddr mod 3 seed 0xdeadbeef"),
)
_DOUBTFUL = (
    *("limit rate 1/minute burst 2 packets", "limit rate over 1/minute burst 1 packets", "quota over 60 bytes", "quota 100 bytes"),
    *("numgen random mod 2 0", "numgen inc mod 2 1", "meta pkttype host", "meta hour < 12:00", "ct count over 3", "ct count 2"),
    *("ct bytes > 60", "ct packets < 3", "meta cpu 0", "ct expiration < 30s", "meta random 500"),
)


class Use(msgspec.Struct, frozen=True):
    """Where rules stand: the hooks that lead there, of chains of the type `kind`; `name` groups chains that may call each other."""

    name: str
    hooks: tuple[str, ...]
    kind: str = "filter"

    @property
    def rejects(self) -> bool:
        """Whether rules may reject there."""
        return self.kind not in ("nat", "frame") and set(self.hooks) <= {"prerouting", "input", "forward", "output"}

    @property
    def has_input(self) -> bool:
        """Whether all packets have an input."""
        return set(self.hooks) <= {"prerouting", "input", "forward", "ingress"}

    @property
    def has_output(self) -> bool:
        """Whether all packets have an output."""
        return set(self.hooks) <= {"forward", "output", "postrouting", "egress"}


class NftWords:
    """Rules of one table. `declared` are the sets and maps that its rules name, by their names, as blocks of nft.

    With `doubtful`, parts among them that no model can judge.
    """

    def __init__(self, source: random.Random, *, family: str, doubtful: bool) -> None:
        self.random = source
        self.pick, self.chance = source.choice, source.random
        self.family, self.doubtful = family, doubtful
        self.declared: dict[str, str] = {}
        self.named: list[str] = []
        self.protocol = self.version = ""

    def rule(self, use: Use, six: bool, callable_chains: Sequence[str]) -> str:
        """A rule for packets of one family, most of the time; it may lead to `callable_chains`."""
        if self.family not in ("ip", "ip6"):
            self.version = "ip6" if six is not (self.chance() < 0.1) else "ip"
        else:
            self.version = self.family
        self.protocol = ""
        self.use, self.callable = use, callable_chains
        self.said = vocabulary(six=self.version == "ip6")
        parts = [self.condition() for _ in range(self.pick((0, 0, 1, 1, 1, 2, 3)))]
        if self.doubtful and self.chance() < 0.15:
            parts.append(self.pick(_DOUBTFUL))
        parts += [self.looks() for _ in range(self.pick((0, 0, 0, 1)))]
        if use.kind == "nat" and self.chance() < 0.6:
            return " ".join(filter(None, (*parts, self.translation())))
        chance = self.chance()
        if callable_chains and chance < 0.25:
            return " ".join(filter(None, (*parts, f"{self.pick(('jump', 'jump', 'goto'))} {self.pick(callable_chains)}")))
        if chance < 0.4:
            return " ".join(filter(None, (*parts, self.verdict_map())))
        if chance < 0.6:
            parts += [self.change() for _ in range(self.pick((1, 1, 2)))]
        return " ".join(filter(None, (*parts, self.verdict()))) or "counter"

    # --- conditions ---------------------------------------------------------------------------------------------------------------

    def condition(self) -> str:
        """A condition that agrees with those before it about family and protocol."""
        kinds: list[Callable[[], str]] = [
            *(self.address, self.address, self.ports, self.ports, self.state, self.state, self.connection, self.mark, self.layer4),
            *(self.field, self.icmp, self.flags, self.route, self.concatenated, self.plain),
        ]
        kinds += [lambda: self.device("i")] if self.use.has_input else []
        kinds += [lambda: self.device("o")] if self.use.has_output else []
        return self.pick(kinds)()

    def transport(self, *allowed: str) -> str:
        """A protocol for this rule, the one that it has already; "" where that is none of those allowed."""
        if self.protocol:
            return self.protocol if self.protocol in allowed else ""
        self.protocol = self.pick(allowed)
        return self.protocol

    def set_of(self, elements: Sequence[str], kinds: str, many: int = 3) -> str:
        """A few elements as a set: one that is written in the rule, or has a name."""
        chosen = self.random.sample(elements, min(len(elements), self.pick(range(1, many + 1))))
        if self.chance() < 0.5:
            return f"{{ {', '.join(chosen)} }}"
        name = f"s{len(self.declared)}"
        wide = "flags interval; " if any("-" in one.replace("br-veth", "") or "/" in one or "*" in one for one in chosen) else ""
        merged = "auto-merge; " if wide and " . " not in kinds else ""
        self.declared[name] = f"set {name} {{ type {kinds}; {wide}{merged}elements = {{ {', '.join(chosen)} }} }}"
        return f"@{name}"

    def compared(self, single: Sequence[str], kinds: str, apart: Sequence[str] = ()) -> str:
        """An operator and what a value is compared with: one, or a set, of elements that do not overlap where `apart` are given."""
        operator = self.pick(("", "", "", "!= "))
        if self.chance() < 0.35:
            return f"{operator}{self.set_of(apart or single, kinds)}"
        return f"{operator}{self.pick(single)}"

    def address_type(self) -> str:
        return "ipv6_addr" if self.version == "ip6" else "ipv4_addr"

    def address(self) -> str:
        said = self.said
        networks = [one for one in said.networks if "/" in one and "ff00" not in one and "255." not in one]
        single = (*said.addresses, *networks, said.source_ranges[0], said.destination_ranges[0])
        if self.chance() < 0.1:
            mask, wanted = ("::ff", "::2") if self.version == "ip6" else ("0.0.0.255", "0.0.0.2")
            return f"{self.version} {self.pick(('saddr', 'daddr'))} & {mask} {self.pick(('==', '!='))} {wanted}"
        return f"{self.version} {self.pick(('saddr', 'daddr'))} {self.compared(single, self.address_type(), said.addresses)}"

    def ports(self) -> str:
        protocol = self.pick(("th", self.transport("tcp", "udp"))) if self.protocol in ("tcp", "udp") else self.transport("tcp", "udp")
        if not protocol:
            return ""
        end = self.pick(("dport", "dport", "sport"))
        if self.chance() < 0.2:
            return f"{protocol} {end} {self.pick(('<', '>', '<=', '>='))} {self.pick(('80', '1024', '8080'))}"
        return f"{protocol} {end} {self.compared(_PORTS, 'inet_service', ('22', '80', '8080', '20000-40000', '8081-9000'))}"

    def layer4(self) -> str:
        icmp = "ipv6-icmp" if self.version == "ip6" else "icmp"
        if self.chance() < 0.4 and not self.protocol:
            self.protocol = "several"  # nft takes them for the first of them, and refuses others in the same rule
            return f"meta l4proto {self.pick(('', '!= '))}{{ {', '.join(self.random.sample(('tcp', 'udp', icmp), self.pick((1, 2))))} }}"
        if self.chance() < 0.3:
            return f"meta l4proto != {self.pick(('tcp', 'udp', icmp))}"
        if self.chance() < 0.3:
            return "ip6 nexthdr != tcp" if self.version == "ip6" else f"ip protocol {self.pick(('!= ', '!= '))}{self.pick(('tcp', 'udp'))}"
        protocol = self.transport("tcp", "udp", icmp)
        return f"meta l4proto {protocol}" if protocol else ""

    def device(self, end: str) -> str:
        if self.chance() < 0.2:
            return f"{end}if {self.pick(('', '!= '))}{self.pick(_INDEXED)}"
        apart = tuple(one for one in _DEVICES if "*" not in one)
        return f"{end}ifname {self.compared(_DEVICES, 'ifname', apart)}"

    def state(self) -> str:
        chosen = self.random.sample(_STATES, self.pick((1, 1, 2, 3)))
        if self.chance() < 0.2:
            return f"ct state {self.pick(('', '!= '))}{{ {', '.join(chosen)} }}"
        return f"ct state {self.pick(('', '', '!= '))}{','.join(chosen)}"

    def connection(self) -> str:
        pick, said = self.pick, self.said
        direction, status = pick(("original", "reply")), ",".join(self.random.sample(_STATUSES, pick((1, 2))))
        version = f"{self.version} "  # without it, nft 1.0.6 lists prefixes as other addresses
        asked = [
            f"ct status {pick(('', '!= '))}{status}",
            f"ct direction {pick(('', '!= '))}{direction}",
            f"ct mark {pick(('', '!= '))}{pick(('0', '1', '2', '4'))}",
            f"ct mark & {pick(('1', '3'))} {pick(('==', '!='))} {pick(('0', '1'))}",
            f"ct {direction} {version}{pick(('saddr', 'daddr'))} {pick(('', '!= '))}{pick((*said.addresses, said.networks[0]))}",
        ]
        if not self.protocol and self.chance() < 0.2:  # nft takes this for the packet's protocol
            self.protocol = "several"
            asked += [f"ct {direction} protocol {pick(('', '!= '))}{pick(('6', '17'))}"]
        if self.protocol in ("tcp", "udp"):
            asked += [f"ct {direction} {pick(('proto-src', 'proto-dst'))} {pick(('', '!= '))}{pick(('80', '8080', '9'))}"] * 3
        return pick(asked)

    def mark(self) -> str:
        return self.pick(
            (
                f"meta mark {self.pick(('', '!= '))}{self.pick(('0', '1', '2', '7'))}",
                f"meta mark & {self.pick(('1', '3', '4'))} {self.pick(('==', '!='))} {self.pick(('0', '1'))}",
                f"meta mark {self.pick(('<', '>='))} {self.pick(('1', '3'))}",
                f"meta mark {self.compared(('0', '1', '2', '0x7'), 'mark')}",
            )
        )

    def field(self) -> str:
        pick = self.pick
        ttl = "ip6 hoplimit" if self.version == "ip6" else "ip ttl"
        words = [
            f"meta length {pick(('<', '>', '!= ', ''))} {pick(('60', '128', '52'))}",
            f"{ttl} {pick(('', '!= ', '< ', '>= '))}{pick(('1', '62', '63', '64'))}",
            f"{self.version} dscp {pick(('', '!= '))}{pick(('cs0', 'cs2', '0x04', '0x02'))}",
            f"{self.version} ecn {pick(('not-ect', '!= ce'))}",
            f"meta nfproto {'ipv6' if self.version == 'ip6' else 'ipv4'}" if self.family == "inet" else "",
            f"meta protocol {'ip6' if self.version == 'ip6' else 'ip'}",
        ]
        if self.version == "ip":
            words.append(f"ip length {pick(('<', '>'))} {pick(('60', '128'))}")
        return pick(words)

    def icmp(self) -> str:
        name = self.said.icmp_name
        if not self.transport(name):
            return ""
        if self.version == "ip6":
            return f"icmpv6 type {self.pick((*_ICMP, '1'))}"
        return f"icmp type {self.pick((*_ICMP, '3', 'time-exceeded'))}"

    def flags(self) -> str:
        if not self.transport("tcp"):
            return ""
        mask = self.random.sample(_FLAGS, self.pick((1, 2, 3, 6)))
        wanted = self.random.sample(mask, self.pick((1, 1, len(mask))))
        return self.pick(
            (
                f"tcp flags {self.pick(('', '!= '))}{self.pick(_FLAGS)}",
                f"tcp flags & ({' | '.join(mask)}) {self.pick(('==', '!='))} {' | '.join(wanted)}",
                "tcp flags { syn, syn | ack }",
            )
        )

    def route(self) -> str:
        kinds = "{ local, unicast }", "local", "unicast", "!= local", "multicast", "broadcast" if self.version == "ip" else "anycast"
        words = [f"fib {self.pick(('saddr', 'daddr'))} type {self.pick(kinds)}"]
        if self.use.has_input:
            words += [f"fib daddr . iif type {self.pick(kinds)}", f"fib saddr . iif oif {self.pick(('missing', 'exists'))}"]
            words += [f"fib saddr oif {self.pick(('missing', 'exists'))}"]
            words += [f"fib {self.pick(('saddr', 'daddr'))} oifname {self.pick(('', '!= '))}{self.pick(_DEVICES[:2] + _DEVICES[3:4])}"]
        if self.use.has_output:
            next_hop = self.pick((*self.said.addresses, self.said.networks[0]))
            words += [f"rt {self.version} nexthop {self.pick(('', '!= '))}{next_hop}"]
        return self.pick(words)

    def concatenated(self) -> str:
        said = self.said
        protocol = self.transport("tcp", "udp") if self.chance() < 0.6 else ""
        if protocol:
            networks = (*said.addresses[:4], "fd10::/16" if said.six else "10.0.0.0/8")
            elements = [f"{address} . {port}" for address in networks for port in ("80", "8080", "8000-8079", "8081-9000")]
            return f"{self.version} {self.pick(('saddr', 'daddr'))} . {protocol} dport {self.pick(('', '!= '))}" + self.set_of(
                elements, f"{self.address_type()} . inet_service", 4
            )
        if self.use.has_input:
            elements = [f"{device} . {address}" for device in ('"docker1"', '"eth0"') for address in said.addresses[:6]]
            return f"iifname . {self.version} saddr {self.pick(('', '!= '))}" + self.set_of(elements, f"ifname . {self.address_type()}", 4)
        return ""

    def plain(self) -> str:
        return ""

    def choice(self) -> str:
        """A number that the kernel chooses."""
        return self.pick(_CHOICES).format(self.version, self.version)

    # --- what follows -------------------------------------------------------------------------------------------------------------

    def looks(self) -> str:
        return self.pick(("counter", "log prefix \"x\"", "counter packets 0 bytes 0", "log group 5"))

    def verdict(self) -> str:
        chance = self.chance()
        if self.use.rejects and chance < 0.2:
            return self.reject()
        return self.pick(("accept", "accept", "drop", "return", "continue", "", ""))

    def reject(self) -> str:
        six, inet = self.version == "ip6", self.family == "inet"
        words = ["reject", "reject"]
        if not self.protocol or self.protocol == "tcp":
            words.append("reject with tcp reset" if self.protocol else "meta l4proto tcp reject with tcp reset")
        kinds = ("no-route", "admin-prohibited", "addr-unreachable", "port-unreachable", "policy-fail", "reject-route")
        if six and (not inet or self.chance() < 0.5):
            words += [f"reject with icmpv6 {kind}" for kind in kinds]
        elif not six and (not inet or self.chance() < 0.5):
            kinds = ("net-unreachable", "host-unreachable", "prot-unreachable", "port-unreachable", "net-prohibited", "host-prohibited")
            words += [f"reject with icmp {kind}" for kind in (*kinds, "admin-prohibited")]
        elif inet:
            words += [f"reject with icmpx {kind}" for kind in ("port-unreachable", "admin-prohibited", "no-route", "host-unreachable")]
        return self.pick(words)

    def change(self) -> str:
        pick, version = self.pick, self.version
        if self.doubtful and self.chance() < 0.3:
            return f"{pick(('meta', 'ct'))} mark set {self.choice()}"
        return pick(
            (
                f"meta mark set {pick(('0', '1', '2', '0x4'))}",
                f"meta mark set meta mark {pick(('or 0x4', 'and 0x3', 'xor 0x1'))}",
                f"ct mark set {pick(('0', '1', '2', '4'))}",
                "meta mark set ct mark",
                "ct mark set meta mark",
                f"ct mark set ct mark {pick(('or 0x1', 'and 0x2'))}",
                f"meta mark set {version} saddr map {self.map_of(self.said.addresses, ('1', '2', '7'), self.address_type(), 'mark')}",
                f"{'ip6 hoplimit' if version == 'ip6' else 'ip ttl'} set {pick(('60', '2', '64'))}",
                f"{version} dscp set {pick(('cs0', 'cs2', '0x04'))}",
                "notrack" if self.use.kind != "nat" else "counter",
                "meta priority set 1:2",
            )
        )

    def map_of(self, keys: Sequence[str], values: Sequence[str], key: str, value: str, many: int = 3, *, written: bool = False) -> str:
        """A map, which is written in the rule or has a name."""
        chosen = self.random.sample(keys, min(len(keys), self.pick(range(1, many + 1))))
        elements = ", ".join(f"{one} : {self.pick(values)}" for one in chosen)
        if written or self.chance() < 0.5:
            return f"{{ {elements} }}"
        name = f"m{len(self.declared)}"
        wide = "flags interval; " if any("-" in one.replace("br-veth", "") or "/" in one or "*" in one for one in chosen) else ""
        self.declared[name] = f"map {name} {{ type {key} : {value}; {wide}elements = {{ {elements} }} }}"
        return f"@{name}"

    def verdict_map(self) -> str:
        """A verdict map on something; its verdicts lead to chains too."""
        verdicts = ["accept", "drop", "continue", "return", *(f"{way} {chain}" for chain in self.callable for way in ("jump", "goto"))]
        said = self.said
        if self.doubtful and self.chance() < 0.5:
            return f"{self.choice()} vmap {self.map_of(('0', '1', '2'), verdicts, 'integer', 'verdict', written=True)}"
        kinds: list[Callable[[], str]] = [
            lambda: f"ct state vmap {self.map_of(_STATES, verdicts, 'ct_state', 'verdict', 4)}",
            lambda: f"meta l4proto vmap {self.map_of(('tcp', 'udp', said.icmp_name), verdicts, 'inet_proto', 'verdict')}",
            lambda: f"{self.version} saddr vmap {self.map_of((*said.addresses, ), verdicts, self.address_type(), 'verdict')}",
            lambda: f"meta mark vmap {self.map_of(('0', '1', '2'), verdicts, 'mark', 'verdict')}",
        ]
        if self.use.has_input:
            kinds.append(lambda: f"iifname vmap {self.map_of(_DEVICES[:2] + _DEVICES[3:4], verdicts, 'ifname', 'verdict')}")
        if self.use.has_output:
            kinds.append(lambda: f"oifname vmap {self.map_of(_DEVICES[:2] + _DEVICES[3:4], verdicts, 'ifname', 'verdict')}")
        if self.protocol in ("", "tcp", "udp"):
            protocol = self.transport("tcp", "udp")
            ports = ("22", "80", "8080", "20000-40000", "8081-9000")
            kinds.append(lambda: f"{protocol} dport vmap {self.map_of(ports, verdicts, 'inet_service', 'verdict')}")
            pairs = [f"{address} . {port}" for address in said.addresses[:4] for port in ("80", "8080")]
            kinds.append(
                lambda: f"{self.version} daddr . {protocol} dport vmap "
                + self.map_of(pairs, verdicts, f"{self.address_type()} . inet_service", "verdict", 4)
            )
        return self.pick(kinds)()

    def translation(self) -> str:
        """A translation that the chain allows."""
        pick, said, hooks = self.pick, self.said, set(self.use.hooks)
        family = f" {self.version}" if self.family == "inet" else ""
        if self.doubtful and self.chance() < 0.6:
            return self.chosen_translation(family)
        if hooks <= {"prerouting", "output"}:
            address = pick(said.targets)
            words = [f"dnat{family} to {address}", "redirect"]
            if self.protocol in ("", "tcp", "udp"):
                protocol = self.transport("tcp", "udp")
                port = pick((":80", ":8080"))
                host = f"[{address}]" if said.six else address
                needs = f"meta l4proto {protocol} "
                words += [f"{needs}dnat{family} to {host}{port}"] * 2
                words += [f"{needs}redirect to {port}"] * 2
                targets = [f"{one} . {number}" for one in said.targets[:4] for number in ("80", "8080")]
                kind = f"{self.address_type()} . inet_service"
                words.append(f"dnat{family} to {protocol} dport map {self.map_of(('80', '8080', '9'), targets, 'inet_service', kind)}")
            else:
                words.append(
                    f"dnat{family} to {self.version} daddr map "
                    + self.map_of(said.addresses, said.targets, self.address_type(), self.address_type(), 4)
                )
            return pick(words)
        sources = said.sources if hooks == {"postrouting"} else said.late_sources
        words = [f"snat{family} to {pick(sources)}", f"snat{family} to {pick(sources)} persistent"]
        words.append(
            f"snat{family} to {self.version} saddr map "
            + self.map_of(said.addresses, sources, self.address_type(), self.address_type(), 4)
        )
        if hooks == {"postrouting"}:
            words += ["masquerade"] * 3
        return pick(words)

    def chosen_translation(self, family: str) -> str:
        """A translation for which the kernel chooses an address or a port."""
        pick, said, hooks = self.pick, self.said, set(self.use.hooks)
        if hooks <= {"prerouting", "output"}:
            elements = ", ".join(f"{number} : {pick(said.targets)}" for number in range(3))
            words = [f"dnat{family} to {pick(said.target_ranges)}", f"dnat{family} to {self.choice()} map {{ {elements} }}"]
            if self.protocol in ("", "tcp", "udp"):
                protocol = self.transport("tcp", "udp")
                span = pick(said.target_ranges)
                host = "-".join(f"[{end}]" for end in span.split("-")) if said.six else span
                words += [f"meta l4proto {protocol} dnat{family} to {host}:80-82", f"meta l4proto {protocol} redirect to :80-84"]
            return pick(words)
        if hooks == {"postrouting"}:
            return f"snat{family} to {said.source_range}"
        return "counter"
