"""Reading what `nft list ruleset` prints, with any of -a, -n, -s, -S. `str(ruleset)` is the way back."""

import re
from collections.abc import Sequence
from typing import NoReturn

import msgspec

from netlab_magic.errors import Place, StatementError
from netlab_magic.nftables.jumps import loop
from netlab_magic.nftables.ruleset import Block, Chain, Hook, Remark, Rule, Ruleset, Table, Verbatim
from netlab_magic.nftables.symbols import HOOK_FAMILIES
from netlab_magic.nftables.text.block_parser import BlockParser, read_hook, read_object, read_set
from netlab_magic.nftables.text.statement_parser import read_rule
from netlab_magic.nftables.text.words import NotUnderstood

__all__ = ["read_text"]

_TABLE = re.compile(r"table (?:(\w+) )?(\S+) \{(?: #(?: handle (\d{1,18}))?(?: progname (.*?))?)?\s*$")
_BLOCK = re.compile(
    r"(chain|set|map|flowtable|counter|quota|limit|synproxy|secmark|tunnel|ct helper|ct timeout|ct expectation) (\S+) "
    r"\{(?: # handle (\d{1,18}))?$"
)
_OUTER = re.compile(r"(?:table \w+ \S+|\t(?:chain|set|map|counter|quota|limit|flowtable) \S+) \{")
_COMMENT = re.compile(r'comment "([^"]*)"$')
_HANDLED = re.compile(r"(.*?)(?: |^)# handle (\d{1,18})$", re.DOTALL)
_FLAGS = re.compile(r"flags ([\w,]+)$")
_QUOTED = re.compile(r'"[^"]*"')


def read_text(text: str, *, strict: bool = True) -> Ruleset:
    """The ruleset that a listing says.

    Strict reading raises StatementError, with the line, for what nft does not print: a line that has no place there, a family that there
    is not, a table without end. Lenient reading keeps all of that, and tells of it in `problems`. Parts of rules that are not
    understood are kept in both, as Unknown.
    """
    lines = text.split("\n")
    return _Reader(lines[:-1] if not lines[-1] else lines, strict).ruleset()


