"""Docker's rules on the real kernel: published ports answer, isolation isolates, closed is closed, and going back goes back."""

import random
import re
from collections.abc import Callable
from contextlib import suppress

import pytest
from support.firewall_tables import rules_of
from support.labs import Written

from netlab_magic import Lab, docker
from netlab_magic.errors import ExpectationFailed, KernelRefused, StatementError
from netlab_magic.iptables import save_format
from netlab_magic.jupyter.completion import Completer

pytestmark = pytest.mark.kernel

HOSTS = """
internet 8.8.8.8
docker install --version {}
docker network create front
docker network create back {}
docker run web --network front -p 8080:80 -p 5353:53/udp -p 127.0.0.1:8081:81
docker run peer --network front
docker run db --network back -p 5432:5432
docker run other
route internet 172.16.0.0/12 via 203.0.113.2
"""
"""The internet's route leads straight to the containers' addresses, as that of a neighbour on the same network would."""

RELEASES = ["20.10", "27", "28.0.0", "28.1", "28.5", "29", "29 --firewall-backend nftables", "29 --userland-proxy false"]

EVERYWHERE = """
expect internet host:8080 ok
expect internet host:5353/udp ok
expect host host:8080 ok
expect host 127.0.0.1:8080 ok
expect host 127.0.0.1:8081 ok
expect host 127.0.0.1:5353/udp ok
expect host web:80 ok
expect other host:8080 ok
expect peer host:8080 ok
expect web host:8080 ok
expect db host:8080 ok
expect peer web ok
expect peer web:80 ok
expect peer web:81 ok
expect web internet ok
expect other web blocked
expect db web:81 blocked
"""


@pytest.fixture
def hosts(lab: Lab) -> Callable[..., Lab]:
    """Makes the lab of these tests, with a release and options for the network back."""

    def made(release: str, back: str = "") -> Lab:
        lab.run(HOSTS.format(release, back), quiet=True)
        return lab

    return made


@pytest.mark.parametrize("release", RELEASES)
def test_what_holds_with_every_release(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release)
    made.run(EVERYWHERE)
    assert not made.tcp("internet", "host:8081")


@pytest.mark.parametrize("release", RELEASES)
def test_the_kernel_has_the_rules_that_the_state_says(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release, "--icc false")
    assert made.dockerd is not None
    assert rules_of(kernel_rules(made)) == rules_of(docker.ruleset(made.dockerd))


def kernel_rules(lab: Lab) -> save_format.Ruleset:
    """The rules that the kernel has now, without counters."""
    return save_format.parse(re.sub(r"\[\d+:\d+\] -A", "-A", re.sub(r"\[\d+:\d+\]", "[0:0]", lab.observe().rules)))


def kernel_rules6(lab: Lab) -> save_format.Ruleset:
    """The rules of ip6tables that the kernel has now, without counters."""
    return save_format.parse(re.sub(r"\[\d+:\d+\] -A", "-A", re.sub(r"\[\d+:\d+\]", "[0:0]", lab.observe().rules6)), family="ipv6")


@pytest.mark.long("random histories of Docker")
@pytest.mark.parametrize("release", ["27", "28.0.0", "28.5", "29 --userland-proxy false"])
def test_after_any_events_the_kernel_has_what_the_state_says(lab: Lab, release: str) -> None:
    """The same events in an order that chance gives; what a statement refuses has changed nothing."""
    chance = random.Random(release)  # noqa: S311 (any order will do, if it is the same each time)
    lab.run(f"internet\ndocker install --version {release}")
    events = [f"docker network create {name} {words}" for name in "ab" for words in ("", "--internal", "--icc false")]
    events += [f"docker run {name} --network {on} {words}" for name in "xyz" for on in ("bridge", "a", "b")
               for words in ("", "-p 80", "-p 127.0.0.1:8081:81 -p 53/udp")]
    events += [*(f"docker rm -f {name}" for name in "xyz"), *(f"docker network rm {name}" for name in "ab")]
    for event in chance.choices(events, k=40):
        with suppress(StatementError):
            lab.run(event)
        assert lab.dockerd is not None
        assert rules_of(kernel_rules(lab)) == rules_of(docker.ruleset(lab.dockerd))


