"""A TCP connection to its third packet and beyond: what the kernel makes of it, and the model beside it."""


import pytest
from support.handshakes import CUTS, NETWORK
from support.waiting import until

from netlab_magic import Direction, Lab

pytestmark = pytest.mark.kernel


@pytest.mark.parametrize("cut", CUTS, ids=lambda cut: cut.what)
def test_model_and_kernel_agree(lab: Lab, cut) -> None:
    lab.run(f"{NETWORK}{cut.commands}")
    found = lab.why(cut.source, cut.target)
    assert (found.outcome.verdict, found.account.differences) == (cut.verdict, ())
    assert found.outcome.connected == bool(cut.flags)


@pytest.mark.parametrize(
    ("jump", "verdict"),
    [
        ("DROP", "blocked"),
        ("REJECT", "refused"),
        ("REJECT --reject-with tcp-reset", "refused"),
        ("REJECT --reject-with icmp6-no-route", "no route"),
        ("REJECT --reject-with icmp6-adm-prohibited", "refused"),
    ],
)
def test_so_they_do_over_ipv6(lab: Lab, jump: str, verdict: str) -> None:
    lab.run(
        "bridge br0 fd01::1/64\nns a fd01::2/64 on br0\nbridge br1 fd02::1/64\nns c fd02::2/64 on br1\nserve a 80\n"
        "sysctl net.ipv6.conf.all.forwarding=1\nroute a default via fd01::1\nroute c default via fd02::1"
    )
    assert until(lambda: lab.run("tcp c [fd01::2]:80").outcome.answered)
    lab.run(f"$ ip6tables -A FORWARD -o br0 -p tcp -m conntrack --ctstate ESTABLISHED -j {jump}")
    found = lab.run("why c [fd01::2]:80")
    assert (found.outcome.verdict, found.account.differences, found.outcome.connected) == (verdict, (), True)


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
