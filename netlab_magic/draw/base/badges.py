"""The numbers of a packet's steps as pills: filled for a match, dashed for a rule that did not match, orange where it was stopped."""

from collections.abc import Sequence

from netlab_magic.draw.base.dot_html import cell, row, run, table
from netlab_magic.draw.base.style import RULE, SMALL, Role
from netlab_magic.model.packet_path import Badge

__all__ = ["badge_table"]

_HEIGHT = 15
_LEAST_WIDTH = 22
_CHARACTER = 8.2


def _pill(badge: Badge) -> str:
    colour = Role.BAD if badge.fatal else Role.PATH
    ink, fill = (Role.HEAD_INK, colour) if badge.matched and not badge.fatal else (Role.INK, Role.BAD_FILL if badge.fatal else Role.CARD)
    style = "rounded" if badge.matched else "rounded,dashed"
    width = max(_LEAST_WIDTH, int(10 + _CHARACTER * len(badge.text)))
    size = {"fixedsize": "TRUE", "width": width, "height": _HEIGHT, "cellpadding": 0}
    look = {"border": 2 if badge.now or badge.fatal else 1, "bgcolor": fill, "style": style, "color": colour}
    pill = cell(run(badge.text, ink, RULE, bold=badge.matched), **look, **size)
    return table([row(pill)], style="rounded")


def badge_table(badges: Sequence[Badge], *, abreast: int = 4, most: int = 8) -> str:
    """Badges in rows of `abreast`; those beyond `most` are only counted."""
    cells = [cell(_pill(badge), cellpadding=0) for badge in badges[:most]]
    if len(badges) > most:
        cells.append(cell(run(f"+{len(badges) - most}", Role.INK, SMALL), cellpadding=0))
    return table([row(*cells[start : start + abreast]) for start in range(0, len(cells), abreast)], cellspacing=2)
