"""Runs the statements of a cell on an engine: planned together, checked together, then carried out in order."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from netlab_magic import docker
from netlab_magic.draw import Picture
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import CommandFailed, ExpectationFailed, KernelRefused, NetlabError, Place
from netlab_magic.forwarding import endpoints
from netlab_magic.iptables import save_format
from netlab_magic.language import docker_statements as d
from netlab_magic.language import plan_rules
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import desired, known_namespace
from netlab_magic.model.change_summary import summary
from netlab_magic.model.changes import Change, between
from netlab_magic.model.probe import Outcome, Probe, Verdict
from netlab_magic.model.topology import HOST, Topology
from netlab_magic.session.command_hints import adds_rule, repeated, why_refused
from netlab_magic.session.docker import DockerStep
from netlab_magic.session.results.base import Changed, MatrixResult, Measured, Ran, Result, Text
from netlab_magic.session.results.trace import Tracked
from netlab_magic.session.state import Seen

__all__ = ["Looking", "Options", "Runner", "watched"]

WATCHED = ("net.ipv4.ip_forward", "net.bridge.bridge-nf-call-iptables")
"""The host's sysctls that are always read back, because the story of a lab turns on them."""


Looking = s.Show | s.Diff | s.Explain | s.Why | s.Predict | s.Matrix
"""The statements that look at the lab as it is at their place in the cell."""


class Options(msgspec.Struct, frozen=True):
    """How a cell is to be run: `commands` unfolds the commands, `dry_run` changes nothing, `quiet` shows only what was asked for."""

    commands: bool = False
    dry_run: bool = False
    quiet: bool = False






class _Planned(msgspec.Struct):
    """One build or firewall statement with what it comes to."""

    statement: s.Statement
    before: Topology
    changes: tuple[Change, ...] = ()
    step: plan_rules.Step | None = None
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
        for namespace, key in _sysctls_of(statement, known):
            known.setdefault(namespace, set()).add(key)
            keys.setdefault(namespace, set()).add(key)
    return {name: tuple(sorted(held)) for name, held in keys.items()}


