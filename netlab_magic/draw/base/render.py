"""Renders DOT as finished SVG: the only place that starts a process for it, or calls a library where there are no processes."""

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

__all__ = ["NO_DOT", "SUBSTITUTE", "DrawingFailed", "Renderer", "available", "draw_with", "png_of", "renderer", "svg_of"]

SUBSTITUTE = "graphviz-pure"
"""Graphviz as a wheel with one program, for machines where no system package can be installed."""

NO_DOT = f"To see this as a picture: sudo apt-get install graphviz or, without root, pip install {SUBSTITUTE}"


class DrawingFailed(Exception):
    """A renderer could not draw a picture."""


@dataclass(frozen=True)
class Renderer:
    """A form of Graphviz. `draw` turns DOT into SVG or raises DrawingFailed; `has_fonts` is set if it measures text with real fonts.

    `paint` turns DOT into PNG, where that is possible.
    """

    name: str
    has_fonts: bool
    draw: Callable[[str], str] = field(compare=False)
    paint: Callable[[str], bytes] | None = field(compare=False, default=None)


def _dot() -> Renderer | None:
    program = shutil.which("dot")
    return Renderer(program, has_fonts=True, draw=partial(_printed, program), paint=partial(_painted, program)) if program else None


def _substitute() -> Renderer | None:
    # A notebook kernel's PATH need not include the folder in which pip installs the programs of its environment.
    program = shutil.which(SUBSTITUTE) or shutil.which(SUBSTITUTE, path=sysconfig.get_path("scripts"))
    return Renderer(program, has_fonts=False, draw=partial(_printed, program)) if program else None


def _printed(program: str, dot: str) -> str:
    try:
        return subprocess.run([program, "-Kdot", "-Tsvg"], input=dot, capture_output=True, check=True, encoding="utf-8").stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise DrawingFailed(str(error)) from error


def _painted(program: str, dot: str) -> bytes:
    try:
        return subprocess.run([program, "-Kdot", "-Tpng", "-Gdpi=144"], input=dot.encode(), capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise DrawingFailed(str(error)) from error


_SOURCES: list[Callable[[], Renderer | None]] = [_dot, _substitute]
"""Where to look for a renderer; the first one found is used."""


def draw_with(renderer: Renderer) -> None:
    """Makes `renderer` draw from now on: for environments without processes, where Graphviz is a library."""
    _SOURCES.insert(0, lambda: renderer)


def renderer() -> Renderer | None:
    """The renderer: one that was set, or `dot`, which knows the machine's fonts, or its substitute; None without any."""
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
    """The picture as SVG, the same text for the same input; None without a renderer, or if it fails."""
    found = renderer()
    if found is None:
        return None
    try:
        return _rendered(found, dot, title, description)
    except (DrawingFailed, ElementTree.ParseError):
        return None  # a picture must never make a cell fail: its text says everything


def png_of(dot: str) -> bytes:
    """The picture as PNG, in the light theme. Raises DrawingFailed."""
    found = renderer()
    if found is None or found.paint is None:
        raise DrawingFailed("only the dot program of Graphviz draws PNG; an .svg is drawn without it")
    return found.paint(dot)
