"""The ways into a lab, and the doctor who says what each answered: powers are taken away for real, and everything degrades with a sentence.

The flags of containers are those that Docker 20.10 and Podman 4.3 need, tried with these engines; here their parts are put together
from the kernel's own means.
"""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

import pytest
from support.powers import (
    CONTAINER_REFUSES,
    NO_CAPABILITIES,
    NO_USER_NAMESPACES,
    as_an_ordinary_user,
    as_in_a_container,
    lacking,
    refusing,
    without,
    without_network_sysctls,
)

from netlab_magic import Lab
from netlab_magic.draw.base.render import SUBSTITUTE

pytestmark = pytest.mark.kernel

ROOT = Path(__file__).parents[2]
PROFILE = json.loads((ROOT / "binder/container/seccomp.json").read_text())
REFUSED_BY_OUR_PROFILE = [name for rule in PROFILE["syscalls"] for name in rule["names"]]

# Prints how the lab was made and that the seed chapter's turning point works in it, or the sentence that says why not; then the doctor.
TRY = """
from netlab_magic import Lab, NetlabError
lab = Lab()
try:
    print(lab.up(), lab.engine.ready.way)
    lab.run("bridge b 10.0.0.1/24\\nns a 10.0.0.2/24 on b\\nns c 10.0.0.3/24 on b\\nexpect a c ok")
    lab.run("sudo ip netns exec a ping -c 1 10.0.0.1", stream=print)
    if lab.engine.ready.way != "simulated":
        lab.run("ls /sys/class/net/b\\nsudo ip netns exec c ls /sys/class/net/eth0", stream=print)
    print("picture" if lab.show("topology").svg() else "words only")
    lab.run("policy FORWARD DROP\\nexpect a c blocked\\nforward -i b -o b -j ACCEPT\\nexpect a c ok")
    print("the chapter works")
    lab.down()
except NetlabError as error:
    print(error)
print(lab.doctor())
"""

USER, BY_ROOT = "created through a user namespace (no privilege was needed)", "created through namespaces created by root"
WORKS = "the chapter works"
SIMULATED = ("The lab is up, simulated", WORKS, "Labs are simulated here; any of the ways below would give you the kernel.")
LIMIT = "✕ user namespace: unshare: No space left on device\n      → sudo sysctl -w user.max_user_namespaces=10000"
NO_CAPS = "✕ root: this process lacks the capabilities SYS_ADMIN, NET_ADMIN, NET_RAW"
DOCKER = "docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined"

PROGRAMS = [Path("/usr/sbin") / name for name in os.listdir("/usr/sbin") if "tables" in name and not name.startswith(("arp", "eb"))]
RENDERERS = [path for path in (Path("/usr/bin/dot"), Path(sysconfig.get_path("scripts"), SUBSTITUTE)) if path.exists()]


class Case(NamedTuple):
    """Words before the command, in the order in which they act, and what it must say; `as_root`: only root can take this away."""

    powers: tuple[str, ...]
    says: tuple[str, ...]
    as_root: bool = False


