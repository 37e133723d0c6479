"""Carries out `docker …` statements: each one completely, or not at all."""

from collections.abc import Mapping, Sequence
from itertools import count

import msgspec

from netlab_magic import docker
from netlab_magic.engines.engine import Engine, Refusal
from netlab_magic.errors import KernelRefused, StatementError, place_of
from netlab_magic.iptables import save_format
from netlab_magic.language import plan_rules
from netlab_magic.language.docker_statements import Docker, DockerExec, DockerLifecycle, DockerRun
from netlab_magic.model.changes import Change, between
from netlab_magic.model.topology import Topology
from netlab_magic.session.command import RunCommand
from netlab_magic.session.results.base import Text
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["RunInForeground", "run_commands"]


class DockerStep(Step):
    """A `docker …` statement with the state before it and its effect; it is carried out alone."""

    def __init__(self, statement: Docker, topology: Topology, daemon: docker.Daemon | None, planned: docker.Planned) -> None:
        self.statement = statement
        self.topology = topology
        self.daemon = daemon
        self.planned = planned

    def run(self, running: Running) -> None:
        """See Step."""
        if self.planned.listing:
            running.add(Text(self.planned.listing))
            return
        commands = self.commands()
        changes = bool(commands) or self.planned.daemon != self.daemon
        if changes and not running.options.dry_run:
            running.changes()
            self._carry_out(running.network.engine, running.cell)
            running.network.dockerd = self.planned.daemon
        running.add_change(self.statement, self.planned.sentence, commands, changes)

    def commands(self) -> list[str]:
        """The commands that do the same, in the order in which they are carried out."""
        return [
            *(command for change in self._changes() for command in change.commands()),
            *docker.before_rules(self.daemon, self.planned.daemon),
            *(step.command() for steps in self._steps().values() for step in steps),
            *docker.after_rules(self.daemon, self.planned.daemon),
        ]

    def _changes(self) -> tuple[Change, ...]:
        return between(self.topology, self.planned.topology)

    def _steps(self) -> dict[str, list[plan_rules.Step]]:
        """The changes of the rules, by their family."""
        edits = {"ipv4": self.planned.edits, "ipv6": self.planned.edits6}
        return {family: [plan_rules.Step(edit.table, edit.line, "", family) for edit in of_family] for family, of_family in edits.items()}

    def _carry_out(self, engine: Engine, cell: int) -> None:
        """Makes the statement's changes. Raises KernelRefused, after rolling everything back."""
        dumps = {family: engine.save(family) for family, steps in self._steps().items() if steps}
        try:
            engine.apply(self._changes())
            run_commands(engine, docker.before_rules(self.daemon, self.planned.daemon), cell)
            for family, steps in self._steps().items():
                if steps:
                    engine.restore(plan_rules.restoring(steps), family=family)
            run_commands(engine, docker.after_rules(self.daemon, self.planned.daemon), cell)
        except Refusal as refusal:
            self._take_back(engine, dumps, cell)
            message = f"the lab cannot do this as Docker does it: {refusal.message}; it was rolled back"
            raise KernelRefused(message, self.statement.place, refusal.errno) from None

    def _take_back(self, engine: Engine, dumps: Mapping[str, str], cell: int) -> None:
        now = engine.observe({name: tuple(held.sysctls) for name, held in self.topology.namespaces.items()}, rules=False)
        engine.apply(between(now.topology, self.topology))
        for family, dump in dumps.items():
            before = save_format.parse(engine.save(family), strict=False, family=family)
            engine.restore(plan_rules.flattened(dump, before), flush=True, family=family)
        run_commands(engine, docker.before_rules(self.planned.daemon, self.daemon), cell)


class RunInForeground(Step):
    """`docker run IMAGE COMMAND`: a container that exists as long as its command runs, however that ends."""

    def __init__(self, statement: DockerExec, container: DockerRun) -> None:
        self.statement = statement
        self.container = msgspec.structs.replace(container, place=statement.place)

    def run(self, running: Running) -> None:
        """See Step. Raises CommandFailed when the command ends with another status than 0."""
        name, daemon = str(self.container.name), running.network.dockerd
        taken = {held.name for held in daemon.containers} if daemon is not None else set()
        if not self.container.named:
            name = next(free for number in count(1) if (free := name if number == 1 else f"{name}-{number}") not in taken)
            self.container = msgspec.structs.replace(self.container, name=name)
        if name in taken:
            message = f"a container named {name} already exists; to run a command in it: docker exec {name} {self.statement.text}"
            raise StatementError(message, place_of(self.container.name) or self.statement.place)
        _do(running, self.container)
        if running.options.dry_run:
            return
        try:
            RunCommand(msgspec.structs.replace(self.statement, container=name, run=None)).run(running)
        finally:
            _do(running, DockerLifecycle("stop", (name,), place=self.statement.place))


def _do(running: Running, statement: Docker) -> None:
    step_of(statement, Plan(running.look(foreign=True), sends=True)).run(running)


@step_of.register
def _docker(statement: Docker, plan: Plan) -> Step:
    planned = docker.plan(plan.dockerd, statement, plan.topology, plan.rulesets["ipv4"], plan.rulesets["ipv6"])
    step = DockerStep(statement, plan.topology, plan.dockerd, planned)
    plan.topology, plan.dockerd = planned.topology, planned.daemon
    plan.rulesets |= {"ipv4": planned.ruleset, "ipv6": planned.ruleset6}
    return step


def run_commands(engine: Engine, commands: Sequence[str], cell: int = 0, namespace: str | None = None) -> None:
    """Runs commands that change the rest of the firewall: sets, nft tables. Raises Refusal with what the program printed."""
    said: list[str] = []
    for command in commands:
        if engine.run(command, lambda _, text: said.append(text), cell, namespace).status:
            raise Refusal(" ".join("".join(said).split()) or command.split()[0])
