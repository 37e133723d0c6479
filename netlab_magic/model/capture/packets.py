"""One packet as it was seen at several places: sightings are joined by what neither routing nor NAT changes."""

from collections.abc import Iterable

import msgspec

from netlab_magic.model.capture.frame import Frame
from netlab_magic.model.capture.headers import Header
from netlab_magic.model.packet import Packet
from netlab_magic.model.topology import End

__all__ = ["CapturedPacket", "Sighting", "packets_of"]


class Sighting(msgspec.Struct, frozen=True):
    """A packet at one place: its frame and its headers there."""

    frame: Frame
    header: Header

    @property
    def at(self) -> End:
        """The device."""
        return self.frame.at

    @property
    def outgoing(self) -> bool:
        """Whether the device sent it; else it came in there."""
        return self.frame.outgoing


class CapturedPacket(msgspec.Struct, frozen=True):
    """A packet with all its sightings, in the order in which they happened."""

    sightings: tuple[Sighting, ...]

    @property
    def first(self) -> Sighting:
        """Where it was seen first."""
        return self.sightings[0]

    @property
    def last(self) -> Sighting:
        """Where it was seen last."""
        return self.sightings[-1]

    @property
    def nanoseconds(self) -> int:
        """When it was seen first, by the kernel's clock."""
        return self.first.frame.nanoseconds

    def at(self, place: End) -> list[Sighting]:
        """Its sightings at a device: two if it came in and went out there."""
        return [one for one in self.sightings if one.at == place]


def packets_of(sightings: Iterable[Sighting]) -> tuple[CapturedPacket, ...]:
    """The packets of which these are sightings, in order. A packet passes a device once in each direction: the second is another one."""
    groups: list[list[Sighting]] = []
    open_by_key: dict[tuple[object, ...], list[list[Sighting]]] = {}
    for sighting in sightings:
        candidates = open_by_key.setdefault(sighting.header.same, [])
        group = next((one for one in candidates if _may_join(one, sighting)), None)
        if group is None:
            group = []
            groups.append(group)
            candidates.append(group)
        group.append(sighting)
    return tuple(CapturedPacket(tuple(group)) for group in groups)


def _may_join(group: list[Sighting], sighting: Sighting) -> bool:
    if any(one.at == sighting.at and one.outgoing == sighting.outgoing for one in group):
        return False
    return _shares_port(group[-1].header.packet, sighting.header.packet)


def _shares_port(one: Packet | None, other: Packet | None) -> bool:
    """NAT changes one of the two ports as a rule, and never both ends' in a way that would make two connections alike."""
    if one is None or other is None or not one.source_port:
        return True
    return one.source_port == other.source_port or one.destination_port == other.destination_port
