"""`watch`: real traffic as the kernel takes it through the rules, in a lab and on an attached machine; nothing of it stays behind."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.labs import Written
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.errors import LabUnavailable, NetlabError, StatementError
from netlab_magic.session.results.watched import Watched

pytestmark = pytest.mark.kernel
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="attach needs root")

BUILT = """
bridge docker1 172.18.0.1/16
ns ns0 172.18.0.2/16 on docker1
ns ns1 172.18.0.3/16 on docker1
serve ns0 80
policy FORWARD DROP
forward -p tcp -j ACCEPT
rule -t nat PREROUTING -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
"""
TRAFFIC = """
ip netns exec ns1 ping -c 1 -W 1 172.18.0.2
ip netns exec ns1 curl -s -m 2 http://172.18.0.2/
ip netns exec ns1 curl -s -m 2 http://172.18.0.1:8080/
"""


@pytest.fixture(params=["legacy", "nft"])
def traffic(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab with traffic that does not end."""
    with Lab("traffic", firewall=request.param) as lab:
        lab.run(BUILT)
        lab.run("$ while sleep 0.2; do " + TRAFFIC.strip().replace("\n", "; ") + "; done >/dev/null 2>&1 &", stream=Written())
        yield lab


def watched(lab: Lab, words: str) -> Watched:
    """What a watch has seen, which is repeated until it has seen anything: the machine may be busy."""
    found: list[Watched] = []

    def sees() -> bool:
        result = lab.run(f"watch {words} for 2", stream=Written())
        assert isinstance(result, Watched)
        found.append(result)
        return bool(result.traffic.packets)

    assert until(sees)
    return found[-1]


def test_packets_pass_or_die_at_the_rule_that_decides(traffic: Lab) -> None:
    pings = watched(traffic, "icmp and host 172.18.0.2")
    assert not pings
    assert "dropped by the policy of FORWARD in filter" in str(pings)
    assert "policy → DROP ✕" in str(pings)
    connection = watched(traffic, "tcp port 80 and src host 172.18.0.3")
    assert connection
    assert "-p tcp -j ACCEPT" in str(connection)
    assert "✓" in str(connection)
    assert {report.packet.destination_port for packet in connection.traffic.packets for report in packet.reports[:1]} == {80}


def test_both_directions_of_a_translated_connection_belong_together(traffic: Lab) -> None:
    seen = watched(traffic, "tcp and host 172.18.0.3 and not host 172.18.0.77")
    translated = [one for one in seen.connections if any(packet.reports[0].packet.destination_port == 8080 for packet in one.packets)]
    assert translated
    for connection in translated:
        assert len({(first.source, first.source_port) for packet in connection.packets for first in [packet.reports[0].packet]}) <= 2


def test_words_that_are_wrong_cost_no_watch(traffic: Lab) -> None:
    for words, said in (("prot 80", "prot"), ("icmp for 0", "no number of seconds"), ("icmp in nobody", "no namespace nobody")):
        with pytest.raises(StatementError, match=said):
            traffic.run(f"watch {words}" if words != "prot 80" else "watch tcp prot 80")
    with pytest.raises(NetlabError, match="too many alternatives"):
        traffic.run("watch " + " and ".join(f"(port {at} or port 9{at})" for at in range(10, 20)) + " for 1")
    with Lab("model", engine="simulated") as model, pytest.raises(NetlabError, match="no traffic but its probes"):
        model.run("watch icmp for 1")


@needs_root
def test_an_attached_machine_is_watched_and_nothing_stays_of_a_watch_that_is_killed(traffic: Lab) -> None:
    inside = ["nsenter", f"--net=/proc/{traffic.engine.ready.pid}/ns/net"]
    machine = traffic.engine.ready.pid

    def left() -> str:
        logger = "cat /proc/sys/net/netfilter/nf_log/2"
        return subprocess.run([*inside, "sh", "-c", f"nft list tables; {logger}"], capture_output=True, text=True, check=True).stdout

    with Lab("look") as look:
        look.attach(str(machine))
        before = left()
        assert "dropped by the policy of FORWARD" in str(watched(look, "icmp and host 172.18.0.2"))
        assert left() == before

        def watch() -> None:
            with pytest.raises(LabUnavailable, match="the lab host has ended"):
                look.run("watch icmp for 60", stream=Written())

        watching = threading.Thread(target=watch)
        watching.start()
        assert until(lambda: left() != before)
        os.kill(look.engine.ready.pid, signal.SIGKILL)
        watching.join()
        assert until(lambda: left() == before)
    assert Path(f"/proc/{machine}").exists()
