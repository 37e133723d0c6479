"""docker's command line as people type it: how it is read, what it comes to, what is refused, and what is printed."""

import json

import msgspec
import pytest
from support.docker_host import At

from netlab_magic.errors import StatementError
from netlab_magic.language import docker_statements as d
from netlab_magic.language import parser
from netlab_magic.model.topology import HOST

MUCH = "--restart always -v /a:/b:ro -e A=1 --env-file=x -l k=v -u 0 -w / -m 1g --cpus=2 --cap-add ALL --privileged"
SUBNET = "--subnet=10.1.0.0/24 --gateway=10.1.0.9 --ip-range 10.1.0.128/25"
MTU = "com.docker.network.driver.mtu"
BINDING = "-o com.docker.network.bridge.host_binding_ipv4=127.0.0.1"

READ = [
    ("docker run -d --name web nginx", d.DockerRun("web", "nginx")),
    ("sudo docker run -d --name=web nginx:1.27-alpine", d.DockerRun("web", "nginx:1.27-alpine")),
    ("docker container run -dit --name web nginx", d.DockerRun("web", "nginx")),
    ("docker run --rm nginx", d.DockerRun("nginx", "nginx", removed_at_stop=True)),
    ("docker run --rm=false docker.io/library/redis:7", d.DockerRun("redis", "docker.io/library/redis:7")),
    ("docker create --name a -P nginx", d.DockerRun("a", "nginx", publish_all=True, start=False)),
    ("docker run web -p 80", d.DockerRun("web", "web", publish=(d.Publish("80", 80),))),
    ("docker run -dp8080:80 --name a nginx", d.DockerRun("a", "nginx", publish=(d.Publish("8080:80", 80, 8080),))),
    ("docker run -p 127.0.0.1::80/UDP a", d.DockerRun("a", "a", publish=(d.Publish("127.0.0.1::80/UDP", 80, 0, "udp", "127.0.0.1"),))),
    ("docker run -d -p 7000-7010:80 --name a b", d.DockerRun("a", "b", publish=(d.Publish("7000-7010:80", 80, 7000, host_port_end=7010),))),
    (
        "docker run -p 10.0.0.1:70-71:90-91/sctp a",
        d.DockerRun("a", "a", publish=tuple(d.Publish("10.0.0.1:70-71:90-91/sctp", 90 + n, 70 + n, "sctp", "10.0.0.1") for n in (0, 1))),
    ),
    ("docker run -p 80-81 a", d.DockerRun("a", "a", publish=(d.Publish("80-81", 80), d.Publish("80-81", 81)))),
    (
        "docker run -d --publish published=8080,target=80 --name a b",
        d.DockerRun("a", "b", publish=(d.Publish("published=8080,target=80", 80, 8080),)),
    ),
    ("docker run --expose 9000-9001 --expose 53/udp a", d.DockerRun("a", "a", exposed=("9000/tcp", "9001/tcp", "53/udp"))),
    ("docker run --net=host --name a b", d.DockerRun("a", "b", "host")),
    (
        "docker run --network name=x,ip=10.0.0.9 --network y --name a b",
        d.DockerRun("a", "b", "x", address="10.0.0.9", further=(d.DockerConnect("y", "a"),)),
    ),
    ("docker run --network container:web -h box --name a b", d.DockerRun("a", "b", "container:web", hostname="box")),
    (
        f"docker run -d {MUCH} --link db:db --dns 1.1.1.1 --name a img:1 server --port 80",
        d.DockerRun(
            "a",
            "img:1",
            command=("server", "--port", "80"),
            undone=("--link", "--dns"),
            ignored=("--restart", "-v", "-e", "--env-file", "-l", "-u", "-w", "-m", "--cpus", "--cap-add", "--privileged"),
        ),
    ),
    (
        "docker run --rm -it --name p alpine ping -c 1 '8.8.8.8'  # once",
        d.DockerExec("ping -c 1 '8.8.8.8'  # once", container="p", run=d.DockerRun("p", "alpine", removed_at_stop=True)),
    ),
    ("docker exec -it -u root web sh -c 'ip a | head -1'", d.DockerExec("sh -c 'ip a | head -1'", container="web")),
    ("docker container exec web ping -c1 10.60.0.1", d.DockerExec("ping -c1 10.60.0.1", container="web")),
    ("docker stop -t 1 web db", d.DockerLifecycle("stop", ("web", "db"))),
    ("docker container restart web", d.DockerLifecycle("restart", ("web",))),
    ("docker kill --signal=KILL web", d.DockerLifecycle("kill", ("web",))),
    ("docker rm -fv web", d.DockerRemove(("web",), force=True)),
    ("docker container rm web", d.DockerRemove(("web",))),
    ("docker rename a b", d.DockerRename("a", "b")),
    ("docker ps -aq", d.DockerList("containers", all=True, quiet=True)),
    ("docker container ls --all", d.DockerList("containers", all=True)),
    ("docker container prune -f", d.DockerPrune(("containers",))),
    ("docker system prune -af", d.DockerPrune(("containers", "networks"))),
    ("docker port web 53/udp", d.DockerPort("web", 53, "udp")),
    ("docker inspect -f '{{.Name}}' web", d.DockerInspect(("web",), template="{{.Name}}")),
    ("docker container inspect web", d.DockerInspect(("web",))),
    ("docker network inspect back bridge", d.DockerInspect(("back", "bridge"), "network")),
    ("docker logs -f --tail 10 web", d.DockerNote("logs", "web")),
    ("docker pull nginx:latest", d.DockerNote("pull", "nginx:latest")),
    ("docker network connect --ip 10.0.0.9 --alias x back web", d.DockerConnect("back", "web", "10.0.0.9", undone=("--alias",))),
    ("docker network connect back web", d.DockerConnect("back", "web")),
    ("docker network disconnect -f back web", d.DockerDisconnect("back", "web")),
    ("docker network prune --force", d.DockerPrune(("networks",))),
    ("docker network remove a b", d.DockerRemoveNetwork(("a", "b"))),
    ("docker network list -q", d.DockerList("networks", quiet=True)),
    (
        f"docker network create -d bridge {SUBNET} --internal --attachable --label a=b {BINDING} --opt {MTU}=1400 back",
        d.DockerNetwork(
            "back",
            d.AskedSubnet("10.1.0.0/24", "10.1.0.9", "10.1.0.128/25"),
            internal=True,
            binding="127.0.0.1",
            ignored=("--attachable", "--label", MTU),
        ),
    ),
]


