"""The magics in a real IPython shell: cells, lines, options, errors, completion, loading and unloading."""


import nbclient
import nbformat
import pytest
from IPython.core.completer import provisionalcompleter
from IPython.core.interactiveshell import InteractiveShell
from support.labs import SEED
from support.shell import run

from netlab_magic.session.results.base import CellResult, Changed
from netlab_magic.session.results.base import Ran as RanResult
from netlab_magic.session.results.probe import Measured


def test_loading_needs_nothing_heavy_and_twice_is_once(shell: InteractiveShell) -> None:
    before = len(shell.configurables)
    shell.run_line_magic("reload_ext", "netlab_magic")
    shell.run_line_magic("load_ext", "netlab_magic")
    assert len(shell.configurables) == before


def test_unloading_takes_everything_back(capsys: pytest.CaptureFixture[str]) -> None:
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(history_load_length=0)
    shell.history_manager.enabled = False  # type: ignore[union-attr]
    matchers = len(shell.Completer.custom_matchers)
    shell.run_line_magic("load_ext", "netlab_magic")
    shell.run_line_magic("unload_ext", "netlab_magic")
    assert len(shell.Completer.custom_matchers) == matchers
    assert not [held for held in shell.configurables if type(held).__name__ == "NetlabMagics"]
    assert shell.find_cell_magic("netlab") is None
    assert shell.find_line_magic("netlab") is None
    assert capsys.readouterr().out == ""
    shell.history_manager.end_session()  # type: ignore[union-attr]
    InteractiveShell.clear_instance()


@pytest.mark.kernel
def test_a_cell_returns_its_results_and_a_line_its_result(shell: InteractiveShell) -> None:
    result = run(shell, f"%%netlab\n{SEED}\nping ns1 ns0")
    assert isinstance(result, CellResult)
    assert len(result) == 6
    assert result
    run(shell, "answer = %netlab ping ns1 ns0")
    assert isinstance(shell.user_ns["answer"], Measured)
    assert isinstance(run(shell, "%netlab policy FORWARD DROP"), Changed)
    run(shell, "output = %netlab $ echo hello")
    assert isinstance(shell.user_ns["output"], RanResult)
    assert shell.user_ns["output"].output == "hello\n"


@pytest.mark.kernel
def test_a_result_has_a_text_and_html_in_which_everything_is_escaped(shell: InteractiveShell) -> None:
    run(shell, f"%%netlab\n{SEED}")
    result = run(shell, '%netlab forward -m comment --comment "<script>alert(1)</script>" -j ACCEPT')
    bundle = result._repr_mimebundle_()
    assert "<script>" in bundle["text/plain"]
    assert "<script>" not in bundle["text/html"]
    assert "&lt;script&gt;" in bundle["text/html"]


@pytest.mark.kernel
def test_statements_and_output_of_commands_appear_in_order(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, "%%netlab\nbridge b1\n$ echo between\nbridge b2\n")
    out = capsys.readouterr().out
    assert out.index("bridge b1") < out.index("between") < out.index("bridge b2")
    assert out.count("new bridge b1") == 1


