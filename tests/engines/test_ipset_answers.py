"""What the simulated ipset answers, compared with what ipset 7.17 does: data/ipset/answers.txt, and the program itself where it is there.

How a hash is seeded, how long it has been there, and the order of what is in it differ from one answer to the next.
"""

import re
from itertools import groupby

import pytest
from support.recorded_answers import answered, has_this_release, questions, really, sections

from netlab_magic import Lab

SECTIONS = sections("ipset")
BY_CHANCE = re.compile(r"(?<=initval )0x\w+|(?<=Size in memory: )\d+|(?<=timeout )[1-9]\d*")


def alike(answer):
    """An answer without what differs from one time to the next."""
    found, part = [], ""
    for line in BY_CHANCE.sub("N", answer).splitlines():
        adds = line.startswith("add ")
        part = "add" if adds else "members" if line == "Members:" or (part == "members" and line) else ""
        found.append(("members" if part == "members" and line != "Members:" else part, line))
    groups = ([line for _, line in group] for _, group in groupby(found, key=lambda one: one[0]))
    kinds = [kind for kind, _ in groupby(found, key=lambda one: one[0])]
    return [line for kind, lines in zip(kinds, groups, strict=True) for line in (sorted(lines) if kind else lines)]


def told(section, answers):
    """Where answers are not the recorded ones."""
    recorded = zip(section.commands, section.answers, answers, strict=True)
    return [f"$ {command}\nrecorded\n{right}here\n{found}" for command, right, found in recorded if alike(found) != alike(right)]


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_simulated_ipset_answers_as_recorded(section):
    said = []
    with Lab(engine="simulated") as lab:
        lab.engine.run(questions(section), lambda _, text: said.append(text))
    assert not told(section, answered("".join(said)))


@pytest.mark.kernel
@pytest.mark.skipif(not has_this_release("ipset"), reason="the answers are those of ipset 7.17")
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_real_ipset_answers_as_recorded(section):
    assert not told(section, really(section))
