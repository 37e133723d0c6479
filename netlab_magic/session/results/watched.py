"""What `watch` returns: the packets of real traffic that were seen, by connection, and the last one rule by rule."""

from collections.abc import Iterator, Sequence
from enum import StrEnum

import msgspec

from netlab_magic.diagnosis.traced_path import Row, followed, rows_of
from netlab_magic.i18n import Language, language, message
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import Direction, HookReport, ReportEvent, TracedHop, WatchedPacket, WatchedTraffic
from netlab_magic.model.packet_path import FATAL
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, div, joined, pre, table, td, th, tr
from netlab_magic.session.results.trace import columns
from netlab_magic.text import aligned, printable

__all__ = ["Connection", "Fate", "Watched", "told_at_once"]

_NOTHING = message("No packet like that passed {} in {} s ({}).")
_SEEN = message("Seen at {} in {} s ({}): packets {}, connections {}.")
_LAST = message("The last one, rule by rule:")
_LAST_DROPPED = message("The last one that was dropped, rule by rule:")
_LOST = message("The kernel had more to report than could be read: packets are missing here.")
_ENOUGH = message("The watch ended before its time, because it keeps no more packets.")
_PASSED, _DROPPED, _VANISHED = message("{} passed"), message("{} dropped by {}"), message("{} not seen after {}")
_RULE, _POLICY = message("rule {} of {} in {}"), message("the policy of {} in {}")
_HEADS = (message("connection"), message("packets"), message("what became of them"))
_DROPPED_AT_ONCE, _VANISHED_AT_ONCE = message("dropped by {}"), message("not seen after {}")


class Fate(StrEnum):
    """What became of a packet in a namespace: PASSED all hooks, DROPPED by a rule or policy, or not seen any more (VANISHED)."""

    PASSED = "passed"
    DROPPED = "dropped"
    VANISHED = "vanished"


class Connection(msgspec.Struct, frozen=True):
    """The packets that belong together, in both directions, also where addresses and ports were translated on the way."""

    packets: tuple[WatchedPacket, ...]

    @property
    def name(self) -> str:
        """The first packet in a few words."""
        return str(self.packets[0].reports[0].packet)


class Watched(Result):
    """Real traffic that was watched; true if no packet of it was dropped.

    Attributes:
        traffic: everything that was seen, as one value.
        namespace: where.
        seconds: for how long.
        six: whether it is IPv6.
        connections: the packets, by connection.
    """

    def __init__(self, traffic: WatchedTraffic, namespace: str, seconds: float, six: bool, language: str = "en") -> None:
        self.traffic = traffic
        self.namespace = namespace
        self.seconds = seconds
        self.six = six
        self.language = language
        self.connections = tuple(_connections(traffic.packets))
        self._ruleset = save_format.parse(traffic.rules, strict=False, family="ipv6" if six else "ipv4")

    def fate(self, packet: WatchedPacket) -> Fate:
        """What became of a packet."""
        return _fate(packet, self._ruleset)

    def __bool__(self) -> bool:
        return all(self.fate(packet) != Fate.DROPPED for packet in self.traffic.packets)

    def __str__(self) -> str:
        say = language(self.language)
        rows = [(printable(name), str(count), became) for name, count, became in self._table(say)]
        lines = [self._sentence(say), *(f"  {line}" for line in aligned(rows))]
        shown = self._shown()
        if shown is not None:
            lines.append(say(_LAST_DROPPED if self.fate(shown) == Fate.DROPPED else _LAST))
            lines.append(f"  {printable(str(shown.reports[0].packet))}")
            lines += [f"    {line}" for line in aligned([columns(row, say) for row in self._rows(shown)])]
        return "\n".join([*lines, *self._gaps(say)])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        say, shown = language(self.language), self._shown()
        heads = tr(*(th(say(head), scope="col") for head in _HEADS))
        body = [
            tr(td(printable(name)), td(str(count)), td(became), class_="" if became.startswith("✓") else "bad")
            for name, count, became in self._table(say)
        ]
        parts = [pre(self._sentence(say)), table(heads, *body) if body else "", *(pre(gap, class_="bad") for gap in self._gaps(say))]
        if shown is not None:
            title = say(_LAST_DROPPED if self.fate(shown) == Fate.DROPPED else _LAST)
            rules = [tr(*(td(cell) for cell in columns(row, say)), class_="bad" if row.fatal else "") for row in self._rows(shown)]
            parts += [pre(f"{title}\n{printable(str(shown.reports[0].packet))}"), table(*rules, class_="way")]
        return div(joined(*parts), lang=self.language.replace("_", "-"))

    def _sentence(self, say: Language) -> str:
        where, version = printable(self.namespace), "IPv6" if self.six else "IPv4"
        if not self.traffic.packets:
            return say(_NOTHING, where, f"{self.seconds:g}", version)
        return say(_SEEN, where, f"{self.seconds:g}", version, len(self.traffic.packets), len(self.connections))

    def _table(self, say: Language) -> Iterator[tuple[str, int, str]]:
        for connection in self.connections:
            yield connection.name, len(connection.packets), self._became(connection, say)

    def _became(self, connection: Connection, say: Language) -> str:
        """How many of its packets passed, and where the others ended."""
        counts: dict[tuple[Fate, str], int] = {}
        for packet in connection.packets:
            fate = self.fate(packet)
            key = fate, "" if fate == Fate.PASSED else _where(packet, fate, say)
            counts[key] = counts.get(key, 0) + 1
        parts = {Fate.PASSED: _PASSED, Fate.DROPPED: _DROPPED, Fate.VANISHED: _VANISHED}
        mark = "✓" if all(fate == Fate.PASSED for fate, _ in counts) else "✕"
        return f"{mark} " + ", ".join(say(parts[fate], *filter(None, (count, where))) for (fate, where), count in counts.items())

    def _shown(self) -> WatchedPacket | None:
        """The last packet that was dropped, else the last one."""
        dropped = [packet for packet in self.traffic.packets if self.fate(packet) == Fate.DROPPED]
        return next(reversed(dropped or self.traffic.packets), None)

    def _rows(self, packet: WatchedPacket) -> list[Row]:
        return rows_of(TracedHop(self.namespace, Direction.REQUEST, packet.reports), self._ruleset)

    def _gaps(self, say: Language) -> list[str]:
        return [say(text) for text, holds in ((_LOST, self.traffic.lost), (_ENOUGH, self.traffic.enough)) if holds]