DIRECT = [
    ("27: a published port also answers at the container's own address", "27", "internet web:80", True),
    ("27: an unpublished one does not, by FORWARD's policy alone", "27", "internet peer:80", False),
    ("28: neither does", "28.5", "internet web:80", False),
    ("28.1: neither does", "28.1", "internet web:80", False),
    ("29: neither does", "29", "internet web:80", False),
    ("29 with nftables: neither does", "29 --firewall-backend nftables", "internet web:80", False),
]


@pytest.mark.parametrize(("release", "flow", "reachable"), [case[1:] for case in DIRECT], ids=[case[0] for case in DIRECT])
def test_from_outside_straight_to_a_container(hosts: Callable[..., Lab], release: str, flow: str, reachable: bool) -> None:
    made = hosts(release)
    made.run("serve peer 80")
    assert bool(made.tcp(*flow.split())) is reachable


@pytest.mark.parametrize(("release", "reachable"), [("27", True), ("28.0.0", False), ("28.5", False), ("29", False)])
def test_with_policy_accept_only_28_and_later_close_what_is_not_published(hosts: Callable[..., Lab], release: str, reachable: bool) -> None:
    made = hosts(release)
    made.run("policy FORWARD ACCEPT")
    assert bool(made.ping("internet", "peer")) is reachable


@pytest.mark.parametrize("release", ["27", "28.5", "29", "29 --firewall-backend nftables"])
def test_without_icc_only_published_ports_connect_containers(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release, "--icc false")
    made.run("docker run friend --network back\nserve friend 80")
    made.run("expect db friend blocked\nexpect db friend:80 blocked\nexpect friend host:5432 ok\nexpect friend internet ok")


@pytest.mark.parametrize("release", ["27", "28.0.0", "28.5", "29", "29 --firewall-backend nftables"])
def test_an_internal_network_has_no_way_in_or_out(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release, "--internal")
    made.run("docker run friend --network back\nserve friend 80\nroute friend default via 172.19.0.1")
    made.run("expect db friend:80 ok\nexpect friend internet blocked\nexpect web db:5432 blocked\nexpect internet db:5432 blocked")
    assert not made.tcp("internet", "host:5432")
    assert made.tcp("host", "db:5432")


@pytest.mark.parametrize("release", ["28.5", "29", "29 --firewall-backend nftables"])
def test_a_routed_network_opens_its_ports_at_the_containers_addresses(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release, "--gateway-mode routed")
    made.run("serve db 80\nexpect internet db:5432 ok\nexpect internet db ok\nexpect internet db:80 blocked\nexpect web db:5432 ok")
    assert not made.tcp("internet", "host:5432")


@pytest.mark.parametrize("release", ["28.5", "29", "29 --firewall-backend nftables"])
def test_nat_unprotected_leaves_every_port_open(hosts: Callable[..., Lab], release: str) -> None:
    hosts(release, "--gateway-mode nat-unprotected").run("serve db 80\nexpect internet db:80 ok\nexpect internet host:5432 ok")


def test_a_rule_in_docker_user_stops_published_ports_by_the_port_of_the_host(hosts: Callable[..., Lab]) -> None:
    """The packet that arrives there goes to port 80 of the container already, so that --dport 8080 matches nothing."""
    made = hosts("29")
    made.run("rule DOCKER-USER -i eth0 -p tcp --dport 8080 -j DROP\nexpect internet host:8080 ok")
    made.run("rule DOCKER-USER insert -i eth0 -p tcp -m conntrack --ctorigdstport 8080 -j DROP\nexpect internet host:8080 blocked")
    made.run("docker network create later\nexpect internet host:8080 blocked")


def test_the_tutorials_lab_loses_its_bridge_to_dockers_policy_and_keeps_its_own_rules(lab: Lab) -> None:
    lab.run("internet 8.8.8.8\nbridge docker1 172.18.0.1/16\nns ns0 172.18.0.2/16 on docker1\nns ns1 172.18.0.3/16 on docker1")
    lab.run("forward -i docker1 ! -o docker1 -j ACCEPT\nexpect ns1 ns0 ok\ndocker install --version 27\nexpect ns1 ns0 blocked")
    forward = lab.observe().rules.split("*filter")[1]
    assert re.findall(r"-A FORWARD (.*)", forward)[-1] == "-i docker1 ! -o docker1 -j ACCEPT"
    lab.run("forward -i docker1 -o docker1 -j ACCEPT\nexpect ns1 ns0 ok")


