"""The conditions of a rule as sets that can be compared: whether one rule matches every packet that another one matches."""

from collections.abc import Callable
from typing import Any

import msgspec

from netlab_magic.iptables import extensions
from netlab_magic.iptables.analysis.intervals import Spans, joined, met, outside, span, within
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.extensions import HEADER, Extension
from netlab_magic.iptables.extensions.values import IcmpType, Network, Span
from netlab_magic.iptables.ruleset import Match, Option, Rule

__all__ = ["Demands", "demands", "implies"]

_PORTS = 65535
_LARGEST = {
    family: {"source": address, "destination": address, "protocol": 255, "--sport": _PORTS, "--dport": _PORTS, "icmp": 65535}
    for family, address in (("ipv4", 2**32 - 1), ("ipv6", 2**128 - 1))
}
_STATES = frozenset({"NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"})


class Demands(msgspec.Struct, frozen=True):
    """All that must hold for a rule to match.

    `numbers` has a set for each of source, destination, protocol, --sport, --dport, icmp (type and code); what is not there may be
    anything. `devices` are -i and -o with their pattern and whether it is negated, `states` those of conntrack (None for any), `flags`
    pairs of TCP flags that are looked at and those of them that are set. `others` are demands that are only equal or not. `is_steady`
    tells that the answer for a packet does not change between two rules of a chain. `largest` has the largest number of each kind.
    """

    numbers: dict[str, Spans]
    devices: dict[str, tuple[str, bool]]
    states: frozenset[str] | None
    flags: tuple[tuple[frozenset[str], frozenset[str]], ...]
    others: frozenset[str]
    is_steady: bool
    largest: dict[str, int]

    @property
    def is_void(self) -> bool:
        """Whether no packet can meet them all."""
        return () in self.numbers.values() or self.states == frozenset() or any(not wanted <= seen for seen, wanted in self.flags)


class _Collector:
    """Gathers the demands of one rule."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.largest = _LARGEST[family]
        self.numbers: dict[str, Spans] = {}
        self.devices: dict[str, tuple[str, bool]] = {}
        self.states: frozenset[str] | None = None
        self.flags: list[tuple[frozenset[str], frozenset[str]]] = []
        self.others: set[str] = set()
        self.is_steady = True

    def demand(self, about: str, spans: Spans, negated: bool) -> None:
        wanted = outside(spans, self.largest[about]) if negated else spans
        self.numbers[about] = met(self.numbers[about], wanted) if about in self.numbers else wanted

    def other(self, text: str) -> None:
        self.others.add(text)

    def values(self, extension: Extension | None, option: Option) -> tuple[Any, ...]:
        row = extension.parameter(option.name) if extension else None
        return row.read(option.values, self.family) if row else ()

    def header(self, option: Option) -> None:
        match option.name, self.values(HEADER, option):
            case "-s" | "-d", (Network(length=int()) as found,):
                self.demand("source" if option.name == "-s" else "destination", _addresses(found), option.negated)
            case "-p", (int(number),):
                self.demand("protocol", span(number, number), option.negated)
            case "-i" | "-o", (str(name),) if option.name not in self.devices:
                self.devices[option.name] = (name, option.negated)
            case _:
                self.other(str(option))

    def match(self, found: Match) -> None:
        extension = extensions.match(found.module)
        self.is_steady = self.is_steady and extension is not None and extension.is_steady_with(found.options)
        read = _READERS.get(found.module)
        if read:
            read(self, found)
        elif extension is None or not extension.holds_always:
            self.other(str(found))

    def ports(self, found: Match) -> None:
        """Ports and flags are read from the packet's own header: a fragment without one never matches, negated or not."""
        self.other("a header with ports")
        for option in found.options:
            match option.name, self.values(extensions.match(found.module), option):
                case "--sport" | "--dport", (Span() as ports,):
                    self.demand(option.name, joined([ports]), option.negated)
                case "--sports" | "--dports", (ports,):
                    self.demand(option.name.removesuffix("s"), joined(ports), option.negated)
                case "--tcp-flags", (seen, wanted) if not option.negated:
                    self.flags.append((frozenset(seen), frozenset(wanted)))
                case _:
                    self.other(f"{found.module} {option}")

    def icmp(self, found: Match) -> None:
        self.other("a header of ICMP")
        for option in found.options:
            match self.values(extensions.match(found.module), option):
                case (IcmpType(type=int(kind), code=code),):
                    first = kind * 256
                    self.demand("icmp", span(first + (code or 0), first + (255 if code is None else code)), option.negated)

    def addresses(self, found: Match) -> None:
        for option in found.options:
            (addresses,) = self.values(extensions.match(found.module), option)
            about = "source" if option.name == "--src-range" else "destination"
            self.demand(about, span(addresses.first, addresses.last), option.negated)

    def connection(self, found: Match) -> None:
        """A packet without a connection is judged by its state alone, so that more than the state is one demand (conntrack_mt)."""
        asked = [option for option in found.options if option.name in ("--ctstate", "--state")]
        named = [frozenset(self.values(extensions.match(found.module), option)[0]) for option in asked]
        if len(asked) < len(found.options) or not all(states <= _STATES for states in named):
            self.other(str(found))
        for option, states in zip(asked, named, strict=True):
            if states <= _STATES:
                wanted = _STATES - states if option.negated else states
                self.states = wanted if self.states is None else self.states & wanted


