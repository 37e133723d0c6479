"""What programs may rely on: the names that `netlab_magic` exports, and those that README and CHANGELOG once promised."""

import ast
import inspect
import re
import subprocess
import sys
from functools import cached_property
from pathlib import Path

import pytest

import netlab_magic

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "the lab": {"Lab", "load_ipython_extension", "unload_ipython_extension"},
    "results": {
        *("Asked", "CellResult", "Changed", "Compared", "Explained", "FlowsCompared", "MatrixResult", "Measured", "Picture", "Predicted"),
        *("NftListing", "Ran", "Result", "Status", "Text", "Tracked", "Why", "Captured", "Checked"),
    },
    "what results hold": {
        *("Account", "BlockDiff", "Case", "ChainDiff", "ChainExplanation", "Difference", "Direction", "DropCause", "Event", "Explanation"),
        *("CapturedPacket", "Criterion", "Fix", "FlowChange", "Hop", "HookReport", "Sighting"),
        *("KernelTrace", "Outcome", "PacketPath", "PathStep", "Prediction", "Probe", "Remedy", "ReportEvent", "RuleDiff", "RulePosition"),
        *("TableExplanation", "Trace", "TracedHop", "Verdict"),
    },
    "errors": {
        *("CommandFailed", "ExpectationFailed", "Interrupted", "KernelRefused", "LabUnavailable", "NetlabError", "Place"),
        "StatementError",
    },
    "rulesets": {"apply", "converse", "diff", "explain", "invert", "listing", "parse", "walk"},
    "what rulesets are made of": {
        *("Chain", "Conversation", "Device", "Host", "HostTrace", "Packet", "Rule", "RuleVisit", "RulesChange", "Ruleset", "Table"),
    },
}

ATTRIBUTES = {
    "Asked": {"question", "truth"},
    "Captured": {"language", "missed", "packets", "picture", "places", "sightings", "silent_bridges", "simulated", "written"},
    "CellResult": {"results"},
    "Checked": {"criteria", "explanation", "language", "maximum", "passed", "points"},
    "Changed": {"changed", "commands", "sentence", "statement"},
    "Compared": {"after", "before", "blocks", "chains", "changed", "commands", "comparison", "network"},
    "Explained": {"explanation", "language", "sentences"},
    "FlowsCompared": {"after", "before", "changes", "count", "is_measured"},
    "MatrixResult": {"by_family", "differing", "outcomes", "pairs", "predicted", "sources", "targets"},
    "Measured": {"expected", "milliseconds", "outcome", "verdict", "why"},
    "NftListing": {"ruleset", "tables", "text"},
    "Predicted": {"outcome", "reachable", "right", "sentence", "truth"},
    "Ran": {"command", "output", "status"},
    "Status": {"assumptions", "firewall", "not_understood", "text", "way"},
    "Text": {"text"},
    "Tracked": {"causes", "hops", "language", "outcome", "simulated", "traced"},
    "Why": {
        *("account", "assumptions", "case", "differences", "ends", "language", "measured", "outcome", "packet_path", "pictures"),
        *("remedies", "sentences", "settled_by", "steps", "unknown", "verdict"),
    },
}
"""What each kind of result knows."""

EARLIER = [
    "from netlab_magic.savefile import parse",
    "from netlab_magic.difference import diff, apply, invert",
    "from netlab_magic.explain import explain_chain",
    "from netlab_magic.listing import listing",
    "from netlab_magic.walk import walk, converse",
]
FUNCTIONS = "from netlab_magic import parse, diff, explain, listing, walk"


def run(program: str) -> str:
    """What a program prints that a fresh interpreter runs."""
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT).stdout.strip()


def test_the_exported_names():
    assert set(netlab_magic.__all__) == set().union(*PUBLIC.values())


