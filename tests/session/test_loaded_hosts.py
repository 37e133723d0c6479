"""Hosts as people paste them, with questions whose answers are known: `? SRC DST[:PORT] => verdict @ where ~ words`, one a line.

Where is "" for a packet that no machine took, TABLE CHAIN RULE for a rule or a policy that ended a packet's way, or the cause in the words
of `Cause`; `reply:` before it tells that the request had arrived. The words stand in the account; several are parted by ` ~ `.
"""

from pathlib import Path

import pytest

from netlab_magic import Lab
from netlab_magic.errors import Place, StatementError, Word
from netlab_magic.forwarding.prediction import Hop, Prediction
from netlab_magic.forwarding.unknown_hosts import inhabitants
from netlab_magic.i18n import LANGUAGES
from netlab_magic.language.word_reader import Reader, destination
from netlab_magic.netfilter import Cause
from netlab_magic.session.results.why import Why

REPOSITORY = Path(__file__).parents[2]
HOSTS = [path for folder in ("tests/data/loaded", "docs/hosts") for path in sorted((REPOSITORY / folder).glob("*.host"))]
"""The second folder has those that the site shows."""


def asked(path: Path) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """The questions of a file: source and destination, verdict, where, and words of the account."""
    head = path.read_text().partition("---\n")[0]
    found = []
    for line in head.splitlines():
        if line.startswith("? "):
            words, _, answer = line[2:].partition(" => ")
            answer, *said = answer.split(" ~ ")
            verdict, _, where = answer.partition(" @ ")
            found.append((words, verdict, where, tuple(said)))
    return found


def pasted(path: Path) -> str:
    return path.read_text().partition("---\n")[2]


def where(found: Prediction) -> str:
    """Where the way ended."""
    if not found.request.arrived:
        return _end(found.request.hops[-1])
    if found.back is not None and found.back.lost:
        return ""
    return f"reply: {_end(found.back.hops[-1])}" if found.back is not None and not found.back.arrived else ""


def _end(hop: Hop) -> str:
    decided = hop.host_trace.decided_by
    if hop.host_trace.cause == Cause.RULE and decided is not None:
        return f"{decided.table} {decided.chain} {decided.rule or 'policy'}"
    return hop.host_trace.cause or ""


QUESTIONS = [(path, *question) for path in HOSTS for question in asked(path)]


MANY = 3
"""With more questions than that, everything is shown of a host."""
NAMES = [f"{path.stem}: {words}" for path, words, *_ in QUESTIONS]


@pytest.mark.parametrize(("path", "words", "verdict", "at", "told"), QUESTIONS, ids=NAMES)
def test_a_question_about_a_loaded_host_has_its_known_answer(path, words, verdict, at, told):
    lab = Lab()
    lab.load(text=pasted(path))
    assert not lab.engine.dump.remarks
    found = lab.run(f"why {words}")
    assert isinstance(found, Why)
    prediction = found.case.prediction
    assert (prediction.verdict, "" if prediction.unknown else where(prediction)) == (verdict, at), str(found)
    assert all(part in str(found) for part in told), str(found)
    if prediction.unknown:
        assert found.settled_by, str(found)


@pytest.mark.parametrize("path", [path for path in HOSTS if len(asked(path)) > MANY], ids=lambda path: path.stem)
def test_everything_can_be_shown_of_a_loaded_host(path):
    lab = Lab()
    lab.load(text=pasted(path))
    told = str(lab.run("matrix --predict"))
    assert "predicted" in told
    assert str(lab.show("topology"))
    for language in LANGUAGES:
        lab.language = language
        assert str(lab.status())
        for words, *_ in asked(path)[:2]:
            assert lab.run(f"why {words}").html()


def test_who_stands_for_the_whole_in_a_matrix():
    lab = Lab()
    lab.load(text=pasted(next(path for path in HOSTS if path.stem == "docker-20.10")))
    topology = lab.observe().topology
    assert inhabitants(topology, lab.engine.evidence) == ["172.17.0.2", "172.18.0.2", "host", "internet"]
    matrix = lab.run("matrix --predict")
    assert matrix["172.17.0.2", "internet"]
    assert not matrix["172.17.0.2", "172.18.0.2"]
    assert not matrix["internet", "172.17.0.2"]


def test_the_destination_of_a_question_is_read_as_everywhere():
    word = Word("[fd00:1::2]:80", Place(1, "x"))
    assert destination(Reader([word], "", Place(1, "x")), "tcp", port_needed=False).port == 80


def test_the_device_of_a_question_is_one_of_the_hosts():
    lab = Lab()
    lab.load(text=pasted(next(path for path in HOSTS if path.stem == "lan-named-by-rules-alone")))
    with pytest.raises(StatementError, match=r"the host has no device br-lam.*br-lan"):
        lab.run("why 192.168.1.100 host:22 in br-lam")


def test_a_lab_knows_the_device_itself():
    with Lab(engine="simulated") as lab, pytest.raises(StatementError, match="in DEV is for a host that was loaded or attached"):
        lab.run("why host internet in eth0")
