"""What a look at a lab found, and whether that is a change. Pure."""

import re
from collections.abc import Mapping

import msgspec

from netlab_magic.engines.protocol import Inside
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset, Table
from netlab_magic.model.probe import Outcome
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.nftables.state import at_rest
from netlab_magic.session.state import Seen, parsed

__all__ = ["Filters", "Observation", "observation_of"]


_PASSING = re.compile(r"\[\d+:\d+\]|^#.*\n", re.MULTILINE)
"""Counters, and remarks with the time."""


class Filters(msgspec.Struct, frozen=True):
    """What filters in a namespace, without counters and without empty tables; `read_from` are the texts that say so, with counters.

    `others` is what the other variant of iptables prints.
    """

    read_from: Inside
    rules: Mapping[str, Ruleset]
    native: NftRuleset
    others: str = ""

    def is_like(self, other: "Filters") -> bool:
        """Whether both are the same rules, and the sysctls too."""
        return (
            self.read_from.sysctls == other.read_from.sysctls
            and self.rules == other.rules
            and self.native == other.native
            and self.others == other.others
        )


class Observation(msgspec.Struct, frozen=True):
    """The state of a lab, and the outcomes of the probes that were sent last. `filters` are those of each namespace."""

    seen: Seen
    filters: Mapping[str, Filters]
    outcomes: tuple[Outcome, ...] = ()

    @property
    def topology(self) -> Topology:
        """The topology as it was read back."""
        return self.seen.topology

    def rules_of(self, family: str) -> Ruleset:
        """The host's rules of iptables or ip6tables, without counters and without empty tables."""
        return self.filters[HOST].rules[family]

    def is_like(self, other: "Observation") -> bool:
        """Whether nothing has changed from one to the other but what was counted and measured."""
        return (
            self.topology == other.topology
            and self.filters.keys() == other.filters.keys()
            and all(held.is_like(other.filters[name]) for name, held in self.filters.items())
        )


def observation_of(seen: Seen, before: Observation | None) -> Observation:
    """One more observation; until pairs are probed again, the outcomes are those of the one before."""
    observed = seen.observed
    host = observed.inside.get(HOST, Inside())
    host = msgspec.structs.replace(host, rules=observed.rules, rules6=observed.rules6, foreign=observed.foreign)
    known = before.filters if before else {}
    filters = {name: _filters(held, known.get(name)) for name, held in {**observed.inside, HOST: host}.items()}
    return Observation(seen, filters, before.outcomes if before else ())


def _filters(held: Inside, before: Filters | None) -> Filters:
    """The filters of a namespace; what reads as it did before is not worked out again."""
    known = before.read_from if before else None
    if before and known and (held.rules, held.rules6, held.foreign) == (known.rules, known.rules6, known.foreign):
        return msgspec.structs.replace(before, read_from=held)
    rules = {family: _rules(text, family) for family, text in zip(PROGRAM_OF, (held.rules, held.rules6), strict=True)}
    native = "".join(foreign.text for foreign in held.foreign if foreign.owner == "nftables")
    others = "".join(foreign.text for foreign in held.foreign if foreign.owner != "nftables")
    return Filters(held, rules, at_rest(parsed(native)), _PASSING.sub("", others))


def _rules(dump: str, family: str) -> Ruleset:
    ruleset = save_format.parse(dump, strict=False, family=family).without_counters()
    return msgspec.structs.replace(ruleset, tables=tuple(table for table in ruleset.tables if not _is_empty(table)))


def _is_empty(table: Table) -> bool:
    """Whether a table says nothing: looking, and tracing, makes the kernel load such tables, which is no change."""
    return all(chain.policy == "ACCEPT" and not chain.rules for chain in table.chains)