def test_every_exported_name_is_there_and_documented():
    assert not [name for name in netlab_magic.__all__ if name != "RulesChange" and not inspect.getdoc(getattr(netlab_magic, name))]
    assert set(netlab_magic.__all__) <= set(dir(netlab_magic))


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(netlab_magic.__file__).read_text())
    told = next(node for node in tree.body if isinstance(node, ast.If))
    modules = {alias.name: node.module for node in told.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert modules.pop("InteractiveShell")
    assert modules == {name: f"netlab_magic.{module}" for name, module in netlab_magic._HOMES.items()}


def test_every_error_of_the_tree_is_exported():
    def kinds(error: type) -> set[str]:
        return {error.__name__}.union(*(kinds(kind) for kind in error.__subclasses__() if kind.__module__ == "netlab_magic.errors"))

    assert kinds(netlab_magic.NetlabError) | {"Place"} == PUBLIC["errors"]


def attributes_of(result: type) -> set[str]:
    """The public attributes of a class: those under `Attributes:` in its docstring, and properties with a docstring of their own."""
    listed = re.findall(r"^    (\w+): ", inspect.getdoc(result).partition("Attributes:\n")[2], re.MULTILINE)
    descriptors = {name: held for name, held in vars(result).items() if isinstance(held, property | cached_property)}
    assert not [name for name, held in descriptors.items() if not name.startswith("_") and not held.__doc__]
    return {*listed, *(name for name in descriptors if not name.startswith("_"))}


def test_every_result_says_what_it_knows():
    kinds = PUBLIC["results"] - {"Result", "Picture"}
    assert {name: attributes_of(getattr(netlab_magic, name)) for name in kinds} == ATTRIBUTES


def test_results_have_no_other_attributes():
    with netlab_magic.Lab(engine="simulated") as lab:
        cell = """
            bridge docker1 172.18.0.1/16
            ns ns0 172.18.0.2/16 on docker1
            ns ns1 172.18.0.3/16 on docker1
            internet
            capture docker1
            ping ns1 ns0
            matrix
            check ns1 ns0 ok
            trace ns1 ns0
            why ns1 ns0
            why ns1 ns0 --predict
            predict ns1 ns0 ok
            explain FORWARD
            diff
            diff --flows
            status
            show save
            show nft
            $ iptables -L -n
        """
        found = [*lab.run(cell), netlab_magic.CellResult(())]
    named = {type(result).__name__: {name for name in vars(result) if not name.startswith("_")} for result in found}
    assert set(named) == set(ATTRIBUTES)
    assert not {name: held - ATTRIBUTES[name] - {"_html"} for name, held in named.items() if held - ATTRIBUTES[name]}


def test_the_programs_of_the_api_page_run():
    for program in re.findall(r"^```python\n(.*?)^```", (ROOT / "docs/api.md").read_text(), re.DOTALL | re.MULTILINE):
        exec(compile(program, "docs/api.md", "exec"), {})  # noqa: S102 - the project's own lines


def test_the_api_page_names_what_results_know():
    rows = re.findall(r"^\| .* \| `(\w+)`.* \| (.*) \|$", (ROOT / "docs/api.md").read_text(), re.MULTILINE)
    told = {name: set(re.findall(r"`(\w+)`", words)) for name, words in rows if name in ATTRIBUTES}
    assert {name: held - ATTRIBUTES[name] for name, held in told.items()} == {name: set() for name in ATTRIBUTES if name != "Text"}


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'Labb'"):
        _ = netlab_magic.Labb
    with pytest.raises(ImportError):
        from netlab_magic import nothing_of_the_kind  # noqa: F401


@pytest.mark.parametrize("statement", EARLIER)
def test_what_was_promised_once_can_be_imported(statement):
    assert run(f"{statement}\nprint('there')") == "there"


@pytest.mark.parametrize("order", [[*EARLIER, FUNCTIONS], [FUNCTIONS, *EARLIER, FUNCTIONS]], ids=["earlier names first", "functions first"])
def test_a_function_can_be_called_whatever_was_imported_before(order):
    """`explain`, `listing` and `walk` are modules too."""
    program = """
rules = parse("*filter\\n:FORWARD ACCEPT [0:0]\\nCOMMIT\\n")
sent = netlab_magic.Packet("10.0.0.1", "10.0.0.2", output="eth0")
print(explain(rules, "filter", "FORWARD").chain, listing(rules).split()[1], walk(sent, rules).outcome)
print(netlab_magic.explain(rules, "filter").table)
"""
    assert run("\n".join(["import netlab_magic", *order, program])) == "FORWARD FORWARD sent\nfilter"
