"""How long starting takes: loading the extension, and the first statement of a fresh notebook kernel."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import Contestant

__all__ = ["BARE", "LABS", "first_statement", "load_extension", "together"]

BARE = "bare IPython"
LABS = 30

_FRESH = Path(__file__).with_name("fresh.py")
_LIMIT_SECONDS = 60


@contextmanager
def load_extension(quick: bool) -> Iterator[Sequence[Contestant]]:
    """A whole process with IPython's shell, with and without the extension; and what the extension says of itself."""
    with TemporaryDirectory() as folder:
        yield [
            Contestant("IPython + %load_ext", lambda: _fresh(folder, "load")["process"]),
            Contestant(BARE, lambda: _fresh(folder, "bare")["process"]),
            Contestant("inside %load_ext", lambda: _fresh(folder, "load")["load"]),
            Contestant("import only", lambda: _fresh(folder, "import")["import"], "of the magics, without IPython's own modules"),
        ]


@contextmanager
def first_statement(quick: bool) -> Iterator[Sequence[Contestant]]:
    """`%netlab bridge b0` in a new process: the host process is started by it."""
    with TemporaryDirectory() as folder:
        yield [
            Contestant("netlab_magic", lambda: _fresh(folder, "first")["first"]),
            Contestant("with interpreter, IPython and extension", lambda: _fresh(folder, "first")["process"]),
        ]


@contextmanager
def together(quick: bool) -> Iterator[Sequence[Contestant]]:
    """A class that begins: so many new processes at the same moment, each with IPython, the extension and a lab of its own."""
    with TemporaryDirectory() as folder:
        yield [Contestant("the last one is ready", lambda: _last_of(folder), "from the start of all interpreters")]


def _last_of(folder: str) -> float:
    """How long the slowest of them took, in seconds."""
    with ThreadPoolExecutor(LABS) as pool:
        return max(taken["process"] for taken in pool.map(lambda _: _fresh(folder, "first"), range(LABS))) / 1000


def _fresh(folder: str, what: str) -> dict[str, float]:
    """What fresh.py measured, in milliseconds, and under `process` the time from its start to its answer."""
    started = time.perf_counter()
    environment = {**os.environ, "IPYTHONDIR": folder}
    with subprocess.Popen([sys.executable, str(_FRESH), what], stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout
        answer = process.stdout.readline()
        taken = (time.perf_counter() - started) * 1000
        if process.wait(_LIMIT_SECONDS) or not answer:
            raise AssertionError(f"a fresh process ({what}) ended with {process.returncode}")
    return {**json.loads(answer), "process": taken}