class _Reader:
    """Goes through the lines: outside of tables, in a table, in a block."""

    def __init__(self, lines: Sequence[str], strict: bool) -> None:
        self.lines = lines
        self.strict = strict
        self.at = 0
        self.problems: list[str] = []

    def ruleset(self) -> Ruleset:
        """Everything."""
        tables: list[Table] = []
        remarks: list[str] = []
        while self.at < len(self.lines):
            line = self.next()
            words = line.strip()
            is_remark = not words or words.startswith("#")
            table = None if is_remark else self.table(words, remarks)
            if table is None:
                remarks.append(line)
            else:
                remarks = []
                self.check(table, tables)
                tables.append(table)
        return Ruleset(tuple(tables), remarks=tuple(remarks), problems=tuple(self.problems))

    def check(self, table: Table, before: Sequence[Table]) -> None:
        """What no table of one ruleset is like."""
        circle = loop(table)
        if circle:
            self.problem(f"these chains of {table.title} lead to each other in a circle: {' → '.join((*circle, circle[0]))}")
        if any(table.title == other.title for other in before):
            self.problem(f"the table {table.title} is there twice; if these are two listings, read them one at a time")

    def next(self) -> str:
        """The next line, which is then behind."""
        self.at += 1
        return self.lines[self.at - 1].removesuffix("\r")

    def problem(self, sentence: str, line: int = 0) -> None:
        """Something that nft does not print: an error in strict reading; lenient reading reports it."""
        number = line or self.at
        if self.strict:
            self.wrong(sentence, number)
        if len(self.problems) < 100:
            self.problems.append(f"line {number}: {sentence}")

    def wrong(self, sentence: str, number: int) -> NoReturn:
        """Raises the error about a line."""
        source = self.lines[number - 1].expandtabs(4).rstrip() if self.lines else ""
        start = len(source) - len(source.lstrip())
        raise StatementError(sentence, Place(number, source, start, min(len(source) - start, 80)))

    def table(self, head: str, remarks: Sequence[str]) -> Table | None:
        """The table that begins with this line; None where none does."""
        found = _TABLE.match(head)
        family = (found[1] or "ip") if found else ""
        if not found or family not in HOOK_FAMILIES:
            self.problem(_misplaced(head) if not found else f"there is no family {family}; nft has {', '.join(HOOK_FAMILIES)}")
            return None
        start = self.at
        body = _TableBody([Remark(-1, line) for line in remarks])
        while self.at < len(self.lines):
            line = self.next()
            words = line.strip()
            if words == "}":
                return body.table(family, found)
            if _OUTER.match(line) and _TABLE.match(line):
                self.at -= 1
                break
            self.in_table(body, line, words, family)
        self.problem(f"the table {family} {found[2]} has no closing brace: the listing is cut off", start)
        return body.table(family, found)

    def in_table(self, body: "_TableBody", line: str, words: str, family: str) -> None:
        """One line of a table, or the block that begins with it."""
        if not words:
            return
        if block := _BLOCK.match(words):
            body.blocks.append(self.block(block, family))
        elif flags := _FLAGS.match(words):
            body.flags = tuple(flags[1].split(","))
        elif comment := _COMMENT.match(words):
            body.comment = comment[1]
        elif words.startswith("#"):
            body.remarks.append(Remark(len(body.blocks), line))
        elif words.endswith("{"):
            body.blocks.append(Verbatim((line, *self.body(words), "\t}")))
        else:
            self.problem(f"this is not a line of a table: {_shortened(words)}")
            body.remarks.append(Remark(len(body.blocks), line))

    def block(self, head: re.Match[str], family: str) -> Block:
        """A block of a table."""
        kind, name, handle = head[1], head[2], int(head[3]) if head[3] else None
        start = self.at
        lines = self.body(f"{kind} {name}")
        if kind == "chain":
            return self.chain(name, handle, lines, family, start)
        raw = "\n".join(lines)
        try:
            if kind in ("set", "map"):
                found: Block = read_set(name, handle, raw, is_map=kind == "map")
            elif kind == "flowtable":
                found = BlockParser(raw).flowtable(name, handle, raw)
            else:
                found = read_object(kind, name, handle, raw)
            is_indented = all(line.startswith("\t\t") for line in lines)  # else it was pasted, and is printed as nft does
            return found if is_indented else msgspec.structs.replace(found, raw="")
        except NotUnderstood:
            return Verbatim((f"\t{head[0]}", *lines, "\t}"))

    def body(self, what: str) -> list[str]:
        """The lines up to the brace that closes a block."""
        start, depth = self.at, 1
        found: list[str] = []
        indent = _indent(self.lines[start - 1])
        while self.at < len(self.lines):
            line = self.next()
            words = line.strip()
            if words == "}" and (depth == 1 or _indent(line) <= indent > 0):
                return found
            if _OUTER.match(line) and _indent(line) <= indent:
                self.at -= 1  # what began before it was cut off, which shall cost nothing else
                break
            if "{" in words or "}" in words:
                bare = _QUOTED.sub("", words)
                depth += bare.count("{") - bare.count("}")
                if depth < 1:
                    self.problem(f"there is a closing brace too many in {_shortened(what)}")
                    depth = 1
            found.append(line)
        self.problem(f"{_shortened(what)} has no closing brace: the listing is cut off", start)
        return found

    def chain(self, name: str, handle: int | None, lines: Sequence[str], family: str, start: int) -> Chain:
        """A chain of these lines."""
        rules: list[Rule] = []
        remarks: list[Remark] = []
        hook, comment, held, depth, own = None, "", "", 0, 0
        for number, line in enumerate(lines, start + 1):
            own = own if held else _indent(line)
            text = f"{held}\n{line}" if held else line[2:] if line[:2] == "\t\t" else line.strip()
            if "{" in text:
                bare = _QUOTED.sub("", text)
                depth = bare.count("{") - bare.count("}")
            following = lines[number - start] if number - start < len(lines) else ""
            if depth > 0 and following and (_indent(following) > own or following.strip()[:1] == "}"):
                held = text
                continue
            held, depth = "", 0
            if not text or text[0] == "#":
                if text.startswith(("# xt_", "# match", "# target")):
                    rules.append(_rule(text, family))
                else:
                    remarks.append(Remark(len(rules), line))
            elif text.isspace():
                remarks.append(Remark(len(rules), line))
            elif not rules and hook is None and text.startswith("type ") and (found := self.hook(text, family, number)):
                hook = found
            elif not rules and not comment and (said := _COMMENT.match(text)):
                comment = said[1]
            else:
                rules.append(_rule(text, family))
        return Chain(name, tuple(rules), hook, comment, handle, tuple(remarks))

    def hook(self, text: str, family: str, number: int) -> Hook | None:
        """The line that makes a base chain; None where it is not understood."""
        try:
            return read_hook(text, family)
        except NotUnderstood:
            self.problem(f"this is not a base chain's line: {_shortened(text)}", number)
            return None


class _TableBody:
    """What has been read of a table."""

    def __init__(self, remarks: list[Remark]) -> None:
        self.remarks = remarks
        self.blocks: list[Block] = []
        self.flags: tuple[str, ...] = ()
        self.comment = ""

    def table(self, family: str, head: re.Match[str]) -> Table:
        """The table."""
        handle = int(head[3]) if head[3] else None
        return Table(family, head[2], tuple(self.blocks), self.flags, self.comment, handle, head[4] or "", tuple(self.remarks))


def _rule(text: str, family: str) -> Rule:
    handle = None
    if "# handle " in text and (found := _HANDLED.match(text)):
        text, handle = found[1], int(found[2])
    statements, comment = read_rule(text, family)
    return Rule(statements, comment, handle, text)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _misplaced(line: str) -> str:
    if line == "}":
        return "there is a closing brace too many"
    return f"this is not a line that nft list ruleset prints: {_shortened(line)}"


def _shortened(text: str) -> str:
    return text if len(text) < 60 else f"{text[:60]}…"
