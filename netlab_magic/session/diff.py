"""Two states of a lab side by side: which chains and rules were added, removed or kept, and how topology and sysctls differ."""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from netlab_magic.explain import Explanation, explain
from netlab_magic.iptables.diff import side_by_side
from netlab_magic.iptables.ruleset import Rule, RulePosition, Ruleset, Table
from netlab_magic.model.change_summary import parts
from netlab_magic.model.changes import between
from netlab_magic.model.hooks import BUILT_IN
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.nft_diff import native_differences
from netlab_magic.session.results.diff import ChainDiff, Compared, Comparison, RuleDiff
from netlab_magic.session.state import Seen

__all__ = ["State", "Words", "compare", "compared"]

State = tuple[Topology, *tuple[Ruleset, ...]]
"""A topology, and the rules of each family."""

Words = Callable[[Ruleset, RulePosition], str]
"""Gives the words for what a rule does; "" to say nothing."""


def compared(before: tuple[str, Seen], after: tuple[str, Seen], language: str = "en") -> Compared:
    """Two named states side by side; each added or removed rule with what it does."""

    def words(ruleset: Ruleset | NftRuleset, place: RulePosition) -> str:
        if isinstance(ruleset, Ruleset) and place.table not in BUILT_IN:  # inside a namespace
            return ""
        told = explain(ruleset, *place, language)
        return told.situation or told.short if isinstance(told, Explanation) else ""

    old, new = ((seen.topology, *_rules_of(seen)) for _, seen in (before, after))
    found = compare(old, new, words)
    chains, blocks = native_differences(before[1].native, after[1].native, words)
    return Compared(msgspec.structs.replace(found, chains=(*found.chains, *chains), blocks=blocks), before[0], after[0])


def _rules_of(seen: Seen) -> tuple[Ruleset, Ruleset]:
    """All rules of iptables and ip6tables in a state; those inside namespaces as separate tables."""
    return _with_inside(seen, seen.rulesets), _with_inside(seen, seen.rulesets6)


def _with_inside(seen: Seen, rulesets: Mapping[str, Ruleset]) -> Ruleset:
    """The host's rules of one family, with those inside namespaces."""
    inside = [
        msgspec.structs.replace(table, name=f"{table.name} in {name}")
        for name in seen.inside_namespaces
        if name in rulesets
        for table in rulesets[name].tables
    ]
    return msgspec.structs.replace(rulesets[HOST], tables=(*rulesets[HOST].tables, *inside))


def compare(before: State, after: State, words: Words = lambda *_: "") -> Comparison:
    """The differences between two states of a lab, apart from counters. `words` says what an added or removed rule does."""
    changes = between(before[0], after[0])
    commands = tuple(command for change in changes for command in change.commands())
    chains = (chain for old, new in zip(before[1:], after[1:], strict=True) for chain in _chains(old, new, words))
    return Comparison(tuple(chains), tuple(parts(changes)), commands)


def _chains(before: Ruleset, after: Ruleset, words: Words) -> Iterator[ChainDiff]:
    title = "{} (ip6tables)" if after.family == "ipv6" else "{}"
    for name in dict.fromkeys([*BUILT_IN, *(table.name for ruleset in (after, before) for table in ruleset.tables)]):
        old, new = before.table(name), after.table(name)
        for chain in dict.fromkeys(chain.name for table in (new, old) for chain in table.chains):
            found = _chain(name, old, new, chain)
            if found:
                told = tuple(_told(row, RulePosition(name, chain, row.after or row.before), before, after, words) for row in found.rows)
                yield msgspec.structs.replace(found, table=title.format(name), rows=told)


def _told(row: RuleDiff, place: RulePosition, before: Ruleset, after: Ruleset, words: Words) -> RuleDiff:
    return row if row.stayed else msgspec.structs.replace(row, words=words(after if row.after else before, place))


def _chain(table: str, before: Table, after: Table, name: str) -> ChainDiff | None:
    old, new = before.chain(name), after.chain(name)
    rows, one, other = [], 0, 0
    for gone, come in side_by_side(old.rules if old else (), new.rules if new else ()):
        one, other = one + bool(gone), other + bool(come)
        rule = come or gone or Rule()
        rows.append(RuleDiff(rule, rule.spec, one if gone else 0, other if come else 0))
    same = old and new and old.policy == new.policy and all(row.stayed for row in rows)
    return None if same else ChainDiff(table, name, old, new, tuple(rows))
