"""What nft says when it refuses: its sentence, its place in the cell, and what would be right."""

import re
from collections.abc import Mapping

from netlab_magic.errors import Place, StatementError
from netlab_magic.nftables.ruleset import Ruleset
from netlab_magic.nftables.symbols import HOOK_FAMILIES
from netlab_magic.text import suggest

__all__ = ["why_nft_refused"]

_REFUSAL = re.compile(
    r"^(?:\S+?:(?P<line>\d+):\d+-\d+: )?Error: (?:Could not process rule: )?(?P<sentence>.*)\n(?P<source>.*)\n(?P<carets>[ \t]*\^+)",
    re.MULTILINE,
)
_UNQUOTED = re.compile(r"(?P<command>(?:sudo\s+)?(?:\S*/)?nft\s[^'\"{}|&<>]*?)(?P<braces>\{.*;.*\})(?P<rest>[^'\"{}]*)")
_TOO_LONG = "nft says: Message too long (a lab cannot send the kernel that much at once; add a large set's elements in several commands)"
_NO_FAMILY = "without a family nft means"
_REASONS = {
    "File exists": "it already exists, and create requires that it does not; use add",
    "Device or resource busy": "it is still in use: it has rules, a rule jumps to it, or a rule looks into it",
    "Interface does not exist": "iif and oif need a device that is there; iifname and oifname take any name",
    "ip or ip6 must be specified with address for inet tables.": "in a table of inet write dnat ip to ADDRESS, or snat ip to ADDRESS",
}


def why_nft_refused(command: str, output: str, natives: Mapping[str, Ruleset]) -> StatementError | None:
    """nft's sentence about a command that it refused, and what would be right; its place counts lines from that of the command, from 0.

    `output` is what the command printed, `natives` are the tables of nft in each namespace. None if it holds no error of nft.
    """
    unquoted = _UNQUOTED.fullmatch(command) if "syntax error near unexpected token" in output else None
    if unquoted:
        right = f"{unquoted['command']}'{unquoted['braces']}'{unquoted['rest']}"
        return StatementError(f"for a shell ; ends a command; text in braces needs quotes: {right}")
    found = _REFUSAL.search(output)
    if not found:
        return StatementError(_TOO_LONG) if "Error: Could not process rule: Message too long" in output else None
    marked = _marked(found)
    reason = _REASONS.get(found["sentence"], "")
    if found["sentence"].startswith("No such file or directory"):
        reason = _missing(found["source"], marked, natives)
        if "did you mean" in found["sentence"] and not reason.startswith(_NO_FAMILY):
            reason = ""
    return StatementError(f"nft says: {found['sentence']}{reason and f' ({reason})'}", _place(command, found, marked))


def _marked(found: re.Match[str]) -> str:
    start, end = found["carets"].find("^"), len(found["carets"])
    return found["source"][start:end]


def _place(command: str, found: re.Match[str], marked: str) -> Place | None:
    """The place of what nft marks: in a line of a script for nft, or in the words of the command."""
    lines, source, start = command.split("\n"), found["source"], found["carets"].find("^")
    if found["line"]:
        begin = next((number for number, line in enumerate(lines, 1) if "<<" in line), 0)
        number = begin + int(found["line"]) - 1
        if number >= len(lines) or lines[number] != source:
            return None
        return Place(number, source.expandtabs(4), len(source[:start].expandtabs(4)), max(1, len(marked)))
    if not marked.strip():
        return None
    before = source.count(marked, 0, start)
    for number, line in enumerate(lines):
        at = [place.start() for place in re.finditer(re.escape(marked), line) if place.start() > line.find("nft ")]
        if before < len(at):
            return Place(number, line, at[before], len(marked))
    return None


def _missing(source: str, marked: str, natives: Mapping[str, Ruleset]) -> str:
    """What does not exist, and what does; "" if that is not known for certain."""
    words = source.replace(";", " ").split()
    tables = [table for ruleset in natives.values() for table in ruleset.tables]
    place = words.index(marked) if marked in words else -1
    if place < 2:
        return ""
    family = words[place - 1] if words[place - 1] in HOOK_FAMILIES else ""
    if family or place == 2:  # `add rule inet fw …`, or `add rule fw …`
        title = f"{family or 'ip'} {marked}"
        if any(table.title == title for table in tables):
            return ""
        elsewhere = [table.title for table in tables if table.name == marked]
        if elsewhere and not family:
            return f"{_NO_FAMILY} ip {marked}, which does not exist; there is {elsewhere[0]}"
        return f"there is no table {title}{suggest(title, (table.title for table in tables))}"
    table = next((table for table in tables if table.name == words[place - 1] and table.family in (words[place - 2], "ip")), None)
    if table is not None and words[1] in ("rule", "chain") and table.chain(marked) is None:
        return f"the table {table.title} has no chain {marked}{suggest(marked, (chain.name for chain in table.chains))}"
    return ""
