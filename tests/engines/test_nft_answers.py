"""What the simulated nft answers, compared with what nft 1.0.6 does: data/nft/answers.txt, and the program itself where it is installed."""

import pytest
from support.nft_answers import answered, has_this_release, questions, really, sections

from netlab_magic import Lab

SECTIONS = sections()


def told(section, answers):
    """Where answers are not the recorded ones."""
    recorded = zip(section.commands, section.answers, answers, strict=True)
    return [f"$ {command}\nrecorded\n{right}here\n{found}" for command, right, found in recorded if found != right]


def simulated(section):
    said = []
    with Lab(engine="simulated") as lab:
        lab.engine.run(questions(section), lambda _, text: said.append(text))
    return answered("".join(said))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_simulated_nft_answers_as_recorded(section):
    assert not told(section, simulated(section))


@pytest.mark.kernel
@pytest.mark.skipif(not has_this_release(), reason="the answers are those of nft 1.0.6")
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_real_nft_answers_as_recorded(section):
    assert not told(section, really(section))
