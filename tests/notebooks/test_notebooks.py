"""The notebooks: they run top to bottom as a reader would run them, and what they claim is checked by the cells themselves."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from lessons.running import executed
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*/*.ipynb"))
CHAPTER = ROOT / "notebooks/en/05-forward-policy.ipynb"
DOCKER_VERSIONS = ROOT / "notebooks/en/07-docker-versions.ipynb"

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
# Jupyter's own packages warn about their next versions, and leave closing their sockets to the garbage collector.
may_warn = pytest.mark.filterwarnings("ignore")

THREE_RULES = (
    "-i docker1 -o docker1 -j ACCEPT",
    "-i docker1 ! -o docker1 -j ACCEPT",
    "-o docker1 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
)
RULE_CELLS = ("rule-1-add", "rule-2-add", "rule-3-add")
DOCKERS_SIX = (
    "-j DOCKER-USER",
    "-j DOCKER-ISOLATION-STAGE-1",
    "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    "-o docker0 -j DOCKER",
    "-i docker0 ! -o docker0 -j ACCEPT",
    "-i docker0 -o docker0 -j ACCEPT",
)
FROM_THE_TUTORIAL = (
    "sudo ip netns exec ns1 ping -c 1 172.18.0.2",
    "sudo ip netns exec ns1 ping -c 1 8.8.8.8",
    "sudo iptables -t filter -nvL --line-numbers",
    "sudo iptables-save -t filter",
    *(f"sudo iptables -t filter -A FORWARD {rule}" for rule in THREE_RULES),
)


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def code_of(notebook: Any) -> dict[str, str]:
    return {cell.id: cell.source for cell in notebook.cells if cell.cell_type == "code"}


def run(notebook: Any, firewall: str) -> Any:
    return executed(notebook, "en", firewall)


def text_of(notebook: Any, cell_id: str) -> str:
    """All that a cell printed and gave, as text."""
    cell = next(cell for cell in notebook.cells if cell.id == cell_id)
    return "\n".join(output.get("text", "") or output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def test_there_are_notebooks():
    assert {CHAPTER, DOCKER_VERSIONS} <= set(NOTEBOOKS)


@every_notebook
class TestEachNotebook:
    def test_it_is_valid_and_has_ids_that_stay(self, path):
        notebook = read(path)
        nbformat.validate(notebook)
        assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        ids = [cell.id for cell in notebook.cells]
        assert len(set(ids)) == len(ids)
        made_by_a_program = [each for each in ids if re.fullmatch(r"[0-9a-f]{8}", each)]
        assert not made_by_a_program, "give each cell a name that says what it is"

    def test_it_opens_with_the_python_kernel(self, path):
        assert read(path).metadata.kernelspec.name == "python3"

    def test_it_checks_its_own_claims(self, path):
        code = code_of(read(path))
        assert not code or re.search(r"^expect \S+ \S+ (ok|blocked)$", "\n".join(code.values()), re.MULTILINE)

    def test_every_answer_can_be_folded(self, path):
        for cell in read(path).cells:
            assert cell.source.count("<details>") == cell.source.count("</details>")


class TestTheChapter:
    def test_the_commands_of_the_tutorial_are_there_unchanged(self):
        lines = [line.partition(" || ")[0] for source in code_of(read(CHAPTER)).values() for line in source.splitlines()]
        assert not [command for command in FROM_THE_TUTORIAL if command not in lines]

    def test_every_change_is_followed_by_a_claim(self):
        sources = list(code_of(read(CHAPTER)).values())
        for at, source in enumerate(sources):
            if re.search(r"^(policy|forward (?!-i docker1 -o)|sudo iptables.* -[AP] .*docker1|%netlab policy)", source, re.MULTILINE):
                assert any("expect " in later for later in sources[at : at + 3]), source

    @may_warn
    @pytest.mark.kernel
    @pytest.mark.parametrize("firewall", ["legacy", "nft"])
    def test_it_runs(self, firewall):
        done = run(read(CHAPTER), firewall)
        assert f"firewall variant {firewall}" in text_of(done, "up")
        assert "ttl=64" in text_of(done, "accept-pings")
        assert "ttl=63" in text_of(done, "accept-pings")
        assert text_of(done, "drop-pings").count("100% packet loss") == 2
        assert "policy ACCEPT 0 packets" in text_of(done, "docker-before")
        assert "chain FORWARD: policy ACCEPT → DROP" in text_of(done, "docker-diff")
        rules = text_of(done, "docker-diff").partition("(ip6tables)")[0]
        assert [rules.count(f"    +       {number}  {rule}\n") for number, rule in enumerate(DOCKERS_SIX, 1)] == [1] * 6
        assert "going into that network, towards its containers, not out of the host" in text_of(done, "docker-explain-4")
        met = re.findall(r"^ +(\d) +(\d+)  [→✓]", text_of(done, "docker-traffic").partition("\n\n")[0], re.MULTILINE)
        assert [number for number, packets in met if int(packets)] == list("123456"), "the counters that the text speaks of"
        assert "0% packet loss" in text_of(done, "rule-1-add")
        assert re.search(r"2 +2 +✓ ACCEPT .*\n +2 +✕ DROP", text_of(done, "rule-2-add")), "the counters that the text speaks of"
        assert "already so" in text_of(done, "rule-1-already")
        panel = next(cell for cell in done.cells if cell.id == "panel").outputs
        assert {"image/svg+xml", "text/plain"} <= {kind for output in panel for kind in output.data}, "the panel leaves a picture"

    @pytest.mark.long("notebooks with a mistake put in")
    @may_warn
    @pytest.mark.kernel
    @pytest.mark.parametrize(("cell_id", "rule"), list(zip(RULE_CELLS, THREE_RULES, strict=True)))
    def test_it_stops_when_a_rule_is_missing(self, cell_id, rule):
        notebook = read(CHAPTER)
        cell = next(cell for cell in notebook.cells if cell.id == cell_id)
        cell.source = "\n".join(line for line in cell.source.splitlines() if not line.endswith(rule))
        for each in notebook.cells:  # the ten seconds that a ping waits for its answer teach nothing here
            each.source = each.source.replace("ping -c 1 ", "ping -c 1 -W 1 ")
        with pytest.raises(CellExecutionError, match=r"ExpectationFailed|CommandFailed"):
            run(notebook, "auto")


class TestDockerVersions:
    @pytest.mark.parametrize("cell_id", ["host-28", "host-29", "nft-host"])
    def test_every_release_gets_the_same_host(self, cell_id):
        """All statements of the host with 27, without the words that name the release."""
        built = code_of(read(DOCKER_VERSIONS))
        lines = [line for line in built["host-27"].splitlines() if "%" not in line and "27" not in line]
        assert len(lines) > 5
        assert [line for line in lines if line not in built[cell_id].splitlines()] == []

    @may_warn
    @pytest.mark.kernel
    @pytest.mark.parametrize("firewall", ["legacy", "nft"])
    def test_it_runs(self, firewall):
        done = run(read(DOCKER_VERSIONS), firewall)
        assert "    +       1  ! -i docker0 -o docker0 -j DROP" in text_of(done, "diff-27-28"), "the answer to the question of part 2"
        assert "chain DOCKER-ISOLATION-STAGE-1: gone" in text_of(done, "diff-28-29")
        assert text_of(done, "who-drops").count("2 packets with 120 bytes have matched it so far.") == 2, "the rules that the text blames"
        assert "One packet of 60 bytes has matched it so far." in text_of(done, "direct-27")
        assert "DNAT --to-destination 172.18.0.2:80" in text_of(done, "way-29")
        assert "/* UNPUBLISHED PORT DROP */" in text_of(done, "nft-traffic")

    @pytest.mark.long("notebooks with a mistake put in")
    @may_warn
    @pytest.mark.kernel
    @pytest.mark.parametrize(("cell_id", "release"), [("host-27", "28"), ("host-28", "27"), ("host-29", "27")])
    def test_it_stops_when_a_host_has_another_release(self, cell_id, release):
        notebook = read(DOCKER_VERSIONS)
        cell = next(cell for cell in notebook.cells if cell.id == cell_id)
        cell.source = re.sub(r"--version \d+", f"--version {release}", cell.source)
        with pytest.raises(CellExecutionError, match=r"ExpectationFailed|StatementError"):
            run(notebook, "auto")


class TestTheReadme:
    """What the README shows works as it stands there."""

    README = (ROOT / "README.md").read_text()

    def test_its_links_and_pictures_exist(self):
        names = re.findall(r"\]\((?!https?:)([^)#]+)\)|src(?:set)?=\"(?!https?:)([^\"]+)\"", self.README)
        assert names
        assert not [name for pair in names for name in pair if name and not (ROOT / name).exists()]

    @pytest.mark.kernel
    def test_its_cells_run(self, tmp_path, monkeypatch):
        from netlab_magic import Lab

        monkeypatch.chdir(tmp_path)
        cells = re.findall(r"```text\n%%netlab\n(.*?)```", self.README, re.DOTALL)
        assert len(cells) >= 3
        with Lab() as lab:
            for cell in cells:
                lab.run(cell)

    @pytest.mark.kernel
    def test_its_python_runs(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        for script in re.findall(r"```python\n(.*?)```", self.README, re.DOTALL):
            exec(compile(script, "README.md", "exec"), {})  # noqa: S102 - the project's own lines
