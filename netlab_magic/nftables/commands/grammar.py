"""Reading commands: `add rule ip filter input tcp dport 22 accept`, and tables with everything in braces (nftables, src/parser_bison.y)."""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from netlab_magic.nftables.commands.blocks import (
    OBJECT_KINDS,
    hook_lines,
    read_flowtable_block,
    read_object_body,
    read_set_block,
)
from netlab_magic.nftables.commands.complaints import Complaint, Refused, Span, Unavailable
from netlab_magic.nftables.commands.cursor import END, Cursor
from netlab_magic.nftables.commands.request import ChainBody, Elements, FlowtableBody, Position, Request, TableBody
from netlab_magic.nftables.commands.rule_parser import read_placed_rule
from netlab_magic.nftables.commands.script import read_script
from netlab_magic.nftables.commands.tokens import Token
from netlab_magic.nftables.symbols import HOOK_FAMILIES

__all__ = ["read_commands"]

_VERBS = ("add", "create", "insert", "replace", "delete", "flush", "rename", "reset", "list", "get")
_PLURALS = {
    "tables": "table", "chains": "chain", "sets": "set", "maps": "map", "counters": "counter", "quotas": "quota", "limits": "limit",
    "flowtables": "flowtable", "synproxys": "synproxy", "secmarks": "secmark", "meters": "meter",
}  # fmt: skip
_UNAVAILABLE = ("monitor", "describe", "import", "export")


def read_commands(text: str) -> list[Request]:
    """The commands of a script, a table in braces as the commands that it stands for.

    Raises Refused for everything that is wrong with it, and Unavailable for what is not known here.
    """
    tokens, complaints = read_script(text)
    grammar = _Grammar(tokens)
    requests = grammar.commands()
    complaints = sorted([*complaints, *grammar.complaints], key=lambda complaint: complaint.spans[0].line)
    if complaints:
        raise Refused(*complaints)
    return requests


class _Unfinished(Refused):
    """The script ends within braces."""