@pytest.mark.parametrize(("line", "statement"), READ, ids=[case[0] for case in READ])
def test_docker_is_read_as_people_type_it(line: str, statement: d.Docker) -> None:
    (read,) = parser.parse(line)
    if isinstance(statement, d.DockerRun):
        statement = msgspec.structs.replace(statement, named="--name" in line)
    assert type(read) is type(statement)
    fields = {field: getattr(read, field) for field in read.__struct_fields__ if field != "place"}
    if fields.get("run"):
        assert fields["run"].place is None
    assert fields == {field: getattr(statement, field) for field in statement.__struct_fields__ if field != "place"}


SETUP = """docker install --version 28.5
docker network create back 10.60.0.0/24
docker network create auto
docker run -d --name web -p 8080:80 nginx
docker run -d --name hosted --network host httpd
docker create --name idle --network back redis"""

BAD = [
    ("docker run -p 70000:80 a", "70000 is not a port; a port is a number from 1 to 65535", "70000:80"),
    ("docker run -p 80-70:80 a", "the range 80-70 ends before it begins; write 70-80", "80-70:80"),
    ("docker run -p 8080-8081:80-82 a", "8080-8081 has 2 ports and 80-82 has 3; give ranges of the same length", "8080-8081:80-82"),
    ("docker run -p 8080: a", "8080: has no container port; write 8080:80", "8080:"),
    ("docker run -p 127.0.0.1:80 a", "127.0.0.1:80 has no container port; write 127.0.0.1:80:80", "127.0.0.1:80"),
    ("docker run -p web:80 a", "web is not a port", "web:80"),
    ("docker run -p 80:80:80:80 a", "80:80 is no IPv4 address", "80:80:80:80"),
    ("docker run -p ::1:80:80 a", "::1 is no IPv6 address in brackets, such as [::1]", "::1:80:80"),
    ("docker run -p 8080:80/icmp a", "/icmp is not a protocol here", "8080:80/icmp"),
    ("docker run -p published=80 a", "target is missing; write 8080:80", "published=80"),
    ("docker run --expose x a", "x is not a port to expose", "x"),
    ("docker run --volum /a:/b a", "--volum is not an option here; did you mean --volume?", "--volum"),
    ("docker run -dz a", "-z is not an option here", "-dz"),
    ("docker run -d", "new name is missing", ""),
    ("docker run -d --name web2 -p", "port is missing", ""),
    ("docker run --name a/b nginx", "a/b cannot name a container; use letters, digits and . _ -", "a/b"),
    (f"docker run --name {'a' * 64} nginx", "has 64 characters; a name for a container may have 63 at most", "a" * 64),
    ("docker run --name a --network hots nginx", "there is no Docker network hots", "hots"),
    ("docker run --name a --network container:wed nginx", "there is no container wed; did you mean web?", "wed"),
    ("docker run --name a --network container:idle nginx", "idle is not running, so it has no network to share", "container:idle"),
    (
        "docker run --name a --network container:web -p 80:80 nginx",
        "publish ports on web itself: this container only shares its network",
        "80:80",
    ),
    (
        "docker run --name a --network host --ip 10.0.0.1 b",
        "with --network host a container has no address of its own",
        "10.0.0.1",
    ),
    (
        "docker run --name a --ip 172.17.0.9 nginx",
        "and this is the default network",
        "172.17.0.9",
    ),
    (
        "docker run --name a --ip 172.18.0.9 --network auto nginx",
        "and auto was created without --subnet",
        "172.18.0.9",
    ),
    ("docker run --name a -p 8080-8080:80 nginx", "port 8080/tcp of the host is already taken by web", "8080-8080:80"),
    ("docker run --network back --network bak --name a b", "there is no Docker network bak; did you mean back?", "bak"),
    ("docker run --network ip=10.60.0.9 --name a b", "ip=10.60.0.9 names no network; write name=NETWORK", "ip=10.60.0.9"),
    ("docker run --network name=back,x=y --name a b", "x is not a field here", "name=back,x=y"),
    ("docker exec", "container is missing: docker exec CONTAINER COMMAND", ""),
    ("docker exec web", "command is missing", ""),
    ("docker start wbe", "there is no container wbe; did you mean web?", "wbe"),
    ("docker stop", "container is missing", ""),
    ("docker stopp web", "stopp is no docker command of the lab; did you mean stop?", "stopp"),
    ("docker container strat web", "strat is not a docker container command of the lab; did you mean start?", "strat"),
    ("docker kill idle", "idle is not running", "idle"),
    ("docker pause idle", "idle is created, not running", "idle"),
    ("docker unpause web", "web is running, not paused", "web"),
    ("docker rm web", "web is running; stop it first, or remove it anyway: docker rm -f web", "web"),
    ("docker rename web idle", "the name idle is taken", "idle"),
    ("docker rename web", "new name is missing", ""),
    ("docker port web 81", "web does not publish 81/tcp", ""),
    ("docker port web x", "x is not a port", "x"),
    ("docker inspect wbe", "there is no container or network wbe; did you mean web?", "wbe"),
    ("docker inspect --type volume web", "the lab has no volume to inspect", "volume"),
    ("docker network connect back", "container is missing", ""),
    ("docker network connect back web x", "x is one word too many", "x"),
    ("docker network connect host web", "a container joins the network host when it is created, not later", "host"),
    ("docker network connect back hosted", "hosted was created with --network host and cannot join networks", "hosted"),
    ("docker network connect --ip 10.60.0.1 back web", "10.60.0.1 is already the address of the gateway", "10.60.0.1"),
    ("docker network connect --ip 10.61.0.1 back web", "10.61.0.1 is not an address of 10.60.0.0/24, the subnet of back", "10.61.0.1"),
    ("docker network connect --ip x back web", "x is no IPv4 address", "x"),
    ("docker network disconnect back web", "web is not on back", "back"),
    ("docker network creat x", "creat is not a docker network command of the lab; did you mean create?", "creat"),
    ("docker network create six fd00:1::/64", "fd00:1::/64 is of IPv6, which this network does not have; add --ipv6", "fd00:1::/64"),
    ("docker network create --gateway 10.1.0.1 foo", "10.1.0.1 needs a subnet around it", "10.1.0.1"),
    ("docker network create --ip-range 10.1.0.0/24 foo", "10.1.0.0/24 needs a subnet around it", "10.1.0.0/24"),
    ("docker network create --subnet 10.7.0.0/24 --ip-range 10.8.0.0/25 n", "the range 10.8.0.0/25 does not lie within", "10.8.0.0/25"),
    ("docker network create -d macvlan foo", "the lab has networks of the driver bridge only, not macvlan", "macvlan"),
]


