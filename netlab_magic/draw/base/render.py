"""DOT text in, finished SVG text out: the only place that starts a process, or calls what draws where there are no processes."""

import hashlib
import shutil
import subprocess
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from xml.etree import ElementTree

from netlab_magic.draw.base.font_metrics import estimable, readable
from netlab_magic.draw.base.svg import finished

__all__ = ["NO_DOT", "SUBSTITUTE", "DrawingFailed", "Renderer", "available", "draw_with", "renderer", "svg_of"]

SUBSTITUTE = "graphviz-pure"
"""Graphviz as one program in a wheel, for places where no system package can be installed."""

NO_DOT = f"To see this as a picture: sudo apt-get install graphviz or, without root, pip install {SUBSTITUTE}"


class DrawingFailed(Exception):
    """A renderer could not draw what it was given."""


@dataclass(frozen=True)
class Renderer:
    """Graphviz in one of its forms. `draw` makes SVG of DOT, or raises DrawingFailed; `has_fonts` tells whether fonts measure its text."""

    name: str
    has_fonts: bool
    draw: Callable[[str], str] = field(compare=False)


def _dot() -> Renderer | None:
    program = shutil.which("dot")
    return Renderer(program, has_fonts=True, draw=partial(_printed, program)) if program else None


def _substitute() -> Renderer | None:
    # A notebook kernel need not have the folder on its PATH in which pip puts the programs of its environment.
    program = shutil.which(SUBSTITUTE) or shutil.which(SUBSTITUTE, path=sysconfig.get_path("scripts"))
    return Renderer(program, has_fonts=False, draw=partial(_printed, program)) if program else None


def _printed(program: str, dot: str) -> str:
    try:
        return subprocess.run([program, "-Kdot", "-Tsvg"], input=dot, capture_output=True, check=True, encoding="utf-8").stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise DrawingFailed(str(error)) from error


_SOURCES: list[Callable[[], Renderer | None]] = [_dot, _substitute]
"""Where a renderer is looked for; the first one that is found draws."""


def draw_with(renderer: Renderer) -> None:
    """Has `renderer` draw from now on: for places without programs, where Graphviz is a library."""
    _SOURCES.insert(0, lambda: renderer)


def renderer() -> Renderer | None:
    """What draws: one that was given, or `dot`, which knows the machine's fonts, or its substitute; None where there is none of them."""
    return next((found for source in _SOURCES if (found := source())), None)


def available() -> bool:
    """Whether pictures can be drawn here."""
    return renderer() is not None


@lru_cache(maxsize=128)
def _rendered(renderer: Renderer, dot: str, title: str, description: str) -> str:
    prefix = "nl" + hashlib.sha256(f"{dot}\0{title}\0{description}".encode()).hexdigest()[:10]
    raw = renderer.draw(dot) if renderer.has_fonts else readable(renderer.draw(estimable(dot)))
    return finished(raw, prefix, title, description)


def svg_of(dot: str, title: str, description: str) -> str | None:
    """The picture as SVG, the same text for the same input; None where nothing is there to draw it, or it fails."""
    found = renderer()
    if found is None:
        return None
    try:
        return _rendered(found, dot, title, description)
    except (DrawingFailed, ElementTree.ParseError):
        return None  # a picture is never the reason why a cell fails: its text says everything
