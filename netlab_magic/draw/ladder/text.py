"""A ladder as text: a column a place, a line a packet."""

from netlab_magic.draw.ladder.view import LadderView, Rung
from netlab_magic.text import aligned, display_width, padded

__all__ = ["ladder_text"]

_GAP = 3


def ladder_text(view: LadderView) -> str:
    """The ladder of at least one packet: a dot at each place where it was seen, with arrows in the order in which it passed."""
    names = [str(place) for place in view.places]
    starts, at = [], 0
    for name in names:
        starts.append(at)
        at += display_width(name) + _GAP
    middles = [start + display_width(name) // 2 for start, name in zip(starts, names, strict=True)]
    heads = aligned([(str(rung.number), rung.time) for rung in view.rungs], right=(0, 1))
    lines = [" " * (display_width(heads[0]) + 2) + (" " * _GAP).join(names)]
    for head, rung in zip(heads, view.rungs, strict=True):
        drawn = _line(rung, middles)
        words = "; ".join((f"{rung.kind}, {rung.flow}", *rung.changes))
        lines.append(f"{head}  {padded(drawn, at - _GAP)}  {words}")
    return "\n".join(line.rstrip() for line in (*lines, view.note) if line.strip())


def _line(rung: Rung, middles: list[int]) -> str:
    line = [" "] * (max(middles) + 1)
    steps = list(zip(rung.way, rung.way[1:], strict=False))
    if all(one < other for one, other in steps) or all(one > other for one, other in steps):
        for one, other in steps:
            left, right = sorted((middles[one], middles[other]))
            line[left + 1 : right] = "─" * (right - left - 1)
            line[right - 1 if one < other else left + 1] = "►" if one < other else "◄"
    for place in rung.way:
        line[middles[place]] = "●"
    return "".join(line)