@pytest.mark.parametrize(("line", "message", "word"), BAD, ids=[case[0] for case in BAD])
def test_what_cannot_be_is_said_in_one_sentence_at_the_word(line: str, message: str, word: str) -> None:
    at = At()
    at.run(SETUP)
    with pytest.raises(StatementError) as refused:
        at.run(line)
    assert message in refused.value.message
    place = refused.value.place
    if word:
        assert place is not None
        assert word in place.source[place.column : place.column + place.width]


def test_a_stopped_container_has_no_namespace_and_gets_the_lowest_address_when_it_starts_again() -> None:
    at = At()
    at.run("docker install\ndocker run a\ndocker run b\ndocker stop a")
    assert "a" not in at.topology.namespaces
    at.run("docker run c\ndocker start a")
    assert at.daemon is not None
    addresses = {held.name: held.endpoints[0].address for held in at.daemon.containers}
    assert addresses == {"b": "172.17.0.3", "c": "172.17.0.2", "a": "172.17.0.4"}


def test_a_container_on_two_networks_has_its_default_route_and_ports_on_the_one_whose_name_comes_first() -> None:
    at = At()
    at.run("docker install\ndocker network create alpha 10.60.0.0/24\ndocker run -p 8080:80 web")
    said = at.run("docker network connect alpha web").sentence
    moved = "its default route and its published ports have moved to alpha: 0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"
    assert said == f"web has 10.60.0.2 on alpha; {moved}"
    inside = at.topology.namespaces["web"]
    assert [(held.name, held.addresses) for held in inside.interfaces[1:]] == [("eth0", ("172.17.0.2/16",)), ("eth1", ("10.60.0.2/24",))]
    assert [str(route) for route in inside.routes] == ["default via 10.60.0.1 dev eth1"]
    assert [server.target for server in at.topology.servers if server.kind == "proxy"] == ["10.60.0.2:80"]
    at.run("docker network disconnect alpha web")
    assert [str(route) for route in at.topology.namespaces["web"].routes] == ["default via 172.17.0.1 dev eth0"]
    assert [server.target for server in at.topology.servers if server.kind == "proxy"] == ["172.17.0.2:80"]


