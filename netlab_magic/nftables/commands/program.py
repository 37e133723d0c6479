"""One call of nft: its options, its commands, and what it prints."""

from collections.abc import Callable, Collection, Sequence

import msgspec

from netlab_magic.nftables.commands.complaints import Complaint, Refused, Unavailable, said
from netlab_magic.nftables.commands.draft import Address, Tables
from netlab_magic.nftables.commands.grammar import read_commands
from netlab_magic.nftables.commands.request import Request
from netlab_magic.nftables.commands.shown import Form, got, reset, shown
from netlab_magic.nftables.commands.transaction import Failed, carried_out

__all__ = ["Answer", "called"]

VERSION = "nftables v1.0.6 (Lester Gooch #5)\n"
_LONG = {
    "--file": "f", "--check": "c", "--handle": "a", "--stateless": "s", "--terse": "t", "--numeric": "n", "--numeric-priority": "y",
    "--echo": "e", "--optimize": "o", "--version": "v", "--json": "j", "--service": "S", "--reversedns": "N", "--guid": "u",
    "--numeric-protocol": "p", "--numeric-time": "T", "--debug": "d", "--define": "D", "--includepath": "I", "--interactive": "i",
    "--help": "h",
}  # fmt: skip
_TAKES = "fdDI"
_KNOWN = "cfastnyeov"
_NOTHING_SAID = "nft: no command specified\n"


class _NoSuchOption(Exception):
    """What getopt says about an option."""


class Answer(msgspec.Struct, frozen=True):
    """The tables after a call, what it prints on standard output and on standard error, its exit status, and the commands that it did."""

    tables: Tables
    output: str = ""
    errors: str = ""
    status: int = 0
    requests: tuple[Request, ...] = ()


def called(
    words: Sequence[str],
    tables: Tables,
    devices: Collection[str],
    read: Callable[[str], str | None],
    shared: Sequence[Address] = (),
) -> Answer:
    """What `nft WORDS` does on a host with these tables and devices; `read` gives the text of a file, `-` for standard input.

    `shared` are tables that another program keeps beside these, of which nothing but the names is known. Raises Unavailable for what is
    not known here.
    """
    try:
        flags, file, rest = _options(words)
    except _NoSuchOption as error:
        return Answer(tables, errors=str(error), status=1)
    unknown = next((flag for flag in flags if flag not in _KNOWN), "")
    if unknown:
        raise Unavailable(f"-{unknown}")
    if "v" in flags:
        return Answer(tables, VERSION)
    if file is None and not rest:
        return Answer(tables, errors=_NOTHING_SAID, status=1)
    name = "" if file is None else "/dev/stdin" if file in ("-", "/dev/stdin") else file
    text = " ".join(rest) if file is None else read(file)
    if text is None:
        missing = f'internal:0:0-0: Error: Could not open file "{file}": No such file or directory\n\n\n'
        return Answer(tables, errors=missing, status=1)
    form = Form("a" in flags, "s" in flags, "t" in flags, "y" in flags or "n" in flags, "n" in flags)
    try:
        requests = read_commands(text if text.endswith("\n") else text + "\n" * (file is None))
        remark = _left_out(requests, shared)
        return msgspec.structs.replace(_performed(requests, tables, devices, form, flags, shared), errors=remark)
    except Failed as failed:
        return Answer(failed.tables, errors=said(failed.complaints, text, name), status=1)
    except Refused as refused:
        return Answer(tables, errors=said(refused.complaints, text, name), status=1)


def _options(words: Sequence[str]) -> tuple[str, str | None, list[str]]:
    """The letters of options, the file that is named, and the commands."""
    flags, file, rest = "", None, list(words)
    while rest and rest[0].startswith("-") and len(rest[0]) > 1:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        letters = _LONG.get(name, "?") if word.startswith("--") else word[1:]
        if letters == "?":
            raise _NoSuchOption(f"nft: unrecognized option '{name}'\n")
        flags += letters.split("f")[0] if "f" in letters else letters
        if letters[-1] in _TAKES and not equals:
            value = rest.pop(0) if rest else ""
        if "f" in letters:
            file = value if letters.endswith("f") else letters.partition("f")[2]
    return flags, file, rest


def _left_out(requests: Sequence[Request], shared: Sequence[Address]) -> str:
    """What is to be said of tables of which only the names are known, where a list would show them.

    Raises Unavailable for a command that is about one of them.
    """
    hidden: list[str] = []
    for request in requests:
        if request.table is not None and request.address in shared:
            raise Unavailable(f"a table of iptables ({' '.join(request.address)}), which iptables-save shows")
        if request.table is None and request.verb != "flush" and request.kind != "tables":
            hidden += [" ".join(title) for title in shared if request.family in ("", title[0])]
    names = ", ".join(dict.fromkeys(hidden))
    return f"nft: not listed here are the tables of iptables ({names}), which iptables-save shows\n" if names else ""


def _performed(
    requests: Sequence[Request],
    tables: Tables,
    devices: Collection[str],
    form: Form,
    flags: str,
    shared: Sequence[Address],
) -> Answer:
    changes = [request for request in requests if request.verb not in ("list", "get", "reset")]
    if "e" in flags and changes:
        raise Unavailable("-e")
    after = carried_out(tables, changes, devices) if changes else tables
    output = ""
    complaints: list[Complaint] = []
    for request in requests:
        try:
            if request.verb == "list":
                others = [title for title in shared if request.family in ("", title[0])] if request.kind == "tables" else []
                output += "".join(f"table {' '.join(title)}\n" for title in others) + shown(after, request, form)
            elif request.verb == "get":
                output += got(after, request, form)
            elif request.verb == "reset":
                text, after = reset(after, request)
                output += text
        except Refused as refused:
            complaints += refused.complaints
    if complaints:
        raise Refused(*complaints)
    return Answer(tables, output) if "c" in flags else Answer(after, output, requests=tuple(requests))
