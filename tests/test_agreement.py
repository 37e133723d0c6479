"""The walk's steps are the kernel's: 150 random cases for each variant, other ones every day. `./netlab bench --agreement` does more."""

import datetime
import subprocess

import pytest
from agreement import agreement


@pytest.mark.kernel
@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_walk_and_kernel_agree(variant: str) -> None:
    if (refused := subprocess.run(["unshare", "-rnm", "true"], capture_output=True, text=True, check=False)).returncode:
        pytest.skip(f"no namespaces here: {refused.stderr.strip()}")
    seed = str(datetime.datetime.now(tz=datetime.UTC).date())
    tally = agreement(150, seed, variant, workers=2)
    assert not tally.disagreements, "\n\n".join(tally.disagreements)
    assert tally.rounds > 0.9 * tally.cases
    assert tally.unknown <= 0.01 * tally.cases + 2
