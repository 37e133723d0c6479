"""The rules of a simulated namespace: what iptables, iptables-save and iptables-restore do with them in each variant."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from netlab_magic.errors import Place
from netlab_magic.iptables.canonical import canonical
from netlab_magic.iptables.command import Command, command_of
from netlab_magic.iptables.command_changes import changes
from netlab_magic.iptables.diff import AddTable, RulesChange, SetPolicy, apply
from netlab_magic.iptables.extensions import target
from netlab_magic.iptables.refusal import Kind, Refused
from netlab_magic.iptables.ruleset import Chain, Counters, Rule, Ruleset, Table
from netlab_magic.iptables.words import split
from netlab_magic.model.hooks import BUILT_IN

__all__ = ["carried_out", "program_name", "restored", "saved", "with_table"]

_PROGRAM_VERSION = "1.8.9"
"""The iptables whose texts are printed here."""

_NFT_ORDER = ("mangle", "security", "raw", "filter", "nat")
_NFT_MARK = {"legacy": "", "nft": " (nf_tables)"}
_COUNTED = re.compile(r"\[(\d+):(\d+)\]\s+")


def program_name(program: str, variant: str) -> str:
    """How a program names itself before what it has to say: `iptables v1.8.9 (legacy)`."""
    return f"{program} v{_PROGRAM_VERSION} ({'nf_tables' if variant == 'nft' else 'legacy'})"


# --- one command -----------------------------------------------------------------------------------------------------------


def carried_out(ruleset: Ruleset, command: Command, variant: str) -> Ruleset:
    """The rules after a command. Raises Refused where iptables would refuse it."""
    edits = changes(command, ruleset)
    if not edits:
        return with_table(ruleset, command.table, variant)
    _refuse_misplaced(command)
    return _committed(ruleset, edits, variant)


def _committed(ruleset: Ruleset, edits: Sequence[RulesChange], variant: str) -> Ruleset:
    """The rules after edits of one table.

    The legacy variant sets a table's policies' counters to 0 whenever it writes the table (COUNTER_MAP_ZEROED in libiptc.c). With nft
    a policy counts once it has been set (nft_chain_set), and the chains of a new table do not count.
    """
    new = {edit.table for edit in edits if isinstance(edit, AddTable)}
    touched = {edit.table for edit in edits}
    set_now = {(edit.table, edit.chain) for edit in edits if isinstance(edit, SetPolicy)}
    after = apply(ruleset, edits)
    if variant == "legacy":
        tables = [_with_counters(table, lambda _: Counters()) if table.name in touched else table for table in after.tables]
        return _ordered(msgspec.structs.replace(after, tables=tuple(tables)), new, variant)

    def counting(table: Table) -> Table:
        def one(chain: Chain) -> Counters | None:
            if (table.name, chain.name) in set_now:
                return Counters()
            return None if table.name in new else chain.counters

        return _with_counters(table, one)

    return _ordered(msgspec.structs.replace(after, tables=tuple(map(counting, after.tables))), new, variant)


def _with_counters(table: Table, of: Callable[[Chain], Counters | None]) -> Table:
    chains = tuple(msgspec.structs.replace(chain, counters=of(chain)) if chain.policy else chain for chain in table.chains)
    return Table(table.name, chains)


def _ordered(ruleset: Ruleset, new: set[str], variant: str) -> Ruleset:
    """The tables in the order of the variant: legacy puts the youngest first, nft has one order for all."""
    tables = [Table(table.name, _in_order(table)) if table.name in new else table for table in ruleset.tables]
    if variant == "nft":
        tables.sort(key=lambda table: _NFT_ORDER.index(table.name))
    elif new:
        tables.sort(key=lambda table: table.name not in new)
    return msgspec.structs.replace(ruleset, tables=tuple(tables))


def _in_order(table: Table) -> tuple[Chain, ...]:
    places = {name: place for place, name in enumerate(BUILT_IN[table.name])}
    return tuple(sorted(table.chains, key=lambda chain: (places.get(chain.name, len(places)), chain.name)))


def with_table(ruleset: Ruleset, name: str, variant: str) -> Ruleset:
    """The rules after a table was read: the legacy variant creates it by that."""
    if variant != "legacy" or any(table.name == name for table in ruleset.tables):
        return ruleset
    chains = tuple(Chain(chain, "ACCEPT") for chain in BUILT_IN[name])
    return msgspec.structs.replace(ruleset, tables=(Table(name, chains), *ruleset.tables))


# --- what belongs where ------------------------------------------------------------------------------------------------------

def _refuse_misplaced(command: Command) -> None:
    """Raises Refused where the kernel does not take a rule in this place."""
    for rule in command.rules:
        if not _may_stand(rule.jump, command.table, command.chain):
            refused = Refused(Kind.MISPLACED, rule.jump)
            refused.command = command
            raise refused


def _may_stand(name: str, table: str, chain: str) -> bool:
    found = target(name)
    if found is None or not found.table:
        return True
    if found.table != table:
        return False
    return not found.chains or chain in found.chains or chain not in BUILT_IN[table]


# --- whole texts -----------------------------------------------------------------------------------------------------------


def saved(ruleset: Ruleset, variant: str, moment: str, counters: bool = True, table: str | None = None) -> str:
    """What `iptables-save` prints, with `-c` when `counters`; `moment` is the time as the program writes it."""
    mark = f"{ruleset.program}-save v{_PROGRAM_VERSION}{_NFT_MARK[variant]}"
    parts = []
    for one in ruleset.tables:
        if table in (None, one.name):
            parts += [f"# Generated by {mark} on {moment}", *_lines(one, counters), f"# Completed on {moment}"]
    return "".join(f"{line}\n" for line in parts)


def _lines(table: Table, counters: bool) -> Iterator[str]:
    yield f"*{table.name}"
    yield from (f":{chain.name} {chain.policy or '-'} {chain.counters or Counters()}" for chain in table.chains)
    for chain in table.chains:
        for rule in chain.rules:
            counted = f"{rule.counters or Counters()} " if counters else ""
            yield f"{counted}-A {chain.name} {rule}".rstrip()
    yield "COMMIT"


def restored(ruleset: Ruleset, text: str, variant: str, flush: bool = False, counters: bool = False) -> Ruleset:
    """The rules after `iptables-restore` of a text; `flush` replaces the tables in it, `counters` takes theirs.

    Raises Refused, with the line.
    """
    reader = _Restoring(ruleset, variant, flush, counters)
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        try:
            reader.line(line.rstrip("\r"))
        except Refused as refused:
            raise refused.at(Place(number, line)) from None
    if reader.table:
        raise Refused(Kind.NO_COMMIT, line=len(lines) + 1).at(Place(len(lines), lines[-1]))
    return reader.ruleset


class _Restoring:
    """Reads a text for iptables-restore line by line: a table takes effect with its COMMIT."""

    def __init__(self, ruleset: Ruleset, variant: str, flush: bool, counters: bool) -> None:
        self.ruleset = ruleset
        self.variant, self.flush, self.counters = variant, flush, counters
        self.table = ""
        self.new: set[str] = set()
        self.chains: dict[str, Chain] = {}
        self.rules: dict[str, list[Rule]] = {}

    def line(self, line: str) -> None:
        if not line.strip() or line.startswith("#"):
            return
        if line.startswith("*") and not self.table:
            self.begin(line[1:].strip())
        elif not self.table:
            raise Refused(Kind.OUTSIDE_OF_TABLES, line.split(maxsplit=1)[0])
        elif line.strip() == "COMMIT":
            self.commit()
        elif line.startswith(":"):
            self.declare(line[1:])
        else:
            self.edit(line)

    def begin(self, name: str) -> None:
        if name not in BUILT_IN:
            raise Refused(Kind.NO_TABLE, name)
        known = next((table for table in self.ruleset.tables if table.name == name), None)
        self.table, self.new = name, set() if known else {name}
        silent = None if self.variant == "nft" else Counters()
        built_in = tuple(Chain(chain, "ACCEPT", (), silent) for chain in BUILT_IN[name])
        if self.flush and known and self.variant == "legacy":
            built_in = tuple(msgspec.structs.replace(chain, rules=()) for chain in known.chains if chain.policy)
        held = built_in if self.flush or not known else known.chains
        zero = self.variant == "legacy"
        self.chains = {chain.name: msgspec.structs.replace(chain, counters=Counters()) if zero else chain for chain in held}
        self.rules = {chain.name: list(chain.rules) for chain in held}

    def declare(self, line: str) -> None:
        words = line.split()
        if len(words) < 2:
            raise Refused(Kind.POLICY_MISSING, line, option=f":{line}")
        name, policy = words[:2]
        found = _COUNTED.match(f"{words[2]} ") if len(words) > 2 else None
        counted = Counters(int(found[1]), int(found[2])) if found and self.counters else Counters()
        if policy == "-":
            if name not in self.chains:
                command_of(["iptables", "-N", name])
            self.chains[name], self.rules[name] = Chain(name), []
            return
        if name not in BUILT_IN[self.table]:
            raise Refused(Kind.POLICY_OF_A_USERS_CHAIN, name, chain=name)
        if policy not in ("ACCEPT", "DROP"):
            raise Refused(Kind.NOT_A_POLICY, policy)
        self.chains[name] = Chain(name, policy, (), counted)

    def edit(self, line: str) -> None:
        found = _COUNTED.match(line)
        words = split(line[found.end() :] if found else line)
        table_option = next((word for word in words if word in ("-t", "--table")), "")
        if table_option:
            raise Refused(Kind.TABLE_IN_A_TABLE, table_option, table=self.table)
        command = command_of([self.ruleset.program, "-t", self.table, *words])
        counted = Counters(int(found[1]), int(found[2])) if found and self.counters else Counters()
        rules = tuple(msgspec.structs.replace(rule, counters=rule.counters or counted) for rule in command.rules)
        command = msgspec.structs.replace(command, rules=rules)
        _refuse_misplaced(command)
        if command.action == "-A" and command.chain in self.rules and all(self.is_known(rule) for rule in rules):
            self.rules[command.chain] += [self.spelt(rule) for rule in rules]  # thousands of these must not take long
            return
        one = Ruleset((Table(self.table, self.made()),), self.ruleset.family)
        after = apply(one, changes(command, one)).table(self.table)
        self.chains = {chain.name: chain for chain in after.chains}
        self.rules = {chain.name: list(chain.rules) for chain in after.chains}

    def is_known(self, rule: Rule) -> bool:
        """Whether a rule asks for nothing that has to be looked up: `changes` says best what is wrong with one that does."""
        if rule.target is None or rule.target.goto or rule.jump not in ("ACCEPT", "DROP", "RETURN", "MASQUERADE", "DNAT"):
            return False
        return not {"-i", "-o"} & {option.name for option in rule.options}

    def spelt(self, rule: Rule) -> Rule:
        return msgspec.structs.replace(canonical(rule, self.ruleset.family), counters=rule.counters)

    def made(self) -> tuple[Chain, ...]:
        return tuple(msgspec.structs.replace(chain, rules=tuple(self.rules[name])) for name, chain in self.chains.items())

    def commit(self) -> None:
        table = Table(self.table, self.made())
        table = Table(self.table, _in_order(table))
        if loop := table.loop():
            raise Refused(Kind.LOOP, " → ".join((*loop, loop[0])))
        others = tuple(held for held in self.ruleset.tables if held.name != self.table)
        at = [held.name for held in self.ruleset.tables].index(self.table) if not self.new else 0
        self.ruleset = _ordered(msgspec.structs.replace(self.ruleset, tables=(*others[:at], table, *others[at:])), self.new, self.variant)
        self.table = ""
