"""Build and firewall statements: what they come to, and how all of them that follow each other are carried out at once."""

from collections.abc import Sequence

import msgspec

from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused
from netlab_magic.iptables import save_format
from netlab_magic.iptables.ruleset import Ruleset
from netlab_magic.language import plan_rules
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired
from netlab_magic.model.change_summary import summary
from netlab_magic.model.changes import Change, between
from netlab_magic.model.topology import Topology
from netlab_magic.session.state import Seen
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["Changes", "check_rules", "edit_of"]


class Planned(msgspec.Struct, frozen=True):
    """One build or firewall statement with what it comes to."""

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
    """Changes of the topology in one request, then those of the firewall in one."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self.planned = tuple(planned)

    def joined(self, following: Step) -> Step | None:
        """See Step."""
        return Changes((*self.planned, *following.planned)) if isinstance(following, Changes) else None

    def run(self, running: Running) -> None:
        """See Step."""
        commands = [one.commands() for one in self.planned]
        if not running.options.dry_run and any(commands):
            running.changes()
            self._apply(running.network.engine)
            self._restore(running.network.engine, running.planned_from)
        for one, told in zip(self.planned, commands, strict=True):
            running.add_change(one.statement, one.sentence, told, bool(told))

    def _apply(self, engine: Engine) -> None:
        changes = [(one, change) for one in self.planned for change in one.changes]
        if not changes:
            return
        try:
            engine.apply([change for _, change in changes])
        except Refusal as refusal:
            one, change = changes[min(refusal.index, len(changes) - 1)]
            _take_back(engine, one.before)
            done = sum(1 for other in self.planned[: self.planned.index(one)] if other.changes)
            before = f"; the {done} line{'s' if done > 1 else ''} before it took effect" if done else ""
            command = " && ".join(change.commands())
            raise KernelRefused(
                f"the kernel refused this: {refusal.message} (errno {refusal.errno}, at: {command}); nothing of it was left{before}",
                one.statement.place,
                refusal.errno,
            ) from None

    def _restore(self, engine: Engine, seen: Seen) -> None:
        """Carries out the firewall's steps: one that is a policy alone by itself, which takes no process on the legacy variant."""
        doing = [one for one in self.planned if one.rule and one.rule.line]
        if not doing:
            return
        try:
            if len(doing) == 1 and isinstance(policy := doing[0].statement, s.Policy):
                engine.set_policy("filter", str(policy.chain), str(policy.verdict))
            else:
                engine.restore(plan_rules.restoring([one.rule for one in doing if one.rule]))
        except Refusal as refusal:
            self._take_all_back(engine, seen)
            rules = [one.statement for one in doing if isinstance(one.statement, s.RuleEdit | s.Masquerade)]
            ask_iptables(engine, seen.ruleset, rules)  # its words say more than those of iptables-restore, and it names the rule
            raise KernelRefused(f"iptables refused: {refusal.message}", doing[0].statement.place, refusal.errno) from None

    def _take_all_back(self, engine: Engine, seen: Seen) -> None:
        """Brings topology and rules to where they were: of several tables, those before the refused one are changed by now."""
        _take_back(engine, self.planned[0].before)
        engine.restore(plan_rules.flattened(seen.dump, save_format.parse(engine.save(), strict=False)), flush=True)


def _take_back(engine: Engine, before: Topology) -> None:
    """Brings the kernel to where it was before a statement that it refused halfway."""
    now = engine.observe({name: tuple(held.sysctls) for name, held in before.namespaces.items()}, rules=False)
    engine.apply(between(now.topology, before))


@step_of.register
def _build(statement: s.Build, plan: Plan) -> Step:
    before, plan.topology = plan.topology, desired(plan.topology, statement)
    changes = between(before, plan.topology)
    return Changes([Planned(statement, before, summary(changes), changes)])


@step_of.register
def _policy(statement: s.Policy, plan: Plan) -> Step:
    rule, plan.ruleset = plan_rules.policy_step(plan.ruleset, statement)
    return Changes([Planned(statement, plan.topology, rule.sentence, rule=rule)])


@step_of.register(s.RuleEdit)
@step_of.register(s.Masquerade)
def _rule(statement: s.RuleEdit | s.Masquerade, plan: Plan) -> Step:
    rule, plan.ruleset = plan_rules.step(plan.ruleset, edit_of(statement), plan.specs.pop(0))
    return Changes([Planned(statement, plan.topology, rule.sentence, rule=rule)])


def edit_of(statement: s.RuleEdit | s.Masquerade) -> s.RuleEdit:
    """The statement as a change of one rule."""
    return plan_rules.masquerade_rule(statement) if isinstance(statement, s.Masquerade) else statement


def check_rules(engine: Engine, ruleset: Ruleset, statements: Sequence[s.Statement], may_be_taken_back: bool) -> list[str]:
    """The rules of these statements in iptables' own words, in order. Raises StatementError, and KernelRefused for one that it refuses.

    iptables itself is asked, unless the option table knows all of them for certain and, should it be wrong, all can be taken back.
    """
    found = [statement for statement in statements if isinstance(statement, s.RuleEdit | s.Masquerade)]
    known = [plan_rules.spelt(ruleset, edit_of(statement)) for statement in found] if may_be_taken_back else [None]
    certain = [spec for spec in known if spec is not None]
    return certain if len(certain) == len(found) else ask_iptables(engine, ruleset, found)


def ask_iptables(engine: Engine, ruleset: Ruleset, statements: Sequence[s.RuleEdit | s.Masquerade]) -> list[str]:
    """How iptables writes these rules, tried in a namespace made for it. Raises KernelRefused at the rule that it does not take."""
    if not statements:
        return []
    edits = [edit_of(statement) for statement in statements]
    text, at = plan_rules.check_text(ruleset, edits)
    try:
        canonical = save_format.parse(engine.canonical(text), strict=False)
    except Refusal as refusal:
        culprit = statements[at.index(refusal.index)] if refusal.index in at else statements[0]
        raise KernelRefused(f"iptables refuses this rule: {refusal.message}", culprit.place, refusal.errno) from None
    return plan_rules.specs_in_order(canonical, edits)
