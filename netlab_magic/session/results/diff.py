"""Two states of a lab side by side: which chains and rules came, went and stayed, and what became of topology and sysctls."""

from collections.abc import Iterator

import msgspec

from netlab_magic.iptables.diff import side_by_side
from netlab_magic.iptables.ruleset import BUILT_IN, Chain, Rule, Ruleset, Table
from netlab_magic.model.change_summary import parts
from netlab_magic.model.changes import between
from netlab_magic.model.topology import Topology

__all__ = ["ChainRows", "Comparison", "Row", "compare"]


class Row(msgspec.Struct, frozen=True):
    """A rule with its number before and after: 0 where it is not there."""

    rule: Rule
    before: int = 0
    after: int = 0

    @property
    def sign(self) -> str:
        """`+` for a rule that came, `-` for one that went, a blank for one that stayed."""
        return " " if self.before and self.after else "+" if self.after else "-"


class ChainRows(msgspec.Struct, frozen=True):
    """A chain that is not as it was; `before` or `after` is None when it was not, or is not, there."""

    table: str
    name: str
    before: Chain | None
    after: Chain | None
    rows: tuple[Row, ...]

    def heading(self) -> str:
        """What became of the chain itself, in words."""
        old, new = self.before, self.after
        if old and new:
            return f"chain {self.name}" + (f": policy {old.policy} → {new.policy}" if old.policy != new.policy else "")
        if new is None:
            return f"chain {self.name}: gone"
        told = ["new", *([f"policy {new.policy}"] if new.policy == "DROP" else []), *([] if new.rules else ["no rules"])]
        return f"chain {self.name}: {', '.join(told)}"


class Comparison(msgspec.Struct, frozen=True):
    """What is different. `topology` says it thing by thing, and `commands` are the commands that make the change there."""

    chains: tuple[ChainRows, ...]
    topology: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.chains or self.commands)


def compare(before: tuple[Topology, Ruleset], after: tuple[Topology, Ruleset]) -> Comparison:
    """What is different between two states of a lab; counters are not compared."""
    changes = between(before[0], after[0])
    commands = tuple(command for change in changes for command in change.commands())
    return Comparison(tuple(_chains(before[1], after[1])), tuple(parts(changes)), commands)


def _chains(before: Ruleset, after: Ruleset) -> Iterator[ChainRows]:
    for name in dict.fromkeys([*BUILT_IN, *(table.name for ruleset in (after, before) for table in ruleset.tables)]):
        old, new = before.table(name), after.table(name)
        for chain in dict.fromkeys(chain.name for table in (new, old) for chain in table.chains):
            rows = _chain(name, old, new, chain)
            if rows:
                yield rows


def _chain(table: str, before: Table, after: Table, name: str) -> ChainRows | None:
    old, new = before.chain(name), after.chain(name)
    rows, one, other = [], 0, 0
    for gone, come in side_by_side(old.rules if old else (), new.rules if new else ()):
        one, other = one + bool(gone), other + bool(come)
        rows.append(Row(come or gone or Rule(), one if gone else 0, other if come else 0))
    same = old and new and old.policy == new.policy and all(row.before and row.after for row in rows)
    return None if same else ChainRows(table, name, old, new, tuple(rows))
