"""Random rules, out of everything that the walk supports."""

import random
from collections.abc import Callable, Sequence

from agreement.ip_sets import asked
from agreement.vocabulary import DEVICES, vocabulary

__all__ = ["Words"]

_PORTS = ("80", "8080", "9", "1:1023", "1024:65535", "8000:9000", "0:79", "20000:")
_WITH_INPUT = ("PREROUTING", "INPUT", "FORWARD")
_WITH_OUTPUT = ("FORWARD", "OUTPUT", "POSTROUTING")
_BRIDGE_PORTS = ("br-veth0", "br-veth1", "br-veth+", "br-veth2")
_STATES = ("NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SNAT", "DNAT")
_STATUSES = ("NONE", "SEEN_REPLY", "ASSURED", "CONFIRMED", "EXPECTED")
_TUPLE_PORTS = ("--ctorigsrcport", "--ctorigdstport", "--ctreplsrcport", "--ctrepldstport")
_FLAGS = ("FIN", "SYN", "RST", "PSH", "ACK", "URG")
_MARKS = ("0x0", "0x1", "0x2", "0x3", "0x7", "0x0/0x1", "0x1/0x3", "0x2/0x2", "0x4/0x4")
_MARKING = (
    *("--set-mark 0x1", "--set-xmark 0x2/0x2", "--or-mark 0x4", "--and-mark 0x3", "--xor-mark 0x1", "--set-mark 0x4/0x6", "--set-mark 0"),
)
_CONNECTION_MARKING = ("--set-mark 0x2", "--set-xmark 0x3/0x1", "--set-mark 0x4/0x4", "--or-mark 1", "--and-mark 6", "--xor-mark 3")
_SERVICES = (
    *("--set-tos 0x10/0xff", "--set-tos 0x10/0x3f", "--or-tos 0x8", "--and-tos 0xf0", "--xor-tos 0x10", "--set-tos Maximize-Throughput"),
)
_DOUBTFUL = (
    *("-m recent --name r --rcheck", "-m recent --name r --set", "-m statistic --mode nth --every 2 --packet 0"),
    *("-m statistic --mode random --probability 0.5", "-m u32 --u32 0&0xFF=0x3c", "-m string --algo bm --string xxx"),
    "-m hashlimit --hashlimit-upto 1/hour --hashlimit-burst 1 --hashlimit-name h",
    "-m connbytes --connbytes 2: --connbytes-dir both --connbytes-mode packets",
    *("-m connlimit --connlimit-upto 3", "-m time --timestart 00:00 --timestop 12:00", "-m quota --quota 60"),
    *("-m pkttype --pkt-type unicast", "-m limit --limit 1/min --limit-burst 2"),
)


