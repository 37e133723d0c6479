"""The protocol between a lab and its host process: typed messages as JSON, each behind its length and the number of its request.

The lab sends one request at a time (or `Interrupt` while one is running); the host answers with any number of events and then
one reply. Refusals are values (`Failed`), not exceptions. During long work the host sends `Beat` about once a second, so that
silence means that it is stuck. An answer carries the number of its request: one that is no longer waited for is skipped.
"""

import struct
from collections.abc import Iterator
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

from netlab_magic.engines.machine import Machine
from netlab_magic.model.capture.frame import Frame
from netlab_magic.model.changes import Change
from netlab_magic.model.kernel_trace import KernelTrace, WatchedPacket, WatchedTraffic
from netlab_magic.model.probe import Outcome, Probe
from netlab_magic.model.topology import HOST, End, Server, Topology

__all__ = [
    "BEAT_SECONDS",
    "SIMULATED",
    "Account",
    "Answer",
    "Apply",
    "Beat",
    "Canonical",
    "Captured",
    "Capturing",
    "Decoder",
    "Done",
    "EndCaptures",
    "Failed",
    "ForeignRules",
    "Inside",
    "Interrupt",
    "NotStarted",
    "Observe",
    "Observed",
    "Output",
    "Passed",
    "ProbeAll",
    "Probed",
    "Process",
    "Ran",
    "Ready",
    "Request",
    "RestoreRules",
    "Run",
    "SaveRules",
    "StartCapture",
    "StartFailure",
    "Status",
    "Text",
    "TraceProbe",
    "WatchTraffic",
    "Watched",
    "Working",
    "answers",
    "encode",
    "requests",
]

SIMULATED = "simulated"
"""The way (see `Ready`) of a simulated lab."""

BEAT_SECONDS = 1.0
"""Seconds between the host's signs of life during long work."""


class _Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages."""


class Observe(_Message, frozen=True):
    """Read the current state. `sysctls` names the keys to read in each namespace; with `rules`, `iptables-save -c` is read too.

    With `foreign`, also what else decides about packets: the other variant of iptables, nftables, and the other namespaces' rules.
    """

    sysctls: dict[str, tuple[str, ...]] = {}
    rules: bool = True
    foreign: bool = False


class Apply(_Message, frozen=True):
    """Make these changes, in order, and at the same time give `rules` to `iptables-restore`, which leaves what is there; then `rules6` to
    `ip6tables-restore`.

    A refusal names the change by its index, or the line of the rules; the other of the two may have been applied.
    """

    changes: tuple[Change, ...]
    rules: str = ""
    rules6: str = ""


class SaveRules(_Message, frozen=True):
    """`iptables-save -c` of the lab's variant, or with the family ipv6 `ip6tables-save -c`."""

    family: str = "ipv4"


class RestoreRules(_Message, frozen=True):
    """`iptables-restore` this text in a namespace, or `ip6tables-restore`; `flush` replaces what is there."""

    text: str
    flush: bool = False
    namespace: str = HOST
    family: str = "ipv4"


class Canonical(_Message, frozen=True):
    """Print these rules as iptables itself does. `text` is for `iptables-restore`, tried in a temporary namespace."""

    text: str
    family: str = "ipv4"


class ProbeAll(_Message, frozen=True):
    """Measure all of these flows."""

    probes: tuple[Probe, ...]


class TraceProbe(_Message, frozen=True):
    """Measure this flow, with all that the kernel reports about its packets."""

    probe: Probe


class WatchTraffic(_Message, frozen=True):
    """Trace the packets of real traffic in a namespace that a filter keeps (words as in `capture`), for some seconds."""

    filter: str
    seconds: float
    namespace: str = HOST
    six: bool = False


class Run(_Message, frozen=True):
    """Run shell text in the lab host or in a namespace, with `following` as standard input.

    Commands of the same `cell` share variables and the working directory.
    """

    text: str
    cell: int = 0
    namespace: str | None = None
    following: str = ""
    directory: str = "/"


class StartCapture(_Message, frozen=True):
    """Keep the frames that pass a device from now on."""

    at: End


class EndCaptures(_Message, frozen=True):
    """End every capture."""


class Status(_Message, frozen=True):
    """List the lab's processes."""


class Interrupt(_Message, frozen=True):
    """Stop the running command or probe."""


Capturing = StartCapture | EndCaptures
Request = (
    Observe | Apply | SaveRules | RestoreRules | Canonical | ProbeAll | TraceProbe | WatchTraffic | Run
    | Status | Interrupt | Capturing
)


class Ready(_Message, frozen=True):
    """First message of a host: `pid` is seen from outside the lab, `firewall` is legacy or nft, `notes` what users should know.

    `way` is user, root or sudo for a lab on the kernel, `simulated` for a model of one; `attach:host`, `attach:PID` or
    `attach:container:NAME`, or `load`, for a network that is only looked at.
    """

    pid: int
    way: str
    firewall: str
    notes: tuple[str, ...] = ()

    @property
    def sends(self) -> bool:
        """Whether packets can be sent there, and things changed: not in a network that is only looked at."""
        return self.way.partition(":")[0] not in ("attach", "load")


