r"""nft rulesets as values: Ruleset > Table > Chain > Rule, and a table's sets, maps, objects and flowtables.

A value means what nft's text or JSON means. Values read from text also keep it in `raw`, so that they are printed as they were;
`canonical` leaves it out. Values with the same meaning are equal: handles, raw texts and remarks are not compared.

>>> print(Rule((Match(Payload("tcp", "dport"), "==", 22), Verdict("accept"))).text("ip"))
tcp dport 22 accept
"""

from collections.abc import Iterator

import msgspec

from netlab_magic.nftables.datatypes import Datatype, datatype_named
from netlab_magic.nftables.expressions import Element
from netlab_magic.nftables.statements import Counter, Limit, Quota, Statement, Synproxy, Unknown
from netlab_magic.nftables.text.expression_printer import Style
from netlab_magic.nftables.text.statement_printer import rule_text

__all__ = [
    "Block",
    "Chain",
    "CtExpectation",
    "CtHelper",
    "CtTimeout",
    "Flowtable",
    "Hook",
    "NamedObject",
    "NotUnderstoodPart",
    "ObjectValue",
    "Remark",
    "Rule",
    "Ruleset",
    "Secmark",
    "Set",
    "Table",
    "Verbatim",
]

VERDICT = "verdict"
"""The type of what a verdict map leads to."""


