"""What lies in binder/: the files for mybinder.org, containers and classrooms say the same as each other and as the project."""

import ast
import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from support.powers import CONTAINER_REFUSES

ROOT = Path(__file__).parents[2]
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DOCKERFILE = (BINDER / "container/Dockerfile").read_text()
NEEDED = {"unshare", "setns", "mount", "umount2", "clone", "clone3"}


def text_of(path: str) -> str:
    return (BINDER / path).read_text()


def refused() -> set[str]:
    return {name for rule in json.loads(text_of("container/seccomp.json"))["syscalls"] for name in rule["names"]}


def test_repo2docker_is_told_everything_that_it_does_not_find_out_itself():
    """Where binder/ exists it looks neither at pyproject.toml nor at a newer Python than its default."""
    version = re.fullmatch(r"python-3\.(\d+)\n", text_of("runtime.txt"))
    assert version
    assert int(version[1]) >= int(PROJECT["requires-python"].removeprefix(">=3."))
    assert "." in text_of("requirements.txt").splitlines()
    assert not (BINDER / "Dockerfile").exists(), "repo2docker would build that, and ignore the rest"
    assert text_of("start").endswith('exec "$@"\n')


@pytest.mark.parametrize("script", ["postBuild", "start"])
def test_scripts_of_repo2docker_can_be_run(script):
    assert os.access(BINDER / script, os.X_OK)
    assert text_of(script).startswith("#!/bin/bash\n")


def test_the_image_has_every_program_that_binder_gets():
    installed = set(re.findall(r"[a-z][\w.-]+", DOCKERFILE.partition("useradd")[0].rpartition("apt-get install")[2]))
    assert set(text_of("apt.txt").split()) <= installed


def test_the_image_is_an_ordinary_users():
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE)[-1] == "netlab"


def test_our_seccomp_profile_lets_labs_be_made_and_refuses_what_reaches_past_namespaces():
    assert not refused() & NEEDED
    assert {"init_module", "finit_module", "kexec_load", "bpf", "keyctl", "open_by_handle_at", "reboot"} <= refused()
    assert set(CONTAINER_REFUSES) - NEEDED - {"ptrace"} <= refused()


def test_every_way_of_starting_the_container_has_the_flags_that_the_readme_explains():
    flags = ("no-new-privileges", "systempaths=unconfined", "apparmor=unconfined")
    for path in ("README.md", "container/compose.yaml"):
        assert not [flag for flag in (*flags, "seccomp.json") if flag not in text_of(path)]
    by_hub = text_of("classroom/docker_config.py")
    assert not [flag for flag in (flags[0], flags[2], "seccomp.json", '"MaskedPaths": []', '"ReadonlyPaths": []') if flag not in by_hub]


def test_the_codespace_builds_the_same_image():
    lines = [line for line in (ROOT / ".devcontainer.json").read_text().splitlines() if not line.startswith("//")]
    container = json.loads("\n".join(lines))
    assert container["build"]["dockerfile"] == "binder/container/Dockerfile"
    assert container["remoteUser"] == "netlab"


@pytest.mark.parametrize("name", ["common", "docker_config", "local_config"])
def test_the_configurations_of_the_hub_are_python(name):
    ast.parse(text_of(f"classroom/{name}.py"))


def test_notebooks_and_files_that_are_named_exist():
    for path in BINDER.rglob("*"):
        if path.is_file():
            for named in re.findall(r"notebooks/en/[\w-]+\.ipynb", path.read_text()):
                assert (ROOT / named).exists(), f"{path} names {named}"
