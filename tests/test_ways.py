"""The ways into a lab: where one is refused the next one is tried, and the doctor says what each answered.

Powers are taken away for real, in namespaces that the tests make.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kernel

# Within a user namespace of its own a process may lower this limit for itself without touching the machine's.
NO_USER_NAMESPACES = ["unshare", "-Ur", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces; exec "$@"', "sh"]
NO_CAPABILITIES = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]

TRY = """
from netlab_magic import Lab, NetlabError
lab = Lab()
try:
    print(lab.up(), lab.engine.ready.way)
    lab.run("bridge b 10.0.0.1/24\\nns a 10.0.0.2/24 on b\\nexpect a host ok\\npolicy FORWARD DROP")
    lab.down()
except NetlabError as error:
    print(error)
print(lab.doctor())
"""


def tried(*wrapped: str, path: str | None = None) -> str:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), **({"PATH": path} if path else {})}
    words = [*wrapped, sys.executable, "-W", "ignore", "-c", TRY]
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_user_namespace_is_the_first_way() -> None:
    said = tried()
    assert "made through a user namespace (no privilege was needed)" in said
    assert "Labs work here, through: user namespace." in said


def test_where_user_namespaces_are_refused_root_makes_plain_ones() -> None:
    said = tried(*NO_USER_NAMESPACES)
    assert "made through namespaces made by root" in said
    assert "✕ user namespace: unshare: No space left on device\n      → sudo sysctl -w user.max_user_namespaces=10000" in said
    assert "✓ root: a lab host starts" in said


def test_where_nothing_is_allowed_the_lab_is_simulated_and_says_what_each_way_answered() -> None:
    said = tried(*NO_USER_NAMESPACES, *NO_CAPABILITIES)
    answers = "(user namespace: unshare: No space left on device; root: unshare: Operation not permitted)"
    assert f"note: no lab can be made here on the kernel {answers}" in said
    assert "The lab is up, simulated: no packet is sent" in said
    assert "Labs are simulated here; any one of the ways below would open the kernel." in said
    assert "--privileged" in said
    assert "Traceback" not in said


def test_without_programs_the_doctor_names_their_packages(tmp_path: Path) -> None:
    hidden = ["unshare", "-Urm", "sh", "-c", f'for d in /usr/sbin /sbin; do mount --bind {tmp_path} $d; done; exec "$@"', "sh"]
    said = tried(*hidden, path="/usr/bin:/bin")
    assert "✕ iptables: not found; it is for the firewall\n      → sudo apt-get install iptables" in said
    assert "this machine has no iptables that works" in said
