"""Statements about the lab as a whole: starting, ending, going back to a state, looking at another network."""

from collections.abc import Callable

from netlab_magic.engines.choose import open_attached
from netlab_magic.engines.doctor import examine
from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.machine import CONTAINER
from netlab_magic.errors import StatementError, place_of
from netlab_magic.language import statements as s
from netlab_magic.session import session_texts
from netlab_magic.session.large_values import without_collection
from netlab_magic.session.load import open_loaded
from netlab_magic.session.read_only import is_in_use
from netlab_magic.session.restore import bring_back
from netlab_magic.session.results.base import Result, Text
from netlab_magic.session.results.status import Status
from netlab_magic.session.state import Seen
from netlab_magic.session.step import Running, Step
from netlab_magic.text import suggest

__all__ = ["Turn"]


class Turn(Step):
    """One statement about the lab as a whole."""

    def __init__(self, statement: s.Session | s.Attach | s.Load) -> None:
        self.statement = statement

    def run(self, running: Running) -> None:
        """See Step."""
        statement = self.statement
        match statement:
            case s.Attach():
                result = _attach(running, statement)
            case s.Load():
                result = _load(running, statement)
            case s.Session() if statement.action in _ACTIONS:
                result = _ACTIONS[statement.action](running, statement.name)
            case _:
                raise StatementError(f"{statement.action} needs a notebook: %netlab {statement.action}", statement.place)
        running.happens()
        if not running.options.quiet:
            running.add(result)


def _attach(running: Running, statement: s.Attach) -> Result:
    """Looks at this machine ("host"), or at a process's or a container's, without touching it; what was looked at before is let go."""
    network, target = running.network, str(statement.target)
    if network.is_up and network.is_looked_at != "attach":
        wanted = f"container {target}" if statement.container else target
        raise is_in_use(network.name, f"attach {wanted}", place_of(statement.target))
    network.forget(open_attached(f"{CONTAINER}{target}" if statement.container else target, network.name))
    return _status(running)


def _load(running: Running, statement: s.Load) -> Result:
    """Looks at a host through its dumps; `diff` compares with what was loaded before."""
    network, files = running.network, statement.files
    if network.is_up and not network.is_looked_at:
        raise is_in_use(network.name, " ".join(("load", *files)), place_of(files[0]) if files else None)
    with without_collection():
        loaded, before = open_loaded(files, statement.text), network.look(foreign=True) if network.is_up else None
        network.forget(loaded)
        if before is not None:
            network.history.remember(Seen(before.observed))
        return _status(running)


def _up(running: Running, _: str | None = None) -> Result:
    return Text(session_texts.ready_text(running.network.name, running.network.engine.ready))


def _down(running: Running, _: str | None) -> Result:
    network = running.network
    was_up = network.is_up
    network.forget()
    network.history.snapshots.clear()
    return Text(f"The lab{session_texts.called(network.name)} has ended; nothing is left behind." if was_up else "There is no lab to end.")


def _detach(running: Running, _: str | None) -> Result:
    """Ends the look at an attached network."""
    network = running.network
    if network.is_looked_at != "attach":
        raise StatementError("nothing is attached")
    target = session_texts.attached_to(network.engine.ready)
    network.forget()
    return Text(f"No longer looking at {target}; nothing of it was changed.")


def _reset(running: Running, _: str | None) -> Result:
    """An empty lab again; snapshots are kept."""
    running.network.forget()
    return _up(running)


def _status(running: Running, _: str | None = None) -> Result:
    network = running.network
    if not network.is_up:
        return Status("The lab is not running; the first statement starts it.")
    engine = network.engine
    text = session_texts.status_text(network.name, engine, network.look(foreign=True), running.language)
    if not isinstance(engine, LoadedEngine):
        return Status(text, engine.ready.way, engine.ready.firewall)
    assumptions = [one.said(running.language) for one in engine.assumptions]
    return Status(text, engine.ready.way, engine.ready.firewall, assumptions, list(map(str, engine.dump.remarks)))


def _doctor(_: Running, __: str | None) -> Result:
    findings = examine()
    return Text(session_texts.doctor_text(findings), ok=any(finding.is_way and finding.well for finding in findings))


def _collect(_: Running, __: str | None) -> Result:
    return Text(session_texts.collect_text())


def _help(running: Running, word: str | None) -> Result:
    return Text(session_texts.help_text(word, running.language))


def _enter(running: Running, namespace: str | None) -> Result:
    """The command that opens a terminal in the lab host or in a namespace."""
    names = running.network.look(rules=False).topology.namespaces
    if namespace is not None and namespace not in names:
        raise StatementError(f"there is no namespace {namespace}{suggest(namespace, names)}", place_of(namespace))
    return Text(session_texts.enter_text(running.network.engine.ready, namespace))


def _snapshot(running: Running, name: str | None) -> Result:
    """Remembers topology, rules and sysctls under a name."""
    seen, snapshots = running.network.look(foreign=True), running.network.history.snapshots
    known = name in snapshots
    snapshots[str(name)] = seen
    return Text(f"Snapshot {name}{' (replaces the one before)' if known else ''}: {session_texts.counts(seen)}.")


def _restore(running: Running, name: str | None) -> Result:
    """Brings the kernel back to a snapshot, and verifies it by reading back."""
    network = running.network
    then = network.history.named(name or "")
    network.history.remember(network.look(foreign=True))
    return Text(f"Restored {name}: {session_texts.counts(_go_to(running, then))}.")


def _undo(running: Running, _: str | None) -> Result:
    """Undoes the last cell that changed the lab."""
    network = running.network
    if not network.is_up or not network.history.before:
        raise StatementError("there is nothing to undo")
    return Text(f"Undone: {session_texts.counts(_go_to(running, network.history.before.pop()))}.")


def _go_to(running: Running, then: Seen) -> Seen:
    """Brings the kernel to a state; returns what was read back."""
    network = running.network
    network.watch_all(then)
    network.changes()
    after = bring_back(network, then)
    network.dockerd = then.dockerd
    return after


_ACTIONS: dict[str, Callable[[Running, str | None], Result]] = {
    "up": _up,
    "reset": _reset,
    "down": _down,
    "detach": _detach,
    "status": _status,
    "doctor": _doctor,
    "collect": _collect,
    "help": _help,
    "snapshot": _snapshot,
    "restore": _restore,
    "undo": _undo,
    "enter": _enter,
}
