"""The walk's steps are the kernel's, in 150 random cases for each variant. `./netlab bench --agreement` takes others, and more of them."""

import subprocess

import pytest
from agreement import agreement

SEED = "2026"


@pytest.mark.kernel
@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_walk_and_kernel_agree(variant: str) -> None:
    if (refused := subprocess.run(["unshare", "-rnm", "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no namespaces here: {refused.stderr.strip()}")
    tally = agreement(150, SEED, variant, workers=2)
    assert not tally.disagreements, "\n\n".join(tally.disagreements)
    assert tally.rounds > 0.9 * tally.cases
    assert tally.unknown <= 0.01 * tally.cases + 2
