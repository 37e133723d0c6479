"""The lab: the one object that changes. Statements as Python methods, cells as text, snapshots, and the engine underneath."""

import re
import shlex
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Self

from netlab_magic import docker, i18n
from netlab_magic.draw import Picture
from netlab_magic.engines.choose import open_attached, open_engine
from netlab_magic.engines.doctor import examine
from netlab_magic.engines.engine import Engine
from netlab_magic.engines.protocol import Observed
from netlab_magic.errors import Interrupted, LabUnavailable, StatementError, place_of
from netlab_magic.language import docker_statements as d
from netlab_magic.language import parser
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Statement
from netlab_magic.model.probe import Outcome
from netlab_magic.session import session_texts
from netlab_magic.session.batches import Stretch, stretches_of
from netlab_magic.session.history import History, no_snapshot
from netlab_magic.session.load import open_loaded
from netlab_magic.session.read_only import is_in_use, refuse_effects
from netlab_magic.session.restore import bring_back
from netlab_magic.session.results.base import CellResult, Result, Text, shown
from netlab_magic.session.results.diff import Compared, compared
from netlab_magic.session.runner import Looking, Options, Runner, watched
from netlab_magic.session.show import explain, show
from netlab_magic.session.state import Seen, seen_of
from netlab_magic.session.statement_methods import Statements
from netlab_magic.session.why import answer
from netlab_magic.text import suggest

__all__ = ["Lab"]

Emit = Callable[["Result | Picture"], None]
Stream = Callable[[str, str], None]

BUSY_SECONDS = 10.0
"""How long one thread waits for another one's statement to end."""

_TURNING = ("up", "reset", "down", "restore", "undo")
_CHANGING = (s.Build, d.Docker, s.Masquerade, s.Policy, s.RuleEdit, s.Command)


def _print_stream(stream: str, text: str) -> None:
    print(text, end="", file=sys.stderr if stream == "stderr" else sys.stdout, flush=True)


