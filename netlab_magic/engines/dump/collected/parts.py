"""Takes apart what `collect` printed: into namespaces, and each into the outputs of commands."""

import re
from collections.abc import Iterator, Sequence

import msgspec

__all__ = ["Part", "Place", "is_collected", "places_in"]

_BEGIN = re.compile(r"^@@ netlab (?P<version>\d+)\b.*", re.MULTILINE)
_MARK = re.compile(r"@@ (?P<kind>[a-z]+) ?(?P<rest>.*)")
_LAST = "@@ done"


class Part(msgspec.Struct):
    """What a command printed, in `lines`; the first is number `start` of the file. `status` is None if its end is not there."""

    command: str
    start: int
    lines: list[str] = []
    status: int | None = None

    @property
    def program(self) -> str:
        """The command's first word."""
        return self.command.partition(" ")[0]

    @property
    def is_whole(self) -> bool:
        """Whether the command ended, and well."""
        return self.status == 0


class Place(msgspec.Struct):
    """A network namespace, `net:[INODE]`, or with an empty one what belongs to the whole machine.

    `names` are the paths at which it is mounted; `process` is the PID and the name of one in it; `containers` are the IDs of those in it.
    `legacy` holds ip or ip6 where x_tables has tables; `without` the modules that are not loaded.
    """

    net: str
    names: list[str] = []
    process: tuple[str, str] | None = None
    containers: list[str] = []
    legacy: list[str] = []
    without: list[str] = []
    parts: list[Part] = []

    def ran(self, *beginnings: str) -> list[Part]:
        """The parts whose command begins so."""
        return [part for part in self.parts if part.command.startswith(beginnings)]


def is_collected(text: str) -> bool:
    """Whether `collect` printed this; a greeting of the login may stand before it."""
    return _BEGIN.search(text, 0, 20_000) is not None


def places_in(text: str) -> tuple[Sequence[Place], bool]:
    """The places in the order of the file, the host first, and whether the file has its end."""
    found = list(_places(text.split("\n")))
    return found, text.rstrip().endswith(_LAST)


def _places(lines: Sequence[str]) -> Iterator[Place]:
    place, part = Place(""), None
    for number, line in enumerate(lines, 1):
        mark = _MARK.match(line) if line.startswith("@@ ") else None
        if mark is None:
            if part is not None:
                part.lines.append(line)
            continue
        kind, rest = mark["kind"], mark["rest"]
        if kind in ("ns", "containers"):
            if place.net:
                yield place
            place, part = Place(rest.partition(" ")[0] if kind == "ns" else ""), None
        elif kind == "run":
            part = Part(rest, number)
            place.parts.append(part)
        elif kind == "end" and part is not None:
            part.status, part = int(rest) if rest.isdecimal() else None, None
        else:
            _note(place, kind, rest)
    yield place


def _note(place: Place, kind: str, rest: str) -> None:
    match kind:
        case "name":
            place.names.append(rest)
        case "process":
            pid, _, name = rest.partition(" ")
            place.process = (pid, name)
        case "container":
            place.containers.append(rest)
        case "legacy":
            place.legacy.append(rest)
        case "without":
            place.without.append(rest)
        case _:  # err and missing are for people; what they mean is that a part is not there
            pass
