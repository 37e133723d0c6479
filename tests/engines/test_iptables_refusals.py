"""What the simulated iptables prints where it refuses, compared with the real program of both variants: data/refused.txt has a
command a line, data/refused-texts.txt texts for iptables-restore.

A namespace of its own gets the rules of SETUP; then each of them must be refused, and so changes nothing.
"""

import re
from pathlib import Path

import pytest
from support.corpus import TESTED_VERSION, in_namespace, installed_version

from netlab_magic import Lab
from netlab_magic.engines.simulated.rules import carried_out
from netlab_magic.iptables.command import command_of
from netlab_magic.iptables.refusal import Refused
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.iptables.words import STATEMENT, split

SETUP = """
iptables -N USED
iptables -A FORWARD -j USED
iptables -N FULL
iptables -A FULL -j RETURN
iptables -N EMPTY
iptables -t nat -N EMPTY
""".strip()
DATA = Path(__file__).parents[1] / "data"
LINES = [line for line in (DATA / "refused.txt").read_text().splitlines() if line and not line.startswith("#")]
TEXTS = (DATA / "refused-texts.txt").read_text().partition("\n")[2].split("---\n")
RESTORES = [f"iptables-restore {flag} 2>&1 <<'END'\n{text}END" for text in TEXTS for flag in ("", "--noflush")]
SCRIPT = "\n".join(f"echo '@@'\n{line}\necho \"= $?\"" for line in [*(f"{line} 2>&1" for line in LINES), *RESTORES])


def simulated(variant: str) -> list[str]:
    """The answers of the simulated engine, each with the exit status behind it."""
    said: list[str] = []
    with Lab(firewall=variant, engine="simulated") as lab:
        lab.engine.run(f"{SETUP}\n{SCRIPT}", lambda _, text: said.append(text))
    return "".join(said).split("@@\n")[1:]


def real(variant: str) -> list[str]:
    """The answers of the program of this machine, as if it were called `iptables`."""
    script = re.sub(r"^(ip6?tables)\b", rf"\1-{variant}", f"{SETUP}\n{SCRIPT}", flags=re.MULTILINE)
    return in_namespace(f"set +e\n{script}").replace(f"tables-{variant}", "tables").split("@@\n")[1:]


@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_every_line_is_refused(variant):
    answers = simulated(variant)
    assert len(answers) == len(LINES) + len(RESTORES)
    assert [line for line, answer in zip([*LINES, *RESTORES], answers, strict=True) if answer.endswith("= 0\n")] == []


@pytest.mark.kernel
@pytest.mark.skipif(installed_version() != TESTED_VERSION, reason=f"the texts are those of iptables {TESTED_VERSION}")
@pytest.mark.parametrize("variant", ["legacy", "nft"])
def test_the_simulated_program_says_what_the_real_one_says(variant):
    told = list(zip([*LINES, *RESTORES], simulated(variant), real(variant), strict=True))
    assert not [f"{line}\nsimulated {mine}real      {theirs}" for line, mine, theirs in told if mine != theirs]


def test_a_host_is_not_answered_as_a_port_because_of_its_name():
    with Lab(engine="simulated") as lab:
        said: list[str] = []
        lab.engine.run("iptables -A FORWARD -s port0.example -j DROP", lambda _, text: said.append(text))
    assert "host/network `port0.example' not found" in "".join(said)


def test_a_refusal_has_a_kind_a_word_and_a_sentence_in_every_language():
    rulesets = {family: Ruleset(family=family) for family in ("ipv4", "ipv6")}
    for line in SETUP.splitlines():
        rulesets["ipv4"] = carried_out(rulesets["ipv4"], command_of(line.split()), "legacy")
    for line in LINES:
        words = split(line, STATEMENT)
        if words[-2:-1] not in (["-L"], ["-S"]) and words[-1] != "-L":
            with pytest.raises(Refused) as raised:
                carried_out(rulesets["ipv6" if words[0] == "ip6tables" else "ipv4"], command_of(words), "legacy")
            refused = raised.value
            assert -1 <= refused.index < len(words), line
            assert "{" not in refused.said("en") + refused.said("zh_TW"), line
            assert refused.said("zh_TW") != refused.said("en") == refused.message, line
