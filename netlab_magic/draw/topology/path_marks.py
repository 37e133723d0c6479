"""A packet's path inside the card of a namespace: the rules it met by their numbers, and whether it was stopped or delivered."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from netlab_magic.draw.base.badges import badge_table
from netlab_magic.draw.base.dot_html import cell, clipped, plain, row, run, table
from netlab_magic.draw.base.style import BODY, SMALL, Role
from netlab_magic.model.packet_path import Badge, Event, PacketPath, PathStep

__all__ = ["path_lines", "path_rows"]

_LONGEST = 44
_MOST_ONE_BY_ONE = 4


def _spans(badges: Sequence[Badge]) -> Iterator[str]:
    """Step numbers, with consecutive ones as a range: `3–7`, `↩12–15`."""
    for _, group in groupby(enumerate(badges), key=lambda placed: (placed[1].number - placed[0], placed[1].back)):
        run_of = [badge for _, badge in group]
        first, last = run_of[0], run_of[-1]
        yield f"{'↩' if first.back else ''}{first.number}" + (f"–{last.number}" if last is not first else "")


def _hooks(packet_path: PacketPath, namespace: str) -> str:
    return ", ".join(dict.fromkeys(step.hook for step in packet_path.steps if step.inside and step.namespace == namespace))


def _end(step: PathStep) -> str:
    return f"stopped here: {step.site} {step.outcome}" if step.inside else "the packet stops here"


def _rules(packet_path: PacketPath, namespace: str) -> list[str]:
    inside = tuple(badge for badge in packet_path.inside(namespace) if not badge.fatal)
    if not inside:
        return []
    some = inside if len(inside) <= _MOST_ONE_BY_ONE else tuple(badge for badge in inside if badge.now)
    words = run(f"{', '.join(_spans(inside))}: rules of {_hooks(packet_path, namespace)}", Role.INK, SMALL)
    cells = [*([cell(badge_table(some))] if some else []), cell(words)]
    return [row(cell(table([row(*cells)]), bgcolor=Role.PATH_FILL))]


def path_rows(packet_path: PacketPath, namespace: str) -> list[str]:
    """Rows for the card of a namespace; none if the path does not pass it, or meets nothing but cables there."""
    others = tuple(badge for badge in packet_path.badges(namespace) if not badge.fatal)
    rows = _rules(packet_path, namespace)
    if others:
        words = run(_met(packet_path, namespace), Role.INK, SMALL, bold=True)
        rows.append(row(cell(table([row(cell(badge_table(others)), cell(words))]))))
    if packet_path.fatal and packet_path.fatal.namespace == namespace:
        words = run(clipped(_end(packet_path.fatal), _LONGEST), Role.INK, BODY, bold=True)
        inner = table([row(cell(badge_table([packet_path.badge(len(packet_path.steps))])), cell(words))])
        rows.append(row(cell(table([row(cell(inner))], border=3, color=Role.BAD, bgcolor=Role.BAD_FILL, style="dashed"), cellpadding=3)))
    return rows


def _met(packet_path: PacketPath, namespace: str) -> str:
    backs = [step.back for step in packet_path.steps if step.namespace == namespace and step.event == Event.ARRIVES]
    return "got the answer" if backs and backs[-1] else "got the packet"


def path_lines(packet_path: PacketPath) -> list[str]:
    """The path as lines of text, one for each run of stops in a namespace."""
    if not packet_path.steps:
        return []
    lines = [plain(f"The path of {packet_path.question}: [1], [2], … are its steps, [↩] those of the reply.")]
    numbered = enumerate(packet_path.steps, 1)
    for (namespace, _), group in groupby(numbered, key=lambda placed: (placed[1].namespace, placed[1].back)):
        said = [f"{packet_path.badge(number)} {_word(step)}" for number, step in group]
        lines.append(f"  {plain(namespace)}: {plain(' → '.join(said))}")
    return lines


def _word(step: PathStep) -> str:
    match step.event:
        case Event.ENTERS:
            return f"in through {step.interface}"
        case Event.LEAVES:
            return f"out through {step.interface}"
        case Event.ARRIVES:
            return "got it"
        case Event.LOST:
            return f"✕ {_end(step)}"
        case Event.PASSED:
            return f"{step.site} no match"
    return f"✕ {_end(step)}" if step.fatal else f"{step.site} {step.outcome}".rstrip()