def test_the_proxy_passes_on_what_is_said_both_ways(hosts: Callable[..., Lab]) -> None:
    written = Written()
    made = hosts("29")
    made.run("curl -s --max-time 3 http://127.0.0.1:8080/ http://127.0.0.1:8081/", stream=written)
    assert written.stdout == "hello from web\nhello from web\n"
    made.run("docker rm -f web\ncurl -s --max-time 3 http://127.0.0.1:8080/ || echo gone", stream=written)
    assert written.stdout.endswith("gone\n")


@pytest.mark.parametrize("release", RELEASES)
def test_uninstalling_leaves_the_lab_as_it_was(lab: Lab, release: str) -> None:
    lab.run("internet 8.8.8.8\nforward -i eth9 -j ACCEPT")
    before = lab.observe()
    lab.run(HOSTS.format(release, "").replace("internet 8.8.8.8\n", "").rpartition("route")[0], quiet=True)
    lab.run("docker uninstall")
    now = lab.observe()
    assert rules_of(kernel_rules(lab)) == rules_of(save_format.parse(re.sub(r"\[\d+:\d+\] -A", "-A", before.rules)))
    assert list(now.topology.namespaces) == list(before.topology.namespaces)
    assert [one.name for one in now.topology.host.interfaces] == [one.name for one in before.topology.host.interfaces]
    written = Written()
    lab.run("nft list tables ip | grep docker-bridges || true\nipset list -n || true", stream=written)
    assert written.stdout == ""


@pytest.mark.parametrize("release", ["27", "28.0.0", "29 --userland-proxy false", "29 --firewall-backend nftables"])
def test_docker_can_be_undone_restored_and_come_back_to(lab: Lab, release: str) -> None:
    lab.run("internet 8.8.8.8\nsnapshot before")
    lab.run(f"docker install --version {release}")
    lab.run("docker run web -p 8080:80")
    lab.run("expect internet host:8080 ok\nsnapshot after\nrestore before")
    assert lab.dockerd is None
    with pytest.raises(StatementError, match="Docker is not installed"):
        lab.run("docker ps")
    lab.run("restore after\nexpect internet host:8080 ok\nexpect host 127.0.0.1:8080 ok\nexpect web host:8080 ok")
    lab.run("docker run second -p 9090:90\nexpect internet host:9090 ok")
    lab.undo()
    assert "second" not in str(lab.docker("ps"))
    lab.run("docker run second -p 9090:90\nexpect internet host:9090 ok")


SIX = """
docker install --version {}
docker network create six fd00:6::/64 --ipv6
docker network create inner fd00:7::/64 --ipv6 --internal
docker run web --network six -p 8080:80 -p 5353:53/udp -p [::1]:8081:81
docker run db --network inner
"""


@pytest.mark.parametrize("release", ["20.10 --ip6tables true --experimental true", "27", "28.0.0", "28", "29 --firewall-backend nftables"])
def test_the_rules_for_ipv6_come_go_and_come_back(lab: Lab, release: str) -> None:
    lab.run("internet\nsnapshot before")
    lab.run(SIX.format(release))
    assert lab.dockerd is not None
    assert rules_of(kernel_rules6(lab)) == rules_of(docker.ruleset(lab.dockerd, 6))
    lab.run("expect internet [2001:db8:203:113::2]:8080 ok\nexpect internet [2001:db8:203:113::2]:5353/udp ok\nexpect host [::1]:8081 ok")
    assert not lab.ping("db", "fd00:6::2")
    lab.run("expect web 2001:4860:4860::8888 ok\nsnapshot after\nrestore before")
    assert rules_of(kernel_rules6(lab)) == {}
    lab.run("restore after\nexpect internet [2001:db8:203:113::2]:8080 ok\ndocker rm -f web")
    lab.undo()
    lab.run("expect internet [2001:db8:203:113::2]:8080 ok\ndocker uninstall")
    assert rules_of(kernel_rules6(lab)) == {}
    written = Written()
    lab.run("nft list tables ip6 | grep docker-bridges || true\nipset list -n || true", stream=written)
    assert written.stdout == ""


