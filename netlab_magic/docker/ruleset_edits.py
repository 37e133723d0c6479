"""A ruleset under change, with dockerd's few operations on it, each of which looks first what is there already."""

import msgspec

from netlab_magic.iptables.ruleset import Ruleset, quoted
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["Edit", "Firewall", "Placed"]


class Placed(msgspec.Struct, frozen=True):
    """A rule and where dockerd puts it: at the head of its chain (`first`), or at the end."""

    table: str
    chain: str
    spec: str
    first: bool = False


class Edit(msgspec.Struct, frozen=True):
    """One line for `iptables-restore --noflush`, which is also an iptables command: `-I FORWARD 1 -j DOCKER-USER`."""

    table: str
    line: str


class Firewall:
    """What each chain holds now; `edits` are the changes that were needed since the start, `version` is the IP version."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.edits: list[Edit] = []
        self.version = 6 if ruleset.family == "ipv6" else 4
        self._policies: dict[tuple[str, str], str] = {}
        self._rules: dict[tuple[str, str], list[str]] = {}
        for name in dict.fromkeys(("filter", "nat", *(table.name for table in ruleset.tables))):
            for chain in ruleset.table(name).chains:
                self._rules[name, chain.name] = [rule.spec for rule in chain.rules]
                if chain.policy:
                    self._policies[name, chain.name] = chain.policy

    def policy(self, chain: str) -> str:
        """The policy of a built-in chain of the filter table."""
        return self._policies["filter", chain]

    def set_policy(self, chain: str, verdict: str) -> None:
        """Sets the policy of a built-in chain of the filter table."""
        if self.policy(chain) != verdict:
            self._policies["filter", chain] = verdict
            self._edit("filter", f":{chain} {verdict} [0:0]")

    def new_chain(self, table: str, chain: str) -> None:
        """Makes a chain, unless there is one of that name."""
        if (table, chain) not in self._rules:
            self._rules[table, chain] = []
            self._edit(table, f"-N {chain}")

    def drop_chain(self, table: str, chain: str) -> None:
        """Empties and deletes a chain, when there is one. What jumps to it must be gone."""
        if self._rules.pop((table, chain), None) is not None:
            self._edit(table, f"-F {chain}")
            self._edit(table, f"-X {chain}")

    def place(self, rule: Placed) -> None:
        """Inserts or appends a rule, unless its chain has it anywhere."""
        held = self._chain(rule.table, rule.chain)
        if rule.spec in held:
            return
        if rule.first:
            held.insert(0, rule.spec)
            self._edit(rule.table, f"-I {rule.chain} 1 {rule.spec}")
        else:
            held.append(rule.spec)
            self._edit(rule.table, f"-A {rule.chain} {rule.spec}")

    def remove(self, rule: Placed) -> None:
        """Deletes a rule, when its chain has it."""
        held = self._rules.get((rule.table, rule.chain), [])
        if rule.spec in held:
            held.remove(rule.spec)
            self._edit(rule.table, f"-D {rule.chain} {rule.spec}")

    def put_first(self, rule: Placed) -> None:
        """Makes a rule the first of its chain: deleted wherever it is and inserted again, which is dockerd's way."""
        if self._chain(rule.table, rule.chain)[:1] != [rule.spec]:
            self.remove(rule)
            self.place(msgspec.structs.replace(rule, first=True))

    def _chain(self, table: str, chain: str) -> list[str]:
        return self._rules.setdefault((table, chain), [])

    def _edit(self, table: str, line: str) -> None:
        self.edits.append(Edit(table, line))

    def __str__(self) -> str:
        """The ruleset as `iptables-save` prints it, without counters: built-in chains first, then the others by name."""
        lines: list[str] = []
        for table in (name for name in ("raw", "mangle", "nat", "filter", "security") if any(key[0] == name for key in self._rules)):
            own = sorted(chain for name, chain in self._rules if name == table and chain not in BUILT_IN[table])
            chains = [*BUILT_IN[table], *own]
            lines.append(f"*{table}")
            lines += [f":{quoted(chain)} {self._policies.get((table, chain), '-' if chain in own else 'ACCEPT')} [0:0]" for chain in chains]
            lines += [f"-A {quoted(chain)} {spec}" for chain in chains for spec in self._rules.get((table, chain), [])]
            lines.append("COMMIT")
        return "".join(f"{line}\n" for line in lines)
