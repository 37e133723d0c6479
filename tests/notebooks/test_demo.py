"""The demo: it prints the story as it happens, and leaves one page, which fetches nothing, and nothing else."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest

from netlab_magic.errors import LabUnavailable
from netlab_magic.jupyter import demo

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "netlab_magic.jupyter.demo", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "110", **environment},  # lines are cut at the terminal's width
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )


class Fetched(HTMLParser):
    """Collects what a browser would fetch by itself when it opens a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "srcset", "data", "poster") or (tag == "link" and name == "href"):
                self.addresses.append(f"<{tag} {name}={str(value)[:60]}>" if not str(value).startswith("data:") else "")
        self.addresses = [address for address in self.addresses if address]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path, Path]:
    """A whole run of the demo as a new user would see it: how it ended, its report, and that user's home."""
    home = tmp_path_factory.mktemp("home")
    report = tmp_path_factory.mktemp("report") / "page.html"
    return run("--output", str(report), HOME=str(home), TMPDIR=str(home)), report, home


@pytest.mark.kernel
class TestARun:
    def test_it_tells_the_story_in_order(self, done):
        ended, report, _ = done
        assert ended.returncode == 0, ended.stderr
        story = [
            "2. ACCEPT",
            "✓ ns1 → ns0",
            "+ policy FORWARD DROP",
            "100% packet loss",
            "✕ ns1 → ns0: blocked, as expected",
            "$ sudo iptables -t filter -A FORWARD -i docker1 -o docker1 -j ACCEPT",
            "$ sudo iptables -t filter -A FORWARD -i docker1 ! -o docker1 -j ACCEPT",
            "✕ ns1 → internet: blocked, as expected",
            "$ sudo iptables -t filter -A FORWARD -o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            "✓ ns1 → internet",
            report.as_uri(),
        ]
        at = 0
        for part in story:
            at = ended.stdout.find(part, at)
            assert at >= 0, f"{part} is missing, or comes too early, in:\n{ended.stdout}"

    def test_nothing_is_written_to_the_terminal_but_the_story(self, done):
        ended, _, _ = done
        assert ended.stderr == ""
        assert max(map(len, ended.stdout.splitlines()[3:-2])) <= 110

    def test_the_page_fetches_nothing(self, done):
        page = done[1].read_text()
        assert Fetched(page).addresses == []
        assert not re.findall(r"@import|url\(\s*['\"]?https?:|\bimport\(|fetch\(", page)

    def test_the_page_shows_what_the_cells_gave_and_the_panels_picture(self, done):
        page = done[1].read_text()
        last = page[page.index("11. The switch") :]
        assert "flows are answered." in last
        assert 'aria-labelledby="nl' in last
        assert "widget-view" not in page
        assert "100% packet loss" in page
        assert page.count("<details>") >= 5

    def test_nothing_else_is_left(self, done):
        _, _, home = done
        assert [str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()] == []

    @pytest.mark.long("the demo with a mistake put in")
    def test_a_wrong_claim_ends_it_with_its_sentence_and_a_report(self, tmp_path, monkeypatch, capsys):
        notebook = nbformat.read(demo.NOTEBOOK, as_version=4)
        build = next(at for at, cell in enumerate(notebook.cells) if cell.id == "build")
        notebook.cells[build].source += "\nexpect ns1 ns0 blocked"
        monkeypatch.setattr(demo, "NOTEBOOK", tmp_path / "wrong.ipynb")
        nbformat.write(notebook, demo.NOTEBOOK)
        assert demo.main(["--output", str(tmp_path / "page.html")]) == 1
        told = capsys.readouterr()
        assert "ns1 → ns0 was expected to be blocked but is answered" in told.err
        assert (tmp_path / "page.html").exists()


TestARun = pytest.mark.filterwarnings("ignore")(TestARun)  # Jupyter's own packages warn about their next versions


class TestWhereItCannotRun:
    def test_no_lab_is_one_sentence_and_status_1(self, monkeypatch, capsys, tmp_path):
        def refuse(*_: object) -> None:
            raise LabUnavailable("no lab can be created here (user namespace: refused)")

        monkeypatch.setattr("netlab_magic.session.network.open_engine", refuse)
        monkeypatch.setattr("netlab_magic.session.lifecycle.examine", list)
        assert demo.main(["--output", str(tmp_path / "page.html")]) == 1
        told = capsys.readouterr()
        assert told.err.startswith("netlab demo: no lab can be created here")
        assert not (tmp_path / "page.html").exists()

    def test_no_notebook_is_one_sentence_and_status_1(self, monkeypatch, capsys, tmp_path):
        monkeypatch.setattr(demo, "NOTEBOOK", tmp_path / "missing.ipynb")
        assert demo.main([]) == 1
        assert "copy of the project's sources" in capsys.readouterr().err

    def test_a_report_that_cannot_be_written_costs_no_run(self, capsys, tmp_path):
        (tmp_path / "file").write_text("")
        assert demo.main(["--output", str(tmp_path / "file/page.html")]) == 1
        assert "--output FILE" in capsys.readouterr().err

    def test_help_says_what_stays(self, capsys):
        with pytest.raises(SystemExit, match="0"):
            demo.main(["--help"])
        assert "the only thing that stays" in " ".join(capsys.readouterr().out.split())


def test_headings_wait_for_something_to_tell():
    story = demo.Story()
    heading, empty, cell = (
        nbformat.v4.new_markdown_cell("## Heading\ntext"),
        nbformat.v4.new_markdown_cell("## Nothing happens here"),
        nbformat.v4.new_code_cell("%%netlab\nsudo ping -c 1 10.0.0.1 || echo failed\nexpect a b ok"),
    )
    cell.outputs = [nbformat.v4.new_output("execute_result", {"text/plain": "+ bridge b: new bridge b\n✓ a → b: answered (why)"})]
    told = [line for each in (empty, heading, cell) for line in [*story.begin(each), *story.end(each)]]
    assert told == ["\nHeading", "  $ sudo ping -c 1 10.0.0.1", "  + bridge b", "  ✓ a → b: answered"]
