"""Docker's rules without a kernel: every layout against texts that were checked with moby's own, the laws, and what is refused."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.docker_host import At, host
from support.firewall_tables import rules_of, tables
from support.laws import law

from netlab_magic import docker
from netlab_magic.errors import StatementError
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import parser
from netlab_magic.model.topology import HOST, Interface, Namespace, Server, Topology

DATA = Path(__file__).parents[1] / "data" / "docker"

RELEASES = {
    "classic": ("20.10", "23.0", "24", "25", "26.1.4", "27", "27.5.1"),
    "28.0.0": ("28.0.0",),
    "28.0.1": ("28.0.1", "28.0", "28.1"),
    "28.2.0": ("28.2.0", "28.2.1"),
    "28.5": ("28.2.2", "28.3", "28.5", "28"),
    "29": ("29.0.0", "29.3.1", "29"),
}
"""The releases that share a layout, by the file that holds it."""


def parts(name: str) -> Iterator[tuple[str, str, str]]:
    """The parts of a data file: title, statements, and the text that belongs to them."""
    for part in (DATA / f"{name}.txt").read_text().split("\n## ")[1:]:
        title, _, rest = part.partition("\n")
        lines = rest.splitlines()
        count = next(number for number, line in enumerate(lines) if not line.startswith("docker "))
        yield title, "\n".join(lines[:count]), "\n".join(lines[count:]).strip() + "\n"


LAYOUTS = [
    pytest.param(release, statements, text, id=f"{release}: {title}")
    for name, releases in RELEASES.items()
    for release in releases
    for title, statements, text in parts(name)
    if not ("gateway-mode" in statements and docker.release(release) < docker.release("27.0.1"))
    if not ("three ports" in title and docker.release(release).orders_ports_downwards)  # as recorded: tests/docker/test_real_dockerd.py
]


@pytest.mark.parametrize(("release", "statements", "text"), LAYOUTS)
def test_the_rules_of_every_release_are_in_the_order_in_which_dockerd_has_them(release: str, statements: str, text: str) -> None:
    at = At()
    at.run(statements.replace("docker install", f"docker install --version {release}"))
    assert tables(str(at.ruleset)) == tables(text)


NFT_TABLES = [
    pytest.param(version, *part[1:], id=f"IPv{version}: {part[0]}")
    for version, name in ((4, "nftables"), (6, "nftables6"))
    for part in parts(name)
]


@pytest.mark.parametrize(("version", "statements", "text"), NFT_TABLES)
def test_the_nftables_backend_makes_a_table_and_no_iptables_rules(version: int, statements: str, text: str) -> None:
    at = At(host(Interface("eth0", addresses=("203.0.113.2/24", "2001:db8::2/64"))))
    at.run(statements.replace("docker install", "docker install --firewall-backend nftables"))
    assert at.daemon is not None
    assert docker.nft_table_text(at.daemon, version) == text
    assert text in docker.nft_script(at.daemon)
    assert not at.ruleset.chain("DOCKER")
    assert not at.ruleset6.chain("DOCKER")


def in_empty_namespace(command: str, text: str) -> str:
    script = f"mount -t tmpfs tmpfs /run; {command}"  # where iptables has its lock
    # Who is root there is said before the network namespace is made: else /proc/net/ip_tables_names belongs to no user of it.
    words = ["unshare", "-r", "unshare", "-nm", "sh", "-ec", script]
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.kernel
@pytest.mark.parametrize("variant", ["legacy", "nft"])
@pytest.mark.parametrize("name", list(RELEASES))
def test_iptables_takes_every_layout_and_saves_it_as_it_is_written_here(name: str, variant: str) -> None:
    make_set = "ipset create docker-ext-bridges-v4 hash:net; " if name == "28.0.0" else ""
    for _, _, text in parts(name):
        saved = in_empty_namespace(f"{make_set}iptables-{variant}-restore; iptables-{variant}-save", text)
        assert tables(saved) == tables(text)


@pytest.mark.kernel
@pytest.mark.skipif(not shutil.which("nft"), reason="there is no nft")
def test_nft_takes_every_table_and_lists_the_same_rules() -> None:
    for _, _, text in (*parts("nftables"), *parts("nftables6")):
        listed = in_empty_namespace("nft -f - && nft -s list ruleset", text)
        kept = [line for line in text.splitlines() if "elements" not in line]
        assert [line for line in listed.splitlines() if "elements" not in line and not line.startswith("\t\t\t")] == kept


OWN_RULES = save_format.parse(
    """*filter
