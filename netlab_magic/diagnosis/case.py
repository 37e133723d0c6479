"""What is known of one packet before anything is said about it."""

from collections.abc import Mapping

import msgspec

from netlab_magic.docker import Daemon
from netlab_magic.forwarding.beside import Beside
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import Assumption
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import KernelTrace
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import Topology

__all__ = ["Case"]


class Case(msgspec.Struct, frozen=True):
    """The network, its rules by namespace, what the model expects of the packet, and what the kernel reported of it.

    `traced` is None where nothing was sent. `beside` is what filters in a namespace beside its rules;
    `assumptions` are what is taken to be so of hosts that nobody has looked at, `dockerd` is what the host's dockerd has made.
    """

    topology: Topology
    rulesets: Mapping[str, Ruleset]
    prediction: Prediction
    traced: KernelTrace | None = None
    beside: Mapping[str, Beside] = {}
    assumptions: tuple[Assumption, ...] = ()
    dockerd: Daemon | None = None

    @property
    def outcome(self) -> Outcome:
        """The outcome that was measured, or where nothing was sent, the one that is expected."""
        if self.traced is not None:
            return self.traced.outcome
        return Outcome(self.prediction.probe, self.prediction.verdict, why=self.prediction.unknown)

    @property
    def is_simulated(self) -> bool:
        """Whether what was reported is a model's report."""
        return self.traced is not None and self.traced.simulated