CASES = {
    "everything": Case((), (USER, WORKS, "Labs work here, through: user namespace.")),
    "an ordinary user": Case(as_an_ordinary_user(), (USER, WORKS, "– root: this process is not root\n      → start Jupyter as root"), True),
    "no user namespaces": Case(NO_USER_NAMESPACES, (BY_ROOT, WORKS, LIMIT, "✓ root: a lab host starts")),
    "no user namespaces, no capabilities": Case(
        (*NO_USER_NAMESPACES, *NO_CAPABILITIES),
        (
            "(user namespace: unshare: No space left on device; root: this process lacks the capabilities SYS_ADMIN",
            *SIMULATED,
            LIMIT,
            f"{NO_CAPS}\n      → in a container: --cap-add SYS_ADMIN --cap-add NET_ADMIN --cap-add NET_RAW",
        ),
    ),
    "root without raw sockets": Case(
        (*NO_USER_NAMESPACES, *lacking("net_raw")),
        ("this process lacks the capability NET_RAW\n      → in a container: --cap-add NET_RAW", *SIMULATED),
    ),
    "root without the network": Case((*NO_USER_NAMESPACES, *lacking("net_admin")), ("lacks the capability NET_ADMIN\n", *SIMULATED)),
    "a filter that refuses unshare": Case(
        (*refusing("unshare"), *NO_CAPABILITIES),
        ("✕ user namespace: unshare: Operation not permitted\n", DOCKER, NO_CAPS, *SIMULATED),
        True,
    ),
    "a container": Case(
        (*as_in_a_container(masked=True), *as_an_ordinary_user(), *refusing(*CONTAINER_REFUSES)),
        ("✕ user namespace: unshare: Operation not permitted\n", DOCKER, *SIMULATED),
        True,
    ),
    "a container with systempaths=unconfined": Case(
        (*as_in_a_container(masked=False), *as_an_ordinary_user(), *refusing(*CONTAINER_REFUSES)),
        ("✕ user namespace: unshare: Operation not permitted\n", DOCKER, *SIMULATED),
        True,
    ),
    "a container with seccomp=unconfined": Case(
        (*as_in_a_container(masked=True), *as_an_ordinary_user()),
        ("✕ user namespace: mount /proc: Operation not permitted\n", DOCKER, *SIMULATED),
        True,
    ),
    "a container with our profile and systempaths=unconfined": Case(
        (*as_in_a_container(masked=False), *as_an_ordinary_user(), *refusing(*REFUSED_BY_OUR_PROFILE)), (USER, WORKS), True
    ),
    "a container with SYS_ADMIN, NET_ADMIN and NET_RAW": Case(
        (*as_in_a_container(masked=True), "setpriv", "--bounding-set=-all,+sys_admin,+net_admin,+net_raw"), (BY_ROOT, WORKS), True
    ),
    "no br_netfilter, as far as the doctor sees": Case(
        without_network_sysctls(),
        ("✕ br_netfilter: not loaded: FORWARD DROP does not stop frames between ports of one bridge\n      → sudo modprobe br_netfilter",),
        True,
    ),
    "no iptables": Case(
        without(*PROGRAMS),
        (
            USER,
            "this machine has no working iptables; install the package iptables",
            "✕ iptables: not found; needed for the firewall\n      → sudo apt-get install iptables",
        ),
    ),
    "nothing that draws": Case(
        without(*RENDERERS), (USER, WORKS, "words only", "✕ pictures: nothing here can draw them", "pip install graphviz-pure")
    ),
    "no dot": Case(without(Path("/usr/bin/dot")), (USER, WORKS, "picture", f"✓ pictures: drawn by {RENDERERS[-1]}")),
    "no python-iptables": Case(
        without(Path(sysconfig.get_path("platlib"), "iptc")),
        (USER, WORKS, "✕ python-iptables: not installed; the iptables programs do its work\n      → pip install"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_with_powers_taken_away_everything_is_said(case: Case) -> None:
    if case.as_root and os.geteuid() != 0:
        pytest.skip("only root can play somebody else")
    words = [*case.powers, sys.executable, "-W", "ignore", "-c", TRY]
    done = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert not [sentence for sentence in case.says if sentence not in done.stdout], done.stdout


def test_where_bridged_frames_do_not_meet_iptables_a_drop_does_not_stop_them() -> None:
    """What a kernel without br_netfilter does; the module is the machine's, so a lab turns it off for itself."""
    with Lab() as lab:
        lab.run("bridge b 10.0.0.1/24\nns a 10.0.0.2/24 on b\nns c 10.0.0.3/24 on b\npolicy FORWARD DROP\nexpect a c blocked")
        lab.run("sysctl net.bridge.bridge-nf-call-iptables=0\nexpect a c ok\nexpect a host ok")
