"""iptables rules as values: Ruleset > Table > Chain > Rule. Each rule keeps the text that `iptables-save` prints for it."""

import msgspec

__all__ = ["BUILT_IN", "Chain", "Counters", "Rule", "Ruleset", "Table"]

BUILT_IN: dict[str, tuple[str, ...]] = {
    "filter": ("INPUT", "FORWARD", "OUTPUT"),
    "nat": ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"),
    "mangle": ("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"),
    "raw": ("PREROUTING", "OUTPUT"),
    "security": ("INPUT", "FORWARD", "OUTPUT"),
}
"""The built-in chains of each table, in hook order (iptables(8), TABLES)."""


class Counters(msgspec.Struct, frozen=True):
    """How many packets and bytes a rule or a policy has seen."""

    packets: int = 0
    bytes: int = 0


class Rule(msgspec.Struct, frozen=True):
    """One rule: `spec` is what stands after `-A CHAIN` in `iptables-save`; `target` is the word after `-j` or `-g`, or ""."""

    spec: str
    target: str = ""
    goto: bool = False
    counters: Counters = Counters()


class Chain(msgspec.Struct, frozen=True):
    """A chain: `policy` is ACCEPT or DROP for a built-in chain and None for one that a user made."""

    name: str
    policy: str | None = None
    rules: tuple[Rule, ...] = ()
    counters: Counters = Counters()


class Table(msgspec.Struct, frozen=True):
    """A table and its chains, in the order of `iptables-save`."""

    name: str
    chains: tuple[Chain, ...] = ()

    def chain(self, name: str) -> Chain | None:
        """The chain called `name`, or None."""
        return next((chain for chain in self.chains if chain.name == name), None)


class Ruleset(msgspec.Struct, frozen=True):
    """All tables of one firewall variant."""

    tables: tuple[Table, ...] = ()

    def table(self, name: str) -> Table:
        """The table called `name`; one with empty built-in chains where the kernel has none yet (that is what it means)."""
        found = next((table for table in self.tables if table.name == name), None)
        return found or Table(name, tuple(Chain(chain, "ACCEPT") for chain in BUILT_IN.get(name, ())))

    def chain(self, name: str, table: str = "filter") -> Chain | None:
        """A chain of a table, or None."""
        return self.table(table).chain(name)

    @property
    def forward_policy(self) -> str:
        """The policy of FORWARD: what happens to a forwarded packet that no rule decided."""
        chain = self.chain("FORWARD")
        return (chain and chain.policy) or "ACCEPT"
