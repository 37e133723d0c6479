"""The steps of a planned cell; each knows its statements and how to carry them out."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import singledispatch

import msgspec

from netlab_magic.draw import Picture
from netlab_magic.engines.engine import Engine
from netlab_magic.errors import StatementError
from netlab_magic.language import statements as s
from netlab_magic.model.topology import HOST, End
from netlab_magic.nftables.ruleset import Rule as NftRule
from netlab_magic.nftables.ruleset import Ruleset as NftRuleset
from netlab_magic.session.network import Network
from netlab_magic.session.results.base import Changed, Result
from netlab_magic.session.state import Seen

__all__ = ["Options", "Plan", "Running", "Shown", "Step", "Stream", "step_of"]

Shown = Result | Picture
Stream = Callable[[str, str], None]
"""Receives the stream (stdout or stderr) and the text of a command's output."""


class Options(msgspec.Struct, frozen=True):
    """How to run a cell: `commands` shows the commands, `dry_run` changes nothing, `quiet` shows only what was requested."""

    commands: bool = False
    dry_run: bool = False
    quiet: bool = False


class Running:
    """A cell that is running: the lab's network, the results so far, and what is currently known of the lab.

    `emit` is given the results that come before a command's output; `emitted` counts them. `captures` are those that the cell has begun,
    with the engine that is `capturing`.
    """

    def __init__(
        self, network: Network, cell: int, options: Options, language: str, stream: Stream, emit: Callable[[Shown], None] | None
    ) -> None:
        self.network = network
        self.cell = cell
        self.options = options
        self.language = language
        self.stream = stream
        self.results: list[Shown] = []
        self.emitted = 0
        self.planned_from: Seen
        self.captures: list[tuple[s.Capture, End, bool]] = []
        self.capturing: Engine | None = None
        self._emit = emit
        self._seen: Seen | None = None

    def look(self, rules: bool = True, foreign: bool = False) -> Seen:
        """Reads the lab back, as the start of what is planned now."""
        self._seen = self.planned_from = self.network.look(rules, foreign)
        return self._seen

    def seen(self) -> Seen:
        """The lab as it is now, with everything that decides about packets; read back again only if something may have happened since."""
        if self._seen is None or not self._seen.knows_other_filters:
            self._seen = self.network.look(foreign=True)
        return self._seen

    def happens(self) -> None:
        """Packets will be sent, or more: what was read back, including counters, is no longer valid."""
        self._seen = None

    def changes(self) -> None:
        """Something is about to change: the first time in a cell, the state before that is saved."""
        self.network.history.before_change(self.planned_from)
        self.network.changes()
        self.happens()

    def add(self, result: Shown) -> None:
        """Adds a result that was asked for."""
        self.results.append(result)

    def add_change(self, statement: s.Statement, sentence: str, commands: Sequence[str], changes: bool) -> None:
        """Adds a result that says what was changed, or would be; a quiet cell leaves it out."""
        if not self.options.quiet:
            told = f"would be: {sentence}" if self.options.dry_run and changes else sentence
            self.add(Changed(_source_of(statement), told, commands, self.options.commands or self.options.dry_run))

    def add_undone(self, statement: s.Statement, what: str) -> None:
        """Adds, in a dry run, a result for what was not done."""
        self.add(Changed(_source_of(statement), f"would be {what}", ()))

    def emit_results(self) -> None:
        """Shows the results so far, so that a command's output comes after them."""
        if self._emit is not None:
            for result in self.results[self.emitted :]:
                self._emit(result)
            self.emitted = len(self.results)


class Step(ABC):
    """What carries out one statement, or several together."""

    @abstractmethod
    def run(self, running: Running) -> None:
        """Carries it out, and adds its results. Raises NetlabError at its statement's place."""

    def joined(self, following: "Step") -> "Step | None":
        """This step and the one after it as one, if they can be done together."""
        return None


class Plan:
    """The state that the statements planned so far lead to; `sends` is false for a read-only network.

    `rulesets` are the host's rules by their family.

    `may_be_taken_back`: all changes of rules are among the first steps, and can be rolled back with these if one is refused. `specs` are
    the rules of the statements still to come, as iptables writes them; `native` and `nft_rules` are the same for nft.
    """

    def __init__(self, seen: Seen, sends: bool, may_be_taken_back: bool = False) -> None:
        self.topology = seen.topology
        self.rulesets = seen.by_family
        self.dockerd = seen.dockerd
        self.sends = sends
        self.may_be_taken_back = may_be_taken_back
        self.specs: list[str] = []
        self.native = seen.native.get(HOST, NftRuleset())
        self.nft_rules: list[NftRule | None] = []


@singledispatch
def step_of(statement: s.Statement, _: Plan) -> Step:
    """The step for a statement, given what was planned before it; the plan becomes the state after it. Raises StatementError.

    Each step registers the statements that it handles.
    """
    raise StatementError(f"{type(statement).__name__} cannot be planned", statement.place)


def _source_of(statement: s.Statement) -> str:
    """The statement as it was written, without its comment."""
    return statement.place.source.split("  #")[0].strip() if statement.place else type(statement).__name__.lower()
