"""The walk's steps are the kernel's, in random cases for each firewall. `./netlab bench --agreement` takes others, and more of them."""

import subprocess

import pytest
from agreement import FIREWALLS, agreement

SEED = "2026"


@pytest.mark.kernel
@pytest.mark.parametrize("firewall", FIREWALLS)
def test_walk_and_kernel_agree(firewall: str) -> None:
    _compare(firewall, 30, workers=1)


@pytest.mark.kernel
@pytest.mark.long("hundreds of random rulesets and connections for each firewall")
@pytest.mark.parametrize("firewall", FIREWALLS)
def test_walk_and_kernel_agree_at_length(firewall: str) -> None:
    _compare(firewall, 300, workers=2)


def _compare(firewall: str, cases: int, workers: int) -> None:
    if (refused := subprocess.run(["unshare", "-rnm", "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no namespaces here: {refused.stderr.strip()}")
    tally = agreement(cases, f"{SEED}.{cases}", firewall, workers)
    assert not tally.disagreements, "\n\n".join(tally.disagreements)
    assert tally.rounds > 0.9 * tally.cases
    assert tally.unknown <= 0.01 * tally.cases + 2