:INPUT DROP [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:MINE - [0:0]
-A FORWARD -i eth9 -j MINE
-A FORWARD -o docker1 -j ACCEPT
-A MINE -j RETURN
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
-A POSTROUTING -s 10.9.0.0/16 -j MASQUERADE
COMMIT
"""
)

RELEASE = st.sampled_from([release for releases in RELEASES.values() for release in releases])
STATEMENT = st.one_of(
    st.builds(
        "docker network create {} {} {}".format,
        st.sampled_from("ab"),
        st.sampled_from(["", "--ipv6", "--ipv6 --ipv4=false", "--ipv6 -o com.docker.network.bridge.gateway_mode_ipv6=routed"]),
        st.sampled_from(["", "--internal", "--icc false"]),
    ),
    st.builds(
        "docker run {} --network {} {}".format,
        st.sampled_from("xyz"),
        st.sampled_from(["bridge", "a", "b"]),
        st.sampled_from(["", "-p 80", "-p 8080:80", "-p 127.0.0.1:8081:81 -p 53/udp", "-p 8080:80 -p 8081:80", "-p [::1]:8082:82"]),
    ),
    st.builds("docker rm -f {}".format, st.sampled_from("xyz")),
    st.builds("docker network rm {}".format, st.sampled_from("ab")),
    st.builds("docker network connect {} {}".format, st.sampled_from("ab"), st.sampled_from("xyz")),
)


def after(at: At, statements: list[str]) -> None:
    """Runs those of the statements that can be; a refused one must change nothing, so that the next one finds what was there."""
    for statement in statements:
        try:
            at.run(statement)
        except StatementError:
            continue


@law(150)
@given(RELEASE, st.booleans(), st.lists(STATEMENT, max_size=8))
def test_what_events_made_of_an_empty_firewall_is_what_the_state_says(release: str, proxy: bool, statements: list[str]) -> None:
    """docker0 has IPv6 here: up to 27 a few jumps in ip6tables come with the first network that has it, and stay when it goes."""
    at = At()
    six = "--ipv6 --fixed-cidr-v6 fd00:d::/64 --ip6tables true --experimental true"
    after(at, [f"docker install --version {release} --userland-proxy {proxy} {six}", *statements])
    assert at.daemon is not None
    assert rules_of(at.ruleset) == rules_of(docker.ruleset(at.daemon))
    assert rules_of(at.ruleset6) == rules_of(docker.ruleset(at.daemon, 6))


@law(150)
@given(RELEASE, st.booleans(), st.lists(STATEMENT, max_size=8))
def test_uninstalling_gives_back_rules_and_topology_as_they_were(release: str, proxy: bool, statements: list[str]) -> None:
    bridge = Interface("docker1", "bridge", ("172.18.0.1/16",))
    at = At(host(bridge), OWN_RULES)
    after(at, [f"docker install --version {release} --userland-proxy {proxy}", *statements, "docker uninstall"])
    assert rules_of(at.ruleset) == rules_of(OWN_RULES)
    assert rules_of(at.ruleset6) == rules_of(Ruleset(family="ipv6"))
    assert at.topology == host(bridge)


@pytest.mark.parametrize("release", ["27", "28.0.0", "28.5", "29"])
def test_removing_a_container_and_its_network_gives_back_the_rules_before(release: str) -> None:
    at = At(ruleset=OWN_RULES)
    at.run(f"docker install --version {release}")
    before = rules_of(at.ruleset)
    at.run("docker network create n\ndocker run c --network n -p 8080:80\ndocker rm -f c\ndocker network rm n")
    assert rules_of(at.ruleset) == before


def test_rules_of_others_stay_where_a_real_dockerd_leaves_them() -> None:
    """A network of 27 goes on top of everything in FORWARD; 29 touches FORWARD no more, so that what is appended comes after Docker."""
    for release, first in (("27", ["-j DOCKER-USER", "-j DOCKER-ISOLATION-STAGE-1"]), ("29", ["-j MINE", "-j DOCKER-USER"])):
        at = At()
        at.run(f"docker install --version {release}")
        mine = str(at.ruleset).replace("-A FORWARD", "-A FORWARD -j MINE\n-A FORWARD", 1)
        at.ruleset = save_format.parse(mine.replace(":DOCKER-USER", ":MINE - [0:0]\n:DOCKER-USER", 1))
        at.run("docker network create n")
        forward = at.ruleset.chain("FORWARD")
        assert forward is not None
        assert [rule.spec for rule in forward.rules[:2]] == first


def test_a_statement_that_is_so_already_changes_nothing() -> None:
    at = At()
    cell = "docker install --version 27\ndocker network create n --icc false\ndocker run c --network n -p 80 -p 8080:81"
    at.run(cell)
    before = at.daemon
    for line in cell.splitlines():
        planned = at.run(line)
        assert (planned.edits, planned.sentence) == ((), "already so")
    assert at.daemon == before


def test_a_policy_that_was_set_since_is_left_alone_when_docker_starts_again() -> None:
    at = At()
    at.run("docker install --version 27")
    at.ruleset = save_format.parse(str(at.ruleset).replace(":FORWARD DROP", ":FORWARD ACCEPT"))
    assert at.run("docker install --version 27").sentence == "already so"


def ports_of(at: At, name: str) -> list[str]:
    assert at.daemon is not None
    container = at.daemon.container(name)
    assert container is not None
    return list(map(str, container.ports))


PUBLISHED = [
    ("a host port", "-p 8080:80", ["0.0.0.0:8080->80/tcp"]),
    ("over UDP", "-p 5353:53/udp", ["0.0.0.0:5353->53/udp"]),
    ("at one address", "-p 127.0.0.1:8080:80", ["127.0.0.1:8080->80/tcp"]),
    ("chosen by Docker from 32768 on", "-p 80 -p 81", ["0.0.0.0:32768->80/tcp", "0.0.0.0:32769->81/tcp"]),
    ("chosen at one address", "-p 127.0.0.1::80", ["127.0.0.1:32768->80/tcp"]),
    ("one port over both protocols", "-p 53:53/udp -p 53:53", ["0.0.0.0:53->53/tcp", "0.0.0.0:53->53/udp"]),
    (
        "given ones come first, then by container port",
        "-p 82 -p 9000:81 -p 9001:80",
        ["0.0.0.0:9001->80/tcp", "0.0.0.0:9000->81/tcp", "0.0.0.0:32768->82/tcp"],
    ),
]


@pytest.mark.parametrize(("words", "ports"), [case[1:] for case in PUBLISHED], ids=[case[0] for case in PUBLISHED])
def test_published_ports(words: str, ports: list[str]) -> None:
    at = At()
    at.run(f"docker install\ndocker run c {words}")
    everywhere = [port.replace("0.0.0.0", "[::]") for port in ports]
    assert ports_of(at, "c") == list(dict.fromkeys(one for both in zip(ports, everywhere, strict=True) for one in both))


@pytest.mark.parametrize("options", ["--gateway-mode routed", "--internal"])
def test_routed_and_internal_networks_bind_nothing_on_the_host(options: str) -> None:
    at = At()
    at.run(f"docker install\ndocker network create n {options}\ndocker run c --network n -p 8080:80")
    assert ports_of(at, "c") == ["80/tcp"]
    assert [server.kind for server in at.topology.servers] == ["http"]


def test_subnets_and_addresses_are_the_lowest_that_are_free() -> None:
    at = At(host(Interface("docker1", "bridge", ("172.18.0.1/16",))))
    at.run("docker install\ndocker network create a\ndocker network create b\ndocker run x --network a\ndocker run y --network a")
    at.run("docker rm -f x\ndocker run z --network a")
    assert at.daemon is not None
    assert [network.ipv4.cidr for network in at.daemon.networks if network.ipv4] == ["172.17.0.0/16", "172.19.0.0/16", "172.20.0.0/16"]
    assert [(held.name, held.endpoints[0].address) for held in at.daemon.containers] == [("y", "172.19.0.3"), ("z", "172.19.0.2")]


def test_lines_as_they_are_in_tutorials_work() -> None:
    at = At()
    at.run("docker install")
    at.run("docker network create -d bridge --subnet 192.0.2.0/24 --gateway 192.0.2.9 -o com.docker.network.bridge.name=br-web web")
    at.run("docker run -d --rm --name c1 --network=web -p 8080:80 nginx:alpine nginx -g 'daemon off;'")
    assert at.daemon is not None
    assert (at.daemon.networks[1].bridge, at.daemon.networks[1].gateway_cidrs) == ("br-web", ("192.0.2.9/24",))
    assert ports_of(at, "c1") == ["0.0.0.0:8080->80/tcp", "[::]:8080->80/tcp"]


def test_what_there_is_can_be_listed() -> None:
    at = At()
    at.run("docker install\ndocker network create n 192.0.2.0/24 --internal --icc false\ndocker run c --network n\ndocker run d -p 80")
    assert at.run("docker ps").listing == (
        "NAME   NETWORK   ADDRESS      PORTS\nc      n         192.0.2.2\nd      bridge    172.17.0.2   0.0.0.0:32768->80/tcp, "
        "[::]:32768->80/tcp"
    )
    assert at.run("docker network ls").listing == (
        "NAME     BRIDGE    SUBNET          OPTIONS\n"
        "bridge   docker0   172.17.0.0/16\n"
        "n        n         192.0.2.0/24    internal icc=false"
    )


SYSCTLS = [
    ("27.5", "", "", {"net.ipv4.conf.docker0.route_localnet": None, "net.bridge.bridge-nf-call-iptables": "0"}),
    ("27.5", "", "--icc false", {"net.bridge.bridge-nf-call-iptables": "1"}),
    ("27.3", "--userland-proxy false", "", {"net.ipv4.conf.docker0.route_localnet": "1", "net.bridge.bridge-nf-call-iptables": "0"}),
    ("27.4", "--userland-proxy false", "", {"net.ipv4.conf.n.route_localnet": "1", "net.bridge.bridge-nf-call-iptables": "1"}),
]


@pytest.mark.parametrize(("release", "install", "network", "sysctls"), SYSCTLS)
def test_the_sysctls_that_dockerd_sets(release: str, install: str, network: str, sysctls: dict[str, str | None]) -> None:
    at = At(Topology({HOST: Namespace(HOST, sysctls={"net.bridge.bridge-nf-call-iptables": "0", "net.ipv4.ip_forward": "0"})}))
    at.run(f"docker install --version {release} {install}\ndocker network create n {network}\ndocker run c --network n -p 80")
    held = at.topology.host.sysctls
    assert {key: held.get(key) for key in sysctls} == sysctls
    assert held["net.ipv4.ip_forward"] == "1"
    port = at.topology.host.interface("veth-c")
    assert port is not None
    assert port.hairpin is bool(install)
    assert [server.kind for server in at.topology.servers] == (["http"] if install else ["http", "proxy"])


@pytest.mark.parametrize(("words", "policy"), [("", "DROP"), ("--ip-forward-no-drop", "ACCEPT"), ("--firewall-backend nftables", "ACCEPT")])
def test_the_policy_of_forward_is_drop_as_where_dockerd_switched_forwarding_on(words: str, policy: str) -> None:
    at = At()
    at.run(f"docker install {words}")
    assert at.ruleset.forward_policy == policy


SETUP = "docker install --version {}\ndocker network create backend 192.0.2.0/24\ndocker run web --network backend -p 8080:80"
REFUSED = [
    ("27", "docker instal", "instal is no docker command of the lab; did you mean install?", "instal"),
    ("27", "docker install --version 28.0.9", "there is no Docker Engine 28.0.9 here; the newest of each series are 20.10.27", "28.0.9"),
    ("27", "docker install --version 29", "Docker Engine 27.5.1 is installed; take it away first: docker uninstall", ""),
    ("27", "docker install --firewall-backend nft", "nft is not a firewall backend", "nft"),
    ("27", "docker run web2 --network backand", "there is no Docker network backand; did you mean backend?", "backand"),
    ("27", "docker run web2 -p 8080:81", "port 8080/tcp of the host is already taken by web (0.0.0.0:8080->80/tcp)", "8080:81"),
    ("27", "docker run web2 -p 127.0.0.1:8080:81", "port 8080/tcp of the host is already taken by web", "127.0.0.1:8080:81"),
    ("27", "docker run web2 -p 9:1 -p 9:2", "port 9/tcp of the host is already taken by the same container", "9:2"),
    ("27", "docker run web2 -p 22:22", "port 22/tcp of the host is already taken by the server on host:22", "22:22"),
    ("27", "docker run web2 -p 10.1.1.1:80:80", "10.1.1.1 is not an address of the host", "10.1.1.1:80:80"),
    ("27", "docker run web2 -p 80:80/icmp", "/icmp is not a protocol here; write 80:80, 80:80/tcp or 80:80/udp", "80:80/icmp"),
    ("27", "docker run web2 -p 70000:80", "70000 is not a port; a port is a number from 1 to 65535", "70000:80"),
    ("27", "docker run web2 --ip 192.0.2.2 --network backend", "192.0.2.2 is already the address of web", "192.0.2.2"),
    ("27", "docker run web2 --ip 10.0.0.1 --network backend", "10.0.0.1 is not an address of 192.0.2.0/24, the subnet", "10.0.0.1"),
    ("27", "docker run web", "there is a container web already, with other settings; take it away first: docker rm -f web", "web"),
    ("27", "docker run ns0", "there is already a namespace ns0", "ns0"),
    ("27", "docker run", "name is missing", ""),
    ("27", "docker run a --detatch", "--detatch is not an option here; did you mean --detach?", "--detatch"),
    ("27", "docker rm wed", "there is no container wed; did you mean web?", "wed"),
    ("27", "docker network rm backend", "the network backend is in use by web; take it away first", "backend"),
    ("27", "docker network rm bridge", "the network bridge is Docker's own and stays until: docker uninstall", "bridge"),
    ("27", "docker network create host", "host is a network that Docker itself has; give another name", "host"),
    ("27", "docker network create backend --internal", "there is a network backend already, with other settings", "backend"),
    ("27", "docker network create docker1", "the host already has a device docker1", "docker1"),
    ("27", "docker network create n 192.0.2.128/25", "192.0.2.128/25 overlaps 192.0.2.0/24, which is that of the", "192.0.2.128/25"),
    ("27", "docker network create n 172.18.1.0/24", "172.18.1.0/24 overlaps 172.18.0.0/16, which is that of docker1", "172.18.1.0/24"),
    ("27", "docker network create n 10.0.0.1/8", "10.0.0.1/8 is no IPv4 network, such as 172.20.0.0/16", "10.0.0.1/8"),
    ("27", "docker network create n 10.0.0.0/31", "10.0.0.0/31 has no room for a gateway and a container", "10.0.0.0/31"),
    ("27", "docker network create n 10.0.0.0/8 --gateway 11.0.0.1", "the gateway 11.0.0.1 is not an address of 10.0.0.0/8", "11.0.0.1"),
    ("27", "docker network create n -d overlay", "the lab has networks of the driver bridge only, not overlay", "overlay"),
    ("27", "docker network create n --icc maybe", "maybe is neither true nor false", "maybe"),
    ("27", "docker network create n -o com.docker.network.bridge.nam=x", "did you mean com.docker.network.bridge.name?", ""),
    ("24", "docker network create n --gateway-mode routed", "Docker Engine 24.0.9 has no gateway modes; 27.0 brought them", "routed"),
    ("27", "docker network create n --gateway-mode nat-unprotected", "Docker Engine 27.5.1 has no gateway mode", "nat-unprotected"),
    ("27", "docker network create n --gateway-mode nut", "nut is not a gateway mode; did you mean nat?", "nut"),
]


@pytest.mark.parametrize(("release", "line", "message", "word"), REFUSED, ids=[case[1] for case in REFUSED])
def test_what_cannot_be_is_said_in_one_sentence_at_the_word(release: str, line: str, message: str, word: str) -> None:
    bridge = Interface("docker1", "bridge", ("172.18.0.1/16",))
    at = At(host(bridge, servers=(Server(HOST, 22),)).with_namespace(Namespace("ns0")))
    at.run(SETUP.format(release))
    with pytest.raises(StatementError) as refused:
        at.run(line)
    assert message in refused.value.message
    place = refused.value.place
    assert place is not None
    if word:
        assert place.source[place.column : place.column + place.width] == word


@pytest.mark.parametrize("line", ["docker run c", "docker network ls", "docker ps", "docker rm c", "docker uninstall"])
def test_nothing_can_be_done_before_docker_is_installed(line: str) -> None:
    with pytest.raises(StatementError, match="Docker is not installed in this lab; begin with: docker install"):
        At().run(line)


def test_only_29_has_the_nftables_backend_and_it_wants_forwarding_on() -> None:
    with pytest.raises(StatementError, match=r"Docker Engine 28\.5\.2 has no nftables backend; 29\.0\.0 brought it"):
        At().run("docker install --version 28 --firewall-backend nftables")
    off = Topology({HOST: Namespace(HOST, sysctls={"net.ipv4.ip_forward": "0"})})
    with pytest.raises(StatementError, match="with nftables dockerd does not switch IP forwarding on"):
        At(off).run("docker install --version 29 --firewall-backend nftables")


def test_a_network_can_be_full() -> None:
    at = At()
    at.run("docker install\ndocker network create n 192.0.2.0/30\ndocker run a --network n")
    with pytest.raises(StatementError, match=r"no address is left in 192\.0\.2\.0/30 of the network n"):
        at.run("docker run b --network n")


COMPLETED = [
    ("docker", {"install", "network", "run", "rm", "ps", "uninstall"}),
    ("docker network", {"create", "rm", "ls"}),
    ("docker run web", {"--network", "-p"}),
    ("docker run web --network", {"<docker network>"}),
    ("docker network create n", {"--internal", "--icc", "--gateway-mode", "--subnet"}),
    ("docker install", {"--version", "--userland-proxy", "--firewall-backend"}),
    ("docker rm", {"<container>"}),
]


@pytest.mark.parametrize(("line", "expected"), COMPLETED)
def test_tab_knows_what_can_follow(line: str, expected: set[str]) -> None:
    assert expected <= parser.expected_after(line.split())
