"""Random cases: a ruleset, and the first packet of a connection."""

import random

import msgspec

from agreement.firewalls import Firewall
from agreement.nft_tables import Tables
from agreement.words import Words
from agreement.world import ARRIVALS, CLOSED, NAMES, PORTS, Setting
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.packet import Packet

__all__ = ["Case", "Generator"]

_HEADERS = {"icmp": 28, "udp": 28, "tcp": 60}
_MORE = 20
"""So much longer is the header of IPv6."""


class Case(msgspec.Struct):
    """Rulesets as text, for iptables and for nft, and the first packet of a connection. `source` is the namespace that sends it, "" the
    host; `size` are the bytes that it carries, for TCP those of the second packet. `doubtful` tells that rules of it no model can judge;
    without `ordered` neither can it tell the order of base chains with one priority.
    """

    rules: str
    native: str
    source: str
    packet: Packet
    size: int
    setting: Setting
    doubtful: bool = False
    ordered: bool = True

    @property
    def six(self) -> bool:
        """Whether its packets are IPv6."""
        return ":" in self.packet.source

    @property
    def closed(self) -> bool:
        """Whether nobody listens at the port that it is sent to."""
        return self.packet.destination_port == CLOSED


class Generator:
    """Cases out of one seed. `doubtful` is the share of cases with matches that the walk cannot judge."""

    def __init__(self, firewall: Firewall, seed: str, doubtful: float = 0.06) -> None:
        self.firewall = firewall
        self.random = random.Random(seed)  # noqa: S311
        self.doubtful = doubtful
        self.port = 20000

    def case(self) -> Case:
        chance = self.random.random
        source, packet, size = self.packet()
        setting = Setting(forwards=chance() > 0.04, shows_bridged=chance() > 0.06, reverse_path=self.reverse_path())
        doubtful = chance() < self.doubtful
        rules = native = ""
        if self.firewall.variant:
            words = Words(self.random, six=self.firewall.six, doubtful=doubtful)
            rules = "".join(self.table(table, words) for table in BUILT_IN)
        if self.firewall.native:
            native = Tables(self.random, six=self.firewall.six, doubtful=doubtful).text()
        return Case(rules, native, source, packet, size, setting, doubtful, ordered=not doubtful)

    def reverse_path(self) -> int:
        return self.random.choice((1, 2)) if self.random.random() < 0.06 and not self.firewall.six else 0

    def packet(self) -> tuple[str, Packet, int]:
        """Who sends, the first packet, and how many bytes it carries."""
        pick, chance, network = self.random.choice, self.random.random, self.firewall.network
        protocol, source = pick(("icmp", "udp", "tcp")), pick(NAMES)
        destination = pick(network.destinations[source])
        ports = (0, 0) if protocol == "icmp" else (self.new_port(), pick((*PORTS, *PORTS, *PORTS, CLOSED)))
        size = 2 * pick((4, 4, 4, 50, 200))
        echo = 128 if self.firewall.six else 8
        return source, Packet(
            pick(network.sources(source, destination)),
            destination,
            "ipv6-icmp" if protocol == "icmp" and self.firewall.six else protocol,
            *ports,
            icmp_type=echo if protocol == "icmp" else 0,
            flags=frozenset(("SYN",) if protocol == "tcp" else ()),
            input=ARRIVALS[source][0],
            port_in=ARRIVALS[source][1],
            mark=pick((1, 2, 7)) if not source and chance() < 0.2 else 0,
            ttl=pick((1, 2, 3, 60, 128)) if chance() < 0.12 else 64,
            tos=pick((0x10, 0x08, 0x48)) if chance() < 0.2 else 0,
            length=_HEADERS[protocol] + _MORE * self.firewall.six + (size if protocol != "tcp" else 0),
        ), size

    def new_port(self) -> int:
        self.port = self.port + 1 if self.port < 60000 else 20000
        return self.port

    def with_new_port(self, packet: Packet) -> Packet:
        return msgspec.structs.replace(packet, source_port=self.new_port()) if packet.source_port else packet

    def table(self, table: str, words: Words) -> str:
        """A table; about half of them are empty, as the more rules there are, the fewer packets get far."""
        full = self.random.random() < (0.9 if table == "filter" else 0.5)
        users = [f"U{number}" for number in range(self.random.randrange(4))] if full else []
        drops = {chain: full and table != "nat" and self.random.random() < 0.08 for chain in BUILT_IN[table]}
        lines = [f"*{table}", *(f":{chain} {'DROP' if drop else 'ACCEPT'} [0:0]" for chain, drop in drops.items())]
        lines += [f":{name} - [0:0]" for name in users]
        if full:
            for chain in BUILT_IN[table]:
                lines += [f"-A {chain} {words.rule(table, chain, users)}" for _ in range(self.random.randrange(5))]
            for place, chain in enumerate(users):
                lines += [f"-A {chain} {words.rule(table, '', users[place + 1 :])}" for _ in range(self.random.randrange(5))]
        return "\n".join([*lines, "COMMIT", ""])
