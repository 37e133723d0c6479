"""What a picture of chains shows: which chains in which order, which of their rules, what is marked and what is folded."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator

import msgspec

from netlab_magic.draw.base.rule_label import End, RuleWords
from netlab_magic.draw.chains.folding import Fold, fold_of, kept, stem
from netlab_magic.draw.chains.nft_subject import NftSubject
from netlab_magic.draw.chains.subject import IptablesSubject, StoreView, Subject
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.model.packet_path import Badge, RulePath
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset

__all__ = ["ChainView", "ChainsView", "Explain", "Row", "chains_view", "subject_of"]

_MOST_CHAINS = 16
_MOST_ALIKE = 3

Explain = Callable[[str, str, int], str]
"""Explains a rule, given its table, chain and number, in a sentence."""


class Row(msgspec.Struct, frozen=True):
    """A rule that is shown.

    `packets` is None where the dump had no counters, `never` tells that packets passed the rule by and none matched; `typed` is the rule
    as people write it, `back` where a RETURN leads, `used` are the sets and maps that it looks into. `steps` are the numbers of the steps
    of the path that are here, `said` is its explanation, "" without one.
    """

    number: int
    packets: int | None
    never: bool
    words: RuleWords
    typed: str
    back: str = ""
    used: tuple[str, ...] = ()
    steps: tuple[Badge, ...] = ()
    said: str = ""

    @property
    def met(self) -> bool:
        """Whether the rule matched at one of the steps."""
        return any(badge.matched for badge in self.steps)


class ChainView(msgspec.Struct, frozen=True):
    """One chain: its rows, what kind it is, and its policy where it has one.

    `unreachable` is the number of the first rule that no packet can reach; `decides` is set if no packet reaches the chain's end, `orphan`
    if none can enter the chain; `back` is where its end leads, `steps` are the numbers of the path's steps at its end. `stores` are the
    sets and maps that its rules are the first to look into.
    """

    name: str
    role: str
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
    stores: tuple[StoreView, ...] = ()

    @property
    def stepped(self) -> bool:
        """Whether a step of the path is here."""
        return bool(self.steps) or any(isinstance(row, Row) and row.steps for row in self.rows)


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
    """What is known of a table while its chains are looked at."""

    def __init__(self, subject: Subject, path: RulePath | None, explain: Explain | None) -> None:
        self.subject = subject
        self.graph = subject.graph
        self.path = path or RulePath()
        self.explain = explain
        self.orphans = frozenset(self.graph.orphans)
        self.stored: set[str] = set()

    def nearest_first(self, entries: Iterable[str]) -> list[str]:
        found = dict.fromkeys(entries)
        waiting = deque(found)
        while waiting:
            for name in self.graph.leads_to(waiting.popleft()):
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
                waiting.extend(reversed(self.graph.leads_to(name)))
        return list(order)

    def most_important(self, reachable: list[str]) -> set[str]:
        """The chains to show if there are too many: those on the path, those with rules, those that packets entered, then the nearest.

        Of generated chains, whose names differ in their last part only, a few represent all.
        """
        on_path = {step.chain for step in self.path.steps if step.table == self.subject.title}
        alike: dict[str, list[str]] = {}
        for name in reachable:
            alike.setdefault(stem(name), []).append(name)
        some = {name for names in alike.values() for name in names[:_MOST_ALIKE]}
        counted = any(self.graph.entered[name] for name in reachable)

        def rank(name: str) -> tuple[bool, ...]:
            return name not in on_path, not self.graph.chains[name].rules, counted and not self.graph.entered[name], name not in some

        return set(sorted(reachable, key=rank)[:_MOST_CHAINS])

    def view(self, name: str) -> ChainView:
        graph, held = self.graph, self.graph.chains[name]
        first = graph.unreachable(name)
        rows = tuple(self.rows(name, first))
        return ChainView(
            name=name,
            role=self.subject.role(name),
            rows=rows,
            rules=len(held.rules),
            policy=self.subject.policy(name),
            packets=held.packets,
            references=len(graph.callers[name]),
            back=graph.returns_to(name),
            unreachable=first,
            decides=graph.decides(name),
            orphan=name in self.orphans,
            steps=self.path.badges(self.subject.title, name, None),
            stores=tuple(self.subject.stores(self.new_stores(rows))),
        )

    def new_stores(self, rows: Iterable[Row | Fold]) -> list[str]:
        """The sets and maps that no card is there for yet."""
        used = (name for row in rows if isinstance(row, Row) for name in row.used)
        new = [name for name in dict.fromkeys(used) if name not in self.stored]
        self.stored.update(new)
        return new

    def rows(self, chain: str, first_unreachable: int | None) -> Iterator[Row | Fold]:
        rules = self.graph.chains[chain].rules
        stepped = [step.rule for step in self.path.steps if (step.table, step.chain) == (self.subject.title, chain) and step.rule]
        marked = [first_unreachable] if first_unreachable else []
        never = frozenset(self.graph.never_hit(chain))
        before = 0
        for number in kept(rules, stepped, marked):
            if number > before + 1:
                yield fold_of(rules[before : number - 1], self.subject.ends(chain, before + 1, number - 1), before + 1)
            yield self.row(chain, number, number in never)
            before = number

    def row(self, chain: str, number: int, never: bool) -> Row:
        rule = self.graph.chains[chain].rules[number - 1]
        return Row(
            number=number,
            packets=rule.packets,
            never=never,
            words=self.subject.words(chain, number),
            typed=self.subject.typed(chain, number),
            back=self.graph.returns_to(chain) if any(branch.returns for branch in rule.branches) else "",
            used=self.subject.used(chain, number),
            steps=self.path.badges(self.subject.title, chain, number),
            said=self.explain(self.subject.title, chain, number) if self.explain else "",
        )


def subject_of(ruleset: Ruleset | NftRuleset, table: str) -> Subject:
    """The table of a ruleset, of iptables by its name, of nft by its family and name: `inet fw`. Raises LookupError where nft has none."""
    if isinstance(ruleset, Ruleset):
        return IptablesSubject(ruleset.table(table))
    found = ruleset.table(*table.split(" ", 1))
    if found is None:
        raise LookupError(table)
    return NftSubject(found)


def chains_view(subject: Subject, chain: str | None = None, *, path: RulePath | None = None, explain: Explain | None = None) -> ChainsView:
    """What to show of `chain` and the chains reachable from it; without `chain`, of the whole table."""
    graph = subject.graph
    if chain is not None and chain not in graph.chains:
        return ChainsView(subject.title, chain, unreached=tuple(graph.chains))
    drawer = _Drawer(subject, path, explain)
    alone = list(graph.orphans) if chain is None else []
    entries = [chain] if chain is not None else graph.bases
    idle = [name for name in entries if chain is None and not graph.chains[name].rules]
    reachable = [name for name in dict.fromkeys([*drawer.nearest_first(entries), *alone]) if name not in idle]
    order = drawer.callers_first([*entries, *alone], drawer.most_important(reachable))
    drawn, met = set(order), {*reachable, *idle}
    return ChainsView(
        table=subject.title,
        entry=chain or "",
        chains=tuple(map(drawer.view, order)),
        idle=tuple(map(drawer.view, idle)),
        crowded_out=tuple(name for name in reachable if name not in drawn),
        unreached=tuple(name for name in graph.chains if name not in met),
        counted=any(graph.entered[name] for name in (*reachable, *idle)),
        packet=path.packet if path else None,
    )
