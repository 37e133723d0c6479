"""How containers are told from the cgroups of their processes, and what a daemon's list says."""

import msgspec
import pytest

from netlab_magic.engines.live.container_ids import container_of
from netlab_magic.engines.live.runtimes import Container, by_name

ID = "5e" * 32
OUTER = "0c" * 32
POD = "1b2c3d4e-5f60-7182-93a4-b5c6d7e8f901"

PATHS = [
    f"0::/system.slice/docker-{ID}.scope",
    f"0::/docker/{ID}",
    f"12:pids:/docker/{ID}",
    f"1:name=systemd:/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope",
    f"0::/machine.slice/libpod-{ID}.scope",
    f"0::/machine.slice/libpod-{ID}.scope/container",
    f"0::/libpod_parent/libpod-{ID}",
    f"0::/system.slice/containerd.service/kubepods-burstable-pod{POD.replace('-', '_')}.slice:cri-containerd:{ID}",
    f"0::/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{POD.replace('-', '_')}.slice/cri-containerd-{ID}.scope",
    f"11:memory:/kubepods/burstable/pod{POD}/{ID}",
    f"0::/kubepods.slice/kubepods-pod{POD.replace('-', '_')}.slice/crio-{ID}.scope",
    f"0::/docker/{OUTER}/docker/{ID}",
    f"0::/system.slice/docker-{OUTER}.scope/kubelet/kubepods/besteffort/pod{POD}/{ID}",
]


@pytest.mark.parametrize("line", PATHS)
def test_the_innermost_container_of_a_path(line: str) -> None:
    found = container_of(f"3:cpu:/\n{line}\n")
    assert found is not None
    assert found.id == ID
    assert found.pod == (POD if "kubepods" in line else "")


@pytest.mark.parametrize(
    "line",
    [
        "0::/",
        "0::/system.slice/nginx.service",
        f"0::/machine.slice/libpod-conmon-{ID}.scope",
        "0::/docker/5e5e5e",
        f"0::/docker/{ID}0",
        "",
    ],
)
def test_who_is_in_no_container(line: str) -> None:
    assert container_of(line) is None


def test_a_container_is_meant_by_a_name_or_the_start_of_its_id() -> None:
    listed = [
        {"Id": ID, "Names": ["/db", "/web/database"], "State": "running", "HostConfig": {"NetworkMode": "back"}, "Labels": None},
        {"Id": OUTER, "Names": ["/shop-web-1"], "State": "exited", "Labels": {"com.docker.compose.service": "web"}},
    ]
    found = {one.id: one for one in msgspec.json.decode(msgspec.json.encode(listed), type=list[Container])}
    assert by_name(found, "db") is found[ID]
    assert by_name(found, OUTER[:12]) is found[OUTER]
    assert by_name(found, "5e5") is None
    assert (found[ID].name, found[ID].network_mode, found[OUTER].network_mode, found[OUTER].service) == ("db", "back", "", "web")