def test_what_runs_in_the_network_of_another_one_answers_there() -> None:
    at = At()
    at.run("docker install\ndocker run web\ndocker run -d --name side --network container:web redis")
    at.run("docker run -d --name own --network host httpd")
    assert sorted(map(str, at.topology.servers)) == ["host:80", "web:6379"]
    at.run("docker rm -f own side")
    assert at.topology.servers == ()
    assert HOST in at.topology.namespaces


def test_what_is_assumed_of_an_image_and_what_has_no_effect_is_said() -> None:
    at = At()
    at.run("docker install")
    assert at.run("docker run -d -P --restart always --dns 1.1.1.1 --name a mysql:8 mysqld --x").sentence == (
        "a has 172.17.0.2 on docker0; 0.0.0.0:32768->3306/tcp, [::]:32768->3306/tcp, 0.0.0.0:32769->33060/tcp, "
        "[::]:32769->33060/tcp; small servers answer in it (http); "
        "mysql:8 is assumed to expose 3306/tcp, 33060/tcp; the lab runs no images, so mysqld --x was not started; "
        "no effect on the network: --restart; not supported in a lab: --dns"
    )
    assert at.run("docker run -d -P --name b mine").sentence.endswith("the ports that mine exposes are not known; list them with --expose")
    assert at.run("docker run -d -p 80:80 --network host --name c mine").sentence.endswith("nothing is published with --network host")


