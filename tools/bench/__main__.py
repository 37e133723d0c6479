"""`python tools/bench [--json FILE] [--quick] [ROW…]`: measures what the design promises, each row beside its alternatives.

`--agreement N` compares the walk with the kernel instead, in N random cases for each firewall: iptables and ip6tables of both variants,
nft's own tables, and mixtures.
"""

import argparse
import compileall
import json
import os
import sys
import time
from pathlib import Path

_ROOT = Path(__file__).parents[2]
# The tree this benchmark lies in is the one that is measured, here and in every process started from here.
sys.path[:0] = [str(_ROOT), str(_ROOT / "tools"), str(_ROOT / "tests")]
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))

from agreement import FIREWALLS, agreement  # noqa: E402
from measure import Measured, Row, measure  # noqa: E402
from report import HEAD, as_json, lines, machine  # noqa: E402
from rows import ROWS  # noqa: E402
from support.machine import difference, read_machine  # noqa: E402

__all__: list[str] = []

_GRACE_SECONDS = 3.0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./netlab bench", description=__doc__.partition(": ")[2])
    names = [row.name for row in ROWS]
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"only these rows: {', '.join(names)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was measured into this file too")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--agreement", type=int, metavar="N", help="compare walk and kernel in N random cases for each firewall")
    parser.add_argument("--firewall", choices=FIREWALLS, help="only this one")
    parser.add_argument("--seed", default="1", help="which cases these are")
    arguments = parser.parse_args()
    if unknown := set(arguments.rows) - set(names):
        parser.error(f"there is no row {', '.join(sorted(unknown))}; the rows are: {', '.join(names)}")
    return arguments


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _measured(row: Row, quick: bool) -> Measured:
    """A row that fails must not cost the others."""
    try:
        return measure(row, quick, _progress)
    except Exception as error:  # noqa: BLE001
        return Measured(row, (), error=f"{type(error).__name__}: {error}")
    finally:
        _progress("")


def _left_behind(before: object) -> list[str]:
    deadline = time.monotonic() + _GRACE_SECONDS
    while (left := difference(before, read_machine())) and time.monotonic() < deadline:
        time.sleep(0.2)
    return left


def _agreement(cases: int, seed: str, only: str | None) -> int:
    """Prints how walk and kernel agree, and each disagreement with what makes it come again; 1 when there is one."""
    found = 0
    for name in [only] if only else FIREWALLS:
        started = time.monotonic()
        # nft mostly waits for the kernel's grace periods, so that more of it fits on the processors.
        tally = agreement(cases, seed, name, workers=(os.cpu_count() or 1) * (3 if "nft" in name else 1))
        print(*tally.disagreements, sep="\n\n")
        print(f"{name}, seed {seed}, in {time.monotonic() - started:.0f} s: {tally}", flush=True)
        found += len(tally.disagreements)
    return int(found > 0)


def _main() -> int:
    arguments = _arguments()
    if arguments.agreement:
        return _agreement(arguments.agreement, arguments.seed, arguments.firewall)
    # As an installation and ./netlab do; where this tree cannot be written, every process compiles the modules again.
    compileall.compile_dir(_ROOT / "netlab_magic", quiet=2)
    before, where = read_machine(), machine()
    print(HEAD)
    found: list[Measured] = []
    for row in ROWS:
        if not arguments.rows or row.name in arguments.rows:
            found.append(_measured(row, arguments.quick))
            print("\n".join(lines(found[-1])), flush=True)
    left = _left_behind(before)
    print("\n".join(["The machine is not as it was:", *(f"  {what}" for what in left)]) if left else "The machine is as it was before.")
    if arguments.json:
        told = {"machine": where, "quick": arguments.quick, "rows": [as_json(each) for each in found], "left on the machine": left}
        arguments.json.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 1 if left or any(each.error for each in found) else 0


if __name__ == "__main__":
    sys.exit(_main())