def told_at_once(packet: WatchedPacket, ruleset: Ruleset, language_name: str) -> str:
    """A packet in one line, as soon as it was seen."""
    say = language(language_name)
    first, last = packet.reports[0].packet, packet.reports[-1].packet
    fate = _fate(packet, ruleset)
    became = "✓" if fate == Fate.PASSED else "✕ " + say(
        _DROPPED_AT_ONCE if fate == Fate.DROPPED else _VANISHED_AT_ONCE, _where(packet, fate, say)
    )
    flags = f" {','.join(sorted(first.flags))}" if first.flags else ""
    devices = " → ".join(filter(None, (first.input, last.output)))
    return printable(f"{packet.seconds:7.2f} s  {first}{flags}  {devices}  {became}")


def _fate(packet: WatchedPacket, ruleset: Ruleset) -> Fate:
    last = packet.reports[-1]
    if last.event in (ReportEvent.ENTERS, ReportEvent.LEAVES):
        return Fate.PASSED if last.event == ReportEvent.LEAVES and last.hook in ("INPUT", "POSTROUTING") else Fate.VANISHED
    return Fate.DROPPED if last.verdict == "DROP" or followed(last, ruleset) in FATAL else Fate.VANISHED


def _where(packet: WatchedPacket, fate: Fate, say: Language) -> str:
    last = packet.reports[-1]
    if fate == Fate.VANISHED:
        return last.hook
    chain = printable(last.chain)
    if last.event == ReportEvent.POLICY or last.rule is None:
        return say(_POLICY, chain, printable(last.table))
    return say(_RULE, last.rule, chain, printable(last.table))


def _connections(packets: Sequence[WatchedPacket]) -> Iterator[Connection]:
    """The packets by connection: those that have a pair of ends in common, before or after a translation."""
    found: list[tuple[set[frozenset[tuple[str, int]]], list[WatchedPacket]]] = []
    for packet in packets:
        pairs = {_ends(report) for report in packet.reports}
        same = [held for held in found if held[0] & pairs]
        joined_pairs, joined_packets = pairs.union(*(held[0] for held in same)), [one for held in same for one in held[1]]
        found = [held for held in found if held not in same]
        found.append((joined_pairs, sorted([*joined_packets, packet], key=lambda one: one.seconds)))
    found.sort(key=lambda held: held[1][0].seconds)
    yield from (Connection(tuple(held[1])) for held in found)


def _ends(report: HookReport) -> frozenset[tuple[str, int]]:
    packet = report.packet
    return frozenset(((packet.source, packet.source_port), (packet.destination, packet.destination_port), (packet.protocol, -1)))
