"""What rules tell of the host that they were written for: its bridges and their networks, containers, own addresses, and ways out.

Everything is read off the shape of single rules, never off the name of a chain: dockerd, libvirt, Podman, kube-proxy and people write
the same shapes. Where each was seen is kept, as TABLE CHAIN NUMBER, so that what is made of it can be checked.
"""

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_address, ip_network

import msgspec

from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.ruleset import Option, Rule, Ruleset

__all__ = ["Evidence", "evidence_of"]

_REFUSING = ("DROP", "REJECT")


class Evidence(msgspec.Struct):
    """The value of each entry is where it was seen; `networks` has the network first.

    `bridges`: devices through which containers are reached. `networks`: of a device, the network on it. `masqueraded`: networks whose
    packets leave under another address. `containers`: addresses that rules name one by one, with the device they are behind ("" where no
    rule says). `own`: addresses of the host itself. `ways_out`: devices whose packets leave under the host's address. `devices`: all names.
    """

    bridges: dict[str, str] = {}
    networks: dict[str, tuple[str, str]] = {}
    masqueraded: dict[str, str] = {}
    containers: dict[str, str] = {}
    own: dict[str, str] = {}
    ways_out: dict[str, str] = {}
    devices: dict[str, str] = {}


def evidence_of(ruleset: Ruleset) -> Evidence:
    """What all rules of a ruleset tell; the first rule that tells a thing counts."""
    found = Evidence()
    for table in ruleset.tables:
        for chain in table.chains:
            for number, rule in enumerate(chain.rules, 1):
                _Reading(rule, f"{table.name} {chain.name} {number}", found).note(table.name, chain.name)
    return found


class _Reading:
    """One rule, and where to note what it tells."""

    def __init__(self, rule: Rule, place: str, found: Evidence) -> None:
        self.rule = rule
        self.place = place
        self.found = found
        self.input, self.output = _device(rule.option("-i")), _device(rule.option("-o"))
        self.source, self.destination = _words(rule.option("-s")), _words(rule.option("-d"))

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
        """`-i X -o X`, `-i X ! -o X` and `! -i X -o X` are said of networks of containers; and a network with -s -i, or -d -o, is on X."""
        names = {self.input.lstrip("!"), self.output.lstrip("!")}
        if len(names) == 1 and (name := names.pop()) and name != "lo":
            self.found.bridges.setdefault(name, self.place)
        for device, network in ((self.input, self.source), (self.output, self.destination)):
            if _is_plain(device) and _is_network(network) and not network.startswith("!"):
                self.found.networks.setdefault(device, (network, self.place))
        if self.rule.jump in _REFUSING:  # an internal network: what does not come from it must not go into it
            for device, network in ((self.output, self.source), (self.input, self.destination)):
                if _is_plain(device) and network.startswith("!") and _is_network(network[1:]):
                    self.found.networks.setdefault(device, (network[1:], self.place))
                    self.found.bridges.setdefault(device, self.place)

    def translation(self, chain: str) -> None:
        """`-s NETWORK ! -o X -j MASQUERADE` is said of a bridge; `-o X -j MASQUERADE` of a way out; and DNAT leads to containers."""
        jump = self.rule.jump
        done = target(jump)
        if done and done.translates == "source":
            self.source_nat()
        elif chain == "POSTROUTING" and jump and done is None and _is_network(self.source):  # to a chain that masquerades
            self.found.masqueraded.setdefault(self.source, self.place)
        if jump == "DNAT":
            self.own(self.destination)
            for address in _translated(self.rule, "--to-destination"):
                self.found.containers.setdefault(address, "")

    def source_nat(self) -> None:
        if _is_network(self.source) and self.output.startswith("!"):
            self.found.networks[self.output[1:]] = self.source, self.place
            self.found.bridges.setdefault(self.output[1:], self.place)
        elif _is_network(self.source):
            self.found.masqueraded.setdefault(self.source, self.place)
        elif self.source and self.source == self.destination and not self.source.startswith("!"):
            self.found.containers.setdefault(self.source.partition("/")[0], "")
        if _is_plain(self.output) and self.output != "lo" and not self.source == self.destination != "":
            self.found.ways_out.setdefault(self.output, self.place)
        for address in _translated(self.rule, "--to-source"):
            self.found.own.setdefault(address, self.place)

    def container(self) -> None:
        """`-d ADDRESS -o X`, and `-d ADDRESS ! -i X` with nothing else: the address is behind X."""
        if not _is_host(self.destination):
            return
        address = self.destination.partition("/")[0]
        if _is_plain(self.output):
            self.found.containers[address] = self.output
        elif self.input.startswith("!") and self.input != "!lo":
            self.found.containers[address] = self.input[1:]

    def own(self, word: str) -> None:
        if _is_host(word) and not ip_address(word.partition("/")[0]).is_loopback:
            self.found.own.setdefault(word.partition("/")[0], self.place)


def _words(option: Option | None) -> str:
    return f"{'!' if option.negated else ''}{option.values[0]}" if option and option.values else ""


def _device(option: Option | None) -> str:
    """A device that is named in full, with its `!`; "" for none, and for a name that ends with +."""
    word = _words(option)
    return "" if word.endswith("+") else word


def _is_plain(device: str) -> bool:
    return bool(device) and not device.startswith("!")


@lru_cache(4096)
def _length(word: str) -> tuple[int, int]:
    """The prefix length of a network, and the longest there can be; (0, 0) for what is none."""
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        return 0, 0
    usual = network.is_multicast or network.is_loopback or network.is_link_local
    return (0, 0) if usual else (network.prefixlen, network.max_prefixlen)


def _is_network(word: str) -> bool:
    length, longest = _length(word)
    return 0 < length < longest


def _is_host(word: str) -> bool:
    length, longest = _length(word)
    return 0 < length == longest


def _translated(rule: Rule, name: str) -> Iterator[str]:
    """The single addresses of `--to-source` or `--to-destination`, without ports."""
    option = rule.target.option(name) if rule.target else None
    for word in option.values if option else ():
        address = word[1:].partition("]")[0] if word.startswith("[") else word.partition(":")[0] if word.count(":") == 1 else word
        if _is_host(address):
            yield address
