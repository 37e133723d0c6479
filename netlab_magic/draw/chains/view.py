"""What a picture of chains shows: which chains in which order, which of their rules, what is marked and what is folded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from netlab_magic.draw.base.rule_label import End, RuleWords, verdict, words_of
from netlab_magic.draw.chains.folding import Fold, fold_of, kept, stem
from netlab_magic.draw.chains.returns import Callers, callers, returns_to
from netlab_magic.iptables.analysis.reachability import decides, deciding, entered, never_hit, orphans, unreachable
from netlab_magic.iptables.ruleset import Chain, Counters, Ruleset, Table
from netlab_magic.model.packet_path import Badge, RulePath

__all__ = ["ChainView", "ChainsView", "Explain", "Row", "chains_view"]

_MOST_CHAINS = 16
_MOST_ALIKE = 3

Explain = Callable[[str, str, int], str]
"""Explains a rule, given its table, chain and number, in a sentence."""


class Row(msgspec.Struct, frozen=True):
    """A rule that is shown.

    `packets` is None if the dump has no counters, `never` is set if packets reached the rule and none matched; `back` is where a
    RETURN leads, `steps` are the numbers of the path's steps at this rule, `said` is its explanation, or "".
    """

    number: int
    packets: int | None
    never: bool
    words: RuleWords
    spec: str
    back: str = ""
    steps: tuple[Badge, ...] = ()
    said: str = ""

    @property
    def met(self) -> bool:
        """Whether the rule matched at one of the steps."""
        return any(badge.matched for badge in self.steps)


class ChainView(msgspec.Struct, frozen=True):
    """One chain: its rows, and its policy if it has one.

    `unreachable` is the number of the first rule that no packet can reach; `decides` is set if no packet reaches the chain's end, `orphan`
    if none can enter the chain; `back` is where its end leads, `steps` are the numbers of the path's steps at its end.
    """

    name: str
    rows: tuple[Row | Fold, ...]
    rules: int
    policy: End | None
    packets: int | None
    references: int
    back: str
    unreachable: int | None = None
    decides: bool = False
    orphan: bool = False
    steps: tuple[Badge, ...] = ()


class ChainsView(msgspec.Struct, frozen=True):
    """Everything shown of a table, starting from the chain `entry`, or of the whole table if `entry` is "".

    `idle` are built-in chains without rules; `crowded_out` are chains that do not fit, `unreached` all others. `counted` is set if there
    are counters to show, and `packet` is the packet whose path is drawn.
    """

    table: str
    entry: str
    chains: tuple[ChainView, ...] = ()
    idle: tuple[ChainView, ...] = ()
    crowded_out: tuple[str, ...] = ()
    unreached: tuple[str, ...] = ()
    counted: bool = False
    packet: str | None = None

    def chain(self, name: str) -> ChainView | None:
        """The chain called `name`, if it is shown."""
        return next((chain for chain in self.chains if chain.name == name), None)


class _Drawer:
    """A table being prepared for drawing; what its chains share is computed once."""

    def __init__(self, table: Table, path: RulePath | None, explain: Explain | None) -> None:
        self.table = table
        self.chains = {chain.name: chain for chain in table.chains}
        self.built_in = [chain.name for chain in table.chains if chain.policy]
        self.path = path or RulePath()
        self.explain = explain
        self.callers: Callers = callers(table)
        self.deciding = deciding(table)
        self.orphans = frozenset(orphans(table))
        self.entries = entered(table)

    def entered(self, name: str) -> Iterable[str]:
        """The chains that the rules of a chain enter, in the order of its rules, once each."""
        return dict.fromkeys(rule.jump for rule in self.chains[name].rules if rule.jump in self.chains)

    def nearest_first(self, entries: Iterable[str]) -> list[str]:
        found = dict.fromkeys(entries)
        waiting = deque(found)
        while waiting:
            for name in self.entered(waiting.popleft()):
                if name not in found:
                    found[name] = None
                    waiting.append(name)
        return list(found)

    def callers_first(self, entries: Iterable[str], shown: set[str]) -> list[str]:
        """`shown` in the order in which a packet first meets them, so that most arrows point down and are short."""
        order: dict[str, None] = {}
        waiting = list(entries)[::-1]
        while waiting:
            name = waiting.pop()
            if name in shown and name not in order:
                order[name] = None
                waiting.extend(reversed(list(self.entered(name))))
        return list(order)

    def most_important(self, reachable: list[str]) -> set[str]:
        """The chains to show if there are too many: those on the path, those with rules, those that packets entered, then the nearest.

        Of generated chains, whose names differ in their last part only, a few represent all.
        """
        on_path = {step.chain for step in self.path.steps if step.table == self.table.name}
        alike: dict[str, list[str]] = {}
        for name in reachable:
            alike.setdefault(stem(name), []).append(name)
        some = {name for names in alike.values() for name in names[:_MOST_ALIKE]}
        counted = any(self.entries[name] for name in reachable)

        def rank(name: str) -> tuple[bool, ...]:
            return name not in on_path, not self.chains[name].rules, counted and not self.entries[name], name not in some

        return set(sorted(reachable, key=rank)[:_MOST_CHAINS])

    def view(self, name: str) -> ChainView:
        chain = self.chains[name]
        first = unreachable(chain, self.deciding)
        return ChainView(
            name=name,
            rows=tuple(self.rows(chain, first)),
            rules=len(chain.rules),
            policy=verdict(chain.policy) if chain.policy else None,
            packets=_packets(chain.counters),
            references=sum(self.callers.get(name, {}).values()),
            back=returns_to(name, self.callers, self.built_in),
            unreachable=first,
            decides=decides(chain, self.deciding),
            orphan=name in self.orphans,
            steps=self.path.badges(self.table.name, name, None),
        )

    def rows(self, chain: Chain, first_unreachable: int | None) -> Iterator[Row | Fold]:
        stepped = [step.rule for step in self.path.steps if (step.table, step.chain) == (self.table.name, chain.name) and step.rule]
        marked = [first_unreachable] if first_unreachable else []
        never = frozenset(never_hit(chain, self.entries))
        before = 0
        for number in kept(chain, self.chains, stepped, marked):
            if number > before + 1:
                yield fold_of(chain.rules, before + 1, number - 1, self.chains)
            yield self.row(chain, number, number in never)
            before = number

    def row(self, chain: Chain, number: int, never: bool) -> Row:
        rule = chain.rules[number - 1]
        return Row(
            number=number,
            packets=_packets(rule.counters),
            never=never,
            words=words_of(rule, self.chains),
            spec=rule.spec,
            back=returns_to(chain.name, self.callers, self.built_in) if rule.jump == "RETURN" else "",
            steps=self.path.badges(self.table.name, chain.name, number),
            said=self.explain(self.table.name, chain.name, number) if self.explain else "",
        )


def _packets(counters: Counters | None) -> int | None:
    return counters.packets if counters else None


def chains_view(
    ruleset: Ruleset, table: str, chain: str | None = None, *, path: RulePath | None = None, explain: Explain | None = None
) -> ChainsView:
    """What to show of `chain` and the chains reachable from it; without `chain`, of the whole table."""
    found = ruleset.table(table)
    if chain is not None and not found.chain(chain):
        return ChainsView(table, chain, unreached=tuple(each.name for each in found.chains))
    drawer = _Drawer(found, path, explain)
    alone = [] if chain is not None else [name for name in drawer.chains if name in drawer.orphans]
    entries = [chain] if chain is not None else drawer.built_in
    idle = [name for name in entries if chain is None and not drawer.chains[name].rules]
    reachable = [name for name in dict.fromkeys([*drawer.nearest_first(entries), *alone]) if name not in idle]
    order = drawer.callers_first([*entries, *alone], drawer.most_important(reachable))
    drawn, met = set(order), {*reachable, *idle}
    return ChainsView(
        table=table,
        entry=chain or "",
        chains=tuple(map(drawer.view, order)),
        idle=tuple(map(drawer.view, idle)),
        crowded_out=tuple(name for name in reachable if name not in drawn),
        unreached=tuple(name for name in drawer.chains if name not in met),
        counted=any(drawer.entries[name] for name in (*reachable, *idle)),
        packet=path.packet if path else None,
    )
