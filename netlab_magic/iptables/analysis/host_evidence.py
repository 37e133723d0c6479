"""What rules reveal about their host: its bridges and networks, containers, own addresses, and outgoing interfaces.

Everything is read off the shape of single rules, never off the name of a chain: dockerd, libvirt, Podman, kube-proxy and people write
the same shapes. Each fact keeps the rule it was read from, as TABLE CHAIN NUMBER, so that conclusions can be checked.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_network
from typing import NamedTuple

import msgspec

from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.extensions.types_address import NAT_TO, NETWORK
from netlab_magic.iptables.extensions.values import NatTarget, Network
from netlab_magic.iptables.ruleset import Option, Rule, Ruleset
from netlab_magic.model.topology import HOST, Server

__all__ = ["Evidence", "evidence_of"]

_REFUSING = ("DROP", "REJECT")


class Evidence(msgspec.Struct):
    """The value of each entry is the rule's place; `networks` has the network first.

    `bridges`: devices through which containers are reached. `networks`: of a device, the network on it. `masqueraded`: networks whose
    packets leave under another address. `containers`: addresses that rules name one by one, with the device they are behind ("" where no
    rule says). `own`: addresses of the host itself. `uplinks`: devices whose packets leave under the host's address. `devices`: all names.
    `proxies`: docker-proxy, which listens on a published port at the address that it is published on.
    """

    bridges: dict[str, str] = {}
    networks: dict[str, tuple[str, str]] = {}
    masqueraded: dict[str, str] = {}
    containers: dict[str, str] = {}
    own: dict[str, str] = {}
    uplinks: dict[str, str] = {}
    devices: dict[str, str] = {}
    proxies: dict[Server, str] = {}


def evidence_of(ruleset: Ruleset) -> Evidence:
    """What all rules of a ruleset reveal; for each fact, the first rule counts."""
    found = Evidence()
    for table in ruleset.tables:
        for chain in table.chains:
            for number, rule in enumerate(chain.rules, 1):
                _Reading(rule, ruleset.family, f"{table.name} {chain.name} {number}", found).note(table.name, chain.name)
    return found


class _End(NamedTuple):
    """The network or address that `-s` or `-d` names, None if there is none."""

    network: Network | None = None
    negated: bool = False

    @property
    def is_network(self) -> bool:
        """Whether it has several addresses that hosts may have, though not all addresses."""
        found = self.network
        return found is not None and bool(found.length) and not found.is_host and not _is_unusual(found)

    @property
    def host(self) -> str:
        """The address, if it is a single one that a host may have, else ""."""
        found = self.network
        return found.base if found and not self.negated and found.is_host and not _is_unusual(found) else ""

    def __str__(self) -> str:
        return str(self.network)


class _Reading:
    """One rule, and where to note what it reveals."""

    def __init__(self, rule: Rule, family: str, place: str, found: Evidence) -> None:
        self.rule = rule
        self.family = family
        self.place = place
        self.found = found
        self.input, self.output = _device(rule.option("-i")), _device(rule.option("-o"))
        self.source, self.destination = _end(rule.option("-s"), family), _end(rule.option("-d"), family)

    def note(self, table: str, chain: str) -> None:
        for name in filter(None, (self.input.lstrip("!"), self.output.lstrip("!"))):
            self.found.devices.setdefault(name, self.place)
        self.bridge()
        if table == "nat":
            self.translation(chain)
        elif chain == "INPUT":
            self.own(self.destination)
        else:
            self.container()

    def bridge(self) -> None:
        """`-i X -o X`, `-i X ! -o X` and `! -i X -o X` are written for container networks; a network with -s -i, or -d -o, is on X."""
        names = {self.input.lstrip("!"), self.output.lstrip("!")}
        if len(names) == 1 and (name := names.pop()) and name != "lo":
            self.found.bridges.setdefault(name, self.place)
        for device, network in ((self.input, self.source), (self.output, self.destination)):
            if _is_plain(device) and network.is_network and not network.negated:
                self.found.networks.setdefault(device, (str(network), self.place))
        if self.rule.jump in _REFUSING:  # an internal network: nothing from outside may enter it
            for device, network in ((self.output, self.source), (self.input, self.destination)):
                if _is_plain(device) and network.is_network and network.negated:
                    self.found.networks.setdefault(device, (str(network), self.place))
                    self.found.bridges.setdefault(device, self.place)

    def translation(self, chain: str) -> None:
        """`-s NETWORK ! -o X -j MASQUERADE` is written for a bridge; `-o X -j MASQUERADE` for an uplink; and DNAT leads to containers."""
        jump = self.rule.jump
        done = target(jump)
        if done and done.translates == "source":
            self.source_nat()
        elif chain == "POSTROUTING" and jump and done is None and self.names_source:  # to a chain that masquerades
            self.found.masqueraded.setdefault(str(self.source), self.place)
        if jump == "DNAT":
            self.own(self.destination)
            for address in self.translated("--to-destination"):
                self.found.containers.setdefault(address, "")
            if chain == "DOCKER":
                self.proxy()

    def proxy(self) -> None:
        """`-d ADDRESS -p tcp --dport PORT -j DNAT` in Docker's chain: docker-proxy listens there."""
        protocol, port = self.rule.option("-p"), next(filter(None, (match.option("--dport") for match in self.rule.matches)), None)
        if protocol is None or port is None or protocol.negated or port.negated or not port.values[0].isdecimal() or not self.rule.target:
            return
        to = self.rule.target.option("--to-destination")
        address = "" if self.destination.network is None else self.destination.network.base
        server = Server(HOST, int(port.values[0]), protocol.values[0], "proxy", address, to.values[0] if to and to.values else "")
        self.found.proxies.setdefault(server, self.place)

    @property
    def names_source(self) -> bool:
        """Whether the rule is about packets from one network."""
        return self.source.is_network and not self.source.negated

    @property
    def is_from_the_host(self) -> bool:
        """Whether the rule is about the host's own packets alone, as one of Docker's is for its way into a network."""
        return any(match.option("--src-type") is not None for match in self.rule.matches)

    def source_nat(self) -> None:
        hairpin = self.source.network is not None and self.source == self.destination
        if self.names_source and self.output.startswith("!"):
            self.found.networks[self.output[1:]] = str(self.source), self.place
            self.found.bridges.setdefault(self.output[1:], self.place)
        elif self.names_source:
            self.found.masqueraded.setdefault(str(self.source), self.place)
        elif hairpin and self.source.network and not self.source.negated:
            self.found.containers.setdefault(self.source.network.base, "")
        if _is_plain(self.output) and self.output != "lo" and not hairpin and not self.is_from_the_host:
            self.found.uplinks.setdefault(self.output, self.place)
        for address in self.translated("--to-source"):
            self.found.own.setdefault(address, self.place)

    def container(self) -> None:
        """`-d ADDRESS -o X`, and `-d ADDRESS ! -i X` with nothing else: the address is behind X."""
        address = self.destination.host
        if not address:
            return
        if _is_plain(self.output):
            self.found.containers[address] = self.output
        elif self.input.startswith("!") and self.input != "!lo":
            self.found.containers[address] = self.input[1:]

    def own(self, end: _End) -> None:
        if end.host:
            self.found.own.setdefault(end.host, self.place)

    def translated(self, name: str) -> Iterator[str]:
        """The single address of `--to-source` or `--to-destination`, without ports."""
        option = self.rule.target.option(name) if self.rule.target else None
        with suppress(ValueError):
            to = NAT_TO.read(option.values[0], self.family) if option and option.values else NatTarget(None, None)
            if to.addresses and to.addresses.first == to.addresses.last:
                found = Network(to.addresses.first, (1 << to.addresses.width) - 1, to.addresses.width)
                yield from filter(None, [_End(found).host])


def _end(option: Option | None, family: str) -> _End:
    """What `-s` or `-d` names; nothing if iptables would refuse it."""
    try:
        return _End(NETWORK.read(option.values[0], family), option.negated) if option and option.values else _End()
    except ValueError:
        return _End()


def _device(option: Option | None) -> str:
    """The full name of a device, with its `!`; "" if there is none, or if the name ends with +."""
    word = f"{'!' if option.negated else ''}{option.values[0]}" if option and option.values else ""
    return "" if word.endswith("+") else word


def _is_plain(device: str) -> bool:
    return bool(device) and not device.startswith("!")


@lru_cache(4096)
def _is_unusual(network: Network) -> bool:
    """Whether these addresses are never assigned to hosts: multicast, loopback, link-local."""
    found = ip_network((network.address, network.mask.bit_count()))
    return found.is_multicast or found.is_loopback or found.is_link_local
