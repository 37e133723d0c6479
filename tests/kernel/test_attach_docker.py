"""A machine with a real dockerd, looked at: containers by their names, and what is said of them against what they measure themselves."""

import os
import re
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.labs import Written
from support.real_dockerd import DockerdUnavailable, serving_dockerd, why_missing
from support.waiting import until

from netlab_magic import Lab
from netlab_magic.engines.collect import script
from netlab_magic.errors import LabUnavailable, StatementError

ROOT = Path(os.environ.get("NETLAB_DOCKERD_ROOT") or "/")
pytestmark = [pytest.mark.kernel, pytest.mark.skipif(bool(why_missing(ROOT)), reason=f"no dockerd is run: {why_missing(ROOT)}")]

COMMANDS = """
docker network create --subnet 172.20.0.0/16 front
docker network create --subnet 172.21.0.0/16 back
docker network create --internal --subnet 172.22.0.0/16 inner
docker run -d --name web --network front -p 8080:80 nginx /bin/busybox httpd -f -p 80
docker network connect back web
docker run -d --name db --network back nginx /bin/busybox httpd -f -p 5432
docker run -d --name plain -p 127.0.0.1:8081:80 nginx /bin/busybox httpd -f -p 80
docker run -d --name side --network container:db busybox
docker run -d --name lonely --network none busybox
docker run -d --name private --network inner busybox
docker run -d --name onhost --network host busybox
docker run -d --name old --network front busybox
docker stop -t 1 old
""".strip().splitlines()

ASKED = ("web:80", "web:81", "db:5432", "plain:80", "plain", "private", "db", "web")
"""What each container is asked about; the addresses are those that `why` names."""


@pytest.fixture(scope="module")
def machine() -> Iterator[int]:
    try:
        with serving_dockerd(COMMANDS, ROOT) as pid:
            yield pid
    except DockerdUnavailable as error:
        pytest.skip(f"no dockerd is run: {error}")


@pytest.fixture(scope="module")
def look(machine: int) -> Iterator[Lab]:
    with Lab("look") as attached:
        attached.attach(str(machine))
        yield attached


def answered(machine: int, container: str, address: str, port: int) -> bool:
    """Whether something answers a container itself."""
    asking = f"nc -w 2 {address} {port} </dev/null" if port else f"ping -c 1 -W 2 {address}"
    words = [str(ROOT / "usr/bin/docker"), "exec", container, "/bin/busybox", "sh", "-c", f"/bin/busybox {asking}"]
    environment = {**os.environ, "DOCKER_HOST": f"unix:///proc/{machine}/root/run/docker.sock"}
    return subprocess.run(words, env=environment, capture_output=True, check=False).returncode == 0


def test_containers_have_their_names_and_the_stopped_one_is_told(look: Lab) -> None:
    assert set(look.observe().topology.namespaces) == {"host", "web", "db", "plain", "lonely", "private"}
    assert re.search(r"not running, and so have no network: old\.", str(look.status()))
    with pytest.raises(StatementError, match="the container old is not running"):
        look.run("why web old")
    assert str(look.run("why side web:80")).startswith("✓ db → web:80")  # one namespace, two containers
    assert str(look.run("why onhost web:80")).startswith("✓ host → web:80")
    assert "172.20.0.0/16" in str(look.show("topology")) or "172.20.0.1/16" in str(look.show("topology"))


def test_what_is_said_is_what_containers_measure(machine: int, look: Lab) -> None:
    containers = ("web", "db", "plain", "private")
    asked = [(source, target) for source in containers for target in ASKED if source != target.partition(":")[0]]
    said = {pair: look.run(f"why {pair[0]} {pair[1]}") for pair in asked}
    flows = {pair: why.outcome.probe for pair, why in said.items()}
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda pair: answered(machine, pair[0], flows[pair].address, flows[pair].port), asked)
        measured = dict(zip(asked, answers, strict=True))
    assert {pair: bool(why) for pair, why in said.items()} == measured
    assert len(set(measured.values())) == 2  # some are, some are not
    predicted = look.run("matrix --predict web db plain private")
    with ThreadPoolExecutor(8) as pool:
        pinged = pool.map(lambda one: answered(machine, one.probe.source, one.probe.address, 0), predicted.outcomes)
        assert [bool(one.answered) for one in predicted.outcomes] == list(pinged)


def test_published_ports_lead_where_docker_says(look: Lab) -> None:
    assert look.run("why 203.0.113.9 host:8080")
    assert not look.run("why 203.0.113.9 host:8081")  # published on 127.0.0.1 alone


def test_real_traffic_of_containers_is_watched(machine: int, look: Lab) -> None:
    stop = threading.Event()

    def talk() -> None:
        while not stop.is_set():
            answered(machine, "web", "172.21.0.3", 5432)
            answered(machine, "web", "172.17.0.2", 80)  # another network
            answered(machine, "plain", "172.17.0.1", 8080)  # published; docker-proxy takes it where it comes from the host

    def tells(watched: str) -> bool:
        return all(said in watched for said in ("DOCKER-ISOLATION-STAGE-2 in filter", ":5432", ":8080", "-j DROP → DROP ✕"))

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        assert until(lambda: tells(str(look.run("watch tcp and net 172.16.0.0/12 for 3", stream=Written()))))
        assert "not seen after" not in str(look.run("watch tcp port 5432 for 3", stream=Written()))
    finally:
        stop.set()
        talking.join()


def test_a_container_alone_by_its_name(machine: int) -> None:
    with Lab("inner") as inner:
        assert "the container db" in str(inner.run("attach container db"))
        assert "172.21.0.0/16 dev eth0" in str(inner.show("routes"))
        with pytest.raises(LabUnavailable, match="the container old is not running"):
            inner.run("attach container old")
        with pytest.raises(LabUnavailable, match=r"there is no container nobody \(running: .*web"):
            inner.run("attach container nobody")


def test_a_collected_file_says_the_same(machine: int, look: Lab, tmp_path: Path) -> None:
    """Read by the script inside that machine, as an administrator would, and loaded elsewhere."""
    file = tmp_path / "netlab.txt"
    environment = {**os.environ, "PATH": f"{ROOT / 'usr/bin'}:{os.environ['PATH']}"}
    words = ["nsenter", "-t", str(machine), "-m", "-n", "-p", "-u", "sh"]
    with file.open("w") as out:
        subprocess.run(words, input=script(), stdout=out, stderr=subprocess.PIPE, text=True, env=environment, check=True)
    assert "Env" not in file.read_text(), "what containers are told in their environment stays there"
    with Lab("collected") as loaded:
        told = loaded.load(str(file))
        assert not told.not_understood
        assert set(loaded.observe().topology.namespaces) == set(look.observe().topology.namespaces)
        assert set(loaded.observe().topology.links()) == set(look.observe().topology.links())
        with pytest.raises(StatementError, match="the container old is not running"):
            loaded.run("why web old")
        asked = [f"why {source} {target}" for source in ("web", "db", "plain", "private", "side", "onhost") for target in ASKED]
        asked += ["why 203.0.113.7 203.0.113.2:8080", "why 203.0.113.7 203.0.113.2:8081", "why 203.0.113.7 web:80"]
        assert {one: loaded.run(one).verdict for one in asked} == {one: look.run(one).verdict for one in asked}
