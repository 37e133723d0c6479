"""Build and firewall statements: what they change, and how consecutive ones are carried out together."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NoReturn

import msgspec

from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import PROGRAM_OF, Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired
from netlab_magic.model.change_summary import summary
from netlab_magic.model.changes import Change, between
from netlab_magic.model.topology import Topology
from netlab_magic.session.state import Seen
from netlab_magic.session.step import Plan, Running, Step, step_of
from netlab_magic.text import counted

__all__ = ["Changes", "check_rules", "may_be_taken_back", "restore_rules"]

_Firewall = s.Policy | s.RuleEdit | s.Masquerade


class Planned(msgspec.Struct, frozen=True):
    """One build or firewall statement with its effect."""

    statement: s.Statement
    before: Topology
    sentence: str
    changes: tuple[Change, ...] = ()
    rule: plan_rules.Step | None = None

    def commands(self) -> list[str]:
        """The commands this statement stands for."""
        if self.rule:
            return [self.rule.command()] if self.rule.line else []
        return [command for change in self.changes for command in change.commands()]


class Changes(Step):
    """Changes of the topology in one request, and those of the firewall in one.

    With `may_be_taken_back`, both are made at the same time; if one is refused, the other is rolled back.
    """

    def __init__(self, planned: Sequence[Planned], may_be_taken_back: bool) -> None:
        self.planned = tuple(planned)
        self.may_be_taken_back = may_be_taken_back

    def joined(self, following: Step) -> Step | None:
        """See Step."""
        return Changes((*self.planned, *following.planned), self.may_be_taken_back) if isinstance(following, Changes) else None

    def run(self, running: Running) -> None:
        """See Step."""
        commands = [one.commands() for one in self.planned]
        if not running.options.dry_run and any(commands):
            running.changes()
            self._carry_out(running.network.engine, running.planned_from)
        for one, told in zip(self.planned, commands, strict=True):
            running.add_change(one.statement, one.sentence, told, bool(told))

    def _carry_out(self, engine: Engine, seen: Seen) -> None:
        changes = [(one, change) for one in self.planned for change in one.changes]
        doing = [one for one in self.planned if one.rule and one.rule.line]
        steps = [one.rule for one in doing if one.rule]
        rules = {family: plan_rules.restoring([step for step in steps if step.family == family]) for family in PROGRAM_OF}
        at_once = bool(doing and changes and self.may_be_taken_back)
        try:
            if changes:
                engine.apply([change for _, change in changes], *(rules.values() if at_once else ()))
            for family, text in rules.items() if not at_once else ():
                if text:
                    engine.restore(text, family=family)
        except Refusal as refusal:
            if self.may_be_taken_back:
                restore_rules(engine, seen, [family for family, text in rules.items() if text])
            if refusal.in_rules:
                self._rules_refused(engine, seen, doing, refusal)
            self._change_refused(engine, changes, refusal)

    def _rules_refused(self, engine: Engine, seen: Seen, doing: Sequence[Planned], refusal: Refusal) -> NoReturn:
        if self.may_be_taken_back:
            _take_back(engine, self.planned[0].before)
            # iptables says more than iptables-restore does, and names the rule.
            ask_iptables(engine, seen.by_family, [one.statement for one in doing if isinstance(one.statement, s.RuleEdit | s.Masquerade)])
        raise KernelRefused(f"iptables refused: {refusal.message}", doing[0].statement.place, refusal.errno) from None

    def _change_refused(self, engine: Engine, changes: Sequence[tuple[Planned, Change]], refusal: Refusal) -> NoReturn:
        one, change = changes[min(refusal.index, len(changes) - 1)]
        _take_back(engine, one.before)
        done = sum(1 for other in self.planned[: self.planned.index(one)] if other.changes)
        before = f"; the {counted(done, 'line')} before it took effect" if done else ""
        command = " && ".join(change.commands())
        raise KernelRefused(
            f"the kernel refused this: {refusal.message} (errno {refusal.errno}, at: {command}); it was rolled back{before}",
            one.statement.place,
            refusal.errno,
        ) from None


def restore_rules(engine: Engine, then: Seen, families: Iterable[str]) -> None:
    """Restores the host's rules of some families. Raises Refusal."""
    for family in families:
        text = plan_rules.flattened(then.dump_of(family), save_format.parse(engine.save(family), strict=False, family=family))
        if text:
            engine.restore(text, flush=True, family=family)


