"""Runs cases in processes with namespaces of their own, and adds up how they went."""

import re
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import msgspec

from agreement.cases import Case, Generator
from agreement.firewalls import FIREWALLS
from agreement.judging import Expected, Judged, expectations, judged
from agreement.kernel import Kernel
from netlab_magic.netfilter import Outcome

__all__ = ["Tally", "agreement", "run"]

_TESTS = Path(__file__).parents[1]
_TRIES = 3
_MOST_BRANCHES = 600
_PLACE = re.compile(r"(the end|the policy|rule \d+) of \S+ (in table \S+ \S+ )?")


class Tally(msgspec.Struct):
    """How a run went: `cases` were compared, `rounds` packets with what they brought about.

    `unknown` could not be told although nothing in their rules is beyond the model; `branched` could not because something is, and were
    looked for among the branches; `endless` ones of these had too many to look at. `repeated` cases agreed only with another source port.
    Each of the disagreements is a text that shows the case; `doubts` count why something was unknown.
    """

    cases: int = 0
    rounds: int = 0
    unknown: int = 0
    branched: int = 0
    endless: int = 0
    repeated: int = 0
    disagreements: list[str] = []
    doubts: dict[str, int] = {}

    def __str__(self) -> str:
        """The counts in a line, and one line for each doubt."""
        counts = {**msgspec.structs.asdict(self), "disagreements": len(self.disagreements)}
        del counts["doubts"]
        line = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        return "\n".join((line, *(f"  unknown {times} times: {why}" for why, times in Counter(self.doubts).most_common())))

    def __add__(self, other: "Tally") -> "Tally":
        counts = (getattr(self, name) + getattr(other, name) for name in self.__struct_fields__ if name != "doubts")
        return Tally(*counts, doubts=dict(Counter(self.doubts) + Counter(other.doubts)))


def agreement(cases: int, seed: str, firewall: str, workers: int = 1) -> Tally:
    """Compares so many cases. Each worker has namespaces of its own; how many there are changes which cases a seed stands for."""
    with ThreadPoolExecutor(workers) as pool:
        shares = [cases // workers + (number < cases % workers) for number in range(workers)]
        seeds = [f"{seed}" if workers == 1 else f"{seed}.{number}" for number in range(workers)]
        return sum(pool.map(lambda share, one: _in_namespaces(share, one, firewall), shares, seeds), Tally())


def _in_namespaces(cases: int, seed: str, firewall: str) -> Tally:
    command = [sys.executable, str(_TESTS / "agreement"), "--cases", str(cases), "--seed", seed, "--firewall", firewall, "--inside"]
    done = subprocess.run(["unshare", "-rnm", "--propagation", "private", *command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return msgspec.json.decode(done.stdout, type=Tally)


def run(cases: int, seed: str, firewall: str) -> Tally:
    """Compares so many cases here, in namespaces that this process has for itself."""
    generator, kernel, tally = Generator(FIREWALLS[firewall], seed), Kernel(FIREWALLS[firewall]), Tally()
    for number in range(cases):
        _compare(generator, kernel, tally, f"seed {seed}, {firewall}, case {number}")
    return tally


def _compare(generator: Generator, kernel: Kernel, tally: Tally, name: str) -> None:
    """One case. A late packet of the case before counts as well, so a disagreement is one that shows again with another source port."""
    case = generator.case()
    for attempt in range(_TRIES):
        ruleset, native = kernel.load(case)
        alternatives = list(expectations(case, ruleset, native, kernel, branching=False))
        guessed = [found.doubt for rounds in alternatives for one in rounds for found in one.walks if found.outcome == Outcome.UNKNOWN]
        if guessed:
            alternatives = list(islice(expectations(case, ruleset, native, kernel, branching=True), _MOST_BRANCHES))
        if attempt == 0:
            tally.cases += 1
            tally.branched += bool(guessed) and case.doubtful
            tally.unknown += bool(guessed) and not case.doubtful
            for why in (_PLACE.sub("", why) for why in guessed if not case.doubtful):
                tally.doubts[why] = tally.doubts.get(why, 0) + 1
        if len(alternatives) == _MOST_BRANCHES:
            tally.endless += 1
            return
        found = judged(case, alternatives, kernel)
        if all(each.agrees for each in found):
            tally.rounds += len(found)
            tally.repeated += attempt > 0
            return
        case.packet = generator.with_new_port(case.packet)
    tally.disagreements.append(f"{name}\n{_shown(case, found, alternatives)}")


def _shown(case: Case, found: list[Judged], alternatives: list[list[Expected]]) -> str:
    last = found[-1]
    told = "\n".join(f"  {walked.sent} [{' '.join(walked.hooks)}]: {walked.outcome}, {walked.why}" for walked in last.expected.walks)
    mine, kernels = last.difference or ([], [])
    same = last.places[: len(last.places) - len(kernels)]
    return (
        f"{case.source or 'host'}: {case.packet} {case.setting}\n{case.rules}{case.native}"
        f"round {len(found)}; {len(alternatives)} ways in the walk\n"
        f"walk: answered {last.expected.answered}{', and more' * last.expected.more}\n{told}\nkernel: answered {last.answered}\n"
        f"same: {same[-3:]}\nwalk: {mine[:5]}\nkernel: {kernels[:8]}"
    )
