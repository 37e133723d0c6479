"""A compiled ruleset: chains of lines, each with the tests of a rule and its action."""

from collections.abc import Iterator, Mapping

import msgspec

from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.extensions import MATCHES, TARGETS
from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.iptables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.model.hooks import HOOK_TABLES
from netlab_magic.netfilter.condition import unjudged
from netlab_magic.netfilter.matches import conditions
from netlab_magic.netfilter.rule_index import Line, Lines
from netlab_magic.netfilter.targets import Action, action, unknowable

__all__ = ["compiled"]


def _line(rule: Rule, table: str, chain: str, number: int, chains: frozenset[str], family: str) -> Line:
    try:
        told = canonical(rule, family)
        found = conditions(told, family)
        follows = action(told.target, chains, family)
    except (ValueError, LookupError):  # lenient reading keeps rules that iptables would refuse
        found = (unjudged("words that cannot be read"),)
        follows = unknowable("cannot be read")
    return Line(table, chain, number, found, tuple(condition.test for condition in found), follows)


_POLICIES = ("ACCEPT", "DROP", "QUEUE")


def _end(policy: str | None) -> Action:
    """What follows at the end of a chain. The policy of one that was listed without it is not known."""
    return Action(verdict=policy or "RETURN") if policy is None or policy in _POLICIES else unknowable("was not read")


class _Chains(dict[str, Lines]):
    """The chains of a table, each compiled when a packet first enters it.

    What is compiled of `like`, the same table before it was edited, is taken over for every rule that is the same object there.
    """

    def __init__(self, table: Table, family: str, like: "_Chains | None" = None) -> None:
        super().__init__()
        self.held = {chain.name: chain for chain in table.chains}
        self._table = table.name
        self.family = family
        self._names = frozenset(self.held)
        self._like = like if like is not None and (like.held.keys(), like.family) == (self.held.keys(), family) else None
        if like is not None:
            like.forget()

    def forget(self) -> None:
        """Lets go of the table as it was: else every edit would keep all those before it."""
        self._like = None

    def __contains__(self, name: object) -> bool:
        return name in self.held

    def __missing__(self, name: str) -> Lines:
        found = self[name] = self._compiled(self.held[name])
        return found

    def _compiled(self, chain: Chain) -> Lines:
        before = self._like.held[chain.name] if self._like is not None else None
        if self._like is not None and before is chain and dict.__contains__(self._like, chain.name):
            return self._like[chain.name]
        known = self._known(before)
        lines = [self._line(rule, chain.name, number, known.get(id(rule))) for number, rule in enumerate(chain.rules, 1)]
        return Lines((*lines, Line(self._table, chain.name, None, (), (), _end(chain.policy))))

    def _known(self, before: Chain | None) -> dict[int, Line]:
        """The lines of the chain as it was, by the identity of their rules."""
        if before is None or self._like is None or not dict.__contains__(self._like, before.name):
            return {}
        return {id(rule): line for rule, line in zip(before.rules, self._like[before.name].lines, strict=False)}

    def _line(self, rule: Rule, chain: str, number: int, known: Line | None) -> Line:
        if known is None:
            return _line(rule, self._table, chain, number, self._names, self.family)
        return known if known.number == number else Line(self._table, chain, number, known.conditions, known.tests, known.action)


class _Program(msgspec.Struct, frozen=True):
    """The chains of every table, by its name, those of the tables that each hook asks, and whether any rule has connection tracking run.

    `filled` are the sets of ipset whose entries rules change.
    """

    tables: Mapping[str, _Chains]
    asked: Mapping[str, frozenset[str]]
    tracks: bool
    filled: frozenset[str]


def _tracks(rule: Rule) -> bool:
    """Whether a rule needs connection tracking; one that only turns it off does not (xt_ct_tg_check)."""
    if any(found.module in _TRACKING for found in rule.matches):
        return True
    return rule.jump in _TRACKING and rule.target is not None and rule.target.option("--notrack") is None


_TRACKING = frozenset(name for table in (MATCHES, TARGETS) for name, extension in table.items() if extension.tracks)


def _compile(ruleset: Ruleset) -> _Program:
    latest = _PROGRAMS.latest()
    before = latest.tables if latest else {}
    tracks = any(_tracks(rule) for table in ruleset.tables for chain in table.chains for rule in chain.rules)
    tables = {table.name: _Chains(table, ruleset.family, before.get(table.name)) for table in ruleset.tables}
    asked = {hook: frozenset(name for name in names if name in tables and hook in tables[name]) for hook, names in HOOK_TABLES.items()}
    rules = (rule for table in ruleset.tables for chain in table.chains for rule in chain.rules if rule.jump == "SET")
    return _Program(tables, asked, tracks, frozenset(name for rule in rules for name in _filled_by(rule)))


def _filled_by(rule: Rule) -> Iterator[str]:
    """The sets that the target SET adds to, or deletes from."""
    for name in ("--add-set", "--del-set"):
        found = rule.target.option(name) if rule.target else None
        yield from found.values[:1] if found else ()


_PROGRAMS: Remembered[Ruleset, _Program] = Remembered(_compile)


def compiled(ruleset: Ruleset) -> _Program:
    """The program of a ruleset, worked out once for each."""
    return _PROGRAMS.of(ruleset)
