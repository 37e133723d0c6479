"""Arrows beside a column of cards, each in a lane of its own: out to the side, along the cards, and back to a card's head.

dot bends such arrows further out the longer they are, until they take more room than the cards. So dot only places the two ends of
each arrow (edges of the class `LANE` or `SPINE`), and the line between them is drawn here.
"""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree

import msgspec

__all__ = ["LANE", "SPINE", "in_lanes"]

LANE = "lane"
"""The class of the arrows on the right."""

SPINE = "spine"
"""The class of the arrows on the left."""

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_FIRST, _CORNER, _HEAD, _MARGIN = 14.0, 5.0, 8.0, 8.0
_GAP, _ROOM = 10.0, 60.0
"""The distance between lanes, and the width for all of them: many lanes are closer together, so that the cards stay legible."""

_Point = tuple[float, float]


class _Arrow(msgspec.Struct):
    """An arrow of the drawing: its ends and its line, and what distinguishes it from others to the same place."""

    group: ElementTree.Element
    line: ElementTree.Element
    head: ElementTree.Element
    start: _Point
    end: _Point
    look: tuple[str, str]


def _points(text: str) -> list[_Point]:
    numbers = [float(number) for number in _NUMBER.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def _arrows(root: ElementTree.Element, kind: str) -> Iterable[_Arrow]:
    for group in root.iter(f"{_SVG}g"):
        line, head = group.find(f"{_SVG}path"), group.find(f"{_SVG}polygon")
        if kind in (group.get("class") or "").split() and line is not None and head is not None:
            start = _points(line.get("d", ""))[0]
            tip = max(_points(head.get("points", "")), key=lambda point: abs(point[0] - start[0]) + abs(point[1] - start[1]))
            yield _Arrow(group, line, head, start, tip, (line.get("stroke", ""), line.get("stroke-dasharray", "")))


def _grouped(arrows: Iterable[_Arrow]) -> list[list[_Arrow]]:
    """Arrows of one look to one place share a lane; the shortest groups come first, because they get the innermost lanes."""
    groups: dict[object, list[_Arrow]] = {}
    for arrow in arrows:
        groups.setdefault((arrow.end, arrow.look), []).append(arrow)
    return sorted(groups.values(), key=lambda group: (_span(group)[1] - _span(group)[0], _span(group)))


def _span(group: Sequence[_Arrow]) -> tuple[float, float]:
    ends = [point[1] for arrow in group for point in (arrow.start, arrow.end)]
    return min(ends), max(ends)


def _lanes_of(groups: Sequence[Sequence[_Arrow]]) -> list[int]:
    """For each group, the innermost lane that is free over its whole span."""
    taken: list[list[tuple[float, float]]] = []
    found = []
    for group in groups:
        low, high = _span(group)
        free = (lane for lane, spans in enumerate(taken) if all(high < other_low or other_high < low for other_low, other_high in spans))
        lane = next(free, len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((low, high))
        found.append(lane)
    return found


def _lay(arrow: _Arrow, lane: float, side: int) -> None:
    """Draws an arrow along the lane at `lane`; `side` is 1 on the right of the cards and -1 on the left."""
    (start, above), (end, below) = arrow.start, arrow.end
    turn = _CORNER if below > above else -_CORNER
    line = f"M{start:.1f},{above:.1f} H{lane - side * _CORNER:.1f} Q{lane:.1f},{above:.1f} {lane:.1f},{above + turn:.1f}"
    line += f" V{below - turn:.1f} Q{lane:.1f},{below:.1f} {lane - side * _CORNER:.1f},{below:.1f} H{end + side * _HEAD:.1f}"
    arrow.line.set("d", line)
    wide = end + side * (_HEAD + 2)
    notch = end + side * _HEAD * (0.7 if arrow.look[1] else 1.25)
    corners = ((end, below), (wide, below - 4.5), (notch, below), (wide, below + 4.5), (end, below))
    arrow.head.set("points", " ".join(f"{x:.1f},{y:.1f}" for x, y in corners))


def _laid(root: ElementTree.Element, kind: str, side: int) -> float:
    """Draws all arrows of one side; returns the distance of the outermost lane from the cards, 0 without arrows."""
    groups = _grouped(_arrows(root, kind))
    if not groups:
        return 0
    edge = max(side * point[0] for group in groups for arrow in group for point in (arrow.start, arrow.end))
    lanes = _lanes_of(groups)
    gap = min(_GAP, _ROOM / max(1, *lanes))
    for group, lane in zip(groups, lanes, strict=True):
        for arrow in group:
            _lay(arrow, side * (edge + _FIRST + lane * gap), side)
    return _FIRST + max(lanes) * gap + _MARGIN


def in_lanes(root: ElementTree.Element) -> None:
    """Draws the arrows that have a lane, and makes room for them."""
    right, left = _laid(root, LANE, 1), _laid(root, SPINE, -1)
    if not right and not left:
        return
    x, y, width, height = (float(number) for number in _NUMBER.findall(root.get("viewBox", "")))
    root.set("viewBox", f"{x - left:.2f} {y:.2f} {width + left + right:.2f} {height:.2f}")
    root.set("width", f"{width + left + right:.0f}pt")
