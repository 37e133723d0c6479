"""DOT text in, finished SVG text out: the only place that starts a process."""

import functools
import hashlib
import shutil
import subprocess
import sysconfig
from xml.etree import ElementTree

from netlab_magic.draw.base.font_metrics import estimable, readable
from netlab_magic.draw.base.svg import finished

__all__ = ["NO_DOT", "SUBSTITUTE", "available", "renderer", "svg_of"]

SUBSTITUTE = "graphviz-pure"
"""Graphviz as one program in a wheel, for places where no system package can be installed."""

NO_DOT = f"To see this as a picture: sudo apt-get install graphviz or, without root, pip install {SUBSTITUTE}"


def renderer() -> str | None:
    """The program that draws: `dot`, which knows the machine's fonts, or else its substitute; None where there is neither."""
    # A notebook kernel need not have the folder on its PATH in which pip puts the programs of its environment.
    return shutil.which("dot") or shutil.which(SUBSTITUTE) or shutil.which(SUBSTITUTE, path=sysconfig.get_path("scripts"))


def available() -> bool:
    """Whether pictures can be drawn here."""
    return renderer() is not None


def _drawn(program: str, dot: str) -> str:
    return subprocess.run([program, "-Kdot", "-Tsvg"], input=dot, capture_output=True, check=True, encoding="utf-8").stdout


@functools.lru_cache(maxsize=128)
def _rendered(program: str, dot: str, title: str, description: str) -> str:
    prefix = "nl" + hashlib.sha256(f"{dot}\0{title}\0{description}".encode()).hexdigest()[:10]
    raw = readable(_drawn(program, estimable(dot))) if program.endswith(SUBSTITUTE) else _drawn(program, dot)
    return finished(raw, prefix, title, description)


def svg_of(dot: str, title: str, description: str) -> str | None:
    """The picture as SVG, the same text for the same input; None where no program is there to draw it, or it fails."""
    program = renderer()
    if program is None:
        return None
    try:
        return _rendered(program, dot, title, description)
    except (OSError, subprocess.CalledProcessError, ElementTree.ParseError):
        return None  # a picture is never the reason why a cell fails: its text says everything
