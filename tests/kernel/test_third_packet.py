"""A TCP connection to its third packet and beyond: what the kernel makes of it, and the model beside it."""

import pytest
from support.handshakes import CUTS, NETWORK

from netlab_magic import Direction, Lab

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.what)
def test_model_and_kernel_agree(lab: Lab, cut) -> None:
    lab.run(f"{NETWORK}{cut.commands}")
    found = lab.why(cut.source, cut.target)
    assert (found.outcome.verdict, found.account.differences) == (cut.verdict, ())
    assert found.outcome.connected == bool(cut.flags)


def test_the_trace_shows_the_third_packet_where_it_ended(lab: Lab) -> None:
    lab.run(f"{NETWORK}{CUTS[0].commands}")
    traced = lab.run("trace c 10.1.0.2:80").traced
    last = [hop for hop in traced.hops if hop.direction == Direction.ACK][-1]
    report = last.reports[-1]
    assert (last.namespace, report.chain, report.rule) == ("host", "FORWARD", 1)


def test_a_program_that_never_takes_the_connection_answers_all_the_same(lab: Lab) -> None:
    lab.run(NETWORK)
    listening = "import socket, time; s = socket.create_server(('', 90)); print('ready', flush=True); time.sleep(60)"
    lab.run(f'$ ip netns exec a python3 -c "{listening}" | head -1 &\n$ until ip netns exec a ss -ltn | grep -q :90; do sleep 0.05; done')
    outcome = lab.run("tcp c 10.1.0.2:90").outcome
    assert outcome.answered
