"""Runs the statements of a cell on an engine: planned together, checked together, then carried out in order."""

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from netlab_magic import addressing, rules, savefile
from netlab_magic import statement as s
from netlab_magic.build import desired, known_namespace
from netlab_magic.change import Change, between
from netlab_magic.draw import Picture
from netlab_magic.engine import Engine, Refusal
from netlab_magic.errors import CommandFailed, ExpectationFailed, KernelRefused, NetlabError
from netlab_magic.outcome import Outcome, Probe, Verdict
from netlab_magic.result import Changed, MatrixResult, Measured, Ran, Result
from netlab_magic.summary import summary
from netlab_magic.topology import HOST, Topology

__all__ = ["Options", "Runner", "Seen", "watched"]

WATCHED = ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables")
"""The host's sysctls that are always read back, because the story of a lab turns on them."""


class Options(msgspec.Struct, frozen=True):
    """How a cell is to be run: `commands` unfolds the commands, `dry_run` changes nothing, `quiet` shows only what was asked for."""

    commands: bool = False
    dry_run: bool = False
    quiet: bool = False


class Seen(msgspec.Struct, frozen=True):
    """A lab as it was read back: topology and the firewall's dump."""

    topology: Topology
    dump: str


class _Planned(msgspec.Struct):
    """One build or firewall statement with what it comes to."""

    statement: s.Statement
    before: Topology
    changes: tuple[Change, ...] = ()
    step: rules.Step | None = None
    sentence: str = ""

    def commands(self) -> list[str]:
        """The commands this statement stands for."""
        if self.step:
            return [self.step.command()] if self.step.line else []
        return [command for change in self.changes for command in change.commands()]