class _Grammar(Cursor):
    """A Cursor that knows commands."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        super().__init__(tokens)
        self.complaints: list[Complaint] = []

    def commands(self) -> list[Request]:
        """Everything. After a mistake, reading goes on behind the next newline or semicolon."""
        found: list[Request] = []
        while True:
            self.separators()
            if self.token.kind == "end":
                return found
            start = self.token.span
            try:
                made = [*self.command()]
                if not self.is_at_end:
                    self.unexpected(END)
            except Refused as refused:
                self.complaints += refused.complaints
                self.recover(beyond_block=self.depth() > 0 or not refused.complaints[0].sentence.startswith("syntax error"))
                continue
            span = start.to(self.token.span)  # what ends a command belongs to it
            found += [msgspec.structs.replace(one, span=span) if one.span == start else one for one in made]

    def recover(self, *, beyond_block: bool) -> None:
        """Goes to where the next command may begin; with `beyond_block`, behind the braces that are open."""
        if beyond_block:
            while self.token.kind != "end" and (self.depth() > 0 or not self.is_at_end):
                self.at += 1
            return
        while not self.is_at_end:
            self.at += 1

    def depth(self) -> int:
        """How many braces are open here."""
        return sum(token.is_sign("{") - token.is_sign("}") for token in self.tokens[: self.at])

    def command(self) -> Iterator[Request]:
        """One command."""
        start = self.token.span
        verb = self.token.text if self.token.kind == "word" else ""
        if verb in _UNAVAILABLE:
            raise Unavailable(verb)
        if verb not in _VERBS:
            yield from self.additions("add", start)
            return
        self.at += 1
        if verb == "list":
            yield self.listing()
        elif verb == "reset":
            yield self.reset()
        elif verb in ("insert", "replace") and self.token.text != "rule":
            self.unexpected("rule")
        elif verb == "rename":
            self.expect("chain")
            request = self.named(Request(verb, "chain", start))
            yield msgspec.structs.replace(request, new_name=self.name())
        elif verb in ("delete", "flush", "get"):
            yield self.removal(verb)
        else:
            yield from self.additions(verb, start)

    def in_braces(self, one: Callable[[], None]) -> None:
        """Statements up to a closing brace, each of which `one` reads; after a mistake, reading goes on with the next of them."""
        while not self.accept("}"):
            if self.token.kind == "end":
                raise _Unfinished.at("syntax error, unexpected end of file", self.token.span)
            if self.is_at_end:
                self.at += 1
                continue
            try:
                one()
                self.separator()
            except _Unfinished:
                raise
            except Refused as refused:
                self.complaints += refused.complaints
                while not self.is_at_end:
                    self.at += 1

    # --- names -----------------------------------------------------------------------------------------------------------------

    def in_family(self, request: Request) -> Request:
        """The request with the family that is said."""
        return msgspec.structs.replace(request, family=self.take().text) if self.token.text in HOOK_FAMILIES else request

    def in_table(self, request: Request, expecting: str = "string") -> Request:
        """The request with family and table."""
        request = self.in_family(request)
        return msgspec.structs.replace(request, table=self.name(expecting))

    def named(self, request: Request) -> Request:
        """The request with family, table and name."""
        request = self.in_table(request)
        return msgspec.structs.replace(request, name=self.name())

    # --- add, create, insert, replace --------------------------------------------------------------------------------------------

    def additions(self, verb: str, start: Span) -> Iterator[Request]:
        """What makes something; a table in braces makes many things."""
        kind = self.token.text if self.token.kind == "word" else ""
        request = Request(verb, kind, start)
        if kind == "ct":
            self.at += 1
            kind = f"ct {self.take().text}"
            request = msgspec.structs.replace(request, kind=kind)
            if kind not in OBJECT_KINDS:
                self.at -= 1
                self.unexpected("helper or timeout or expectation")
            self.at -= 1
        readers: dict[str, Callable[[Request], Iterator[Request]]] = {
            "table": self.table, "chain": self.chain, "element": self.elements,
            **dict.fromkeys(("set", "map", "flowtable", *OBJECT_KINDS), self.block_of),
        }  # fmt: skip
        reader = readers.get(kind)
        if reader:
            self.at += 1
            yield from reader(request)
        elif verb == "create" and kind == "rule":
            self.unexpected()
        else:
            if not self.accept("rule") and not (self.token.is_name or self.token.text in HOOK_FAMILIES):
                self.unexpected("string" if self.is_at_end else "")
            yield self.rule(msgspec.structs.replace(request, kind="rule"))

    def table(self, request: Request) -> Iterator[Request]:
        """`table NAME [{ … }]`."""
        request = self.in_table(request)
        if not self.accept("{"):
            yield msgspec.structs.replace(request, body=TableBody())
            return
        body = TableBody()
        parts: dict[str, list[Request]] = {"chain": [], "object": [], "set": [], "flowtable": [], "element": [], "rule": []}

        def one() -> None:
            nonlocal body
            if self.accept("flags"):
                body = msgspec.structs.replace(body, flags=tuple(token.text for token in self.until_end() if token.kind == "word"))
            elif self.accept("comment"):
                body = msgspec.structs.replace(body, comment=self.text())
            else:
                for made in self.block(request):
                    parts["object" if made.kind in OBJECT_KINDS else "set" if made.kind == "map" else made.kind].append(made)

        self.in_braces(one)
        yield msgspec.structs.replace(request, body=body)
        for several in parts.values():
            yield from several

    def block(self, table: Request) -> Iterator[Request]:
        """A chain, set, object or flowtable in the braces of a table."""
        kind = self.token.text
        if kind == "ct":
            kind = f"ct {self.tokens[self.at + 1].text}"
            self.at += 1
        if kind not in ("chain", "set", "map", "flowtable", *OBJECT_KINDS):
            self.unexpected()
        span = self.take().span
        request = Request("add", kind, span, table.family, table.table, self.name())
        yield from self.behind_name(request)

    def behind_name(self, request: Request) -> Iterator[Request]:
        """What a chain, a set, an object or a flowtable says."""
        assert request.name
        if request.kind == "chain":
            yield from self.chain_body(request)
        elif request.kind in ("set", "map"):
            body, elements = read_set_block(self, request.name.text, is_map=request.kind == "map")
            yield msgspec.structs.replace(request, body=body)
            if elements:
                yield Request("add", "element", request.span, request.family, request.table, request.name, body=elements)
        elif request.kind == "flowtable":
            yield msgspec.structs.replace(request, body=FlowtableBody(read_flowtable_block(self, request.name.text)))
        else:
            family = request.family or "ip"
            yield msgspec.structs.replace(request, body=read_object_body(self, request.kind, request.name.text, family))

    def chain(self, request: Request) -> Iterator[Request]:
        """`chain TABLE NAME [{ … }]`."""
        yield from self.chain_body(self.named(request))

    def chain_body(self, request: Request) -> Iterator[Request]:
        """The braces of a chain: its head, and rules."""
        body = ChainBody()
        rules: list[Request] = []

        def one() -> None:
            nonlocal body
            if self.token.text in ("type", "policy", "flags") or (self.token.text == "comment" and not rules):
                body = hook_lines(self, request.family or "ip", body)
                return
            start = self.token.span
            placed = read_placed_rule(self.until_end(), self.token, request.family or "ip")
            rules.append(Request("add", "rule", start, request.family, request.table, request.name, body=placed))

        if self.accept("{"):
            self.in_braces(one)
        yield msgspec.structs.replace(request, body=body)
        yield from rules

    def block_of(self, request: Request) -> Iterator[Request]:
        """`set TABLE NAME { … }` and its like."""
        yield from self.behind_name(self.named(request))

    def elements(self, request: Request) -> Iterator[Request]:
        """`element TABLE SET { … }`."""
        request = self.named(request)
        yield msgspec.structs.replace(request, body=Elements(tuple(self.braced())))

    def rule(self, request: Request) -> Request:
        """`[rule] TABLE CHAIN [position N] STATEMENTS`."""
        request = self.named(request)
        if request.verb == "replace":
            self.expect("handle")
            request = msgspec.structs.replace(request, handle=self.number())
        elif self.token.text in ("position", "handle", "index") and self.token.kind == "word":
            kind = self.take()
            number = self.number()
            position = Position(kind.text, number, kind.span.to(number.span))
            request = msgspec.structs.replace(request, position=position)
        tokens = self.until_end()
        if not tokens:
            self.unexpected()
        placed = read_placed_rule(tokens, self.token, request.family or "ip")
        return msgspec.structs.replace(request, body=placed)

    # --- delete, flush, get, reset, list -----------------------------------------------------------------------------------------

    def kind(self, known: Sequence[str], expecting: str = "") -> str:
        """What a command is about."""
        word = self.token.text if self.token.kind == "word" else ""
        if word == "ct" and "ct helper" in known:
            word = f"ct {self.tokens[self.at + 1].text}"
            word = word if word in known else word.removesuffix("s")
            self.at += word in known
        if word not in known:
            self.unexpected(expecting)
        self.at += 1
        return word

    def removal(self, verb: str) -> Request:
        """`delete …`, `flush …`, `get element …`."""
        span = self.last
        known = {
            "delete": ("table", "chain", "rule", "set", "map", "element", "flowtable", *OBJECT_KINDS),
            "flush": ("table", "chain", "set", "map", "ruleset"),
            "get": ("element",),
        }[verb]
        kind = self.kind(known)
        request = Request(verb, kind, span)
        if kind == "ruleset":
            return self.in_family(request)
        if kind == "element":
            request = self.named(request)
            return msgspec.structs.replace(request, body=Elements(tuple(self.braced())))
        request = self.in_family(request)
        if kind == "table":
            return self.by_handle(request) if verb == "delete" else msgspec.structs.replace(request, table=self.name())
        request = msgspec.structs.replace(request, table=self.name())
        if kind == "rule":
            request = msgspec.structs.replace(request, name=self.name())
            self.expect("handle")
            return msgspec.structs.replace(request, handle=self.number())
        if verb == "delete" and self.accept("handle"):
            return msgspec.structs.replace(request, handle=self.number())
        return msgspec.structs.replace(request, name=self.name())

    def by_handle(self, request: Request) -> Request:
        """A table by its name or its handle."""
        if self.accept("handle"):
            return msgspec.structs.replace(request, handle=self.number())
        return msgspec.structs.replace(request, table=self.name("handle or string"))

    def reset(self) -> Request:
        """`reset counter TABLE NAME`, `reset counters [TABLE]`, and quotas likewise."""
        span = self.last
        kind = self.kind(("counter", "quota", "counters", "quotas"), "counter or counters or quotas or quota")
        request = Request("reset", kind, span)
        return self.named(request) if kind in ("counter", "quota") else self.several(request)

    def listing(self) -> Request:
        """`list …`."""
        span = self.last
        known = ("ruleset", "table", "chain", "set", "map", "hooks", "flowtable", "meter", *OBJECT_KINDS, *_PLURALS)
        kind = self.kind(known)
        request = Request("list", kind, span)
        if kind in ("hooks", "meter"):
            raise Unavailable(f"list {kind}")
        if kind in ("ruleset", "tables", "chains"):
            return self.in_family(request)
        if kind in _PLURALS:
            return self.several(request)
        if kind == "table":
            return self.in_table(request)
        if self.tokens[self.at - 1].text.endswith("s"):
            self.expect("table")
            return self.in_table(request)
        return self.named(request)

    def several(self, request: Request) -> Request:
        """Everything of a kind: in a family, or in a table."""
        if self.accept("table"):
            return self.in_table(request)
        request = self.in_family(request)
        return msgspec.structs.replace(request, table=self.name()) if self.token.is_name and request.verb == "reset" else request
