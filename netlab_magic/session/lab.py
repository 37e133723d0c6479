"""The lab: the one object that changes. Statements as Python methods, cells as text, snapshots, and the engine underneath."""

import re
import shlex
import sys
from collections.abc import Callable, Sequence
from typing import Self

from netlab_magic import i18n
from netlab_magic.errors import Interrupted, StatementError
from netlab_magic.language import parser
from netlab_magic.language import statements as s
from netlab_magic.language.statements import Effect, Statement
from netlab_magic.session import runner
from netlab_magic.session.load import instead_of_statements
from netlab_magic.session.network import Network
from netlab_magic.session.read_only import refuse_effects
from netlab_magic.session.results.base import CellResult, shown
from netlab_magic.session.statement_methods import Statements
from netlab_magic.session.step import Options, Running, Shown, Stream

__all__ = ["Lab"]

Emit = Callable[[Shown], None]


def _print_stream(stream: str, text: str) -> None:
    print(text, end="", file=sys.stderr if stream == "stderr" else sys.stdout, flush=True)


class Lab(Network, Statements):
    """A network lab in a host process of its own. Starts with the first statement; ends with `down`, or with this process.

    >>> with Lab() as lab:                                          # doctest: +SKIP
    ...     lab.bridge("docker1", "172.18.0.1/16")
    ...     lab.ns("ns0", "172.18.0.2/16", on="docker1")
    ...     lab.ping("host", "ns0")
    """

    def __init__(self, name: str = "lab", firewall: str = "auto", language: str = "en", engine: str = "auto") -> None:
        super().__init__(name, firewall, engine)
        self.language = i18n.language(language).name
        self.listeners: list[Callable[[], None]] = []
        self._cells = 0
        self._running: Running | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        with self.turn():
            self.forget()

    @property
    def partial(self) -> list[Shown]:
        """The results of the last cell; if it failed, those up to the failure."""
        return self._running.results if self._running else []

    @property
    def emitted(self) -> int:
        """How many results of the last cell were given to `emit`."""
        return self._running.emitted if self._running else 0

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
    ) -> Shown | None:
        """Runs the text of a cell; gives its results, or the result itself when there is one.

        Raises the NetlabError of the first statement that fails; `partial` holds the results up to there. `emit` is given
        the results that come before a command's output, so that everything appears in order; `emitted` counts them.
        """
        self._running = None
        try:
            statements = parser.parse(cell, expand)
        except StatementError as error:
            raise instead_of_statements(cell, error) from None
        return self._run(statements, Options(commands, dry_run, quiet), stream, emit)

    def shell(self, text: str, namespace: str | None = None, stream: Stream = _print_stream) -> Shown | None:
        """Runs a whole text with a shell in the lab host, or in a namespace. Raises CommandFailed."""
        return self._run([s.Command(text, namespace)], Options(), stream)

    def _run(self, statements: Sequence[Statement], options: Options, stream: Stream, emit: Emit | None = None) -> Shown | None:
        try:
            with self.turn():
                return self._in_order(statements, options, stream, emit)
        except KeyboardInterrupt:  # in the middle of our own work
            raise Interrupted from None
        finally:
            self._tell(statements)  # a cell that failed halfway has changed the lab too

    def _in_order(self, statements: Sequence[Statement], options: Options, stream: Stream, emit: Emit | None) -> Shown | None:
        if not statements:
            return None
        self._cells += 1
        self._running = running = Running(self, self._cells, options, self.language, stream, emit)
        self.history.begin_cell()
        refuse_effects(statements, self.is_looked_at)
        runner.run(running, statements)
        if running.emitted or len(running.results) > 1:
            return CellResult(running.results, running.emitted, options.commands)
        return shown(running.results)

    def _tell(self, statements: Sequence[Statement]) -> None:
        """Tells panels that something may have changed."""
        if any(statement.effect not in (Effect.LOOKS, Effect.SENDS) for statement in statements):
            for listener in list(self.listeners):
                listener()

    def ask(self, *words: str) -> Shown:
        """Runs one statement given as words, which need no quoting. Raises as `run` does."""
        line = " ".join(shlex.quote(str(word)) if re.search(r"[\s'\"#\\]", str(word)) else str(word) for word in words)
        return self._of(parser.parse(line))

    def _of(self, statements: Sequence[Statement]) -> Shown:
        result = self._run(statements, Options(), _print_stream)
        assert result is not None
        return result