@pytest.mark.parametrize("release", ["27", "28.0.0", "29 --userland-proxy false", "29 --firewall-backend nftables"])
def test_the_script_makes_the_same_rules(hosts: Callable[..., Lab], release: str) -> None:
    made = hosts(release)
    script = str(made.show("script"))
    assert made.dockerd is not None
    with Lab(firewall=made.engine.ready.firewall) as other:
        other.shell("\n".join(line for line in script.splitlines() if not line.endswith(" &")))  # without the servers
        assert rules_of(kernel_rules(other)) == rules_of(kernel_rules(made))


def test_a_port_that_another_program_has_leaves_nothing_of_the_container(lab: Lab) -> None:
    lab.run("docker install --version 27")
    before = rules_of(kernel_rules(lab))
    lab.run("python3 -m http.server 8080 > /dev/null 2>&1 &\n$ until ss -ltn | grep -q :8080; do sleep 0.05; done")
    with pytest.raises(KernelRefused, match="Address already in use; it was rolled back"):
        lab.run("docker run web -p 8080:80")
    assert "web" not in lab.observe().topology.namespaces
    assert rules_of(kernel_rules(lab)) == before
    assert lab.docker("run web -p 8081:80")


def test_a_cell_that_fails_halfway_knows_what_dockerd_has_made(lab: Lab) -> None:
    with pytest.raises(ExpectationFailed):
        lab.run("docker install\ndocker run web\nexpect host web blocked\ndocker run never")
    assert lab.dockerd is not None
    assert [held.name for held in lab.dockerd.containers] == ["web"]


def test_a_cell_is_planned_as_a_whole_and_a_dry_run_changes_nothing(lab: Lab) -> None:
    with pytest.raises(StatementError, match="there is no Docker network bakc"):
        lab.run("docker install\ndocker network create back\ndocker run web --network bakc")
    shown = str(lab.run("docker install --version 29\ndocker run web -p 8080:80", dry_run=True))
    assert "would be: Docker Engine 29.7.2" in shown
    assert "iptables -t nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80" in shown
    assert lab.dockerd is None
    assert list(lab.observe().topology.namespaces) == ["host"]


def test_rules_may_stand_in_chains_that_docker_makes_in_the_same_cell(lab: Lab) -> None:
    lab.run("docker install\nrule DOCKER-USER -i docker0 -j DROP\ndocker run web\nexpect web host ok")
    assert "-A DOCKER-USER -i docker0 -j DROP" in str(lab.show("save"))


def test_everything_is_already_so_the_second_time(lab: Lab) -> None:
    cell = "docker install --version 28\ndocker network create n --icc false\ndocker run c --network n -p 80\ndocker ps"
    lab.run(cell)
    assert str(lab.run(cell)).count("already so") == 3


def test_counters_of_other_rules_stay(lab: Lab) -> None:
    lab.run("docker install --version 27\ndocker run a\ndocker run b\nping a b")
    counted = re.findall(r"\[[1-9]\d*:\d+\] -A FORWARD -i docker0 -o docker0 -j ACCEPT", lab.observe().rules)
    lab.run("docker network create n")
    assert counted
    assert counted == re.findall(r"\[[1-9]\d*:\d+\] -A FORWARD -i docker0 -o docker0 -j ACCEPT", lab.observe().rules)


def test_what_was_taken_away_by_hand_comes_back_with_the_same_statement(lab: Lab) -> None:
    """As on a real host where the chains were flushed and dockerd is started again."""
    cell = "docker install --version 27\ndocker network create n\ndocker run c --network n -p 8080:80"
    lab.run(f"internet\n{cell}")
    before = rules_of(kernel_rules(lab))
    lab.run("iptables -F\niptables -t nat -F\ndelete c")
    assert rules_of(kernel_rules(lab)) == {}
    lab.run(f"{cell}\nexpect internet host:8080 ok")
    assert {name: sorted(lines) for name, lines in rules_of(kernel_rules(lab)).items()} == {
        name: sorted(lines) for name, lines in before.items()
    }


