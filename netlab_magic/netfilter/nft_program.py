"""A ruleset of nft compiled for walking: base chains by hook, each with the chains of its table, for packets of one family."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from netlab_magic.iptables.identity_cache import Remembered
from netlab_magic.model.hooks import HOOK_TABLES, NAT_PRIORITIES, NFT_PRIORITIES, PRIORITIES
from netlab_magic.netfilter.nft_links import may_stop_others
from netlab_magic.netfilter.nft_rules import RuleCompiler, is_other_family
from netlab_magic.netfilter.rule_index import Line, Lines
from netlab_magic.netfilter.targets import Action
from netlab_magic.nftables import expressions as e
from netlab_magic.nftables import statements as s
from netlab_magic.nftables.ruleset import Ruleset, Table

__all__ = ["IPTABLES_NAT", "BaseChain", "NativeProgram", "Turn", "compiled_nft", "grouped"]

_NEEDS_TRACKING = (s.Nat, s.Masquerade, s.Redirect, s.ConnectionLimit, s.FlowAdd, s.Synproxy)


class NativeChains(dict[str, Lines]):
    """The chains of a table, each compiled when a packet first enters it."""

    def __init__(self, table: Table, six: bool) -> None:
        super().__init__()
        self._held = {chain.name: chain for chain in table.chains}
        self._compiler = RuleCompiler(table, six)

    def __missing__(self, name: str) -> Lines:
        chain = self._held[name]
        lines = [self._compiler.line(rule, name, number) for number, rule in enumerate(chain.rules, 1)]
        policy = chain.hook.policy.upper() if chain.hook else "RETURN"
        found = self[name] = Lines((*lines, Line(self._compiler.table.title, name, None, (), (), Action(verdict=policy))))
        return found


class BaseChain(msgspec.Struct, frozen=True):
    """A base chain of a hook. `place` is its position in the listing: of two in one table with the same priority, the later runs first.

    `devices` are those of a chain that sees the frames of devices. `stops_others` says what else a chain that sees frames may stop: the ARP
    (or for IPv6 neighbour discovery) without which no packet leaves.
    """

    table: str
    name: str
    kind: str
    priority: int
    place: int
    chains: NativeChains
    devices: tuple[str, ...] = ()
    stops_others: bool = False

    @property
    def lines(self) -> Lines:
        """Its rules."""
        return self.chains[self.name]


Turn = str | BaseChain
"""What runs at a hook: a table of iptables, or a base chain of nft."""

IPTABLES_NAT = "iptables nat"
"""The nat table of iptables, among what translates."""


Groups = tuple[tuple[Turn, ...], ...]


class NativeProgram(msgspec.Struct, frozen=True):
    """The base chains of each hook, those of the type nat apart; and whether any rule has connection tracking run.

    `frames` are those that see frames, on bridges by their hook, of devices by `INGRESS` and `EGRESS`; `groups` are known.
    """

    chains: Mapping[str, tuple[BaseChain, ...]]
    nat: Mapping[str, tuple[BaseChain, ...]]
    frames: Mapping[str, tuple[BaseChain, ...]]
    tracks: bool
    groups: dict[tuple[str, object, frozenset[str]], Groups] = {}

    def filters(self, hook: str, by_nft: bool, asked: frozenset[str]) -> Groups:
        """Whom a hook asks, in groups of one priority: the tables of iptables in `asked` (of the nft variant, or not), and base chains.

        What translates is asked in any case: connections that have been translated go on to be.
        """
        found = self.groups.get((hook, by_nft, asked))
        if found is None:
            priorities = {**(NFT_PRIORITIES if by_nft else PRIORITIES), "nat": NAT_PRIORITIES.get(hook, 0)}
            kinds = [(priorities[kind], kind) for kind in HOOK_TABLES[hook] if kind in asked or kind == "nat"]
            found = self.groups[hook, by_nft, asked] = grouped(self.chains.get(hook, ()), kinds)
        return found

    def translators(self, hook: str, asked: frozenset[str]) -> Groups:
        """Who is asked for a translation at a hook: the nat table of iptables, if it is in `asked`, and base chains of the type nat."""
        found = self.groups.get((hook, IPTABLES_NAT, asked))
        if found is None:
            own = [(NAT_PRIORITIES[hook], IPTABLES_NAT)] if "nat" in asked else []
            found = self.groups[hook, IPTABLES_NAT, asked] = grouped(self.nat.get(hook, ()), own)
        return found


def grouped(chains: Sequence[BaseChain], kinds: Sequence[tuple[int, str]]) -> Groups:
    """By priority; of one table, the chain that is listed later comes first, and chains of nft before iptables' own."""
    found: list[tuple[int, Turn]] = [*((chain.priority, chain) for chain in chains), *kinds]
    ordered = sorted(found, key=_priority)
    return tuple(tuple(turn for _, turn in group) for _, group in groupby(ordered, key=_priority))