def watched(statements: Sequence[s.Statement], known: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    """The sysctls to read back, by namespace: the watched ones, those set before, and those that these statements set."""
    keys = {HOST: set(WATCHED), **{name: set(held) for name, held in known.items()}}
    keys[HOST] |= set(WATCHED)
    for statement in statements:
        if isinstance(statement, s.Sysctl):
            known.setdefault(str(statement.namespace), set()).add(str(statement.key))
            keys.setdefault(str(statement.namespace), set()).add(str(statement.key))
    return {name: tuple(sorted(held)) for name, held in keys.items()}


class Runner:
    """Runs a stretch of statements between two commands: all of them are checked before the first one has an effect."""

    def __init__(self, engine: Engine, seen: Seen, options: Options, before_change: Callable[[], None] = lambda: None) -> None:
        self.engine = engine
        self.options = options
        self._before_change = before_change
        self.cell = 0
        self.topology = seen.topology
        self.ruleset = savefile.parse(seen.dump)
        self.outcomes: list[Outcome] = []
        self.results: list[Result | Picture] = []
        self._pending: list[_Planned] = []
        self._specs: dict[int, str] = {}

    def plan(self, statements: Sequence[s.Statement]) -> list[_Planned | list[Probe] | s.Statement]:
        """Every statement with what it comes to. Raises the error of the first one that cannot be; nothing has changed then."""
        self._check_rules(statements)
        topology, ruleset = self.topology, self.ruleset
        planned: list[_Planned | list[Probe] | s.Statement] = []
        for statement in statements:
            try:
                if isinstance(statement, s.Build):
                    after = desired(topology, statement)
                    changes = between(topology, after)
                    planned.append(_Planned(statement, topology, changes, sentence=summary(changes)))
                    topology = after
                elif isinstance(statement, s.Policy):
                    step, ruleset = rules.policy_step(ruleset, statement)
                    planned.append(_Planned(statement, topology, step=step, sentence=step.sentence))
                elif isinstance(statement, s.RuleEdit | s.Masquerade):
                    step, ruleset = rules.step(ruleset, _edit(statement), self._specs[id(statement)])
                    planned.append(_Planned(statement, topology, step=step, sentence=step.sentence))
                elif isinstance(statement, s.ProbeFlow | s.Expect | s.Matrix):
                    planned.append(self._probes(topology, statement))
                else:
                    planned.append(statement)
            except NetlabError as error:
                raise (error.at(statement.place) if statement.place else error) from None
        self.topology, self.ruleset = topology, ruleset
        return planned

    def _check_rules(self, statements: Sequence[s.Statement]) -> None:
        """Asks iptables how it writes the rules of these statements, and so whether it takes them at all."""
        found = [statement for statement in statements if isinstance(statement, s.RuleEdit | s.Masquerade)]
        if not found:
            return
        edits = [_edit(statement) for statement in found]
        text, at = rules.check_text(self.ruleset, edits)
        try:
            canonical = savefile.parse(self.engine.canonical(text))
        except Refusal as refusal:
            culprit = found[at.index(refusal.index)] if refusal.index in at else found[0]
            raise KernelRefused(f"iptables refuses this rule: {refusal.message}", culprit.place, refusal.errno) from None
        self._specs = {id(statement): spec for statement, spec in zip(found, rules.specs_in_order(canonical, edits), strict=True)}

    def _probes(self, topology: Topology, statement: s.ProbeFlow | s.Expect | s.Matrix) -> list[Probe]:
        if isinstance(statement, s.Matrix):
            return addressing.matrix_probes(topology, statement.names)
        return [addressing.probe_for(topology, statement.source, statement.destination)]

    def carry_out(self, statements: Sequence[s.Statement], show: Callable[[s.Show], Result | Picture]) -> None:
        """Plans all statements, then carries them out in order; `results` grows as it goes."""
        planned = self.plan(statements)
        at = 0
        while at < len(statements):
            plan, statement = planned[at], statements[at]
            if isinstance(plan, _Planned):
                self._pending.append(plan)
                at += 1
                continue
            self.flush()
            if isinstance(plan, list):
                end = next((other for other in range(at, len(planned)) if not isinstance(planned[other], list)), len(planned))
                self._measure(statements[at:end], [plan for plan in planned[at:end] if isinstance(plan, list)])
                at = end
                continue
            if isinstance(statement, s.Show):
                self.results.append(show(statement))
            at += 1
        self.flush()

    def flush(self) -> None:
        """Makes the pending changes: the topology's in one request, then the firewall's in one."""
        pending, self._pending = self._pending, []
        if not pending:
            return
        if not self.options.dry_run and any(plan.commands() for plan in pending):
            self._before_change()
            self.outcomes.clear()
            self._apply(pending)
            self._restore(pending)
        for plan in pending:
            sentence = f"would be: {plan.sentence}" if self.options.dry_run and plan.commands() else plan.sentence
            result = Changed(_source(plan.statement), sentence, plan.commands(), self.options.commands or self.options.dry_run)
            if not self.options.quiet:
                self.results.append(result)

    def _apply(self, pending: Sequence[_Planned]) -> None:
        changes = [(plan, change) for plan in pending for change in plan.changes]
        if not changes:
            return
        try:
            self.engine.apply([change for _, change in changes])
        except Refusal as refusal:
            plan, change = changes[min(refusal.index, len(changes) - 1)]
            self._take_back(plan)
            done = sum(1 for other in pending[: pending.index(plan)] if other.changes)
            before = f"; the {done} line{'s' if done > 1 else ''} before it took effect" if done else ""
            command = " && ".join(change.commands())
            raise KernelRefused(
                f"the kernel refused this: {refusal.message} (errno {refusal.errno}, at: {command}); nothing of it was left{before}",
                plan.statement.place,
                refusal.errno,
            ) from None

    def _take_back(self, plan: _Planned) -> None:
        """Brings the kernel to where it was before a statement that it refused halfway."""
        now = self.engine.observe({name: tuple(held.sysctls) for name, held in plan.before.namespaces.items()}, rules=False)
        self.engine.apply(between(now.topology, plan.before))

    def _restore(self, pending: Sequence[_Planned]) -> None:
        """Carries out the firewall's steps: one that is a policy alone by itself, which takes no process on the legacy variant."""
        doing = [plan for plan in pending if plan.step and plan.step.line]
        if not doing:
            return
        try:
            if len(doing) == 1 and isinstance(policy := doing[0].statement, s.Policy):
                self.engine.set_policy("filter", str(policy.chain), str(policy.verdict))
            else:
                self.engine.restore(rules.restoring([plan.step for plan in doing if plan.step]))
        except Refusal as refusal:
            raise KernelRefused(f"iptables refused: {refusal.message}", doing[0].statement.place, refusal.errno) from None

    def _measure(self, statements: Sequence[s.Statement], wanted: Sequence[Sequence[Probe]]) -> None:
        """Measures a run of probes at once: nothing changes between them."""
        if self.options.dry_run:
            self.results += [Changed(_source(statement), "would be measured", ()) for statement in statements]
            return
        outcomes = iter(self.engine.probe([probe for probes in wanted for probe in probes]))
        for statement, probes in zip(statements, wanted, strict=True):
            found = [next(outcomes) for _ in probes]
            self._remember(found)
            if isinstance(statement, s.Matrix):
                self.results.append(MatrixResult(found))
                continue
            expected = statement.reachable if isinstance(statement, s.Expect) else None
            measured = Measured(found[0], expected)
            self.results.append(measured)
            if isinstance(statement, s.Expect) and not measured:
                raise ExpectationFailed(_unexpected(statement, found[0]), statement.place)

    def _remember(self, outcomes: Sequence[Outcome]) -> None:
        flows = {outcome.probe for outcome in outcomes}
        self.outcomes[:] = [old for old in self.outcomes if old.probe not in flows] + list(outcomes)

    def command(self, statement: s.Command, show: Callable[[str, str], None]) -> None:
        """Runs a command line. Raises CommandFailed when it ends with another status than 0."""
        if self.options.dry_run:
            self.results.append(Changed(statement.text, "would be run", ()))
            return
        if statement.namespace:
            known_namespace(self.topology, statement.namespace)
        self._before_change()
        self.outcomes.clear()
        output: list[str] = []

        def pass_on(stream: str, text: str) -> None:
            output.append(text)
            show(stream, text)

        ran = self.engine.run(statement.text, pass_on, self.cell, statement.namespace, statement.following)
        if ran.hidden:
            show("stderr", f"… {ran.hidden:,} more characters are not shown; the command ran to its end\n")
        if ran.status:
            first = statement.text.splitlines()[0]
            message = f"the command ended with exit status {ran.status}{_meaning(ran.status, first)}"
            raise CommandFailed(message, statement.place, ran.status)
        for hint in self._hints(statement.text):
            show("stderr", hint)
        self.results.append(Ran(statement.text, ran.status, "".join(output)))

    def _hints(self, text: str) -> Iterator[str]:
        """A word on a rule that a raw `iptables -A` has put there a second time."""
        if not re.search(r"\biptables\b.*\s(-A|-I|--append|--insert)\s", text):
            return
        before, after = self.ruleset, savefile.parse(self.engine.save())
        for table in after.tables:
            for chain in table.chains:
                old = before.chain(chain.name, table.name)
                for spec in dict.fromkeys(rule.spec for rule in chain.rules):
                    at = [str(number) for number, rule in enumerate(chain.rules, 1) if rule.spec == spec]
                    if len(at) > max(1, sum(rule.spec == spec for rule in old.rules) if old else 0):
                        yield f"hint: {chain.name} has this rule {len(at)} times now (numbers {', '.join(at)}): {spec}\n"


def _edit(statement: s.RuleEdit | s.Masquerade) -> s.RuleEdit:
    return rules.masquerade_rule(statement) if isinstance(statement, s.Masquerade) else statement


def _source(statement: s.Statement) -> str:
    return statement.place.source.split("  #")[0].strip() if statement.place else type(statement).__name__.lower()


def _unexpected(statement: s.Expect, outcome: Outcome) -> str:
    wanted = "ok" if statement.reachable else "blocked"
    if outcome.verdict == Verdict.NOT_MEASURED:
        return f"{outcome.probe} could not be measured: {outcome.why}"
    why = f" ({outcome.why})" if outcome.why else ""
    return f"{outcome.probe} was expected to be {wanted} but is {outcome.verdict}{why}"


def _meaning(status: int, command: str) -> str:
    if status == 127:
        words = [word for word in command.split() if word != "sudo" and not word.startswith("-")]
        return f" ({words[0]}: is it installed?)" if words else ""
    if status == 130:
        return " (interrupted)"
    return " (killed)" if status == 137 else ""