def _sysctls_of(statement: s.Statement, known: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    """The sysctls that a statement may set, each with its namespace; a dockerd without proxy lets 127.0.0.0/8 through its bridges."""
    if isinstance(statement, s.Sysctl):
        yield str(statement.namespace), str(statement.key)
    if isinstance(statement, d.DockerInstall) and not statement.userland_proxy:
        yield HOST, docker.local_routing("docker0")
    if isinstance(statement, d.DockerNetwork) and docker.local_routing("docker0") in known.get(HOST, ()):
        yield HOST, docker.local_routing(str(statement.bridge or statement.name))


class Runner:
    """Runs a stretch of statements between two commands: all of them are checked before the first one has an effect."""

    def __init__(self, engine: Engine, seen: Seen, options: Options, before_change: Callable[[], None] = lambda: None) -> None:
        self.engine = engine
        self.options = options
        self._before_change = before_change
        self.cell = 0
        self.language = "en"
        self.topology = seen.topology
        self.ruleset = save_format.parse(seen.dump, strict=False)
        self.dockerd = seen.dockerd
        self._dockerd_planned = seen.dockerd
        self.outcomes: list[Outcome] = []
        self.results: list[Result | Picture] = []
        self._pending: list[_Planned] = []
        self._specs: dict[int, str] = {}

    def plan(self, statements: Sequence[s.Statement]) -> list[_Planned | DockerStep | list[Probe] | Probe | s.Statement]:
        """Every statement with what it comes to. Raises the error of the first one that cannot be; nothing has changed then."""
        self._check_rules(statements)
        topology, ruleset, daemon = self.topology, self.ruleset, self._dockerd_planned
        planned: list[_Planned | DockerStep | list[Probe] | Probe | s.Statement] = []
        for statement in statements:
            try:
                if isinstance(statement, s.Build):
                    after = desired(topology, statement)
                    changes = between(topology, after)
                    planned.append(_Planned(statement, topology, changes, sentence=summary(changes)))
                    topology = after
                elif isinstance(statement, s.Policy):
                    step, ruleset = plan_rules.policy_step(ruleset, statement)
                    planned.append(_Planned(statement, topology, step=step, sentence=step.sentence))
                elif isinstance(statement, s.RuleEdit | s.Masquerade):
                    step, ruleset = plan_rules.step(ruleset, _edit(statement), self._specs[id(statement)])
                    planned.append(_Planned(statement, topology, step=step, sentence=step.sentence))
                elif isinstance(statement, d.Docker):
                    comes_to = docker.plan(daemon, statement, topology, ruleset)
                    planned.append(DockerStep(statement, topology, daemon, comes_to))
                    topology, ruleset, daemon = comes_to.topology, comes_to.ruleset, comes_to.daemon
                elif isinstance(statement, s.Why | s.Predict | s.Matrix) and not self.engine.ready.sends:
                    planned.append(statement)  # any address may be an end there
                elif isinstance(statement, s.ProbeFlow | s.Expect | s.Matrix):
                    probes = self._probes(topology, statement)
                    planned.append(statement if isinstance(statement, s.Matrix) and statement.predict else probes)
                elif isinstance(statement, s.Why | s.Predict):
                    endpoints.probe_for(topology, statement.source, statement.destination)
                    planned.append(statement)
                elif isinstance(statement, s.Trace):
                    planned.append(endpoints.probe_for(topology, statement.source, statement.destination))
                else:
                    planned.append(statement)
            except NetlabError as error:
                raise (error.at(statement.place) if statement.place else error) from None
        self.topology, self.ruleset, self._dockerd_planned = topology, ruleset, daemon
        return planned

    def _check_rules(self, statements: Sequence[s.Statement]) -> None:
        """Asks iptables how it writes the rules of these statements, and so whether it takes them at all."""
        found = [statement for statement in statements if isinstance(statement, s.RuleEdit | s.Masquerade)]
        if not found:
            return
        edits = [_edit(statement) for statement in found]
        text, at = plan_rules.check_text(self.ruleset, edits)
        try:
            canonical = save_format.parse(self.engine.canonical(text), strict=False)
        except Refusal as refusal:
            culprit = found[at.index(refusal.index)] if refusal.index in at else found[0]
            raise KernelRefused(f"iptables refuses this rule: {refusal.message}", culprit.place, refusal.errno) from None
        self._specs = {id(statement): spec for statement, spec in zip(found, plan_rules.specs_in_order(canonical, edits), strict=True)}

    def _probes(self, topology: Topology, statement: s.ProbeFlow | s.Expect | s.Matrix) -> list[Probe]:
        if isinstance(statement, s.Matrix):
            return endpoints.matrix_probes(topology, statement.names)
        return [endpoints.probe_for(topology, statement.source, statement.destination)]

    def carry_out(self, statements: Sequence[s.Statement], show: Callable[[Looking], Result | Picture]) -> None:
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
            if isinstance(plan, DockerStep):
                self._docker(plan)
            if isinstance(plan, list):
                end = next((other for other in range(at, len(planned)) if not isinstance(planned[other], list)), len(planned))
                self._measure(statements[at:end], [plan for plan in planned[at:end] if isinstance(plan, list)])
                at = end
                continue
            if isinstance(plan, Probe):
                self._trace(statement, plan)
            if isinstance(statement, Looking):
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

    def _docker(self, step: DockerStep) -> None:
        """Carries out a `docker …` statement by itself: its rules in one go, after what it needs of the topology."""
        if step.planned.listing:
            self.results.append(Text(step.planned.listing))
            return
        commands = step.commands()
        sentence = step.planned.sentence
        changes = bool(commands) or step.planned.daemon != step.daemon
        if changes and not self.options.dry_run:
            self._before_change()
            self.outcomes.clear()
            step.carry_out(self.engine, self.cell)
            self.dockerd = step.planned.daemon
        elif changes:
            sentence = f"would be: {sentence}"
        if not self.options.quiet:
            source = _source(step.statement)
            self.results.append(Changed(source, sentence, commands, self.options.commands or self.options.dry_run))

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
                self.engine.restore(plan_rules.restoring([plan.step for plan in doing if plan.step]))
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

    def _trace(self, statement: s.Statement, probe: Probe) -> None:
        if self.options.dry_run:
            self.results.append(Changed(_source(statement), "would be traced", ()))
            return
        try:
            traced = self.engine.trace(probe)
        except Refusal as refusal:
            raise KernelRefused(refusal.message, statement.place, refusal.errno) from None
        self._remember([traced.outcome])
        self.results.append(Tracked(traced, self.language))

    def _remember(self, outcomes: Sequence[Outcome]) -> None:
        flows = {outcome.probe for outcome in outcomes}
        self.outcomes[:] = [old for old in self.outcomes if old.probe not in flows] + list(outcomes)

    def command(self, statement: s.Command, show: Callable[[str, str], None]) -> None:
        """Runs a command line. Raises CommandFailed when it ends with another status than 0."""
        if self.options.dry_run:
            self.results.append(Changed(statement.text, "would be run", ()))
            return
        namespace = statement.namespace
        if isinstance(statement, d.DockerExec):
            namespace = docker.namespace_to_enter(self.dockerd, statement)
        elif namespace:
            known_namespace(self.topology, namespace)
        self._before_change()
        self.outcomes.clear()
        output: list[str] = []

        def pass_on(stream: str, text: str) -> None:
            output.append(text)
            show(stream, text)

        ran = self.engine.run(statement.text, pass_on, self.cell, namespace, statement.following)
        if ran.hidden:
            show("stderr", f"… {ran.hidden:,} more characters are not shown; the command ran to its end\n")
        if ran.status:
            raise self._failure(statement, ran.status)
        if adds_rule(statement.text):
            for hint in repeated(self.ruleset, save_format.parse(self.engine.save(), strict=False)):
                show("stderr", f"hint: {hint}\n")
        self.results.append(Ran(statement.text, ran.status, "".join(output)))

    def _failure(self, statement: s.Command, status: int) -> CommandFailed:
        """The error of a command that failed; for one of iptables, with our own sentence and a caret under the word."""
        first = statement.text.splitlines()[0]
        message = f"the command ended with exit status {status}{_meaning(status, first)}"
        reason = None if statement.namespace or isinstance(statement, d.DockerExec) else why_refused(statement.text, self.ruleset)
        if reason is None:
            return CommandFailed(message, statement.place, status)
        return CommandFailed(f"{message}: {reason.message}", _within(statement, reason.place) or statement.place, status)


def _within(statement: s.Command, place: Place | None) -> Place | None:
    """A place in a command as a place in its cell."""
    source = statement.place.source if statement.place else ""
    if place is None or statement.place is None or statement.text not in source:
        return None
    return Place(statement.place.line, source, source.index(statement.text) + place.column, place.width)


def _edit(statement: s.RuleEdit | s.Masquerade) -> s.RuleEdit:
    return plan_rules.masquerade_rule(statement) if isinstance(statement, s.Masquerade) else statement


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
