"""netlab_magic: learn, teach and debug Linux container networking in a notebook, on the real kernel.

In a notebook: `%load_ext netlab_magic`, then `%%netlab` cells. In Python, import from here; what `__all__` does not list is private and may
change. docs/api.md shows how the parts are used:

- `Lab`: a lab, with a method for every statement.
- What statements return, each a `Result` or a `Picture`, and the values that results hold.
- `NetlabError` and its kinds, the errors that are raised on purpose.
- Rulesets as values: `parse`, `diff`, `explain`, `listing` and `walk`, and what they work on.

Nothing of the package is imported before it is used, so that `%load_ext` is fast.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from netlab_magic.diagnosis.case import Case
    from netlab_magic.diagnosis.compare import Difference
    from netlab_magic.diagnosis.remedies import Fix, Remedy
    from netlab_magic.diagnosis.summary import Account
    from netlab_magic.draw import Picture
    from netlab_magic.errors import (
        CommandFailed,
        ExpectationFailed,
        Interrupted,
        KernelRefused,
        LabUnavailable,
        NetlabError,
        Place,
        StatementError,
    )
    from netlab_magic.explain import ChainExplanation, Explanation, TableExplanation, explain
    from netlab_magic.forwarding.prediction import Hop, Prediction, Trace
    from netlab_magic.iptables.diff import RulesChange, apply, diff, invert
    from netlab_magic.iptables.listing import listing
    from netlab_magic.iptables.ruleset import Chain, Rule, RulePosition, Ruleset, Table
    from netlab_magic.iptables.save_format import parse
    from netlab_magic.model.capture.packets import CapturedPacket, Sighting
    from netlab_magic.model.kernel_trace import Direction, DropCause, HookReport, KernelTrace, ReportEvent, TracedHop
    from netlab_magic.model.packet import Packet
    from netlab_magic.model.packet_path import Event, PacketPath, PathStep
    from netlab_magic.model.probe import Outcome, Probe, Verdict
    from netlab_magic.netfilter import Conversation, Device, Host, HostTrace, RuleVisit, converse, walk
    from netlab_magic.session.results.base import CellResult, Changed, Ran, Result, Text
    from netlab_magic.session.results.capture import Captured
    from netlab_magic.session.results.diff import BlockDiff, ChainDiff, Compared, RuleDiff
    from netlab_magic.session.results.explain import Explained
    from netlab_magic.session.results.flow_diff import FlowChange, FlowsCompared
    from netlab_magic.session.results.nft import NftListing
    from netlab_magic.session.results.predict import Asked, Predicted
    from netlab_magic.session.results.probe import MatrixResult, Measured
    from netlab_magic.session.results.status import Status
    from netlab_magic.session.results.trace import Tracked
    from netlab_magic.session.results.why import Why
    from netlab_magic.teaching.checked import Checked, Criterion
    from netlab_magic.teaching.lab import Lab

__all__ = [
    "Account",
    "Asked",
    "BlockDiff",
    "Captured",
    "CapturedPacket",
    "Case",
    "CellResult",
    "Chain",
    "ChainDiff",
    "ChainExplanation",
    "Changed",
    "Checked",
    "CommandFailed",
    "Compared",
    "Conversation",
    "Criterion",
    "Device",
    "Difference",
    "Direction",
    "DropCause",
    "Event",
    "ExpectationFailed",
    "Explained",
    "Explanation",
    "Fix",
    "FlowChange",
    "FlowsCompared",
    "HookReport",
    "Hop",
    "Host",
    "HostTrace",
    "Interrupted",
    "KernelRefused",
    "KernelTrace",
    "Lab",
    "LabUnavailable",
    "MatrixResult",
    "Measured",
    "NetlabError",
    "NftListing",
    "Outcome",
    "Packet",
    "PacketPath",
    "PathStep",
    "Picture",
    "Place",
    "Predicted",
    "Prediction",
    "Probe",
    "Ran",
    "Remedy",
    "ReportEvent",
    "Result",
    "Rule",
    "RuleDiff",
    "RulePosition",
    "RuleVisit",
    "RulesChange",
    "Ruleset",
    "Sighting",
    "StatementError",
    "Status",
    "Table",
    "TableExplanation",
    "Text",
    "Trace",
    "TracedHop",
    "Tracked",
    "Verdict",
    "Why",
    "apply",
    "converse",
    "diff",
    "explain",
    "invert",
    "listing",
    "load_ipython_extension",
    "parse",
    "unload_ipython_extension",
    "walk",
]

_MODULES = {
    "diagnosis.case": "Case",
    "diagnosis.compare": "Difference",
    "diagnosis.remedies": "Fix Remedy",
    "diagnosis.summary": "Account",
    "draw": "Picture",
    "errors": "CommandFailed ExpectationFailed Interrupted KernelRefused LabUnavailable NetlabError Place StatementError",
    "explain": "ChainExplanation Explanation TableExplanation explain",
    "forwarding.prediction": "Hop Prediction Trace",
    "iptables.diff": "RulesChange apply diff invert",
    "iptables.listing": "listing",
    "iptables.ruleset": "Chain Rule RulePosition Ruleset Table",
    "iptables.save_format": "parse",
    "model.capture.packets": "CapturedPacket Sighting",
    "model.kernel_trace": "Direction DropCause HookReport KernelTrace ReportEvent TracedHop",
    "model.packet": "Packet",
    "model.packet_path": "Event PacketPath PathStep",
    "model.probe": "Outcome Probe Verdict",
    "netfilter": "Conversation Device Host HostTrace RuleVisit converse walk",
    "session.results.base": "CellResult Changed Ran Result Text",
    "session.results.capture": "Captured",
    "session.results.diff": "BlockDiff ChainDiff Compared RuleDiff",
    "session.results.explain": "Explained",
    "session.results.flow_diff": "FlowChange FlowsCompared",
    "session.results.nft": "NftListing",
    "session.results.predict": "Asked Predicted",
    "session.results.probe": "MatrixResult Measured",
    "session.results.status": "Status",
    "session.results.trace": "Tracked",
    "session.results.why": "Why",
    "teaching.checked": "Checked Criterion",
    "teaching.lab": "Lab",
}
"""Where each public name is defined."""

_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}

__path__.append(f"{__path__[0]}/netfilter/earlier_names")  # modules under the names that README and CHANGELOG once gave


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Registers `%netlab`, `%%netlab` and their completion; loading twice changes nothing."""
    from netlab_magic.jupyter.magics import load

    load(shell)


def unload_ipython_extension(shell: "InteractiveShell") -> None:
    """Takes the magics and their completion away again, and says which labs are still up."""
    from netlab_magic.jupyter.magics import unload

    unload(shell)
