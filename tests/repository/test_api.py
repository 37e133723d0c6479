"""What programs may rely on: the names that `netlab_magic` exports, and those that README and CHANGELOG once promised."""

import ast
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import netlab_magic

ROOT = Path(__file__).parents[2]

PUBLIC = {
    "the lab": {"Lab", "load_ipython_extension", "unload_ipython_extension"},
    "results": {
        *("Asked", "CellResult", "Changed", "Compared", "Explained", "FlowsCompared", "MatrixResult", "Measured", "Picture", "Predicted"),
        *("Ran", "Result", "Text", "Tracked", "Why"),
    },
    "what results hold": {"Fix", "FlowChange", "Outcome", "Probe", "Remedy", "Verdict"},
    "errors": {
        *("CommandFailed", "ExpectationFailed", "Interrupted", "KernelRefused", "LabUnavailable", "NetlabError", "Place"),
        "StatementError",
    },
    "rulesets": {"apply", "converse", "diff", "explain", "invert", "listing", "parse", "walk"},
    "what rulesets are made of": {
        *("Chain", "ChainExplanation", "Conversation", "Device", "Explanation", "Host", "HostTrace", "Packet", "Rule", "RuleVisit"),
        *("RulesChange", "Ruleset", "Table", "TableExplanation"),
    },
}

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