class StartFailure(StrEnum):
    """Why a host did not start: root lacks capabilities, a mount was refused, or another reason."""

    CAPABILITIES = "capabilities"
    MOUNT = "mount"
    OTHER = "other"


class NotStarted(_Message, frozen=True):
    """Sent instead of `Ready` by a host that cannot start: `message` is the reason, `errno` the kernel's error, 0 for none.

    `missing` names the capabilities that root lacks, as in SYS_ADMIN.
    """

    message: str
    kind: StartFailure = StartFailure.OTHER
    errno: int = 0
    missing: tuple[str, ...] = ()


class Output(_Message, frozen=True):
    """Text that a command wrote; `stream` is stdout or stderr."""

    stream: str
    text: str


class Passed(_Message, frozen=True):
    """A packet that a watch has seen."""

    packet: WatchedPacket


class Watched(_Message, frozen=True):
    """The answer to `WatchTraffic`."""

    traffic: WatchedTraffic


class Beat(_Message, frozen=True):
    """Still at work."""


class Done(_Message, frozen=True):
    """The request was carried out; it has no result."""


class ForeignRules(msgspec.Struct, frozen=True):
    """Rules that filter besides those of the lab's iptables.

    `owner` is legacy, nft (iptables of that variant) or nftables, whose `tables` are named; `text` is the rules as the owner's
    program prints them, or empty if that program is missing.
    """

    owner: str
    text: str
    tables: tuple[str, ...] = ()


class Inside(msgspec.Struct, frozen=True):
    """What decides about packets in a namespace besides its topology.

    `rules` is a dump of this lab's variant, `rules6` the one of ip6tables, `foreign` the rules that they do not show, `sysctls` those that
    matter to packets, and `listening` all sockets that listen, as servers of the kind "other". The host's own rules are in `Observed`.
    `sets` are ipset's as `ipset save` prints them, read where rules ask for one.
    """

    rules: str = ""
    foreign: tuple[ForeignRules, ...] = ()
    sysctls: dict[str, str] = {}
    listening: tuple[Server, ...] = ()
    rules6: str = ""
    sets: str = ""


class Observed(_Message, frozen=True):
    """The answer to `Observe`. `rules` and `rules6` are the dumps of iptables and ip6tables with counters, `foreign` the rules that they do
    not show.

    `inside` says for every namespace what else decides about packets there; `machine` is what an attached one has besides.
    """

    topology: Topology
    rules: str = ""
    foreign: tuple[ForeignRules, ...] = ()
    inside: dict[str, Inside] = {}
    rules6: str = ""
    machine: Machine | None = None


class Text(_Message, frozen=True):
    """A text."""

    text: str


class Probed(_Message, frozen=True):
    """The answers to `ProbeAll`, in its order."""

    outcomes: tuple[Outcome, ...]


class Account(_Message, frozen=True):
    """The answer to `TraceProbe`."""

    traced: KernelTrace


class Captured(_Message, frozen=True):
    """The answer to `EndCaptures`: the frames of all captures in the order in which they passed; `missed` counts those, by device, that a
    capture could not hold.
    """

    frames: tuple[Frame, ...] = ()
    missed: tuple[tuple[End, int], ...] = ()


class Ran(_Message, frozen=True):
    """A command ended; `hidden` counts the bytes of output beyond the limit that were not sent."""

    status: int
    hidden: int = 0
    interrupted: bool = False


class Process(msgspec.Struct, frozen=True):
    """A process in the lab."""

    pid: int
    command: str
    namespace: str


class Working(_Message, frozen=True):
    """The answer to `Status`: processes in the lab other than its host."""

    processes: tuple[Process, ...]


class Failed(_Message, frozen=True):
    """The request was refused. `index` is the change, or with `in_rules` the line of a rules text (from 1), at which it happened; -1 if
    unknown.
    """

    message: str
    errno: int = 0
    index: int = -1
    interrupted: bool = False
    in_rules: bool = False


Answer = (
    Ready | NotStarted | Output | Passed | Watched | Beat | Done | Observed | Text
    | Probed | Account | Captured | Ran | Working | Failed
)

Message = TypeVar("Message")
_HEAD = struct.Struct(">II")
_encoder = msgspec.json.Encoder()


def encode(message: _Message, number: int) -> bytes:
    """A message as bytes for the other side; `number` is that of the request it is, or belongs to."""
    body = _encoder.encode(message)
    return _HEAD.pack(len(body), number) + body


class Decoder(Generic[Message]):
    """Splits incoming bytes into messages."""

    def __init__(self, kind: object) -> None:
        self._decode = msgspec.json.Decoder(kind).decode
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Message]]:
        """Adds bytes and returns the messages completed by them, with their numbers. Raises msgspec.DecodeError for anything else."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            length, number = _HEAD.unpack_from(self._buffer)
            end = _HEAD.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEAD.size : end])
            del self._buffer[:end]
            yield number, self._decode(body)


def requests() -> "Decoder[Request]":
    """A decoder for the host's side."""
    return Decoder(Request)


def answers() -> "Decoder[Answer]":
    """A decoder for the lab's side."""
    return Decoder(Answer)