@pytest.mark.kernel
def test_variables_of_the_notebook_are_expanded_in_statements(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    shell.user_ns.update(name="br7", number=7)
    run(shell, "%%netlab\nbridge {name} 10.{number}.0.1/24\n$ echo {name}\n")
    assert "bridge br7 10.7.0.1/24" in capsys.readouterr().out
    assert "already so" in str(run(shell, "%netlab bridge $name"))


@pytest.mark.kernel
def test_sh_runs_a_cell_in_the_host_or_a_namespace(shell: InteractiveShell, capsys: pytest.CaptureFixture[str]) -> None:
    run(shell, f"%%netlab\n{SEED}")
    run(shell, "%%netlab sh\nfor i in 1 2; do\n  echo $i\ndone")
    run(shell, "%%netlab sh ns1\nip -br addr show eth0")
    out = capsys.readouterr().out
    assert "1\n2\n" in out
    assert "172.18.0.3/16" in out


@pytest.mark.kernel
def test_labs_side_by_side(shell: InteractiveShell) -> None:
    run(shell, "%%netlab --lab one --firewall legacy\nbridge docker1 172.18.0.1/16\npolicy FORWARD DROP")
    run(shell, "%%netlab --lab two --firewall nft\nbridge docker1 172.18.0.1/16")
    assert "legacy" in str(run(shell, "%netlab --lab one status"))
    assert "FORWARD policy ACCEPT" in str(run(shell, "%netlab --lab two status"))
    with pytest.raises(ValueError, match="the lab one is up with the legacy variant"):
        run(shell, "%netlab --lab one --firewall nft status")


@pytest.mark.kernel
def test_options(shell: InteractiveShell) -> None:
    assert "ip link add b type bridge" in str(run(shell, "%netlab --dry-run bridge b"))
    assert "ip link add b type bridge" in str(run(shell, "%netlab --commands bridge b"))
    assert run(shell, "%%netlab --quiet\nbridge c\nbridge d\n") is None
    shell.run_line_magic("config", "NetlabMagics.commands = True")
    assert "ip link add e type bridge" in str(run(shell, "%netlab bridge e"))


MISTAKES = [
    ("%%netlab\nbridgee x", "did you mean bridge? (a shell command starts with $)\n  line 1: bridgee x\n          ^^^^^^^"),
    ("%netlab --lba x status", "unrecognized arguments: --lba; did you mean --lab?"),
    ("%netlab --firewall pf status", "invalid choice: 'pf'"),
    ("%netlab --lab a/b status", "a/b cannot name a lab"),
    ("%%netlab shh\nls", "takes options or sh [NS]"),
]


@pytest.mark.parametrize(("cell", "sentence"), MISTAKES, ids=[cell for cell, _ in MISTAKES])
def test_mistakes_are_sentences_without_a_traceback(
    shell: InteractiveShell, capsys: pytest.CaptureFixture[str], cell: str, sentence: str
) -> None:
    done = shell.run_cell(cell, store_history=False)
    assert not done.success
    shown = capsys.readouterr()
    assert sentence in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err


COMPLETIONS = [
    ("%%netlab\nbri", ["bridge"]),
    ("%%netlab\nping ns1 n", ["ns0", "ns1"]),
    ("%%netlab\nns x 172.18.0.9/16 on ", ["docker1"]),
    ("%%netlab\nns x 172.18.0.9/16 on docker1 via ", ["172.18.0.1"]),
    ("%%netlab\npolicy FORWARD ", ["ACCEPT", "DROP"]),
    ("%%netlab\nforward -i dock", ["docker1"]),
    ("%%netlab\nforward -m connt", ["conntrack"]),
    ("%%netlab\nforward -m conntrack --ctst", ["--ctstate", "--ctstatus"]),
    ("%%netlab\nforward -m conntrack --ctstate RELATED,E", ["RELATED,ESTABLISHED"]),
    ("%%netlab\nrule -t nat POSTROUTING -j MASQ", ["MASQUERADE"]),
    ("%%netlab\ndocker install --version 28.", [f"28.{minor}" for minor in range(6)]),
    ("%%netlab\ndocker network create n --gateway-mode nat", ["nat", "nat-unprotected"]),
    ("%%netlab\nrule -t nat PRE", ["PREROUTING"]),
    ("%netlab show to", ["topology"]),
    ("%netlab --lab lab show to", ["topology"]),
    ("%%netlab\nexpect ns1 ns0 ", ["-4", "-6", "blocked", "ok"]),
    ("%%netlab\ndelete veth-ns0 doc", ["docker1"]),
    ("%%netlab\nhelp brid", ["bridge"]),
    ("%netlab --fire", ["--firewall"]),
]


@pytest.mark.kernel
def test_tab_completes_statements_names_and_options(shell: InteractiveShell) -> None:
    run(shell, f"%%netlab\n{SEED}")
    for text, expected in COMPLETIONS:
        with provisionalcompleter():
            found = [completion.text for completion in shell.Completer.completions(text, len(text))]
        assert found == expected, text


def test_tab_outside_of_our_cells_is_left_alone_and_starts_no_lab(shell: InteractiveShell) -> None:
    with provisionalcompleter():
        assert "import" in [completion.text for completion in shell.Completer.completions("impor", 5)]
        assert [completion.text for completion in shell.Completer.completions("%%netlab\nbri", 12)] == ["bridge"]
    assert shell.magics_manager.registry["NetlabMagics"].labs == {}


NOTEBOOK_FAILURES = [
    ("%%netlab\nbridgee x", "StatementError"),
    ("%%netlab\nbridge b 10.0.0.1/24\nexpect host 10.0.0.1 blocked", "ExpectationFailed"),
    ("%%netlab\n$ exit 3", "CommandFailed"),
]


@pytest.mark.kernel
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize(("cell", "name"), NOTEBOOK_FAILURES, ids=[name for _, name in NOTEBOOK_FAILURES])
def test_run_all_stops_at_a_failing_cell_with_one_sentence(cell: str, name: str) -> None:
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in ("%load_ext netlab_magic", cell, "print('never')")]
    with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
        nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    assert caught.value.ename == name
    [error] = [output for output in notebook.cells[1].outputs if output.output_type == "error"]
    assert "Traceback" not in "\n".join(error.traceback)
    assert notebook.cells[2].outputs == []
