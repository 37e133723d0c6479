"""The script `./netlab`, up to the point where it would install something."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "netlab"

# What the script itself is made of; every Debian has these.
TOOLS = ("cat", "cksum", "dirname", "env", "find", "flock", "id", "mkdir", "mktemp", "readlink", "rm", "tail", "tr")
NEEDED = ("ip", "iptables", "ping", "python3")
OPTIONAL = ("dot", "tcpdump", "conntrack", "nft", "ipset", "chromium")


@pytest.fixture
def machine_with(tmp_path):
    """A machine, made of a PATH alone, on which the given programs exist and nothing can be installed."""

    def make(*programs: str) -> dict[str, str]:
        folder = tmp_path / "bin"
        folder.mkdir()
        for tool in TOOLS:
            (folder / tool).symlink_to(shutil.which(tool))
        for program in programs:
            (folder / program).write_text("#!/bin/sh\n")
            (folder / program).chmod(0o755)
        if "python3" in programs:
            (folder / "python3").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        return {"PATH": str(folder), "NETLAB_SBIN": "", "NETLAB_VENV": str(tmp_path / "venv"), "HOME": str(tmp_path)}

    return make


def run(*arguments: str, script: Path = SCRIPT, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["/bin/sh", script, *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **options)


@pytest.mark.parametrize("script", [SCRIPT, ROOT / ".ci/run"], ids=lambda script: script.name)
@pytest.mark.parametrize("shell", ["sh", "dash", "bash"])
def test_every_shell_can_read_it(shell, script):
    if not shutil.which(shell):
        pytest.skip(f"there is no {shell} on this machine")
    assert subprocess.run([shell, "-n", script], capture_output=True, check=True).stderr == b""
    assert os.access(script, os.X_OK)


@pytest.mark.parametrize("arguments", [["help"], ["--help"], []])
def test_help_names_every_command(arguments):
    answer = run(*arguments)
    assert answer.returncode == 0
    assert re.findall(r"^  ([a-z]+) ", answer.stdout, re.MULTILINE) == ["demo", "lab", "test", "bench", "site", "help"]


def test_an_unknown_command_costs_one_sentence():
    answer = run("tset")
    assert answer.returncode == 2
    assert answer.stderr == "netlab: unknown command 'tset'; the commands are demo, lab, test, bench, site and help.\n"


def test_it_can_be_called_from_anywhere_and_through_a_link(tmp_path):
    link = tmp_path / "my netlab"
    link.symlink_to(SCRIPT)
    environment = {name: value for name, value in os.environ.items() if name != "NETLAB_VENV"}
    assert f"(now {ROOT}/.venv)" in run("help", script=link, cwd=tmp_path, env=environment).stdout


class TestWhereNothingMayBeInstalled:
    def test_every_needed_package_is_named_with_the_command_that_installs_it(self, machine_with):
        answer = run("demo", env=machine_with())
        missing = "iproute2 iptables iputils-ping python3-venv"
        sentence = f"netlab: these required packages are missing: {missing}; install them with: sudo apt-get install {missing}"
        assert answer.returncode == 1
        assert answer.stderr.splitlines()[-1] == sentence

    @pytest.mark.parametrize(("program", "package"), [("ip", "iproute2"), ("iptables", "iptables"), ("ping", "iputils-ping")])
    def test_one_missing_program_is_one_missing_package(self, machine_with, program, package):
        answer = run("test", env=machine_with(*(set(NEEDED + OPTIONAL) - {program})))
        assert answer.returncode == 1
        assert f"these required packages are missing: {package}; install them with: sudo apt-get install {package}\n" in answer.stderr

    def test_a_python_that_cannot_make_environments_lacks_its_venv_package(self, machine_with):
        environment = machine_with("ip", "iptables", "ping")
        python = Path(environment["PATH"], "python3")
        python.write_text(f'#!/bin/sh\ncase $2 in *ensurepip*) exit 1 ;; esac\nexec "{sys.executable}" "$@"\n')
        python.chmod(0o755)
        package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
        assert run("lab", env=environment).stderr.endswith(f"install them with: sudo apt-get install {package}\n")

    @pytest.mark.parametrize("program", OPTIONAL)
    def test_a_program_that_is_nice_to_have_costs_one_sentence(self, machine_with, program):
        package = {"dot": "graphviz", "nft": "nftables"}.get(program, program)
        answer = run("bench", env=machine_with(*(set(OPTIONAL) - {program})))
        sentences = [line for line in answer.stderr.splitlines() if line.startswith("netlab: without")]
        assert len(sentences) == 1
        assert sentences[0].startswith(f"netlab: without {package} (apt-get install {package}), ")

    def test_the_browser_is_for_tests_only(self, machine_with):
        assert "chromium" not in run("demo", env=machine_with()).stderr

    def test_an_environment_that_cannot_be_written_is_named(self, machine_with):
        environment = machine_with(*NEEDED, *OPTIONAL) | {"NETLAB_VENV": "/proc/venv"}
        answer = run("demo", env=environment)
        assert answer.returncode == 1
        assert "netlab: this user cannot write to /proc/venv; choose another folder: " in answer.stderr


def test_system_folders_are_searched_after_the_path(machine_with, tmp_path):
    environment = machine_with("ping", "python3")
    (tmp_path / "sbin").mkdir()
    for program in ("ip", "iptables"):
        (tmp_path / "sbin" / program).write_text("#!/bin/sh\n")
        (tmp_path / "sbin" / program).chmod(0o755)
    answer = run("demo", env=environment | {"NETLAB_SBIN": str(tmp_path / "sbin"), "NETLAB_VENV": "/proc/venv"})
    assert "missing" not in answer.stderr.replace("(missing: gcc", "")