_READERS: dict[str, Callable[[_Collector, Match], None]] = {
    **dict.fromkeys(("tcp", "udp", "sctp", "dccp", "multiport"), _Collector.ports),
    **dict.fromkeys(("conntrack", "state"), _Collector.connection),
    **dict.fromkeys(("icmp", "icmp6"), _Collector.icmp),
    "iprange": _Collector.addresses,
}


def _addresses(network: Network) -> Spans:
    """The addresses of a network, of which the mask has no holes."""
    return span(network.address, network.address | (1 << network.width) - 1 - network.mask)


def demands(rule: Rule, family: str = "ipv4") -> Demands | None:
    """What a rule demands of a packet; None where its words cannot be read, as lenient reading keeps them."""
    collector = _Collector(family)
    try:
        told = canonical(rule, family)
        for option in told.options:
            collector.header(option)
        for found in told.matches:
            collector.match(found)
    except (ValueError, LookupError):
        return None
    numbers, devices, flags = collector.numbers, collector.devices, tuple(collector.flags)
    return Demands(numbers, devices, collector.states, flags, frozenset(collector.others), collector.is_steady, collector.largest)


def implies(later: Demands, earlier: Demands) -> bool:
    """Whether every packet that meets `later` also meets `earlier`. True only if that is certain."""
    return (
        earlier.others <= later.others
        and all(about in later.numbers and within(later.numbers[about], spans) for about, spans in earlier.numbers.items())
        and all(name in later.devices and _named_within(later.devices[name], device) for name, device in earlier.devices.items())
        and (earlier.states is None or (later.states is not None and later.states <= earlier.states))
        and all(any(_flags_within(narrow, wide) for narrow in later.flags) for wide in earlier.flags)
    )


def _named_within(narrow: tuple[str, bool], wide: tuple[str, bool]) -> bool:
    """Whether every device that the pattern `narrow` leaves over is one that `wide` does; a pattern is a name, or its start and a +."""
    (one, is_not_one), (other, is_not_other) = narrow, wide
    if is_not_one:
        return is_not_other and _covers(one, other)
    return not _meets(one, other) if is_not_other else _covers(other, one)


def _covers(wide: str, narrow: str) -> bool:
    return wide == narrow or (wide.endswith("+") and narrow.removesuffix("+").startswith(wide[:-1]))


def _meets(one: str, other: str) -> bool:
    return _covers(one, other) or _covers(other, one)


def _flags_within(narrow: tuple[frozenset[str], frozenset[str]], wide: tuple[frozenset[str], frozenset[str]]) -> bool:
    return wide[0] <= narrow[0] and narrow[1] & wide[0] == wide[1]
