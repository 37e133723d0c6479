"""`load`: turns files, or pasted text, into a lab to look at. Files are read, and nothing else is touched."""

from collections.abc import Sequence
from pathlib import Path

from netlab_magic.engines.dump.collected.host import read_collected
from netlab_magic.engines.dump.collected.parts import is_collected
from netlab_magic.engines.dump.engine import LoadedEngine
from netlab_magic.engines.dump.host_dump import BrokenSource, HostDump, Source
from netlab_magic.engines.dump.read import read
from netlab_magic.errors import StatementError, place_of
from netlab_magic.text import nearest

__all__ = ["LARGEST", "instead_of_statements", "open_loaded"]

_PASTED = "the pasted text"
LARGEST = 128 << 20
"""The largest file that is read, in bytes: some 700,000 rules."""

_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
"""Byte order marks: a redirection in PowerShell writes UTF-16."""


def open_loaded(paths: Sequence[str], text: str | None = None) -> LoadedEngine:
    """The host that these files and a pasted text describe. Raises StatementError, with the file and the line."""
    sources = [Source(str(path), _text_of(path)) for path in paths]
    if text is not None:
        sources.append(Source(_PASTED, text))
    try:
        return LoadedEngine(_read(sources), [source.name for source in sources])
    except StatementError as error:
        path = next((path for path in paths if isinstance(error, BrokenSource) and error.source == str(path)), "")
        raise StatementError(error.message, place_of(path)) from None


def _read(sources: Sequence[Source]) -> HostDump:
    """What the sources say; a file of `collect` holds a whole host."""
    whole = next((source for source in sources if is_collected(source.text)), None)
    if whole is None:
        return read(sources)
    if len(sources) > 1:
        raise BrokenSource(whole.name, f"{whole.name} was written by collect and holds a whole host: load it alone")
    return read_collected(whole)


def instead_of_statements(cell: str, error: StatementError) -> StatementError:
    """The mistake in a cell; if it is that a dump was pasted where statements belong, how to load that."""
    place = error.place
    if place is None:
        return error
    try:
        dump = read([Source(_PASTED, cell)])
    except StatementError:
        return error
    if any(remark.line == place.line for remark in dump.remarks):
        return error
    return StatementError(
        "this is what programs print about a host, not a statement; to load it, put the line load - <<END above it and the line END "
        "below it",
        place,
    )


def _text_of(path: str) -> str:
    if "\0" in path:
        raise StatementError(f"{path} is not a valid file name", place_of(path))
    try:
        file = Path(path).expanduser()
        if not file.is_file():
            raise StatementError(_no_file(file, path), place_of(path))
        if file.stat().st_size > LARGEST:
            raise StatementError(f"{path} is larger than {LARGEST >> 20} MB, too large for the dump of one host", place_of(path))
        data = file.read_bytes()
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no such user's home
        raise StatementError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}", place_of(path)) from None
    return _decoded(data, path)


def _no_file(file: Path, path: str) -> str:
    if file.is_dir():
        return f"{path} is a folder; load needs files"
    if file.exists():
        return f"{path} is not a file that can be read to its end"
    names = [found.name for found in file.parent.iterdir() if found.is_file()] if file.parent.is_dir() else []
    near = nearest(file.name, names)
    return f"there is no file {path}; did you mean {near}?" if near else f"there is no file {path}"


def _decoded(data: bytes, path: str) -> str:
    encoding = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # old comments; this loses no byte
    at = text.find("\0")
    if at >= 0:
        line = text.count("\n", 0, at) + 1
        raise StatementError(f"{path}, line {line}: this is not text; load reads the output of iptables-save and ip", place_of(path))
    return text.replace("\r\n", "\n")
