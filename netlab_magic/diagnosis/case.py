"""Everything known about one packet, before it is explained."""

from collections.abc import Mapping

import msgspec

from netlab_magic.docker import Daemon
from netlab_magic.forwarding.any_address import End
from netlab_magic.forwarding.other_filters import OtherFilters
from netlab_magic.forwarding.prediction import Prediction
from netlab_magic.i18n import Assumption
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.kernel_trace import KernelTrace
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import Topology

__all__ = ["Case"]


class Case(msgspec.Struct, frozen=True):
    """The network, its rules by namespace, what the model expects of the packet, and what the kernel reported of it.

    `traced` is None if nothing was sent. `other_filters` holds what else filters in each namespace; `assumptions` are those made about
    unknown hosts, and `dockerd` is what the host's dockerd has set up. If the outcome depends on something that was not read, `ends` are
    the possible ones, and `settled_by` the commands that would tell. `is_own` is false if cells cannot change the network.
    """

    topology: Topology
    rulesets: Mapping[str, Ruleset]
    prediction: Prediction
    traced: KernelTrace | None = None
    other_filters: Mapping[str, OtherFilters] = {}
    assumptions: tuple[Assumption, ...] = ()
    dockerd: Daemon | None = None
    ends: tuple[End, ...] = ()
    settled_by: tuple[str, ...] = ()
    is_own: bool = True

    @property
    def outcome(self) -> Outcome:
        """The measured outcome, or the predicted one if nothing was sent."""
        if self.traced is not None:
            return self.traced.outcome
        return Outcome(self.prediction.probe, self.prediction.verdict, why=self.prediction.unknown)

    @property
    def is_simulated(self) -> bool:
        """Whether the report comes from a model instead of a kernel."""
        return self.traced is not None and self.traced.simulated
