"""`netlab-magic`, as a process or, where only its answer matters, within this one."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from netlab_magic.cli.main import main

ROOT = Path(__file__).parents[2]
COMMAND = (sys.executable, "-m", "netlab_magic")
_OF_THE_USER = ("LC_ALL", "LC_MESSAGES", "LANG", "NO_COLOR")


class Ran(NamedTuple):
    """A command that ended."""

    returncode: int
    stdout: str
    stderr: str


def environment(**more: str) -> dict[str, str]:
    """An English environment in which the package of this tree is found from every folder."""
    kept = {name: value for name, value in os.environ.items() if name not in _OF_THE_USER}
    return {**kept, "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **more}


def netlab(*words: str | Path, given: str = "", folder: Path | None = None, **more: str) -> Ran:
    """Runs it in this process, in a folder; `given` is its standard input. Starting Python each time would take most of the tests' time."""
    streams = {name: io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8") for name, text in (("in", given), ("out", ""), ("err", ""))}
    with (
        mock.patch.dict(os.environ, environment(**more), clear=True),
        mock.patch.object(sys, "stdin", streams["in"]),
        contextlib.redirect_stdout(streams["out"]),
        contextlib.redirect_stderr(streams["err"]),
        contextlib.chdir(folder or Path.cwd()),
    ):
        try:
            status = main([str(word) for word in words])
        except SystemExit as end:
            status = int(str(end.code))
    return Ran(int(status), *map(_written, (streams["out"], streams["err"])))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def process(*words: str | Path, given: str = "", folder: Path | None = None) -> Ran:
    """Runs it as a process."""
    ran = subprocess.run([*COMMAND, *words], input=given, capture_output=True, text=True, check=False, cwd=folder, env=environment())
    return Ran(ran.returncode, ran.stdout, ran.stderr)
