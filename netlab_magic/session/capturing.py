"""`capture`: what passes devices from the statement to the end of its cell."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from netlab_magic.engines.engine import Refusal
from netlab_magic.engines.protocol import SIMULATED
from netlab_magic.errors import KernelRefused, StatementError, place_of
from netlab_magic.language import statements as s
from netlab_magic.language.plan_topology import known_namespace
from netlab_magic.model.capture.frame import Frame
from netlab_magic.model.capture.headers import read_header
from netlab_magic.model.capture.packets import Sighting, packets_of
from netlab_magic.model.capture.pcap import pcap
from netlab_magic.model.topology import End
from netlab_magic.session.results.capture import Captured, Missed, Written
from netlab_magic.session.step import Plan, Running, Step, step_of
from netlab_magic.text import suggest

__all__ = ["StartCapture", "check_captures", "finish_captures"]


class StartCapture(Step):
    """The beginning of a capture; the end of the cell ends it."""

    def __init__(self, statement: s.Capture, at: End, is_bridge: bool) -> None:
        self.statement = statement
        self.at = at
        self.is_bridge = is_bridge

    def run(self, running: Running) -> None:
        """See Step. Raises KernelRefused."""
        if running.options.dry_run:
            running.add_undone(self.statement, "captured")
            return
        engine = running.network.engine
        try:
            engine.start_capture(self.at)
        except Refusal as refusal:
            raise KernelRefused(f"nothing can be captured at {self.at}: {refusal.message}", self.statement.place, refusal.errno) from None
        running.captures.append((self.statement, self.at, self.is_bridge))
        running.capturing = engine


@step_of.register
def _capture(statement: s.Capture, plan: Plan) -> Step:
    known_namespace(plan.topology, statement.namespace)
    namespace = plan.topology.namespaces[str(statement.namespace)]
    device = namespace.interface(statement.device)
    if device is None:
        names = [each.name for each in namespace.interfaces]
        where = "the host" if namespace is plan.topology.host else namespace.name
        hint = suggest(statement.device, names) or f"; it has {', '.join(names)}"
        raise StatementError(f"{where} has no device {statement.device}{hint}", place_of(statement.device))
    return StartCapture(statement, End(str(statement.namespace), device.name), device.kind == "bridge")


def check_captures(statements: Sequence[s.Statement]) -> None:
    """Raises StatementError at a second capture of one device in a cell."""
    seen: set[End] = set()
    for statement in statements:
        if isinstance(statement, s.Capture):
            at = End(str(statement.namespace), str(statement.device))
            if at in seen:
                raise StatementError(f"this cell captures at {at} already; join two filters with or", place_of(statement.device))
            seen.add(at)


def finish_captures(running: Running) -> None:
    """Ends the captures of a cell, also of one that failed, and adds what they saw. Raises StatementError if a file cannot be written."""
    engine, captures = running.capturing, {at: statement for statement, at, _ in running.captures}
    bridges = [at for _, at, is_bridge in running.captures if is_bridge]
    running.captures.clear()
    if not captures or engine is None or not engine.alive:
        return
    found = engine.end_captures()
    sightings = list(_kept(found.frames, captures))
    files = [
        _written(statement, [one.frame for one in sightings if one.at == at]) for at, statement in captures.items() if statement.file
    ]
    missed = [Missed(at, frames) for at, frames in found.missed]
    seen = Captured(list(captures), packets_of(sightings), missed=missed, written=files, bridges=bridges, language=running.language)
    seen.simulated = engine.ready.way == SIMULATED
    running.add(seen)


def _kept(frames: Sequence[Frame], captures: Mapping[End, s.Capture]) -> Iterator[Sighting]:
    """Of each device's frames those that its filter keeps, and of these as many as were asked for."""
    left = {at: statement.count or len(frames) for at, statement in captures.items()}
    for frame in frames:
        header = read_header(frame)
        if left.get(frame.at) and captures[frame.at].filter.keeps(header):
            left[frame.at] -= 1
            yield Sighting(frame, header)


def _written(statement: s.Capture, frames: Sequence[Frame]) -> Written:
    file = str(statement.file)
    try:
        Path(file).expanduser().write_bytes(pcap(frames))
    except OSError as error:
        raise StatementError(f"{file} cannot be written: {error.strerror}", statement.place) from None
    return Written(file, len(frames))
