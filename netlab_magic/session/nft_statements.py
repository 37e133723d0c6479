"""`rule -t FAMILY:TABLE …` and `policy -t FAMILY:TABLE …`: one copy of a rule of nft, or the policy of one of its chains.

Whether two rules are the same is for nft to decide: every rule of a cell is first added to a temporary chain of the same table, which no
packet enters, and compared as nft lists it there.
"""

from collections.abc import Sequence

import msgspec

from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused, Place, StatementError, place_of
from netlab_magic.language import statements as s
from netlab_magic.model.topology import HOST
from netlab_magic.nftables import parse
from netlab_magic.nftables.ruleset import Chain, Rule, Ruleset, Table
from netlab_magic.nftables.state import stateless_rule
from netlab_magic.session.docker import run_commands
from netlab_magic.session.native_tables import chain_called, table_titled
from netlab_magic.session.nft_refusals import why_nft_refused
from netlab_magic.session.program_output import nft_command, output_of, with_text
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["spelt_by_nft"]

_SPELLING = "netlab-spelling"
"""The temporary chain that shows how nft lists rules."""


class NftStep(Step):
    """One change of a table of nft; without a `line` there is nothing to do. A rule is deleted by the handle it has at that time."""

    def __init__(self, statement: s.NftRule | s.NftPolicy, sentence: str, line: str = "", doomed: int = 0) -> None:
        self.statement = statement
        self.sentence = sentence
        self.line = line
        self.doomed = doomed

    def run(self, running: Running) -> None:
        """See Step. Raises KernelRefused."""
        engine, line = running.network.engine, self.line
        if self.doomed:
            line += f" handle {self._handle(engine)}"
        command = nft_command(line)
        if line and not running.options.dry_run:
            running.changes()
            try:
                run_commands(engine, [command], running.cell)
            except Refusal as refusal:
                raise KernelRefused(f"nft refused: {refusal.message}", self.statement.place, refusal.errno) from None
        running.add_change(self.statement, self.sentence, [command] if line else [], bool(line))

    def _handle(self, engine: Engine) -> str:
        """The handle of the rule to delete; in a dry run it may not exist."""
        rules = _rules_of(output_of(engine, f"nft -a list chain {self.statement.table} {self.statement.chain}"))
        return str(rules[self.doomed - 1].handle) if self.doomed <= len(rules) else "…"


def _chain_of(ruleset: Ruleset, statement: s.NftRule | s.NftPolicy) -> Chain:
    """The chain of a statement. Raises StatementError if it does not exist."""
    return chain_called(table_titled(ruleset, statement.table), statement.chain)


@step_of.register
def _policy(statement: s.NftPolicy, plan: Plan) -> Step:
    chain, policy = _chain_of(plan.native, statement), statement.verdict.lower()
    if chain.hook is None:
        message = f"the chain {chain.name} of {statement.table} has no hook, so no policy: a packet returns to the calling chain"
        raise StatementError(message, place_of(statement.chain))
    if chain.hook.policy == policy:
        return NftStep(statement, "already so")
    plan.native = _with_chain(plan.native, statement, msgspec.structs.replace(chain, hook=_with_policy(chain, policy)))
    return NftStep(
        statement,
        f"the policy of {chain.name} in {statement.table} is now {statement.verdict}",
        f"chain {statement.table} {chain.name} {{ policy {policy}; }}",
    )


def _with_policy(chain: Chain, policy: str) -> object:
    return msgspec.structs.replace(chain.hook, policy=policy, raw="") if chain.hook else None


@step_of.register
def _rule(statement: s.NftRule, plan: Plan) -> Step:
    chain, rule = _chain_of(plan.native, statement), plan.nft_rules.pop(0)
    name = f"{chain.name} in {statement.table}"
    same = [number for number, held in enumerate(chain.rules, 1) if rule is not None and stateless_rule(held) == stateless_rule(rule)]
    if statement.action == "delete":
        number = _doomed(chain, statement, same)
        gone = stateless_rule(chain.rules[number - 1]).text(statement.table.partition(" ")[0])
        plan.native = _with_rules(plan.native, statement, chain, (*chain.rules[: number - 1], *chain.rules[number:]))
        return NftStep(statement, f"rule {number} of {name} is gone: {gone}", f"delete rule {statement.table} {chain.name}", number)
    if same or rule is None:
        return NftStep(statement, f"already so (rule {same[0]} of {name})")
    if statement.action == "insert":
        plan.native = _with_rules(plan.native, statement, chain, (rule, *chain.rules))
        return NftStep(statement, f"rule 1 of {name}", f"insert rule {statement.table} {chain.name} {statement.spec}")
    plan.native = _with_rules(plan.native, statement, chain, (*chain.rules, rule))
    return NftStep(statement, f"rule {len(chain.rules) + 1} of {name}", f"add rule {statement.table} {chain.name} {statement.spec}")


