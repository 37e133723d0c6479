"""What a ladder shows, before it is drawn: its places, and a rung for each packet."""

from collections.abc import Sequence

import msgspec

from netlab_magic.draw.ladder.words import changes_of, ends_of, flow_of, kind_of
from netlab_magic.i18n import Language
from netlab_magic.model.capture.packets import CapturedPacket
from netlab_magic.model.topology import End

__all__ = ["LadderView", "Rung", "Seen", "ladder_view"]

_MOST_RUNGS = 40


class Seen(msgspec.Struct, frozen=True):
    """A packet at one place: its two ends there, and whether NAT has changed them since the place before."""

    ends: tuple[str, str]
    changed: tuple[bool, bool] = (False, False)


class Rung(msgspec.Struct, frozen=True):
    """A packet: `way` are the numbers of the places that it passed, in order; `time` is "" in a simulated lab."""

    number: int
    time: str
    kind: str
    flow: str
    changes: tuple[str, ...]
    way: tuple[int, ...]
    seen: dict[int, Seen]


class LadderView(msgspec.Struct, frozen=True):
    """`left_out` counts the packets after those that have a rung."""

    places: tuple[End, ...]
    rungs: tuple[Rung, ...]
    left_out: int
    note: str = ""


def ladder_view(places: Sequence[End], packets: Sequence[CapturedPacket], say: Language) -> LadderView:
    """The view of packets between places, which stand in this order."""
    begin = packets[0].nanoseconds if packets else 0
    rungs = tuple(_rung(number, packet, places, begin, say) for number, packet in enumerate(packets[:_MOST_RUNGS], 1))
    left_out = len(packets) - len(rungs)
    return LadderView(tuple(places), rungs, left_out, say("and {} more", left_out) if left_out else "")


def _rung(number: int, packet: CapturedPacket, places: Sequence[End], begin: int, say: Language) -> Rung:
    way: list[int] = []
    seen: dict[int, Seen] = {}
    before: tuple[str, str] | None = None
    for one in packet.sightings:
        place = places.index(one.at)
        ends = ends_of(one.header, say)
        changed = (False, False) if before is None or one.header.arp else (ends[0] != before[0], ends[1] != before[1])
        seen[place] = Seen(ends, changed)
        before = ends
        if not way or way[-1] != place:
            way.append(place)
    time = f"{(packet.nanoseconds - begin) / 1e6:.3f} ms" if packet.nanoseconds else ""
    first = packet.first.header
    return Rung(number, time, kind_of(first, say), flow_of(first, say), tuple(changes_of(packet, say)), tuple(way), seen)
