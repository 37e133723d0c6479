"""What a packet's way leaves inside the card of a namespace: the rules it met there by their numbers, its end, its arrival."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from netlab_magic.draw.base.badges import badge_table
from netlab_magic.draw.base.dot_html import cell, clipped, plain, row, run, table
from netlab_magic.draw.base.style import BODY, SMALL, Role
from netlab_magic.model.packet_path import Badge, Event, Stop, Voyage

__all__ = ["way_rows", "way_words"]

_LONGEST = 44
_MOST_ONE_BY_ONE = 4


def _spans(badges: Sequence[Badge]) -> Iterator[str]:
    """Numbers in words, those that follow one another as a range: `3–7`, `↩12–15`."""
    for _, group in groupby(enumerate(badges), key=lambda placed: (placed[1].number - placed[0], placed[1].back)):
        run_of = [badge for _, badge in group]
        first, last = run_of[0], run_of[-1]
        yield f"{'↩' if first.back else ''}{first.number}" + (f"–{last.number}" if last is not first else "")


def _hooks(voyage: Voyage, namespace: str) -> str:
    return ", ".join(dict.fromkeys(stop.hook for stop in voyage.stops if stop.inside and stop.namespace == namespace))


def _end(stop: Stop) -> str:
    return f"dies here: {stop.site} {stop.outcome}" if stop.inside else "the packet dies here"


def _rules(voyage: Voyage, namespace: str) -> list[str]:
    inside = tuple(badge for badge in voyage.inside(namespace) if not badge.fatal)
    if not inside:
        return []
    some = inside if len(inside) <= _MOST_ONE_BY_ONE else tuple(badge for badge in inside if badge.now)
    words = run(f"{', '.join(_spans(inside))}: rules of {_hooks(voyage, namespace)}", Role.INK, SMALL)
    cells = [*([cell(badge_table(some))] if some else []), cell(words)]
    return [row(cell(table([row(*cells)]), bgcolor=Role.PATH_FILL))]


def way_rows(voyage: Voyage, namespace: str) -> list[str]:
    """Rows for the card of a namespace; none where the way does not come by, or meets nothing but cables."""
    others = tuple(badge for badge in voyage.badges(namespace) if not badge.fatal)
    rows = _rules(voyage, namespace)
    if others:
        words = run(_met(voyage, namespace), Role.INK, SMALL, bold=True)
        rows.append(row(cell(table([row(cell(badge_table(others)), cell(words))]))))
    if voyage.fatal and voyage.fatal.namespace == namespace:
        words = run(clipped(_end(voyage.fatal), _LONGEST), Role.INK, BODY, bold=True)
        inner = table([row(cell(badge_table([voyage.badge(len(voyage.stops))])), cell(words))])
        rows.append(row(cell(table([row(cell(inner))], border=3, color=Role.BAD, bgcolor=Role.BAD_FILL, style="dashed"), cellpadding=3)))
    return rows


def _met(voyage: Voyage, namespace: str) -> str:
    backs = [stop.back for stop in voyage.stops if stop.namespace == namespace and stop.event == Event.ARRIVES]
    return "got the answer" if backs and backs[-1] else "got the packet"


def way_words(voyage: Voyage) -> list[str]:
    """The way as lines of text, one for each run of stops in a namespace."""
    if not voyage.stops:
        return []
    lines = [plain(f"The way of {voyage.question}: [1], [2], … are its steps, [↩] those of what comes back.")]
    numbered = enumerate(voyage.stops, 1)
    for (namespace, _), group in groupby(numbered, key=lambda placed: (placed[1].namespace, placed[1].back)):
        said = [f"{voyage.badge(number)} {_word(stop)}" for number, stop in group]
        lines.append(f"  {plain(namespace)}: {plain(' → '.join(said))}")
    return lines


def _word(stop: Stop) -> str:
    match stop.event:
        case Event.ENTERS:
            return f"in through {stop.interface}"
        case Event.LEAVES:
            return f"out through {stop.interface}"
        case Event.ARRIVES:
            return "got it"
        case Event.LOST:
            return f"✕ {_end(stop)}"
        case Event.PASSED:
            return f"{stop.site} no match"
    return f"✕ {_end(stop)}" if stop.fatal else f"{stop.site} {stop.outcome}".rstrip()
