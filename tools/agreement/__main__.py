"""`python tools/agreement --cases N --seed S --firewall NAME`: compares walk and kernel, and prints how they differ."""

import argparse
import sys
from pathlib import Path

import msgspec

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from agreement.firewalls import FIREWALLS  # noqa: E402
from agreement.runner import agreement, run  # noqa: E402

__all__: list[str] = []


def _main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(": ")[2])
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--firewall", choices=FIREWALLS, default="iptables-legacy")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(msgspec.json.encode(run(arguments.cases, arguments.seed, arguments.firewall)).decode())
        return 0
    tally = agreement(arguments.cases, arguments.seed, arguments.firewall, arguments.workers)
    print(*tally.disagreements, sep="\n\n")
    print(tally)
    return bool(tally.disagreements)


if __name__ == "__main__":
    sys.exit(_main())