class Lab(Statements):
    """A network lab in a host process of its own. Starts with the first statement; ends with `down`, or with this process.

    >>> with Lab() as lab:                                          # doctest: +SKIP
    ...     lab.bridge("docker1", "172.18.0.1/16")
    ...     lab.ns("ns0", "172.18.0.2/16", on="docker1")
    ...     lab.ping("host", "ns0")
    """

    def __init__(self, name: str = "lab", firewall: str = "auto", language: str = "en", engine: str = "auto") -> None:
        self.name = name
        self.firewall = firewall
        self.wanted_engine = engine
        self.language = i18n.language(language).name
        self.partial: list[Result | Picture] = []
        self.emitted = 0
        self.listeners: list[Callable[[], None]] = []
        self._lock = threading.RLock()
        self._engine: Engine | None = None
        self.history = History()
        self._cell = 0
        self._sysctls: dict[str, set[str]] = {}
        self._outcomes: list[Outcome] = []
        self.dockerd: docker.Daemon | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.down()

    # --- the engine ----------------------------------------------------------------------------------------------------

    @property
    def engine(self) -> Engine:
        """The engine, started when it is not running. Raises LabUnavailable."""
        if self._engine is not None and not self._engine.alive:
            known = self._engine.told_of_end
            self._forget()
            if not known:
                what = f"the lab{session_texts.called(self.name)} had ended, with everything in it"
                raise LabUnavailable(f"{what}; the next statement starts a new one")
        if self._engine is None:
            self._engine = open_engine(self.firewall, self.name, self.wanted_engine)
        return self._engine

    @property
    def is_up(self) -> bool:
        """Whether the lab runs."""
        return self._engine is not None and self._engine.alive

    def _forget(self) -> None:
        if self._engine is not None:
            self._engine.close()
        self._engine = None
        self.history.before.clear()
        self._sysctls.clear()
        self._outcomes.clear()
        self.dockerd = None

    @contextmanager
    def turn(self, patience: float = BUSY_SECONDS) -> Iterator[None]:
        """The lab to oneself: cells, panels and completion come from several threads. Raises LabUnavailable when it is busy."""
        if not self._lock.acquire(timeout=patience):
            raise LabUnavailable("the lab is busy with a command in another cell; interrupt it, or wait until it ends")
        try:
            yield
        finally:
            self._lock.release()

    def observe(self, foreign: bool = False, patience: float = BUSY_SECONDS) -> Observed:
        """What there is now, read back from the kernel."""
        with self.turn(patience):
            return self.engine.observe(watched((), self._sysctls), foreign=foreign)

    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of the probes since the lab last changed."""
        return tuple(self._outcomes)

    # --- cells ---------------------------------------------------------------------------------------------------------

    def run(
        self,
        cell: str,
        *,
        commands: bool = False,
        dry_run: bool = False,
        quiet: bool = False,
        expand: Callable[[str], str] = str,
        stream: Stream = _print_stream,
        emit: Emit | None = None,
    ) -> "Result | Picture | CellResult | None":
        """Runs the text of a cell; gives its results, or the result itself when there is one.

        Raises the NetlabError of the first statement that fails; `partial` holds the results up to there. `emit` is given
        the results that come before a command's output, so that everything appears in order; `emitted` counts them.
        """
        self.partial, self.emitted = [], 0
        return self._run(parser.parse(cell, expand), Options(commands, dry_run, quiet), stream, emit)

    def shell(self, text: str, namespace: str | None = None, stream: Stream = _print_stream) -> "Result | Picture | CellResult | None":
        """Runs a whole text with a shell in the lab host, or in a namespace. Raises CommandFailed."""
        statement = s.Command(text, namespace)
        return self._run([statement], Options(), stream, None)

    def _run(
        self, statements: Sequence[Statement], options: Options, stream: Stream, emit: Emit | None
    ) -> "Result | Picture | CellResult | None":
        try:
            with self.turn():
                return self._in_order(statements, options, stream, emit)
        except KeyboardInterrupt:  # in the middle of our own work
            raise Interrupted from None
        finally:
            self._tell(statements)  # a cell that failed halfway has changed the lab too

    def _in_order(
        self, statements: Sequence[Statement], options: Options, stream: Stream, emit: Emit | None
    ) -> "Result | Picture | CellResult | None":
        results: list[Result | Picture] = []
        self.partial = results
        if not statements:
            return None
        stretches = list(stretches_of(statements))
        self.emitted = 0
        self.history.begin_cell()
        self._cell += 1
        refuse_effects(statements, self._engine.ready if self._engine is not None else None)
        if len(stretches) > 1:
            self._check_ahead(stretches, options)
        for stretch in stretches:
            first = stretch.statements[0]
            if stretch.alone and not isinstance(first, s.Command):
                said = self._session(first)
                results += [] if options.quiet else [said]
                continue
            if emit and isinstance(first, s.Command):
                for result in results[self.emitted :]:
                    emit(result)
                self.emitted = len(results)
            self._run_stretch(stretch, options, stream, results)
        if self.emitted or len(results) > 1:
            return CellResult(results, self.emitted, options.commands)
        return shown(results)

    def _run_stretch(self, stretch: Stretch, options: Options, stream: Stream, results: "list[Result | Picture]") -> None:
        may_reach_inside = any(isinstance(statement, s.Command | s.Delete | d.DockerEnding) for statement in stretch.statements)
        observed = self.engine.observe(watched(stretch.statements, self._sysctls), foreign=may_reach_inside)
        seen = seen_of(observed, self.dockerd)
        runner = Runner(self.engine, seen, options, lambda: self.history.before_change(seen))
        runner.outcomes = self._outcomes
        runner.results = results
        runner.cell = self._cell
        runner.language = self.language
        try:
            if isinstance(first := stretch.statements[0], s.Command):
                runner.command(first, stream)
            else:
                runner.carry_out(stretch.statements, lambda statement: self._show(statement, runner.dockerd))
        finally:
            self.dockerd = runner.dockerd

    def _check_ahead(self, stretches: Sequence[Stretch], options: Options) -> None:
        """Plans what comes before the first command without doing it, so that a mistake further down costs nothing.

        What a command will have done to the lab is not known beforehand.
        """
        runner: Runner | None = None
        snapshots = set(self.history.snapshots)
        for stretch in stretches:
            first = stretch.statements[0]
            if isinstance(first, s.Command | s.Attach | s.Load):
                return
            if isinstance(first, s.Session):
                snapshots |= {str(first.name)} if first.action == "snapshot" else set()
                if first.action == "restore" and first.name not in snapshots:
                    raise no_snapshot(first.name or "", snapshots)
                if first.action in ("reset", "down", "restore", "undo"):
                    return
                continue
            if runner is None:
                observed = self.engine.observe(watched([held for later in stretches for held in later.statements], self._sysctls))
                runner = Runner(self.engine, seen_of(observed, self.dockerd), options)
            runner.plan(stretch.statements)

    def _tell(self, statements: Sequence[Statement]) -> None:
        """Lets panels know that something may have changed."""
        if any(isinstance(statement, _CHANGING) or getattr(statement, "action", "") in _TURNING for statement in statements):
            for listener in list(self.listeners):
                listener()

    def _show(self, statement: Looking, daemon: docker.Daemon | None) -> "Result | Picture":
        if isinstance(statement, s.Diff) and not statement.flows:
            return self._diff(statement.before, statement.after, daemon)
        if isinstance(statement, s.Explain):
            return explain(self.engine, statement, self.observe(foreign=True), daemon, self.language)
        if isinstance(statement, s.Show):
            return show(self.engine, statement, self.observe(foreign=True), self._outcomes, daemon, self.language)
        return answer(self.engine, self.history, statement, self.observe(foreign=True), self.language, daemon)

    # --- session statements ----------------------------------------------------------------------------------------------

    def _session(self, statement: Statement) -> Result:
        if isinstance(statement, s.Attach):
            return self.attach(statement.target)
        if isinstance(statement, s.Load):
            return self.load(*statement.files, text=statement.text)
        assert isinstance(statement, s.Session)
        name = statement.name
        match statement.action:
            case "up":
                return self.up()
            case "down":
                return self.down()
            case "reset":
                return self.reset()
            case "status":
                return self.status()
            case "doctor":
                return self.doctor()
            case "help":
                return Text(session_texts.help_text(name))
            case "snapshot":
                return self.snapshot(name or "")
            case "restore":
                return self.restore(name or "")
            case "undo":
                return self.undo()
            case "enter":
                return Text(self.enter_command(name))
        raise StatementError(f"{statement.action} needs a notebook: %netlab {statement.action}", statement.place)

    def attach(self, target: str) -> Result:
        """Looks at the machine's own network ("host") or that of a process, without touching it; `down` ends the look."""
        with self.turn():
            if self.is_up:
                raise is_in_use(self.name, f"attach {target}", place_of(target))
            self._forget()
            self._engine = open_attached(str(target), self.name)
            return self.status()

    def load(self, *files: str, text: str | None = None) -> Result:
        """Looks at a host through its dumps, from files or as text; `diff` then compares with what was loaded before it.

        Raises StatementError, with the file and the line, for what cannot be read.
        """
        with self.turn():
            if self._engine is not None and self.is_up and self._engine.ready.sends:
                raise is_in_use(self.name, " ".join(("load", *files)), place_of(files[0]) if files else None)
            loaded, before = open_loaded(files, text), self.observe() if self.is_up else None
            self._forget()
            if before is not None:
                self.history.remember(seen_of(before))
            self._engine = loaded
            return self.status()

    def up(self) -> Result:
        """Starts the lab, if it is not running."""
        with self.turn():
            return Text(session_texts.ready_text(self.name, self.engine.ready))

    def down(self) -> Result:
        """Ends the lab and everything in it."""
        with self.turn():
            was_up = self.is_up
            self._forget()
            self.history.snapshots.clear()
        return Text(f"The lab{session_texts.called(self.name)} has ended; nothing is left of it." if was_up else "There is no lab to end.")

    def reset(self) -> Result:
        """An empty lab again; snapshots are kept."""
        with self.turn():
            snapshots = dict(self.history.snapshots)
            self.down()
            self.history.snapshots = snapshots
            return self.up()

    def status(self) -> Result:
        """Whether the lab is up, how it was made, and what runs in it."""
        if not self.is_up:
            return Text("The lab is not running; the first statement starts it.", ok=False)
        with self.turn():
            return Text(session_texts.status_text(self.name, self.engine, self.observe(foreign=True), self.language))

    def doctor(self) -> Result:
        """What this machine allows, and the one thing that would open what it refuses."""
        findings = examine()
        return Text(session_texts.doctor_text(findings), ok=any(finding.is_way and finding.well for finding in findings))

    def enter_command(self, namespace: str | None = None) -> str:
        """The command that opens a terminal in the lab host or in a namespace."""
        names = self.observe().topology.namespaces
        if namespace is not None and namespace not in names:
            raise StatementError(f"there is no namespace {namespace}{suggest(namespace, names)}", place_of(namespace))
        return session_texts.enter_text(self.engine.ready, namespace)

    # --- snapshots -------------------------------------------------------------------------------------------------------

    def snapshot(self, name: str) -> Result:
        """Remembers topology, rules and sysctls under a name."""
        observed = self.observe(foreign=True)
        known = name in self.history.snapshots
        self.history.snapshots[str(name)] = seen_of(observed, self.dockerd)
        return Text(f"Snapshot {name}{' (replaces the one before)' if known else ''}: {session_texts.counts(observed)}.")

    def restore(self, name: str) -> Result:
        """Brings the kernel back to a snapshot, and checks by reading back. Raises StatementError, KernelRefused."""
        then = self.history.named(name)
        with self.turn():
            observed = self.observe(foreign=True)
            self.history.remember(seen_of(observed, self.dockerd))
            self._go_to(then)
            return Text(f"Restored {name}: {session_texts.counts(self.observe())}.")

    def diff(self, before: str | None = None, after: str | None = None) -> Compared:
        """What is different now from a snapshot, or from the state before the last change; or between two snapshots."""
        with self.turn():
            return self._diff(before, after, self.dockerd)

    def _diff(self, before: str | None, after: str | None, daemon: docker.Daemon | None) -> Compared:
        then = self.history.reference(before)
        if after:
            return compared(then, (after, self.history.named(after)), self.language)
        observed = self.observe(foreign=True)
        return compared(then, ("now", seen_of(observed, daemon)), self.language)

    def undo(self) -> Result:
        """Takes back the last cell that changed the lab. Raises StatementError when there is none."""
        if not self.is_up or not self.history.before:
            raise StatementError("there is nothing to undo")
        with self.turn():
            self._go_to(self.history.before.pop())
            return Text(f"Undone: {session_texts.counts(self.observe())}.")

    def _go_to(self, then: Seen) -> None:
        for name, namespace in then.topology.namespaces.items():
            self._sysctls.setdefault(name, set()).update(namespace.sysctls)
        self._outcomes.clear()
        bring_back(self.engine, lambda: self.observe(foreign=then.inside is not None), then, self.dockerd)
        self.dockerd = then.dockerd

    def _one(self, *words: str) -> "Result | Picture":
        """Runs one statement made of words that need no quoting by the caller. Raises as `run` does."""
        line = " ".join(shlex.quote(str(word)) if re.search(r"[\s'\"#\\]", str(word)) else str(word) for word in words)
        result = self._run(parser.parse(line), Options(), _print_stream, None)
        assert result is not None
        return result