class _Told(msgspec.Struct, frozen=True, eq=False, gc=False):
    """Base of values that are compared by their meaning, not by where they were read."""

    def said(self) -> tuple[object, ...]:
        """What is compared."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Told) and type(self) is type(other) and self.said() == other.said()

    def __ne__(self, other: object) -> bool:  # msgspec's own does not use __eq__
        return not self == other

    def __hash__(self) -> int:
        return hash(self.said())


class Rule(_Told, frozen=True, eq=False, gc=False):
    """One rule; `handle` is None if the listing has none, `raw` is the text it was read from, without comment sign and handle."""

    statements: tuple[Statement, ...] = ()
    comment: str = ""
    handle: int | None = None
    raw: str = ""

    def said(self) -> tuple[object, ...]:
        return self.statements, self.comment

    @property
    def unknown(self) -> tuple[str, ...]:
        """The parts that were not understood."""
        return tuple(statement.text for statement in self.statements if isinstance(statement, Unknown))

    def text(self, family: str, style: Style = Style()) -> str:  # noqa: B008 – a value
        """The rule as it was read, else as nft prints it in a table of `family`."""
        return self.raw or rule_text(self.statements, self.comment, family, style)


class Hook(_Told, frozen=True, eq=False, gc=False):
    """What makes a chain a base chain. `kind` is filter, nat or route; the lower the `priority`, the earlier the chain runs."""

    kind: str
    hook: str
    priority: int
    policy: str = "accept"
    devices: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    raw: str = ""

    def said(self) -> tuple[object, ...]:
        return self.kind, self.hook, self.priority, self.policy, self.devices, self.flags


class Remark(msgspec.Struct, frozen=True, gc=False):
    """A comment line before the rule (or block) with this place, counted from 0."""

    place: int
    line: str


class Chain(_Told, frozen=True, eq=False, gc=False):
    """A chain; with a `hook`, a base chain."""

    name: str
    rules: tuple[Rule, ...] = ()
    hook: Hook | None = None
    comment: str = ""
    handle: int | None = None
    remarks: tuple[Remark, ...] = ()

    def said(self) -> tuple[object, ...]:
        return self.name, self.rules, self.hook, self.comment


class Set(_Told, frozen=True, eq=False, gc=False):
    """A named set, or with `data` a map. `key` and `data` are the names of data types, several for a concatenation.

    `data` is ("verdict",) for a verdict map, and ("counter",) or another kind of object for a map to those. Times are milliseconds.
    `statements` are what every element gets. Not compared, because JSON lacks them: `typeof`, the expressions from which the types
    were taken, and `leads_to_intervals`, whether data may be ranges.
    """

    name: str
    key: tuple[str, ...]
    data: tuple[str, ...] | None = None
    flags: tuple[str, ...] = ()
    elements: tuple[Element, ...] = ()
    timeout: int | None = None
    gc_interval: int | None = None
    size: int | None = None
    policy: str = ""
    auto_merge: bool = False
    statements: tuple[Statement, ...] = ()
    comment: str = ""
    typeof: str = ""
    leads_to_intervals: bool = False
    handle: int | None = None
    raw: str = ""

    def said(self) -> tuple[object, ...]:
        return (
            self.name, self.key, self.data, self.flags, self.elements, self.timeout, self.gc_interval, self.size, self.policy,
            self.auto_merge, self.statements, self.comment,
        )  # fmt: skip

    @property
    def is_map(self) -> bool:
        """Whether elements lead to something."""
        return self.data is not None

    @property
    def key_types(self) -> tuple[Datatype, ...]:
        """The data types of the parts of a key."""
        return tuple(map(datatype_named, self.key))

    @property
    def data_types(self) -> tuple[Datatype, ...]:
        """The data types of what elements lead to; none for verdicts."""
        return () if self.data is None or self.data == (VERDICT,) else tuple(map(datatype_named, self.data))


class CtHelper(msgspec.Struct, frozen=True, gc=False):
    """A helper of connection tracking, such as ftp."""

    type: str
    protocol: str
    l3proto: str = ""


class CtTimeout(msgspec.Struct, frozen=True, gc=False):
    """How long connections are tracked: `policy` has (state, seconds)."""

    protocol: str
    l3proto: str = ""
    policy: tuple[tuple[str, int], ...] = ()


class CtExpectation(msgspec.Struct, frozen=True, gc=False):
    """An expected connection; `timeout` is in milliseconds."""

    protocol: str
    dport: int
    timeout: int
    size: int
    l3proto: str = ""


class Secmark(msgspec.Struct, frozen=True, gc=False):
    """A security context of SELinux."""

    context: str


ObjectValue = Counter | Quota | Limit | Synproxy | CtHelper | CtTimeout | CtExpectation | Secmark
"""What an object is."""


class NamedObject(_Told, frozen=True, eq=False, gc=False):
    """An object that rules refer to by its name; `kind` as in the text, such as counter or `ct helper`."""

    kind: str
    name: str
    value: ObjectValue
    comment: str = ""
    handle: int | None = None
    raw: str = ""

    def said(self) -> tuple[object, ...]:
        return self.kind, self.name, self.value, self.comment


class Flowtable(_Told, frozen=True, eq=False, gc=False):
    """A flowtable: its connections bypass the rules."""

    name: str
    hook: str = "ingress"
    priority: int = 0
    devices: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    counter: bool = False
    handle: int | None = None
    raw: str = ""

    def said(self) -> tuple[object, ...]:
        return self.name, self.hook, self.priority, self.devices, self.flags, self.counter


class Verbatim(msgspec.Struct, frozen=True, gc=False):
    """A block of a table that was not understood, kept line by line."""

    lines: tuple[str, ...]


Block = Chain | Set | NamedObject | Flowtable | Verbatim
"""What a table is made of."""


class NotUnderstoodPart(msgspec.Struct, frozen=True, gc=False):
    """Where something was not understood: `rule` counts from 1, and is 0 for a block that is not a chain."""

    table: str
    chain: str
    rule: int
    text: str

    def __str__(self) -> str:
        place = f"rule {self.rule} of {self.chain}" if self.rule else self.chain
        return f"{self.table}: {place}: {self.text}"


class Table(_Told, frozen=True, eq=False, gc=False):
    """A table with its blocks in the order of the listing: objects, sets, flowtables, chains.

    Not compared: `owner`, the program that owns the table, and `remarks`, of which those with the place -1 are before the table.
    """

    family: str
    name: str
    blocks: tuple[Block, ...] = ()
    flags: tuple[str, ...] = ()
    comment: str = ""
    handle: int | None = None
    owner: str = ""
    remarks: tuple[Remark, ...] = ()

    def said(self) -> tuple[object, ...]:
        return (self.family, self.name, self.flags, self.comment, self.objects, self.sets, self.flowtables, self.chains, self.verbatim)

    @property
    def chains(self) -> tuple[Chain, ...]:
        """The chains, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Chain))

    @property
    def sets(self) -> tuple[Set, ...]:
        """The sets and maps, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Set))

    @property
    def objects(self) -> tuple[NamedObject, ...]:
        """The objects, in order."""
        return tuple(block for block in self.blocks if isinstance(block, NamedObject))

    @property
    def flowtables(self) -> tuple[Flowtable, ...]:
        """The flowtables, in order."""
        return tuple(block for block in self.blocks if isinstance(block, Flowtable))

    @property
    def verbatim(self) -> tuple[Verbatim, ...]:
        """The blocks that were not understood."""
        return tuple(block for block in self.blocks if isinstance(block, Verbatim))

    def chain(self, name: str) -> Chain | None:
        """The chain called `name`, or None."""
        return next((chain for chain in self.chains if chain.name == name), None)

    def set(self, name: str) -> Set | None:
        """The set or map called `name`, or None."""
        return next((found for found in self.sets if found.name == name), None)

    @property
    def title(self) -> str:
        """The table as nft names it: `inet filter`."""
        return f"{self.family} {self.name}"

    def not_understood(self) -> Iterator[NotUnderstoodPart]:
        """Every part of the table that was kept without being understood."""
        for block in self.blocks:
            if isinstance(block, Verbatim):
                yield NotUnderstoodPart(self.title, block.lines[0].strip(" \t{"), 0, "\n".join(block.lines))
            elif isinstance(block, Chain):
                for number, rule in enumerate(block.rules, 1):
                    for text in rule.unknown:
                        yield NotUnderstoodPart(self.title, block.name, number, text)


class Ruleset(_Told, frozen=True, eq=False, gc=False):
    """All tables. Not compared: `version` of the nft that said it, `remarks` after the last table, `problems` that lenient reading met."""

    tables: tuple[Table, ...] = ()
    version: str = ""
    remarks: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def said(self) -> tuple[object, ...]:
        return (self.tables,)

    def table(self, family: str, name: str) -> Table | None:
        """The table of this family and name, or None."""
        return next((table for table in self.tables if table.family == family and table.name == name), None)

    def not_understood(self) -> tuple[NotUnderstoodPart, ...]:
        """Every part that was kept without being understood."""
        return tuple(part for table in self.tables for part in table.not_understood())

    def __str__(self) -> str:
        """The text that `nft list ruleset` prints."""
        from netlab_magic.nftables.listing import listing

        return listing(self)
