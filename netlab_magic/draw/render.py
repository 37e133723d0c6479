"""DOT text in, finished SVG text out: the only place that starts a process."""

import functools
import hashlib
import shutil
import subprocess
from xml.etree import ElementTree

from netlab_magic.draw.svg import finished

__all__ = ["NO_DOT", "available", "svg_of"]

NO_DOT = "To see this as a picture, install graphviz (for example: sudo apt-get install graphviz)."


def available() -> bool:
    """Whether the `dot` program can be started."""
    return shutil.which("dot") is not None


@functools.lru_cache(maxsize=128)
def _rendered(dot: str, title: str, description: str) -> str:
    import graphviz  # here, because it costs 50 ms, half of what loading the extension may take

    prefix = "nl" + hashlib.sha256(f"{dot}\0{title}\0{description}".encode()).hexdigest()[:10]
    raw = graphviz.Source(dot).pipe(format="svg", encoding="utf-8", quiet=True)
    return finished(raw, prefix, title, description)


def svg_of(dot: str, title: str, description: str) -> str | None:
    """The picture as SVG, the same text for the same input; None where there is no `dot` program, or one that cannot draw it."""
    if not available():
        return None
    try:
        return _rendered(dot, title, description)
    except (subprocess.CalledProcessError, ElementTree.ParseError):
        return None  # a picture is never the reason why a cell fails: its text says everything
