"""`python tools/lessons [NAME…]`: runs the lessons on the real kernel, and writes their notebooks with outputs.

A cell that says what it said the last time keeps its output, with the times and counters of then: running it again changes nothing.
`--check` writes nothing, and says which notebooks are stale (exit status 1).
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT)]

# The package is found by the line above.
from lessons.outputs import alike  # noqa: E402
from lessons.running import executed  # noqa: E402
from lessons.source import LANGUAGES, NOTEBOOKS, SourceError, lessons, notebook  # noqa: E402


def with_older_outputs(fresh: Any, committed: Any) -> Any:
    """The notebook, where each cell that says what it said before keeps the output of then."""
    before = {cell.id: cell for cell in committed.cells if cell.cell_type == "code"}
    for cell in fresh.cells:
        older = before.get(cell.id)
        if cell.cell_type == "code" and older is not None and older.source == cell.source and alike(cell.outputs, older.outputs):
            cell.outputs = older.outputs
    return fresh


def written(made: Any) -> str:
    """The text of a notebook's file; the same notebook is always the same text."""
    return nbformat.writes(made, version=nbformat.NO_CONVERT, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def with_outputs_of(made: Any, committed: Any) -> bool:
    """Gives each code cell the output that the file has, if its code cells are the same; returns whether they are."""
    cells, before = ([cell for cell in each.cells if cell.cell_type == "code"] for each in (made, committed))
    same = [(cell.id, cell.source) for cell in cells] == [(cell.id, cell.source) for cell in before]
    for cell, old in zip(cells, before, strict=True) if same else ():
        cell.outputs = old.outputs
    return same


def make(source: Path, language: str, *, check: bool, fresh: bool, prose: bool) -> bool:
    """Makes one notebook; returns whether it was as it should be. Raises SourceError, CellExecutionError."""
    target = NOTEBOOKS / language / f"{source.stem}.ipynb"
    made = notebook(source, language)
    before = nbformat.read(target, as_version=4) if target.exists() and not fresh else None
    if not (prose and before and with_outputs_of(made, before)):
        made = executed(made, language)
        made = with_older_outputs(made, before) if before else made
    fine = target.exists() and target.read_text() == written(made)
    differ = "" if fine else f" ({', '.join(changed(made, target)) or 'cells are gone'})"
    if not fine and not check:
        target.parent.mkdir(exist_ok=True)
        target.write_text(written(made))
    print(f"{target.relative_to(ROOT)}: {'up to date' if fine else 'stale' if check else 'written'}{differ}", flush=True)
    return fine


def changed(made: Any, target: Path) -> list[str]:
    """The cells that are not as they are in the file."""
    if not target.exists():
        return ["new"]
    before = nbformat.read(target, as_version=4).cells
    return [cell.id for cell in made.cells if cell not in before]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python tools/lessons", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="lessons to make, by the beginning of their names (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; exit status 1 if a notebook is stale")
    parser.add_argument("--fresh", action="store_true", help="keep no older output")
    parser.add_argument("--prose", action="store_true", help="run only those whose code has changed")
    options = parser.parse_args()
    wanted = [path for path in lessons() if not options.names or path.stem.startswith(tuple(options.names))]
    try:
        how = {"check": options.check, "fresh": options.fresh, "prose": options.prose}
        fine = [make(path, language, **how) for path in wanted for language in LANGUAGES]
    except (SourceError, CellExecutionError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if all(fine) or not options.check else 1


if __name__ == "__main__":
    sys.exit(main())
