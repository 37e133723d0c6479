"""Joins the ends of veth pairs across namespaces: each end knows the other's index, and a number for the namespace that it is in.

That number is the knowing namespace's own (`link-netnsid`), and nothing printed says which namespace it means. But where only one end can
be meant, it is found out, and it then tells the ends that could be several.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netlab_magic.engines.dump.collected.parts import Part
from netlab_magic.model.topology import End

__all__ = ["FarEnd", "far_ends", "pairs"]

_DEVICE = re.compile(r"(?P<index>\d+): (?P<name>[^\s:@]+)@(?:if(?P<far>\d+)|(?P<master>[^\s:]+)): <.*")
_UNTOLD = -1
_NETNSID = re.compile(r"\blink-netnsid (?P<id>\d+)")


class FarEnd(NamedTuple):
    """What a device says of the one that it is linked to: its index, `far`, and the number of its namespace. `own` is its own index."""

    own: int
    far: int
    netnsid: int


def far_ends(part: Part | None) -> dict[str, FarEnd]:
    """The devices that are linked to one in another namespace, by name, from what `ip -d addr` printed, as JSON or text."""
    if part is None:
        return {}
    text = "\n".join(part.lines)
    try:
        items = json.loads(text)
    except ValueError:
        return dict(_from_text(part.lines))
    held = items if isinstance(items, list) else []
    return {str(item["ifname"]): FarEnd(*found) for item in held if isinstance(item, dict) and (found := _numbers(item))}


def _numbers(item: Mapping[str, Any]) -> tuple[int, int, int] | None:
    found = item.get("ifindex"), item.get("link_index"), item.get("link_netnsid")
    return found if all(isinstance(one, int) for one in found) else None  # type: ignore[return-value]  # just checked


def _from_text(lines: Sequence[str]) -> Iterator[tuple[str, FarEnd]]:
    """The same from the text for people. Busybox leaves the number of the namespace out, and of a port it names the bridge instead."""
    device: re.Match[str] | None = None
    for line in [*lines, ""]:
        number = _NETNSID.search(line)
        if device and (number or not line[:1].isspace()):
            far = int(device["far"]) if device["far"] else _UNTOLD
            yield device["name"], FarEnd(int(device["index"]), far, int(number["id"]) if number else _UNTOLD)
            device = None
        if not line[:1].isspace():
            device = _DEVICE.match(line)
            if device and device["master"] and f" master {device['master']} " not in line:  # not a port: it is on top of that device
                device = None


def pairs(ends: Mapping[str, Mapping[str, FarEnd]]) -> dict[End, End]:
    """The other end of each end that is certain, both ways; `ends` are the devices of each namespace."""
    candidates = {End(place, name): list(_possible(ends, place, said)) for place, held in ends.items() for name, said in held.items()}
    found: dict[End, End] = {}
    meant: dict[tuple[str, int], str] = {}
    more = True
    while more:
        more = False
        for end in [end for end in candidates if end not in found]:
            free = _left(end, candidates, found, meant, ends)
            if len(free) == 1 and _left(free[0], candidates, found, meant, ends) == [end]:
                found |= {end: free[0], free[0]: end}
                meant[end.namespace, _number(ends, end)] = free[0].namespace
                meant[free[0].namespace, _number(ends, free[0])] = end.namespace
                more = True
    return found


def _left(
    end: End,
    candidates: Mapping[End, Sequence[End]],
    found: Mapping[End, End],
    meant: Mapping[tuple[str, int], str],
    ends: Mapping[str, Mapping[str, FarEnd]],
) -> list[End]:
    """The ends that an end may still lead to."""
    number = _number(ends, end)
    known = meant.get((end.namespace, number)) if number != _UNTOLD else None
    return [one for one in candidates[end] if one not in found and known in (None, one.namespace)]


def _number(ends: Mapping[str, Mapping[str, FarEnd]], end: End) -> int:
    return ends[end.namespace][end.interface].netnsid


def _possible(ends: Mapping[str, Mapping[str, FarEnd]], place: str, said: FarEnd) -> Iterator[End]:
    """The devices with the right indices, in other namespaces."""
    for other, held in ends.items():
        if other != place:
            yield from (End(other, name) for name, one in held.items() if _fit(one, said) and _fit(said, one))


def _fit(one: FarEnd, other: FarEnd) -> bool:
    """Whether what one says of the other may be true, and at least one of the two says something."""
    return one.far == other.own or (one.far == _UNTOLD and other.far == one.own)