def _priority(found: tuple[int, Turn]) -> int:
    return found[0]


def _compile(ruleset: Ruleset, six: bool) -> NativeProgram:
    chains: _Found = {}
    nat: _Found = {}
    frames: _Found = {}
    tables = [table for table in ruleset.tables if "dormant" not in table.flags]
    for table in tables:
        _add_frame_chains(frames, table, six)
    met = [table for table in tables if table.family in ("inet", "ip6" if six else "ip")]
    for table in met:
        compiled = NativeChains(table, six)
        for chain in table.chains:
            if chain.hook and chain.hook.hook not in ("ingress", "egress"):
                held = nat if chain.hook.kind == "nat" else chains
                known = held.setdefault(chain.hook.hook.upper(), [])
                known.append(BaseChain(table.title, chain.name, chain.hook.kind, chain.hook.priority, len(known), compiled))
    return NativeProgram(_ordered(chains), _ordered(nat), _ordered(frames), any(_tracks(table, six) for table in met))


_Found = dict[str, list[BaseChain]]


def _ordered(found: _Found) -> dict[str, tuple[BaseChain, ...]]:
    return {hook: tuple(sorted(held, key=lambda one: (one.priority, -one.place))) for hook, held in found.items()}


def _add_frame_chains(found: _Found, table: Table, six: bool) -> None:
    """Adds the base chains of a table that see frames: on a bridge, or those of devices."""
    compiled = NativeChains(table, six)
    for chain in table.chains:
        if chain.hook is not None and (table.family == "bridge" or chain.hook.hook in ("ingress", "egress")):
            known = found.setdefault(chain.hook.hook.upper(), [])
            stops = may_stop_others(table, chain, six)
            known.append(
                BaseChain(
                    table.title, chain.name, chain.hook.kind, chain.hook.priority, len(known), compiled, chain.hook.devices, stops
                )
            )


def _tracks(table: Table, six: bool) -> bool:
    """Whether a table has connection tracking run: by what its rules ask for, or by what they do (nf_ct_netns_get)."""
    return any(_rule_tracks(statement, six) for chain in table.chains for rule in chain.rules for statement in rule.statements)


def _rule_tracks(statement: object, six: bool) -> bool:
    if isinstance(statement, s.Nat) and is_other_family(statement, six):  # it needs that of its own family only (nft_nat_init)
        return False
    if isinstance(statement, _NEEDS_TRACKING) or (isinstance(statement, s.ObjectReference) and statement.kind.startswith("ct ")):
        return True
    return any(isinstance(found, e.Ct) for found in _inside(statement))


def _inside(value: object) -> Iterator[object]:
    """A statement's expressions, and those inside them; elements of sets are constants."""
    for name in getattr(value, "__struct_fields__", ()):
        held = getattr(value, name)
        for one in held if isinstance(held, tuple) else (held,):
            if isinstance(one, msgspec.Struct) and not isinstance(one, e.Element | e.AnonymousSet):
                yield one
                yield from _inside(one)


_PROGRAMS: Remembered[Ruleset, NativeProgram] = Remembered(_compile, 32)


def compiled_nft(ruleset: Ruleset, six: bool) -> NativeProgram:
    """The program of a ruleset for packets of one family, worked out once for each."""
    return _PROGRAMS.of(ruleset, six)
