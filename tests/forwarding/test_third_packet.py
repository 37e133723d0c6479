"""A TCP connection after its SYN/ACK: the model sends the third packet of the handshake and the end of the connection too."""

import pytest
from support.handshakes import CUTS, NETWORK, Cut
from support.networks import asked, built

from netlab_magic.diagnosis.predicted_path import path_of_prediction
from netlab_magic.diagnosis.remedies import remedies
from netlab_magic.diagnosis.summary import account
from netlab_magic.forwarding import predict
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.model.packet_path import Event

TOPOLOGY = built(NETWORK)
DROPPED, REJECTED = CUTS[:2]


def predicted(cut: Cut) -> Prediction:
    return predict(TOPOLOGY, {cut.where: cut.ruleset}, asked(TOPOLOGY, f"{cut.source} {cut.target}"))


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.what)
def test_the_verdict_follows_the_packets_behind_the_answer(cut):
    found = predicted(cut)
    assert found.verdict == cut.verdict
    assert " ".join(sorted(found.cut.hops[0].host_trace.sent.flags) if found.cut else ()) == cut.flags


@pytest.mark.parametrize(("cut", "what", "verb"), [(DROPPED, "but no data ever arrives", "drops"), (REJECTED, "is rejected", "rejects")])
def test_account_and_path_name_the_rule(cut, what, verb):
    found = predicted(cut)
    told = account(found, {cut.where: cut.ruleset})
    assert what in told.what
    assert told.where.startswith(f"On the host, rule 1 of FORWARD {verb} the handshake's third packet (ACK)")
    last = path_of_prediction(found).steps[-1]
    assert (last.event, last.namespace, last.chain, last.rule, last.fatal, last.back) == (Event.RULE, "host", "FORWARD", 1, True, False)


def test_an_answered_connection_is_drawn_to_its_answer():
    found = predicted(Cut("", "", ()))
    assert found.answered
    assert len(found.later) == 3
    assert [step.event for step in path_of_prediction(found).steps].count(Event.ARRIVES) == 2


def test_what_would_change_it_lets_the_third_packet_pass():
    offered = remedies(TOPOLOGY, {"host": REJECTED.ruleset}, asked(TOPOLOGY, "c 10.1.0.2:80"))
    assert "iptables -D FORWARD 1" in [command for remedy in offered for command in remedy.commands]
