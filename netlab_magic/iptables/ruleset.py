r"""iptables rules as values: Ruleset > Table > Chain > Rule > Match and Target, each with the text that `iptables-save` prints for it.

A value says what a rule says, option by option, with the words as they were written: `str` composes the text from the value, and
a rule that was read keeps its own text in `raw` as well. Two rules are equal when they say the same, whatever blanks and quotes they
were written with; the order of tables, and of chains in a table, does not count.

>>> print(Rule((Option("-i", ("docker0",)), Option("-o", ("docker0",), negated=True)), target=Target("ACCEPT")))
-i docker0 ! -o docker0 -j ACCEPT
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import NamedTuple

import msgspec

from netlab_magic.iptables import extensions
from netlab_magic.iptables.extensions import Extension
from netlab_magic.iptables.option import Option, Quotes, quoted
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["PROGRAM_OF", "Chain", "Counters", "Match", "Option", "Rule", "RulePosition", "Ruleset", "Table", "Target", "quoted"]

PROGRAM_OF = {"ipv4": "iptables", "ipv6": "ip6tables"}
"""The families of rules, each with its program."""


class Counters(msgspec.Struct, frozen=True, gc=False):
    """How many packets and bytes a rule or a policy has seen."""

    packets: int = 0
    bytes: int = 0

    def __str__(self) -> str:
        return f"[{self.packets}:{self.bytes}]"


def _words(options: Iterable[Option], extension: Extension | None) -> Iterator[str]:
    """Options as the words of a command line, each quoted as its row of the option table says."""
    for option in options:
        row = extension.parameter(option.name) if extension else None
        yield from option.words(row.quotes if row else Quotes.NEEDED)


class Match(msgspec.Struct, frozen=True, gc=False):
    """A match: `-m MODULE` and its options. All of them must hold for the rule to match."""

    module: str
    options: tuple[Option, ...] = ()

    def words(self) -> Iterator[str]:
        """The match as the words of a command line."""
        yield "-m"
        yield quoted(self.module)
        yield from _words(self.options, extensions.match(self.module))

    def option(self, name: str) -> Option | None:
        """The option called `name`, or None."""
        return next((option for option in self.options if option.name == name), None)

    def __str__(self) -> str:
        return " ".join(self.words())


class Target(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a packet that matches: `-j NAME`, or `-g NAME` when `goto` (a RETURN then leaves the calling chain too)."""

    name: str
    options: tuple[Option, ...] = ()
    goto: bool = False

    def words(self) -> Iterator[str]:
        """The target as the words of a command line."""
        yield "-g" if self.goto else "-j"
        yield quoted(self.name)
        yield from _words(self.options, extensions.target(self.name))

    def option(self, name: str) -> Option | None:
        """The option called `name`, or None."""
        return next((option for option in self.options if option.name == name), None)

    def __str__(self) -> str:
        return " ".join(self.words())


class Rule(msgspec.Struct, frozen=True, eq=False):
    """One rule. `options` are its own (-s -d -i -o -p -f), `counters` None where a dump had none, `raw` its text where it was read."""

    options: tuple[Option, ...] = ()
    matches: tuple[Match, ...] = ()
    target: Target | None = None
    counters: Counters | None = None
    raw: str = ""

    def words(self) -> Iterator[str]:
        """What stands behind `-A CHAIN`, as the words of a command line."""
        for option in self.options:
            yield from option.words()
        for match in self.matches:
            yield from match.words()
        if self.target:
            yield from self.target.words()

    def option(self, name: str) -> Option | None:
        """The rule's own option called `name` (`-i`), or None."""
        return next((option for option in self.options if option.name == name), None)

    def match(self, module: str) -> Match | None:
        """The first match of `module`, or None."""
        return next((match for match in self.matches if match.module == module), None)

    @property
    def spec(self) -> str:
        """The text behind `-A CHAIN`: as it was read, else composed."""
        return self.raw or str(self)

    @property
    def jump(self) -> str:
        """The target's name; "" for a rule that only counts."""
        return self.target.name if self.target else ""

    def same_rule(self, other: "Rule") -> bool:
        """Whether both say the same, whatever they have counted."""
        return self.options == other.options and self.matches == other.matches and self.target == other.target

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rule) and self.counters == other.counters and self.same_rule(other)

    def __ne__(self, other: object) -> bool:  # msgspec has one of its own, which knows nothing of __eq__
        return not self == other

    def __hash__(self) -> int:
        return hash((self.options, self.matches, self.target))

    def __str__(self) -> str:
        return " ".join(self.words())


class Chain(msgspec.Struct, frozen=True, gc=False):
    """A chain: `policy` is ACCEPT or DROP for a built-in chain and None for one that a user made."""

    name: str
    policy: str | None = None
    rules: tuple[Rule, ...] = ()
    counters: Counters | None = Counters()

    def __str__(self) -> str:
        counters = f" {self.counters}" if self.counters is not None else ""
        return f":{self.name} {self.policy or '-'}{counters}"


class RulePosition(NamedTuple):
    """Where a rule is: `number` counts from 1, and is 0 for what follows the rules of a chain, its policy."""

    table: str
    chain: str
    number: int

    def __str__(self) -> str:
        return f"{self.table} {self.chain} {self.number or 'policy'}"


