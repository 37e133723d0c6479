"""For a renderer without font files: text is measured with a font whose widths it has built in, and shown in the usual one.

graphviz-pure, like Graphviz built without a font library, estimates text by tables for Times, Arial and Courier (Graphviz:
lib/common/textspan_lut.c). Other characters count as one blank per UTF-8 byte: Chinese characters come out a few per cent too
narrow, which the padding of boxes absorbs.
"""

import re

from netlab_magic.draw.base.style import MONO, SANS

__all__ = ["estimable", "readable"]

_WIDER, _BOLD_WIDER = 1.2, 1.25
"""How much wider than Arial our first font is: digits, the most frequent characters, 0.636 em (bold 0.696) to Arial's 0.556.

Graphviz knows whole points only within labels, so sizes are rounded there and back, which gives the one that was asked for.
"""

_RUN = re.compile(rf'FACE="{re.escape(SANS)}" POINT-SIZE="([\d.]+)"([^>]*>(?:<B>)?)')
_TEXT = re.compile(r'font-family="(Arial|Courier)\b[^"]*"([^>]*?)font-size="([\d.]+)"')


def _factor(around: str) -> float:
    return _BOLD_WIDER if "bold" in around or "<B>" in around else _WIDER


def estimable(dot: str) -> str:
    """The drawing with fonts whose widths are built in, in a size at which they are as wide as ours."""

    def larger(found: re.Match[str]) -> str:
        return f'FACE="Arial" POINT-SIZE="{round(int(float(found[1])) * _factor(found[2]))}"{found[2]}'

    return _RUN.sub(larger, dot).replace(MONO, "Courier")  # Courier is as wide as our first font: 0.6 em


def readable(svg: str) -> str:
    """The picture with the original fonts and sizes."""

    def ours(found: re.Match[str]) -> str:
        name, between, size = found.groups()
        family, factor = (MONO, 1.0) if name == "Courier" else (SANS, _factor(between))
        return f'font-family="{family}"{between}font-size="{round(float(size) / factor)}.00"'

    return _TEXT.sub(ours, svg)
