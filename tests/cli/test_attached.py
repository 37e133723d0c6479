"""Questions about the machine itself: `--attach`, which only root may, and which changes nothing."""

import json
import os

import pytest
from support.command_line import netlab

pytestmark = pytest.mark.kernel
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into the machine's network")


@as_root
def test_a_question_is_answered_from_what_is_there():
    ran = netlab("why", "host", "127.0.0.1:1", "--attach", "host", "--json")
    told = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert told["verdict"] == "refused"
    names = [one["name"] for one in json.loads(netlab("show", "topology", "--attach", str(os.getpid()), "--json").stdout)["namespaces"]]
    assert names[0] == "host"


@as_root
def test_a_live_host_is_tested_as_a_dump_is(tmp_path):
    (tmp_path / "expectations").write_text("host 127.0.0.1:1 blocked\n")
    assert netlab("test", "expectations", "--attach", "host", folder=tmp_path).returncode == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("why", "host", "127.0.0.1", "--attach", "host", "--file", "x"), "--attach looks at a host itself: leave --file out"),
        (("test", "rules"), "there are no expectations: netlab-magic test RULES EXPECTATIONS"),
        pytest.param(("why", "host", "127.0.0.1", "--attach", "no-such-one"), "no-such-one", marks=as_root),
    ],
)
def test_what_is_wrong_costs_a_sentence(words, sentence):
    ran = netlab(*words)
    assert ran.returncode == 2
    assert sentence in ran.stderr
    assert "Traceback" not in ran.stderr