def _take_back(engine: Engine, before: Topology) -> None:
    """Returns the kernel to its state before a statement that it refused halfway."""
    now = engine.observe({name: tuple(held.sysctls) for name, held in before.namespaces.items()}, rules=False)
    engine.apply(between(now.topology, before))


@step_of.register
def _build(statement: s.Build, plan: Plan) -> Step:
    before, plan.topology = plan.topology, desired(plan.topology, statement)
    changes = between(before, plan.topology)
    return Changes([Planned(statement, before, summary(changes), changes)], plan.may_be_taken_back)


@step_of.register
def _policy(statement: s.Policy, plan: Plan) -> Step:
    rule, plan.rulesets[statement.family] = plan_rules.policy_step(plan.rulesets[statement.family], statement)
    return Changes([Planned(statement, plan.topology, rule.sentence, rule=rule)], plan.may_be_taken_back)


@step_of.register(s.RuleEdit)
@step_of.register(s.Masquerade)
def _rule(statement: s.RuleEdit | s.Masquerade, plan: Plan) -> Step:
    edit = _edit_of(statement)
    rule, plan.rulesets[edit.family] = plan_rules.step(plan.rulesets[edit.family], edit, plan.specs.pop(0))
    return Changes([Planned(statement, plan.topology, rule.sentence, rule=rule)], plan.may_be_taken_back)


def _edit_of(statement: s.RuleEdit | s.Masquerade) -> s.RuleEdit:
    """The statement as a change of one rule."""
    return plan_rules.masquerade_rule(statement) if isinstance(statement, s.Masquerade) else statement


def may_be_taken_back(statements: Sequence[s.Statement]) -> bool:
    """Whether nothing but the topology changes before the rules: then everything can be rolled back. Deletions cannot."""
    first = next((at for at, statement in enumerate(statements) if not isinstance(statement, s.Build | _Firewall)), len(statements))
    return not any(isinstance(statement, s.Delete) for statement in statements) and not any(
        isinstance(statement, _Firewall) for statement in statements[first:]
    )


def check_rules(engine: Engine, plan: Plan, statements: Sequence[s.Statement]) -> list[str]:
    """The rules of these statements as iptables writes them, in order. Raises StatementError, and KernelRefused for a rule that it refuses.

    iptables itself is asked, unless the option table knows all of them for certain and everything can be rolled back if it is wrong.
    """
    found = [statement for statement in statements if isinstance(statement, s.RuleEdit | s.Masquerade)]
    if plan.may_be_taken_back:
        known = [plan_rules.spelt(plan.rulesets[edit.family], edit) for edit in map(_edit_of, found)]
        certain = [spec for spec in known if spec is not None]
        if len(certain) == len(found):
            return certain
    return ask_iptables(engine, plan.rulesets, found)


def ask_iptables(engine: Engine, rulesets: Mapping[str, Ruleset], statements: Sequence[s.RuleEdit | s.Masquerade]) -> list[str]:
    """How iptables writes these rules, found out in a temporary namespace. Raises KernelRefused at the first rule that it refuses."""
    edits = [_edit_of(statement) for statement in statements]
    families = dict.fromkeys(edit.family for edit in edits)
    specs = {family: iter(_specs(engine, rulesets[family], [edit for edit in edits if edit.family == family])) for family in families}
    return [next(specs[edit.family]) for edit in edits]


def _specs(engine: Engine, ruleset: Ruleset, edits: Sequence[s.RuleEdit]) -> list[str]:
    """How iptables writes these rules, all of the ruleset's family."""
    text, at = plan_rules.check_text(ruleset, edits)
    try:
        canonical = save_format.parse(engine.canonical(text, ruleset.family), strict=False, family=ruleset.family)
    except Refusal as refusal:
        culprit = edits[at.index(refusal.index)] if refusal.index in at else edits[0]
        raise KernelRefused(f"{ruleset.program} refuses this rule: {refusal.message}", culprit.place, refusal.errno) from None
    return plan_rules.specs_in_order(canonical, edits)
