"""The interface of an engine, which owns a lab's network and can observe it, change it, probe it and run commands in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from netlab_magic.engines.protocol import Captured, Observed, Process, Ran, Ready, WatchTraffic
from netlab_magic.errors import KernelRefused
from netlab_magic.model.changes import Change
from netlab_magic.model.kernel_trace import KernelTrace, WatchedPacket, WatchedTraffic
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End

__all__ = ["Engine", "Refusal", "Show"]

Show = Callable[[str, str], None]
"""Called with the stream (stdout or stderr) and the text that a running command has just written."""


class Refusal(KernelRefused):
    """Raised when the kernel or, with `in_rules`, iptables refused something.

    `index` is the index of the refused change, or the line of the rules (from 1); -1 if unknown.
    """

    def __init__(self, message: str, errno: int = 0, index: int = -1, in_rules: bool = False) -> None:
        super().__init__(message, errno=errno)
        self.index = index
        self.in_rules = in_rules


class Engine(Protocol):
    """The network of one lab. Every method raises LabUnavailable if the lab is gone and Interrupted if the user interrupts it."""

    ready: Ready
    told_of_end: bool
    """Whether an error has already said that the lab is gone."""

    @property
    def alive(self) -> bool:
        """Whether the lab is still there."""

    def observe(self, sysctls: Mapping[str, Sequence[str]], rules: bool = True, foreign: bool = False) -> Observed:
        """The current state, read back from the network itself; see `protocol.Observe`."""

    def apply(self, changes: Sequence[Change], rules: str = "", rules6: str = "") -> None:
        """Makes the changes in order, gives `rules` to `iptables-restore` meanwhile and then `rules6` to `ip6tables-restore`, if any.

        Raises Refusal for the change or the rules that were refused; the others may have been applied.
        """

    def save(self, family: str = "ipv4") -> str:
        """The firewall as `iptables-save -c` prints it, or with the family ipv6 `ip6tables-save -c`."""

    def restore(self, text: str, flush: bool = False, namespace: str = HOST, family: str = "ipv4") -> None:
        """Gives `text` to the family's restore program in a namespace; raises Refusal with the number of the line that was refused."""

    def canonical(self, text: str, family: str = "ipv4") -> str:
        """What the family's save program prints after `text` was restored into an empty firewall; raises Refusal like `restore`."""

    def probe(self, probes: Sequence[Probe]) -> tuple[Outcome, ...]:
        """Measures all flows."""

    def trace(self, probe: Probe) -> KernelTrace:
        """Measures a flow, with the kernel's report of its packets; raises Refusal if the kernel cannot trace."""

    def watch(self, request: WatchTraffic, told: Callable[[WatchedPacket], None]) -> WatchedTraffic:
        """Traces real traffic, and tells of each packet as soon as it has been seen; raises Refusal if the kernel cannot trace."""

    def start_capture(self, at: End) -> None:
        """Keeps the frames that pass a device from now on; raises Refusal where that cannot be."""

    def end_captures(self) -> Captured:
        """Ends every capture, and gives what was kept; without one, nothing."""

    def run(self, text: str, show: Show, cell: int = 0, namespace: str | None = None, following: str = "") -> Ran:
        """Runs shell text, showing its output while it runs. Commands of one `cell` share variables and the working directory."""

    def processes(self) -> tuple[Process, ...]:
        """The processes that run in the lab."""

    def close(self) -> None:
        """Ends the lab and everything in it."""
