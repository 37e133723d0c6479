"""Grading: what answers are worth, and that nobody gets points for anything else than a lab that behaves as it has to."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import netlab

from netlab_magic.teaching.exercise import Exercise
from netlab_magic.teaching.grading.answers import answers_in
from netlab_magic.teaching.grading.grade import Submission, Task, grade
from netlab_magic.teaching.grading.report import table
from netlab_magic.teaching.scenario import find

SEED = 4
EXERCISE = Exercise(find("one-way"), SEED)
TASK = (Path(__file__).parents[2] / "netlab_magic/teaching/scenarios/one-way.toml").read_text()
SOLUTION = EXERCISE.statements(EXERCISE.scenario.solution)
A, B, OUTSIDE = (EXERCISE.cast[name] for name in ("a", "b", "outside"))


def notebook(*cells: str, tags: dict[int, list[str]] | None = None) -> str:
    made = [{"cell_type": "code", "metadata": {"tags": (tags or {}).get(at, [])}, "source": cell} for at, cell in enumerate(cells)]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


RIGHT = notebook(f"%%netlab\nscenario one-way --seed {SEED}", f"%%netlab\n{SOLUTION}", "%netlab check")
CHEATS = {
    "prints the answer": notebook("print('2 of 2 points')"),
    "edits the check": notebook("%%netlab\n# check\nexpect host host ok"),
    "opens everything": notebook("%%netlab\npolicy FORWARD ACCEPT"),
    "has it solved": notebook("%%netlab\ncheckpoint one-way"),
    "patches the package": notebook("import netlab_magic\nnetlab_magic.Lab.check = lambda *_: 99"),
    "exits": notebook("import os; os._exit(0)"),
    "looks elsewhere": notebook("%%netlab\nattach host"),
    "takes the addresses": notebook("%%netlab\n" + "\n".join(f"$ ip netns exec {name} ip addr add {OUTSIDE}/32 dev lo" for name in (A, B))),
}


def replacing(program: str) -> str:
    """A cell that puts a program which does nothing in another's place, in the lab."""
    return f"%%netlab\n$ printf '#!/bin/sh\\n' > /run/p; chmod +x /run/p; mount --bind /run/p $(readlink -f $(command -v {program}))"


LOOP = "setsid sh -c 'while :; do iptables -P FORWARD ACCEPT; sleep 0.1; done' > /dev/null 2>&1 &"
ON_THE_KERNEL = {"leaves a loop behind": notebook(f"%%netlab\n$ {LOOP}"), "never stops writing": notebook("%%netlab\n$ yes")}
MORE_ON_THE_KERNEL = {
    "replaces ping": notebook(replacing("ping")),
    "fakes iptables-save": notebook(replacing("iptables-save")),
    "never ends": notebook("%%netlab\n$ sleep 1000"),
}


def marks(folder: Path, notebooks: dict[str, str], engine: str) -> dict[str, Submission]:
    """What notebooks are worth, by their students."""
    handed_in = []
    for student, text in notebooks.items():
        file = folder / f"{student}.ipynb"
        file.write_text(text)
        handed_in.append(Submission(str(file), student, SEED))
    return {one.student: one for one in grade(Task(TASK, "one-way", engine, answer_seconds=3), handed_in, jobs=2)}


def test_a_right_answer_gets_all_points_and_no_cheat_any(tmp_path: Path):
    found = marks(tmp_path, {"right": RIGHT, **CHEATS}, "simulated")
    right = found.pop("right").graded
    assert right.points == right.maximum == 2
    assert {student: one.graded.points for student, one in found.items()} == dict.fromkeys(CHEATS, 0)
    assert all(one.graded.maximum == 2 for one in found.values())


@pytest.mark.kernel
def test_on_the_kernel_in_a_box(tmp_path: Path):
    outside = tmp_path / "written by a student"
    writes = notebook(f"%%netlab\n$ echo x > '{outside}'")
    found = marks(tmp_path, {"right": RIGHT, **ON_THE_KERNEL, "writes": writes}, "kernel")
    right = found.pop("right").graded
    assert right.points == right.maximum == 2, right
    assert {student: one.graded.points for student, one in found.items()} == dict.fromkeys([*ON_THE_KERNEL, "writes"], 0)
    assert not outside.exists(), "the machine can only be read in the box"
    told = {student: [note.text for note in one.graded.notes] for student, one in found.items()}
    assert any("stopped after" in text for text in told["never stops writing"])


