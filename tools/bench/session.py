"""Our own side: an IPython shell with the extension loaded, in this process, in which cells are run as a notebook runs them."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

__all__ = ["Session", "session"]


_WARM_SECONDS = 0.15
"""After this long a lab host has done the imports that it leaves for when it is idle; nobody types a cell faster."""


class Session:
    """A shell whose labs have one firewall variant."""

    def __init__(self, shell: InteractiveShell, firewall: str) -> None:
        self._shell = shell
        self._firewall = firewall

    def statement(self, line: str) -> Any:
        """The result of a `%netlab` line."""
        return self._shell.run_line_magic("netlab", f"--firewall {self._firewall} {line}")

    def cell(self, text: str) -> Any:
        """The result of a `%%netlab` cell."""
        return self._shell.run_cell_magic("netlab", f"--firewall {self._firewall}", text)

    def shell(self, text: str) -> None:
        """Runs a text with a shell in the lab host. Raises CommandFailed."""
        self._shell.run_cell_magic("netlab", f"--firewall {self._firewall} sh", text)

    def milliseconds(self, text: str) -> float:
        """From the text of a cell to what the notebook is sent to display."""
        started = time.perf_counter()
        self.cell(text)._repr_mimebundle_()
        return (time.perf_counter() - started) * 1000

    def in_fresh_lab(self, text: str, reaches: str) -> float:
        """As `milliseconds`, in a lab that is made before and ended after it; the address `reaches` must answer there."""
        self.statement("up")
        time.sleep(_WARM_SECONDS)
        try:
            taken = self.milliseconds(text)
            if not self.statement(f"ping host {reaches}"):
                raise AssertionError(f"{reaches} does not answer in the lab")
        finally:
            self.statement("down")
        return taken


@contextmanager
def session(firewall: str = "auto") -> Iterator[Session]:
    """A session that leaves no lab and no file behind."""
    from netlab_magic.jupyter.magics import load

    with TemporaryDirectory() as folder:
        os.environ["IPYTHONDIR"] = folder
        shell = InteractiveShell(config=Config(HistoryManager={"enabled": False}))
        load(shell)
        made = Session(shell, firewall)
        try:
            yield made
        finally:
            made.statement("down")
