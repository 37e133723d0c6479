"""What `capture` returns: the packets that passed, as a ladder between the places and as a table."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netlab_magic.draw import Picture, ladder_picture
from netlab_magic.draw.ladder.words import flow_of, kind_of
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.i18n import Language, language, message
from netlab_magic.model.capture.packets import CapturedPacket, Sighting
from netlab_magic.model.capture.pcap import pcap
from netlab_magic.model.topology import End
from netlab_magic.session.results.base import Result
from netlab_magic.session.results.html import Html, details, div, drawn, pre, table, td, th, tr
from netlab_magic.text import aligned, printable

__all__ = ["Captured", "Missed", "Written"]


_BRIDGE = message("{} is a bridge: it shows what the host itself sends, gets or routes; what passes between its ports is seen at them.")


class Missed(msgspec.Struct, frozen=True):
    """So many frames passed a device after its capture was full."""

    at: End
    frames: int


class Written(msgspec.Struct, frozen=True):
    """A file with so many of the frames of a device."""

    file: str
    frames: int


class Captured(Result):
    """The packets that passed the places of a cell's captures; true if there was one.

    Attributes:
        places: the devices, in the order of the statements.
        packets: each packet with all its sightings.
        missed: what passed after a capture was full.
        written: the files that were asked for.
        silent_bridges: bridges at which nothing was seen.
        simulated: whether the packets are a model's.
        language: the language of the words, such as `en`.
    """

    def __init__(
        self,
        places: Sequence[End],
        packets: Sequence[CapturedPacket],
        *,
        missed: Sequence[Missed] = (),
        written: Sequence[Written] = (),
        bridges: Sequence[End] = (),
        simulated: bool = False,
        language: str = "en",
    ) -> None:
        self.places = tuple(places)
        self.packets = tuple(packets)
        self.missed = tuple(missed)
        self.written = tuple(written)
        self.silent_bridges = tuple(at for at in bridges if not any(packet.at(at) for packet in packets))
        self.simulated = simulated
        self.language = language

    def __bool__(self) -> bool:
        return bool(self.packets)

    def __len__(self) -> int:
        return len(self.packets)

    @property
    def sightings(self) -> tuple[Sighting, ...]:
        """Every packet at every place: the rows of the table."""
        return tuple(one for packet in self.packets for one in packet.sightings)

    @property
    def picture(self) -> Picture:
        """The ladder."""
        drawn_ladder = ladder_picture(self.places, self.packets, language(self.language))
        return drawn_ladder.marked(SIMULATED) if self.simulated else drawn_ladder

    def write(self, file: str | Path) -> None:
        """Writes the frames as a capture file, for Wireshark. Raises OSError."""
        Path(file).write_bytes(pcap([one.frame for one in self.sightings]))

    def __str__(self) -> str:
        say = language(self.language)
        lines = [self._summary(say)]
        if self.packets:
            lines += [self.picture.words, *aligned(self._rows(say))]
        return "\n".join([*lines, *self._notes(say)])

    def html(self, commands: bool = False) -> Html:
        """See Result."""
        say = language(self.language)
        heads, *rows = self._rows(say)
        body = table(tr(*(th(head, scope="col") for head in heads)), *(tr(*(td(one) for one in cells)) for cells in rows))
        shown = [drawn(self.picture), details(say("every packet at every place"), body)] if self.packets else []
        return div(pre(self._summary(say)), *shown, *(pre(note) for note in self._notes(say)), lang=self.language.replace("_", "-"))

    def _summary(self, say: Language) -> str:
        places = ", ".join(map(str, self.places))
        if not self.packets:
            return say("No packet passed {}. A capture lasts as long as its cell: send the packets below it, in the same cell.", places)
        told = say("Captured at {}: {} packets, seen {} times", places, len(self.packets), len(self.sightings))
        return f"{told} ({say('simulated')})" if self.simulated else told

    def _notes(self, say: Language) -> list[str]:
        bridges = [say(_BRIDGE, at) for at in self.silent_bridges]
        missed = [say("{} more frames passed {} after the capture was full.", one.frames, one.at) for one in self.missed]
        return [*bridges, *missed, *(say("{} frames are in {}", one.frames, printable(one.file)) for one in self.written)]

    def _rows(self, say: Language) -> list[tuple[str, ...]]:
        """The table with its heads; a packet's number stands at its first sighting."""
        heads = ("#", say("time"), say("place"), say("direction"), say("packet"), say("from and to"), "TTL", say("bytes"))
        begin = self.packets[0].nanoseconds if self.packets else 0
        rows: list[tuple[str, ...]] = [heads if not self.simulated else (heads[0], "", *heads[2:])]
        for number, packet in enumerate(self.packets, 1):
            for at, one in enumerate(packet.sightings):
                rows.append((str(number) if at == 0 else "", *self._row(one, begin, say)))
        return rows

    def _row(self, one: Sighting, begin: int, say: Language) -> tuple[str, ...]:
        time = "" if self.simulated else f"{(one.frame.nanoseconds - begin) / 1e6:.3f} ms"
        way = say("out") if one.outgoing else say("in")
        seen = one.header.packet
        ttl, length = (str(seen.ttl), str(seen.length)) if seen else ("", str(one.frame.length))
        return time, printable(str(one.at)), way, kind_of(one.header, say), printable(flow_of(one.header, say)), ttl, length
