"""A fresh notebook kernel, as far as it matters here: `python fresh.py bare|load|first|import` prints what took how long, as JSON."""

import json
import sys
import time
from collections.abc import Callable

__all__: list[str] = []


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def _main(what: str) -> None:
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    taken: dict[str, float] = {}
    if what == "import":
        taken["import"] = _milliseconds(lambda: __import__("netlab_magic.jupyter.magics"))
    else:
        shell = InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
        if what != "bare":
            taken["load"] = _milliseconds(lambda: shell.run_line_magic("load_ext", "netlab_magic"))
        if what == "first":
            taken["first"] = _milliseconds(lambda: shell.run_line_magic("netlab", "bridge b0")._repr_mimebundle_())
    print(json.dumps(taken), flush=True)


if __name__ == "__main__":
    _main(sys.argv[1])