def _doomed(chain: Chain, statement: s.NftRule, same: Sequence[int]) -> int:
    """The number of the rule to delete. Raises StatementError when there is none."""
    where, number = f"{chain.name} in {statement.table}", statement.number
    place = place_of(statement.spec) or statement.place
    if number is None:
        if not same:
            raise StatementError(f"{where} has no such rule to delete (show rules -t {statement.option} {chain.name} lists them)", place)
        return same[0]
    if not 1 <= number <= len(chain.rules):
        count = f"{len(chain.rules)} rule{'s' if len(chain.rules) != 1 else ''}" if chain.rules else "no rules"
        raise StatementError(f"{where} has {count}, so there is no rule {number} to delete", place)
    return number


def _with_rules(ruleset: Ruleset, statement: s.NftRule, chain: Chain, rules: tuple[Rule, ...]) -> Ruleset:
    return _with_chain(ruleset, statement, msgspec.structs.replace(chain, rules=rules))


def _with_chain(ruleset: Ruleset, statement: s.NftRule | s.NftPolicy, chain: Chain) -> Ruleset:
    def changed(table: Table) -> Table:
        if table.title != statement.table:
            return table
        blocks = tuple(chain if isinstance(block, Chain) and block.name == chain.name else block for block in table.blocks)
        return msgspec.structs.replace(table, blocks=blocks)

    return msgspec.structs.replace(ruleset, tables=tuple(map(changed, ruleset.tables)))


def spelt_by_nft(engine: Engine, plan: Plan, statements: Sequence[s.Statement]) -> list[Rule | None]:
    """The rules of these statements as nft lists them, in order; None for one given by its number.

    Raises StatementError for an unknown table or chain, and KernelRefused for a rule that nft refuses.
    """
    edits = [statement for statement in statements if isinstance(statement, s.NftRule)]
    for edit in edits:
        _chain_of(plan.native, edit)
    written = [edit for edit in edits if edit.number is None]
    if not written:
        return [None] * len(edits)
    lines = [f"add rule {edit.table} {edit.chain} {edit.spec}" for edit in written if edit.action != "delete"]
    if lines:
        _ask(engine, "nft -c -f -", lines, [edit for edit in written if edit.action != "delete"], plan.native)
    tables = list(dict.fromkeys(edit.table for edit in written))
    _ask(engine, "nft -f -", [f"add chain {title} {_SPELLING}" for title in tables], written[:1] * len(tables), plan.native)
    try:
        _ask(engine, "nft -f -", [f"add rule {edit.table} {_SPELLING} {edit.spec}" for edit in written], written, plan.native)
        found = {title: iter(_rules_of(output_of(engine, f"nft list chain {title} {_SPELLING}"))) for title in tables}
    finally:
        run_commands(engine, [f"nft delete chain {title} {_SPELLING}" for title in tables])
    return [None if edit.number is not None else next(found[edit.table]) for edit in edits]


def _rules_of(listed: str) -> tuple[Rule, ...]:
    return parse(listed, strict=False).tables[0].chains[0].rules


def _ask(engine: Engine, program: str, lines: Sequence[str], statements: Sequence[s.NftRule], natives: Ruleset) -> None:
    """Gives nft one line for each statement. Raises KernelRefused at the statement whose line it refuses."""
    command, said = with_text(program, "".join(f"{line}\n" for line in lines)), list[str]()
    if not engine.run(command, lambda _, text: said.append(text)).status:
        return
    refused = why_nft_refused(command, "".join(said), {HOST: natives})
    place = refused.place if refused else None
    number = place.line - 1 if place else 0
    statement = statements[number]
    spec = place_of(statement.spec)
    shift = place.column - (len(lines[number]) - len(statement.spec)) if place else -1
    where = Place(spec.line, spec.source, spec.column + shift, place.width) if place and spec and shift >= 0 else statement.place
    raise KernelRefused(refused.message if refused else f"nft refuses this: {' '.join(''.join(said).split())}", where)
