"""Completion, asked for in the shells themselves."""

import subprocess

import pexpect
import pytest
from support.command_line import environment, netlab
from support.requirements import required

LAST_WORD = """
ask() { COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _netlab_magic 2>/dev/null; echo "${COMPREPLY[*]}"; }
ask netlab-magic wh; ask netlab-magic show to; ask netlab-magic why --pic; ask netlab-magic why --file du
ask netlab-magic matrix --lang z; ask netlab-magic diff du; ask netlab-magic why 10.0.0.1 du
"""
WANTED = ["why", "topology", "--picture", "dump.txt", "zh_TW", "dump.txt", ""]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "dump.txt").write_text("")
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / f"code.{shell}").write_text(netlab("completion", shell).stdout)
    return tmp_path


def test_bash(folder):
    ran = subprocess.run([required("bash"), "-c", f"source code.bash{LAST_WORD}"], cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stdout.split("\n")[:-1] == WANTED


def test_fish(folder):
    asked = [line.removeprefix("ask ") for line in LAST_WORD.replace("; ", "\n").splitlines() if line.startswith("ask ")]
    answers = "; ".join(f"set found (complete -C '{line}' | cut -f1); echo \"$found\"" for line in asked)
    command = f"source code.fish; {answers}"
    ran = subprocess.run([required("fish"), "--no-config", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert ran.stdout.split("\n")[:-1] == WANTED, ran.stderr


def test_zsh(folder):
    shell = pexpect.spawn(required("zsh"), ["-f"], cwd=str(folder), env=environment(TERM="dumb"), encoding="utf-8", dimensions=(40, 150))
    shell.sendline("autoload -Uz compinit; compinit -u -D; source code.zsh; PS1='ready''> '")
    shell.expect_exact("ready> ")
    for typed, completed in (("show to", "show topology"), ("diff du", "diff dump.txt")):
        shell.send(f"netlab-magic {typed}\t")
        shell.expect_exact(f"netlab-magic {completed}")
        shell.sendcontrol("u")
    shell.close(force=True)
