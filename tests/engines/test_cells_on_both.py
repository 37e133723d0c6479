"""One table of cells for both engines: the simulated one says, prints and counts what the real one does, on both variants of iptables."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.cells import answers
from support.labs import SEED, THREE_RULES, Written

from netlab_magic import Lab, NetlabError
from netlab_magic.draw import Picture
from netlab_magic.engines.simulated.engine import SimulatedEngine

VARIANTS = ("legacy", "nft")
ABBREVIATIONS = {"@seed": SEED, "@rules": THREE_RULES, "@count": "iptables -Z\n$ iptables -t nat -Z"}


def read_cases(text: str) -> Iterator[tuple[str, tuple[list[str], list[str]]]]:
    """Each case of data/cells.txt: its name, its cells, and words that the answers must hold."""
    for case in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        name, _, body = case.partition("\n")
        words = re.findall(r"^=> (.*)", body, re.MULTILINE)
        cells = re.sub(r"^=> .*\n?", "", body, flags=re.MULTILINE).split("--\n")[1:]
        yield name, (["\n".join(ABBREVIATIONS.get(line, line) for line in cell.strip("\n").split("\n")) for cell in cells], words)


CASES = dict(read_cases((Path(__file__).parents[1] / "data/cells.txt").read_text()))







def transcript(lab: Lab, cells: list[str]) -> Iterator[str]:
    """What a lab says to cells."""
    for cell in cells:
        yield from answers(lab, cell)


@pytest.fixture(params=VARIANTS)
def simulated(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """An empty simulated lab of each variant."""
    with Lab(firewall=request.param, engine="simulated") as made:
        yield made


@pytest.mark.parametrize("name", CASES)
def test_the_simulated_engine_does_it(simulated, name):
    cells, words = CASES[name]
    said = "\n".join(transcript(simulated, cells))
    assert not [word for word in words if word not in said], said
    assert "does not have this program" not in said


@pytest.mark.kernel
@pytest.mark.parametrize("firewall", VARIANTS)
@pytest.mark.parametrize("name", CASES)
def test_both_engines_say_the_same(name, firewall):
    cells, _ = CASES[name]
    with Lab(firewall=firewall, engine="kernel") as real, Lab(firewall=firewall, engine="simulated") as model:
        assert list(transcript(model, cells)) == list(transcript(real, cells))


@pytest.mark.parametrize("engine", [pytest.param("kernel", marks=pytest.mark.kernel), "simulated"])
def test_connections_of_both_families_are_shown(engine: str):
    """Their identifiers differ from run to run."""
    lab = Lab(engine=engine)
    lab.run("bridge b 10.0.0.1/24 fd00::1/64\nns x 10.0.0.2/24 fd00::2/64 on b\nmasquerade 10.0.0.0/24\nmasquerade fd00::/64")
    lab.run("bridge c 10.1.0.1/24 fd01::1/64\nns y 10.1.0.2/24 fd01::2/64 on c\nmatrix x y")
    told = str(lab.show("conntrack"))
    lab.down()
    assert "src=10.0.0.2 dst=10.1.0.2 type=8" in told
    assert "src=fd00::2 dst=fd01::2 type=128" in told
    assert "dst=fd01::1 type=129" in told


class TestItIsAlwaysCalledSimulated:
    def test_by_what_it_says_of_itself(self, simulated):
        assert "is up, simulated: no packet is sent" in str(simulated.up())
        assert "is up, simulated: no packet is sent" in str(simulated.status())

    def test_by_its_pictures_and_accounts(self, simulated):
        simulated.run(SEED)
        for statement in ("show topology", "show chains", "show way", "why ns1 ns0", "trace ns1 ns0"):
            assert "(simulated)" in str(simulated.run(statement)), statement
        picture = simulated.run("show topology")
        assert isinstance(picture, Picture)
        assert ">simulated<" in picture.dot
        assert all(">simulated<" in drawn.dot for drawn in simulated.run("why ns1 ns0").pictures)

    def test_by_the_doctor(self, simulated):
        assert "✓ simulated: always works" in str(simulated.doctor())


def test_what_it_does_not_have_is_said_in_one_sentence(simulated):
    written = Written()
    with pytest.raises(NetlabError):
        simulated.run("$ tcpdump -i docker1", stream=written)
    assert written.stderr == "tcpdump: the simulated engine does not have this program\n"


def test_nobody_enters_a_simulated_lab(simulated):
    assert "has no processes" in str(simulated.run("enter"))


def test_an_engine_that_is_none_is_named():
    with pytest.raises(NetlabError, match="there is no engine kernal; did you mean kernel"):
        Lab(engine="kernal").up()


WITHOUT_LINUX = """
import builtins, os, subprocess, sys
missing = {"fcntl", "iptc", "termios", "resource", "pwd", "grp", "graphviz"} - set(sys.modules)
really = builtins.__import__
def refuse(name, *rest):
    if name.partition(".")[0] in missing:
        raise ImportError(f"{name} is not here")
    return really(name, *rest)
builtins.__import__ = refuse
sys.platform = "win32"
del os.geteuid
from netlab_magic import Lab
with Lab() as lab:
    print(lab.up())
    lab.run("bridge b 10.0.0.1/24\\nns a 10.0.0.2/24 on b\\nexpect a host ok\\npolicy FORWARD DROP\\n$ iptables -nvL FORWARD")
print(sorted({name.partition(".")[0] for name in sys.modules} & missing))
"""


def test_it_needs_nothing_of_linux():
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/nowhere", "HOME": "/"}
    done = subprocess.run([sys.executable, "-c", WITHOUT_LINUX], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "there is no Linux kernel" in done.stdout
    assert done.stdout.endswith("[]\n")


def test_it_is_an_engine():
    engine = SimulatedEngine("auto", "lab")
    assert engine.alive
    engine.close()
    assert not engine.alive