def test_the_nftables_backend_is_drawn_chain_by_chain(lab: Lab) -> None:
    lab.run("docker install --firewall-backend nftables\ndocker run c -p 8080:80\nping host c")
    shown = str(lab.show("chains", "filter-FORWARD"))
    assert "1 → filter-forward-in__docker0" in shown
    assert '"docker0" : jump filter-forward-in__docker0' in shown
    assert "/* UNPUBLISHED PORT DROP */" in str(lab.show("chains", "filter-forward-in__docker0"))
    with pytest.raises(StatementError, match=r"there is no chain filter-FORWERD; did you mean filter-FORWARD\?"):
        lab.show("chains", "filter-FORWERD")


def test_the_nftables_backend_is_explained_and_compared_like_the_rest(lab: Lab) -> None:
    shown = str(lab.run("docker install --firewall-backend nftables\ndocker run c -p 8080:80\nexplain filter-forward-in__docker0\ndiff"))
    assert "Here is decided what may enter the network of docker0: replies, its own containers, published ports." in shown
    assert "chain raw-PREROUTING: new" in shown
    assert '+       1  ip daddr 172.17.0.2 iifname != "docker0" counter drop comment "DROP DIRECT ACCESS"' in shown
    with pytest.raises(StatementError, match="there is no chain filter-FORWRD; did you mean filter-FORWARD"):
        lab.run("explain filter-FORWRD")
    assert "FORWARD sees the packets that this host forwards" in str(lab.run("explain FORWARD"))
    assert "Chain FORWARD" in str(lab.run("show chains FORWARD"))



def test_the_proxy_tells_each_side_when_the_other_one_has_finished(lab: Lab) -> None:
    lab.run("docker install --version 29\ndocker run c -p 127.0.0.1:7007:7\nserve c 7 echo")
    written = Written()
    said = "import socket; s = socket.create_connection(('127.0.0.1', 7007)); s.sendall(b'x' * 50000); s.shutdown(1); "
    lab.run(f'python3 -c "{said}print(sum(map(len, iter(lambda: s.recv(9999), bytes()))))"', stream=written)
    assert written.stdout == "50000\n"


def test_a_port_can_be_published_on_one_address_of_the_host(lab: Lab) -> None:
    lab.run("internet\ndocker install --version 28\ndocker run c -p 203.0.113.2:8080:80\nexpect internet host:8080 ok")
    written = Written()
    lab.run("curl -s --max-time 1 http://127.0.0.1:8080/ || echo nobody there", stream=written)
    assert written.stdout == "nobody there\n"


def test_what_the_machine_cannot_do_is_one_sentence_and_nothing_is_left(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def commands(_: docker.Daemon | None, after: docker.Daemon | None) -> tuple[str, ...]:
        return ("echo no set for you; exit 1",) if after else ()

    monkeypatch.setattr(docker, "before_rules", commands)
    with pytest.raises(KernelRefused, match="the lab cannot do this as Docker does it: no set for you; it was rolled back"):
        lab.run("docker install --version 28.0.0")
    assert lab.dockerd is None
    assert not lab.observe().topology.host.bridges
    monkeypatch.undo()
    lab.run("docker install --version 28.0.0")


def test_names_are_completed_and_every_form_is_in_the_help(lab: Lab) -> None:
    lab.run("docker install\ndocker network create backend\ndocker run web --network backend")
    completer = Completer(lambda: lab)
    assert "web" in completer.words(["docker", "rm"])
    assert {"backend", "bridge"} <= set(completer.words(["docker", "run", "x", "--network"]))
    assert {"true", "false"} <= set(completer.words(["docker", "install", "--userland-proxy"]))
    shown = str(lab.run("help docker"))
    assert "docker network create NAME [CIDR]" in shown
    assert "docker run [-d] [--name NAME] [--network N|host|none|container:NAME] [-p [IP:][HOST:]CTR[/udp]]" in shown