@pytest.mark.kernel
@pytest.mark.long("more ways to cheat, on the kernel")
def test_more_cheats_on_the_kernel(tmp_path: Path):
    found = marks(tmp_path, MORE_ON_THE_KERNEL, "kernel")
    assert {student: one.graded.points for student, one in found.items()} == dict.fromkeys(MORE_ON_THE_KERNEL, 0)
    assert any("stopped after" in note.text for note in found["never ends"].graded.notes)


class TestAnswers:
    def test_with_tags_only_those_cells_count(self):
        answers, _ = answers_in(notebook("%%netlab\nping a b", "%%netlab\nping c d", tags={1: ["answer"]}).encode())
        assert [answer.text for answer in answers] == ["ping c d"]

    def test_line_magics_and_shells(self):
        answers, notes = answers_in(notebook("%netlab ping a b\nprint(1)", "%%netlab sh ns1\nip addr", "%%netlab --lab two\nx").encode())
        assert [(answer.text, answer.shell, answer.namespace) for answer in answers] == [("ping a b", False, ""), ("ip addr", True, "ns1")]
        assert [note.values for note in notes] == [("3", "%%netlab --lab two")]

    def test_values_of_python_are_named(self):
        _, notes = answers_in(notebook("%%netlab\nping {source} b\nrule -t inet:f c tcp dport { 80 } accept").encode())
        assert [note.values for note in notes] == [("1", "{source}")]

    @pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": 1}', '{"cells": [1]}', "\x00\xff"])
    def test_what_is_no_notebook_is_one_sentence(self, tmp_path: Path, text: str):
        (tmp_path / "x.ipynb").write_text(text)
        (found,) = grade(Task(TASK, "one-way", "simulated"), [Submission(str(tmp_path / "x.ipynb"), "x")])
        assert found.graded.points == 0
        assert found.graded.notes[0].values == ("this is not a notebook",)


def test_a_cell_of_a_table_is_no_formula():
    (row,) = list(csv.reader(table([Submission("x.ipynb", "=cmd()")], "en").splitlines()))[1:]
    assert row[0] == "'=cmd()"


class TestTheCommand:
    def test_marks_and_pages(self, tmp_path: Path):
        for student, text in (("ann", RIGHT), ("bob", CHEATS["opens everything"])):
            (tmp_path / f"{student}.ipynb").write_text(text)
        (tmp_path / "seeds.csv").write_text(f"student,seed\nann,{SEED}\nbob,9\n")
        words = ["--task", "one-way", "--engine", "simulated", "--seeds", tmp_path / "seeds.csv"]
        words += ["--out", tmp_path / "g.csv", "--report", tmp_path / "pages"]
        done = netlab("grade", tmp_path / "ann.ipynb", tmp_path / "bob.ipynb", *words)
        assert done.returncode == 0, done.stderr
        assert "2/2" in done.stderr
        rows = {row["student"]: row for row in csv.DictReader((tmp_path / "g.csv").read_text().splitlines())}
        assert (rows["ann"]["points"], rows["ann"]["maximum"], rows["ann"]["missing"]) == ("2", "2", "")
        assert (rows["bob"]["points"], rows["bob"]["seed"]) == ("0", "9")
        assert "must not get through, and does" in (tmp_path / "pages/bob.html").read_text()

    def test_a_task_that_is_not_there(self, tmp_path: Path):
        (tmp_path / "a.ipynb").write_text(RIGHT)
        done = netlab("grade", tmp_path / "a.ipynb", "--task", "one-wai")
        assert done.returncode == 2
        assert "did you mean one-way" in done.stderr


def test_nothing_of_a_notebook_runs_as_python():
    program = "import sys; import netlab_magic.teaching.grading.replay; print('IPython' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "False\n"
