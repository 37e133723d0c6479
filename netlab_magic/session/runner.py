"""Runs a cell: each stretch of statements is planned and checked as a whole, from what was read back, and then carried out in order."""

from collections.abc import Iterator, Sequence

from netlab_magic.errors import NetlabError
from netlab_magic.language import statements as s
from netlab_magic.language.docker_statements import Docker, DockerExec
from netlab_magic.session import docker, looking, probing, watching  # each registers the steps of its statements
from netlab_magic.session.batches import stretches_of
from netlab_magic.session.capturing import check_captures, finish_captures
from netlab_magic.session.changing import check_rules, may_be_taken_back
from netlab_magic.session.command import RunCommand
from netlab_magic.session.history import no_snapshot
from netlab_magic.session.lifecycle import Turn
from netlab_magic.session.nft_statements import spelt_by_nft
from netlab_magic.session.step import Plan, Running, Step, step_of

__all__ = ["run"]

_ = looking, probing, watching

_LEAVES_RULES_ALONE = (s.Effect.BUILDS, s.Effect.SENDS)


def run(running: Running, statements: Sequence[s.Statement]) -> None:
    """Runs the statements of a cell; the results are in `running`. Raises NetlabError.

    All statements up to a command are checked before the first one has an effect; what a command does is not known beforehand.
    """
    check_captures(statements)
    stretches = list(stretches_of(statements))
    running.network.keep_track(statements)
    rules = any(statement.effect not in _LEAVES_RULES_ALONE for statement in statements)
    foreign = any(map(_may_change_all, statements))
    if len(stretches) > 1:
        _check_ahead(running, stretches, rules, foreign)
    try:
        for stretch in stretches:
            for step in _steps(running, stretch, rules, foreign, is_whole_cell=len(stretches) == 1):
                step.run(running)
    finally:
        finish_captures(running)


def _may_change_all(statement: s.Statement) -> bool:
    """Whether a statement may change what is inside namespaces, or other filters than the host's iptables."""
    return isinstance(statement, s.Delete | Docker | s.NftRule | s.NftPolicy) or statement.effect is s.Effect.RUNS


def _steps(running: Running, stretch: Sequence[s.Statement], rules: bool, foreign: bool, is_whole_cell: bool) -> list[Step]:
    """The steps of a stretch, planned from the present state; `rules` and `foreign` say whether these are read as well."""
    first = stretch[0]
    if isinstance(first, DockerExec) and first.run is not None:
        return [docker.RunInForeground(first, first.run)]
    if isinstance(first, s.Command):
        return [RunCommand(first)]
    if isinstance(first, s.Session | s.Attach | s.Load):
        return [Turn(first)]
    seen = running.look(rules, foreign=foreign or first.effect is s.Effect.LOOKS)
    at_once = is_whole_cell and not running.options.dry_run and may_be_taken_back(stretch)
    plan = Plan(seen, running.network.engine.ready.sends, at_once)
    return list(_joined(_planned(running, plan, stretch)))


def _planned(running: Running, plan: Plan, stretch: Sequence[s.Statement]) -> list[Step]:
    """A step for each statement. Raises the first statement's error, before anything has changed."""
    plan.specs = check_rules(running.network.engine, plan, stretch)
    plan.nft_rules = spelt_by_nft(running.network.engine, plan, stretch)
    steps: list[Step] = []
    for statement in stretch:
        try:
            steps.append(step_of(statement, plan))
        except NetlabError as error:
            raise (error.at(statement.place) if statement.place else error) from None
    return steps


def _joined(steps: Sequence[Step]) -> Iterator[Step]:
    """The steps; those that can be carried out together become one."""
    waiting = steps[0]
    for step in steps[1:]:
        joined = waiting.joined(step)
        if joined is None:
            yield waiting
        waiting = joined or step
    yield waiting


def _check_ahead(running: Running, stretches: Sequence[Sequence[s.Statement]], rules: bool, foreign: bool) -> None:
    """Plans what comes before the first command without doing it, so that a mistake further down costs nothing."""
    plan: Plan | None = None
    snapshots = set(running.network.history.snapshots)
    for stretch in stretches:
        first = stretch[0]
        if isinstance(first, s.Command | s.Attach | s.Load):
            return
        if isinstance(first, s.Session):
            snapshots |= {str(first.name)} if first.action == "snapshot" else set()
            if first.action == "restore" and first.name not in snapshots:
                raise no_snapshot(first.name or "", snapshots)
        if first.effect is s.Effect.TURNS and not (isinstance(first, s.Session) and first.action == "up"):
            return
        if isinstance(first, s.Session):
            continue
        plan = plan or Plan(running.look(rules, foreign), running.network.engine.ready.sends)
        _planned(running, plan, stretch)