@pytest.mark.parametrize("line", SETUP.splitlines()[1:])
def test_a_statement_again_changes_nothing(line: str) -> None:
    at = At()
    at.run(SETUP)
    before = at.daemon
    assert at.run(line).sentence == "already so"
    assert at.daemon == before


def test_a_container_without_a_name_gets_that_of_its_image() -> None:
    at = At()
    at.run("docker install")
    assert at.run("docker run -d -p 9000:80 nginx:alpine").sentence.startswith("nginx has 172.17.0.2")
    assert at.run("docker run -d -p 9001:80 nginx:alpine").sentence.startswith("nginx-2 has 172.17.0.3")
    assert at.run("docker run -d -p 9001:80 nginx:alpine").sentence == "already so"


def test_names_may_be_longer_than_those_of_interfaces() -> None:
    at = At()
    at.run(
        "docker install\ndocker network create shop_default_network\ndocker run -d --name shop-frontend-1 --network shop_default_network a"
    )
    assert [bridge.name for bridge in at.topology.host.bridges] == ["docker0", "br-cc918f6910b5"]
    assert all(len(interface.name) <= 15 for interface in at.topology.host.interfaces)


def test_several_networks_at_once_are_taken_from_25_on() -> None:
    cell = "docker install --version {}\ndocker network create x 10.60.0.0/24\ndocker run --network bridge --network name=x,ip=10.60.0.9 a"
    at = At()
    assert at.run(cell.format("25")).sentence == "a has 172.17.0.2 on docker0 and 10.60.0.9 on x"
    assert at.run(cell.splitlines()[-1]).sentence == "already so"
    with pytest.raises(StatementError, match=r"Docker Engine 24\.0\.9 takes one --network; for more: docker network connect"):
        At().run(cell.format("24"))


def test_a_network_and_a_container_may_have_the_same_name() -> None:
    at = At()
    at.run("docker install\ndocker network create web\ndocker run web\ndocker network rm web")
    assert "web" in at.topology.namespaces
    assert at.topology.host.interface("web") is None


def test_inspect_has_the_network_part_in_the_shape_of_dockers_json() -> None:
    at = At()
    at.run(SETUP + "\ndocker run -d --name app --network back -p 7000-7001:90-91 -p 127.0.0.1::53/udp nginx")
    (container,) = json.loads(at.run("docker inspect app").listing)
    assert (container["Name"], container["State"]["Running"], container["HostConfig"]["NetworkMode"]) == ("/app", True, "back")
    assert container["NetworkSettings"]["Ports"] == {
        "53/udp": [{"HostIp": "127.0.0.1", "HostPort": "32768"}],
        "80/tcp": None,
        "90/tcp": [{"HostIp": "0.0.0.0", "HostPort": "7000"}, {"HostIp": "::", "HostPort": "7000"}],
        "91/tcp": [{"HostIp": "0.0.0.0", "HostPort": "7001"}, {"HostIp": "::", "HostPort": "7001"}],
    }
    back = container["NetworkSettings"]["Networks"]["back"]
    assert (back["IPAddress"], back["IPPrefixLen"], back["Gateway"]) == ("10.60.0.2", 24, "10.60.0.1")
    (network,) = json.loads(at.run("docker network inspect back").listing)
    assert network["IPAM"]["Config"] == [{"Subnet": "10.60.0.0/24", "Gateway": "10.60.0.1"}]
    assert [(held["Name"], held["IPv4Address"]) for held in network["Containers"].values()] == [("app", "10.60.0.2/24")]


