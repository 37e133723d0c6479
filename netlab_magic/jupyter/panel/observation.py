"""What a look at a lab found, and whether that is a change. Pure."""

import msgspec

from netlab_magic.engines.protocol import Observed
from netlab_magic.iptables.ruleset import Ruleset, Table
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import Topology
from netlab_magic.session.state import Seen

__all__ = ["Observation", "observation_of"]


class Observation(msgspec.Struct, frozen=True):
    """The state of a lab, and the outcomes of the probes that were sent last.

    `rules` are the host's, without counters and without empty tables.
    """

    seen: Seen
    rules: Ruleset
    outcomes: tuple[Outcome, ...] = ()

    @property
    def topology(self) -> Topology:
        """The topology as it was read back."""
        return self.seen.topology

    def is_like(self, other: "Observation") -> bool:
        """Whether nothing has changed from one to the other but what was counted and measured."""
        return self.topology == other.topology and self.rules == other.rules


def observation_of(observed: Observed, before: Observation | None) -> Observation:
    """One more observation; until pairs are probed again, the outcomes are those of the one before."""
    seen = Seen(observed)
    if before is None:
        return Observation(seen, _rules(seen))
    rules = before.rules if seen.dump == before.seen.dump else _rules(seen)
    return Observation(seen, rules, before.outcomes)


def _rules(seen: Seen) -> Ruleset:
    ruleset = seen.ruleset.without_counters()
    return msgspec.structs.replace(ruleset, tables=tuple(table for table in ruleset.tables if not _is_empty(table)))


def _is_empty(table: Table) -> bool:
    """Whether a table says nothing: looking, and tracing, makes the kernel load such tables, which is no change."""
    return all(chain.policy == "ACCEPT" and not chain.rules for chain in table.chains)
