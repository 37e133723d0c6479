"""What the simulated nft answers, compared with what nft 1.0.6 does: data/nft/answers.txt, and the program itself where it is installed."""

import pytest
from support.recorded_answers import answered, has_this_release, questions, really, sections

from netlab_magic import Lab

SECTIONS = sections("nft")


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
@pytest.mark.skipif(not has_this_release("nft"), reason="the answers are those of nft 1.0.6")
@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_real_nft_answers_as_recorded(section):
    assert not told(section, really(section))


def said_in(lab, command):
    said = []
    status = lab.engine.run(command, lambda stream, text: said.append((stream, text))).status
    return (
        status,
        "".join(text for stream, text in said if stream == "stdout"),
        "".join(text for stream, text in said if stream == "stderr"),
    )


@pytest.mark.parametrize(
    "command",
    [
        "nft -j list ruleset",
        "nft -e add table t",
        "nft monitor",
        "nft list hooks",
        "nft 'include \"/etc/rules.nft\"'",
    ],
)
def test_what_the_simulated_nft_does_not_know_is_said_in_one_sentence(command):
    with Lab(engine="simulated") as lab:
        status, output, errors = said_in(lab, command)
        assert (status, output) == (1, "")
        assert errors.startswith("nft: the simulated engine does not know this: ")
        assert errors.count("\n") == 1


def test_tables_of_iptables_are_left_out_of_lists_and_that_is_said():
    with Lab(engine="simulated", firewall="nft") as lab:
        lab.run("policy FORWARD DROP\nnft add table inet own")
        assert said_in(lab, "nft list tables")[1:] == ("table ip filter\ntable inet own\n", "")
        status, output, errors = said_in(lab, "nft list ruleset")
        assert (status, output) == (0, "table inet own {\n}\n")
        assert "ip filter" in errors
        assert said_in(lab, "nft add chain ip filter mine")[0] == 1
        assert said_in(lab, "nft flush ruleset") == (0, "", "")
        assert said_in(lab, "iptables-save")[1] == ""
