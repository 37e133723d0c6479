"""Scenarios on the real kernel: what the simulated lab says of them is so."""

import pytest

from netlab_magic import Lab
from netlab_magic.teaching.scenario import library

pytestmark = pytest.mark.kernel


def repair(name: str, firewall: str) -> None:
    """Broken, wrongly repaired, repaired."""
    with Lab(engine="kernel", firewall=firewall) as lab:
        lab.scenario(name, 11)
        assert not lab.check()
        exercise = lab.exercise
        assert exercise is not None
        wrong = exercise.scenario.wrong[0]
        lab.snapshot("broken")
        lab.run(exercise.statements(wrong.do), stream=lambda *_: None)
        found = lab.check()
        assert not found
        assert wrong.says in str(found)
        lab.restore("broken")
        lab.run(exercise.statements(exercise.scenario.solution), stream=lambda *_: None)
        assert lab.check(), str(lab.check())


@pytest.mark.parametrize("firewall", ["legacy", "nft"])
@pytest.mark.parametrize("name", ["hairpin", "direct-access", "second-firewall", "no-way-out"])
def test_a_scenario(name: str, firewall: str):
    repair(name, firewall)


@pytest.mark.long("every other scenario on the kernel")
@pytest.mark.parametrize("name", [name for name, held in library().items() if not held.is_checkpoint])
def test_every_scenario(name: str):
    repair(name, "auto")
