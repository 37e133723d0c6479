"""What a picture of chains shows: which chains, in which order, which of their rules, and what is folded away."""

from collections import deque

import msgspec

from netlab_magic.draw.rulewords import End, RuleWords, verdict, words_of
from netlab_magic.ruleset import Chain, Rule, Ruleset, Table

__all__ = ["ChainView", "ChainsView", "Fold", "Row", "chains_view"]

_MOST_CHAINS = 12
_MOST_ROWS = 24
_FIRST, _LAST = 18, 3


class Row(msgspec.Struct, frozen=True):
    """A rule that is shown."""

    number: int
    packets: int
    bytes: int
    words: RuleWords


class Fold(msgspec.Struct, frozen=True):
    """Rules that are counted instead of shown; `to` are the chains they enter, in order."""

    count: int
    hit: int
    to: tuple[str, ...]


class ChainView(msgspec.Struct, frozen=True):
    """One chain: its rows, and its policy where it has one."""

    name: str
    rows: tuple[Row | Fold, ...]
    rules: int
    policy: End | None
    packets: int
    bytes: int
    references: int


class ChainsView(msgspec.Struct, frozen=True):
    """Everything that is shown; `crowded_out` are chains that can be reached but are too many, `unreached` all the others."""

    table: str
    entry: str
    chains: tuple[ChainView, ...]
    crowded_out: tuple[str, ...]
    unreached: tuple[str, ...]
    counted: bool

    def chain(self, name: str) -> ChainView | None:
        """The chain called `name`, if it is shown."""
        return next((chain for chain in self.chains if chain.name == name), None)


def _entered(chain: Chain, chains: dict[str, Chain]) -> list[str]:
    """The chains that the rules of `chain` enter, in the order of its rules, once each."""
    return list(dict.fromkeys(rule.target for rule in chain.rules if rule.target in chains))


def _nearest_first(entry: str, chains: dict[str, Chain]) -> list[str]:
    found, waiting = {entry: None}, deque([entry])
    while waiting:
        for name in _entered(chains[waiting.popleft()], chains):
            if name not in found:
                found[name] = None
                waiting.append(name)
    return list(found)


def _callers_first(entry: str, chains: dict[str, Chain], shown: set[str]) -> list[str]:
    """`shown` in the order in which a packet first meets them, so that most arrows point down and are short."""
    order: dict[str, None] = {}
    waiting = [entry]
    while waiting:
        name = waiting.pop()
        if name in order or name not in shown:
            continue
        order[name] = None
        waiting.extend(reversed(_entered(chains[name], chains)))
    return list(order)


def _row(number: int, rule: Rule, chains: dict[str, Chain]) -> Row:
    return Row(number, rule.counters.packets, rule.counters.bytes, words_of(rule, chains))


def _rows(chain: Chain, chains: dict[str, Chain]) -> tuple[Row | Fold, ...]:
    numbered = list(enumerate(chain.rules, 1))
    if len(numbered) <= _MOST_ROWS:
        return tuple(_row(number, rule, chains) for number, rule in numbered)
    folded = chain.rules[_FIRST:-_LAST]
    to = dict.fromkeys(rule.target for rule in folded if rule.target in chains)
    fold = Fold(len(folded), sum(rule.counters.packets > 0 for rule in folded), tuple(to))
    first, last = ([_row(number, rule, chains) for number, rule in part] for part in (numbered[:_FIRST], numbered[-_LAST:]))
    return (*first, fold, *last)


def _references(table: Table) -> dict[str, int]:
    count: dict[str, int] = {}
    for chain in table.chains:
        for rule in chain.rules:
            count[rule.target] = count.get(rule.target, 0) + 1
    return count


def chains_view(ruleset: Ruleset, table: str, chain: str) -> ChainsView:
    """What to show of `chain` and of the chains that can be reached from it."""
    found = ruleset.table(table)
    chains = {each.name: each for each in found.chains}
    if chain not in chains:
        return ChainsView(table, chain, (), (), tuple(chains), False)
    reachable, references = _nearest_first(chain, chains), _references(found)
    order = _callers_first(chain, chains, set(reachable[:_MOST_CHAINS]))
    shown = tuple(
        ChainView(
            name=each.name,
            rows=_rows(each, chains),
            rules=len(each.rules),
            policy=verdict(each.policy) if each.policy else None,
            packets=each.counters.packets,
            bytes=each.counters.bytes,
            references=references.get(each.name, 0),
        )
        for each in map(chains.__getitem__, order)
    )
    met = set(reachable)
    return ChainsView(
        table=table,
        entry=chain,
        chains=shown,
        crowded_out=tuple(name for name in reachable if name not in order),
        unreached=tuple(name for name in chains if name not in met),
        counted=any(_has_counted(chains[name]) for name in reachable),
    )


def _has_counted(chain: Chain) -> bool:
    return bool(chain.counters.packets) or any(rule.counters.packets for rule in chain.rules)