class Table(msgspec.Struct, frozen=True, eq=False):
    """A table and its chains, in the order of `iptables-save`.

    Not compared: `remarks`, the comment lines that stood before it, and `layout`, the order of its lines where that was another than
    chains first and then rules chain by chain: ("chain", its name), ("rule", the name of the chain whose next rule it is) or
    ("remark", the line).
    """

    name: str
    chains: tuple[Chain, ...] = ()
    remarks: tuple[str, ...] = ()
    layout: tuple[tuple[str, str], ...] = ()

    def chain(self, name: str) -> Chain | None:
        """The chain called `name`, or None."""
        return next((chain for chain in self.chains if chain.name == name), None)

    def loop(self) -> tuple[str, ...]:
        """Chains of which each jumps to the next and the last to the first; nothing when a packet cannot get into such a circle.

        The kernel refuses a circle that can be reached from a built-in chain, and looks no further than a rule that decides about every
        packet (mark_source_chains in ip_tables.c, ELOOP).
        """
        jumps = {chain.name: dict.fromkeys(rule.jump for rule in takewhile(_lets_pass, chain.rules)) for chain in self.chains}
        finished: set[str] = set()
        for start in (chain.name for chain in self.chains if chain.policy is not None):
            path = {start: iter(jumps[start])}
            while path:
                chain, ahead = next(reversed(path.items()))
                following = next((name for name in ahead if name in jumps and name not in finished), None)
                if following is None:
                    finished.add(chain)
                    del path[chain]
                elif following in path:
                    return tuple(path)[list(path).index(following) :]
                else:
                    path[following] = iter(jumps[following])
        return ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self.name == other.name and _named(self.chains) == _named(other.chains)

    def __ne__(self, other: object) -> bool:  # msgspec has one of its own, which knows nothing of __eq__
        return not self == other

    def __hash__(self) -> int:
        return hash((self.name, frozenset(self.chains)))

    def lines(self) -> Iterator[str]:
        """The table as `iptables-save` prints it, line by line."""
        yield from self.remarks
        yield f"*{self.name}"
        declared = {chain.name: str(chain) for chain in self.chains}
        rules = {chain.name: iter(chain.rules) for chain in self.chains}
        for kind, text in self.layout if self._is_laid_out() else self.plain_layout():
            if kind != "implied":
                yield declared[text] if kind == "chain" else text if kind == "remark" else _rule_line(text, next(rules[text]))
        yield "COMMIT"

    def plain_layout(self) -> list[tuple[str, str]]:
        """Chains first, then rules chain by chain: the order in which iptables-save prints a table."""
        return [("chain", chain.name) for chain in self.chains] + [("rule", chain.name) for chain in self.chains for _ in chain.rules]

    def _is_laid_out(self) -> bool:
        """Whether `layout` still tells of the same chains and numbers of rules."""
        told = (("chain" if kind == "implied" else kind, text) for kind, text in self.layout if kind != "remark")
        return bool(self.layout) and sorted(told) == sorted(self.plain_layout())

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self.lines())


def _lets_pass(rule: Rule) -> bool:
    return bool(rule.options or rule.matches) or rule.jump not in ("ACCEPT", "DROP", "RETURN", "QUEUE")


def _rule_line(chain: str, rule: Rule) -> str:
    is_said = "-c " in rule.raw and re.search(r"(?:^| )-c \d+ \d+(?: |$)", rule.raw)  # as `iptables -S -v` puts them
    counters = f"{rule.counters} " if rule.counters is not None and not is_said else ""
    spec = rule.spec
    return f"{counters}-A {quoted(chain)} {spec}" if spec.strip() else f"{counters}-A {quoted(chain)}{spec}"


def _uncounted(table: Table) -> Table:
    def rules(chain: Chain) -> tuple[Rule, ...]:
        return tuple(msgspec.structs.replace(rule, counters=None) for rule in chain.rules)

    chains = (msgspec.structs.replace(chain, rules=rules(chain), counters=None) for chain in table.chains)
    return msgspec.structs.replace(table, chains=tuple(chains))


def _named(parts: Iterable[Chain] | Iterable[Table]) -> dict[str, Chain | Table]:
    """By name: the order of chains, and of tables, has no meaning to the kernel."""
    return {part.name: part for part in parts}


class Ruleset(msgspec.Struct, frozen=True, eq=False):
    """All tables of one firewall variant; `family` is ipv4 or ipv6. Not compared: `remarks`, the comment lines after the last table."""

    tables: tuple[Table, ...] = ()
    family: str = "ipv4"
    remarks: tuple[str, ...] = ()

    def table(self, name: str) -> Table:
        """The table called `name`; one with empty built-in chains where the kernel has none yet (that is what it means)."""
        found = next((table for table in self.tables if table.name == name), None)
        return found or Table(name, tuple(Chain(chain, "ACCEPT") for chain in BUILT_IN.get(name, ())))

    @property
    def program(self) -> str:
        """The program that keeps rules of this family."""
        return PROGRAM_OF[self.family]

    def chain(self, name: str, table: str = "filter") -> Chain | None:
        """A chain of a table, or None."""
        return self.table(table).chain(name)

    @property
    def forward_policy(self) -> str:
        """The policy of FORWARD: what happens to a forwarded packet that no rule decided."""
        chain = self.chain("FORWARD")
        return (chain and chain.policy) or "ACCEPT"

    def without_counters(self) -> "Ruleset":
        """The same rules and policies, with nothing counted."""
        return msgspec.structs.replace(self, tables=tuple(map(_uncounted, self.tables)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ruleset) and self.family == other.family and _named(self.tables) == _named(other.tables)

    def __ne__(self, other: object) -> bool:  # msgspec has one of its own, which knows nothing of __eq__
        return not self == other

    def __hash__(self) -> int:
        return hash((self.family, frozenset(self.tables)))

    def __str__(self) -> str:
        """The text that `iptables-save` prints."""
        return "".join([*map(str, self.tables), *(f"{line}\n" for line in self.remarks)])
