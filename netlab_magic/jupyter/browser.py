"""A kernel in a browser (Pyodide, in a site that binder/lite makes): what it needs besides the magics, as an extension of IPython.

The site's configuration has IPython load it while the kernel starts. It brings Graphviz as WebAssembly, which then draws; and where a
package is asked for that the site does not have, the answer is one sentence.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from js import URL, Blob
from piplite.piplite import PiplitePyPIDisabled
from pyodide.code import run_js
from pyodide.ffi import JsException, to_js

from netlab_magic.draw.base.render import DrawingFailed, Renderer, draw_with
from netlab_magic.errors import NetlabError
from netlab_magic.i18n import language, message, preferred

__all__ = ["load_ipython_extension"]

_GRAPHVIZ = "share/netlab_magic/graphviz.js"
"""Under sys.prefix: the npm package @hpcc-js/wasm-graphviz, one module of JavaScript with the WebAssembly in it."""


def load_ipython_extension(shell: Any) -> None:
    """Begins to load Graphviz, for which the first cell waits, and answers where packages are not there."""
    shell.set_custom_exc((ModuleNotFoundError, PiplitePyPIDisabled), _name_missing)
    before_cells = shell.kernel.lite_transform_manager.line_transforms
    loading = asyncio.ensure_future(_load_graphviz(Path(sys.prefix, _GRAPHVIZ).read_text()))

    async def wait(lines: list[str]) -> list[str]:
        before_cells.remove(wait)
        await loading
        return lines

    before_cells.append(wait)  # of all that happens before a cell runs, the kernel awaits only what transforms its lines


async def _load_graphviz(source: str) -> None:
    script = Blob.new(to_js([source]), run_js("({type: 'text/javascript'})"))
    module = await run_js("address => import(address)")(URL.createObjectURL(script))
    graphviz = await module.Graphviz.load()

    def draw(dot: str) -> str:
        try:
            return str(graphviz.dot(dot, "svg"))
        except JsException as error:
            raise DrawingFailed(str(error)) from error

    draw_with(Renderer(f"Graphviz {graphviz.version()} as WebAssembly", has_fonts=False, draw=draw))


def _name_missing(shell: Any, kind: Any, error: BaseException, traceback: Any, tb_offset: Any = None) -> None:  # noqa: ARG001 - IPython's
    """Shows what is missing: of an import, or of `%pip install`, whose message begins with the package's name."""
    name = error.name if isinstance(error, ModuleNotFoundError) and error.name else str(error).partition(" ")[0]
    say = language(preferred(os.environ))
    told = NetlabError(say(message("{} is not part of this site, which fetches nothing from elsewhere."), name))
    shell.showtraceback((type(told), told, None))