class Words:
    """Rules of one family out of one random sequence. With `doubtful`, matches among them that no model can judge."""

    def __init__(self, source: random.Random, *, six: bool, doubtful: bool) -> None:
        self.said = vocabulary(six=six)
        self.random = source
        self.pick, self.chance = source.choice, source.random
        self.doubtful = doubtful
        self.sets = asked(six=six)

    def rule(self, table: str, chain: str, callable_chains: Sequence[str]) -> str:
        """A rule of a table; `chain` is the built-in chain, "" in a chain of the user's, which may be called from any."""
        wanted = [self.condition(chain) for _ in range(self.pick((0, 0, 1, 1, 1, 2)))]
        if callable_chains and self.chance() < 0.35:
            return self.joined(wanted, f"{self.pick(('-j', '-j', '-g'))} {self.pick(callable_chains)}")
        return self.joined(wanted, *self.target(table, chain))

    def joined(self, wanted: Sequence[tuple[str, str]], target: str, protocol: str = "") -> str:
        """One rule of several conditions and a target, which must all be about the same protocol."""
        if self.doubtful and self.chance() < 0.15:
            wanted = [*wanted, ("", self.pick(_DOUBTFUL))]
        chosen: dict[str, str] = {}
        for about, text in wanted:
            if about and protocol and about != protocol:
                continue
            protocol = about or protocol
            module = " ".join(text.removeprefix("! ").split()[: 2 if "-m" in text else 1])
            if not (module == "-d" and "-d " in target):
                chosen.setdefault(module, text)
        if protocol:
            chosen.pop("-p", None)
        return " ".join(filter(None, [f"-p {protocol}" if protocol else "", *chosen.values(), target]))

    def denied(self, option: str, share: float = 0.25) -> str:
        return f"! {option}" if self.chance() < share else option

    def condition(self, chain: str) -> tuple[str, str]:
        """The protocol that a condition asks for, "" for any, and its text."""
        kinds: list[Callable[[], tuple[str, str]]] = [
            *(self.address, self.protocol, self.ports, self.flags, self.icmp, self.state, self.state, self.tracked, self.mark),
            *(self.multiport, self.iprange, self.addrtype, self.field, self.plain, self.in_set),
        ]
        if not self.said.six:
            kinds += [self.fragment]
        if chain in _WITH_INPUT:
            kinds += [lambda: ("", self.denied(f"-i {self.pick(DEVICES)}"))]
        if chain in _WITH_OUTPUT:
            kinds += [lambda: ("", self.denied(f"-o {self.pick(DEVICES)}"))]
        if chain in (*_WITH_INPUT, "POSTROUTING"):
            kinds += [lambda: self.physical(chain)]
        return self.pick(kinds)()

    def address(self) -> tuple[str, str]:
        return "", self.denied(f"{self.pick(('-s', '-d'))} {self.pick((*self.said.addresses, *self.said.networks))}")

    def protocol(self) -> tuple[str, str]:
        name = self.pick(("tcp", "udp", self.said.icmp_name))
        return ("", f"! -p {name}") if self.chance() < 0.2 else (name, "")

    def ports(self) -> tuple[str, str]:
        protocol = self.pick(("tcp", "udp"))
        end, ports = self.pick(("--dport", "--sport")), self.pick(_PORTS)
        return protocol, f"-m {protocol} {self.denied(f'{end} {ports}')}"

    def multiport(self) -> tuple[str, str]:
        protocol = self.pick(("tcp", "udp"))
        listed = ",".join(self.random.sample(("22", "80", "8080", "8000:8100", "20000:40000", "9"), self.pick((1, 2, 3))))
        end = self.pick(("--dports", "--sports", "--ports"))
        return protocol, f"-m multiport {self.denied(f'{end} {listed}')}"

    def flags(self) -> tuple[str, str]:
        mask = self.random.sample(_FLAGS, self.pick((1, 2, 3, 6)))
        wanted = self.random.sample(mask, self.pick((0, 1, 1, len(mask))))
        written, asked = "ALL" if len(mask) == 6 else ",".join(mask), ",".join(wanted) or "NONE"
        return "tcp", f"-m tcp {self.denied(self.pick(('--syn', f'--tcp-flags {written} {asked}')))}"

    def icmp(self) -> tuple[str, str]:
        module, _, option = self.said.icmp_match.rpartition(" ")
        asked = f"{option} {self.pick(self.said.icmp)}"
        return self.said.icmp_name, f"{module} {asked if asked.endswith('any') else self.denied(asked)}"

    def state(self) -> tuple[str, str]:
        if self.chance() < 0.25:
            listed = ",".join(self.random.sample(_STATES[:5], self.pick((1, 2))))
            return "", f"-m state {self.denied(f'--state {listed}')}"
        listed = ",".join(self.random.sample(_STATES, self.pick((1, 1, 2, 3))))
        return "", f"-m conntrack {self.denied(f'--ctstate {listed}')}"

    def tracked(self) -> tuple[str, str]:
        pick = self.pick
        statuses, address = ",".join(self.random.sample(_STATUSES, pick((1, 2)))), pick((*self.said.addresses, *self.said.networks[:3]))
        asked = [
            self.denied(f"--ctstatus {statuses}"),
            f"--ctdir {pick(('ORIGINAL', 'REPLY'))}",
            self.denied(f"--ctproto {pick(('6', '17', '58' if self.said.six else '1'))}"),
            self.denied(f"{pick(('--ctorigsrc', '--ctorigdst', '--ctreplsrc', '--ctrepldst'))} {address}"),
            self.denied(f"{pick(_TUPLE_PORTS)} {pick(('80', '8080', '1:79', '81:65535'))}"),
            self.denied(f"--ctstate {pick(_STATES)}"),
        ]
        chosen = self.random.sample(asked, pick((1, 1, 2)))
        return "tcp" if any("port" in one for one in chosen) else "", f"-m conntrack {' '.join(chosen)}"

    def mark(self) -> tuple[str, str]:
        return "", f"-m {self.pick(('mark', 'connmark'))} {self.denied(f'--mark {self.pick(_MARKS)}')}"

    def iprange(self) -> tuple[str, str]:
        ends = {"--src-range": self.said.source_ranges, "--dst-range": self.said.destination_ranges}
        chosen = self.random.sample(tuple(ends), self.pick((1, 1, 2)))
        return "", f"-m iprange {' '.join(self.denied(f'{end} {self.pick(ends[end])}') for end in chosen)}"

    def addrtype(self) -> tuple[str, str]:
        chosen = self.random.sample(("--src-type", "--dst-type"), self.pick((1, 1, 2)))
        listed = [",".join(self.random.sample(self.said.types, self.pick((1, 2)))) for _ in chosen]
        return "", f"-m addrtype {' '.join(self.denied(f'{end} {words}') for end, words in zip(chosen, listed, strict=True))}"

    def field(self) -> tuple[str, str]:
        pick, ttl = self.pick, self.said.ttl
        length = pick(("0:40", "60", "61:", "52", ":100", "128"))
        tos = pick(("0x10/0xff", "0x08/0x08", "0x00/0x3f", "0x00", "Minimize-Delay"))
        words = (
            f"-m length {self.denied(f'--length {length}')}",
            f"-m {ttl} --{ttl}-{pick(('eq', 'lt', 'gt'))} {pick((1, 62, 63, 64, 128))}",
            f"-m {ttl} {self.denied(f'--{ttl}-eq 64')}",
            f"-m tos {self.denied(f'--tos {tos}')}",
            f"-m dscp {self.denied(pick(('--dscp 0x04', '--dscp 2', '--dscp-class CS6', '--dscp 0')))}",
        )
        return "", pick(words)

    def in_set(self) -> tuple[str, str]:
        names, directions = self.sets
        wanted = self.denied(f"--match-set {self.pick(names)} {self.pick(directions)}")
        return "", f"-m set {wanted}{self.pick(('', '', '', ' --return-nomatch', ' ! --update-counters'))}"

    def plain(self) -> tuple[str, str]:
        return "", "-m comment --comment x"

    def fragment(self) -> tuple[str, str]:
        return "", self.denied("-f", 0.7) if self.chance() < 0.3 else ""

    def physical(self, chain: str) -> tuple[str, str]:
        """Ports that frames leave through are known in FORWARD and POSTROUTING, and only of bridged ones (physdev_mt_check)."""
        asked = [self.denied(f"--physdev-in {self.pick(_BRIDGE_PORTS)}"), self.denied("--physdev-is-in")]
        if chain in ("FORWARD", "POSTROUTING"):
            out = self.denied(f"--physdev-out {self.pick(_BRIDGE_PORTS)}")
            asked += [f"{out} --physdev-is-bridged", "--physdev-is-bridged", "! --physdev-is-bridged"]
            asked += [self.denied("--physdev-is-out") + " --physdev-is-bridged"]
        return "", f"-m physdev {self.pick(asked)}"

    def target(self, table: str, chain: str) -> tuple[str, str]:
        """The text of a target, and the protocol that it asks for."""
        chance = self.chance()
        if table == "nat":
            return self.translation(chain) if chain and chance < 0.65 else (self.verdict(("ACCEPT", "RETURN", "", "LOG", "MARK")), "")
        if chance < 0.5:
            return self.verdict(("ACCEPT", "ACCEPT", "RETURN", "", "", "DROP")), ""
        if table == "raw" and chance < 0.65:
            return self.pick(("-j CT --notrack", "-j NOTRACK")), ""
        if table == "filter" and chance < 0.65:
            if self.chance() < 0.3:
                return "-j REJECT --reject-with tcp-reset", "tcp"
            return f"-j REJECT --reject-with {self.pick(self.said.refusals)}", ""
        if table == "mangle":
            return self.change(chain), ""
        return self.verdict(("ACCEPT", "RETURN", "", "LOG", "NFLOG", "MARK")), ""

    def verdict(self, words: Sequence[str]) -> str:
        word = self.pick(words)
        made = {"LOG": "-j LOG --log-prefix x", "NFLOG": "-j NFLOG --nflog-group 5", "MARK": f"-j MARK {self.pick(_MARKING)}", "": ""}
        return made.get(word, f"-j {word}")

    def change(self, chain: str) -> str:
        pick, ttl = self.pick, self.said.ttl
        masks = pick(("", "--nfmask 0xff --ctmask 0xff", "--nfmask 0x3 --ctmask 0x6", "--mask 0x1"))
        return pick(
            (
                f"-j MARK {pick(_MARKING)}",
                f"-j CONNMARK {pick(_CONNECTION_MARKING)}",
                f"-j CONNMARK {pick(('--save-mark', '--restore-mark'))} {masks}",
                f"-j {ttl.upper()} --{ttl}-{pick(('set 60', 'inc 1', 'dec 1', 'set 2'))}",
                f"-j TOS {pick(_SERVICES)}",
                f"-j DSCP {pick(('--set-dscp 0x04', '--set-dscp-class CS2', '--set-dscp 0'))}",
                "-j CLASSIFY --set-class 1:2" if chain in _WITH_OUTPUT else "-j CHECKSUM --checksum-fill",
            )
        )

    def translation(self, chain: str) -> tuple[str, str]:
        """A translation that a built-in chain allows; ports need a protocol that has some."""
        pick, said = self.pick, self.said
        ports = pick(("", "", ":8080", ":80", ":80-80", ":79-8100"))
        address = said.at_port(pick(said.targets), ports)
        if self.doubtful and self.chance() < 0.5:
            ports = pick(("", "", ":80", ":80-82"))
            address = said.at_port(pick(said.target_ranges), ports)
        if chain in ("PREROUTING", "OUTPUT"):
            words = pick(
                (
                    f"DNAT --to-destination {address}",
                    f"DNAT --to-destination {address}",
                    f"REDIRECT {f'--to-ports {ports[1:]}' if ports else ''}".strip(),
                    f"NETMAP --to {pick(said.singles)}",
                    f"NETMAP --to {said.spread}",
                )
            )
        elif chain == "POSTROUTING":
            masquerade = pick(("MASQUERADE", "MASQUERADE", "MASQUERADE --to-ports 1024-65535"))
            if self.doubtful and self.chance() < 0.5:
                masquerade = f"SNAT --to-source {said.source_range}"
            words = pick((masquerade, *(f"SNAT --to-source {source}" for source in said.sources), f"NETMAP --to {said.singles[1]}"))
        else:
            words = pick((*(f"SNAT --to-source {source}" for source in said.late_sources), f"NETMAP --to {said.late_network}"))
        if words == f"NETMAP --to {said.spread}":  # of other networks it would make addresses that nobody has
            return f"-d {said.spread_from} -j {words}", ""
        needs_ports = ("to-destination" in words and bool(ports)) or "to-ports" in words
        return f"-j {words}", pick(("tcp", "udp")) if needs_ports else ""
