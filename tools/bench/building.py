"""How long building takes: the seed lab, and N namespaces on one bridge."""

import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from isolated import seconds_of, seconds_told_by
from measure import Contestant, unavailable
from scripts import SEED_CELL, address, batches, bridge_cell, bridge_script, seed_script
from session import session

__all__ = ["BATCH", "FLOOR", "MININET", "SCRIPT", "one_bridge", "seed_lab"]

BATCH, SCRIPT, FLOOR, MININET = "ip -batch", "shell script", "the floor", "Mininet"

_FLOOR_PROGRAM = Path(__file__).with_name("floor.py")
_MININET_PROGRAM = Path(__file__).with_name("mininet_network.py")


def seed_lab(variant: str) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """The seed lab with one firewall variant: in a lab that is up, and as a shell script."""

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        with session(variant) as ours, _written({"run": seed_script(variant)}) as folder:
            yield [
                Contestant("netlab_magic", lambda: ours.in_fresh_lab(SEED_CELL, address(0))),
                Contestant(SCRIPT, lambda: 1000 * seconds_of(["sh", f"{folder}/run"], reaches=address(0))),
            ]

    return setting


def one_bridge(count: int) -> Callable[[bool], AbstractContextManager[Sequence[Contestant]]]:
    """`count` namespaces on one bridge."""

    @contextmanager
    def setting(quick: bool) -> Iterator[Sequence[Contestant]]:
        last = address(count - 1)
        cell = bridge_cell(count)
        with session() as ours, _written({"script": bridge_script(count)}) as folder, _written(batches(count)) as batch:
            yield [
                Contestant("netlab_magic", lambda: ours.in_fresh_lab(cell, last)),
                Contestant(FLOOR, lambda: 1000 * seconds_told_by([sys.executable, str(_FLOOR_PROGRAM), str(count)])),
                Contestant(BATCH, lambda: 1000 * seconds_of(["sh", f"{batch}/run"], reaches=last)),
                Contestant(SCRIPT, lambda: 1000 * seconds_of(["sh", f"{folder}/script"], reaches=last)),
                _mininet(count),
            ]

    return setting


@contextmanager
def _written(files: dict[str, str]) -> Iterator[Path]:
    with TemporaryDirectory() as name:
        folder = Path(name)
        for file, text in files.items():
            (folder / file).write_text(text)
        yield folder


def _mininet(count: int) -> Contestant:
    program = shutil.which("mn")
    if program is None:
        return unavailable(MININET, "mn is not installed")
    with Path(program).open(errors="replace") as file:
        python = file.readline().removeprefix("#!").split()
    words = [*python, str(_MININET_PROGRAM), str(count)]
    return Contestant(MININET, lambda: 1000 * seconds_told_by(words), "build and start; stopping it is not counted")