TEMPLATES = [
    ("web", "{{.NetworkSettings.IPAddress}}", "172.17.0.2"),
    ("web", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", "172.17.0.2"),
    ("web", "{{range $k, $v := .NetworkSettings.Networks}}{{$k}}={{$v.Gateway}} {{end}}", "bridge=172.17.0.1 "),
    ("web", "{{json .NetworkSettings.Ports}}", '{"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"},{"HostIp":"::","HostPort":"8080"}]}'),
    ("web", '{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', "8080"),
    ("web", "{{.State.Running}} {{- .Name}}", "true/web"),
    ("web", "{{if .State.Paused}}paused{{else}}{{.State.Status}}{{end}}", "running"),
    ("web", "{{with .Config}}{{.Image}}{{end}} {{len .NetworkSettings.Networks}}", "nginx 1"),
    ("web", "{{.NetworkSettings.Networks.bridge.IPPrefixLen | json}}", "16"),
    ("back", "{{range .IPAM.Config}}{{.Subnet}}{{end}}", "10.60.0.0/24"),
    ("back", "{{range .Containers}}{{.Name}}{{else}}nobody{{end}}", "nobody"),
]


@pytest.mark.parametrize(("name", "template", "printed"), TEMPLATES, ids=[case[1] for case in TEMPLATES])
def test_the_commonest_templates(name: str, template: str, printed: str) -> None:
    at = At()
    at.run(SETUP)
    assert at.run(f"docker inspect -f '{template}' {name}").listing == printed


BAD_TEMPLATES = [
    ("{{.Nme}}", "there is no field Nme in what a lab shows (there is Id, Name, State, HostConfig, Config, NetworkSettings)"),
    ("{{range .Name}}{{end}}", ".Name is not a list, so {{range}} has nothing to go through"),
    ("{{range .Config}}", "{{range}} has no {{end}}"),
    ("{{end}}", "{{end}} belongs to nothing"),
    ("{{.Name", "this {{ is not closed"),
    ("{{}}", "something is missing between {{ and }}"),
    ("{{(.Name}}", "a ( is not closed"),
    ("{{upper .Name}}", "upper is not understood"),
    ("{{index .Config 7}}", "there is nothing at 7"),
    ("{{json}}", "json has 0 values where one should be"),
    ("{{%}}", "% is not understood"),
]


@pytest.mark.parametrize(("template", "message"), BAD_TEMPLATES, ids=[case[0] for case in BAD_TEMPLATES])
def test_a_template_that_is_not_understood_is_one_sentence_at_its_word(template: str, message: str) -> None:
    at = At()
    at.run(SETUP)
    with pytest.raises(StatementError) as refused:
        at.run(f"docker inspect -f '{template}' web")
    assert message in refused.value.message
    assert refused.value.place is not None
    assert template in refused.value.place.source


def test_ports_in_a_row_are_listed_as_a_range_and_what_does_not_run_has_its_status() -> None:
    at = At()
    at.run("docker install --version 28\ndocker run -d --name a -p 7000-7002:7000-7002 -p 80 nginx\ndocker create --name b redis")
    assert at.run("docker ps").listing == (
        "NAME   NETWORK   ADDRESS      PORTS\na      bridge    172.17.0.2   0.0.0.0:32768->80/tcp, 0.0.0.0:7000-7002->7000-7002/tcp, "
        "[::]:32768->80/tcp, [::]:7000-7002->7000-7002/tcp"
    )
    assert at.run("docker ps -a").listing.splitlines()[2] == "b      created   bridge"
    assert at.run("docker ps -q").listing == "a"
    assert at.run("docker port a 80").listing == "0.0.0.0:32768\n[::]:32768"
